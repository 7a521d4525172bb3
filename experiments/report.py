"""The report: the table, the pictures and the studies on one page, in one file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.formatting import (
    Block,
    blocks_of,
    format_figure,
    format_gap,
    format_mean,
)
from experiments.pictures import pictures_of
from experiments.results import rows_of
from experiments.rows import Row
from experiments.speed.report_section import speed_section

__all__ = ["render"]

TEMPLATE = "report.html.jinja"


def render(content: Mapping[str, Any], pictures: Path, speed: Path | None = None) -> str:
    """The report as HTML.

    Parameters
    ----------
    content : mapping
        What `experiments.results.details` gives: every number in the report comes from it.
    pictures : Path
        The directory with the pictures of the rows and of the studies as SVG files. They become
        part of the page.
    speed : Path, optional
        A directory in which ``python -m experiments speed`` may have left measurements; what is
        there becomes a section.

    Returns
    -------
    str
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = rows_of(content)
    return environment.get_template(TEMPLATE).render(
        quick=content["quick"],
        seeds=max(len(row.seeds) for row in rows),
        blocks=[_block(block) for block in blocks_of(rows)],
        overview=_picture(pictures, "overview"),
        rows=[_section(row, pictures) for row in rows],
        studies=[
            {
                **study,
                "pictures": [
                    {"source": _picture(pictures, name), "caption": caption}
                    for name, caption in study["pictures"].items()
                ],
            }
            for study in content["studies"].values()
        ],
        speed=None if speed is None else speed_section(speed, _picture),
        versions=content["versions"],
        machine=content["machine"],
    )


def _block(block: Block) -> dict[str, Any]:
    return {
        "title": block.title,
        "headings": block.headings,
        "rows": [
            {"name": row.name, "title": row.title, "cells": cells} for row, cells in block.rows
        ],
    }


def _section(row: Row, pictures: Path) -> dict[str, Any]:
    """What the page says about one row."""
    settings = row.settings
    return {
        "name": row.name,
        "title": row.title,
        "data": settings["data"],
        "layers": ", ".join(f"{width} {activation}" for width, activation in settings["layers"]),
        "settings": settings,
        "test": format_mean(row.test_mean, row.metric),
        "worst": format_figure((min if row.metric == "accuracy" else max)(row.test), row.metric),
        "best": format_figure((max if row.metric == "accuracy" else min)(row.test), row.metric),
        "limit": _limit(row),
        "command": f"python -m experiments run {row.name} --seeds {len(row.seeds)}",
        "pictures": [
            {"source": _picture(pictures, name), "caption": caption}
            for name, caption in pictures_of(row).items()
        ],
    }


def _limit(row: Row) -> str | None:
    """The limit, how it was found, and how far the mean is from it."""
    if row.limit is None:
        return None
    figure, gap = format_figure(row.limit.value, row.metric), format_gap(row.gap, row.metric)
    error = "" if row.limit.error == 0 else f", ± {row.limit.error:.1g}"
    unit = " points" if row.metric == "accuracy" else ""
    return f"{figure} ({row.limit.method}{error}); the mean of ours is {gap}{unit} from it"


def _picture(pictures: Path, name: str) -> str | None:
    """A picture as the address of an image; None if it was not drawn."""
    path = pictures / f"{name}.svg"
    if not path.exists():
        return None
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"
