"""What machine code is made for: a processor, and the vectors and tiles that suit it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

TERMS = 512
"""How many terms of a product are added up at a time: their rows stay in the second cache."""
PANEL = 48
"""Columns of a right operand that are copied together, at most: those of three vectors."""


class Machine(NamedTuple):
    """The size of a matrix product's tile, in registers, and what else generated code differs in.

    A tile of ``rows`` times ``vectors`` sums is kept in registers while it is added up; a row of
    the right operand and an element of the left one need a few more.

    Attributes
    ----------
    vector_bytes : int
        Of a register.
    rows, vectors : int
        The largest tile.
    has_masks : bool
        Whether some lanes of a vector are read and written at once, rather than one by one.
    pause : str
        LLVM's name of the instruction for a thread that waits; empty if there is none.
    """

    vector_bytes: int
    rows: int
    vectors: int
    has_masks: bool = True
    pause: str = "llvm.x86.sse2.pause"

    def lanes(self, dtype: Any) -> int:
        """How many elements a register holds.

        Examples
        --------
        >>> Machine(64, 8, 3).lanes(np.float32)
        16
        """
        return self.vector_bytes // np.dtype(dtype).itemsize


AVX512 = Machine(64, rows=8, vectors=3)
"""32 registers: 24 sums, and 3 for a row."""
AVX2 = Machine(32, rows=6, vectors=2)
"""16 registers: 12 sums, and 2 for a row."""
SSE = Machine(16, rows=6, vectors=2, has_masks=False)
"""The same, of half the length: what every processor with 64-bit x86 instructions has."""
NEON = Machine(16, rows=8, vectors=3, has_masks=False, pause="")
"""32 registers; what every 64-bit ARM processor has. Others are taken to be no worse."""


class Processor(NamedTuple):
    """A processor, as LLVM describes it, and what suits it.

    Attributes
    ----------
    triple : str
        Architecture, maker and operating system, such as "aarch64-unknown-linux-gnu".
    name : str
        The family of processors, such as "skylake-avx512".
    features : str
        What it has beyond the family's, such as "+avx2,-avx512f".
    machine : Machine
    """

    triple: str
    name: str
    features: str
    machine: Machine


@lru_cache(1)
def this_processor() -> Processor:
    """The processor at hand."""
    from llvmlite import binding

    triple, features = binding.get_process_triple(), binding.get_host_cpu_features()
    has = features.get
    if has("avx512f") and has("avx512vl"):
        machine = AVX512
    elif has("avx2") and has("fma"):
        machine = AVX2
    else:
        machine = SSE if triple.startswith("x86_64") else NEON
    return Processor(triple, binding.get_host_cpu_name(), features.flatten(), machine)


def this_machine() -> Machine:
    """What suits the processor at hand."""
    return this_processor().machine
