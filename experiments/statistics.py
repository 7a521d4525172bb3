"""Means over seeds, and how well they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Mean", "mean_of", "prediction_half_width"]

CONFIDENCE = 0.95


class Mean(NamedTuple):
    """A mean over seeds, with its 95% confidence interval.

    Attributes
    ----------
    value : float
    half_width : float or None
        The interval reaches from ``value - half_width`` to ``value + half_width``; a single seed
        has none.
    seeds : int
        How many.
    """

    value: float
    half_width: float | None
    seeds: int


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of independent figures, with the interval of Student's t (1908).

    The figures of two seeds differ in everything that a seed decides: the data that were drawn, the
    weights at the start, and the order of the mini-batches.

    Examples
    --------
    >>> mean_of([0.96, 0.97, 0.98])
    Mean(value=0.97, half_width=0.025, seeds=3)
    >>> mean_of([0.96])
    Mean(value=0.96, half_width=None, seeds=1)
    """
    count = len(values)
    value = float(np.mean(values))
    if count == 1:
        return Mean(value, None, 1)
    error = float(np.std(values, ddof=1)) / count**0.5
    return Mean(value, _quantile(count - 1, CONFIDENCE) * error, count)


def prediction_half_width(values: Sequence[float], confidence: float) -> float:
    """Half the length of the interval, around the mean, in which the figure of a new seed lies.

    Parameters
    ----------
    values : sequence of float
        Figures of other seeds.
    confidence : float
        With which probability it lies there, if figures are normally distributed.

    Examples
    --------
    >>> prediction_half_width([0.96, 0.97, 0.98], confidence=0.95)
    0.0497
    """
    count = len(values)
    deviation = float(np.std(values, ddof=1))
    return _quantile(count - 1, confidence) * deviation * (1 + 1 / count) ** 0.5


def _quantile(degrees_of_freedom: int, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, 0.5 + confidence / 2))
