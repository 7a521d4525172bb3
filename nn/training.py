"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from nn.batches import ArraySource, Batch, Source
from nn.callbacks import Callback, History, TrainingState, hooks
from nn.checkpoints import resume_from
from nn.checks import positive_integer
from nn.files import PathLike
from nn.flat import FlatBuffer
from nn.mapped import parts
from nn.module import Module
from nn.optim import Optimizer
from nn.schedule import Schedule
from nn.schedule_names import as_schedule
from nn.weights import checked_sample_weight, weighted_mean, with_weights
from tensorgrad.mode import changed_mode

LossFunction = Callable[..., Any]
"""From the outputs of a batch, its targets, and its weights if there are any, to their mean."""

Metric = Callable[[np.ndarray, np.ndarray], float]
"""From outputs and targets to a number."""

VALIDATION = "validation_"
"""What the names of numbers from the validation data begin with."""

ROWS_AT_ONCE = 4096
"""Rows whose loss is computed together, at most, when nothing is learned from it."""


class DivergenceError(FloatingPointError):
    """Training stopped because the loss or a parameter became infinite or NaN.

    The parameters, and the history, are those after the last epoch in which all was finite.
    """


def train(
    model: Module,
    loss_function: LossFunction,
    optimizer: Optimizer,
    X: np.ndarray,
    y: np.ndarray,
    *,
    batch_size: int = 32,
    epochs: int = 1,
    rng: np.random.Generator | None = None,
    schedule: str | Callable[[int], float] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    validation: Batch | None = None,
    sample_weight: np.ndarray | None = None,
    callbacks: Iterable[Callback] = (),
    history: History | None = None,
    resume: PathLike | None = None,
    compile: bool | str = False,
    verbose: bool = False,
) -> History:
    """Train a model on mini-batches.

    Parameters
    ----------
    model : Module
        From a batch of inputs to logits or predictions.
    loss_function : callable
        From those and the targets to the mean loss of the batch.
    optimizer : Optimizer
        Over the parameters of the model.
    X, y : ndarray
        Inputs and targets, one row for each sample; taken as they are.
    batch_size : int
        Samples in a batch. The last batch of an epoch may be smaller.
    epochs : int
        Passes through the data.
    rng : numpy.random.Generator, optional
        Shuffles the data in each epoch; without it they keep their order.
    schedule : str or callable, optional
        A name, or a function from the number of the step, counted from 0, to what the
        optimizer's learning rates are multiplied by, see :mod:`nn.schedules`.
    metrics : dict of str to callable, optional
        Each takes the logits of all samples, as they were seen during the epoch, and the targets,
        and gives a number that becomes a column of the history.
    validation : tuple of ndarray, optional
        Inputs and targets to measure loss and metrics on after each epoch, in evaluation mode:
        columns of the history whose names start with ``validation_``.
    sample_weight : ndarray, optional
        How much each sample counts, of shape (n_samples,); the loss must then take
        ``reduction="none"``, as those of this package do. Only ratios matter: the weights are
        divided by their mean. The validation data may have weights too, as their third array.
    callbacks : list of Callback
        What is told of the progress, see :class:`nn.Callback`.
    history : dict of str to list of float, optional
        What earlier calls returned; it is continued.
    resume : path-like, optional
        Go on from what :class:`nn.Checkpoint` wrote, with the other arguments as they were then;
        ``epochs`` counts those of before too.
    compile : bool or {"auto", "numpy", "llvm", "numba"}
        Run all batches of an epoch at once, as :meth:`NeuralNetwork.fit` does.
    verbose : bool
        Show a progress bar.

    Returns
    -------
    dict of str to list of float
        ``"loss"``, the mean loss over the samples of each epoch, while the parameters changed, and
        a column for each metric.

    Raises
    ------
    TypeError, ValueError
        If there are no samples, not as many in both, or a setting is not a positive integer.
    ModelFileError
        If ``resume`` is no checkpoint of this model and these settings.
    DivergenceError
        If the loss or a parameter becomes infinite or NaN. The parameters go back to those after
        the last epoch in which all was finite, and the history ends there.

    Examples
    --------
    >>> from nn import SGD, Linear, l2_loss
    >>> X = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
    >>> model = Linear(1, 1, rng=0)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.1)
    >>> history = train(model, l2_loss, optimizer, X, 3 * X + 1, epochs=50)
    >>> model.weight.data.round(2), model.bias.data.round(2)
    (array([[3.]], dtype=float32), array([1.], dtype=float32))
    """
    batch_size = positive_integer(batch_size, "batch_size")
    epochs = positive_integer(epochs, "epochs")
    if not len(X) or len(X) != len(y):
        raise ValueError(
            f"X has {len(X)} rows and y has {len(y)}; expected at least one, and as many in both"
        )
    arrays: Batch = (X, y)
    if sample_weight is not None:
        weights = checked_sample_weight(sample_weight, len(X))
        arrays, validation = with_weights(
            arrays, validation, weights, optimizer.buffer.values.dtype
        )
        loss_function = weighted_mean(loss_function)
    source = ArraySource(arrays, batch_size, rng)
    history = {} if history is None else history
    metrics = metrics or {}
    state = TrainingState(
        model,
        optimizer,
        history,
        epochs,
        callbacks=callbacks,
        columns=columns(metrics, validation),
        settings={"batch_size": batch_size, "samples": len(X), "shuffled": rng is not None},
        schedule=None
        if schedule is None
        else as_schedule(schedule, epochs * source.batches_per_epoch),
        rng=rng,
    )
    if verbose:
        state.callbacks.append(progress_bar())
    objective, run_epoch = Objective(model, loss_function), None
    if compile is not False:
        from nn.compiled_training import prepared_epoch  # which builds on this module

        run_epoch = prepared_epoch(compile, state, objective, source, verbose=verbose)
    with begun(state):
        if resume is not None:
            resume_from(resume, state)
        run(state, source, objective, metrics, validation, run_epoch)
    return history


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
    """Train for the epochs that are left to do in ``state``, as :func:`train` describes it."""
    run_epoch = run_epoch or eager_epoch
    history, optimizer = state.history, state.optimizer
    buffer, schedule = optimizer.buffer, state.schedule
    objective.model.train()
    last_finite = _LastFinite(buffer, state.model)
    begin_hooks = hooks(state.callbacks, "on_epoch_begin")
    end_hooks = hooks(state.callbacks, "on_epoch_end")
    while state.epoch < state.epochs and state.stop_reason is None:
        state.begin_epoch()
        for hook in begin_hooks:
            hook(state)
        try:
            epoch = run_epoch(state, objective, source.epoch())
        except Exception:  # a batch that cannot be right, or an error in a callback
            last_finite.restore()
            raise
        if not (math.isfinite(epoch.loss) and last_finite.is_finite_now()):
            last_finite.restore()
            optimizer.state = optimizer.rule.init(buffer.values)
            raise _divergence(epoch.loss, optimizer, len(history["loss"]))
        last_finite.keep()
        row = {"loss": epoch.loss}
        for name, metric in metrics.items():
            row[name] = metric(epoch.outputs, epoch.targets)
        if validation is not None:
            measured = measure(state.model, objective.loss_function, validation, metrics)
            row |= {VALIDATION + name: value for name, value in measured.items()}
        if isinstance(schedule, Schedule):
            schedule.observe(row.get(VALIDATION + "loss", epoch.loss))
        state.end_epoch(row)
        for hook in end_hooks:
            hook(state)


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


def columns(metrics: Iterable[str], validation: Batch | None) -> list[str]:
    """Names of the numbers that :func:`run` writes into the history."""
    names = ["loss", *metrics]
    return names if validation is None else names + [VALIDATION + name for name in names]


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


def progress_bar() -> Callback:
    """What ``verbose`` adds to the callbacks."""
    from nn.progress import ProgressBar  # only those who watch wait for it

    return ProgressBar()
