"""The pieces of work that the table is made of: every row with every seed, here and elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

from experiments.histograms import LayerHistograms
from experiments.peers import PEERS, available_peers, train_peers
from experiments.rows import Peer, Row
from experiments.tasks import Task
from experiments.training import Course, Result, draw_and_build, train
from experiments.work import Piece, Record, fingerprint

__all__ = [
    "CODE",
    "peer_piece",
    "restored_result",
    "row_of",
    "run_piece",
    "trained_row",
    "versions",
]

# What a figure depends on; pictures and tables have no influence on it.
CODE = (
    "tensorgrad",
    "nn",
    "experiments/datasets.py",
    "experiments/distributions.py",
    "experiments/made_classification.py",
    "experiments/training.py",
    "experiments/histograms.py",
)


def run_piece(task: Task, seed: int, directory: Path, *, watch: bool) -> Piece:
    """Train a row with one seed.

    Parameters
    ----------
    task : Task
    seed : int
    directory : Path
        Where the records are.
    watch : bool
        Keep the curves and the network, for the pictures.
    """
    settings = {"task": task.settings, "seed": seed, "watch": watch, "versions": versions()}
    return Piece(
        f"{task.title}, seed {seed}",
        directory / task.name / f"seed-{seed}{'-watched' if watch else ''}.json",
        fingerprint(settings, CODE),
        partial(_run, task, seed, watch=watch),
        size=200 + _steps(task) // 50,
    )


def peer_piece(task: Task, seed: int, directory: Path) -> Piece | None:
    """Train a row with one seed in every other library that can, and in ours for the time."""
    names = available_peers(task)
    if not names:
        return None
    settings = {"task": task.settings, "seed": seed, "peers": names, "versions": versions()}
    return Piece(
        f"{task.title}, {' and '.join(names)}, seed {seed}",
        directory / task.name / f"peers-seed-{seed}.json",
        fingerprint(settings, (*CODE, "experiments/peers.py")),
        partial(train_peers, task, seed),
        size=1_000 + math.ceil(_steps(task) * sum(PEERS[name].step for name in names)),
    )


def row_of(
    task: Task, seeds: Sequence[int], runs: Sequence[Record], peers: Sequence[Record]
) -> Row:
    """A row of the table from the records of its runs, and of other libraries' runs."""
    names = [name for name in PEERS if any(name in record for record in peers)]
    course = runs[0]["course"]
    return Row(
        task.name,
        task.title,
        task.metric,
        task.settings,
        task.reported,
        task.limit,
        list(seeds),
        training=[run["training"] for run in runs],
        test=[run["test"] for run in runs],
        seconds=[run["seconds"] for run in runs],
        peers={name: _peer(name, peers) for name in names},
        course=course and {key: course[key] for key in course if key != "histograms"},
    )


def trained_row(task: Task, seeds: Sequence[int] = range(1)) -> Row:
    """Train a row with some seeds, one after the other, without any files.

    Examples
    --------
    >>> from experiments.tasks import task_named
    >>> row = trained_row(task_named("diabetes"), seeds=range(2))
    >>> row.seeds, len(row.test), row.test_mean.half_width > 0
    ([0, 1], 2, True)
    """
    return row_of(task, seeds, [_run(task, seed, watch=False) for seed in seeds], [])


def restored_result(task: Task, run: Record) -> Result:
    """The result that a watched run was recorded from: same data, same network.

    Parameters
    ----------
    task : Task
    run : dict
        A record of a `run_piece` that was watched.
    """
    dataset, network = draw_and_build(task, run["seed"])
    state = {name: np.array(values, network.dtype) for name, values in run["parameters"].items()}
    network.model.load_state_dict(state)
    course = Course(**run["course"])
    histograms = [LayerHistograms(**layer) for layer in run["course"]["histograms"]]
    return Result(
        task,
        run["seed"],
        dataset,
        network,
        run["seconds"],
        run["training"],
        run["test"],
        replace(course, histograms=histograms),
    )


def versions() -> dict[str, str | None]:
    """Of Python and of every library that has a part in the figures."""
    names = ("tensorgrad", "numpy", "scipy", "numba", "llvmlite", "scikit-learn", "torch")
    return {"python": python_version(), **{name: _version(name) for name in names}}


def _run(task: Task, seed: int, *, watch: bool) -> Record:
    result = train(task, seed, watch=watch)
    record: dict[str, Any] = {
        "seed": seed,
        "training": result.training_figure,
        "test": result.test_figure,
        "seconds": result.seconds,
        "course": None,
    }
    if result.course is not None:
        record["course"] = asdict(result.course)
        state = result.network.model.state_dict()
        record["parameters"] = {name: values.tolist() for name, values in state.items()}
    return record


def _peer(name: str, records: Sequence[Record]) -> Peer:
    own = [record for record in records if name in record]
    return Peer(
        [record["seed"] for record in own],
        [record[name]["training"] for record in own],
        [record[name]["test"] for record in own],
        [record[name]["seconds"] for record in own],
        [record["our_seconds"] for record in own],
    )


def _steps(task: Task) -> int:
    points = getattr(task.data, "training_points", 1_000)
    return task.epochs * math.ceil(points / task.batch_size)


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
