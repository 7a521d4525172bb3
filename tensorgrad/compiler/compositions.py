"""NumPy functions written with those for which there is machine code.

Each takes the arguments of the function that it stands for, and raises NotImplementedError at ones
that it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from tensorgrad.class_labels import (
    FEW_CLASSES,
    logits_at_labels,
    masked_logits,
    masked_rows,
    one_hot_rows,
)

COMPOSITIONS: dict[Any, Callable[..., Any]] = {}
"""By the function that one stands for."""

METHODS: dict[str, Any] = {
    name: getattr(np, name) for name in ("var", "std", "take", "trace", "argmax", "argmin")
}
"""Methods of arrays, by name."""


def _stands_for(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(body: Callable[..., Any]) -> Callable[..., Any]:
        COMPOSITIONS.update(dict.fromkeys(functions, body))
        return body

    return register


def _whole_axes(count: int) -> tuple[slice, ...]:
    return (slice(None),) * count


def _require(condition: bool) -> None:
    if not condition:
        raise NotImplementedError


# ---------------------------------------------------------------------------------- statistics


@_stands_for(np.var)
def _var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
) -> Any:
    _require(a.dtype.kind == "f" and a.size > 0 and dtype is None and out is None)
    deviations = a - np.mean(a, axis=axis, keepdims=True)
    total = np.sum(deviations * deviations, axis=axis, keepdims=keepdims)
    return total / max(a.size // max(total.size, 1) - ddof, 0)


@_stands_for(np.std)
@wraps(_var)  # whose arguments it takes
def _std(*args: Any, **kwargs: Any) -> Any:
    return np.sqrt(_var(*args, **kwargs))


@_stands_for(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


@_stands_for(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    if ord is None or (ord == "fro" and len(axes) == 2):
        return _vector_norm(x, axis=axes, keepdims=keepdims)
    _require(len(axes) == 1)  # of matrices, others are no sums of powers
    return _vector_norm(x, axis=axes, keepdims=keepdims, ord=ord)


@_stands_for(np.linalg.vector_norm)
def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    _require(x.dtype.kind == "f" and isinstance(ord, int | float))
    sizes = np.abs(x)
    if abs(ord) == math.inf:
        largest = np.max if ord > 0 else np.min
        return largest(sizes, axis=axis, keepdims=keepdims)
    if ord == 2:
        return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))
    if ord == 0:
        return np.sum((x != 0).astype(x.dtype), axis=axis, keepdims=keepdims)
    return np.sum(sizes**ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _place_of(extreme: Callable[..., Any]) -> Callable[..., Any]:
    def place(a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        _require(out is None)
        if axis is None or not a.ndim:  # NumPy takes a number for a vector of one
            shape = (1,) * a.ndim if keepdims else ()
            return place(np.ravel(a), 0).reshape(shape)
        length = a.shape[axis]
        narrow = np.int32 if length < 2**31 else np.intp  # as many in a vector as there are floats
        along = [1] * a.ndim
        along[axis] = length
        places = np.arange(length, dtype=narrow).reshape(along)
        is_there = a == extreme(a, axis=axis, keepdims=True)
        if a.dtype.kind == "f":  # the extreme is NaN if there is one, and the first is its place
            is_there |= a != a
        found = np.where(is_there, places, narrow(length))
        return np.min(found, axis=axis, keepdims=keepdims).astype(np.intp)

    return place


COMPOSITIONS[np.argmax], COMPOSITIONS[np.argmin] = _place_of(np.max), _place_of(np.min)


# --------------------------------------------------------------------------------- elementwise


@_stands_for(np.deg2rad, np.radians)
def _radians(x: Any) -> Any:
    return x * (math.pi / 180)


@_stands_for(np.rad2deg, np.degrees)
def _degrees(x: Any) -> Any:
    return x * (180 / math.pi)


@_stands_for(np.heaviside)
def _heaviside(x1: Any, x2: Any) -> Any:
    _require(hasattr(x1, "dtype") and x1.dtype.kind == "f")
    zero, one = np.zeros((), x1.dtype), np.ones((), x1.dtype)
    return np.where(np.isnan(x1), x1, np.where(x1 == 0, x2, np.where(x1 > 0, one, zero)))


@_stands_for(np.sinc)
def _sinc(x: Any) -> Any:
    angle = math.pi * np.where(x == 0, 1e-20, x)
    return np.sin(angle) / angle


# ------------------------------------------------------------------------------------ products


@_stands_for(np.outer, np.linalg.outer)
def _outer(a: Any, b: Any) -> Any:
    return np.ravel(a)[:, np.newaxis] * np.ravel(b)


@_stands_for(np.tensordot, np.linalg.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        of_a, of_b = range(a.ndim - axes, a.ndim), range(axes)
    else:
        of_a, of_b = (np.atleast_1d(one).tolist() for one in axes)
    of_a, of_b = ([axis % x.ndim for axis in one] for x, one in ((a, of_a), (b, of_b)))
    rest_of_a, rest_of_b = (
        [axis for axis in range(x.ndim) if axis not in one] for x, one in ((a, of_a), (b, of_b))
    )
    terms = math.prod(a.shape[axis] for axis in of_a)
    shape = [a.shape[axis] for axis in rest_of_a] + [b.shape[axis] for axis in rest_of_b]
    rows = math.prod(a.shape[axis] for axis in rest_of_a)
    left = np.transpose(a, (*rest_of_a, *of_a)).reshape(rows, terms)
    right = np.transpose(b, (*of_b, *rest_of_b))
    right = right.reshape(terms, math.prod(b.shape[axis] for axis in rest_of_b))
    return np.matmul(left, right).reshape(tuple(shape))


@_stands_for(np.vecdot, np.linalg.vecdot)
def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return np.sum(np.moveaxis(x1, axis, -1) * np.moveaxis(x2, axis, -1), axis=-1)


@_stands_for(np.matvec)
def _matvec(x1: Any, x2: Any) -> Any:
    return np.squeeze(np.matmul(x1, x2[..., np.newaxis]), -1)


@_stands_for(np.vecmat)
def _vecmat(x1: Any, x2: Any) -> Any:
    return np.squeeze(np.matmul(x1[..., np.newaxis, :], x2), -2)


COMPOSITIONS[np.linalg.matmul] = np.matmul


# -------------------------------------------------------------------------------- class labels


@_stands_for(logits_at_labels)
def _logits_at_labels(logits: Any, labels: Any) -> Any:
    """0 for a label out of range, which ``masked_rows`` takes for no class too."""
    n, classes = logits.shape
    if classes <= FEW_CLASSES:
        return masked_logits(logits, labels)
    is_class = (labels >= 0) & (labels < classes)
    found = logits[np.arange(n), np.where(is_class, labels, 0)]
    return np.where(is_class, found, 0)


COMPOSITIONS[one_hot_rows] = masked_rows


# ----------------------------------------------------------------------------- places and axes


@_stands_for(np.stack)
def _stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    return np.concatenate([np.expand_dims(array, axis) for array in arrays], axis=axis)


@_stands_for(np.vstack)
def _vstack(arrays: Sequence[Any]) -> Any:
    return np.concatenate([np.atleast_2d(array) for array in arrays])


@_stands_for(np.hstack)
def _hstack(arrays: Sequence[Any]) -> Any:
    arrays = [np.atleast_1d(array) for array in arrays]
    return np.concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


@_stands_for(np.take)
def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.ravel(a)[indices]
    return a[(*_whole_axes(axis % a.ndim), indices)]


@_stands_for(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return np.ravel(arr)[indices]
    axis = int(axis % arr.ndim)
    same = [n for i, n in enumerate(arr.shape) if i != axis]
    _require([n for i, n in enumerate(indices.shape) if i != axis] == same)
    places: Any = [
        np.arange(n).reshape((-1,) + (1,) * (arr.ndim - 1 - i)) for i, n in enumerate(arr.shape)
    ]
    places[axis] = indices
    return arr[tuple(places)]


@_stands_for(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    _require(a.dtype.kind == "f")
    pieces = [piece for piece in (prepend, a, append) if piece is not None]
    if len(pieces) > 1:
        shape = (*a.shape[: axis % a.ndim], 1, *a.shape[axis % a.ndim + 1 :])
        pieces = [np.broadcast_to(p, shape) if np.ndim(p) == 0 else p for p in pieces]
        a = np.concatenate(pieces, axis=axis)
    a = np.moveaxis(a, axis, -1)
    for _ in range(n):
        a = a[..., 1:] - a[..., :-1]
    return np.moveaxis(a, -1, axis)


@_stands_for(np.roll)
def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return _roll(np.ravel(a), shift, 0).reshape(a.shape)
    pairs = np.stack(np.broadcast_arrays(np.atleast_1d(shift), axis), axis=1)
    for by, along in pairs.tolist():
        length = a.shape[along]
        start = -by % length if length else 0
        whole = _whole_axes(along % a.ndim)
        a = np.concatenate([a[(*whole, slice(start, None))], a[(*whole, slice(start))]], axis=along)
    return a


@_stands_for(np.diag)
def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return np.diagonal(v, k)
    size, right, down = v.shape[0] + abs(k), max(k, 0), max(-k, 0)
    in_each_row = np.concatenate([np.zeros(right, v.dtype), v, np.zeros(down, v.dtype)])
    return np.where(np.eye(size, k=k, dtype=bool), in_each_row, np.zeros((), v.dtype))


@_stands_for(np.tril)
def _tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k, dtype=bool), m, np.zeros((), m.dtype))


@_stands_for(np.triu)
def _triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k - 1, dtype=bool), np.zeros((), m.dtype), m)


@_stands_for(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    reps = tuple(np.atleast_1d(reps).tolist())
    ndim = max(len(reps), A.ndim)
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - A.ndim) + A.shape
    apart = A.reshape(tuple(n for length in shape for n in (1, length)))
    wide = np.broadcast_to(
        apart, tuple(n for rep, length in zip(reps, shape, strict=True) for n in (rep, length))
    )
    return wide.reshape(tuple(rep * length for rep, length in zip(reps, shape, strict=True)))


@_stands_for(np.repeat)
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    _require(isinstance(repeats, int))
    if axis is None:
        return _repeat(np.ravel(a), repeats, 0)
    axis = int(axis % a.ndim)
    before, after = a.shape[:axis], a.shape[axis + 1 :]
    wide = np.broadcast_to(np.expand_dims(a, axis + 1), (*before, a.shape[axis], repeats, *after))
    return wide.reshape((*before, a.shape[axis] * repeats, *after))
