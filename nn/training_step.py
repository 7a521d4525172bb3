"""A step of training as a pure function: of a state and a batch, to the next state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import tensorgrad as tg
from nn.clipping import clip_by_norm, clip_by_value
from nn.epochs import Objective
from nn.functional import buffers_after, copy_with
from nn.optimizer import Optimizer
from nn.update_rule import State, stepped
from tensorgrad import CaptureError
from tensorgrad.compiler.symbols import Symbol
from tensorgrad.structure import map_leaves


def training_step(
    objective: Objective, optimizer: Optimizer, unreached: set[str] | None = None
) -> Callable[..., Any]:
    """The step of an optimizer on a model as a pure function, for ``tg.compile`` and ``tg.scan``.

    Parameters
    ----------
    objective : Objective
        What is made small.
    optimizer : Optimizer
        Its settings become part of the function, but for the learning rates.
    unreached : set of str, optional
        Gets the names of the parameters on which the loss does not depend, when that is known.

    Returns
    -------
    callable
        ``step(state, batch) -> (state, (loss, outputs))``.

    Raises
    ------
    CaptureError
        If the optimizer has parameters that are not the model's, or a ``step`` of its own.
    """
    if type(optimizer).step is not Optimizer.step:
        raise CaptureError(
            f"{type(optimizer).__name__} has a step() of its own, which is no function of arrays; "
            "write what it does as an nn.UpdateRule, or leave compile= out"
        )
    model, loss_function, penalty = objective
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    if not all(id(parameter) in names for parameter in optimizer.buffer.parameters):
        raise CaptureError(
            "the optimizer changes parameters that are not the model's, such as those of a loss; "
            "make them attributes of the model"
        )
    group_of = {
        names[id(parameter)]: i
        for i, group in enumerate(optimizer.groups)
        for parameter in group.parameters
        if parameter.requires_grad
    }
    rule, groups = optimizer.rule, optimizer.groups
    clip_norm, clip_value = optimizer.clip_norm, optimizer.clip_value

    def step(state: Any, batch: Any) -> Any:
        parameters, memory, buffers, generators = state
        (inputs, *others), rates = batch

        def goal(parameters: dict[str, Any]) -> Any:
            copies: dict[int, Any] = {}
            copy = copy_with(model, {**parameters, **buffers, **generators}, copies)
            outputs = copy(inputs)
            loss = loss_function(outputs, *others)
            replaced: Any = _Replaced(model, parameters)
            total = loss if penalty is None else loss + penalty(replaced)
            return total, (loss, outputs, buffers_after(model, copies))

        (_, (loss, outputs, after)), gradient = tg.value_and_grad(goal, has_aux=True)(parameters)
        reached = {name for name, slope in gradient.items() if _has_gradient(slope)}
        if clip_value is not None:
            gradient = clip_by_value(gradient, clip_value)
        if clip_norm is not None:
            gradient, _ = clip_by_norm(gradient, clip_norm)
        if unreached is not None:
            unreached.update(parameters.keys() - reached)
        counts = _counts_of(memory["step"], parameters) if rule.counts_steps else {}
        updated: dict[str, Any] = {}
        remembered: State = {name: {} for name in rule.starts}
        for name, values in parameters.items():
            own = groups[group_of[name]].own
            before = {key: memory[key][name] for key in rule.starts}
            updated[name], new = values, before
            if name in reached:
                updated[name], new = stepped(
                    rule,
                    values,
                    gradient[name],
                    {"step": counts[name], **before} if counts else before,
                    rates[group_of[name]],
                    own.get("l2_penalty", rule.l2_penalty),
                    own.get("weight_decay", rule.weight_decay),
                )
            for key in rule.starts:
                remembered[key][name] = new[key]
        if rule.counts_steps:
            remembered["step"] = map_leaves(lambda count: count + 1, memory["step"])
        kept = {name: after[name] for name in buffers}
        return (updated, remembered, kept, generators), (loss, outputs)

    return step


def _counts_of(steps: Any, names: Iterable[str]) -> dict[str, Any]:
    """The number of steps of each parameter, where it is one for all, or one for each already."""
    return steps if isinstance(steps, dict) else dict.fromkeys(names, steps)


def _has_gradient(slope: Any) -> bool:
    """Whether the loss depends on a parameter; one of which it does not stays as it is, eagerly."""
    return not (isinstance(slope, Symbol) and slope.made_by is np.zeros_like)


class _Replaced:
    """What a penalty looks at: a model whose parameters are other values."""

    def __init__(self, model: Any, values: dict[str, Any]) -> None:
        self._model = model
        self._values = values

    def named_parameters(self) -> list[tuple[str, Any]]:
        """Names, and the values in place of the parameters."""
        return [(name, self._values.get(name, own)) for name, own in self._model.named_parameters()]

    def parameters(self) -> list[Any]:
        """The values in place of the parameters."""
        return [value for _, value in self.named_parameters()]


class Places:
    """Where the state of a step comes from, and where the next one goes."""

    def __init__(self, model: Any, optimizer: Optimizer) -> None:
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        flat = optimizer.buffer
        self.parameters = [
            (names[id(parameter)], i)
            for i, parameter in enumerate(flat.parameters)
            if parameter.requires_grad
        ]
        self.unreached: set[str] = set()
        """Parameters that have no gradient, as far as is known: they make no steps."""
        self.buffers: dict[str, Any] = dict(model.named_buffers())
        self.generators: dict[str, np.random.Generator] = dict(model.named_generators())

    def state(self, optimizer: Optimizer) -> Any:
        """Parameters, memory of the optimizer, buffers, generators: shared, not copied."""
        flat, rule = optimizer.buffer, optimizer.rule
        memory: State = {
            key: {
                name: optimizer.state[key][flat.places[i]].reshape(flat.parameters[i].shape)
                for name, i in self.parameters
            }
            for key in rule.starts
        }
        if rule.counts_steps:
            memory["step"] = self._steps(optimizer)
        return (
            {name: flat.parameters[i].data for name, i in self.parameters},
            memory,
            {name: buffer.data for name, buffer in self.buffers.items()},
            self.generators,
        )

    def write_back(self, state: Any, optimizer: Optimizer) -> None:
        """Overwrite parameters, what the optimizer remembers, and buffers."""
        parameters, memory, buffers, _ = state
        flat, rule = optimizer.buffer, optimizer.rule
        values = flat.copy()
        for name, i in self.parameters:
            place = flat.places[i]
            values[place] = parameters[name].ravel()
            for key in rule.starts:
                optimizer.state[key][place] = memory[key][name].ravel()
        if rule.counts_steps:
            counts = _counts_of(memory["step"], parameters)
            made = {i: float(counts[name]) for name, i in self._reached()}
            optimizer.set_steps(made)
        flat.assign(values)
        for name, buffer in self.buffers.items():
            buffer.assign(buffers[name])

    def _steps(self, optimizer: Optimizer) -> Any:
        """The number of steps so far: one if all that have a gradient agree, or one for each."""
        own = np.broadcast_to(optimizer.state["step"], len(optimizer.buffer.parameters))
        numbers = {own[i] for _, i in self._reached()}
        return numbers.pop() if len(numbers) == 1 else {name: own[i] for name, i in self.parameters}

    def _reached(self) -> list[tuple[str, int]]:
        return [(name, i) for name, i in self.parameters if name not in self.unreached]


def factors_of(optimizer: Optimizer, schedule: Any, step: int, count: int) -> np.ndarray:
    """What the learning rates are multiplied by, in ``count`` steps from a step on."""
    if schedule is None:
        return np.full(count, optimizer.learning_rate_factor)
    return np.array([float(schedule(step + i)) for i in range(count)])


def rates_of(optimizer: Optimizer, factors: np.ndarray) -> list[np.ndarray]:
    """For each group of parameters its learning rates."""
    own = [group.own.get("learning_rate", optimizer.learning_rate) for group in optimizer.groups]
    return [rate * factors for rate in own]


def settings_of(objective: Objective, optimizer: Optimizer) -> Any:
    """All that a recorded step depends on, besides its arguments."""
    model = objective.model
    return (
        repr(model),  # it shows the settings of layers
        objective.loss_function,
        objective.penalty,
        [(id(module), module.training) for module in model.modules()],
        [parameter.requires_grad for parameter in optimizer.buffer.parameters],
        type(optimizer.rule),
        optimizer.rule.settings,
        optimizer.clip_norm,
        optimizer.clip_value,
        [{**group.own, "learning_rate": None} for group in optimizer.groups],
    )
