"""fit(optimizer="lbfgs"): an epoch is an iteration on all samples."""

import sys
from functools import partial

import numpy as np
import pytest

import nn
from nn import LBFGS, Callback, NeuralNetwork
from tensorgrad import CaptureError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = (X[:, 0] * X[:, 1] + 0.3 * RNG.normal(size=60) > 0).astype(int)


def network(dtype=np.float64, **settings):
    layers = [[6, "tanh"], [1, "sigmoid"]]
    return NeuralNetwork(2, layers, "binary_log_loss", seed=0, dtype=dtype, **settings)


def fitted(result=None, *, epochs=6, **settings):
    return (result or network()).fit(X, Y, epochs=epochs, optimizer="lbfgs", **settings)


def weights(result):
    return np.concatenate([p.data.ravel() for p in result.parameters()])


def loss_of(model):
    return nn.binary_log_loss(model(X), Y[:, None].astype(float))


class TestIterations:
    def test_as_the_optimizer_by_itself(self):
        own, losses = network(), []
        optimizer = LBFGS(own.parameters(), 6)
        optimizer.step(lambda: loss_of(own.model), lambda _, loss: losses.append(loss))
        result = fitted()
        np.testing.assert_array_equal(weights(result), weights(own))
        np.testing.assert_allclose(result.history["loss"], losses, rtol=1e-12)
        assert result.history["accuracy"][-1] == result.evaluate(X, Y)["accuracy"]

    @pytest.mark.parametrize(
        "optimizer", ["LBFGS", LBFGS, partial(LBFGS, history_size=10), lambda p, **_: LBFGS(p)]
    )
    def test_by_name_class_and_callable(self, optimizer):
        result = network().fit(X, Y, epochs=6, optimizer=optimizer)
        np.testing.assert_array_equal(weights(result), weights(fitted()))

    def test_by_object(self):
        result = network()
        result.fit(X, Y, epochs=6, optimizer=LBFGS(result.parameters(), max_iter=1))
        np.testing.assert_array_equal(weights(result), weights(fitted()))
        with pytest.raises(ValueError, match="for other parameters"):
            network().fit(X, Y, optimizer=LBFGS(result.parameters()))

    def test_it_ends_when_it_has_converged_and_goes_on_with_another_optimizer(self):
        stops = []

        class Note(Callback):
            def on_fit_end(self, state):
                stops.append(state.stop_reason)

        result = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0, dtype=np.float64)
        fitted(result, epochs=200, callbacks=[Note()])
        epochs = result.epochs_trained
        assert 3 < epochs < 30
        assert "L-BFGS has ended: CONVERGENCE" in stops[0]
        fitted(result, epochs=200)
        assert result.epochs_trained - epochs <= 2
        result.fit(X, Y, epochs=1, optimizer="adam")
        fitted(result, epochs=1)

    def test_parts_of_many_samples_add_up(self, monkeypatch):
        expected = fitted(sample_weight=np.arange(60), l1=1e-3)
        monkeypatch.setattr("nn.full_batch.ROWS_AT_ONCE", 7)
        result = fitted(sample_weight=np.arange(60), l1=1e-3)
        np.testing.assert_allclose(weights(result), weights(expected), rtol=1e-6)

    def test_a_file_that_is_memory_mapped(self, tmp_path):
        np.save(tmp_path / "X.npy", X)
        rows = np.load(tmp_path / "X.npy", mmap_mode="r")
        result = network().fit(rows, Y, epochs=6, optimizer="lbfgs")
        np.testing.assert_array_equal(weights(result), weights(fitted()))

    def test_float32(self):
        result = fitted(network(np.float32), epochs=20)
        assert weights(result).dtype == np.float32
        np.testing.assert_allclose(
            result.history["loss"][:5], fitted().history["loss"][:5], rtol=1e-4
        )

    def test_train_takes_it(self):
        own = network()
        y = Y[:, None].astype(float)
        history = nn.train(own.model, nn.binary_log_loss, LBFGS(own.parameters()), X, y, epochs=6)
        assert history["loss"] == fitted().history["loss"]
        with pytest.raises(ValueError, match="batch_size is 20, and there are 60 samples"):
            nn.train(own.model, nn.binary_log_loss, LBFGS(own.parameters()), X, y, batch_size=20)


