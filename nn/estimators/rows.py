"""Sparse inputs, such as :func:`nn.train` takes them."""

from __future__ import annotations

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
