"""Diagonals and triangles."""

import math

import numpy as np

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.indexing import set_at
from tensorgrad.derivatives.table import composition, derivative, refused


def placed_on_diagonal(values, like, offset, axis1, axis2):
    """An array of zeros shaped like ``like``, but for a diagonal: the transpose of np.diagonal."""
    moved = np.moveaxis(like, (axis1, axis2), (-2, -1))
    total = np.zeros_like(moved, dtype=values.dtype)
    places = np.arange(values.shape[-1])
    total[..., places + max(-offset, 0), places + max(offset, 0)] = values
    return np.moveaxis(total, (-2, -1), (axis1, axis2))


placed_on_diagonal = derivative(
    placed_on_diagonal,
    lambda g, y, values, like, offset, axis1, axis2: np.diagonal(g, offset, axis1, axis2),
)


def diagonal_back(g, y, a, offset=0, axis1=0, axis2=1):
    """The cotangent of the array in np.diagonal."""
    return placed_on_diagonal(g, np.empty_like(a), offset, axis1, axis2)


def diag_back(g, y, v, k=0):
    """The cotangent of the array in np.diag, which reads a diagonal, or makes a matrix of one."""
    return np.diagonal(g, k) if v.ndim == 1 else diagonal_back(g, y, v, k)


derivative(np.diagonal, diagonal_back)
derivative(np.diag, diag_back)
derivative(np.triu, lambda g, y, m, k=0: np.triu(g, k))
derivative(np.tril, lambda g, y, m, k=0: np.tril(g, k))


@composition(np.diagflat)
def diagflat(v, k=0):
    """Lay the elements out flat first."""
    return np.diag(np.ravel(v), k)


def fill_diagonal(x, value, wrap=False):
    """A copy of an array with another diagonal; np.fill_diagonal as a function.

    Parameters
    ----------
    x : array_like or Tensor
        Of two axes, or of more that all have the same length.
    value : scalar, array_like or Tensor
        What to write on the diagonal; repeated if it is shorter.
    wrap : bool
        Go on with another diagonal below the square, with a row between, in a matrix of more rows
        than columns.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``.

    Raises
    ------
    ValueError
        If the array has fewer than two axes, or more than two of different lengths.

    Examples
    --------
    >>> fill_diagonal(np.ones((2, 3)), 0.0)
    array([[0., 1., 1.],
           [1., 0., 1.]])
    """
    x = operand(x)
    if x.ndim < 2 or (x.ndim > 2 and len(set(x.shape)) > 1):
        raise ValueError(
            "fill_diagonal takes arrays of two axes, or of more that all have the same length, "
            f"not of shape {x.shape}"
        )
    step = 1 + sum(math.prod(x.shape[axis + 1 :]) for axis in range(x.ndim - 1))
    stop = x.shape[1] ** 2 if x.ndim == 2 and not wrap else None
    diagonal = slice(None, stop, step)
    if np.ndim(value):
        if not np.size(value):
            raise ValueError("fill_diagonal got no values to write")
        value = np.resize(operand(value), len(range(x.size)[diagonal]))
    return np.reshape(set_at(np.ravel(x), diagonal, value), x.shape)


refused("it works in place; tg.fill_diagonal(x, value) gives a new array", np.fill_diagonal)
