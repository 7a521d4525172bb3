"""What a learning-rate schedule is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from nn.checks import positive_integer


class Schedule:
    """Base class: :meth:`factor` is a formula in the step, and the settings are attributes."""

    def factor(self, step: Any) -> Any:
        """The factor at a step, or at each of an array of steps."""
        raise NotImplementedError(f"{type(self).__name__} must define factor()")

    def __call__(self, step: Any) -> Any:
        """The factor at a step: a float for an integer, else an array.

        Raises
        ------
        ValueError
            If the step is negative, or the schedule needs to know how many there are.
        """
        if isinstance(step, int | np.integer):
            if step < 0:
                raise ValueError(f"step is {step}; expected 0 or more")
            return float(self.factor(int(step)))
        return self.factor(step)

    def observe(self, metric: float) -> None:
        """Take note of how training goes, after each epoch; most schedules do not care."""

    def over(self, total_steps: int) -> Schedule:
        """Return this schedule, or, if it was not told how many steps there are, one that is.

        Examples
        --------
        >>> from nn.schedules import Cosine
        >>> Cosine(final=0.1).over(100)
        Cosine(total_steps=100, final=0.1)
        """
        if vars(self).get("total_steps", 0) is not None:
            return self
        bound = copy.copy(self)
        vars(bound)["total_steps"] = positive_integer(total_steps, "total_steps")
        return bound

    def state_dict(self) -> dict[str, float]:
        """What a checkpoint has to keep beside the settings: plain numbers, mostly none."""
        return {}

    def load_state_dict(self, state: Mapping[str, float]) -> Self:
        """Go on from what :meth:`state_dict` gave."""
        if state:
            raise ValueError(f"{type(self).__name__} has no state, got {', '.join(state)}")
        return self

    def __repr__(self) -> str:
        shown = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        settings = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return f"{type(self).__name__}({settings})"
