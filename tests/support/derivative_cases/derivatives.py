"""All that a case can be compared by, whatever library the operands are of."""

from typing import Any

import numpy as np

import tensorgrad as tg
from derivative_cases.case import Case
from tensorgrad.structure import flatten, map_leaves


def value_and_cotangents(case: Case, operands: list[Any], order: int = 2) -> list[Any]:
    """Value, and cotangents to first and second order, of everything that is differentiable."""

    def differentiable(*args: Any) -> list[Any]:
        return [
            output
            for output in flatten(case.call(*args))[0]
            if isinstance(output, tg.Tensor) and output.requires_grad
        ]

    value, pullback = tg.vjp(differentiable, *operands)
    cotangents = pullback(map_leaves(np.ones_like, value))
    if order == 1:
        return [*value, *cotangents]
    _, second = tg.vjp(lambda *args: tg.vjp(differentiable, *args)[1](value), *operands)
    return [*value, *cotangents, *second(cotangents)]
