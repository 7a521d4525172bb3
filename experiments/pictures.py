"""The pieces of work that draw: the pictures of each row, and the overview."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from experiments.rows import Row
from experiments.runs import CODE, restored_result
from experiments.tasks import Task
from experiments.work import Piece, Record, fingerprint

__all__ = ["overview_piece", "pictures_of", "row_pictures_piece"]

# About how many milliseconds drawing takes.
ROW_SIZE, OVERVIEW_SIZE = 3_000, 3_000

DRAWING_CODE = (
    *CODE,
    "experiments/plots.py",
    "experiments/panels.py",
    "experiments/course_panels.py",
    "experiments/style.py",
)


def pictures_of(row: Task | Row) -> dict[str, str]:
    """The names of a row's pictures, without the ending, and what each of them shows."""
    figure = "accuracy" if row.metric == "accuracy" else "error"
    pictures = {
        f"{row.name}_fit": "Test data, and what the network of the first seed makes of them",
        f"{row.name}_training": f"Loss and {figure} after every epoch",
    }
    if row.metric == "accuracy":
        pictures[f"{row.name}_calibration"] = "How often the network is right, by how sure it is"
    pictures[f"{row.name}_histograms"] = "Weights and their gradients, layer by layer, by epoch"
    return pictures


def row_pictures_piece(task: Task, run: Record, records: Path, pictures: Path) -> Piece:
    """Draw the pictures of a row.

    Parameters
    ----------
    task : Task
    run : dict
        The record of its watched run.
    records, pictures : Path
        Directories.
    """
    names = list(pictures_of(task))
    return Piece(
        f"{task.title}, pictures",
        records / task.name / "pictures.json",
        fingerprint([task.settings, task.title, json.dumps(run)], DRAWING_CODE),
        partial(_draw_row, task, run, pictures),
        size=ROW_SIZE,
        files=_files(names, pictures),
    )


def overview_piece(
    tasks: Sequence[Task], runs: Sequence[Record], records: Path, pictures: Path
) -> Piece:
    """Draw what was learned in several rows side by side."""
    of_each = [
        [task.settings, task.title, json.dumps(run)] for task, run in zip(tasks, runs, strict=True)
    ]
    return Piece(
        "overview",
        records / "overview.json",
        fingerprint(of_each, DRAWING_CODE),
        partial(_draw_overview, tuple(tasks), tuple(runs), pictures),
        size=OVERVIEW_SIZE,
        files=_files(["overview"], pictures),
    )


def _draw_row(task: Task, run: Record, pictures: Path) -> Record:
    from experiments import plots

    result = restored_result(task, run)
    draw = {
        "fit": plots.save_fit,
        "training": plots.save_training,
        "calibration": plots.save_calibration,
        "histograms": plots.save_histograms,
    }
    names = pictures_of(task)
    for name in names:
        draw[name.removeprefix(f"{task.name}_")](result, pictures / f"{name}.png")
    return {"pictures": list(names)}


def _draw_overview(tasks: Sequence[Task], runs: Sequence[Record], pictures: Path) -> Record:
    from experiments.plots import save_overview

    results = [restored_result(task, run) for task, run in zip(tasks, runs, strict=True)]
    save_overview(results, pictures / "overview.png")
    return {"pictures": ["overview"]}


def _files(names: Sequence[str], pictures: Path) -> tuple[Path, ...]:
    return tuple(pictures / f"{name}{ending}" for name in names for ending in (".png", ".svg"))
