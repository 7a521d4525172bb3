"""Gradient clipping: by the norm of the whole gradient, and element by element."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from nn.checks import positive_number
from tensorgrad import Tensor
from tensorgrad.structure import flatten, map_leaves

TINY = 1e-6
"""Added to a norm before it divides, as in PyTorch."""


def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> float:
    """Scale the gradients of parameters so that their joint norm is at most ``max_norm``.

    All are multiplied by ``max_norm / (norm + 1e-6)`` if that is below 1, in new arrays (Pascanu,
    Mikolov & Bengio 2013). Optimizers do it themselves if they are given ``clip_norm``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are left out.
    max_norm : float
        Positive.

    Returns
    -------
    float
        The norm before. If it is infinite or NaN, the gradients become zero or NaN, as in PyTorch.

    Raises
    ------
    TypeError, ValueError
        If ``max_norm`` is not a positive number.

    Examples
    --------
    >>> from nn import Parameter
    >>> x = Parameter([0.0, 0.0])
    >>> np.sum(np.array([3.0, 4.0]) * x).backward()
    >>> clip_grad_norm_([x], max_norm=1.0)
    5.0
    >>> x.grad.round(6)
    array([0.6, 0.8])
    """
    max_norm = positive_number(max_norm, "max_norm")
    having = _with_gradient(parameters)
    norm = math.hypot(*(_norm(parameter.grad) for parameter in having))
    scale = max_norm / (norm + TINY)
    if not scale >= 1:
        for parameter in having:
            parameter.grad = parameter.grad * scale
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every element of the gradients of parameters to ``[-clip_value, clip_value]``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are left out.
    clip_value : float
        Positive.

    Raises
    ------
    TypeError, ValueError
        If ``clip_value`` is not a positive number.

    Examples
    --------
    >>> from nn import Parameter
    >>> x = Parameter([0.0, 0.0])
    >>> np.sum(np.array([3.0, -0.5]) * x).backward()
    >>> clip_grad_value_([x], clip_value=1.0)
    >>> x.grad
    array([ 1. , -0.5])
    """
    clip_value = positive_number(clip_value, "clip_value")
    for parameter in _with_gradient(parameters):
        parameter.grad = np.clip(parameter.grad, -clip_value, clip_value)


def clip_by_norm(gradient: Any, max_norm: float) -> tuple[Any, Any]:
    """Do to a gradient what :func:`clip_grad_norm_` does, as a function: it can be compiled.

    Parameters
    ----------
    gradient : array, or nested dicts, lists and tuples of arrays
    max_norm : float
        Positive.

    Returns
    -------
    gradient
        New arrays in the same structure.
    norm : 0-d array
        The norm before, in the dtype of the gradient. Where the squares overflow it is infinite.

    Examples
    --------
    >>> gradient, norm = clip_by_norm({"a": np.array([3.0]), "b": np.array([4.0])}, max_norm=1.0)
    >>> float(norm), gradient["a"].round(6)
    (5.0, array([0.6]))
    """
    max_norm = positive_number(max_norm, "max_norm")
    leaves, _ = flatten(gradient)
    norm = np.sqrt(sum(np.sum(leaf * leaf) for leaf in leaves))
    scale = np.minimum(max_norm / (norm + TINY), 1)
    return map_leaves(lambda leaf: leaf * scale, gradient), norm


def clip_by_value(gradient: Any, clip_value: float) -> Any:
    """Do to a gradient what :func:`clip_grad_value_` does, as a function: it can be compiled.

    Parameters
    ----------
    gradient : array, or nested dicts, lists and tuples of arrays
    clip_value : float
        Positive.

    Returns
    -------
    gradient
        New arrays in the same structure.

    Examples
    --------
    >>> clip_by_value(np.array([3.0, -0.5]), clip_value=1.0)
    array([ 1. , -0.5])
    """
    clip_value = positive_number(clip_value, "clip_value")
    return map_leaves(lambda leaf: np.minimum(np.maximum(leaf, -clip_value), clip_value), gradient)


def clip_flat_norm(gradient: np.ndarray, max_norm: float) -> float:
    """Scale one flat gradient in place; the norm before."""
    norm = _norm(gradient)
    scale = max_norm / (norm + TINY)
    if not scale >= 1:
        gradient *= scale
    return norm


def _norm(array: np.ndarray) -> float:
    """The root of the sum of squares; in float64 where the dtype of the array is too small."""
    flat = array.ravel()
    limits = np.finfo(flat.dtype)
    with np.errstate(all="ignore"):
        square = float(np.dot(flat, flat))
    # Squares of 1e-19 vanish in float32, and those of 1e19 are infinite.
    if square >= limits.smallest_normal / limits.eps and math.isfinite(square):
        return math.sqrt(square)
    largest = float(np.max(np.abs(flat), initial=0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    scaled = flat.astype(np.float64) / largest
    return largest * math.sqrt(float(np.dot(scaled, scaled)))


def _with_gradient(parameters: Tensor | Iterable[Tensor]) -> list[Any]:
    tensors = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [tensor for tensor in tensors if tensor.grad is not None]
