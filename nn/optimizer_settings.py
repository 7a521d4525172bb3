"""The optimizer, and the schedule, that ``fit`` is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nn.checks import choice, non_negative_number
from nn.lbfgs import LBFGS
from nn.optim import OPTIMIZERS, Optimizer
from nn.schedule_names import as_schedule
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
    >>> from nn import SGD, Linear
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
