"""Layers with parameters, and the stack that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tensorgrad as tg
from nn.checks import positive_integer
from nn.initializers import Initializer, xavier_uniform
from nn.module import Module, Parameter, called_in_turn


class Linear(Module):
    """A fully connected layer, ``x @ weight + bias``.

    Batches are rows, so ``weight`` has shape (inputs, outputs) and needs no transpose; PyTorch
    stores the transpose of it.

    Parameters
    ----------
    in_features, out_features : int
        Widths of input and output.
    bias : bool
        Whether something is added; it starts at zero.
    initializer : callable
        Gives the starting weight, see :mod:`nn.initializers`; chosen for the activation that
        follows, by :func:`nn.initializers.initializer_for`.
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed.
    dtype : dtype
        Floating dtype of the parameters.

    Attributes
    ----------
    weight : Parameter
        Of shape (in_features, out_features).
    bias : Parameter or None
        Of shape (out_features,).

    Raises
    ------
    TypeError, ValueError
        If a width is not a positive integer, or the initializer gives another shape.

    Examples
    --------
    >>> layer = Linear(2, 8, rng=0)
    >>> layer
    Linear(weight: (2, 8), bias: (8,))
    >>> layer(np.ones((32, 2), np.float32)).shape
    (32, 8)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        initializer: Initializer = xavier_uniform,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        shape = (
            positive_integer(in_features, "in_features"),
            positive_integer(out_features, "out_features"),
        )
        weight = np.asarray(initializer(shape, np.random.default_rng(rng)))
        if weight.shape != shape:
            raise ValueError(
                f"the initializer gave an array of shape {weight.shape}, expected {shape}"
            )
        self.weight = Parameter(weight.astype(dtype))
        self.bias = Parameter(np.zeros(shape[1], dtype)) if bias else None

    @property
    def in_features(self) -> int:
        """Width of the input."""
        return self.weight.shape[0]

    @property
    def out_features(self) -> int:
        """Width of the output."""
        return self.weight.shape[1]

    def forward(self, x: Any) -> Any:
        if self.bias is None:
            return x @ self.weight
        return tg.affine(x, self.weight, self.bias)


class Sequential(Module):
    """Modules that are applied one after the other.

    Parameters
    ----------
    *layers : Module
        Or any functions of one argument.

    Attributes
    ----------
    layers : list
        The same, open to change.

    Examples
    --------
    >>> from nn import Tanh
    >>> model = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
    >>> model
    Sequential(
      layers.0: Linear(weight: (2, 8), bias: (8,))
      layers.1: Tanh()
      layers.2: Linear(weight: (8, 1), bias: (1,))
    )
    >>> model(np.ones((32, 2), np.float32)).shape
    (32, 1)
    """

    def __init__(self, *layers: Any) -> None:
        for layer in layers:
            if not callable(layer):
                raise TypeError(
                    f"Sequential takes modules or functions, not {layer!r}; pass them one by one, "
                    "as in Sequential(*layers)"
                )
        self.layers = list(layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int | slice) -> Any:
        part = self.layers[index]
        return Sequential(*part) if isinstance(index, slice) else part

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def forward(self, x: Any) -> Any:
        return called_in_turn(self.layers, x)
