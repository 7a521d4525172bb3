"""The baseline: the training step as an expert writes it by hand in NumPy.

Forward, loss, backward and update are spelled out, every array is allocated once and written
with ``out=``, all parameters (and all gradients) live in one flat buffer, and every function and
view is looked up before the first step. What the step does not do is merge the update with the
backward pass: the gradient itself is there to look at after every step, as with every other peer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer
from experiments.speed.problems import Problem

__all__ = ["HandwrittenNumpy", "HandwrittenTrainer"]

Array = NDArray[np.floating]
OutputLoss = Callable[[int], float]


class HandwrittenNumpy(Peer):
    """Hand-written NumPy with preallocated buffers."""

    name = "numpy"
    title = "hand-written NumPy"
    requires = ("numpy",)

    def build(self, problem: Problem) -> HandwrittenTrainer:
        """See `Peer.build`."""
        return HandwrittenTrainer(problem)


class HandwrittenTrainer:
    """See `Trainer`; `parameters` and `gradients` are views into the flat buffers."""

    def __init__(self, problem: Problem) -> None:
        start = problem.starting_parameters()
        self._parameters, self._views = _flat_buffer(start)
        self._gradients, self._gradient_views = _flat_buffer(start)
        self._flat_update = np.empty_like(self._parameters)
        # Zero-dimensional arrays spare a ufunc the conversion of a scalar, and a product with
        # ones is the quickest sum over a batch.
        self._learning_rate = np.array(problem.learning_rate, problem.dtype)
        self._one = np.array(1, problem.dtype)
        self._ones = np.ones(problem.network.batch, problem.dtype)
        self._inputs = problem.inputs
        self._transposed_inputs = [batch.T for batch in problem.inputs]
        self._next_batch = 0
        batch = problem.network.batch
        self._activations = [
            np.empty((batch, width), problem.dtype) for width in problem.network.widths[1:]
        ]
        self._cotangents = [np.empty_like(activation) for activation in self._activations]
        output_loss = _binary_log_loss if problem.network.is_binary else _multiclass_log_loss
        self._output_loss = output_loss(problem, self._activations[-1], self._cotangents[-1])
        self._forward = self._forward_plan()
        self._backward = self._backward_plan()

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        multiply, subtract = np.multiply, np.subtract
        parameters, gradients, update = self._parameters, self._gradients, self._flat_update
        learning_rate, epoch_length = self._learning_rate, len(self._inputs)
        loss, index = float("nan"), self._next_batch
        for _ in range(steps):
            loss = self._loss_and_gradients(index)
            multiply(gradients, learning_rate, out=update)
            subtract(parameters, update, out=parameters)
            index = (index + 1) % epoch_length
        self._next_batch = index
        return loss

    def parameters(self) -> list[Array]:
        """See `Trainer.parameters`."""
        return self._views

    def gradients(self) -> list[Array]:
        """Gradients of the latest step, in the order of the parameters."""
        return self._gradient_views

    def _loss_and_gradients(self, index: int) -> float:
        dot, add, tanh = np.dot, np.add, np.tanh
        multiply, subtract = np.multiply, np.subtract
        one, ones = self._one, self._ones
        layer_input = self._inputs[index]
        for weight, bias, activation in self._forward:
            dot(layer_input, weight, out=activation)
            add(activation, bias, out=activation)
            tanh(activation, out=activation)
            layer_input = activation
        weight, bias, logits = self._views[-2], self._views[-1], self._activations[-1]
        dot(layer_input, weight, out=logits)
        add(logits, bias, out=logits)
        loss = self._output_loss(index)

        cotangent = self._cotangents[-1]
        for (
            below,
            below_T,
            weight_T,
            weight_gradient,
            bias_gradient,
            below_cotangent,
        ) in self._backward:
            dot(below_T, cotangent, out=weight_gradient)
            dot(ones, cotangent, out=bias_gradient)
            dot(cotangent, weight_T, out=below_cotangent)
            # tanh' = 1 - tanh^2; the activation is not needed any more, so it is the scratch.
            multiply(below, below, out=below)
            subtract(one, below, out=below)
            multiply(below_cotangent, below, out=below_cotangent)
            cotangent = below_cotangent
        dot(self._transposed_inputs[index], cotangent, out=self._gradient_views[0])
        dot(ones, cotangent, out=self._gradient_views[1])
        return loss

    def _forward_plan(self) -> list[tuple[Array, Array, Array]]:
        """Weight, bias and activation of every hidden layer, first to last."""
        hidden = self._activations[:-1]
        return list(zip(self._views[:-2:2], self._views[1:-2:2], hidden, strict=True))

    def _backward_plan(self) -> list[tuple[Array, Array, Array, Array, Array, Array]]:
        """What the backward pass touches in each layer above the first, last to first."""
        return [
            (
                self._activations[layer - 1],
                self._activations[layer - 1].T,
                self._views[2 * layer].T,
                self._gradient_views[2 * layer],
                self._gradient_views[2 * layer + 1],
                self._cotangents[layer - 1],
            )
            for layer in reversed(range(1, len(self._activations)))
        ]


def _flat_buffer(arrays: list[Array]) -> tuple[Array, list[Array]]:
    """One contiguous copy of all arrays, and views into it with their shapes."""
    flat = np.concatenate([array.ravel() for array in arrays])
    ends = np.cumsum([array.size for array in arrays])
    views = [
        flat[end - array.size : end].reshape(array.shape)
        for array, end in zip(arrays, ends, strict=True)
    ]
    return flat, views


def _binary_log_loss(problem: Problem, logits: Array, cotangent: Array) -> OutputLoss:
    """Mean of log(1 + exp(z)) - y z, and its gradient (sigmoid(z) - y) / n, over logits z."""
    targets = problem.binary_targets()
    flat_targets = [batch.ravel() for batch in targets]
    flat_logits = logits.ravel()
    softplus = np.empty_like(flat_logits)
    count = len(flat_logits)
    zero, half, scale = (np.array(value, problem.dtype) for value in (0, 0.5, 1 / count))
    logaddexp, dot, add_reduce = np.logaddexp, np.dot, np.add.reduce
    multiply, add, subtract, tanh = np.multiply, np.add, np.subtract, np.tanh

    def loss_and_cotangent(index: int) -> float:
        logaddexp(zero, flat_logits, out=softplus)
        loss = (add_reduce(softplus) - dot(flat_logits, flat_targets[index])) / count
        # sigmoid(z) = (1 + tanh(z / 2)) / 2 cannot overflow, and needs no branch.
        multiply(logits, half, out=cotangent)
        tanh(cotangent, out=cotangent)
        multiply(cotangent, half, out=cotangent)
        add(cotangent, half, out=cotangent)
        subtract(cotangent, targets[index], out=cotangent)
        multiply(cotangent, scale, out=cotangent)
        return float(loss)

    return loss_and_cotangent


def _multiclass_log_loss(problem: Problem, logits: Array, cotangent: Array) -> OutputLoss:
    """Mean of logsumexp(z) - z[label], and its gradient (softmax(z) - one_hot) / n."""
    targets = problem.one_hot_targets()
    flat_targets = [batch.ravel() for batch in targets]
    flat_logits = logits.ravel()
    count, classes = logits.shape
    column = np.empty((count, 1), problem.dtype)
    ones = np.ones((classes, 1), problem.dtype)
    scale = np.array(1 / count, problem.dtype)
    maximum_reduce, add_reduce, dot = np.maximum.reduce, np.add.reduce, np.dot
    multiply, divide, subtract = np.multiply, np.divide, np.subtract
    exp, log = np.exp, np.log

    def loss_and_cotangent(index: int) -> float:
        maximum_reduce(logits, axis=1, keepdims=True, out=column)
        subtract(logits, column, out=logits)
        label_logits = dot(flat_logits, flat_targets[index])
        exp(logits, out=cotangent)
        dot(cotangent, ones, out=column)
        divide(cotangent, column, out=cotangent)
        subtract(cotangent, targets[index], out=cotangent)
        multiply(cotangent, scale, out=cotangent)
        log(column, out=column)
        return float((add_reduce(column, axis=None) - label_logits) / count)

    return loss_and_cotangent
