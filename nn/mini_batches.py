"""Training on mini-batches: in an epoch the optimizer makes a step on each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from nn.batches import Batch, Source
from nn.callbacks import TrainingState, hooks
from nn.epochs import Epoch, Objective, begin_epoch, end_epoch
from nn.flat import FlatBuffer
from nn.measuring import Metric
from nn.module import Module
from nn.optim import Optimizer

EpochFunction = Callable[[TrainingState, Objective, Iterable[Batch]], Epoch]
"""Makes a step on every batch: :func:`eager_epoch`, or something quicker with the same result."""


class DivergenceError(FloatingPointError):
    """Training stopped because the loss or a parameter became infinite or NaN.

    The parameters, and the history, are those after the last epoch in which all was finite.
    """


def run_mini_batches(
    state: TrainingState,
    source: Source,
    objective: Objective,
    metrics: Mapping[str, Metric],
    validation: Batch | None = None,
    run_epoch: EpochFunction | None = None,
) -> None:
    """Train with a step on each batch, for the epochs that are left to do in ``state``."""
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
