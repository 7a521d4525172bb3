"""The Numba backend: a program as one function of machine code, kept on disk between processes."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tensorgrad.compiler.disk import cache_directory, write_at_once
from tensorgrad.compiler.numba_source import program_source
from tensorgrad.compiler.program import Kind, Program


class NumbaFunction:
    """A program in machine code, ready to be called with arrays.

    The global interpreter lock is released while it runs, and several threads may call it at the
    same time: all memory is a call's own.

    Attributes
    ----------
    source : str
        The Python module that Numba compiled.
    path : Path
        Where it is, and its machine code beside it.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.source, constants = program_source(program)
        self.path = _written(self.source)
        self._run: Callable[..., tuple[Any, ...]] = _imported(self.path).run
        self._scans: dict[int, Callable[..., tuple[Any, ...]]] = {}
        self._given = [_converter(program.kinds[n]) for n in program.inputs]
        self._constants = [(_converter(program.kinds[n]), program.constants[n]) for n in constants]
        self._results = [_result(program.kinds[n]) for n in program.outputs]

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        """The outputs of the program, in order."""
        arguments = [convert(x) for convert, x in zip(self._given, inputs, strict=True)]
        arguments += [convert(array) for convert, array in self._constants]
        results = self._run(*arguments)
        return tuple(
            value if convert is None else convert(value)
            for convert, value in zip(self._results, results, strict=True)
        )

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
        arguments = [c(x) for c, x in zip(self._given[:states], inputs[:states], strict=True)]
        arguments += [_behaved(batches) for batches in inputs[states:]]
        arguments += [convert(array) for convert, array in self._constants]
        results = self._scan_of(states)(steps, *arguments)
        last = [
            value if convert is None else convert(value)
            for convert, value in zip(self._results[:states], results[:states], strict=True)
        ]
        return (*last, *results[states:])

    def scan_source(self, states: int) -> str:
        """The module with the loop over the steps."""
        return program_source(self._program, states).text

    def _scan_of(self, states: int) -> Callable[..., tuple[Any, ...]]:
        if states not in self._scans:
            self._scans[states] = _imported(_written(self.scan_source(states))).scan
        return self._scans[states]


def _behaved(array: Any) -> Any:
    """The array itself, if generated code can run on it."""
    flags = array.flags
    if flags.c_contiguous and flags.behaved:
        return array
    return np.array(array, order="C")


def _converter(kind: Kind) -> Callable[[Any], Any]:
    if kind.shape:
        return _behaved
    return kind.dtype.type


def _result(kind: Kind) -> Callable[[Any], Any] | None:
    return None if kind.shape else kind.dtype.type


# ------------------------------------------------------------------------------------ on disk


def _written(source: str) -> Path:
    """A file with this text, named after it and after the versions that compile it."""
    versions = f"{sys.version}\n{np.__version__}\n{version('numba')}\n"
    name = hashlib.sha256((versions + source).encode()).hexdigest()[:20]
    directory = cache_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"program_{name}.py"
        if not path.exists():
            write_at_once(path, source.encode())
    except OSError:  # a home that cannot be written to: the code is then compiled in each process
        path = Path(tempfile.mkdtemp(prefix="tensorgrad-")) / f"program_{name}.py"
        write_at_once(path, source.encode())
    return path


def _imported(path: Path) -> Any:
    name = f"_tensorgrad_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where Numba looks for it when it loads machine code
    spec.loader.exec_module(module)
    return module
