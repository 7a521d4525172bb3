"""Callbacks that write down how training goes."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nn.callbacks import Callback, TrainingState


class CSVLogger(Callback):
    """Write the numbers of each epoch into a file, as it ends, one row for each.

    The first column, ``epoch``, counts the rows of the history from 0. Place it behind the
    callbacks whose numbers it is to write.

    Parameters
    ----------
    path : path-like
        A file that is there already is replaced, unless ``append`` is set.
    append : bool
        Go on with a file that an earlier call has begun.

    Raises
    ------
    ValueError
        In ``fit``, if the file to go on with is none of this kind.
    OSError
        In ``fit``, if the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from nn import SGD, Linear, l2_loss, train
    >>> X, model = np.ones((10, 1)), Linear(1, 1, rng=0, dtype=np.float64)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.1)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = Path(directory, "log.csv")
    ...     history = train(model, l2_loss, optimizer, X, X, callbacks=[CSVLogger(path)])
    ...     path.read_text().splitlines()
    ['epoch,loss', '0,0.276...']
    """

    def __init__(self, path: str | os.PathLike[str], *, append: bool = False) -> None:
        from pathlib import Path

        self.path = Path(path)
        self.append = append
        self._rows: list[dict[str, Any]] = []
        self._names: list[str] = []

    def on_fit_begin(self, state: TrainingState) -> None:
        self._rows, self._names = [], []
        if self.append and self.path.exists():
            with self.path.open(newline="") as file:
                reader = csv.DictReader(file)
                self._rows = list(reader)
                self._names = list(reader.fieldnames or [])
            if self._names[:1] != ["epoch"] and self._names:
                raise ValueError(
                    f"{self.path} begins with the columns {', '.join(self._names)}, and a log with "
                    "epoch; give another path, or leave out append to replace the file"
                )
        self._write_all()

    def on_epoch_end(self, state: TrainingState) -> None:
        row = {"epoch": len(state.history["loss"]) - 1, **state.metrics}
        new_names = [name for name in row if name not in self._names]
        # What an earlier process wrote of an epoch that is now made again is out of date.
        outdated = [old for old in self._rows[-1:] if int(old["epoch"]) >= row["epoch"]]
        while self._rows and int(self._rows[-1]["epoch"]) >= row["epoch"]:
            self._rows.pop()
        self._rows.append(row)
        if new_names or outdated:
            self._names += new_names
            self._write_all()
        else:
            with self.path.open("a", newline="") as file:
                self._writer(file).writerow(row)

    def _write_all(self) -> None:
        with self.path.open("w", newline="") as file:
            writer = self._writer(file)
            if self._names:
                writer.writeheader()
            writer.writerows(self._rows)

    def _writer(self, file: Any) -> csv.DictWriter[str]:
        return csv.DictWriter(file, self._names, lineterminator="\n")


class LearningRateLogger(Callback):
    """Write the learning rate at the end of each epoch into the column ``learning_rate``.

    Examples
    --------
    >>> from nn import SGD, Linear, l2_loss, train
    >>> X, model = np.ones((10, 1)), Linear(1, 1, rng=0, dtype=np.float64)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.1)
    >>> history = train(model, l2_loss, optimizer, X, X, callbacks=[LearningRateLogger()])
    >>> history["learning_rate"]
    [0.1]
    """

    def on_fit_begin(self, state: TrainingState) -> None:
        if not hasattr(state.optimizer, "current_learning_rate"):
            raise ValueError(
                f"{type(state.optimizer).__name__} has no learning rate that could be logged; "
                "leave LearningRateLogger out"
            )

    def on_epoch_end(self, state: TrainingState) -> None:
        state.log("learning_rate", state.optimizer.current_learning_rate)


class ParameterStatistics(Callback):
    """Write sizes of weights and gradients of each parameter into the history.

    For a parameter such as ``layers.0.weight`` there are the columns

    - ``layers.0.weight.rms``, the root of the mean square of its elements after the epoch,
    - ``layers.0.weight.gradient_rms``, that of its gradients in all batches of the epoch.

    A gradient that is many times smaller in the first layers than in the last vanishes on its way
    back; one that grows from epoch to epoch announces a divergence.

    Parameters
    ----------
    gradients : bool
        Whether to measure the gradients too, which takes time in every batch.

    Examples
    --------
    >>> from nn import SGD, Linear, l2_loss, train
    >>> X, model = np.ones((10, 1)), Linear(1, 1, rng=0, dtype=np.float64)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.1)
    >>> history = train(model, l2_loss, optimizer, X, X, callbacks=[ParameterStatistics()])
    >>> list(history)
    ['loss', 'weight.rms', 'weight.gradient_rms', 'bias.rms', 'bias.gradient_rms']
    """

    def __init__(self, *, gradients: bool = True) -> None:
        self.gradients = gradients
        self._parameters: Mapping[str, Any] = {}
        self._squares: dict[str, float] = {}
        self._batches = 0

    def on_fit_begin(self, state: TrainingState) -> None:
        self._parameters = dict(state.model.named_parameters())
        self._forget()

    def on_batch_end(self, state: TrainingState) -> None:
        if not self.gradients:
            return
        self._batches += 1
        for name, parameter in self._parameters.items():
            if parameter.grad is not None:
                self._squares[name] += _mean_square(parameter.grad)

    def on_epoch_end(self, state: TrainingState) -> None:
        for name, parameter in self._parameters.items():
            state.log(f"{name}.rms", np.sqrt(_mean_square(parameter.data)))
            if self._batches:
                mean = self._squares[name] / self._batches
                state.log(f"{name}.gradient_rms", np.sqrt(mean))
        self._forget()

    def _forget(self) -> None:
        self._squares = dict.fromkeys(self._parameters, 0.0)
        self._batches = 0


def _mean_square(array: np.ndarray) -> float:
    flat = array.ravel()
    return float(np.dot(flat, flat)) / flat.size
