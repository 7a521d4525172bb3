"""What a drawing shows of a recorded program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tensorgrad.compiler.program import Instruction, Kind, Program, Ref, refs_in
from tensorgrad.compiler.symbols import array_method
from tensorgrad.drawing.labels import described_argument, described_options
from tensorgrad.drawing.outline import Outline, Vertex, ends
from tensorgrad.messages import name_of
from tensorgrad.tape import component


def outline_of_program(program: Program, names: Any, max_nodes: int) -> Outline:
    """Describe a program as graphs are described.

    Parameters
    ----------
    program : Program
    names : sequence of str, or None
        What to call its inputs, in order; the others keep the numbers that they have in its text.
    max_nodes : int
        How many instructions to show.

    Raises
    ------
    TypeError, ValueError
        If ``names`` is not a sequence of at most as many strings as there are inputs.
    """
    sketch = _Sketch(program, _checked_names(names, program))
    oldest, omitted, newest = ends(list(program.instructions), max_nodes)
    for step in oldest:
        sketch.add(step)
    if omitted:
        sketch.add_omitted(omitted)
    for step in newest:
        sketch.add(step)
    results = [sketch.places[number] for number in program.outputs]
    return Outline(list(sketch.vertices), results)


def _checked_names(names: Any, program: Program) -> list[str]:
    if names is None:
        return []
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise TypeError(
            f"names is a {type(names).__name__}; expected a list of names for the inputs of the "
            "program, in order"
        )
    if len(names) > len(program.inputs):
        raise ValueError(f"got {len(names)} names for a program of {len(program.inputs)} inputs")
    return [" ".join(str(name).split()) for name in names]


class _Sketch:
    """Vertices made so far."""

    def __init__(self, program: Program, names: list[str]) -> None:
        self._kinds = program.kinds
        self.vertices: list[Vertex] = []
        self.places: dict[int, Vertex] = {}
        for number, name in zip(
            program.inputs, [*names, *[""] * len(program.inputs)], strict=False
        ):
            self._place(number, Vertex("input", name or f"%{number}", result=self._result(number)))
        for number in program.constants:
            self._place(number, Vertex("constant", f"%{number}", result=self._result(number)))

    def add(self, step: Instruction) -> None:
        """Add an instruction whose operands have been added."""
        function, args = name_of(step.function), step.args
        if step.function is array_method:
            function, args = f".{args[1]}", (args[0], *args[2:])
        operands = [i for i, arg in enumerate(args) if list(refs_in(arg))]
        count, options = len(args), [f"{k}={self._text(v)}" for k, v in step.kwargs.items()]
        if not list(refs_in(step.kwargs)) and step.function is not array_method:
            least = operands[-1] + 1 if operands else 0
            count, options = described_options(step.function, args, step.kwargs, least)
        vertex = Vertex(
            "component" if step.function is component else "operation",
            f"%{step.result}",
            function=function,
            arguments=[part for arg in args[:count] for part in self._argument(arg)],
            keywords=options,
            result=self._result(step.result),
        )
        self._place(step.result, vertex)

    def add_omitted(self, steps: Sequence[Instruction]) -> None:
        """Add one vertex in place of many instructions."""
        known = dict.fromkeys(self.places.get(n) for step in steps for n in step.operands())
        vertex = Vertex(
            "omitted",
            "...",
            arguments=[place for place in known if place is not None],
            count=len(steps),
        )
        self.vertices.append(vertex)
        self.places.update(dict.fromkeys((step.result for step in steps), vertex))

    def _place(self, number: int, vertex: Vertex) -> None:
        self.vertices.append(vertex)
        self.places[number] = vertex

    def _argument(self, arg: Any) -> Iterable[Vertex | str]:
        if isinstance(arg, Ref):
            return [self.places[arg.number]]
        if isinstance(arg, list | tuple) and list(refs_in(arg)):
            return [part for item in arg for part in self._argument(item)]
        return [described_argument(arg)]

    def _text(self, value: Any) -> str:
        return (
            self.places[value.number].name if isinstance(value, Ref) else described_argument(value)
        )

    def _result(self, number: int) -> str:
        kind: Kind | None = self._kinds.get(number)
        if kind is None:
            return "tuple"
        return "number" if kind.weak else f"{kind.dtype} {kind.shape}"
