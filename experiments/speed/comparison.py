"""Training steps side by side: rounds in which every peer is measured once."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from experiments.speed.peers import BASELINE
from experiments.speed.problems import Network
from experiments.speed.processes import Measurement, PeerFailure, PeerProcess

__all__ = ["NetworkResult", "compare_peers"]

Progress = Callable[[str], None]

# How often a measurement is tried while other programs are busy.
ATTEMPTS = 3


@dataclass
class NetworkResult:
    """Times of one network's training step.

    Medians and ratios are over the rounds that nothing disturbed, or over all of them if there
    is no such round.

    Attributes
    ----------
    network : Network
    rounds : dict of str to list of Measurement
        For each peer, what it answered in every round.
    failures : dict of str to str
        For each peer that could not be measured, why.

    Examples
    --------
    >>> result = NetworkResult(Network((2, 8, 8, 1), batch=32, batches=32))
    >>> result.rounds["numpy"] = [Measurement(time, 0.0) for time in (10.0, 20.0, 10.0)]
    >>> result.rounds["tensorgrad"] = [Measurement(time, 0.0) for time in (20.0, 44.0, 30.0)]
    >>> result.median("tensorgrad"), result.ratio("tensorgrad", "numpy")
    (30.0, 2.2)
    """

    network: Network
    rounds: dict[str, list[Measurement]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def median(self, peer: str) -> float:
        """Median of the peer's time per step, in microseconds."""
        return statistics.median(self.rounds[peer][i].microseconds for i in self._usable(peer))

    def ratio(self, peer: str, reference: str = BASELINE) -> float | None:
        """How many times as long as `reference` the peer takes; None if either is missing.

        It is the median of ratios within one round each, so that a machine which is slow for a
        while slows both.
        """
        if peer not in self.rounds or reference not in self.rounds:
            return None
        times, references = self.rounds[peer], self.rounds[reference]
        return statistics.median(
            times[i].microseconds / references[i].microseconds
            for i in self._usable(peer, reference)
        )

    def is_disturbed(self, *peers: str) -> bool:
        """Whether other programs were busy in each round while one of the peers was measured."""
        return not self._undisturbed(*peers)

    def _usable(self, *peers: str) -> list[int]:
        return self._undisturbed(*peers) or list(range(len(self.rounds[peers[0]])))

    def _undisturbed(self, *peers: str) -> list[int]:
        measurements = zip(*(self.rounds[peer] for peer in peers), strict=True)
        return [i for i, taken in enumerate(measurements) if not any(m.disturbed for m in taken)]


def compare_peers(
    network: Network,
    processes: dict[str, PeerProcess],
    *,
    rounds: int,
    seconds: float,
    progress: Progress,
) -> NetworkResult:
    """Measure all peers on one network.

    Parameters
    ----------
    network : Network
    processes : dict of str to PeerProcess
        The peers' processes by name.
    rounds : int
        How often every peer is measured.
    seconds : float
        How long one measurement of one peer goes on.
    progress : callable
        Called with the peer's name after each build and each measurement.

    Returns
    -------
    NetworkResult
    """
    result = NetworkResult(network)
    for peer, process in processes.items():
        try:
            process.build(network.name)
            result.rounds[peer] = []
        except PeerFailure as failure:
            result.failures[peer] = str(failure)
        progress(peer)
    for _ in range(rounds):
        for peer, process in processes.items():
            _measure(result, peer, process, seconds)
            progress(peer)
    return result


def _measure(result: NetworkResult, peer: str, process: PeerProcess, seconds: float) -> None:
    if peer in result.failures:
        return
    try:
        result.rounds[peer].append(_least_disturbed(process, seconds))
    except PeerFailure as failure:
        del result.rounds[peer]
        result.failures[peer] = str(failure)


def _least_disturbed(process: PeerProcess, seconds: float) -> Measurement:
    """The first measurement that nothing disturbed, or the best of a few."""
    measurements: list[Measurement] = []
    for _ in range(ATTEMPTS):
        measurements.append(process.measure(seconds))
        if not measurements[-1].disturbed:
            break
    return min(measurements, key=lambda measurement: measurement.disturbance or 0.0)


def number_of_reports(networks: Sequence[Network], peers: Sequence[str], rounds: int) -> int:
    """How often `compare_peers` calls its `progress` over all networks."""
    return len(networks) * len(peers) * (rounds + 1)
