"""Every row of the table, trained as the table trains it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.formatting import TABLE_END, TABLE_START, markdown_table
from experiments.tasks import TASKS
from experiments.training import train
from nn import NeuralNetwork

README = Path(__file__).parents[2] / "README.md"
BY_NAME = {task.name: task for task in TASKS}

# The document does not say how many points its accuracies are of.
DOCUMENT_TRAINING_POINTS, DOCUMENT_TEST_POINTS = 1_000, 5_000

# How much the figure of a row varies from seed to seed beyond the sampling of its test points:
# about the standard deviation over ten seeds, relative to the figure for the sine.
TRAINING_DEVIATION = {
    "binary_gaussians": 0.0002,
    "xor": 0.0015,
    "two_moons_small": 0.004,
    "two_moons_large": 0.002,
    "multiclass_scale_0.5": 0.0001,
    "multiclass_scale_1.0": 0.001,
    "multiclass_scale_1.5": 0.003,
    "sine_regression": 0.02,
}

# What a reader may expect of the same API on real data.
REAL_DATA_BOUNDS = {"breast_cancer": 0.93, "digits": 0.94, "diabetes": 0.75}


@pytest.mark.parametrize("name", TRAINING_DEVIATION)
def test_figures_agree_with_the_document_the_limit_and_the_readme(name):
    """One test, because the training takes the time."""
    task = BY_NAME[name]
    result = train(task)
    ours = (result.training_figure, result.test_figure)
    our_points = (len(result.dataset.y_train), len(result.dataset.y_test))
    document_points = (DOCUMENT_TRAINING_POINTS, DOCUMENT_TEST_POINTS)
    for figure, reported, n_ours, n_document in zip(
        ours, task.reported.values, our_points, document_points, strict=True
    ):
        error = math.hypot(
            sampling_error(task, n_ours), sampling_error(task, n_document), deviation(task)
        )
        assert figure == pytest.approx(reported, abs=3 * error)

    if name == "two_moons_small":
        assert 0.86 < result.test_figure < 0.89, "the small net should underfit"
    else:
        error = math.hypot(sampling_error(task, our_points[1]), deviation(task))
        assert result.test_figure == pytest.approx(task.limit, abs=0.003 * scale(task) + 3 * error)

    for published, figure in zip(readme_figures(task), ours, strict=True):
        assert published == pytest.approx(figure, abs=3 * deviation(task))


@pytest.mark.parametrize("name", REAL_DATA_BOUNDS)
def test_real_data(name):
    result = train(BY_NAME[name])
    if result.task.metric == "accuracy":
        assert result.test_figure > REAL_DATA_BOUNDS[name]
    else:
        assert result.test_figure < REAL_DATA_BOUNDS[name], "always predicting the mean gives 1"
    for published, figure in zip(
        readme_figures(result.task), (result.training_figure, result.test_figure), strict=True
    ):
        assert published == pytest.approx(figure, rel=0.02)


def test_the_readme_has_every_row_with_the_figures_that_do_not_depend_on_training():
    results = [train(replace(task, epochs=1)) for task in TASKS]
    expected = [cells(line) for line in markdown_table(results).splitlines()]
    published = [cells(line) for line in readme_table().splitlines()]
    assert len(published) == len(expected)
    for ours, fresh in zip(published, expected, strict=True):
        trained = {1, 3} if len(fresh) == 6 else {1, 2}
        is_row = fresh[0] in {task.title for task in TASKS}
        for index, (published_cell, cell) in enumerate(zip(ours, fresh, strict=True)):
            if not (is_row and index in trained):
                assert published_cell == cell


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    task = BY_NAME["xor"]
    first, second, other = (train(task, seed, quick=True) for seed in (0, 0, 1))
    assert first.loss_curve == second.loss_curve
    assert first.test_curve == second.test_curve
    X = first.dataset.X_test
    assert first.network.transform(X).tobytes() == second.network.transform(X).tobytes()
    assert first.loss_curve != other.loss_curve


def test_training_epoch_by_epoch_is_training_at_once():
    task = BY_NAME["multiclass_scale_1.0"]
    result = train(task, seed=3, quick=True)
    _, network_seed = np.random.SeedSequence(3).spawn(2)
    at_once = NeuralNetwork(
        2,
        [list(layer) for layer in task.layers],
        task.loss,
        seed=int(network_seed.generate_state(1)[0]),
    ).fit(
        result.dataset.X_train,
        result.dataset.y_train,
        batch_sz=task.batch_size,
        epochs=result.epochs,
        learning_rate=task.learning_rate,
    )
    assert at_once.get_loss_history() == result.loss_curve


def test_rows_with_the_same_source_see_the_same_data():
    small, large = (train(BY_NAME[f"two_moons_{size}"], quick=True) for size in ("small", "large"))
    np.testing.assert_array_equal(small.dataset.X_train, large.dataset.X_train)
    np.testing.assert_array_equal(small.dataset.y_test, large.dataset.y_test)


def test_the_last_point_of_the_curves_is_the_figure():
    calls = []
    result = train(BY_NAME["diabetes"], quick=True, after_epoch=lambda: calls.append(1))
    assert result.training_curve[-1] == result.training_figure
    assert result.test_curve[-1] == result.test_figure
    assert len(calls) == result.epochs == len(result.loss_curve) == len(result.test_curve)
    assert result.seconds > 0
    predictions = result.network.predict(result.dataset.X_test)
    mse = np.mean((predictions - result.dataset.y_test) ** 2)
    assert result.test_figure == pytest.approx(mse)


def test_names_are_the_keys_of_the_document_in_its_order():
    assert [task.name for task in TASKS if task.reported] == list(TRAINING_DEVIATION)
    assert len(BY_NAME) == len(TASKS)
    assert {task.name for task in TASKS if not task.reported} == set(REAL_DATA_BOUNDS)


def sampling_error(task, points):
    """Standard error of a figure measured on that many points, by the document's test figure."""
    figure = task.reported.values[1]
    if task.metric == "mse":
        return figure * math.sqrt(2 / points)
    return math.sqrt(figure * (1 - figure) / points)


def scale(task):
    return task.limit if task.metric == "mse" else 1.0


def deviation(task):
    return TRAINING_DEVIATION[task.name] * scale(task)


def readme_table():
    text = README.read_text(encoding="utf-8")
    assert text.count(TABLE_START) == text.count(TABLE_END) == 1
    return text.partition(TABLE_START)[2].partition(TABLE_END)[0].strip()


def readme_figures(task):
    """Our training and test figure as the README prints them."""
    rows = [cells(line) for line in readme_table().splitlines()]
    (row,) = (row for row in rows if row[0] == task.title)
    chosen = (row[1], row[3]) if task.reported else (row[1], row[2])
    return tuple(
        float(cell.removesuffix("%")) / (100 if cell.endswith("%") else 1) for cell in chosen
    )


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]
