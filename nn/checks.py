"""Checks of single numbers, shared by everything that takes settings from a user."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np


def positive_integer(value: Any, name: str) -> int:
    """Return ``value`` as an int, or say why it is not a count.

    Raises
    ------
    TypeError
        If it is not an integer; 8.0 is not.
    ValueError
        If it is zero or negative.

    Examples
    --------
    >>> positive_integer(np.int64(8), "epochs")
    8
    """
    if isinstance(value, bool | np.bool):
        raise TypeError(f"{name} is {value!r}; expected a positive integer")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; expected a positive integer") from None
    if number < 1:
        raise ValueError(f"{name} is {number}; expected a positive integer, at least 1")
    return number


def non_negative_integer(value: Any, name: str) -> int:
    """Return ``value`` as an int, or say why it is neither zero nor a count.

    Raises
    ------
    TypeError
        If it is not an integer; 8.0 is not.
    ValueError
        If it is negative.

    Examples
    --------
    >>> non_negative_integer(0, "padding")
    0
    """
    expected = f"{name} is {value!r}; expected an integer that is not negative"
    if isinstance(value, bool | np.bool):
        raise TypeError(expected)
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(expected) from None
    if number < 0:
        raise ValueError(expected)
    return number


def positive_number(value: Any, name: str) -> float:
    """Return ``value`` as a float, or say why it is not a positive finite number.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is zero, negative, infinite or NaN.

    Examples
    --------
    >>> positive_number(1, "learning_rate")
    1.0
    """
    return _number(value, name, "a positive, finite number", lambda number: number > 0)


def non_negative_number(value: Any, name: str) -> float:
    """Return ``value`` as a float, or say why it is not zero or a positive finite number.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is negative, infinite or NaN.

    Examples
    --------
    >>> non_negative_number(0, "weight_decay")
    0.0
    """
    return _number(value, name, "a finite number, 0 or more", lambda number: number >= 0)


def fraction_below_one(value: Any, name: str) -> float:
    """Return ``value`` as a float, or say why it is not at least 0 and below 1.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is out of the range, or NaN.

    Examples
    --------
    >>> fraction_below_one(0.9, "momentum")
    0.9
    """
    return _number(value, name, "a number, at least 0 and below 1", lambda number: 0 <= number < 1)


def true_or_false(value: Any, name: str) -> bool:
    """Return ``value`` as a bool, or say why it is neither True nor False.

    Raises
    ------
    TypeError
        If it is something else; 1 is not True here.

    Examples
    --------
    >>> true_or_false(np.True_, "nesterov")
    True
    """
    if not isinstance(value, bool | np.bool):
        raise TypeError(f"{name} is {value!r}; expected True or False")
    return bool(value)


def choice(value: Any, choices: Iterable[str], name: str) -> str:
    """Return ``value`` in lower case, or say which names there are.

    Raises
    ------
    TypeError
        If it is not a string.
    ValueError
        If it is not among the choices, in any letter case.

    Examples
    --------
    >>> choice("Adam", ["sgd", "adam"], "optimizer")
    'adam'
    """
    names = list(choices)
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; expected one of {', '.join(map(repr, names))}")
    if value.lower() not in names:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(map(repr, names))}")
    return value.lower()


def _number(value: Any, name: str, expected: str, fits: Callable[[float], bool]) -> float:
    if isinstance(value, bool | np.bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}; expected {expected}")
    try:
        number = float(value)
    except OverflowError:  # an int or a Fraction beyond what a float holds
        number = math.inf
    if not (math.isfinite(number) and fits(number)):
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    return number
