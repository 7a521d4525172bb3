"""Losses, as functions and as modules.

They take logits, what a network gives before sigmoid or softmax: written with ``softplus`` and
``logsumexp`` they are finite and have the right gradient however large the logits are, where the
logarithm of a probability that has been rounded to zero would not be. All of them are means over
the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrad as tg
from nn.module import Module
from tensorgrad.tape import as_array


def binary_log_loss(logits: Any, targets: Any) -> Any:
    """The mean of -y log(p) - (1 - y) log(1 - p), where p = sigmoid(logit).

    Parameters
    ----------
    logits : ndarray or Tensor
        Of any shape, usually (n, 1) or (n,).
    targets : array_like or Tensor
        0 or 1, or the probability of a 1, one for each logit.

    Returns
    -------
    ndarray scalar or Tensor

    Raises
    ------
    ValueError
        If there is not one target for each logit.

    Examples
    --------
    >>> binary_log_loss(np.array([0.0, 10_000.0]), [1, 1])
    np.float64(0.34657359027997264)
    """
    targets = _targets_like(logits, targets)
    return (tg.softplus(logits) - logits * targets).mean()


def multiclass_log_loss(logits: Any, targets: Any) -> Any:
    """The mean of -log(p), p the softmax probability of the right class.

    Parameters
    ----------
    logits : ndarray or Tensor
        Of shape (n, classes).
    targets : array_like or Tensor
        Class indices of shape (n,), or probabilities (one-hot rows, for instance) of shape
        (n, classes) with rows that sum to one.

    Returns
    -------
    ndarray scalar or Tensor

    Raises
    ------
    ValueError
        If the shapes do not fit, or an index is not one of 0 ... classes - 1.
    TypeError
        If the class indices are not integers.

    Examples
    --------
    >>> logits = np.array([[0.0, 0.0], [0.0, 10_000.0]])
    >>> multiclass_log_loss(logits, [0, 1])
    np.float64(0.34657359027997264)
    >>> multiclass_log_loss(logits, [[1.0, 0.0], [0.0, 1.0]])
    np.float64(0.34657359027997264)
    """
    if logits.ndim != 2:
        raise ValueError(f"logits have shape {logits.shape}, expected (n, classes)")
    if np.ndim(targets) != 1:
        right = (logits * _targets_like(logits, targets)).sum(axis=1, keepdims=True)
    elif logits.shape[1] <= FEW_CLASSES:
        right = np.where(_is_class(logits, targets), logits, 0).sum(axis=1, keepdims=True)
    else:
        rows = np.arange(len(logits))[:, None]
        right = logits[rows, _class_indices(logits, targets)[:, None]]
    return (tg.logsumexp(logits, axis=1, keepdims=True) - right).mean()


def l2_loss(predictions: Any, targets: Any) -> Any:
    """The mean of the squared differences, over all elements.

    Parameters
    ----------
    predictions : ndarray or Tensor
        Of any shape, usually (n, 1) or (n,).
    targets : array_like or Tensor
        One for each prediction.

    Returns
    -------
    ndarray scalar or Tensor

    Raises
    ------
    ValueError
        If there is not one target for each prediction.

    Examples
    --------
    >>> l2_loss(np.array([1.0, 2.0]), [1.0, 4.0])
    np.float64(2.0)
    """
    difference = predictions - _targets_like(predictions, targets)
    return (difference * difference).mean()


class BCEWithLogitsLoss(Module):
    """:func:`binary_log_loss` as a module, under PyTorch's name.

    Examples
    --------
    >>> BCEWithLogitsLoss()(np.array([[0.0]]), [1]).round(4)
    np.float64(0.6931)
    """

    def forward(self, logits: Any, targets: Any) -> Any:
        return binary_log_loss(logits, targets)


class CrossEntropyLoss(Module):
    """:func:`multiclass_log_loss` as a module, under PyTorch's name.

    Examples
    --------
    >>> CrossEntropyLoss()(np.array([[0.0, 0.0]]), [1]).round(4)
    np.float64(0.6931)
    """

    def forward(self, logits: Any, targets: Any) -> Any:
        return multiclass_log_loss(logits, targets)


class MSELoss(Module):
    """:func:`l2_loss` as a module, under PyTorch's name.

    Examples
    --------
    >>> MSELoss()(np.array([1.0, 2.0]), [1.0, 4.0])
    np.float64(2.0)
    """

    def forward(self, predictions: Any, targets: Any) -> Any:
        return l2_loss(predictions, targets)


def _targets_like(outputs: Any, targets: Any) -> Any:
    """Targets in the dtype of the outputs, and in their shape, for (n,) beside (n, 1).

    Left as they are, the one would turn float32 into float64, and the other (n, 1) into (n, n).
    """
    if type(targets) is np.ndarray or not hasattr(type(targets), "__array_function__"):
        targets = np.asarray(targets, outputs.dtype)
    elif targets.dtype != outputs.dtype:
        targets = targets.astype(outputs.dtype)
    if targets.shape == outputs.shape:
        return targets
    if targets.size == outputs.size and targets.shape[:1] == outputs.shape[:1]:
        return targets.reshape(outputs.shape)
    raise ValueError(
        f"targets have shape {targets.shape}, expected that of the outputs, {outputs.shape}"
    )


FEW_CLASSES = 64
"""Up to here, adding up a row with all but one column masked is quicker than reading by index."""


def _is_class(logits: Any, targets: Any) -> Any:
    """Whether a column is that of the right class, for each element of the logits."""
    indices = as_array(targets)
    n, classes = logits.shape
    if indices.dtype.kind not in "iu" or len(indices) != n:
        return _class_indices(logits, targets)
    mask = indices[:, None] == np.arange(classes)
    if type(mask) is np.ndarray and np.count_nonzero(mask) != n:
        return _class_indices(logits, targets)
    return mask


def _class_indices(logits: Any, targets: Any) -> Any:
    indices = as_array(targets)
    if indices.dtype.kind not in "iu":
        raise TypeError(
            f"class indices have dtype {indices.dtype}, expected integers; for probabilities pass "
            "an array of shape (n, classes)"
        )
    n, classes = logits.shape
    if len(indices) != n:
        raise ValueError(f"{len(indices)} class indices for {n} rows of logits")
    # NumPy would take -1 for the last class. Another library's array may have no values to see.
    if n and isinstance(indices, np.ndarray) and (indices.min() < 0 or indices.max() >= classes):
        raise ValueError(
            f"class indices go from {indices.min()} to {indices.max()}, expected 0 to {classes - 1}"
        )
    return indices
