"""The text of matrix products: from tiles of constant size, or by a function for all sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tensorgrad.compiler.lowering import Operation
from tensorgrad.compiler.machine import PANEL, TERMS, Machine
from tensorgrad.compiler.scalar_code import literal
from tensorgrad.compiler.source_text import SourceText
from tensorgrad.compiler.views import View

SMALL = 24576
"""Multiplications up to which a product is put together from tiles on the spot."""


class Product(NamedTuple):
    """A product in the form that tiles have: the rows of the right operand are contiguous.

    Strides count elements. Where ``right_column`` is not one, ``right_term`` is, and the operand
    has to be transposed.
    """

    result: int
    left: View
    left_row: int
    left_term: int
    right: View
    right_term: int
    right_column: int
    base: View | None
    base_row: int
    rows: int
    terms: int
    columns: int
    factors: tuple[float, float]

    @property
    def dtype(self) -> np.dtype:
        """Of the elements."""
        return np.dtype(self.right.dtype)

    @property
    def multiplications(self) -> int:
        """How many there are to do."""
        return self.rows * self.terms * self.columns


def product_of(operation: Operation) -> Product:
    """The product, of which a column is turned into a row: its elements are in the same places."""
    left, right, *base = (operand for operand in operation.operands if isinstance(operand, View))
    rows, columns = operation.shape
    terms = left.shape[1]
    base_strides = base[0].strides if base else (0, 0)
    sides = [(left, *left.strides), (right, right.strides[1], right.strides[0])]
    if columns == 1:
        sides.reverse()
        rows, columns, base_strides = 1, rows, base_strides[::-1]
    (left, left_row, left_term), (right, right_column, right_term) = sides
    if columns == 1:
        right_column = 1
    if right_column != 1 and terms == 1:
        right_term = 1
    return Product(
        operation.result, left, left_row, left_term, right, right_term, right_column,
        base[0] if base else None, base_strides[0], rows, terms, columns, operation.factors,
    )  # fmt: skip


def scratch_needed(product: Product, machine: Machine) -> int:
    """Elements of memory that a product needs for itself."""
    lanes = machine.lanes(product.dtype)
    if is_small(product):
        padded = -(-product.columns // lanes) * lanes
        return padded * product.terms if product.right_column != 1 else 0
    left = product.rows * min(TERMS, product.terms) if _copies_left(product) else 0
    return TERMS * PANEL + left


def _copies_left(product: Product) -> bool:
    """Whether the function for all sizes may copy the left operand, which is transposed."""
    return product.left_row == 1 and product.left_term != 1


def is_small(product: Product) -> bool:
    """Whether to write it as tiles, rather than as a call."""
    return product.multiplications <= SMALL


def write_product(
    text: SourceText, product: Product, machine: Machine, *, shared: bool = False
) -> None:
    """Write a product, or each thread's part of it."""
    if is_small(product):
        _write_tiles(text, product, machine)
    elif shared:
        _write_shared_call(text, product, machine)
    else:
        _write_call(text, product)


# ------------------------------------------------------------------------- tiles on the spot


def _write_tiles(text: SourceText, product: Product, machine: Machine) -> None:
    lanes = machine.lanes(product.dtype)
    if product.right_column != 1:
        product = _transposed_right(text, product, lanes)
    for column, width in _blocks(text, "j", product.columns, machine.vectors * lanes, unrolled=3):
        for row, height in _blocks(text, "i", product.rows, machine.rows):
            text.line(_tile(product, row, height, column, width, lanes))


