"""Sums over axes along which something was only repeated."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tensorgrad.compiler.program import Instruction, Program, Ref
from tensorgrad.compiler.symbols import array_method


def multiply_for_sums(program: Program) -> Program:
    """Multiply by a count where the sum is over axes that ``np.broadcast_to`` stretched.

    Gradients of sums and means are full of them. (The product is rounded once, and so is closer to
    the exact sum than adding up.)

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> program = record(lambda b: np.broadcast_to(b, (5, 3)).sum(axis=0), np.ones(3)).program
    >>> print(multiply_for_sums(program).instructions[-1].function)
    <ufunc 'multiply'>
    """
    made_by = {step.result: step for step in program.instructions}
    number = max((*program.kinds, *program.constants), default=0)
    kinds, kept = dict(program.kinds), []
    for step in program.instructions:
        product = _product_for(step, made_by, program)
        if product is None:
            kept.append(step)
            continue
        before, count = product
        shape = kinds[step.result].shape
        if kinds[before].shape != shape:
            number += 1
            kinds[number] = kinds[before]._replace(shape=shape)
            args = (Ref(before), shape)
            kept.append(Instruction(number, np.reshape, args, {}, (before,), step.line))
            before = number
        args = (Ref(before), float(count))
        kept.append(Instruction(step.result, np.multiply, args, {}, (), step.line))
    return replace(program, kinds=kinds).with_instructions(kept)


def _product_for(
    step: Instruction, made_by: dict[int, Instruction], program: Program
) -> tuple[int, int] | None:
    """What is repeated, and how often, if the instruction sums over repetitions alone."""
    is_sum = step.function is np.sum and len(step.args) == 1
    is_method = step.function is array_method and step.args[1:] == ("sum",)
    if not (is_sum or is_method) or not set(step.kwargs) <= _KEYWORDS:
        return None
    if not isinstance(step.args[0], Ref):
        return None
    stretched = made_by.get(step.args[0].number)
    if stretched is None or stretched.function is not np.broadcast_to or stretched.kwargs:
        return None
    source = stretched.args[0]
    if not isinstance(source, Ref) or len(stretched.args) != 2:
        return None
    kind, whole = program.kinds[source.number], program.kinds[stretched.result]
    if kind.weak or kind.dtype.kind != "f" or program.kinds[step.result].dtype != kind.dtype:
        return None
    if kind.dtype.itemsize < 4:  # which holds no large count
        return None
    axes = _axes(step.kwargs.get("axis"), len(whole.shape))
    padded = (0,) * (len(whole.shape) - len(kind.shape)) + kind.shape
    repeated = {i for i, n in enumerate(whole.shape) if padded[i] != n}
    count = math.prod(whole.shape[i] for i in axes)
    alone = repeated <= axes and all(i in repeated or whole.shape[i] == 1 for i in axes)
    return (source.number, count) if alone and count else None


_KEYWORDS = frozenset({"axis", "keepdims"})


def _axes(axis: Any, ndim: int) -> set[int]:
    if axis is None:
        return set(range(ndim))
    return {i % ndim for i in (axis if isinstance(axis, tuple) else (axis,))}
