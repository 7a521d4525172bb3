"""``tg.scan``: a compiled step over many batches, inside machine code where the backend can."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tensorgrad.compiler.backends import Backend
from tensorgrad.compiler.compiling import RECORDS, Compiled, Record, signature
from tensorgrad.compiler.failures import raise_with_line
from tensorgrad.compiler.numpy_backend import Replay
from tensorgrad.compiler.recorder import is_dynamic
from tensorgrad.compiler.recording import generators_among
from tensorgrad.messages import name_of
from tensorgrad.mode import mode
from tensorgrad.structure import flatten
from tensorgrad.tensor import Tensor

Scan = Callable[..., tuple[Any, ...]]
"""A backend's loop over steps: of how many values are the state, how many steps, and all values."""


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
    state : array, number, random generator, or nested tuples, lists and dicts of them
        To start from. What is drawn from a ``np.random.Generator`` is new in every step, and the
        same as in a loop over the steps; the step returns the generator in its state.
    batches : array, or nested tuples, lists and dicts of arrays
        All of the same length; a batch is what stands at one place of their first axes.
    backend : {"numpy", "llvm", "numba"} or callable
        As for :func:`compile`. With "llvm" and "numba" the loop is part of the machine code.

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
    if mode.get().detect_anomaly:
        return _eagerly(compiled, state, batches)
    inputs: list[Any] = []
    generators: list[np.random.Generator] = []
    first = signature(state, inputs, generators)
    key = (first, signature(batches, inputs, generators))
    known = compiled.scans.get(key)
    if known is None:
        known = _checked(compiled, state, batches)
        if len(compiled.scans) >= RECORDS:
            compiled.scans.clear()
        compiled.scans[key] = known
    record, count = known
    arrays = [x if isinstance(x, np.ndarray) else np.asarray(x)[()] for x in inputs]
    values, stacked = arrays[:count], arrays[count:]
    scan_of: Scan | None = getattr(record.replay, "scan", None)
    if scan_of is None:
        outputs = _one_by_one(record, values, stacked, generators)
    elif record.draws:
        outputs = _in_pieces(record, scan_of, values, stacked, generators)
    else:
        outputs = _in_one_call(record, scan_of, values, stacked)
    return record.rebuild(outputs, generators)


def _checked(compiled: Compiled, state: Any, batches: Any) -> tuple[Record, int]:
    """The record of a step, and of how many values its state is."""
    start, rebuild_state = _arrays(state, "the state", np.random.Generator)
    stacked, rebuild_batch = _arrays(batches, "the batches")
    _check_lengths(stacked)
    first = rebuild_batch([array[0] for array in stacked])
    record = compiled.record_for((rebuild_state(start), first), {})
    values = [leaf for leaf in start if not isinstance(leaf, np.random.Generator)]
    _check_state(compiled, record, values, generators_among(start))
    return record, len(values)


def _one_by_one(
    record: Record, state: list[Any], batches: list[Any], generators: list[np.random.Generator]
) -> list[Any]:
    """One call of the backend's function for each step."""
    collected: list[Any] = []
    for i in range(len(batches[0])):
        drawn = [draw(generators) for draw in record.draws]
        inputs = [*state, *(array[i] for array in batches), *drawn]
        try:
            results = record.replay(*inputs)
        except Exception as error:
            raise_with_line(error, record.program, inputs)
            raise
        state = list(results[: len(state)])
        collected.append(results[len(state) :])
    return [*state, *(np.stack(output) for output in zip(*collected, strict=True))]


DRAWN_AT_ONCE = 2**25
"""Bytes of random numbers that are drawn ahead, at most, unless a single step draws more."""


def _in_one_call(
    record: Record, scan_of: Scan, state: list[Any], batches: list[Any]
) -> Sequence[Any]:
    """The loop in the backend's code."""
    try:
        return scan_of(len(state), len(batches[0]), *state, *batches)
    except Exception as error:
        _raise_with_line(error, record, state, batches)
        raise


