"""Reading elements by index, and its transpose: adding elements up at an index.

An element that is read several times gets the sum of the cotangents. Of the choices that
``np.choose`` and the like make, the index that makes them has no derivative.
"""

import math
from operator import getitem

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tensorgrad.derivatives.arguments import at, operand, refuse_out, shape_of
from tensorgrad.derivatives.table import composition, derivative, plain, refused, register

# ------------------------------------------------------------------------------ index expressions


def add_at(values, like, index):
    """An array of zeros shaped like ``like``, with ``values`` added up at ``index``."""
    total = np.zeros_like(like, dtype=values.dtype, order="C")
    if never_repeats(index):
        total[index] = values
    elif type(total) is not np.ndarray or not add_up_flat(total, index, values):
        np.add.at(total, index, values)
    return total


add_at = derivative(add_at, lambda g, y, values, like, index: g[index], None, None)


def getitem_back(g, y, x, index):
    """The cotangent of x in x[index]."""
    if only_adds_axes(index):
        return g.reshape(x.shape)
    return add_at(g, np.empty_like(x), index)


register(getitem, getitem_back, None)


def only_adds_axes(index):
    """Whether an index is like ``[:, None]`` or ``[None, ...]``."""
    return all(
        part is None or part is ... or (isinstance(part, slice) and part == slice(None))
        for part in (index if isinstance(index, tuple) else (index,))
    )


def never_repeats(index):
    """Whether it can be seen that an index reads no element twice."""
    return all(
        part is None
        or part is ...
        or isinstance(part, slice | int | np.integer)
        or getattr(getattr(part, "dtype", None), "kind", None) == "b"
        for part in (index if isinstance(index, tuple) else (index,))
    )


def add_up_flat(total, index, values):
    """Add values up in an array seen as a vector, for which NumPy is many times faster.

    False, and nothing done, where it would cost more to find the places than it saves.
    """
    parts = index if isinstance(index, tuple) else (index,)
    size, shape = total.size, total.shape
    if values.size and all(map(is_integers, parts)):
        rows = np.ravel_multi_index(
            [np.asarray(part).astype(np.intp) for part in parts], shape[: len(parts)], mode="wrap"
        )
        row = math.prod(shape[len(parts) :])
        places = rows if row == 1 else np.expand_dims(rows * row, -1) + np.arange(row)
    elif size <= 16 * values.size:
        places = np.arange(size).reshape(shape)[index]
    else:
        return False
    np.add.at(total.reshape(-1), places.reshape(-1), values.reshape(-1))
    return True


def is_integers(part):
    """Whether a part of an index is an integer, or an array or a list of integers."""
    if part is None or part is ... or isinstance(part, slice):
        return False
    return np.asarray(part).dtype.kind in "iu"


def set_at(x, index, values):
    """A copy of an array in which other values stand at an index.

    What ``x[index] = values`` does in place, as a function; gradients flow into both arrays.

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.
    index : index
        Whatever may stand in ``x[index]``.
    values : array_like or Tensor
        Broadcast to the shape of ``x[index]``, and cast to the dtype of ``x``. Where the index
        repeats an element, the last value stays.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``.

    Raises
    ------
    IndexError
        If the index does not fit ``x``.
    ValueError
        If the values do not fit the index.

    Examples
    --------
    >>> set_at(np.array([1.0, 2.0, 3.0]), slice(1, None), 0.0)
    array([1., 0., 0.])
    """
    result = np.copy(x)
    result[index] = values
    return result


def last_set(g, y, x, index, values):
    """The cotangent of the values in set_at; none for a value that a later one replaced."""
    read = g[index]
    if never_repeats(index):
        return read
    number = np.cumsum(np.ones_like(read, dtype=np.intp)).reshape(read.shape)
    last = np.zeros_like(g, dtype=np.intp)
    last[index] = number
    return np.where(last[index] == number, read, 0)


set_at = derivative(set_at, lambda g, y, x, index, values: set_at(g, index, 0), None, last_set)

# --------------------------------------------------------------------------- reading by functions


def take(a, indices, axis, mode):
    """``np.take`` along an axis counted from the front."""
    return np.take(a, indices, axis) if mode == "raise" else np.take(a, indices, axis, mode=mode)


def within(indices, length, mode):
    """Indices as the modes of np.take and np.choose understand them."""
    if mode == "wrap":
        return np.remainder(indices, length)
    return np.clip(indices, 0, length - 1) if mode == "clip" else indices


take = derivative(
    take,
    lambda g, y, a, indices, axis, mode: add_at(
        g, np.empty_like(a), at(axis, within(indices, a.shape[axis], mode))
    ),
    *(None, None, None),
)


