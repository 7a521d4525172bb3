"""Everything that was measured, as it is kept in ``speed.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from experiments.files import save_json
from experiments.speed.bars import (
    Bar,
    compile_bars,
    import_bars,
    prediction_bars,
    step_bars,
    table_bars,
)
from experiments.speed.comparison import NetworkResult
from experiments.speed.compile_time import CompileTimes
from experiments.speed.imports import Comparison
from experiments.speed.memory import MemoryResult
from experiments.speed.sizes import Sweep
from experiments.speed.table_training import TableTimes

__all__ = ["FILE", "Report", "read_report"]

FILE = "speed.json"
FORMAT = 1


@dataclass(frozen=True)
class Report:
    """What one run measured, or several with the same code on the same machine.

    Attributes
    ----------
    environment : dict
        What `experiments.speed.environment` says.
    quick : bool
        Whether the measurements were short: a first impression.
    steps, prediction, sizes : sequence of NetworkResult
        Empty where not measured, as all that follows.
    sweeps : sequence of Sweep
        What `sizes` are the networks of.
    memory : sequence of MemoryResult
    table : sequence of TableTimes
    imports : Comparison or None
    compile_times : CompileTimes or None
    """

    environment: dict[str, Any]
    quick: bool
    steps: Sequence[NetworkResult] = ()
    prediction: Sequence[NetworkResult] = ()
    sizes: Sequence[NetworkResult] = ()
    sweeps: Sequence[Sweep] = ()
    memory: Sequence[MemoryResult] = ()
    table: Sequence[TableTimes] = ()
    imports: Comparison | None = None
    compile_times: CompileTimes | None = None

    def bars(self) -> list[Bar]:
        """What is promised of all that was measured."""
        bars = step_bars(self.steps) if self.steps else []
        bars += prediction_bars(self.prediction)
        if self.imports is not None:
            bars += import_bars(self.imports)
        if self.compile_times is not None:
            bars += compile_bars(self.compile_times)
        return bars + table_bars(self.table)

    def failures(self) -> list[tuple[str, NetworkResult | MemoryResult, str]]:
        """Who could not be measured on what, and why."""
        results = (*self.steps, *self.prediction, *self.sizes, *self.memory)
        return [
            (name, result, reason) for result in results for name, reason in result.failures.items()
        ]

    def completed_by(self, earlier: Report) -> Report:
        """The report, with the parts that it lacks as an earlier run measured them.

        Nothing is taken from a run with other code, other versions, or on another machine.
        """
        if (self.environment, self.quick) != (earlier.environment, earlier.quick):
            return self
        lacking = {
            part.name: getattr(earlier, part.name)
            for part in fields(self)
            if not getattr(self, part.name)
        }
        return replace(self, **{**lacking, "quick": self.quick})

    def as_json(self) -> dict[str, Any]:
        """Every round of every measurement, with medians, ratios, bars and versions."""
        imports, compile_times = self.imports, self.compile_times
        return {
            "format": FORMAT,
            "environment": self.environment,
            "quick": self.quick,
            "training_step": _by_name(self.steps),
            "prediction": _by_name(self.prediction),
            "sizes": {
                "sweeps": [asdict(sweep) for sweep in self.sweeps],
                "networks": _by_name(self.sizes),
            },
            "memory": _by_name(self.memory),
            "table": {times.name: times.rows for times in self.table},
            "import": None if imports is None else {**asdict(imports), "ratio": imports.ratio},
            "compile_seconds": None if compile_times is None else compile_times._asdict(),
            "bars": [{**asdict(bar), "passed": bar.passed} for bar in self.bars()],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What `as_json` was called on.

        Raises
        ------
        ValueError
            If the content is of another format.
        """
        if content.get("format") != FORMAT:
            raise ValueError(
                f"measurements of format {content.get('format')!r}, expected {FORMAT}; measure "
                "again with python -m experiments speed"
            )
        sizes, imports, seconds = content["sizes"], content["import"], content["compile_seconds"]
        return cls(
            environment=content["environment"],
            quick=content["quick"],
            steps=_networks(content["training_step"]),
            prediction=_networks(content["prediction"]),
            sizes=_networks(sizes["networks"]),
            sweeps=[
                Sweep(sweep["axis"], sweep["fixed"], tuple(sweep["values"]))
                for sweep in sizes["sweeps"]
            ],
            memory=[MemoryResult.from_json(result) for result in content["memory"].values()],
            table=[TableTimes(name, rows) for name, rows in content["table"].items()],
            imports=None
            if imports is None
            else Comparison(**{key: imports[key] for key in imports if key != "ratio"}),
            compile_times=None if seconds is None else CompileTimes(**seconds),
        )

    def save(self, directory: Path) -> Path:
        """Write ``speed.json`` into a directory that exists, whole or not at all.

        Returns
        -------
        Path
            The file.
        """
        path = directory / FILE
        save_json(path, self.as_json())
        return path


def read_report(directory: Path) -> Report | None:
    """What an earlier run left in a directory.

    Parameters
    ----------
    directory : Path

    Returns
    -------
    Report or None
        None if there is no file, or one that another version wrote.
    """
    try:
        return Report.from_json(json.loads((directory / FILE).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return None


def _by_name(results: Sequence[NetworkResult] | Sequence[MemoryResult]) -> dict[str, Any]:
    return {result.network.name: result.as_json() for result in results}


def _networks(content: Mapping[str, Any]) -> list[NetworkResult]:
    return [NetworkResult.from_json(result) for result in content.values()]
