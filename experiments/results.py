"""What a run found, as JSON: the document's summary, and everything else."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.files import save_json, save_text
from experiments.formatting import markdown_table, replace_table
from experiments.rows import Row
from experiments.runs import versions

__all__ = [
    "PUBLISHED",
    "SCHEMA",
    "details",
    "machine",
    "publish",
    "published_rows",
    "rows_of",
    "summary",
]

SCHEMA = Path(__file__).with_name("results.schema.json")
PUBLISHED = Path(__file__).with_name("published.json")
README = Path(__file__).parents[1] / "README.md"
FORMAT = 1


def summary(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """The document's JSON summary: its own rows, each with a training and a test figure.

    Parameters
    ----------
    rows : sequence of Row
        Those that the document does not have are left out.

    Returns
    -------
    dict
        ``{"xor": {"training_accuracy": ..., "test_accuracy": ...}, ...}``, means over the seeds;
        for regression the names end in ``mse``.
    """
    return {
        row.name: {
            f"training_{row.metric}": row.training_mean.value,
            f"test_{row.metric}": row.test_mean.value,
        }
        for row in rows
        if row.reported is not None
    }


def details(
    rows: Sequence[Row], studies: Mapping[str, Any] | None = None, *, quick: bool = False
) -> dict[str, Any]:
    """Every figure of every seed with limits, settings and versions, as `SCHEMA` says.

    Parameters
    ----------
    rows : sequence of Row
    studies : mapping, optional
        What the studies measured and concluded, by name.
    quick : bool
        Whether this was a quick run, whose figures mean nothing.

    Returns
    -------
    dict
        Ready for `experiments.files.save_json`.
    """
    return {
        "format": FORMAT,
        "quick": quick,
        "versions": versions(),
        "machine": machine(),
        "rows": {row.name: row.as_json() for row in rows},
        "studies": dict(studies or {}),
    }


def rows_of(content: Mapping[str, Any]) -> list[Row]:
    """The rows that `details` was made from."""
    return [Row.from_json(name, row) for name, row in content["rows"].items()]


def publish(content: Mapping[str, Any]) -> None:
    """Keep the figures of a run with the code, and show them in the README.

    Curves and studies are left out, which would be most of the file.

    Parameters
    ----------
    content : mapping
        What `details` gives.
    """
    rows = {name: {**row, "course": None} for name, row in content["rows"].items()}
    save_json(PUBLISHED, {**content, "rows": rows, "studies": {}})
    text = README.read_text(encoding="utf-8")
    save_text(README, replace_table(text, markdown_table(published_rows())))


def published_rows() -> list[Row]:
    """The rows that the README shows, with the figures of every seed."""
    return rows_of(json.loads(PUBLISHED.read_text(encoding="utf-8")))


def machine() -> dict[str, Any]:
    """What the times were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")
