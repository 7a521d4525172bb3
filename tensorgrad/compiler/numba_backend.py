"""The Numba backend: a program as one function of machine code, kept on disk between processes."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import tempfile
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from tensorgrad.compiler import machine, numba_kernels, vector_code
from tensorgrad.compiler.disk import cache_directory, write_at_once
from tensorgrad.compiler.machine_code import load_product
from tensorgrad.compiler.native import Function, Memory, NativeProgram
from tensorgrad.compiler.program_source import Source


class NumbaFunction(NativeProgram):
    """A program that Numba compiles.

    Attributes
    ----------
    path : Path
        Where the text is that was compiled last, and its machine code beside it.
    """

    path: Path

    def load(self, source: Source) -> Function:
        """Have the text compiled when it is first called, or machine code read from the disk."""
        for dtype in source.scratch:
            load_product(8 * np.dtype(dtype).itemsize)  # Numba's code finds it by its name
        self.path = _written(source.text)
        function = getattr(_imported(self.path), source.function)
        is_scan, is_shared = source.function == "scan", source.is_shared

        def call(steps: int, thread: int, threads: int, memory: Memory, arrays: list[Any]) -> None:
            numbers = ([steps] if is_scan else []) + ([thread, threads] if is_shared else [])
            function(*numbers, *memory.arrays, *arrays)

        return call


# ------------------------------------------------------------------------------------ on disk


def _written(source: str) -> Path:
    """A file with this text, named after it and after what compiles it."""
    name = hashlib.sha256((_versions() + source).encode()).hexdigest()[:20]
    try:
        path = cache_directory() / f"program_{name}.py"
        if not path.exists() or path.read_bytes() != source.encode():
            write_at_once(path, source.encode())
    except OSError:  # a home that cannot be written to: the code is then compiled in each process
        path = Path(tempfile.mkdtemp(prefix="tensorgrad-")) / f"program_{name}.py"
        write_at_once(path, source.encode())
    return path


@lru_cache(1)
def _versions() -> str:
    """What the machine code depends on besides the text: it holds copies of the kernels."""
    files = (numba_kernels, machine, vector_code)
    texts = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in files]
    return "\n".join([sys.version, np.__version__, version("numba"), *texts])


_importing = Lock()


def _imported(path: Path) -> Any:
    name = f"_tensorgrad_{path.stem}"
    with _importing:
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # where Numba looks for it when it loads machine code
        spec.loader.exec_module(module)
        return module
