"""``train``: any model on arrays; and which loop trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nn.batches import ArraySource, Batch, Source
from nn.callbacks import Callback, History, TrainingState
from nn.checkpoints import resume_from
from nn.checks import positive_integer
from nn.epochs import Objective, begun
from nn.files import PathLike
from nn.full_batch import all_samples, run_full_batch
from nn.lbfgs import LBFGS
from nn.measuring import LossFunction, Metric, columns
from nn.mini_batches import run_mini_batches
from nn.module import Module
from nn.optim import Optimizer
from nn.progress import ProgressBar
from nn.schedule_names import as_schedule
from nn.weights import WeightedMean, checked_sample_weight, with_weights

if TYPE_CHECKING:
    from nn.compiled_training import CompiledEpoch


def train(
    model: Module,
    loss_function: LossFunction,
    optimizer: Optimizer | LBFGS,
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
    penalty: Callable[[Module], Any] | None = None,
    callbacks: Iterable[Callback] = (),
    history: History | None = None,
    resume: PathLike | None = None,
    compile: bool | str | CompiledEpoch = False,
    verbose: bool = False,
) -> History:
    """Train a model, on mini-batches or, with L-BFGS, on all samples at once.

    Parameters
    ----------
    model : Module
        From a batch of inputs to logits or predictions.
    loss_function : callable
        From those and the targets to the mean loss of the batch.
    optimizer : Optimizer or LBFGS
        Over the parameters of the model. An epoch of L-BFGS is one of its iterations, on all
        samples; it ends when it has converged.
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
    penalty : callable, optional
        From the model to a number, which is added to the loss of every batch before it is
        differentiated, and not to the loss in the history.
    callbacks : list of Callback
        What is told of the progress, see :class:`nn.Callback`.
    history : dict of str to list of float, optional
        What earlier calls returned; it is continued.
    resume : path-like, optional
        Go on from what :class:`nn.Checkpoint` wrote, with the other arguments as they were then;
        ``epochs`` counts those of before too.
    compile : bool, {"auto", "numpy", "llvm", "numba"} or CompiledEpoch
        Run all batches of an epoch at once, as :meth:`NeuralNetwork.fit` does. An object that
        :func:`nn.compiled_training.compiled_epoch` made keeps what it has recorded for later calls.
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
        loss_function = WeightedMean(loss_function)
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
        state.callbacks.append(ProgressBar())
    objective = Objective(model, loss_function, penalty)
    loop = prepared_loop(
        state,
        source,
        objective,
        compile=compile,
        resume=resume,
        batch_size="batch_size",
        verbose=verbose,
    )
    with begun(state):
        if resume is not None:
            resume_from(resume, state)
        loop.run(metrics, validation)
    return history


class Loop(NamedTuple):
    """What trains, with all that it needs to know but for what is measured."""

    run: Callable[[Mapping[str, Metric], Batch | None], None]
    compiled: CompiledEpoch | None = None
    """What makes the steps, if they are compiled."""


def prepared_loop(
    state: TrainingState,
    source: Source,
    objective: Objective,
    *,
    batch_size: str,
    compile: Any,
    resume: Any,
    verbose: bool,
    earlier: CompiledEpoch | None = None,
) -> Loop:
    """The loop over mini-batches, eager or compiled, or that of L-BFGS; nothing is changed yet.

    Parameters
    ----------
    state, source, objective
        Of the training that is to come.
    batch_size : str
        What the argument for the size of a batch is called.
    compile, resume, verbose
        As for :meth:`nn.NeuralNetwork.fit`.
    earlier : CompiledEpoch, optional
        Used again if it is what is asked for.

    Raises
    ------
    TypeError, ValueError, CaptureError, ImportError
        If the optimizer cannot train so, or an epoch cannot be compiled.
    """
    if isinstance(state.optimizer, LBFGS):
        arrays = all_samples(
            state, source, objective.model, batch_size=batch_size, resume=resume, compile=compile
        )
        return Loop(partial(run_full_batch, state, arrays, objective))
    if compile is False:
        return Loop(partial(run_mini_batches, state, source, objective))
    from nn.compiled_training import prepared_epoch  # only those who compile wait for it

    epoch = prepared_epoch(compile, state, objective, source, earlier, verbose=verbose)
    return Loop(partial(run_mini_batches, state, source, objective, run_epoch=epoch), epoch)
