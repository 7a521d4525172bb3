"""A program as a function of machine code: what it is given, and the threads it runs in.

How the machine code is made is the business of those who inherit from :class:`NativeProgram`.
"""

from __future__ import annotations

import ctypes
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.composing import composed
from tensorgrad.compiler.machine import Machine
from tensorgrad.compiler.memory import ALIGNMENT
from tensorgrad.compiler.planning import Plan, results_in_between, size_of
from tensorgrad.compiler.program import Kind, Program
from tensorgrad.compiler.program_source import Source, program_source

THREADS_VARIABLE = "TENSORGRAD_NUM_THREADS"
"""The environment variable that says how many threads compute a large step."""

WORTH_A_THREAD = 20_000_000
"""Multiplications in the steps of a thread from which it pays to start one for them."""

EVERYBODY = 2**62
"""More arrivals than any thread waits for: where one fails, the others go on to their end."""

Function = Callable[[int, int, int, "Memory", list[Any]], None]
"""Machine code, called with a number of steps, of a thread and of threads, and arrays."""


class Memory(NamedTuple):
    """Arrays to work in, and where they are."""

    arrays: list[Any]
    addresses: list[int]


def address_by_interface(array: Any) -> int:
    """Where the elements of an array are, as every array says of itself."""
    return array.__array_interface__["data"][0]


def address_in_memory(array: Any) -> int:
    """The same, read from the array in memory: in a tenth of the time.

    It is the first member of NumPy's structure, after what all objects of CPython have.
    """
    return _pointer_at(id(array) + object.__basicsize__).value


_pointer_at: Any = ctypes.c_void_p.from_address
_examples = [np.zeros(3), np.zeros((2, 3), np.float32)[1:], np.zeros(()), np.zeros(0, bool)]
_is_there = sys.implementation.name == "cpython" and all(
    address_in_memory(array) == address_by_interface(array) for array in _examples
)
address_of = address_in_memory if _is_there else address_by_interface


