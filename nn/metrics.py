"""Metrics: what a prediction is worth, as one number.

Names, meanings and the order of the arguments are scikit-learn's: first what is true, then what was
predicted.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

# ---------------------------------------------------------------------------------- classification


def accuracy(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """The fraction of samples that are classified right; of several labels, all must be.

    Parameters
    ----------
    y_true, y_pred : ndarray
        Class indices of shape (n,), or 0 and 1 of shape (n, labels).

    Returns
    -------
    float

    Examples
    --------
    >>> accuracy(np.array([0, 1, 1]), np.array([0, 1, 0]))
    0.6666666666666666
    """
    right = y_true == y_pred
    return float((right.all(axis=1) if right.ndim == 2 else right).mean())


def precision(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """Of those predicted to be of a class, the fraction that is; 0 if there are none.

    For two classes it is that of class 1; for more, the mean over the classes ("macro").

    Parameters
    ----------
    y_true, y_pred : ndarray
        Class indices of shape (n,), or 0 and 1 of shape (n, labels).

    Returns
    -------
    float

    Examples
    --------
    >>> precision(np.array([0, 1, 1, 0]), np.array([1, 1, 0, 0]))
    0.5
    """
    hits, predicted, _ = _counts(y_true, y_pred)
    return _mean_ratio(hits, predicted)


def recall(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """Of those of a class, the fraction predicted to be; 0 if there are none.

    Averaged over classes as :func:`precision` is.

    Examples
    --------
    >>> recall(np.array([0, 1, 1, 1]), np.array([1, 1, 0, 0]))
    0.3333333333333333
    """
    hits, _, true = _counts(y_true, y_pred)
    return _mean_ratio(hits, true)


def f1(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """The harmonic mean of precision and recall; 0 if both are.

    Averaged over classes as :func:`precision` is.

    Examples
    --------
    >>> f1(np.array([0, 1, 1, 1]), np.array([1, 1, 0, 0]))
    0.4
    """
    hits, predicted, true = _counts(y_true, y_pred)
    return _mean_ratio(2 * hits, predicted + true)


def roc_auc(y_true: np.ndarray, scores: np.ndarray) -> float:
    """The probability that a sample of a class scores above one that is not of it.

    This is the area under the ROC curve (Fawcett 2006); ties count one half. For several classes,
    or labels, it is the mean over each against the rest. NaN where all samples are of one class.

    Parameters
    ----------
    y_true : ndarray
        Class indices of shape (n,), or 0 and 1 of shape (n, labels).
    scores : ndarray
        Of class 1, of shape (n,) or (n, 1), or of each class or label, of shape (n, k).

    Returns
    -------
    float

    Examples
    --------
    >>> roc_auc(np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.5, 0.4]))
    0.75
    """
    scores = np.asarray(scores).reshape(len(y_true), -1)
    if y_true.ndim == 2 or scores.shape[1] == 1:
        columns = y_true.reshape(len(y_true), -1) == 1
    else:
        columns = y_true[:, None] == np.arange(scores.shape[1])
    return float(
        np.mean([_auc(is_true, score) for is_true, score in zip(columns.T, scores.T, strict=True)])
    )


def _auc(is_true: np.ndarray, scores: np.ndarray) -> float:
    positive = int(np.count_nonzero(is_true))
    negative = len(is_true) - positive
    if not positive or not negative:
        return math.nan
    _, place, ties = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(ties)
    ranks = (last - (ties - 1) / 2)[place]  # tied scores share the mean of their ranks
    return (ranks[is_true].sum() - positive * (positive + 1) / 2) / (positive * negative)


def _counts(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each class: how many were predicted rightly, predicted, and are."""
    if y_true.ndim == 2:
        true, predicted = y_true == 1, y_pred == 1
    else:
        classes = np.union1d(y_true, y_pred)
        if classes.size and classes[0] >= 0 and classes[-1] <= 1:  # two classes
            classes = np.array([1])
        true, predicted = y_true[:, None] == classes, y_pred[:, None] == classes
    return (true & predicted).sum(axis=0), predicted.sum(axis=0), true.sum(axis=0)


def _mean_ratio(part: np.ndarray, whole: np.ndarray) -> float:
    return float(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0).mean())


# -------------------------------------------------------------------------------------- regression


def mse(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """The mean of the squared differences.

    Examples
    --------
    >>> mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    return float(np.mean(_differences(y_true, y_pred) ** 2))


def mae(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """The mean of the absolute differences.

    Examples
    --------
    >>> mae(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    return float(np.mean(np.abs(_differences(y_true, y_pred))))


def r2(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """The part of the variance that is explained, R²; of several outputs, the mean.

    1 is perfect, 0 is as good as the mean. An output that does not vary counts 1 if it was
    predicted exactly, and 0 otherwise; with less than two samples the result is NaN.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    0.5
    """
    if len(y_true) < 2:
        return math.nan
    left = (_differences(y_true, y_pred) ** 2).reshape(len(y_true), -1).sum(axis=0)
    values = np.asarray(y_true, np.float64).reshape(len(y_true), -1)
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    explained = 1 - np.divide(left, total, out=(left > 0).astype(float), where=total > 0)
    return float(explained.mean())


def _differences(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """In float64, so that the sum of many is right to more than float32's digits."""
    return np.asarray(y_pred, np.float64) - np.asarray(y_true, np.float64).reshape(y_pred.shape)


Score = Callable[[np.ndarray, np.ndarray], float]

OF_CLASSES: dict[str, Score] = {
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
}
"""Metrics of predicted classes, by name."""

OF_PROBABILITIES: dict[str, Score] = {"roc_auc": roc_auc}
"""Metrics of predicted probabilities, by name."""

OF_VALUES: dict[str, Score] = {"mse": mse, "mae": mae, "r2": r2}
"""Metrics of predicted values, by name."""
