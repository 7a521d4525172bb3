"""Random numbers inside of what is recorded: drawn by NumPy before each call, as inputs.

A ``np.random.Generator`` among the arguments of a compiled function is replaced, while the function
is recorded, by one that writes down what is drawn from it. When the program runs, the same calls
are made of the generator that was passed, in the same order, and the program gets what they return.
So the numbers are bit for bit those of the eager function, whatever the backend, the generator is
left where the eager function would leave it, and every distribution of NumPy can be used.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.anomaly import calling_line
from tensorgrad.compiler.recorder import Recorder, symbols_in
from tensorgrad.mode import CaptureError

IN_PLACE = frozenset({"shuffle", "spawn"})
"""Methods that change an array, or make generators, rather than draw numbers."""


class Draw(NamedTuple):
    """One call of a method of a generator."""

    generator: int
    """Which of the generators among the arguments."""
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __call__(self, generators: list[np.random.Generator]) -> Any:
        """What the generator gives now."""
        return getattr(generators[self.generator], self.method)(*self.args, **self.kwargs)


class RecordedGenerator(np.random.Generator):
    """A generator that gives symbols and writes down what was drawn.

    Parameters
    ----------
    original : numpy.random.Generator
        It is copied, and stays where it is.
    index : int
        Which of the generators among the arguments it is.
    recorder : Recorder
        What makes the symbols.
    draws : list of Draw
        What is drawn is added to it.
    """

    def __init__(
        self, original: np.random.Generator, index: int, recorder: Recorder, draws: list[Draw]
    ) -> None:
        super().__init__(deepcopy(original.bit_generator))
        self.index = index
        self._recorder = recorder
        self._draws = draws

    def _drawn(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if method in IN_PLACE or kwargs.get("out") is not None:
            raise CaptureError(
                f"Generator.{method} changes something in place, which a recorded program cannot "
                f"repeat; draw an array, for example with permutation(n); {calling_line()}"
            )
        if next(symbols_in((args, kwargs)), None) is not None:
            raise CaptureError(
                f"Generator.{method} with an argument that depends on values: the numbers are "
                "drawn before the program runs. Draw standard ones, and shift and scale them "
                f"(mean + deviation * rng.standard_normal(shape)); {calling_line()}"
            )
        example = getattr(super(), method)(*args, **kwargs)
        if not isinstance(example, np.ndarray | np.generic | float | int):
            raise CaptureError(
                f"Generator.{method} gives {type(example).__name__}, which is no array; "
                f"{calling_line()}"
            )
        self._draws.append(Draw(self.index, method, args, kwargs))
        return self._recorder.input(example)


def _recorded_method(name: str) -> Callable[..., Any]:
    def method(self: RecordedGenerator, *args: Any, **kwargs: Any) -> Any:
        return self._drawn(name, args, kwargs)

    method.__name__ = name
    return method


for _name in dir(np.random.Generator):
    if not _name.startswith("_") and callable(getattr(np.random.Generator, _name)):
        setattr(RecordedGenerator, _name, _recorded_method(_name))
