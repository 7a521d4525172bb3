"""Questions about the graph of nodes: what depends on what. Nothing here recurses."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensorgrad.node import Node


def reachable(roots: Iterable[Node]) -> list[Node]:
    """Operations that the roots were computed by, themselves included, newest first."""
    stack = [root for root in roots if root.function is not None]
    seen = set(stack)
    while stack:
        for source in stack.pop().sources:
            if source is not None and source.function is not None and source not in seen:
                seen.add(source)
                stack.append(source)
    return sorted(seen, key=_number, reverse=True)


def between(
    roots: Iterable[Node], targets: Collection[Node]
) -> tuple[list[Node], set[Node], set[Node]]:
    """Operations on the way from targets to roots.

    Whatever does not depend on a target is left out, so that differentiating with respect to an
    input never computes the gradients of the parameters that are met on the way.

    Parameters
    ----------
    roots : iterable of Node
        Where cotangents start.
    targets : collection of Node
        Where they are to arrive.

    Returns
    -------
    order : list of Node
        The operations, newest first.
    needed : set of Node
        The same, and the targets.
    others : set of Node
        What the roots depend on besides: leaves, and what was there before the targets.
    """
    oldest = min((target.number for target in targets), default=math.inf)
    needed = set(targets)
    stack = [root for root in roots if root not in needed]
    seen = set(stack)
    others = {node for node in stack if node.function is None}
    while stack:
        for source in stack.pop().sources:
            if source is None or source in needed or source in seen:
                continue
            if source.function is None or source.number < oldest:
                others.add(source)
            else:
                seen.add(source)
                stack.append(source)
    order = []
    for node in sorted(seen, key=_number):
        if any(source in needed for source in node.sources):
            needed.add(node)
            order.append(node)
    order.reverse()
    return order, needed, others


def lead_to_a_tensor(nodes: Iterable[Node]) -> bool:
    """Whether these were computed from a tensor that requires a gradient and is still there.

    Leaves without one are the inputs of a transform, and have served their purpose.
    """
    stack = list(nodes)
    seen = set(stack)
    while stack:
        node = stack.pop()
        if node.function is None:
            if node.tensor is not None and node.tensor() is not None:
                return True
            continue
        for source in node.sources:
            if source is not None and source not in seen:
                seen.add(source)
                stack.append(source)
    return False


_number = attrgetter("number")
