"""The loop over epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from nn.batches import Batch, Source
from nn.callbacks import Callback, TrainingState, hooks
from nn.flat import FlatBuffer
from nn.measuring import VALIDATION, LossFunction, Metric, measure
from nn.module import Module
from nn.optim import Optimizer
from nn.schedule import Schedule
from tensorgrad.mode import changed_mode


class DivergenceError(FloatingPointError):
    """Training stopped because the loss or a parameter became infinite or NaN.

    The parameters, and the history, are those after the last epoch in which all was finite.
    """


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


EpochFunction = Callable[[TrainingState, Objective, Iterable[Batch]], Epoch]
"""Makes a step on every batch: :func:`eager_epoch`, or something quicker with the same result."""


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


def run(
    state: TrainingState,
    source: Source,
    objective: Objective,
    metrics: Mapping[str, Metric],
    validation: Batch | None = None,
    run_epoch: EpochFunction | None = None,
) -> None:
    """Train for the epochs that are left to do in ``state``, as :func:`nn.train` describes it."""
    run_epoch = run_epoch or eager_epoch
    objective.model.train()
    last_finite = _LastFinite(state.optimizer.buffer, state.model)
    while state.epoch < state.epochs and state.stop_reason is None:
        begin_epoch(state)
        try:
            epoch = run_epoch(state, objective, source.epoch())
        except Exception:  # a batch that cannot be right, or an error in a callback
            last_finite.restore()
            raise
        if not (math.isfinite(epoch.loss) and last_finite.is_finite_now()):
            last_finite.restore()
            state.optimizer.forget()
            raise _divergence(epoch.loss, state.optimizer, len(state.history["loss"]))
        last_finite.keep()
        end_epoch(state, objective, epoch, metrics, validation)


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


def eager_epoch(state: TrainingState, objective: Objective, batches: Iterable[Batch]) -> Epoch:
    """One pass through the data, operation by operation, which callbacks can follow.

    It ends with the first batch whose loss is not finite.
    """
    optimizer, schedule = state.optimizer, state.schedule
    begin_hooks = hooks(state.callbacks, "on_batch_begin")
    end_hooks = hooks(state.callbacks, "on_batch_end")
    total, samples = 0.0, 0
    outputs, targets = [], []
    for batch in batches:
        for hook in begin_hooks:
            hook(state)
        if schedule is not None:
            optimizer.learning_rate_factor = float(schedule(state.step))
        loss, output = _step(objective, optimizer, batch)
        outputs.append(output)
        targets.append(batch[1])
        if not math.isfinite(loss):
            total = loss
            break
        rows = len(output)
        total += loss * rows
        samples += rows
        state.step += 1
        if end_hooks:
            state.batch_loss = loss
            for hook in end_hooks:
                hook(state)
    if math.isfinite(total):
        total /= samples
    return Epoch(total, np.concatenate(outputs), np.concatenate(targets))


def _step(objective: Objective, optimizer: Optimizer, batch: Batch) -> tuple[float, np.ndarray]:
    """One step on one batch: the loss and the outputs, as they were before it.

    The graph lives no longer than the call, so that there is never more than one.
    """
    model, loss_function, penalty = objective
    optimizer.zero_grad()
    outputs = model(batch[0])
    loss = loss_function(outputs, *batch[1:])
    value = float(loss.data)
    if math.isfinite(value):
        if penalty is not None:
            loss = loss + penalty(model)
        loss.backward()
        optimizer.step()
    return value, outputs.data


class _LastFinite:
    """Parameters and buffers as they were after the last epoch in which all was finite."""

    def __init__(self, parameters: FlatBuffer, model: Module) -> None:
        self._parameters, self._values = parameters, parameters.copy()
        self._buffers = [(buffer, buffer.data.copy()) for buffer in model.buffers()]

    def is_finite_now(self) -> bool:
        now = [self._parameters.values, *(buffer.data for buffer, _ in self._buffers)]
        return all(np.isfinite(values).all() for values in now)

    def keep(self) -> None:
        np.copyto(self._values, self._parameters.values)
        for buffer, values in self._buffers:
            np.copyto(values, buffer.data)

    def restore(self) -> None:
        self._parameters.assign(self._values)
        for buffer, values in self._buffers:
            buffer.assign(values)


def _divergence(loss: float, optimizer: Optimizer, epochs_before: int) -> DivergenceError:
    what = (
        "the parameters are no longer finite" if math.isfinite(loss) else f"the loss became {loss}"
    )
    stand = f"after epoch {epochs_before}" if epochs_before else "before the first epoch"
    return DivergenceError(
        f"training diverged in epoch {epochs_before + 1}: {what}, with "
        f"learning_rate={optimizer.current_learning_rate:g}. The parameters are again those "
        f"{stand}. Use a smaller learning rate, and scale inputs (and regression targets) to about "
        "unit size."
    )


def _where_it_stopped(state: TrainingState) -> str:
    return (
        f"training stopped in epoch {state.epoch + 1} of {state.epochs}, after step {state.step}. "
        "What was learned until then is kept, and can be used or trained on; the history counts "
        "the epochs that were finished"
    )
