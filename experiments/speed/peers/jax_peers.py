"""JAX: one compiled training step, and a whole epoch compiled as a scan over its batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer, load
from experiments.speed.problems import Problem

__all__ = ["JaxJit", "JaxJitTrainer", "JaxScan", "JaxScanTrainer"]


class JaxJit(Peer):
    """The training step under `jax.jit`, called once per batch."""

    name = "jax"
    title = "JAX jit"
    requires = ("jax",)

    def build(self, problem: Problem) -> JaxJitTrainer:
        """See `Peer.build`."""
        return JaxJitTrainer(problem)


class JaxScan(Peer):
    """A `jax.lax.scan` of the training step over the epoch, under `jax.jit`."""

    name = "jax-scan"
    title = "JAX jit + scan"
    requires = ("jax",)

    def build(self, problem: Problem) -> JaxScanTrainer:
        """See `Peer.build`."""
        return JaxScanTrainer(problem)


class JaxJitTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        jax = load("jax")
        # Donating the old parameters lets XLA write the new ones over them.
        self._step = jax.jit(_training_step(problem), donate_argnums=0)
        self._state = _starting_state(problem)
        self._batches = [
            (jax.numpy.asarray(inputs), jax.numpy.asarray(targets))
            for inputs, targets in zip(problem.inputs, _targets(problem), strict=True)
        ]
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        step, batches = self._step, self._batches
        state, index, loss = self._state, self._next_batch, float("nan")
        for _ in range(steps):
            state, loss = step(state, batches[index])
            index = (index + 1) % len(batches)
        self._next_batch = index
        self._state = load("jax").block_until_ready(state)
        return float(loss)

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return [np.array(array) for pair in self._state for array in pair]


class JaxScanTrainer:
    """See `Trainer`; each whole epoch is one call, steps short of one are a shorter scan."""

    def __init__(self, problem: Problem) -> None:
        jax = load("jax")
        step = _training_step(problem)
        self._scan = jax.jit(
            lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0
        )
        self._state = _starting_state(problem)
        self._inputs = jax.numpy.asarray(np.stack(problem.inputs))
        self._targets = jax.numpy.asarray(np.stack(_targets(problem)))
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        scan, inputs, targets = self._scan, self._inputs, self._targets
        state, losses = self._state, None
        while steps > 0:
            begin = self._next_batch
            end = min(begin + steps, len(inputs))
            whole_epoch = end - begin == len(inputs)
            batches = (inputs, targets) if whole_epoch else (inputs[begin:end], targets[begin:end])
            state, losses = scan(state, batches)
            steps -= end - begin
            self._next_batch = end % len(inputs)
        self._state = load("jax").block_until_ready(state)
        return float("nan") if losses is None else float(np.asarray(losses)[-1])

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        return [np.array(array) for pair in self._state for array in pair]


def _starting_state(problem: Problem) -> list[tuple[Any, Any]]:
    jnp = load("jax").numpy
    pairs = zip(problem.weights, problem.biases, strict=True)
    return [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in pairs]


def _targets(problem: Problem) -> list[NDArray[Any]]:
    return problem.binary_targets() if problem.network.is_binary else problem.one_hot_targets()


def _training_step(problem: Problem) -> Any:
    """The function (state, batch) -> (new state, loss) that a JAX user writes."""
    jax = load("jax")
    jnp = jax.numpy
    is_binary, learning_rate = problem.network.is_binary, problem.learning_rate

    def loss_of(state: Any, inputs: Any, targets: Any) -> Any:
        *hidden, (weight, bias) = state
        values = inputs
        for hidden_weight, hidden_bias in hidden:
            values = jnp.tanh(values @ hidden_weight + hidden_bias)
        logits = values @ weight + bias
        if is_binary:
            return jnp.mean(jax.nn.softplus(logits) - targets * logits)
        return -jnp.mean(jnp.sum(targets * jax.nn.log_softmax(logits), axis=1))

    def training_step(state: Any, batch: Any) -> tuple[Any, Any]:
        loss, gradients = jax.value_and_grad(loss_of)(state, *batch)
        return jax.tree.map(lambda p, g: p - learning_rate * g, state, gradients), loss

    return training_step
