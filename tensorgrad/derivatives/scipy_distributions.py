"""Distribution functions of scipy.special, whose derivatives are densities.

Shape parameters and counts have no rule. SciPy rounds counts down.
"""

from math import pi, sqrt

import numpy as np
from scipy import special

from tensorgrad.derivatives.table import register

# ------------------------------------------------------ incomplete gamma and beta functions


def gamma_density(a, x):
    """The derivative of gammainc(a, x) with respect to x."""
    return np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


def beta_density(a, b, x):
    """The derivative of betainc(a, b, x) with respect to x."""
    return np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))


register(special.gammainc, None, lambda g, y, a, x: g * gamma_density(a, x))
register(special.gammaincc, None, lambda g, y, a, x: -g * gamma_density(a, x))
register(special.gammaincinv, None, lambda g, y, a, p: g / gamma_density(a, y))
register(special.gammainccinv, None, lambda g, y, a, p: -g / gamma_density(a, y))
register(special.betainc, None, None, lambda g, y, a, b, x: g * beta_density(a, b, x))
register(special.betaincc, None, None, lambda g, y, a, b, x: -g * beta_density(a, b, x))
register(special.betaincinv, None, None, lambda g, y, a, b, p: g / beta_density(a, b, y))
register(special.betainccinv, None, None, lambda g, y, a, b, p: -g / beta_density(a, b, y))

# ------------------------------------------------------------------------- distributions


def of_chi_squared(g, v, x):
    """The cotangent by the density of the chi-squared distribution."""
    return 0.5 * g * gamma_density(0.5 * v, 0.5 * x)


def t_density(df, t):
    """The density of Student's distribution."""
    logarithm = special.betaln(0.5 * df, 0.5) + 0.5 * (df + 1) * np.log1p(t * t / df)
    return np.exp(-logarithm) / np.sqrt(df)


def f_density(dfn, dfd, x):
    """The density of the F distribution."""
    total = dfd + dfn * x
    return beta_density(0.5 * dfn, 0.5 * dfd, dfn * x / total) * dfn * dfd / np.square(total)


register(special.chdtr, None, lambda g, y, v, x: of_chi_squared(g, v, x))
register(special.chdtrc, None, lambda g, y, v, x: -of_chi_squared(g, v, x))
register(special.chdtri, None, lambda g, y, v, p: -g / of_chi_squared(1, v, y))
register(special.stdtr, None, lambda g, y, df, t: g * t_density(df, t))
register(special.stdtrit, None, lambda g, y, df, p: g / t_density(df, y))
register(special.fdtr, None, None, lambda g, y, dfn, dfd, x: g * f_density(dfn, dfd, x))
register(special.fdtrc, None, None, lambda g, y, dfn, dfd, x: -g * f_density(dfn, dfd, x))
register(special.fdtri, None, None, lambda g, y, dfn, dfd, p: g / f_density(dfn, dfd, y))
register(
    special.gdtr,
    lambda g, y, a, b, x: g * x * gamma_density(b, a * x),
    None,
    lambda g, y, a, b, x: g * a * gamma_density(b, a * x),
)
register(
    special.gdtrc,
    lambda g, y, a, b, x: -g * x * gamma_density(b, a * x),
    None,
    lambda g, y, a, b, x: -g * a * gamma_density(b, a * x),
)
register(special.pdtr, None, lambda g, y, k, m: -g * gamma_density(np.floor(k) + 1, m))
register(special.pdtrc, None, lambda g, y, k, m: g * gamma_density(np.floor(k) + 1, m))
register(
    special.bdtr,
    None,
    None,
    lambda g, y, k, n, p: -g * beta_density(n - np.floor(k), np.floor(k) + 1, 1 - p),
)
register(
    special.bdtrc,
    None,
    None,
    lambda g, y, k, n, p: g * beta_density(n - np.floor(k), np.floor(k) + 1, 1 - p),
)
register(special.nbdtr, None, None, lambda g, y, k, n, p: g * beta_density(n, k + 1, p))
register(special.nbdtrc, None, None, lambda g, y, k, n, p: -g * beta_density(n, k + 1, p))
register(
    special.owens_t,
    lambda g, y, h, a: -g * np.exp(-0.5 * h * h) * special.erf(a * h / sqrt(2)) / sqrt(8 * pi),
    lambda g, y, h, a: g * np.exp(-0.5 * h * h * (1 + a * a)) / (2 * pi * (1 + a * a)),
)
