"""Functions of scipy.special that solve the equations of physics, and integrals.

Orders, degrees and shape parameters have no rule. Formulas are from the Digital Library of
Mathematical Functions (DLMF).
"""

from math import pi, sqrt

import numpy as np
from scipy import special

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.table import register

# --------------------------------------------------------- Bessel functions (DLMF 10.6, 10.29)

register(special.j0, lambda g, y, x: -g * special.j1(x))
register(special.j1, lambda g, y, x: g * 0.5 * (special.j0(x) - special.jv(2.0, x)))
register(special.y0, lambda g, y, x: -g * special.y1(x))
register(special.y1, lambda g, y, x: g * 0.5 * (special.y0(x) - special.yv(2.0, x)))
register(special.i0, lambda g, y, x: g * special.i1(x))
register(special.i1, lambda g, y, x: g * 0.5 * (special.i0(x) + special.iv(2.0, x)))
register(special.i0e, lambda g, y, x: g * (special.i1e(x) - np.sign(x) * y))
register(special.i1e, lambda g, y, x: g * ive_slope(1.0, x, y))
register(special.k0, lambda g, y, x: -g * special.k1(x))
register(special.k1, lambda g, y, x: -g * 0.5 * (special.k0(x) + special.kv(2.0, x)))
register(special.k0e, lambda g, y, x: g * (y - special.k1e(x)))
register(special.k1e, lambda g, y, x: g * kve_slope(1.0, x, y))
register(special.jv, None, lambda g, y, v, x: g * cylinder_slope(special.jv, v, x))
register(special.yv, None, lambda g, y, v, x: g * cylinder_slope(special.yv, v, x))
register(special.yn, None, lambda g, y, n, x: g * cylinder_slope(special.yv, n, x))
register(special.jve, None, lambda g, y, v, x: g * cylinder_slope(special.jv, v, x))
register(special.yve, None, lambda g, y, v, x: g * cylinder_slope(special.yv, v, x))
register(special.iv, None, lambda g, y, v, x: g * modified_slope(special.iv, v, x))
register(special.kv, None, lambda g, y, v, x: -g * modified_slope(special.kv, v, x))
register(special.kn, None, lambda g, y, n, x: -g * modified_slope(special.kv, n, x))
register(special.ive, None, lambda g, y, v, x: g * ive_slope(v, x, y))
register(special.kve, None, lambda g, y, v, x: g * kve_slope(v, x, y))


def cylinder_slope(function, order, x):
    """The derivative of a Bessel function of the first or second kind."""
    return 0.5 * (function(order - 1, x) - function(order + 1, x))


def modified_slope(function, order, x):
    """The derivative of a modified Bessel function, but for its sign."""
    return 0.5 * (function(order - 1, x) + function(order + 1, x))


def ive_slope(order, x, y):
    """The derivative of iv(order, x) exp(-|x|)."""
    return modified_slope(special.ive, order, x) - np.sign(x) * y


def kve_slope(order, x, y):
    """The derivative of kv(order, x) exp(x)."""
    return y - modified_slope(special.kve, order, x)


def struve_slope(function, sign, order, x):
    """The derivative of a Struve function (DLMF 11.4.23 to 11.4.29), without a pole at 0."""
    power = (0.5 * x) ** order / (sqrt(pi) * special.gamma(order + 1.5))
    return 0.5 * (function(order - 1, x) + sign * function(order + 1, x) + power)


register(special.struve, None, lambda g, y, v, x: g * struve_slope(special.struve, -1, v, x))
register(special.modstruve, None, lambda g, y, v, x: g * struve_slope(special.modstruve, 1, v, x))


def of_results(g, *slopes):
    """What arrives at the operand of a function with several results, of these slopes."""
    return sum(part * slope for part, slope in zip(g, slopes, strict=True) if part is not None)


# Ai, Ai', Bi, Bi', of which the second derivative is x times the function (DLMF 9.2.1).
register(special.airy, lambda g, y, x: of_results(g, y[1], x * y[0], y[3], x * y[2]))

# ------------------------------------------------ integrals and hypergeometric functions

