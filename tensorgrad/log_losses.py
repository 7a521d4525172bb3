"""The log-losses as one operation each.

What the step of a small network costs is the number of its operations, not its arithmetic. Composed
of softplus or logsumexp, products and sums, a log-loss would be five operations.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tensorgrad import functions
from tensorgrad.class_labels import (
    FEW_CLASSES,
    checked_labels,
    is_label,
    logits_of,
    one_hot,
    ones_at,
    places_of,
)
from tensorgrad.derivatives.reductions import mean
from tensorgrad.derivatives.table import register, rules_of
from tensorgrad.dispatch import apply_to_two
from tensorgrad.messages import called, explained
from tensorgrad.mode import DEFAULT_MODE, mode
from tensorgrad.operands import FEW, ones, unit
from tensorgrad.tensor import Tensor, recorded

ndarray = np.ndarray
current_mode = mode.get

# On plain arrays, where nothing is recorded, it computes without what a recorded call costs.
softplus = inspect.unwrap(functions.softplus)

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
    if isinstance(logits, Tensor) and logits.node is not None and type(targets) is ndarray:
        now, z = current_mode(), logits.data
        if (now is DEFAULT_MODE or (now.recording and not now.watched)) and type(z) is ndarray:
            pullback = _pull_back_to_logits
            try:
                if (
                    0 < z.size <= FEW
                    and z.dtype == targets.dtype
                    and z.shape == targets.shape != ()
                ):
                    value, pullback = _with_binary_pullback(z, targets)
                else:
                    value = binary_log_loss_of_arrays(z, targets)
            except Exception as error:
                raise explained(error, binary_log_loss_of_arrays, (z, targets)) from error
            if type(value) is ndarray and value.dtype is z.dtype:
                sources = (logits.node, None)
                return recorded(
                    binary_log_loss_of_arrays,
                    BINARY_RULES,
                    (z, targets),
                    sources,
                    value,
                    pullback,
                )
    return apply_to_two(binary_log_loss_of_arrays, logits, targets)


@called("binary_cross_entropy_with_logits")
def binary_log_loss_of_arrays(logits: Any, targets: Any) -> Any:
    """What :func:`binary_cross_entropy_with_logits` computes, and records."""
    if targets.shape != logits.shape:
        raise ValueError(
            f"targets have shape {targets.shape}, expected that of the logits, {logits.shape}"
        )
    if type(logits) is not ndarray or not 0 < logits.size <= FEW or logits.dtype.char not in "fd":
        losses = softplus(logits)
        losses -= logits * targets
        return mean(losses)
    count, dtype = logits.size, logits.dtype
    losses = np.logaddexp(logits, _numbers(count, dtype)[0])  # of few, quicker than its parts
    losses -= logits * targets
    return _mean_of_few(losses, count, dtype)


def _with_binary_pullback(logits: Any, targets: Any) -> tuple[Any, Callable[..., Any]]:
    """The loss, and the pullback, which makes the sigmoid of the softplus."""
    count, dtype = logits.size, logits.dtype
    zero, _, _, _, _, minus_share, root = _numbers(count, dtype)
    losses_of_zeros = np.logaddexp(logits, zero)  # softplus(logits)

    def pullback(needed: Any, g: Any, y: Any, args: Any) -> tuple[Any, None]:
        slope = np.negative(losses_of_zeros)
        np.expm1(slope, slope)  # less the sigmoid, 1 - exp(-softplus), to its last digits
        slope += targets
        slope *= minus_share if g is root else g / -count
        return slope, None

    return _mean_of_few(losses_of_zeros - logits * targets, count, dtype), pullback


def _mean_of_few(losses: np.ndarray, count: int, dtype: np.dtype[Any]) -> np.ndarray:
    """As exact for so few as adding up pairwise, and twice as quick."""
    return np.asarray(ones(count, dtype).dot(losses.ravel()) / count)


def _pull_back_to_logits(needed: Any, g: Any, y: Any, args: Any) -> tuple[Any, None]:
    logits, targets = args
    return _binary_logits_rule(g, y, logits, targets), None


def _binary_logits_rule(g: Any, y: Any, logits: Any, targets: Any) -> Any:
    if type(logits) is ndarray and logits.dtype.char in "fd":  # a half holds no large count
        _, half, one, count, share, _, root = _numbers(logits.size, logits.dtype)
        if g is not root:
            share = g / count
    else:
        half, one, share = 0.5, 1, g / logits.size
    slope = np.tanh(logits * half)
    slope += one
    slope *= half  # the sigmoid, (1 + tanh(z / 2)) / 2, which cannot overflow
    slope -= targets
    slope *= share
    return slope


@lru_cache(maxsize=64)
def _numbers(count: int, dtype: np.dtype[Any]) -> tuple[np.ndarray, ...]:
    """Arrays that hold 0, 1/2, 1, n, 1/n and -1/n, and what a backward pass starts from.

    A ufunc would convert a number in every call.
    """
    share = 1 / count if count else math.nan
    numbers = (np.array(number, dtype) for number in (0, 0.5, 1, count, share, -share))
    return (*numbers, unit(dtype))


BINARY_RULES = (_binary_logits_rule, lambda g, y, logits, targets: logits * (-g / logits.size))
register(binary_log_loss_of_arrays, *BINARY_RULES)

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
    if isinstance(logits, Tensor) and logits.node is not None and type(labels) is ndarray:
        now, z = current_mode(), logits.data
        if (now is DEFAULT_MODE or (now.recording and not now.watched)) and _is_small(z):
            try:
                value, pullback = _with_pullback(z, labels)
            except Exception as error:
                raise explained(error, log_loss_of_arrays, (z, labels)) from error
            sources = (logits.node, None)
            return recorded(
                log_loss_of_arrays, LOG_LOSS_RULES, (z, labels), sources, value, pullback
            )
    return apply_to_two(log_loss_of_arrays, logits, labels)


@called("cross_entropy")
def log_loss_of_arrays(logits: Any, labels: Any) -> Any:
    """What :func:`cross_entropy` computes, and records."""
    labels = checked_labels(labels, logits)
    # Of logits less the largest: beside a large one, the digits of the loss would be rounded off.
    shifted = logits - _largest_of_rows(logits)
    losses = np.log(_sums_of_rows(np.exp(shifted)))[:, 0] - logits_of(labels, shifted)
    return mean(losses)


def _is_small(logits: Any) -> bool:
    """Whether sums over classes are quickest as products with ones, and exact enough."""
    return (
        type(logits) is ndarray
        and logits.ndim == 2
        and 0 < logits.shape[1] <= FEW_CLASSES
        and logits.dtype.char in "fd"
        and len(logits) > 0
    )


def _with_pullback(logits: Any, labels: Any) -> tuple[Any, Callable[..., Any]]:
    """The loss, and the pullback, which needs no exponentials of its own."""
    places = places_of(checked_labels(labels, logits), logits.shape)
    n, classes = logits.shape
    _, _, _, count, share, _, root = _numbers(n, logits.dtype)
    column = ones(classes, logits.dtype)[:, None]
    shifted = logits - _largest_of_short_rows(logits)
    exponentials = np.exp(shifted)
    sums = exponentials.dot(column)
    losses = np.log(sums[:, 0])
    losses -= shifted.ravel()[places]

    def pullback(needed: Any, g: Any, y: Any, args: Any) -> tuple[Any, None]:
        slope = exponentials / sums  # the softmax
        slope -= ones_at(places, logits.shape, logits.dtype)
        slope *= share if g is root else g / count
        return slope, None

    return _mean_of_few(losses, n, logits.dtype) if n <= FEW else mean(losses), pullback


def _logits_rule(g: Any, y: Any, logits: Any, labels: Any) -> Any:
    slope = np.exp(logits - _largest_of_rows(logits))
    slope /= _sums_of_rows(slope)  # the softmax
    plain = type(logits) is ndarray and logits.dtype.char in "fd"
    if type(labels) is not ndarray:
        slope -= one_hot(labels, logits)
    elif plain:
        slope[np.arange(len(labels)), labels] -= 1
    else:  # truth values mix with numbers of every kind
        slope -= is_label(labels, logits.shape[1])
    slope *= g / (_numbers(len(logits), logits.dtype)[3] if plain else len(logits))
    return slope


register(log_loss_of_arrays, _logits_rule, None)
LOG_LOSS_RULES = rules_of(log_loss_of_arrays)


def _largest_of_short_rows(x: np.ndarray) -> np.ndarray:
    """Where they are, NumPy finds sooner than the elements themselves; a NaN is the largest."""
    places = x.argmax(axis=1)
    places += _starts_of_rows(*x.shape)
    return x.ravel()[places][:, None]


@lru_cache(maxsize=64)
def _starts_of_rows(rows: int, columns: int) -> np.ndarray:
    """Where in a flat array the rows begin."""
    return np.arange(0, rows * columns, columns)


def _largest_of_rows(x: Any) -> Any:
    if type(x) is np.ndarray:
        return np.maximum.reduce(x, axis=1, keepdims=True)
    return np.max(x, axis=1, keepdims=True)


def _sums_of_rows(x: Any) -> Any:
    if type(x) is np.ndarray:
        return np.add.reduce(x, axis=1, keepdims=True)
    return np.sum(x, axis=1, keepdims=True)
