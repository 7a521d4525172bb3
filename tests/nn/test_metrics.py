"""Metrics are scikit-learn's, and nothing is lost on the way from logits to them."""

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import NeuralNetwork, metrics

seeds = st.integers(0, 2**32 - 1)
few_examples = settings(max_examples=15)  # scikit-learn's own checks take most of the time


def close(first, second):
    assert first == pytest.approx(second, rel=1e-12, abs=1e-12)


@few_examples
@given(seeds, st.integers(1, 30))
def test_two_classes(seed, n):
    rng = np.random.default_rng(seed)
    y, predicted = rng.integers(2, size=(2, n))
    close(metrics.accuracy(y, predicted), sklearn.metrics.accuracy_score(y, predicted))
    for name in ("precision", "recall", "f1"):
        reference = getattr(sklearn.metrics, f"{name}_score")
        close(getattr(metrics, name)(y, predicted), reference(y, predicted, zero_division=0))


@few_examples
@given(seeds, st.integers(1, 30))
def test_several_classes_are_averaged(seed, n):
    rng = np.random.default_rng(seed)
    y, predicted = rng.integers(4, size=(2, n))
    y[0] = 3  # more than two classes, whatever else was drawn
    close(metrics.accuracy(y, predicted), sklearn.metrics.accuracy_score(y, predicted))
    for name in ("precision", "recall", "f1"):
        reference = getattr(sklearn.metrics, f"{name}_score")
        close(
            getattr(metrics, name)(y, predicted),
            reference(y, predicted, average="macro", zero_division=0),
        )


@few_examples
@given(seeds, st.integers(1, 30))
def test_several_labels(seed, n):
    rng = np.random.default_rng(seed)
    y, predicted = rng.integers(2, size=(2, n, 3))
    close(metrics.accuracy(y, predicted), sklearn.metrics.accuracy_score(y, predicted))
    for name in ("precision", "recall", "f1"):
        reference = getattr(sklearn.metrics, f"{name}_score")
        close(
            getattr(metrics, name)(y, predicted),
            reference(y, predicted, average="macro", zero_division=0),
        )


class TestRocAuc:
    @few_examples
    @given(seeds, st.integers(2, 40))
    def test_two_classes_with_ties(self, seed, n):
        rng = np.random.default_rng(seed)
        y, scores = rng.integers(2, size=n), rng.integers(5, size=n) / 4
        y[:2] = 0, 1
        expected = sklearn.metrics.roc_auc_score(y, scores)
        close(metrics.roc_auc(y, scores), expected)
        close(metrics.roc_auc(y, scores[:, None]), expected)

    @few_examples
    @given(seeds)
    def test_several_classes_are_each_against_the_rest(self, seed):
        rng = np.random.default_rng(seed)
        y = np.r_[0, 1, 2, rng.integers(3, size=20)]
        scores = rng.dirichlet(np.ones(3), size=23)
        close(
            metrics.roc_auc(y, scores), sklearn.metrics.roc_auc_score(y, scores, multi_class="ovr")
        )

    @few_examples
    @given(seeds)
    def test_several_labels(self, seed):
        rng = np.random.default_rng(seed)
        y = np.concatenate([np.eye(3, dtype=int), rng.integers(2, size=(20, 3))])
        scores = rng.random((23, 3))
        close(metrics.roc_auc(y, scores), sklearn.metrics.roc_auc_score(y, scores))

    def test_one_class_alone_has_none(self):
        assert math.isnan(metrics.roc_auc(np.ones(3, int), np.arange(3.0)))
        assert math.isnan(metrics.roc_auc(np.array([0, 1, 1]), np.eye(3)))


@few_examples
@given(seeds, st.integers(2, 30), st.booleans())
def test_values(seed, n, several):
    rng = np.random.default_rng(seed)
    shape = (n, 3) if several else (n,)
    y, predicted = rng.normal(size=shape), rng.normal(size=shape)
    close(metrics.mse(y, predicted), sklearn.metrics.mean_squared_error(y, predicted))
    close(metrics.mae(y, predicted), sklearn.metrics.mean_absolute_error(y, predicted))
    close(metrics.r2(y, predicted), sklearn.metrics.r2_score(y, predicted))


def test_r2_of_values_that_do_not_vary():
    constant = np.ones(3)
    for predicted in (constant, np.arange(3.0)):
        close(metrics.r2(constant, predicted), sklearn.metrics.r2_score(constant, predicted))
    assert math.isnan(metrics.r2(np.ones(1), np.ones(1)))


