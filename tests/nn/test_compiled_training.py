"""fit(compile=...): the results of training step by step, in fewer calls."""

import pickle

import numpy as np
import pytest

import nn
import nn.update_rules
from nn import NeuralNetwork, compiled_training
from nn.compiled_training import compiled_epoch
from tensorgrad import CaptureError
from tensorgrad.compiler import backends

pytest.importorskip("llvmlite")
pytest.importorskip("scipy")

SPECS = {
    "binary_log_loss": [[5, "tanh"], [4, "GeLU"], [1, "sigmoid"]],
    "multiclass_log_loss": [[5, "ReLU"], [3, "softmax"]],
    "l2": [[5, "sigmoid"], [1, "identity"]],
}
TOLERANCE = {"numpy": 1e-6, "llvm": 1e-4}


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def data(loss, n=103):
    X = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    y = {
        "binary_log_loss": X[:, 0] * X[:, 1] > 0,
        "multiclass_log_loss": (X[:, 0] > 0).astype(int) + (X[:, 1] > 0),
        "l2": X[:, 0] ** 2,
    }[loss]
    return X, y


def network(loss="binary_log_loss", **settings):
    return NeuralNetwork(2, SPECS[loss], loss, seed=0, **settings)


def assert_same(one, other, tolerance):
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=tolerance, atol=tolerance)
    assert one.history.keys() == other.history.keys()
    for name, column in one.history.items():
        np.testing.assert_allclose(column, other.history[name], rtol=tolerance, atol=tolerance)
    for name, array in one._optimizer.state.items():
        np.testing.assert_allclose(
            array, other._optimizer.state[name], rtol=tolerance, atol=tolerance
        )
    assert one._rng.bit_generator.state == other._rng.bit_generator.state


SETTINGS = [
    {},
    {"optimizer": "adam", "schedule": "cosine", "weight_decay": 0.01},
    {"dropout": 0.3, "l1": 1e-3, "clip_norm": 0.5},
    {"optimizer": "rmsprop", "sample_weight": np.arange(103.0), "validation_fraction": 0.2},
    {"shuffle": False, "batch_sz": 200},
]


# Machine code, which takes a second to make, is for every loss and all settings, but not all pairs.
CASES = [
    (loss, settings, backend)
    for i, loss in enumerate(SPECS)
    for j, settings in enumerate(SETTINGS)
    for backend in ("numpy", *(["llvm"] if (i + j) % 3 == 0 else []))
]


@pytest.mark.parametrize(("loss", "settings", "backend"), CASES)
def test_the_results_of_training_step_by_step(loss, settings, backend):
    X, y = data(loss)
    settings = {"batch_sz": 16, "epochs": 3, "learning_rate": 0.05, **settings}
    eager = network(loss).fit(X, y, **settings)
    compiled = network(loss).fit(X, y, **settings, compile=backend)
    assert_same(compiled, eager, TOLERANCE[backend])


