"""``tg.scan``: a compiled step over many batches, inside machine code where the backend can."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tensorgrad.compiler.backends import Backend
from tensorgrad.compiler.compiling import RECORDS, Compiled
from tensorgrad.compiler.recorder import is_dynamic
from tensorgrad.messages import name_of
from tensorgrad.structure import flatten
from tensorgrad.tensor import Tensor


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    state: Any,
    batches: Any,
    *,
    backend: str | Backend = "numpy",
) -> tuple[Any, Any]:
    """Run a step for each batch, handing on a state: a whole epoch in one call.

    Parameters
    ----------
    step : callable
        ``step(state, batch)`` gives the next state, of the same structure, shapes and dtypes, and
        an output. It is compiled as :func:`compile` does it, once for each function: define it
        outside of the loop over epochs. One that is compiled already is taken as it is.
    state : array, number, or nested tuples, lists and dicts of them
        To start from.
    batches : array, or nested tuples, lists and dicts of arrays
        All of the same length; a batch is what stands at one place of their first axes.
    backend : {"numpy", "numba"} or callable
        As for :func:`compile`. With "numba" the loop is part of the machine code.

    Returns
    -------
    state
        After the last batch.
    outputs
        As the step returns them, each with a new first axis.

    Raises
    ------
    CaptureError
        If the step cannot be captured or compiled.
    ValueError
        If the arrays differ in length or are empty, or if the step does not return a pair, or
        returns a state that differs from the one it was given in structure, shape or dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> def step(total, x):
    ...     return total + x, total * x
    >>> tg.scan(step, np.float64(0.0), np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    """
    compiled = step if isinstance(step, Compiled) else _compiled(step, backend)
    start, rebuild_state = _arrays(state, "the state")
    stacked, rebuild_batch = _arrays(batches, "the batches")
    steps = _common_length(stacked)
    first = rebuild_batch([array[0] for array in stacked])
    record = compiled._record_for((rebuild_state(start), first), {})
    _check_state(compiled, record, start)
    in_one_call = getattr(record.replay, "scan", None)
    if in_one_call is not None:
        return record.rebuild(list(in_one_call(len(start), steps, *start, *stacked)))
    collected: list[Any] = []
    for i in range(steps):
        results = record.replay(*start, *(array[i] for array in stacked))
        start = results[: len(start)]
        collected.append(results[len(start) :])
    outputs = [np.stack(output) for output in zip(*collected, strict=True)]
    return record.rebuild([*start, *outputs])


@lru_cache(RECORDS)
def _compiled(step: Callable[..., Any], backend: str | Backend) -> Compiled:
    if not callable(step):
        raise TypeError(f"scan() takes a function of a state and a batch, not {step!r}")
    return Compiled(step, backend)


def _arrays(tree: Any, what: str) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves as arrays; numbers as NumPy's, whose dtype a step can keep."""
    leaves, rebuild = flatten(tree)
    for leaf in leaves:
        if not is_dynamic(leaf):
            raise TypeError(f"{what} of a scan must be arrays and numbers, not {leaf!r}")
    arrays = [leaf.data if isinstance(leaf, Tensor) else leaf for leaf in leaves]
    return [a if isinstance(a, np.ndarray) else np.asarray(a)[()] for a in arrays], rebuild


def _common_length(arrays: list[Any]) -> int:
    lengths = {array.shape[0] if array.shape else None for array in arrays}
    if len(lengths) != 1 or not lengths - {None, 0}:
        raise ValueError(
            "the batches of a scan must be arrays with a common first axis, one place for each "
            f"step, and at least one; their shapes are {[array.shape for array in arrays]}"
        )
    return lengths.pop() or 0


def _check_state(compiled: Compiled, record: Any, start: list[Any]) -> None:
    program = record.program
    result = record.rebuild(list(program.outputs))
    name = name_of(compiled.function)
    if not isinstance(result, tuple) or len(result) != 2:
        raise ValueError(f"{name} must return a pair, the next state and an output")
    after = [program.kinds[number] for number in flatten(result[0])[0]]
    kinds = [(np.shape(value), value.dtype) for value in start]
    if [(kind.shape, kind.dtype) for kind in after] != kinds:
        shown = [
            ", ".join(f"{dtype} {shape}" for shape, dtype in pairs)
            for pairs in (kinds, [(kind.shape, kind.dtype) for kind in after])
        ]
        raise ValueError(
            f"{name} must return a state of the shapes and dtypes it was given, {shown[0]}; "
            f"it returned {shown[1]}"
        )
