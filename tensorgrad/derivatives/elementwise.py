"""Functions that compute with each element, broadcasting their operands.

Those that choose between elements are in ``choosing``. Where a function has a kink, its rule
picks a subgradient: ``absolute``, ``fabs``, ``copysign`` and ``hypot`` have derivative 0 at 0.
Where it jumps, it gets the slope beside the jump: ``fmod``, ``remainder``, ``divmod`` and
``unwrap`` add multiples of a period, ``modf`` takes off whole numbers.
"""

import math

import numpy as np

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.table import activation, derivative

# --------------------------------------------------------------------------------- arithmetic

derivative(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
derivative(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
derivative(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
derivative(np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
derivative(np.negative, lambda g, y, x: -g)
derivative(np.positive, lambda g, y, x: g)
derivative(np.reciprocal, lambda g, y, x: -g * y * y)
derivative(np.square, lambda g, y, x: 2 * g * x)
derivative(np.sqrt, lambda g, y, x: g / (2 * y))
derivative(np.cbrt, lambda g, y, x: g / (3 * y * y))
derivative(np.absolute, lambda g, y, x: g * np.sign(x))
derivative(np.fabs, lambda g, y, x: g * np.sign(x))


def power_of_base(g, y, x, p):
    """The cotangent of x in x ** p; 0 where x and p are 0, for which p x^(p-1) would be 0/0."""
    if isinstance(p, int | float):
        return g * p * x ** (p - 1) if p else g * np.zeros_like(x)
    p = operand(p)
    if p.dtype.kind == "u":  # 0 - 1 would be the largest number
        p = p.astype(g.dtype)
    return g * p * np.where((x == 0) & (p == 0), 1, x) ** (p - 1)


def power_of_exponent(g, y, x, p):
    """The cotangent of p in x ** p; 0 at x = 0, the limit for positive p."""
    if isinstance(x, int | float):
        return g * y * (math.log(x) if x > 0 else 0.0 if x == 0 else math.nan)
    x = operand(x)
    if x.dtype.kind in "iub":  # of small integers NumPy takes logarithms in half precision
        x = x.astype(g.dtype)
    return g * y * np.log(np.where(x == 0, 1, x))


derivative(np.power, power_of_base, power_of_exponent)
derivative(np.float_power, power_of_base, power_of_exponent)

# ------------------------------------------------------------------------ division with a rest


def truncated_quotient(a, b):
    """How often b is taken off a by np.fmod, which need not be trunc(a / b) as that is rounded."""
    return np.sign(a) * np.sign(b) * np.floor_divide(np.absolute(a), np.absolute(b))


def divmod_of_divisor(g, y, a, b):
    """The cotangent of b in divmod(a, b); the quotient is a step function."""
    return np.zeros_like(b) if g[1] is None else -g[1] * np.floor_divide(a, b)


derivative(
    np.fmod,
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * truncated_quotient(a, b),
)
derivative(
    np.remainder,
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * np.floor_divide(a, b),
)
derivative(
    np.divmod,
    lambda g, y, a, b: np.zeros_like(a) if g[1] is None else g[1],
    divmod_of_divisor,
)
derivative(np.unwrap, lambda g, y, p, discont=None, axis=-1, *, period=None: g)

# ---------------------------------------------------------------- exponentials and logarithms


def finite_sum(y):
    """A logarithm of a sum of exponentials, with 0 in the place of minus infinity.

    All the terms are zero there, and the derivatives too, instead of exp(inf - inf).
    """
    return np.where(y == -np.inf, 0, y)


derivative(np.exp, lambda g, y, x: g * y)
derivative(np.exp2, lambda g, y, x: g * y * float(np.log(2)))
derivative(np.expm1, lambda g, y, x: g * (y + 1))
derivative(np.log, lambda g, y, x: g / x)
derivative(np.log2, lambda g, y, x: g / (x * float(np.log(2))))
derivative(np.log10, lambda g, y, x: g / (x * float(np.log(10))))
derivative(np.log1p, lambda g, y, x: g / (1 + x))
derivative(
    np.logaddexp,
    lambda g, y, a, b: g * np.exp(a - finite_sum(y)),
    lambda g, y, a, b: g * np.exp(b - finite_sum(y)),
)
derivative(
    np.logaddexp2,
    lambda g, y, a, b: g * np.exp2(a - finite_sum(y)),
    lambda g, y, a, b: g * np.exp2(b - finite_sum(y)),
)


def tanh_rule(g, y, x):
    """Compute g (1 - y^2) without a Python number to convert, in two new arrays and not three."""
    square = y * y
    square *= g
    return g - square


# ------------------------------------------------------------------- trigonometry, hyperbolic


def nonzero_length(y):
    """Lengths to divide by; 1 for the vector of length 0, which has no direction."""
    return np.where(y == 0, 1, y)


def over_square(a, b, c):
    """One coordinate, c, of the vector (a, b) over its squared length, which might overflow."""
    length = nonzero_length(np.hypot(a, b))
    return c / length / length


derivative(np.sin, lambda g, y, x: g * np.cos(x))
derivative(np.cos, lambda g, y, x: -g * np.sin(x))
derivative(np.tan, lambda g, y, x: g * (1 + y * y))
derivative(np.arcsin, lambda g, y, x: g / np.sqrt((1 - x) * (1 + x)))
derivative(np.arccos, lambda g, y, x: -g / np.sqrt((1 - x) * (1 + x)))
derivative(np.arctan, lambda g, y, x: g / (1 + x * x))
derivative(
    np.arctan2,
    lambda g, y, a, b: g * over_square(a, b, b),
    lambda g, y, a, b: -g * over_square(a, b, a),
)
derivative(
    np.hypot,
    lambda g, y, a, b: g * a / nonzero_length(y),
    lambda g, y, a, b: g * b / nonzero_length(y),
)
derivative(np.sinh, lambda g, y, x: g * np.cosh(x))
derivative(np.cosh, lambda g, y, x: g * np.sinh(x))
activation(np.tanh, tanh_rule)
derivative(np.arcsinh, lambda g, y, x: g / np.sqrt(x * x + 1))
derivative(np.arccosh, lambda g, y, x: g / np.sqrt((x - 1) * (x + 1)))
derivative(np.arctanh, lambda g, y, x: g / ((1 - x) * (1 + x)))
derivative(np.deg2rad, lambda g, y, x: g * float(np.deg2rad(1)))
derivative(np.radians, lambda g, y, x: g * float(np.deg2rad(1)))
derivative(np.rad2deg, lambda g, y, x: g * float(np.rad2deg(1)))
derivative(np.degrees, lambda g, y, x: g * float(np.rad2deg(1)))

# ------------------------------------------------------------- the parts of a floating number

derivative(
    np.copysign,
    lambda g, y, a, b: g * np.sign(a) * np.copysign(1, b),
    lambda g, y, a, b: np.zeros_like(b),
)
derivative(np.nextafter, lambda g, y, a, b: g, lambda g, y, a, b: np.zeros_like(b))
derivative(np.ldexp, lambda g, y, x, n: np.ldexp(g, n))
derivative(
    np.frexp,
    lambda g, y, x: np.ldexp(g[0], -y[1]),  # the exponents, y[1], are integers
)
derivative(
    np.modf,
    lambda g, y, x: np.zeros_like(x) if g[0] is None else g[0],
)
