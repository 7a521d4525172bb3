"""The rows of the table through compiled training: the figures of training step by step."""

import numpy as np
import pytest

from experiments.tasks import TASKS, Task
from experiments.training import measure
from nn import NeuralNetwork

pytest.importorskip("llvmlite")
pytest.importorskip("scipy")

DOCUMENT = [task for task in TASKS if task.reported is not None]
# The document's figures are of other points, and training scatters: see test_rows.py.
TOLERANCE = {"two_moons_small": 0.03, "multiclass_scale_1.5": 0.02, "sine_regression": 0.0006}

# How far apart two runs of a row are that differ in rounding alone, at most; measured over seeds,
# and far below what the figures vary by from seed to seed.
ROUNDING = {"accuracy": 0.004, "mse": 0.0005}


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def figure(task: Task, epochs: int, **settings: object) -> float:
    data = task.data.draw(np.random.default_rng(0))
    layers = [list(layer) for layer in task.layers]
    network = NeuralNetwork(data.X_train.shape[1], layers, task.loss, seed=0)
    network.fit(
        data.X_train,
        data.y_train,
        batch_sz=task.batch_size,
        epochs=epochs,
        learning_rate=task.learning_rate,
        **settings,
    )
    return measure(network, data.X_test, data.y_test, task.metric)


@pytest.mark.parametrize("task", DOCUMENT, ids=lambda task: task.name)
def test_all_epochs_reach_what_the_document_reports(task: Task) -> None:
    reached, reported = figure(task, task.epochs, compile="llvm"), task.reported.values[1]
    assert reached == pytest.approx(reported, abs=TOLERANCE.get(task.name, 0.006))


@pytest.mark.parametrize("task", DOCUMENT[::3], ids=lambda task: task.name)
def test_few_epochs_give_the_figures_of_training_step_by_step(task: Task) -> None:
    eager, compiled = figure(task, 3), figure(task, 3, compile="llvm")
    assert compiled == pytest.approx(eager, abs=ROUNDING[task.metric])
