"""Products of matrices, and sums of products over any axes, in terms of loops and of such products.

A sum of products is described as ``np.einsum`` does it: every axis of every operand has a letter.
Where two operands share letters as two matrices do, it becomes a product of matrices; otherwise
loops over all letters multiply and add up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad.compiler.program import Kind
from tensorgrad.compiler.scalar_code import Unsupported
from tensorgrad.compiler.views import View, contiguous_strides, everywhere, whole_value

if TYPE_CHECKING:
    from tensorgrad.compiler.lowering import Lowering


def dot(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``np.dot`` of two matrices or vectors."""
    left, right = (lowering.operand(arg) for arg in args)
    if kwargs or not 1 <= len(left.shape) <= 2 or not 1 <= len(right.shape) <= 2:
        raise Unsupported("of these shapes")
    if kind.dtype.kind != "f" or kind.dtype.itemsize < 4:
        raise Unsupported(f"of dtype {kind.dtype}")
    if len(left.shape) == 1:
        left = left._replace(shape=(1, *left.shape), strides=(0, *left.strides))
    if len(right.shape) == 1:
        right = right._replace(shape=(*right.shape, 1), strides=(*right.strides, 0))
    shape = (left.shape[0], right.shape[1])
    if left.shape[1] == 0:
        return lowering.elementwise(None, [everywhere(0)], kind, result)
    if left.shape[1] == 1:  # every element is one product
        flat = Kind(shape, kind.dtype)
        whole = lowering.elementwise(np.multiply, [left, right], flat)
        same = lowering.reshaped(np.reshape, (whole, kind.shape), {})
        return same if kind.shape else lowering.elementwise(None, [same], kind, result)
    operands = (_for_tiles(lowering, left, kind.dtype), _for_tiles(lowering, right, kind.dtype))
    if kind.shape:
        return lowering.product(result, operands, shape)
    whole = lowering.product(lowering.new(Kind((1,), kind.dtype)), operands, shape)
    return lowering.elementwise(None, [whole._replace(shape=(), strides=())], kind, result)


