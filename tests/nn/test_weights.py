"""Weights of samples and classes."""

import numpy as np
import pytest

import nn
from nn import SGD, NeuralNetwork, train
from nn.weights import WeightedMean, checked_class_weight

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2))
LABELS = (X[:, 0] + 0.5 * rng.normal(size=40) > 0.7).astype(int)
CLASSES = np.digitize(X[:, 0], [-0.5, 0.5])
VALUES = X[:, 0] ** 2
WEIGHTS = rng.integers(0, 4, size=40)
TARGETS = {"binary": LABELS, "multiclass": CLASSES, "regression": VALUES}


def network(task):
    layer, loss = {
        "binary": ([1, "sigmoid"], "binary_log_loss"),
        "multiclass": ([3, "softmax"], "multiclass_log_loss"),
        "regression": ([1, "identity"], "l2"),
    }[task]
    return NeuralNetwork(2, [[4, "tanh"], layer], loss, seed=0, dtype=np.float64)


def weights(result):
    return np.concatenate([p.data.ravel() for p in result.parameters()])


@pytest.mark.parametrize("task", TARGETS)
class TestSampleWeight:
    def test_whole_weights_are_repetitions(self, task):
        y = TARGETS[task]
        settings = {"batch_sz": 1000, "epochs": 20, "learning_rate": 0.1}
        weighted = network(task).fit(X, y, sample_weight=WEIGHTS, **settings)
        repeated = network(task).fit(
            np.repeat(X, WEIGHTS, axis=0), np.repeat(y, WEIGHTS), **settings
        )
        np.testing.assert_allclose(weights(weighted), weights(repeated))
        np.testing.assert_allclose(weighted.get_loss_history(), repeated.get_loss_history())

    def test_only_ratios_matter(self, task):
        y = TARGETS[task]
        runs = [
            network(task).fit(X, y, epochs=3, sample_weight=w)
            for w in (WEIGHTS, 8 * WEIGHTS, WEIGHTS.tolist())
        ]
        np.testing.assert_array_equal(weights(runs[0]), weights(runs[1]))
        np.testing.assert_array_equal(weights(runs[0]), weights(runs[2]))

    def test_samples_of_weight_zero_are_as_if_they_were_not_there(self, task):
        y = TARGETS[task]
        kept = WEIGHTS > 0
        weighted = network(task).fit(X, y, epochs=3, batch_sz=8, sample_weight=kept)
        alone = network(task).fit(X[kept], y[kept], epochs=3, batch_sz=8)
        np.testing.assert_allclose(weights(weighted), weights(alone))

    def test_equal_weights_are_none(self, task):
        y = TARGETS[task]
        equal = network(task).fit(X, y, epochs=3, sample_weight=np.full(40, 7.0))
        np.testing.assert_allclose(weights(equal), weights(network(task).fit(X, y, epochs=3)))

    def test_they_follow_their_samples_into_validation(self, task):
        y = TARGETS[task]
        seen = network(task).fit(
            X,
            y,
            epochs=1,
            learning_rate=1e-30,
            sample_weight=WEIGHTS + 1,
            validation_fraction=0.25,
        )
        result = network(task)
        _, held = nn.splitting.held_out(
            40, 0.25, None if task == "regression" else y, np.random.default_rng(0)
        )
        expected = result.fit(
            np.repeat(X[held], WEIGHTS[held] + 1, axis=0),
            np.repeat(y[held], WEIGHTS[held] + 1),
            epochs=1,
            learning_rate=1e-30,
        )
        np.testing.assert_allclose(
            seen.history["validation_loss"], expected.history["loss"], rtol=1e-12
        )


class TestClassWeight:
    def test_it_is_a_weight_of_samples(self):
        for task, class_weight, per_sample in [
            ("binary", {1: 3.0}, np.where(LABELS == 1, 3, 1)),
            ("multiclass", {0: 0.5, 2: 2}, np.array([0.5, 1, 2])[CLASSES]),
            ("binary", "balanced", 40 / (2 * np.bincount(LABELS))[LABELS]),
            ("multiclass", "balanced", 40 / (3 * np.bincount(CLASSES))[CLASSES]),
        ]:
            first = network(task).fit(X, TARGETS[task], epochs=3, class_weight=class_weight)
            second = network(task).fit(X, TARGETS[task], epochs=3, sample_weight=per_sample)
            np.testing.assert_allclose(weights(first), weights(second))

    def test_both_are_multiplied(self):
        first = network("binary").fit(
            X, LABELS, epochs=3, class_weight={0: 2}, sample_weight=WEIGHTS
        )
        second = network("binary").fit(
            X, LABELS, epochs=3, sample_weight=WEIGHTS * np.where(LABELS == 0, 2, 1)
        )
        np.testing.assert_allclose(weights(first), weights(second))

    def test_one_hot_and_soft_labels(self):
        settings = {"epochs": 3, "class_weight": {1: 3}}
        first = network("multiclass").fit(X, CLASSES, **settings)
        second = network("multiclass").fit(X, np.eye(3)[CLASSES], **settings)
        np.testing.assert_array_equal(weights(first), weights(second))
        soft = network("multiclass").fit(X, np.eye(3)[CLASSES] * 0.97 + 0.01, **settings)
        np.testing.assert_allclose(weights(soft), weights(first), atol=0.01)

    def test_balanced_finds_a_rare_class(self):
        draw = np.random.default_rng(1)
        y = (draw.random(400) < 0.05).astype(int)
        inputs = draw.normal(size=(400, 2)) + 1.5 * y[:, None]
        recalls = [
            NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
            .fit(inputs, y, learning_rate=0.1, class_weight=class_weight)
            .evaluate(inputs, y, ["recall"])["recall"]
            for class_weight in (None, "balanced")
        ]
        assert recalls[0] < 0.5 < 0.8 < recalls[1]

    def test_it_is_that_of_scikit_learn(self):
        from sklearn.utils.class_weight import compute_class_weight

        y = np.array([0, 2, 2, 2, 0, 2])
        ours = checked_class_weight("balanced", 3, y)
        np.testing.assert_allclose(
            ours[[0, 2]], compute_class_weight("balanced", classes=np.array([0, 2]), y=y)
        )

    def test_validation_counts_classes_alike(self):
        settings = {"epochs": 1, "learning_rate": 1e-30, "class_weight": {1: 3}}
        validated = network("binary").fit(X, LABELS, validation_data=(X, LABELS), **settings)
        assert validated.history["validation_loss"] == pytest.approx(validated.history["loss"])


