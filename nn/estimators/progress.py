"""What happens after each epoch of an estimator's training: stopping, and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nn.callbacks import Callback, TrainingState

ADAPTIVE_FACTOR = 5.0
"""What an adaptive learning rate is divided by."""

ADAPTIVE_END = 1e-6
"""The adaptive learning rate below which training ends."""


class EpochEnd(Callback):
    """Keeps the curve of the loss, ends training, and changes the learning rate.

    Parameters
    ----------
    estimator : estimator
        Its ``loss_``, ``loss_curve_``, ``best_loss_``, ``n_iter_``, ``t_`` and, if there is a
        ``score``, its ``validation_scores_`` and ``best_validation_score_`` are kept up to date.
    n_samples : int
        In an epoch.
    learning_rate : {"constant", "invscaling", "adaptive"}
        How the learning rate changes.
    score : callable, optional
        What to watch in place of the loss, more being better; in the end the parameters go back to
        where it was best.
    """

    def __init__(
        self,
        estimator: Any,
        n_samples: int,
        learning_rate: str,
        score: Callable[[], float] | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_samples = n_samples
        self.learning_rate = learning_rate
        self.score = score
        self.converged = False
        self._epochs_without_gain = 0
        self._best_parameters: np.ndarray | None = None

    def on_epoch_end(self, state: TrainingState) -> None:
        estimator = self.estimator
        estimator.n_iter_ = state.epoch
        estimator.t_ += self.n_samples
        estimator.loss_ = state.metrics["loss"]
        estimator.loss_curve_.append(estimator.loss_)
        gain = self._gain_of_loss() if self.score is None else self._gain_of_score(state)
        self._epochs_without_gain = 0 if gain > estimator.tol else self._epochs_without_gain + 1
        if self.learning_rate == "invscaling":
            scale = (estimator.t_ + 1) ** estimator.power_t
            state.optimizer.learning_rate = estimator.learning_rate_init / scale
        if self._epochs_without_gain > estimator.n_iter_no_change:
            self._end_or_slow_down(state)

    def on_fit_end(self, state: TrainingState) -> None:
        if self._best_parameters is not None:
            state.optimizer.buffer.assign(self._best_parameters)

    def _gain_of_loss(self) -> float:
        estimator = self.estimator
        best = math.inf if estimator.best_loss_ is None else estimator.best_loss_
        estimator.best_loss_ = min(best, estimator.loss_)
        return best - estimator.loss_

    def _gain_of_score(self, state: TrainingState) -> float:
        assert self.score is not None
        estimator, score = self.estimator, self.score()
        estimator.validation_scores_.append(score)
        best = -math.inf if self._best_parameters is None else estimator.best_validation_score_
        if score > best or self._best_parameters is None:
            estimator.best_validation_score_ = score
            self._best_parameters = state.optimizer.buffer.copy()
        return score - best

    def _end_or_slow_down(self, state: TrainingState) -> None:
        optimizer = state.optimizer
        if self.learning_rate == "adaptive" and optimizer.learning_rate > ADAPTIVE_END:
            optimizer.learning_rate /= ADAPTIVE_FACTOR
            self._epochs_without_gain = 0
            return
        self.converged = True
        what = "training loss" if self.score is None else "validation score"
        state.stop(
            f"the {what} did not become better by tol={self.estimator.tol:g} for "
            f"{self.estimator.n_iter_no_change} epochs"
        )


class IterationEnd(Callback):
    """Keeps the curve of the loss while L-BFGS trains.

    Parameters
    ----------
    estimator : estimator
        Its ``loss_``, ``loss_curve_``, ``best_loss_``, ``n_iter_`` and ``t_`` are kept up to date.
    n_samples : int
        In an iteration.
    """

    def __init__(self, estimator: Any, n_samples: int) -> None:
        self.estimator = estimator
        self.n_samples = n_samples

    def on_epoch_end(self, state: TrainingState) -> None:
        estimator = self.estimator
        estimator.n_iter_ = state.epoch
        estimator.t_ += self.n_samples
        estimator.loss_ = estimator.best_loss_ = state.metrics["loss"]
        estimator.loss_curve_.append(estimator.loss_)
