"""The error function, which NumPy lacks.

SciPy has it as ``scipy.special.erf``, which may be used on tensors as well; this one is here so
that the core needs NumPy alone. Up to 0.75 it is x + x p(x²) / q(x²), from there on
1 - exp(-x²) r(x) / s(x): in both the fraction is a correction, whose rounding errors hardly count.
The polynomials were fitted for this file, to the least maximal relative error; there is a set for
float64, and a shorter one for float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.derivatives.table import derivative


def erf(x: Any) -> Any:
    """The error function, 2/√π times the integral of exp(-t²) from 0 to x.

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``; float64 if that is an integer one. The error is at most 2
        units in the last place, in float32 and in float64 (extended precision gets no more digits
        than float64).

    Examples
    --------
    >>> erf(np.array([-1.0, 0.0, 0.5, 10.0]))
    array([-0.84270079,  0.        ,  0.52049988,  1.        ])
    """
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if x.dtype == np.float16:
        return _erf(x.astype(np.float32), SINGLE).astype(x.dtype)
    return _erf(x, SINGLE if x.dtype == np.float32 else DOUBLE)


class Fractions(NamedTuple):
    """Coefficients of the two fractions, lowest power first, and where erf(x) rounds to 1."""

    p: Sequence[float]
    q: Sequence[float]
    r: Sequence[float]
    s: Sequence[float]
    end: int


SINGLE = Fractions(
    p=(0.1283791589, -0.3216943449, -0.03946618616),
    q=(1.0, 0.4239883957, 0.05593346245),
    r=(1.000407737, 0.7267299032, 0.2227340474),
    s=(1.0, 1.858151565, 1.30905711, 0.3930031706),
    end=4,
)
DOUBLE = Fractions(
    p=(
        0.12837916709551253,
        -0.31757629217332967,
        -0.04740790555565729,
        -0.007383368227275937,
        -0.00031143573054494495,
    ),
    q=(
        1.0,
        0.45607163672383866,
        0.08797966096685093,
        0.008662630076242732,
        0.0003761303668993611,
    ),
    r=(
        0.999999979144685,
        1.3550338738703414,
        0.9059369964036985,
        0.3478683829182721,
        0.07626391090925491,
        0.0077426943085266,
    ),
    s=(
        1.0,
        2.4834127851553722,
        2.708169727190187,
        1.6725452757353232,
        0.6235275975613663,
        0.1351682781963679,
        0.013723770362046382,
    ),
    end=6,
)


def _erf(x: Any, fractions: Fractions) -> Any:
    p, q, r, s, end = fractions
    size = np.minimum(np.absolute(x), end)
    square = np.square(size)
    near = _polynomial(p, square)
    near /= _polynomial(q, square)
    near *= size
    near += size
    far = _polynomial(r, size)
    far /= _polynomial(s, size)
    far *= np.exp(-square)
    far = 1 - far
    # Both are finite everywhere, and multiplying is several times faster than np.where.
    inner = size < 0.75
    near *= inner
    far *= ~inner
    near += far
    return np.copysign(near, x)


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    total = coefficients[-1] * x
    total += coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total *= x
        total += coefficient
    return total


erf = derivative(erf, lambda g, y, x: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x))
