"""Every block of code in docs/layers.md runs, and its table names what there is."""

import re

from pages import ROOT, run_page

import nn


def test_the_page():
    run_page("docs/layers.md")


def test_every_layer_and_loss_is_in_a_table():
    page = (ROOT / "docs/layers.md").read_text(encoding="utf-8")
    tables = "\n".join(line for line in page.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`(\w+)`", tables))
    modules = {
        name
        for name in nn.__all__
        if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
    }
    losses = {name for name in nn.__all__ if name.endswith("_loss")}
    assert (modules - {"Module"}) | losses <= named
