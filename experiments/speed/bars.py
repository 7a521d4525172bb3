"""The speeds this project promises, and whether a run of the comparison found them kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from experiments.speed.comparison import NetworkResult
from experiments.speed.compile_time import CompileTimes
from experiments.speed.latency import Comparison
from experiments.speed.peers import PEERS
from experiments.speed.problems import NETWORKS

__all__ = ["Bar", "compile_bars", "import_bars", "predict_bar", "step_bars"]

Sense = Literal["at most", "at least", "below"]


@dataclass(frozen=True)
class Bar:
    """A measured ratio, and the limit it must keep.

    Attributes
    ----------
    claim : str
        What the ratio is of.
    value : float or None
        None where something it needs was not measured.
    limit : float
    sense : {"at most", "at least", "below"}
    disturbed : bool
        Whether other programs were busy in every round of the measurement.
    """

    claim: str
    value: float | None
    limit: float
    sense: Sense = "at most"
    disturbed: bool = False

    @property
    def passed(self) -> bool | None:
        """Whether the limit is kept; None if nothing was measured.

        Examples
        --------
        >>> Bar("eager / hand-written NumPy", 2.1, 2.2).passed
        True
        >>> Bar("PyTorch eager / eager", 2.1, 2.5, "at least").passed
        False
        """
        if self.value is None:
            return None
        if self.sense == "at least":
            return self.value >= self.limit
        if self.sense == "below":
            return self.value < self.limit
        return self.value <= self.limit

    def __str__(self) -> str:
        verdict = {True: "pass", False: "FAIL", None: "not measured"}[self.passed]
        value = "" if self.value is None else f" {self.value:.2f},"
        doubt = " (but measured while other programs were busy)" if self.disturbed else ""
        return f"{verdict}: {self.claim}:{value} {self.sense} {self.limit:g}{doubt}"


def step_bars(results: list[NetworkResult]) -> list[Bar]:
    """The bars on the training step."""
    small, middling = "2-8-8-1", "784-256-128-10"
    eager, numpy, pytorch = "tensorgrad", "numpy", "pytorch"
    bars = [
        _step_bar(results, small, (eager, numpy), "at most", 2.2),
        _step_bar(results, small, (pytorch, eager), "at least", 2.5),
        _step_bar(results, middling, (eager, numpy), "at most", 1.15),
        _step_bar(results, middling, (eager, pytorch), "below", 1.0),
    ]
    for network, (against_pytorch, replayed, scanned) in COMPILED.items():
        bars += [
            _step_bar(results, network, (eager, pytorch), "at most", against_pytorch),
            _step_bar(results, network, ("tensorgrad-replay", numpy), "at most", replayed),
            _step_bar(results, network, ("tensorgrad-scan", _FASTEST), "at most", scanned),
        ]
    return bars


COMPILED = {
    "2-8-8-1": (0.30, 1.15, 0.5),
    "64-64-10": (0.45, 1.15, 0.8),
    "784-256-128-10": (0.75, 1.0, 0.75),
    "1024-1024-1024-10": (1.05, 0.95, 1.0),
}
"""For each network, limits on: eager against PyTorch eager, the replay against hand-written NumPy,
and the scan against the fastest library there is."""

_FASTEST = "fastest of other libraries"


def _step_bar(
    results: list[NetworkResult],
    network: str,
    peers: tuple[str, str],
    sense: Sense,
    limit: float,
) -> Bar:
    """A limit on the first peer's time divided by the second's."""
    for result in results:
        if result.network == NETWORKS[network] and peers[1] == _FASTEST:
            others = [peer for peer in result.rounds if not peer.startswith("tensorgrad")]
            if others:
                peers = (peers[0], min(others, key=result.median))
    titles = " / ".join(PEERS[peer].title if peer in PEERS else peer for peer in peers)
    claim = f"{network}, time of a step, {titles}"
    for result in results:
        if result.network == NETWORKS[network]:
            ratio = result.ratio(*peers)
            return Bar(
                claim, ratio, limit, sense, ratio is not None and result.is_disturbed(*peers)
            )
    return Bar(claim, None, limit, sense)


def predict_bar(comparison: Comparison) -> Bar:
    """The bar on predicting one sample."""
    return Bar(f"{comparison.name} / {comparison.reference_name}", comparison.ratio, 2.0)


def compile_bars(times: CompileTimes) -> list[Bar]:
    """The bars on waiting for machine code, in seconds."""
    return [
        Bar("2-8-8-1, seconds to compile a step in a new process", times.first, 6.0),
        Bar("64-64-10, seconds to compile a step after that", times.further, 2.5),
        Bar("2-8-8-1, seconds to load a step from the disk", times.cached, 0.5),
    ]


def import_bars(comparison: Comparison) -> list[Bar]:
    """The bars on the import: its time, and that no heavy package comes with it."""
    unwanted = comparison.unwanted_imports
    names = f" ({', '.join(unwanted)})" if unwanted else ""
    return [
        Bar(f"{comparison.name} / {comparison.reference_name}", comparison.ratio, 1.5),
        Bar(f"{comparison.name}, heavy packages imported with it{names}", len(unwanted), 0),
    ]
