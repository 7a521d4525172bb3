"""tensorgrad, compiled: the step replayed by NumPy, and an epoch as a scan in machine code."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer, load
from experiments.speed.problems import Problem

__all__ = ["TensorgradScan", "TensorgradReplay", "ReplayTrainer", "ScanTrainer"]


class TensorgradReplay(Peer):
    """The training step under `tg.compile`, called once per batch."""

    name = "tensorgrad-replay"
    title = "tensorgrad replay"
    requires = ("nn", "tensorgrad")

    def build(self, problem: Problem) -> ReplayTrainer:
        """See `Peer.build`."""
        return ReplayTrainer(problem)


class TensorgradScan(Peer):
    """A `tg.scan` of the training step over the epoch, in machine code."""

    name = "tensorgrad-scan"
    title = "tensorgrad scan"
    requires = ("nn", "tensorgrad", "llvmlite")

    def build(self, problem: Problem) -> ScanTrainer:
        """See `Peer.build`."""
        return ScanTrainer(problem)


class ReplayTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        step, self._state = _training_step(problem)
        self._step = load("tensorgrad").compile(step)
        self._batches = list(zip(problem.inputs, _targets(problem), strict=True))
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        step, batches = self._step, self._batches
        state, index, loss = self._state, self._next_batch, float("nan")
        for _ in range(steps):
            state, loss = step(state, batches[index])
            index = (index + 1) % len(batches)
        self._state, self._next_batch = state, index
        return float(loss)

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return list(self._state.values())


class ScanTrainer:
    """See `Trainer`; each whole epoch is one call, steps short of one are a shorter scan."""

    def __init__(self, problem: Problem) -> None:
        tg = load("tensorgrad")
        step, self._state = _training_step(problem)
        self._scan, self._step = tg.scan, tg.compile(step, backend="llvm")
        self._inputs = np.stack(problem.inputs)
        self._targets = np.stack(_targets(problem))
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        inputs, targets = self._inputs, self._targets
        state, losses = self._state, None
        while steps > 0:
            begin = self._next_batch
            end = min(begin + steps, len(inputs))
            batches = (inputs[begin:end], targets[begin:end])
            state, losses = self._scan(self._step, state, batches)
            steps -= end - begin
            self._next_batch = end % len(inputs)
        self._state = state
        return float("nan") if losses is None else float(losses[-1])

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return list(self._state.values())


def _targets(problem: Problem) -> list[NDArray[Any]]:
    return problem.binary_targets() if problem.network.is_binary else list(problem.labels)


def _training_step(problem: Problem) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The function (state, batch) -> (new state, loss) that a user writes, and the first state."""
    tg, nn = load("tensorgrad"), load("nn")
    layers: list[Any] = []
    for fan_in, fan_out in pairwise(problem.network.widths):
        layers += [nn.Linear(fan_in, fan_out, rng=0), nn.Tanh()]
    model = nn.Sequential(*layers[:-1])
    loss_function = nn.binary_log_loss if problem.network.is_binary else nn.multiclass_log_loss
    learning_rate = problem.learning_rate

    def step(state: dict[str, Any], batch: tuple[Any, Any]) -> tuple[dict[str, Any], Any]:
        inputs, targets = batch

        def loss_of(parameters: dict[str, Any]) -> Any:
            return loss_function(nn.functional_call(model, parameters, inputs), targets)

        loss, gradients = tg.value_and_grad(loss_of)(state)
        return {
            name: parameter - learning_rate * gradients[name] for name, parameter in state.items()
        }, loss

    names = [name for name, _ in model.named_parameters()]
    return step, dict(zip(names, problem.starting_parameters(), strict=True))
