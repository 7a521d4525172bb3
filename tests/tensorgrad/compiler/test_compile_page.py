"""Every block of code in docs/compile.md runs, and prints the block of text that follows it."""

from pathlib import Path

import pytest
from pages import run_page


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path))
    scope = run_page("docs/compile.md")
    assert scope["losses"].mean() < 0.3
