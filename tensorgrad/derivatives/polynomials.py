"""Polynomials as vectors of coefficients, highest power first: np.polyval and its kin.

All are compositions. How many coefficients a result has can depend on values: leading zeros do not
count. ``roots`` is differentiable where all roots are real and simple.
"""

import warnings

import numpy as np
from numpy.exceptions import RankWarning

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.table import composition


def coefficients(p):
    """A vector of coefficients, of an array_like or of np.poly1d."""
    return np.atleast_1d(operand(p.coeffs if isinstance(p, np.poly1d) else p))


def without_leading_zeros(p):
    """The coefficients from the first that is not zero; of the zero polynomial, the last."""
    places = np.flatnonzero(p)
    return p[places[0] if places.size else -1 :]


@composition(np.polyval)
def polyval(p, x):
    """Horner's rule."""
    x = operand(x)
    y = np.zeros_like(x)
    for i, coefficient in enumerate(coefficients(p)):
        y = y * x + coefficient if i else y + coefficient
    return y


@composition(np.polyadd)
def polyadd(a1, a2):
    """Add from the lowest power on."""
    a1, a2 = coefficients(a1), coefficients(a2)
    length = max(a1.size, a2.size)
    return np.pad(a1, (length - a1.size, 0)) + np.pad(a2, (length - a2.size, 0))


@composition(np.polysub)
def polysub(a1, a2):
    """Subtract from the lowest power on."""
    return np.polyadd(a1, np.negative(coefficients(a2)))


@composition(np.polymul)
def polymul(a1, a2):
    """Convolve."""
    return np.convolve(
        without_leading_zeros(coefficients(a1)), without_leading_zeros(coefficients(a2))
    )


@composition(np.polydiv)
def polydiv(u, v):
    """Long division."""
    rest, divisor = coefficients(u) + 0.0, coefficients(v) + 0.0
    steps = rest.size - divisor.size + 1
    quotient = []
    for k in range(steps):
        quotient.append(rest[k] / divisor[0])
        rest = rest - np.pad(quotient[-1] * divisor, (k, steps - 1 - k))
    while rest.size > 1 and np.allclose(rest[0], 0, rtol=1e-14):
        rest = rest[1:]
    return np.stack(quotient) if quotient else np.zeros_like(divisor[:1]), rest


@composition(np.polyder)
def polyder(p, m=1):
    """Each derivative multiplies by the power, and drops the constant."""
    if m < 0:
        raise ValueError(f"np.polyder takes an order that is not negative, not {m}")
    p = coefficients(p)
    for _ in range(m):
        p = p[:-1] * np.arange(p.size - 1, 0, -1)
    return p


@composition(np.polyint)
def polyint(p, m=1, k=None):
    """Each integral divides by the new power, and appends a constant of integration."""
    if m < 0:
        raise ValueError(f"np.polyint takes an order that is not negative, not {m}")
    constants = [0] * m if k is None else np.atleast_1d(operand(k))
    constants = [constants[0]] * m if len(constants) == 1 else constants
    if len(constants) < m:
        raise ValueError(f"np.polyint of order {m} needs {m} constants, or one for all")
    p = coefficients(p)
    for i in range(m):
        p = np.append(p / np.arange(p.size, 0, -1), constants[i])
    return p


@composition(np.poly)
def poly(seq_of_zeros):
    """Multiply by one root after another; of a matrix, the eigenvalues are the roots."""
    zeros = np.atleast_1d(operand(seq_of_zeros))
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] > 0:
        zeros = np.linalg.eigvals(zeros)
    if zeros.ndim != 1:
        raise ValueError(
            f"np.poly takes a vector of roots or a square matrix, not shape {zeros.shape}"
        )
    p = np.ones_like(np.pad(zeros, (0, 1))[:1])
    for zero in zeros:
        p = np.pad(p, (0, 1)) - zero * np.pad(p, (1, 0))
    return p


@composition(np.roots)
def roots(p):
    """Eigenvalues of the companion matrix, and as many zeros as there are trailing zeros."""
    p = coefficients(p)
    if p.ndim != 1:
        raise ValueError(f"np.roots takes a vector of coefficients, not shape {p.shape}")
    places = np.flatnonzero(p)
    if not places.size:
        return np.zeros_like(p[:0])
    zero_roots = np.zeros_like(p[places[-1] + 1 :])
    p = p[places[0] : places[-1] + 1]
    if p.size < 2:
        return zero_roots
    shift = np.diag(np.ones_like(p[2:]), -1)
    companion = np.concatenate([np.reshape(-p[1:] / p[0], (1, -1)), shift[1:]])
    return np.concatenate([np.linalg.eigvals(companion), zero_roots])


@composition(np.vander)
def vander(x, N=None, increasing=False):
    """One column for each power."""
    x = operand(x)
    if np.ndim(x) != 1:
        raise ValueError(f"np.vander takes a vector, not an array of shape {np.shape(x)}")
    powers = np.arange(x.size if N is None else N)
    return np.expand_dims(x, 1) ** (powers if increasing else powers[::-1])


@composition(np.polyfit)
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """Least squares with columns of powers that are scaled to length one."""
    x, y = operand(x) + 0.0, operand(y) + 0.0
    if deg < 0 or x.ndim != 1 or not x.size or y.ndim not in (1, 2) or len(x) != len(y):
        raise ValueError(
            "np.polyfit takes a vector x, as many values or rows y, and a degree that is not "
            f"negative; not shapes {x.shape} and {y.shape}, and degree {deg}"
        )
    rcond = len(x) * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    powers = np.vander(x, deg + 1)
    if w is not None:
        w = operand(w) + 0.0
        powers, y = w[:, None] * powers, (w if y.ndim == 1 else w[:, None]) * y
    scale = np.sqrt(np.sum(powers * powers, axis=0))
    solution, residuals, rank, singular = np.linalg.lstsq(powers / scale, y, rcond)
    p = (solution.T / scale).T
    if full:
        return p, residuals, rank, singular, rcond
    if rank != deg + 1:
        warnings.warn("np.polyfit may be poorly conditioned", RankWarning, stacklevel=2)
    if not cov:
        return p
    covariance = np.linalg.inv(powers.T @ powers)
    covariance = covariance if y.ndim == 1 else covariance[:, :, None]
    if cov != "unscaled":
        freedom = len(x) - deg - 1
        if freedom <= 0:
            raise ValueError(
                f"np.polyfit with cov=True needs more than {deg + 1} points, and got {len(x)}"
            )
        covariance = covariance * (residuals / freedom)
    return p, covariance
