"""Every row of the table: what is published, the document, the limit, and a new training."""

import math

import numpy as np
import pytest
from pages import ROOT

from experiments.formatting import TABLE_END, TABLE_START, markdown_table
from experiments.results import published_rows
from experiments.statistics import prediction_half_width
from experiments.tasks import TASKS, task_named
from experiments.training import draw_and_build, in_quick_run, measure, train

PUBLISHED = {row.name: row for row in published_rows()}
IN_DOCUMENT = [task for task in TASKS if task.reported]
every_row = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
document_row = pytest.mark.parametrize("task", IN_DOCUMENT, ids=lambda task: task.name)

# The document does not say how many points its accuracies are of.
DOCUMENT_TRAINING_POINTS, DOCUMENT_TEST_POINTS = 1_000, 5_000


@every_row
def test_a_new_training_agrees_with_what_is_published(task):
    """The figures of one seed lie where 999 of 1,000 would, if nothing had changed."""
    result, published = train(task), PUBLISHED[task.name]
    for figure, of_seeds, points in (
        (result.training_figure, published.training, len(result.dataset.y_train)),
        (result.test_figure, published.test, len(result.dataset.y_test)),
    ):
        # Accuracies at 100% hardly scatter: a single point may make the difference.
        tolerance = max(prediction_half_width(of_seeds, confidence=0.999), 2 / points)
        assert figure == pytest.approx(np.mean(of_seeds), abs=tolerance)


@every_row
def test_what_is_published_has_the_settings_of_the_row(task):
    published = PUBLISHED[task.name]
    assert published.settings == task.settings
    assert published.title == task.title
    assert published.metric == task.metric
    assert published.reported == task.reported
    assert published.seeds == list(range(20))
    assert (published.limit is None) == (task.limit is None)
    if task.limit is not None:
        assert published.limit.value == pytest.approx(task.limit.value, abs=1e-9)


@document_row
def test_the_document_agrees_with_what_is_published(task):
    """Its single run lies within three standard errors of ours, of sampling and of the seed."""
    published = PUBLISHED[task.name]
    for of_seeds, reported, points in zip(
        (published.training, published.test),
        task.reported.values,
        (DOCUMENT_TRAINING_POINTS, DOCUMENT_TEST_POINTS),
        strict=True,
    ):
        error = math.hypot(sampling_error(task, points), np.std(of_seeds, ddof=1))
        assert np.mean(of_seeds) == pytest.approx(reported, abs=3 * error)


@document_row
def test_what_is_published_is_close_to_the_limit(task):
    """Within 0.3 points of accuracy, or 5% of the error; the small net of the moons underfits."""
    published = PUBLISHED[task.name]
    if task.name == "two_moons_small":
        assert 0.86 < published.test_mean.value < 0.89
    elif task.metric == "accuracy":
        assert abs(published.gap) < 0.003
    else:
        assert abs(published.gap) < 0.05


def test_the_table_of_the_readme_is_what_was_published():
    """``python -m experiments report --publish`` makes it so."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count(TABLE_START) == text.count(TABLE_END) == 1
    table = text.partition(TABLE_START)[2].partition(TABLE_END)[0].strip()
    assert table == markdown_table(list(PUBLISHED.values()))


def test_every_row_is_published():
    assert list(PUBLISHED) == [task.name for task in TASKS]
    assert len({task.name for task in TASKS}) == len({task.title for task in TASKS}) == len(TASKS)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    task = in_quick_run(task_named("xor"))
    first, second, other = (train(task, seed) for seed in (0, 0, 1))
    assert first.network.get_loss_history() == second.network.get_loss_history()
    X = first.dataset.X_test
    assert first.network.transform(X).tobytes() == second.network.transform(X).tobytes()
    assert first.network.get_loss_history() != other.network.get_loss_history()


@pytest.mark.parametrize("name", ["multiclass_scale_1.0", "diabetes"])
def test_watching_changes_nothing(name):
    task = in_quick_run(task_named(name))
    watched, alone = train(task, seed=3, watch=True), train(task, seed=3)
    assert alone.course is None
    assert watched.course.training_loss == alone.network.get_loss_history()
    assert watched.test_figure == alone.test_figure == watched.course.test_figure[-1]
    assert watched.training_figure == watched.course.training_figure[-1]
    X = alone.dataset.X_test
    assert watched.network.transform(X).tobytes() == alone.network.transform(X).tobytes()


def test_a_course_has_a_number_for_every_epoch():
    task = in_quick_run(task_named("digits"))
    course = train(task, watch=True).course
    _, network = draw_and_build(task, 0)
    sizes = [weight.size for weight in network.parameters()[::2]]
    for curve in (course.training_loss, course.test_loss, course.training_figure):
        assert len(curve) == task.epochs
    for layer, size in zip(course.histograms, sizes, strict=True):
        assert [sum(epoch) for epoch in layer.weights] == [size] * task.epochs
        assert [sum(epoch) for epoch in layer.gradients] == [size] * task.epochs
        assert len(layer.weight_edges) == len(layer.weights[0]) + 1


def test_rows_with_the_same_source_see_the_same_data():
    small, large = (
        draw_and_build(task_named(f"two_moons_{size}"), 0)[0] for size in ("small", "large")
    )
    np.testing.assert_array_equal(small.X_train, large.X_train)
    np.testing.assert_array_equal(small.y_test, large.y_test)


def test_an_mse_is_that_of_the_predictions():
    dataset, network = draw_and_build(task_named("diabetes"), 0)
    mse = np.mean((network.predict(dataset.X_test) - dataset.y_test) ** 2)
    assert measure(network, dataset.X_test, dataset.y_test, "mse") == pytest.approx(mse)


def test_names_of_the_document_come_first_and_in_its_order():
    assert (
        [task.name for task in TASKS[:8]]
        == [task.name for task in IN_DOCUMENT]
        == [
            "binary_gaussians",
            "xor",
            "two_moons_small",
            "two_moons_large",
            "multiclass_scale_0.5",
            "multiclass_scale_1.0",
            "multiclass_scale_1.5",
            "sine_regression",
        ]
    )


def sampling_error(task, points):
    """Standard error of a figure measured on that many points, by the document's test figure."""
    figure = task.reported.values[1]
    if task.metric == "mse":
        return figure * math.sqrt(2 / points)
    return math.sqrt(figure * (1 - figure) / points)
