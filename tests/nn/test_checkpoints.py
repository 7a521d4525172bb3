"""Training that was interrupted, or killed, gives the bits of training that was not."""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import training_to_resume
from damaged_documents import damaged_document
from training_to_resume import BATCHES, EPOCHS, train

import nn
from nn import (
    SGD,
    Adam,
    Callback,
    Checkpoint,
    EarlyStopping,
    LearningRateLogger,
    Linear,
    ModelFileError,
    Module,
    NeuralNetwork,
    Sequential,
    l2_loss,
)
from nn.files import read_file, write_file
from nn.schedules import Cosine, Warmup

SUPPORT = Path(training_to_resume.__file__).parent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The last checkpoint of training that nothing interrupted, and the trained network."""
    path = tmp_path_factory.mktemp("reference") / "run"
    network = train(path)
    return path.read_bytes(), contents(network)


def contents(network):
    return (
        [p.data.tobytes() for p in network.parameters()],
        {name: np.array(values).tobytes() for name, values in network.history.items()},
        network._rng.bit_generator.state,
    )


# -------------------------------------------------------------------------------- the same bits


@pytest.mark.parametrize("epochs", range(1, EPOCHS + 1))
def test_training_that_stopped_goes_on(path, reference, epochs):
    train(path, epochs)
    resumed = train(path, resume=path)
    assert (path.read_bytes(), contents(resumed)) == reference


def test_it_may_stop_after_each_epoch(path, reference):
    for epochs in range(1, EPOCHS):
        train(path, epochs, resume=path if path.exists() else None)
    network = train(path, EPOCHS, resume=path)
    assert (path.read_bytes(), contents(network)) == reference


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path])}


def test_killed_in_the_middle_of_the_sixth_epoch(path, reference):
    code = f"""
import sys, time
from nn import Callback
from training_to_resume import train