register(
    special.fresnel,
    lambda g, y, x: of_results(g, np.sin(0.5 * pi * x * x), np.cos(0.5 * pi * x * x)),
)
register(special.sici, lambda g, y, x: of_results(g, np.sinc(x / pi), np.cos(x) / x))
register(
    special.shichi,
    lambda g, y, x: of_results(g, np.exp(-x) * special.exprel(2 * x), np.cosh(x) / x),
)
register(
    special.ellipj,
    lambda g, y, u, m: of_results(g, y[1] * y[2], -y[0] * y[2], -m * y[0] * y[1], y[2]),
    None,
)
register(special.ellipkinc, lambda g, y, phi, m: g / np.sqrt(1 - m * np.square(np.sin(phi))), None)
register(special.ellipeinc, lambda g, y, phi, m: g * np.sqrt(1 - m * np.square(np.sin(phi))), None)
register(special.ellipkm1, lambda g, y, p: -g * special.hyp2f1(1.5, 1.5, 2.0, 1 - p) * (pi / 8))

register(special.exp1, lambda g, y, x: -g * np.exp(-x) / x)
register(special.expi, lambda g, y, x: g * np.exp(x) / x)
register(special.expn, None, lambda g, y, n, x: g * ((n - 1) * y - np.exp(-x)) / x)
register(special.ellipk, lambda g, y, m: g * special.hyp2f1(1.5, 1.5, 2.0, m) * (pi / 8))
register(special.ellipe, lambda g, y, m: -g * special.hyp2f1(0.5, 1.5, 2.0, m) * (pi / 8))
register(special.hyp0f1, None, lambda g, y, v, x: g * special.hyp0f1(v + 1, x) / v)
register(
    special.hyp1f1, None, None, lambda g, y, a, b, x: g * special.hyp1f1(a + 1, b + 1, x) * a / b
)
register(
    special.hyp2f1,
    None,
    None,
    None,
    lambda g, y, a, b, c, x: g * special.hyp2f1(a + 1, b + 1, c + 1, x) * a * b / c,
)
register(special.hyperu, None, None, lambda g, y, a, b, x: -g * special.hyperu(a + 1, b + 1, x) * a)

# ------------------------------------------------------- orthogonal polynomials (DLMF 18.9)


def degree_below(n):
    """The degree of the derivative, and that of a constant for a constant."""
    return np.maximum(operand(n) - 1, 0)


def gegenbauer_slope(n, a, x):
    """The derivative of a Gegenbauer polynomial; Legendre's and Chebyshev's are such too."""
    slope = special.eval_gegenbauer(degree_below(n), a + 1, x)
    return np.where(operand(n) == 0, 0, 2 * a * slope)


def laguerre_slope(n, a, x):
    """The derivative of a generalized Laguerre polynomial."""
    return np.where(operand(n) == 0, 0, -special.eval_genlaguerre(degree_below(n), a + 1, x))


def jacobi_slope(n, a, b, x):
    """The derivative of a Jacobi polynomial."""
    slope = special.eval_jacobi(degree_below(n), a + 1, b + 1, x)
    return np.where(operand(n) == 0, 0, 0.5 * (n + a + b + 1) * slope)


register(special.eval_legendre, None, lambda g, y, n, x: g * gegenbauer_slope(n, 0.5, x))
register(
    special.eval_chebyt,
    None,
    lambda g, y, n, x: g * n * special.eval_chebyu(degree_below(n), x),
)
register(special.eval_chebyu, None, lambda g, y, n, x: g * gegenbauer_slope(n, 1.0, x))
register(special.eval_gegenbauer, None, None, lambda g, y, n, a, x: g * gegenbauer_slope(n, a, x))
register(
    special.eval_hermite,
    None,
    lambda g, y, n, x: 2 * g * n * special.eval_hermite(degree_below(n), x),
)
register(
    special.eval_hermitenorm,
    None,
    lambda g, y, n, x: g * n * special.eval_hermitenorm(degree_below(n), x),
)
register(special.eval_laguerre, None, lambda g, y, n, x: g * laguerre_slope(n, 0.0, x))
register(special.eval_genlaguerre, None, None, lambda g, y, n, a, x: g * laguerre_slope(n, a, x))
register(
    special.eval_jacobi, None, None, None, lambda g, y, n, a, b, x: g * jacobi_slope(n, a, b, x)
)
