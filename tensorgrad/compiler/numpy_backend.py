"""Replay: the program as one Python function of bound NumPy calls on preallocated buffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tensorgrad.compiler.planning import Plan, plan_buffers
from tensorgrad.compiler.program import Instruction, Program, Ref
from tensorgrad.compiler.symbols import array_method
from tensorgrad.tape import component

OUT_BY_NAME = frozenset({np.maximum, np.minimum})
"""Ufuncs that deprecate the result array as a third argument."""


class Replay:
    """A program, ready to be called with arrays.

    Several threads may call it at the same time: each call takes a set of buffers and gives it
    back.

    Attributes
    ----------
    source : str
        The Python function that is called.
    plan : Plan
        Which result goes into which buffer.
    """

    def __init__(self, program: Program) -> None:
        program = with_cheaper_calls(program)
        self.plan: Plan = plan_buffers(program)
        self.source, namespace = _source(program, self.plan)
        exec(compile(self.source, "<tensorgrad replay>", "exec"), namespace)
        self._run: Callable[..., tuple[Any, ...]] = namespace["run"]
        self._idle: list[tuple[Any, ...]] = []

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        """The outputs of the program, in order."""
        try:
            buffers = self._idle.pop()
        except IndexError:
            buffers = tuple(np.empty(kind.shape, kind.dtype) for kind in self.plan.buffers)
        outputs = self._run(buffers, *inputs)
        self._idle.append(buffers)
        return outputs


def with_cheaper_calls(program: Program) -> Program:
    """Exchange functions for others that compute the same with less ado around it.

    ``np.dot`` calls the same BLAS routine as ``np.matmul`` of two matrices, in two thirds of the
    time when they are small, and ``np.add.reduce`` is what ``np.sum`` ends up calling.
    """
    return program.with_instructions([_cheaper(step, program) for step in program.instructions])


def _cheaper(step: Instruction, program: Program) -> Instruction:
    if step.function is np.matmul and not step.kwargs:
        kinds = [program.kinds[n] for n in step.operands()]
        if len(kinds) == len(step.args) == 2 and all(
            len(kind.shape) == 2 and kind.dtype.kind == "f" for kind in kinds
        ):
            return replace(step, function=np.dot)
    if step.function is array_method and step.args[1] == "sum" and len(step.args) == 2:
        step = replace(step, function=np.sum, args=step.args[:1])
    if step.function is np.sum and len(step.args) == 1 and set(step.kwargs) <= {"axis", "keepdims"}:
        return replace(step, function=np.add.reduce, kwargs={"axis": None, **step.kwargs})
    return step


def _source(program: Program, plan: Plan) -> tuple[str, dict[str, Any]]:
    """Python text of the function, and the objects that it names."""
    names = _Names()
    inputs = ", ".join(_value(n) for n in program.inputs)
    lines = [f"def run(buffers, {inputs}):" if inputs else "def run(buffers):"]
    if plan.buffers:
        lines.append(f"    {', '.join(f'b{i}' for i in range(len(plan.buffers)))}, = buffers")
    for number, array in program.constants.items():
        names.objects[_value(number)] = array
    last = _last_uses(program)
    for i, step in enumerate(program.instructions):
        lines.append(f"    {_value(step.result)} = {_call(step, plan, names)}")
        dead = [_value(n) for n in last.get(i, ()) if n not in plan.buffer_of]
        if dead:
            lines.append(f"    del {', '.join(dead)}")
    outputs = "".join(f"{_value(n)}, " for n in program.outputs)
    lines.append(f"    return ({outputs})")
    return "\n".join(lines) + "\n", names.objects


def _call(step: Instruction, plan: Plan, names: _Names) -> str:
    args = [_text(arg, names) for arg in step.args]
    if step.function is component:
        return f"{args[0]}[{args[1]}]"
    if step.function is np.transpose and len(args) == 1 and not step.kwargs:
        return f"{args[0]}.T"
    buffer = f"b{plan.buffer_of[step.result]}" if step.result in plan.buffer_of else ""
    by_position = isinstance(step.function, np.ufunc) and step.function not in OUT_BY_NAME
    if buffer and by_position:  # which is quicker than by name
        args.append(buffer)
    args += [f"{key}={_text(value, names)}" for key, value in step.kwargs.items()]
    if buffer and not by_position:
        args.append(f"out={buffer}")
    return f"{names.of(step.function)}({', '.join(args)})"


def _last_uses(program: Program) -> dict[int, list[int]]:
    """For each instruction, the results that nothing reads after it."""
    last: dict[int, int] = {}
    for i, step in enumerate(program.instructions):
        last[step.result] = i
        for number in step.operands():
            if number in last:
                last[number] = i
    uses: dict[int, list[int]] = {}
    for number, i in last.items():
        if number not in program.outputs:
            uses.setdefault(i, []).append(number)
    return uses


def _value(number: int) -> str:
    return f"v{number}"


def _text(tree: Any, names: _Names) -> str:
    """An argument as Python text."""
    if isinstance(tree, Ref):
        return _value(tree.number)
    if isinstance(tree, list):
        return f"[{', '.join(_text(item, names) for item in tree)}]"
    if type(tree) is tuple:
        return f"({''.join(_text(item, names) + ', ' for item in tree)})"
    if isinstance(tree, slice):
        ends = (tree.start, tree.stop, tree.step)
        return f"slice({', '.join(_text(end, names) for end in ends)})"
    if tree is None or tree is ... or type(tree) in (bool, int, str):
        return "..." if tree is ... else repr(tree)
    return names.of(tree)


class _Names:
    """Names for the objects that the text refers to."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self._name_of: dict[int, str] = {}

    def of(self, thing: Any) -> str:
        """The name of an object, the same for the same object."""
        name = self._name_of.get(id(thing))
        if name is None:
            stem = getattr(thing, "__name__", "constant")
            stem = stem if stem.isidentifier() else "function"
            name = f"{stem}_{len(self._name_of)}"
            self._name_of[id(thing)] = name
            self.objects[name] = thing
        return name
