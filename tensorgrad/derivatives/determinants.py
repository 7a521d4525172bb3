"""Determinants, which are polynomials: they have derivatives at singular matrices too."""

import numpy as np

from tensorgrad.derivatives.axes import largest_magnitude
from tensorgrad.derivatives.stacks import identity_like, matrices, mT
from tensorgrad.derivatives.table import derivative, dispatching, plain


def slogdet_cotangent(g, y, a):
    """The sign is constant wherever the logarithm is finite; elsewhere there is no inverse."""
    return np.zeros_like(a) if g[1] is None else matrices(g[1]) * mT(np.linalg.inv(a))


derivative(np.linalg.det, lambda g, y, a: matrices(g) * cofactors(a, y))
derivative(np.linalg.slogdet, slogdet_cotangent)


def cofactors(a, determinants):
    """The gradient of the determinants of the matrices a.

    By the inverse, where there is one. The derivative of that expression is a difference of terms
    that are larger than it by the condition number, so that matrices that are singular to half the
    digits take the other way.
    """
    if np.all(determinants != 0):
        inverse = np.linalg.inv(a)
        if not nearly_singular(a, inverse):
            return matrices(determinants) * mT(inverse)
    return cofactors_at_singular(a)


def cofactors_at_singular(a):
    """The cofactors without a division by what may vanish.

    A matrix that two fixed rotations bring to the form [[p, q], [r, s]], with 2 × 2 blocks s, has
    the determinant det(p) det(k), where k = s - r p⁻¹ q is the Schur complement; and the adjugate
    of a 2 × 2 matrix needs no division. Singular vectors are rotations for which p is regular as
    long as the rank is at least n - 2. Below that, the cofactors and their first derivatives
    vanish, and so do the results; third derivatives of the determinant, which may not, are then
    missing.
    """
    n = a.shape[-1]
    if n < 2:
        return np.ones_like(a)
    u, s, vt, sign = rotations(a)
    rotated, e, r = mT(u) @ a @ mT(vt), identity_like(u), n - 2
    p, q = rotated[..., :r, :r], rotated[..., :r, r:]
    if r:
        lost = matrices(s[..., r - 1] <= s[..., 0] * float(np.finfo(s.dtype).eps))
        p, sign = p + lost * e[..., :r, :r], sign * (1 - lost)
    inverse = np.linalg.inv(p)
    left, right = rotated[..., r:, :r] @ inverse, inverse @ q
    k = rotated[..., r:, r:] - left @ q
    adjugate = matrices(np.trace(k, 0, -2, -1)) * e[..., r:, r:] - k
    det_k = 0.5 * np.sum(k * mT(adjugate), axis=(-2, -1))
    tall, wide = e[..., r:] - e[..., :r] @ right, e[..., r:, :] - left @ e[..., :r, :]
    inner = matrices(det_k) * (e[..., :r] @ inverse @ e[..., :r, :]) + tall @ adjugate @ wide
    return (sign * matrices(np.linalg.det(p))) * (u @ mT(inner) @ vt)


def _nearly_singular(a, inverse):
    """Whether a condition number takes more than half of the digits."""
    largest = largest_magnitude(a, axis=(-2, -1))
    largest_of_inverse = largest_magnitude(inverse, axis=(-2, -1))
    return bool(np.any(largest * largest_of_inverse * float(np.finfo(a.dtype).eps) ** 0.5 > 1))


def _rotations(a):
    """Singular vectors and values, as constants, and the determinant of both rotations."""
    u, s, vt = np.linalg.svd(a)
    return u, s, vt, matrices(np.sign(np.linalg.det(u) * np.linalg.det(vt)))


plain(_nearly_singular, _rotations)
nearly_singular = dispatching(_nearly_singular)
rotations = dispatching(_rotations)
