"""What a run found, as JSON: the document's summary, and everything else."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from experiments.training import Result

__all__ = ["details", "save_json", "save_text", "summary", "write_atomically"]


def summary(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """The document's JSON summary: its own rows, each with a training and a test figure.

    Parameters
    ----------
    results : sequence of Result
        Trained rows; those that the document does not have are left out.

    Returns
    -------
    dict
        ``{"xor": {"training_accuracy": ..., "test_accuracy": ...}, ...}``; for regression the
        names end in ``mse``.

    Examples
    --------
    >>> from experiments.tasks import TASKS
    >>> from experiments.training import train
    >>> list(summary([train(TASKS[0], quick=True)])["binary_gaussians"])
    ['training_accuracy', 'test_accuracy']
    """
    return {
        result.task.name: _figures(result) for result in results if result.task.reported is not None
    }


def details(results: Sequence[Result], seed: int) -> dict[str, Any]:
    """Figures, limits, settings and curves of every row, and the versions that made them.

    Parameters
    ----------
    results : sequence of Result
        Trained rows, real data among them.
    seed : int
        The seed that they were trained with.

    Returns
    -------
    dict
        Ready for `save_json`.
    """
    return {
        "seed": seed,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("tensorgrad", "numpy", "scikit-learn")},
        "rows": {result.task.name: _row(result) for result in results},
    }


def save_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    save_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def save_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file under another name, and give it its own when it is complete.

    Whatever interrupts the writing, `path` is then either as it was or entirely new.

    Parameters
    ----------
    path : Path
        Its directory must exist.
    write : callable
        Is given the open binary file.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _row(result: Result) -> dict[str, Any]:
    task, dataset = result.task, result.dataset
    reported = None
    if task.reported is not None:
        training, test = task.reported.values
        reported = {f"training_{task.metric}": training, f"test_{task.metric}": test}
    return {
        **_figures(result),
        "document": reported,
        "limit": task.limit,
        "seconds": result.seconds,
        "settings": {
            "training_points": len(dataset.X_train),
            "test_points": len(dataset.X_test),
            "features": dataset.X_train.shape[1],
            "layers": [list(layer) for layer in task.layers],
            "loss": task.loss,
            "learning_rate": task.learning_rate,
            "epochs": result.epochs,
            "batch_size": task.batch_size,
        },
        "curves": {
            "training_loss": result.loss_curve,
            f"training_{task.metric}": result.training_curve,
            f"test_{task.metric}": result.test_curve,
        },
    }


def _figures(result: Result) -> dict[str, float]:
    metric = result.task.metric
    return {
        f"training_{metric}": result.training_figure,
        f"test_{metric}": result.test_figure,
    }


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
