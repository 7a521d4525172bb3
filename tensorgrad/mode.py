"""What operations do besides computing: the mode of the current thread and task."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast


class CaptureError(TypeError):
    """A function does something that a recorded program could not repeat."""


class Mode(NamedTuple):
    """What operations do besides computing, in the current context."""

    recording: bool = True
    transforms: int = 0
    """How many of ``grad``, ``vjp`` and the like are running around this point."""
    watched: bool = False
    """Whether one of the following is on: what every operation has to ask."""
    detect_anomaly: bool = False
    capturing: bool = False
    """Whether a function is being recorded for the compiler."""


# A context variable, so that each thread and each asynchronous task has its own.
mode: ContextVar[Mode] = ContextVar("tensorgrad.mode", default=Mode())  # noqa: B039

F = TypeVar("F", bound=Callable[..., Any])


class changed_mode:  # noqa: N801
    """Context manager and decorator: other fields of the mode, restored on the way out."""

    def __init__(self, **fields: Any) -> None:
        self._fields = fields
        self._tokens: list[Token[Mode]] = []

    def __enter__(self) -> None:
        self._tokens.append(mode.set(mode.get()._replace(**self._fields)))

    def __exit__(self, *_: object) -> None:
        mode.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        """Make a function that always runs in this mode."""

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with type(self)(**self._fields):
                return function(*args, **kwargs)

        return cast(F, inside)


class no_grad(changed_mode):  # noqa: N801
    """Compute without recording; a context manager and a decorator.

    It holds for the current thread and asynchronous task only: predicting in one thread never
    turns recording off in another.

    Examples
    --------
    >>> import tensorgrad as tg
    >>> t = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     (2 * t).requires_grad
    False
    """

    def __init__(self) -> None:
        super().__init__(recording=False)

    def __call__(self, function: F) -> F:
        """Make a function that always runs in this mode."""
        return changed_mode(recording=False)(function)


class detect_anomaly(changed_mode):  # noqa: N801
    """Stop at the first operation that makes a NaN, or an infinity of finite numbers.

    Both directions are watched: the results of operations and, in the backward pass, the
    cotangents. A context manager and a decorator, for the current thread and task. It looks at
    every array, so it is slow; it is for finding a fault.

    Raises
    ------
    FloatingPointError
        Inside: naming the operation and the line of your code that called it.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> x = tg.tensor(0.0, requires_grad=True)
    >>> with tg.detect_anomaly(), np.errstate(divide="ignore"):
    ...     np.sqrt(x).backward()
    Traceback (most recent call last):
    ...
    FloatingPointError: the backward pass through np.sqrt gave infinity in the cotangent of its ...
    """

    def __init__(self) -> None:
        super().__init__(detect_anomaly=True, watched=True)

    def __call__(self, function: F) -> F:
        """Make a function that always runs in this mode."""
        return changed_mode(detect_anomaly=True, watched=True)(function)
