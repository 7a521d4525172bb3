"""The benchmark table as text for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from experiments.tasks import Metric
from experiments.training import Result

__all__ = ["format_figure", "markdown_table", "replace_table", "text_table"]

TABLE_START, TABLE_END = "<!-- table -->", "<!-- /table -->"
UNKNOWN = "-"

Column = tuple[str, Callable[[Result], str]]


def text_table(results: Sequence[Result]) -> str:
    """Every row beside the document's figures and the limit, for a terminal.

    Parameters
    ----------
    results : sequence of Result
        Trained rows; those that the document does not have form a second block.

    Returns
    -------
    str
        Lines of text.
    """
    blocks = []
    for title, columns, block in _blocks(results):
        columns = [*columns, ("time", lambda result: f"{result.seconds:.1f} s")]
        cells = [[title, *(heading for heading, _ in columns)], *_rows(columns, block)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in cells
        ]
        lines.insert(1, "-" * len(lines[0]))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def markdown_table(results: Sequence[Result]) -> str:
    """The same as GitHub-flavored Markdown, without the times, which say more of the machine.

    Parameters
    ----------
    results : sequence of Result
        Trained rows.

    Returns
    -------
    str
        One table for each block.
    """
    blocks = []
    for title, columns, block in _blocks(results):
        headings = [title, *(heading.capitalize() for heading, _ in columns)]
        divider = ["---", *("---:" for _ in columns)]
        rows = [headings, divider, *_rows(columns, block)]
        blocks.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return "\n\n".join(blocks)


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


def _blocks(results: Sequence[Result]) -> Iterator[tuple[str, list[Column], list[Result]]]:
    """The title, the columns and the rows of each block: the document's rows, and others."""
    for in_document, block in groupby(results, lambda result: result.task.reported is not None):
        rows = list(block)
        train, test, limit = ("train", _training), ("test", _test), ("limit", _limit)
        if in_document:
            document_train = ("document", lambda result: result.task.reported.training)
            document_test = ("document", lambda result: result.task.reported.test)
            yield "Accuracy or MSE", [train, document_train, test, document_test, limit], rows
        else:
            limits = [limit] if any(result.task.limit is not None for result in rows) else []
            yield "Beyond the document", [train, test, *limits], rows


def _rows(columns: Sequence[Column], results: Sequence[Result]) -> list[list[str]]:
    return [[result.task.title, *(cell(result) for _, cell in columns)] for result in results]


def _training(result: Result) -> str:
    return format_figure(result.training_figure, result.task.metric)


def _test(result: Result) -> str:
    return format_figure(result.test_figure, result.task.metric)


def _limit(result: Result) -> str:
    limit = result.task.limit
    return UNKNOWN if limit is None else format_figure(limit, result.task.metric)
