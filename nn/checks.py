"""Checks of single numbers, shared by everything that takes settings from a user."""

from __future__ import annotations

import math
import operator
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
    if isinstance(value, bool | np.bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}; expected a positive number")
    try:
        number = float(value)
    except OverflowError:  # an int or a Fraction beyond what a float holds
        number = math.inf
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} is {value!r}; expected a positive, finite number")
    return number
