"""The parts of a run: what is measured, with how many rounds, on whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments.progress import progress_bar
from experiments.speed.comparison import Job, NetworkResult, measure_all
from experiments.speed.compile_time import measure_compile_times
from experiments.speed.environment import environment_of_this_run
from experiments.speed.imports import measure_import
from experiments.speed.memory import can_measure_memory, measure_memory
from experiments.speed.peers import BASELINE, PEERS
from experiments.speed.prediction import prediction_jobs
from experiments.speed.problems import Network
from experiments.speed.report import Report
from experiments.speed.sizes import PEERS_BY_SIZE, QUICK_SWEEPS, SWEEPS, size_jobs
from experiments.speed.table_training import CONTENDERS, measure_table

__all__ = ["PARTS", "Plan", "carry_out"]


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes
    ----------
    parts : sequence of str
        Names in `PARTS`.
    networks : sequence of Network
        Those of the steps and of the memory.
    peers : sequence of str, optional
        Who trains; ``"all"`` may be among them. Without it, the usual ones of each part.
    rounds : int, optional
        How often everyone is measured. Without it, the usual number of each part.
    quick : bool
        Few rounds of short measurements.
    """

    parts: Sequence[str]
    networks: Sequence[Network]
    peers: Sequence[str] | None = None
    rounds: int | None = None
    quick: bool = False

    def usual_rounds(self, usual: int = 7, quick: int = 3) -> int:
        """The number of rounds of a part."""
        return self.rounds or (quick if self.quick else usual)

    def wanted(self, is_usual: Callable[[str], bool]) -> tuple[str, ...]:
        """Peers that are there, in the order of the table, the baseline among them."""
        chosen = self.peers
        return tuple(
            name
            for name, peer in PEERS.items()
            if peer.available()
            and (
                name == BASELINE
                or (is_usual(name) if chosen is None else name in chosen or "all" in chosen)
            )
        )


def carry_out(plan: Plan) -> Iterator[Report]:
    """Measure one part after the other.

    Parameters
    ----------
    plan : Plan

    Yields
    ------
    Report
        After each part, with this part and those before it.
    """
    report = Report(environment_of_this_run(), plan.quick)
    for part, measure in PARTS.items():
        if part in plan.parts:
            report = replace(report, **measure(plan))
            yield report


def _steps(plan: Plan) -> dict[str, Any]:
    peers = plan.wanted(lambda name: PEERS[name].by_default)
    jobs = [Job(network, peers, plan.usual_rounds()) for network in plan.networks]
    return {"steps": _measure(jobs, "training step", 0.1 if plan.quick else 0.25)}


def _sizes(plan: Plan) -> dict[str, Any]:
    sweeps = QUICK_SWEEPS if plan.quick else SWEEPS
    peers = plan.wanted(PEERS_BY_SIZE.__contains__)
    jobs = size_jobs(sweeps, peers, rounds=plan.usual_rounds(3, 1))
    results = _measure(jobs, "cost against size", 0.02 if plan.quick else 0.06)
    return {"sizes": results, "sweeps": sweeps}


def _memory(plan: Plan) -> dict[str, Any]:
    if not can_measure_memory():
        print("Memory is not measured: only Linux tells the highest resident size anew.")
        return {}
    peers = plan.wanted(PEERS_BY_SIZE.__contains__)
    with progress_bar(total=len(plan.networks) * len(peers), desc="memory", unit="peer") as bar:
        return {"memory": measure_memory(plan.networks, peers, progress=_reporter(bar))}


def _prediction(plan: Plan) -> dict[str, Any]:
    jobs = prediction_jobs(rounds=plan.usual_rounds())
    return {"prediction": _measure(jobs, "prediction", 0.1 if plan.quick else 0.25)}


def _start(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {
        "imports": measure_import("nn", "numpy", rounds=2 * plan.usual_rounds())
    }
    if PEERS["tensorgrad-scan"].available():
        found["compile_times"] = measure_compile_times()
    return found


def _table(plan: Plan) -> dict[str, Any]:
    rounds = plan.usual_rounds(3, 1)
    with progress_bar(total=rounds * len(CONTENDERS), desc="table", unit="contender") as bar:
        return {"table": measure_table(rounds, progress=_reporter(bar))}


PARTS: dict[str, Callable[[Plan], dict[str, Any]]] = {
    "steps": _steps,
    "sizes": _sizes,
    "memory": _memory,
    "prediction": _prediction,
    "start": _start,
    "table": _table,
}
"""What measures each part: fields of the report."""


def _measure(jobs: Sequence[Job], title: str, seconds: float) -> list[NetworkResult]:
    total = sum(job.number_of_reports for job in jobs)
    with progress_bar(total=total, desc=title, unit="measurement") as bar:
        return measure_all(jobs, seconds=seconds, progress=_reporter(bar))


def _reporter(bar: Any) -> Callable[[str], None]:
    def report(name: str) -> None:
        bar.set_postfix_str(name, refresh=False)
        bar.update()

    return report
