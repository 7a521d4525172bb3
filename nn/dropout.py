"""Dropout."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from nn.module import Module


class Dropout(Module):
    """In training, each element is zero with probability p (Srivastava et al. 2014, section 4).

    What is left is divided by 1 - p, so that its mean stays what it was, and evaluation has
    nothing to make up for: there this is the identity.

    Parameters
    ----------
    p : float
        Probability of a zero, from 0 to 1.
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed.

    Attributes
    ----------
    rng : numpy.random.Generator
        Pass it to a compiled function as an argument, by its name in
        :meth:`Module.named_generators`; see :func:`nn.functional_call`.

    Raises
    ------
    TypeError, ValueError
        If ``p`` is not such a number.

    Examples
    --------
    >>> layer = Dropout(0.5, rng=0)
    >>> layer(np.ones((2, 4)))
    array([[2., 2., 2., 0.],
           [0., 0., 0., 0.]])
    >>> layer.eval()(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | int | None = None) -> None:
        if isinstance(p, bool | np.bool) or not isinstance(p, Real):
            raise TypeError(f"p is {p!r}; expected a number from 0 to 1")
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p!r}; expected a probability, from 0 to 1")
        self.p = float(p)
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Any) -> Any:
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(x.shape, np.float32) >= self.p
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0
        return x * (kept * np.asarray(scale, x.dtype))
