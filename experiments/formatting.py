"""The benchmark table as text for a terminal, and as Markdown; the report has the same cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from experiments.peers import PEERS
from experiments.rows import Row
from experiments.statistics import Mean, mean_of
from experiments.tasks import Metric

__all__ = [
    "Block",
    "blocks_of",
    "format_figure",
    "format_gap",
    "format_mean",
    "markdown_table",
    "replace_table",
    "text_table",
]

TABLE_START, TABLE_END = "<!-- table -->", "<!-- /table -->"
UNKNOWN = "-"

Column = tuple[str, Callable[[Row], str]]


class Block(NamedTuple):
    """A part of the table with columns of its own.

    Attributes
    ----------
    title : str
        Heading of the column with the names of the rows.
    headings : list of str
        Of the other columns.
    rows : list of (Row, list of str)
        Each row with its cells.
    """

    title: str
    headings: list[str]
    rows: list[tuple[Row, list[str]]]


def blocks_of(rows: Sequence[Row], *, times: bool = True) -> list[Block]:
    """The document's rows, those beyond it, and both beside other libraries.

    Parameters
    ----------
    rows : sequence of Row
    times : bool
        With the time that each row took, which says more of the machine than of the row.
    """
    in_document = [row for row in rows if row.reported is not None]
    beyond = [row for row in rows if row.reported is None]
    compared = [row for row in rows if row.peers]
    time: list[Column] = [("time", _time)] if times else []
    ours: list[Column] = [("train", _training), ("test", _test)]
    limits: list[Column] = [("limit", _limit), ("gap", _gap)]
    beyond_limits = limits if any(row.limit is not None for row in beyond) else []
    document: list[Column] = [
        ("train", _training),
        ("document", lambda row: row.reported.training if row.reported else UNKNOWN),
        ("test", _test),
        ("document", lambda row: row.reported.test if row.reported else UNKNOWN),
    ]
    blocks = [
        _block("accuracy or MSE", [*document, *limits, *time], in_document),
        _block("beyond the document", [*ours, *beyond_limits, *time], beyond),
        _block("beside other libraries", _peer_columns(compared), compared),
    ]
    return [block for block in blocks if block.rows]


def text_table(rows: Sequence[Row]) -> str:
    """The table for a terminal.

    Parameters
    ----------
    rows : sequence of Row

    Returns
    -------
    str
        Lines of text.
    """
    return "\n\n".join(_text(block) for block in blocks_of(rows))


def markdown_table(rows: Sequence[Row]) -> str:
    """The same as GitHub-flavored Markdown, without the times.

    Parameters
    ----------
    rows : sequence of Row

    Returns
    -------
    str
        One table for each block.
    """
    return "\n\n".join(_markdown(block) for block in blocks_of(rows, times=False))


def replace_table(text: str, table: str) -> str:
    r"""Put a table between ``<!-- table -->`` and ``<!-- /table -->`` in Markdown text.

    Parameters
    ----------
    text : str
        With both marks, each once; what stands between them is replaced.
    table : str
        What to put there.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the marks are not there.

    Examples
    --------
    >>> replace_table("above <!-- table --> old <!-- /table --> below", "new")
    'above <!-- table -->\nnew\n<!-- /table --> below'
    """
    before, start, rest = text.partition(TABLE_START)
    _, end, after = rest.partition(TABLE_END)
    if not (start and end):
        raise ValueError(
            f"the text has no {TABLE_START} followed by {TABLE_END}; add these two lines where the "
            "table belongs"
        )
    return f"{before}{start}\n{table}\n{end}{after}"


def format_figure(value: float, metric: Metric) -> str:
    """A figure with the digits that the document gives.

    Examples
    --------
    >>> format_figure(0.9664, "accuracy"), format_figure(0.0082199, "mse")
    ('96.64%', '0.00822')
    """
    return f"{value:.2%}" if metric == "accuracy" else f"{value:.5f}"


def format_mean(mean: Mean, metric: Metric) -> str:
    """A mean with half the length of its interval.

    Examples
    --------
    >>> format_mean(Mean(0.9664, 0.001, 20), "accuracy")
    '96.64 ± 0.10%'
    >>> format_mean(Mean(0.00822, None, 1), "mse")
    '0.00822'
    """
    figure = format_figure(mean.value, metric)
    if mean.half_width is None:
        return figure
    half_width = format_figure(mean.half_width, metric)
    return f"{figure.removesuffix('%')} ± {half_width}"


def format_gap(gap: float | None, metric: Metric) -> str:
    """What is missing to the limit: points of a percent of accuracy, or a share of the error.

    Examples
    --------
    >>> format_gap(0.00234, "accuracy"), format_gap(0.025, "mse"), format_gap(None, "mse")
    ('0.23', '2.5%', '-')
    """
    if gap is None:
        return UNKNOWN
    # No difference that is rounded away has a sign.
    text = f"{100 * gap:.2f}" if metric == "accuracy" else f"{gap:.1%}"
    return text.removeprefix("-") if float(text.strip("%")) == 0 else text


def _block(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> Block:
    cells = [(row, [cell(row) for _, cell in columns]) for row in rows]
    return Block(title, [heading for heading, _ in columns], cells)


def _peer_columns(rows: Sequence[Row]) -> list[Column]:
    columns: list[Column] = [("ours", _test)]
    for name in PEERS:
        if any(name in row.peers for row in rows):
            columns += [(name, _peer_test(name)), ("time", _time_ratio(name))]
    return columns


def _peer_test(name: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        peer = row.peers.get(name)
        return UNKNOWN if peer is None else format_mean(mean_of(peer.test), row.metric)

    return cell


def _time_ratio(name: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        peer = row.peers.get(name)
        return UNKNOWN if peer is None else f"{peer.time_ratio:.1f} ×"

    return cell


def _text(block: Block) -> str:
    cells = [[block.title, *block.headings]]
    cells += [[row.title, *own] for row, own in block.rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in cells
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


def _markdown(block: Block) -> str:
    # Capitals for a sentence's beginning, but "PyTorch" stays what it is.
    headings = [
        text[0].upper() + text[1:] if text not in PEERS else text for text in block.headings
    ]
    lines = [
        [block.title[0].upper() + block.title[1:], *headings],
        ["---", *("---:" for _ in headings)],
        *([row.title, *cells] for row, cells in block.rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _training(row: Row) -> str:
    return format_mean(row.training_mean, row.metric)


def _test(row: Row) -> str:
    return format_mean(row.test_mean, row.metric)


def _limit(row: Row) -> str:
    return UNKNOWN if row.limit is None else format_figure(row.limit.value, row.metric)


def _gap(row: Row) -> str:
    return format_gap(row.gap, row.metric)


def _time(row: Row) -> str:
    return f"{mean_of(row.seconds).value:.1f} s"
