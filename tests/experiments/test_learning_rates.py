"""The pictures of schedules and of a search for a learning rate."""

import pytest

from experiments.__main__ import main
from experiments.learning_rates import PANELS
from nn.schedule_names import SCHEDULES


def test_every_schedule_has_a_panel():
    assert {panel.name for panel in PANELS} == SCHEDULES.keys() - {"warmup"}


def test_the_command(tmp_path, capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("experiments.style.DPI", 40)
    assert main(["learning-rates", "--output", str(tmp_path / "images")]) == 0
    paths = [tmp_path / "images" / name for name in ("schedules.png", "lr_find.png")]
    assert capsys.readouterr().out.splitlines() == list(map(str, paths))
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
