"""The data of ``fit``: checked, weighted, and divided into what is trained and validated on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nn.batches import ArraySource, Batch, Source
from nn.data import as_inputs
from nn.settings import checked_fraction, in_argument
from nn.splitting import held_out
from nn.standardization import Standardizer
from nn.streams import StreamSource
from nn.tasks import Task
from nn.weights import (
    checked_class_weight,
    checked_sample_weight,
    weights_of,
    with_weights,
)


class Door(NamedTuple):
    """What data have to fit, to come in."""

    task: Task
    input_dim: int
    output_dim: int
    dtype: np.dtype[Any]
    standardizes: bool = False
    standardizer: Standardizer | None = None
    """What was measured before, if anything was."""

    def checked(self, X: Any, y: Any) -> Batch:
        """Inputs and targets as they were given, or an error; float64 if they will be scaled."""
        dtype = np.dtype(np.float64) if self.standardizes else self.dtype
        inputs = as_inputs(X, self.input_dim, dtype)
        return inputs, self.task.checked_targets(y, len(inputs), self.output_dim, dtype)

    def ready(self, X: Any, y: Any) -> Batch:
        """Inputs and targets as the network computes with them, or an error."""
        arrays = self.checked(X, y)
        standardizer = self.measured(arrays)
        return arrays if standardizer is None else self.scaled(arrays, standardizer)

    def checked_batch(self, batch: Batch) -> Batch:
        """The same of a batch that comes by itself, with its weights, and standardized."""
        X, y, *weights = batch
        arrays = self.checked(X, y)
        if self.standardizer is not None:
            arrays = self.scaled(arrays, self.standardizer)
        n = len(arrays[0])
        return (*arrays, *[checked_sample_weight(w, n).astype(self.dtype) for w in weights])

    def measured(self, arrays: Batch) -> Standardizer | None:
        """Means and standard deviations: those of before, or of these data."""
        if not self.standardizes or self.standardizer is not None:
            return self.standardizer
        return Standardizer.measured(arrays[0], arrays[1] if self.task.classes_of is None else None)

    def scaled(self, arrays: Batch, standardizer: Standardizer) -> Batch:
        """The arrays as the network computes with them."""
        inputs = standardizer.inputs(arrays[0], self.dtype)
        targets = standardizer.targets(arrays[1], self.dtype)
        if targets.dtype.kind == "f":
            targets = targets.astype(self.dtype, copy=False)
        return (inputs, targets, *arrays[2:])


class FitData(NamedTuple):
    """What to train on, and what to validate on: inputs, targets, and weights if there are any."""

    training: Batch | StreamSource
    validation: Batch | None
    standardizer: Standardizer | None = None

    @property
    def is_weighted(self) -> bool:
        """Whether samples have weights."""
        training = self.training
        if isinstance(training, StreamSource):
            return training.is_weighted
        return len(training) > 2

    def source(self, batch_size: int, rng: np.random.Generator | None) -> Source:
        """The batches to train on; those that come by themselves stay as they are."""
        if isinstance(self.training, StreamSource):
            return self.training
        return ArraySource(self.training, batch_size, rng)


def fit_data(
    door: Door,
    X: Any,
    y: Any,
    *,
    sample_weight: Any,
    class_weight: Any,
    validation_data: Any,
    validation_fraction: Any,
    seed: int,
) -> FitData:
    """Check the data that ``fit`` is given.

    Parameters
    ----------
    door : Door
        What they have to fit.
    X, y, sample_weight, class_weight, validation_data, validation_fraction
        As for :meth:`nn.NeuralNetwork.fit`.
    seed : int
        Of the division.

    Raises
    ------
    TypeError, ValueError
        If something cannot be right.
    """
    if validation_data is not None and validation_fraction is not None:
        raise ValueError(
            "validation_data and validation_fraction were both given; expected one of them"
        )
    training = door.checked(X, y)
    validation = None
    if sample_weight is not None:
        training = (*training, checked_sample_weight(sample_weight, len(training[0])))
    if validation_data is not None:
        validation = _validation(door, validation_data)
    elif validation_fraction is not None:
        fraction = checked_fraction(validation_fraction, "validation_fraction")
        # Not the generator that shuffles: every call of fit has to hold out the same samples.
        rng = np.random.default_rng(seed)
        classes = None
        if door.task.classes_of is not None and door.task.has_one_class:
            classes = door.task.classes_of(training[1])
        held_in, held = held_out(len(training[0]), fraction, classes, rng)
        training, validation = _rows(training, held_in), _rows(training, held)
    if class_weight is not None:
        weights = _class_weights(door, class_weight, training[1])
        training = _times(training, weights, door.task)
        validation = None if validation is None else _times(validation, weights, door.task)
    if len(training) > 2 or (validation is not None and len(validation) > 2):
        weights = weights_of(training)
        training, validation = with_weights(training[:2], validation, weights, door.dtype)
    standardizer = door.measured(training)
    if standardizer is None:
        return FitData(training, validation)
    if validation is not None:
        validation = door.scaled(validation, standardizer)
    return FitData(door.scaled(training, standardizer), validation, standardizer)


def stream_data(
    door: Door,
    batches: Any,
    epochs: int,
    *,
    sample_weight: Any,
    class_weight: Any,
    validation_data: Any,
    validation_fraction: Any,
) -> FitData:
    """Check batches that come by themselves, ``fit(batches)``.

    Raises
    ------
    TypeError, ValueError
        If something cannot be right, or needs all samples at once.
    """
    for name, value, advice in (
        ("sample_weight", sample_weight, "give batches (X, y, sample_weight)"),
        ("class_weight", class_weight, "give batches (X, y, sample_weight)"),
        ("validation_fraction", validation_fraction, "pass validation_data=(X, y)"),
    ):
        if value is not None:
            raise ValueError(f"{name} needs all samples at once, and y is missing; {advice}")
    if door.standardizes and door.standardizer is None:
        raise ValueError(
            "standardize needs all samples at once before the first batch; fit arrays first (a "
            "part of the data, say), whose means and standard deviations are then kept"
        )
    source = StreamSource(batches, door.checked_batch, epochs)
    if validation_data is None:
        return FitData(source, None, door.standardizer)
    validation = _validation(door, validation_data)
    if source.is_weighted or len(validation) > 2:
        if not source.is_weighted:
            raise ValueError("validation_data has weights, and the batches have none")
        _, validation = with_weights(validation[:2], validation, weights_of(validation), door.dtype)
    if validation is not None and door.standardizer is not None:
        validation = door.scaled(validation, door.standardizer)
    return FitData(source, validation, door.standardizer)


def _validation(door: Door, validation_data: Any) -> Batch:
    if not isinstance(validation_data, Sequence) or len(validation_data) not in (2, 3):
        raise TypeError(
            "validation_data is not a pair; expected (X, y), or (X, y, sample_weight), of what is "
            "not trained on"
        )
    X, y, *weights = validation_data
    with in_argument("validation_data"):
        data = door.checked(X, y)
        return (*data, *[checked_sample_weight(w, len(data[0])) for w in weights])


def _class_weights(door: Door, class_weight: Any, targets: np.ndarray) -> np.ndarray:
    task = door.task
    if task.classes_of is None or not task.has_one_class:
        raise ValueError(f"class_weight has no meaning for {task.title}; see sample_weight")
    n_classes = max(2, door.output_dim)
    return checked_class_weight(class_weight, n_classes, task.classes_of(targets))


def _times(arrays: Batch, class_weights: np.ndarray, task: Task) -> Batch:
    """The arrays, their weights multiplied by those of the classes; a soft label counts in part."""
    targets = arrays[1]
    if targets.ndim == 2 and targets.shape[1] > 1:
        of_classes = targets @ class_weights
    else:
        assert task.classes_of is not None
        of_classes = class_weights[task.classes_of(targets).astype(np.intp)]
    return (*arrays[:2], weights_of(arrays) * of_classes)


def _rows(arrays: Batch, rows: np.ndarray) -> Batch:
    return tuple([array.take(rows, axis=0) for array in arrays])
