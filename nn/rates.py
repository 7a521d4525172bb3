"""Learning rates and decays of the groups, as the arrays that a step multiplies with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nn.checks import non_negative_number, positive_number
from nn.parameter_groups import ParameterGroup
from nn.update_rule import UpdateRule, precision_problem


class Rates:
    """What the groups say, and the optimizer for those that say nothing, in one dtype.

    The arrays are made once, so that no step converts a number again: one number for all elements
    if the groups agree, and one for each element if they do not.

    Parameters
    ----------
    groups : list of ParameterGroup
    rule : UpdateRule
        Its ``l2_penalty`` and ``weight_decay`` are those of groups that have none of their own.
    learning_rate : float
        Likewise.
    factor : float
        Multiplies the learning rates of all groups; at least 0.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    learning_rate, factor : float
    rate : ndarray
        Learning rates times the factor.
    penalty : ndarray or None
        The L2 penalties, if there are any.
    shrink : ndarray or None
        What decay leaves of the parameters in a step, if there is decay.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, or nothing in the dtype.

    Examples
    --------
    >>> from nn.update_rules import SGDRule
    >>> rates = Rates([ParameterGroup([])], SGDRule(weight_decay=0.5), 0.1, 1.0, np.float64)
    >>> rates.rate, rates.penalty, rates.shrink
    (array(0.1), None, array(0.95))
    """

    def __init__(
        self,
        groups: list[ParameterGroup],
        rule: UpdateRule,
        learning_rate: float,
        factor: float,
        dtype: DTypeLike,
    ) -> None:
        self._groups, self._rule, self._dtype = groups, rule, np.dtype(dtype)
        self.learning_rate = positive_number(learning_rate, "learning_rate")
        problem = precision_problem(rule, self._dtype)
        if problem:
            raise ValueError(problem)
        self._rates = self.of_groups("learning_rate")
        for rate in self._rates:
            self._check_in_dtype(rate)
        self._decays = self.of_groups("weight_decay")
        penalties = self.of_groups("l2_penalty")
        self.penalty = self._array(penalties) if any(penalties) else None
        self.shrink: np.ndarray | None = None
        self.scale(factor)

    @property
    def are_one(self) -> bool:
        """Whether all groups have the same learning rate, whatever the factor."""
        return len(set(self._rates)) == 1

    def scale(self, factor: float) -> None:
        """Set the factor: in every step, where there is a schedule."""
        self.factor = non_negative_number(factor, "learning_rate_factor")
        self.rate = self._array([rate * self.factor for rate in self._rates])
        if any(self._decays):
            pairs = zip(self._rates, self._decays, strict=True)
            self.shrink = self._array([1 - rate * self.factor * decay for rate, decay in pairs])

    def of_groups(self, name: str) -> list[float]:
        """A setting of each group, its own or that of the optimizer."""
        default = self.learning_rate if name == "learning_rate" else getattr(self._rule, name)
        own = [getattr(group, name) for group in self._groups]
        return [default if number is None else number for number in own]

    def spread(self, numbers: list[float], dtype: DTypeLike) -> Any:
        """Numbers of the groups as one number if they are the same, or else one per element."""
        if len(numbers) == 1 or len(set(numbers)) == 1:
            return numbers[0]
        return np.repeat(np.array(numbers, dtype), [group.size for group in self._groups])

    def _array(self, numbers: list[float]) -> np.ndarray:
        return np.asarray(self.spread(numbers, self._dtype), self._dtype)

    def _check_in_dtype(self, rate: float) -> None:
        with np.errstate(over="ignore", under="ignore"):
            there = float(np.array(rate, self._dtype))
        if not 0 < there < math.inf:
            raise ValueError(
                f"learning_rate is {rate!r}, which is {there} in {self._dtype}, the dtype of the "
                "parameters; expected a positive, finite number there"
            )
