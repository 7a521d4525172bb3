"""What classification, of two classes, of several, or with several labels, and regression do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tensorgrad as tg
from nn.losses import binary_log_loss, l2_loss, multiclass_log_loss
from nn.targets import (
    as_binary_targets,
    as_class_targets,
    as_label_targets,
    as_regression_targets,
)


class Task(NamedTuple):
    """A loss, the output activation that belongs to it, and what becomes of the logits."""

    title: str
    loss: str
    """The name of the loss, as a user gives it."""
    activation: str
    """The name of the output activation, in lower case."""
    loss_function: Callable[[Any, Any], Any]
    """Mean loss of a batch, from logits and targets."""
    output: Callable[[Any], Any]
    """Probabilities or values of shape (n, outputs), from logits."""
    checked_targets: Callable[..., np.ndarray]
    """Targets for the loss from what a user gives as y, ``(y, n_samples, outputs, dtype)``."""
    decide: Callable[[np.ndarray], np.ndarray]
    """Class indices or values, one for each row of logits."""
    decide_one: Callable[[np.ndarray], Any]
    """The same for the logits of one sample, as a Python number."""
    classes_of: Callable[[np.ndarray], np.ndarray] | None
    """Class indices from targets; None where there are no classes."""
    has_one_class: bool = True
    """Whether a sample is of one class; otherwise each column of the targets is 0 or 1."""

    def accuracy(self, logits: np.ndarray, targets: np.ndarray) -> float:
        """The fraction of rows that are classified as the targets say, in all of their labels."""
        if self.classes_of is None:
            raise ValueError(f"{self.title} has no classes, and so no accuracy")
        is_right = self.decide(logits) == self.classes_of(targets)
        return float((is_right if self.has_one_class else is_right.all(axis=1)).mean())


def _identity(logits: Any) -> Any:
    return logits


def _is_positive(logits: np.ndarray) -> np.ndarray:
    # sigmoid(logit) > 0.5, without the sigmoid
    return (logits[:, 0] > 0).astype(np.intp)


def _are_positive(logits: np.ndarray) -> np.ndarray:
    return (logits > 0).astype(np.intp)


def _most_probable(logits: np.ndarray) -> np.ndarray:
    # softmax keeps the order of the logits
    return logits.argmax(axis=1)


def _column_classes(targets: np.ndarray) -> np.ndarray:
    return targets[:, 0]


def _row_classes(targets: np.ndarray) -> np.ndarray:
    return targets if targets.ndim == 1 else targets.argmax(axis=1)


def _values(outputs: np.ndarray) -> np.ndarray:
    return outputs[:, 0] if outputs.shape[1] == 1 else outputs


def _value(outputs: np.ndarray) -> Any:
    return outputs.item() if outputs.size == 1 else outputs


TASKS = {
    task.loss: task
    for task in (
        Task(
            title="binary classification",
            loss="binary_log_loss",
            activation="sigmoid",
            loss_function=binary_log_loss,
            output=tg.sigmoid,
            checked_targets=lambda y, n_samples, outputs, dtype: as_binary_targets(
                y, n_samples, dtype
            ),
            decide=_is_positive,
            decide_one=lambda logits: int(logits.item() > 0),
            classes_of=_column_classes,
        ),
        Task(
            title="multiclass classification",
            loss="multiclass_log_loss",
            activation="softmax",
            loss_function=multiclass_log_loss,
            output=tg.softmax,
            checked_targets=as_class_targets,
            decide=_most_probable,
            decide_one=lambda logits: int(logits.argmax()),
            classes_of=_row_classes,
        ),
        Task(
            title="regression",
            loss="l2",
            activation="identity",
            loss_function=l2_loss,
            output=_identity,
            checked_targets=as_regression_targets,
            decide=_values,
            decide_one=_value,
            classes_of=None,
        ),
        Task(
            title="multilabel classification",
            loss="multilabel_log_loss",
            activation="sigmoid",
            loss_function=binary_log_loss,
            output=tg.sigmoid,
            checked_targets=as_label_targets,
            decide=_are_positive,
            decide_one=lambda logits: _are_positive(logits.reshape(-1)),
            classes_of=_identity,
            has_one_class=False,
        ),
    )
}
"""The tasks, by the names of their losses."""
