"""Broadcasting undone, in one place for all rules."""

from __future__ import annotations

from typing import Any

import numpy as np

_add_reduce = np.add.reduce  # what np.sum of an ndarray ends in, in half the time


def fit_shape(cotangent: Any, operand: Any) -> Any:
    """Undo broadcasting: bring a cotangent to the shape of the operand it belongs to.

    Axes along which the operand was stretched are summed over. A cotangent that is smaller than
    its operand, as that of a sum may be, is the same for all elements and is stretched.
    """
    shape = operand.shape
    total = _add_reduce if type(cotangent) is np.ndarray else np.sum
    extra = cotangent.ndim - len(shape)
    if extra > 0:
        cotangent = total(cotangent, axis=0 if extra == 1 else tuple(range(extra)))
    if extra >= 0 and cotangent.shape != shape:
        stretched = tuple(
            i for i, (n, m) in enumerate(zip(shape, cotangent.shape, strict=True)) if n == 1 != m
        )
        if stretched:
            cotangent = total(cotangent, axis=stretched, keepdims=True)
    if cotangent.shape == shape:
        return cotangent
    if isinstance(cotangent, np.ndarray | np.generic):
        whole = np.empty(shape, cotangent.dtype)
        whole[...] = cotangent
        return whole
    return np.broadcast_to(cotangent, shape)
