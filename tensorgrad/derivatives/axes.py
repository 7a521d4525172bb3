"""The arithmetic of axes, for reductions and scans."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tensorgrad.derivatives.arguments import at
from tensorgrad.derivatives.shaping import inverse


def restored(g: Any, x: Any, axis: Any) -> Any:
    """Give a cotangent back the axes that a reduction of ``x`` dropped, with length one.

    The result broadcasts against ``x``; leading axes are left to broadcasting.
    """
    if axis is None or g.ndim == x.ndim or axis == 0:
        return g
    return g[..., None] if axis == -1 else np.expand_dims(g, axis)


def reduced_count(x: Any, axis: Any) -> int:
    """How many elements of ``x`` go into each element of a reduction."""
    if axis is None:
        return x.size
    return math.prod(x.shape[i] for i in normalize_axis_tuple(axis, x.ndim))


def merged(x: Any, axis: Any) -> Any:
    """Make the reduced axes one, which is the last."""
    order, kept = _reduced_last(x, axis)
    moved = np.transpose(x, order)
    return np.reshape(moved, (*moved.shape[:kept], math.prod(moved.shape[kept:])))


def unmerged(rows: Any, x: Any, axis: Any) -> Any:
    """Undo ``merged(x, axis)``."""
    order, _ = _reduced_last(x, axis)
    moved = np.reshape(rows, tuple(x.shape[i] for i in order))
    return np.transpose(moved, inverse(order, x.ndim))


def _reduced_last(x: Any, axis: Any) -> tuple[tuple[int, ...], int]:
    axes = tuple(range(x.ndim))
    reduced = axes if axis is None else normalize_axis_tuple(axis, x.ndim)
    kept = tuple(i for i in axes if i not in reduced)
    return kept + reduced, len(kept)


def largest_magnitude(x: Any, **axes: Any) -> Any:
    """The largest absolute value, and 0 where there are no elements."""
    x = np.abs(x)
    # Only then, because not every library knows ``initial``.
    return np.max(x, **axes) if x.size else np.max(x, initial=0, **axes)


def all_but_first(x: Any, axis: int) -> Any:
    """The elements of one axis without the first."""
    return x[at(axis, slice(1, None))]


def all_but_last(x: Any, axis: int) -> Any:
    """The elements of one axis without the last."""
    return x[at(axis, slice(None, -1))]


def flipped(x: Any, axis: int) -> Any:
    """The elements of one axis in reverse order."""
    return x[at(axis, slice(None, None, -1))]
