"""``tg.compile``: a function that is recorded for each make of arguments, and replayed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.backends import Backend, backend_named
from tensorgrad.compiler.draws import Draw
from tensorgrad.compiler.failures import raise_with_line
from tensorgrad.compiler.matching import Matcher, matcher_of
from tensorgrad.compiler.passes import optimized
from tensorgrad.compiler.program import Program
from tensorgrad.compiler.recorder import is_dynamic
from tensorgrad.compiler.recording import Rebuild, record, record_once
from tensorgrad.messages import name_of
from tensorgrad.mode import DEFAULT_MODE, CaptureError, mode
from tensorgrad.structure import flatten
from tensorgrad.tensor import Tensor

RECORDS = 32
"""How many records a compiled function keeps; the one not used for longest goes first."""


def compile(function: Callable[..., Any], *, backend: str | Backend = "numpy") -> Compiled:
    """Make a function that is recorded once and then replayed without Python's cost.

    The first call with arguments of some shapes and dtypes writes down every NumPy call that the
    function makes, those of gradients inside it included. Later calls repeat them, simplified,
    on memory that is allocated once.

    Parameters
    ----------
    function : callable
        A pure function of arrays and numbers, or nested tuples, lists, dicts and dataclasses of
        them, that returns the same. It is written with NumPy and ``tensorgrad``; modules are
        called through :func:`nn.functional_call`. What it draws from a ``np.random.Generator``
        among its arguments is drawn anew for each call, and the same as eagerly.
    backend : {"numpy", "llvm", "numba"} or callable
        "numpy" replays the calls on memory that is allocated once. "llvm" makes machine code of
        them, which takes a tenth of a second or a few and is kept on disk; it is for what is called
        thousands of times. So does "numba", which knows a few functions more and takes seconds. A
        callable makes of a :class:`Program` a function from its inputs to a tuple of its outputs.

    Returns
    -------
    Compiled
        Takes and gives what the function does; arrays for tensors.

    Raises
    ------
    CaptureError
        When called: if the function branches on a value, has a result whose shape depends on
        values, draws random numbers from a generator that is no argument, or changes something
        outside; or if the backend has no code for something it calls. The message names the line.
    FloatingPointError
        When called inside :class:`tensorgrad.detect_anomaly`, which runs the function eagerly.
    ImportError
        If what the backend needs is not installed.
    ValueError
        If there is no backend of this name.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> @tg.compile
    ... def step(w, x, y):
    ...     loss, gradient = tg.value_and_grad(lambda w: np.mean((x @ w - y) ** 2))(w)
    ...     return w - 0.1 * gradient, loss
    >>> w, loss = step(np.zeros(2), np.eye(2), np.array([1.0, 2.0]))
    >>> w, float(loss)
    (array([0.1, 0.2]), 2.5)
    """
    if not callable(function):
        raise TypeError(f"compile() takes a function, not {function!r}")
    return Compiled(function, backend)


class Compiled:
    """A function that replays its records; made by :func:`compile`."""

    def __init__(self, function: Callable[..., Any], backend: str | Backend = "numpy") -> None:
        self.function = function
        self._backend = backend_named(backend) if isinstance(backend, str) else backend
        self._records: OrderedDict[Any, Record] = OrderedDict()
        self._latest: Record | None = None
        self._repeats_itself = False
        self._lock = RLock()
        self.scans: dict[Any, tuple[Record, int]] = {}
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result, by replaying its record for such arguments."""
        now = mode.get()
        if now is not DEFAULT_MODE:
            if now.capturing:
                return self.function(*args, **kwargs)
            if now.detect_anomaly:
                return self.call_eagerly(*args, **kwargs)
        record, generators = self._latest, []
        inputs = None if record is None or kwargs else record.inputs_of(args)
        if record is None or inputs is None:
            inputs = []
            key = _key(args, kwargs, inputs, generators)
            record = self._record_of(key, args, kwargs)
            inputs += [draw(generators) for draw in record.draws]
        try:
            outputs = record.call_with(inputs)
        except Exception as error:
            raise_with_line(error, record.program, inputs)
            raise
        return record.rebuild(outputs, generators)

    def call_eagerly(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result without its record, as arrays: for errors that name operations."""
        leaves, rebuild = flatten(self.function(*args, **kwargs))
        return rebuild([leaf.data if isinstance(leaf, Tensor) else leaf for leaf in leaves])

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The optimized program for such arguments; it prints as text."""
        return self.record_for(args, kwargs).program

    def replay(self, *args: Any, **kwargs: Any) -> Any:
        """What the backend made for such arguments: it has a ``source`` to read.

        That of the NumPy backend has a ``plan`` of its buffers as well.
        """
        return self.record_for(args, kwargs).replay

    def record_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Record:
        """What is kept for such arguments, made if it is not there yet."""
        key = _key(args, kwargs, [], [])
        return self._records.get(key) or self._new_record(key, args, kwargs)

    def _record_of(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Record:
        record = self._records.get(key)
        if record is None:
            record = self._new_record(key, args, kwargs)
        else:
            with suppress(KeyError):  # another thread may just have dropped it
                self._records.move_to_end(key)
        self._latest = record
        return record

    def _new_record(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Record:
        leaves, _ = flatten((args, kwargs))
        if any(isinstance(leaf, Tensor) and leaf.requires_grad for leaf in leaves):
            raise CaptureError(
                f"the compiled {name_of(self.function)} was given a tensor that requires a "
                "gradient, and its record cannot be differentiated from outside. Take the "
                "gradient inside of what is compiled: tg.compile(tg.grad(f))."
            )
        with self._lock:
            known = self._records.get(key)
            if known is not None:  # another thread was quicker
                return known
            if self._repeats_itself:
                recording = record_once(self.function, args, kwargs)
            else:
                recording = record(self.function, *args, **kwargs)
                self._repeats_itself = True
            program = optimized(recording.program)
            match = _matches_nothing if kwargs else matcher_of(args) or _matches_nothing
            replay = self._backend(program)
            call_with = getattr(replay, "call_with", None) or (lambda inputs: replay(*inputs))
            new = Record(replay, program, recording.rebuild, recording.draws, match, call_with)
            self._records[key] = new
            if len(self._records) > RECORDS:
                self._records.popitem(last=False)
        return new


class Record(NamedTuple):
    """A recorded function for one make of arguments, ready to run."""

    replay: Callable[..., tuple[Any, ...]]
    program: Program
    rebuild: Rebuild
    draws: tuple[Draw, ...]
    inputs_of: Matcher
    """What the program takes of such arguments, and None of others; a short cut past the key."""
    call_with: Callable[[list[Any]], tuple[Any, ...]]
    """``replay`` of the inputs as one list."""


def _matches_nothing(args: Any) -> None:
    return None


def _key(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    inputs: list[Any],
    generators: list[np.random.Generator],
) -> Any:
    """What of the arguments a record is specific to.

    The inputs of the program are collected on the way, and the random generators, each once.
    """
    if kwargs:
        return (signature(args, inputs, generators), signature(kwargs, inputs, generators))
    return signature(args, inputs, generators)


def signature(tree: Any, inputs: list[Any], generators: list[np.random.Generator]) -> Any:
    """Structure, shapes and dtypes of nested arguments; what a record is specific to.

    Parameters
    ----------
    tree : nested structure
    inputs : list
        The arrays and numbers of the structure are added to it.
    generators : list of numpy.random.Generator
        Likewise its random generators, each once.
    """
    kind = type(tree)
    if kind is np.ndarray:
        inputs.append(tree)
        return (tree.shape, tree.dtype)
    if kind is float or kind is int:
        inputs.append(tree)
        return kind
    if kind is dict:
        return (
            kind,
            *[(key, signature(item, inputs, generators)) for key, item in tree.items()],
        )
    if kind is tuple or kind is list:
        return (kind, *[signature(item, inputs, generators) for item in tree])
    if isinstance(tree, Tensor):
        inputs.append(tree.data)
        return (tree.requires_grad, tree.shape, tree.dtype)
    if is_dynamic(tree):
        inputs.append(tree)
        return (kind, np.shape(tree), np.asarray(tree).dtype)
    if isinstance(tree, np.random.Generator):
        places = [i for i, known in enumerate(generators) if known is tree]
        if not places:
            generators.append(tree)
        return (np.random.Generator, *places)
    leaves, rebuild = flatten(tree)
    if len(leaves) == 1 and leaves[0] is tree:
        return (kind, repr(tree))
    skeleton = repr(rebuild([None] * len(leaves)))
    return (kind, skeleton, *(signature(leaf, inputs, generators) for leaf in leaves))
