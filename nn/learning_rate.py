"""Finding a learning rate: train a copy at ever larger ones, and see where the loss falls."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nn.batches import ArraySource, Batch
from nn.checks import positive_integer, positive_number
from nn.module import Module
from nn.optim import Optimizer, optimizer_named
from tensorgrad import Tensor
from tensorgrad.mode import changed_mode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 1024
"""How many rows the loss is measured on after each step, at most."""

BLOWN_UP = 3.0
"""The search ends when the loss is this many times its first value above the smallest one."""

MARGIN = 4
"""How far the suggestion stays below the rate at which the loss was lowest, at least."""


class LearningRateSearch(NamedTuple):
    """What :func:`lr_find` found.

    Attributes
    ----------
    learning_rates : ndarray
        Rising, one for each step.
    losses : ndarray
        After the step, on the same rows each time.
    first_loss : float
        Before the first step.
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    first_loss: float

    @property
    def suggestion(self) -> float | None:
        """A rate that is likely to train well; None if the loss did not fall.

        It lies in the middle, on the logarithmic axis of the plot, between the rate at which the
        loss fell fastest and a quarter of the one at which it was lowest. The first is too careful
        where a model learns much during the search, and from the second on the loss rises.
        """
        if len(self.losses) < 3:
            return None
        curve = _smoothed(self.losses)
        lowest = int(np.argmin(curve))
        if lowest == 0 or not curve[lowest] < self.first_loss:
            return None
        steepest = np.argmin(np.gradient(curve)[: lowest + 1])
        upper = self.learning_rates[lowest] / MARGIN
        return math.sqrt(min(self.learning_rates[steepest], upper) * upper)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the loss over the learning rate, and the suggestion.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; without it a new figure is made.

        Returns
        -------
        matplotlib.axes.Axes
            The picture is ``axes.figure``.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the loss blew up at once.
        """
        if not len(self.losses):
            raise ValueError("the loss blew up at the first rate; search from a smaller one")
        if axes is None:
            try:
                import matplotlib.pyplot as plt
            except ImportError as error:
                raise ImportError(
                    "a plot needs matplotlib; install it with: pip install matplotlib"
                ) from error
            axes = plt.figure(figsize=(6.4, 4.0), layout="constrained").subplots()
        axes.plot(self.learning_rates, self.losses, alpha=0.4, label="after each step")
        axes.plot(self.learning_rates, _smoothed(self.losses), color="C0", label="smoothed")
        suggestion = self.suggestion
        if suggestion is not None:
            label = f"suggestion: {suggestion:.2g}"
            axes.axvline(suggestion, color="C1", linestyle="--", label=label)
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
        # Where it blows up, the loss would hide the rest.
        low, high = float(np.min(self.losses)), max(self.first_loss, float(self.losses[0]))
        margin = 0.15 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + 2 * margin)
        axes.grid(alpha=0.3)
        axes.legend()
        return axes


def lr_find(
    model: Module,
    loss_function: Callable[..., Any],
    X: np.ndarray,
    y: np.ndarray,
    *,
    optimizer: str | Callable[[Any, float], Optimizer] = "sgd",
    batch_size: int = 32,
    smallest: float = 1e-6,
    largest: float = 10.0,
    steps: int = 100,
    rng: np.random.Generator | None = None,
) -> LearningRateSearch:
    """Train a copy of a model for a moment, at learning rates from small to large (Smith 2017).

    The rates rise by the same factor from step to step. After each step the loss is measured on the
    same rows (at most 1024), so that the curve shows the learning rate and not the batches. The
    search ends early when the loss blows up. The model itself stays as it is.

    Parameters
    ----------
    model : Module
        From a batch of inputs to logits or predictions.
    loss_function : callable
        From those and the targets to the mean loss of the batch.
    X, y : ndarray
        Inputs and targets, one row for each sample; taken as they are.
    optimizer : str or callable
        A name, or a function from parameters and a learning rate to an optimizer.
    batch_size : int
        Samples in a batch, as they will be in training.
    smallest, largest : float
        The first and the last learning rate.
    steps : int
        How many rates are tried.
    rng : numpy.random.Generator, optional
        Shuffles the data, and is advanced; without it they keep their order.

    Returns
    -------
    LearningRateSearch
        With ``suggestion`` and ``plot()``.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range, or the loss is not finite to begin with.

    Examples
    --------
    >>> from nn import Linear, l2_loss
    >>> X = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
    >>> search = lr_find(Linear(1, 1, rng=0), l2_loss, X, 3 * X + 1)
    >>> 0.01 < search.suggestion < 1
    True
    """
    batch_size = positive_integer(batch_size, "batch_size")
    steps = positive_integer(steps, "steps")
    smallest, largest = positive_number(smallest, "smallest"), positive_number(largest, "largest")
    if smallest >= largest:
        raise ValueError(f"smallest is {smallest:g}; expected less than largest, {largest:g}")
    if steps < 3:
        raise ValueError(f"steps is {steps}; expected at least 3, to see a curve")
    if not len(X) or len(X) != len(y):
        raise ValueError(
            f"X has {len(X)} rows and y has {len(y)}; expected at least one, and as many in both"
        )
    make = _by_name(optimizer) if isinstance(optimizer, str) else optimizer
    rates = np.geomspace(smallest, largest, steps)
    trial = _Trial(copy.deepcopy(model).train(), loss_function, (X[:ROWS], y[:ROWS]))
    with np.errstate(all="ignore"):
        first = trial.loss()
        if not math.isfinite(first):
            raise ValueError(
                f"the loss is {first} to begin with; scale inputs and targets to about unit size"
            )
        losses = trial.losses_at(
            rates, make(trial.model.parameters(), smallest), ArraySource((X, y), batch_size, rng)
        )
    return LearningRateSearch(rates[: len(losses)], np.array(losses), first)


class _Trial(NamedTuple):
    """A model to be spoiled, and what its loss is measured on."""

    model: Module
    loss_function: Callable[..., Any]
    measured: Batch

    def loss(self) -> float:
        x, *targets = self.measured
        with changed_mode(recording=False):
            loss = self.loss_function(self.model(x), *targets)
        return float(loss.data if isinstance(loss, Tensor) else loss)

    def losses_at(
        self, rates: np.ndarray, optimizer: Optimizer, source: ArraySource
    ) -> list[float]:
        """The loss after a step at each of the rates, until it blows up."""
        losses: list[float] = []
        first = lowest = self.loss()
        for rate, (x, *targets) in zip(rates, _endless(source), strict=False):
            optimizer.learning_rate = rate
            optimizer.zero_grad()
            with changed_mode(recording=True):
                self.loss_function(self.model(x), *targets).backward()
            optimizer.step()
            loss = self.loss()
            if not math.isfinite(loss) or loss - lowest > BLOWN_UP * abs(first):
                break
            lowest = min(lowest, loss)
            losses.append(loss)
        return losses


def _endless(source: ArraySource) -> Iterator[Batch]:
    while True:
        yield from source.epoch()


def _by_name(name: str) -> Callable[[Any, float], Optimizer]:
    return lambda parameters, rate: optimizer_named(name, parameters, learning_rate=rate)


def _smoothed(losses: np.ndarray) -> np.ndarray:
    """A running mean with the weights of a bell, centered: it does not shift the curve."""
    half = max(1, len(losses) // 20)
    weights = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(losses, half, mode="edge")
    return np.convolve(padded, weights / weights.sum(), mode="valid")