def _transposed_right(text: SourceText, product: Product, lanes: int) -> Product:
    """Write the transposition of the right operand; the product with what comes of it."""
    row = -(-product.columns // lanes) * lanes
    stride = product.right_column
    for column, height in _blocks(text, "j", product.columns, lanes):
        for term, width in _blocks(text, "i", product.terms, lanes):
            source = _at(_pointer(product.right), _sum(_times(column, stride), term))
            target = _at(f"scratch_{product.dtype.name}", _sum(_times(term, row), column))
            text.line(f"transpose({source}, {stride}, {height}, {width}, {target}, {row})")
    scratch = View(SCRATCH, (product.terms, row), (row, 1), product.dtype)
    return product._replace(right=scratch, right_term=row, right_column=1)


def _blocks(
    text: SourceText, name: str, length: int, size: int, unrolled: int = 1
) -> Iterator[tuple[int | str, int]]:
    """Where each block of a range begins, and its length; many of them are written as one loop."""
    whole = length - length % size
    if whole > unrolled * size:
        with text.under(f"for {name} in range(0, {whole}, {size}):"):
            yield name, size
    else:
        yield from ((start, size) for start in range(0, whole, size))
    if length > whole:
        yield whole, length - whole


def _tile(
    product: Product, row: int | str, rows: int, column: int | str, width: int, lanes: int
) -> str:
    vectors = -(-width // lanes)
    while vectors == 1 and lanes > 4 and width <= lanes // 2:
        lanes //= 2  # a vector that is full needs no mask, and does not reach into the next row
    base, base_row = _base(product)
    arguments = (
        rows,
        vectors,
        lanes,
        _at(_pointer(product.left), _sum(_times(row, product.left_row))),
        product.left_row,
        product.left_term,
        _at(_pointer(product.right), _sum(column)),
        product.right_term,
        _at(f"v{product.result}", _sum(_times(row, product.columns), column)),
        product.columns,
        _at(base, _sum(_times(row, base_row), column)),
        base_row,
        product.terms,
        width - (vectors - 1) * lanes,
        *_factors(product),
    )
    return f"tile({', '.join(map(str, arguments))})"


# ------------------------------------------------------------------- a function for all sizes


def _write_call(text: SourceText, product: Product) -> None:
    text.line(_call(product, product.rows, product.columns))


def _write_shared_call(text: SourceText, product: Product, machine: Machine) -> None:
    """Each thread computes some rows or some columns."""
    lanes = machine.lanes(product.dtype)
    base_row = _base(product)[1]
    if _copies_left(product) or product.columns < 2 * machine.vectors * lanes:
        text.line(f"low, high = share({product.rows}, {machine.rows}, thread, threads)")
        offsets = (
            _times("low", product.left_row),
            0,
            _times("low", product.columns),
            _times("low", base_row),
        )
        text.line(_call(product, "high - low", product.columns, offsets))
    else:
        text.line(f"low, high = share({product.columns}, {lanes}, thread, threads)")
        offsets = (0, _times("low", product.right_column), "low", "low")
        text.line(_call(product, product.rows, "high - low", offsets))


def _call(
    product: Product, rows: int | str, columns: int | str, offsets: tuple[int | str, ...] = (0,) * 4
) -> str:
    left, right, out, beside = offsets
    base, base_row = _base(product)
    arguments = (
        _at(_pointer(product.left), _sum(left)),
        product.left_row,
        product.left_term,
        _at(_pointer(product.right), _sum(right)),
        product.right_term,
        product.right_column,
        _at(f"v{product.result}", _sum(out)),
        product.columns,
        _at(base, _sum(beside)),
        base_row,
        rows,
        product.terms,
        columns,
        *_factors(product),
        f"scratch_{product.dtype.name}",
    )
    return f"multiply({', '.join(map(str, arguments))})"


# ------------------------------------------------------------------------------ pieces of text

SCRATCH = -1
"""Stands for the scratch memory in a view."""


def _pointer(view: View) -> str:
    if view.base is None:
        return f"one_{np.dtype(view.dtype).name}"
    if view.base == SCRATCH:
        return f"scratch_{np.dtype(view.dtype).name}"
    return _at(f"v{view.base}", _sum(view.offset))


def _base(product: Product) -> tuple[str, int]:
    if product.base is None:
        return f"v{product.result}", product.columns
    return _pointer(product.base), product.base_row


def _factors(product: Product) -> tuple[str, ...]:
    return tuple(literal(factor, product.dtype) for factor in product.factors)


def _at(pointer: str, offset: str) -> str:
    if offset == "0":
        return pointer
    if pointer.startswith("at("):
        return f"{pointer[:-1]} + {offset})"
    return f"at({pointer}, {offset})"


def _times(number: int | str, factor: int) -> int | str:
    if isinstance(number, int):
        return number * factor
    return {0: 0, 1: number}.get(factor, f"{number} * {factor}")


def _sum(*terms: int | str) -> str:
    return " + ".join(str(term) for term in terms if term != 0) or "0"
