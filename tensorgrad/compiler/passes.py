"""Program to program, with less to do. Every pass keeps what the program means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tensorgrad.compiler.broadcast_sums import multiply_for_sums
from tensorgrad.compiler.program import (
    Instruction,
    Program,
    Ref,
    memory_of_outputs,
    refs_in,
    substitute,
)

Pass = Callable[[Program], Program]

SHAPES_ONLY = frozenset({np.zeros_like, np.ones_like, np.empty_like, np.full_like})
"""Functions that look at the shape and dtype of an operand, and not at its values."""


def optimized(program: Program) -> Program:
    """Apply all passes, in the order in which each makes work for the next."""
    passes = (
        fold_constants,
        simplify,
        multiply_for_sums,
        share_common_subexpressions,
        drop_dead_code,
    )
    for one_pass in passes:
        program = one_pass(program)
    return program


def drop_dead_code(program: Program) -> Program:
    """Leave out instructions whose result nothing reads, and constants likewise.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> def wasteful(x):
    ...     np.exp(x)
    ...     return x + 1.0
    >>> len(drop_dead_code(record(wasteful, np.ones(2)).program).instructions)
    1
    """
    wanted = set(program.outputs)
    kept: list[Instruction] = []
    for step in reversed(program.instructions):
        if step.result in wanted:
            kept.append(step)
            wanted.update(step.operands())
    kept.reverse()
    constants = {n: array for n, array in program.constants.items() if n in wanted}
    return replace(
        program, constants=constants, private=program.private & constants.keys()
    ).with_instructions(kept)


def share_common_subexpressions(program: Program) -> Program:
    """Compute the same call of the same values once; two results for the caller stay two arrays.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> program = record(lambda x: np.exp(x) + np.exp(x), np.ones(2)).program
    >>> len(share_common_subexpressions(program).instructions)
    2
    """
    names: dict[int, int] = {}
    first: dict[Any, int] = {}
    kept: list[Instruction] = []
    given_away = memory_of_outputs(program)
    for step in program.instructions:
        args = substitute(step.args, lambda n: Ref(names.get(n, n)))
        kwargs = substitute(step.kwargs, lambda n: Ref(names.get(n, n)))
        key = (step.function, _frozen(args), _frozen(kwargs))
        if key in first and not {step.result, first[key]} <= given_away:
            names[step.result] = first[key]
            continue
        first[key] = step.result
        kept.append(step)
    return program.with_instructions(kept).renamed(names)


def fold_constants(program: Program) -> Program:
    """Compute now what depends on shapes alone, such as ``np.ones_like(x)``, and what follows.

    Arrays from outside the function are not folded: they may be changed in place between calls.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> program = record(lambda x: x * (2 * np.ones_like(x)), np.ones(2)).program
    >>> len(fold_constants(program).instructions)
    1
    """
    constants, private, kept = dict(program.constants), set(program.private), []
    tuples: dict[int, Any] = {}

    def value_of(number: int) -> Any:
        if number in tuples:
            return tuples[number]
        if number in constants:
            return constants[number]
        kind = program.kinds[number]
        return np.broadcast_to(np.zeros((), kind.dtype), kind.shape)

    for step in program.instructions:
        operands = step.operands()
        known = all(n in private or n in tuples for n in operands)
        by_shape = step.function in SHAPES_ONLY and not list(refs_in((step.args[1:], step.kwargs)))
        if not (known or by_shape):
            kept.append(step)
            continue
        value = step.function(*substitute(step.args, value_of), **substitute(step.kwargs, value_of))
        if isinstance(value, tuple | list):
            tuples[step.result] = value
        else:
            constants[step.result] = np.asarray(value)
            private.add(step.result)
    return replace(program, constants=constants, private=frozenset(private)).with_instructions(kept)


def simplify(program: Program) -> Program:
    """Remove calls that give back what they were given.

    ``x * 1``, ``x / 1``, ``x - 0``, ``x ** 1``, ``+x``, ``-(-x)``, a transpose of a transpose, and
    reshaping or broadcasting to what is there already. (``x + 0`` is not ``x`` when that is -0.)
    What the caller gets stays a new array.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> program = record(lambda x: -(-(x * 1.0)) + x.T.T, np.ones((2, 3))).program
    >>> len(drop_dead_code(simplify(program)).instructions)
    1
    """
    names: dict[int, int] = {}
    made_by: dict[int, Instruction] = {}
    given_away = memory_of_outputs(program)
    for step in program.instructions:
        step = replace(step, args=substitute(step.args, lambda n: Ref(names.get(n, n))))
        made_by[step.result] = step
        same = _same_value_as(step, made_by, program)
        if (
            same is not None
            and step.result not in given_away
            and program.kinds[same] == program.kinds.get(step.result)
        ):
            names[step.result] = same
    return program.renamed(names)


def _same_value_as(
    step: Instruction, made_by: dict[int, Instruction], program: Program
) -> int | None:
    """The value that the instruction only repeats, if there is one."""
    function, args = step.function, step.args
    if not args or (step.kwargs and function not in (np.transpose, np.reshape)):
        return None
    operand = args[0].number if isinstance(args[0], Ref) else None
    for unit, functions, sides in _NEUTRAL:
        if function in functions and len(args) == 2:
            for side in sides:
                if _is_number(args[side], unit, program) and isinstance(args[1 - side], Ref):
                    return args[1 - side].number
    if operand is None:
        return None
    inner = made_by.get(operand)
    if function is np.positive:
        return operand
    if inner is not None and inner.args and isinstance(inner.args[0], Ref):
        before = inner.args[0].number
        if function is np.negative and inner.function is np.negative:
            return before
        if function is np.transpose and inner.function is np.transpose and _undoes(step, inner):
            return before
    if function in _SHAPERS and step.views:
        return operand if program.kinds[operand] == program.kinds.get(step.result) else None
    return None


_NEUTRAL: tuple[tuple[float, frozenset[Any], tuple[int, ...]], ...] = (
    (1, frozenset({np.multiply}), (0, 1)),
    (1, frozenset({np.divide, np.power}), (1,)),
    (0, frozenset({np.subtract}), (1,)),
)
_SHAPERS = frozenset({np.reshape, np.broadcast_to, np.squeeze, np.ravel})


def _is_number(arg: Any, unit: float, program: Program) -> bool:
    if isinstance(arg, Ref) and arg.number in program.private:
        value = program.constants[arg.number]
        return bool(value.size) and bool(np.all(value == unit))
    return isinstance(arg, int | float) and not isinstance(arg, bool) and arg == unit


def _undoes(outer: Instruction, inner: Instruction) -> bool:
    first, second = (
        step.args[1] if len(step.args) > 1 else step.kwargs.get("axes") for step in (inner, outer)
    )
    if first is None or second is None:
        return first is second
    return [first[axis] for axis in second] == sorted(range(len(first)))


def _frozen(tree: Any) -> Any:
    """Arguments as something that can be compared and hashed."""
    if isinstance(tree, Ref):
        return tree
    if isinstance(tree, list | tuple):
        return (type(tree), *map(_frozen, tree))
    if isinstance(tree, dict):
        return tuple((key, _frozen(value)) for key, value in sorted(tree.items()))
    if isinstance(tree, slice):
        return ("slice", *map(_frozen, (tree.start, tree.stop, tree.step)))
    # 1 and 1.0 and True are equal, and promote differently; -0.0 and 0.0 are equal as well.
    return (type(tree), repr(tree))
