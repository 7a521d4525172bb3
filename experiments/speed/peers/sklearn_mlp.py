"""scikit-learn's multilayer perceptron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers.base import Peer, load
from experiments.speed.problems import Problem

__all__ = ["ScikitLearn", "ScikitLearnTrainer"]


class ScikitLearn(Peer):
    """`MLPClassifier` with plain gradient descent, trained by `partial_fit`."""

    name = "sklearn"
    title = "scikit-learn MLP"
    requires = ("sklearn",)

    def build(self, problem: Problem) -> ScikitLearnTrainer:
        """See `Peer.build`."""
        return ScikitLearnTrainer(problem)


class ScikitLearnTrainer:
    """See `Trainer`; each whole epoch is one `partial_fit`, other steps are one each.

    The loss of a whole epoch is the mean over its batches, which is what scikit-learn keeps.
    """

    def __init__(self, problem: Problem) -> None:
        network = problem.network
        self._inputs = problem.inputs
        self._labels = problem.labels
        self._epoch_inputs = np.concatenate(problem.inputs)
        self._epoch_labels = np.concatenate(problem.labels)
        self._next_batch = 0
        self._model = load("sklearn.neural_network").MLPClassifier(
            hidden_layer_sizes=network.widths[1:-1],
            activation="tanh",
            solver="sgd",
            alpha=0.0,
            batch_size=network.batch,
            learning_rate="constant",
            learning_rate_init=problem.learning_rate,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=False,
        )
        # The arrays exist only after a first call, whose update is then overwritten.
        classes = np.arange(2 if network.is_binary else network.widths[-1])
        self._model.partial_fit(self._inputs[0], self._labels[0], classes=classes)
        for array, start in zip(self.parameters(), problem.starting_parameters(), strict=True):
            array[...] = start

    def run(self, steps: int) -> float:
        """See `Trainer.run`."""
        model, epoch_length = self._model, len(self._inputs)
        while steps > 0:
            if self._next_batch == 0 and steps >= epoch_length:
                model.partial_fit(self._epoch_inputs, self._epoch_labels)
                steps -= epoch_length
            else:
                batch = self._next_batch
                model.partial_fit(self._inputs[batch], self._labels[batch])
                self._next_batch = (batch + 1) % epoch_length
                steps -= 1
        return float(model.loss_curve_[-1])

    def parameters(self) -> list[NDArray[np.floating]]:
        """See `Trainer.parameters`."""
        pairs = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]
