"""Functions that join arrays, split them, and repeat them.

All joining is done by two functions, ``concatenate`` along an axis and ``stack`` along a new one,
all splitting by their transposes, ``split`` and ``unstack``. They are recorded under these names.
"""

from itertools import accumulate, pairwise
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from tensorgrad.derivatives.arguments import at, operand, refuse_out, shape_of
from tensorgrad.derivatives.table import composition, derivative

# ------------------------------------------------------------------------------------ joining


def concatenate(*arrays, axis, stops, **dtype):
    """The arrays one after the other; array i lies between ``stops[i]`` and ``stops[i + 1]``."""
    return np.concatenate(arrays, axis, **dtype)


def stack(*arrays, axis, **dtype):
    """The arrays side by side along a new axis."""
    return np.stack(arrays, axis, **dtype)


def concatenated_piece(i, g, y, *arrays, axis, stops, **dtype):
    """The cotangent of array i in ``concatenate``."""
    return g[at(axis, slice(stops[i], stops[i + 1]))]


def stacked_part(i, g, y, *arrays, axis, **dtype):
    """The cotangent of array i in ``stack``."""
    return g[at(axis % g.ndim, i)]


concatenate = derivative(concatenate, each=concatenated_piece)
stack = derivative(stack, each=stacked_part)


@composition(np.concatenate)
def numpy_concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting: Any = "same_kind"):
    """Join along an axis; None lays all arrays out flat first."""
    refuse_out(out, np.concatenate)
    arrays = [operand(array) for array in arrays]
    if axis is None:
        arrays, axis = [np.ravel(array) for array in arrays], 0
    shapes = [shape_of(array) for array in arrays]
    axis = normalize_axis_index(axis, len(shapes[0]))
    # An array that has no such axis is left to NumPy to complain about.
    lengths = [shape[axis] if axis < len(shape) else 0 for shape in shapes]
    stops = list(accumulate(lengths, initial=0))
    return concatenate(*arrays, axis=axis, stops=stops, **conversion(dtype, casting))


@composition(np.stack)
def numpy_stack(arrays, axis=0, out=None, *, dtype=None, casting: Any = "same_kind"):
    """Join along a new axis."""
    refuse_out(out, np.stack)
    return stack(*map(operand, arrays), axis=axis, **conversion(dtype, casting))


def conversion(dtype, casting):
    """The keywords that say how to convert, if to convert at all."""
    return {} if dtype is None else {"dtype": dtype, "casting": casting}


@composition(np.vstack)
def vstack(tup, *, dtype=None, casting: Any = "same_kind"):
    """Vectors are rows."""
    arrays = [np.atleast_2d(operand(array)) for array in tup]
    return np.concatenate(arrays, 0, dtype=dtype, casting=casting)


@composition(np.hstack)
def hstack(tup, *, dtype=None, casting: Any = "same_kind"):
    """Join along the second axis, vectors along their only one."""
    arrays = [np.atleast_1d(operand(array)) for array in tup]
    axis = 0 if arrays and arrays[0].ndim == 1 else 1
    return np.concatenate(arrays, axis, dtype=dtype, casting=casting)


@composition(np.dstack)
def dstack(tup):
    """Join along the third axis."""
    return np.concatenate([np.atleast_3d(operand(array)) for array in tup], 2)


@composition(np.column_stack)
def column_stack(tup):
    """Vectors are columns."""
    arrays = list(map(operand, tup))
    return np.concatenate([a if np.ndim(a) > 1 else np.reshape(a, (-1, 1)) for a in arrays], 1)


@composition(np.append)
def append(arr, values, axis=None):
    """Join two arrays."""
    return np.concatenate((arr, values), axis)


@composition(np.block)
def block(arrays):
    """Innermost lists are joined along the last axis, those around them along the one before."""
    depth = block_depth(arrays)
    leaves = [arrays]
    for _ in range(depth):
        leaves = [part for nested in leaves for part in nested]
    ndim = max(depth, *map(np.ndim, leaves))

    def joined_block(nested, level):
        if level == depth:
            shape = np.shape(nested)
            return np.reshape(nested, (1,) * (ndim - len(shape)) + shape)
        parts = [joined_block(part, level + 1) for part in nested]
        return np.concatenate(parts, level - depth)

    return joined_block(arrays, 0)


def block_depth(arrays):
    """How deep the lists are nested; an error unless it is the same everywhere."""
    if isinstance(arrays, tuple):
        raise TypeError("np.block takes nested lists, and was given a tuple")
    if not isinstance(arrays, list):
        return 0
    depths = set(map(block_depth, arrays))
    if len(depths) != 1:
        raise ValueError(
            "np.block takes lists that are all nested to the same depth; here, in one list, the "
            f"depths are {sorted(depths) or 'those of an empty list'}"
        )
    return depths.pop() + 1


# ---------------------------------------------------------------------------------- splitting


def split(x, stops, axis):
    """The parts of an array between one stop and the next."""
    return tuple(x[at(axis, slice(start, stop))] for start, stop in pairwise(stops))


def unstack(x, axis):
    """The parts of an array at each index of an axis."""
    return tuple(np.moveaxis(x, axis, 0))