def test_errors_of_values_in_float32_are_summed_in_float64():
    y = np.zeros(100_000, np.float32)
    assert metrics.mse(y, y + np.float32(0.1)) == pytest.approx(float(np.float32(0.1)) ** 2)


class TestEvaluate:
    X = np.random.default_rng(0).normal(size=(60, 2))

    def test_binary(self):
        y = (self.X[:, 0] + 0.5 * self.X[:, 1] ** 2 > 0.3).astype(int)
        network = NeuralNetwork(
            2, [[4, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0, dtype=np.float64
        )
        result = network.fit(self.X, y, epochs=5).evaluate(self.X, y)
        probabilities, predicted = network.transform(self.X), network.predict(self.X)
        assert list(result) == ["log_loss", "accuracy", "precision", "recall", "f1", "roc_auc"]
        close(result["log_loss"], sklearn.metrics.log_loss(y, probabilities[:, 0]))
        close(result["roc_auc"], sklearn.metrics.roc_auc_score(y, probabilities))
        for name in ("accuracy", "precision", "recall", "f1"):
            close(result[name], getattr(sklearn.metrics, f"{name}_score")(y, predicted))
        for form in (y[:, None], y.astype(bool), y.astype(float)):
            assert network.evaluate(self.X, form) == result

    def test_multiclass(self):
        y = np.digitize(self.X[:, 0], [-0.5, 0.5])
        network = NeuralNetwork(
            2, [[4, "tanh"], [3, "softmax"]], "multiclass_log_loss", seed=0, dtype=np.float64
        )
        result = network.fit(self.X, y, epochs=5).evaluate(self.X, y)
        probabilities, predicted = network.transform(self.X), network.predict(self.X)
        close(result["log_loss"], sklearn.metrics.log_loss(y, probabilities))
        close(result["accuracy"], sklearn.metrics.accuracy_score(y, predicted))
        close(result["f1"], sklearn.metrics.f1_score(y, predicted, average="macro"))
        close(result["roc_auc"], sklearn.metrics.roc_auc_score(y, probabilities, multi_class="ovr"))
        assert network.evaluate(self.X, np.eye(3)[y]) == result

    @pytest.mark.parametrize("outputs", [1, 2])
    def test_regression(self, outputs):
        y = self.X[:, :outputs] ** 2
        network = NeuralNetwork(
            2, [[4, "tanh"], [outputs, "identity"]], "l2", seed=0, dtype=np.float64
        )
        result = network.fit(self.X, y, epochs=5).evaluate(self.X, y)
        predicted = network.transform(self.X)
        close(result["mse"], sklearn.metrics.mean_squared_error(y, predicted))
        close(result["mae"], sklearn.metrics.mean_absolute_error(y, predicted))
        close(result["r2"], sklearn.metrics.r2_score(y, predicted))

    def test_metrics_of_scikit_learn_and_of_ones_own(self):
        y = (self.X[:, 0] > 0).astype(int)
        network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
        predicted = network.predict(self.X)
        assert network.evaluate(self.X, y, [sklearn.metrics.balanced_accuracy_score, "f1"]) == {
            "balanced_accuracy_score": sklearn.metrics.balanced_accuracy_score(y, predicted),
            "f1": sklearn.metrics.f1_score(y, predicted),
        }
        assert network.evaluate(self.X, y, {"ones": lambda y, p: p.sum()}) == {
            "ones": predicted.sum()
        }

    def test_nothing_is_changed(self):
        y = (self.X[:, 0] > 0).astype(int)
        network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
        before = network.model.state_dict(), network._rng.bit_generator.state
        network.evaluate(self.X, y)
        assert network._rng.bit_generator.state == before[1]
        assert network.history == {"loss": [], "accuracy": []}
        for name, array in network.model.state_dict().items():
            np.testing.assert_array_equal(array, before[0][name])

    @pytest.mark.parametrize(
        ("given_metrics", "error", "message"),
        [
            ("f1", TypeError, "metrics is 'f1', expected a list of names or functions"),
            (["r2"], ValueError, "'r2', expected one of log_loss, accuracy.* for binary"),
            (["f1", "f1"], ValueError, "'f1' twice"),
            (["loss"], ValueError, "'loss', which is always there"),
            ([3], TypeError, "metrics holds 3"),
            ({"a": "f1"}, TypeError, "metrics is {'a': 'f1'}"),
            (3, TypeError, "metrics is 3"),
        ],
    )
    def test_metrics_that_cannot_be_right(self, given_metrics, error, message):
        y = (self.X[:, 0] > 0).astype(int)
        network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
        for call in (network.fit, network.evaluate):
            with pytest.raises(error, match=message):
                call(self.X, y, metrics=given_metrics)
        assert network.epochs_trained == 0
