"""Schedules by name, and whatever else ``fit`` takes for one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nn.checks import choice, positive_integer
from nn.plateau import ReduceOnPlateau
from nn.schedule import Schedule
from nn.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    MultiStep,
    OneCycle,
    Polynomial,
    Step,
    Warmup,
)


def schedule_named(name: str, total_steps: int) -> Schedule:
    """Make a schedule by its name, with settings that suit as many steps.

    Parameters
    ----------
    name : str
        In any letter case: "constant", "step" (a tenth after each third), "multi_step" (a tenth
        after half and after three quarters), "exponential" (to a hundredth), "polynomial" (a line
        to 0), "cosine" (to 0), "cosine_restarts" (three periods, each twice as long as the one
        before), "warmup" and "warmup_cosine" (a twentieth of the steps), "one_cycle",
        "reduce_on_plateau".
    total_steps : int
        Steps of the optimizer altogether.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> schedule_named("cosine", 1000)
    Cosine(total_steps=1000, final=0.0)
    """
    total_steps = positive_integer(total_steps, "total_steps")
    return SCHEDULES[choice(name, SCHEDULES, "schedule")](total_steps)


def as_schedule(schedule: str | Callable[[Any], Any], total_steps: int) -> Callable[[Any], Any]:
    """What ``fit`` takes for a schedule: a name, a schedule, or a function of the step.

    Parameters
    ----------
    schedule : str or callable
    total_steps : int
        Steps of the optimizer altogether, for those that have to know.

    Returns
    -------
    callable
        ``schedule(step)`` is the factor at a step.

    Raises
    ------
    TypeError, ValueError
        If it is neither, or there is none of this name.

    Examples
    --------
    >>> as_schedule(Warmup(Cosine(), steps=10), total_steps=100)
    Warmup(after=Cosine(total_steps=90, final=0.0), steps=10, start=0.01)
    """
    if isinstance(schedule, Schedule):
        return schedule.over(total_steps)
    if callable(schedule) and not isinstance(schedule, type):
        return schedule
    if isinstance(schedule, str):
        return schedule_named(schedule, total_steps)
    raise TypeError(
        f"schedule is {schedule!r}; expected one of {', '.join(map(repr, SCHEDULES))}, a schedule "
        "such as nn.schedules.Cosine(), or a function of the step"
    )


SCHEDULES: dict[str, Callable[[int], Schedule]] = {
    "constant": lambda n: Constant(),
    "step": lambda n: Step(math.ceil(n / 3)),
    "multi_step": lambda n: MultiStep([max(1, n // 2), max(2, 3 * n // 4)]),
    "exponential": lambda n: Exponential(0.01 ** (1 / n)),
    "polynomial": Polynomial,
    "cosine": Cosine,
    "cosine_restarts": lambda n: CosineRestarts(math.ceil(n / 7), multiplier=2),
    "warmup": lambda n: Warmup(Constant(), math.ceil(n / 20)),
    "warmup_cosine": lambda n: Warmup(Cosine(), math.ceil(n / 20)).over(n),
    "one_cycle": OneCycle,
    "reduce_on_plateau": lambda n: ReduceOnPlateau(),
}
"""From a number of steps to a schedule, by name."""
