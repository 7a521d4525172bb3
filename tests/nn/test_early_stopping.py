"""Early stopping: when it ends training, and which parameters stay."""

import math

import numpy as np
import pytest

import nn
from nn import SGD, Callback, DivergenceError, EarlyStopping, NeuralNetwork, train


class Script(Callback):
    """Gives each epoch a number that was written before, and notes the parameters after it."""

    def __init__(self, *numbers):
        self.numbers = numbers
        self.parameters = []

    def on_epoch_end(self, state):
        state.log("f1", self.numbers[state.epoch - 1])
        self.parameters.append(state.model.state_dict())


def fit(stopping, numbers, epochs=None):
    X = np.linspace(-1, 1, 10)[:, None]
    model = nn.Linear(1, 1, rng=0, dtype=np.float64)
    script = Script(*numbers)
    history = train(
        model,
        nn.l2_loss,
        SGD(model.parameters(), 0.01),
        X,
        3 * X,
        epochs=epochs or len(numbers),
        callbacks=[script, stopping],
    )
    return history, [state["weight"].item() for state in script.parameters], model.weight.item()


def watching(**settings):
    return EarlyStopping(**{"monitor": "f1", "patience": 2, **settings})


@pytest.mark.parametrize(
    ("settings", "numbers", "epochs", "best"),
    [
        ({}, [1, 2, 3, 2, 2, 9], 5, 2),
        ({}, [1, 2, 3, 2, 4, 3, 5], 7, 6),
        ({}, [1, 1, 1, 1], 3, 0),
        ({"mode": "min"}, [5, 4, 4, 4, 0], 4, 1),
        ({"min_delta": 0.5}, [1, 1.5, 1.4, 9], 3, 0),
        ({"min_delta": 0.5}, [1, 1.75, 2.0, 2.5, 2.5, 2.5], 6, 3),
        ({"patience": 1}, [1, 2, 1, 9], 3, 1),
        ({}, [math.nan, math.nan, 9], 2, None),
        ({}, [math.nan, 1, math.nan, math.nan, 9], 4, 1),
        ({}, [1, 2, 3], 3, 2),
    ],
)
def test_when_it_stops_and_what_it_goes_back_to(settings, numbers, epochs, best):
    stopping = watching(**settings)
    history, weights, final = fit(stopping, numbers)
    assert len(history["loss"]) == epochs
    if best is None:
        assert stopping.best_epoch == -1
        assert math.isnan(stopping.best_value)
        assert final == weights[-1]
    else:
        assert stopping.best_epoch == best
        assert stopping.best_value == numbers[best]
        assert final == weights[best]


def test_without_going_back():
    _, weights, final = fit(watching(restore_best=False), [1, 2, 3, 2, 2, 9])
    assert final == weights[-1]


def test_the_same_object_again_starts_over():
    stopping = watching()
    fit(stopping, [5, 4, 4, 9])
    history, _, _ = fit(stopping, [1, 2, 1, 1, 9])
    assert len(history["loss"]) == 4
    assert stopping.best_value == 2


def test_it_goes_on_from_a_state():
    first = watching()

    class Copy(Callback):
        def on_epoch_end(self, state):
            self.state = first.state_dict()

    copier = Copy()
    X = np.linspace(-1, 1, 10)[:, None]
    model = nn.Linear(1, 1, rng=0, dtype=np.float64)
    optimizer = SGD(model.parameters(), 0.01)
    script = Script(1, 3, 2)
    history = train(model, nn.l2_loss, optimizer, X, X, epochs=3, callbacks=[script, first, copier])
    second = watching()

    class GoOn(Callback):
        def on_fit_begin(self, state):
            second.load_state_dict(copier.state)
            state.epoch = 3

    script.numbers = (1, 3, 2, 2, 9)
    train(
        model,
        nn.l2_loss,
        optimizer,
        X,
        X,
        epochs=5,
        history=history,
        callbacks=[script, second, GoOn()],
    )
    assert len(history["loss"]) == 4
    assert (second.best_epoch, second.best_value) == (1, 3)
    assert model.weight.item() == script.parameters[1]["weight"].item()


