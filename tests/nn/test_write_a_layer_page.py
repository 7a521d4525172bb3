"""Every block of code in docs/write-a-layer.md runs, and prints what the page shows."""

from pages import run_page


def test_the_page() -> None:
    scope = run_page("docs/write-a-layer.md")
    assert {"LayerNorm", "SelfAttention", "Convolution2d", "temperatures"} <= scope.keys()
