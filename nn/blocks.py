"""The flat arrays of an optimizer, cut into parts that fit into the cache."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nn.update_rule import State

BLOCK = 128 * 1024
"""Bytes of each array in a block: what a rule reads again is then in the cache."""


class Block(NamedTuple):
    """A run of elements: views of the parameters, of their gradient and of what is remembered."""

    place: slice
    values: np.ndarray
    gradient: np.ndarray
    memory: State
    scratch: np.ndarray


def blocks_of(values: np.ndarray, gradient: np.ndarray, memory: State) -> list[Block]:
    """Cut flat arrays of one length into blocks, which share one piece of scratch memory.

    Examples
    --------
    >>> values = np.zeros(40_000)
    >>> [block.place for block in blocks_of(values, np.ones(40_000), {})]
    [slice(0, 16384, None), slice(16384, 32768, None), slice(32768, 40000, None)]
    """
    length = BLOCK // values.itemsize
    scratch = np.empty_like(values[:length])
    blocks = []
    for start in range(0, values.size, length):
        place = slice(start, min(start + length, values.size))
        remembered = {name: array[place] for name, array in memory.items()}
        part = scratch[: place.stop - place.start]
        blocks.append(Block(place, values[place], gradient[place], remembered, part))
    return blocks


def part(numbers: np.ndarray, place: slice) -> np.ndarray:
    """What of a setting belongs to a block: one number for all, or one per element."""
    return numbers if numbers.ndim == 0 else numbers[place]
