"""Every block of Python in README.md runs by itself."""

from pages import run_blocks_alone


def test_readme() -> None:
    assert run_blocks_alone("README.md") >= 5
