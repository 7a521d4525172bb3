"""Stopping when there is nothing more to gain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nn.callbacks import Callback, TrainingState
from nn.checks import non_negative_number, positive_integer

LESS_IS_BETTER = ("loss", "mse", "mae")
MORE_IS_BETTER = ("accuracy", "precision", "recall", "f1", "roc_auc", "r2")


class EarlyStopping(Callback):
    """End training when a number has not become better for some epochs, and go back to its best.

    However training ends, after Ctrl-C and after a divergence too, the parameters are then those
    after the best epoch. The history keeps all epochs.

    Parameters
    ----------
    patience : int
        Epochs without an improvement after which training ends.
    min_delta : float
        How much better a number must be to count as an improvement.
    monitor : str, optional
        A column of the history; without it ``validation_loss``, or, where nothing is validated on,
        ``loss``.
    mode : {"min", "max"}, optional
        Whether less or more is better; known for the package's own metrics.
    restore_best : bool
        Whether to go back to the best epoch.

    Attributes
    ----------
    best_value : float
        The best number so far; NaN before the first.
    best_epoch : int
        In which epoch it was, counted like the history's rows, from 0; -1 before the first.

    Raises
    ------
    TypeError, ValueError
        If a setting cannot be right; in ``fit`` if there is no such column.

    Examples
    --------
    >>> from nn import SGD, Linear, l2_loss, train
    >>> X, noise = np.ones((10, 1)), np.random.default_rng(0).normal(size=(10, 1))
    >>> model = Linear(1, 1, dtype=np.float64)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.1)
    >>> stopping = EarlyStopping(patience=5, min_delta=1e-6)
    >>> history = train(model, l2_loss, optimizer, X, noise, epochs=1000, callbacks=[stopping])
    >>> len(history["loss"]) - 1 - stopping.best_epoch
    5
    """

    def __init__(
        self,
        patience: int = 10,
        min_delta: float = 0.0,
        *,
        monitor: str | None = None,
        mode: str | None = None,
        restore_best: bool = True,
    ) -> None:
        self.patience = positive_integer(patience, "patience")
        self.min_delta = non_negative_number(min_delta, "min_delta")
        if not isinstance(monitor, str | None):
            raise TypeError(f"monitor is {monitor!r}; expected the name of a column of the history")
        self.monitor = monitor
        if mode not in (None, "min", "max"):
            raise ValueError(f"mode is {mode!r}; expected 'min', 'max' or None")
        self.mode = mode
        self.restore_best = restore_best
        self._start("")

    def _start(self, watched: str) -> None:
        self.best_value, self.best_epoch = math.nan, -1
        self._watched = watched
        self._best_parameters: dict[str, np.ndarray] | None = None

    def on_fit_begin(self, state: TrainingState) -> None:
        default = "validation_loss" if "validation_loss" in state.columns else "loss"
        watched = self.monitor or default
        if watched.startswith("validation_") and watched not in state.columns:
            raise ValueError(
                f"early stopping watches {watched}, and each epoch gives "
                f"{', '.join(state.columns)}; pass validation_data or validation_fraction, and the "
                "metric if it is another than these"
            )
        _sign(watched, self.mode)
        self._start(watched)

    def on_epoch_end(self, state: TrainingState) -> None:
        if self._watched not in state.metrics:
            raise ValueError(
                f"early stopping watches {self._watched}, and the epoch gave "
                f"{', '.join(state.metrics)}"
            )
        value = state.metrics[self._watched]
        epoch = len(state.history["loss"]) - 1
        gain = _sign(self._watched, self.mode) * (value - self.best_value)
        if gain > self.min_delta or (self.best_epoch < 0 and not math.isnan(value)):
            self.best_value, self.best_epoch = value, epoch
            if self.restore_best:
                self._best_parameters = state.model.state_dict()
        since = state.epoch if self.best_epoch < 0 else epoch - self.best_epoch
        if since >= self.patience:
            state.stop(
                f"{self._watched} has not become better than {self.best_value:.4g} for "
                f"{self.patience} epochs"
            )

    def on_fit_end(self, state: TrainingState) -> None:
        if self._best_parameters is not None:
            state.model.load_state_dict(self._best_parameters)
            self._best_parameters = None

    def state_dict(self) -> dict[str, Any]:
        best = self._best_parameters or {}
        return {
            "best_value": self.best_value,
            "best_epoch": self.best_epoch,
            **{f"best.{name}": array for name, array in best.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best_value, self.best_epoch = float(state["best_value"]), int(state["best_epoch"])
        best = {
            name.removeprefix("best."): array
            for name, array in state.items()
            if name.startswith("best.")
        }
        self._best_parameters = best or None


def _sign(name: str, mode: str | None) -> int:
    """1 where more is better, -1 where less is."""
    if mode is not None:
        return 1 if mode == "max" else -1
    if name.endswith(LESS_IS_BETTER):
        return -1
    if name.endswith(MORE_IS_BETTER):
        return 1
    raise ValueError(
        f"early stopping watches {name}, of which it is not known whether less or more is better; "
        "pass EarlyStopping(..., mode='min') or mode='max'"
    )
