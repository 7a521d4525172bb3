"""A step of training as a pure function: of a state and a batch, to the next state."""

from __future__ import annotations

from collections.abc import Callable
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


def training_step(objective: Objective, optimizer: Optimizer) -> Callable[..., Any]:
    """The step of an optimizer on a model as a pure function, for ``tg.compile`` and ``tg.scan``.

    Parameters
    ----------
    objective : Objective
        What is made small.
    optimizer : Optimizer
        Its settings become part of the function, but for the learning rates.

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
        count = {"step": memory["step"]} if rule.counts_steps else {}
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
                    {**count, **before},
                    rates[group_of[name]],
                    own.get("l2_penalty", rule.l2_penalty),
                    own.get("weight_decay", rule.weight_decay),
                )
            for key in rule.starts:
                remembered[key][name] = new[key]
        if rule.counts_steps:
            remembered["step"] = memory["step"] + 1
        kept = {name: after[name] for name in buffers}
        return (updated, remembered, kept, generators), (loss, outputs)

    return step


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
            memory["step"] = np.float64(optimizer.state["step"])
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
            optimizer.state["step"][...] = memory["step"]
        flat.assign(values)
        for name, buffer in self.buffers.items():
            buffer.assign(buffers[name])


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
