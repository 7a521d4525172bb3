"""What reads and writes at positions: indices, concatenation, padding."""

from __future__ import annotations

from operator import getitem
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad.compiler.program import Kind, Ref, refs_in, substitute
from tensorgrad.compiler.scalar_code import Unsupported
from tensorgrad.compiler.views import Gather, Operand, View, broadcast_view, everywhere, whole_value
from tensorgrad.derivatives.windows import windows

if TYPE_CHECKING:
    from tensorgrad.compiler.lowering import Lowering


def read_at(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``array[index]``."""
    source, index = lowering.operand(args[0]), args[1]
    parts = index if type(index) is tuple else (index,)
    if not any(isinstance(part, Ref | list) for part in parts):
        # With an ellipsis, a single element is a view as well.
        index = parts if any(part is ... for part in parts) else (*parts, ...)
        return lowering.reshaped(getitem, (source, index), {})
    if source.base is None:
        raise Unsupported("with these arguments")
    gather = _gather(lowering, source, parts, kind.shape)
    return lowering.elementwise(None, [gather], kind, result)


def _gather(
    lowering: Lowering, source: View, parts: tuple[Any, ...], shape: tuple[int, ...]
) -> Gather:
    indices = []
    for part in parts:
        if isinstance(part, slice) or part is None or part is ... or isinstance(part, bool):
            raise Unsupported("slices beside arrays in an index")
        index = lowering.operand(np.asarray(part) if isinstance(part, list) else part)
        if index.dtype is not int and np.dtype(index.dtype).kind not in "iu":
            raise Unsupported(f"an index of dtype {index.dtype}")
        indices.append(index)
    common = np.broadcast_shapes(*(index.shape for index in indices))
    rest = len(shape) - len(common)
    placed = (broadcast_view(index, common) for index in indices)
    return Gather(
        source,
        tuple(
            index._replace(shape=shape, strides=(*index.strides, *(0,) * rest)) for index in placed
        ),
        shape,
    )


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
    parts = index if type(index) is tuple else (index,)
    place: Operand
    if any(isinstance(part, Ref | list) for part in parts):
        example = np.broadcast_to(np.int8(0), kind.shape)
        zeros = substitute(index, lambda n: np.zeros(lowering.kinds[n].shape, np.intp))
        if any(lowering.kinds[n].dtype.kind == "b" for n in refs_in(index)):
            raise Unsupported("at a mask")
        place = _gather(lowering, whole, parts, example[zeros].shape)
    else:
        place = lowering.reshaped(getitem, (whole, index), {})
    source = broadcast_view(lowering.operand(values), place.shape)
    start = broadcast_view(lowering.operand(array), kind.shape)
    return lowering.assembly(result, kind, [(whole, start), (place, source)], function)


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
