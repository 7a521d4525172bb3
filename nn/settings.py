"""What the keywords of ``fit`` may be, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from nn.checks import choice, fraction_below_one, non_negative_number, positive_number
from nn.dropout import Dropout
from nn.early_stopping import EarlyStopping
from nn.epochs import Objective
from nn.layers import Linear, Sequential
from nn.lbfgs import LBFGS
from nn.measuring import LossFunction
from nn.module import Module
from nn.optim import OPTIMIZERS, Optimizer
from nn.schedule_names import as_schedule
from nn.weights import WeightedMean
from tensorgrad import Tensor

LEARNING_RATE = 0.01
"""What ``fit`` takes if nothing else is said."""

OptimizerLike = str | Optimizer | LBFGS | Callable[..., Optimizer | LBFGS]

NAMES = (*OPTIMIZERS, "lbfgs")
"""What ``optimizer=`` may say."""

WITHOUT_LEARNING_RATE = {
    "learning_rate": "a line search finds the length of each step",
    "weight_decay": (
        "decay is a part of the learning rate, and there is none; "
        "optimizer=functools.partial(nn.LBFGS, l2_penalty=...) adds a penalty to the loss"
    ),
    "clip_norm": "the line search needs the gradient as it is",
}
"""Why L-BFGS does not take a setting."""


def made_optimizer(
    optimizer: OptimizerLike,
    parameters: Sequence[Tensor],
    learning_rate: float,
    **settings: Any,
) -> Optimizer | LBFGS:
    """What ``optimizer=`` asks for, over the parameters.

    Parameters
    ----------
    optimizer : str, Optimizer, LBFGS, or callable
        A name; an optimizer, which must be over these parameters and has its own settings; or what
        makes one from parameters and ``learning_rate=``, such as the class ``nn.Adam``.
    parameters : list of Tensor
        What to optimize.
    learning_rate : float
        For the optimizer that is made.
    **settings
        More settings for it; those that are None are left to its defaults.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or settings are given beside an optimizer, or to L-BFGS.

    Examples
    --------
    >>> from nn import SGD
    >>> layer = Linear(2, 1)
    >>> made_optimizer("sgd", layer.parameters(), 0.1)
    SGD(3 parameters, learning_rate=0.1)
    >>> from functools import partial
    >>> made_optimizer(partial(SGD, momentum=0.9), layer.parameters(), 0.1, clip_norm=None)
    SGD(3 parameters, learning_rate=0.1, momentum=0.9)
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if isinstance(optimizer, str):
        name = choice(optimizer, NAMES, "optimizer")
        optimizer = LBFGS if name == "lbfgs" else OPTIMIZERS[name]
    if learning_rate != LEARNING_RATE and (isinstance(optimizer, Optimizer) or is_lbfgs(optimizer)):
        given = {"learning_rate": learning_rate, **given}
    if is_lbfgs(optimizer):
        reasons = [f"{name}: {WITHOUT_LEARNING_RATE[name]}" for name in given]
        if reasons:
            raise ValueError(f"L-BFGS does not take {'; '.join(reasons)}")
    if isinstance(optimizer, Optimizer | LBFGS):
        if given:
            raise ValueError(
                f"{', '.join(given)} cannot be given beside an optimizer that is made already; "
                f"give it to {type(optimizer).__name__}(...)"
            )
        own, expected = map(id, optimizer.buffer.parameters), map(id, parameters)
        if set(own) != set(expected):
            raise ValueError(
                "the optimizer is for other parameters than those of this network; make it with "
                f"nn.{type(optimizer).__name__}(network.parameters(), ...), again after reset()"
            )
        return optimizer
    if not callable(optimizer):
        raise TypeError(
            f"optimizer is {optimizer!r}; expected one of {', '.join(map(repr, NAMES))}, an "
            "optimizer, or a class such as nn.Adam"
        )
    rate = {} if is_lbfgs(optimizer) else {"learning_rate": learning_rate}
    made = optimizer(parameters, **rate, **given)
    if not isinstance(made, Optimizer | LBFGS):
        raise TypeError(f"optimizer made {made!r}; expected an optimizer such as nn.Adam")
    return made


def is_lbfgs(optimizer: Any) -> bool:
    """Whether it is L-BFGS, its class, or a partial of this.

    Examples
    --------
    >>> from functools import partial
    >>> is_lbfgs(LBFGS), is_lbfgs(partial(LBFGS, history_size=20)), is_lbfgs(Optimizer)
    (True, True, False)
    """
    made = getattr(optimizer, "func", optimizer)
    return isinstance(made, LBFGS) or (isinstance(made, type) and issubclass(made, LBFGS))


def take_over(optimizer: Optimizer | LBFGS, earlier: Optimizer | LBFGS | None) -> None:
    """Take over what an earlier optimizer remembers, if it is of the same kind and settings."""
    if (
        earlier is optimizer
        or not isinstance(optimizer, Optimizer)
        or not isinstance(earlier, Optimizer)
        or not optimizer.state
        or type(earlier) is not type(optimizer)
        or earlier.rule.settings != optimizer.rule.settings
        or list(map(id, earlier.buffer.parameters)) != list(map(id, optimizer.buffer.parameters))
    ):
        return
    optimizer.state = earlier.state


def made_schedule(schedule: Any, steps_per_epoch: int | None, epochs: int) -> Any:
    """What ``schedule=`` asks for, checked at its first step.

    Raises
    ------
    TypeError, ValueError
        If it is no schedule, needs to know the number of steps where that is not known, or its
        first factor is no number, 0 or more.

    Examples
    --------
    >>> made_schedule("cosine", 32, 10)
    Cosine(total_steps=320, final=0.0)
    """
    if steps_per_epoch is None:
        if isinstance(schedule, str):
            raise ValueError(
                f"schedule is {schedule!r}, which depends on the number of steps, and an iterator "
                "of batches has none that is known; pass an object such as "
                "nn.schedules.Cosine(total_steps=1000)"
            )
        if not callable(schedule):
            as_schedule(schedule, 1)  # it says what is expected
        made = schedule
    else:
        made = as_schedule(schedule, steps_per_epoch * epochs)
    non_negative_number(made(0), "the factor of the schedule at step 0")
    return made


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
