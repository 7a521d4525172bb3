"""What the keywords of ``fit`` may be, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nn.checks import positive_number
from nn.early_stopping import EarlyStopping


def checked_fraction(value: Any, name: str) -> float:
    """Return ``value`` as a float, or say why it is not between 0 and 1.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is not above 0 and below 1.

    Examples
    --------
    >>> checked_fraction(0.1, "validation_fraction")
    0.1
    """
    fraction = positive_number(value, name)
    if fraction >= 1:
        raise ValueError(f"{name} is {value!r}; expected a number above 0 and below 1")
    return fraction


def early_stopping_callback(early_stopping: Any, validates: bool) -> EarlyStopping | None:
    """What ``early_stopping=`` asks for.

    Parameters
    ----------
    early_stopping : bool or EarlyStopping
        True stands for ``EarlyStopping()``.
    validates : bool
        Whether there are data to validate on.

    Raises
    ------
    TypeError
        If it is anything else.
    ValueError
        If it is True, and nothing is validated on.

    Examples
    --------
    >>> early_stopping_callback(True, validates=True).patience
    10
    """
    if isinstance(early_stopping, EarlyStopping):
        return early_stopping
    if not isinstance(early_stopping, bool | np.bool):
        raise TypeError(
            f"early_stopping is {early_stopping!r}; expected True, False or an object such as "
            "nn.EarlyStopping(patience=10)"
        )
    if not early_stopping:
        return None
    if not validates:
        raise ValueError(
            "early_stopping needs data that are not trained on: pass validation_fraction=0.1, or "
            "validation_data=(X, y); to watch the training loss, "
            "early_stopping=nn.EarlyStopping(monitor='loss')"
        )
    return EarlyStopping()


@contextmanager
def in_argument(name: str) -> Iterator[None]:
    """Name the argument in messages about what is inside of it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
