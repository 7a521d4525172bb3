"""Training with L-BFGS: an epoch is an iteration, on all samples at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nn.batches import ArraySource, Batch, Source
from nn.callbacks import TrainingState, hooks
from nn.epochs import Epoch, Objective, begin_epoch, end_epoch
from nn.lbfgs import LBFGS, scipy_minimize
from nn.mapped import parts
from nn.measuring import ROWS_AT_ONCE, Metric
from nn.module import Module
from tensorgrad import CaptureError

BATCH_SIZE = 32
"""What the size of a batch is where nothing is said; L-BFGS then takes all samples."""


def all_samples(
    state: TrainingState,
    source: Source,
    model: Module,
    *,
    batch_size: str,
    resume: Any,
    compile: Any,
) -> Batch:
    """What L-BFGS trains on, if it can with these settings; nothing is changed yet.

    Parameters
    ----------
    state : TrainingState
        Of the training that is to come.
    source : Source
        The data.
    model : Module
        What is trained, with what drops out.
    batch_size : str
        What the argument for the size of a batch is called.
    resume, compile
        As for :meth:`nn.NeuralNetwork.fit`.

    Returns
    -------
    tuple of ndarray
        Inputs, targets, and weights if there are any.

    Raises
    ------
    ImportError
        If SciPy is not installed.
    ValueError
        If a setting has no meaning for it.
    CaptureError
        If it is to be compiled.
    """
    scipy_minimize()
    if not isinstance(source, ArraySource):
        raise ValueError(
            "L-BFGS needs all samples in each of its iterations, and the data come as batches; "
            "pass arrays X and y, which may be memory-mapped"
        )
    samples = len(source.arrays[0])
    if source.batch_size != BATCH_SIZE and source.batch_size < samples:
        raise ValueError(
            f"{batch_size} is {source.batch_size}, and there are {samples} samples: L-BFGS "
            "compares the loss from step to step, which must be that of all samples; leave "
            f"{batch_size} out, or train in batches with another optimizer"
        )
    if state.schedule is not None:
        raise ValueError(
            "a schedule multiplies the learning rate, and L-BFGS has none: a line search finds the "
            "length of each step; leave schedule out"
        )
    if any(True for _ in model.named_generators()):
        raise ValueError(
            "L-BFGS needs a loss that is the same whenever it is computed, and with dropout it is "
            "random; leave dropout out, or use another optimizer"
        )
    if any(True for _ in model.named_buffers()):
        raise ValueError(
            "L-BFGS computes the loss as often as its line search needs, and the model has "
            "buffers, such as the running mean of BatchNorm1d, that change each time; use another "
            "optimizer"
        )
    if resume is not None:
        raise ValueError(
            "SciPy keeps what L-BFGS has learned of the curvature, so that it cannot be resumed "
            "with the same result; leave resume out: load the network, and fit goes on from there"
        )
    if compile not in (False, "auto"):
        raise CaptureError(
            "L-BFGS is not compiled: SciPy decides, after each value of the loss, where it is "
            "computed next; leave compile= out"
        )
    return source.arrays


def run_full_batch(
    state: TrainingState,
    arrays: Batch,
    objective: Objective,
    metrics: Mapping[str, Metric],
    validation: Batch | None = None,
) -> None:
    """Train with L-BFGS until it has converged, callbacks stop it, or all epochs are done.

    The numbers of an epoch are those of the parameters that its iteration ended with.
    """
    if state.stop_reason is not None:
        return
    objective.model.train()
    iterations = _Iterations(state, arrays, objective, metrics, validation)
    state.optimizer.step(iterations.loss, iterations.after_each, max_iter=state.epochs)
    if state.epoch == 0:  # nothing was left to do, and the history is to say so
        iterations.end()
    if state.stop_reason is None and state.epoch < state.epochs:
        state.stop(f"L-BFGS has ended: {state.optimizer.message}")


class _Iterations:
    """What comes before and after each iteration, which are epochs of one batch."""

    def __init__(
        self,
        state: TrainingState,
        arrays: Batch,
        objective: Objective,
        metrics: Mapping[str, Metric],
        validation: Batch | None,
    ) -> None:
        self._state, self._objective = state, objective
        self._metrics, self._validation = metrics, validation
        self._full_loss = _FullLoss(objective, arrays, state.optimizer)
        self._has_begun = False

    def loss(self) -> float:
        """The loss where SciPy wants to know it: for the first time when an iteration begins."""
        if not self._has_begun:
            self._has_begun = True
            begin_epoch(self._state)
            self._tell("on_batch_begin")
        return self._full_loss()

    def after_each(self, iteration: int, value: float) -> None:
        self.end()
        if self._state.stop_reason is not None:
            raise StopIteration

    def end(self) -> None:
        state = self._state
        self._has_begun = False
        epoch = self._full_loss.at_parameters()
        state.step += 1
        state.batch_loss = epoch.loss
        self._tell("on_batch_end")
        end_epoch(state, self._objective, epoch, self._metrics, self._validation)

    def _tell(self, moment: str) -> None:
        for hook in hooks(self._state.callbacks, moment):
            hook(self._state)


class _FullLoss:
    """The loss of all samples, and its gradient, computed for some rows after the others."""

    def __init__(self, objective: Objective, arrays: Batch, optimizer: LBFGS) -> None:
        self._objective = objective
        self._arrays = arrays
        self._optimizer = optimizer
        self._latest: tuple[np.ndarray, Epoch] | None = None

    def __call__(self) -> float:
        """The loss with the penalty; gradients are added to those of the parameters."""
        model, loss_function, penalty = self._objective
        count = len(self._arrays[0])
        total, outputs = 0.0, []
        for rows in parts(self._arrays[0], ROWS_AT_ONCE):
            output = model(self._arrays[0][rows])
            loss = loss_function(output, *[array[rows] for array in self._arrays[1:]])
            part = loss * (len(output) / count)
            part.backward()
            total += float(part.data)
            outputs.append(output.data)
        epoch = Epoch(total, np.concatenate(outputs), self._arrays[1])
        self._latest = self._optimizer.buffer.copy(), epoch
        if penalty is None:
            return total
        added = penalty(model)
        added.backward()
        return total + float(added.data)

    def at_parameters(self) -> Epoch:
        """Loss and outputs of the parameters as they are, with their gradients."""
        if self._latest is None or not np.array_equal(
            self._latest[0], self._optimizer.buffer.values
        ):
            self._optimizer.zero_grad()
            self()
        assert self._latest is not None
        return self._latest[1]
