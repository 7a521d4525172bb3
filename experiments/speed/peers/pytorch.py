"""PyTorch, eager and compiled."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer, core_count, load
from experiments.speed.problems import Problem

__all__ = ["PyTorchCompiled", "PyTorchEager", "PyTorchTrainer", "network_of"]


class PyTorchEager(Peer):
    """PyTorch as its tutorials train: `backward`, `torch.optim.SGD`, `zero_grad`."""

    name = "pytorch"
    title = "PyTorch eager"
    requires = ("torch",)

    def build(self, problem: Problem) -> PyTorchTrainer:
        """See `Peer.build`."""
        return PyTorchTrainer(problem, compiled=False)


class PyTorchCompiled(Peer):
    """PyTorch with network and loss compiled by `torch.compile`, which needs a C++ compiler."""

    name = "pytorch-compile"
    title = "PyTorch torch.compile"
    requires = ("torch",)
    by_default = False  # it compiles for minutes where everything else builds in seconds

    def available(self) -> bool:
        """See `Peer.available`."""
        compilers = ("cl",) if sys.platform == "win32" else ("g++", "c++", "clang++")
        return super().available() and any(map(shutil.which, compilers))

    def build(self, problem: Problem) -> PyTorchTrainer:
        """See `Peer.build`."""
        return PyTorchTrainer(problem, compiled=True)


class PyTorchTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem, *, compiled: bool) -> None:
        torch = load("torch")
        torch.set_num_threads(core_count())
        self._linears, self._model = network_of(problem)
        self._inputs = [torch.from_numpy(batch) for batch in problem.inputs]
        functional = torch.nn.functional
        if problem.network.is_binary:
            self._targets = [torch.from_numpy(batch) for batch in problem.binary_targets()]
            output_loss = functional.binary_cross_entropy_with_logits
        else:
            self._targets = [torch.from_numpy(batch) for batch in problem.labels]
            output_loss = functional.cross_entropy
        model = self._model

        def loss_of(inputs: Any, targets: Any) -> Any:
            return output_loss(model(inputs), targets)

        self._loss_of = torch.compile(loss_of, fullgraph=True) if compiled else loss_of
        # Its foreach and fused forms, measured beside this default, were no faster on any of
        # the networks.
        self._optimizer = torch.optim.SGD(model.parameters(), lr=problem.learning_rate)
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        loss_of, optimizer = self._loss_of, self._optimizer
        inputs, targets, index = self._inputs, self._targets, self._next_batch
        loss = None
        for _ in range(steps):
            optimizer.zero_grad()
            loss = loss_of(inputs[index], targets[index])
            loss.backward()
            optimizer.step()
            index = (index + 1) % len(inputs)
        self._next_batch = index
        return float("nan") if loss is None else loss.item()

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return [
            tensor.detach().numpy()
            for linear in self._linears
            for tensor in (linear.weight.T, linear.bias)
        ]


def network_of(problem: Problem) -> tuple[list[Any], Any]:
    """The linear layers at their starting weights, and the network of them up to the logits."""
    torch = load("torch")
    linears = []
    for weight, bias in zip(problem.weights, problem.biases, strict=True):
        linear = torch.nn.Linear(*weight.shape)
        # torch.nn.Linear keeps its weight as (outputs, inputs).
        linear.weight = torch.nn.Parameter(torch.from_numpy(np.ascontiguousarray(weight.T)))
        linear.bias = torch.nn.Parameter(torch.from_numpy(bias.copy()))
        linears.append(linear)
    layers = [linears[0]]
    for linear in linears[1:]:
        layers += [torch.nn.Tanh(), linear]
    return linears, torch.nn.Sequential(*layers)
