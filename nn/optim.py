"""Optimizers: what turns gradients into a step."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nn.checks import positive_number
from nn.flat import FlatBuffer
from tensorgrad import Tensor


class Optimizer:
    """Base class: the parameters in one flat array, and a learning rate.

    A subclass defines :meth:`step` in terms of ``self.buffer``: ``gradients()`` gives one array
    for all parameters, and ``subtract(update)`` takes one.

    Parameters
    ----------
    parameters : iterable of Tensor
        What to optimize, all of one floating dtype; their ``data`` become views of one array.
    learning_rate : float
        Length of a step; can be set at any time.

    Attributes
    ----------
    buffer : FlatBuffer
        The parameters.

    Raises
    ------
    TypeError, ValueError
        If the learning rate is not a positive number, or the parameters are not leaves of one
        dtype.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float) -> None:
        learning_rate = positive_number(learning_rate, "learning_rate")
        self.buffer = FlatBuffer(parameters)
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        """Length of a step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        number = positive_number(value, "learning_rate")
        dtype = self.buffer.values.dtype
        with np.errstate(over="ignore", under="ignore"):
            # As an array it is not converted again in every call that uses it.
            scale = np.array(number, dtype)
        if not (np.isfinite(scale) and scale > 0):
            raise ValueError(
                f"learning_rate is {value!r}, which is {scale} in {dtype}, the dtype of the "
                "parameters; expected a positive, finite number there"
            )
        self._learning_rate, self._scale = number, scale

    def step(self) -> None:
        """Change the parameters by one step along their gradients."""
        raise NotImplementedError(f"{type(self).__name__} must define step()")

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.buffer.parameters:
            parameter.grad = None

    def __repr__(self) -> str:
        size = self.buffer.values.size
        return f"{type(self).__name__}({size} parameters, learning_rate={self.learning_rate})"


class SGD(Optimizer):
    """Stochastic gradient descent: parameter - learning_rate * gradient.

    Parameters
    ----------
    parameters : iterable of Tensor
        What to optimize, all of one floating dtype; their ``data`` become views of one array.
    learning_rate : float
        Length of a step; can be set at any time.

    Raises
    ------
    TypeError, ValueError
        If the learning rate is not a positive number, or the parameters are not leaves of one
        dtype.

    Examples
    --------
    >>> from nn import Parameter
    >>> x = Parameter([1.0, 2.0])
    >>> optimizer = SGD([x], learning_rate=0.25)
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([0.5, 1. ])
    """

    def step(self) -> None:
        """Subtract the gradients, times the learning rate; without a gradient, nothing."""
        self.buffer.subtract(self.buffer.gradients(self._scale))
