"""What recorded operations cost: multiply-adds, counted from the shapes of their operands."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tensorgrad.derivatives.einsum import spelled_out, taken_apart
from tensorgrad.node import Node


def multiply_adds(node: Node) -> int:
    """Count the multiplications of a product of arrays, each with the addition that follows.

    Parameters
    ----------
    node : Node
        An operation.

    Returns
    -------
    int
        Zero for all that is not a product such as ``np.matmul``, ``np.einsum`` or
        ``np.convolve``: elementwise functions and sums take one step per element, which next to a
        product is little. ``np.einsum`` of more than two operands counts as one nest of loops.

    Examples
    --------
    >>> import tensorgrad as tg
    >>> weight = tg.tensor(np.ones((784, 10)), requires_grad=True)
    >>> multiply_adds((np.ones((32, 784)) @ weight).node)
    250880
    """
    count = COUNTERS.get(_library_name(node.function))
    return 0 if count is None else int(count(node.value, *node.args, **node.kwargs))


def _library_name(function: Any) -> str:
    """The name of a function of NumPy, or of ours in its place; none for anybody else's."""
    package = (getattr(function, "__module__", None) or "").partition(".")[0]
    is_ours = package in ("numpy", "tensorgrad") or isinstance(function, np.ufunc)
    return function.__name__ if is_ours else ""


def _matmul(y: Any, a: Any, b: Any, axes: Any = None, axis: int = -1, **_: Any) -> int:
    """Stacks of matrices and vectors: every element sums over the last axis of the first one."""
    summed = axis if axes is None else np.ravel(axes[0])[-1]
    return np.size(y) * np.shape(a)[summed]


def _contraction(y: Any, a: Any, b: Any, *_: Any, **__: Any) -> int:
    """Whatever axes are summed over, together c long: a has f c elements, b c h, and y f h."""
    if not (np.ndim(a) and np.ndim(b) and np.size(y)):
        return 0
    return np.size(y) * math.isqrt(np.size(a) * np.size(b) // np.size(y))


def _einsum(y: Any, *args: Any, **_: Any) -> int:
    operands, terms = taken_apart(args, 1)[:2]
    lengths: dict[Any, int] = {}
    for operand, term in zip(operands, terms, strict=True):
        unnamed = np.ndim(operand) - sum(index is not ... for index in term)
        for index, length in zip(spelled_out(term, unnamed), np.shape(operand), strict=True):
            lengths[index] = length if lengths.get(index, 1) == 1 else lengths[index]
    return math.prod(lengths.values()) * (len(operands) - 1)


def _convolve(y: Any, a: Any, v: Any, mode: Any = "full") -> int:
    # How many terms each element of the result has.
    return np.convolve(np.ones(np.size(a)), np.ones(np.size(v)), mode).sum()


COUNTERS: dict[str, Callable[..., int]] = {
    "matmul": _matmul,
    "affine": lambda y, x, weight, bias: _matmul(y, x, weight),
    "vecdot": _matmul,
    "matvec": _matmul,
    "vecmat": _matmul,
    "dot": _contraction,
    "inner": _contraction,
    "vdot": _contraction,
    "tensordot": _contraction,
    "einsum": _einsum,
    "convolve": _convolve,
}
"""By name of the function: from the result and the arguments to the number."""
