"""Layer normalization, and deep networks that learn with it whatever their starting weights.

It is written out here as a user would write it; the package's own is :class:`nn.LayerNorm`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from experiments.custom_layers.descent import descend
from experiments.datasets import digits
from nn import Linear, Module, Parameter, Sequential, Tanh, multiclass_log_loss
from nn.initializers import xavier_uniform

__all__ = ["LayerNorm", "Result", "deep_network", "number_of_epochs", "run"]

DEPTH, WIDTH = 10, 32
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
SEEDS = 3
EPOCHS, QUICK_EPOCHS = 5, 1
LEARNING_RATE = 0.1


class LayerNorm(Module):
    """Rows of mean 0 and variance 1, times a gain, plus a bias (Ba et al. 2016).

    Parameters
    ----------
    width : int
        Length of the last axis of the input.
    epsilon : float
        Added to the variance, so that constant rows give finite results.
    dtype : dtype
        Floating dtype of the parameters.

    Attributes
    ----------
    gain, bias : Parameter
        Of shape (width,); ones and zeros to begin with.

    Examples
    --------
    >>> LayerNorm(3)(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]], np.float32)).data.round(3)
    array([[-1.225,  0.   ,  1.225],
           [-1.225,  0.   ,  1.225]], dtype=float32)
    """

    def __init__(self, width: int, epsilon: float = 1e-5, *, dtype: DTypeLike = np.float32) -> None:
        self.epsilon = epsilon
        self.gain = Parameter(np.ones(width, dtype))
        self.bias = Parameter(np.zeros(width, dtype))

    def forward(self, x: Any) -> Any:
        """Normalize over the last axis."""
        deviation = x - np.mean(x, axis=-1, keepdims=True)
        variance = np.mean(deviation**2, axis=-1, keepdims=True)
        return self.gain * deviation / np.sqrt(variance + self.epsilon) + self.bias


def deep_network(
    *, normalized: bool, scale: float, inputs: int, classes: int, rng: np.random.Generator
) -> Sequential:
    """Ten layers of 32 tanh, with or without layer normalization before each tanh.

    Parameters
    ----------
    normalized : bool
        Whether there is layer normalization.
    scale : float
        Starting weights of the hidden layers, relative to those of Glorot & Bengio (2010).
    inputs, classes : int
        Widths of input and output.
    rng : numpy.random.Generator
        Draws the starting weights.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> len(deep_network(normalized=True, scale=1.0, inputs=64, classes=10, rng=rng))
    31
    """

    def scaled(shape: tuple[int, int], rng: np.random.Generator) -> NDArray:
        return scale * xavier_uniform(shape, rng)

    layers: list[Module] = []
    for width_before in [inputs] + (DEPTH - 1) * [WIDTH]:
        layers.append(Linear(width_before, WIDTH, initializer=scaled, rng=rng))
        if normalized:
            layers.append(LayerNorm(WIDTH))
        layers.append(Tanh())
    return Sequential(*layers, Linear(WIDTH, classes, rng=rng))


@dataclass(frozen=True)
class Result:
    """Losses and accuracies of deep networks with and without layer normalization.

    Attributes
    ----------
    scales : tuple of float
        Of the starting weights.
    losses : dict of bool to ndarray of shape (scales, seeds, epochs)
        Mean training loss of each epoch; the key says whether there was layer normalization.
    accuracies : dict of bool to ndarray of shape (scales, seeds)
        Of the trained networks, on test data.
    """

    scales: tuple[float, ...]
    losses: dict[bool, NDArray]
    accuracies: dict[bool, NDArray]


def number_of_epochs(*, quick: bool) -> int:
    """How many epochs `run` trains for in total."""
    return 2 * len(_scales(quick)) * _seeds(quick) * (QUICK_EPOCHS if quick else EPOCHS)


def run(
    seed: int = 0, *, quick: bool = False, after_epoch: Callable[[], object] = lambda: None
) -> Result:
    """Train deep networks on scikit-learn's digits, from starting weights of several sizes.

    Each pair of networks, with and without layer normalization, sees the same data in the same
    order.

    Parameters
    ----------
    seed : int
        Of data and networks.
    quick : bool
        One seed, two scales and one epoch.
    after_epoch : callable
        Called without arguments after each epoch.

    Returns
    -------
    Result
    """
    scales, seeds = _scales(quick), _seeds(quick)
    epochs = QUICK_EPOCHS if quick else EPOCHS
    losses = {normalized: np.empty((len(scales), seeds, epochs)) for normalized in (False, True)}
    accuracies = {normalized: np.empty((len(scales), seeds)) for normalized in (False, True)}
    for number in range(seeds):
        data = digits(np.random.default_rng([seed, number]))
        X_train, X_test = data.X_train.astype(np.float32), data.X_test.astype(np.float32)
        for index, scale in enumerate(scales):
            for normalized in (False, True):
                rng = np.random.default_rng([seed, number, index])
                network = deep_network(
                    normalized=normalized,
                    scale=scale,
                    inputs=X_train.shape[1],
                    classes=len(data.class_names),
                    rng=rng,
                )
                losses[normalized][index, number] = descend(
                    network,
                    multiclass_log_loss,
                    X_train,
                    data.y_train,
                    learning_rate=LEARNING_RATE,
                    epochs=epochs,
                    rng=rng,
                    after_epoch=after_epoch,
                )
                predictions = network.for_inference()(X_test).argmax(axis=1)
                accuracies[normalized][index, number] = np.mean(predictions == data.y_test)
    return Result(scales, losses, accuracies)


def _scales(quick: bool) -> tuple[float, ...]:
    return SCALES[1:3] if quick else SCALES


def _seeds(quick: bool) -> int:
    return 1 if quick else SEEDS
