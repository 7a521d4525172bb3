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

    A matrix that two fixed rotations bring to the form [[p, q], [r, s]] has the determinant
    det(p) det(k), where k = s - r p⁻¹ q is the Schur complement. Singular vectors are rotations for
    which p, of as many rows as the rank, is regular; what vanishes is in k, and the adjugate of k
    needs no division.
    """
    n = a.shape[-1]
    if n < 2:
        return np.ones_like(a)
    u, s, vt, sign = rotations(a)
    rotated, e, r = mT(u) @ a @ mT(vt), identity_like(u), min(lowest_rank(s), n - 2)
    p, q = rotated[..., :r, :r], rotated[..., :r, r:]
    inverse = np.linalg.inv(p)
    left, right = rotated[..., r:, :r] @ inverse, inverse @ q
    k = rotated[..., r:, r:] - left @ q
    adjugate = adjugate_of(k)
    det_k = np.sum(k * mT(adjugate), axis=(-2, -1)) / (n - r)
    tall, wide = e[..., r:] - e[..., :r] @ right, e[..., r:, :] - left @ e[..., :r, :]
    inner = matrices(det_k) * (e[..., :r] @ inverse @ e[..., :r, :]) + tall @ adjugate @ wide
    return (sign * matrices(np.linalg.det(p))) * (u @ mT(inner) @ vt)


def adjugate_of(k):
    """The transposed cofactors, as a polynomial (Faddeev & Leverrier; Householder 1964, 6.7)."""
    e = identity_like(k)
    product = e
    for degree in range(1, k.shape[-1]):
        product = k @ product
        product = product - matrices(np.trace(product, 0, -2, -1)) * e / degree
    return product if k.shape[-1] % 2 else -product


def _nearly_singular(a, inverse):
    """Whether a condition number takes more than half of the digits."""
    largest = largest_magnitude(a, axis=(-2, -1))
    largest_of_inverse = largest_magnitude(inverse, axis=(-2, -1))
    return bool(np.any(largest * largest_of_inverse * float(np.finfo(a.dtype).eps) ** 0.5 > 1))


def _rotations(a):
    """Singular vectors and values, as constants, and the determinant of both rotations."""
    u, s, vt = np.linalg.svd(a)
    return u, s, vt, matrices(np.sign(np.linalg.det(u) * np.linalg.det(vt)))


def _lowest_rank(s):
    """How many singular values are more than rounding in each matrix of the stack."""
    if not s.size:
        return s.shape[-1]
    rounding = s[..., :1] * (s.shape[-1] * float(np.finfo(s.dtype).eps))
    return int(np.min(np.sum(s > rounding, axis=-1)))


plain(_nearly_singular, _rotations, _lowest_rank)
nearly_singular = dispatching(_nearly_singular)
rotations = dispatching(_rotations)
lowest_rank = dispatching(_lowest_rank)
