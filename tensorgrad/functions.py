"""What neural networks need and NumPy lacks: each function with its derivative below it.

They take arrays, lists of numbers and tensors alike: plain in, plain out. Each is stable over the
whole range of its argument, which is the reason it is not left to be composed. What they compute
on the way is overwritten where that is possible, since a new large array costs more than the
arithmetic on it.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from tensorgrad.derivatives.table import activation, derivative
from tensorgrad.error_function import erf

# ------------------------------------------------------------------------ of single elements


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
    >>> sigmoid(np.array([-1000.0, -50.0, 0.0, 1000.0]))
    array([0.00000000e+00, 1.92874985e-22, 5.00000000e-01, 1.00000000e+00])
    """
    # Neither exponential overflows, and small results keep all their digits.
    denominator = np.exp(np.negative(np.absolute(x)))
    denominator += 1
    y = np.exp(np.minimum(x, 0))
    y /= denominator
    return y


sigmoid = activation(sigmoid, lambda g, y, x: g * y * (1 - y))


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

    Notes
    -----
    The derivative multiplies by 0 or 1, so that an infinite cotangent becomes NaN at negative
    elements: by then the training has failed, and to select instead takes ten times as long.

    Examples
    --------
    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


relu = activation(relu, lambda g, y, x: g * (x > 0))


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
    # The same in vector instructions; element by element, as below, takes ten times as long.
    if (x.size if hasattr(x, "size") else np.size(x)) <= 128:
        return np.logaddexp(x, 0)
    y = np.log1p(np.exp(np.negative(np.absolute(x))))
    y += np.maximum(x, 0)
    return y


# The sigmoid, 1 - exp(-y), to the last digits of its smallest values.
softplus = activation(softplus, lambda g, y, x: -g * np.expm1(-y))


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
    return np.multiply(x, sigmoid(x))


def gelu(x: Any, approximate: Literal["tanh", "none"] = "tanh") -> Any:
    """The Gaussian error linear unit, x Φ(x) (Hendrycks & Gimpel 2016, section 2).

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape.
    approximate : {"tanh", "none"}
        "tanh" puts 0.5 (1 + tanh(√(2/π) (x + 0.044715 x³))) in the place of the normal
        distribution function Φ, as the paper does; the result is within 5e-4 of the exact one, for
        a fraction of the time, and so it is the default. "none" is exact, and PyTorch's default.

    Returns
    -------
    ndarray or Tensor
        Of the shape and dtype of ``x``.

    Raises
    ------
    ValueError
        If ``approximate`` is neither of the two.

    Examples
    --------
    >>> x = np.array([-1000.0, 0.0, 1.0])
    >>> gelu(x).round(4), gelu(x, approximate="none").round(4)
    (array([-0.    ,  0.    ,  0.8412]), array([-0.    ,  0.    ,  0.8413]))
    """
    if approximate == "tanh":
        return gelu_tanh(x)
    if approximate == "none":
        return np.multiply(x, normal_cdf(x))
    raise ValueError(f"gelu: approximate must be 'tanh' or 'none', not {approximate!r}")


_SCALE = math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _SCALE
_END = 10.0


def gelu_tanh(x: Any) -> Any:
    """``gelu(x, approximate="tanh")``."""
    y = _CUBIC * np.square(x)
    y += _SCALE
    y *= x
    y = np.tanh(y)
    y += 1
    y *= 0.5
    y *= x
    return y


def _gelu_tanh_slope(g: Any, y: Any, x: Any) -> Any:
    # From there on the tanh is 1 to the last digit, and powers of x, which may overflow, count not.
    x = np.minimum(np.maximum(x, -_END), _END)
    slope = np.square(x)
    t = _CUBIC * slope
    t += _SCALE
    t *= x
    t = np.tanh(t)
    slope *= 3 * _CUBIC
    slope += _SCALE
    slope *= x
    slope *= 1 - t
    slope += 1
    t += 1
    slope *= t
    slope *= 0.5
    return g * slope


gelu_tanh = derivative(gelu_tanh, _gelu_tanh_slope)


def normal_cdf(x: Any) -> Any:
    """Φ(x), the probability that a standard normal variable is less than x."""
    y = erf(np.multiply(x, math.sqrt(0.5)))
    y *= 0.5
    y += 0.5
    return y


normal_cdf = derivative(
    normal_cdf, lambda g, y, x: g * (1 / math.sqrt(2 * math.pi)) * np.exp(-0.5 * x * x)
)

# --------------------------------------------------------------------------------- along axes


def logsumexp(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The logarithm of the sum of exponentials, log(sum(exp(x))).

    Parameters
    ----------
    x : array_like or Tensor
        Of any shape; minus infinity stands for a term of zero, and has derivative zero.
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
    array(1000.69314718)
    """
    x = _floating(x)
    largest = _largest(x, axis)
    largest = np.where(np.isfinite(largest), largest, 0)  # inf - inf is no number
    total = np.add.reduce if type(x) is np.ndarray else np.sum  # the same, but for its own cost
    y = np.log(total(np.exp(x - largest), axis=axis, keepdims=True))
    y += largest
    return y if keepdims else np.squeeze(y, axis=axis)


def _share_of_sum(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is not None and not keepdims:
        g, y = np.expand_dims(g, axis), np.expand_dims(y, axis)
    # Where all terms are zero, y is -inf, and x - y would be no number.
    return g * np.exp(x - np.maximum(y, float(np.finfo(y.dtype).min)))


logsumexp = derivative(logsumexp, _share_of_sum)


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
    x = _floating(x)
    y = np.exp(x - _largest(x, axis))
    y /= np.sum(y, axis=axis, keepdims=True)
    return y


def _softmax_slope(g: Any, y: Any, x: Any, axis: Any = -1) -> Any:
    weighted = g * y
    return weighted - y * np.sum(weighted, axis=axis, keepdims=True)


softmax = derivative(softmax, _softmax_slope)


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
    x = _floating(x)
    y = x - _largest(x, axis)
    y -= np.log(np.sum(np.exp(y), axis=axis, keepdims=True))
    return y


log_softmax = derivative(
    log_softmax,
    lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
)


def _floating(x: Any) -> Any:
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def _largest(x: Any, axis: Any) -> Any:
    if x.size:
        largest = np.maximum.reduce if type(x) is np.ndarray else np.max
        return largest(x, axis=axis, keepdims=True)
    return np.max(x, axis=axis, keepdims=True, initial=-np.inf)  # of nothing, too
