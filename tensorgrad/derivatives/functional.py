"""Functions that call a function: on parts of an array, along an axis, one axis after another."""

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.table import composition


@composition(np.piecewise)
def piecewise(x, condlist, funclist, *args, **kw):
    """Each function is called on its own elements alone, laid out flat, as NumPy does."""
    conditions = exclusive(conditions_for(x, condlist), x)
    funclist = [*funclist, 0] if len(funclist) == len(conditions) - 1 else funclist
    if len(funclist) != len(conditions):
        raise ValueError(
            f"np.piecewise with {len(conditions) - 1} conditions takes as many functions, or one "
            f"more for elsewhere; there are {len(funclist)}"
        )
    pieces = []
    for condition, function in zip(conditions, funclist, strict=True):
        elements = x[condition]
        if callable(function):
            function = function(elements, *args, **kw) if elements.size else 0
        pieces.append((np.zeros_like(elements) + function).astype(x.dtype))
    order = np.concatenate([np.flatnonzero(condition) for condition in conditions])
    return np.reshape(np.concatenate(pieces)[np.argsort(order)], x.shape)


def conditions_for(x, condlist):
    """The conditions of np.piecewise as a list; a single one need not be in a list."""
    if isinstance(condlist, list | tuple):
        alone = x.ndim > 0 and np.ndim(condlist[0]) == 0
    else:
        alone = np.ndim(condlist) <= x.ndim
    return [np.logical_and(condition, True) for condition in ([condlist] if alone else condlist)]


def exclusive(conditions, x):
    """Make each element belong to the last condition that holds, and to one more if none does."""
    free = np.ones_like(x, dtype=bool)
    exclusive = []
    for condition in reversed(conditions):
        exclusive.append(np.logical_and(condition, free))
        free = np.logical_and(free, np.logical_not(condition))
    return [*reversed(exclusive), free]


@composition(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """Call it on every vector, and put the axes of what it returns where the axis was."""
    arr = operand(arr)
    axis = normalize_axis_index(axis, arr.ndim)
    vectors = np.moveaxis(arr, axis, -1)
    around = vectors.shape[:-1]
    if 0 in around:
        raise ValueError(
            f"np.apply_along_axis finds no vector along axis {axis} of an array of shape "
            f"{arr.shape} to call {func1d!r} on"
        )
    results = np.stack([func1d(vectors[i], *args, **kwargs) for i in np.ndindex(around)])
    results = np.reshape(results, around + results.shape[1:])
    new = range(len(around), results.ndim)
    return np.transpose(results, [*range(axis), *new, *range(axis, len(around))])


@composition(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    """Call it with one axis after another; an axis that it drops comes back with length one."""
    value = operand(a)
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        axis = normalize_axis_index(axis, value.ndim)
        result = func(value, axis)
        if result.ndim == value.ndim - 1:
            result = np.expand_dims(result, axis)
        if result.ndim != value.ndim:
            raise ValueError(
                f"np.apply_over_axes called {func!r} on an array of {value.ndim} axes, and got "
                f"one of {result.ndim}"
            )
        value = result
    return value
