"""Steps side by side: rounds in which every peer, or other subject, is measured once."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from experiments.speed.peers import BASELINE
from experiments.speed.problems import Network
from experiments.speed.processes import Measurement, PeerFailure, PeerProcess

__all__ = ["Job", "NetworkResult", "Progress", "measure", "measure_all"]

Progress = Callable[[str], None]

# How often a measurement is tried while other programs are busy.
ATTEMPTS = 3


@dataclass
class NetworkResult:
    """Times of a step of one network: of training, or of whatever the subjects do.

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

    def fastest(self, peers: Iterable[str] | None = None) -> str | None:
        """Whose median is smallest, of all that were measured or of some; None if nobody was."""
        chosen = self.rounds if peers is None else peers
        measured = [peer for peer in chosen if peer in self.rounds]
        return min(measured, key=self.median) if measured else None

    def as_json(self) -> dict[str, Any]:
        """Every round, and what is made of them, ready for JSON."""
        return {
            "network": self.network.as_json(),
            "peers": {
                peer: {
                    "microseconds": self.median(peer),
                    "ratio": self.ratio(peer),
                    "disturbed": self.is_disturbed(peer),
                    "rounds": [measurement._asdict() for measurement in rounds],
                }
                for peer, rounds in self.rounds.items()
            },
            "failures": self.failures,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What `as_json` was called on."""
        rounds = {
            peer: [Measurement(**measurement) for measurement in result["rounds"]]
            for peer, result in content["peers"].items()
        }
        return cls(Network.from_json(content["network"]), rounds, dict(content["failures"]))

    def _usable(self, *peers: str) -> list[int]:
        return self._undisturbed(*peers) or list(range(len(self.rounds[peers[0]])))

    def _undisturbed(self, *peers: str) -> list[int]:
        measurements = zip(*(self.rounds[peer] for peer in peers), strict=True)
        return [i for i, taken in enumerate(measurements) if not any(m.disturbed for m in taken)]


class Job(NamedTuple):
    """What to measure on one network.

    Attributes
    ----------
    network : Network
    subjects : tuple of str
        Names of peers, or of other subjects.
    rounds : int
        How often each is measured.
    """

    network: Network
    subjects: tuple[str, ...]
    rounds: int

    @property
    def number_of_reports(self) -> int:
        """How often `measure` calls its `progress`."""
        return len(self.subjects) * (self.rounds + 1)


def measure_all(jobs: Sequence[Job], *, seconds: float, progress: Progress) -> list[NetworkResult]:
    """Start a process for every subject, and do one job after the other.

    Parameters
    ----------
    jobs : sequence of Job
    seconds : float
        How long one measurement goes on, at least.
    progress : callable
        Called with the subject's name after each build and each measurement.

    Returns
    -------
    list of NetworkResult
        One for each job.
    """
    names = dict.fromkeys(name for job in jobs for name in job.subjects)
    with ExitStack() as stack:
        processes = {name: stack.enter_context(PeerProcess(name)) for name in names}
        return [measure(job, processes, seconds=seconds, progress=progress) for job in jobs]


def measure(
    job: Job, processes: Mapping[str, PeerProcess], *, seconds: float, progress: Progress
) -> NetworkResult:
    """Do one job, in processes that exist; for the parameters see `measure_all`."""
    result = NetworkResult(job.network)
    for name in job.subjects:
        try:
            processes[name].build(job.network)
            result.rounds[name] = []
        except PeerFailure as failure:
            result.failures[name] = str(failure)
        progress(name)
    for _ in range(job.rounds):
        for name in job.subjects:
            _measure(result, name, processes[name], seconds)
            progress(name)
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
