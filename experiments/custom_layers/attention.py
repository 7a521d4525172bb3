"""Scaled dot-product attention, and a network that sorts letters with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tensorgrad as tg
from experiments.custom_layers.descent import descend
from nn import Linear, Module, Sequential, multiclass_log_loss

__all__ = [
    "LENGTH",
    "LETTERS",
    "Result",
    "SelfAttention",
    "attention",
    "attention_weights",
    "draw_sequences",
    "number_of_epochs",
    "run",
]

LETTERS = "ABCDEFGH"
LENGTH = 8
WIDTH = 16
SEQUENCES, TEST_SEQUENCES = 2000, 1000
EPOCHS, QUICK_EPOCHS = 8, 1
LEARNING_RATE = 1.0


def attention(queries: Any, keys: Any, values: Any) -> Any:
    """Softmax(Q Kᵀ / √d) V (Vaswani et al. 2017, eq. 1).

    Parameters
    ----------
    queries : ndarray or Tensor
        Of shape (..., m, d).
    keys : ndarray or Tensor
        Of shape (..., n, d).
    values : ndarray or Tensor
        Of shape (..., n, v).

    Returns
    -------
    ndarray or Tensor
        Of shape (..., m, v): for each query a mean of the values, weighted by how well the keys
        fit.

    Examples
    --------
    >>> keys = np.array([[100.0, 0.0], [0.0, 100.0]])
    >>> attention(np.array([[1.0, 0.0], [0.5, 0.5]]), keys, np.array([[1.0], [3.0]]))
    array([[1.],
           [2.]])
    """
    return attention_weights(queries, keys) @ values


def attention_weights(queries: Any, keys: Any) -> Any:
    """Softmax(Q Kᵀ / √d): of shape (..., m, n), and each row sums to one.

    Examples
    --------
    >>> attention_weights(np.zeros((1, 3)), np.zeros((2, 3)))
    array([[0.5, 0.5]])
    """
    # Not np.sqrt, whose float64 would turn float32 into float64.
    return tg.softmax(queries @ np.swapaxes(keys, -1, -2) / queries.shape[-1] ** 0.5)


class SelfAttention(Module):
    """A sequence that attends to itself: queries, keys and values are linear in it.

    Parameters
    ----------
    inputs, width : int
        Lengths of the vectors that come in, and of queries, keys and values, which come out.
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed.

    Examples
    --------
    >>> SelfAttention(6, 4)(np.ones((32, 10, 6), np.float32)).shape
    (32, 10, 4)
    """

    def __init__(
        self, inputs: int, width: int, rng: np.random.Generator | int | None = None
    ) -> None:
        rng = np.random.default_rng(rng)
        self.query = Linear(inputs, width, bias=False, rng=rng)
        self.key = Linear(inputs, width, bias=False, rng=rng)
        self.value = Linear(inputs, width, bias=False, rng=rng)

    def forward(self, x: Any) -> Any:
        """Attend, for x of shape (..., n, inputs)."""
        return attention(self.query(x), self.key(x), self.value(x))

    def weights(self, x: Any) -> Any:
        """How much each position attends to each other one: of shape (..., n, n)."""
        return attention_weights(self.query(x), self.key(x))


def draw_sequences(rng: np.random.Generator, count: int) -> tuple[NDArray, NDArray, NDArray]:
    """Draw sequences of numbered letters in random order.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    count : int
        How many sequences.

    Returns
    -------
    X : float32 ndarray of shape (count, 8, 24)
        For each position one-hot vectors of the position itself, of the number that is found
        there, and of the letter.
    sorted_letters : ndarray of shape (count, 8)
        What the network should say: the letters in the order of their numbers.
    numbers : ndarray of shape (count, 8)
        The numbers, in the order of the sequence.

    Examples
    --------
    >>> X, sorted_letters, numbers = draw_sequences(np.random.default_rng(0), 1)
    >>> letters = X[0, :, 2 * LENGTH :].argmax(axis=1)
    >>> " ".join(f"{LETTERS[letter]}{n}" for letter, n in zip(letters, numbers[0]))
    'B2 G4 F3 H6 E5 E0 H1 F7'
    >>> "".join(LETTERS[letter] for letter in sorted_letters[0])
    'EHBFGEHF'
    """
    numbers = rng.permuted(np.tile(np.arange(LENGTH), (count, 1)), axis=1)
    letters = rng.integers(len(LETTERS), size=(count, LENGTH))
    positions = np.broadcast_to(np.arange(LENGTH), numbers.shape)
    one_hot = np.eye(LENGTH, dtype=np.float32)
    X = np.concatenate(
        [one_hot[positions], one_hot[numbers], np.eye(len(LETTERS), dtype=np.float32)[letters]],
        axis=-1,
    )
    return X, np.take_along_axis(letters, np.argsort(numbers, axis=1), axis=1), numbers


@dataclass(frozen=True)
class Result:
    """What came of training the network that sorts.

    Attributes
    ----------
    model : Sequential
        Trained; ``model[0]`` is the attention.
    loss_curve, test_curve : list of float
        Mean training loss, and share of letters of the test data that are right, of each epoch.
    X_test, y_test, numbers_test : ndarray
        The test data, see `draw_sequences`.
    """

    model: Sequential
    loss_curve: list[float]
    test_curve: list[float]
    X_test: NDArray
    y_test: NDArray
    numbers_test: NDArray


def number_of_epochs(*, quick: bool) -> int:
    """How many epochs `run` trains for."""
    return QUICK_EPOCHS if quick else EPOCHS


def run(
    seed: int = 0, *, quick: bool = False, after_epoch: Callable[[], object] = lambda: None
) -> Result:
    """Train a layer of attention to put numbered letters in order.

    Nothing but attention carries information from one position to another, so without it no more
    than one letter in eight would be right.

    Parameters
    ----------
    seed : int
        Of data and network.
    quick : bool
        One epoch.
    after_epoch : callable
        Called without arguments after each epoch.

    Returns
    -------
    Result
    """
    rng = np.random.default_rng(seed)
    X, y, _ = draw_sequences(rng, SEQUENCES)
    X_test, y_test, numbers_test = draw_sequences(rng, TEST_SEQUENCES)
    model = Sequential(
        SelfAttention(X.shape[-1], WIDTH, rng=rng), Linear(WIDTH, len(LETTERS), rng=rng)
    )
    test_curve = []

    def measure() -> None:
        predictions = model.for_inference()(X_test).argmax(axis=-1)
        test_curve.append(float(np.mean(predictions == y_test)))
        after_epoch()

    loss_curve = descend(
        model,
        _log_loss,
        X,
        y,
        learning_rate=LEARNING_RATE,
        epochs=number_of_epochs(quick=quick),
        rng=rng,
        after_epoch=measure,
    )
    return Result(model, loss_curve, test_curve, X_test, y_test, numbers_test)


def _log_loss(logits: Any, letters: NDArray) -> Any:
    return multiclass_log_loss(np.reshape(logits, (-1, len(LETTERS))), letters.ravel())
