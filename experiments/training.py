"""Training one row of the table: the figures, the curves over the epochs, the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.datasets import Dataset
from experiments.tasks import Metric, Task
from nn import NeuralNetwork

__all__ = ["Result", "measure", "number_of_epochs", "train"]

QUICK_EPOCHS = 2


@dataclass(frozen=True)
class Result:
    """What came of training one row.

    Attributes
    ----------
    task : Task
    dataset : Dataset
    network : NeuralNetwork
        Trained.
    epochs : int
        For how many epochs; fewer than the task says in a quick run.
    seconds : float
        Time spent in ``fit``.
    training_figure, test_figure : float
        Accuracy or mean squared error of the trained network.
    loss_curve : list of float
        Mean training loss of each epoch.
    training_curve, test_curve : list of float
        The figures after each epoch.
    """

    task: Task
    dataset: Dataset
    network: NeuralNetwork
    epochs: int
    seconds: float
    training_figure: float
    test_figure: float
    loss_curve: list[float]
    training_curve: list[float]
    test_curve: list[float]


def train(
    task: Task,
    seed: int = 0,
    *,
    quick: bool = False,
    after_epoch: Callable[[], object] = lambda: None,
) -> Result:
    """Draw the data of a row, train its network, and measure it after every epoch.

    Data and network have random streams of their own, both from `seed`: rows with the same
    source of data see the same data, and the same seed gives the same bits.

    Parameters
    ----------
    task : Task
        The row.
    seed : int
        Seed of the data and of the network.
    quick : bool
        Train for two epochs only.
    after_epoch : callable
        Called without arguments after each epoch.

    Returns
    -------
    Result

    Examples
    --------
    >>> from experiments.tasks import TASKS
    >>> result = train(TASKS[0], quick=True)
    >>> result.epochs, len(result.loss_curve), result.test_figure > 0.9
    (2, 2, True)
    """
    data_seed, network_seed = np.random.SeedSequence(seed).spawn(2)
    dataset = task.data.draw(np.random.default_rng(data_seed))
    network = NeuralNetwork(
        dataset.X_train.shape[1],
        [list(layer) for layer in task.layers],
        task.loss,
        seed=int(network_seed.generate_state(1)[0]),
    )
    epochs = number_of_epochs(task, quick=quick)
    seconds = 0.0
    training_curve, test_curve = [], []
    for _ in range(epochs):
        start = time.perf_counter()
        network.fit(
            dataset.X_train,
            dataset.y_train,
            batch_sz=task.batch_size,
            epochs=1,
            learning_rate=task.learning_rate,
        )
        seconds += time.perf_counter() - start
        training_curve.append(measure(network, dataset.X_train, dataset.y_train, task.metric))
        test_curve.append(measure(network, dataset.X_test, dataset.y_test, task.metric))
        after_epoch()
    return Result(
        task,
        dataset,
        network,
        epochs,
        seconds,
        training_curve[-1],
        test_curve[-1],
        network.get_loss_history(),
        training_curve,
        test_curve,
    )


def number_of_epochs(task: Task, *, quick: bool) -> int:
    """For how many epochs `train` trains.

    Examples
    --------
    >>> from experiments.tasks import TASKS
    >>> number_of_epochs(TASKS[0], quick=True)
    2
    """
    return min(task.epochs, QUICK_EPOCHS) if quick else task.epochs


def measure(network: NeuralNetwork, X: ArrayLike, y: NDArray, metric: Metric) -> float:
    """Accuracy, or mean squared error, of a network's predictions.

    Parameters
    ----------
    network : NeuralNetwork
    X : array_like of shape (n, features)
    y : ndarray of shape (n,)
        Class indices, or values.
    metric : {"accuracy", "mse"}

    Returns
    -------
    float

    Examples
    --------
    >>> network = NeuralNetwork(1, [[1, "sigmoid"]], "binary_log_loss", seed=0)
    >>> X = np.array([[-1.0], [1.0]])
    >>> measure(network, X, np.asarray(network.predict(X)), "accuracy")
    1.0
    """
    predictions = np.asarray(network.predict(X))
    if metric == "accuracy":
        return float(np.mean(predictions == y))
    return float(np.mean((predictions - y) ** 2))
