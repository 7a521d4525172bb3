"""np.pad: one axis after the other, a matter of joining something before and after.

The modes that copy elements (edge, reflect, symmetric, wrap) read them by index. The statistics
have the derivatives of np.max, np.min, np.mean and np.median. Mode "empty" and functions, which
fill in place, are refused.
"""

from typing import Any

import numpy as np

from tensorgrad.derivatives.arguments import at, operand
from tensorgrad.derivatives.table import composition, derivative


@composition(np.pad)
def numpy_pad(array, pad_width, mode: Any = "constant", **kwargs):
    """Pad the axes one after the other; what is padded along one is there for the next."""
    option: Any = operand(kwargs.get(option_of(mode, kwargs)))
    widths = pairs_of_widths(pad_width, array.ndim)
    if not array.ndim:
        return np.copy(array)
    if array.dtype.kind != "f":
        return np.pad(array.data, widths, mode, **kwargs)
    plain = isinstance(option, int | float | str | np.generic | np.ndarray | None)
    if plain:  # Python numbers leave the dtype alone, and mix with arrays of any library
        option = np.asarray(option).tolist()
    if mode == "constant" and plain:
        return pad(array, widths, 0 if option is None else option)
    # One for all, or one for each side, or one for each side of each axis.
    options = np.broadcast_to(option, (array.ndim, 2))
    options = options.tolist() if plain else options
    for axis, width in enumerate(widths):
        if any(width):
            if not array.shape[axis] and mode != "constant":
                raise ValueError(f"np.pad with mode {mode!r} cannot extend the empty axis {axis}")
            array = extended(array, axis, width, mode, options[axis])
    return array


def pad(x, widths, value):
    """Pad with a constant."""
    return np.pad(x, widths, constant_values=value)


def pad_back(g, y, x, widths, value):
    """The cotangent of the array in ``pad``."""
    return g[tuple(slice(w, w + n) for (w, _), n in zip(widths, x.shape, strict=True))]


pad = derivative(pad, pad_back)


def extended(x, axis, widths, mode, options):
    """Pad along one axis."""
    if mode in COPIES and options[0] != "odd":
        return np.take(x, np.pad(np.arange(x.shape[axis]), widths, mode), axis)
    beyond, _ = MODES[mode]
    (before, after), (option_before, option_after) = widths, options
    parts = [x]
    if before:
        part = beyond(np.flip(x, axis), axis, before, option_before)
        parts.insert(0, np.flip(part, axis))
    if after:
        parts.append(beyond(x, axis, after, option_after))
    return np.concatenate(parts, axis)


# ------------------------------------------------------------- what follows the end of an axis


def constant(x, axis, width, value):
    """A constant that has a derivative itself."""
    return np.broadcast_to(value.astype(x.dtype), resized(x, axis, width))


def linear_ramp(x, axis, width, end):
    """Even steps from the last element to a value, or to zero."""
    edge = x[at(axis, slice(-1, None))]
    steps = np.ones_like(x, shape=[width if i == axis else 1 for i in range(x.ndim)])
    end = 0 if end is None else end
    return edge + (end - edge) * (np.cumsum(steps, axis) / width)


def statistic(function):
    """A statistic of the last elements, or of all."""

    def beyond(x, axis, width, length):
        first = 0 if length is None else max(x.shape[axis] - length, 0)
        value = function(x[at(axis, slice(first, None))], axis, keepdims=True)
        return np.broadcast_to(value, resized(x, axis, width))

    return beyond


def odd_reflection(repeat_edge):
    """The elements turned around the last one, as a point; turned again as often as needed."""

    def beyond(x, axis, width, odd):
        block, parts = x, []
        first = 0 if repeat_edge or x.shape[axis] == 1 else 1
        while width:
            block = 2 * block[at(axis, slice(-1, None))] - np.flip(block, axis)
            parts.append(block[at(axis, slice(first, first + width))])
            width -= parts[-1].shape[axis]
        return np.concatenate(parts, axis)

    return beyond


def resized(x, axis, length):
    """The shape of an array, of another length along an axis."""
    return (*x.shape[:axis], length, *x.shape[axis + 1 :])


# ---------------------------------------------------------------------------- modes and arguments

COPIES = ("edge", "reflect", "symmetric", "wrap")
MODES = {
    "constant": (constant, "constant_values"),
    "edge": (None, None),
    "linear_ramp": (linear_ramp, "end_values"),
    "maximum": (statistic(np.max), "stat_length"),
    "mean": (statistic(np.mean), "stat_length"),
    "median": (statistic(np.median), "stat_length"),
    "minimum": (statistic(np.min), "stat_length"),
    "reflect": (odd_reflection(repeat_edge=False), "reflect_type"),
    "symmetric": (odd_reflection(repeat_edge=True), "reflect_type"),
    "wrap": (None, None),
}


def option_of(mode, kwargs):
    """The name of the one keyword that goes with a mode."""
    if callable(mode) or mode == "empty":
        raise TypeError(
            f"np.pad of a tensor does not take mode {mode!r}, which leaves values undefined or "
            "writes them in place; pad with a constant, or join arrays with np.concatenate"
        )
    if mode not in MODES:
        raise ValueError(f"np.pad: mode must be one of {', '.join(MODES)}, not {mode!r}")
    _, option = MODES[mode]
    if unknown := set(kwargs) - {option}:
        raise ValueError(f"np.pad with mode {mode!r} does not take {', '.join(unknown)}")
    return option


def pairs_of_widths(pad_width, ndim):
    """How many elements to add before and after, for each axis."""
    if isinstance(pad_width, dict):
        given = {axis % ndim: width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(axis, 0), 2) for axis in range(ndim)]
    widths = np.broadcast_to(np.asarray(pad_width), (ndim, 2))
    if widths.dtype.kind not in "iu":
        raise TypeError(f"np.pad: pad_width must hold integers, not {pad_width!r}")
    if widths.min(initial=0) < 0:
        raise ValueError(f"np.pad: pad_width must not be negative, and is {pad_width!r}")
    return list(map(tuple, widths.tolist()))
