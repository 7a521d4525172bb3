"""How functions and operands are called in error messages and drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np


def name_of(function: Any) -> str:
    """The name a user would write: ``np.linalg.inv`` rather than ``<function inv>``.

    Examples
    --------
    >>> import numpy as np
    >>> name_of(np.linalg.inv), name_of(np.add), name_of(np.add.reduce)
    ('np.linalg.inv', 'np.add', 'np.add.reduce')
    """
    name = getattr(function, "__name__", repr(function))
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{name_of(owner)}.{name}"
    module = getattr(function, "__module__", None)
    if isinstance(function, np.ufunc):
        return f"np.{name}" if hasattr(np, name) else name
    if module and module.startswith("tensorgrad.derivatives.") and hasattr(np, name):
        return f"np.{name}"  # what the table records in its place
    if not module or module.startswith(("tensorgrad", "builtins", "_operator")):
        return name
    return f"{module}.{name}".replace("numpy.", "np.", 1)


def explained(
    error: Exception, function: Callable[..., Any], operands: Iterable[Any], line: str = ""
) -> Exception:
    """The same error, with the operation and its operands in front of NumPy's own message."""
    message = f"{name_of(function)} of {', '.join(map(described, operands))}: {error}{line}"
    try:
        return type(error)(message)
    except TypeError:  # NumPy's own subclasses may take other arguments than a message
        return TypeError(message)


def printed(array: Any, prefix: str = "") -> str:
    """The values of a NumPy array; an array of another library may say itself what it is."""
    if isinstance(array, np.ndarray):
        return np.array2string(array, separator=", ", prefix=prefix)
    return repr(array)


def described(value: Any) -> str:
    """Dtype and shape of an array, anything else as it prints."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return repr(value) if shape is None or dtype is None else f"{dtype} {shape}"


F = TypeVar("F", bound=Callable[..., Any])


def called(name: str) -> Callable[[F], F]:
    """Decorator: what errors and drawings call a recorded function, the name that a user knows."""

    def rename(function: F) -> F:
        function.__name__ = name
        return function

    return rename
