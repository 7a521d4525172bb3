"""Replay: the program as one Python function of bound NumPy calls on preallocated buffers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tensorgrad.compiler.factors import factor_out
from tensorgrad.compiler.planning import Plan, plan_buffers
from tensorgrad.compiler.program import Instruction, Kind, Program, Ref, substitute
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


def with_cheaper_calls(program: Program) -> Program:
    """Exchange functions for others that compute the same with less ado around it.

    ``np.dot`` calls the same BLAS routine as ``np.matmul`` of two matrices, in two thirds of the
    time when they are small, and ``np.add.reduce`` is what ``np.sum`` ends up calling; a product
    with ones is the quickest sum over rows, and over all of a few elements. An array without axes
    spares a ufunc the conversion of a number. A copy of what nobody else has is not made.
    """
    program = replace(_without_copies(program), kinds=dict(program.kinds))
    constants = dict(program.constants)
    steps = []
    planned = plan_buffers(program).buffer_of.keys()
    for step in program.instructions:
        step = _cheaper(step, program, constants)
        if _sums_few(step, program) and step.operands()[0] in planned:
            steps += _product_with_ones(step, program, constants)
        else:
            steps.append(step)
    return replace(program, constants=constants).with_instructions(steps)


def _without_copies(program: Program) -> Program:
    """Give what is computed, rather than a copy of it, to those who wanted one."""
    readers = Counter(n for step in program.instructions for n in step.operands())
    readers.update(program.outputs)
    looked_at = {n for step in program.instructions for n in step.views}
    fresh = {s.result for s in program.instructions if isinstance(s.function, np.ufunc)}
    names: dict[int, int] = {}
    kept = []
    for step in program.instructions:
        if step.function is array_method and step.args[1:] == ("copy",):
            (source,) = step.operands()
            if source in fresh and readers[source] == 1 and source not in looked_at:
                names[step.result] = names.get(source, source)
                continue
        kept.append(step)
    return program.with_instructions(kept).renamed(names)


def _with_arrays_for_numbers(
    step: Instruction, program: Program, constants: dict[int, Any]
) -> Instruction:
    """Numbers in a call of a ufunc as arrays of the dtype that it computes in."""
    kinds = [program.kinds[n] for n in step.operands()]
    numbers = [arg for arg in step.args if type(arg) in (int, float)]
    if step.kwargs or not numbers or len(numbers) + len(kinds) != len(step.args):
        return step
    if len(kinds) != 1 or kinds[0].weak or kinds[0].dtype.kind != "f":
        return step
    dtype = kinds[0].dtype
    ufunc: Any = step.function
    asked = [dtype if isinstance(arg, Ref) else type(arg) for arg in step.args]
    if any(one != dtype for one in ufunc.resolve_dtypes((*asked, None))[:-1]):
        return step
    args = []
    for arg in step.args:
        if not isinstance(arg, Ref):
            arg = Ref(_constant(np.array(arg, dtype), program, constants))
        args.append(arg)
    return replace(step, args=tuple(args))


def _constant(array: Any, program: Program, constants: dict[int, Any]) -> int:
    number = max((*program.kinds, *constants), default=0) + 1
    constants[number] = array
    program.kinds[number] = Kind(array.shape, array.dtype)
    return number


def _is_narrow(step: Instruction, program: Program) -> bool:
    """Whether rows or columns of a matrix are added up that is small enough."""
    if len(step.args) != 1 or step.kwargs.get("axis") not in (0, 1):
        return False
    kind = program.kinds[step.operands()[0]]
    return (
        set(step.kwargs) <= {"axis", "keepdims"}
        and len(kind.shape) == 2
        and 0 < kind.shape[0] * kind.shape[1] <= SUMMED_AS_PRODUCT
        and kind.dtype in (np.float32, np.float64)
    )


def _sum_as_product(step: Instruction, program: Program, constants: dict[int, Any]) -> Instruction:
    kind, axis = program.kinds[step.operands()[0]], step.kwargs["axis"]
    keeps = bool(step.kwargs.get("keepdims"))
    shape = (1, kind.shape[0]) if axis == 0 else (kind.shape[1], 1)
    array = np.ones(shape if keeps else kind.shape[axis], kind.dtype)
    ones = Ref(_constant(array, program, constants))
    args = (ones, *step.args) if axis == 0 else (*step.args, ones)
    return replace(step, function=np.dot, args=args, kwargs={})


def _sums_few(step: Instruction, program: Program) -> bool:
    """Whether so few elements are added up that a product with ones is as exact as halving."""
    if step.function != np.add.reduce or step.kwargs != {"axis": None}:
        return False
    kind = program.kinds[step.operands()[0]]
    few = 0 < math.prod(kind.shape) <= 128
    return few and kind.shape != () and kind.dtype in (np.float32, np.float64)


def _product_with_ones(
    step: Instruction, program: Program, constants: dict[int, Any]
) -> list[Instruction]:
    (whole,) = step.operands()
    kind = program.kinds[whole]
    array = np.ones(math.prod(kind.shape), kind.dtype)
    ones = _constant(array, program, constants)
    flat = ones + 1
    program.kinds[flat] = Kind(array.shape, kind.dtype)
    return [
        Instruction(flat, np.ravel, (Ref(whole),), {}, (whole,), step.line),
        replace(step, function=np.dot, args=(Ref(ones), Ref(flat)), kwargs={}),
    ]


SUMMED_AS_PRODUCT = 100_000
"""Elements up to which a product with ones is quicker than a sum over rows or columns."""


def _cheaper(step: Instruction, program: Program, constants: dict[int, Any]) -> Instruction:
    if isinstance(step.function, np.ufunc) and step.function.nout == 1:
        return _with_arrays_for_numbers(step, program, constants)
    if step.function is np.matmul and not step.kwargs:
        kinds = [program.kinds[n] for n in step.operands()]
        if len(kinds) == len(step.args) == 2 and all(
            len(kind.shape) == 2 and kind.dtype.kind == "f" for kind in kinds
        ):
            return replace(step, function=np.dot)
    if step.function is array_method and step.args[1] == "sum" and len(step.args) == 2:
        step = replace(step, function=np.sum, args=step.args[:1])
    if step.function in (np.max, np.min) and len(step.args) == 1:
        reduce = np.maximum.reduce if step.function is np.max else np.minimum.reduce
        return replace(step, function=reduce, kwargs={"axis": None, **step.kwargs})
    if step.function is np.sum and _is_narrow(step, program):
        return _sum_as_product(step, program, constants)
    if step.function is np.sum and len(step.args) == 1 and set(step.kwargs) <= {"axis", "keepdims"}:
        return replace(step, function=np.add.reduce, kwargs={"axis": None, **step.kwargs})
    return step


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
