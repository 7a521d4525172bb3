"""exp, expm1, tanh, log, log1p in arithmetic that vectorises, for generated code.

The functions are copied as text into what the Numba backend generates, and compiled there: a call
of the C library would keep a loop from being vectorised. They are branch free, NaN and infinities
go through them as through NumPy's. The constants in capitals that they need are in
:data:`CONSTANTS`, one set for float32 and one for float64.

exp(x) = 2ⁿ exp(r), with r = x - n ln 2 in two parts (Cody & Waite 1980), and exp(r) - 1 by its
Taylor polynomial; log(2ᵉ m) = e ln 2 + 2 artanh((m - 1) / (m + 1)) by the series of artanh
(Abramowitz & Stegun 4.1.27); log1p corrects the logarithm of the rounded 1 + x by what the rounding
lost (Goldberg 1991, theorem 4).

The largest errors, in units in the last place of the result, are tested:

======== ======= =======
function float32 float64
======== ======= =======
exp      1.5     1.5
expm1    2       2
tanh     3       3
log      1       1
log1p    1.5     1.5
======== ======= =======
"""

from __future__ import annotations

from math import factorial, log
from typing import Any

SINGLE = {
    "FLOAT": "np.float32",
    "INT": "np.int32",
    "MANTISSA_BITS": 23,
    "BIAS": 127,
    "SHIFT": 1.5 * 2.0**23,
    "LN2_HIGH": 0.693145751953125,
    "LN2_LOW": log(2) - 0.693145751953125,
    "LARGEST": 89.0,
    "SMALLEST": -104.0,
    "TANH_IS_ONE": 10.0,
    "TINY": 2.0**-126,
    "SUBNORMAL_BITS": 25,
}
DOUBLE = {
    "FLOAT": "np.float64",
    "INT": "np.int64",
    "MANTISSA_BITS": 52,
    "BIAS": 1023,
    "SHIFT": 1.5 * 2.0**52,
    "LN2_HIGH": 0.6931471803691238,
    "LN2_LOW": 1.9082149292705877e-10,
    "LARGEST": 710.0,
    "SMALLEST": -746.0,
    "TANH_IS_ONE": 20.0,
    "TINY": 2.0**-1022,
    "SUBNORMAL_BITS": 54,
}
"""Of each of the two precisions: what differs between them, as names in the functions' text."""

EXP_TERMS = {"32": 8, "64": 14}
"""Up to which power of r, |r| ≤ ln(2) / 2, the Taylor polynomial of exp goes."""
LOG_TERMS = {"32": 5, "64": 11}
"""How many terms of artanh(s) are taken, |s| ≤ 3 - 2 √2."""


def source_of(function: str, precision: str) -> str:
    """The text of an approximation and of those it calls, ready to be compiled.

    Parameters
    ----------
    function : {"exp", "expm1", "tanh", "log", "log1p"}
    precision : {"32", "64"}

    Examples
    --------
    >>> print(source_of("exp", "32").splitlines()[1])
    def exp32(x):
    """
    body = TEXTS[function]
    constants: dict[str, Any] = SINGLE if precision == "32" else DOUBLE
    float_type = constants["FLOAT"]
    for name, value in constants.items():
        text = f"{float_type}({value!r})" if isinstance(value, float) else str(value)
        body = body.replace(f"${name}", text)
    body = body.replace("$EXPM1_OF_R", _expm1_of_r(precision, float_type))
    body = body.replace("$ARTANH_SERIES", _artanh_series(precision, float_type))
    return body.replace("$P", precision)


NEEDS = {"log1p": ("log",), "tanh": ("expm1",)}
"""Which approximations call which."""


def _expm1_of_r(precision: str, float_type: str) -> str:
    """(exp(r) - 1 - r) / r² in Horner's form."""
    last, *rest = (1 / factorial(k) for k in range(EXP_TERMS[precision] - 1, 1, -1))
    text = f"{float_type}({last!r})"
    for coefficient in rest:
        text = f"({text} * r + {float_type}({coefficient!r}))"
    return text


