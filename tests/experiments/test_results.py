"""The JSON files, and that no file is ever half written."""

import json
import math

import jsonschema
import pytest

from experiments.distributions import Limit
from experiments.files import save_json, write_atomically
from experiments.results import PUBLISHED, SCHEMA, details, rows_of, summary
from experiments.rows import Peer, Row
from experiments.tasks import TASKS, Reported

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.fixture
def rows():
    """One row of each kind."""
    accuracy = Row(
        "xor",
        "XOR",
        "accuracy",
        TASKS[1].settings,
        Reported("96.0%", "96.64%"),
        Limit(0.97, "closed form", 0.0),
        seeds=[0, 1],
        training=[0.96, 0.97],
        test=[0.95, 0.96],
        seconds=[1.0, 2.0],
        peers={"PyTorch": Peer([0], [0.95], [0.94], [3.0], [1.5])},
        course={
            "training_loss": [0.2],
            "test_loss": [0.3],
            "training_figure": [0.96],
            "test_figure": [0.95],
        },
    )
    error = Row(
        "sine_regression",
        "Sine",
        "mse",
        TASKS[7].settings,
        None,
        None,
        seeds=[0],
        training=[0.01],
        test=[0.02],
        seconds=[1.0],
    )
    return [accuracy, error]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


def test_details_follow_the_schema_and_can_be_read_back(rows):
    content = json.loads(json.dumps(details(rows, quick=True)))
    VALIDATOR.validate(content)
    assert rows_of(content) == rows
    assert content["quick"] is True
    assert content["rows"]["xor"]["mean"]["test"]["value"] == pytest.approx(0.955)
    assert content["rows"]["xor"]["gap"] == pytest.approx(0.015)
    assert content["rows"]["xor"]["peers"]["PyTorch"]["time_ratio"] == 2.0
    assert content["rows"]["sine_regression"]["mean"]["test"]["half_width"] is None


def test_what_was_published_follows_the_schema():
    VALIDATOR.validate(json.loads(PUBLISHED.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("versions"),
        lambda content: content["rows"]["xor"].pop("limit"),
        lambda content: content["rows"]["xor"]["limit"].update(method="quoted"),
        lambda content: content["rows"]["xor"].update(metric="luck"),
        lambda content: content["rows"]["xor"]["test"].append("0.96"),
        lambda content: content["rows"]["xor"].update(comment="unknown"),
        lambda content: content["rows"]["xor"]["settings"].update(layers=[["tanh", 8]]),
    ],
)
def test_the_schema_refuses_what_is_wrong(rows, spoil):
    content = json.loads(json.dumps(details(rows)))
    spoil(content)
    assert not VALIDATOR.is_valid(content)


def test_the_summary_has_the_format_of_the_document(rows, tmp_path):
    save_json(tmp_path / "summary.json", summary(rows))
    text = (tmp_path / "summary.json").read_text()
    assert text == (
        '{\n  "xor": {\n    "training_accuracy": 0.965,\n    "test_accuracy": 0.955\n  }\n}\n'
    )


def test_a_gap_is_worse_if_it_is_positive(rows):
    _, error = rows
    with_limit = Row(**{**vars(error), "limit": Limit(0.016, "closed form", 0.0)})
    assert with_limit.gap == pytest.approx(0.25)
    assert error.gap is None
    assert math.isfinite(rows[0].gap)


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
