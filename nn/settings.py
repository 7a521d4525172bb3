"""What the keywords of ``fit`` may be, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from nn.callbacks import Callback, checked_callbacks
from nn.checks import fraction_below_one, non_negative_number, positive_number
from nn.dropout import Dropout
from nn.early_stopping import EarlyStopping
from nn.epochs import Objective
from nn.layers import Linear, Sequential
from nn.measuring import LossFunction
from nn.module import Module
from nn.progress import ProgressBar
from nn.weights import WeightedMean


def made_objective(
    model: Sequential,
    loss_function: LossFunction,
    *,
    weighted: bool,
    l1: Any,
    dropout: Any,
    rng: np.random.Generator,
) -> Objective:
    """What training is to make small.

    Parameters
    ----------
    model : Sequential
        The network's own.
    loss_function : callable
        The task's own.
    weighted : bool
        Whether batches have weights.
    l1, dropout
        As for :meth:`nn.NeuralNetwork.fit`.
    rng : numpy.random.Generator
        What drops out.

    Raises
    ------
    TypeError, ValueError
        If ``l1`` or ``dropout`` cannot be right.

    Examples
    --------
    >>> from nn import l2_loss
    >>> model, rng = Sequential(Linear(2, 1)), np.random.default_rng(0)
    >>> made_objective(model, l2_loss, weighted=False, l1=0, dropout=0, rng=rng).model is model
    True
    """
    strength = non_negative_number(l1, "l1")
    is_plain = type(dropout) in (int, float) and dropout == 0
    return Objective(
        model if is_plain else with_dropout(model, dropout, rng),
        WeightedMean(loss_function) if weighted else loss_function,
        L1Penalty(strength) if strength else None,
    )


def with_dropout(model: Sequential, dropout: Any, rng: np.random.Generator) -> Sequential:
    """A model with dropout behind each hidden layer; it shares the layers of the other.

    Parameters
    ----------
    model : Sequential
        Each of its fully connected layers but the first is dropped out before.
    dropout : float or list of float
        Probability of a zero, at least 0 and below 1: one for all hidden layers, or one for each.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    TypeError, ValueError
        If there is not a probability for each hidden layer.

    Examples
    --------
    >>> model = Sequential(Linear(2, 8), np.tanh, Linear(8, 1))
    >>> with_dropout(model, 0.5, np.random.default_rng(0)).layers[2]
    Dropout(p=0.5)
    """
    places = [i for i, layer in enumerate(model.layers) if isinstance(layer, Linear)][1:]
    if isinstance(dropout, Sequence | np.ndarray) and not isinstance(dropout, str):
        rates = [fraction_below_one(p, f"dropout[{i}]") for i, p in enumerate(dropout)]
        if len(rates) != len(places):
            raise ValueError(
                f"dropout has {len(rates)} numbers, and the network {len(places)} hidden layers; "
                "expected one for each, or a single number"
            )
    else:
        rates = [fraction_below_one(dropout, "dropout")] * len(places)
    layers = list(model.layers)
    for place, rate in reversed(list(zip(places, rates, strict=True))):
        if rate:
            layers.insert(place, Dropout(rate, rng=rng))
    return Sequential(*layers)


class L1Penalty(NamedTuple):
    """The sum of the absolute values of all weights of a model, times a number.

    It maps a model to the penalty, a composition of operations. Biases and other parameters of one
    axis do not count. Two of the same number are equal.

    Attributes
    ----------
    strength : float
        The number.

    Examples
    --------
    >>> layer = Linear(2, 1)
    >>> _ = layer.weight.assign([[3.0], [-4.0]])
    >>> L1Penalty(0.5)(layer).item()
    3.5
    """

    strength: float

    def __call__(self, model: Module) -> Any:
        """The penalty."""
        sums = [np.sum(np.abs(p)) for p in model.parameters() if p.ndim > 1]
        return self.strength * sum(sums[1:], start=sums[0])


def checked_fraction(value: Any, name: str) -> float:
    """Return ``value`` as a float, or say why it is not between 0 and 1.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is not above 0 and below 1.

    Examples
    --------
    >>> checked_fraction(0.1, "validation_fraction")
    0.1
    """
    fraction = positive_number(value, name)
    if fraction >= 1:
        raise ValueError(f"{name} is {value!r}; expected a number above 0 and below 1")
    return fraction


def all_callbacks(
    callbacks: Iterable[Callback], early_stopping: Any, validates: bool, verbose: Any
) -> list[Callback]:
    """The callbacks of the user, between early stopping and the progress bar.

    Raises
    ------
    TypeError, ValueError
        If something in it is no callback, or another argument cannot be right.

    Examples
    --------
    >>> all_callbacks([], True, validates=True, verbose=False)[0].patience
    10
    """
    stopping = early_stopping_callback(early_stopping, validates)
    return [
        *([] if stopping is None else [stopping]),
        *checked_callbacks(callbacks),
        *([ProgressBar()] if checked_verbose(verbose) else []),
    ]


def early_stopping_callback(early_stopping: Any, validates: bool) -> EarlyStopping | None:
    """What ``early_stopping=`` asks for.

    Parameters
    ----------
    early_stopping : bool or EarlyStopping
        True stands for ``EarlyStopping()``.
    validates : bool
        Whether there are data to validate on.

    Raises
    ------
    TypeError
        If it is anything else.
    ValueError
        If it is True, and nothing is validated on.

    Examples
    --------
    >>> early_stopping_callback(True, validates=True).patience
    10
    """
    if isinstance(early_stopping, EarlyStopping):
        return early_stopping
    if not isinstance(early_stopping, bool | np.bool):
        raise TypeError(
            f"early_stopping is {early_stopping!r}; expected True, False or an object such as "
            "nn.EarlyStopping(patience=10)"
        )
    if not early_stopping:
        return None
    if not validates:
        raise ValueError(
            "early_stopping needs data that are not trained on: pass validation_fraction=0.1, or "
            "validation_data=(X, y); to watch the training loss, "
            "early_stopping=nn.EarlyStopping(monitor='loss')"
        )
    return EarlyStopping()


def checked_verbose(verbose: Any) -> bool:
    """Whether to show a progress bar; 0 and 1 are False and True.

    Raises
    ------
    TypeError
        If it is something else than a bool or an integer.

    Examples
    --------
    >>> checked_verbose(1)
    True
    """
    if not isinstance(verbose, bool | np.bool | int | np.integer):
        raise TypeError(f"verbose is {verbose!r}; expected True or False")
    return bool(verbose)


@contextmanager
def in_argument(name: str) -> Iterator[None]:
    """Name the argument in messages about what is inside of it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