@composition(np.take)
def numpy_take(a, indices, axis=None, out=None, mode="raise"):
    """None for the axis takes from the elements laid out flat."""
    refuse_out(out, np.take)
    a = operand(a) if axis is not None else np.ravel(a)
    if isinstance(indices, list | tuple):
        indices = operand(indices) if indices else np.empty(0, np.intp)
    return take(a, indices, normalize_axis_index(axis or 0, len(shape_of(a))), mode)


def take_along_axis_back(g, y, arr, indices, axis=-1):
    """The cotangent of the array in np.take_along_axis."""
    if axis is None:
        return add_at(g, np.empty_like(arr).reshape(-1), indices).reshape(arr.shape)
    index = list(np.ogrid[tuple(map(slice, arr.shape))])
    index[axis] = indices
    return add_at(g, np.empty_like(arr), tuple(index))


derivative(np.take_along_axis, take_along_axis_back)


@composition(np.compress)
def compress(condition, a, axis=None, out=None):
    """Take where a vector of conditions holds."""
    refuse_out(out, np.compress)
    if np.ndim(condition) != 1:
        raise ValueError(
            f"np.compress takes a vector of conditions, not one of shape {np.shape(condition)}"
        )
    return np.take(a, np.flatnonzero(condition), axis)


@composition(np.extract)
def extract(condition, arr):
    """Take where a condition holds, of the elements laid out flat."""
    return np.take(arr, np.flatnonzero(condition))


def choose(a, *choices, mode):
    """``np.choose`` with its choices spread out."""
    return np.choose(a, choices) if mode == "raise" else np.choose(a, choices, mode=mode)


choose = derivative(
    choose,
    each=lambda i, g, y, a, *choices, mode: np.where(within(a, len(choices), mode) == i - 1, g, 0),
)


@composition(np.choose)
def numpy_choose(a, choices, out=None, mode="raise"):
    """The choices are a list of arrays, or an array along its first axis."""
    refuse_out(out, np.choose)
    return choose(operand(a), *map(operand, choices), mode=mode)


@composition(np.delete)
def delete(arr, obj, axis=None):
    """NumPy says which indices are left."""
    arr = operand(arr) if axis is not None else np.ravel(arr)
    axis = normalize_axis_index(axis or 0, np.ndim(arr))
    return np.take(arr, np.delete(np.arange(np.shape(arr)[axis]), plain_index(obj)), axis)


@composition(np.insert)
def insert(arr, obj, values, axis=None):
    """Join the array and the values, and read in the order that NumPy says."""
    arr, obj = operand(arr) if axis is not None else np.ravel(arr), plain_index(obj)
    axis = normalize_axis_index(axis or 0, np.ndim(arr))
    length = np.shape(arr)[axis]
    if isinstance(values, int | float):
        values = np.full_like(arr, values, shape=())
    values = operand(values)
    values = np.reshape(values, (1,) * (np.ndim(arr) - np.ndim(values)) + np.shape(values))
    count = np.insert(np.arange(length), obj, 0).size - length
    if count == 1:  # any number of values may go there
        if not isinstance(obj, slice) and np.ndim(obj) == 0:
            values = np.moveaxis(values, 0, axis)
        count = values.shape[axis]
    order = np.insert(np.arange(length), obj, np.arange(length, length + count))
    shape = [*arr.shape[:axis], count, *arr.shape[axis + 1 :]]
    values = np.broadcast_to(values.astype(arr.dtype), shape)
    return np.take(np.concatenate([arr, values], axis), order, axis)


def plain_index(index):
    """The same index without tensors, which NumPy would hand back to us."""
    return index if isinstance(index, int | slice | list | tuple) else np.asarray(index)


@composition(np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    """Read the smallest box that holds all elements that are not zero."""
    trim = trim.lower()
    if trim not in ("f", "b", "fb", "bf"):
        raise ValueError(f"np.trim_zeros: trim must be 'f', 'b' or 'fb', not {trim!r}")
    axes = normalize_axis_tuple(range(filt.ndim) if axis is None else axis, filt.ndim)
    index = [slice(None)] * filt.ndim
    places = np.nonzero(filt)
    for axis in axes:
        if not places[axis].size:
            index[axis] = slice(0)
            continue
        start = places[axis].min() if "f" in trim else None
        index[axis] = slice(start, places[axis].max() + 1 if "b" in trim else None)
    return filt[tuple(index)]


# ----------------------------------------------------------------------------- indices themselves

plain(np.nonzero, np.argwhere, np.flatnonzero)
plain(np.unravel_index, np.ravel_multi_index)
plain(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)

refused("it works in place; np.where(mask, values, x) gives a new array", np.putmask, np.place)
refused(
    "it works in place; tg.set_at(x, index, values) gives a new array", np.put, np.put_along_axis
)
refused(
    "it works in place; x.assign(values) overwrites a tensor, np.where and tg.set_at give new ones",
    np.copyto,
)
