"""Standardization: what the layers get, and in which units the answers come back."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

import nn
from nn import NeuralNetwork
from nn.standardization import Standardizer

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2)) * [3.0, 400.0] + [1000.0, -5.0]
VALUES = 50 * X[:, :1] + 0.1 * X[:, 1:]
LABELS = (X[:, 0] > 1000).astype(int)


def regression(**settings):
    settings = {"seed": 0, "dtype": np.float64, "standardize": True, **settings}
    return NeuralNetwork(2, [[8, "tanh"], [1, "identity"]], "l2", **settings)


def classification(**settings):
    settings = {"seed": 0, "standardize": True, **settings}
    return NeuralNetwork(2, [[8, "tanh"], [1, "sigmoid"]], "binary_log_loss", **settings)


def weights(network):
    return np.concatenate([p.data.ravel() for p in network.parameters()])


def test_it_is_training_on_standardized_data():
    network = regression().fit(X, VALUES, epochs=5)
    by_hand = regression(standardize=False)
    inputs, targets = StandardScaler().fit(X), StandardScaler().fit(VALUES)
    by_hand.fit(inputs.transform(X), targets.transform(VALUES), epochs=5)
    np.testing.assert_allclose(weights(network), weights(by_hand), rtol=1e-9)
    np.testing.assert_allclose(network.get_loss_history(), by_hand.get_loss_history(), rtol=1e-9)
    expected = targets.inverse_transform(by_hand.transform(inputs.transform(X)))
    np.testing.assert_allclose(network.transform(X), expected, rtol=1e-9)
    np.testing.assert_allclose(network.predict(X), expected[:, 0], rtol=1e-9)
    assert network.predict(X[3]) == pytest.approx(expected[3, 0], rel=1e-9)


def test_metrics_are_in_the_units_of_y():
    network = regression().fit(
        X, VALUES, epochs=5, learning_rate=0.1, validation_data=(X, VALUES), metrics=["mae"]
    )
    mae = np.abs(network.transform(X) - VALUES).mean()
    assert network.history["validation_mae"][-1] == pytest.approx(mae)
    assert network.evaluate(X, VALUES)["mae"] == pytest.approx(mae)
    scaled = network.evaluate(X, VALUES)["mse"] / VALUES.var()
    assert network.history["validation_loss"][-1] == pytest.approx(scaled)


def test_data_far_from_the_origin_are_learned():
    plain, standardized = classification(standardize=False), classification()
    for network in (plain, standardized):
        network.fit(X, LABELS, epochs=30, learning_rate=0.1)
    assert plain.evaluate(X, LABELS)["accuracy"] < 0.8
    assert standardized.evaluate(X, LABELS)["accuracy"] > 0.95
    assert standardized.transform(X).dtype == np.float32
    np.testing.assert_array_equal(
        standardized.predict(X[:5]), [standardized.predict(x) for x in X[:5]]
    )


def test_large_offsets_do_not_lose_digits_in_float32():
    inputs = np.linspace(1.6e9, 1.6e9 + 100, 200)[:, None]
    network = NeuralNetwork(1, [[1, "identity"]], "l2", seed=0, standardize=True)
    network.fit(inputs, inputs[:, 0] - 1.6e9, epochs=100, learning_rate=0.1)
    assert network.evaluate(inputs, inputs[:, 0] - 1.6e9)["mae"] < 0.1


def test_it_is_measured_once_on_what_is_trained_on():
    network = regression().fit(X, VALUES, epochs=1, validation_fraction=0.5)
    held_in, _ = nn.splitting.held_out(60, 0.5, None, np.random.default_rng(0))
    np.testing.assert_allclose(network._standardizer.input_mean, X[held_in].mean(axis=0))
    before = network._standardizer
    network.fit(2 * X, VALUES, epochs=1)
    assert network._standardizer is before
    assert network.reset()._standardizer is None


def test_before_training_inputs_are_taken_as_they_are():
    np.testing.assert_array_equal(
        regression().transform(X), regression(standardize=False).transform(X)
    )


def test_constant_columns_only_lose_their_mean():
    standardizer = Standardizer.measured(np.array([[7.0, 0.1 + 0.2], [7.0, 0.3]]), None)
    np.testing.assert_array_equal(standardizer.input_scale, [1, 1])


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 1e-8, 1e8]), st.sampled_from([0, 1, 1e4]))
def test_means_and_deviations_are_scikit_learns(seed, scale, offset):
    data = np.random.default_rng(seed).normal(size=(50, 3)) * scale + offset * scale
    expected = StandardScaler().fit(data)
    standardizer = Standardizer.measured(data, None)
    np.testing.assert_allclose(standardizer.input_mean, expected.mean_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(standardizer.input_scale, expected.scale_, rtol=1e-7)


def test_in_parts_as_at_once(monkeypatch):
    at_once = Standardizer.measured(X, VALUES)
    monkeypatch.setattr(nn.mapped, "BYTES_AT_ONCE", 100)
    in_parts = Standardizer.measured(X, VALUES)
    for first, second in zip(at_once, in_parts, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-12)


@pytest.mark.parametrize("make", [regression, classification])
class TestSaved:
    def test_in_a_file(self, make, tmp_path):
        y = VALUES if make is regression else LABELS
        network = make().fit(X, y, epochs=2)
        network.save(tmp_path / "network.safetensors", dtype=np.float64)
        loaded = NeuralNetwork.load(tmp_path / "network.safetensors")
        np.testing.assert_array_equal(loaded.transform(X), network.transform(X))
        assert loaded.standardize
        np.testing.assert_array_equal(
            weights(loaded.fit(X, y, epochs=2)), weights(network.fit(X, y, epochs=2))
        )

    def test_in_a_file_before_training(self, make, tmp_path):
        make().save(tmp_path / "network.safetensors")
        loaded = NeuralNetwork.load(tmp_path / "network.safetensors")
        assert loaded.standardize
        assert loaded._standardizer is None

    def test_in_a_checkpoint(self, make, tmp_path):
        y = VALUES if make is regression else LABELS
        path = tmp_path / "run.safetensors"
        network = make().fit(X, y, epochs=2, callbacks=[nn.Checkpoint(path)])
        np.testing.assert_array_equal(NeuralNetwork.load(path).transform(X), network.transform(X))
        resumed, straight = make().fit(X, y, epochs=4, resume=path), make().fit(X, y, epochs=4)
        np.testing.assert_array_equal(weights(resumed), weights(straight))

    def test_in_a_pickle(self, make, tmp_path):
        y = VALUES if make is regression else LABELS
        network = make().fit(X, y, epochs=2)
        np.testing.assert_array_equal(
            pickle.loads(pickle.dumps(network)).transform(X), network.transform(X)
        )


@pytest.mark.parametrize(
    "change",
    [
        {"input_scale": np.zeros(2)},
        {"input_mean": np.zeros(3)},
        {"input_mean": np.array([0, np.nan])},
        {"input_mean": np.zeros(2, np.float32)},
        {"target_mean": np.zeros(1)},
    ],
    ids=str,
)
def test_a_file_with_another_standardizer_is_refused(change, tmp_path):
    network = classification().fit(X, LABELS, epochs=1)
    network._standardizer = network._standardizer._replace(**change)
    network.save(tmp_path / "network.safetensors")
    with pytest.raises(nn.ModelFileError, match="standardizer"):
        NeuralNetwork.load(tmp_path / "network.safetensors")


def test_what_cannot_be_right():
    with pytest.raises(TypeError, match="standardize is 'yes'; expected True or False"):
        regression(standardize="yes")
    network = regression()
    with pytest.raises(ValueError, match=r"X holds nan at index \[1, 0\]"):
        network.fit([[0.0, 1.0], [np.nan, 1.0]], [0.0, 1.0])
    assert network._standardizer is None
    network.fit(X, VALUES, epochs=1)
    with pytest.raises(ValueError, match="3 features"):
        network.transform(np.ones((2, 3)))


def test_a_learning_rate_is_looked_for_on_standardized_data():
    suggestion = classification().lr_find(X, LABELS).suggestion
    by_hand = classification(standardize=False)
    expected = by_hand.lr_find(StandardScaler().fit_transform(X), LABELS).suggestion
    assert suggestion == pytest.approx(expected, rel=0.05)
