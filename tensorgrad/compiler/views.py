"""Values in memory, and the ways to look at them: an offset and strides, as NumPy's arrays have."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.program import Kind


class View(NamedTuple):
    """Elements of a value in memory, or one number everywhere.

    ``strides`` count elements. Where ``base`` is None, the elements are ``number``, of a dtype or
    of a Python type.
    """

    base: int | None
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: Any
    offset: int = 0
    number: Any = None


class Gather(NamedTuple):
    """Elements at positions that other values tell, along the first axes of a view."""

    source: View
    indices: tuple[View, ...]
    shape: tuple[int, ...]

    @property
    def dtype(self) -> Any:
        """Of the elements."""
        return self.source.dtype


Operand = View | Gather


def everywhere(value: Any) -> View:
    """A Python number, which takes part in promotion as NumPy has it."""
    dtype = np.dtype(bool) if isinstance(value, bool) else type(value)
    return View(None, (), (), dtype, number=value)


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides, in elements, of an array whose rows follow each other."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def whole_value(number: int, kind: Kind) -> View:
    """All of a value in memory."""
    return View(number, kind.shape, contiguous_strides(kind.shape), kind.dtype)


def as_one_number(array: Any, view: View) -> View:
    """An array whose elements are all the same, as a number."""
    if array.size and bool(np.all(array == array.flat[0])):
        strides = (0,) * array.ndim
        return View(None, array.shape, strides, array.dtype, number=array.flat[0])
    return view


def broadcast_view(view: View, shape: tuple[int, ...]) -> View:
    """The view as an operand of something larger."""
    new = len(shape) - len(view.shape)
    strides = (0,) * new + tuple(
        0 if length == 1 else stride
        for length, stride in zip(view.shape, view.strides, strict=True)
    )
    return view._replace(shape=shape, strides=strides)


def reshaped_view(view: View, function: Callable[[Any], Any]) -> View | None:
    """What a function that moves no elements makes of a view; None if it moves them after all."""
    reach = (
        1
        + view.offset
        + sum(
            max(stride, 0) * (length - 1)
            for stride, length in zip(view.strides, view.shape, strict=True)
        )
    )
    memory = np.empty(max(reach, 1), np.int8)  # one byte an element, and none is touched
    stand_in = np.lib.stride_tricks.as_strided(memory[view.offset :], view.shape, view.strides)
    result = np.asarray(function(stand_in))
    if 0 in view.shape or 0 in result.shape:
        return View(view.base, result.shape, (0,) * result.ndim, view.dtype)
    if not np.may_share_memory(result, memory):
        return None
    start = result.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return View(view.base, result.shape, result.strides, view.dtype, offset=start)
