"""The LLVM backend: the text of a program, compiled without Numba, in a tenth of the time.

It is the same Python text, translated to LLVM's (:mod:`tensorgrad.compiler.llvm_text`), so the
results are the same. What the translation does not know is left to Numba.
"""

from __future__ import annotations

import ctypes
from typing import Any

from tensorgrad.compiler.backends import backend_named
from tensorgrad.compiler.llvm_text import translate
from tensorgrad.compiler.machine import AVX2, this_machine
from tensorgrad.compiler.machine_code import load, load_product
from tensorgrad.compiler.native import Function, Memory, NativeProgram, address_of
from tensorgrad.compiler.program_source import Source
from tensorgrad.compiler.scalar_code import Unsupported

# A function of ctypes releases the global interpreter lock.
_KIND = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64
)


class NativeFunction(NativeProgram):
    """A program that is translated for LLVM.

    Attributes
    ----------
    left_to_numba : bool
        Whether there was something that has no translation.
    """

    left_to_numba = False

    def load(self, source: Source) -> Function:
        """Have LLVM compile the text, or read machine code from the disk."""
        try:
            translated = translate(source, this_machine() or AVX2)
        except Unsupported:
            self.left_to_numba = True
            return backend_named("numba")(self._program).load(source)  # type: ignore[attr-defined]
        for bits in translated.products:
            load_product(bits)
        function = _KIND(load(translated.text, translated.kernels))

        table_of = ctypes.c_void_p * len(source.dtypes)

        def call(steps: int, thread: int, threads: int, memory: Memory, arrays: list[Any]) -> None:
            table = table_of(*memory.addresses, *map(address_of, arrays))
            if function(table, steps, thread, threads):
                raise IndexError("index is out of bounds inside a compiled function")

        return call
