"""What the processor at hand offers to generated code."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

TERMS = 256
"""How many terms of a product are added up at a time: as many as stay in the first cache."""


class Machine(NamedTuple):
    """The size of a matrix product's tile, in registers.

    A tile of ``rows`` times ``vectors`` sums is kept in registers while it is added up; a row of
    the right operand and an element of the left one need a few more.

    Attributes
    ----------
    vector_bytes : int
        Of a register.
    rows, vectors : int
        The largest tile.
    """

    vector_bytes: int
    rows: int
    vectors: int

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


@lru_cache(1)
def this_machine() -> Machine | None:
    """The tile for this processor; None where products are left to BLAS.

    The tiles need loads and stores under a mask, which other processors do element by element.
    """
    from llvmlite import binding

    has = binding.get_host_cpu_features().get
    if has("avx512f") and has("avx512vl"):
        return AVX512
    if has("avx2") and has("fma"):
        return AVX2
    return None
