"""Sliding windows, and their transpose: adding up what overlaps.

With these a convolution is a product of the windows with the kernel, and so is its gradient.
"""

import math
from itertools import product

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from tensorgrad.derivatives.table import composition, derivative, refused
from tensorgrad.mode import mode


def windows(x, lengths, axes):
    """Windows of these lengths along these axes; their elements stand along new last axes."""
    return sliding_window_view(x, lengths, axes)


def overlap_added(values, axes):
    """Put the elements of windows back where ``windows`` read them, and add up what meets."""
    if mode.get().capturing and type(values) is not np.ndarray:
        # One step of the program: written down as many, each would copy the whole sum.
        return values.__array_function__(added_up, (type(values),), (values, axes), {})
    return added_up(values, axes)


def added_up(values, axes):
    """``overlap_added`` of arrays.

    Whole arrays are added, one for each element of a window, or for each position of a window if
    there are fewer of those.
    """
    outer, lengths = values.shape[: -len(axes)], values.shape[-len(axes) :]
    positions = [outer[axis] for axis in axes]
    shape = list(outer)
    for axis, position, length in zip(axes, positions, lengths, strict=True):
        shape[axis] = position + length - 1
    total = np.zeros_like(values, shape=shape)
    everything = [slice(None)] * len(outer)
    if math.prod(lengths) <= math.prod(positions):
        for element in product(*map(range, lengths)):
            place = replaced(everything, axes, map(stretch, element, positions))
            total[place] += values[(..., *element)]
    else:
        for position in product(*map(range, positions)):
            window = values[replaced(everything, axes, position)]
            place = replaced(everything, axes, map(stretch, position, lengths))
            total[place] += np.moveaxis(window, range(-len(axes), 0), axes)
    return total


def stretch(start, length):
    """The slice of this length."""
    return slice(start, start + length)


def replaced(index, axes, parts):
    """An index with other parts at some axes."""
    parts = dict(zip(axes, parts, strict=True))
    return tuple(parts.get(axis, part) for axis, part in enumerate(index))


windows = derivative(windows, lambda g, y, x, lengths, axes: overlap_added(g, axes))
overlap_added = derivative(
    overlap_added,
    lambda g, y, values, axes: windows(g, values.shape[-len(axes) :], axes),
)


@composition(sliding_window_view)
def sliding_windows(x, window_shape, axis=None, *, subok=False, writeable=False):
    """Windows; an axis that is named twice is windowed twice."""
    if writeable:
        raise TypeError("sliding_window_view of a tensor cannot be writeable")
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, "axis", True)
    if len(lengths) != len(axes):
        raise ValueError(
            f"sliding_window_view got {len(lengths)} window lengths for {len(axes)} axes"
        )
    while axes:
        distinct = next((i for i, axis in enumerate(axes) if axis in axes[:i]), len(axes))
        x = windows(x, lengths[:distinct], axes[:distinct])
        lengths, axes = lengths[distinct:], axes[distinct:]
    return x


refused(
    "it makes a view of memory, in which elements may overlap in any way; "
    "np.lib.stride_tricks.sliding_window_view, np.broadcast_to and indexing can be differentiated",
    as_strided,
)
