"""Activation functions as modules."""

from __future__ import annotations

from typing import Any, Literal

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
    """The Gaussian error linear unit (Hendrycks & Gimpel 2016).

    Parameters
    ----------
    approximate : {"tanh", "none"}
        The tanh form, which takes a fraction of the time, or the exact one, x times the normal
        distribution function, which is PyTorch's default.

    Raises
    ------
    ValueError
        If the form is unknown.

    Examples
    --------
    >>> GELU()(np.array([0.0, 1.0])).round(5)
    array([0.     , 0.84119])
    >>> GELU(approximate="none")(np.array([0.0, 1.0])).round(5)
    array([0.     , 0.84134])
    """

    def __init__(self, approximate: Literal["tanh", "none"] = "tanh") -> None:
        if approximate not in ("tanh", "none"):
            raise ValueError(f"approximate is {approximate!r}, expected 'tanh' or 'none'")
        self.approximate: Literal["tanh", "none"] = approximate

    def forward(self, x: Any) -> Any:
        return tg.gelu(x, self.approximate)


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
