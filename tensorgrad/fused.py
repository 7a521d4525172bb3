"""A network's step in few operations: a layer, and the log-losses, as one each.

What the step of a small network costs is the number of its operations, not its arithmetic. Composed
of products, sums, softplus or logsumexp, a layer would be two operations and a log-loss five.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from tensorgrad import functions
from tensorgrad.derivatives.products import matmul_left, matmul_right
from tensorgrad.derivatives.reductions import mean
from tensorgrad.derivatives.table import register
from tensorgrad.dispatch import apply_to_three, apply_to_two

# On plain arrays, where nothing is recorded, these compute without what a recorded call costs.
softplus = inspect.unwrap(functions.softplus)

F = TypeVar("F", bound=Callable[..., Any])


def called(name: str) -> Callable[[F], F]:
    """Decorator: what errors and drawings call a recorded function, the name that a user knows."""

    def rename(function: F) -> F:
        function.__name__ = name
        return function

    return rename


# --------------------------------------------------------------------------------- the layer


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """A fully connected layer, ``x @ weight + bias``.

    Parameters
    ----------
    x : ndarray or Tensor
        Of shape (..., n).
    weight : ndarray or Tensor
        Of shape (n, m).
    bias : ndarray or Tensor
        Of shape (m,).

    Returns
    -------
    ndarray or Tensor
        Of shape (..., m).

    Examples
    --------
    >>> affine(np.ones((2, 3)), np.ones((3, 1)), np.array([0.5]))
    array([[3.5],
           [3.5]])
    """
    return apply_to_three(affine_of_arrays, x, weight, bias)


@called("affine")
def affine_of_arrays(x: Any, weight: Any, bias: Any) -> Any:
    """What :func:`affine` computes, and records."""
    if type(x) is np.ndarray and x.ndim == 2 == weight.ndim:
        y = x.dot(weight)  # BLAS as well, with a fraction of what surrounds it in np.matmul
        if y.dtype is bias.dtype:
            y += bias  # the sum needs no array of its own
            return y
    else:
        y = np.dot(x, weight) if np.ndim(x) == 2 == weight.ndim else np.matmul(x, weight)
    return y + bias


def _input_rule(g: Any, y: Any, x: Any, weight: Any, bias: Any) -> Any:
    if type(g) is np.ndarray and g.ndim == 2:
        return g.dot(weight.T)
    return matmul_left(g, y, x, weight)


def _weight_rule(g: Any, y: Any, x: Any, weight: Any, bias: Any) -> Any:
    if type(g) is np.ndarray and g.ndim == 2:
        return x.T.dot(g)
    return matmul_right(g, y, x, weight)


def _bias_rule(g: Any, y: Any, x: Any, weight: Any, bias: Any) -> Any:
    if type(g) is np.ndarray and g.ndim == 2:
        return _ones(len(g), g.dtype).dot(g)  # a third of what the sum over rows takes
    return g


@lru_cache(maxsize=64)
def _ones(count: int, dtype: np.dtype[Any]) -> np.ndarray:
    return np.ones(count, dtype)


register(affine_of_arrays, _input_rule, _weight_rule, _bias_rule)

# ----------------------------------------------------------------------- binary log-loss


def binary_cross_entropy_with_logits(logits: Any, targets: Any) -> Any:
    """The mean of -t log(p) - (1 - t) log(1 - p), where p = sigmoid(logit).

    Computed as softplus(logit) - t logit, it is finite and has the right gradient however large
    the logits are.

    Parameters
    ----------
    logits : ndarray or Tensor
        Of any shape.
    targets : ndarray or Tensor
        0 or 1, or the probability of a 1; of the shape of ``logits``.

    Returns
    -------
    ndarray or Tensor
        Of shape ().

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> binary_cross_entropy_with_logits(np.array([0.0, 10_000.0]), np.array([1.0, 1.0]))
    array(0.34657359)
    """
    return apply_to_two(binary_log_loss_of_arrays, logits, targets)


@called("binary_cross_entropy_with_logits")
def binary_log_loss_of_arrays(logits: Any, targets: Any) -> Any:
    """What :func:`binary_cross_entropy_with_logits` computes, and records."""
    if targets.shape != logits.shape:
        raise ValueError(
            f"targets have shape {targets.shape}, expected that of the logits, {logits.shape}"
        )
    losses = softplus(logits)
    losses -= logits * targets
    return mean(losses)


def _binary_logits_rule(g: Any, y: Any, logits: Any, targets: Any) -> Any:
    half, one, count = _numbers(logits, logits.size)
    slope = np.tanh(logits * half)
    slope += one
    slope *= half  # the sigmoid, (1 + tanh(z / 2)) / 2, which cannot overflow
    slope -= targets
    slope *= g / count
    return slope


def _binary_targets_rule(g: Any, y: Any, logits: Any, targets: Any) -> Any:
    return logits * (-g / logits.size)


def _numbers(x: Any, count: int) -> tuple[Any, ...]:
    """A half, one and a count, as arrays for an array: a ufunc converts a number in every call."""
    plain = type(x) is np.ndarray and x.dtype.char in "fd"  # a half cannot hold a large count
    return _arrays(count, x.dtype) if plain else (0.5, 1, count)


@lru_cache(maxsize=64)
def _arrays(count: int, dtype: np.dtype[Any]) -> tuple[np.ndarray, ...]:
    return np.array(0.5, dtype), np.array(1, dtype), np.array(count, dtype)


register(binary_log_loss_of_arrays, _binary_logits_rule, _binary_targets_rule)

# ------------------------------------------------------------------- multiclass log-loss


def cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean of -log(p), where p is the softmax probability of the right class.

    Parameters
    ----------
    logits : ndarray or Tensor
        Of shape (n, classes).
    labels : ndarray
        Class indices, integers of shape (n,).

    Returns
    -------
    ndarray or Tensor
        Of shape ().

    Raises
    ------
    ValueError
        If the shapes do not fit, or an index is not one of 0 ... classes - 1.
    TypeError
        If the labels are not integers.

    Examples
    --------
    >>> cross_entropy(np.array([[0.0, 0.0], [0.0, 10_000.0]]), np.array([0, 1]))
    array(0.34657359)
    """
    return apply_to_two(log_loss_of_arrays, logits, labels)


