"""The speeds this project promises, and whether a run of the comparison found them kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from experiments.speed.comparison import NetworkResult
from experiments.speed.compile_time import CompileTimes
from experiments.speed.imports import Comparison
from experiments.speed.problems import NETWORKS
from experiments.speed.subjects import SUBJECTS, title_of
from experiments.speed.table_training import TableTimes

__all__ = ["Bar", "compile_bars", "import_bars", "prediction_bars", "step_bars", "table_bars"]

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


COMPILED = {
    "2-8-8-1": (0.30, 1.15, 0.5),
    "64-64-10": (0.45, 1.15, 0.8),
    "784-256-128-10": (0.75, 1.0, 0.75),
    "1024-1024-1024-10": (1.05, 0.95, 1.0),
}
"""For each network, limits on: eager against PyTorch eager, the replay against hand-written NumPy,
and the scan against the fastest library there is."""

TABLE = {
    ("fit, compile='auto', warm cache", "scikit-learn MLP"): 10.0,
    ("fit, compile='auto', warm cache", "PyTorch"): 15.0,
    ("fit, compile='auto', cold cache", "scikit-learn MLP"): 3.0,
    ("fit, compile='auto', cold cache", "PyTorch"): 5.0,
}
"""How many times as long another contender takes for the whole table."""

EAGER, NUMPY, PYTORCH = "tensorgrad", "numpy", "pytorch"
FASTEST = "fastest of other libraries"
PREDICT, BARE = "predict-tensorgrad", "predict-numpy"
PREDICT_COMPILED = "predict-tensorgrad-compiled"


def step_bars(results: Sequence[NetworkResult]) -> list[Bar]:
    """The bars on the training step."""
    small, middling = "2-8-8-1", "784-256-128-10"
    bars = [
        _step_bar(results, small, (EAGER, NUMPY), "at most", 2.2),
        _step_bar(results, small, (PYTORCH, EAGER), "at least", 2.5),
        _step_bar(results, middling, (EAGER, NUMPY), "at most", 1.15),
        _step_bar(results, middling, (EAGER, PYTORCH), "below", 1.0),
    ]
    for network, (against_pytorch, replayed, scanned) in COMPILED.items():
        fastest = _fastest_library(results, network)
        bars += [
            _step_bar(results, network, (EAGER, PYTORCH), "at most", against_pytorch),
            _step_bar(results, network, ("tensorgrad-replay", NUMPY), "at most", replayed),
            _step_bar(results, network, ("tensorgrad-scan", fastest), "at most", scanned),
        ]
    return bars


def prediction_bars(results: Sequence[NetworkResult]) -> list[Bar]:
    """The bars on `NeuralNetwork.predict`, of one sample and of many.

    Of one sample it is compared with ONNX Runtime, with as many threads as suit it; of many with
    one call of a PyTorch module, which is what takes the place of one call of ours. That PyTorch is
    faster if its user cuts the rows into blocks is for the table to say. Ours is the compiled one
    where that is measured and faster.
    """
    bars = []
    for result in results:
        network = result.network
        if network.batch > 1:
            what = f"{network.widths_text}, prediction of {network.batch:,} rows"
            names, ours = ("predict-pytorch",), (PREDICT, PREDICT_COMPILED)
        else:
            what = f"{network.widths_text}, prediction of one sample"
            names, ours = ("predict-onnxruntime", "predict-onnxruntime-1"), (PREDICT,)
        peers = (result.fastest(ours) or PREDICT, result.fastest(names) or names[0])
        bars.append(_bar(result, what, peers, "at most", 1.0))
        if network.batch == 1 and network.widths == NETWORKS["2-8-8-1"].widths:
            bars.append(_bar(result, what, (PREDICT, BARE), "at most", 2.0))
    return bars


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


def table_bars(table: Sequence[TableTimes]) -> list[Bar]:
    r"""The bars on training the whole benchmark table with `fit`.

    Examples
    --------
    >>> ours = TableTimes("fit, compile='auto', warm cache", {"xor": [1.0]})
    >>> print(*table_bars([ours, TableTimes("scikit-learn MLP", {"xor": [20.0]})]), sep="\n")
    pass: whole table, scikit-learn MLP / fit, compile='auto', warm cache: 20.00, at least 10
    """
    totals = {times.name: times.total for times in table}
    return [
        Bar(f"whole table, {theirs} / {ours}", totals[theirs] / totals[ours], limit, "at least")
        for (ours, theirs), limit in TABLE.items()
        if ours in totals and theirs in totals
    ]


def _fastest_library(results: Sequence[NetworkResult], network: str) -> str:
    """The name of the fastest that is not ours, or a word for it where none was measured."""
    for result in results:
        if result.network == NETWORKS[network]:
            others = [peer for peer in result.rounds if not peer.startswith("tensorgrad")]
            return result.fastest(others) or FASTEST
    return FASTEST


def _step_bar(
    results: Sequence[NetworkResult],
    network: str,
    peers: tuple[str, str],
    sense: Sense,
    limit: float,
) -> Bar:
    """A limit on the first peer's time divided by the second's."""
    what = f"{network}, time of a step"
    for result in results:
        if result.network == NETWORKS[network]:
            return _bar(result, what, peers, sense, limit)
    return Bar(_claim(what, peers), None, limit, sense)


def _bar(
    result: NetworkResult, what: str, peers: tuple[str, str], sense: Sense, limit: float
) -> Bar:
    ratio = result.ratio(*peers)
    disturbed = ratio is not None and result.is_disturbed(*peers)
    return Bar(_claim(what, peers), ratio, limit, sense, disturbed)


def _claim(what: str, peers: tuple[str, str]) -> str:
    titles = [title_of(peer) if peer in SUBJECTS else peer for peer in peers]
    return f"{what}, {' / '.join(titles)}"
