"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nn.checks import positive_integer
from nn.data import mini_batches, shuffled
from nn.module import Module
from nn.optim import Optimizer
from tensorgrad.mode import changed_mode

History = dict[str, list[float]]
"""Diagnostics by name, ``"loss"`` among them, with one number for each epoch."""


class DivergenceError(FloatingPointError):
    """Training stopped because the loss or a parameter became infinite or NaN.

    The parameters, and the history, are those after the last epoch in which all was finite.
    """


def train(
    model: Module,
    loss_function: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    X: np.ndarray,
    y: np.ndarray,
    *,
    batch_size: int = 32,
    epochs: int = 1,
    rng: np.random.Generator | None = None,
    accuracy: Callable[[np.ndarray, np.ndarray], float] | None = None,
    history: History | None = None,
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
    accuracy : callable, optional
        From the logits of all samples, as they were seen during the epoch, and the targets, to a
        number that is kept for each epoch.
    history : dict of str to list of float, optional
        What earlier calls returned; it is continued.
    verbose : bool
        Show a progress bar.

    Returns
    -------
    dict of str to list of float
        ``"loss"``, the mean loss over the samples of each epoch, while the parameters changed, and
        ``"accuracy"`` if it was asked for.

    Raises
    ------
    TypeError, ValueError
        If there are no samples, not as many in both, or a setting is not a positive integer.
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
    history = {} if history is None else history
    losses = history.setdefault("loss", [])
    accuracies = history.setdefault("accuracy", []) if accuracy is not None else []
    buffer = optimizer.buffer
    last_finite = buffer.copy()
    was_training = model.training
    model.train()
    try:
        # Overflow is looked for where it matters, in the loss and in the parameters.
        with changed_mode(recording=True), np.errstate(all="ignore"):
            for report in _progress(epochs, verbose):
                X_epoch, y_epoch = (X, y) if rng is None else shuffled(X, y, rng)
                loss, outputs = _epoch(
                    model, loss_function, optimizer, X_epoch, y_epoch, batch_size
                )
                if not (math.isfinite(loss) and np.isfinite(buffer.values).all()):
                    buffer.assign(last_finite)
                    raise _divergence(loss, optimizer, len(losses))
                np.copyto(last_finite, buffer.values)
                if accuracy is not None:
                    accuracies.append(accuracy(outputs, y_epoch))
                losses.append(loss)
                report(history)
    finally:
        model.train(was_training)
        optimizer.zero_grad()
    return history


def _epoch(
    model: Module,
    loss_function: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    X: np.ndarray,
    y: np.ndarray,
    batch_size: int,
) -> tuple[float, np.ndarray]:
    """One pass through the data: the mean loss, and the outputs of all samples.

    It ends with the first batch whose loss is not finite, and returns that loss.
    """
    total = 0.0
    seen = np.empty(0)
    for rows in mini_batches(len(X), batch_size):
        loss, outputs = _step(model, loss_function, optimizer, X[rows], y[rows])
        if rows.start == 0:
            seen = np.empty((len(X), *outputs.shape[1:]), outputs.dtype)
        seen[rows] = outputs
        if not math.isfinite(loss):
            return loss, seen
        total += loss * (rows.stop - rows.start)
    return total / len(X), seen


def _step(
    model: Module,
    loss_function: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    x: np.ndarray,
    y: np.ndarray,
) -> tuple[float, np.ndarray]:
    """One step on one batch: the loss and the outputs, as they were before it.

    The graph lives no longer than the call, so that there is never more than one.
    """
    optimizer.zero_grad()
    outputs = model(x)
    loss = loss_function(outputs, y)
    value = float(loss.data)
    if math.isfinite(value):
        loss.backward()
        optimizer.step()
    return value, outputs.data


def _divergence(loss: float, optimizer: Optimizer, epochs_before: int) -> DivergenceError:
    what = (
        "the parameters are no longer finite" if math.isfinite(loss) else f"the loss became {loss}"
    )
    stand = f"after epoch {epochs_before}" if epochs_before else "before the first epoch"
    return DivergenceError(
        f"training diverged in epoch {epochs_before + 1}: {what}, with "
        f"learning_rate={optimizer.learning_rate:g}. The parameters are again those {stand}. Use a "
        "smaller learning rate, and scale inputs (and regression targets) to about unit size."
    )


def _progress(epochs: int, verbose: bool) -> Iterator[Callable[[History], None]]:
    """Count epochs; what is yielded shows the history so far."""
    if not verbose:
        for _ in range(epochs):
            yield _report_nothing
        return
    from tqdm.auto import tqdm

    with tqdm(total=epochs, unit="epoch") as bar:

        def report(history: History) -> None:
            latest = {name: f"{values[-1]:.4g}" for name, values in history.items() if values}
            bar.set_postfix(latest, refresh=False)
            bar.update()

        for _ in range(epochs):
            yield report


def _report_nothing(history: History) -> None:
    pass
