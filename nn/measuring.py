"""What is measured after an epoch: the mean loss and metrics, of what was held out too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from nn.batches import Batch
from nn.mapped import parts
from nn.module import Module
from tensorgrad.mode import changed_mode

LossFunction = Callable[..., Any]
"""From the outputs of a batch, its targets, and its weights if there are any, to their mean."""

Metric = Callable[[np.ndarray, np.ndarray], float]
"""From outputs and targets to a number."""

VALIDATION = "validation_"
"""What the names of numbers from the validation data begin with."""

ROWS_AT_ONCE = 4096
"""Rows whose loss is computed together, at most, when nothing is learned from it."""


def columns(metrics: Iterable[str], validation: Batch | None) -> list[str]:
    """Names of the numbers that training writes into the history."""
    names = ["loss", *metrics]
    return names if validation is None else names + [VALIDATION + name for name in names]


def measure(
    model: Module, loss_function: LossFunction, arrays: Batch, metrics: Mapping[str, Metric]
) -> dict[str, float]:
    """Mean loss, and metrics, of a model in evaluation mode.

    Parameters
    ----------
    model : Module
        From inputs to logits or predictions; it is left in the mode in which it was.
    loss_function : callable
        From those, the targets, and the weights if there are any, to their mean loss.
    arrays : tuple of ndarray
        Inputs, targets, and weights if the loss takes them.
    metrics : dict of str to callable
        From outputs and targets to a number.

    Returns
    -------
    dict of str to float
        ``"loss"``, and one entry for each metric.

    Examples
    --------
    >>> from nn import Linear, l2_loss
    >>> measure(Linear(1, 1), l2_loss, (np.zeros((3, 1)), np.ones((3, 1))), {})
    {'loss': 1.0}
    """
    was_training = model.training
    model.eval()
    total, outputs = 0.0, []
    try:
        with changed_mode(recording=False):
            for rows in parts(arrays[0], ROWS_AT_ONCE):
                output = model(arrays[0][rows])
                loss = loss_function(output, *[array[rows] for array in arrays[1:]])
                total += float(loss) * len(output)
                outputs.append(np.asarray(getattr(output, "data", output)))
    finally:
        model.train(was_training)
    seen = np.concatenate(outputs)
    row = {"loss": total / len(seen)}
    for name, metric in metrics.items():
        row[name] = metric(seen, arrays[1])
    return row
