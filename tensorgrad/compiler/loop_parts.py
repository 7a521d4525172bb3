"""What loops are made of: accumulators, merged axes, and positions in memory as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tensorgrad.compiler.fusion import Group, essential_strides, same_place
from tensorgrad.compiler.lowering import Operation
from tensorgrad.compiler.scalar_code import literal
from tensorgrad.compiler.views import Gather, Operand, View


class Reduction:
    """Where a reduction keeps what it has so far.

    At ``depth`` loops in a local variable, or in its result from the beginning if that is None.
    """

    def __init__(self, operation: Operation, strides: tuple[int, ...], kind: Any) -> None:
        self.operation = operation
        self.kind = kind
        kept = [i for i, stride in enumerate(strides) if stride]
        depth = kept[-1] + 1 if kept else 0
        self.depth = depth if len(kept) == depth else None
        # A sum of many elements would lose digits in one float32.
        wide = self.depth is not None and kind.dtype == np.float32 and self._adds
        self.dtype = np.dtype(np.float64) if wide else kind.dtype
        self.name = f"total{operation.result}"

    @property
    def _adds(self) -> bool:
        return self.operation.function is np.add

    @property
    def helper(self) -> str:
        """The function that takes one element more into account."""
        names: dict[Any, str] = {np.add: "add_up", np.multiply: "multiply_up"}
        function = self.operation.function
        return names.get(function, str(function.__name__))

    def start(self) -> str:
        """What the reduction of nothing is."""
        function, dtype = self.operation.function, np.dtype(self.dtype)
        if function in (np.add, np.multiply):
            return literal(0 if function is np.add else 1, dtype)
        if dtype.kind == "f":
            return literal(-np.inf if function is np.maximum else np.inf, dtype)
        if dtype.kind == "b":
            return str(function is np.minimum)
        limits = np.iinfo(str(dtype))
        return literal(limits.min if function is np.maximum else limits.max, dtype)


def written_in_place(
    groups: list[Group], state: Sequence[int], after: Sequence[int], kinds: dict[int, Any]
) -> dict[int, int]:
    """Parts of the state whose next value can go where the present one is, element by element."""
    found: dict[int, int] = {}
    for old, new in zip(state, after, strict=True):
        if not kinds[old].shape:
            continue
        place = next(i for i, group in enumerate(groups) if new in group.results())
        readers = [i for i, group in enumerate(groups) if old in group.arrays()]
        (target,) = (op.target for op in groups[place].operations if op.result == new)
        (what,) = (op.what for op in groups[place].operations if op.result == new)
        can_overwrite = what in ("elementwise", "product") and all(
            _reads_where_it_writes(operation, old, target) for operation in groups[place].operations
        )
        if can_overwrite and all(i <= place for i in readers):
            found[new] = old
    return found


def _reads_where_it_writes(operation: Operation, number: int, target: View) -> bool:
    """Whether an operation reads each element before it is overwritten, or none at all."""
    operands = operation.operands
    if operation.what == "product":
        if any(number in bases_of(factor) for factor in operands[:2]):
            return False
        operands = operands[2:]
    return all(
        isinstance(operand, View) and same_place(operand, target)
        for operand in operands
        if number in bases_of(operand)
    )


def bases_of(operand: Operand) -> set[int | None]:
    """The values in memory that an operand looks at."""
    views = [operand] if isinstance(operand, View) else [operand.source, *operand.indices]
    return {view.base for view in views}


def views_of_operation(operation: Operation) -> list[View]:
    """Everything that is read or written at each turn of the loops."""
    found = [operation.target]
    for operand in operation.operands:
        found += [operand] if isinstance(operand, View) else views_of(operand)
    return found


def views_of(gather: Gather) -> list[View]:
    """What is read where positions come from other values: the positions, and the rest."""
    return [*gather.indices, rest_of(gather, len(gather.indices))]


def rest_of(gather: Gather, count: int) -> View:
    """The axes of the source that no index takes, as axes of the result."""
    rest = gather.source.strides[count:]
    strides = (0,) * (len(gather.shape) - len(rest)) + rest
    return gather.source._replace(shape=gather.shape, strides=strides)


def merged_axes(
    shape: tuple[int, ...], views: list[View]
) -> tuple[tuple[int, ...], Callable[[View], tuple[int, ...]]]:
    """Fewer and longer axes, where every view goes through two of them as through one."""
    strides = [essential_strides(view) for view in views]
    ends = [
        axis
        for axis in range(len(shape))
        if axis == len(shape) - 1
        or any(one[axis] != one[axis + 1] * shape[axis + 1] for one in strides)
    ]
    starts = [0, *(end + 1 for end in ends[:-1])]
    merged = tuple(
        math.prod(shape[start : end + 1]) for start, end in zip(starts, ends, strict=False)
    )
    return merged, lambda view: tuple(essential_strides(view)[end] for end in ends)


def essential_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without axes of length one."""
    return tuple(length for length in shape if length != 1)


def index_names(count: int) -> list[str]:
    """Names for the loops, from the outside in."""
    return list("ijklmnopqr"[:count])


def place_text(view: View, strides: tuple[int, ...], indices: list[str]) -> str:
    """The position in memory as text."""
    terms = [
        name if stride == 1 else f"{name} * {stride}"
        for name, stride in zip(indices, strides, strict=False)
        if stride
    ]
    if view.offset or not terms:
        terms.append(str(view.offset))
    return " + ".join(terms)
