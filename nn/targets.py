"""Targets at the door: checked for what the task takes, and cast once."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.data import finite_cast, numeric_array

ROW_SUM_TOLERANCE = 1e-4
"""How far from one a row of probabilities may sum: float32 softmax outputs, rounded a little."""


def as_binary_targets(y: Any, n_samples: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Check labels 0 and 1, of shape (n,) or (n, 1).

    Parameters
    ----------
    y : array_like
        The labels; booleans count as 0 and 1.
    n_samples : int
        How many there must be.
    dtype : dtype
        What to cast to.

    Returns
    -------
    ndarray
        Of shape (n, 1).

    Raises
    ------
    TypeError, ValueError
        If ``y`` is anything else.

    Examples
    --------
    >>> as_binary_targets([0, 1], 2, np.dtype("f4"))
    array([[0.],
           [1.]], dtype=float32)
    """
    array = _targets(y, n_samples)
    if array.shape not in ((n_samples,), (n_samples, 1)):
        raise ValueError(
            f"y has shape {array.shape}, expected ({n_samples},) or ({n_samples}, 1) for binary "
            "labels"
        )
    wrong = (array != 0) & (array != 1)
    if wrong.any():
        labels = np.unique(array)
        advice = (
            f"for the labels {labels[0]} and {labels[1]} pass y == {labels[1]}"
            if len(labels) == 2
            else "for more than two classes use a softmax output with multiclass_log_loss"
        )
        raise ValueError(f"y holds the label {array[wrong][0]}, expected only 0 and 1; {advice}")
    return array.astype(dtype).reshape(n_samples, 1)


def as_label_targets(y: Any, n_samples: int, n_labels: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Check rows of 0 and 1, one column for each label.

    Parameters
    ----------
    y : array_like
        The labels; booleans count as 0 and 1.
    n_samples : int
        How many rows there must be.
    n_labels : int
        How many columns.
    dtype : dtype
        What to cast to.

    Returns
    -------
    ndarray
        Of shape (n, n_labels).

    Raises
    ------
    TypeError, ValueError
        If ``y`` is anything else.

    Examples
    --------
    >>> as_label_targets([[0, 1], [1, 1]], 2, 2, np.dtype("f4"))
    array([[0., 1.],
           [1., 1.]], dtype=float32)
    """
    array = _targets(y, n_samples)
    if array.shape != (n_samples, n_labels):
        raise ValueError(
            f"y has shape {array.shape}, expected ({n_samples}, {n_labels}): one column of 0 and 1 "
            "for each label"
        )
    wrong = (array != 0) & (array != 1)
    if wrong.any():
        raise ValueError(f"y holds {array[wrong][0]}, expected only 0 and 1, one for each label")
    return array.astype(dtype)


def as_class_targets(y: Any, n_samples: int, n_classes: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Check class indices of shape (n,), or one-hot rows of shape (n, k).

    Rows of probabilities (soft labels) are accepted wherever one-hot rows are.

    Parameters
    ----------
    y : array_like
        The labels.
    n_samples : int
        How many there must be.
    n_classes : int
        The number k of classes.
    dtype : dtype
        What to cast probabilities to.

    Returns
    -------
    ndarray
        Class indices of shape (n,); for soft labels, probabilities of shape (n, k).

    Raises
    ------
    TypeError, ValueError
        If ``y`` is anything else.

    Examples
    --------
    >>> as_class_targets([[1, 0], [0, 1]], 2, 2, np.dtype("f4"))
    array([0, 1])
    """
    array = _targets(y, n_samples)
    if array.shape in ((n_samples,), (n_samples, 1)):
        return _class_indices(array.reshape(n_samples), n_classes)
    if array.shape != (n_samples, n_classes):
        raise ValueError(
            f"y has shape {array.shape}, expected ({n_samples},) for class indices or "
            f"({n_samples}, {n_classes}) for one-hot rows"
        )
    sums = array.sum(axis=1)
    wrong = np.flatnonzero((np.abs(sums - 1) > ROW_SUM_TOLERANCE) | (array.min(axis=1) < 0))
    if len(wrong):
        row = wrong[0]
        raise ValueError(
            f"row {row} of y is {array[row].tolist()}, with sum {sums[row]}; expected one-hot rows "
            "(or probabilities): not negative, with sum one"
        )
    if ((array == 0) | (array == 1)).all():
        return array.argmax(axis=1)
    return array.astype(dtype)


def as_regression_targets(
    y: Any, n_samples: int, output_dim: int, dtype: np.dtype[Any]
) -> np.ndarray:
    """Check values of shape (n, output_dim), or (n,) for one output.

    Parameters
    ----------
    y : array_like
        The values.
    n_samples : int
        How many there must be.
    output_dim : int
        Number of outputs.
    dtype : dtype
        What to cast to.

    Returns
    -------
    ndarray
        Of shape (n, output_dim).

    Raises
    ------
    TypeError, ValueError
        If ``y`` is anything else.

    Examples
    --------
    >>> as_regression_targets([1, 2], 2, 1, np.dtype("f4"))
    array([[1.],
           [2.]], dtype=float32)
    """
    array = _targets(y, n_samples)
    if array.shape != (n_samples, output_dim) and not (
        output_dim == 1 and array.shape == (n_samples,)
    ):
        or_flat = f" or ({n_samples},)" if output_dim == 1 else ""
        raise ValueError(
            f"y has shape {array.shape}, expected ({n_samples}, {output_dim}){or_flat}: one column "
            "for each output"
        )
    return finite_cast(array, "y", dtype).reshape(n_samples, output_dim)


def _targets(y: Any, n_samples: int) -> np.ndarray:
    array = numeric_array(y, "y")
    if array.ndim == 0 or len(array) != n_samples:
        entries = "a single number" if array.ndim == 0 else f"{len(array)} entries"
        raise ValueError(f"y has {entries}, but X has {n_samples} samples; expected one for each")
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(
            f"y holds {array[where]} at index {list(where)}, expected finite numbers; remove or "
            "impute such entries"
        )
    return array


def _class_indices(array: np.ndarray, n_classes: int) -> np.ndarray:
    fractional = array != np.floor(array)
    if fractional.any():
        raise ValueError(
            f"y holds {array[fractional][0]}, expected class indices, which are integers"
        )
    wrong = (array < 0) | (array >= n_classes)
    if wrong.any():
        advice = ""
        if array.min() == 1 and array.max() == n_classes:
            advice = f"; for the classes 1 to {n_classes} pass y - 1"
        raise ValueError(
            f"y holds the class index {int(array[wrong][0])}, expected 0 to {n_classes - 1}: the "
            f"network has {n_classes} outputs, one for each class{advice}"
        )
    return array.astype(np.intp)
