"""What reads and writes at positions: indices, concatenation, padding."""

from __future__ import annotations

from operator import getitem
from types import EllipsisType
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad.compiler.program import Kind, Ref, refs_in
from tensorgrad.compiler.scalar_code import Unsupported
from tensorgrad.compiler.views import Gather, Operand, View, broadcast_view, everywhere, whole_value
from tensorgrad.derivatives.windows import windows

if TYPE_CHECKING:
    from tensorgrad.compiler.lowering import Lowering


def read_at(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``array[index]``."""
    source, parts = lowering.operand(args[0]), _parts(args[1])
    if not any(map(_is_array, parts)):
        return lowering.reshaped(getitem, (source, parts), {})
    gather, order = _gather(lowering, source, parts)
    if order == sorted(order):
        return lowering.elementwise(None, [gather], kind, result)
    found = lowering.elementwise(None, [gather], Kind(gather.shape, kind.dtype))
    return lowering.reshaped(np.transpose, (found, order), {})


def add_at(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``np.add.at``, of a copy."""
    ufunc, array, index, values = args
    if ufunc is not np.add:
        raise Unsupported("with another ufunc than np.add")
    return _changed_at(lowering, array, index, values, result, kind, np.add)


def write_at(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``array[index] = values``, of a copy."""
    array, index, values = args
    return _changed_at(lowering, array, index, values, result, kind, None)


def _changed_at(
    lowering: Lowering, array: Any, index: Any, values: Any, result: int, kind: Kind, function: Any
) -> View:
    whole = whole_value(result, kind)
    if not kind.shape:
        raise Unsupported("of a scalar")
    parts, source = _parts(index), lowering.operand(values)
    place: Operand
    if any(map(_is_array, parts)):
        place, order = _gather(lowering, whole, parts)
        source = broadcast_view(source, tuple(place.shape[axis] for axis in order))
        source = _transposed(source, [order.index(axis) for axis in range(len(order))])
    else:
        place = lowering.reshaped(getitem, (whole, parts), {})
        source = broadcast_view(source, place.shape)
    start = broadcast_view(lowering.operand(array), kind.shape)
    return lowering.assembly(result, kind, [(whole, start), (place, source)], function)


def _parts(index: Any) -> tuple[Any, ...]:
    """The index for each axis; with an ellipsis among them, a single element is a view as well."""
    parts = index if type(index) is tuple else (index,)
    return parts if any(part is ... for part in parts) else (*parts, ...)


def _is_array(part: Any) -> bool:
    return isinstance(part, Ref | list)


def _gather(lowering: Lowering, source: View, parts: tuple[Any, ...]) -> tuple[Gather, list[int]]:
    """What stands at positions, and the order of its axes in what NumPy makes of it.

    Axes of the positions come first in a gather, and then those that slices leave. NumPy puts the
    former where the first position stands, unless something stands between the positions, be it an
    ellipsis for no axis at all.
    """
    if source.base is None:
        raise Unsupported("with these arguments")
    given = [i for i, part in enumerate(parts) if not isinstance(part, slice | None | EllipsisType)]
    together = given[-1] - given[0] == len(given) - 1
    parts = _without_ellipsis(parts, len(source.shape))
    at = [i for i, part in enumerate(parts) if not isinstance(part, slice | None)]
    sliced = tuple(slice(None) if i in at else part for i, part in enumerate(parts))
    view = lowering.reshaped(getitem, (source, sliced), {})
    others = [axis for axis in range(len(view.shape)) if axis not in at]
    view = _transposed(view, [*at, *others])
    indices = [_position(lowering, parts[i]) for i in at]
    common = np.broadcast_shapes(*(index.shape for index in indices))
    shape = (*common, *view.shape[len(at) :])
    along = [broadcast_view(index, common) for index in indices]
    along = [
        index._replace(shape=shape, strides=(*index.strides, *(0,) * len(others)))
        for index in along
    ]
    first = at[0] if together else 0
    axes, rest = list(range(len(common))), list(range(len(common), len(shape)))
    return Gather(view, tuple(along), shape), [*rest[:first], *axes, *rest[first:]]


def _without_ellipsis(parts: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """The index with a slice for each axis that the ellipsis stands for."""
    (dots,) = (i for i, part in enumerate(parts) if part is ...)
    taken = sum(part is not None for part in parts) - 1
    return (*parts[:dots], *(slice(None),) * (ndim - taken), *parts[dots + 1 :])


def _position(lowering: Lowering, part: Any) -> View:
    if isinstance(part, bool):
        raise Unsupported("a truth value in an index")
    index = lowering.operand(np.asarray(part) if isinstance(part, list) else part)
    if index.dtype is not int and np.dtype(index.dtype).kind not in "iu":
        raise Unsupported(f"an index of dtype {index.dtype}")
    return index


def _transposed(view: View, axes: list[int]) -> View:
    return view._replace(
        shape=tuple(view.shape[axis] for axis in axes),
        strides=tuple(view.strides[axis] for axis in axes),
    )


def concatenate(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``np.concatenate``."""
    axis = args[1] if len(args) > 1 else kwargs.get("axis", 0)
    if set(kwargs) - {"axis"} or axis is None:
        raise Unsupported("with these arguments")
    parts = [lowering.operand(part) for part in args[0]]
    whole, start, pieces = whole_value(result, kind), 0, []
    axis %= len(kind.shape)
    for part in parts:
        stop = start + part.shape[axis]
        index = (slice(None),) * axis + (slice(start, stop),)
        pieces.append((lowering.reshaped(getitem, (whole, index), {}), part))
        start = stop
    return lowering.assembly(result, kind, pieces)


def pad(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``np.pad`` with a constant."""
    array, widths, *mode = args
    mode = mode[0] if mode else kwargs.get("mode", "constant")
    value = kwargs.get("constant_values", 0)
    known = mode == "constant" and np.ndim(value) == 0 and not list(refs_in((widths, value)))
    if not known or set(kwargs) - {"mode", "constant_values"}:
        raise Unsupported("with these arguments")
    source = lowering.operand(array)
    pairs = np.broadcast_to(np.asarray(widths), (len(source.shape), 2))
    whole = whole_value(result, kind)
    offset = sum(
        int(before) * stride for (before, _), stride in zip(pairs, whole.strides, strict=True)
    )
    inside = whole._replace(shape=source.shape, offset=offset)
    fill = everywhere(kind.dtype.type(value).item())._replace(
        shape=kind.shape, strides=(0,) * len(kind.shape)
    )
    return lowering.assembly(result, kind, [(whole, fill), (inside, source)])


def overlap_add(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """The sum of windows where they overlap, one element of all windows after the other."""
    values, _, axes, *steps = args
    source, whole = lowering.operand(values), whole_value(result, kind)
    lengths = source.shape[-len(axes) :]
    place = lowering.reshaped(windows, (whole, lengths, axes, *steps), {})
    elements_first = (range(-len(axes), 0), range(len(axes)))
    zeros = broadcast_view(everywhere(kind.dtype.type(0).item()), kind.shape)
    pieces: list[tuple[Operand, View]] = [
        (whole, zeros),
        (
            lowering.reshaped(np.moveaxis, (place, *elements_first), {}),
            lowering.reshaped(np.moveaxis, (source, *elements_first), {}),
        ),
    ]
    return lowering.assembly(result, kind, pieces, np.add)
