"""What the tape is made of: a node for each recorded operation, and for each leaf."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from tensorgrad.mutation import numbers


class Node:
    """One recorded operation, or one leaf: a tensor that somebody wants the gradient of.

    Attributes
    ----------
    number : int
        Position in the order of creation.
    function : callable or None
        The function that was called; None for a leaf.
    rules : sequence of callable
        The pullback of each operand, ``rule(cotangent, value, *args, **kwargs)``.
    pullback : callable or None
        What the rules give, for all operands in one call: see :class:`Primitive`.
    args, kwargs : sequence, dict
        The arguments of the call, unwrapped to plain arrays.
    sources : sequence of (Node or None)
        Aligned with ``args``: the node an operand came from, None for a constant.
    value : ndarray or tuple of ndarray
        The result.
    tensor : weakref or None
        On a leaf only: the tensor that receives the gradient.
    group : tuple of (int, object, group or None), or None
        On the output of a named part of a program, a layer for instance: the number at which the
        part began, and what it is; then the same of a part inside that has the same output. To
        the part belongs what the output was computed by and was numbered since.
    line : str
        Only under ``detect_anomaly``: where the user's code called the operation.
    """

    __slots__ = (
        "args",
        "function",
        "group",
        "kwargs",
        "line",
        "number",
        "pullback",
        "rules",
        "sources",
        "tensor",
        "value",
    )

    number: int
    function: Callable[..., Any] | None
    rules: Sequence[Callable[..., Any]]
    pullback: Callable[..., Sequence[Any]] | None
    args: Sequence[Any]
    kwargs: dict[str, Any]
    sources: Sequence[Node | None]
    value: Any
    tensor: weakref.ref[Any] | None
    group: tuple[int, object, Any] | None
    line: str


def new_node(
    function: Callable[..., Any] | None,
    rules: Sequence[Callable[..., Any]],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    sources: Sequence[Node | None],
    value: Any,
) -> Node:
    """Make the node of a call; a class with ``__init__`` would take twice as long."""
    node = Node()
    node.number = next(numbers)
    node.function = function
    node.rules = rules
    node.pullback = None
    node.args = args
    node.kwargs = kwargs
    node.sources = sources
    node.value = value
    node.group = None
    return node


def leaf(value: Any, tensor: object | None = None) -> Node:
    """Make a node that no operation produced; cotangents end here."""
    node = new_node(None, (), (), {}, (), value)
    # Weak: the tensor owns its node, and a strong link back would make a cycle of every leaf. A
    # tensor that nobody holds any more has no use for a gradient.
    node.tensor = None if tensor is None else weakref.ref(tensor)
    return node
