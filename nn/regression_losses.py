"""Losses of regression beside the squared one, as functions and as modules.

All of them are means over all elements, unless ``reduction`` says otherwise: ``"sum"``, or
``"none"`` for the losses themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.checks import positive_number
from nn.losses import Loss, Reduction, reduced, targets_like


def l1_loss(predictions: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    """The mean of the absolute differences, whose best constant prediction is the median.

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
        With reduction "none" of the shape of the predictions. The derivative of an element is 0
        where prediction and target are equal.

    Raises
    ------
    ValueError
        If there is not one target for each prediction, or the reduction is unknown.

    Examples
    --------
    >>> l1_loss(np.array([1.0, 2.0]), [1.0, 4.0])
    np.float64(1.0)
    """
    return reduced(np.abs(predictions - targets_like(predictions, targets)), reduction)


def huber_loss(
    predictions: Any, targets: Any, *, delta: float = 1.0, reduction: Reduction = "mean"
) -> Any:
    """Half the square of small differences, and linear in large ones (Huber 1964).

    Parameters
    ----------
    predictions : ndarray or Tensor
        Of any shape, usually (n, 1) or (n,).
    targets : array_like or Tensor
        One for each prediction.
    delta : float
        From which difference on it is linear; outliers have no more than this for a gradient.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Returns
    -------
    ndarray scalar or Tensor
        With reduction "none" of the shape of the predictions.

    Raises
    ------
    ValueError
        If there is not one target for each prediction, or a setting is out of its range.

    Examples
    --------
    >>> huber_loss(np.array([0.0, 0.0]), [1.0, 3.0])
    np.float64(1.5)
    """
    delta = positive_number(delta, "delta")
    difference = predictions - targets_like(predictions, targets)
    size = np.abs(difference)
    square, line = 0.5 * difference * difference, delta * (size - 0.5 * delta)
    return reduced(np.where(size <= delta, square, line), reduction)


def quantile_loss(
    predictions: Any, targets: Any, *, quantile: float = 0.5, reduction: Reduction = "mean"
) -> Any:
    """The loss whose best constant prediction is a quantile (Koenker & Bassett 1978, eq. 2.1).

    A target above the prediction costs ``quantile`` times their difference, and one below it
    ``1 - quantile`` times. Two networks, for the quantiles 0.05 and 0.95, say, enclose 90% of the
    targets.

    Parameters
    ----------
    predictions : ndarray or Tensor
        Of any shape, usually (n, 1) or (n,).
    targets : array_like or Tensor
        One for each prediction.
    quantile : float
        Above 0 and below 1.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Returns
    -------
    ndarray scalar or Tensor
        With reduction "none" of the shape of the predictions. The derivative of an element is half
        way between the slopes on both sides where prediction and target are equal.

    Raises
    ------
    ValueError
        If there is not one target for each prediction, or a setting is out of its range.

    Examples
    --------
    >>> quantile_loss(np.zeros(2), [-1.0, 1.0], quantile=0.9, reduction="none")
    array([0.1, 0.9])
    """
    if not 0 < quantile < 1:
        raise ValueError(f"quantile is {quantile}, expected a number above 0 and below 1")
    excess = targets_like(predictions, targets) - predictions
    return reduced(np.maximum(quantile * excess, (quantile - 1) * excess), reduction)


def poisson_nll_loss(log_rates: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    """The negative logarithm of Poisson probabilities, exp(z) - y z, without the term log(y!).

    That term does not depend on the prediction.

    Parameters
    ----------
    log_rates : ndarray or Tensor
        The logarithms of the expected counts, of any shape.
    targets : array_like or Tensor
        Counts, or rates; one for each.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Returns
    -------
    ndarray scalar or Tensor
        With reduction "none" of the shape of ``log_rates``.

    Raises
    ------
    ValueError
        If there is not one target for each logarithm, or the reduction is unknown.

    Examples
    --------
    >>> poisson_nll_loss(np.zeros(2), [0, 3])
    np.float64(1.0)
    """
    return reduced(np.exp(log_rates) - targets_like(log_rates, targets) * log_rates, reduction)


def gaussian_nll_loss(
    means: Any,
    targets: Any,
    variances: Any,
    *,
    eps: float = 1e-6,
    reduction: Reduction = "mean",
) -> Any:
    """The negative logarithm of normal densities, (log(v) + (y - m)² / v) / 2 (Nix & Weigend 1994).

    The constant log(2π) / 2 is left out. A network with an output for the mean and one for the
    logarithm of the variance is trained with
    ``lambda out, y: gaussian_nll_loss(out[:, :1], y, np.exp(out[:, 1:]))``.

    Parameters
    ----------
    means : ndarray or Tensor
        Of any shape, usually (n, 1) or (n,).
    targets : array_like or Tensor
        One for each mean.
    variances : ndarray or Tensor
        One for each mean, or of a shape that is broadcast to that of the means.
    eps : float
        Smaller variances count as this, and have no gradient.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Returns
    -------
    ndarray scalar or Tensor
        With reduction "none" of the shape of the means.

    Raises
    ------
    ValueError
        If there is not one target for each mean, or a setting is out of its range.

    Examples
    --------
    >>> gaussian_nll_loss(np.zeros(2), [1.0, 2.0], np.ones(2))
    np.float64(1.25)
    """
    variances = np.maximum(variances, positive_number(eps, "eps"))
    difference = means - targets_like(means, targets)
    return reduced(0.5 * (np.log(variances) + difference * difference / variances), reduction)


class L1Loss(Loss):
    """:func:`l1_loss` as a module.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Examples
    --------
    >>> L1Loss()(np.array([1.0, 2.0]), [1.0, 4.0])
    np.float64(1.0)
    """

    def forward(self, predictions: Any, targets: Any) -> Any:
        return l1_loss(predictions, targets, reduction=self.reduction)


class HuberLoss(Loss):
    """:func:`huber_loss` as a module.

    Parameters
    ----------
    delta : float
        From which difference on it is linear.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Examples
    --------
    >>> HuberLoss(delta=2.0)(np.array([0.0, 0.0]), [1.0, 3.0])
    np.float64(2.25)
    """

    def __init__(self, *, delta: float = 1.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction=reduction)
        self.delta = positive_number(delta, "delta")

    def forward(self, predictions: Any, targets: Any) -> Any:
        return huber_loss(predictions, targets, delta=self.delta, reduction=self.reduction)


class QuantileLoss(Loss):
    """:func:`quantile_loss` as a module.

    Parameters
    ----------
    quantile : float
        Above 0 and below 1.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Examples
    --------
    >>> QuantileLoss(0.9)(np.zeros(2), [-1.0, 1.0])
    np.float64(0.5)
    """

    def __init__(self, quantile: float = 0.5, *, reduction: Reduction = "mean") -> None:
        super().__init__(reduction=reduction)
        self.quantile = quantile

    def forward(self, predictions: Any, targets: Any) -> Any:
        return quantile_loss(predictions, targets, quantile=self.quantile, reduction=self.reduction)


class PoissonNLLLoss(Loss):
    """:func:`poisson_nll_loss` as a module.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Examples
    --------
    >>> PoissonNLLLoss()(np.zeros(2), [0, 3])
    np.float64(1.0)
    """

    def forward(self, log_rates: Any, targets: Any) -> Any:
        return poisson_nll_loss(log_rates, targets, reduction=self.reduction)


class GaussianNLLLoss(Loss):
    """:func:`gaussian_nll_loss` as a module.

    Parameters
    ----------
    eps : float
        Smaller variances count as this.
    reduction : {"mean", "sum", "none"}
        What is made of the losses of all elements.

    Examples
    --------
    >>> GaussianNLLLoss()(np.zeros(2), [1.0, 2.0], np.ones(2))
    np.float64(1.25)
    """

    def __init__(self, *, eps: float = 1e-6, reduction: Reduction = "mean") -> None:
        super().__init__(reduction=reduction)
        self.eps = positive_number(eps, "eps")

    def forward(self, means: Any, targets: Any, variances: Any) -> Any:
        return gaussian_nll_loss(means, targets, variances, eps=self.eps, reduction=self.reduction)
