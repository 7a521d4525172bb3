"""The LLVM backend: a program as one function of machine code, compiled in a tenth of a second.

The program is written as Python text (:mod:`tensorgrad.compiler.llvm_source`), and that is
translated to LLVM's (:mod:`tensorgrad.compiler.llvm_text`). What the translation does not know is
left to Numba, which knows more and takes seconds.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from importlib import import_module
from threading import Lock
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np

from tensorgrad.compiler.backends import backend_named
from tensorgrad.compiler.disk import cache_directory, write_at_once
from tensorgrad.compiler.llvm_source import program_source
from tensorgrad.compiler.llvm_text import Argument, Slot, translate
from tensorgrad.compiler.program import Kind, Program
from tensorgrad.compiler.scalar_code import Unsupported

ALIGNMENT = 64
"""Of memory for what is computed on the way: a line of the cache."""


class NativeFunction:
    """A program in machine code, ready to be called with arrays.

    The global interpreter lock is released while it runs, and several threads may call it at the
    same time: all memory is a call's own.

    Attributes
    ----------
    source : str
        The Python module that was translated.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.source, self._constants = program_source(program)
        kinds = [program.kinds[n] for n in (*program.inputs, *self._constants)]
        self._arguments = [_argument(kind) for kind in kinds]
        self._given = [_converter(kind) for kind in kinds]
        self._compiled: dict[int | None, Native | None] = {}

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        """The outputs of the program, in order."""
        run = self._native(None)
        if run is None:
            return self._by_numba(*inputs)
        given = [*inputs, *(self._program.constants[n] for n in self._constants)]
        return run([c(x) for c, x in zip(self._given, given, strict=True)], 1)

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
        run = self._native(states)
        if run is None:
            return self._by_numba.scan(states, steps, *inputs)
        converters, count = self._given, len(self._program.inputs)
        arguments = [c(x) for c, x in zip(converters, inputs[:states], strict=False)]
        arguments += [_behaved(batches) for batches in inputs[states:]]
        constants = [self._program.constants[n] for n in self._constants]
        arguments += [c(x) for c, x in zip(converters[count:], constants, strict=True)]
        return run(arguments, steps)

    def scan_source(self, states: int) -> str:
        """The module with the loop over the steps."""
        return program_source(self._program, states).text

    def _native(self, states: int | None) -> Native | None:
        """The function, or the loop over it; None if there is something to leave to Numba."""
        if states not in self._compiled:
            try:
                self._compiled[states] = self._compile(states)
            except Unsupported:
                self._compiled[states] = None
        return self._compiled[states]

    def _compile(self, states: int | None) -> Native:
        if states is None:
            return _compiled(self.source, "run", self._arguments)
        program, kinds = self._program, self._program.kinds
        batches = program.inputs[states:]
        arguments = [
            *self._arguments[:states],
            *(Argument(np.dtype(kinds[n].dtype), ("steps", *kinds[n].shape)) for n in batches),
            *self._arguments[len(program.inputs) :],
        ]
        return _compiled(self.scan_source(states), "scan", arguments)

    @cached_property
    def _by_numba(self) -> Any:
        return backend_named("numba")(self._program)


def _argument(kind: Kind) -> Argument:
    return Argument(np.dtype(kind.dtype), kind.shape or None)


def _behaved(array: Any) -> Any:
    """The array itself, if machine code can run on it."""
    if array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        return array
    return np.array(array, array.dtype.newbyteorder("="), order="C")


def _converter(kind: Kind) -> Callable[[Any], Any]:
    if kind.shape:
        return _behaved
    return lambda number: np.array(number, kind.dtype)


# ---------------------------------------------------------------------------------- machine code


