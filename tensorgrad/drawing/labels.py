"""Names of leaves and results, and operands that have no name, as short text."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import EllipsisType
from typing import Any

import numpy as np

from tensorgrad.drawing.groups import Group, pairs_of
from tensorgrad.messages import described, name_of
from tensorgrad.node import Node
from tensorgrad.tensor import Tensor

LONGEST_NUMBER = 8
LONGEST_TEXT = 40
MOST_ITEMS = 6


class Names:
    """Names of nodes and of constant arrays.

    Parameters
    ----------
    given : dict, object with ``named_parameters()``, or None
        What the user calls them.
    groups : iterable of Group
        Their owners name the parameters that the user did not, outer ones first.
    """

    def __init__(self, given: Any, groups: Iterable[Group]) -> None:
        self._names: dict[int, str] = {}
        self._owned: dict[int, set[int]] = {}
        self._alive: list[Any] = []  # an id stays with its object as long as that lives
        for name, value in _given_pairs(given):
            self._add(name, value)
        self._add_parameters(_distinct_owners(groups))

    def of_node(self, node: Node) -> str:
        """Name of an operation's result, or of a leaf; empty if there is none."""
        return self._names.get(id(node)) or self._names.get(id(_tensor_of(node)), "")

    def of_constant(self, array: Any) -> str:
        """Name of a constant array; empty if there is none."""
        return self._names.get(id(array), "")

    def home(self, thing: Any, group: Group | None) -> Group | None:
        """The innermost of the groups from ``group`` outwards that owns a parameter.

        ``thing`` is the node of the parameter, or the array of one that is frozen.
        """
        key = id(_tensor_of(thing) if isinstance(thing, Node) else thing)
        while group is not None and key not in self._owned.get(id(group.owner), ()):
            group = group.parent
        return group

    def _add(self, name: str, value: Any) -> None:
        name = " ".join(name.split())
        self._alive.append(value)
        for key in _keys(value):
            self._names.setdefault(key, name)

    def _add_parameters(self, owners: list[Any]) -> None:
        found: dict[int, tuple[str, Any, Any]] = {}
        for owner in owners:
            pairs = [*pairs_of(owner, "named_parameters"), *pairs_of(owner, "named_buffers")]
            self._owned[id(owner)] = {key for _, value in pairs for key in _keys(value)}
            for name, value in pairs:
                found.setdefault(id(value), (name, owner, value))
        # Two models side by side may both have a "layers.0.weight".
        taken = Counter([*self._names.values(), *(name for name, _, _ in found.values())])
        models = _distinct_types({id(owner): owner for _, owner, _ in found.values()})
        for name, owner, value in found.values():
            self._add(f"{models[id(owner)]}.{name}" if taken[name] > 1 else name, value)


def _given_pairs(given: Any) -> list[tuple[str, Any]]:
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [(str(name), value) for name, value in given.items()]
    if hasattr(given, "named_parameters"):
        return [*pairs_of(given, "named_parameters"), *pairs_of(given, "named_buffers")]
    raise TypeError(
        f"names is a {type(given).__name__}; expected a dict such as {{'w': tensor}}, or a module"
    )


def _distinct_owners(groups: Iterable[Group]) -> list[Any]:
    """Owners of groups, outer ones first, so that names are paths within the whole model."""
    depths = {
        member: depth
        for group in dict.fromkeys(groups)
        for depth, member in enumerate(group.from_outside())
    }
    ordered = sorted(depths, key=lambda group: depths[group])
    return list({id(group.owner): group.owner for group in ordered}.values())


def _distinct_types(owners: Mapping[int, Any]) -> dict[int, str]:
    """The type of each, with a number if it is not the first of that type."""
    types: dict[int, str] = {}
    seen: Counter[str] = Counter()
    for key, owner in owners.items():
        name = type(owner).__name__
        seen[name] += 1
        types[key] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return types


def _keys(value: Any) -> list[int]:
    """The objects by which a graph refers to a tensor or an array."""
    if not isinstance(value, Tensor):
        return [id(value)] if _is_array(value) else []
    if value.node is None:
        return [id(value), id(value.data)]
    # Not the array: where that appears as a constant, the tensor was cut from the graph.
    return [id(value), id(value.node)]


