"""Which operations run in one loop: what is computed on the way then stays in registers.

Operations join a group from the last to the first, so that a value is computed where it is used,
rather than earlier and kept. Two may share a loop if they go over the same shape and nothing that
must wait for one of them is needed by the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tensorgrad.compiler.lowering import Lowered, Operation, View

MOST_ARRAYS = 12
"""In memory, for one loop; with more, LLVM gives up proving that they do not overlap."""
SMALL = 4096
"""Elements, up to which loops are joined that have nothing in common but their length."""


@dataclass(eq=False)
class Group:
    """Operations that run in one loop over ``shape``; or a single one of another kind.

    Attributes
    ----------
    shape : tuple of int
        Without axes of length one.
    operations : list of Operation
        In the order in which they run.
    after : set of Group
        Everything that has to wait for this group.
    """

    shape: tuple[int, ...]
    operations: list[Operation]
    after: set[Group] = field(default_factory=set)

    @property
    def is_loop(self) -> bool:
        """Whether others may join."""
        return self.operations[0].what in ("elementwise", "reduction")

    def results(self) -> set[int]:
        """What is computed."""
        return {operation.result for operation in self.operations}

    def arrays(self) -> set[int]:
        """What is read or written."""
        return self.results().union(*(operation.reads() for operation in self.operations))


def fuse(lowered: Lowered) -> list[Group]:
    """The groups, in an order in which they can run.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorgrad.compiler import record
    >>> from tensorgrad.compiler.lowering import lower
    >>> program = record(lambda x: np.sum(np.tanh(x) * 2.0, axis=0), np.ones((3, 2))).program
    >>> [len(group.operations) for group in fuse(lower(program))]
    [3]
    """
    groups: list[Group] = []
    readers: dict[int, list[tuple[Group, Operation]]] = {}
    for operation in reversed(lowered.operations):
        consumers = readers.get(operation.result, [])
        waiting = {group for group, _ in consumers}
        group = _group_to_join(operation, consumers, waiting, groups)
        if group is None:
            group = Group(_essential(operation.shape), [operation])
            groups.append(group)
        else:
            group.operations.insert(0, operation)
        _must_wait(waiting - {group}, group, groups)
        for number in operation.reads():
            readers.setdefault(number, []).append((group, operation))
    return _in_order(groups, lowered)


def _group_to_join(
    operation: Operation,
    consumers: list[tuple[Group, Operation]],
    waiting: set[Group],
    groups: list[Group],
) -> Group | None:
    if operation.what not in ("elementwise", "reduction"):
        return None
    shape = _essential(operation.shape)
    candidates = [group for group, _ in consumers] + groups[::-1]
    for group in candidates:
        if group.is_loop and group.shape == shape and _may_join(operation, group, consumers):
            if any(group in other.after for other in waiting if other is not group):
                continue
            related = group in waiting or group.arrays() & operation.reads()
            if not related and math.prod(shape) > SMALL:
                continue
            if len(group.arrays() | operation.reads()) > MOST_ARRAYS and group not in waiting:
                continue
            return group
    return None


def _may_join(operation: Operation, group: Group, consumers: list[tuple[Group, Operation]]) -> bool:
    """Whether those in the group that read the result read just the element at hand."""
    for reader_group, reader in consumers:
        if reader_group is not group:
            continue
        if operation.what == "reduction":
            return False
        for operand in reader.operands:
            views = (operand,) if isinstance(operand, View) else (operand.source, *operand.indices)
            for view in views:
                if view.base == operation.result and not (
                    view is operand and same_place(view, operation.target)
                ):
                    return False
    return True


def same_place(one: View, other: View) -> bool:
    """Whether two views go through the same elements in the same order."""
    return one.offset == other.offset and essential_strides(one) == essential_strides(other)


def essential_strides(view: View) -> tuple[int, ...]:
    """Strides, without those of axes of length one."""
    return tuple(
        stride for length, stride in zip(view.shape, view.strides, strict=True) if length != 1
    )


def _essential(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _must_wait(waiting: set[Group], group: Group, groups: list[Group]) -> None:
    """Note that some groups come after this one, and after all that this one comes after."""
    new = waiting.union(*(other.after for other in waiting))
    for other in groups:
        if other is group or group in other.after:
            other.after |= new


def _in_order(groups: list[Group], lowered: Lowered) -> list[Group]:
    """Each group after those it waits for, otherwise as the program has them."""
    place = {operation.result: i for i, operation in enumerate(lowered.operations)}
    # If a group is before another, everything after the other is after it too, and more.
    return sorted(
        groups,
        key=lambda group: (
            -len(group.after),
            min(place[operation.result] for operation in group.operations),
        ),
    )