class TestWhatGoesWithIt:
    def test_penalty_and_weights_are_part_of_what_is_made_small(self):
        plain, weighted, sparse = fitted(), fitted(class_weight={0: 5}), fitted(l1=0.1)
        assert not np.allclose(weights(plain), weights(weighted), rtol=0.01)
        assert np.abs(weights(sparse)).sum() < np.abs(weights(plain)).sum() / 2
        np.testing.assert_allclose(sparse.history["loss"][-1], loss_of(sparse.model).item())

    def test_validation_early_stopping_and_metrics(self):
        result = fitted(
            epochs=300,
            validation_fraction=0.3,
            early_stopping=nn.EarlyStopping(patience=4),
            metrics=["f1"],
        )
        losses = result.history["validation_loss"]
        assert result.epochs_trained == len(losses) == int(np.argmin(losses)) + 5 < 300
        assert len(result.history["validation_f1"]) == len(losses)
        again = fitted(epochs=int(np.argmin(losses)) + 1, validation_fraction=0.3)
        np.testing.assert_array_equal(weights(result), weights(again))

    def test_moments_of_callbacks(self):
        seen = []

        class Note(Callback):
            def on_epoch_begin(self, state):
                seen.append(("epoch", state.epoch))

            def on_batch_begin(self, state):
                seen.append(("batch", state.step))

            def on_batch_end(self, state):
                loss_of(state.model).backward()
                gradients = [p.grad / 2 for p in state.model.parameters()]
                state.optimizer.zero_grad()
                loss_of(state.model).backward()
                expected = [p.grad for p in state.model.parameters()]
                assert all(map(np.allclose, gradients, expected))
                seen.append(("batch ended", state.step))
                assert state.batch_loss == loss_of(state.model).item()

            def on_epoch_end(self, state):
                seen.append(("epoch ended", state.epoch))

        statistics = nn.ParameterStatistics()
        result = fitted(epochs=2, callbacks=[Note(), statistics])
        one = [("epoch", 0), ("batch", 0), ("batch ended", 1), ("epoch ended", 1)]
        assert seen == one + [(name, number + 1) for name, number in one]
        assert len(result.history["layers.0.weight.gradient_rms"]) == 2

    def test_a_progress_bar(self, capsys):
        fitted(epochs=3, verbose=True)
        assert "3/3" in capsys.readouterr().err

    def test_ctrl_c_keeps_the_latest_iteration(self):
        class Interrupt(Callback):
            def on_epoch_end(self, state):
                if state.epoch == 4:
                    raise KeyboardInterrupt

        result = network()
        with pytest.raises(KeyboardInterrupt, match="training stopped in epoch 5 of 6"):
            fitted(result, callbacks=[Interrupt()])
        np.testing.assert_array_equal(weights(result), weights(fitted(epochs=4)))
        assert result.epochs_trained == 4

    def test_standardize_and_regression(self):
        result = NeuralNetwork(2, [[8, "tanh"], [1, "identity"]], "l2", seed=0, standardize=True)
        target = 1000 * np.sin(X[:, 0]) + 5000
        result.fit(X * [1, 100], target, epochs=100, optimizer="lbfgs")
        assert result.evaluate(X * [1, 100], target)["r2"] > 0.99


class TestWhatDoesNot:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"batch_sz": 20}, "batch_sz is 20, and there are 60 samples: L-BFGS compares"),
            ({"learning_rate": 0.1}, "does not take learning_rate: a line search"),
            ({"weight_decay": 0.1}, "does not take weight_decay: .*l2_penalty"),
            ({"clip_norm": 1.0}, "does not take clip_norm: the line search"),
            ({"schedule": "cosine"}, "leave schedule out"),
            ({"dropout": 0.5}, "leave dropout out"),
            ({"resume": "file"}, "leave resume out"),
            ({"callbacks": [nn.LearningRateLogger()]}, "leave LearningRateLogger out"),
            ({"callbacks": [nn.Checkpoint("run.safetensors")]}, "leave Checkpoint out"),
        ],
    )
    def test_settings_without_a_meaning(self, settings, message):
        result = network()
        before = weights(result)
        with pytest.raises(ValueError, match=message):
            fitted(result, **settings)
        np.testing.assert_array_equal(weights(result), before)
        assert result.epochs_trained == 0

    def test_a_batch_of_all_samples_is_one(self):
        for size in (60, 1000):
            np.testing.assert_array_equal(weights(fitted(batch_sz=size)), weights(fitted()))

    def test_batches_that_come_by_themselves(self):
        with pytest.raises(ValueError, match="the data come as batches; pass arrays"):
            network().fit([(X, Y)], epochs=1, optimizer="lbfgs")

    def test_compiled(self):
        with pytest.raises(CaptureError, match="L-BFGS is not compiled: SciPy decides"):
            fitted(compile="numpy")
        np.testing.assert_array_equal(weights(fitted(compile="auto")), weights(fitted()))

    def test_buffers_that_change(self):
        model = nn.Sequential(
            nn.BatchNorm1d(2, dtype=np.float64), nn.Linear(2, 1, dtype=np.float64)
        )
        with pytest.raises(ValueError, match="running mean of BatchNorm1d"):
            nn.train(model, nn.l2_loss, LBFGS(model.parameters()), X, X[:, :1])

    def test_an_unknown_name_lists_it(self):
        with pytest.raises(ValueError, match="lbfgs"):
            network().fit(X, Y, optimizer="newton")

    def test_without_scipy(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy.optimize", None)
        with pytest.raises(ImportError, match="pip install scipy"):
            fitted()
