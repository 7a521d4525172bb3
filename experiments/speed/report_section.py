"""The speed page as a part of the HTML report of the benchmark."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.speed.document import Block, Bullets, Picture, Table
from experiments.speed.report import read_report
from experiments.speed.sections import sections_of

__all__ = ["speed_section"]


def speed_section(
    directory: Path, picture: Callable[[Path, str], str | None]
) -> list[dict[str, Any]] | None:
    """What ``python -m experiments speed`` has left in a directory, ready for the template.

    Parameters
    ----------
    directory : Path
    picture : callable
        From the directory and the name of a picture to the address of its image, or None.

    Returns
    -------
    list of dict, or None
        Title and blocks of every section; None if there are no measurements.
    """
    report = read_report(directory)
    if report is None:
        return None
    return [
        {
            "title": section.title,
            "blocks": [_block(block, directory, picture) for block in section.blocks],
        }
        for section in sections_of(report)
    ]


def _block(
    block: Block, directory: Path, picture: Callable[[Path, str], str | None]
) -> dict[str, Any]:
    if isinstance(block, Table):
        rows = [[_marked(cell) for cell in row] for row in block.rows]
        return {"kind": "table", "header": block.header, "rows": rows}
    if isinstance(block, Bullets):
        return {"kind": "bullets", "items": [_marked(item) for item in block.items]}
    if isinstance(block, Picture):
        source = picture(directory, block.name)
        return {"kind": "picture", "source": source, "caption": block.caption}
    return {"kind": "paragraph", "text": _marked(block)}


def _marked(text: str) -> Any:
    """Bold type and code as HTML, everything else escaped."""
    from markupsafe import Markup, escape

    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", str(escape(text.strip())))
    return Markup(re.sub(r"`(.+?)`", r"<code>\1</code>", bold))
