"""Nested tuples, lists, dicts and dataclasses as a flat list of leaves, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """Take a nested structure apart.

    Parameters
    ----------
    tree : nested tuple, list, dict, dataclass instance or leaf
        Whatever is not a container is a leaf; None is a container of nothing.

    Returns
    -------
    leaves : list
        In order; a dict's in the order of its keys.
    rebuild : callable
        ``rebuild(leaves)`` makes the same structure of other leaves.

    Examples
    --------
    >>> leaves, rebuild = flatten({"a": 1, "b": (2, [3])})
    >>> leaves
    [1, 2, 3]
    >>> rebuild([10, 20, 30])
    {'a': 10, 'b': (20, [30])}
    """
    parts = _parts(tree)
    if parts is None:
        return [tree], lambda leaves: leaves[0]
    children, assemble = parts
    leaves: list[Any] = []
    rebuilds: list[tuple[int, int, Callable[[list[Any]], Any]]] = []
    for child in children:
        below, rebuild = flatten(child)
        rebuilds.append((len(leaves), len(leaves) + len(below), rebuild))
        leaves += below

    def rebuilt(new: list[Any]) -> Any:
        return assemble([rebuild(new[start:stop]) for start, stop, rebuild in rebuilds])

    return leaves, rebuilt


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """Apply a function to every leaf of a nested structure.

    Examples
    --------
    >>> map_leaves(abs, {"a": -1, "b": [2, -3]})
    {'a': 1, 'b': [2, 3]}
    """
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])


def _parts(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]] | None:
    """The children of a container and how to assemble it from others; None for a leaf."""
    if tree is None:
        return [], lambda children: None
    if isinstance(tree, dict):
        keys = list(tree)
        return list(tree.values()), lambda children: type(tree)(zip(keys, children, strict=True))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return list(tree), lambda children: type(tree)(*children)
    if isinstance(tree, list | tuple):
        return list(tree), type(tree)
    # A dataclass in the program means that the module is loaded; the core need not import it.
    dataclasses = sys.modules.get("dataclasses")
    if dataclasses and dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = [field.name for field in dataclasses.fields(tree) if field.init]
        return [getattr(tree, name) for name in names], lambda children: dataclasses.replace(
            tree, **dict(zip(names, children, strict=True))
        )
    return None