@called("cross_entropy")
def log_loss_of_arrays(logits: Any, labels: Any) -> Any:
    """What :func:`cross_entropy` computes, and records."""
    labels = checked_labels(labels, logits)
    # Of logits less the largest: beside a large one, the digits of the loss would be rounded off.
    shifted = logits - _largest_of_rows(logits)
    losses = np.log(_sums_of_rows(np.exp(shifted)))[:, 0] - logits_of(labels, shifted)
    return mean(losses)


def _logits_rule(g: Any, y: Any, logits: Any, labels: Any) -> Any:
    slope = np.exp(logits - _largest_of_rows(logits))
    slope /= _sums_of_rows(slope)  # the softmax
    slope -= is_label(labels, logits)
    slope *= g / _numbers(logits, len(logits))[2]
    return slope


register(log_loss_of_arrays, _logits_rule, None)

FEW_CLASSES = 64
"""Up to here, adding up a row with all but one column masked is quicker than reading by index."""


def checked_labels(labels: Any, logits: Any) -> Any:
    """Class indices, one for each row of the logits.

    Raises
    ------
    ValueError
        If there are more or fewer.
    TypeError
        If they are not integers.
    """
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"class indices have dtype {labels.dtype}, expected integers; for probabilities pass "
            "an array of shape (n, classes)"
        )
    if logits.ndim != 2:
        raise ValueError(f"logits have shape {logits.shape}, expected (n, classes)")
    if labels.shape != logits.shape[:1]:
        raise ValueError(f"{len(labels)} class indices for {len(logits)} rows of logits")
    return labels


def logits_of(labels: Any, logits: Any) -> Any:
    """The logit of the right class, for each row."""
    n, classes = logits.shape
    if classes <= FEW_CLASSES:
        return np.where(is_label(labels, logits), logits, 0).sum(axis=1)
    # NumPy would take -1 for the last class. Another library's array may have no values to see.
    if n and type(labels) is np.ndarray and (labels.min() < 0 or labels.max() >= classes):
        raise _out_of_range(labels, classes)
    return logits[np.arange(n), labels]


def is_label(labels: Any, logits: Any) -> Any:
    """Whether a column is that of the right class, for each element of the logits."""
    n, classes = logits.shape
    mask = labels[:, None] == _indices(classes)
    if type(mask) is np.ndarray and np.count_nonzero(mask) != n:
        raise _out_of_range(labels, classes)
    return mask


def _out_of_range(labels: Any, classes: int) -> ValueError:
    return ValueError(
        f"class indices go from {labels.min()} to {labels.max()}, expected 0 to {classes - 1}"
    )


@lru_cache(maxsize=64)
def _indices(count: int) -> np.ndarray:
    return np.arange(count)


def _largest_of_rows(x: Any) -> Any:
    if type(x) is np.ndarray:
        return np.maximum.reduce(x, axis=1, keepdims=True)
    return np.max(x, axis=1, keepdims=True)


def _sums_of_rows(x: Any) -> Any:
    if type(x) is np.ndarray:
        return np.add.reduce(x, axis=1, keepdims=True)
    return np.sum(x, axis=1, keepdims=True)
