"""Samples as :func:`nn.train` takes them: sparse inputs, and targets with weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class SparseRows:
    """A sparse matrix of which each slice is an array, so that one batch at a time is dense.

    Parameters
    ----------
    matrix : scipy.sparse matrix or array
        In CSR format.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> rows = SparseRows(csr_array(np.eye(3)))
    >>> len(rows), rows.take([2, 1, 0], axis=0)[:2]
    (3, array([[0., 0., 1.],
           [0., 1., 0.]]))
    """

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.shape = matrix.shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        return self.matrix[rows].toarray()

    def take(self, rows: Any, axis: int = 0) -> SparseRows:
        """Rows in another order, or some of them; still sparse."""
        if axis != 0:
            raise ValueError(f"axis is {axis}; expected 0, that of the samples")
        return SparseRows(self.matrix[rows])


def as_rows(X: Any) -> Any:
    """An array as it is, a sparse matrix with dense slices."""
    return SparseRows(X) if hasattr(X, "toarray") else X


def with_weights(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Targets in the first columns, weights in the last one.

    Examples
    --------
    >>> with_weights(np.array([0, 2]), np.array([0.5, 1.5]))
    array([[0. , 0.5],
           [2. , 1.5]])
    """
    return np.column_stack([targets, weights]).astype(weights.dtype)


def weighted(loss_function: Callable[..., Any], targets: np.ndarray) -> Callable[..., Any]:
    """A loss of the targets and weights that :func:`with_weights` puts together.

    Parameters
    ----------
    loss_function : callable
        Takes ``reduction="none"``, as the losses of this package do.
    targets : ndarray
        Such as it is called with: of shape (n,) for class indices, otherwise (n, outputs).

    Examples
    --------
    >>> from nn import multiclass_log_loss
    >>> labels, weights = np.array([0, 1]), np.array([2.0, 0.0])
    >>> loss = weighted(multiclass_log_loss, labels)
    >>> loss(np.array([[0.0, 0.0], [9.0, -9.0]]), with_weights(labels, weights)).round(4)
    np.float64(0.6931)
    """
    is_index = targets.ndim == 1

    def loss(outputs: Any, packed: np.ndarray) -> Any:
        values, weights = packed[:, :-1], packed[:, -1]
        own = values[:, 0].astype(targets.dtype) if is_index else values
        losses = loss_function(outputs, own, reduction="none")
        return (losses * (weights if losses.ndim == 1 else weights[:, None])).mean()

    return loss
