"""Everything a run of the benchmark does: training, studies, pictures, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.files import save_json, save_text
from experiments.pictures import OVERVIEW_SIZE, ROW_SIZE, overview_piece, row_pictures_piece
from experiments.progress import progress_bar
from experiments.results import details, summary
from experiments.rows import Row
from experiments.runs import peer_piece, row_of, run_piece
from experiments.studies import study_pieces
from experiments.tasks import Task
from experiments.training import in_quick_run
from experiments.work import Piece, Record, complete

__all__ = ["DETAILS_FILE", "REPORT_FILE", "SUMMARY_FILE", "Outcome", "Plan", "carry_out", "write"]

SUMMARY_FILE = "NeuralNet_test_results.json"
DETAILS_FILE = "results.json"
REPORT_FILE = "report.html"
# Pieces of work differ too much for a count of them, or of what they are measured in, to say much.
BAR = "{percentage:3.0f}%|{bar:24}| {elapsed}<{remaining} {desc}"


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes
    ----------
    tasks : sequence of Task
    seeds : int
        How many; the first is watched, for the pictures.
    peer_seeds : int
        With how many seeds other libraries are trained.
    studies : sequence of str
        Names of studies.
    results : Path
        The directory for records, pictures and results.
    jobs : int
        Processes at once.
    pictures : bool
        Draw them.
    quick : bool
        Two epochs.
    fresh : bool
        Do again what has been done.
    """

    tasks: Sequence[Task]
    seeds: int
    results: Path
    jobs: int
    peer_seeds: int = 0
    studies: Sequence[str] = ()
    pictures: bool = True
    quick: bool = False
    fresh: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes
    ----------
    rows : list of Row
    studies : dict
        Numbers, conclusion and pictures of each study, by name.
    """

    rows: list[Row]
    studies: dict[str, Record]


def carry_out(plan: Plan) -> Outcome:
    """Do all that a plan says and has not been done yet; a bar shows how far it has come."""
    tasks = [in_quick_run(task) for task in plan.tasks] if plan.quick else list(plan.tasks)
    records, pictures = plan.results / "records", plan.results / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    runs = _runs(plan, tasks, records)
    peers = _peers(plan, tasks, records)
    studies = study_pieces(plan.studies, records, pictures, quick=plan.quick)
    training = [*_flat(runs), *_flat(peers), *studies.values()]
    drawing_size = _drawing_size(plan, tasks)
    total = sum(piece.size for piece in training) + drawing_size
    with progress_bar(total=total, dynamic_ncols=True, bar_format=BAR) as bar:

        def progress(piece: Piece) -> None:
            bar.set_description(piece.title, refresh=False)
            bar.update(piece.size)

        done = _complete_by_piece(plan, training, progress)
        if plan.pictures:
            drawing = _drawing(tasks, runs, done, records, pictures)
            _complete_by_piece(plan, drawing, progress)
    return Outcome(
        [
            row_of(
                task,
                range(plan.seeds),
                [done[piece.path] for piece in runs[task.name]],
                [done[piece.path] for piece in peers[task.name]],
            )
            for task in tasks
        ],
        {name: done[piece.path] for name, piece in studies.items()},
    )


def write(plan: Plan, outcome: Outcome, summary_file: Path) -> None:
    """Write the summary, the details and the report, each whole or not at all."""
    content = details(outcome.rows, outcome.studies, quick=plan.quick)
    save_json(plan.results / DETAILS_FILE, content)
    save_json(summary_file, summary(outcome.rows))
    if plan.pictures:
        from experiments.report import render

        page = render(content, plan.results / "pictures", speed=plan.results)
        save_text(plan.results / REPORT_FILE, page)


def _runs(plan: Plan, tasks: Sequence[Task], records: Path) -> dict[str, list[Piece]]:
    return {
        task.name: [run_piece(task, seed, records, watch=seed == 0) for seed in range(plan.seeds)]
        for task in tasks
    }


def _peers(plan: Plan, tasks: Sequence[Task], records: Path) -> dict[str, list[Piece]]:
    pieces = {
        task.name: [peer_piece(task, seed, records) for seed in range(plan.peer_seeds)]
        for task in tasks
    }
    return {name: [piece for piece in own if piece is not None] for name, own in pieces.items()}


def _drawing(
    tasks: Sequence[Task],
    runs: dict[str, list[Piece]],
    done: dict[Path, Record],
    records: Path,
    pictures: Path,
) -> list[Piece]:
    watched = {task.name: done[runs[task.name][0].path] for task in tasks}
    pieces = [row_pictures_piece(task, watched[task.name], records, pictures) for task in tasks]
    document = _shown_together(tasks)
    if document:
        own = [watched[task.name] for task in document]
        pieces.append(overview_piece(document, own, records, pictures))
    return pieces


def _drawing_size(plan: Plan, tasks: Sequence[Task]) -> int:
    if not plan.pictures:
        return 0
    return ROW_SIZE * len(tasks) + (OVERVIEW_SIZE if _shown_together(tasks) else 0)


def _shown_together(tasks: Sequence[Task]) -> list[Task]:
    document = [task for task in tasks if task.reported is not None]
    return document if len(document) > 1 else []


def _complete_by_piece(plan: Plan, pieces: Sequence[Piece], progress: Any) -> dict[Path, Record]:
    records = complete(pieces, jobs=plan.jobs, fresh=plan.fresh, progress=progress)
    return {piece.path: record for piece, record in zip(pieces, records, strict=True)}


def _flat(pieces: dict[str, list[Piece]]) -> list[Piece]:
    return [piece for own in pieces.values() for piece in own]
