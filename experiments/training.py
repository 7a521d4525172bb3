"""Training one row of the table with one seed: the figures, the time, and the way there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.datasets import Dataset
from experiments.histograms import LayerHistograms, Snapshots
from experiments.tasks import Metric, Task
from nn import Callback, NeuralNetwork, TrainingState, losses
from tensorgrad import no_grad

__all__ = ["Course", "Result", "draw_and_build", "fit", "in_quick_run", "measure", "train"]

QUICK_EPOCHS = 2

LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "binary_log_loss": losses.binary_log_loss,
    "multiclass_log_loss": losses.multiclass_log_loss,
    "l2": losses.l2_loss,
}


@dataclass(frozen=True)
class Course:
    """What was measured after every epoch.

    Attributes
    ----------
    training_loss : list of float
        Mean loss over the training points of an epoch, while the parameters changed.
    test_loss : list of float
        Mean loss over the test points, after the epoch.
    training_figure, test_figure : list of float
        Accuracies or mean squared errors, after the epoch.
    histograms : list of LayerHistograms
        Weights and their gradients, one entry for each layer.
    """

    training_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    training_figure: list[float] = field(default_factory=list)
    test_figure: list[float] = field(default_factory=list)
    histograms: list[LayerHistograms] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What came of training one row.

    Attributes
    ----------
    task : Task
        With as many epochs as it was trained for.
    seed : int
    dataset : Dataset
    network : NeuralNetwork
        Trained.
    seconds : float
        Time on one core spent in ``fit``, without what was measured on the way.
    training_figure, test_figure : float
        Accuracy or mean squared error of the trained network.
    course : Course or None
        How it came to that, if this was asked for.
    """

    task: Task
    seed: int
    dataset: Dataset
    network: NeuralNetwork
    seconds: float
    training_figure: float
    test_figure: float
    course: Course | None = None


def train(task: Task, seed: int = 0, *, watch: bool = False) -> Result:
    """Draw the data of a row, train its network, and measure it.

    Data and network have random streams of their own, both from `seed`: rows with the same
    source of data see the same data, and the same seed gives the same bits, watched or not.

    Parameters
    ----------
    task : Task
        The row.
    seed : int
        Seed of the data and of the network.
    watch : bool
        Measure after every epoch, for the pictures of the training.

    Returns
    -------
    Result

    Examples
    --------
    >>> from experiments.tasks import task_named
    >>> result = train(in_quick_run(task_named("binary_gaussians")), watch=True)
    >>> len(result.course.training_loss), result.test_figure > 0.9
    (2, True)
    """
    dataset, network = draw_and_build(task, seed)
    watcher = _Watcher(task, dataset) if watch else None
    start = time.process_time()
    fit(task, network, dataset, callbacks=[] if watcher is None else [watcher])
    seconds = time.process_time() - start
    return Result(
        task,
        seed,
        dataset,
        network,
        seconds if watcher is None else seconds - watcher.seconds,
        measure(network, dataset.X_train, dataset.y_train, task.metric),
        measure(network, dataset.X_test, dataset.y_test, task.metric),
        None if watcher is None else watcher.course(network),
    )


def draw_and_build(task: Task, seed: int) -> tuple[Dataset, NeuralNetwork]:
    """The data of a row, and its network before the training."""
    data_seed, network_seed = np.random.SeedSequence(seed).spawn(2)
    dataset = task.data.draw(np.random.default_rng(data_seed))
    network = NeuralNetwork(
        dataset.X_train.shape[1],
        [list(layer) for layer in task.layers],
        task.loss,
        seed=int(network_seed.generate_state(1)[0]),
    )
    return dataset, network


def fit(
    task: Task, network: NeuralNetwork, dataset: Dataset, *, callbacks: Sequence[Callback] = ()
) -> None:
    """Train a network with the settings of a row."""
    network.fit(
        dataset.X_train,
        dataset.y_train,
        batch_sz=task.batch_size,
        epochs=task.epochs,
        learning_rate=task.learning_rate,
        optimizer=task.optimizer,
        schedule=task.schedule,
        callbacks=callbacks,
        compile="auto",
    )


def in_quick_run(task: Task) -> Task:
    """The same row with two epochs, which is enough to see that everything works.

    Examples
    --------
    >>> from experiments.tasks import TASKS
    >>> in_quick_run(TASKS[0]).epochs
    2
    """
    return replace(task, epochs=min(task.epochs, QUICK_EPOCHS))


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


class _Watcher(Callback):
    """Measures a network after every epoch of its training, and how long that takes."""

    def __init__(self, task: Task, dataset: Dataset) -> None:
        self.seconds = 0.0
        self._task = task
        self._dataset = dataset
        self._loss = LOSSES[task.loss]
        self._course = Course()
        self._snapshots = Snapshots()

    def on_epoch_end(self, state: TrainingState) -> None:
        """Append to every list."""
        start = time.process_time()
        network, dataset, metric = state.network, self._dataset, self._task.metric
        assert network is not None
        course = self._course
        course.training_figure.append(measure(network, dataset.X_train, dataset.y_train, metric))
        course.test_figure.append(measure(network, dataset.X_test, dataset.y_test, metric))
        course.test_loss.append(self._test_loss(network))
        self._snapshots.take(network.model, self._loss, dataset)
        self.seconds += time.process_time() - start

    def course(self, network: NeuralNetwork) -> Course:
        """Everything, after the training."""
        return replace(
            self._course,
            training_loss=network.get_loss_history(),
            histograms=self._snapshots.histograms(),
        )

    def _test_loss(self, network: NeuralNetwork) -> float:
        X = self._dataset.X_test.astype(network.dtype)
        with no_grad():
            return float(self._loss(network.model(X), self._dataset.y_test).item())
