"""Activation functions as modules."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrad as tg
from nn.module import Module


class Identity(Module):
    """The input itself.

    Examples
    --------
    >>> Identity()(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """The positive part, max(x, 0), with derivative 0 at 0.

    Examples
    --------
    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, x: Any) -> Any:
        return tg.relu(x)


class Tanh(Module):
    """The hyperbolic tangent.

    Examples
    --------
    >>> Tanh()(np.array([0.0, 100.0]))
    array([0., 1.])
    """

    def forward(self, x: Any) -> Any:
        return np.tanh(x)


class Sigmoid(Module):
    """The logistic function, 1 / (1 + exp(-x)).

    Examples
    --------
    >>> Sigmoid()(np.array([-1000.0, 0.0]))
    array([0. , 0.5])
    """

    def forward(self, x: Any) -> Any:
        return tg.sigmoid(x)


class GELU(Module):
    """The Gaussian error linear unit, in its tanh form (Hendrycks & Gimpel 2016).

    Examples
    --------
    >>> GELU()(np.array([0.0, 100.0]))
    array([  0., 100.])
    """

    def forward(self, x: Any) -> Any:
        return tg.gelu(x)


class Softmax(Module):
    """Probabilities proportional to exp(x).

    Losses take logits, so a model that is trained does not end in this.

    Parameters
    ----------
    axis : int
        The axis over which the probabilities sum to one.

    Examples
    --------
    >>> Softmax()(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return tg.softmax(x, axis=self.axis)


ACTIVATIONS: dict[str, type[Module]] = {
    "ReLU": ReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "GeLU": GELU,
    "softmax": Softmax,
    "identity": Identity,
}
"""Modules by the names that a layer specification uses."""
