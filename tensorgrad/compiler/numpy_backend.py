"""Replay: the program as one Python function of bound NumPy calls on preallocated buffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import getitem
from typing import Any

import numpy as np

from tensorgrad.compiler.added_products import with_added_products
from tensorgrad.compiler.cheaper_calls import with_cheaper_calls
from tensorgrad.compiler.factors import factor_out
from tensorgrad.compiler.planning import Plan, plan_buffers
from tensorgrad.compiler.program import Instruction, Program, Ref, refs_in, substitute
from tensorgrad.compiler.symbols import array_method
from tensorgrad.tape import component

OUT_BY_NAME = frozenset({np.maximum, np.minimum})
"""Ufuncs that deprecate the result array as a third argument."""

METHODS: dict[Any, tuple[str, int]] = {
    np.argmax: ("argmax", 3),
    np.argmin: ("argmin", 3),
    np.diagonal: ("diagonal", 4),
    np.dot: ("dot", 3),
    np.ravel: ("ravel", 2),
    np.repeat: ("repeat", 3),
    np.reshape: ("reshape", 2),
    np.squeeze: ("squeeze", 2),
    np.swapaxes: ("swapaxes", 3),
    np.take: ("take", 5),
    np.transpose: ("transpose", 2),
}
"""Functions that are methods behind a detour, the methods, and how many arguments both take by
position, the array among them."""
SAME_KEYWORDS = frozenset({"axis", "keepdims", "mode"})
"""Keywords that both take."""


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
    call_with : callable
        That function: it takes the inputs as one sequence.
    """

    def __init__(self, program: Program) -> None:
        program = with_cheaper_calls(with_added_products(factor_out(program)))
        self.plan: Plan = plan_buffers(program)
        views = _views_of_buffers(program, self.plan)
        self.source, namespace = _source(program, self.plan, views)
        namespace |= {"idle": [], "new_buffers": partial(_new_buffers, self.plan, views)}
        exec(compile(self.source, "<tensorgrad replay>", "exec"), namespace)
        # Taken out, since a function among its own globals would keep the buffers alive.
        self.call_with: Callable[[Sequence[Any]], tuple[Any, ...]] = namespace.pop("run")

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        """The outputs of the program, in order."""
        return self.call_with(inputs)


def _new_buffers(plan: Plan, views: list[Instruction]) -> tuple[Any, ...]:
    """Arrays to write to, and what looks at them in another way."""
    buffers = [np.empty(kind.shape, kind.dtype) for kind in plan.buffers]
    values = {number: buffers[i] for number, i in plan.buffer_of.items()}
    for step in views:
        args, kwargs = (substitute(tree, values.__getitem__) for tree in (step.args, step.kwargs))
        values[step.result] = step.function(*args, **kwargs)
    return (*buffers, *(values[step.result] for step in views))


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
    lines = ["def run(inputs):"]
    if program.inputs:
        lines.append(f"    {', '.join(map(_value, program.inputs))}, = inputs")
    bound = {step.result for step in views}
    kept = [*(f"b{i}" for i in range(len(plan.buffers))), *(_value(step.result) for step in views)]
    if kept:
        lines += _TAKE_BUFFERS
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
    if kept:
        lines.append("    idle.append(buffers)")
    outputs = "".join(f"{_value(n)}, " for n in program.outputs)
    lines.append(f"    return ({outputs})")
    return "\n".join(lines) + "\n", names.objects


_TAKE_BUFFERS = [
    "    try:",
    "        buffers = idle.pop()",
    "    except IndexError:",
    "        buffers = new_buffers()",
]


def _call(step: Instruction, program: Program, plan: Plan, names: _Names) -> str:
    args = [_text(arg, names) for arg in step.args]
    function, kwargs = step.function, step.kwargs
    if function is component or function is getitem:
        return f"{args[0]}[{_index(step.args[1], names)}]"
    on_array = bool(args) and _is_array(step.args[0], program)
    if function is np.transpose and len(args) == 1 and not kwargs and on_array:
        return f"{args[0]}.T"
    buffer = f"b{plan.buffer_of[step.result]}" if step.result in plan.buffer_of else ""
    by_position = isinstance(function, np.ufunc) and function not in OUT_BY_NAME
    by_position |= function is np.dot and not kwargs
    if buffer and by_position:  # which is quicker than by name
        args.append(buffer)
    args += [f"{key}={_text(value, names)}" for key, value in kwargs.items()]
    if buffer and not by_position:
        args.append(f"out={buffer}")
    if on_array and function is array_method:
        return f"{args[0]}.{step.args[1]}({', '.join(args[2:])})"
    method, most = METHODS.get(function, ("", 0))
    if on_array and len(step.args) <= most and kwargs.keys() <= SAME_KEYWORDS:
        return f"{args[0]}.{method}({', '.join(args[1:])})"
    return f"{names.of(function)}({', '.join(args)})"


def _index(index: Any, names: _Names) -> str:
    """An index as text, made once if it is always the same."""
    varies = type(index) is int or next(refs_in(index), None) is not None
    return _text(index, names) if varies else names.of(index)


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
