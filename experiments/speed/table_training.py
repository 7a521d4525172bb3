"""The whole benchmark table trained, by `NeuralNetwork.fit` and by other libraries.

Every contender trains every row: the same data, widths, activations, epochs, batches and learning
rates, with plain gradient descent. (scikit-learn has no GELU; it takes its ReLU there, which is
cheaper.) Each runs in a process of its own, which imports its library before the clock starts;
what `fit` imports when it compiles counts. A cold cache is an empty directory for machine code, a
warm one is that of the run before.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from experiments.datasets import Dataset
from experiments.speed.processes import environment
from experiments.tasks import TASKS, Task

__all__ = ["CONTENDERS", "TableTimes", "measure_table"]


class TableTimes(NamedTuple):
    """What one contender took.

    Attributes
    ----------
    name : str
    rows : dict of str to list of float
        For each row of the table the seconds of each round.
    """

    name: str
    rows: dict[str, list[float]]

    @property
    def total(self) -> float:
        """Seconds for the table: the sum over the rows of the medians over the rounds."""
        return sum(statistics.median(seconds) for seconds in self.rows.values())


def measure_table(
    rounds: int, *, progress: Callable[[str], None] = lambda name: None
) -> list[TableTimes]:
    """Train the table with every contender that is installed, in turn, several times.

    Parameters
    ----------
    rounds : int
    progress : callable
        Told the name of each contender before it begins.

    Returns
    -------
    list of TableTimes
    """
    found: dict[str, TableTimes] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for name, contender in CONTENDERS.items():
                if contender.requires and importlib.util.find_spec(contender.requires) is None:
                    continue
                progress(name)
                times = found.setdefault(name, TableTimes(name, {}))
                for row, seconds in _in_a_process(name, cache).items():
                    times.rows.setdefault(row, []).append(seconds)
    return list(found.values())


def _in_a_process(name: str, cache: str) -> dict[str, float]:
    completed = subprocess.run(
        [sys.executable, "-m", __name__, name],
        capture_output=True,
        check=True,
        text=True,
        env={**environment(), "TENSORGRAD_CACHE_DIR": cache},
    )
    return json.loads(completed.stdout.splitlines()[-1])


# --------------------------------------------------------------------------------- contenders


def _fit(task: Task, data: Dataset, **settings: Any) -> Callable[[], object]:
    nn = importlib.import_module("nn")
    layers = [list(layer) for layer in task.layers]
    network = nn.NeuralNetwork(data.X_train.shape[1], layers, task.loss, seed=0)
    return lambda: network.fit(
        data.X_train,
        data.y_train,
        batch_sz=task.batch_size,
        epochs=task.epochs,
        learning_rate=task.learning_rate,
        **settings,
    )


def _scikit_learn(task: Task, data: Dataset) -> Callable[[], object]:
    neural_network = importlib.import_module("sklearn.neural_network")
    activations = {"ReLU": "relu", "tanh": "tanh", "GeLU": "relu"}
    kind = neural_network.MLPRegressor if task.loss == "l2" else neural_network.MLPClassifier
    model = kind(
        hidden_layer_sizes=[width for width, _ in task.layers[:-1]],
        activation=activations[task.layers[0][1]],
        solver="sgd",
        alpha=0.0,
        batch_size=task.batch_size,
        learning_rate_init=task.learning_rate,
        max_iter=task.epochs,
        momentum=0.0,
        nesterovs_momentum=False,
        tol=0.0,
        n_iter_no_change=task.epochs + 1,
        random_state=0,
    )
    X = np.asarray(data.X_train, np.float32)
    return lambda: model.fit(X, data.y_train)


def _pytorch(task: Task, data: Dataset) -> Callable[[], object]:
    torch = importlib.import_module("torch")
    torch.manual_seed(0)
    layers, width = [], data.X_train.shape[1]
    kinds = {"ReLU": torch.nn.ReLU, "tanh": torch.nn.Tanh, "GeLU": torch.nn.GELU}
    for outputs, activation in task.layers:
        layers.append(torch.nn.Linear(width, outputs))
        width = outputs
        if activation in kinds:
            layers.append(kinds[activation]())
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=task.learning_rate)
    loss_function = {
        "binary_log_loss": torch.nn.BCEWithLogitsLoss,
        "multiclass_log_loss": torch.nn.CrossEntropyLoss,
        "l2": torch.nn.MSELoss,
    }[task.loss]()
    X = torch.from_numpy(np.asarray(data.X_train, np.float32))
    y = torch.from_numpy(np.asarray(data.y_train))
    y = y.long() if task.loss == "multiclass_log_loss" else y.float().reshape(-1, 1)

    def train() -> None:
        for _ in range(task.epochs):
            order = torch.randperm(len(X))
            inputs, targets, total = X[order], y[order], 0.0
            for start in range(0, len(X), task.batch_size):
                rows = slice(start, start + task.batch_size)
                optimizer.zero_grad()
                loss = loss_function(model(inputs[rows]), targets[rows])
                loss.backward()
                optimizer.step()
                total += loss.item() * len(inputs[rows])

    return train


class Contender(NamedTuple):
    """What trains a row: from the row and its data to a function that does it."""

    prepare: Callable[..., Callable[[], object]]
    settings: dict[str, Any]
    requires: str = ""


CONTENDERS: dict[str, Contender] = {
    "scikit-learn MLP": Contender(_scikit_learn, {}, "sklearn"),
    "PyTorch": Contender(_pytorch, {}, "torch"),
    "fit": Contender(_fit, {}),
    "fit, compile='numpy'": Contender(_fit, {"compile": "numpy"}),
    # The two share a cache, which is empty for the first.
    "fit, compile='auto', cold cache": Contender(_fit, {"compile": "auto"}),
    "fit, compile='auto', warm cache": Contender(_fit, {"compile": "auto"}),
}


def _main(name: str) -> None:
    contender = CONTENDERS[name]
    warnings.simplefilter("ignore")  # scikit-learn warns that it did not converge
    if contender.requires:
        importlib.import_module(contender.requires)
    seconds = {}
    for task in TASKS:
        data = task.data.draw(np.random.default_rng(0))
        train = contender.prepare(task, data, **contender.settings)
        begin = time.perf_counter()
        train()
        seconds[task.name] = time.perf_counter() - begin
    print(json.dumps(seconds))


if __name__ == "__main__":
    _main(sys.argv[1])
