"""Elementwise NumPy functions as expressions over single elements, in the text that Numba compiles.

Every operand arrives with the dtype that NumPy would compute in, so the expressions need no
promotion rules of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.compiler import approximations

INFIX = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.greater: ">",
    np.greater_equal: ">=",
    np.less: "<",
    np.less_equal: "<=",
    np.equal: "==",
    np.not_equal: "!=",
    np.bitwise_and: "&",
    np.bitwise_or: "|",
    np.bitwise_xor: "^",
}
PREFIX = {np.negative: "-", np.positive: "+"}
APPROXIMATED = {np.exp: "exp", np.expm1: "expm1", np.tanh: "tanh", np.log: "log", np.log1p: "log1p"}
HELPED = {
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.fmax: "fmax",
    np.fmin: "fmin",
    np.logaddexp: "logaddexp",
}
"""Functions for which there is a helper in HELPERS below."""
BY_NUMPY = frozenset(
    {
        *(np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.arctan2, np.hypot),
        *(np.sinh, np.cosh, np.arcsinh, np.arccosh, np.arctanh, np.exp2, np.log2, np.log10),
        *(np.sqrt, np.floor, np.ceil, np.trunc, np.rint, np.isnan, np.isfinite, np.isinf),
        *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.copysign),
        *(
            np.cbrt,
            np.sign,
            np.power,
            np.remainder,
            np.floor_divide,
            np.fmod,
            np.deg2rad,
            np.rad2deg,
        ),
    }
)
"""Functions that Numba itself turns into code for single elements."""
SIMPLE_POWERS = {2.0: "{0} * {0}", 3.0: "{0} * {0} * {0}", -1.0: "{1}(1) / {0}", 1.0: "{0}"}

HELPERS = {
    # NaN compares false with everything, itself included.
    "maximum": "@inlined\ndef maximum(a, b):\n    return b if (a < b) | (b != b) else a\n",
    "minimum": "@inlined\ndef minimum(a, b):\n    return b if (a > b) | (b != b) else a\n",
    "fmax": "@inlined\ndef fmax(a, b):\n    return b if (a < b) | (a != a) else a\n",
    "fmin": "@inlined\ndef fmin(a, b):\n    return b if (a > b) | (a != a) else a\n",
    # The sums of a reduction alone may be taken in another order, for the sake of vectorising.
    "add_up": "@reordered\ndef add_up(total, x):\n    return total + x\n",
    "multiply_up": "@reordered\ndef multiply_up(total, x):\n    return total * x\n",
    "place": """\
@inlined
def place(index, length):
    if index < -length or index >= length:
        raise IndexError("index is out of bounds inside a compiled function")
    return index + length if index < 0 else index
""",
}
LOGADDEXP = """\
@inlined
def logaddexp$P(a, b):
    distance = abs(a - b) if a != b else $FLOAT(0.0)
    return maximum(a, b) + log1p$P(exp$P(-distance))
