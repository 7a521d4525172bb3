"""Validation: which samples are held out, and what is measured on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn import SGD, NeuralNetwork, train
from nn.splitting import held_out


class TestHeldOut:
    @given(st.integers(2, 60), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1), st.booleans())
    def test_every_sample_is_in_one_of_the_two(self, n, fraction, seed, stratified):
        rng = np.random.default_rng(seed)
        classes = rng.integers(3, size=n) if stratified else None
        count = round(n * fraction)
        if not 0 < count < n:
            with pytest.raises(ValueError, match=f"which is {count} of {n} samples"):
                held_out(n, fraction, classes, rng)
            return
        training, validation = held_out(n, fraction, classes, rng)
        assert len(validation) == count
        np.testing.assert_array_equal(np.sort(np.r_[training, validation]), np.arange(n))
        if classes is not None:
            for label in range(3):
                exact = count * np.mean(classes == label)
                assert abs(np.sum(classes[validation] == label) - exact) < 1

    def test_without_classes_it_is_a_random_part(self):
        rng = np.random.default_rng(0)
        times = np.zeros(10)
        for _ in range(2000):
            times[held_out(10, 0.3, None, rng)[1]] += 1
        np.testing.assert_allclose(times / 2000, 0.3, atol=0.05)


def data(n=50):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 2))
    return X, (X[:, 0] > 0).astype(int)


def network(**settings):
    layers = [[4, "tanh"], [1, "sigmoid"]]
    return NeuralNetwork(2, layers, "binary_log_loss", seed=0, dtype=np.float64, **settings)


def test_what_the_history_holds_is_what_evaluate_measures():
    X, y = data()
    result = network().fit(
        X[:30], y[:30], epochs=3, validation_data=(X[30:], y[30:]), metrics=["f1"]
    )
    assert list(result.history_) == [
        "loss",
        "accuracy",
        "f1",
        "validation_loss",
        "validation_accuracy",
        "validation_f1",
    ]
    assert {len(column) for column in result.history_.values()} == {3}
    measured = result.evaluate(X[30:], y[30:])
    assert result.history["validation_loss"][-1] == pytest.approx(measured["log_loss"])
    assert result.history["validation_accuracy"][-1] == pytest.approx(measured["accuracy"])
    assert result.history["validation_f1"][-1] == pytest.approx(measured["f1"])


def test_validating_does_not_change_what_is_learned():
    X, y = data()
    plain = network().fit(X[:30], y[:30], epochs=3)
    validated = network().fit(X[:30], y[:30], epochs=3, validation_data=(X[30:], y[30:]))
    assert plain.get_loss_history() == validated.get_loss_history()


def test_a_fraction_is_held_out():
    X, y = data()
    X[:, 1] = np.arange(50)
    seen = set()

    class Spy(nn.Module):
        def forward(self, x):
            if self.training:
                seen.update(x[:, 1].tolist())
            return x

    result = network()
    result.model.layers.insert(0, Spy())
    result.fit(X, y, epochs=2, validation_fraction=0.2)
    assert len(seen) == 40
    result.fit(X, y, epochs=2, validation_fraction=0.2)
    assert len(seen) == 40  # another call holds out the same
    held = sorted(set(range(50)) - seen)
    assert abs(y[held].mean() - y.mean()) < 0.1


def test_without_a_seed_too_every_call_holds_out_the_same():
    X, y = data()
    result = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss")
    for _ in range(2):
        result.fit(X, y, epochs=1, learning_rate=1e-30, validation_fraction=0.2)
    assert len(set(result.history["validation_loss"])) == 1


def test_regression_is_split_too():
    X, y = data()
    result = NeuralNetwork(2, [[1, "identity"]], "l2", seed=0)
    result.fit(X, y, epochs=2, validation_fraction=0.5, metrics=["r2"])
    assert len(result.history["validation_r2"]) == 2


def test_columns_of_earlier_calls_get_nan():
    X, y = data()
    result = network().fit(X, y, epochs=1)
    result.fit(X, y, epochs=1, validation_fraction=0.2)
    result.fit(X, y, epochs=1)
    assert np.isnan(result.history_["validation_loss"]).tolist() == [True, False, True]


def test_train_validates_in_evaluation_mode_without_recording():
    modes = []

    class Spy(nn.Module):
        def forward(self, x):
            modes.append((self.training, (self.weight * x).requires_grad))
            return self.weight * x

        def __init__(self):
            self.weight = nn.Parameter([1.0])

    X = np.ones((4, 1))
    model = Spy()
    history = train(
        model,
        nn.l2_loss,
        SGD([model.weight], 0.1),
        X,
        X,
        batch_size=2,
        validation=(X, 2 * X),
        metrics={"sum": lambda outputs, targets: outputs.sum()},
    )
    assert modes == [(True, True), (True, True), (False, False)]
    assert history == {
        "loss": [0.0],
        "sum": [4.0],
        "validation_loss": [1.0],
        "validation_sum": [4.0],
    }


def test_many_rows_are_measured_in_parts():
    X = np.random.default_rng(0).normal(size=(10_000, 1))
    model = nn.Linear(1, 1, rng=0, dtype=np.float64)
    measured = nn.measuring.measure(model, nn.l2_loss, (X, 0 * X), {"n": lambda o, t: len(o)})
    expected = np.mean((X @ model.weight.data + model.bias.data) ** 2)
    assert measured == {"loss": pytest.approx(expected), "n": 10_000}


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"validation_fraction": 0}, ValueError, "validation_fraction is 0; expected a positive"),
        ({"validation_fraction": 1.0}, ValueError, "is 1.0; expected a number above 0 and below 1"),
        ({"validation_fraction": "0.1"}, TypeError, "validation_fraction is '0.1'"),
        ({"validation_fraction": True}, TypeError, "validation_fraction is True"),
        ({"validation_fraction": 0.001}, ValueError, "0.001, which is 0 of 50 samples"),
        ({"validation_data": 3}, TypeError, r"validation_data is not a pair; expected \(X, y\)"),
        ({"validation_data": (np.ones((2, 2)),)}, TypeError, "validation_data is not a pair"),
        (
            {"validation_data": (np.ones((2, 3)), [0, 1])},
            ValueError,
            "validation_data: X has 3 features",
        ),
        (
            {"validation_data": (np.ones((2, 2)), [0, 2])},
            ValueError,
            "validation_data: y holds the label 2",
        ),
        (
            {"validation_data": (np.ones((2, 2)), [0, 1]), "validation_fraction": 0.1},
            ValueError,
            "validation_data and validation_fraction were both given",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_right(settings, error, message):
    X, y = data()
    result = network()
    before = result.model.state_dict(), result._rng.bit_generator.state
    with pytest.raises(error, match=message):
        result.fit(X, y, **settings)
    assert result.epochs_trained == 0
    assert result._rng.bit_generator.state == before[1]
    for name, array in result.model.state_dict().items():
        np.testing.assert_array_equal(array, before[0][name])
