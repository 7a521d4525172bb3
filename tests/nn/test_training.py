"""The training loop: what it computes, what it keeps, and how it ends."""

import copy
import gc
import pickle
import tracemalloc

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import SGD, DivergenceError, Parameter, train
from nn.batches import shuffled


def line(n=50, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return X, X @ [[2.0], [-1.0]] + 0.5


def linear(seed=0):
    return nn.Linear(2, 1, rng=seed, dtype=np.float64)


def by_hand(weight, bias, X, y, learning_rate, batch_size):
    """One epoch of gradient descent on the mean squared error of a line."""
    total = 0.0
    for start in range(0, len(X), batch_size):
        rows = slice(start, start + batch_size)
        error = X[rows] @ weight + bias - y[rows]
        total += (error**2).sum()
        weight = weight - learning_rate * 2 * X[rows].T @ error / len(error)
        bias = bias - learning_rate * 2 * error.mean(axis=0)
    return weight, bias, total / len(X)


@pytest.mark.parametrize("batch_size", [1, 7, 25, 50, 1000])
def test_an_epoch_is_the_epoch_written_by_hand(batch_size):
    X, y = line()
    model = linear()
    weight, bias, loss = by_hand(
        model.weight.data.copy(), model.bias.data.copy(), X, y, 0.05, batch_size
    )
    history = train(
        model, nn.l2_loss, SGD(model.parameters(), 0.05), X, y, batch_size=batch_size, epochs=1
    )
    np.testing.assert_allclose(model.weight.data, weight)
    np.testing.assert_allclose(model.bias.data, bias)
    np.testing.assert_allclose(history["loss"], [loss])
    assert all(parameter.grad is None for parameter in model.parameters())


def test_shuffling_takes_a_new_order_in_every_epoch():
    X, y = line()
    model = linear()
    weight, bias = model.weight.data.copy(), model.bias.data.copy()
    rng, losses = np.random.default_rng(3), []
    for _ in range(3):
        weight, bias, loss = by_hand(weight, bias, *shuffled((X, y), rng), 0.05, 8)
        losses.append(loss)
    history = train(
        model,
        nn.l2_loss,
        SGD(model.parameters(), 0.05),
        X,
        y,
        batch_size=8,
        epochs=3,
        rng=np.random.default_rng(3),
    )
    np.testing.assert_allclose(model.weight.data, weight)
    np.testing.assert_allclose(history["loss"], losses)


def test_history_is_continued():
    X, y = line()
    model = linear()
    optimizer = SGD(model.parameters(), 0.05)
    history = train(model, nn.l2_loss, optimizer, X, y, epochs=2)
    again = train(model, nn.l2_loss, optimizer, X, y, epochs=3, history=history)
    assert again is history
    assert len(history["loss"]) == 5
    assert all(type(value) is float for value in history["loss"])
    assert history["loss"] == sorted(history["loss"], reverse=True)


def test_accuracy_is_that_of_the_outputs_seen_during_the_epoch():
    X, y = line(n=10)
    model = linear()
    seen = []

    def accuracy(outputs, targets):
        seen.append((outputs.copy(), targets))
        return 0.25

    expected = X[:4] @ model.weight.data + model.bias.data
    history = train(
        model,
        nn.l2_loss,
        SGD(model.parameters(), 0.05),
        X,
        y,
        batch_size=4,
        epochs=2,
        metrics={"accuracy": accuracy},
    )
    assert history["accuracy"] == [0.25, 0.25]
    outputs, targets = seen[0]
    assert outputs.shape == (10, 1)
    np.testing.assert_allclose(outputs[:4], expected)
    np.testing.assert_array_equal(targets, y)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"batch_size": 0}, ValueError),
        ({"batch_size": 2.0}, TypeError),
        ({"epochs": 0}, ValueError),
        ({"epochs": -1}, ValueError),
    ],
)
def test_settings_that_cannot_be_right(settings, error):
    X, y = line()
    model = linear()
    with pytest.raises(error, match=f"{next(iter(settings))} is"):
        train(model, nn.l2_loss, SGD(model.parameters(), 0.05), X, y, **settings)


@pytest.mark.parametrize(("rows", "targets"), [(0, 0), (3, 4)])
def test_data_that_cannot_be_right(rows, targets):
    model = linear()
    with pytest.raises(ValueError, match=f"X has {rows} rows and y has {targets}"):
        train(
            model,
            nn.l2_loss,
            SGD(model.parameters(), 0.05),
            np.ones((rows, 2)),
            np.ones((targets, 1)),
        )


def test_training_mode_is_on_during_training_and_restored():
    modes = []

    class Spy(nn.Module):
        def forward(self, x):
            modes.append(self.training)
            return x

    X, y = line()
    model = nn.Sequential(linear(), Spy()).eval()
    train(model, nn.l2_loss, SGD(model.parameters(), 0.05), X, y)
    assert all(modes)
    assert not model.training
    assert not model.layers[1].training


def test_trains_inside_no_grad():
    X, y = line()
    model = linear()
    with tg.no_grad():
        train(model, nn.l2_loss, SGD(model.parameters(), 0.05), X, y)
        assert not model(X).requires_grad


def test_progress_bar(capsys):
    X, y = line()
    model = linear()
    train(model, nn.l2_loss, SGD(model.parameters(), 0.05), X, y, epochs=2, verbose=True)
    captured = capsys.readouterr()
    assert "2/2" in captured.err
    assert "loss=" in captured.err
    train(model, nn.l2_loss, SGD(model.parameters(), 0.05), X, y, epochs=2)
    captured = capsys.readouterr()
    assert not captured.err
    assert not captured.out


