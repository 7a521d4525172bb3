"""Every block of code in docs/graphs.md runs, and prints the block of text that follows it."""

from pathlib import Path

import pytest
from pages import run_page


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scope = run_page("docs/graphs.md")
    assert {"loss", "model", "table", "operations"} <= scope.keys()
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8").startswith("digraph {")
