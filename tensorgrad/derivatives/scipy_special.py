"""The ufuncs of scipy.special; the table is filled with them when a tensor first meets one.

``logsumexp``, ``softmax``, ``log_softmax`` and ``polygamma`` are no ufuncs. SciPy turns their
arguments into plain arrays, which a tensor refuses; ``tg.logsumexp``, ``tg.softmax`` and
``tg.log_softmax`` take tensors. So does ``zeta(s, q)``, and the polygamma function of order n is
(-1)^(n+1) n! zeta(n + 1, x).

Orders and shape parameters, such as the first operand of ``jv`` and of ``gammainc``, have no rule.
Distribution functions are in ``scipy_distributions``, and what solves the equations of physics in
``scipy_physics``.
Where two operands are both at their zero, as in ``xlogy(0, 0)``, the derivative is 0 instead of
0/0. Formulas that are not textbook are from the Digital Library of Mathematical Functions (DLMF).
"""

from math import log, pi, radians, sqrt

import numpy as np
from scipy import special

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.table import flat, register

# ---------------------------------------------------------------------- exponentials and powers

register(special.expit, lambda g, y, x: g * y * special.expit(-x))
register(special.log_expit, lambda g, y, x: g * special.expit(-x))
register(special.logit, lambda g, y, x: g / (x * (1 - x)))
register(special.exp2, lambda g, y, x: g * y * log(2))
register(special.exp10, lambda g, y, x: g * y * log(10))
register(special.expm1, lambda g, y, x: g * (y + 1))
register(special.exprel, lambda g, y, x: g * exprel_slope(x))
register(special.log1p, lambda g, y, x: g / (1 + x))
register(special.cbrt, lambda g, y, x: g / (3 * y * y))
register(special.spence, lambda g, y, x: -g / special.exprel(np.log(x)))
register(special.wrightomega, lambda g, y, x: g * y / (1 + y))
register(
    special.powm1,
    lambda g, y, x, p: g * p * x ** (p - 1),
    lambda g, y, x, p: g * (y + 1) * np.log(x),
)


def exprel_slope(x):
    """The derivative of exprel, of which (exp(x) - 1) / x gives nothing near 0 (DLMF 13.3.15)."""
    return 0.5 * special.hyp1f1(2.0, 3.0, x)


def boxcox_of_exponent(x, logarithm, p):
    """The derivative of (x^p - 1) / p with respect to p; right at p = 0 too."""
    return np.square(logarithm) * exprel_slope(p * logarithm)


register(
    special.boxcox,
    lambda g, y, x, p: g * x ** (p - 1),
    lambda g, y, x, p: g * boxcox_of_exponent(x, np.log(x), p),
)
register(
    special.boxcox1p,
    lambda g, y, x, p: g * (1 + x) ** (p - 1),
    lambda g, y, x, p: g * boxcox_of_exponent(1 + x, np.log1p(x), p),
)
register(
    special.inv_boxcox,
    lambda g, y, x, p: g * y ** (1 - p),
    lambda g, y, x, p: -g * y ** (1 - p) * boxcox_of_exponent(y, np.log(y), p),
)
register(
    special.inv_boxcox1p,
    lambda g, y, x, p: g * (1 + y) ** (1 - p),
    lambda g, y, x, p: -g * (1 + y) ** (1 - p) * boxcox_of_exponent(1 + y, np.log1p(y), p),
)

# ------------------------------------------------------------------------------- trigonometry

register(special.cosm1, lambda g, y, x: -g * np.sin(x))
register(special.sindg, lambda g, y, x: g * special.cosdg(x) * radians(1))
register(special.cosdg, lambda g, y, x: -g * special.sindg(x) * radians(1))
register(special.tandg, lambda g, y, x: g * (1 + y * y) * radians(1))
register(special.cotdg, lambda g, y, x: -g * (1 + y * y) * radians(1))

# ------------------------------------------------------- error functions, normal distribution

