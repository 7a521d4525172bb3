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
    parts = None if type(tree) in _leaf_types else _parts(tree)
    if parts is None:
        return [tree], _first
    children, assemble = parts
    if _leaf_types.issuperset(map(type, children)):
        return children, assemble
    leaves: list[Any] = []
    rebuilds: list[tuple[int, int, Callable[[list[Any]], Any]]] = []
    for child in children:
        below, rebuild = flatten(child)
        rebuilds.append((len(leaves), len(leaves) + len(below), rebuild))
        leaves += below

    def rebuilt(new: list[Any]) -> Any:
        return assemble([rebuild(new[start:stop]) for start, stop, rebuild in rebuilds])

    return leaves, rebuilt


def _first(leaves: list[Any]) -> Any:
    return leaves[0]


_leaf_types: set[type] = set()
"""Types that were found to be no containers: most calls meet few, and each of them often."""


def leaves_like(tree: Any, template: Any) -> list[Any]:
    """The leaves of a structure, in the order of another one that it must match.

    Parameters
    ----------
    tree : nested structure
        Dicts may have their keys in any order; a list may stand for a tuple.
    template : nested structure
        What says the structure and the order.

    Returns
    -------
    list
        As many as ``template`` has leaves.

    Raises
    ------
    ValueError
        If the two have different structures.

    Examples
    --------
    >>> leaves_like({"b": 2, "a": 1}, {"a": 10, "b": 20})
    [1, 2]
    """
    parts, expected = _parts(tree), _parts(template)
    if parts is None and expected is None:
        return [tree]
    if isinstance(template, dict) and isinstance(tree, dict) and tree.keys() == template.keys():
        pairs = [(tree[key], template[key]) for key in template]
    elif (
        parts is None
        or expected is None
        or isinstance(tree, dict)
        or isinstance(template, dict)
        or len(parts[0]) != len(expected[0])
    ):
        raise ValueError(
            f"{_outline(tree)} was given for {_outline(template)}; they must have the same "
            "structure"
        )
    else:
        pairs = list(zip(parts[0], expected[0], strict=True))
    return [leaf for pair in pairs for leaf in leaves_like(*pair)]


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """Apply a function to every leaf of a nested structure.

    Examples
    --------
    >>> map_leaves(abs, {"a": -1, "b": [2, -3]})
    {'a': 1, 'b': [2, 3]}
    """
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])


def _outline(tree: Any) -> str:
    """What a structure is, for messages: its type, and its keys or how many children it has."""
    if tree is None:
        return "None"
    if isinstance(tree, dict):
        return f"a {type(tree).__name__} with the keys {list(tree)}"
    parts = _parts(tree)
    return "an array" if parts is None else f"a {type(tree).__name__} of {len(parts[0])}"


def _dict_like(tree: dict[Any, Any], keys: list[Any], children: list[Any]) -> dict[Any, Any]:
    if type(tree) is dict:
        return dict(zip(keys, children, strict=True))
    new = tree.copy()  # a defaultdict, say, is not made of its items alone
    for key, child in zip(keys, children, strict=True):
        new[key] = child  # what update() does is for a Counter to add up
    return new


def _parts(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]] | None:
    """The children of a container and how to assemble it from others; None for a leaf."""
    if tree is None:
        return [], lambda children: None
    if isinstance(tree, dict):
        keys = list(tree)
        return list(tree.values()), lambda children: _dict_like(tree, keys, children)
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
    if not isinstance(tree, type):
        _leaf_types.add(type(tree))
    return None