def matmul(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``np.matmul``."""
    stacked = any(len(lowering.operand(arg).shape) > 2 for arg in args)
    handler = _batched_product if stacked else dot
    return handler(lowering, args, kwargs, result, kind)


def _for_tiles(lowering: Lowering, operand: View, dtype: Any) -> View:
    """The operand in memory, row by row or column by column."""
    whole = operand.base is not None and lowering.kinds[operand.base].shape
    rows, columns = operand.strides, operand.strides[::-1]
    fits = any(
        all(
            length == 1 or stride == wanted
            for length, stride, wanted in zip(
                shape, strides, contiguous_strides(shape), strict=True
            )
        )
        for shape, strides in ((operand.shape, rows), (operand.shape[::-1], columns))
    )
    if whole and fits and np.dtype(operand.dtype) == dtype:
        return operand
    return lowering.elementwise(None, [operand], Kind(operand.shape, dtype))


def _batched_product(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``np.matmul`` of stacks of matrices."""
    if kwargs:
        raise Unsupported("with these arguments")
    left, right = (lowering.operand(arg) for arg in args)
    if kind.dtype.kind != "f":
        raise Unsupported(f"of dtype {kind.dtype}")
    row, column, term, *stack = ascii_lowercase
    letters_of_left = [row, term] if len(left.shape) > 1 else [term]
    letters_of_right = [term, column] if len(right.shape) > 1 else [term]
    depth = len(kind.shape) - (len(left.shape) > 1) - (len(right.shape) > 1)
    batch = stack[:depth]
    left_batch = batch[depth - (len(left.shape) - len(letters_of_left)) :]
    right_batch = batch[depth - (len(right.shape) - len(letters_of_right)) :]
    output = [*batch, *letters_of_left[:-1], *letters_of_right[1:]]
    left_letters, right_letters = left_batch + letters_of_left, right_batch + letters_of_right
    return contraction(lowering, [left, right], [left_letters, right_letters], output, result, kind)


def einsum(lowering: Lowering, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
    """``np.einsum`` with its subscripts as text."""
    subscripts, *operands = args
    if set(kwargs) - {"optimize"} or not isinstance(subscripts, str):
        raise Unsupported("with these arguments")
    if kind.dtype.kind != "f":
        raise Unsupported(f"of dtype {kind.dtype}")
    views = [lowering.operand(operand) for operand in operands]
    terms, output = _terms(subscripts.replace(" ", ""), [len(view.shape) for view in views])
    diagonals = [_diagonal(view, term) for view, term in zip(views, terms, strict=True)]
    letters = [term for _, term in diagonals]
    return contraction(
        lowering, [view for view, _ in diagonals], letters, list(output), result, kind
    )


def _terms(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """A letter for each axis of each operand, and of the result.

    >>> _terms("...ij,...j", [3, 2])
    (['Aij', 'Aj'], 'Ai')
    """
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    unused = [letter for letter in ascii_uppercase if letter not in subscripts]
    named = [len(term.replace("...", "")) for term in terms]
    axes = [ndim - count for ndim, count in zip(ndims, named, strict=True)]
    if max(axes) > len(unused):
        raise Unsupported("of so many axes")
    dots = unused[: max(axes)]
    terms = [
        term.replace("...", "".join(dots[len(dots) - count :]))
        for term, count in zip(terms, axes, strict=True)
    ]
    if not arrow:
        letters = inputs.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return terms, output.replace("...", "".join(dots))


def _diagonal(view: View, term: str) -> tuple[View, list[str]]:
    """The view with each letter once: axes of one letter are gone along together."""
    letters = list(dict.fromkeys(term))
    shape, strides = [], []
    for letter in letters:
        axes = [axis for axis, other in enumerate(term) if other == letter]
        shape.append(max(view.shape[axis] for axis in axes))
        strides.append(sum(view.strides[axis] for axis in axes if view.shape[axis] > 1))
    return view._replace(shape=tuple(shape), strides=tuple(strides)), letters


def contraction(
    lowering: Lowering,
    views: Sequence[View],
    letters: Sequence[Sequence[str]],
    output: list[str],
    result: int,
    kind: Kind,
) -> View:
    """The sum, over all letters that are not in the output, of the product of all operands."""
    lengths: dict[str, int] = {}
    for view, names in zip(views, letters, strict=True):
        for name, length in zip(names, view.shape, strict=True):
            if lengths.setdefault(name, length) == 1:  # an axis of one is repeated
                lengths[name] = length
    if len(views) == 2:
        product = _as_matrices(lowering, views, letters, output, lengths, result, kind)
        if product is not None:
            return product
    summed = [name for name in lengths if name not in output]
    order = _loop_order(views, letters, output, summed)
    shape = tuple(lengths[name] for name in order)
    full = Kind(shape, kind.dtype)
    value = _aligned(views[0], letters[0], order, lengths)
    for view, names in zip(views[1:], letters[1:], strict=True):
        aligned = _aligned(view, names, order, lengths)
        value = lowering.elementwise(np.multiply, [value, aligned], full)
    if len(views) == 1:
        value = lowering.elementwise(None, [value], full)
    target = whole_value(result, kind)
    strides = dict(zip(output, target.strides, strict=True))
    target = View(result, shape, tuple(strides.get(name, 0) for name in order), kind.dtype)
    return lowering.reduction(np.add, value, target, kind)


def _as_matrices(
    lowering: Lowering,
    views: Sequence[View],
    letters: Sequence[Sequence[str]],
    output: list[str],
    lengths: dict[str, int],
    result: int,
    kind: Kind,
) -> View | None:
    """One product of two matrices, if the letters allow it."""
    (left, right), (first, second) = views, letters
    summed = [name for name in first if name in second and name not in output]
    rows = [name for name in first if name not in second]
    columns = [name for name in second if name not in first]
    if any(name in second and name in output for name in first) or not summed:
        return None
    if not set(rows + columns) <= set(output) or any(lengths[name] == 0 for name in lengths):
        return None
    if output not in (rows + columns, columns + rows):
        return None
    if output != rows + columns:
        left, right, first, second, rows, columns = right, left, second, first, columns, rows
    one = _as_matrix(lowering, left, first, rows, summed, lengths)
    other = _as_matrix(lowering, right, second, summed, columns, lengths)
    shape = (math.prod(lengths[n] for n in rows), math.prod(lengths[n] for n in columns))
    flat = Kind(shape, kind.dtype)
    product = dot(lowering, (one, other), {}, lowering.new(flat), flat)
    return lowering.reshaped(np.reshape, (product, kind.shape), {})


def _as_matrix(
    lowering: Lowering,
    view: View,
    names: Sequence[str],
    rows: list[str],
    columns: list[str],
    lengths: dict[str, int],
) -> View:
    order = [*rows, *columns]
    aligned = _aligned(view, names, order, lengths)
    shape = tuple(math.prod(lengths[name] for name in part) for part in (rows, columns))
    return lowering.reshaped(np.reshape, (aligned, shape), {})


def _aligned(
    view: View, names: Sequence[str], order: Sequence[str], lengths: dict[str, int]
) -> View:
    """The view with its axes in an order, and axes of stride 0 for letters that it lacks."""
    strides = {
        name: stride if length > 1 else 0
        for name, length, stride in zip(names, view.shape, view.strides, strict=True)
    }
    return view._replace(
        shape=tuple(lengths[name] for name in order),
        strides=tuple(strides.get(name, 0) for name in order),
    )


def _loop_order(
    views: Sequence[View], letters: Sequence[Sequence[str]], output: list[str], summed: list[str]
) -> list[str]:
    """Sums inside of all but the last letter of the output, if memory runs along that one."""
    if not output:
        return summed
    last = output[-1]
    along_last = all(
        last not in names or view.strides[list(names).index(last)] in (0, 1)
        for view, names in zip(views, letters, strict=True)
    )
    return [*output[:-1], *summed, last] if along_last else [*output, *summed]
