"""A convolution over images, and a network of two of them that reads digits.

It is written out here as a user would write it; the package's own is :class:`nn.Conv2d`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike, NDArray

import tensorgrad as tg
from experiments.custom_layers.descent import descend
from nn import Linear, Module, Parameter, multiclass_log_loss

__all__ = [
    "Convolution2d",
    "DigitReader",
    "Result",
    "max_pooled",
    "number_of_epochs",
    "padded",
    "run",
]

FILTERS = (8, 16)
EPOCHS, QUICK_EPOCHS = 20, 1
LEARNING_RATE, BATCH_SIZE = 0.1, 16
TEST_SHARE = 0.25


class Convolution2d(Module):
    """Filters that slide over images with channels last.

    As everywhere in deep learning it is a cross-correlation: the filters are not turned round.

    Parameters
    ----------
    channels, filters : int
        Of the images that come in, and of those that come out.
    size : int
        Height and width of a filter.
    rng : numpy.random.Generator or int, optional
        Draws the starting weights as He et al. (2015) do for a ReLU; a generator or a seed.
    dtype : dtype
        Floating dtype of the parameters.

    Attributes
    ----------
    weight : Parameter
        Of shape (channels, size, size, filters).
    bias : Parameter
        Of shape (filters,).

    Examples
    --------
    >>> Convolution2d(channels=1, filters=8, size=3)(np.ones((32, 10, 12, 1), np.float32)).shape
    (32, 8, 10, 8)
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        size: int,
        rng: np.random.Generator | int | None = None,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        scale = (2 / (channels * size**2)) ** 0.5
        weight = np.random.default_rng(rng).normal(0, scale, (channels, size, size, filters))
        self.weight = Parameter(weight.astype(dtype))
        self.bias = Parameter(np.zeros(filters, dtype))

    def forward(self, images: Any) -> Any:
        """Slide over images (n, height, width, channels); each side loses size - 1 pixels."""
        windows = sliding_window_view(images, self.weight.shape[1:3], axis=(1, 2))
        return np.tensordot(windows, self.weight, axes=3) + self.bias


def padded(images: Any, border: int) -> Any:
    """A border of zeros around images (n, height, width, channels).

    Examples
    --------
    >>> padded(np.ones((1, 1, 1, 1)), 1)[0, ..., 0]
    array([[0., 0., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """
    return np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)))


def max_pooled(images: Any, size: int) -> Any:
    """The largest element of each square of pixels, for each channel.

    Examples
    --------
    >>> max_pooled(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, ..., 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    n, height, width, channels = images.shape
    squares = np.reshape(images, (n, height // size, size, width // size, size, channels))
    return np.max(squares, axis=(2, 4))


class DigitReader(Module):
    """Two convolutions, pooling, and a linear layer, for images of 8 × 8 pixels.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the starting weights.

    Examples
    --------
    >>> reader = DigitReader(np.random.default_rng(0))
    >>> reader(np.ones((32, 8, 8, 1), np.float32)).shape
    (32, 10)
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.first = Convolution2d(1, FILTERS[0], 3, rng)
        self.second = Convolution2d(FILTERS[0], FILTERS[1], 3, rng)
        self.output = Linear(3 * 3 * FILTERS[1], 10, rng=rng)

    def forward(self, images: Any) -> Any:
        """From (n, 8, 8, 1) to logits (n, 10)."""
        features = tg.relu(self.second(self.first_features(images)))
        return self.output(np.reshape(max_pooled(features, 2), (len(images), -1)))

    def first_features(self, images: Any) -> Any:
        """What the first convolution makes of images: (n, 8, 8, 8)."""
        return tg.relu(self.first(padded(images, 1)))


@dataclass(frozen=True)
class Result:
    """What came of training the reader of digits.

    Attributes
    ----------
    model : DigitReader
        Trained.
    loss_curve, test_curve : list of float
        Mean training loss, and accuracy on the test data, of each epoch.
    images_test : ndarray of shape (450, 8, 8, 1)
    digits_test : ndarray of shape (450,)
    """

    model: DigitReader
    loss_curve: list[float]
    test_curve: list[float]
    images_test: NDArray
    digits_test: NDArray


def number_of_epochs(*, quick: bool) -> int:
    """How many epochs `run` trains for."""
    return QUICK_EPOCHS if quick else EPOCHS


def run(
    seed: int = 0, *, quick: bool = False, after_epoch: Callable[[], object] = lambda: None
) -> Result:
    """Train on scikit-learn's digits; a quarter of them, drawn at random, is the test set.

    Parameters
    ----------
    seed : int
        Of the split and of the network.
    quick : bool
        One epoch.
    after_epoch : callable
        Called without arguments after each epoch.

    Returns
    -------
    Result
    """
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(seed)
    flat, digits = map(np.asarray, load_digits(return_X_y=True))
    images = (flat / flat.max()).astype(np.float32).reshape(-1, 8, 8, 1)
    test, training = np.split(rng.permutation(len(images)), [round(TEST_SHARE * len(images))])
    model = DigitReader(rng)
    test_curve = []

    def measure() -> None:
        predictions = model.for_inference()(images[test]).argmax(axis=1)
        test_curve.append(float(np.mean(predictions == digits[test])))
        after_epoch()

    loss_curve = descend(
        model,
        multiclass_log_loss,
        images[training],
        digits[training],
        learning_rate=LEARNING_RATE,
        batch_size=BATCH_SIZE,
        epochs=number_of_epochs(quick=quick),
        rng=rng,
        after_epoch=measure,
    )
    return Result(model, loss_curve, test_curve, images[test], digits[test])
