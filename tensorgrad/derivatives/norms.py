"""Norms of vectors and matrices, and the condition number.

The subgradients: 0 where a norm of order 2 (``None``, ``'fro'``) is 0, and for every zero element
in a norm of another order. The largest, or smallest, elements, sums or singular values share the
cotangent evenly if there are several. The nuclear norm takes no part of singular values that are 0.
Second derivatives of what depends on singular values are NaN where two of them coincide.
"""

import numpy as np

from tensorgrad.derivatives.axes import largest_magnitude, restored
from tensorgrad.derivatives.stacks import columns, mT
from tensorgrad.derivatives.table import derivative


def norm_cotangent(g, y, x, ord=None, axis=None, keepdims=False):
    """Of vectors or matrices, as the shape and the keywords say."""
    if axis is None and ord is not None and x.ndim == 2:
        axis = (0, 1)
    if isinstance(axis, tuple) and len(axis) == 2:
        return matrix_norm_cotangent(g, y, x, ord, axis, keepdims)
    return vector_norm_cotangent(g, y, x, ord, axis, keepdims)


def vector_norm_cotangent(g, y, x, ord, axis, keepdims):
    """Of the elements along one axis, several or all."""
    g, y = restored(g, x, axis), restored(y, x, axis)
    if ord is None or ord == 2:
        return x * np.where(y == 0, 0, g / np.where(y == 0, 1, y))
    if ord == 0:
        return np.zeros_like(x)
    if ord == 1:
        return g * np.sign(x)
    if abs(ord) == np.inf:
        return shared(g * np.sign(x), np.abs(x) == y, axis)
    zero = (x == 0) | (y == 0)
    ratio = np.where(zero, 1, np.abs(x)) / np.where(y == 0, 1, y)
    return np.where(zero, 0, g * np.sign(x) * ratio ** (ord - 1))


def matrix_norm_cotangent(g, y, x, ord, axis, keepdims):
    """Of the matrices whose rows and columns lie along the two axes."""
    if ord in (None, "fro", "f"):
        return vector_norm_cotangent(g, y, x, None, axis, keepdims)
    if ord in ("nuc", 2, -2):
        g = np.squeeze(g, axis) if keepdims else g
        cotangent = spectral_cotangent(g, np.moveaxis(x, axis, (-2, -1)), ord)
        return np.moveaxis(cotangent, (-2, -1), axis)
    along, across = axis if abs(ord) == 1 else axis[::-1]
    sums = np.sum(np.abs(x), axis=along, keepdims=True)
    if ord > 0:
        extreme = largest_magnitude(sums, axis=across, keepdims=True)
    else:
        extreme = np.min(sums, axis=across, keepdims=True)
    return shared(restored(g, x, axis) * np.sign(x), sums == extreme, across)


def spectral_cotangent(g, x, ord):
    """Of the sum ('nuc'), the largest (2) or the smallest (-2) of the singular values."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    g = np.expand_dims(g, -1) * np.ones_like(s)
    if ord == "nuc":
        g = np.where(s == 0, 0, g)
    else:
        g = shared(g, s == (s[..., :1] if ord > 0 else s[..., -1:]), -1)
    return (u * columns(g)) @ vt


def shared(g, chosen, axis):
    """Give a cotangent to the chosen elements alone, evenly."""
    count = np.sum(chosen, axis=axis, keepdims=True, dtype=g.dtype)
    return np.where(chosen, g / count, 0)


derivative(np.linalg.norm, norm_cotangent)
derivative(
    np.linalg.vector_norm,
    lambda g, y, x, axis=None, keepdims=False, ord=2: vector_norm_cotangent(
        g, y, x, ord, axis, keepdims
    ),
)
derivative(
    np.linalg.matrix_norm,
    lambda g, y, x, keepdims=False, ord="fro": matrix_norm_cotangent(
        g, y, x, ord, (-2, -1), keepdims
    ),
)


def cond_cotangent(g, y, x, p=None):
    """Of the largest singular value over the smallest, or of a norm times that of the inverse."""
    if p in (None, 2, -2):
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        above, below = (s[..., -1:], s[..., :1]) if p == -2 else (s[..., :1], s[..., -1:])
        g = np.expand_dims(g, -1) / below * np.ones_like(s)
        inner = shared(g, s == above, -1) - shared(g * np.expand_dims(y, -1), s == below, -1)
        return (u * columns(inner)) @ vt
    inverse = np.linalg.inv(x)
    norms = [np.linalg.norm(a, p, (-2, -1)) for a in (x, inverse)]
    direct = matrix_norm_cotangent(g * norms[1], norms[0], x, p, (-2, -1), False)
    indirect = matrix_norm_cotangent(g * norms[0], norms[1], inverse, p, (-2, -1), False)
    return direct - mT(inverse) @ indirect @ mT(inverse)


derivative(np.linalg.cond, cond_cotangent)
