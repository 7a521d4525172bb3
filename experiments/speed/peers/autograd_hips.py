"""Autograd, the tape over NumPy that JAX grew out of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer, load
from experiments.speed.problems import Problem

__all__ = ["Autograd", "AutogradTrainer"]


class Autograd(Peer):
    """`autograd.value_and_grad` of the loss over a list of parameters."""

    name = "autograd"
    title = "autograd"
    requires = ("autograd",)

    def build(self, problem: Problem) -> AutogradTrainer:
        """See `Peer.build`."""
        return AutogradTrainer(problem)


class AutogradTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        binary = problem.network.is_binary
        self._value_and_grad = load("autograd").value_and_grad(_loss_function(binary))
        self._parameters = problem.starting_parameters()
        self._inputs = problem.inputs
        self._targets = problem.binary_targets() if binary else problem.one_hot_targets()
        self._learning_rate = problem.learning_rate
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        loss = float("nan")
        for _ in range(steps):
            index = self._next_batch
            loss, gradients = self._value_and_grad(
                self._parameters, self._inputs[index], self._targets[index]
            )
            for parameter, gradient in zip(self._parameters, gradients, strict=True):
                parameter -= self._learning_rate * gradient
            self._next_batch = (index + 1) % len(self._inputs)
        return float(loss)

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return self._parameters


def _loss_function(binary: bool) -> Any:
    """The mean loss of a batch as a function of (parameters, inputs, targets)."""
    anp = load("autograd.numpy")
    logsumexp = load("autograd.scipy.special").logsumexp

    def loss_of(parameters: Any, inputs: Any, targets: Any) -> Any:
        values = inputs
        for layer in range(0, len(parameters) - 2, 2):
            values = anp.tanh(anp.dot(values, parameters[layer]) + parameters[layer + 1])
        logits = anp.dot(values, parameters[-2]) + parameters[-1]
        if binary:
            return anp.mean(anp.logaddexp(0, logits) - targets * logits)
        label_logits = anp.sum(targets * logits, axis=1)
        return anp.mean(logsumexp(logits, axis=1) - label_logits)

    return loss_of
