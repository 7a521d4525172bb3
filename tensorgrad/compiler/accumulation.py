"""Sums that a product takes with it: a bias, an update of weights, a sum over a batch.

A product can start from what is to be added to it, so ``x @ w + b`` and ``w - rate * (x.T @ g)``
are one operation each, and the gradient of a weight is never written down. A sum over the rows of a
matrix is a product with ones.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from tensorgrad.compiler.lowering import Lowered, Operation
from tensorgrad.compiler.program import Kind
from tensorgrad.compiler.views import View, contiguous_strides

NARROW = 64
"""Columns up to which a sum over rows is quicker as a product than in a loop over them."""


def accumulate(lowered: Lowered) -> Lowered:
    """Let products take in what is added to them or multiplied on, where nothing else reads them.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> from tensorgrad.compiler.lowering import lower
    >>> x, w = np.ones((3, 2)), np.ones((2, 2))
    >>> lowered = lower(record(lambda x, w: w - 0.1 * (x.T @ (x @ w)), x, w).program)
    >>> [operation.what for operation in accumulate(lowered).operations]
    ['product', 'product']
    """
    operations = _sums_as_products(lowered)
    reads = Counter(number for operation in operations for number in operation.reads())
    reads.update(lowered.outputs)
    made: dict[int, Operation] = {}
    gone: set[int] = set()
    for operation in operations:
        taken = _taken_in(operation, made, reads, lowered.kinds)
        if taken is not None:
            product, operation = taken
            gone.add(product)
        made[operation.result] = operation
    return lowered._replace(
        operations=[operation for number, operation in made.items() if number not in gone]
    )


def _sums_as_products(lowered: Lowered) -> list[Operation]:
    """Sums over the rows of a narrow matrix that is in memory anyway."""
    in_memory = {
        view.base
        for operation in lowered.operations
        if operation.what == "product"
        for view in operation.operands
        if isinstance(view, View)
    }
    return [
        _as_product(operation, lowered.kinds[operation.result])
        if _sums_rows(operation, in_memory, lowered.kinds[operation.result])
        else operation
        for operation in lowered.operations
    ]


def _sums_rows(operation: Operation, in_memory: set[Any], kind: Kind) -> bool:
    operand, shape = operation.operands[0], operation.shape
    return (
        operation.what == "reduction"
        and operation.function is np.add
        and isinstance(operand, View)
        and operand.base in in_memory
        and len(shape) == 2
        and 0 < shape[1] <= NARROW
        and shape[0] > 1
        and operation.target.strides == (0, 1)
        and (operand.strides[1] == 1 or shape[1] == 1)
        and np.dtype(operand.dtype) == kind.dtype
        and kind.dtype in (np.float32, np.float64)
    )


def _as_product(operation: Operation, kind: Kind) -> Operation:
    (operand,) = operation.operands
    rows, columns = operation.shape
    ones = View(None, (1, rows), (0, 0), kind.dtype, number=kind.dtype.type(1))
    target = View(operation.result, (1, columns), (columns, 1), kind.dtype)
    return replace(
        operation,
        what="product",
        function=np.dot,
        operands=(ones, operand),
        shape=(1, columns),
        target=target,
    )


def _taken_in(
    operation: Operation, made: dict[int, Operation], reads: Counter[int], kinds: dict[int, Kind]
) -> tuple[int, Operation] | None:
    """The product that an elementwise operation changes, and both as one product."""
    if operation.what != "elementwise" or operation.function not in _CHANGES:
        return None
    kind = kinds[operation.result]
    for place, view in enumerate(operation.operands):
        if not isinstance(view, View) or view.base is None:
            continue
        product = made.get(view.base)
        if product is None or product.what != "product" or reads[product.result] != 1:
            continue
        (other,) = operation.operands[:place] + operation.operands[place + 1 :]
        if not isinstance(other, View) or other.base == view.base:
            continue  # a product cannot start from itself
        if kinds[product.result].dtype != kind.dtype:
            continue
        if not _is_whole(view, kinds[product.result]) or view.shape != kind.shape:
            continue
        factors = _CHANGES[operation.function](product.factors, other, place)
        if factors is None:
            continue
        operands = product.operands
        if operation.function is not np.multiply:
            base = _as_matrix(other, operation.shape, product.shape)
            if len(operands) == 3 or base is None or np.dtype(other.dtype) != kind.dtype:
                continue
            operands = (*operands, base)
        target = View(operation.result, product.shape, product.target.strides, kind.dtype)
        return product.result, replace(
            operation,
            what="product",
            function=np.dot,
            operands=operands,
            shape=product.shape,
            target=target,
            factors=factors,
        )
    return None


def _scaled(factors: tuple[float, float], other: View, place: int) -> tuple[float, float] | None:
    if other.base is not None:
        return None
    return factors[0] * float(other.number), factors[1] * float(other.number)


_CHANGES: dict[Any, Any] = {
    np.add: lambda factors, other, place: (factors[0], 1.0),
    np.subtract: lambda factors, other, place: (
        (factors[0], -1.0) if place == 0 else (-factors[0], 1.0)
    ),
    np.multiply: _scaled,
}
"""What becomes of the factors, if the product is the operand at a place."""


def _is_whole(view: View, kind: Kind) -> bool:
    """Whether the view goes through all of the value from the first element to the last."""
    return (
        view.offset == 0
        and math.prod(view.shape) == math.prod(kind.shape)
        and all(
            length == 1 or stride == wanted
            for length, stride, wanted in zip(
                view.shape, view.strides, contiguous_strides(view.shape), strict=True
            )
        )
    )


def _as_matrix(view: View, shape: tuple[int, ...], matrix: tuple[int, ...]) -> View | None:
    """What is added, with the rows and columns of the product; None if a tile cannot read it."""
    if view.base is None:
        return None
    if shape != matrix:
        if tuple(n for n in shape if n != 1) != tuple(n for n in matrix if n != 1):
            return None
        strides = [s for n, s in zip(shape, view.strides, strict=True) if n != 1]
        kept = iter(strides)
        view = view._replace(
            shape=matrix, strides=tuple(0 if n == 1 else next(kept) for n in matrix)
        )
    rows, columns = matrix
    contiguous = columns == 1 or view.strides[1] == 1
    return view if contiguous and (columns > 1 or rows == 1 or view.strides[0] == 1) else None
