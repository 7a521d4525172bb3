"""Gradient descent, step by step, so that every step can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.datasets import Synthetic
from experiments.distributions import Distribution, PlanarClasses
from experiments.tasks import task_named
from experiments.training import LOSSES
from nn import SGD, FlatBuffer, NeuralNetwork, Optimizer
from tensorgrad import no_grad

__all__ = ["Problem", "batches", "descend", "distribution_of", "new_problem", "problem_of"]


@dataclass
class Problem:
    """A network, and the points that it is trained on and tested with.

    Attributes
    ----------
    network : NeuralNetwork
    X, X_test : ndarray of shape (n, features)
        In the dtype of the network.
    y, y_test : ndarray of shape (n,)
    buffer : FlatBuffer
        All parameters of the network as one vector.
    """

    network: NeuralNetwork
    X: NDArray
    y: NDArray
    X_test: NDArray
    y_test: NDArray
    buffer: FlatBuffer

    def loss(self) -> float:
        """Mean loss over the training points."""
        with no_grad():
            return float(self._loss(slice(None)).item())

    def gradient(self, rows: NDArray | slice = slice(None)) -> NDArray:
        """Gradient of the mean loss over some of the training points, as one vector."""
        self.network.model.zero_grad()
        self._loss(rows).backward()
        gradient = self.buffer.gradients().copy()
        self.network.model.zero_grad()
        return gradient

    def test_accuracy(self) -> float:
        """Fraction of the test points that are classified rightly."""
        return float(np.mean(self.network.predict(self.X_test) == self.y_test))

    def training_accuracy(self) -> float:
        """Fraction of the training points that are classified rightly."""
        return float(np.mean(self.network.predict(self.X) == self.y))

    def _loss(self, rows: NDArray | slice):  # noqa: ANN202 (an array or a tensor)
        return LOSSES[self.network.loss_func](self.network.model(self.X[rows]), self.y[rows])


def new_problem(
    distribution: Distribution,
    layers: tuple[tuple[int, str], ...],
    *,
    points: int,
    seed: int,
    weights: int | None = None,
    test_points: int = 10_000,
) -> Problem:
    """Draw points, and a network for two classes with its weights at the start.

    Parameters
    ----------
    distribution : Distribution
    layers : tuple of (int, str)
    points, test_points : int
        Sizes of the training and the test set.
    seed : int
        Of the data and, unless that is given, of the weights.
    weights : int, optional
        Seed of the weights at the start.
    """
    data_seed, network_seed = np.random.SeedSequence(seed).spawn(2)
    rng = np.random.default_rng(data_seed)
    X, y = distribution.sample(rng, points)
    X_test, y_test = distribution.sample(rng, test_points)
    if weights is None:
        weights = int(network_seed.generate_state(1)[0])
    network = NeuralNetwork(
        X.shape[1], [list(layer) for layer in layers], "binary_log_loss", seed=weights
    )
    return Problem(
        network,
        X.astype(network.dtype),
        y,
        X_test.astype(network.dtype),
        y_test,
        FlatBuffer(network.parameters()),
    )


def problem_of(row: str, *, points: int, seed: int, weights: int | None = None) -> Problem:
    """The distribution and the network of a row of the table, with as many points as asked.

    Parameters
    ----------
    row : str
        The name of a row with synthetic data of two classes.
    points, seed, weights : int
        As for `new_problem`.
    """
    layers = task_named(row).layers
    return new_problem(distribution_of(row), layers, points=points, seed=seed, weights=weights)


def distribution_of(row: str) -> PlanarClasses:
    """What the data of a row are drawn from."""
    data = task_named(row).data
    assert isinstance(data, Synthetic)
    assert isinstance(data.distribution, PlanarClasses)
    return data.distribution


def batches(rng: np.random.Generator, points: int, size: int, steps: int) -> Iterator[NDArray]:
    """Rows of mini-batches, all of one size, epoch after epoch in a new order."""
    size = min(size, points)
    done = 0
    while done < steps:
        order = rng.permutation(points)
        for start in range(0, points - size + 1, size):
            if done == steps:
                return
            yield order[start : start + size]
            done += 1


def descend(
    problem: Problem,
    steps: int,
    *,
    batch_size: int,
    rng: np.random.Generator,
    optimizer: Optimizer | None = None,
    learning_rate: float = 0.1,
    schedule: Callable[[int], float] | None = None,
    after_step: Callable[[int, float], object] = lambda step, batch_loss: None,
) -> None:
    """Take steps on mini-batches.

    Parameters
    ----------
    problem : Problem
        Its network is trained.
    steps : int
    batch_size : int
    rng : numpy.random.Generator
        Shuffles.
    optimizer : Optimizer, optional
        Over the parameters of the network; plain gradient descent if not given.
    learning_rate : float
        Of plain gradient descent.
    schedule : callable, optional
        Factor of the learning rate in each step.
    after_step : callable
        Called with the number of the step, from 1, and the mean loss of its batch before it.
    """
    parameters = problem.network.parameters()
    optimizer = SGD(parameters, learning_rate) if optimizer is None else optimizer
    problem.buffer = optimizer.buffer
    loss = LOSSES[problem.network.loss_func]
    model, X, y = problem.network.model, problem.X, problem.y
    for step, rows in enumerate(batches(rng, len(X), batch_size, steps), start=1):
        if schedule is not None:
            optimizer.learning_rate_factor = schedule(step - 1)
        optimizer.zero_grad()
        value = loss(model(X[rows]), y[rows])
        value.backward()
        optimizer.step()
        after_step(step, float(value.data))
    optimizer.zero_grad()
