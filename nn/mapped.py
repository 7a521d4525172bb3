"""Rows of a file that is larger than memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

BYTES_AT_ONCE = 16 * 2**20
"""How much of a file is read together when all of it is looked through."""


class MappedRows:
    """Rows of a memory-mapped array, each read, and cast, when it is asked for.

    What is asked for is an ordinary array. Choosing rows reads nothing: it chooses which rows are
    meant.

    Parameters
    ----------
    array : ndarray
        Of shape (n, features), usually a ``numpy.memmap``.
    dtype : dtype
        What to cast to.
    rows : ndarray of int, optional
        Which rows, in their order; without it all.
    convert : callable, optional
        What to do with what was read, before the cast.

    Examples
    --------
    >>> rows = MappedRows(np.arange(6).reshape(3, 2), np.dtype("f4"))
    >>> rows[:1]
    array([[0., 1.]], dtype=float32)
    >>> rows.take(np.array([2, 0]))[:]
    array([[4., 5.],
           [0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        array: np.ndarray,
        dtype: np.dtype[Any],
        rows: np.ndarray | None = None,
        convert: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self._array = array
        self._rows = rows
        self._convert = convert
        self.dtype = dtype

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and of columns."""
        return len(self), self._array.shape[1]

    def __len__(self) -> int:
        return len(self._array if self._rows is None else self._rows)

    def __getitem__(self, key: slice) -> np.ndarray:
        read = self._array[key if self._rows is None else self._rows[key]]
        if self._convert is not None:
            read = self._convert(read)
        return np.asarray(read, self.dtype, order="C")

    def take(self, rows: np.ndarray, axis: int = 0) -> MappedRows:
        """These rows, none of them read."""
        if axis != 0:
            raise ValueError(f"axis is {axis}; only rows can be chosen, axis 0")
        own = rows if self._rows is None else self._rows[rows]
        return MappedRows(self._array, self.dtype, own, self._convert)

    def converted(
        self, convert: Callable[[np.ndarray], np.ndarray], dtype: np.dtype[Any]
    ) -> MappedRows:
        """The same rows, with something done to them when they are read."""
        before = self._convert

        def both(read: np.ndarray) -> np.ndarray:
            return convert(read if before is None else before(read))

        return MappedRows(self._array, dtype, self._rows, both)


def parts(array: Any, most: int | None = None) -> list[slice]:
    """Slices that go through the rows of an array, some megabytes, and rows, at a time.

    Examples
    --------
    >>> parts(np.zeros((3, 2)), most=2)
    [slice(0, 2, None), slice(2, 3, None)]
    """
    n, *shape = array.shape
    at_once = max(1, BYTES_AT_ONCE // max(1, array.dtype.itemsize * math.prod(shape)))
    if most is not None:
        at_once = min(at_once, most)
    return [slice(start, min(start + at_once, n)) for start in range(0, n, at_once)]
