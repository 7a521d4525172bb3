"""Sliding windows, and their transpose: adding up what overlaps.

With these a convolution is a product of the windows with the kernel, and so is its gradient.
"""

import math
from itertools import product
from operator import mul

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from tensorgrad.derivatives.table import composition, derivative, refused
from tensorgrad.mode import mode


def windows(x, lengths, axes, strides=None, dilations=None):
    """Windows of these lengths along these axes; their elements stand along new last axes.

    ``strides`` tell how far it is from one window to the next, ``dilations`` from one element of a
    window to the next.
    """
    if strides is None and dilations is None:
        return sliding_window_view(x, lengths, axes)
    strides, dilations = strides or [1] * len(axes), dilations or [1] * len(axes)
    extents = tuple(d * (length - 1) + 1 for d, length in zip(dilations, lengths, strict=True))
    index = replaced([slice(None)] * x.ndim, axes, [slice(None, None, step) for step in strides])
    return sliding_window_view(x, extents, axes)[
        (*index, *[slice(None, None, step) for step in dilations])
    ]


def overlap_added(values, sizes, axes, strides=None, dilations=None):
    """Put the elements of windows back where ``windows`` read them, and add up what meets.

    The axes get these sizes.
    """
    if mode.get().capturing and type(values) is not np.ndarray:
        # One step of the program: written down as many, each would copy the whole sum.
        args = (values, sizes, axes, strides, dilations)
        return values.__array_function__(added_up, (type(values),), args, {})
    return added_up(values, sizes, axes, strides, dilations)


def added_up(values, sizes, axes, strides=None, dilations=None):
    """``overlap_added`` of arrays.

    Whole arrays are added, one for each element of a window, or for each position of a window if
    there are fewer of those.
    """
    outer, lengths = values.shape[: -len(axes)], values.shape[-len(axes) :]
    positions = [outer[axis] for axis in axes]
    strides, dilations = strides or [1] * len(axes), dilations or [1] * len(axes)
    shape = list(outer)
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    total = np.zeros_like(values, shape=shape)
    everything = [slice(None)] * len(outer)
    if math.prod(lengths) <= math.prod(positions):
        for element in product(*map(range, lengths)):
            starts = map(mul, element, dilations)
            place = replaced(everything, axes, map(stretch, starts, positions, strides))
            total[place] += values[(..., *element)]
    else:
        for position in product(*map(range, positions)):
            starts = map(mul, position, strides)
            place = replaced(everything, axes, map(stretch, starts, lengths, dilations))
            window = values[replaced(everything, axes, position)]
            total[place] += np.moveaxis(window, range(-len(axes), 0), axes)
    return total


def stretch(start, length, step):
    """The slice of this length."""
    return slice(start, start + step * (length - 1) + 1, step)


def replaced(index, axes, parts):
    """An index with other parts at some axes."""
    parts = dict(zip(axes, parts, strict=True))
    return tuple(parts.get(axis, part) for axis, part in enumerate(index))


windows = derivative(
    windows,
    lambda g, y, x, lengths, axes, *steps: overlap_added(
        g, tuple(x.shape[axis] for axis in axes), axes, *steps
    ),
)
overlap_added = derivative(
    overlap_added,
    lambda g, y, values, sizes, axes, *steps: windows(g, values.shape[-len(axes) :], axes, *steps),
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
