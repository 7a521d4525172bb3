"""Learning-rate schedules: functions of the step, whose value multiplies the learning rate.

``schedule(step)`` is the factor for a step of the optimizer, counted from 0. A step may also be an
array of them, or a count inside ``tg.compile``: the formulas are NumPy, but for
:class:`ReduceOnPlateau`, which looks at how training goes. A function of one's own is as good as
those here: ``lambda step: 1 / (1 + 0.01 * step)``.

>>> import numpy as np
>>> Warmup(Cosine(total_steps=4), steps=2, start=0.5)(np.arange(7)).round(3)
array([0.5  , 0.75 , 1.   , 0.854, 0.5  , 0.146, 0.   ])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import numpy as np

from nn.checks import choice, non_negative_number, positive_integer, positive_number
from nn.plateau import ReduceOnPlateau
from nn.schedule import Schedule

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "MultiStep",
    "OneCycle",
    "Polynomial",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "Warmup",
]


class Constant(Schedule):
    """The same factor always.

    Parameters
    ----------
    value : float
        Positive.

    Examples
    --------
    >>> Constant()(1000)
    1.0
    """

    def __init__(self, value: float = 1.0) -> None:
        self.value = positive_number(value, "value")

    def factor(self, step: Any) -> Any:  # noqa: D102
        return self.value + 0.0 * step


class Step(Schedule):
    """``gamma ** (step // step_size)``: a drop every so many steps (PyTorch's StepLR).

    Parameters
    ----------
    step_size : int
        Steps between two drops.
    gamma : float
        Positive.

    Examples
    --------
    >>> [Step(2, gamma=0.5)(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = positive_integer(step_size, "step_size")
        self.gamma = positive_number(gamma, "gamma")

    def factor(self, step: Any) -> Any:  # noqa: D102
        return self.gamma ** (1.0 * (step // self.step_size))


class MultiStep(Schedule):
    """A drop by ``gamma`` at each of the milestones (PyTorch's MultiStepLR).

    Parameters
    ----------
    milestones : sequence of int
        Steps, each later than the one before.
    gamma : float
        Positive.

    Examples
    --------
    >>> [MultiStep([1, 3], gamma=0.5)(step) for step in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(self, milestones: Iterable[int], gamma: float = 0.1) -> None:
        if isinstance(milestones, str) or not isinstance(milestones, Iterable):
            raise TypeError(f"milestones is {milestones!r}; expected a list of steps")
        self.milestones = [positive_integer(m, "a milestone") for m in milestones]
        self.gamma = positive_number(gamma, "gamma")
        if not self.milestones or sorted(set(self.milestones)) != self.milestones:
            raise ValueError(
                f"milestones is {self.milestones}; expected steps, each later than the one before"
            )

    def factor(self, step: Any) -> Any:  # noqa: D102
        return self.gamma ** sum(np.where(step >= m, 1.0, 0.0) for m in self.milestones)


class Exponential(Schedule):
    """``gamma ** step`` (PyTorch's ExponentialLR).

    Parameters
    ----------
    gamma : float
        Positive, and of a schedule that decays, below 1.

    Examples
    --------
    >>> Exponential(0.5)(3)
    0.125
    """

    def __init__(self, gamma: float) -> None:
        self.gamma = positive_number(gamma, "gamma")

    def factor(self, step: Any) -> Any:  # noqa: D102
        return self.gamma ** (1.0 * step)


class Polynomial(Schedule):
    """``(1 - step / total_steps) ** power``, from 1 down to ``final`` (PyTorch's PolynomialLR).

    Parameters
    ----------
    total_steps : int, optional
        When the final factor is reached; it stays there. Without it, as many as ``fit`` takes.
    power : float
        Positive; 1 is a straight line.
    final : float
        0 or more.

    Examples
    --------
    >>> Polynomial(4, power=2)(2)
    0.25
    """

    def __init__(
        self, total_steps: int | None = None, power: float = 1.0, final: float = 0.0
    ) -> None:
        self.total_steps = _optional_count(total_steps)
        self.power = positive_number(power, "power")
        self.final = non_negative_number(final, "final")

    def factor(self, step: Any) -> Any:  # noqa: D102
        left = (1 - _progress(step, _known(self.total_steps, self))) ** self.power
        return self.final + (1 - self.final) * left


class Cosine(Schedule):
    """Half a cosine from 1 down to ``final`` (Loshchilov & Hutter 2017; CosineAnnealingLR).

    Parameters
    ----------
    total_steps : int, optional
        When the final factor is reached; it stays there, where PyTorch's rises again. Without it,
        as many as ``fit`` takes.
    final : float
        0 or more.

    Examples
    --------
    >>> Cosine(4)(2)
    0.5
    """

    def __init__(self, total_steps: int | None = None, final: float = 0.0) -> None:
        self.total_steps = _optional_count(total_steps)
        self.final = non_negative_number(final, "final")

    def factor(self, step: Any) -> Any:  # noqa: D102
        return _half_cosine(1.0, self.final, _progress(step, _known(self.total_steps, self)))


class CosineRestarts(Schedule):
    """Half a cosine again and again (Loshchilov & Hutter 2017; CosineAnnealingWarmRestarts).

    Parameters
    ----------
    period : int
        Steps before the first restart.
    multiplier : int
        How many times as long as the one before each period is.
    final : float
        The factor just before a restart would be this; 0 or more.

    Examples
    --------
    >>> [CosineRestarts(2)(step) for step in range(4)]
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(self, period: int, multiplier: int = 1, final: float = 0.0) -> None:
        self.period = positive_integer(period, "period")
        self.multiplier = positive_integer(multiplier, "multiplier")
        self.final = non_negative_number(final, "final")

    def factor(self, step: Any) -> Any:  # noqa: D102
        if self.multiplier == 1:
            return _half_cosine(1.0, self.final, (step % self.period) / self.period)
        # The logarithm may be off by one where a period begins.
        growth = step * (self.multiplier - 1) / self.period + 1
        cycle = np.floor(np.log(growth) / math.log(self.multiplier))
        cycle = np.where(self._start(cycle + 1) <= step, cycle + 1, cycle)
        cycle = np.where(self._start(cycle) > step, cycle - 1, cycle)
        length = self.period * self.multiplier**cycle
        return _half_cosine(1.0, self.final, (step - self._start(cycle)) / length)

    def _start(self, cycle: Any) -> Any:
        return self.period * (self.multiplier**cycle - 1) / (self.multiplier - 1)


class Warmup(Schedule):
    """A straight line up to where another schedule begins, and then that one.

    Parameters
    ----------
    after : callable
        The schedule that follows, from its step 0.
    steps : int
        How long the warm-up takes.
    start : float
        Where the line starts, as a fraction of the first factor of the other schedule; 0 or more.

    Examples
    --------
    >>> schedule = Warmup(Step(2), steps=4, start=0.2)
    >>> [round(schedule(step), 3) for step in range(8)]
    [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.1, 0.1]
    """

    def __init__(self, after: Callable[[Any], Any], steps: int, start: float = 0.01) -> None:
        if not callable(after):
            raise TypeError(f"after is {after!r}; expected a schedule, such as Cosine()")
        self.after = after
        self.steps = positive_integer(steps, "steps")
        self.start = non_negative_number(start, "start")

    def factor(self, step: Any) -> Any:  # noqa: D102
        line = self.after(0) * (self.start + (1 - self.start) * step / self.steps)
        return np.where(step < self.steps, line, self.after(np.maximum(step - self.steps, 0)))

    def observe(self, metric: float) -> None:  # noqa: D102
        if isinstance(self.after, Schedule):
            self.after.observe(metric)

    def over(self, total_steps: int) -> Schedule:  # noqa: D102
        if not isinstance(self.after, Schedule):
            return self
        after = self.after.over(max(1, total_steps - self.steps))
        return self if after is self.after else Warmup(after, self.steps, self.start)

    def state_dict(self) -> dict[str, float]:  # noqa: D102
        return self.after.state_dict() if isinstance(self.after, Schedule) else {}

    def load_state_dict(self, state: Mapping[str, float]) -> Self:  # noqa: D102
        if isinstance(self.after, Schedule):
            self.after.load_state_dict(state)
        else:
            super().load_state_dict(state)
        return self


class OneCycle(Schedule):
    """Up to the learning rate, and far down (Smith & Topin 2018; PyTorch's OneCycleLR).

    The learning rate of the optimizer is the largest one, PyTorch's ``max_lr``. Momentum stays as
    it is (``cycle_momentum=False``).

    Parameters
    ----------
    total_steps : int, optional
        After which the last factor stays. Without it, as many as ``fit`` takes.
    pct_start : float
        Which part of the steps goes up, from 0 to 1.
    div_factor : float
        The first factor is ``1 / div_factor``.
    final_div_factor : float
        The last one is ``1 / (div_factor * final_div_factor)``.
    anneal_strategy : {"cos", "linear"}
        Along half a cosine, or along straight lines.

    Examples
    --------
    >>> schedule = OneCycle(total_steps=10, pct_start=0.5, div_factor=10)
    >>> [round(schedule(step), 3) for step in (0, 2, 4, 9)]
    [0.1, 0.55, 1.0, 0.0]
    """

    def __init__(
        self,
        total_steps: int | None = None,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        anneal_strategy: str = "cos",
    ) -> None:
        self.total_steps = _optional_count(total_steps)
        self.pct_start = non_negative_number(pct_start, "pct_start")
        if self.pct_start > 1:
            raise ValueError(f"pct_start is {pct_start!r}; expected a number from 0 to 1")
        self.div_factor = positive_number(div_factor, "div_factor")
        self.final_div_factor = positive_number(final_div_factor, "final_div_factor")
        self.anneal_strategy = choice(anneal_strategy, ("cos", "linear"), "anneal_strategy")

    def factor(self, step: Any) -> Any:  # noqa: D102
        last = _known(self.total_steps, self) - 1
        top = max(self.pct_start * (last + 1) - 1, 0.0)
        between = _half_cosine if self.anneal_strategy == "cos" else _line
        first, final = 1 / self.div_factor, 1 / (self.div_factor * self.final_div_factor)
        down = between(1.0, final, _progress(step - top, last - top))
        if top == 0:
            return down
        return np.where(step <= top, between(first, 1.0, _progress(step, top)), down)


# ---------------------------------------------------------------------------------- formulas


def _progress(step: Any, length: float) -> Any:
    """How far a step is along a stretch, from 0 to 1."""
    return np.minimum(np.maximum(step / max(length, 1), 0.0), 1.0)


def _half_cosine(start: float, end: float, progress: Any) -> Any:
    return end + (start - end) * (1 + np.cos(math.pi * progress)) / 2


def _line(start: float, end: float, progress: Any) -> Any:
    return start + (end - start) * progress


# ---------------------------------------------------------------------------------- settings


def _optional_count(total_steps: int | None) -> int | None:
    return None if total_steps is None else positive_integer(total_steps, "total_steps")


def _known(total_steps: int | None, schedule: Schedule) -> int:
    if total_steps is None:
        raise ValueError(
            f"{type(schedule).__name__} was not told the number of steps; give it total_steps, or "
            "pass it to fit, which does"
        )
    return total_steps