def _artanh_series(precision: str, float_type: str) -> str:
    """(artanh(s) / s - 1) / s² in Horner's form, of z = s²."""
    last, *rest = (1 / (2 * k + 1) for k in range(LOG_TERMS[precision], 0, -1))
    text = f"{float_type}({last!r})"
    for coefficient in rest:
        text = f"({text} * z + {float_type}({coefficient!r}))"
    return text


# A branch would keep a loop from being vectorised: conditions choose between values that are there.
# NaN fails every comparison and so keeps its value; adding SHIFT rounds to an integer, which then
# stands in the last bits. 2**n is multiplied on in two halves, since n may be too large for one.
TEXTS = {
    "exp": """\
@inlined
def exp$P(x):
    x = $LARGEST if x > $LARGEST else x
    x = $SMALLEST if x < $SMALLEST else x
    n = x * $FLOAT(1.4426950408889634) + $SHIFT - $SHIFT
    r = x - n * $LN2_HIGH - n * $LN2_LOW
    y = r * r * $EXPM1_OF_R + r + $FLOAT(1.0)
    k = $INT($FLOAT(n + $SHIFT).view($INT) - $SHIFT.view($INT))
    half = $INT(k >> $INT(1))
    first = $INT((half + $INT($BIAS)) << $INT($MANTISSA_BITS)).view($FLOAT)
    second = $INT((k - half + $INT($BIAS)) << $INT($MANTISSA_BITS)).view($FLOAT)
    return y * first * second
""",
    "expm1": """\
@inlined
def expm1$P(x):
    x = $LARGEST if x > $LARGEST else x
    x = $SMALLEST if x < $SMALLEST else x
    n = x * $FLOAT(1.4426950408889634) + $SHIFT - $SHIFT
    n = $FLOAT(-60.0) if n < $FLOAT(-60.0) else n
    r = x - n * $LN2_HIGH - n * $LN2_LOW
    r = $FLOAT(-0.5) if r < $FLOAT(-0.5) else r
    y = r * r * $EXPM1_OF_R + r
    k = $INT($FLOAT(n + $SHIFT).view($INT) - $SHIFT.view($INT))
    half_power = $INT((k - $INT(1) + $INT($BIAS)) << $INT($MANTISSA_BITS)).view($FLOAT)
    y = ((half_power - $FLOAT(0.5)) + half_power * y) * $FLOAT(2.0)
    return x if abs(x) < $FLOAT(2.0**-60) else y
""",
    "tanh": """\
@inlined
def tanh$P(x):
    size = abs(x)
    size = $TANH_IS_ONE if size > $TANH_IS_ONE else size
    e = expm1$P($FLOAT(2.0) * size)
    y = e / (e + $FLOAT(2.0))
    return math.copysign(y, x)
""",
    "log": """\
@inlined
def log$P(x):
    subnormal = x < $TINY
    scaled = x * $FLOAT(2.0 ** $SUBNORMAL_BITS) if subnormal else x
    bits = $FLOAT(scaled).view($INT)
    # The bits of √½: subtracting them makes the exponent that leaves m between √½ and √2.
    e = $INT((bits - $FLOAT(0.7071067811865476).view($INT)) >> $INT($MANTISSA_BITS))
    m = $INT(bits - (e << $INT($MANTISSA_BITS))).view($FLOAT)
    n = $FLOAT(e) - ($FLOAT($SUBNORMAL_BITS) if subnormal else $FLOAT(0.0))
    f = m - $FLOAT(1.0)
    s = f / (f + $FLOAT(2.0))
    z = s * s
    tail = z * $ARTANH_SERIES
    # 2 s = f - s f, and f is exact.
    y = n * $LN2_HIGH + (f - (s * (f - $FLOAT(2.0) * tail) - n * $LN2_LOW))
    y = x if x == $FLOAT(np.inf) else y
    y = -$FLOAT(np.inf) if x == $FLOAT(0.0) else y
    return y if x >= $FLOAT(0.0) else $FLOAT(np.nan)
""",
    "log1p": """\
@inlined
def log1p$P(x):
    u = $FLOAT(1.0) + x
    lost = x - (u - $FLOAT(1.0))
    y = log$P(u)
    corrected = y + lost / u
    y = y if (u == $FLOAT(np.inf)) | (u == $FLOAT(0.0)) else corrected
    return x if u == $FLOAT(1.0) else y
""",
}
