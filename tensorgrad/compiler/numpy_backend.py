"""Replay: the program as one Python function of bound NumPy calls on preallocated buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tensorgrad.compiler.cheaper_calls import with_cheaper_calls
from tensorgrad.compiler.factors import factor_out
from tensorgrad.compiler.planning import Plan, plan_buffers
from tensorgrad.compiler.program import Instruction, Program, Ref, substitute
from tensorgrad.tape import component

OUT_BY_NAME = frozenset({np.maximum, np.minimum})
"""Ufuncs that deprecate the result array as a third argument."""

METHODS = {np.argmax: "argmax", np.argmin: "argmin", np.take: "take"}
"""Functions that are methods behind a detour, and the methods."""


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
        program = with_cheaper_calls(factor_out(program))
        self.plan: Plan = plan_buffers(program)
        self._views = _views_of_buffers(program, self.plan)
        self.source, namespace = _source(program, self.plan, self._views)
        exec(compile(self.source, "<tensorgrad replay>", "exec"), namespace)
        self._run: Callable[..., tuple[Any, ...]] = namespace["run"]
        self._idle: list[tuple[Any, ...]] = []

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        """The outputs of the program, in order."""
        try:
            buffers = self._idle.pop()
        except IndexError:
            buffers = self._new_buffers()
        outputs = self._run(buffers, *inputs)
        self._idle.append(buffers)
        return outputs

    def _new_buffers(self) -> tuple[Any, ...]:
        """Arrays to write to, and what looks at them in another way."""
        buffers = [np.empty(kind.shape, kind.dtype) for kind in self.plan.buffers]
        values = {number: buffers[i] for number, i in self.plan.buffer_of.items()}
        for step in self._views:
            args, kwargs = (
                substitute(tree, values.__getitem__) for tree in (step.args, step.kwargs)
            )
            values[step.result] = step.function(*args, **kwargs)
        return (*buffers, *(values[step.result] for step in self._views))


def _views_of_buffers(program: Program, plan: Plan) -> list[Instruction]:
    """What need not be looked at anew in each call, since it is always the same memory."""
    known = set(plan.buffer_of)
    found: list[Instruction] = []
    for step in program.instructions:
        if step.views and step.result not in program.outputs and set(step.operands()) <= known:
            known.add(step.result)
            found.append(step)
    return found


def _source(program: Program, plan: Plan, views: list[Instruction]) -> tuple[str, dict[str, Any]]:
    """Python text of the function, and the objects that it names."""
    names = _Names()
    inputs = ", ".join(_value(n) for n in program.inputs)
    lines = [f"def run(buffers, {inputs}):" if inputs else "def run(buffers):"]
    bound = {step.result for step in views}
    kept = [*(f"b{i}" for i in range(len(plan.buffers))), *(_value(step.result) for step in views)]
    if kept:
        lines.append(f"    {', '.join(kept)}, = buffers")
    for number, array in program.constants.items():
        names.objects[_value(number)] = array
    last = _last_uses(program)
    for i, step in enumerate(program.instructions):
        if step.result in bound:
            continue
        lines.append(f"    {_value(step.result)} = {_call(step, program, plan, names)}")
        dead = [_value(n) for n in last.get(i, ()) if n not in plan.buffer_of and n not in bound]
        if dead:
            lines.append(f"    del {', '.join(dead)}")
    outputs = "".join(f"{_value(n)}, " for n in program.outputs)
    lines.append(f"    return ({outputs})")
    return "\n".join(lines) + "\n", names.objects


def _call(step: Instruction, program: Program, plan: Plan, names: _Names) -> str:
    args = [_text(arg, names) for arg in step.args]
    if step.function is component:
        return f"{args[0]}[{args[1]}]"
    on_array = bool(step.args) and _is_array(step.args[0], program)
    if step.function is np.transpose and len(args) == 1 and not step.kwargs and on_array:
        return f"{args[0]}.T"
    buffer = f"b{plan.buffer_of[step.result]}" if step.result in plan.buffer_of else ""
    if step.function is np.dot and on_array and not step.kwargs:
        # The method is the function without its detour, which takes a quarter of a small product.
        return f"{args[0]}.dot({', '.join([*args[1:], *filter(None, [buffer])])})"
    by_position = isinstance(step.function, np.ufunc) and step.function not in OUT_BY_NAME
    if buffer and by_position:  # which is quicker than by name
        args.append(buffer)
    args += [f"{key}={_text(value, names)}" for key, value in step.kwargs.items()]
    if buffer and not by_position:
        args.append(f"out={buffer}")
    if step.function in METHODS and on_array:
        return f"{args[0]}.{METHODS[step.function]}({', '.join(args[1:])})"
    return f"{names.of(step.function)}({', '.join(args)})"


def _is_array(arg: Any, program: Program) -> bool:
    return isinstance(arg, Ref) and program.kinds[arg.number].shape != ()


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
