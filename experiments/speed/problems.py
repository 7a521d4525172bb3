"""The networks of the speed comparison, and the data and starting weights every peer is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["NETWORKS", "Network", "Problem", "make_problem", "parse_network"]


@dataclass(frozen=True)
class Network:
    """A fully connected network with tanh hidden layers, and the batches it is trained on.

    One output means binary classification (sigmoid and binary log-loss), several mean
    multiclass classification (softmax and multiclass log-loss).

    Parameters
    ----------
    widths : tuple of int
        Number of features, of units in each hidden layer, and of outputs.
    batch : int
        Samples in one training step.
    batches : int
        Training steps in one epoch.
    """

    widths: tuple[int, ...]
    batch: int
    batches: int

    @property
    def name(self) -> str:
        """The widths and the batch, as ``--networks`` takes them.

        Examples
        --------
        >>> Network((2, 8, 8, 1), batch=32, batches=32).name
        '2-8-8-1:32'
        """
        return f"{self.widths_text}:{self.batch}"

    @property
    def title(self) -> str:
        """The name in words, for the heading of a table."""
        return f"{self.widths_text}, batch {self.batch}"

    @property
    def widths_text(self) -> str:
        """The widths alone."""
        return "-".join(map(str, self.widths))

    @property
    def is_binary(self) -> bool:
        """Whether the network ends in a single sigmoid unit."""
        return self.widths[-1] == 1

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON.

        Examples
        --------
        >>> network = Network((2, 8, 1), batch=32, batches=4)
        >>> network.as_json()
        {'widths': [2, 8, 1], 'batch': 32, 'batches': 4}
        >>> Network.from_json(network.as_json()) == network
        True
        """
        return {"widths": list(self.widths), "batch": self.batch, "batches": self.batches}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What `as_json` was called on."""
        return cls(tuple(content["widths"]), content["batch"], content["batches"])


# The epochs of the large networks are short, so that a round over all peers stays short too.
NETWORKS = {
    network.widths_text: network
    for network in (
        Network((2, 8, 8, 1), batch=32, batches=32),
        Network((64, 64, 10), batch=32, batches=32),
        Network((784, 256, 128, 10), batch=128, batches=8),
        Network((1024, 1024, 1024, 10), batch=256, batches=4),
    )
}


def parse_network(text: str) -> Network:
    """Read ``"2-8-8-1"`` (a network of the comparison) or ``"widths:batch"`` (any other).

    Parameters
    ----------
    text : str
        Widths joined by ``-``, and a batch after ``:`` where the network is not in `NETWORKS`.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If the text is neither.

    Examples
    --------
    >>> parse_network("784-256-128-10").batch
    128
    >>> parse_network("4-16-3:64").widths
    (4, 16, 3)
    """
    if text in NETWORKS:
        return NETWORKS[text]
    match = re.fullmatch(r"([1-9]\d*(?:-[1-9]\d*)+):([1-9]\d*)", text)
    if match is None:
        raise ValueError(
            f"unknown network {text!r}; expected one of {', '.join(NETWORKS)}, "
            "or widths and a batch such as 4-16-3:64"
        )
    network = Network(tuple(map(int, match[1].split("-"))), int(match[2]), batches=16)
    named = NETWORKS.get(match[1])
    return named if named is not None and named.batch == network.batch else network


@dataclass(frozen=True)
class Problem:
    """What a peer trains: one network, its batches, and the weights it starts from.

    Attributes
    ----------
    network : Network
    inputs : list of ndarray, each of shape (batch, features)
    labels : list of int64 ndarray, each of shape (batch,)
        0 or 1 for a binary network, otherwise a class index.
    weights : list of ndarray, each of shape (inputs of the layer, outputs of the layer)
    biases : list of ndarray, each of shape (outputs of the layer,)
    learning_rate : float
    """

    network: Network
    inputs: list[NDArray[np.floating]]
    labels: list[NDArray[np.int64]]
    weights: list[NDArray[np.floating]]
    biases: list[NDArray[np.floating]]
    learning_rate: float

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The floating type all peers compute in."""
        return self.weights[0].dtype

    def binary_targets(self) -> list[NDArray[np.floating]]:
        """The labels as a column of zeros and ones, shape (batch, 1), in the problem's dtype."""
        return [labels.astype(self.dtype)[:, None] for labels in self.labels]

    def one_hot_targets(self) -> list[NDArray[np.floating]]:
        """The labels as rows with a single one, shape (batch, classes), in the problem's dtype."""
        rows = np.eye(self.network.widths[-1], dtype=self.dtype)
        return [rows[labels] for labels in self.labels]

    def starting_parameters(self) -> list[NDArray[np.floating]]:
        """Copies of the starting weights and biases: weight, bias, weight, bias, ..."""
        pairs = zip(self.weights, self.biases, strict=True)
        return [array.copy() for pair in pairs for array in pair]


def make_problem(
    network: Network,
    *,
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    learning_rate: float = 0.01,
) -> Problem:
    """Draw the data and the starting weights of a network.

    The labels are random. A network cannot fit them exactly, so the gradients stay of one size
    however long a peer is measured, and none of them ever drops into slow denormal numbers.

    Parameters
    ----------
    network : Network
    seed : int
        The same seed gives the same problem.
    dtype : dtype
        Floating type of data and weights.
    learning_rate : float
        Step size of the gradient descent.

    Returns
    -------
    Problem

    Examples
    --------
    >>> problem = make_problem(NETWORKS["2-8-8-1"])
    >>> problem.inputs[0].shape, problem.labels[0].shape, problem.weights[0].shape
    ((32, 2), (32,), (2, 8))
    """
    generator = np.random.default_rng(seed)
    widths = network.widths
    classes = 2 if network.is_binary else widths[-1]
    inputs, labels, weights, biases = [], [], [], []
    for _ in range(network.batches):
        inputs.append(generator.standard_normal((network.batch, widths[0])).astype(dtype))
        labels.append(generator.integers(classes, size=network.batch))
    for fan_in, fan_out in pairwise(widths):
        limit = np.sqrt(6 / (fan_in + fan_out))  # Glorot & Bengio 2010, eq. 16
        weights.append(generator.uniform(-limit, limit, (fan_in, fan_out)).astype(dtype))
        biases.append(generator.uniform(-0.1, 0.1, fan_out).astype(dtype))
    return Problem(network, inputs, labels, weights, biases, learning_rate)
