"""Batches that come one by one, from wherever the user's code gets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import chain
from typing import Any

from nn.batches import Batch


class StreamSource:
    """Batches of an iterable, each checked as it comes.

    Parameters
    ----------
    batches : iterable, or callable that returns one
        Of tuples (X, y) or (X, y, sample_weight). A list, or an object whose ``__iter__`` starts
        anew, can be gone through again and again; a generator only once, a function that makes
        generators again and again.
    checked : callable
        From such a tuple to arrays as the network computes with them, or an error.
    epochs : int
        How often it will be gone through.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, is an iterator for more than one epoch, has no batches, or the
        first one cannot be right.

    Examples
    --------
    >>> import numpy as np
    >>> source = StreamSource([(np.ones(2), np.zeros(2))], tuple, epochs=2)
    >>> [[x.tolist() for x, y in source.epoch()] for _ in range(2)]
    [[[1.0, 1.0]], [[1.0, 1.0]]]
    """

    def __init__(self, batches: Any, checked: Callable[[Any], Batch], epochs: int) -> None:
        if isinstance(batches, type) or not (callable(batches) or isinstance(batches, Iterable)):
            raise TypeError(
                f"y is missing, and X is {batches!r}; expected arrays X and y, or an iterable of "
                "batches (X, y)"
            )
        if isinstance(batches, Iterator) and epochs > 1:
            raise ValueError(
                f"the batches come from an iterator, which can be gone through once, and epochs is "
                f"{epochs}; pass a list, or a function that makes a new iterator, or epochs=1"
            )
        self._batches = batches
        self._checked = checked
        # The first batch is checked before anything is trained, and is then not asked for again.
        iterator = self._iterator()
        first = next(iterator, None)
        if first is None:
            raise ValueError("there are no batches; expected at least one")
        self.is_weighted = len(self._arrays(first, 0)) > 2
        self._begun: Iterator[Any] | None = chain([first], iterator)

    @property
    def batches_per_epoch(self) -> int | None:
        """How many there are, if the object says so."""
        batches = self._batches
        return len(batches) if isinstance(batches, Sized) and not callable(batches) else None

    def epoch(self) -> Iterator[Batch]:
        """The batches of the next epoch."""
        iterator = self._begun or self._iterator()
        self._begun = None
        number = -1
        for number, batch in enumerate(iterator):
            arrays = self._arrays(batch, number)
            if (len(arrays) > 2) != self.is_weighted:
                raise ValueError(
                    f"batch {number} has {len(arrays)} parts, and batch 0 did not; expected "
                    "weights in all batches or in none"
                )
            yield arrays
        if number < 0:
            raise ValueError(
                "there were no batches in this epoch; the object that gives them cannot be gone "
                "through again: pass a list, or a function that makes a new iterator"
            )

    def _iterator(self) -> Iterator[Any]:
        batches: Any = self._batches() if callable(self._batches) else self._batches
        return iter(batches)

    def _arrays(self, batch: Any, number: int) -> Batch:
        if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
            raise TypeError(
                f"batch {number} is of type {type(batch).__name__}; expected a tuple (X, y) or "
                "(X, y, sample_weight)"
            )
        try:
            return self._checked(batch)
        except (TypeError, ValueError) as error:
            raise type(error)(f"batch {number}: {error}") from error
