"""Where values live while generated code runs: one block of memory for each dtype."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tensorgrad.compiler.fusion import Group
from tensorgrad.compiler.program import Kind

ALIGNMENT = 64
"""Bytes: a line of the cache, and the widest vector."""


class Layout(NamedTuple):
    """Where values that are computed on the way are kept.

    Attributes
    ----------
    buffer_of : dict of int to int
        Values that are needed at different times share one.
    buffers : list of Buffer
    """

    buffer_of: dict[int, int]
    buffers: list[Buffer]

    def sizes(self) -> dict[str, int]:
        """Elements of the blocks that hold all buffers of a dtype, by its name."""
        sizes: dict[str, int] = {}
        for buffer in self.buffers:
            sizes[buffer.dtype] = sizes.get(buffer.dtype, 0) + buffer.size
        return sizes

    def offsets(self) -> list[int]:
        """Where each buffer begins in its block, in elements."""
        ends: dict[str, int] = {}
        offsets = []
        for buffer in self.buffers:
            offsets.append(ends.get(buffer.dtype, 0))
            ends[buffer.dtype] = offsets[-1] + buffer.size
        return offsets


class Buffer(NamedTuple):
    """Memory for so many elements of a dtype."""

    dtype: str
    size: int


def lay_out(
    groups: Sequence[Group], kept: Sequence[set[int]], kinds: dict[int, Kind],
    elsewhere: set[int], to_the_end: set[int],
) -> Layout:  # fmt: skip
    """Give each value a buffer from the group that computes it to the last that reads it.

    Parameters
    ----------
    groups : sequence of Group
        In the order in which they run.
    kept : sequence of set of int
        Which results of each group have to be in memory.
    kinds : dict of int to Kind
    elsewhere : set of int
        Values whose memory the caller gives.
    to_the_end : set of int
        Values that are read after the last group.
    """
    last_read: dict[int, int] = {}
    for place, group in enumerate(groups):
        for operation in group.operations:
            last_read.update(dict.fromkeys(operation.reads() | {operation.result}, place))
    layout = Layout({}, [])
    free: set[int] = set()
    leaving: dict[int, list[int]] = {}
    for place, results in enumerate(kept):
        for number in sorted(results - elsewhere):
            layout.buffer_of[number] = _take(layout.buffers, free, _needed(kinds[number]))
            if number not in to_the_end:
                leaving.setdefault(last_read[number], []).append(layout.buffer_of[number])
        free.update(leaving.pop(place, ()))
    return layout


def _needed(kind: Kind) -> Buffer:
    """The buffer for a value, up to a whole line of the cache."""
    dtype = np.dtype(kind.dtype)
    line = ALIGNMENT // dtype.itemsize
    return Buffer(dtype.name, -(-max(math.prod(kind.shape), 1) // line) * line)


def _take(buffers: list[Buffer], free: set[int], needed: Buffer) -> int:
    """The smallest free buffer that is large enough, or else the largest, made larger."""
    fitting = sorted(
        (b.size, i) for i, b in enumerate(buffers) if i in free and b.dtype == needed.dtype
    )
    if not fitting:
        buffers.append(needed)
        return len(buffers) - 1
    size, chosen = next((pair for pair in fitting if pair[0] >= needed.size), fitting[-1])
    buffers[chosen] = Buffer(needed.dtype, max(size, needed.size))
    free.discard(chosen)
    return chosen
