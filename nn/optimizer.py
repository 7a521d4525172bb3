"""The base of the optimizers: an update rule, run on the one flat array of all parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from nn.blocks import Block, blocks_of, in_one_number, runs, update_in_place
from nn.checks import positive_number
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
from nn.rates import Rates
from nn.update_rule import State, UpdateRule, stepped
from nn.update_rules import SGDRule
from tensorgrad import Tensor

CLIPPING = ("clip_norm", "clip_value")
"""Settings that may be None."""

NO_COUNT = np.zeros((), int)
"""The number of the step, for rules that do not ask for it."""


class Optimizer:
    """Changes parameters along their gradients, by a rule.

    All parameters lie in one flat array, so a step is a handful of NumPy calls whatever the number
    of layers. A parameter without a gradient stays as it is, and the step does not count for it.

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
        What the rule remembers, flat like the parameters; ``"step"`` counts the steps, in one
        number, or in one for each parameter once some have had a step without a gradient.

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
        rates = self._new_rates(groups, rule, learning_rate, 1.0)
        self._use(rule, rule.init(self.buffer.values), groups, rates)

    def step(self) -> None:
        """Change the parameters by one step along their gradients; without any, nothing."""
        buffer = self.buffer
        if self._is_plain:
            buffer.descend(self._rates.rate)
            return
        given = [parameter.grad is not None for parameter in buffer.parameters]
        if not any(given):
            return
        gradient = self._clipped_gradients()
        for place, step in runs(buffer.places, given, self._count(given)):
            for block in self._blocks_at(place, gradient):
                update_in_place(self._rule, block, self._rates, step)
        buffer.overwritten()

    def set_steps(self, steps: Mapping[int, float]) -> None:
        """Set how many steps some parameters have made, by their positions in the buffer."""
        counts = np.array(np.broadcast_to(self._state["step"], len(self.buffer.parameters)))
        for i, number in steps.items():
            counts[i] = number
        self._state["step"] = in_one_number(counts)

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
        rates = self._rates
        rate, l2_penalty, weight_decay = (
            rates.spread(rates.of_groups(name), np.float64)
            for name in ("learning_rate", "l2_penalty", "weight_decay")
        )
        steps = state.get("step")
        if steps is not None and np.ndim(steps):
            sizes = [parameter.size for parameter in self.buffer.parameters]
            state = {**state, "step": np.repeat(steps, sizes)}
        values, new_state = stepped(
            self.rule,
            values,
            gradient,
            state,
            rate * learning_rate_factor,
            l2_penalty,
            weight_decay,
        )
        return values, new_state if steps is None else {**new_state, "step": steps + 1}

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
        self._state = self._fitting(self.rule, value)
        self._blocks = {}

    @property
    def learning_rate(self) -> float:
        """Length of a step, for the groups that have no learning rate of their own."""
        return self._rates.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rates = self._new_rates(self.groups, self._rule, value, self._rates.factor)
        self._is_plain = self._only_descends()

    @property
    def learning_rate_factor(self) -> float:
        """What the learning rates of all groups are multiplied by, 0 or more: for schedules."""
        return self._rates.factor

    @learning_rate_factor.setter
    def learning_rate_factor(self, value: float) -> None:
        self._rates.scale(value)

    @property
    def current_learning_rate(self) -> float:
        """``learning_rate * learning_rate_factor``."""
        return self._rates.learning_rate * self._rates.factor

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
        remembers: as long as all parameters together, but for ``"state.step"``, which is one
        number, or one for each parameter if they have made different numbers of steps.

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
        memory = self._fitting(rule, arrays)
        clipping = {
            name: None if name not in numbers else positive_number(numbers[name], name)
            for name in CLIPPING
        }
        groups = with_settings(self.groups, numbers)
        rates = self._new_rates(
            groups, rule, numbers["learning_rate"], numbers["learning_rate_factor"]
        )
        self._use(rule, memory, groups, rates)
        self.clip_norm, self.clip_value = clipping["clip_norm"], clipping["clip_value"]
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_blocks": {}}  # a copy has another buffer

    def __repr__(self) -> str:
        settings = {"learning_rate": self.learning_rate, **self.rule.settings}
        shown = ", ".join(f"{name}={value}" for name, value in settings.items() if value)
        return f"{type(self).__name__}({self.buffer.values.size} parameters, {shown})"

    # ------------------------------------------------------------------------------------ helpers

    def _use(
        self, rule: UpdateRule, state: State, groups: list[ParameterGroup], rates: Rates
    ) -> None:
        """Set what a step depends on."""
        self._rule, self._state, self.groups, self._rates = rule, state, groups, rates
        self._blocks: dict[tuple[int, int], list[Block]] = {}
        self._is_plain = self._only_descends()

    def _new_rates(
        self, groups: list[ParameterGroup], rule: UpdateRule, learning_rate: float, factor: float
    ) -> Rates:
        return Rates(groups, rule, learning_rate, factor, self.buffer.values.dtype)

    def _fitting(self, rule: UpdateRule, state: State) -> State:
        return fitting_state(rule, self.buffer.values, state, len(self.buffer.parameters))

    def _only_descends(self) -> bool:
        """Whether a step is the gradient times one number, which needs no pass of its own."""
        rule, rates = self._rule, self._rates
        extras = (rates.shrink, rates.penalty, self._clip_norm, self._clip_value)
        return (
            type(rule) is SGDRule
            and not rule.momentum
            and rates.are_one
            and all(extra is None for extra in extras)
        )

    def _clipped_gradients(self) -> np.ndarray:
        gradient = self.buffer.gradients()
        if self._clip_value is not None:
            np.clip(gradient, -self._clip_value, self._clip_value, gradient)
        if self._clip_norm is not None:
            clip_flat_norm(gradient, self._clip_norm)
        return gradient

    def _count(self, given: list[bool]) -> np.ndarray:
        """Count the step for the parameters with a gradient, and give its number."""
        if not self._rule.counts_steps:
            return NO_COUNT
        state = self._state
        if all(given):
            state["step"] += 1
        else:
            state["step"] = in_one_number(np.broadcast_to(state["step"], len(given)) + given)
        return state["step"]

    def _blocks_at(self, place: slice, gradient: np.ndarray) -> list[Block]:
        key = place.start, place.stop
        if key not in self._blocks:
            memory = {name: self._state[name] for name in self._rule.starts}
            self._blocks[key] = blocks_of(self.buffer.values, gradient, memory, place)
        return self._blocks[key]