def _in_pieces(
    record: Record,
    scan_of: Scan,
    state: list[Any],
    batches: list[Any],
    generators: list[np.random.Generator],
) -> list[Any]:
    """The same in several pieces, since much is drawn for it."""
    at_once = max(1, DRAWN_AT_ONCE // max(_bytes_drawn(record), 1))
    pieces: list[Any] = []
    for begin in range(0, len(batches[0]), at_once):
        piece = [array[begin : begin + at_once] for array in batches]
        drawn = [[draw(generators) for draw in record.draws] for _ in piece[0]]
        piece += [np.stack(numbers) for numbers in zip(*drawn, strict=True)]
        results = _in_one_call(record, scan_of, state, piece)
        state = list(results[: len(state)])
        pieces.append(results[len(state) :])
    return [*state, *(np.concatenate(parts) for parts in zip(*pieces, strict=True))]


def _raise_with_line(error: Exception, record: Record, state: list[Any], inputs: list[Any]) -> None:
    """Find the step that fails by replaying all of them."""
    replay = Replay(record.program)
    for i in range(len(inputs[0])):
        arguments = [*state, *(array[i] for array in inputs)]
        try:
            state = list(replay(*arguments)[: len(state)])
        except Exception:  # noqa: BLE001 - whatever it is, it is raised again with its line
            raise_with_line(error, record.program, arguments)


def _eagerly(compiled: Compiled, state: Any, batches: Any) -> tuple[Any, Any]:
    stacked, rebuild_batch = _arrays(batches, "the batches")
    _check_lengths(stacked)
    collected: list[Any] = []
    rebuild: Callable[..., Any] = tuple
    for i in range(len(stacked[0])):
        state, output = compiled.call_eagerly(state, rebuild_batch([array[i] for array in stacked]))
        leaves, rebuild = flatten(output)
        collected.append(leaves)
    return state, rebuild([np.stack(leaves) for leaves in zip(*collected, strict=True)])


def _bytes_drawn(record: Record) -> int:
    """What the draws for one step take."""
    kinds = record.program.kinds
    inputs = record.program.inputs
    drawn = [kinds[n] for n in inputs[len(inputs) - len(record.draws) :]]
    return sum(math.prod(kind.shape) * kind.dtype.itemsize for kind in drawn)


@lru_cache(RECORDS)
def _compiled(step: Callable[..., Any], backend: str | Backend) -> Compiled:
    if not callable(step):
        raise TypeError(f"scan() takes a function of a state and a batch, not {step!r}")
    return Compiled(step, backend)


def _arrays(tree: Any, what: str, *others: type) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves as arrays; numbers as NumPy's, whose dtype a step can keep."""
    leaves, rebuild = flatten(tree)
    arrays: list[Any] = []
    for leaf in leaves:
        if isinstance(leaf, others):
            arrays.append(leaf)
            continue
        if not is_dynamic(leaf):
            raise TypeError(f"{what} of a scan must be arrays and numbers, not {leaf!r}")
        value = leaf.data if isinstance(leaf, Tensor) else leaf
        arrays.append(value if isinstance(value, np.ndarray) else np.asarray(value)[()])
    return arrays, rebuild


def _check_lengths(arrays: list[Any]) -> None:
    lengths = {array.shape[0] if array.shape else None for array in arrays}
    if len(lengths) != 1 or not lengths - {None, 0}:
        raise ValueError(
            "the batches of a scan must be arrays with a common first axis, one place for each "
            f"step, and at least one; their shapes are {[array.shape for array in arrays]}"
        )


def _check_state(
    compiled: Compiled, record: Record, start: list[Any], generators: list[np.random.Generator]
) -> None:
    program = record.program
    result = record.rebuild(list(program.outputs), generators)
    name = name_of(compiled.function)
    if not isinstance(result, tuple) or len(result) != 2:
        raise ValueError(f"{name} must return a pair, the next state and an output")
    after = [program.kinds[n] for n in flatten(result[0])[0] if isinstance(n, int)]
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
