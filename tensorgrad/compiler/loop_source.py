"""The text of loops over elements: elementwise operations, reductions, assemblies."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.compiler.fusion import Group
from tensorgrad.compiler.loop_parts import (
    Reduction,
    essential_shape,
    index_names,
    merged_axes,
    place_text,
    views_of,
    views_of_operation,
)
from tensorgrad.compiler.lowering import Operation
from tensorgrad.compiler.program import Kind
from tensorgrad.compiler.scalar_code import (
    SIMPLE_POWERS,
    Unsupported,
    cast,
    expression,
    float_types,
    loop_types,
)
from tensorgrad.compiler.source_text import Elements, SourceText, StridesOf, stored
from tensorgrad.compiler.views import Gather, View
from tensorgrad.messages import name_of
from tensorgrad.mode import CaptureError

LINE = 16
"""Elements that no two threads should share: those of a cache line, or a vector."""


def write_loop(
    text: SourceText, group: Group, kept: set[int], kinds: dict[int, Kind], *, shared: bool
) -> None:
    """Write a group as loops.

    Parameters
    ----------
    text : SourceText
    group : Group
    kept : set of int
        Results that others read, and so are written to memory.
    kinds : dict of int to Kind
    shared : bool
        Whether each thread does a part; see :func:`can_be_shared`.
    """
    _LoopWriter(text, group, kept, kinds, shared).write()


def can_be_shared(group: Group) -> bool:
    """Whether threads can each go through a part, and write no place that another writes."""
    return _axis_to_share(group, *_ordered_axes(group)) is not None


def _ordered_axes(group: Group) -> tuple[tuple[int, ...], StridesOf]:
    """The lengths of the loops from the outside in, and the strides of a view along them.

    The innermost loop is the one that becomes vector instructions. Where the last axis is too short
    for that, the longest is put inside.
    """
    views = [view for operation in group.operations for view in views_of_operation(operation)]
    shape, strides_of = merged_axes(group.shape, views)
    order = list(range(len(shape)))
    if order:
        longest = max(order, key=lambda axis: shape[axis])
        adds_up = any(
            op.what == "reduction" and not strides_of(op.target)[-1] for op in group.operations
        )
        too_short = shape[-1] < LINE and (adds_up or shape[-1] != LINE // 2)
        if too_short and shape[longest] >= LINE:
            order.append(order.pop(longest))

    def ordered(view: View) -> tuple[int, ...]:
        strides = strides_of(view)
        return tuple(strides[axis] for axis in order)

    return tuple(shape[axis] for axis in order), ordered


def _axis_to_share(group: Group, shape: tuple[int, ...], strides_of: StridesOf) -> int | None:
    targets = [strides_of(op.target) for op in group.operations if op.what == "reduction"]
    return next((i for i in range(len(shape)) if all(target[i] for target in targets)), None)


class _LoopWriter:
    def __init__(
        self, text: SourceText, group: Group, kept: set[int], kinds: dict[int, Kind], shared: bool
    ) -> None:
        self.text, self.kept, self.kinds = text, kept, kinds
        self.operations = group.operations
        self.shape, self.strides_of = _ordered_axes(group)
        self.indices = index_names(len(self.shape))
        self.reductions = [
            Reduction(op, self.strides_of(op.target), kinds[op.result])
            for op in group.operations
            if op.what == "reduction"
        ]
        here = {op.result for op in group.operations if op.what == "elementwise"}
        self.elements = Elements(text.uses, self.indices, self.strides_of, here)
        self.shared = _axis_to_share(group, self.shape, self.strides_of) if shared else None

    def write(self) -> None:
        """All lines."""
        text, depth = self.text, len(self.shape)
        if self.shared is not None:
            grain = LINE if self.shared == depth - 1 else 1
            text.line(f"low, high = share({self.shape[self.shared]}, {grain}, thread, threads)")
        for reduction in self.reductions:
            if reduction.depth is None:
                self._start_in_memory(reduction)
        for axis in range(depth + 1):
            for reduction in self.reductions:
                if reduction.depth == axis:
                    text.line(f"{reduction.name} = {reduction.start()}")
            if axis < depth:
                text.block(self._loop(axis))
        stores = [store for op in self.operations for store in self._turn(op)]
        for store in stores:  # last, since they may overwrite what was still to be read
            text.line(store)
        for axis in range(depth, -1, -1):
            for reduction in self.reductions:
                if reduction.depth == axis:
                    self._store(reduction)
            if axis:
                text.end()

    def _loop(self, axis: int) -> str:
        bounds = "low, high" if axis == self.shared else str(self.shape[axis])
        return f"for {self.indices[axis]} in range({bounds}):"

    def _start_in_memory(self, reduction: Reduction) -> None:
        strides = self.strides_of(reduction.operation.target)
        axes = [axis for axis, stride in enumerate(strides) if stride]
        for axis in axes:
            self.text.block(self._loop(axis))
        start = stored(reduction.start(), reduction.kind)
        self.text.line(f"{self._result(reduction.operation)} = {start}")
        self.text.end(len(axes))

    def _turn(self, operation: Operation) -> list[str]:
        """Write what is computed at each turn; what is to be stored at its end is returned."""
        number = operation.result
        if operation.what == "reduction":
            (reduction,) = (r for r in self.reductions if r.operation is operation)
            (operand,) = operation.operands
            in_memory = reduction.depth is None
            name = self._result(operation) if in_memory else reduction.name
            value = cast(self.elements.of(operand), operand.dtype, reduction.dtype)
            self.text.uses.add(reduction.helper)
            value = f"{reduction.helper}({name}, {value})"
            self.text.line(f"{name} = {stored(value, reduction.kind) if in_memory else value}")
            return []
        self.text.line(f"t{number} = {self._call(operation)}")
        value = stored(f"t{number}", self.kinds[number])
        return [f"{self._result(operation)} = {value}"] if number in self.kept else []

    def _result(self, operation: Operation) -> str:
        place = place_text(operation.target, self.strides_of(operation.target), self.indices)
        return f"v{operation.result}[{place}]"

    def _store(self, reduction: Reduction) -> None:
        value = cast(reduction.name, reduction.dtype, reduction.kind.dtype)
        value = stored(value, reduction.kind)
        self.text.line(f"{self._result(reduction.operation)} = {value}")

    def _call(self, operation: Operation) -> str:
        """An elementwise call as text."""
        function, operands, typed = operation.function, operation.operands, self.elements.typed
        dtype = self.kinds[operation.result].dtype
        if function is None:
            return typed(operands[0], dtype)
        if function is np.where:
            condition = typed(operands[0], np.dtype(bool))
            yes, no = (typed(operand, dtype) for operand in operands[1:])
            return f"{yes} if {condition} else {no}"
        types = loop_types(function, [operand.dtype for operand in operands], dtype)
        try:
            if function is np.power and isinstance(operands[1], View):
                exponent: Any = operands[1].number
                if exponent in SIMPLE_POWERS and types[0].kind == "f":
                    base = typed(operands[0], types[0])
                    return SIMPLE_POWERS[float(exponent)].format(base, float_types(types[0])[0])
            texts = [typed(o, wanted) for o, wanted in zip(operands, types[:-1], strict=True)]
            return expression(function, texts, types, self.text.uses)
        except Unsupported as reason:
            raise CaptureError(
                f"there is no machine code for {name_of(function)} ({reason}); "
                f'backend="numpy" can; {operation.line}'
            ) from None


def write_assembly(text: SourceText, operation: Operation, kinds: dict[int, Kind]) -> None:
    """Write each piece to its place in the result."""
    operands, dtype = operation.operands, kinds[operation.result].dtype
    for i in range(0, len(operands), 2):
        place, source = operands[i], operands[i + 1]
        assert isinstance(source, View)
        views = [source, *((place,) if isinstance(place, View) else views_of(place))]
        shape, strides_of = merged_axes(essential_shape(place.shape), views)
        indices = index_names(len(shape))
        elements = Elements(text.uses, indices, strides_of, set())
        for name, length in zip(indices, shape, strict=True):
            text.block(f"for {name} in range({length}):")
        is_gather = isinstance(place, Gather)
        where = elements.gathered_place(place) if is_gather else elements.place(place)
        sign = "+=" if operation.function is np.add and i > 0 else "="
        value = stored(elements.typed(source, dtype), kinds[operation.result])
        text.line(f"v{operation.result}[{where}] {sign} {value}")
        text.end(len(shape))
