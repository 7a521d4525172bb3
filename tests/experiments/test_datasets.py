"""What the networks are trained on and tested with."""

import numpy as np
import pytest

from experiments.datasets import breast_cancer, diabetes, digits, wine
from experiments.tasks import TASKS

REAL = {"breast_cancer": breast_cancer, "wine": wine, "digits": digits, "diabetes": diabetes}
real = pytest.mark.parametrize("load", REAL.values(), ids=REAL)


@real
def test_inputs_are_standardized_with_the_training_part_alone(load):
    dataset = load(np.random.default_rng(0))
    deviation = dataset.X_train.std(axis=0)
    varies = deviation > 0
    np.testing.assert_allclose(dataset.X_train.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(deviation[varies], 1)
    assert np.isfinite(dataset.X_test).all()
    assert np.abs(dataset.X_test.mean(axis=0)).max() > 1e-3


def test_the_target_of_diabetes_is_standardized_with_the_training_part_alone():
    dataset = diabetes(np.random.default_rng(0))
    assert dataset.y_train.mean() == pytest.approx(0, abs=1e-9)
    assert dataset.y_train.std() == pytest.approx(1)
    assert abs(dataset.y_test.mean()) > 1e-3


@real
def test_every_sample_is_in_exactly_one_part(load):
    """Whatever the split, both parts together hold the same targets."""

    def targets(seed):
        dataset = load(np.random.default_rng(seed))
        return np.concatenate([dataset.y_train, dataset.y_test]), dataset

    (some, dataset), (others, _) = targets(0), targets(1)
    assert len(dataset.X_test) == len(dataset.y_test) == -(-len(some) // 4)
    assert len(dataset.X_train) == len(dataset.y_train)
    if dataset.class_names:
        np.testing.assert_array_equal(np.bincount(some), np.bincount(others))
        assert not np.array_equal(some, others)


@real
def test_the_split_depends_on_the_generator_alone(load):
    first, second = (load(np.random.default_rng(3)) for _ in range(2))
    assert first.X_train.tobytes() == second.X_train.tobytes()
    assert first.y_test.tobytes() == second.y_test.tobytes()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_row_has_labels_for_its_classes(task):
    dataset = task.data.draw(np.random.default_rng(0))
    if task.metric == "mse":
        assert dataset.class_names == ()
    else:
        labels = np.concatenate([dataset.y_train, dataset.y_test])
        np.testing.assert_array_equal(np.unique(labels), range(len(dataset.class_names)))
    assert len(dataset.input_names) in (0, dataset.X_train.shape[1])


def test_digits_of_the_document_are_possible():
    """Accuracies of the synthetic rows are whole numbers of hundredths of a percent."""
    for task in TASKS:
        if task.reported is not None and task.metric == "accuracy":
            dataset = task.data.draw(np.random.default_rng(0))
            for figure, y in zip(
                task.reported.values, (dataset.y_train, dataset.y_test), strict=True
            ):
                assert figure * len(y) == pytest.approx(round(figure * len(y)))
