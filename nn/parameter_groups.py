"""Groups of parameters with learning rates and decay of their own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nn.checks import non_negative_number, positive_number
from tensorgrad import Tensor

CHECKS = {
    "learning_rate": positive_number,
    "l2_penalty": non_negative_number,
    "weight_decay": non_negative_number,
}
"""What a group may say about itself."""


class ParameterGroup(NamedTuple):
    """Parameters, and what holds for them; None stands for what the optimizer says.

    Attributes
    ----------
    parameters : list of Tensor
    learning_rate, l2_penalty, weight_decay : float or None
    """

    parameters: list[Tensor]
    learning_rate: float | None = None
    l2_penalty: float | None = None
    weight_decay: float | None = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return sum(parameter.size for parameter in self.parameters)

    @property
    def own(self) -> dict[str, float]:
        """What the group says itself, by name."""
        return {name: getattr(self, name) for name in CHECKS if getattr(self, name) is not None}


def as_groups(parameters: Iterable[Any]) -> list[ParameterGroup]:
    """Groups, of parameters or of dicts with ``"parameters"`` and settings.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a setting is unknown or out of its range, or a parameter is in several groups.

    Examples
    --------
    >>> from nn import Linear
    >>> layer = Linear(2, 1)
    >>> weights, biases = as_groups(
    ...     [{"parameters": [layer.weight], "weight_decay": 0.1}, {"parameters": [layer.bias]}]
    ... )
    >>> weights.own, biases.own
    ({'weight_decay': 0.1}, {})
    """
    if isinstance(parameters, Tensor):
        raise TypeError("expected a list of parameters, got a single tensor; put it into a list")
    if isinstance(parameters, Mapping):
        raise TypeError(
            "expected a list of parameters or of groups, got one dict; put it into a list"
        )
    entries = list(parameters)
    dicts = [entry for entry in entries if isinstance(entry, Mapping)]
    if not dicts:
        return [ParameterGroup(_distinct(entries))]
    if len(dicts) < len(entries):
        raise TypeError("expected parameters or groups (dicts), got both in one list")
    groups = [_group(entry, f"group {i}") for i, entry in enumerate(dicts)]
    for (i, one), (j, other) in itertools.combinations(enumerate(groups), 2):
        if {id(p) for p in one.parameters} & {id(p) for p in other.parameters}:
            raise ValueError(f"groups {i} and {j} have a parameter in common")
    return groups


def settings_of(groups: Iterable[ParameterGroup]) -> dict[str, float]:
    """What groups say themselves, by names such as ``"groups.0.learning_rate"``."""
    return {
        f"groups.{i}.{name}": number
        for i, group in enumerate(groups)
        for name, number in group.own.items()
    }


def with_settings(
    groups: Iterable[ParameterGroup], settings: Mapping[str, Any]
) -> list[ParameterGroup]:
    """The same groups, saying what :func:`settings_of` gave for others.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range.
    """
    return [
        group._replace(
            **{
                name: CHECKS[name](settings[f"groups.{i}.{name}"], f"groups.{i}.{name}")
                for name in group.own
            }
        )
        for i, group in enumerate(groups)
    ]


def _group(entry: Mapping[str, Any], name: str) -> ParameterGroup:
    unknown = sorted(map(str, entry.keys() - CHECKS.keys() - {"parameters"}))
    if unknown or "parameters" not in entry:
        problem = f"has unknown settings {', '.join(unknown)}" if unknown else "has no parameters"
        raise ValueError(f'{name} {problem}; expected "parameters" and any of {", ".join(CHECKS)}')
    if isinstance(entry["parameters"], Tensor):
        raise TypeError(f"the parameters of {name} are a single tensor; put it into a list")
    settings = {
        key: check(entry[key], f"{key} of {name}") for key, check in CHECKS.items() if key in entry
    }
    distinct = _distinct(entry["parameters"])
    if not distinct:
        raise ValueError(f"{name} has no parameters")
    return ParameterGroup(distinct, **settings)


def _distinct(parameters: Iterable[Any]) -> list[Any]:
    return list({id(parameter): parameter for parameter in parameters}.values())
