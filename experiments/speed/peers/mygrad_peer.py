"""MyGrad, a tape over NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer, load
from experiments.speed.problems import Problem

__all__ = ["MyGrad", "MyGradTrainer"]


class MyGrad(Peer):
    """MyGrad tensors, its own losses where it has them, an update in place."""

    name = "mygrad"
    title = "MyGrad"
    requires = ("mygrad",)

    def build(self, problem: Problem) -> MyGradTrainer:
        """See `Peer.build`."""
        return MyGradTrainer(problem)


class MyGradTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        mygrad = load("mygrad")
        # Its guard against mutated operands costs time on every operation; its manual turns
        # the guard off for speed, so it is off here.
        mygrad.turn_memory_guarding_off()
        self._tensors = [mygrad.tensor(array) for array in problem.starting_parameters()]
        self._inputs = problem.inputs
        binary = problem.network.is_binary
        self._targets = problem.binary_targets() if binary else problem.labels
        self._output_loss = _binary_loss() if binary else _multiclass_loss()
        self._matmul, self._tanh = mygrad.matmul, mygrad.tanh
        self._learning_rate = problem.learning_rate
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        loss = None
        for _ in range(steps):
            index = self._next_batch
            loss = self._output_loss(self._logits(self._inputs[index]), self._targets[index])
            loss.backward()
            for tensor in self._tensors:
                tensor.data -= self._learning_rate * tensor.grad
                tensor.null_grad()
            self._next_batch = (index + 1) % len(self._inputs)
        return float("nan") if loss is None else float(loss)

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return [tensor.data for tensor in self._tensors]

    def _logits(self, inputs: Any) -> Any:
        tensors, matmul, tanh = self._tensors, self._matmul, self._tanh
        values = inputs
        for layer in range(0, len(tensors) - 2, 2):
            values = tanh(matmul(values, tensors[layer]) + tensors[layer + 1])
        return matmul(values, tensors[-2]) + tensors[-1]


def _binary_loss() -> Any:
    mygrad = load("mygrad")

    def loss_of(logits: Any, targets: Any) -> Any:
        return mygrad.mean(mygrad.logaddexp(0, logits) - targets * logits)

    return loss_of


def _multiclass_loss() -> Any:
    return load("mygrad.nnet.losses").softmax_crossentropy
