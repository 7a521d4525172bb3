"""Class indices, the label of one class for each row: the logits there, and one-hot rows.

In a program that is recorded they are one instruction each, for which every backend has its own
way; composed of comparisons of integers they would cost NumPy more than the rest of a log-loss.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from tensorgrad.mode import mode
from tensorgrad.tensor import Tensor

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
    return _plain(labels)


def _plain(labels: Any) -> Any:
    """Labels in an array of a subclass, such as ``np.memmap``, as an array."""
    return labels.view(np.ndarray) if isinstance(labels, np.ndarray) else labels


def logits_of(labels: Any, logits: Any) -> Any:
    """The logit of the right class, for each row.

    Raises
    ------
    ValueError
        If an index is not one of 0 ... classes - 1. Another library's array, or one inside a
        compiled function, may have no values to see.
    """
    labels = _plain(labels)
    if type(labels) is type(logits) is np.ndarray:
        return logits_at_labels(logits, labels)
    if _is_recorded(labels) and not isinstance(logits, Tensor):
        kinds = (type(labels),)
        return labels.__array_function__(logits_at_labels, kinds, (logits, labels), {})
    if type(labels) is np.ndarray:
        places_of(labels, logits.shape)
    return masked_logits(logits, labels)


def one_hot(labels: Any, logits: Any) -> Any:
    """Rows like the logits', with 1 in the column of the right class and 0 elsewhere.

    Raises
    ------
    ValueError
        As :func:`logits_of` does.
    """
    labels = _plain(labels)
    args = (labels, logits.shape[1], logits.dtype)
    if type(labels) is np.ndarray:
        return one_hot_rows(*args)
    if _is_recorded(labels):
        return labels.__array_function__(one_hot_rows, (type(labels),), args, {})
    return masked_rows(*args)


def _is_recorded(labels: Any) -> bool:
    """Whether they stand for the labels of a program that is being recorded."""
    return mode.get().capturing and type(labels) is not np.ndarray


# ------------------------------------------------------------------------------- of arrays


def logits_at_labels(logits: Any, labels: Any) -> Any:
    """:func:`logits_of` of arrays."""
    return logits.ravel()[places_of(labels, logits.shape)]


def one_hot_rows(labels: Any, classes: int, dtype: Any) -> Any:
    """:func:`one_hot` of an array."""
    shape = (len(labels), classes)
    return ones_at(places_of(labels, shape), shape, dtype)


def ones_at(places: Any, shape: tuple[int, int], dtype: Any) -> Any:
    """Zeros, with 1 at places in the flat array."""
    rows = np.zeros(shape, dtype)
    rows.ravel()[places] = 1
    return rows


def places_of(labels: Any, shape: tuple[int, ...]) -> Any:
    """Where in a flat array of this shape the right class of each row is.

    Raises
    ------
    ValueError
        If an index is not one of 0 ... classes - 1, also where NumPy would count from the end.
    """
    try:
        return np.ravel_multi_index((np.arange(len(labels)), labels), shape)
    except ValueError:
        raise ValueError(
            f"class indices go from {labels.min()} to {labels.max()}, expected 0 to {shape[1] - 1}"
        ) from None


# ------------------------------------------- composed, for machine code and for other libraries


def masked_logits(logits: Any, labels: Any) -> Any:
    """:func:`logits_of`, without looking at values."""
    n, classes = logits.shape
    if classes <= FEW_CLASSES:
        return np.where(is_label(labels, classes), logits, 0).sum(axis=1)
    return logits[np.arange(n), labels]


def masked_rows(labels: Any, classes: int, dtype: Any) -> Any:
    """:func:`one_hot`, without looking at values."""
    return is_label(labels, classes).astype(dtype)


def is_label(labels: Any, classes: int) -> Any:
    """Whether a column is that of the right class, for each row."""
    return labels[:, None] == _indices(classes)


@lru_cache(maxsize=64)
def _indices(count: int) -> np.ndarray:
    return np.arange(count)