def noisy(n=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


def network():
    return NeuralNetwork(2, [[16, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)


class TestInFit:
    def test_true_watches_the_validation_loss(self):
        X, y = noisy()
        result = network().fit(
            X, y, epochs=2000, learning_rate=0.5, validation_fraction=0.3, early_stopping=True
        )
        losses = result.history["validation_loss"]
        assert result.epochs_trained < 2000
        assert np.argmin(losses) == len(losses) - 11
        rng = np.random.default_rng(0)
        _, held = nn.splitting.held_out(60, 0.3, y, rng)
        measured = result.evaluate(X[held], y[held], ["log_loss"])["log_loss"]
        assert measured == pytest.approx(min(losses), rel=1e-5)

    def test_of_a_metric(self):
        X, y = noisy()
        stopping = EarlyStopping(patience=3, monitor="validation_roc_auc")
        result = network().fit(
            X,
            y,
            epochs=500,
            learning_rate=0.5,
            validation_fraction=0.3,
            metrics=["roc_auc"],
            early_stopping=stopping,
        )
        assert stopping.best_value == max(result.history["validation_roc_auc"])

    def test_after_ctrl_c_the_best_parameters_stay(self):
        class Interrupt(Callback):
            def on_epoch_end(self, state):
                if state.epoch == 30:
                    raise KeyboardInterrupt

        X, y = noisy()
        result = network()
        with pytest.raises(KeyboardInterrupt, match="in epoch 31 of 500"):
            result.fit(
                X[:40],
                y[:40],
                epochs=500,
                learning_rate=0.5,
                validation_data=(X[40:], y[40:]),
                early_stopping=EarlyStopping(patience=400),
                callbacks=[Interrupt()],
            )
        assert result.epochs_trained == 30
        measured = result.evaluate(X[40:], y[40:], ["log_loss"])["log_loss"]
        assert measured == pytest.approx(min(result.history["validation_loss"]), rel=1e-5)

    def test_after_a_divergence_the_best_parameters_stay(self):
        X = np.linspace(-1, 1, 10)[:, None]
        model = nn.Linear(1, 1, rng=0, dtype=np.float64)
        before = None

        class Accelerate(Callback):
            def on_epoch_end(self, state):
                nonlocal before
                if state.epoch == 3:
                    before = state.model.weight.item()
                    state.optimizer.learning_rate = 1e200

        with pytest.raises(DivergenceError):
            train(
                model,
                nn.l2_loss,
                SGD(model.parameters(), 0.01),
                X,
                X,
                epochs=10,
                validation=(X, X),
                callbacks=[EarlyStopping(), Accelerate()],
            )
        assert model.weight.item() == before


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: EarlyStopping(0), ValueError, "patience is 0"),
        (lambda: EarlyStopping(1.5), TypeError, "patience is 1.5"),
        (lambda: EarlyStopping(min_delta=-1), ValueError, "min_delta is -1"),
        (lambda: EarlyStopping(min_delta="0"), TypeError, "min_delta is '0'"),
        (lambda: EarlyStopping(monitor=3), TypeError, "monitor is 3"),
        (lambda: EarlyStopping(mode="up"), ValueError, "mode is 'up'; expected 'min'"),
    ],
)
def test_settings_that_cannot_be_right(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("early_stopping", "error", "message"),
    [
        (True, ValueError, "early_stopping needs data .* validation_fraction=0.1"),
        (5, TypeError, "early_stopping is 5; expected True, False or an object"),
        (EarlyStopping, TypeError, "early_stopping is <class"),
        (
            EarlyStopping(monitor="validation_loss"),
            ValueError,
            "watches validation_loss, and each epoch gives loss, accuracy; pass validation_data",
        ),
        (EarlyStopping(monitor="norm"), ValueError, "norm, of which it is not known whether less"),
    ],
)
def test_what_fit_refuses(early_stopping, error, message):
    X, y = noisy()
    result = network()
    before = result.model.state_dict()
    with pytest.raises(error, match=message):
        result.fit(X, y, early_stopping=early_stopping)
    assert result.epochs_trained == 0
    for name, array in result.model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_number_that_no_epoch_has():
    X, y = noisy()
    with pytest.raises(ValueError, match="watches my_loss, and the epoch gave loss, accuracy"):
        network().fit(X, y, early_stopping=EarlyStopping(monitor="my_loss"))
