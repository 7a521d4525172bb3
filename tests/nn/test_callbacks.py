"""The protocol of callbacks: when each is called, what it sees, and what it can do."""

import io
import math
import sys

import numpy as np
import pytest

import nn
from nn import SGD, Callback, DivergenceError, NeuralNetwork, train
from nn.progress import ProgressBar


class Diary(Callback):
    """Writes down every moment; ``look`` says what to write beside it."""

    def __init__(self, look=lambda state: None):
        self.entries = []
        self.look = look

    def note(self, moment, state):
        self.entries.append((moment, self.look(state)))

    def on_fit_begin(self, state):
        self.note("on_fit_begin", state)

    def on_fit_end(self, state):
        self.note("on_fit_end", state)

    def on_epoch_begin(self, state):
        self.note("on_epoch_begin", state)

    def on_epoch_end(self, state):
        self.note("on_epoch_end", state)

    def on_batch_begin(self, state):
        self.note("on_batch_begin", state)

    def on_batch_end(self, state):
        self.note("on_batch_end", state)

    def at(self, moment):
        return [seen for name, seen in self.entries if name == moment]


def line(n=20):
    X = np.linspace(-1, 1, n)[:, None]
    return X, 3 * X + 1


def fit(*callbacks, epochs=3, batch_size=8, learning_rate=0.1, **settings):
    X, y = line()
    model = nn.Linear(1, 1, rng=0, dtype=np.float64)
    optimizer = SGD(model.parameters(), learning_rate)
    return train(
        model,
        nn.l2_loss,
        optimizer,
        X,
        y,
        batch_size=batch_size,
        epochs=epochs,
        callbacks=callbacks,
        **settings,
    )


def test_the_order_of_moments():
    diary = Diary()
    fit(diary, epochs=2, batch_size=16)
    batch = ["on_batch_begin", "on_batch_end"]
    epoch = ["on_epoch_begin", *batch, *batch, "on_epoch_end"]
    assert [name for name, _ in diary.entries] == ["on_fit_begin", *epoch, *epoch, "on_fit_end"]


def test_callbacks_are_called_in_their_order():
    calls = []

    class Named(Callback):
        def __init__(self, name):
            self.name = name

        def on_epoch_end(self, state):
            calls.append(self.name)

    fit(Named("a"), Named("b"), epochs=2)
    assert calls == ["a", "b", "a", "b"]


def test_counters():
    diary = Diary(lambda state: (state.epoch, state.step, state.epochs))
    fit(diary, epochs=2)  # three batches each
    assert diary.at("on_fit_begin") == [(0, 0, 2)]
    assert diary.at("on_epoch_begin") == [(0, 0, 2), (1, 3, 2)]
    assert diary.at("on_batch_begin") == [(0, i, 2) for i in range(3)] + [
        (1, i, 2) for i in range(3, 6)
    ]
    assert diary.at("on_batch_end") == [(0, i, 2) for i in range(1, 4)] + [
        (1, i, 2) for i in range(4, 7)
    ]
    assert diary.at("on_epoch_end") == [(1, 3, 2), (2, 6, 2)]
    assert diary.at("on_fit_end") == [(2, 6, 2)]


def test_what_an_epoch_gave_is_seen_at_its_end():
    diary = Diary(lambda state: (dict(state.metrics), state.history["loss"][-1:]))
    history = fit(diary, epochs=3)
    assert diary.at("on_epoch_end") == [({"loss": loss}, [loss]) for loss in history["loss"]]
    assert all(metrics == {} for metrics, _ in diary.at("on_batch_end"))


def test_loss_and_gradients_of_a_batch_are_seen_at_its_end():
    seen = []

    class Look(Callback):
        def on_batch_end(self, state):
            seen.append((state.batch_loss, state.model.weight.grad.copy()))

    history = fit(Look(), epochs=1, batch_size=10)
    assert np.mean([loss for loss, _ in seen]) == pytest.approx(history["loss"][0])
    assert all(gradient.shape == (1, 1) and gradient.all() for _, gradient in seen)


def test_a_stop_ends_training_after_the_epoch():
    class Stop(Callback):
        def on_batch_end(self, state):
            if state.step == 4:
                state.stop("enough")

    diary = Diary(lambda state: state.stop_reason)
    history = fit(Stop(), diary, epochs=10)
    assert len(history["loss"]) == 2
    assert diary.at("on_fit_end") == ["enough"]
    assert len(diary.at("on_batch_end")) == 6


class TestLog:
    def test_a_column_with_one_number_for_each_epoch(self):
        class Log(Callback):
            def on_epoch_end(self, state):
                state.log("epochs", np.float32(state.epoch))

        class Reader(Callback):
            def on_epoch_end(self, state):
                assert state.metrics["epochs"] == state.history["epochs"][-1] == state.epoch

        history = fit(Log(), Reader())
        assert history["epochs"] == [1.0, 2.0, 3.0]
        assert type(history["epochs"][0]) is float

    def test_during_the_epoch(self):
        class Log(Callback):
            def on_batch_end(self, state):
                state.log("steps", state.step)

        assert fit(Log())["steps"] == [3, 6, 9]

    def test_epochs_without_a_number_have_nan(self):
        class Log(Callback):
            def on_epoch_end(self, state):
                if state.epoch == 2:
                    state.log("late", 5)

        history = fit(Log())
        np.testing.assert_array_equal(history["late"], [math.nan, 5, math.nan])
        fit(epochs=2, history=history)
        np.testing.assert_array_equal(history["late"], [math.nan, 5, *3 * [math.nan]])
        assert len(history["loss"]) == 5