class Native:
    """A function in machine code, and the memory that it needs."""

    def __init__(self, address: int, slots: tuple[Slot, ...], results: tuple[int, ...]) -> None:
        # A function of ctypes releases the global interpreter lock.
        self._function = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64)(address)
        self._slots = slots
        self._results = results
        self._between = [i for i, slot in enumerate(slots) if not slot.is_result]
        sizes = [_rounded_up(_bytes(slots[i])) for i in self._between]
        self._offsets = [sum(sizes[:i]) for i in range(len(sizes))]
        self._size = sum(sizes) + ALIGNMENT
        self._idle: list[np.ndarray] = []

    def __call__(self, arguments: list[np.ndarray], steps: int) -> tuple[Any, ...]:
        """The results; arrays are new, and numbers NumPy's."""
        try:
            memory = self._idle.pop()
        except IndexError:
            memory = np.empty(self._size, np.uint8)
        count = len(arguments)
        table = np.empty(count + len(self._slots), np.uintp)
        table[:count] = [_address(array) for array in arguments]
        start = _rounded_up(_address(memory))
        for i, offset in zip(self._between, self._offsets, strict=True):
            table[count + i] = start + offset
        results = []
        for i in self._results:
            slot = self._slots[i]
            shape = [steps if length == "steps" else length for length in slot.shape]
            result = np.empty(shape, slot.dtype)
            table[count + i] = _address(result)
            results.append(result)
        failed = self._function(_address(table), steps)
        self._idle.append(memory)
        if failed:
            raise IndexError("index is out of bounds inside a compiled function")
        return tuple(result if result.ndim else result[()] for result in results)


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def _bytes(slot: Slot) -> int:
    return math.prod(slot.shape) * slot.dtype.itemsize


def _rounded_up(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


_engine_lock = Lock()


class Machine(NamedTuple):
    """What compiles for this processor, and what the compiled is loaded into."""

    target: Any
    engine: Any
    description: str


@cache
def _machine() -> Machine:
    cython_blas: Any = import_module("scipy.linalg.cython_blas")

    with suppress(RuntimeError):  # newer versions need no initialization, and say so by raising
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name in ("sgemm", "dgemm"):
        llvm.add_symbol(f"tensorgrad_{name}", _pointer_in(cython_blas.__pyx_capi__[name]))
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu, features, opt=3, reloc="default", codemodel="jitdefault", jit=True
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    # The engine owns the machine that it was made with; another one compiles.
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu, features, opt=3, reloc="default", codemodel="jitdefault", jit=True
    )
    return Machine(target, engine, f"{llvm.llvm_version_info} {cpu} {features}")


def _pointer_in(capsule: Any) -> int:
    """The address of a function of SciPy's, as Cython hands it out."""
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetName.argtypes = [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))


def _compiled(source: str, function: str, arguments: list[Argument]) -> Native:
    translated = translate(source, function, arguments, "FUNCTION")
    with _engine_lock:
        machine = _machine()
        key = hashlib.sha256((machine.description + translated.text).encode()).hexdigest()[:20]
        name = f"tensorgrad_{key}"
        address = machine.engine.get_function_address(name) if name in _loaded else 0
        if not address:
            code = _machine_code(machine, translated.text.replace("FUNCTION", name), name)
            machine.engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            machine.engine.finalize_object()
            address = machine.engine.get_function_address(name)
            _loaded.add(name)
    return Native(address, translated.slots, translated.results)


_loaded: set[str] = set()


def _machine_code(machine: Machine, text: str, name: str) -> bytes:
    """An object file, from the disk if it is there."""
    path = cache_directory() / f"{name}.o"
    try:
        return path.read_bytes()
    except OSError:
        code = _optimized(machine, text)
    # A home that cannot be written to: the code is then made in each process.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_at_once(path, code)
    return code


def _optimized(machine: Machine, text: str) -> bytes:
    module = llvm.parse_assembly(text)
    module.triple = machine.target.triple
    module.data_layout = str(machine.target.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    options.loop_interleaving = options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine.target, options)
    builder.getModulePassManager().run(module, builder)
    return machine.target.emit_object(module)
