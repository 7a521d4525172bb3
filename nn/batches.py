"""Mini-batches: what an epoch goes through."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

Batch = tuple[np.ndarray, ...]
"""Inputs, targets, and whatever else the loss takes, one row for each sample."""


class Source(Protocol):
    """Where the batches of every epoch come from."""

    @property
    def batches_per_epoch(self) -> int | None:
        """How many there are, if that is known."""
        ...

    def epoch(self) -> Iterable[Batch]:
        """The batches of the next epoch."""
        ...


class ArrayBatches:
    """The batches of one epoch: consecutive rows of arrays.

    Parameters
    ----------
    arrays : tuple of ndarray
        Inputs, targets, ..., in the order of the epoch.
    batch_size : int
        Rows of a batch; the last one may be shorter.

    Examples
    --------
    >>> [x.tolist() for x, y in ArrayBatches((np.arange(5), np.arange(5)), 2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, arrays: Batch, batch_size: int) -> None:
        self.arrays = arrays
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[Batch]:
        for rows in mini_batches(len(self.arrays[0]), self.batch_size):
            yield tuple([array[rows] for array in self.arrays])


class ArraySource:
    """Arrays in memory, in a new random order in each epoch.

    Parameters
    ----------
    arrays : tuple of ndarray
        Inputs, targets, ..., of one length.
    batch_size : int
        Rows of a batch.
    rng : numpy.random.Generator, optional
        Shuffles; without it the rows keep their order.

    Examples
    --------
    >>> source = ArraySource((np.arange(4), np.arange(4)), 4, np.random.default_rng(0))
    >>> ((x, y),) = source.epoch()
    >>> x.tolist(), bool((x == y).all())
    ([2, 0, 1, 3], True)
    """

    def __init__(self, arrays: Batch, batch_size: int, rng: np.random.Generator | None) -> None:
        self.arrays = arrays
        self.batch_size = batch_size
        self.rng = rng

    @property
    def batches_per_epoch(self) -> int:
        """How many there are."""
        return number_of_batches(len(self.arrays[0]), self.batch_size)

    def epoch(self) -> ArrayBatches:
        """The batches of the next epoch."""
        arrays = self.arrays if self.rng is None else shuffled(self.arrays, self.rng)
        return ArrayBatches(arrays, self.batch_size)


def shuffled(arrays: Batch, rng: np.random.Generator) -> Batch:
    """Copies of the arrays, their rows in one random order.

    Gathering all rows once costs less than gathering each batch, and batches are then slices.

    Examples
    --------
    >>> X, y = shuffled((np.arange(4)[:, None], np.arange(4)), np.random.default_rng(0))
    >>> bool((X[:, 0] == y).all())
    True
    """
    order = rng.permutation(len(arrays[0]))
    return tuple([array.take(order, axis=0) for array in arrays])


def mini_batches(n_samples: int, batch_size: int) -> Iterator[slice]:
    """The rows of each mini-batch; the last one may be short.

    Examples
    --------
    >>> list(mini_batches(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, n_samples, batch_size):
        yield slice(start, min(start + batch_size, n_samples))


def number_of_batches(n_samples: int, batch_size: int) -> int:
    """How many mini-batches there are.

    Examples
    --------
    >>> number_of_batches(5, 2)
    3
    """
    return math.ceil(n_samples / batch_size)
