"""The studies of optimization: their tools, and that their conclusions say what was measured."""

import json
import re

import jsonschema
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.results import SCHEMA
from experiments.studies import STUDIES, landscape, oscillation, study_pieces
from experiments.studies.descent import batches, descend, problem_of
from nn import SGD


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Every study, with hardly anything measured: the record, and the directory of pictures."""
    directory = tmp_path_factory.mktemp("studies")
    pieces = study_pieces(list(STUDIES), directory / "records", directory, quick=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", with_marks_of_some_points)
        return {name: piece.do() for name, piece in pieces.items()}, directory


def with_marks_of_some_points(figure, *args, **kwargs):
    """Save a figure in which no marker, nor the cap of an error bar, hides what is around it."""
    assert max(line.get_markersize() for line in figure.findobj(Line2D)) < 15
    return SAVE(figure, *args, **kwargs)


SAVE = Figure.savefig


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_is_measured_drawn_and_concluded(quick, name):
    records, directory = quick
    record = json.loads(json.dumps(records[name], allow_nan=False))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    study = {"$ref": "#/$defs/study", "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator(study).validate(record)
    for picture in record["pictures"]:
        assert (directory / f"{picture}.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (directory / f"{picture}.svg").read_bytes()
    conclusion = record["conclusion"]
    assert len(re.findall(r"[.](?:\s|$)", conclusion)) == 2, "two sentences"
    assert len(re.findall(r"\d", conclusion)) > 10, "with numbers in them"
    assert conclusion == STUDIES[name].conclude(record["numbers"])


@pytest.mark.parametrize("name", STUDIES)
def test_the_same_study_gives_the_same_numbers(quick, name):
    assert STUDIES[name].measure(True) == quick[0][name]["numbers"]


def test_batches_go_through_all_points_before_any_comes_again():
    rows = list(batches(np.random.default_rng(0), points=12, size=4, steps=5))
    assert [len(own) for own in rows] == [4] * 5
    assert sorted(np.concatenate(rows[:3])) == list(range(12))
    (everything,) = batches(np.random.default_rng(0), points=12, size=100, steps=1)
    assert sorted(everything) == list(range(12))


def test_a_descent_is_that_of_the_optimizer_step_by_step():
    problem = problem_of("xor", points=64, seed=0)
    start = problem.buffer.copy()
    losses = []
    descend(
        problem,
        3,
        batch_size=64,
        learning_rate=0.5,
        schedule=lambda step: [1.0, 0.5, 0.0][step],
        rng=np.random.default_rng(0),
        after_step=lambda step, batch_loss: losses.append(batch_loss),
    )
    end = problem.buffer.copy()
    problem.buffer.assign(start)
    for rate in (0.5, 0.25):
        assert losses.pop(0) == pytest.approx(problem.loss(), rel=1e-5)
        problem.buffer.assign(problem.buffer.values - rate * problem.gradient())
    np.testing.assert_allclose(problem.buffer.values, end, atol=1e-6)


def test_the_mean_gradient_of_the_batches_is_that_of_all_points():
    problem = problem_of("xor", points=96, seed=0)
    rows = batches(np.random.default_rng(0), points=96, size=32, steps=3)
    mean = np.mean([problem.gradient(own) for own in rows], axis=0)
    np.testing.assert_allclose(mean, problem.gradient(), atol=1e-6)


def test_matching_hidden_units_changes_nothing_about_what_a_network_computes():
    problem = problem_of("xor", points=200, seed=0, weights=0)
    SGD(problem.network.parameters(), 0.1)
    other = problem_of("xor", points=200, seed=0, weights=1)
    first, second = problem.buffer.copy(), other.buffer.copy()
    expected = other.network.transform(other.X)
    matched = landscape._matched(problem, first, second)
    assert not np.array_equal(matched, second)
    assert np.linalg.norm(matched - first) < np.linalg.norm(second - first)
    problem.buffer.assign(matched)
    np.testing.assert_allclose(problem.network.transform(problem.X), expected, atol=1e-6)


def test_a_network_matched_with_its_own_shuffled_copy_is_itself_again():
    problem = problem_of("xor", points=200, seed=0)
    original = problem.buffer.copy()
    order = np.random.default_rng(0).permutation(8)
    weight, bias, following = problem.network.parameters()[:3]
    weight.assign(-weight.data[:, order])
    bias.assign(-bias.data[order])
    following.assign(-following.data[order])
    shuffled = problem.buffer.copy()
    np.testing.assert_allclose(landscape._matched(problem, original, shuffled), original, atol=1e-7)


def test_the_oscillation_is_the_noise_of_the_batches():
    """What the report concludes, with fewer steps."""
    problem = problem_of("xor", points=1_000, seed=1)
    descend(problem, 1_000, batch_size=32, rng=np.random.default_rng(0))
    trained = problem.buffer.copy()
    mini = oscillation._go_on(problem, 32, 200)
    problem.buffer.assign(trained)
    full = oscillation._go_on(problem, 1_000, 200)
    assert mini["share_of_rises"] > 0.3
    assert full["share_of_rises"] < 0.05
    assert mini["deviation_from_trend"] > 4 * full["deviation_from_trend"]
