"""What ``tg.checkpoint`` saves: the memory of a chain of blocks, measured."""

from __future__ import annotations

import argparse
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tensorgrad as tg

__all__ = ["main", "peak_memory"]

OPERATIONS_PER_BLOCK = 20
ELEMENTS = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Measure chains of several lengths, and print a table.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0.
    """
    parser = argparse.ArgumentParser(prog="python -m experiments checkpoints", description=__doc__)
    parser.add_argument("--blocks", type=int, nargs="+", default=[4, 8, 16, 32], metavar="N")
    blocks = parser.parse_args(argv).blocks
    array = ELEMENTS * 8 / 1e6
    print(
        f"Peak memory of a gradient through n blocks of {OPERATIONS_PER_BLOCK} operations each, on "
        f"arrays of {array:.1f} MB\n"
    )
    print(f"{'blocks':>6}  {'all kept':>10}  {'one checkpoint per block':>24}")
    for count in blocks:
        kept, checkpointed = peak_memory(block, count), peak_memory(tg.checkpoint(block), count)
        print(f"{count:>6}  {kept / 1e6:>7.1f} MB  {checkpointed / 1e6:>21.1f} MB")
    return 0


def block(x: Any) -> Any:
    """A chain of operations, each of which leaves an array behind."""
    for _ in range(OPERATIONS_PER_BLOCK // 2):
        x = np.tanh(x + 0.1)
    return x


def peak_memory(block: Callable[[Any], Any], count: int, elements: int = ELEMENTS) -> int:
    """Peak of the memory allocated during a gradient through a chain of blocks.

    Parameters
    ----------
    block : callable
        From an array to one of the same shape.
    count : int
        How often it is applied.
    elements : int
        Size of the array, in float64.

    Returns
    -------
    int
        Bytes, as ``tracemalloc`` counts them.

    Examples
    --------
    >>> kept = peak_memory(block, 8, elements=1000)
    >>> kept > 3 * peak_memory(tg.checkpoint(block), 8, elements=1000)
    True
    """

    def chain(x: Any) -> Any:
        for _ in range(count):
            x = block(x)
        return x.sum()

    start = np.zeros(elements)
    tracemalloc.start()
    try:
        tg.grad(chain)(start)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
