"""What a drawing shows of a graph: its operations in order, with names, labels and groups.

An :class:`Outline` holds text and links, none of the arrays, and no more of a large graph than a
reader can take in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from tensorgrad.drawing.groups import Group, groups_of, innermost_common
from tensorgrad.drawing.labels import (
    Names,
    described_argument,
    described_options,
    described_result,
)
from tensorgrad.graph import reachable
from tensorgrad.messages import name_of
from tensorgrad.node import Node
from tensorgrad.tape import component

T = TypeVar("T")
Kind = Literal["operation", "component", "leaf", "input", "constant", "omitted"]


class Vertex:
    """Something with a place in a drawing.

    Attributes
    ----------
    kind : str
        An operation; a component of a tuple that an operation gave; a leaf, or what a program is
        given; a constant array that has a name; or what stands for operations left out.
    name : str
        How others refer to it.
    function : str
        What was called, as a user would write it.
    arguments : list of (Vertex or str)
        What it was called with, in order; as text if it has no place of its own.
    keywords : list of str
        Such as ``"axis=0"``.
    result : str
        Dtype and shape.
    group : Group or None
        The innermost layer it belongs to.
    count : int
        How many operations it stands for.
    """

    __slots__ = ("arguments", "count", "function", "group", "keywords", "kind", "name", "result")

    def __init__(
        self,
        kind: Kind,
        name: str,
        *,
        function: str = "",
        arguments: Sequence[Vertex | str] = (),
        keywords: Sequence[str] = (),
        result: str = "",
        group: Group | None = None,
        count: int = 1,
    ) -> None:
        self.kind: Kind = kind
        self.name = name
        self.function = function
        self.arguments = arguments
        self.keywords = keywords
        self.result = result
        self.group = group
        self.count = count


class Outline(NamedTuple):
    """A graph as it is drawn."""

    vertices: list[Vertex]
    """Operands first. What a group is given, its parameters, comes before all else in the group."""
    results: list[Vertex]
    """What was asked for."""


def outline(tensors: Sequence[Any], names: Any, max_nodes: int) -> Outline:
    """Describe the graph that tensors were computed by.

    Parameters
    ----------
    tensors : sequence of Tensor
        The results.
    names : dict, object with ``named_parameters()``, or None
        See :func:`tensorgrad.draw`.
    max_nodes : int
        How many operations to show.

    Returns
    -------
    Outline
    """
    operations = reachable(tensor.node for tensor in tensors if tensor.node is not None)[::-1]
    groups = groups_of(operations)
    sketch = _Sketch(Names(names, groups.values()), groups)
    oldest, omitted, newest = ends(operations, max_nodes)
    for node in oldest:
        sketch.add(node)
    if omitted:
        sketch.add_omitted(omitted)
    for node in newest:
        sketch.add(node)
    results = [sketch.operand(tensor.data, tensor.node, None) for tensor in tensors]
    return Outline(sketch.in_order(), results)


def ends(operations: list[T], most: int) -> tuple[list[T], list[T], list[T]]:
    """The oldest operations, those that are left out, and the newest."""
    if len(operations) <= most:
        return operations, [], []
    first, last = most // 2, len(operations) - (most - most // 2)
    return operations[:first], operations[first:last], operations[last:]


class _Sketch:
    """Vertices made so far."""

    def __init__(self, names: Names, groups: dict[Node, Group]) -> None:
        self._names = names
        self._groups = groups
        self._operations: list[Vertex] = []
        self._inputs: list[Vertex] = []
        self._places: dict[int, Vertex] = {}

    def add(self, node: Node) -> None:
        """Add an operation whose operands have been added."""
        group = self._groups.get(node)
        arguments = [
            self._argument(argument, source, group)
            for argument, source in zip(node.args, node.sources, strict=False)
        ]
        last = max(i for i, argument in enumerate(arguments) if isinstance(argument, Vertex))
        count, keywords = described_options(node.function, node.args, node.kwargs, last + 1)
        vertex = Vertex(
            "component" if node.function is component else "operation",
            self._names.of_node(node),
            function=name_of(node.function),
            arguments=arguments[:count],
            keywords=keywords,
            result=described_result(node.value),
            group=group,
        )
        self._operations.append(vertex)
        self._places[id(node)] = vertex

    def add_omitted(self, nodes: Sequence[Node]) -> None:
        """Add one vertex in place of many operations."""
        sources = (source for node in nodes for source in node.sources if source is not None)
        known = dict.fromkeys(self._places.get(id(source)) for source in sources)
        vertex = Vertex(
            "omitted",
            "...",
            arguments=[place for place in known if place is not None],
            count=len(nodes),
        )
        self._operations.append(vertex)
        self._places.update(dict.fromkeys(map(id, nodes), vertex))

    def operand(self, value: Any, node: Node | None, group: Group | None) -> Vertex:
        """The place of an operand of something in a group; leaves and constants are added."""
        thing = value if node is None else node
        if id(thing) not in self._places:
            name = self._names.of_constant(value) if node is None else self._names.of_node(node)
            vertex = Vertex(
                "constant" if node is None else "leaf",
                name,
                result=described_result(value),
                group=self._names.home(thing, group),
            )
            self._inputs.append(vertex)
            self._places[id(thing)] = vertex
        vertex = self._places[id(thing)]
        if vertex.kind in ("leaf", "constant"):
            vertex.group = innermost_common(vertex.group, group)
        return vertex

    def in_order(self) -> list[Vertex]:
        """All vertices, with a number for a name where there is none."""
        inputs: dict[Group | None, list[Vertex]] = {}
        for vertex in self._inputs:
            inputs.setdefault(vertex.group, []).append(vertex)
        ordered = inputs.pop(None, [])
        for vertex in self._operations:
            for group in () if vertex.group is None else vertex.group.from_outside():
                ordered += inputs.pop(group, [])
            ordered.append(vertex)
        _number(ordered)
        return ordered

    def _argument(self, value: Any, source: Node | None, group: Group | None) -> Vertex | str:
        if source is None and not self._names.of_constant(value):
            return described_argument(value)
        return self.operand(value, source, group)


def _number(vertices: Iterable[Vertex]) -> None:
    number = 0
    for vertex in vertices:
        if vertex.kind == "omitted":
            number += vertex.count
        elif not vertex.name:
            number += 1
            vertex.name = f"%{number}"
