"""How the examples train: plain gradient descent, with steps that become shorter and shorter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Module, train

__all__ = ["descend"]


def descend(
    model: Module,
    loss: Callable[[Any, Any], Any],
    X: NDArray,
    y: NDArray,
    *,
    learning_rate: float,
    epochs: int,
    rng: np.random.Generator,
    batch_size: int = 32,
    after_epoch: Callable[[], object] = lambda: None,
) -> list[float]:
    """Train a model with a learning rate that falls linearly to zero.

    A constant one would leave a small network where the last few batches have pushed it.

    Parameters
    ----------
    model : Module
    loss : callable
        From the outputs and targets of a batch to their mean loss.
    X, y : ndarray
        Inputs and targets, one row for each sample.
    learning_rate : float
        In the first epoch.
    epochs : int
        Passes through the data.
    rng : numpy.random.Generator
        Shuffles the data in each epoch.
    batch_size : int
        Samples in a batch.
    after_epoch : callable
        Called without arguments after each epoch.

    Returns
    -------
    list of float
        Mean loss of each epoch.

    Examples
    --------
    >>> from nn import Linear, l2_loss
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2)).astype(np.float32)
    >>> losses = descend(Linear(2, 1), l2_loss, X, X @ [2, 3], learning_rate=0.2, epochs=5, rng=rng)
    >>> losses[0] > 1000 * losses[-1]
    True
    """
    optimizer = SGD(model.parameters(), learning_rate)
    history: dict[str, list[float]] = {}
    for epoch in range(epochs):
        optimizer.learning_rate = learning_rate * (1 - epoch / epochs)
        train(model, loss, optimizer, X, y, batch_size=batch_size, rng=rng, history=history)
        after_epoch()
    return history["loss"]
