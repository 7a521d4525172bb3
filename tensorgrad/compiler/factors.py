"""A number that many results are multiplied by, multiplied into what they all come from."""

from __future__ import annotations

import math
from dataclasses import replace
from operator import getitem
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.program import Instruction, Program, Ref, memory_of_outputs
from tensorgrad.compiler.symbols import array_method


def factor_out(program: Program) -> Program:
    """Scale the first cotangent of a backward pass, in place of the gradients at its end.

    A backward pass is linear in its cotangents. Where all that comes of a product with a number is
    in the end multiplied by another number, the learning rate say, the two numbers are multiplied
    now, and one small array is scaled once in place of every gradient.

    Examples
    --------
    >>> import tensorgrad as tg
    >>> from tensorgrad.compiler import record
    >>> from tensorgrad.compiler.passes import drop_dead_code
    >>> def step(w, b, x, y):
    ...     slopes = tg.grad(lambda w, b: np.mean((x @ w + b - y) ** 2), argnums=(0, 1))(w, b)
    ...     return w - 0.1 * slopes[0], b - 0.1 * slopes[1]
    >>> program = record(step, np.ones(2), np.ones(()), np.ones((3, 2)), np.ones(3)).program
    >>> shorter = drop_dead_code(factor_out(program))
    >>> len(drop_dead_code(program).instructions) - len(shorter.instructions)
    2
    """
    for number in [step.result for step in program.instructions]:
        source = next((s for s in program.instructions if s.result == number), None)
        region = None if source is None else _region_of(source, program)
        if source is not None and region is not None:
            program = _scaled_at_its_source(program, source, region)
    return program


class _Region(NamedTuple):
    """What comes of a product with a number, up to products with another one."""

    ends: set[int]
    factor: float


def _region_of(source: Instruction, program: Program) -> _Region | None:
    own = _factor_of(source, program)
    if own is None or program.kinds[source.result].dtype.itemsize < 4:
        return None
    products = {
        step.result
        for step in program.instructions
        if step.result != source.result and _factor_of(step, program) is not None
    }
    ends: set[int] = set()
    while True:
        scaled = {source.result}
        unscaled: set[int] = set(program.outputs)
        for step in program.instructions:
            if step.result in ends or scaled.isdisjoint(step.operands()):
                continue
            if _is_linear(step, scaled, program):
                scaled.add(step.result)
            else:
                unscaled.update(step.operands())
        unscaled &= scaled
        if not unscaled:
            break
        if not unscaled <= products:
            return None
        ends |= unscaled
    last = [step for step in program.instructions if step.result in ends]
    factors = {factor for step in last if (factor := _factor_of(step, program)) is not None}
    # An end that reads another end is scaled twice; the caller gets each result in its own memory.
    if len(factors) != 1 or any(scaled.isdisjoint(step.operands()) for step in last):
        return None
    if ends & memory_of_outputs(program):
        return None
    (factor,) = factors
    whole = np.finfo(program.kinds[source.result].dtype)
    product = abs(own * factor)
    in_range = 2.0**-40 < abs(factor) < 2.0**40 and whole.tiny < product < whole.max
    return _Region(ends, factor) if in_range else None


def _factor_of(step: Instruction, program: Program) -> float | None:
    """The number that the instruction multiplies a floating-point array by."""
    if step.function is not np.multiply or len(step.args) != 2 or step.kwargs:
        return None
    kind = program.kinds[step.result]
    numbers = [_number(arg, program) for arg in step.args]
    known = [number for number in numbers if number is not None]
    if kind.dtype.kind != "f" or len(known) != 1 or not math.isfinite(known[0]) or not known[0]:
        return None
    (array,) = (arg for arg, number in zip(step.args, numbers, strict=True) if number is None)
    same = isinstance(array, Ref) and program.kinds[array.number] == kind
    return known[0] if same else None


def _number(arg: Any, program: Program) -> float | None:
    if type(arg) in (int, float):
        return float(arg)
    if isinstance(arg, Ref) and arg.number in program.private:
        array = program.constants[arg.number]
        if array.dtype.kind == "f" and array.size and np.all(array == array.flat[0]):
            return float(array.flat[0])
    return None


def _is_linear(step: Instruction, scaled: set[int], program: Program) -> bool:
    """Whether the result is scaled with what it reads of the scaled values."""
    read = [i for i, arg in enumerate(step.args) if isinstance(arg, Ref) and arg.number in scaled]
    if len(read) != sum(n in scaled for n in step.operands()):
        return False  # inside a list, or a keyword
    if program.kinds.get(step.result, (None, None))[1] != program.kinds[step.operands()[0]].dtype:
        return False
    if step.function is array_method:
        return step.args[1:] in (("sum",), ("copy",)) and read == [0] and not step.kwargs
    if step.function in (np.sum, np.mean) and (
        len(step.args) > 2 or set(step.kwargs) - {"axis", "keepdims"}
    ):
        return False
    if isinstance(step.function, np.ufunc) and step.kwargs:
        return False
    if step.function in _LINEAR_IN_BOTH:
        return read == [0, 1]
    if step.function in _LINEAR_IN_EACH:
        return len(read) == 1
    return step.function in _LINEAR_IN_FIRST and read == [0]


_LINEAR_IN_FIRST = frozenset(
    {np.negative, np.divide, np.sum, np.mean, np.transpose, np.swapaxes, np.moveaxis, np.reshape}
    | {np.ravel, np.squeeze, np.expand_dims, np.broadcast_to, getitem}
)
_LINEAR_IN_EACH = frozenset({np.multiply, np.dot, np.matmul})
_LINEAR_IN_BOTH = frozenset({np.add, np.subtract})


def _scaled_at_its_source(program: Program, source: Instruction, region: _Region) -> Program:
    number = max((*program.kinds, *program.constants)) + 1
    kind = program.kinds[source.result]
    old = _factor_of(source, program)
    assert old is not None
    array = np.array(old * region.factor, kind.dtype)
    args = tuple(arg if _number(arg, program) is None else Ref(number) for arg in source.args)
    names, kept = {}, []
    for step in program.instructions:
        if step is source:
            kept.append(replace(step, args=args))
        elif step.result in region.ends:
            (names[step.result],) = (n for n in step.operands() if n not in program.private)
        else:
            kept.append(step)
    return (
        replace(
            program,
            kinds={**program.kinds, number: kind._replace(shape=())},
            constants={**program.constants, number: array},
            private=program.private | {number},
        )
        .with_instructions(kept)
        .renamed(names)
    )