class TestEnds:
    def test_fit_end_is_called_after_a_divergence(self):
        diary = Diary()
        with pytest.raises(DivergenceError):
            fit(diary, epochs=1000, learning_rate=30)
        assert diary.entries[-1][0] == "on_fit_end"
        assert len(diary.at("on_fit_end")) == 1

    def test_fit_end_is_called_after_ctrl_c_which_says_where_it_stopped(self):
        class Interrupt(Callback):
            def on_batch_end(self, state):
                if state.step == 5:
                    raise KeyboardInterrupt

        diary = Diary()
        with pytest.raises(KeyboardInterrupt, match="in epoch 2 of 3, after step 5"):
            fit(Interrupt(), diary)
        assert diary.entries[-1][0] == "on_fit_end"

    def test_of_those_that_began_when_one_refuses(self):
        class Refuse(Callback):
            def on_fit_begin(self, state):
                raise ValueError("not like this")

        first, last = Diary(), Diary()
        model = nn.Linear(1, 1, rng=0, dtype=np.float64)
        before = model.state_dict()
        X, y = line()
        with pytest.raises(ValueError, match="not like this"):
            train(
                model,
                nn.l2_loss,
                SGD(model.parameters(), 0.1),
                X,
                y,
                callbacks=[first, Refuse(), last],
            )
        assert [name for name, _ in first.entries] == ["on_fit_begin", "on_fit_end"]
        assert not last.entries
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, before[name])

    def test_an_error_in_a_callback_is_not_hidden(self):
        class Broken(Callback):
            def on_epoch_end(self, state):
                raise RuntimeError("broken")

        with pytest.raises(RuntimeError, match="broken"):
            fit(Broken())


def test_what_cannot_be_a_list_of_callbacks():
    X, y = [[0.0], [1.0]], [0, 1]
    for callbacks, message in [
        (Diary(), "callbacks is a single Diary; put it into a list"),
        (3, "callbacks is 3; expected a list"),
        ("log", "callbacks is 'log'; expected a list"),
        ([Diary], r"the class Diary; pass an object of it, Diary\(...\)"),
        ([print], "callbacks holds <built-in function print>; expected objects of subclasses"),
    ]:
        network = NeuralNetwork(1, [[1, "sigmoid"]], "binary_log_loss")
        with pytest.raises(TypeError, match=message):
            network.fit(X, y, callbacks=callbacks)
        assert network.epochs_trained == 0


def test_training_can_begin_where_another_process_ended():
    class GoOn(Callback):
        def on_fit_begin(self, state):
            state.epoch, state.step = 2, 6

    diary = Diary(lambda state: (state.epoch, state.step))
    assert len(fit(GoOn(), diary)["loss"]) == 1
    assert diary.at("on_epoch_end") == [(3, 9)]


def test_the_network_is_seen():
    diary = Diary(lambda state: state.network)
    network = NeuralNetwork(1, [[1, "sigmoid"]], "binary_log_loss")
    network.fit([[0.0], [1.0]], [0, 1], epochs=1, callbacks=[diary])
    assert all(seen is network for _, seen in diary.entries)


class TestProgressBar:
    def test_in_a_log_file_it_writes_few_lines(self, capsys):
        fit(ProgressBar(), epochs=50)
        lines = capsys.readouterr().err.split("\n")
        assert 1 <= len([line for line in lines if line]) <= 3
        assert "50/50" in lines[-2]
        assert "loss=" in lines[-2]
        assert not any("\r" in line for line in lines)

    def test_on_a_terminal_it_is_redrawn(self, capsys, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        fit(ProgressBar(), epochs=50)
        written = capsys.readouterr().err
        assert written.count("\n") == 1
        assert written.count("\r") > 1
        assert "50/50" in written

    def test_in_a_notebook_it_is_redrawn(self, monkeypatch):
        class OutStream(io.StringIO):
            """What standard error is in a notebook: no terminal, and yet it goes back."""

            __module__ = "ipykernel.iostream"

            def isatty(self):
                return False

        stream = OutStream()
        monkeypatch.setattr(sys, "stderr", stream)
        fit(ProgressBar(), epochs=50)
        assert stream.getvalue().count("\n") == 1
        assert stream.getvalue().count("\r") > 1

    def test_quiet_by_default(self, capsys):
        fit(epochs=3)
        assert capsys.readouterr() == ("", "")

    def test_it_says_why_training_stopped(self, capsys):
        class Stop(Callback):
            def on_epoch_end(self, state):
                state.stop("enough")

        fit(Stop(), epochs=50, verbose=True)
        written = capsys.readouterr().err
        assert "stopped: enough" in written
        assert "1/50" in written

    def test_it_is_closed_after_an_error(self, capsys):
        with pytest.raises(DivergenceError):
            fit(epochs=1000, learning_rate=30, verbose=True)
        assert capsys.readouterr().err.endswith("\n")
