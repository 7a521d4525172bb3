"""What an optimizer saves and loads, taken apart and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nn.update_rule import State, UpdateRule

PREFIX = "state."
"""Of the names of arrays; the others are numbers."""


def numbers_and_arrays(state: Mapping[str, Any]) -> tuple[dict[str, Any], State]:
    """The settings by name, and what the rule remembers by the name that it has there.

    Examples
    --------
    >>> numbers_and_arrays({"learning_rate": np.array(0.5), "state.velocity": np.zeros(2)})
    ({'learning_rate': 0.5}, {'velocity': array([0., 0.])})
    """
    numbers, arrays = {}, {}
    for name, value in state.items():
        if name.startswith(PREFIX):
            arrays[name.removeprefix(PREFIX)] = np.asarray(value)
        elif isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
            numbers[name] = value.item()
        else:
            numbers[name] = value
    return numbers, arrays


def problems_of_names(given: Iterable[str], expected: Iterable[str]) -> list[str]:
    """Which names are missing, and which are unknown, in words."""
    given, expected = set(given), set(expected)
    return [
        *(f"{name} is missing" for name in sorted(expected - given)),
        *(f"{name} is unknown" for name in sorted(given - expected)),
    ]


def rule_with(rule: UpdateRule, numbers: Mapping[str, Any]) -> UpdateRule:
    """A rule of the same kind, with other settings."""
    settings = {
        name: bool(numbers[name]) if isinstance(old, bool) else numbers[name]
        for name, old in rule.settings.items()
    }
    return type(rule)(**settings)


def fitting_state(rule: UpdateRule, values: np.ndarray, state: State, n_parameters: int) -> State:
    """Copies of the arrays of a state, in the dtype of the parameters.

    The number of steps may be one for all parameters, or one for each.

    Raises
    ------
    ValueError
        If it is not the state of this rule for these parameters.
    """
    expected = rule.init(values)
    problems = problems_of_names(
        (PREFIX + name for name in state), (PREFIX + name for name in expected)
    )
    for name in expected.keys() & state.keys():
        array, own = np.asarray(state[name]), expected[name]
        if name == "step" and array.shape == (n_parameters,):
            own = expected[name] = np.zeros(n_parameters)
        if array.shape != own.shape:
            problems.append(f"{PREFIX}{name} has shape {array.shape}, expected {own.shape}")
        elif not np.can_cast(array.dtype, own.dtype, casting="same_kind"):
            problems.append(f"{PREFIX}{name} has dtype {array.dtype}, expected {own.dtype}")
        else:
            own[...] = array
    if problems:
        raise misfit(problems)
    return expected


def misfit(problems: list[str]) -> ValueError:
    """The error to raise."""
    return ValueError(f"the state does not fit the optimizer: {'; '.join(problems)}")
