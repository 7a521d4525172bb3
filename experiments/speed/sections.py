"""What the speed page says, section by section, from what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

from experiments.speed.comparison import NetworkResult
from experiments.speed.document import Block, Bullets, Section, Table
from experiments.speed.environment import describe
from experiments.speed.formatting import counted, number
from experiments.speed.memory import MemoryResult, Peaks
from experiments.speed.peers import BASELINE
from experiments.speed.report import Report
from experiments.speed.sizes_text import size_blocks
from experiments.speed.subjects import SUBJECTS, title_of
from experiments.speed.table_training import TableTimes

__all__ = ["sections_of"]

# Bytes. Pages that the system counts late, and what Python itself allocates, are as much.
MEASURABLE = 500_000

DISTURBED = """
A star: in every round other programs were busy. Such a figure may be far off, above all that of a
peer with several threads; it should be measured again on a quiet machine.
"""

STEPS = """
µs for a step: forward pass, value of the loss, backward pass, update; in brackets how many times as
long as {baseline}, which computes into arrays that are allocated once. The replay is the step
under `tg.compile`, run by NumPy, and the scan an epoch of it in machine code. Medians of {rounds}.
"""

BARS = """
Each line is a ratio of times (or a number of seconds), and the limit that it should keep.
"""

MEMORY = """
Peak resident memory in MB above what was there before the network was made, in a process for each
peer; in brackets how many times that of {reference}. The process has trained a tiny network
before, so that what a library loads and allocates once does not count, and has given free memory
back. Then the kernel is told to forget the highest resident size it has seen
(`/proc/self/clear_refs`), and asked for it afterwards (`VmHWM`). So the figures hold parameters,
gradients, activations, copies of the batch, and what a library keeps of compiling. The parameters
alone take {sizes} MB.
"""

ONE_SAMPLE = """
One sample, µs for a call that takes an array of features and gives a class as a Python number; in
brackets how many times as long as `{reference}`, which checks its input too. Medians of {rounds}.
"""

MANY_ROWS = """
{rows:,} samples in one call that gives their classes, in ms. PyTorch is shown twice: as it is
called, and in blocks of rows that its user makes, so that activations stay in cache;
`NeuralNetwork.predict` does so by itself.
"""

START = """
How long a user waits before the first step is done.
"""

TABLE = """
Seconds to train each row of the benchmark table, the same epochs and batches: with
`NeuralNetwork.fit`, in PyTorch's usual loop, and with scikit-learn (which has no GELU, and takes
its ReLU there). Medians of {rounds}; compiling counts, from an empty cache and from that of
the run before.
"""

QUICK = """
These were short measurements, for a first impression.
"""


def sections_of(report: Report) -> list[Section]:
    """A section for each part that was measured, and one on what it was measured with.

    Parameters
    ----------
    report : Report

    Returns
    -------
    list of Section
    """
    sections = []
    if report.steps:
        sections.append(Section("A training step", _steps(report.steps)))
    bars = report.bars()
    if bars:
        items = Bullets([str(bar) for bar in bars])
        sections.append(Section("What is promised", [BARS, items]))
    if report.sizes:
        blocks = size_blocks(report.sweeps, report.sizes)
        sections.append(Section("Cost against size", [*blocks, *_stars(report.sizes)]))
    if report.memory:
        sections.append(Section("Memory", _memory(report.memory)))
    if report.prediction:
        sections.append(Section("Prediction", _prediction(report.prediction)))
    if report.compile_times is not None or report.imports is not None:
        sections.append(Section("Before the first step", _start(report)))
    if report.table:
        sections.append(Section("The whole benchmark table", _table(report.table)))
    sections.append(Section("Measured with", _environment(report)))
    return sections


def _steps(results: Sequence[NetworkResult]) -> list[Block]:
    return [
        STEPS.format(baseline=title_of(BASELINE), rounds=_rounds(results)),
        _network_table(results, reference=BASELINE),
        *_stars(results),
    ]


def _memory(results: Sequence[MemoryResult]) -> list[Block]:
    sizes = ", ".join(
        f"{_megabytes(result.parameter_bytes)} ({result.network.widths_text})" for result in results
    )
    return [
        MEMORY.format(reference=title_of("pytorch"), sizes=sizes),
        _memory_table(results, "a step", lambda peaks: peaks.step),
        _memory_table(results, "until the first step is done", lambda peaks: peaks.first),
    ]


def _prediction(results: Sequence[NetworkResult]) -> list[Block]:
    reference = "predict-tensorgrad"
    blocks: list[Block] = []
    one = [result for result in results if result.network.batch == 1]
    many = [result for result in results if result.network.batch > 1]
    if one:
        text = ONE_SAMPLE.format(reference=title_of(reference), rounds=_rounds(one))
        blocks += [text, _network_table(one, reference=reference, with_batch=False)]
    if many:
        text = MANY_ROWS.format(rows=many[0].network.batch)
        table = _network_table(many, reference=reference, with_batch=False, unit=1000.0)
        blocks += [text, table]
    return [*blocks, *_stars(results)]


def _start(report: Report) -> list[Block]:
    rows: list[list[str]] = []
    times, imports = report.compile_times, report.imports
    if times is not None:
        rows += [
            ["first scan of 2-8-8-1, compiled in a new process", f"{times.first:.2f} s"],
            ["first scan of 64-64-10 after that", f"{times.further:.2f} s"],
            ["first scan of 2-8-8-1, machine code from the disk", f"{times.cached:.2f} s"],
        ]
    if imports is not None:
        reference = f"{imports.reference_median / 1e6:.2f} s"
        rows += [
            [f"`{imports.name}`", f"{imports.median / 1e6:.2f} s"],
            [f"`{imports.reference_name}`, which is part of it", reference],
        ]
    return [START, Table(["", "time"], rows)]


def _table(table: Sequence[TableTimes]) -> list[Block]:
    counts = (len(seconds) for times in table for seconds in times.rows.values())
    rounds = counted(max(counts), "round")
    rows = [
        [row, *(f"{statistics.median(times.rows[row]):.2f}" for times in table)]
        for row in table[0].rows
    ]
    rows.append(["**sum**", *(f"**{times.total:.2f}**" for times in table)])
    return [TABLE.format(rounds=rounds), Table(["", *(times.name for times in table)], rows)]


def _environment(report: Report) -> list[Block]:
    blocks: list[Block] = [Bullets(describe(report.environment))]
    failures = [
        f"{title_of(name)} on {result.network.title}: {reason}"
        for name, result, reason in report.failures()
    ]
    if failures:
        blocks += ["Could not be measured:", Bullets(failures)]
    return [*blocks, QUICK] if report.quick else blocks


def _network_table(
    results: Sequence[NetworkResult],
    *,
    reference: str,
    with_batch: bool = True,
    unit: float = 1.0,
) -> Table:
    """A row for each subject, a column for each network; times in µs, or in `unit` of them."""
    headings = [
        result.network.title if with_batch else result.network.widths_text for result in results
    ]
    rows = [
        [title_of(name), *(_cell(result, name, reference, unit) for result in results)]
        for name in _all_names((*result.rounds, *result.failures) for result in results)
    ]
    return Table(["", *headings], rows)


def _memory_table(
    results: Sequence[MemoryResult], heading: str, peak_of: Callable[[Peaks], int]
) -> Table:
    reference = "pytorch"
    rows = []
    for peer in _all_names((*result.peaks, *result.failures) for result in results):
        cells = []
        for result in results:
            peaks, others = result.peaks.get(peer), result.peaks.get(reference)
            cells.append("-" if peaks is None else _megabytes(peak_of(peaks)))
            if peaks is None or others is None or peer == reference:
                continue
            if min(peak_of(peaks), peak_of(others)) >= MEASURABLE:
                cells[-1] += f" ({peak_of(peaks) / peak_of(others):.2f})"
        rows.append([title_of(peer), *cells])
    return Table([heading, *(result.network.title for result in results)], rows)


def _cell(result: NetworkResult, name: str, reference: str, unit: float) -> str:
    if name not in result.rounds:
        return "-"
    ratio = result.ratio(name, reference)
    times = "" if ratio is None or name == reference else f" ({ratio:.2f})"
    star = "*" if result.is_disturbed(name) else ""
    return number(result.median(name) / unit) + times + star


def _all_names(groups: Iterable[Iterable[str]]) -> list[str]:
    """Every name once, in the order in which tables have them."""
    found = {name for group in groups for name in group}
    return [name for name in SUBJECTS if name in found]


def _stars(results: Sequence[NetworkResult]) -> list[Block]:
    disturbed = any(result.is_disturbed(name) for result in results for name in result.rounds)
    return [DISTURBED] if disturbed else []


def _rounds(results: Sequence[NetworkResult]) -> str:
    counts = (len(rounds) for result in results for rounds in result.rounds.values())
    return counted(max(counts, default=0), "round")


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f}" if count >= MEASURABLE else f"< {MEASURABLE / 1e6:g}"