def test_weights_of_validation_data():
    given = network("binary").fit(
        X, LABELS, epochs=1, learning_rate=1e-30, validation_data=(X, LABELS, WEIGHTS)
    )
    trained = network("binary").fit(X, LABELS, epochs=1, learning_rate=1e-30, sample_weight=WEIGHTS)
    assert given.history["validation_loss"] == pytest.approx(trained.history["loss"])
    plain = network("binary").fit(X, LABELS, epochs=1, learning_rate=1e-30)
    assert given.history["loss"] == pytest.approx(plain.history["loss"])


def test_in_train():
    model, repeated = (nn.Linear(2, 1, rng=0, dtype=np.float64) for _ in range(2))
    y = VALUES[:, None]
    settings = {"batch_size": 1000, "epochs": 5}
    first = train(
        model, nn.l2_loss, SGD(model.parameters(), 0.1), X, y, sample_weight=WEIGHTS, **settings
    )
    second = train(
        repeated,
        nn.l2_loss,
        SGD(repeated.parameters(), 0.1),
        np.repeat(X, WEIGHTS, axis=0),
        np.repeat(y, WEIGHTS, axis=0),
        **settings,
    )
    np.testing.assert_allclose(first["loss"], second["loss"])


def test_a_weighted_loss_of_several_outputs():
    outputs, targets = rng.normal(size=(2, 5, 3))
    sample_weight = rng.random(5)
    expected = np.mean(sample_weight * ((outputs - targets) ** 2).mean(axis=1))
    assert WeightedMean(nn.l2_loss)(outputs, targets, sample_weight) == pytest.approx(expected)


BAD = [
    ({"sample_weight": np.ones(39)}, ValueError, r"shape \(39,\), expected \(40,\): one number"),
    ({"sample_weight": np.ones((40, 1))}, ValueError, r"sample_weight has shape \(40, 1\)"),
    ({"sample_weight": 1.0}, ValueError, r"sample_weight has shape \(\)"),
    ({"sample_weight": -np.ones(40)}, ValueError, r"sample_weight holds -1.0 at index \[0\]"),
    ({"sample_weight": np.r_[np.ones(39), np.nan]}, ValueError, r"holds nan at index \[39\]"),
    ({"sample_weight": np.zeros(40)}, ValueError, "sample_weight is 0 for all samples"),
    ({"sample_weight": ["a"] * 40}, TypeError, "sample_weight has dtype <U1"),
    ({"class_weight": "even"}, TypeError, "class_weight is 'even'; expected 'balanced', or a dict"),
    ({"class_weight": [1, 2]}, TypeError, r"class_weight is \[1, 2\]"),
    ({"class_weight": {2: 1}}, ValueError, "the class 2, expected indices from 0 to 1"),
    ({"class_weight": {"a": 1}}, ValueError, "the class 'a', expected indices from 0 to 1"),
    ({"class_weight": {0: -1}}, ValueError, r"class_weight\[0\] is -1"),
    ({"class_weight": {0: "x"}}, TypeError, r"class_weight\[0\] has dtype"),
    ({"class_weight": {0: [1]}}, ValueError, r"class_weight\[0\] is \[1\]"),
    ({"class_weight": {0: 0, 1: 0}}, ValueError, "class_weight is 0 for all classes of y"),
    (
        {"validation_data": (X, LABELS, np.ones(3))},
        ValueError,
        r"validation_data: sample_weight has shape \(3,\)",
    ),
    (
        {"sample_weight": np.arange(40) == 0, "validation_fraction": 0.9},
        ValueError,
        "all have weight 0",
    ),
]


@pytest.mark.parametrize(("settings", "error", "message"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_right(settings, error, message):
    result = network("binary")
    before = weights(result), result._rng.bit_generator.state
    with pytest.raises(error, match=message):
        result.fit(X, LABELS, **settings)
    assert result._rng.bit_generator.state == before[1]
    np.testing.assert_array_equal(weights(result), before[0])
    assert result.epochs_trained == 0


def test_regression_has_no_classes_to_weigh():
    with pytest.raises(ValueError, match="class_weight has no meaning for regression"):
        network("regression").fit(X, VALUES, class_weight="balanced")
