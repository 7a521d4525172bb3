"""Callbacks: what happens beside training, at the begin and end of fit, epochs and batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nn.lbfgs import LBFGS
    from nn.module import Module
    from nn.network import NeuralNetwork
    from nn.optim import Optimizer

History = dict[str, list[float]]
"""Columns by name, ``"loss"`` among them, with one number for each epoch; NaN where it has none."""


class Callback:
    """Base class: override the moments that matter; the others cost nothing.

    Each is given the :class:`TrainingState`, which it may read, and through which it may
    :meth:`~TrainingState.log` a number for the epoch or :meth:`~TrainingState.stop` training.
    Callbacks are called in the order of the list, so that one which writes numbers down comes
    after those that log them.

    ``on_fit_end`` is called whenever ``on_fit_begin`` was, however training ended.

    Examples
    --------
    >>> class StopAt(Callback):
    ...     def __init__(self, loss):
    ...         self.loss = loss
    ...
    ...     def on_epoch_end(self, state):
    ...         if state.metrics["loss"] < self.loss:
    ...             state.stop(f"the loss is below {self.loss}")
    >>> from nn import SGD, Linear, l2_loss, train
    >>> X = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
    >>> model = Linear(1, 1, rng=0)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.1)
    >>> history = train(model, l2_loss, optimizer, X, 3 * X, epochs=500, callbacks=[StopAt(0.01)])
    >>> len(history["loss"]) < 50, history["loss"][-1] < 0.01
    (True, True)
    """

    def on_fit_begin(self, state: TrainingState) -> None:
        """Before the first epoch. What is raised here ends ``fit`` before anything is changed."""

    def on_fit_end(self, state: TrainingState) -> None:
        """After the last epoch, or after an error or Ctrl-C."""

    def on_epoch_begin(self, state: TrainingState) -> None:
        """Before the first batch of an epoch."""

    def on_epoch_end(self, state: TrainingState) -> None:
        """After an epoch; ``state.metrics`` and the history have its numbers."""

    def on_batch_begin(self, state: TrainingState) -> None:
        """Before a batch."""

    def on_batch_end(self, state: TrainingState) -> None:
        """After the step on a batch; the parameters still have its gradients."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint has to keep, so that this callback can go on: arrays and numbers."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` gave."""


class TrainingState:
    """Where training stands.

    Attributes
    ----------
    model : Module
        What is trained.
    network : NeuralNetwork or None
        Whose ``fit`` this is.
    optimizer : Optimizer or LBFGS
        What changes the parameters; L-BFGS has no learning rate and no state.
    schedule : callable or None
        Factor of the learning rate for each step.
    rng : numpy.random.Generator or None
        What shuffles the data.
    history : dict of str to list of float
        Columns with one entry for each finished epoch, over all calls.
    callbacks : list of Callback
        All callbacks of this call.
    columns : list of str
        Names of the numbers that every epoch gets, beside what callbacks log.
    settings : dict
        What else the call was given that training depends on, by the names of its arguments.
    epochs : int
        How many epochs this call was asked for.
    epoch : int
        How many of them are finished: 0 during the first, 1 when it ends.
    step : int
        Steps of the optimizer in this call.
    batch_loss : float
        Mean loss of the latest batch, before its step.
    metrics : dict of str to float
        Numbers of the epoch: in ``on_epoch_end`` those that the history got for it.
    stop_reason : str or None
        Why training ends early, if it does.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer | LBFGS,
        history: History,
        epochs: int,
        *,
        callbacks: Iterable[Callback] = (),
        network: NeuralNetwork | None = None,
        schedule: Callable[[int], float] | None = None,
        columns: Iterable[str] = ("loss",),
        settings: Mapping[str, Any] | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.model = model
        self.network = network
        self.optimizer: Any = optimizer
        self.schedule = schedule
        self.rng = rng
        self.history = history
        history.setdefault("loss", [])
        self.callbacks = checked_callbacks(callbacks)
        self.columns = list(columns)
        self.settings = dict(settings or {})
        self.epochs = epochs
        self.epoch = 0
        self.step = 0
        self.batch_loss = math.nan
        self.metrics: dict[str, float] = {}
        self.stop_reason: str | None = None
        self._metrics_are_recorded = False

    def log(self, name: str, value: float) -> None:
        """Give the current epoch a number, in ``metrics`` and as a column of the history."""
        self.metrics[name] = value = float(value)
        if self._metrics_are_recorded:
            epochs = len(self.history["loss"])
            column = self.history.setdefault(name, [])
            column += [math.nan] * (epochs - len(column))
            column[-1] = value

    def stop(self, reason: str) -> None:
        """End training after the current epoch."""
        self.stop_reason = reason

    # ------------------------------------------------------------------ what the loop does with it

    def begin_epoch(self) -> None:
        """Forget the numbers of the last epoch."""
        self.metrics = {}
        self._metrics_are_recorded = False

    def end_epoch(self, metrics: Mapping[str, float]) -> None:
        """Count the epoch, and write its numbers into the history."""
        self.metrics = {**metrics, **self.metrics}
        record(self.history, self.metrics)
        self._metrics_are_recorded = True
        self.epoch += 1


def record(history: History, metrics: Mapping[str, float]) -> None:
    """Add one epoch to a history; columns that lack a number, before it or now, get NaN.

    Examples
    --------
    >>> history = {"loss": [0.5]}
    >>> record(history, {"loss": 0.25, "accuracy": 1.0})
    >>> history
    {'loss': [0.5, 0.25], 'accuracy': [nan, 1.0]}
    """
    epochs = len(history["loss"])
    for name in metrics:
        if name not in history:
            history[name] = [math.nan] * epochs
    for name, column in history.items():
        column.append(metrics.get(name, math.nan))


def checked_callbacks(callbacks: Any) -> list[Callback]:
    """Return a list of callbacks, or say which of them is none.

    Raises
    ------
    TypeError
        If something in it is not a :class:`Callback`.

    Examples
    --------
    >>> checked_callbacks([Callback])
    Traceback (most recent call last):
    TypeError: callbacks holds the class Callback; pass an object of it, Callback(...)
    """
    if isinstance(callbacks, Callback):
        raise TypeError(f"callbacks is a single {type(callbacks).__name__}; put it into a list")
    if isinstance(callbacks, str | bytes) or not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks is {callbacks!r}; expected a list of callbacks")
    result = list(callbacks)
    for callback in result:
        if isinstance(callback, type) and issubclass(callback, Callback):
            name = callback.__name__
            raise TypeError(f"callbacks holds the class {name}; pass an object of it, {name}(...)")
        if not isinstance(callback, Callback):
            raise TypeError(
                f"callbacks holds {callback!r}; expected objects of subclasses of nn.Callback"
            )
    return result


def hooks(callbacks: Iterable[Callback], moment: str) -> list[Callable[[TrainingState], None]]:
    """Methods of those callbacks that do something at a moment, such as ``"on_batch_end"``."""
    unused = getattr(Callback, moment)
    return [
        getattr(callback, moment)
        for callback in callbacks
        if getattr(type(callback), moment) is not unused or moment in vars(callback)
    ]
