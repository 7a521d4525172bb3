"""How long a user waits for machine code: of a first network, of a further one, from the disk."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import NamedTuple

from experiments.speed.processes import environment

__all__ = ["CompileTimes", "measure_compile_times"]


class CompileTimes(NamedTuple):
    """Seconds until the first scan of a training step has returned.

    Attributes
    ----------
    first : float
        Of 2-8-8-1, in a new process and with an empty cache.
    further : float
        Of 64-64-10, in the same process.
    cached : float
        Of 2-8-8-1, in another process, with machine code on the disk.
    """

    first: float
    further: float
    cached: float


SCRIPT = """
import sys, time
import numpy as np
import tensorgrad as tg
from experiments.speed.peers.tensorgrad_compiled import ScanTrainer
from experiments.speed.problems import NETWORKS, make_problem

for name in sys.argv[1:]:
    trainer = ScanTrainer(make_problem(NETWORKS[name]))
    begin = time.perf_counter()
    trainer.run(1)
    print(time.perf_counter() - begin)
"""


def measure_compile_times() -> CompileTimes:
    """Measure in processes of their own, with a cache directory of their own."""
    with tempfile.TemporaryDirectory() as directory:
        first, further = _seconds(directory, "2-8-8-1", "64-64-10")
        (cached,) = _seconds(directory, "2-8-8-1")
    return CompileTimes(first, further, cached)


def _seconds(cache: str, *networks: str) -> list[float]:
    completed = subprocess.run(
        [sys.executable, "-c", SCRIPT, *networks],
        capture_output=True,
        check=True,
        text=True,
        env={**environment(), "TENSORGRAD_CACHE_DIR": cache},
    )
    return [float(line) for line in completed.stdout.split()]
