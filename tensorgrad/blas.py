"""Routines of the BLAS that NumPy has loaded and does not offer: axpy, and gemm that adds.

After a matrix product, half of its result is in the cache of another core. NumPy's own passes over
it run on one core, wait for that half, and take the result away from the other. The BLAS shares
vectors among its threads as it shares products, and a product can add itself to what is there.
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
    fits = y.flags.carray and x.flags.c_contiguous and x.flags.aligned and x.dtype == y.dtype
    # Times zero, the routine would not look for NaN.
    axpy = _axpy(y.dtype) if y.size > SMALL and factor and fits else None
    if axpy is None:
        _add_in_blocks(y, np.array(factor, y.dtype), x)
    else:
        axpy(y.size, factor, x.ctypes.data, 1, y.ctypes.data, 1)


def plus_product(c: np.ndarray, factor: float, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``c + factor * (a @ b)``, with no array for the product where NumPy's BLAS is known.

    Parameters
    ----------
    c : ndarray
        Of shape (m, n).
    factor : float
        Other than zero.
    a : ndarray
        Of shape (m, k) and the dtype of ``c``.
    b : ndarray
        Of shape (k, n) and the dtype of ``c``.

    Returns
    -------
    ndarray
        Of shape (m, n).

    Examples
    --------
    >>> plus_product(np.eye(2), -1.0, np.ones((2, 3)), np.ones((3, 2)))
    array([[-2., -3.],
           [-3., -2.]])
    """
    gemm = _gemm(c.dtype) if c.size > SMALL and a.size and b.size else None
    left, right = _layout(a), _layout(b)
    if gemm is None or left is None or right is None:
        product = np.matmul(a, b)
        product *= factor
        product += c
        return product
    total = np.array(c, order="C")
    (orientation_of_a, line_of_a), (orientation_of_b, line_of_b) = left, right
    gemm(
        BY_ROWS,
        orientation_of_a,
        orientation_of_b,
        *total.shape,
        a.shape[1],
        factor,
        a.ctypes.data,
        line_of_a,
        b.ctypes.data,
        line_of_b,
        1.0,
        total.ctypes.data,
        total.shape[1],
    )
    return total


def adds_products(dtype: np.dtype[Any]) -> bool:
    """Whether :func:`plus_product` has a routine for the dtype.

    Examples
    --------
    >>> adds_products(np.dtype(np.float16))
    False
    """
    return _gemm(dtype) is not None


# What cblas.h calls CblasRowMajor, CblasNoTrans and CblasTrans.
BY_ROWS, AS_IT_IS, TRANSPOSED = 101, 111, 112


def _layout(matrix: np.ndarray) -> tuple[int, int] | None:
    """Whether a matrix lies in memory as its transpose, and the length of a line of it."""
    flags, (rows, columns) = matrix.flags, matrix.shape
    if not flags.aligned:
        return None
    if flags.c_contiguous:
        return AS_IT_IS, columns
    return (TRANSPOSED, rows) if flags.f_contiguous else None


def _add_in_blocks(y: np.ndarray, factor: np.ndarray, x: np.ndarray) -> None:
    if y.size <= BLOCK:
        np.add(y, np.multiply(x, factor, np.empty_like(y)), y)
        return
    scratch = np.empty(BLOCK, y.dtype)
    for start in range(0, y.size, BLOCK):
        block = y[start : start + BLOCK]
        multiple = scratch[: block.size]
        np.multiply(x[start : start + BLOCK], factor, multiple)
        np.add(block, multiple, block)


# ------------------------------------------------------------------------- finding the routines

SIZE, POINTER, ENUM = ctypes.c_int64, ctypes.c_void_p, ctypes.c_int

# By dtype, of which one of the other byte order is another.
_KINDS: dict[np.dtype[Any], tuple[str, Any]] = {
    np.dtype(np.float32): ("s", ctypes.c_float),
    np.dtype(np.float64): ("d", ctypes.c_double),
}


@cache
def _axpy(dtype: np.dtype[Any]) -> Callable[..., Any] | None:
    if dtype not in _KINDS:
        return None
    letter, number = _KINDS[dtype]
    return _routine(f"{letter}axpy", (SIZE, number, POINTER, SIZE, POINTER, SIZE))


@cache
def _gemm(dtype: np.dtype[Any]) -> Callable[..., Any] | None:
    if dtype not in _KINDS:
        return None
    letter, number = _KINDS[dtype]
    operand = (POINTER, SIZE)
    modes, sizes = (ENUM, ENUM, ENUM), (SIZE, SIZE, SIZE)
    return _routine(f"{letter}gemm", (*modes, *sizes, number, *operand, *operand, number, *operand))


def _routine(name: str, types: tuple[Any, ...]) -> Callable[..., Any] | None:
    """A routine, if NumPy was built with the library that its wheels carry.

    Only the names that this library has are asked for, since they tell what sort of integers a
    routine takes. Elsewhere (Accelerate, MKL, Windows) there is none, and NumPy computes.
    """
    try:
        library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
        routine = library[f"scipy_cblas_{name}64_"]
    except (ImportError, AttributeError, OSError):
        return None
    routine.argtypes = types
    routine.restype = None
    return routine
