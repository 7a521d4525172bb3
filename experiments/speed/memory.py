"""Peak memory of a training step: how much more is resident than before the network was made.

Each peer is measured in a process of its own. It first trains a tiny network, so that what the
library loads and allocates once is there already, and makes the batch and the starting weights.
What is resident then is the baseline. The kernel keeps the highest resident size since it was told
to forget it, and that, less the baseline, is the peak: parameters, gradients, activations and
whatever else the library holds, allocated by whom ever. Free memory is given back to the system
before, so that it hides nothing.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

from experiments.speed.peers import PEERS
from experiments.speed.problems import Network, make_problem
from experiments.speed.processes import environment

__all__ = ["MemoryResult", "Peaks", "can_measure_memory", "measure_memory", "peaks_of"]

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_THE_PEAK = "5"  # proc(5), /proc/pid/clear_refs
TINY = Network((2, 8, 8, 1), batch=32, batches=1)
STEPS = 3


class Peaks(NamedTuple):
    """Peak memory above the baseline, in bytes.

    Attributes
    ----------
    first : int
        Until the first step has returned: making the network, compiling, the step itself.
    step : int
        During the steps after it.
    """

    first: int
    step: int


@dataclass
class MemoryResult:
    """Peaks of a training step of one network.

    Attributes
    ----------
    network : Network
    peaks : dict of str to Peaks
        By the names of the peers.
    failures : dict of str to str
        For each peer that could not be measured, why.
    """

    network: Network
    peaks: dict[str, Peaks] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def parameter_bytes(self) -> int:
        """Size of weights and biases in float32.

        Examples
        --------
        >>> MemoryResult(Network((2, 8, 1), batch=32, batches=1)).parameter_bytes
        132
        """
        return 4 * sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.network.widths))

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "network": self.network.as_json(),
            "peaks": {peer: peaks._asdict() for peer, peaks in self.peaks.items()},
            "failures": self.failures,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What `as_json` was called on."""
        peaks = {peer: Peaks(**values) for peer, values in content["peaks"].items()}
        return cls(Network.from_json(content["network"]), peaks, dict(content["failures"]))


def can_measure_memory() -> bool:
    """Whether the system tells the highest resident size, and forgets it when told: Linux does."""
    try:
        FORGET.write_text(FORGET_THE_PEAK)
    except OSError:
        return False
    return "VmHWM" in STATUS.read_text()


def measure_memory(
    networks: Sequence[Network], peers: Sequence[str], *, progress: Callable[[str], None]
) -> list[MemoryResult]:
    """Measure every peer on every network.

    Parameters
    ----------
    networks : sequence of Network
        Each is trained on one batch.
    peers : sequence of str
    progress : callable
        Called with the peer's name after each measurement.

    Returns
    -------
    list of MemoryResult
    """
    results = []
    for network in networks:
        result = MemoryResult(replace(network, batches=1))
        for peer in peers:
            try:
                result.peaks[peer] = _in_a_process(peer, result.network)
            except subprocess.CalledProcessError as error:
                lines = error.stderr.strip().splitlines()
                result.failures[peer] = lines[-1] if lines else str(error)
            progress(peer)
        results.append(result)
    return results


def peaks_of(peer: str, network: Network) -> Peaks:
    """Measure in this process, which should not have done much else.

    Parameters
    ----------
    peer : str
    network : Network

    Returns
    -------
    Peaks
    """
    build = PEERS[peer].build
    build(make_problem(TINY)).run(STEPS)
    problem = make_problem(network)
    _release_free_memory()
    baseline = _resident("VmRSS")
    FORGET.write_text(FORGET_THE_PEAK)
    trainer = build(problem)
    trainer.run(1)
    first = _resident("VmHWM")
    _release_free_memory()
    FORGET.write_text(FORGET_THE_PEAK)
    trainer.run(STEPS)
    step = _resident("VmHWM")
    return Peaks(max(0, first - baseline), max(0, step - baseline))


def _in_a_process(peer: str, network: Network) -> Peaks:
    # Compiling counts, so machine code of an earlier run must not be found.
    with tempfile.TemporaryDirectory() as cache:
        completed = subprocess.run(
            [sys.executable, "-m", __name__, peer, json.dumps(network.as_json())],
            capture_output=True,
            check=True,
            text=True,
            env={**environment(), "TENSORGRAD_CACHE_DIR": cache},
        )
    return Peaks(**json.loads(completed.stdout.splitlines()[-1]))


def _resident(name: str) -> int:
    """VmRSS, what is resident now, or VmHWM, the highest it was; in bytes."""
    for line in STATUS.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return 1024 * int(value.split()[0])
    raise OSError(f"{STATUS} has no {name}; is this Linux?")


def _release_free_memory() -> None:
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the GNU C library
    if trim is not None:
        trim(0)


if __name__ == "__main__":
    print(json.dumps(peaks_of(sys.argv[1], Network.from_json(json.loads(sys.argv[2])))._asdict()))
