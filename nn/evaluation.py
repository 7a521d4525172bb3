"""Metrics of a network, by name, as functions of its logits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from nn.metrics import OF_CLASSES, OF_PROBABILITIES, OF_VALUES
from nn.tasks import Task

Metric = Callable[[np.ndarray, np.ndarray], float]
"""From logits and targets, as the task checks them, to a number."""

Metrics = Iterable[str | Callable[[Any, Any], Any]] | Mapping[str, Callable[[Any, Any], Any]]
"""What a user may ask for."""


def task_metrics(task: Task) -> dict[str, Metric]:
    """All metrics of a task, by name.

    Examples
    --------
    >>> from nn.tasks import TASKS
    >>> list(task_metrics(TASKS["binary_log_loss"]))
    ['log_loss', 'accuracy', 'precision', 'recall', 'f1', 'roc_auc']
    >>> list(task_metrics(TASKS["l2"]))
    ['mse', 'mae', 'r2']
    """
    if task.classes_of is None:
        return {name: _of_predictions(score, task) for name, score in OF_VALUES.items()}
    return {
        "log_loss": lambda logits, targets: float(task.loss_function(logits, targets)),
        **{name: _of_predictions(score, task) for name, score in OF_CLASSES.items()},
        **{name: _of_probabilities(score, task) for name, score in OF_PROBABILITIES.items()},
    }


def checked_metrics(metrics: Any, task: Task) -> dict[str, Metric]:
    """Metrics that a user names or defines.

    Parameters
    ----------
    metrics : list of (str or callable), or dict of str to callable
        Names of the task's own, or functions of true and predicted classes, or values, as those of
        ``sklearn.metrics`` are.
    task : Task
        What the network does.

    Returns
    -------
    dict of str to callable
        By name; each takes logits and targets.

    Raises
    ------
    TypeError, ValueError
        If something is neither, or a name is unknown, or there twice.

    Examples
    --------
    >>> from nn.tasks import TASKS
    >>> list(checked_metrics(["f1", np.array_equal], TASKS["binary_log_loss"]))
    ['f1', 'array_equal']
    """
    known = task_metrics(task)
    result: dict[str, Metric] = {}
    for name, metric in _named(metrics):
        if name == "loss":
            raise ValueError("metrics has 'loss', which is always there; expected other names")
        if name in result:
            raise ValueError(f"metrics has {name!r} twice; pass a dict with a name for each")
        if metric is not None:
            result[name] = _of_predictions(metric, task)
        elif name in known:
            result[name] = known[name]
        else:
            raise ValueError(
                f"metrics has {name!r}, expected one of {', '.join(known)} for {task.title}, or a "
                "function of true and predicted values"
            )
    return result


def in_units_of(
    metrics: Mapping[str, Metric], restore: Callable[[np.ndarray], np.ndarray]
) -> dict[str, Metric]:
    """The metrics of outputs and targets that were standardized, in the units of before.

    Examples
    --------
    >>> metrics = in_units_of({"sum": lambda outputs, targets: sum(outputs)}, lambda x: 10 * x)
    >>> metrics["sum"](np.ones(2), np.ones(2))
    np.float64(20.0)
    """

    def restored(metric: Metric) -> Metric:
        return lambda outputs, targets: metric(restore(outputs), restore(targets))

    return {name: restored(metric) for name, metric in metrics.items()}


def _named(metrics: Any) -> Iterable[tuple[str, Any]]:
    expected = "a list of names or functions, or a dict from names to functions"
    if isinstance(metrics, Mapping):
        if not all(isinstance(name, str) and callable(f) for name, f in metrics.items()):
            raise TypeError(f"metrics is {metrics!r}, expected {expected}")
        return metrics.items()
    if isinstance(metrics, str | bytes) or not isinstance(metrics, Iterable):
        raise TypeError(f"metrics is {metrics!r}, expected {expected}")
    pairs: list[tuple[str, Any]] = []
    for metric in metrics:
        if isinstance(metric, str):
            pairs.append((metric, None))
        elif callable(metric):
            pairs.append((getattr(metric, "__name__", type(metric).__name__), metric))
        else:
            raise TypeError(f"metrics holds {metric!r}, expected {expected}")
    return pairs


def _of_predictions(score: Callable[[Any, Any], Any], task: Task) -> Metric:
    def metric(logits: np.ndarray, targets: np.ndarray) -> float:
        predicted = task.decide(logits)
        return float(score(_truth(task, targets).reshape(predicted.shape), predicted))

    return metric


def _of_probabilities(score: Callable[[Any, Any], Any], task: Task) -> Metric:
    def metric(logits: np.ndarray, targets: np.ndarray) -> float:
        return float(score(_truth(task, targets), task.output(logits)))

    return metric


def _truth(task: Task, targets: np.ndarray) -> np.ndarray:
    return targets if task.classes_of is None else task.classes_of(targets).astype(np.intp)