register(special.erf, lambda g, y, x: g * np.exp(-x * x) * (2 / sqrt(pi)))
register(special.erfc, lambda g, y, x: -g * np.exp(-x * x) * (2 / sqrt(pi)))
register(special.erfi, lambda g, y, x: g * np.exp(x * x) * (2 / sqrt(pi)))
register(special.erfcx, lambda g, y, x: g * (2 * x * y - 2 / sqrt(pi)))
register(special.erfinv, lambda g, y, x: g * np.exp(y * y) * (sqrt(pi) / 2))
register(special.erfcinv, lambda g, y, x: -g * np.exp(y * y) * (sqrt(pi) / 2))
register(special.dawsn, lambda g, y, x: g * (1 - 2 * x * y))
register(special.ndtr, lambda g, y, x: g * np.exp(-0.5 * x * x) / sqrt(2 * pi))
register(special.log_ndtr, lambda g, y, x: g * np.exp(-0.5 * x * x - y) / sqrt(2 * pi))
register(special.ndtri, lambda g, y, p: g * np.exp(0.5 * y * y) * sqrt(2 * pi))
register(special.ndtri_exp, lambda g, y, x: g * np.exp(x + 0.5 * y * y) * sqrt(2 * pi))

# ---------------------------------------------------------------------------- entropy, losses


def both_zero(a, b):
    """Where a term does not count."""
    return (operand(a) == 0) & (operand(b) == 0)


def unless_both_zero(a, b):
    """The first operand, with 1 where both are 0."""
    return np.where(both_zero(a, b), 1, a)


register(
    special.xlogy,
    lambda g, y, a, b: g * np.log(unless_both_zero(b, a)),
    lambda g, y, a, b: g * a / unless_both_zero(b, a),
)
register(
    special.xlog1py,
    lambda g, y, a, b: g * np.log(unless_both_zero(1 + b, a)),
    lambda g, y, a, b: g * a / unless_both_zero(1 + b, a),
)
register(special.entr, lambda g, y, x: -g * (np.log(x) + 1))
register(
    special.rel_entr,
    lambda g, y, a, b: np.where(both_zero(a, b), 0, g * (log_ratio(a, b) + 1)),
    lambda g, y, a, b: -g * a / unless_both_zero(b, a),
)
register(
    special.kl_div,
    lambda g, y, a, b: g * log_ratio(a, b),
    lambda g, y, a, b: np.where(both_zero(a, b), 0, g * (1 - a / unless_both_zero(b, a))),
)


def log_ratio(a, b):
    """The logarithm of a / b; 0 where both are."""
    return np.log(unless_both_zero(a, b) / unless_both_zero(b, a))


register(
    special.huber,
    lambda g, y, delta, r: np.where(np.absolute(r) > delta, g * (np.absolute(r) - delta), 0),
    lambda g, y, delta, r: g * np.clip(r, -delta, delta),
)
register(
    special.pseudo_huber,
    lambda g, y, delta, r: g * pseudo_huber_of_delta(r / delta, delta),
    lambda g, y, delta, r: g * r / np.hypot(1, r / delta),
)


def pseudo_huber_of_delta(ratio, delta):
    """The derivative of delta² (sqrt(1 + ratio²) - 1), in which ratio is r / delta."""
    root = np.hypot(1, ratio)
    return delta * np.square(root - 1) / root


# ------------------------------------------------------------- gamma, beta and zeta functions

zeta = special._ufuncs._zeta  # what special.zeta hands two arguments to

register(special.gamma, lambda g, y, x: g * y * special.psi(x))
register(special.rgamma, lambda g, y, x: -g * y * special.psi(x))
register(special.gammaln, lambda g, y, x: g * special.psi(x))
register(special.loggamma, lambda g, y, x: g * special.psi(x))
register(special.psi, lambda g, y, x: g * zeta(2.0, x))
register(zeta, None, lambda g, y, s, q: -g * s * zeta(s + 1, q))
register(
    special.beta,
    lambda g, y, a, b: g * y * (special.psi(a) - special.psi(a + b)),
    lambda g, y, a, b: g * y * (special.psi(b) - special.psi(a + b)),
)
register(
    special.betaln,
    lambda g, y, a, b: g * (special.psi(a) - special.psi(a + b)),
    lambda g, y, a, b: g * (special.psi(b) - special.psi(a + b)),
)
register(
    special.binom,
    lambda g, y, n, k: g * y * (special.psi(n + 1) - special.psi(n - k + 1)),
    lambda g, y, n, k: g * y * (special.psi(n - k + 1) - special.psi(k + 1)),
)
register(
    special.poch,
    lambda g, y, z, m: g * y * (special.psi(z + m) - special.psi(z)),
    lambda g, y, z, m: g * y * special.psi(z + m),
)


# -------------------------------------------------------------------------------------- steps

flat(special.round, special.gammasgn)
