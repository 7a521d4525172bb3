"""The larger problem: its parts are disjoint, and its limit is the accuracy of the Bayes rule."""

import math

import numpy as np
import pytest

from experiments.made_classification import MadeClassification
from experiments.tasks import task_named


def test_training_and_test_points_are_disjoint():
    dataset = MadeClassification(training_points=2_000, test_points=1_500).draw(
        np.random.default_rng(0)
    )
    # Standardized alike, a point that was in both parts would be equal in both.
    both = np.concatenate([dataset.X_train, dataset.X_test])
    assert len(np.unique(both.round(9), axis=0)) == 3_500
    np.testing.assert_allclose(dataset.X_train.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(dataset.X_train.std(axis=0), 1)


def test_the_limit_is_that_of_quadratic_discriminant_analysis_for_one_cluster_each():
    """Then the rule is that of two Gaussians, which scikit-learn estimates on its own."""
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    made = MadeClassification(
        informative=4, redundant=0, noise=2, clusters_per_class=1, separation=0.7, flipped=0.1
    )
    dataset = made.draw(np.random.default_rng(0))
    model = QuadraticDiscriminantAnalysis().fit(dataset.X_train, dataset.y_train)
    accuracy = model.score(dataset.X_test, dataset.y_test)
    error = math.hypot(made.limit.error, math.sqrt(accuracy * (1 - accuracy) / 20_000))
    assert 0.6 < made.limit.value < 0.951, "a twentieth of the labels are wrong"
    assert accuracy == pytest.approx(made.limit.value, abs=4 * error)


def test_no_network_is_above_the_limit_of_the_row():
    limit = task_named("made_classification").limit
    assert limit.method == "Monte Carlo"
    assert limit.value == pytest.approx(0.988, abs=0.002), "one label in a hundred is wrong"
    assert limit.error == pytest.approx(math.sqrt(0.988 * 0.012 / 60_000), rel=0.1)
