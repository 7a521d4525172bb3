"""What neural networks need and NumPy lacks: each function with its derivative below it.

They take arrays and tensors alike: plain in, plain out. All of them are stable over the whole
range of their argument, which is the reason they are not left to be composed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tensorgrad.derivatives.table import derivative


def sigmoid(x: Any) -> Any:
    """The logistic function, 1 / (1 + exp(-x)).

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``, between 0 and 1.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    # By tanh, which neither overflows nor needs a case for each sign.
    return 0.5 * np.tanh(0.5 * x) + 0.5


sigmoid = derivative(sigmoid, lambda g, y, x: g * y * (1 - y))


def relu(x: Any) -> Any:
    """Zero for negative elements, the element itself otherwise; relu'(0) = 0.

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``.

    Examples
    --------
    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


relu = derivative(relu, lambda g, y, x: g * (x > 0))


def softplus(x: Any) -> Any:
    """A smooth relu, log(1 + exp(x)).

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``; finite wherever ``x`` is.

    Examples
    --------
    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    return np.logaddexp(x, 0)


softplus = derivative(softplus, lambda g, y, x: g * sigmoid(x))


def silu(x: Any) -> Any:
    """The sigmoid-weighted linear unit, x sigmoid(x) (Elfwing et al. 2018, eq. 5).

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``.

    Examples
    --------
    >>> silu(np.array([0.0, 1000.0]))
    array([   0., 1000.])
    """
    return x * sigmoid(x)


def gelu(x: Any) -> Any:
    """The Gaussian error linear unit in its tanh form (Hendrycks & Gimpel 2016, section 2).

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``; within 5e-4 of x times the normal distribution function.

    Examples
    --------
    >>> gelu(np.array([-1000.0, 0.0, 1.0])).round(4)
    array([-0.    ,  0.    ,  0.8412])
    """
    return 0.5 * x * (1 + np.tanh(_gelu_argument(x)))


def _gelu_argument(x: Any) -> Any:
    return math.sqrt(2 / math.pi) * x * (1 + 0.044715 * (x * x))


def _gelu_slope(g: Any, y: Any, x: Any) -> Any:
    t = np.tanh(_gelu_argument(x))
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * (x * x))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)


gelu = derivative(gelu, _gelu_slope)


def logsumexp(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The logarithm of the sum of exponentials, log(sum(exp(x))).

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape; minus infinity stands for a term of zero.
    axis : int or tuple of int, optional
        What to sum over; everything by default.
    keepdims : bool
        Keep the summed axes, with length one.

    Returns
    -------
    ndarray or Tensor
        Of the dtype of ``x``.

    Examples
    --------
    >>> logsumexp(np.array([1000.0, 1000.0]))
    np.float64(1000.6931471805599)
    """
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0)  # inf - inf is no number
    total = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis=axis)


def _softmax_of(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is not None and not keepdims:
        g, y = np.expand_dims(g, axis), np.expand_dims(y, axis)
    return g * np.exp(x - y)


logsumexp = derivative(logsumexp, _softmax_of)


def log_softmax(x: Any, axis: int | tuple[int, ...] | None = -1) -> Any:
    """The logarithm of the softmax, x - logsumexp(x).

    Parameters
    ----------
    x : array_like or Tensor
        Logits.
    axis : int or tuple of int, optional
        Over which the probabilities sum to one; None for all.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``.

    Examples
    --------
    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    return x - logsumexp(x, axis=axis, keepdims=True)


def softmax(x: Any, axis: int | tuple[int, ...] | None = -1) -> Any:
    """Probabilities proportional to exp(x).

    Parameters
    ----------
    x : array_like or Tensor
        Logits.
    axis : int or tuple of int, optional
        Over which the probabilities sum to one; None for all.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``.

    Examples
    --------
    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    return np.exp(x - logsumexp(x, axis=axis, keepdims=True))
