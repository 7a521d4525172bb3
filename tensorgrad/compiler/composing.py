"""A pass for machine code: calls that there is none for become what they are composed of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np

from tensorgrad.compiler.compositions import COMPOSITIONS, METHODS
from tensorgrad.compiler.passes import (
    drop_dead_code,
    fold_constants,
    share_common_subexpressions,
    simplify,
)
from tensorgrad.compiler.program import Instruction, Kind, Program, rename, substitute
from tensorgrad.compiler.recorder import Recorder
from tensorgrad.compiler.symbols import array_method
from tensorgrad.mode import CaptureError, changed_mode


def composed(program: Program) -> Program:
    """The program with such calls replaced by what they are composed of.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> program = record(lambda x: np.outer(x, x), np.ones(3)).program
    >>> [step.function.__name__ for step in composed(program).instructions]
    ['getitem', 'multiply']
    """
    writer = _Writer(program)
    for step in program.instructions:
        writer.add(step)
    if not writer.has_changed:
        return program
    program = simplify(fold_constants(writer.program()))
    return drop_dead_code(share_common_subexpressions(program))


class _Writer:
    """Instructions so far, and the values that stand for those of calls that were replaced."""

    def __init__(self, program: Program) -> None:
        self._original = program
        self._kinds = dict(program.kinds)
        self._constants = dict(program.constants)
        self._private = set(program.private)
        self._instructions: list[Instruction] = []
        self._names: dict[int, int] = {}
        self._number_of: dict[int, int] = {}
        self._next = max((*self._kinds, *self._constants), default=0) + 1
        self.has_changed = False

    def program(self) -> Program:
        """What has been written."""
        return Program(
            self._original.inputs,
            self._constants,
            tuple(self._instructions),
            tuple(self._names.get(number, number) for number in self._original.outputs),
            self._kinds,
            frozenset(self._private),
        )

    def add(self, step: Instruction) -> None:
        """Write a call, or what it is composed of."""
        step = _renamed(step, self._names)
        function, args = step.function, step.args
        if function is array_method and args[1] in METHODS:
            function, args = METHODS[args[1]], (args[0], *args[2:])
        body = COMPOSITIONS.get(function)
        inner = None if body is None else self._recorded(body, args, step)
        if inner is None:
            self._instructions.append(step)
        else:
            self.has_changed = True
            self._insert(*inner, step)

    def _recorded(
        self, body: Callable[..., Any], args: tuple[Any, ...], step: Instruction
    ) -> tuple[Program, list[int]] | None:
        """A program of what the body does, and the values that its inputs are."""
        recorder = Recorder()
        symbols = {
            number: recorder.input(_example(self._kinds[number]))
            for number in dict.fromkeys(step.operands())
        }
        args, kwargs = (substitute(tree, symbols.__getitem__) for tree in (args, step.kwargs))
        try:
            signature(body).bind(*args, **kwargs)
        except TypeError:  # it does not know such arguments
            return None
        try:
            with changed_mode(capturing=True), np.errstate(all="ignore"):
                result = body(*args, **kwargs)
        except (CaptureError, NotImplementedError):
            return None
        program = recorder.program([recorder.output(result)])
        if program.kinds.get(program.outputs[0]) != self._kinds.get(step.result):
            return None
        return program, list(symbols)

    def _insert(self, inner: Program, operands: list[int], step: Instruction) -> None:
        names = dict(zip(inner.inputs, operands, strict=True))
        for number, array in inner.constants.items():
            names[number] = self._constant(array, inner.kinds[number])
        for one in inner.instructions:
            names[one.result] = self._new(inner.kinds[one.result])
            self.add(replace(_renamed(one, names), result=names[one.result], line=step.line))
        number = names[inner.outputs[0]]
        self._names[step.result] = self._names.get(number, number)

    def _constant(self, array: Any, kind: Kind) -> int:
        """The number of an array, which two compositions may have in common."""
        number = self._number_of.get(id(array))
        if number is None:
            number = self._number_of[id(array)] = self._new(kind)
            self._constants[number] = array  # and so it stays alive, and its id its own
            self._private.add(number)
        return number

    def _new(self, kind: Kind) -> int:
        number, self._next = self._next, self._next + 1
        self._kinds[number] = kind
        return number


def _renamed(step: Instruction, names: dict[int, int]) -> Instruction:
    return replace(
        step,
        args=rename(step.args, names),
        kwargs=rename(step.kwargs, names),
        views=tuple(names.get(number, number) for number in step.views),
    )


def _example(kind: Kind) -> Any:
    zeros = np.zeros(kind.shape, kind.dtype)
    return zeros.item() if kind.weak else zeros
