"""Starting values of weights, drawn so that signals keep their size from layer to layer.

An initializer is a function ``initializer(shape, rng)`` that returns float64 values; ``shape`` is
(inputs, outputs). Layers cast to their own dtype, so that one seed gives the same network in every
precision, up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

# NumPy imports `np.random` when it is first used, so the name stands in quotes.
Initializer = Callable[[tuple[int, int], "np.random.Generator"], np.ndarray]


def xavier_uniform(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Uniform between ±sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, eq. 16).

    Parameters
    ----------
    shape : tuple of int
        (inputs, outputs).
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray
        Float64, of the given shape.

    Examples
    --------
    >>> weight = xavier_uniform((100, 50), np.random.default_rng(0))
    >>> bool(np.abs(weight).max() <= np.sqrt(6 / 150))
    True
    """
    limit = math.sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, shape)


def xavier_normal(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / (inputs + outputs) (Glorot & Bengio 2010, eq. 12).

    Parameters
    ----------
    shape : tuple of int
        (inputs, outputs).
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray
        Float64, of the given shape.

    Examples
    --------
    >>> xavier_normal((100, 50), np.random.default_rng(0)).shape
    (100, 50)
    """
    return rng.normal(0, math.sqrt(2 / sum(shape)), shape)


def he_uniform(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Uniform between ±sqrt(6 / inputs): the variance of :func:`he_normal`.

    Parameters
    ----------
    shape : tuple of int
        (inputs, outputs).
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray
        Float64, of the given shape.

    Examples
    --------
    >>> weight = he_uniform((100, 50), np.random.default_rng(0))
    >>> bool(np.abs(weight).max() <= np.sqrt(6 / 100))
    True
    """
    limit = math.sqrt(6 / shape[0])
    return rng.uniform(-limit, limit, shape)


def he_normal(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / inputs (He et al. 2015, eq. 10).

    Half of the inputs of a layer that follows a ReLU are zero, hence the 2.

    Parameters
    ----------
    shape : tuple of int
        (inputs, outputs).
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray
        Float64, of the given shape.

    Examples
    --------
    >>> he_normal((100, 50), np.random.default_rng(0)).shape
    (100, 50)
    """
    return rng.normal(0, math.sqrt(2 / shape[0]), shape)


def initializer_for(activation: str) -> Initializer:
    """The initializer that suits the activation which follows the weights.

    Parameters
    ----------
    activation : str
        Its name in a layer specification, in any letter case.

    Returns
    -------
    callable
        :func:`he_normal` for those that grow on one side only, such as ``"ReLU"``, and
        :func:`xavier_uniform` for all others.

    Examples
    --------
    >>> initializer_for("ReLU").__name__, initializer_for("tanh").__name__
    ('he_normal', 'xavier_uniform')
    """
    return he_normal if activation.casefold() in ONE_SIDED else xavier_uniform


ONE_SIDED = frozenset({"relu", "gelu", "silu", "softplus", "leakyrelu", "elu"})
"""Activations that grow on one side only."""