class NativeProgram(ABC):
    """A program in machine code, ready to be called with arrays.

    The global interpreter lock is released while it runs, and several threads may call it at the
    same time: all memory is a call's own. A large step is computed by several threads, as many
    as there are cores or as the environment variable ``TENSORGRAD_NUM_THREADS`` says; how many
    does not change the results.

    Attributes
    ----------
    source : str
        The Python module that was compiled.
    """

    def __init__(self, program: Program, machine: Machine | None = None) -> None:
        self._program = composed(program)
        self._machine = machine
        self._sources: dict[int | None, Source] = {}
        self._functions: dict[int | None, _Loaded] = {}

    @abstractmethod
    def load(self, source: Source) -> Function:
        """Make machine code of a text, or find it on the disk."""

    @property
    def source(self) -> str:
        """The Python module that was compiled."""
        return self._source_of(None).text

    @property
    def plan(self) -> Plan:
        """The memory for results of a call, and what it would be if each had its own.

        Products pack their operands into memory besides, which does not grow with them.
        """
        memory, kinds = self._source_of(None).memory, self._program.kinds
        return Plan(
            buffer_of={},
            buffers=[Kind((size,), np.dtype(name)) for name, size in memory.items()],
            bytes_before=sum(size_of(kinds[n]) for n in results_in_between(self._program)),
        )

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        """The outputs of the program, in order."""
        return self.call_with(inputs)

    def call_with(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The same, of the inputs as one sequence."""
        kinds = self._program.kinds
        given = [_given(x, kinds[n]) for x, n in zip(inputs, self._program.inputs, strict=True)]
        outputs = [np.empty(kinds[n].shape, kinds[n].dtype) for n in self._program.outputs]
        self._function_of(None)(1, [*given, *self._constants(None), *outputs])
        return tuple([array if array.ndim else array[()] for array in outputs])

    def scan(self, states: int, steps: int, *inputs: Any) -> tuple[Any, ...]:
        """All steps in one call: the last state, and what each step gave besides, stacked.

        Parameters
        ----------
        states : int
            How many of the inputs, and of the outputs, are the state.
        steps : int
        *inputs : ndarray or number
            The state to start from, and all batches along a first axis.
        """
        kinds, numbers = self._program.kinds, self._program.inputs
        state = [
            np.array(x, kinds[n].dtype, order="C")
            for x, n in zip(inputs[:states], numbers, strict=False)
        ]
        batches = [_behaved(array) for array in inputs[states:]]
        outputs = [
            np.empty((steps, *kinds[n].shape), kinds[n].dtype)
            for n in self._program.outputs[states:]
        ]
        constants = self._constants(states)
        self._function_of(states)(steps, [*state, *batches, *constants, *outputs])
        return (*[array if array.ndim else array[()] for array in state], *outputs)

    def _source_of(self, states: int | None) -> Source:
        if states not in self._sources:
            self._sources[states] = program_source(self._program, states, self._machine)
        return self._sources[states]

    def _function_of(self, states: int | None) -> _Loaded:
        if states not in self._functions:
            with _making:
                if states not in self._functions:  # another thread may have been quicker
                    source = self._source_of(states)
                    self._functions[states] = _Loaded(source, self.load(source))
        return self._functions[states]

    def _constants(self, states: int | None) -> list[Any]:
        constants, kinds = self._program.constants, self._program.kinds
        return [_given(constants[n], kinds[n]) for n in self._source_of(states).constants]


# One at a time: Python 3.11 fails to make syntax trees in two threads at once.
_making = Lock()


class _Loaded:
    """A function of machine code, and the memory that it works in.

    A call takes that memory and gives it back, so that the next need not ask for it again.
    """

    def __init__(self, source: Source, function: Function) -> None:
        self.source = source
        self.function = function
        self._threads = thread_count() if source.is_shared else 1
        self._idle: list[Memory] = []

    def __call__(self, steps: int, arrays: list[Any]) -> None:
        """Run it once, in as many threads as that pays for."""
        try:
            memory = self._idle.pop()
        except IndexError:
            memory = self._new_memory()
        threads = self._threads_for(steps)
        if threads > 1:
            self._in_threads(steps, threads, memory, arrays)
        else:
            self.function(steps, 0, 1, memory, arrays)
        self._idle.append(memory)

    def _threads_for(self, steps: int) -> int:
        work = self.source.work_of_a_step
        if work is None:
            return self._threads
        return max(1, min(self._threads, steps, steps * work // WORTH_A_THREAD))

    def _in_threads(self, steps: int, threads: int, memory: Memory, arrays: list[Any]) -> None:
        arrivals, errors = memory.arrays[0], []
        arrivals[:] = 0

        def compute(thread: int) -> None:
            try:
                self.function(steps, thread, threads, memory, arrays)
            except BaseException as error:  # noqa: BLE001 - it is raised below
                arrivals[:] = EVERYBODY
                errors.append(error)

        others = [Thread(target=compute, args=(i,)) for i in range(1, threads)]
        try:
            for thread in others:
                thread.start()
            compute(0)
        except BaseException:  # a thread cannot be started, or Ctrl-C was pressed just here
            arrivals[:] = EVERYBODY
            raise
        finally:
            for thread in others:
                if thread.ident is not None:
                    thread.join()
        if errors:
            raise errors[0]

    def _new_memory(self) -> Memory:
        source = self.source
        users = 1 if source.work_of_a_step is None else self._threads
        sizes = [("int64", 1)] if source.is_shared else []
        sizes += [(name, size * users) for name, size in source.memory.items()]
        sizes += [(name, size * self._threads) for name, size in source.scratch.items()]
        arrays = [_aligned(size, np.dtype(name)) for name, size in sizes]
        return Memory(arrays, [address_of(array) for array in arrays])


def thread_count() -> int:
    """How many threads compute a large step.

    Examples
    --------
    >>> thread_count() >= 1
    True
    """
    chosen = os.environ.get(THREADS_VARIABLE)
    if chosen:
        return max(int(chosen), 1)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _aligned(size: int, dtype: np.dtype[Any]) -> Any:
    """New memory that begins at a line of the cache."""
    memory = np.empty(size * dtype.itemsize + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size * dtype.itemsize].view(dtype)


def _given(value: Any, kind: Kind) -> Any:
    """An argument as an array that generated code can read."""
    if kind.shape:
        return _behaved(value)
    return np.array(value, kind.dtype)


def _behaved(array: Any) -> Any:
    """The array itself, if machine code can run on it."""
    flags = array.flags
    if flags.c_contiguous and flags.behaved and array.dtype.isnative:
        return array
    return np.array(array, array.dtype.newbyteorder("="), order="C")
