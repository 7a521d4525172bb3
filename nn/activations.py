"""Activation functions as modules."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

import tensorgrad as tg
from nn.checks import positive_integer, positive_number
from nn.module import Module, Parameter
from tensorgrad.dispatch import apply_to_one


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
        return apply_to_one(np.tanh, x)  # where np.tanh(x) leads, without NumPy's detour


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


class SiLU(Module):
    """The sigmoid-weighted linear unit, x sigmoid(x) (Elfwing et al. 2018, eq. 5).

    Examples
    --------
    >>> SiLU()(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7311])
    """

    def forward(self, x: Any) -> Any:
        return tg.silu(x)


class Softplus(Module):
    """A smooth ReLU, log(1 + exp(beta x)) / beta.

    Parameters
    ----------
    beta : float
        The larger, the closer to the ReLU.

    Raises
    ------
    TypeError, ValueError
        If ``beta`` is not a positive number.

    Examples
    --------
    >>> Softplus()(np.array([-1000.0, 0.0, 10.0])).round(4)
    array([ 0.    ,  0.6931, 10.    ])
    """

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = positive_number(beta, "beta")

    def forward(self, x: Any) -> Any:
        return tg.softplus(x) if self.beta == 1 else tg.softplus(self.beta * x) / self.beta


class LeakyReLU(Module):
    """The element itself where it is positive, a small part of it elsewhere (Maas et al. 2013).

    Its derivative at 0 is ``negative_slope``.

    Parameters
    ----------
    negative_slope : float
        What elements that are not positive are multiplied by.

    Examples
    --------
    >>> LeakyReLU()(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return np.where(x > 0, x, self.negative_slope * x)


class PReLU(Module):
    """A leaky ReLU whose slope is learned (He et al. 2015, eq. 1).

    Its derivative at 0 is the slope.

    Parameters
    ----------
    num_parameters : int
        One slope for all, or as many as there are channels, along axis 1.
    init : float
        The slope to start with.
    dtype : dtype
        Floating dtype of the slope.

    Attributes
    ----------
    weight : Parameter
        Of shape (num_parameters,).

    Raises
    ------
    TypeError, ValueError
        If the number of parameters is not a positive integer, or not that of the channels.

    Examples
    --------
    >>> PReLU(dtype=np.float64)(np.array([[-1.0, 2.0]])).data
    array([[-0.25,  2.  ]])
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike = np.float32
    ) -> None:
        shape = (positive_integer(num_parameters, "num_parameters"),)
        self.weight = Parameter(np.full(shape, init, dtype))

    def forward(self, x: Any) -> Any:
        slope = self.weight
        if len(slope) > 1:
            if x.ndim < 2 or x.shape[1] != len(slope):
                raise ValueError(
                    f"PReLU got shape {x.shape}, expected {len(slope)} channels along axis 1, one "
                    "for each of its parameters"
                )
            slope = np.reshape(slope, (-1,) + (1,) * (x.ndim - 2))
        return np.where(x > 0, x, slope * x)


class ELU(Module):
    """The element itself where it is positive, alpha (exp(x) - 1) elsewhere (Clevert et al. 2016).

    Its derivative at 0 is ``alpha``.

    Parameters
    ----------
    alpha : float
        The limit on the left is -alpha.

    Examples
    --------
    >>> ELU()(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        positive = x > 0
        # Large elements have no exponential, and 0 is on the side of the exponential.
        return np.where(positive, x, self.alpha * np.expm1(np.where(positive, 0, x)))


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
    "SiLU": SiLU,
    "softplus": Softplus,
    "LeakyReLU": LeakyReLU,
    "ELU": ELU,
    "softmax": Softmax,
    "identity": Identity,
}
"""Modules by the names that a layer specification uses."""
