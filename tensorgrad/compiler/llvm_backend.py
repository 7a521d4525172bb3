"""The LLVM backend: the text of a program, compiled without Numba, in a tenth of the time.

It is the same Python text, translated to LLVM's (:mod:`tensorgrad.compiler.llvm_text`), so the
results are the same. What the translation does not know is left to Numba.
"""

from __future__ import annotations

import ctypes
from typing import Any

from tensorgrad.compiler.backends import backend_named
from tensorgrad.compiler.llvm_text import translate
from tensorgrad.compiler.machine import Processor, this_processor
from tensorgrad.compiler.machine_code import is_known, load, load_product
from tensorgrad.compiler.native import Function, Memory, NativeProgram, address_of
from tensorgrad.compiler.program import Program
from tensorgrad.compiler.program_source import Source
from tensorgrad.compiler.scalar_code import Unsupported

# A function of ctypes releases the global interpreter lock.
_KIND = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64
)


class NativeFunction(NativeProgram):
    """A program that is translated for LLVM.

    Parameters
    ----------
    program : Program
    processor : Processor, optional
        That the machine code is for: the one at hand, or what is part of it.

    Attributes
    ----------
    left_to_numba : bool
        Whether there was something that has no translation.
    """

    left_to_numba = False

    def __init__(self, program: Program, processor: Processor | None = None) -> None:
        self.processor = processor or this_processor()
        super().__init__(program, self.processor.machine)

    def load(self, source: Source) -> Function:
        """Have LLVM compile the text, or read machine code from the disk."""
        try:
            translated = translate(source, self.processor.machine)
            missing = sorted(name for name in translated.library if not is_known(name))
            if missing:
                raise Unsupported(f"{', '.join(missing)}, which the C library here lacks")
        except Unsupported:
            self.left_to_numba = True
            return backend_named("numba")(self._program).load(source)  # type: ignore[attr-defined]
        for bits in translated.products:
            load_product(bits, self.processor)
        function = _KIND(load(translated.text, translated.kernels, self.processor))

        table_of = ctypes.c_void_p * len(source.dtypes)

        def call(steps: int, thread: int, threads: int, memory: Memory, arrays: list[Any]) -> None:
            table = table_of(*memory.addresses, *map(address_of, arrays))
            if function(table, steps, thread, threads):
                raise IndexError("index is out of bounds inside a compiled function")

        return call