class Wait(Callback):
    def on_batch_end(self, state):
        if state.step == {5 * BATCHES + BATCHES // 2}:
            print("in the middle of the sixth epoch", flush=True)
            time.sleep(60)

train(sys.argv[1], more=[Wait()])
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout.readline().startswith(b"in the middle")
        process.kill()
    if os.name == "posix":
        assert process.returncode == -signal.SIGKILL
    assert NeuralNetwork.load(path).epochs_trained == 5
    resumed = train(path, resume=path)
    assert (path.read_bytes(), contents(resumed)) == reference


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a new interpreter each time would take long")
def test_killed_at_twenty_random_moments(tmp_path):
    result = subprocess.run(
        [sys.executable, SUPPORT / "killed_training.py", tmp_path],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(reports) == 20, result.stderr
    for report in reports:
        assert report["killed"]
        assert report["resumed"], result.stderr
        assert report["same"], report
    assert sum(report["writing"] for report in reports) >= 10
    assert len({report["epochs"] for report in reports}) > 3
    # What was being written stays behind, beside what is whole.
    left = [file for file in tmp_path.iterdir() if file.name.startswith(".saving-")]
    assert 0 < len(left) <= 20


# ------------------------------------------------------------------------------- what it can hold


class Noisy(Module):
    """A layer with random numbers of its own."""

    def __init__(self, rng):
        self.rng = np.random.default_rng(rng)

    def forward(self, x):
        return x * self.rng.normal(1, 0.1, x.shape) if self.training else x


def train_any(path, epochs, resume=None, optimizer=Adam, seed=0, **settings):
    rng = np.random.default_rng(seed)
    model = Sequential(
        Linear(2, 3, rng=rng, dtype=np.float64), Noisy(1), Linear(3, 1, rng=rng, dtype=np.float64)
    )
    X = np.random.default_rng(0).normal(size=(20, 2))
    history = nn.train(
        model,
        l2_loss,
        optimizer(model.parameters(), 0.01, **settings),
        X,
        X[:, :1],
        batch_size=8,
        epochs=epochs,
        rng=np.random.default_rng(2),
        callbacks=[Checkpoint(path)],
        resume=resume,
    )
    return model, history


@pytest.mark.parametrize("optimizer", [SGD, Adam, nn.AdamW, nn.RMSprop, nn.Adagrad])
def test_any_model_with_any_optimizer(tmp_path, path, optimizer):
    settings = {"momentum": 0.9} if optimizer in (SGD, nn.RMSprop) else {}
    whole, history = train_any(tmp_path / "whole", 6, optimizer=optimizer, **settings)
    train_any(path, 3, optimizer=optimizer, **settings)
    resumed, history_resumed = train_any(path, 6, path, optimizer, **settings)
    assert history_resumed == history
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert np.array_equal(one.data, other.data)


def test_a_checkpoint_is_a_saved_network(path, tmp_path):
    network = train(path, 3)
    loaded = NeuralNetwork.load(path)
    assert contents(loaded)[1:] == contents(network)[1:]
    model = nn.load_model(Sequential(Linear(2, 3), nn.Tanh(), Linear(3, 1)), path)
    assert np.array_equal(model.layers[0].weight.data, loaded.parameters()[0].data)
    loaded.save(tmp_path / "without training")
    assert "training" not in read_file(tmp_path / "without training")[1]


def test_early_stopping_is_remembered(path):
    def stopping():
        return EarlyStopping(patience=2, monitor="loss", mode="max")  # the loss falls: stops soon

    def fit(epochs, **options):
        X, y = training_to_resume.data()
        network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
        return network.fit(
            X, y, epochs=epochs, early_stopping=stopping(), callbacks=[Checkpoint(path)], **options
        )

    whole = fit(10)
    assert whole.epochs_trained == 3
    resumed = fit(10, resume=path)  # it had stopped, and there is nothing to add
    assert contents(resumed) == contents(whole)
    fit(1)
    assert contents(fit(10, resume=path)) == contents(whole)


class Marks(Callback):
    """A callback with a state of every kind."""

    def __init__(self):
        self.state = {"count": 0, "best": math.inf, "seen": False, "sums": np.zeros(2)}

    def on_epoch_end(self, state):
        self.state["count"] += 1
        self.state["best"] = min(self.state["best"], state.metrics["loss"])
        self.state["seen"] = True
        self.state["sums"] = self.state["sums"] + 1

    def state_dict(self):
        return dict(self.state)

    def load_state_dict(self, state):
        self.state = dict(state)


@pytest.mark.parametrize("epochs", [1, 4])
def test_callbacks_go_on(path, epochs):
    whole, resumed = Marks(), Marks()
    train(path, 5, more=[whole])
    train(path, epochs, more=[Marks()])
    train(path, 5, path, more=[resumed])
    assert repr(resumed.state) == repr(whole.state)
    assert type(resumed.state["seen"]) is bool


def test_every_few_epochs_and_the_last(path):
    class Watch(Callback):
        def __init__(self):
            self.written = []

        def on_epoch_begin(self, state):
            self.written.append(NeuralNetwork.load(path).epochs_trained if path.exists() else 0)

    X, y = training_to_resume.data()
    watch = Watch()
    network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss")
    network.fit(X, y, epochs=8, callbacks=[watch, Checkpoint(path, every=3)])
    assert watch.written == [0, 0, 0, 3, 3, 3, 6, 6]
    assert NeuralNetwork.load(path).epochs_trained == 8


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(
    "settings",
    [
        {"dropout": 0.2, "schedule": "cosine"},
        {"l1": 1e-3, "validation_fraction": 0.2, "early_stopping": True, "class_weight": {0: 2}},
    ],
)
def test_compiled_training_goes_on(path, backend, settings):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    X, y = training_to_resume.data()
    if "schedule" in settings:
        settings = {**settings, "schedule": Cosine(total_steps=100)}

    def fit(epochs, *more, **options):
        return fresh([[3, "tanh"], [1, "sigmoid"]]).fit(
            *(X, y, 8, epochs),
            optimizer="adam",
            compile=backend,
            callbacks=[LearningRateLogger(), *more],
            **settings,
            **options,
        )

    whole = fit(10)
    fit(5, Checkpoint(path))
    resumed = fit(10, resume=path)
    assert contents(resumed) == contents(whole)
    assert len(resumed.history["learning_rate"]) == 10
    with pytest.raises(ModelFileError, match=f"compile was '{backend}' and is False"):
        fresh([[3, "tanh"], [1, "sigmoid"]]).fit(X, y, 8, 10, optimizer="adam", resume=path)


def test_schedules_of_ones_own_go_on(path):
    X, y = training_to_resume.data()

    schedules = []  # alive all at once, they are at different places in memory

    def fit(epochs, **options):
        schedules.append(Warmup(lambda step: 0.9**step, steps=3))
        return fresh().fit(X, y, epochs=epochs, schedule=schedules[-1], **options)

    whole = fit(6)
    fit(4, callbacks=[Checkpoint(path)])
    assert contents(fit(6, resume=path)) == contents(whole)


def test_standardized_training_goes_on(path):
    X, y = training_to_resume.data()

    def fit(epochs, **options):
        return fresh(standardize=True).fit(5 + 3 * X, y, epochs=epochs, **options)

    whole = fit(6)
    fit(4, callbacks=[Checkpoint(path)])
    resumed = fit(6, resume=path)
    assert contents(resumed) == contents(whole)
    assert np.array_equal(resumed.transform(X), whole.transform(X))


def test_a_later_call_of_fit_can_be_resumed(path):
    X, y = training_to_resume.data()

    def network():
        return NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0).fit(X, y, epochs=2)

    whole = network().fit(X, y, epochs=4)
    network().fit(X, y, epochs=1, callbacks=[Checkpoint(path)])
    resumed = network().fit(X, y, epochs=4, resume=path)
    assert contents(resumed) == contents(whole)
    assert resumed.epochs_trained == 6


# --------------------------------------------------------------------------------- what is refused


def fresh(layers=((1, "sigmoid"),), seed=0, **options):
    return NeuralNetwork(2, layers, "binary_log_loss", seed=seed, **options)


def refused(network, path, message, **options):
    X, y = training_to_resume.data()
    before = contents(network)
    with pytest.raises(ModelFileError, match=message):
        network.fit(X, y, resume=path, **options)
    assert contents(network) == before
    assert network.model.training == fresh().model.training


def test_other_training_is_refused(path):
    X, y = training_to_resume.data()
    fresh().fit(X, y, epochs=2, callbacks=[Checkpoint(path)])
    refused(fresh(), path, r"learning_rate was 0.01 and is 0.1", learning_rate=0.1)
    refused(fresh(seed=1), path, r"seed was 0 and is 1")
    refused(fresh(dtype=np.float64), path, "dtype was 'float32' and is 'float64'")
    refused(fresh([[2, "tanh"], [1, "sigmoid"]]), path, r"layer_spec was .*2, 'tanh'")
    refused(fresh(), path, "batch_sz was 32 and is 8", batch_sz=8)
    refused(fresh(), path, r"dropout was 0.0 and is 0.5", dropout=0.5)
    refused(fresh(), path, r"optimizer was 'SGD' and is 'Adam'", optimizer="adam")
    refused(fresh(), path, r"schedule was None and is 'Cosine\(", schedule="cosine")
    refused(fresh(), path, "columns was .*validation_loss", validation_fraction=0.2)
    refused(fresh(), path, r"callbacks was \[\] and is \['Marks'\]", callbacks=[Marks()])


def test_files_that_are_no_checkpoints(path):
    fresh().save(path)
    refused(fresh(), path, r"a saved model and no checkpoint.*nn.Checkpoint\(path\)")
    nn.save_model(fresh().model, path)
    refused(fresh(), path, "holds 'nn.Module', expected 'nn.NeuralNetwork'")
    with pytest.raises(FileNotFoundError):
        fresh().fit(*training_to_resume.data(), resume=path.with_name("nothing"))
    train_any(path, 1)
    path.write_bytes(path.read_bytes()[:-1])
    refused(fresh(), path, "damaged or cut off")


DAMAGES = {
    "epoch": -1,
    "step": 1.5,
    "numbers": {},
    "random_states": {},
    "history": {"loss": "x"},
    "settings": None,
}


@pytest.mark.parametrize("key", DAMAGES)
def test_a_checksum_does_not_make_it_a_checkpoint(path, key):
    train(path, 2)
    arrays, description = read_file(path)
    description["training"][key] = DAMAGES[key]
    write_file(path, arrays, description)
    with pytest.raises(ModelFileError, match="no checkpoint of this training"):
        train(path, 3, path)


def test_two_hundred_damaged_checkpoints(path, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    train(path, 2)
    arrays, description = read_file(path)
    rng = np.random.default_rng(0)
    refused = 0
    for i in range(200):
        damaged = damaged_document(description["training"], rng)
        file = tmp_path / str(i)
        write_file(file, arrays, {**description, "training": damaged})
        try:
            train(tmp_path / "again", 3, file)
        except (ModelFileError, nn.DivergenceError):
            refused += 1
    assert refused > 100


def test_a_state_that_does_not_fit(path):
    train_any(path, 2)
    arrays, description = read_file(path)
    name = "training/optimizer/state.first_moment"
    assert name in arrays
    write_file(path, {**arrays, name: arrays[name][1:]}, description)
    with pytest.raises(ModelFileError, match=r"state.first_moment has shape"):
        train_any(path, 3, path)


def test_where_it_cannot_be_written(tmp_path):
    network = fresh()
    before = contents(network)
    with pytest.raises(FileNotFoundError, match=r"directory of the checkpoint .* does not exist"):
        network.fit(*training_to_resume.data(), callbacks=[Checkpoint(tmp_path / "no" / "run")])
    assert contents(network) == before
    with pytest.raises(ValueError, match="every is 0"):
        Checkpoint(tmp_path, every=0)
