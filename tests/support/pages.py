"""The code on a page of documentation, executed as it is written there."""

import re
from contextlib import redirect_stdout
from doctest import ELLIPSIS, OutputChecker
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OUTPUT = ("text", "mermaid")


def run_page(path: str) -> dict[str, Any]:
    """Run the Python blocks of a page one after the other, as a reader would in one session.

    What a block prints must be what the next block of text shows, where ``...`` stands for
    anything; a block that prints must be followed by one.

    Parameters
    ----------
    path : str
        The page, from the root of the repository.

    Returns
    -------
    dict
        The variables at the end.
    """
    scope: dict[str, Any] = {"__name__": "page"}
    printed = ""
    for kind, line, text in _blocks(path):
        where = f"{path}, line {line}"
        if kind == "python":
            assert not printed, f"{where}: nothing above it shows what was printed: {printed}"
            printed = _run(path, line, text, scope)
        elif kind in OUTPUT:
            right = OutputChecker().check_output(text, printed, ELLIPSIS)
            assert right, f"{where} shows\n{text}\nand this was printed\n{printed}"
            printed = ""
    assert not printed, f"nothing on {path} shows what was printed last: {printed}"
    return scope


def run_blocks_alone(path: str) -> int:
    """Run each Python block of a page by itself, as a reader would who copies one of them.

    What is printed is not looked at. Returns the number of blocks.
    """
    blocks = [(line, text) for kind, line, text in _blocks(path) if kind == "python"]
    for line, text in blocks:
        _run(path, line, text, {"__name__": "page"})
    return len(blocks)


def _blocks(path: str) -> list[tuple[str, int, str]]:
    """Kind, number of the first line, and text of every block."""
    page = (ROOT / path).read_text(encoding="utf-8")
    return [
        (match[1], page[: match.start(2)].count("\n") + 1, match[2])
        for match in BLOCK.finditer(page)
    ]


def _run(path: str, line: int, text: str, scope: dict[str, Any]) -> str:
    """What the block printed. Errors point at the page."""
    out = StringIO()
    with redirect_stdout(out):
        exec(compile("\n" * (line - 1) + text, str(ROOT / path), "exec"), scope)
    return out.getvalue()
