"""A layer as one operation.

What the step of a small network costs is the number of its operations, not its arithmetic. Composed
of a product and a sum, a layer would be two operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.broadcasting import fit_shape
from tensorgrad.derivatives.products import SMALL_PRODUCT, matmul_left, matmul_right
from tensorgrad.derivatives.table import register
from tensorgrad.dispatch import apply
from tensorgrad.messages import called, explained
from tensorgrad.mode import DEFAULT_MODE, mode
from tensorgrad.operands import ones
from tensorgrad.tensor import Tensor, recorded

dot, matmul, ndarray = np.ndarray.dot, np.matmul, np.ndarray
current_mode = mode.get

FEW_ROWS = 128
"""Rows of a batch up to which ``np.dot`` is quicker than ``np.matmul``."""


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """A fully connected layer, ``x @ weight + bias``.

    Parameters
    ----------
    x : ndarray or Tensor
        Of shape (..., n).
    weight : ndarray or Tensor
        Of shape (n, m).
    bias : ndarray or Tensor
        Of shape (m,).

    Returns
    -------
    ndarray or Tensor
        Of shape (..., m).

    Examples
    --------
    >>> affine(np.ones((2, 3)), np.ones((3, 1)), np.array([0.5]))
    array([[3.5],
           [3.5]])
    """
    if isinstance(weight, Tensor) and isinstance(bias, Tensor):
        now = current_mode()
        if isinstance(x, Tensor):
            a, source = x.data, x.node
        else:
            a, source = x, None
        w, b, to_weight = weight.data, bias.data, weight.node
        if (
            to_weight is not None
            and (now is DEFAULT_MODE or (now.recording and not now.watched))
            and type(a) is type(w) is type(b) is ndarray
            and a.dtype is w.dtype is b.dtype
            and a.ndim == 2 == w.ndim
        ):
            try:
                # BLAS both, but the first has a fraction of what surrounds the other, and clears
                # its result before.
                y = a.dot(w) if len(a) <= FEW_ROWS else matmul(a, w)
                y += b  # the sum needs no array of its own
            except Exception as error:
                raise explained(error, affine_of_arrays, (a, w, b)) from error
            sources = (source, to_weight, bias.node)
            return recorded(affine_of_arrays, AFFINE_RULES, (a, w, b), sources, y, _pull_back)
    return apply(affine_of_arrays, x, weight, bias)


@called("affine")
def affine_of_arrays(x: Any, weight: Any, bias: Any) -> Any:
    """What :func:`affine` computes, and records."""
    if type(x) is ndarray and x.ndim == 2 == weight.ndim:
        y = x.dot(weight)
        if y.dtype is bias.dtype and y.ndim >= bias.ndim:
            y += bias
            return y
    else:
        y = np.dot(x, weight) if np.ndim(x) == 2 == weight.ndim else np.matmul(x, weight)
    return y + bias


def _pull_back(needed: Any, g: Any, y: Any, args: Any) -> tuple[Any, Any, Any]:
    """The rules below at once, of matrices of one dtype."""
    x, weight, bias = args
    to_x, to_weight, to_bias = needed
    of_bias = None
    if to_bias is not None:
        of_bias = ones(len(g), g.dtype).dot(g)  # a third of what the sum over rows takes
        if of_bias.shape != bias.shape:
            of_bias = np.array(fit_shape(g, bias))
    product = dot if weight.size <= SMALL_PRODUCT else matmul
    return (
        None if to_x is None else product(g, weight.T),
        None if to_weight is None else product(x.T, g),
        of_bias,
    )


AFFINE_RULES = (
    lambda g, y, x, weight, bias: matmul_left(g, y, x, weight),
    lambda g, y, x, weight, bias: matmul_right(g, y, x, weight),
    lambda g, y, x, weight, bias: g,
)
register(affine_of_arrays, *AFFINE_RULES)