def _tensor_of(node: Node) -> Any:
    """The tensor that a leaf belongs to; the node itself if there is none."""
    tensor = node.tensor and node.tensor() if node.function is None else None
    return node if tensor is None else tensor


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


# ----------------------------------------------------------------------------------- descriptions


def described_result(value: Any) -> str:
    """Dtype and shape of a result, or of all results of a function that has several.

    Examples
    --------
    >>> described_result(np.zeros((32, 8), np.float32))
    'float32 (32, 8)'
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(described_result, value))})"
    return described(value)


def described_argument(value: Any) -> str:
    """A constant in a call: numbers by value, arrays by dtype and shape.

    Examples
    --------
    >>> described_argument(2), described_argument(np.zeros((32, 8)))
    ('2', '<float64 (32, 8)>')
    >>> described_argument((0, slice(1, None), ..., None))
    '(0, 1:, ..., None)'
    """
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        return _shortened(str(value))
    if isinstance(value, type):
        return name_of(value)
    if _is_array(value):
        return f"<{described(value)}>"
    if isinstance(value, float):
        return repr(value) if len(repr(value)) <= LONGEST_NUMBER else f"{value:.6g}"
    if value is None or isinstance(value, bool | int | str):
        return _shortened(repr(value))
    if isinstance(value, EllipsisType):
        return "..."
    if isinstance(value, slice):
        return _described_slice(value)
    if isinstance(value, list | tuple):
        return _described_sequence(value)
    if isinstance(value, np.dtype):
        return value.name
    if callable(value):
        return name_of(value)
    return f"<{type(value).__name__}>"


def described_options(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], operands: int
) -> tuple[int, list[str]]:
    """What a call says besides its operands, those options left out that have their default value.

    Parameters
    ----------
    function : callable
        What was called.
    args, kwargs : sequence, mapping
        What it was called with.
    operands : int
        How many arguments are to stay where they are, because a tensor is among them.

    Returns
    -------
    count : int
        How many arguments are shown by position. The rest has names.
    options : list of str

    Examples
    --------
    >>> described_options(np.sum, (np.ones(3), 0, None), {"keepdims": False}, 1)
    (1, ['axis=0'])
    """
    parameters = _parameters(function)
    count = len(args)
    # Only what follows the operands, and may be left out of a call, may be shown as a keyword.
    while count > operands and count <= len(parameters) and _is_option(parameters[count - 1]):
        count -= 1
    named = {p.name: value for p, value in zip(parameters[count:], args[count:], strict=False)}
    defaults = {p.name: p.default for p in parameters}
    options = {**named, **kwargs}
    return count, [
        f"{name}={described_argument(value)}"
        for name, value in options.items()
        if not _is_default(value, defaults.get(name, inspect.Parameter.empty))
    ]


def _parameters(function: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a function written in C may not say
        return []


def _is_option(parameter: inspect.Parameter) -> bool:
    return (
        parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        and parameter.default is not inspect.Parameter.empty
    )


def _is_default(value: Any, default: Any) -> bool:
    # NumPy's own "not given" stands for what None or False would mean.
    if default is np._NoValue or default is inspect.Parameter.empty:
        return value is None or value is False
    return value is default or (
        isinstance(value, bool | int | float | str | tuple)
        and type(value) is type(default)
        and value == default
    )


def _described_slice(value: slice) -> str:
    parts = [value.start, value.stop] + ([] if value.step is None else [value.step])
    return ":".join("" if part is None else described_argument(part) for part in parts)


def _described_sequence(value: list[Any] | tuple[Any, ...]) -> str:
    items = [described_argument(item) for item in value[:MOST_ITEMS]]
    if len(value) > MOST_ITEMS:
        items.append(f"... {len(value)} in all")
    text = ", ".join(items)
    if isinstance(value, list):
        return f"[{text}]"
    return f"({text},)" if len(value) == 1 else f"({text})"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
