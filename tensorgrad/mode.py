"""What operations do besides computing: the mode of the current thread and task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from contextvars import ContextVar
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
    change: changed_mode | None = None
    """What was entered last."""
    before: Mode | None = None
    """The mode without it."""


DEFAULT_MODE = Mode()
"""Recording, and nothing else: told by its identity, in a fraction of the time of its fields."""

# A context variable, so that each thread and each asynchronous task has its own.
mode: ContextVar[Mode] = ContextVar("tensorgrad.mode", default=DEFAULT_MODE)

F = TypeVar("F", bound=Callable[..., Any])


class changed_mode:  # noqa: N801
    """Context manager and decorator: other fields of the mode, restored on the way out.

    One object may be entered again before it is left, and by several threads at once: what was
    entered is remembered in the mode, which is each thread's own. Generators may leave in another
    order than they entered; each takes away its own change and no other.
    """

    def __init__(self, **fields: Any) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        now = mode.get()
        mode.set(now._replace(**self._fields, change=self, before=now))

    def __exit__(self, *_: object) -> None:
        now = mode.get()
        later = []
        while now.change is not self:
            if now.before is None or now.change is None:
                raise RuntimeError(
                    f"{type(self).__name__} was entered in another thread or asynchronous task, "
                    "and can be left only there"
                )
            later.append(now.change)
            now = now.before
        restored = cast(Mode, now.before)
        for change in reversed(later):
            restored = restored._replace(**change._fields, change=change, before=restored)
        mode.set(restored)

    def __call__(self, function: F) -> F:
        """Make a function that always runs in this mode; it may be a generator or a coroutine."""
        if inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{type(self).__name__} does not decorate asynchronous generators; use it in a "
                "with statement around what they compute"
            )
        if inspect.isgeneratorfunction(function):
            return cast(F, self._generator(function))
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited_inside(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast(F, awaited_inside)

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(F, inside)

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """In this mode while it runs, and in the caller's while it waits."""

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            generator = function(*args, **kwargs)
            resume, sent = generator.send, None
            try:
                while True:
                    with self:
                        item = resume(sent)
                    try:
                        resume, sent = generator.send, (yield item)
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - it is handed on
                        resume, sent = generator.throw, error
            except StopIteration as stop:
                return stop.value
            finally:
                with self:
                    generator.close()

        return inside


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


class detect_anomaly(changed_mode):  # noqa: N801
    """Stop at the first operation that makes a NaN, or an infinity of finite numbers.

    Both directions are watched: the results of operations and, in the backward pass, the
    cotangents. A context manager and a decorator, for the current thread and task. It looks at
    every array, so it is slow; it is for finding a fault.

    What is watched is what is recorded. An operation on constants alone, which may have been
    NumPy's own and long ago, is not; a NaN that it made is reported by the first recorded operation
    that gets it, as one that came from outside.

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
