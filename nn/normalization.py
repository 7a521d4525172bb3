"""Layers that shift and scale signals to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tensorgrad as tg
from nn.checks import positive_integer, positive_number
from nn.module import Buffer, Module, Parameter


class LayerNorm(Module):
    """Each sample shifted to mean 0 and scaled to variance 1 (Ba et al. 2016, eq. 4).

    ``weight * (x - mean) / sqrt(variance + eps) + bias``, where mean and variance are those of the
    sample's own features. It does the same in training and in evaluation.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Lengths of the last axes, over which it normalizes together.
    eps : float
        Added to the variance.
    elementwise_affine : bool
        Whether there are a weight, which starts at one, and a bias, which starts at zero.
    bias : bool
        Whether there is a bias.
    dtype : dtype
        Floating dtype of the parameters.

    Attributes
    ----------
    weight, bias : Parameter or None
        Of shape ``normalized_shape``.

    Raises
    ------
    TypeError, ValueError
        If a length is not a positive integer, ``eps`` is not a positive number, or the input ends
        in other lengths.

    Examples
    --------
    >>> LayerNorm(3)(np.array([[1.0, 2.0, 3.0]])).data.round(4)
    array([[-1.2247,  0.    ,  1.2247]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        lengths = normalized_shape if isinstance(normalized_shape, Sequence) else [normalized_shape]
        shape = tuple(positive_integer(length, "normalized_shape") for length in lengths)
        self.normalized_shape = shape
        self.eps = positive_number(eps, "eps")
        self.weight = Parameter(np.ones(shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        shape = self.normalized_shape
        if x.shape[x.ndim - len(shape) :] != shape:
            raise ValueError(f"LayerNorm got shape {x.shape}, expected (..., {_listed(shape)})")
        axes = tuple(range(-len(shape), 0))
        deviation = x - x.mean(axis=axes, keepdims=True)
        variance = (deviation * deviation).mean(axis=axes, keepdims=True)
        return _scaled(deviation / np.sqrt(variance + self.eps), self.weight, self.bias)


class BatchNorm1d(Module):
    """Each feature shifted to mean 0 and scaled to variance 1 (Ioffe & Szegedy 2015, alg. 1).

    In training, mean and variance are those of the batch, and running averages of them are kept;
    in evaluation these averages take their place, and a sample does not depend on its batch.

    Parameters
    ----------
    num_features : int
        Number of features.
    eps : float
        Added to the variance.
    momentum : float
        The share of a new batch in the running averages, above 0 and at most 1.
    affine : bool
        Whether there are a weight, which starts at one, and a bias, which starts at zero.
    track_running_stats : bool
        Whether there are running averages; without them, evaluation does what training does.
    dtype : dtype
        Floating dtype of parameters and averages.

    Attributes
    ----------
    weight, bias : Parameter or None
        Of shape (num_features,).
    running_mean, running_var : Buffer or None
        Of shape (num_features,). The variances that are averaged are the unbiased ones, over
        n - 1; the batch is scaled by the biased one, over n.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, the input has not shape (n, num_features) or
        (n, num_features, length), or a batch in training has one value for each feature, which
        has no variance.

    Examples
    --------
    >>> layer = BatchNorm1d(2)
    >>> layer(np.array([[1.0, 10.0], [3.0, 30.0]])).data.round(2)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.running_mean.data
    array([0.2, 2. ], dtype=float32)
    """

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Buffer | None
    running_var: Buffer | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.num_features = positive_integer(num_features, "num_features")
        self.eps = positive_number(eps, "eps")
        self.momentum = positive_number(momentum, "momentum")
        if self.momentum > 1:
            raise ValueError(f"momentum is {momentum}; expected at most 1, the last batch alone")
        ones, zeros = np.ones(num_features, dtype), np.zeros(num_features, dtype)
        self.weight = Parameter(ones.copy()) if affine else None
        self.bias = Parameter(zeros.copy()) if affine else None
        self.running_mean = Buffer(zeros) if track_running_stats else None
        self.running_var = Buffer(ones) if track_running_stats else None

    def forward(self, x: Any) -> Any:
        if x.ndim not in (2, 3) or x.shape[1] != self.num_features:
            raise ValueError(
                f"BatchNorm1d got shape {x.shape}, expected (n, {self.num_features}) or "
                f"(n, {self.num_features}, length)"
            )
        if x.ndim == 3:  # features last
            return np.swapaxes(self._normalized(np.swapaxes(x, 1, 2)), 1, 2)
        return self._normalized(x)

    def _normalized(self, x: Any) -> Any:
        if self.running_mean is not None and self.running_var is not None and not self.training:
            deviation, variance = x - self.running_mean, self.running_var
        else:
            axes = tuple(range(x.ndim - 1))
            mean = x.mean(axis=axes)
            deviation = x - mean
            variance = (deviation * deviation).mean(axis=axes)
            self._track(mean, variance, x.size // self.num_features)
        return _scaled(deviation / np.sqrt(variance + self.eps), self.weight, self.bias)

    def _track(self, mean: Any, variance: Any, count: int) -> None:
        if count < 2:
            raise ValueError(
                "BatchNorm1d got one value for each feature, which has no variance; use batches of "
                "two samples or more in training, and eval() to predict"
            )
        if self.running_mean is None or self.running_var is None:
            return
        new, old = self.momentum, 1 - self.momentum
        unbiased = tg.stop_gradient(variance) * (count / (count - 1))
        self.update_buffers(
            running_mean=old * self.running_mean + new * tg.stop_gradient(mean),
            running_var=old * self.running_var + new * unbiased,
        )


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        x = x * weight
    return x if bias is None else x + bias


def _listed(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
