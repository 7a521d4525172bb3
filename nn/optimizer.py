"""The base of the optimizers: an update rule, run on the one flat array of all parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from nn.blocks import Block, blocks_of, part
from nn.checks import non_negative_number, positive_number
from nn.clipping import clip_by_norm, clip_by_value, clip_flat_norm
from nn.flat import FlatBuffer
from nn.optimizer_state import (
    PREFIX,
    fitting_state,
    misfit,
    numbers_and_arrays,
    problems_of_names,
    rule_with,
)
from nn.parameter_groups import ParameterGroup, as_groups, settings_of, with_settings
from nn.update_rule import State, UpdateRule, precision_problem, stepped
from nn.update_rules import SGDRule
from tensorgrad import Tensor

CLIPPING = ("clip_norm", "clip_value")
"""Settings that may be None."""


class Optimizer:
    """Changes parameters along their gradients, by a rule.

    All parameters lie in one flat array, so a step is a handful of NumPy calls whatever the number
    of layers. A parameter without a gradient stays as it is.

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        What to optimize, all of one floating dtype; their ``data`` become views of one array. A
        dict is a group: ``{"parameters": [...], "learning_rate": 0.01}``, with ``l2_penalty`` and
        ``weight_decay`` if they differ too. What a group does not say, the optimizer says.
    learning_rate : float
        Length of a step; can be set at any time.
    rule : UpdateRule
        What a step does.
    clip_norm : float, optional
        Scale the gradient of all parameters so that its norm is at most this, as
        :func:`nn.clip_grad_norm_` does.
    clip_value : float, optional
        Limit every element of the gradient to this size, before ``clip_norm``.

    Attributes
    ----------
    buffer : FlatBuffer
        The parameters, group by group.
    groups : list of ParameterGroup
        One, unless several were passed in.
    rule : UpdateRule
    state : dict of str to ndarray
        What the rule remembers, flat like the parameters.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range, or the parameters are not leaves of one dtype.

    Examples
    --------
    >>> from nn import Parameter
    >>> from nn.update_rules import SGDRule
    >>> x = Parameter([1.0, 2.0])
    >>> optimizer = Optimizer([x], 0.25, SGDRule())
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([0.5, 1. ])
    """

    def __init__(
        self,
        parameters: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        learning_rate: float,
        rule: UpdateRule,
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        learning_rate = positive_number(learning_rate, "learning_rate")
        self._clip_norm = None if clip_norm is None else positive_number(clip_norm, "clip_norm")
        self._clip_value = None if clip_value is None else positive_number(clip_value, "clip_value")
        if not isinstance(rule, UpdateRule):
            raise TypeError(f"rule is {rule!r}; expected an update rule such as SGDRule()")
        groups = as_groups(parameters)
        self.buffer = FlatBuffer(p for group in groups for p in group.parameters)
        self._use(rule, rule.init(self.buffer.values), groups, learning_rate, 1.0)

    def step(self) -> None:
        """Change the parameters by one step along their gradients; without any, nothing."""
        buffer = self.buffer
        if self._is_plain:
            buffer.subtract(buffer.gradients(self._rate))
            return
        gradient = buffer.gradients()
        pairs = zip(buffer.parameters, buffer.places, strict=True)
        without = [place for parameter, place in pairs if parameter.grad is None]
        if len(without) == len(buffer.parameters):
            return
        if self._clip_value is not None:
            np.clip(gradient, -self._clip_value, self._clip_value, gradient)
        if self._clip_norm is not None:
            clip_flat_norm(gradient, self._clip_norm)
        flat = [buffer.values, *(self.state[name] for name in self.rule.starts)]
        kept = [(array[place], array[place].copy()) for place in without for array in flat]
        self._update(gradient)
        for array, values in kept:
            array[...] = values
        buffer.overwritten()

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.buffer.parameters:
            parameter.grad = None

    def forget(self) -> None:
        """Start anew, as if no step had been made."""
        self.state = self.rule.init(self.buffer.values)

    def pure_step(
        self, values: Any, gradient: Any, state: State, learning_rate_factor: Any = 1.0
    ) -> tuple[Any, State]:
        """What :meth:`step` does, clipping and groups included, as a function of flat arrays.

        It changes nothing, and can be compiled. The settings of the optimizer, its learning rate
        among them, are then part of the program; what changes from step to step is the factor.

        Parameters
        ----------
        values, gradient : array
            Like ``buffer.values``.
        state : dict
            Like ``state``.
        learning_rate_factor : float
            Multiplies the learning rates of all groups.

        Returns
        -------
        values : array
        state : dict

        Examples
        --------
        >>> import tensorgrad as tg
        >>> from nn import Adam, Parameter
        >>> optimizer = Adam([Parameter([1.0, 2.0])], learning_rate=0.1, clip_norm=1.0)
        >>> step = tg.compile(optimizer.pure_step)
        >>> values, state = step(optimizer.buffer.values, np.array([3.0, -4.0]), optimizer.state)
        >>> values.round(6), float(state["step"])
        (array([0.9, 2.1]), 1.0)
        """
        if self._clip_value is not None:
            gradient = clip_by_value(gradient, self._clip_value)
        if self._clip_norm is not None:
            gradient, _ = clip_by_norm(gradient, self._clip_norm)
        rate, l2_penalty, weight_decay = (
            self._spread(self._of_groups(name), np.float64)
            for name in ("learning_rate", "l2_penalty", "weight_decay")
        )
        return stepped(
            self.rule,
            values,
            gradient,
            state,
            rate * learning_rate_factor,
            l2_penalty,
            weight_decay,
        )

    # ---------------------------------------------------------------------------------- settings

    @property
    def rule(self) -> UpdateRule:
        """What a step does."""
        return self._rule

    @property
    def state(self) -> State:
        """What the rule remembers, flat like the parameters; it can be set, and is then copied."""
        return self._state

    @state.setter
    def state(self, value: State) -> None:
        self._state = fitting_state(self.rule, self.buffer.values, value)
        self._blocks = None

    @property
    def learning_rate(self) -> float:
        """Length of a step, for the groups that have no learning rate of their own."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        number = positive_number(value, "learning_rate")
        self._check_in_dtype(number, "learning_rate")
        self._learning_rate = number
        self._set_rates()

    @property
    def learning_rate_factor(self) -> float:
        """What the learning rates of all groups are multiplied by, 0 or more: for schedules."""
        return self._factor

    @learning_rate_factor.setter
    def learning_rate_factor(self, value: float) -> None:
        self._factor = non_negative_number(value, "learning_rate_factor")
        self._scale_rates()

    @property
    def current_learning_rate(self) -> float:
        """``learning_rate * learning_rate_factor``."""
        return self._learning_rate * self._factor

    @property
    def clip_norm(self) -> float | None:
        """The largest norm of the gradient of all parameters, or None."""
        return self._clip_norm

    @clip_norm.setter
    def clip_norm(self, value: float | None) -> None:
        self._clip_norm = None if value is None else positive_number(value, "clip_norm")
        self._is_plain = self._only_descends()

    @property
    def clip_value(self) -> float | None:
        """The largest size of an element of the gradient, or None."""
        return self._clip_value

    @clip_value.setter
    def clip_value(self, value: float | None) -> None:
        self._clip_value = None if value is None else positive_number(value, "clip_value")
        self._is_plain = self._only_descends()

    # -------------------------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, np.ndarray | float]:
        """All that a step depends on, but for parameters and gradients: copies, by name.

        Numbers are settings. Arrays, whose names begin with ``"state."``, are what the rule
        remembers; those of one axis are as long as all parameters together.

        Examples
        --------
        >>> from nn import SGD, Parameter
        >>> SGD([Parameter([1.0, 2.0])], 0.5, momentum=0.9).state_dict()["state.velocity"]
        array([0., 0.])
        """
        arrays = {PREFIX + name: array.copy() for name, array in self.state.items()}
        return {**self._numbers(), **arrays}

    def _numbers(self) -> dict[str, float]:
        numbers: dict[str, float] = {
            "learning_rate": self.learning_rate,
            "learning_rate_factor": self.learning_rate_factor,
            **self.rule.settings,
        }
        for name in CLIPPING:
            if getattr(self, name) is not None:
                numbers[name] = getattr(self, name)
        return numbers | settings_of(self.groups)

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from where another optimizer of the same kind stood, with its settings.

        Parameters
        ----------
        state : mapping
            From :meth:`state_dict`; arrays are cast to the dtype of the parameters.

        Returns
        -------
        Optimizer
            This one.

        Raises
        ------
        ValueError, TypeError
            If names are missing or unknown, a setting is out of its range, or an array does not
            fit. Nothing is changed then.
        """
        numbers, arrays = numbers_and_arrays(state)
        problems = problems_of_names(
            numbers.keys() - set(CLIPPING), self._numbers().keys() - set(CLIPPING)
        )
        if problems:
            raise misfit(problems)
        rule = rule_with(self.rule, numbers)
        memory = fitting_state(rule, self.buffer.values, arrays)
        clipping = {
            name: None if name not in numbers else positive_number(numbers[name], name)
            for name in CLIPPING
        }
        groups = with_settings(self.groups, numbers)
        rate = positive_number(numbers["learning_rate"], "learning_rate")
        factor = non_negative_number(numbers["learning_rate_factor"], "learning_rate_factor")
        self._use(rule, memory, groups, rate, factor)
        self.clip_norm, self.clip_value = clipping["clip_norm"], clipping["clip_value"]
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_blocks": None}  # a copy has another buffer

    def __repr__(self) -> str:
        settings = {"learning_rate": self.learning_rate, **self.rule.settings}
        shown = ", ".join(f"{name}={value}" for name, value in settings.items() if value)
        return f"{type(self).__name__}({self.buffer.values.size} parameters, {shown})"

    # ------------------------------------------------------------------------------------ helpers

    def _use(
        self,
        rule: UpdateRule,
        state: State,
        groups: list[ParameterGroup],
        learning_rate: float,
        factor: float,
    ) -> None:
        """Set what a step depends on, if it is something in the dtype of the parameters."""
        problem = precision_problem(rule, self.buffer.values.dtype)
        if problem:
            raise ValueError(problem)
        for number in (learning_rate, *(group.learning_rate for group in groups)):
            if number is not None:
                self._check_in_dtype(number, "learning_rate")
        self._rule, self._state, self.groups = rule, state, groups
        self._learning_rate, self._factor = learning_rate, factor
        self._blocks: list[Block] | None = None
        self._set_rates()

    def _check_in_dtype(self, number: float, name: str) -> None:
        dtype = self.buffer.values.dtype
        with np.errstate(over="ignore", under="ignore"):
            there = np.array(number, dtype)
        if not (np.isfinite(there) and there > 0):
            raise ValueError(
                f"{name} is {number!r}, which is {there} in {dtype}, the dtype of the "
                "parameters; expected a positive, finite number there"
            )

    def _set_rates(self) -> None:
        """Make the arrays that a step multiplies with, so that no call converts them again."""
        self._rates = self._of_groups("learning_rate")
        self._decays = self._of_groups("weight_decay")
        penalties = self._of_groups("l2_penalty")
        self._penalty = self._array(penalties) if any(penalties) else None
        self._shrink: np.ndarray | None = None
        self._scale_rates()
        self._is_plain = self._only_descends()

    def _scale_rates(self) -> None:
        """Make again what depends on the factor: in every step, where there is a schedule."""
        factor = self._factor
        self._rate = self._array([rate * factor for rate in self._rates])
        if any(self._decays):
            pairs = zip(self._rates, self._decays, strict=True)
            self._shrink = self._array([1 - rate * factor * decay for rate, decay in pairs])

    def _array(self, numbers: list[float]) -> np.ndarray:
        """Numbers of the groups in the dtype of the parameters."""
        dtype = self.buffer.values.dtype
        return np.asarray(self._spread(numbers, dtype), dtype)

    def _only_descends(self) -> bool:
        """Whether a step is the gradient times one number, which needs no pass of its own."""
        rule = self._rule
        extras = (self._shrink, self._penalty, self._clip_norm, self._clip_value)
        return (
            type(rule) is SGDRule
            and not rule.momentum
            and self._rate.ndim == 0
            and all(extra is None for extra in extras)
        )

    def _of_groups(self, name: str) -> list[float]:
        """A setting of each group, its own or that of the optimizer."""
        default = self.learning_rate if name == "learning_rate" else getattr(self._rule, name)
        own = [getattr(group, name) for group in self.groups]
        return [default if number is None else number for number in own]

    def _spread(self, numbers: list[float], dtype: DTypeLike) -> float | np.ndarray:
        """Numbers of the groups as one number if they are the same, or else one per element."""
        if len(numbers) == 1 or len(set(numbers)) == 1:
            return numbers[0]
        return np.repeat(np.array(numbers, dtype), [group.size for group in self.groups])

    def _update(self, gradient: np.ndarray) -> None:
        """Let the rule overwrite the parameters, and the gradient with them, block by block."""
        state, rule = self.state, self._rule
        step = 0
        if rule.counts_steps:
            state["step"] += 1
            step = int(state["step"])
        if self._blocks is None:
            memory = {name: state[name] for name in rule.starts}
            self._blocks = blocks_of(self.buffer.values, gradient, memory)
        rate, shrink, penalty = self._rate, self._shrink, self._penalty
        multiply = np.multiply
        for place, values, slopes, memory, scratch in self._blocks:
            if penalty is not None:
                multiply(values, part(penalty, place), scratch)
                slopes += scratch
            direction = rule.direction_in_place(slopes, memory, step, scratch)
            if shrink is not None:
                values *= part(shrink, place)
            multiply(direction, part(rate, place), scratch)
            values -= scratch
