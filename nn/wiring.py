"""Layers without numbers of their own, which lead signals where they are needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from nn.module import Module


class Residual(Module):
    """What a module computes, added to its input: x + body(x) (He et al. 2016, eq. 1).

    Parameters
    ----------
    body : Module or callable
        From the input to an output of the same shape.
    shortcut : Module or callable, optional
        What the input goes through on its other way, where the shapes differ: a :class:`nn.Linear`
        from one width to the other, for instance. The input itself by default.

    Raises
    ------
    TypeError
        If one of them is not callable.
    ValueError
        If the two ways end in different shapes.

    Examples
    --------
    >>> from nn import Linear, Sequential, Tanh
    >>> layer = Residual(Sequential(Linear(8, 8), Tanh()))
    >>> layer(np.ones((32, 8), np.float32)).shape
    (32, 8)
    """

    def __init__(
        self, body: Callable[[Any], Any], shortcut: Callable[[Any], Any] | None = None
    ) -> None:
        for name, part in {"body": body, "shortcut": shortcut}.items():
            if not (callable(part) or (part is None and name == "shortcut")):
                raise TypeError(f"{name} is {part!r}, expected a module or a function")
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Any) -> Any:
        y = self.body(x)
        x = x if self.shortcut is None else self.shortcut(x)
        if x.shape != y.shape:
            raise ValueError(
                f"Residual cannot add shape {x.shape} and the body's {y.shape}; pass a shortcut "
                "that gives the shape of the body's output"
            )
        return x + y


class Flatten(Module):
    """Several axes laid out as one.

    Parameters
    ----------
    start_dim, end_dim : int
        The first and the last of these axes; by default all but that of the batch.

    Examples
    --------
    >>> Flatten()(np.ones((32, 3, 8, 8))).shape
    (32, 192)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x: Any) -> Any:
        start = normalize_axis_index(self.start_dim, x.ndim)
        stop = normalize_axis_index(self.end_dim, x.ndim) + 1
        if start >= stop:
            raise ValueError(
                f"Flatten from axis {self.start_dim} to {self.end_dim} of shape {x.shape}: the "
                "last axis comes before the first"
            )
        length = math.prod(x.shape[start:stop])
        return np.reshape(x, (*x.shape[:start], length, *x.shape[stop:]))
