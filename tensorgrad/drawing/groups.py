"""Which operations belong to which layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tensorgrad.node import Node


class Group:
    """One call of a named part of a program, a layer for instance.

    Attributes
    ----------
    owner : object
        What was called.
    parent : Group or None
        The call around this one.
    label : str
        Its path within the outermost owner, and its type.
    """

    __slots__ = ("label", "owner", "parent")

    def __init__(self, owner: Any, parent: Group | None, label: str) -> None:
        self.owner = owner
        self.parent = parent
        self.label = label

    def from_outside(self) -> list[Group]:
        """The groups around this one, outermost first, and itself."""
        chain: list[Group] = []
        group: Group | None = self
        while group is not None:
            chain.append(group)
            group = group.parent
        return chain[::-1]


def groups_of(operations: Sequence[Node]) -> dict[Node, Group]:
    """The innermost group of each operation that belongs to one.

    A layer marks the node of its output with the number at which its call began, see
    :class:`tensorgrad.tape.Node`. To the call belongs what the output was computed by since then.

    Parameters
    ----------
    operations : sequence of Node
        All that is of interest.

    Returns
    -------
    dict of Node to Group
    """
    innermost: dict[Node, Group] = {}
    label = _Labels()
    # Calls that began earlier are around those that began later, which then overwrite them.
    for start, owner, outputs in _calls(operations):
        parent = innermost.get(outputs[-1])
        group = Group(owner, parent, label(owner, parent))
        stack = outputs
        while stack:
            node = stack.pop()
            if innermost.get(node) is group:
                continue
            innermost[node] = group
            stack += [s for s in node.sources if s and s.function and s.number > start]
    return innermost


def innermost_common(a: Group | None, b: Group | None) -> Group | None:
    """The innermost group around both."""
    if a is None or b is None:
        return None
    around_b = set(b.from_outside())
    return next((group for group in a.from_outside()[::-1] if group in around_b), None)


def pairs_of(owner: Any, method: str) -> list[tuple[str, Any]]:
    """What ``owner.named_parameters()`` or ``owner.named_modules()`` gives; nothing without it.

    Any object may be the owner of a group, and this package knows no layers.
    """
    pairs: Callable[[], Iterable[tuple[str, Any]]] | None = getattr(owner, method, None)
    return list(pairs()) if callable(pairs) else []


def _calls(operations: Iterable[Node]) -> list[tuple[int, Any, list[Node]]]:
    """When each call began, what was called, and the nodes of its outputs; by time."""
    calls: dict[tuple[int, int], tuple[int, Any, list[Node]]] = {}
    for node in operations:
        mark = node.group
        while mark is not None:
            start, owner, *others = mark
            calls.setdefault((start, id(owner)), (start, owner, []))[2].append(node)
            mark = others[0] if others else None
    return [calls[key] for key in sorted(calls)]


class _Labels:
    """Labels of groups: ``layers.0: Linear``."""

    def __init__(self) -> None:
        self._paths: dict[int, dict[int, str]] = {}

    def __call__(self, owner: Any, parent: Group | None) -> str:
        if isinstance(owner, str):
            return " ".join(owner.split())
        kind = type(owner).__name__
        outermost = owner if parent is None else parent.from_outside()[0].owner
        path = self._paths_within(outermost).get(id(owner))
        return f"{path}: {kind}" if path else kind

    def _paths_within(self, outermost: Any) -> dict[int, str]:
        if id(outermost) not in self._paths:
            pairs = pairs_of(outermost, "named_modules")
            self._paths[id(outermost)] = {id(module): path for path, module in pairs}
        return self._paths[id(outermost)]