def test_batch_norm_and_parameter_groups():
    X, y = data("l2")

    def trained(**settings):
        net = network("l2", dtype=np.float64)
        net.model.layers.insert(1, nn.BatchNorm1d(5, dtype=np.float64))
        weights = [p for p in net.parameters() if p.ndim > 1]
        others = [p for p in net.parameters() if p.ndim == 1]
        groups = [
            {"parameters": weights, "weight_decay": 0.1},
            {"parameters": others, "learning_rate": 0.01},
        ]
        net.fit(X, y, 16, 3, optimizer=nn.SGD(groups, 0.05, momentum=0.9), **settings)
        return net, [buffer.data for _, buffer in net.model.named_buffers()]

    eager, buffers = trained()
    compiled, same_buffers = trained(compile="llvm")
    assert_same(compiled, eager, 1e-10)
    for one, other in zip(same_buffers, buffers, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


def test_parameters_without_a_gradient_stay_as_they_are():
    X, y = data("l2")

    def trained(**settings):
        net = network("l2")
        net.model.layers[0].spare = nn.Parameter(np.ones(2, np.float32))
        net.model.layers[2].bias.requires_grad = False
        return net.fit(X, y, 16, 2, optimizer=nn.AdamW(net.parameters(), 0.01), **settings)

    eager, compiled = trained(), trained(compile="numpy")
    assert_same(compiled, eager, 1e-6)
    assert (compiled.model.layers[0].spare.data == 1).all()
    assert eager._optimizer.state["step"].tolist() == [14, 14, 0, 14, 0]
    for net in (eager, compiled):  # one parameter joins in later
        net.model.layers[2].bias.requires_grad = True
    settings = {"optimizer": eager._optimizer, "batch_sz": 16, "epochs": 2}
    eager.fit(X, y, **settings)
    compiled.fit(X, y, **{**settings, "optimizer": compiled._optimizer}, compile="numpy")
    assert_same(compiled, eager, 1e-6)
    assert compiled._optimizer.state["step"].tolist() == [28, 28, 0, 28, 14]


def test_called_again_it_goes_on_with_what_was_compiled():
    X, y = data("l2")
    eager, compiled = network("l2"), network("l2")
    for rate in (0.1, 0.05):
        eager.fit(X, y, 16, 2, rate)
        compiled.fit(X, y, 16, 2, rate, compile="numpy")
        steps = compiled._compiled_epoch._steps
    assert_same(compiled, eager, 1e-6)
    compiled.fit(X, y, 16, 1, 0.2, compile="numpy")
    assert compiled._compiled_epoch._steps is steps
    compiled.fit(X, y, 16, 1, clip_norm=1.0, compile="numpy")
    assert compiled._compiled_epoch._steps is not steps
    assert pickle.loads(pickle.dumps(compiled))._compiled_epoch is None


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_partial_fit_with_callbacks(backend):
    class Losses(nn.Callback):
        def __init__(self):
            self.seen = []

        def on_epoch_end(self, state):
            self.seen.append((state.epoch, state.step, state.metrics["loss"], state.batch_loss))

    X, y = data("l2")
    eager, compiled, notes = network("l2"), network("l2"), (Losses(), Losses())
    for part in (slice(0, 40), slice(40, 80), slice(40, 80)):
        for net, note, compile in zip((eager, compiled), notes, (False, backend), strict=True):
            net.partial_fit(
                *(X[part], y[part], 16),
                optimizer="adam",
                sample_weight=1 + np.abs(y[part]),
                callbacks=[note, nn.LearningRateLogger()],
                compile=compile,
            )
    assert_same(compiled, eager, TOLERANCE[backend])
    np.testing.assert_allclose(notes[1].seen, notes[0].seen, rtol=TOLERANCE[backend])
    assert compiled.history["learning_rate"] == eager.history["learning_rate"] == [0.01] * 3


def test_divergence():
    X, y = data("l2")
    messages = []
    for compile in (False, "numpy", "llvm"):
        net = network("l2")
        with pytest.raises(nn.DivergenceError) as caught:
            net.fit(1e3 * X, 1e3 * y, 16, 10, learning_rate=1e3, compile=compile)
        messages.append(str(caught.value))
        assert all(np.isfinite(p.data).all() for p in net.parameters())
    assert len(set(messages)) == 1


class TestAuto:
    def test_few_steps_change_no_bit(self):
        X, y = data("l2")
        one, other = network("l2").fit(X, y), network("l2").fit(X, y, compile="auto")
        assert one.history == other.history
        assert other._compiled_epoch is None

    def test_what_it_chooses(self, monkeypatch):
        steps = compiled_training.STEPS_FOR_REPLAY, compiled_training.STEPS_FOR_MACHINE_CODE
        assert compiled_epoch("auto", steps[0] - 1) is None
        assert compiled_epoch("auto", steps[0]).backend == "numpy"
        assert compiled_epoch("auto", steps[1]).backend == "llvm"
        monkeypatch.setattr(backends, "find_spec", lambda name: None)
        assert compiled_epoch("auto", steps[1]).backend == "numpy"
        assert compiled_epoch(True, 1).backend == "numpy"

    def test_it_says_what_it_does(self, capsys):
        X, y = data("l2")
        for compile in ("numpy", "auto"):
            network("l2").fit(X, y, epochs=1, compile=compile, verbose=True)
        text = capsys.readouterr().err
        assert "training is compiled, with the backend 'numpy'" in text
        assert "not compiled, for so few steps" in text

    def test_what_cannot_be_recorded_is_trained_step_by_step(self, monkeypatch, capsys):
        monkeypatch.setattr(compiled_training, "STEPS_FOR_REPLAY", 1)
        X, y = data("l2")

        def branching(x):
            return x if x.data.sum() > 0 else 2 * x

        def trained(**settings):
            net = network("l2")
            net.model.layers.insert(1, branching)
            return net.fit(X, y, epochs=2, **settings)

        one, other = trained(), trained(compile="auto", verbose=True)
        assert one.history == other.history
        assert "not compiled: the function looks at the values" in capsys.readouterr().err
        with pytest.raises(CaptureError, match=r"test_compiled_training\.py:\d+: return x if"):
            trained(compile="llvm")

    def test_callbacks_on_batches(self, monkeypatch, capsys):
        class Watching(nn.Callback):
            seen = 0

            def on_batch_end(self, state):
                self.seen += 1

        monkeypatch.setattr(compiled_training, "STEPS_FOR_REPLAY", 1)
        X, y = data("l2")
        watching, net = Watching(), network("l2")
        before = [p.data.copy() for p in net.parameters()]
        with pytest.raises(CaptureError, match="Watching is called for every batch"):
            net.fit(X, y, callbacks=[watching], compile=True)
        assert not watching.seen
        assert all((p.data == b).all() for p, b in zip(net.parameters(), before, strict=True))
        net.fit(X, y, 32, 2, callbacks=[watching], compile="auto", verbose=True)
        assert watching.seen == 8
        assert "Watching is called for every batch" in capsys.readouterr().err

    def test_an_optimizer_with_a_step_of_its_own(self):
        class Halving(nn.Optimizer):
            def step(self):
                self.buffer.assign(0.5 * self.buffer.values)

        X, y = data("l2")
        net = network("l2")
        own = Halving(net.parameters(), 0.1, nn.update_rules.SGDRule())
        with pytest.raises(CaptureError, match=r"Halving has a step\(\) of its own"):
            net.fit(X, y, optimizer=own, compile=True)

    def test_bad_input(self):
        X, y = data("l2")
        with pytest.raises(TypeError, match="expected True, False or one of 'auto'"):
            network("l2").fit(X, y, compile=1)
        with pytest.raises(ValueError, match="compile"):
            network("l2").fit(X, y, compile="fortran")


def test_nn_train():
    X, y = data("l2")
    y = y[:, None].astype(np.float32)
    results = []
    for compile in (False, "numpy"):
        model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))
        optimizer = nn.Adam(model.parameters(), 0.01)
        rng = np.random.default_rng(0)
        history = nn.train(
            model, nn.huber_loss, optimizer, X, y, epochs=3, rng=rng, compile=compile
        )
        results.append((history["loss"], optimizer.buffer.copy()))
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-6)
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-5)
