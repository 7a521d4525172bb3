"""Samples that may have several labels, or none."""

import numpy as np
import pytest
import sklearn.metrics

from nn import NeuralNetwork

X = np.random.default_rng(0).normal(size=(80, 2))
Y = np.stack([X[:, 0] > 0, X[:, 1] > 0.5, X[:, 0] + X[:, 1] > 0], axis=1).astype(int)


def network(**settings):
    settings = {"seed": 0, "dtype": np.float64, **settings}
    return NeuralNetwork(2, [[8, "tanh"], [3, "sigmoid"]], "multilabel_log_loss", **settings)


def test_every_label_is_learned():
    result = network().fit(X, Y, epochs=100, learning_rate=0.3, optimizer="adam")
    assert result.get_accuracy_history()[-1] > 0.9
    assert result.predict(X).shape == (80, 3)
    np.testing.assert_array_equal(result.predict(X), result.transform(X) > 0.5)
    np.testing.assert_array_equal(result.predict(X[0]), result.predict(X)[0])
    np.testing.assert_array_equal(result.predict_proba(X), result.transform(X))


def test_metrics_are_scikit_learns():
    result = network().fit(X, Y, epochs=5, validation_fraction=0.25, metrics=["f1"])
    measured, predicted = result.evaluate(X, Y), result.predict(X)
    assert measured["accuracy"] == sklearn.metrics.accuracy_score(Y, predicted)
    assert measured["f1"] == pytest.approx(sklearn.metrics.f1_score(Y, predicted, average="macro"))
    assert measured["roc_auc"] == pytest.approx(
        sklearn.metrics.roc_auc_score(Y, result.transform(X))
    )
    assert measured["log_loss"] == pytest.approx(
        np.mean([sklearn.metrics.log_loss(Y[:, i], result.transform(X)[:, i]) for i in range(3)])
    )
    assert len(result.history["validation_f1"]) == 5


def test_the_loss_of_one_label_is_the_binary_one():
    layers = [[8, "tanh"], [1, "sigmoid"]]
    labels = NeuralNetwork(2, layers, "multilabel_log_loss", seed=0).fit(X, Y[:, :1], epochs=3)
    binary = NeuralNetwork(2, layers, "binary_log_loss", seed=0).fit(X, Y[:, 0], epochs=3)
    assert labels.history == binary.history
    assert labels.predict(X).shape == (80, 1)


def test_weights_of_samples():
    weights = np.arange(80) % 3
    settings = {"batch_sz": 1000, "epochs": 5}
    first = network().fit(X, Y, sample_weight=weights, **settings)
    second = network().fit(np.repeat(X, weights, 0), np.repeat(Y, weights, 0), **settings)
    np.testing.assert_allclose(first.transform(X), second.transform(X))


def test_saved(tmp_path):
    result = network().fit(X, Y, epochs=1)
    result.save(tmp_path / "network.safetensors")
    loaded = NeuralNetwork.load(tmp_path / "network.safetensors")
    np.testing.assert_array_equal(loaded.transform(X), result.transform(X))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:, :2], r"y has shape \(80, 2\), expected \(80, 3\): one column of 0 and 1"),
        (Y[:, 0], r"y has shape \(80,\), expected \(80, 3\)"),
        (2 * Y, "y holds 2, expected only 0 and 1"),
        (Y / 2, "y holds 0.5, expected only 0 and 1"),
        (Y[:5], "y has 5 entries, but X has 80"),
    ],
)
def test_targets_that_cannot_be_right(y, message):
    with pytest.raises(ValueError, match=message):
        network().fit(X, y)


def test_what_has_no_meaning():
    with pytest.raises(ValueError, match="class_weight has no meaning for multilabel"):
        network().fit(X, Y, class_weight="balanced")
    with pytest.raises(ValueError, match="class_names has no meaning for samples that may have"):
        network().predict(X, class_names=["a", "b", "c"])
    with pytest.raises(ValueError, match="or, for labels of which a sample may have several"):
        NeuralNetwork(2, [[3, "sigmoid"]], "binary_log_loss")
