"""The clock of the tape, and which memory was overwritten when."""

from __future__ import annotations

import itertools
import math
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad.messages import name_of

if TYPE_CHECKING:
    from tensorgrad.node import Node

numbers = itertools.count(1)
"""Numbers for nodes and for changes of memory, in the order in which they happen.

Shared by all threads: ``next`` on it is atomic.
"""


class Mutations:
    """Which memory was overwritten when, in node numbers.

    A stamp belongs to the array that owns the memory, not to one tensor: a reshaped or transposed
    tensor shares the memory, and all parameters of a model may be views of one buffer. The forward
    pass does nothing for this, and the backward pass compares two integers unless something was
    overwritten after its oldest operation.
    """

    def __init__(self) -> None:
        self.latest = 0
        self._stamps: dict[int, int] = {}

    def stamp(self, array: Any) -> None:
        """Note that the memory of ``array`` has just been overwritten."""
        owner = _owner(array)
        key = id(owner)
        if key not in self._stamps:
            weakref.finalize(owner, self._stamps.pop, key, None).atexit = False
        self._stamps[key] = self.latest = next(numbers)

    def check(
        self, order: Sequence[Node], since: float = math.inf, until: float = math.inf
    ) -> None:
        """Raise if an array that these operations read or made was overwritten since.

        Parameters
        ----------
        order : sequence of Node
        since, until : number
            For operations that were recorded anew: between which times nothing may have been
            overwritten. By default, since each was recorded.
        """
        for node in order:
            for array in _spread((*node.args, node.value)):
                if min(node.number, since) < self._stamps.get(id(_owner(array)), 0) <= until:
                    raise RuntimeError(
                        f"cannot go back through {name_of(node.function)}: one of its arrays, of "
                        f"shape {np.shape(array)} (the result has shape {_shape(node.value)}), "
                        "was overwritten by assign() or an optimizer step after the operation "
                        "was recorded. Call backward() before changing it, or change a copy."
                    )


mutations = Mutations()
"""The one record of overwritten memory."""


def _owner(array: Any) -> Any:
    """The array whose memory it is; sliding windows keep it as the base of an object between."""
    base = getattr(array, "base", None)
    while base is not None and (isinstance(base, np.ndarray) or hasattr(base, "base")):
        array, base = base, getattr(base, "base", None)
    return array


def _spread(values: Iterable[Any]) -> Iterator[Any]:
    """The values, and those in tuples and lists: indices along several axes, several results."""
    for value in values:
        if isinstance(value, tuple | list):
            yield from _spread(value)
        else:
            yield value


def _shape(value: Any) -> Any:
    return tuple(map(np.shape, value)) if isinstance(value, tuple) else np.shape(value)