"""


class Unsupported(Exception):
    """Something for which there is no text; it says what."""


def float_types(dtype: Any) -> tuple[str, str]:
    """What a dtype is called in the text, and its precision.

    Raises
    ------
    Unsupported
        For dtypes that are not compiled.
    """
    name = np.dtype(dtype).name
    if name not in NAMES:
        raise Unsupported(f"dtype {name}")
    return NAMES[name], "32" if name == "float32" else "64"


NAMES = {
    "float32": "np.float32",
    "float64": "np.float64",
    "bool": "np.bool_",
    **{f"{sign}int{bits}": f"np.{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


def literal(value: Any, dtype: Any) -> str:
    """A number as text, of a dtype."""
    dtype = np.dtype(dtype)
    name, _ = float_types(dtype)
    if dtype.kind == "b":
        return str(bool(value))
    if dtype.kind == "f":
        number = float(dtype.type(value))
        text = repr(number) if np.isfinite(number) else f"float('{number}')"
        text = {"float('inf')": "np.inf", "float('-inf')": "-np.inf", "float('nan')": "np.nan"}.get(
            text, text
        )
        return text if name == "np.float64" else f"{name}({text})"
    return f"{name}({int(value)})"


def cast(text: str, have: Any, want: Any) -> str:
    """The text of an element, converted."""
    have, want = np.dtype(have), np.dtype(want)
    if have == want:
        return text
    if want.kind == "b":
        return f"({text} != 0)"
    return f"{float_types(want)[0]}({text})"


def loop_types(function: np.ufunc, kinds: list[Any], result: Any) -> list[Any]:
    """The dtypes that a ufunc computes in, of its operands and then of its result."""
    return list(function.resolve_dtypes((*kinds, None)))


def expression(function: Any, operands: list[str], types: list[Any], uses: set[str]) -> str:
    """A call as text.

    Parameters
    ----------
    function : ufunc
    operands : list of str
        Elements as text, of the dtypes that the function computes in.
    types : list of dtype
        Of the operands, and of the result.
    uses : set of str
        Names of the helpers that the text needs are added to it.

    Raises
    ------
    Unsupported
        If there is no text for the function.
    """
    name, precision = float_types(types[-1])
    text = _expression(function, operands, types, precision, uses)
    if np.dtype(types[-1]).kind in "iu":
        return f"{name}({text})"  # where Numba would widen
    return text


def _expression(
    function: Any, operands: list[str], types: list[Any], precision: str, uses: set[str]
) -> str:
    if np.dtype(types[-1]).kind == "b" and np.dtype(types[0]).kind == "b":
        boolean = {np.multiply: "&", np.add: "|", np.maximum: "|", np.minimum: "&"}
        if function in boolean:
            return f"{operands[0]} {boolean[function]} {operands[1]}"
        if function is np.invert:
            return f"not {operands[0]}"
    if function in INFIX:
        return f"{operands[0]} {INFIX[function]} {operands[1]}"
    if function in PREFIX:
        return f"{PREFIX[function]}{operands[0]}"
    if function is np.invert:
        return f"~{operands[0]}"
    if function in (np.absolute, np.fabs):
        return f"abs({operands[0]})"
    if function is np.square:
        return f"{operands[0]} * {operands[0]}"
    if function is np.reciprocal:
        return f"{float_types(types[0])[0]}(1) / {operands[0]}"
    if function in APPROXIMATED:
        uses.add(APPROXIMATED[function] + precision)
        return f"{APPROXIMATED[function]}{precision}({operands[0]})"
    if function in HELPED:
        helper = HELPED[function]
        helper += precision if helper == "logaddexp" else ""
        uses.add(helper)
        return f"{helper}({', '.join(operands)})"
    if function in BY_NUMPY:
        return f"np.{function.__name__}({', '.join(operands)})"
    raise Unsupported(f"the function {getattr(function, '__name__', function)}")


def helpers_text(uses: set[str]) -> str:
    """The text of the helpers, each once and before those that call it."""
    texts: dict[str, str] = {}
    for name in sorted(uses):
        _add_helper(name, texts)
    return "\n\n".join(texts.values())


def _add_helper(name: str, texts: dict[str, str]) -> None:
    if name in texts:
        return
    if name in HELPERS:
        texts[name] = HELPERS[name]
        return
    stem, precision = name[:-2], name[-2:]
    if stem == "logaddexp":
        for needed in ("maximum", f"log1p{precision}", f"exp{precision}"):
            _add_helper(needed, texts)
        float_type = "np.float32" if precision == "32" else "np.float64"
        texts[name] = LOGADDEXP.replace("$P", precision).replace("$FLOAT", float_type)
        return
    for needed in approximations.NEEDS.get(stem, ()):
        _add_helper(needed + precision, texts)
    texts[name] = approximations.source_of(stem, precision)
