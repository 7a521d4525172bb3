"""What a page consists of, whether it is printed, a Markdown file, or part of the HTML report."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bullets", "Picture", "Section", "Table", "as_markdown", "as_text"]

WIDTH = 105  # characters of a line


@dataclass(frozen=True)
class Table:
    """Cells; the first column is text, the others are numbers."""

    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: list[str]


@dataclass(frozen=True)
class Picture:
    """A picture by the name of its files, without the ending."""

    name: str
    caption: str


Block = str | Table | Bullets | Picture
"""A string is a paragraph. ``**`` and backticks mean what they do in Markdown, in cells too."""


@dataclass(frozen=True)
class Section:
    """A heading, and what is below it."""

    title: str
    blocks: Sequence[Block]


def as_text(sections: Sequence[Section]) -> str:
    """For a terminal; pictures are left out.

    Examples
    --------
    >>> table = Table(["", "µs"], [["NumPy", "78.1"]])
    >>> print(as_text([Section("A step", ["In **microseconds**.", table])]))
    A step
    ======
    <BLANKLINE>
    In microseconds.
    <BLANKLINE>
             µs
    -----------
    NumPy  78.1
    """
    parts = []
    for section in sections:
        parts.append(f"{section.title}\n{'=' * len(section.title)}")
        parts += [_text(block) for block in section.blocks if not isinstance(block, Picture)]
    return "\n\n".join(parts)


def as_markdown(sections: Sequence[Section], pictures: str) -> str:
    """GitHub-flavoured Markdown, without a newline at the end.

    Parameters
    ----------
    sections : sequence of Section
    pictures : str
        The directory of the pictures, from where the page is.

    Returns
    -------
    str

    Examples
    --------
    >>> picture = Picture("speed", "Time of a step")
    >>> print(as_markdown([Section("A step", [picture])], "images"))
    ## A step
    <BLANKLINE>
    ![Time of a step](images/speed.png)
    """
    parts = []
    for section in sections:
        parts.append(f"## {section.title}")
        parts += [_markdown(block, pictures) for block in section.blocks]
    return "\n\n".join(parts)


def _text(block: str | Table | Bullets) -> str:
    if isinstance(block, Table):
        return _text_table(block)
    if isinstance(block, Bullets):
        return "\n".join(_wrapped(_unmarked(item), "- ") for item in block.items)
    return _wrapped(_unmarked(block))


def _markdown(block: Block, pictures: str) -> str:
    if isinstance(block, Table):
        divider = ["---", *("---:" for _ in block.header[1:])]
        return "\n".join(f"| {' | '.join(row)} |" for row in (block.header, divider, *block.rows))
    if isinstance(block, Bullets):
        return "\n".join(_wrapped(item, "- ") for item in block.items)
    if isinstance(block, Picture):
        return f"![{block.caption}]({pictures}/{block.name}.png)"
    return _wrapped(block)


def _text_table(table: Table) -> str:
    rows = [[_unmarked(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if position else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _wrapped(text: str, bullet: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _unmarked(text: str) -> str:
    return re.sub(r"\*\*|`", "", text)
