"""Elements and pointers in LLVM's language: what is done to them, one instruction a line.

Types follow NumPy: two operands are converted to the type that both promote to. What is known when
the text is written is computed then.
"""

from __future__ import annotations

import ast
import math
import struct
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.scalar_code import Unsupported

TYPES = {
    "float32": "float",
    "float64": "double",
    "bool": "i1",
    **{f"{sign}int{bits}": f"i{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
INTRINSICS = {"sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint"}
LIBRARY = {
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "exp2", "log2", "log10")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "arctan2": "atan2",
    "cbrt": "cbrt",
    "hypot": "hypot",
    "power": "pow",
    "fmod": "fmod",
}
"""NumPy's name, and that of the C library, where float32 has an f at the end."""
COMPARISONS: dict[type, tuple[str, str]] = {
    ast.Lt: ("olt", "lt"),
    ast.LtE: ("ole", "le"),
    ast.Gt: ("ogt", "gt"),
    ast.GtE: ("oge", "ge"),
    ast.Eq: ("oeq", "eq"),
    ast.NotEq: ("une", "ne"),
}
OPERATORS: dict[type, tuple[str, str]] = {
    ast.Add: ("fadd", "add"),
    ast.Sub: ("fsub", "sub"),
    ast.Mult: ("fmul", "mul"),
    ast.BitAnd: ("", "and"),
    ast.BitOr: ("", "or"),
    ast.BitXor: ("", "xor"),
    ast.LShift: ("", "shl"),
    ast.RShift: ("", "ashr"),
}


class Number(NamedTuple):
    """One element: an operand of LLVM, and the Python value of one that is known."""

    text: str
    dtype: np.dtype[Any]
    known: Any = None


class Pointer(NamedTuple):
    """Elements in memory; memory of another number is other memory."""

    text: str
    dtype: np.dtype[Any]
    memory: int | None = None


class Instructions:
    """Lines of a function, and what they need around them.

    Attributes
    ----------
    lines, variables : list of str
        The variables' come first.
    declared : set of str
        Lines that declare the functions that are called.
    library : set of str
        Functions of the C library among them.
    flags : str
        What may be done to sums and products: LLVM's fast-math flags.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.variables: list[str] = []
        self.declared: set[str] = set()
        self.library: set[str] = set()
        self.flags = "contract"
        self._memories: set[int] = set()
        self._next = count()

    # ------------------------------------------------------------------------------------- lines

    def new(self, instruction: str) -> str:
        """Write an instruction; what its result is called."""
        name = f"%t{next(self._next)}"
        self.line(f"{name} = {instruction}")
        return name

    def label(self, stem: str) -> str:
        """A name for a block that no other has."""
        return f"{stem}{next(self._next)}"

    def begin(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")

    def line(self, text: str) -> None:
        """Write an instruction that has no result."""
        self.lines.append(f"  {text}")

    def declare(self, text: str) -> None:
        """Declare a function."""
        self.declared.add(text)

    # ----------------------------------------------------------------------------------- numbers

    def binary(self, operator: type, left: Number, right: Number) -> Number:
        """Two numbers, and one of Python's operators as its syntax tree has it."""
        if left.known is not None and right.known is not None:
            folded = _folded(operator, left.known, right.known)
            if folded is not None:
                return folded
        dtype = np.promote_types(left.dtype, right.dtype)
        if operator is ast.Div and dtype.kind != "f":
            dtype = np.dtype(np.float64)
        one, other = self.cast(left, dtype).text, self.cast(right, dtype).text
        kind = TYPES[dtype.name]
        if operator is ast.Div:
            return Number(self.new(f"fdiv {self.flags} {kind} {one}, {other}"), dtype)
        floating, integral = OPERATORS.get(operator, ("", ""))
        if dtype.kind == "f":
            word = f"{floating} {self.flags}" if floating else ""
        elif operator is ast.RShift and dtype.kind == "u":
            word = "lshr"
        else:
            word = integral
        if not word or (dtype.kind == "b" and operator not in (ast.BitAnd, ast.BitOr, ast.BitXor)):
            raise Unsupported(f"{operator.__name__} of {dtype}")
        return Number(self.new(f"{word} {kind} {one}, {other}"), dtype)

    def unary(self, operator: type, value: Number) -> Number:
        """A number after ``-``, ``+``, ``~`` or ``not``."""
        kind = TYPES[value.dtype.name]
        if operator is ast.Not:
            text = self.cast(value, np.dtype(bool)).text
            return Number(self.new(f"xor i1 {text}, true"), np.dtype(bool))
        if operator is ast.UAdd:
            return value
        if operator is ast.Invert:
            return Number(self.new(f"xor {kind} {value.text}, -1"), value.dtype)
        if value.known is not None:
            return known(-value.known)._replace(dtype=value.dtype)
        if value.dtype.kind == "f":
            return Number(self.new(f"fneg {kind} {value.text}"), value.dtype)
        return Number(self.new(f"sub {kind} 0, {value.text}"), value.dtype)

    def comparison(self, operator: type, left: Number, right: Number) -> Number:
        """Whether two numbers compare so."""
        dtype = np.promote_types(left.dtype, right.dtype)
        one, other = self.cast(left, dtype).text, self.cast(right, dtype).text
        floating, integral = COMPARISONS[operator]
        if dtype.kind == "f":
            word = f"fcmp {floating}"
        else:
            sign = "u" if dtype.kind in "ub" else "s"
            word = f"icmp {integral if integral in ('eq', 'ne') else sign + integral}"
        return Number(self.new(f"{word} {TYPES[dtype.name]} {one}, {other}"), np.dtype(bool))

    def choice(self, test: Number, yes: Number, no: Number) -> Number:
        """One of two numbers, both of which are computed."""
        dtype = np.promote_types(yes.dtype, no.dtype)
        kind = TYPES[dtype.name]
        one, other = self.cast(yes, dtype).text, self.cast(no, dtype).text
        condition = self.cast(test, np.dtype(bool)).text
        return Number(self.new(f"select i1 {condition}, {kind} {one}, {kind} {other}"), dtype)

    def logical(self, word: str, values: list[Number]) -> Number:
        """The truth of several numbers together: ``and``, ``or``, ``xor``."""
        total, *rest = (self.cast(value, np.dtype(bool)).text for value in values)
        for text in rest:
            total = self.new(f"{word} i1 {total}, {text}")
        return Number(total, np.dtype(bool))

    def bits(self, value: Number, dtype: np.dtype[Any]) -> Number:
        """The bits of a number, as those of another dtype."""
        here, there = TYPES[value.dtype.name], TYPES[dtype.name]
        return Number(self.new(f"bitcast {here} {value.text} to {there}"), dtype)

    def cast(self, value: Number, dtype: np.dtype[Any]) -> Number:
        """A number, converted."""
        if value.dtype == dtype:
            return value
        if value.known is not None and dtype.kind != "b":
            return Number(_constant_text(value.known, dtype), dtype)
        have, want = value.dtype.kind, dtype.kind
        here, there = TYPES[value.dtype.name], TYPES[dtype.name]
        if want == "b":
            word, zero = ("fcmp une", _float_text(0.0, here)) if have == "f" else ("icmp ne", "0")
            return Number(self.new(f"{word} {here} {value.text}, {zero}"), dtype)
        if have == "f" and want == "f":
            word = "fpext" if dtype.itemsize > value.dtype.itemsize else "fptrunc"
        elif have == "f":
            word = "fptosi" if want == "i" else "fptoui"
        elif want == "f":
            word = "sitofp" if have == "i" else "uitofp"
        elif have == "b" or dtype.itemsize > value.dtype.itemsize:
            word = "sext" if have == "i" else "zext"
        elif dtype.itemsize < value.dtype.itemsize:
            word = "trunc"
        else:
            return Number(value.text, dtype)
        return Number(self.new(f"{word} {here} {value.text} to {there}"), dtype)

    # --------------------------------------------------------------------------------- functions

    def call(self, name: str, values: list[Number]) -> Number:
        """A function of NumPy, by its name there; all its operands have the same dtype."""
        if name in TYPES or name == "bool_":
            return self.cast(values[0], np.dtype(name.rstrip("_")))
        kind = values[0].dtype
        if name in ("logical_and", "logical_or", "logical_xor"):
            return self.logical(name[8:], values)
        if name == "logical_not":
            return self.unary(ast.Not, values[0])
        if kind.kind != "f" or any(value.dtype != kind for value in values):
            raise Unsupported(f"np.{name} of {', '.join(str(value.dtype) for value in values)}")
        text, f = TYPES[kind.name], "f" if kind == np.float32 else ""
        if name in INTRINSICS:
            return self._called(f"llvm.{INTRINSICS[name]}.f{8 * kind.itemsize}", values)
        if name == "copysign":
            return self._called(f"llvm.copysign.f{8 * kind.itemsize}", values)
        if name in LIBRARY:
            self.library.add(LIBRARY[name] + f)
            return self._called(LIBRARY[name] + f, values)
        if name == "sign":
            return self._sign(values[0])
        if name == "isnan":
            same = values[0].text
            return Number(self.new(f"fcmp uno {text} {same}, {same}"), np.dtype(bool))
        if name in ("isfinite", "isinf"):
            size = self.absolute(values[0])
            word = "oeq" if name == "isinf" else "olt"
            infinite = _float_text(math.inf, text)
            return Number(self.new(f"fcmp {word} {text} {size.text}, {infinite}"), np.dtype(bool))
        raise Unsupported(f"np.{name}")

    def _sign(self, value: Number) -> Number:
        """1, -1 or 0; NaN stays what it is."""
        zero, result = self.cast(known(0.0), value.dtype), value
        for operator, sign in ((ast.Eq, 0.0), (ast.Lt, -1.0), (ast.Gt, 1.0)):
            is_so = self.comparison(operator, value, zero)
            result = self.choice(is_so, self.cast(known(sign), value.dtype), result)
        return result

    def _called(self, name: str, values: list[Number]) -> Number:
        dtype = values[0].dtype
        kind = TYPES[dtype.name]
        self.declare(f"declare {kind} @{name}({', '.join([kind] * len(values))})")
        passed = ", ".join(f"{kind} {value.text}" for value in values)
        return Number(self.new(f"call {kind} @{name}({passed})"), dtype)

    def absolute(self, value: Number) -> Number:
        """What ``abs`` gives."""
        if value.dtype.kind == "f":
            return self._called(f"llvm.fabs.f{8 * value.dtype.itemsize}", [value])
        if value.dtype.kind in "ub":
            return value
        kind = TYPES[value.dtype.name]
        self.declare(f"declare {kind} @llvm.abs.{kind}({kind}, i1)")
        text = self.new(f"call {kind} @llvm.abs.{kind}({kind} {value.text}, i1 false)")
        return Number(text, value.dtype)

    # ----------------------------------------------------------------------------------- memory

    def local(self, name: str, dtype: np.dtype[Any]) -> Pointer:
        """Room for a number, for all of the function."""
        self.variables.append(f"  {name} = alloca {TYPES[dtype.name]}")
        return Pointer(name, dtype)

    def at(self, pointer: Pointer, index: Number) -> Pointer:
        """The pointer, so many elements further."""
        kind = "i8" if pointer.dtype.kind == "b" else TYPES[pointer.dtype.name]
        place = self.cast(index, np.dtype(np.int64)).text
        text = self.new(f"getelementptr inbounds {kind}, ptr {pointer.text}, i64 {place}")
        return pointer._replace(text=text)

    def load(self, pointer: Pointer) -> Number:
        """What stands at a pointer."""
        kind, scope = TYPES[pointer.dtype.name], self._scope(pointer.memory)
        return Number(self.new(f"load {kind}, ptr {pointer.text}{scope}"), pointer.dtype)

    def store(self, value: Number, pointer: Pointer) -> None:
        """Write a number to where a pointer points, converted to what stands there."""
        value = self.cast(value, pointer.dtype)
        kind, scope = TYPES[value.dtype.name], self._scope(pointer.memory)
        self.line(f"store {kind} {value.text}, ptr {pointer.text}{scope}")

    def metadata(self) -> list[str]:
        """For each memory a scope, a list of it alone, and a list of all others."""
        lines = ['!0 = !{!"tensorgrad"}'] if self._memories else []
        for memory in sorted(self._memories):
            others = ", ".join(f"!{3 * n + 1}" for n in sorted(self._memories - {memory}))
            lines += [
                f'!{3 * memory + 1} = !{{!"memory {memory}", !0}}',
                f"!{3 * memory + 2} = !{{!{3 * memory + 1}}}",
                f"!{3 * memory + 3} = !{{{others}}}",
            ]
        return lines

    def _scope(self, memory: int | None) -> str:
        if memory is None:
            return ""
        self._memories.add(memory)
        return f", !alias.scope !{3 * memory + 2}, !noalias !{3 * memory + 3}"


def known(value: Any) -> Number:
    """A number that is known when the text is written.

    Examples
    --------
    >>> known(1.0).text
    '0x3FF0000000000000'
    """
    dtype = np.dtype(bool if isinstance(value, bool) else type(value))
    return Number(_constant_text(value, dtype), dtype, value)


def _constant_text(value: Any, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return _float_text(float(dtype.type(value)), TYPES[dtype.name])
    if dtype.kind == "b":
        return "true" if value else "false"
    return str(int(value))


def _float_text(value: float, kind: str) -> str:
    """A float as LLVM takes it, exactly: the bits of the double that it is."""
    if kind == "float":
        value = float(np.float32(value))
    return f"0x{struct.pack('>d', value).hex().upper()}"


def _folded(operator: type, left: Any, right: Any) -> Number | None:
    if operator is ast.Pow:
        return known(left**right)
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    both: dict[type, Callable[[], Any]] = {
        ast.Add: lambda: left + right,
        ast.Sub: lambda: left - right,
        ast.Mult: lambda: left * right,
    }
    return known(both[operator]()) if operator in both else None