class TestDivergence:
    def test_parameters_and_history_are_those_of_the_last_finite_epoch(self):
        X, y = line()
        model, twin = linear(), linear()
        history = {}
        with pytest.raises(DivergenceError, match="learning_rate=30") as caught:
            train(
                model,
                nn.l2_loss,
                SGD(model.parameters(), 30),
                X,
                y,
                epochs=1000,
                rng=np.random.default_rng(0),
                history=history,
            )
        finished = len(history["loss"])
        assert 0 < finished < 1000
        assert f"in epoch {finished + 1}:" in str(caught.value)
        assert f"after epoch {finished}" in str(caught.value)
        assert np.isfinite(history["loss"]).all()
        same = train(
            twin,
            nn.l2_loss,
            SGD(twin.parameters(), 30),
            X,
            y,
            epochs=finished,
            rng=np.random.default_rng(0),
        )
        assert history["loss"] == same["loss"]
        np.testing.assert_array_equal(model.weight.data, twin.weight.data)
        np.testing.assert_array_equal(model.bias.data, twin.bias.data)
        assert np.isfinite(model.weight.data).all()

    def test_in_the_first_epoch(self):
        X, y = line()
        model = linear()
        before = model.state_dict()
        with pytest.raises(DivergenceError, match=r"in epoch 1: .*those before the first epoch"):
            train(model, nn.l2_loss, SGD(model.parameters(), 1e200), X, y)
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, before[name])
        assert all(parameter.grad is None for parameter in model.parameters())

    def test_values_that_were_set_before_training_come_back(self):
        X, y = line()
        model = linear()
        optimizer = SGD(model.parameters(), 1e200)
        model.weight.data = np.array([[7.0], [8.0]])
        with pytest.raises(DivergenceError):
            train(model, nn.l2_loss, optimizer, X, y)
        np.testing.assert_array_equal(model.weight.data, [[7.0], [8.0]])

    def test_finite_loss_with_infinite_gradient(self):
        class Root(nn.Module):
            def __init__(self):
                self.value = Parameter([0.0])

            def forward(self, x):
                return np.sqrt(self.value) * x

        model = Root()
        history = {}
        with pytest.raises(DivergenceError, match="the parameters are no longer finite"):
            train(
                model,
                lambda outputs, targets: outputs.mean(),
                SGD([model.value], 0.1),
                np.ones((2, 1)),
                np.ones((2, 1)),
                history=history,
            )
        assert model.value.data == 0
        assert history == {"loss": []}

    def test_accuracy_history_stays_as_long_as_the_loss_history(self):
        X, y = line()
        model = linear()
        history = {}
        with pytest.raises(DivergenceError):
            train(
                model,
                nn.l2_loss,
                SGD(model.parameters(), 30),
                X,
                y,
                epochs=1000,
                metrics={"accuracy": lambda outputs, targets: 0.5},
                history=history,
            )
        assert len(history["loss"]) == len(history["accuracy"]) > 0

    def test_it_is_a_floating_point_error_that_can_be_pickled(self):
        error = DivergenceError("training diverged")
        assert isinstance(error, FloatingPointError)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)

    def test_warnings_of_numpy_are_left_as_they_were(self):
        before = np.geterr()
        self.test_in_the_first_epoch()
        assert np.geterr() == before


class TestInterruption:
    @pytest.mark.parametrize("calls", [1, 3, 20])
    def test_model_and_optimizer_stay_usable(self, calls):
        X, y = line()
        remaining = iter(range(calls))

        class Interrupting(nn.Module):
            def forward(self, x):
                if next(remaining, None) is None:
                    raise KeyboardInterrupt
                return x

        inner = linear()
        model = nn.Sequential(inner, Interrupting())
        optimizer = SGD(model.parameters(), 0.05)
        history = {}
        with pytest.raises(KeyboardInterrupt):
            train(model, nn.l2_loss, optimizer, X, y, batch_size=10, epochs=100, history=history)
        assert len(history["loss"]) == calls // 5
        assert all(parameter.grad is None for parameter in model.parameters())
        train(inner, nn.l2_loss, optimizer, X, y, epochs=100, history=history)
        assert history["loss"][-1] < 1e-3


class TestMemory:
    def test_a_training_step_leaves_no_cycles(self):
        X, y = line()
        model = nn.Sequential(linear(), nn.Tanh(), nn.Linear(1, 1, dtype=np.float64))
        optimizer = SGD(model.parameters(), 0.05)
        train(model, nn.l2_loss, optimizer, X, y, epochs=1)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                optimizer.zero_grad()
                nn.l2_loss(model(X), y).backward()
                optimizer.step()
            assert gc.collect() == 0
        finally:
            gc.enable()

    def test_memory_stays_flat(self):
        X, y = line()
        model = nn.Sequential(linear(), nn.Tanh(), nn.Linear(1, 1, dtype=np.float64))
        optimizer = SGD(model.parameters(), 0.05)
        train(model, nn.l2_loss, optimizer, X, y, epochs=20)
        gc.disable()
        tracemalloc.start()
        try:
            train(model, nn.l2_loss, optimizer, X, y, epochs=100)
            before, _ = tracemalloc.get_traced_memory()
            train(model, nn.l2_loss, optimizer, X, y, epochs=200)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
        assert after - before < 2_000


def test_an_optimizer_can_be_copied_with_its_model():
    X, y = line()
    model = linear()
    optimizer = SGD(model.parameters(), 0.05)
    train(model, nn.l2_loss, optimizer, X, y)
    model_copy, optimizer_copy = copy.deepcopy((model, optimizer))
    for m, o in ((model, optimizer), (model_copy, optimizer_copy)):
        train(m, nn.l2_loss, o, X, y, epochs=3)
    np.testing.assert_array_equal(model.weight.data, model_copy.weight.data)
    assert not np.shares_memory(model.weight.data, model_copy.weight.data)