def filled(cotangents, parts):
    """The cotangents of a tuple, with zeros for the parts that nobody used."""
    return [np.zeros_like(p) if g is None else g for g, p in zip(cotangents, parts, strict=True)]


split = derivative(
    split, lambda g, y, x, stops, axis: np.concatenate(filled(g, y), axis), None, None
)
unstack = derivative(unstack, lambda g, y, x, axis: np.stack(filled(g, y), axis), None)


def split_by(array, indices_or_sections, axis, equal):
    """What np.split and np.array_split have in common."""
    shape = shape_of(array)
    axis = normalize_axis_index(axis, len(shape))
    length, where = shape[axis], np.asarray(indices_or_sections)
    if where.ndim == 0:
        stops = list(accumulate(section_lengths(length, index(where.item()), equal), initial=0))
    else:
        stops = [0, *where.tolist(), length]
    if all(0 <= start <= stop for start, stop in pairwise(stops)):
        return list(split(array, stops, axis))
    return [array[at(axis, slice(start, stop))] for start, stop in pairwise(stops)]


def section_lengths(length, count, equal):
    """The lengths of so many sections; the first ones are longer by one where it must be."""
    if count <= 0:
        raise ValueError(f"an array cannot be split into {count} sections")
    if equal and length % count:
        raise ValueError(
            f"np.split of {length} elements into {count} sections is not an equal division; "
            "np.array_split makes some sections longer"
        )
    return [length // count + (i < length % count) for i in range(count)]


@composition(np.split)
def numpy_split(ary, indices_or_sections, axis=0):
    """Split into sections of one length, or at indices."""
    return split_by(operand(ary), indices_or_sections, axis, equal=True)


@composition(np.array_split)
def array_split(ary, indices_or_sections, axis=0):
    """Split into sections of about one length, or at indices."""
    return split_by(operand(ary), indices_or_sections, axis, equal=False)


@composition(np.hsplit)
def hsplit(ary, indices_or_sections):
    """Split along the second axis, a vector along its only one."""
    require_axes(ary, 1, np.hsplit)
    return np.split(ary, indices_or_sections, min(np.ndim(ary) - 1, 1))


@composition(np.vsplit)
def vsplit(ary, indices_or_sections):
    """Split along the first axis."""
    require_axes(ary, 2, np.vsplit)
    return np.split(ary, indices_or_sections, 0)


@composition(np.dsplit)
def dsplit(ary, indices_or_sections):
    """Split along the third axis."""
    require_axes(ary, 3, np.dsplit)
    return np.split(ary, indices_or_sections, 2)


def require_axes(array, count, function):
    """Raise if an array has fewer axes than a function needs."""
    if np.ndim(array) < count:
        raise ValueError(
            f"np.{function.__name__} takes arrays of {count} or more axes, not of shape "
            f"{np.shape(array)}"
        )


if hasattr(np, "unstack"):  # since NumPy 2.1

    @composition(np.unstack)
    def numpy_unstack(x, /, *, axis=0):
        """The transpose of np.stack."""
        require_axes(x, 1, np.unstack)
        return unstack(x, normalize_axis_index(axis, x.ndim))


# ---------------------------------------------------------------------------------- repeating


@composition(np.tile)
def tile(A, reps):
    """Broadcast along new axes before the old ones, and merge the two."""
    A = operand(A)
    shape, reps = list(np.shape(A)), np.atleast_1d(np.asarray(reps)).tolist()
    ndim = max(len(shape), len(reps))
    shape, reps = [1] * (ndim - len(shape)) + shape, [1] * (ndim - len(reps)) + reps
    apart = [n for length in shape for n in (1, length)]
    broadcast = [n for pair in zip(reps, shape, strict=True) for n in pair]
    merged = [times * length for times, length in zip(reps, shape, strict=True)]
    return np.reshape(np.broadcast_to(np.reshape(A, apart), broadcast), merged)


@composition(np.repeat)
def repeat(a, repeats, axis=None):
    """The same number for all elements is a matter of broadcasting, numbers for each of reading."""
    if axis is None:
        a, axis = np.ravel(a), 0
    shape = np.shape(a)
    axis = normalize_axis_index(axis, len(shape))
    repeats = np.asarray(repeats)
    if repeats.size != 1:
        return np.take(a, np.repeat(np.arange(shape[axis]), repeats), axis)
    times = index(repeats.item())
    if times < 0:
        raise ValueError(f"np.repeat: the number of repetitions is negative, {times}")
    before, after = shape[: axis + 1], shape[axis + 1 :]
    spread = np.broadcast_to(np.reshape(a, (*before, 1, *after)), (*before, times, *after))
    return np.reshape(spread, (*before[:-1], before[-1] * times, *after))


@composition(np.resize)
def resize(a, new_shape):
    """Repeat the elements, laid out flat, until there are enough; nothing gives zeros."""
    size = int(np.prod(new_shape))
    if size < 0 or np.min(new_shape, initial=0) < 0:
        raise ValueError(f"np.resize: all lengths must be non-negative, not {new_shape}")
    if a.size == 0:
        return np.broadcast_to(np.sum(a), new_shape)
    return np.reshape(np.tile(np.ravel(a), -(-size // a.size))[:size], new_shape)
