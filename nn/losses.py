"""Losses, as functions and as modules.

They take logits, what a network gives before sigmoid or softmax: written with ``softplus`` and
``logsumexp`` they are finite and have the right gradient however large the logits are, where the
logarithm of a probability that has been rounded to zero would not be.

All of them are means over the batch, unless ``reduction`` says otherwise, as in PyTorch: ``"sum"``,
or ``"none"`` for one number per sample, of which any weighted mean can be made.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

import tensorgrad as tg
from nn.module import Module
from tensorgrad.class_labels import checked_labels, logits_of, one_hot
from tensorgrad.tape import as_array

Reduction = Literal["mean", "sum", "none"]
REDUCTIONS = get_args(Reduction)


def binary_log_loss(
    logits: Any,
    targets: Any,
    *,
    pos_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Any:
    """The mean of -y log(p) - (1 - y) log(1 - p), where p = sigmoid(logit).

    Parameters
    ----------
    logits : ndarray or Tensor
        Of any shape, usually (n, 1) or (n,).
    targets : array_like or Tensor
        0 or 1, or the probability of a 1, one for each logit.
    pos_weight : array_like, optional
        Factor of the first term: how much a 1 counts, where a 0 counts one. A number, or one for
        each output.
    label_smoothing : float
        The share of each target that is taken from it and divided evenly between 0 and 1 (Szegedy
        et al. 2016, section 7).
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Returns
    -------
    ndarray scalar or Tensor
        With reduction "none" of the shape of the logits.

    Raises
    ------
    ValueError
        If there is not one target for each logit, or a setting is out of its range.

    Examples
    --------
    >>> print(binary_log_loss(np.array([0.0, 10_000.0]), [1, 1]))
    0.34657359027997264
    """
    if type(targets) is not np.ndarray or targets.shape != logits.shape:
        targets = targets_like(logits, targets)
    if reduction == "mean" and not label_smoothing and pos_weight is None:
        return tg.binary_cross_entropy_with_logits(logits, targets)
    targets = targets_like(logits, targets)
    if label_smoothing:
        targets = _smoothed(targets, label_smoothing, 2)
    losses = tg.softplus(logits) - logits * targets
    if pos_weight is not None:
        excess = _weights(pos_weight, "pos_weight", logits.dtype) - 1
        losses = losses + excess * targets * tg.softplus(-logits)
    return reduced(losses, reduction)


def multiclass_log_loss(
    logits: Any,
    targets: Any,
    *,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Any:
    """The mean of -log(p), p the softmax probability of the right class.

    Parameters
    ----------
    logits : ndarray or Tensor
        Of shape (n, classes).
    targets : array_like or Tensor
        Class indices of shape (n,), or probabilities (one-hot rows, for instance) of shape
        (n, classes) with rows that sum to one.
    class_weight : array_like, optional
        Of shape (classes,): how much each class counts. The mean for class indices is the weighted
        one, divided by the sum of the weights; for probabilities it is divided by n, as in PyTorch.
    label_smoothing : float
        The share of each target that is taken from it and divided evenly between all classes
        (Szegedy et al. 2016, section 7).
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all samples.

    Returns
    -------
    ndarray scalar or Tensor
        With reduction "none" of shape (n,).

    Raises
    ------
    ValueError
        If the shapes do not fit, an index is not one of 0 ... classes - 1, or a setting is out of
        its range.
    TypeError
        If the class indices are not integers.

    Examples
    --------
    >>> logits = np.array([[0.0, 0.0], [0.0, 10_000.0]])
    >>> print(multiclass_log_loss(logits, [0, 1]))
    0.34657359027997264
    >>> print(multiclass_log_loss(logits, [[1.0, 0.0], [0.0, 1.0]]))
    0.34657359027997264
    """
    plain = class_weight is None and not label_smoothing
    if plain and reduction == "mean" and np.ndim(targets) == 1:
        return tg.cross_entropy(logits, as_array(targets))
    if logits.ndim != 2:
        raise ValueError(f"logits have shape {logits.shape}, expected (n, classes)")
    if not plain:
        return _weighted_log_loss(logits, targets, class_weight, label_smoothing, reduction)
    if np.ndim(targets) == 1:
        right = logits_of(checked_labels(as_array(targets), logits), logits)
    else:
        right = (logits * targets_like(logits, targets)).sum(axis=1)
    return reduced(tg.logsumexp(logits, axis=1) - right, reduction)


def _weighted_log_loss(
    logits: Any, targets: Any, class_weight: Any, label_smoothing: float, reduction: Reduction
) -> Any:
    classes = logits.shape[1]
    weights = _weights(1.0 if class_weight is None else class_weight, "class_weight", logits.dtype)
    if class_weight is not None and weights.shape != (classes,):
        raise ValueError(f"class_weight has shape {weights.shape}, expected ({classes},)")
    is_index = np.ndim(targets) == 1
    if is_index:
        right = one_hot(checked_labels(as_array(targets), logits), logits)
    else:
        right = targets_like(logits, targets).astype(logits.dtype)
    probabilities = _smoothed(right, label_smoothing, classes)
    losses = -(weights * probabilities * tg.log_softmax(logits)).sum(axis=1)
    if reduction == "mean" and is_index:
        return losses.sum() / (weights * right).sum()
    return reduced(losses, reduction)


def l2_loss(predictions: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    """The mean of the squared differences, over all elements.

    Parameters
    ----------
    predictions : ndarray or Tensor
        Of any shape, usually (n, 1) or (n,).
    targets : array_like or Tensor
        One for each prediction.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Returns
    -------
    ndarray scalar or Tensor
        With reduction "none" of the shape of the predictions.

    Raises
    ------
    ValueError
        If there is not one target for each prediction.

    Examples
    --------
    >>> l2_loss(np.array([1.0, 2.0]), [1.0, 4.0])
    np.float64(2.0)
    """
    difference = predictions - targets_like(predictions, targets)
    losses = difference * difference
    return reduced(losses, reduction)


class Loss(Module):
    """Base of the losses as modules.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Raises
    ------
    ValueError
        If the reduction is unknown.
    """

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        if reduction not in REDUCTIONS:
            raise _unknown(reduction)
        self.reduction: Reduction = reduction


class BCEWithLogitsLoss(Loss):
    """:func:`binary_log_loss` as a module, under PyTorch's name.

    Parameters
    ----------
    pos_weight, label_smoothing, reduction
        As for :func:`binary_log_loss`.

    Examples
    --------
    >>> BCEWithLogitsLoss()(np.array([[0.0]]), [1]).round(4)
    np.float64(0.6931)
    """

    def __init__(
        self,
        *,
        pos_weight: ArrayLike | None = None,
        label_smoothing: float = 0.0,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.pos_weight = None if pos_weight is None else np.asarray(pos_weight)
        self.label_smoothing = label_smoothing

    def forward(self, logits: Any, targets: Any) -> Any:
        return binary_log_loss(
            logits,
            targets,
            pos_weight=self.pos_weight,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )


class CrossEntropyLoss(Loss):
    """:func:`multiclass_log_loss` as a module, under PyTorch's name.

    Parameters
    ----------
    weight : array_like, optional
        How much each class counts.
    label_smoothing, reduction
        As for :func:`multiclass_log_loss`.

    Examples
    --------
    >>> CrossEntropyLoss()(np.array([[0.0, 0.0]]), [1]).round(4)
    np.float64(0.6931)
    """

    def __init__(
        self,
        weight: ArrayLike | None = None,
        *,
        label_smoothing: float = 0.0,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = None if weight is None else np.asarray(weight)
        self.label_smoothing = label_smoothing

    def forward(self, logits: Any, targets: Any) -> Any:
        return multiclass_log_loss(
            logits,
            targets,
            class_weight=self.weight,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )


class MSELoss(Loss):
    """:func:`l2_loss` as a module, under PyTorch's name.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Examples
    --------
    >>> MSELoss()(np.array([1.0, 2.0]), [1.0, 4.0])
    np.float64(2.0)
    """

    def forward(self, predictions: Any, targets: Any) -> Any:
        return l2_loss(predictions, targets, reduction=self.reduction)


# ------------------------------------------------------------------------- what losses share


def reduced(losses: Any, reduction: Reduction) -> Any:
    """The mean or the sum of losses, or the losses themselves.

    Raises
    ------
    ValueError
        If the reduction is unknown.

    Examples
    --------
    >>> reduced(np.array([1.0, 2.0]), "sum")
    np.float64(3.0)
    """
    if reduction == "mean":
        return losses.mean()
    if reduction not in REDUCTIONS:
        raise _unknown(reduction)
    return losses.sum() if reduction == "sum" else losses


def _unknown(reduction: Any) -> ValueError:
    return ValueError(f"reduction is {reduction!r}, expected 'mean', 'sum' or 'none'")


def targets_like(outputs: Any, targets: Any) -> Any:
    """Targets in the dtype of the outputs, and in their shape, for (n,) beside (n, 1).

    Left as they are, the one would turn float32 into float64, and the other (n, 1) into (n, n).

    Raises
    ------
    ValueError
        If there is not one target for each output.

    Examples
    --------
    >>> targets_like(np.zeros((2, 1), np.float32), [1, 2])
    array([[1.],
           [2.]], dtype=float32)
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


def _smoothed(targets: Any, label_smoothing: float, classes: int) -> Any:
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is {label_smoothing}, expected a share, from 0 to 1")
    return targets * (1 - label_smoothing) + label_smoothing / classes


def _weights(weights: Any, name: str, dtype: Any) -> np.ndarray:
    array = np.asarray(weights, dtype)
    if not (array >= 0).all() or np.isinf(array).any():
        raise ValueError(f"{name} is {weights!r}, expected finite numbers that are not negative")
    return array
