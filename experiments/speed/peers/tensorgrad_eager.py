"""tensorgrad, eager, through the layers, losses and optimizer of `nn`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer, load
from experiments.speed.problems import Problem

__all__ = ["TensorgradEager", "TensorgradTrainer"]


class TensorgradEager(Peer):
    """What a user of `nn` writes: `loss.backward()` and `optimizer.step()`."""

    name = "tensorgrad"
    title = "tensorgrad eager"
    requires = ("nn",)

    def build(self, problem: Problem) -> TensorgradTrainer:
        """See `Peer.build`."""
        return TensorgradTrainer(problem)


class TensorgradTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        nn = load("nn")
        layers: list[Any] = []
        for fan_in, fan_out in pairwise(problem.network.widths):
            layers += [nn.Linear(fan_in, fan_out, rng=0), nn.Tanh()]
        self._model = nn.Sequential(*layers[:-1])
        starts = problem.starting_parameters()
        for parameter, start in zip(self._model.parameters(), starts, strict=True):
            parameter.assign(start)
        if problem.network.is_binary:
            self._loss_function = nn.binary_log_loss
            self._targets = problem.binary_targets()
        else:
            self._loss_function = nn.multiclass_log_loss
            self._targets = problem.labels
        self._optimizer = nn.SGD(self._model.parameters(), learning_rate=problem.learning_rate)
        self._inputs = problem.inputs
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        model, loss_function, optimizer = self._model, self._loss_function, self._optimizer
        inputs, targets, index = self._inputs, self._targets, self._next_batch
        loss = None
        for _ in range(steps):
            optimizer.zero_grad()
            loss = loss_function(model(inputs[index]), targets[index])
            loss.backward()
            optimizer.step()
            index = (index + 1) % len(inputs)
        self._next_batch = index
        return float("nan") if loss is None else loss.item()

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return [parameter.data for parameter in self._model.parameters()]
