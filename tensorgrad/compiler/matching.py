"""Arguments taken apart, and results put together, by Python made for one structure.

A recorded step of a small network takes twenty microseconds. To walk through nested arguments, and
look up what was recorded for such, takes five more; a function that knows what to expect takes one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tensorgrad.structure import flatten

Matcher = Callable[[Any], "list[Any] | None"]


def matcher_of(tree: Any) -> Matcher | None:
    """Make a function that lists the arrays of arguments like these, and gives None for others.

    Parameters
    ----------
    tree : nested tuples, lists and dicts of arrays and Python numbers
        Arguments of the make that is to be recognized: structure, keys in their order, shapes,
        dtypes.

    Returns
    -------
    callable or None
        None if there is something else among the arguments.

    Examples
    --------
    >>> match = matcher_of(({"w": np.ones(2)}, 0.1))
    >>> match(({"w": np.zeros(2)}, 0.5))
    [array([0., 0.]), 0.5]
    >>> match(({"w": np.zeros(3)}, 0.5))
    """
    text = _Text()
    try:
        text.take_apart(tree, "tree")
    except _UnknownType:
        return None
    body = [*text.lines, f"return [{', '.join(text.leaves)}]"]
    return text.function("match", "tree", body)


def builder_of(tree: Any) -> Callable[..., Any] | None:
    """Make a function that puts results, in order, into a structure like this one.

    Parameters
    ----------
    tree : nested tuples, lists and dicts
        Its leaves are stood in for by the results.

    Returns
    -------
    callable or None
        None if there is another kind of container. It may be given random generators as well, which
        stand in no such structure.

    Examples
    --------
    >>> builder_of(({"w": 0}, [0, 0]))((10, 20, 30))
    ({'w': 10}, [20, 30])
    """
    text = _Text()
    try:
        expression = text.put_together(tree)
    except _UnknownType:
        return None
    names = "".join(f"{leaf}, " for leaf in text.leaves)
    unpacked = [f"{names}= results"] if names else []
    return text.function("build", "results, generators=()", [*unpacked, f"return {expression}"])


class _UnknownType(Exception):
    pass


class _Text:
    """Lines of a function, and the objects that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.leaves: list[str] = []
        self._objects: dict[str, Any] = {"ndarray": np.ndarray}
        self._count = 0

    def function(self, name: str, parameter: str, body: list[str]) -> Any:
        source = "\n    ".join([f"def {name}({parameter}):", *body])
        exec(compile(source, f"<tensorgrad {name}>", "exec"), self._objects)
        return self._objects[name]

    def take_apart(self, tree: Any, name: str) -> None:
        kind = type(tree)
        if kind is np.ndarray:
            shape, dtype = self._name_of(tree.shape), self._name_of(tree.dtype)
            self._refuse(
                f"type({name}) is not ndarray or {name}.dtype is not {dtype} or "
                f"{name}.shape != {shape}"
            )
            self.leaves.append(name)
        elif kind is float or kind is int:
            self._refuse(f"type({name}) is not {kind.__name__}")
            self.leaves.append(name)
        elif kind is dict:
            keys = self._name_of(tuple(tree))
            self._refuse(f"type({name}) is not dict or tuple({name}) != {keys}")
            self._take_apart_all(tree.values(), f"{name}.values()")
        elif kind is tuple or kind is list:
            self._refuse(f"type({name}) is not {kind.__name__} or len({name}) != {len(tree)}")
            self._take_apart_all(tree, name)
        else:
            raise _UnknownType

    def put_together(self, tree: Any) -> str:
        kind = type(tree)
        if kind is dict:
            items = [f"{self._name_of(k)}: {self.put_together(v)}" for k, v in tree.items()]
            return f"{{{', '.join(items)}}}"
        if kind is tuple or kind is list:
            items = "".join(f"{self.put_together(item)}, " for item in tree)
            return f"({items})" if kind is tuple else f"[{items}]"
        leaves, _ = flatten(tree)
        if len(leaves) != 1 or leaves[0] is not tree:
            raise _UnknownType
        name = self._new_name()
        self.leaves.append(name)
        return name

    def _take_apart_all(self, items: Any, name: str) -> None:
        names = [self._new_name() for _ in items]
        if names:
            self.lines.append(f"{', '.join(names)}, = {name}")
        for item, part in zip(items, names, strict=True):
            self.take_apart(item, part)

    def _refuse(self, condition: str) -> None:
        self.lines.append(f"if {condition}: return None")

    def _name_of(self, thing: Any) -> str:
        if type(thing) in (str, int, bool, type(None)):
            return repr(thing)
        name = self._new_name()
        self._objects[name] = thing
        return name

    def _new_name(self) -> str:
        self._count += 1
        return f"x{self._count}"
