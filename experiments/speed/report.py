"""What a run found, as a table to read and as JSON to keep."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from experiments.files import save_json
from experiments.speed.bars import Bar
from experiments.speed.comparison import NetworkResult
from experiments.speed.latency import Comparison
from experiments.speed.peers import BASELINE, PEERS, core_count
from experiments.speed.processes import THREAD_VARIABLES

__all__ = ["Report"]


@dataclass
class Report:
    """Everything that one run of the comparison measured.

    Attributes
    ----------
    settings : dict
        Number of rounds, and seconds of each measurement.
    peers : list of str
        Names of the peers that were asked for and are installed.
    not_installed : list of str
        Names of those that are not.
    """

    settings: dict[str, Any]
    peers: list[str]
    not_installed: list[str]
    networks: list[NetworkResult] = field(default_factory=list)
    latencies: list[Comparison] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)

    def as_text(self) -> str:
        """Tables and bars for a terminal."""
        return self._format(_text_table, bullet="")

    def as_markdown(self) -> str:
        """Tables and bars as GitHub-flavoured Markdown."""
        return self._format(_markdown_table, bullet="- ")

    def as_json(self) -> dict[str, Any]:
        """Every round of every measurement, with medians, ratios and versions."""
        return {
            "settings": self.settings,
            "threads": core_count(),
            "python": platform.python_version(),
            "versions": {
                distribution: version
                for peer in self.peers
                for distribution, version in PEERS[peer].versions().items()
            },
            "thread_and_blas_settings": _blas_settings(),
            "not_installed": self.not_installed,
            "training_step": {
                result.network.name: _network_json(result) for result in self.networks
            },
            "latency": [
                {**asdict(comparison), "ratio": comparison.ratio} for comparison in self.latencies
            ],
            "bars": [{**asdict(bar), "passed": bar.passed} for bar in self.bars],
        }

    def save(self, directory: Path) -> Path:
        """Write ``speed.json`` into a directory, whole or not at all.

        Parameters
        ----------
        directory : Path
            Made if it does not exist.

        Returns
        -------
        Path
            The file.
        """
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "speed.json"
        save_json(path, self.as_json())
        return path

    def _format(self, table: Any, bullet: str) -> str:
        caption = (
            f"Training step in µs (times {PEERS[BASELINE].title}); medians of "
            f"{self.settings['rounds']} rounds, float32, {core_count()} threads"
        )
        parts = [caption, table(*self._step_table())]
        if self.latencies:
            parts.append(table(*self._latency_table()))
        if self.bars:
            parts.append("\n".join(f"{bullet}{bar}" for bar in self.bars))
        failures = [
            f"{bullet}{PEERS[peer].title} on {result.network.title}: {reason}"
            for result in self.networks
            for peer, reason in result.failures.items()
        ]
        if failures:
            parts.append("Not measured:\n" + "\n".join(failures))
        if any(result.is_disturbed(peer) for result in self.networks for peer in result.rounds):
            parts.append(
                "* In every round other programs were busy. Such a figure may be far off, above "
                "all that of a peer with several threads; run again on a quiet machine."
            )
        settings = _blas_settings()
        if settings:
            listed = ", ".join(f"{name}={value}" for name, value in settings.items())
            parts.append(f"Set in the environment, and so for every peer: {listed}")
        if self.not_installed:
            titles = ", ".join(PEERS[peer].title for peer in self.not_installed)
            parts.append(f"Not installed: {titles}")
        return "\n\n".join(parts)

    def _step_table(self) -> tuple[list[str], list[list[str]]]:
        header = ["", *(result.network.title for result in self.networks)]
        rows = [
            [PEERS[peer].title, *(_step_cell(result, peer) for result in self.networks)]
            for peer in self.peers
        ]
        return header, rows

    def _latency_table(self) -> tuple[list[str], list[list[str]]]:
        header = ["", "µs", "compared with", "µs", "ratio"]
        rows = [
            [
                comparison.name,
                _number(comparison.median),
                comparison.reference_name,
                _number(comparison.reference_median),
                f"{comparison.ratio:.2f}",
            ]
            for comparison in self.latencies
        ]
        return header, rows


def _blas_settings() -> dict[str, str]:
    """What the environment tells BLAS and thread pools: kernels, cache sizes, waiting.

    Such a setting can slow one peer down and leave another alone, so a reader must see it.
    """
    prefixes = ("BLIS_", "GOMP_", "KMP_", "MKL_", "OMP_", "OPENBLAS_", "XLA_")
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(prefixes) and name not in THREAD_VARIABLES
    }


def _network_json(result: NetworkResult) -> dict[str, Any]:
    return {
        "peers": {
            peer: {
                "microseconds": result.median(peer),
                "ratio": result.ratio(peer),
                "rounds": [measurement._asdict() for measurement in rounds],
            }
            for peer, rounds in result.rounds.items()
        },
        "failures": result.failures,
    }


def _step_cell(result: NetworkResult, peer: str) -> str:
    if peer in result.failures:
        return "-"
    ratio = result.ratio(peer)
    times = "" if ratio is None else f" ({ratio:.2f})"
    return _number(result.median(peer)) + times + ("*" if result.is_disturbed(peer) else "")


def _number(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _text_table(header: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if position else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _markdown_table(header: list[str], rows: list[list[str]]) -> str:
    divider = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, divider, *rows))
