"""A pass for replay: a large product is added to a matrix as it is computed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tensorgrad.blas import adds_products, plus_product
from tensorgrad.compiler.program import Instruction, Kind, Program, Ref, times_read

LARGE = 16384
"""Elements from which a pass over a product takes longer than to call the BLAS through ctypes."""


def with_added_products(program: Program) -> Program:
    """Let the BLAS add products to matrices, such as a gradient to the weights that it updates.

    The product is never written down, nor read again by a core that did not compute it.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> w, x, g = np.ones((200, 100)), np.ones((9, 200)), np.ones((9, 100))
    >>> program = record(lambda w, x, g: w - x.T @ g, w, x, g).program
    >>> [step.function.__name__ for step in with_added_products(program).instructions]
    ['transpose', 'plus_product']
    """
    products = _products_read_once(program)
    taken: set[int] = set()
    steps = []
    for step in program.instructions:
        added = _as_added_product(step, products, program)
        if added is not None:
            product, step = added
            taken.add(product)
        steps.append(step)
    return program.with_instructions([step for step in steps if step.result not in taken])


def _products_read_once(program: Program) -> dict[int, Instruction]:
    readers = times_read(program)
    return {
        step.result: step
        for step in program.instructions
        if _is_large_product(step, program) and readers[step.result] == 1
    }


def _is_large_product(step: Instruction, program: Program) -> bool:
    if step.function not in (np.matmul, np.dot) or len(step.args) != 2 or step.kwargs:
        return False
    kind = program.kinds[step.result]
    kinds = [_kind_of(arg, program) for arg in step.args]
    return (
        math.prod(kind.shape) >= LARGE
        and adds_products(kind.dtype)
        and all(k is not None and len(k.shape) == 2 and k.dtype == kind.dtype for k in kinds)
    )


def _kind_of(arg: object, program: Program) -> Kind | None:
    return program.kinds.get(arg.number) if isinstance(arg, Ref) else None


def _as_added_product(
    step: Instruction, products: dict[int, Instruction], program: Program
) -> tuple[int, Instruction] | None:
    """The product that is added to a matrix or subtracted from it, and the call for both."""
    if step.function not in _FACTORS or len(step.args) != 2 or step.kwargs:
        return None
    for matrix, product in (step.args, step.args[::-1]):
        if not isinstance(product, Ref) or product.number not in products:
            continue
        if step.function is np.subtract and product is not step.args[1]:
            continue
        kind = program.kinds[product.number]
        if _kind_of(matrix, program) == program.kinds[step.result] == kind:
            args = (matrix, _FACTORS[step.function], *products[product.number].args)
            return product.number, replace(step, function=plus_product, args=args)
    return None


_FACTORS = {np.add: 1.0, np.subtract: -1.0}
