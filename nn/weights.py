"""How much samples and classes count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from nn.data import numeric_array


def checked_sample_weight(sample_weight: Any, n_samples: int) -> np.ndarray:
    """Check that there is a weight for each sample.

    Parameters
    ----------
    sample_weight : array_like
        Finite numbers of shape (n_samples,), not negative and not all zero.
    n_samples : int
        How many there must be.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    TypeError, ValueError
        If it is anything else.

    Examples
    --------
    >>> checked_sample_weight([1, 2], 2)
    array([1., 2.])
    """
    weights = numeric_array(sample_weight, "sample_weight").astype(np.float64)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight has shape {weights.shape}, expected ({n_samples},): one number for "
            "each sample"
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        raise ValueError(
            f"sample_weight holds {weights[wrong][0]} at index {[int(np.flatnonzero(wrong)[0])]}, "
            "expected finite numbers that are not negative"
        )
    if not weights.any():
        raise ValueError("sample_weight is 0 for all samples; expected some that count")
    return weights


def checked_class_weight(class_weight: Any, n_classes: int, classes: np.ndarray) -> np.ndarray:
    """Weights of all classes, in the order of their indices.

    Parameters
    ----------
    class_weight : {"balanced"} or mapping of int to float
        "balanced" makes all classes count the same: the number of samples, divided by the number
        of classes and by that of the samples of the class. A class that the mapping leaves out
        counts 1.
    n_classes : int
        How many there are.
    classes : ndarray
        Class indices of the samples that are trained on.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    TypeError, ValueError
        If it is anything else.

    Examples
    --------
    >>> checked_class_weight("balanced", 2, np.array([0, 0, 0, 1]))
    array([0.66666667, 2.        ])
    >>> checked_class_weight({1: 5}, 2, np.array([0, 1]))
    array([1., 5.])
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(classes.astype(np.intp), minlength=n_classes)
        present = np.count_nonzero(counts)
        return np.divide(len(classes), present * counts, out=np.ones(n_classes), where=counts > 0)
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            f"class_weight is {class_weight!r}; expected 'balanced', or a dict from class indices "
            "to numbers"
        )
    weights = np.ones(n_classes)
    for label, weight in class_weight.items():
        if label not in range(n_classes):
            raise ValueError(
                f"class_weight has the class {label!r}, expected indices from 0 to {n_classes - 1}"
            )
        number = numeric_array(weight, f"class_weight[{label!r}]")
        if number.ndim or not np.isfinite(number) or number < 0:
            raise ValueError(
                f"class_weight[{label!r}] is {weight!r}; expected a finite number, 0 or more"
            )
        weights[label] = number
    if not weights[np.unique(classes).astype(np.intp)].any():
        raise ValueError("class_weight is 0 for all classes of y; expected some that count")
    return weights


def with_weights(
    training: tuple[np.ndarray, ...],
    validation: tuple[np.ndarray, ...] | None,
    weights: np.ndarray,
    dtype: np.dtype[Any],
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...] | None]:
    """Add weights as third arrays, each divided by its mean; samples of weight 0 are left out.

    Parameters
    ----------
    training : tuple of ndarray
        Inputs and targets.
    validation : tuple of ndarray, optional
        Inputs, targets, and weights unless all count the same.
    weights : ndarray
        Of the training samples.
    dtype : dtype
        What to cast the weights to.

    Raises
    ------
    ValueError
        If nothing counts among those that are trained, or validated, on.

    Examples
    --------
    >>> X = np.arange(3)
    >>> training, _ = with_weights((X, X), None, np.array([3.0, 0.0, 1.0]), np.dtype("f4"))
    >>> training[0], training[2]
    (array([0, 2]), array([1.5, 0.5], dtype=float32))
    """
    scaled = _over_mean(weights, "trained")
    if validation is not None:
        of_validation = _over_mean(weights_of(validation), "validated")
        validation = (*validation[:2], of_validation.astype(dtype))
    if not scaled.all():
        rows = np.flatnonzero(scaled)
        training = tuple([array.take(rows, axis=0) for array in training])
        scaled = scaled[rows] / scaled[rows].mean()
    return (*training, scaled.astype(dtype)), validation


def weights_of(arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    """The third array, or ones if there is none.

    Examples
    --------
    >>> weights_of((np.zeros((2, 1)), np.zeros(2)))
    array([1., 1.])
    """
    given = arrays[2:]
    return given[0] if given else np.ones(len(arrays[0]))


def _over_mean(weights: np.ndarray, what: str) -> np.ndarray:
    if not weights.any():
        raise ValueError(
            f"the samples that are {what} on all have weight 0; expected some that count"
        )
    return weights / weights.mean()


class WeightedMean(NamedTuple):
    """A loss of one sample each, times the weights that are its third argument, averaged.

    It maps outputs, targets, and weights of shape (n,) to a mean. That is divided by n, not by the
    sum of the weights, so that a sample counts the same whatever batch it is in. Two of the same
    loss are equal, and so a compiled step of one stands for the other.

    Attributes
    ----------
    loss_function : callable
        Takes ``reduction="none"``, as the losses of this package do.

    Examples
    --------
    >>> from nn import l2_loss
    >>> WeightedMean(l2_loss)(np.zeros((2, 1)), np.ones((2, 1)), np.array([0.5, 1.5]))
    np.float64(1.0)
    """

    loss_function: Callable[..., Any]

    def __call__(self, outputs: Any, targets: Any, weights: Any) -> Any:
        """The weighted mean of the losses."""
        losses = self.loss_function(outputs, targets, reduction="none")
        return (losses * (weights[:, None] if losses.ndim == 2 else weights)).mean()
