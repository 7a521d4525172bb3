"""The JSON files, and that no file is ever half written."""

import json

import pytest

from experiments.results import details, save_json, summary, write_atomically
from experiments.tasks import TASKS
from experiments.training import train


@pytest.fixture(scope="module")
def results():
    return [train(task, quick=True) for task in TASKS]


def test_the_summary_has_the_format_of_the_document(results, tmp_path):
    save_json(tmp_path / "summary.json", summary(results))
    text = (tmp_path / "summary.json").read_text()
    content = json.loads(text)
    assert list(content) == [
        "binary_gaussians",
        "xor",
        "two_moons_small",
        "two_moons_large",
        "multiclass_scale_0.5",
        "multiclass_scale_1.0",
        "multiclass_scale_1.5",
        "sine_regression",
    ]
    for name, figures in content.items():
        metric = "mse" if name == "sine_regression" else "accuracy"
        assert list(figures) == [f"training_{metric}", f"test_{metric}"]
        assert all(isinstance(figure, float) and 0 <= figure <= 1 for figure in figures.values())
    assert text.startswith('{\n  "binary_gaussians": {\n    "training_accuracy": 0.')
    assert text.endswith("}\n")


def test_the_details_hold_what_a_row_needs_to_be_repeated(results, tmp_path):
    save_json(tmp_path / "results.json", details(results, seed=7))
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["seed"] == 7
    assert set(content["versions"]) == {"tensorgrad", "numpy", "scikit-learn"}
    assert list(content["rows"]) == [task.name for task in TASKS]
    for task, row in zip(TASKS, content["rows"].values(), strict=True):
        settings = row["settings"]
        assert [tuple(layer) for layer in settings["layers"]] == list(task.layers)
        assert settings["loss"] == task.loss
        assert settings["learning_rate"] == task.learning_rate
        assert settings["epochs"] == 2
        assert settings["batch_size"] == task.batch_size
        assert all(len(curve) == 2 for curve in row["curves"].values())
        assert row[f"test_{task.metric}"] == row["curves"][f"test_{task.metric}"][-1]
        assert (row["document"] is None) == (task.reported is None)
        assert (row["limit"] is None) == (task.reported is None)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_the_file_as_it_was(tmp_path, interruption):
    path = tmp_path / "file.json"
    path.write_text("before")

    def write_half(file):
        file.write(b"half")
        file.flush()
        raise interruption

    with pytest.raises(interruption):
        write_atomically(path, write_half)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_replaces_the_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "file.json"
    path.write_text("before")
    save_json(path, {"a": 1})
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_a_figure_that_is_no_number_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        save_json(tmp_path / "file.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []
