"""A routine of the BLAS that NumPy has loaded and does not offer: axpy.

After a matrix product, half of its result is in the cache of another core. NumPy's own passes over
it run on one core, wait for that half, and take the result away from the other. The BLAS shares
vectors among its threads as it shares products.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

SMALL = 4096
"""Elements up to which NumPy is quicker than a call through ctypes."""

BLOCK = 65536
"""Elements that NumPy multiplies and adds before the next ones, while they are in a cache."""


def add_multiple(y: np.ndarray, factor: float, x: np.ndarray) -> None:
    """``y += factor * x`` in place, and in one pass where NumPy's BLAS is known.

    Parameters
    ----------
    y : ndarray
        Of shape (n,), without gaps.
    factor : float
    x : ndarray
        Of shape (n,).

    Examples
    --------
    >>> y = np.array([1.0, 2.0])
    >>> add_multiple(y, -0.5, np.array([2.0, 4.0]))
    >>> y
    array([0., 0.])
    """
    axpy = None
    if y.size > SMALL and x.dtype is y.dtype and x.flags.c_contiguous and factor:
        axpy = _axpy(y.dtype.char)  # with a factor of zero it would not look for NaN
    if axpy is None:
        _add_in_blocks(y, np.array(factor, y.dtype), x)
    else:
        axpy(y.size, factor, x.ctypes.data, 1, y.ctypes.data, 1)


def _add_in_blocks(y: np.ndarray, factor: np.ndarray, x: np.ndarray) -> None:
    scratch = np.empty(min(BLOCK, y.size), y.dtype)
    for start in range(0, y.size, BLOCK):
        block = y[start : start + BLOCK]
        multiple = scratch[: block.size]
        np.multiply(x[start : start + BLOCK], factor, multiple)
        np.add(block, multiple, block)


@cache
def _axpy(char: str) -> Callable[..., Any] | None:
    """The routine for a dtype, if NumPy was built with the library that its wheels carry.

    Only the names that this library has are asked for, since they tell what sort of integers a
    routine takes. Elsewhere (Accelerate, MKL, Windows) there is none, and NumPy computes.
    """
    letters = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}
    if char not in letters:
        return None
    letter, number = letters[char]
    try:
        library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
        routine = library[f"scipy_cblas_{letter}axpy64_"]
    except (ImportError, AttributeError, OSError):
        return None
    size, pointer = ctypes.c_int64, ctypes.c_void_p
    routine.argtypes = (size, number, pointer, size, pointer, size)
    routine.restype = None
    return routine
