"""The same networks in other libraries: same layers, data, budget, optimizer and learning rate.

Each library starts from weights of its own, which it draws as it does by default, and shuffles by
its own generator. The training is timed; next to it, in the same process and on the same core, so
is ours.
"""

from __future__ import annotations

import importlib.util
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.datasets import Dataset
from experiments.tasks import Task
from experiments.training import draw_and_build, fit

__all__ = ["PEERS", "available_peers", "train_peers"]

Predict = Callable[[NDArray], NDArray]

SKLEARN_ACTIVATIONS = {
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "logistic",
    "identity": "identity",
}


class Library(NamedTuple):
    """Another library.

    Attributes
    ----------
    module : str
        What is imported.
    can_train : callable
        Whether it has what a task asks for.
    train : callable
        ``train(task, dataset, seed)`` trains, and returns what predicts classes or values.
    step : float
        About how many milliseconds a step on a small network takes.
    """

    module: str
    can_train: Callable[[Task], bool]
    train: Callable[[Task, Dataset, int], Predict]
    step: float


def available_peers(task: Task) -> list[str]:
    """Names of the libraries that are installed and have all that a task needs."""
    return [
        name
        for name, library in PEERS.items()
        if importlib.util.find_spec(library.module) is not None and library.can_train(task)
    ]


def train_peers(task: Task, seed: int) -> dict[str, Any]:
    """Train a row with every library that can, and with ours, one after the other.

    Returns
    -------
    dict
        ``seed``, ``our_seconds``, and for each library ``training``, ``test`` and ``seconds``.
    """
    dataset, network = draw_and_build(task, seed)
    names = available_peers(task)
    # What is done once for all trainings, importing above all, is not part of any.
    for name in names:
        PEERS[name].train(replace(task, epochs=1), dataset, seed)
    _, our_seconds = _timed(lambda: fit(task, network, dataset))
    record: dict[str, Any] = {"seed": seed, "our_seconds": our_seconds}
    for name in names:
        train = PEERS[name].train
        predict, seconds = _timed(lambda train=train: train(task, dataset, seed))
        record[name] = {
            "training": _figure(task, predict(dataset.X_train), dataset.y_train),
            "test": _figure(task, predict(dataset.X_test), dataset.y_test),
            "seconds": seconds,
        }
    return record


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def _figure(task: Task, predictions: NDArray, y: NDArray) -> float:
    if task.metric == "accuracy":
        return float(np.mean(predictions == y))
    return float(np.mean((predictions - y) ** 2))


def _sklearn_can(task: Task) -> bool:
    hidden = {activation.lower() for _, activation in task.layers[:-1]}
    return task.schedule is None and len(hidden) == 1 and hidden <= SKLEARN_ACTIVATIONS.keys()


def _train_sklearn(task: Task, dataset: Dataset, seed: int) -> Predict:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    is_regression = task.loss == "l2"
    # Its loss is half the squared error, so its gradient is half of ours. Adam does not care.
    factor = 2 if is_regression and task.optimizer == "sgd" else 1
    make: Any = MLPRegressor if is_regression else MLPClassifier
    model = make(
        hidden_layer_sizes=[width for width, _ in task.layers[:-1]],
        activation=SKLEARN_ACTIVATIONS[task.layers[0][1].lower()],
        solver=task.optimizer,
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=task.batch_size,
        learning_rate_init=factor * task.learning_rate,
        max_iter=task.epochs,
        # Neither tolerance nor patience ends the training early.
        tol=0.0,
        n_iter_no_change=task.epochs + 1,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the budget is what ends it
        model.fit(dataset.X_train.astype(np.float32), dataset.y_train)
    return lambda X: np.asarray(model.predict(X.astype(np.float32)))


def _torch_can(task: Task) -> bool:
    return True


def _train_torch(task: Task, dataset: Dataset, seed: int) -> Predict:
    torch: Any = importlib.import_module("torch")

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = _torch_model(task, dataset.X_train.shape[1])
    loss_function = {
        "binary_log_loss": torch.nn.BCEWithLogitsLoss,
        "multiclass_log_loss": torch.nn.CrossEntropyLoss,
        "l2": torch.nn.MSELoss,
    }[task.loss]()
    make_optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[task.optimizer]
    optimizer = make_optimizer(model.parameters(), lr=task.learning_rate)
    steps = task.epochs * math.ceil(len(dataset.X_train) / task.batch_size)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps) if task.schedule else None
    X = torch.as_tensor(dataset.X_train, dtype=torch.float32)
    y = torch.as_tensor(dataset.y_train)
    if task.loss != "multiclass_log_loss":
        y = y.float()[:, None]
    for _ in range(task.epochs):
        for rows in torch.randperm(len(X)).split(task.batch_size):
            optimizer.zero_grad()
            loss_function(model(X[rows]), y[rows]).backward()
            optimizer.step()
            if decay is not None:
                decay.step()

    def predict(inputs: NDArray) -> NDArray:
        with torch.no_grad():
            outputs = model(torch.as_tensor(inputs, dtype=torch.float32)).numpy()
        if task.loss == "multiclass_log_loss":
            return outputs.argmax(axis=1)
        return outputs[:, 0] > 0 if task.loss == "binary_log_loss" else outputs[:, 0]

    return predict


def _torch_model(task: Task, features: int) -> Any:
    torch: Any = importlib.import_module("torch")

    activations = {
        "relu": torch.nn.ReLU,
        "tanh": torch.nn.Tanh,
        "sigmoid": torch.nn.Sigmoid,
        "gelu": torch.nn.GELU,
        "identity": torch.nn.Identity,
    }
    modules: list[Any] = []
    for width, activation in task.layers:
        modules.append(torch.nn.Linear(features, width))
        # The loss takes logits: the activation of the output is part of it.
        if len(modules) < 2 * len(task.layers) - 1:
            modules.append(activations[activation.lower()]())
        features = width
    return torch.nn.Sequential(*modules)


PEERS: dict[str, Library] = {
    "scikit-learn": Library("sklearn", _sklearn_can, _train_sklearn, step=0.13),
    "PyTorch": Library("torch", _torch_can, _train_torch, step=0.2),
}
"""The libraries, in the order of the table."""
