"""Which results can share memory: buffers by liveness."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.program import (
    Instruction,
    Kind,
    Program,
    memory_of_outputs,
    memory_owners,
)


class Plan(NamedTuple):
    """Where results are written.

    Attributes
    ----------
    buffer_of : dict of int to int
        For values that are written into a preallocated buffer, which one; empty for machine code,
        which has memory for all values of a dtype together.
    buffers : list of Kind
        Shape and dtype of each buffer.
    bytes_before : int
        What all planned results take when each has memory of its own.
    """

    buffer_of: dict[int, int]
    buffers: list[Kind]
    bytes_before: int

    @property
    def bytes_after(self) -> int:
        """What the buffers take."""
        return sum(size_of(kind) for kind in self.buffers)


def plan_buffers(program: Program) -> Plan:
    """Give results buffers, so that a buffer is used again when its value is dead.

    What the caller gets is never planned, nor what it may be a view of: the next call would
    overwrite it. An elementwise function may write over an operand that dies with it.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> program = record(lambda x: np.exp(np.sin(np.cos(x)) * 2.0), np.ones(1000)).program
    >>> plan = plan_buffers(program)
    >>> plan.bytes_before, plan.bytes_after
    (24000, 8000)
    """
    owner = memory_owners(program)
    last_read = _last_reads(program, owner)
    kept = memory_of_outputs(program) | _looked_at_unseen(program)
    buffer_of: dict[int, int] = {}
    buffers: list[Kind] = []
    free: dict[Kind, list[int]] = {}
    ends: dict[int, list[int]] = {}
    before = 0
    for i, step in enumerate(program.instructions):
        if takes_out(step) and step.result not in kept:
            kind = program.kinds[step.result]
            before += size_of(kind)
            if is_elementwise(step):
                _release(ends.pop(i, []), buffer_of, buffers, free)
            available = free.get(kind)
            if available:
                buffer_of[step.result] = available.pop()
            else:
                buffer_of[step.result] = len(buffers)
                buffers.append(kind)
            ends.setdefault(last_read.get(step.result, i), []).append(step.result)
        _release(ends.pop(i, []), buffer_of, buffers, free)
    return Plan(buffer_of, buffers, before)


def _looked_at_unseen(program: Program) -> set[int]:
    """Numbers that something may be a view of: when they were recorded they had no memory."""
    return {
        number
        for step in program.instructions
        if not isinstance(step.function, np.ufunc)
        for number in step.operands()
        if number in program.kinds and not program.kinds[number].shape
        if step.function not in WRITES_TO_OUT
    }


WRITES_TO_OUT: dict[Any, int] = {
    np.dot: 2,
    np.add.reduce: 3,
    np.maximum.reduce: 3,
    np.minimum.reduce: 3,
    np.argmax: 2,
    np.argmin: 2,
    np.take: 3,
}
"""Functions besides ufuncs that take ``out=``, and how many arguments come before it."""


def takes_out(step: Instruction) -> bool:
    """Whether the function can write its result into an array that it is given."""
    if isinstance(step.function, np.ufunc):
        return step.function.nout == 1 and not step.kwargs
    if step.function is np.take and step.kwargs.get("mode") != "clip":
        return False  # were it to raise, it would write to a copy first
    return len(step.args) <= WRITES_TO_OUT.get(step.function, 0) and "out" not in step.kwargs


def is_elementwise(step: Instruction) -> bool:
    """Whether it is a call of a ufunc, other than those of whole rows or matrices."""
    return isinstance(step.function, np.ufunc) and step.function.signature is None


def _last_reads(program: Program, owner: dict[int, int]) -> dict[int, int]:
    """For every owner of memory, the last instruction that reads it or a view of it."""
    last: dict[int, int] = {}
    for i, step in enumerate(program.instructions):
        for number in step.operands():
            if number in owner:
                last[owner[number]] = i
    return last


def _release(
    values: list[int], buffer_of: dict[int, int], buffers: list[Kind], free: dict[Kind, list[int]]
) -> None:
    for value in values:
        buffer = buffer_of[value]
        free.setdefault(buffers[buffer], []).append(buffer)


def results_in_between(program: Program) -> set[int]:
    """Results that have memory of their own, and that the caller does not get."""
    owner = memory_owners(program)
    known = {owner[step.result] for step in program.instructions if step.result in program.kinds}
    return (known & program.kinds.keys()) - memory_of_outputs(program)


def size_of(kind: Kind) -> int:
    """Bytes of a value."""
    return int(np.prod(kind.shape)) * np.dtype(kind.dtype).itemsize
