"""What training consists of beside arrays, as JSON can hold it: numbers, histories, random states.

What is read may have been written by anybody, so all of it is checked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers that JSON does not have, by how they are written."""

BIT_GENERATORS = ("PCG64", "PCG64DXSM")
"""What ``np.random.default_rng`` makes, and may make. Any integers are a valid state of these."""


def written_number(value: Any) -> Any:
    """A number, as JSON can hold it.

    Raises
    ------
    TypeError
        If it is not a number.

    Examples
    --------
    >>> [written_number(value) for value in (np.float32(0.5), 3, float("nan"))]
    [0.5, 3, 'NaN']
    """
    number = value.item() if isinstance(value, np.ndarray | np.generic) else value
    if not isinstance(number, bool | int | float):
        raise TypeError(f"got {value!r}, expected a number")
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def read_number(value: Any) -> float:
    """What :func:`written_number` was given.

    Raises
    ------
    ValueError
        If this is none.

    Examples
    --------
    >>> [read_number(value) for value in (0.5, 3, "-Infinity")]
    [0.5, 3, -inf]
    """
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    raise ValueError(f"it holds {value!r:.50} in the place of a number")


def written_history(history: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Columns of numbers, as JSON can hold them.

    Examples
    --------
    >>> written_history({"loss": [0.5, float("inf")]})
    {'loss': [0.5, 'Infinity']}
    """
    return {name: [written_number(float(value)) for value in history[name]] for name in history}


def read_history(columns: Any) -> dict[str, list[float]]:
    """Columns of numbers.

    Raises
    ------
    ValueError
        If these are none, or the loss is not among them.

    Examples
    --------
    >>> read_history({"loss": [0.5, "Infinity"]})
    {'loss': [0.5, inf]}
    """
    if not isinstance(columns, dict) or "loss" not in columns:
        raise ValueError("the history has no losses")
    if not all(isinstance(values, list) for values in columns.values()):
        raise ValueError("a column of the history is not a list")
    return {name: [float(read_number(value)) for value in columns[name]] for name in columns}


def written_random_state(rng: np.random.Generator) -> dict[str, Any]:
    """Where a generator stands, as JSON can hold it.

    Raises
    ------
    TypeError
        If its bit generator is none of those that ``np.random.default_rng`` makes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> copy = read_random_state(written_random_state(rng))
    >>> rng.random() == copy.random()
    True
    """
    state: Any = rng.bit_generator.state
    if state["bit_generator"] not in BIT_GENERATORS:
        raise TypeError(
            f"a generator is a {state['bit_generator']}, and a file can hold a "
            f"{' or a '.join(BIT_GENERATORS)}; make it with np.random.default_rng(seed)"
        )
    return state


def read_random_state(state: Any) -> np.random.Generator:
    """A generator that stands where the written one stood.

    Raises
    ------
    KeyError, TypeError, ValueError
        If this is not the state of a generator.
    """
    name, words = state["bit_generator"], state["state"]
    if name not in BIT_GENERATORS:
        raise ValueError(f"the bit generator {name!r} is unknown")
    numbers = {
        "state": (words["state"], 2**128),
        "inc": (words["inc"], 2**128),
        "has_uint32": (state["has_uint32"], 2),
        "uinteger": (state["uinteger"], 2**32),
    }
    for key, (value, stop) in numbers.items():
        if type(value) is not int or not 0 <= value < stop:
            raise ValueError(f"{key} of the random state is not an integer in [0, {stop})")
    if words["inc"] % 2 == 0:
        raise ValueError("inc of the random state is even")
    bit_generator = getattr(np.random, name)()
    bit_generator.state = state
    return np.random.Generator(bit_generator)
