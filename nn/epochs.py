"""What belongs to every epoch, however its steps are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from nn.batches import Batch
from nn.callbacks import Callback, TrainingState, hooks
from nn.measuring import VALIDATION, LossFunction, Metric, measure
from nn.module import Module
from nn.schedule import Schedule
from tensorgrad.mode import changed_mode


class Objective(NamedTuple):
    """What training makes small."""

    model: Module
    """From inputs to outputs: the model that is trained, or one on the same parameters."""
    loss_function: LossFunction
    penalty: Callable[[Module], Any] | None = None
    """Added to the loss of every batch before it is differentiated, and not to the history."""


class Epoch(NamedTuple):
    """What one pass through the data gave."""

    loss: float
    """Mean over its samples; infinite or NaN if it ended early because the loss of a batch was."""
    outputs: np.ndarray
    targets: np.ndarray


@contextmanager
def begun(state: TrainingState) -> Iterator[None]:
    """Training mode, gradients recorded, and callbacks told; all undone however it ends."""
    model = state.model
    was_training = model.training
    told: list[Callback] = []
    try:
        for callback in state.callbacks:
            told.append(callback)
            callback.on_fit_begin(state)
        model.train()
        # Overflow is looked for where it matters, in the loss and in the parameters.
        with changed_mode(recording=True), np.errstate(all="ignore"):
            yield
    except KeyboardInterrupt as interrupt:
        interrupt.args = (_where_it_stopped(state),)
        raise
    finally:
        model.train(was_training)
        state.optimizer.zero_grad()
        if state.schedule is not None:
            state.optimizer.learning_rate_factor = 1.0
        for callback in told:
            callback.on_fit_end(state)


def begin_epoch(state: TrainingState) -> None:
    """Forget the numbers of the epoch before, and tell callbacks."""
    state.begin_epoch()
    for hook in hooks(state.callbacks, "on_epoch_begin"):
        hook(state)


def end_epoch(
    state: TrainingState,
    objective: Objective,
    epoch: Epoch,
    metrics: Mapping[str, Metric],
    validation: Batch | None,
) -> None:
    """Measure what the epoch gave, write it into the history, and tell callbacks."""
    row = {"loss": epoch.loss}
    for name, metric in metrics.items():
        row[name] = metric(epoch.outputs, epoch.targets)
    if validation is not None:
        measured = measure(state.model, objective.loss_function, validation, metrics)
        row |= {VALIDATION + name: value for name, value in measured.items()}
    if isinstance(state.schedule, Schedule):
        state.schedule.observe(row.get(VALIDATION + "loss", epoch.loss))
    state.end_epoch(row)
    for hook in hooks(state.callbacks, "on_epoch_end"):
        hook(state)


def _where_it_stopped(state: TrainingState) -> str:
    return (
        f"training stopped in epoch {state.epoch + 1} of {state.epochs}, after step {state.step}. "
        "What was learned until then is kept, and can be used or trained on; the history counts "
        "the epochs that were finished"
    )
