"""Run a function once, and write down every NumPy call it makes.

The inputs are replaced by symbols: arrays that speak NumPy's protocols, know their shape and dtype,
and write down what is done to them. Derivative rules run on them as on any array, so a gradient
inside the function is written down with the rest. A symbol has no values to show: what would need
them (a branch, ``float(x)``, a result whose shape depends on values) raises an error that names the
line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.draws import Draw, RecordedGenerator
from tensorgrad.compiler.matching import builder_of
from tensorgrad.compiler.program import Program
from tensorgrad.compiler.recorder import Recorder, is_dynamic
from tensorgrad.messages import name_of
from tensorgrad.mode import CaptureError, changed_mode
from tensorgrad.structure import flatten


class Recording(NamedTuple):
    """A program, and how it is called.

    Attributes
    ----------
    program : Program
        Its inputs are the arrays and numbers among the arguments, and after them what is drawn.
    rebuild : callable
        ``rebuild(outputs, generators)`` is the function's result.
    draws : tuple of Draw
        Random numbers to draw, in this order, from the generators among the arguments.
    """

    program: Program
    rebuild: Rebuild
    draws: tuple[Draw, ...] = ()


Rebuild = Callable[[Sequence[Any], list[np.random.Generator]], Any]


def record(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Recording:
    """Write down what a function does with arguments of these shapes and dtypes.

    Parameters
    ----------
    function : callable
        A pure function: its result depends on the arguments alone, and it changes nothing.
    *args, **kwargs : ndarray, Tensor, number, or nested structures of them
        Examples of its arguments. Other leaves (strings, None) are taken as they are.

    Returns
    -------
    Recording
        The program, with one input per array or number, and the structure of the result.

    Raises
    ------
    CaptureError
        If the function branches on a value, has a result whose shape depends on values, changes
        something outside, or computes something else when it is run again.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> print(record(tg.grad(lambda x: np.sum(x * x)), np.ones(2)).program)  # doctest: +ELLIPSIS
    inputs  %0: float64 (2,)
    ...
    """
    recording = record_once(function, args, kwargs)
    _check_same(function, recording, record_once(function, args, kwargs))
    return recording


def record_once(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Recording:
    """What :func:`record` does, of a function that is known to repeat itself."""
    recorder = Recorder()
    leaves, rebuild_arguments = flatten((args, kwargs))
    generators = generators_among(leaves)
    draws: list[Draw] = []
    recorded = [RecordedGenerator(g, i, recorder, draws) for i, g in enumerate(generators)]
    symbols = [
        recorder.input(leaf)
        if is_dynamic(leaf)
        else recorded[generators.index(leaf)]
        if isinstance(leaf, np.random.Generator)
        else leaf
        for leaf in leaves
    ]
    with changed_mode(capturing=True, watched=True, recording=True, transforms=0):
        args, kwargs = rebuild_arguments(symbols)
        result = function(*args, **kwargs)
    outputs, rebuild_result = flatten(result)
    arrays = [output for output in outputs if not isinstance(output, RecordedGenerator)]
    numbers = [recorder.output(output) for output in arrays]

    build = builder_of(result)
    if build is not None and len(arrays) == len(outputs):
        return Recording(recorder.program(numbers), build, tuple(draws))

    def rebuild(values: Sequence[Any], generators: list[np.random.Generator]) -> Any:
        remaining = iter(values)
        return rebuild_result(
            [
                generators[output.index]
                if isinstance(output, RecordedGenerator)
                else next(remaining)
                for output in outputs
            ]
        )

    return Recording(recorder.program(numbers), rebuild, tuple(draws))


def generators_among(leaves: Iterable[Any]) -> list[np.random.Generator]:
    """The random generators among arguments, each once."""
    found = {id(leaf): leaf for leaf in leaves if isinstance(leaf, np.random.Generator)}
    return list(found.values())


def _check_same(function: Callable[..., Any], one: Recording, other: Recording) -> None:
    first, second = one.program, other.program
    same = str(first) == str(second) and all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(first.constants.values(), second.constants.values(), strict=True)
    )
    if not same:
        raise CaptureError(
            f"{name_of(function)} did something else when it was run again with the same "
            "arguments, so it draws random numbers, reads a clock or changes something outside. "
            "Pass the random generator in as an argument; compute whatever else changes outside "
            "of it, and pass it in."
        )
