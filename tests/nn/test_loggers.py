"""Callbacks that write down, and the picture of the history."""

import csv
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nn
from nn import (
    SGD,
    Callback,
    CSVLogger,
    LearningRateLogger,
    NeuralNetwork,
    ParameterStatistics,
    train,
)


def fit(*callbacks, epochs=3, history=None, model=None, batch_size=8, **settings):
    X = np.linspace(-1, 1, 20)[:, None]
    model = model or nn.Linear(1, 1, rng=0, dtype=np.float64)
    return train(
        model,
        nn.l2_loss,
        SGD(model.parameters(), 0.1),
        X,
        3 * X + 1,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=callbacks,
        history=history,
        **settings,
    )


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestCSV:
    def test_it_holds_the_history(self, tmp_path):
        path = tmp_path / "log.csv"
        history = fit(LearningRateLogger(), CSVLogger(path))
        assert path.read_text().startswith("epoch,loss,learning_rate\n")
        assert [int(row["epoch"]) for row in rows(path)] == [0, 1, 2]
        assert [float(row["loss"]) for row in rows(path)] == history["loss"]

    def test_every_epoch_is_there_when_it_ends(self, tmp_path):
        path = tmp_path / "log.csv"

        class Read(Callback):
            def on_epoch_end(self, state):
                assert len(rows(path)) == state.epoch

        fit(CSVLogger(path), Read())

    def test_another_call_replaces_the_file_or_goes_on_with_it(self, tmp_path):
        path = tmp_path / "log.csv"
        history = fit(CSVLogger(path))
        fit(CSVLogger(path, append=True), history=history, epochs=2)
        assert [int(row["epoch"]) for row in rows(path)] == [0, 1, 2, 3, 4]
        fit(CSVLogger(path), history=history, epochs=1)
        assert [int(row["epoch"]) for row in rows(path)] == [5]

    def test_epochs_that_are_made_again_are_written_again(self, tmp_path):
        path = tmp_path / "log.csv"
        fit(CSVLogger(path), epochs=4)
        history = fit(epochs=2)
        fit(CSVLogger(path, append=True), history=history, epochs=1)
        assert [int(row["epoch"]) for row in rows(path)] == [0, 1, 2]
        assert float(rows(path)[-1]["loss"]) == history["loss"][-1]

    def test_a_column_that_comes_later(self, tmp_path):
        class Late(Callback):
            def on_epoch_end(self, state):
                if state.epoch > 1:
                    state.log("late", state.epoch)

        path = tmp_path / "log.csv"
        fit(Late(), CSVLogger(path))
        assert [row["late"] for row in rows(path)] == ["", "2.0", "3.0"]

    def test_a_file_of_another_kind_is_left_alone(self, tmp_path):
        path = tmp_path / "data.csv"
        path.write_text("a,b\n1,2\n")
        with pytest.raises(ValueError, match="begins with the columns a, b"):
            fit(CSVLogger(path, append=True))
        assert path.read_text() == "a,b\n1,2\n"

    def test_a_folder_that_is_not_there(self, tmp_path):
        model = nn.Linear(1, 1, rng=0, dtype=np.float64)
        before = model.weight.item()
        with pytest.raises(FileNotFoundError):
            fit(CSVLogger(tmp_path / "none" / "log.csv"), model=model)
        assert model.weight.item() == before


def test_learning_rates():
    class Halve(Callback):
        def on_epoch_begin(self, state):
            state.optimizer.learning_rate = 0.1 / 2**state.epoch

    assert fit(Halve(), LearningRateLogger())["learning_rate"] == [0.1, 0.05, 0.025]


class TestParameterStatistics:
    def test_sizes_of_weights_and_gradients(self):
        model = nn.Sequential(
            nn.Linear(1, 3, rng=0, dtype=np.float64), nn.Linear(3, 1, rng=0, dtype=np.float64)
        )
        gradients = []

        class Collect(Callback):
            def on_batch_end(self, state):
                gradients.append(model.layers[0].weight.grad.copy())

        history = fit(ParameterStatistics(), Collect(), model=model, epochs=1)
        weight = model.layers[0].weight.data
        assert history["layers.0.weight.rms"] == [pytest.approx(np.sqrt(np.mean(weight**2)))]
        assert history["layers.0.weight.gradient_rms"] == [
            pytest.approx(np.sqrt(np.mean(np.square(gradients))))
        ]
        assert len(gradients) == 3

    def test_of_each_epoch_alone(self):
        history = fit(ParameterStatistics(), epochs=30)
        assert history["weight.gradient_rms"][-1] < 0.1 * history["weight.gradient_rms"][0]

    def test_without_gradients(self):
        assert list(fit(ParameterStatistics(gradients=False))) == ["loss", "weight.rms", "bias.rms"]


class TestPlotHistory:
    def test_a_panel_for_each_number(self):
        X = np.random.default_rng(0).normal(size=(40, 2))
        network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
        network.fit(X, X[:, 0] > 0, epochs=4, validation_fraction=0.5)
        axes = network.plot_history()
        assert [a.get_ylabel() for a in axes] == ["loss", "accuracy"]
        np.testing.assert_array_equal(
            axes[0].lines[1].get_ydata(), network.history["validation_loss"]
        )
        np.testing.assert_array_equal(axes[0].lines[0].get_xdata(), [1, 2, 3, 4])
        axes[0].figure.canvas.draw()
        plt.close(axes[0].figure)

    def test_before_training(self):
        with pytest.raises(ValueError, match="no epoch was finished; call fit first"):
            NeuralNetwork(2, [[1, "identity"]], "l2").plot_history()

    def test_without_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
        with pytest.raises(ImportError, match="pip install matplotlib"):
            nn.plot_history({"loss": [1.0]})


def test_the_history_is_a_table():
    import pandas as pd

    X = np.random.default_rng(0).normal(size=(40, 2))
    network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
    table = pd.DataFrame(network.fit(X, X[:, 0] > 0, epochs=4).history_)
    assert table.shape == (4, 2)
    assert network.history_ is network.history
