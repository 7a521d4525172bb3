"""Finding the operation at which numbers stop being numbers."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad.messages import described, name_of
from tensorgrad.structure import flatten

if TYPE_CHECKING:
    from tensorgrad.node import Node

OURS = ("tensorgrad", "nn", "numpy")
"""Packages whose lines are not the user's."""


def check_output(function: Callable[..., Any], operands: Iterable[Any], value: Any) -> None:
    """Raise if an operation made a NaN, or an infinity of finite operands.

    Raises
    ------
    FloatingPointError
        Naming the operation, its operands, and the line that called it.
    """
    operands = list(operands)
    for operand in operands:
        if _is_floating(operand) and bool(np.any(np.isnan(operand))):
            raise FloatingPointError(
                f"{name_of(function)} got NaN in its operand {described(operand)}. It was in a "
                "parameter or in the data, or came from an operation that is not recorded, because "
                f"nothing in it requires a gradient; {calling_line()}"
            )
    for part in value if isinstance(value, tuple) else (value,):
        bad = _turned_bad(part, operands)
        if bad:
            raise FloatingPointError(
                f"{name_of(function)} of {', '.join(map(described, operands))} gave {bad}, "
                f"{calling_line()}"
            )


def check_cotangent(node: Node, operand: Any, before: tuple[Any, ...], cotangent: Any) -> None:
    """Raise if a rule, or adding what it gave to the rest, made a NaN, or an infinity.

    ``before`` holds the cotangent of the result, and the rest.

    Raises
    ------
    FloatingPointError
        Naming the operation, the operand, and the line that called the operation.
    """
    bad = _turned_bad(cotangent, [*node.args, *flatten(before)[0]])
    if bad:
        line = getattr(node, "line", "called before detect_anomaly() was on")
        raise FloatingPointError(
            f"the backward pass through {name_of(node.function)} gave {bad} in the cotangent of "
            f"its operand {described(operand)}; the operation was {line}"
        )


def calling_line() -> str:
    """Where the user's code called into the package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in OURS:
        frame = frame.f_back
    file, number = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(file, number).strip()
    return f"called at {file}:{number}" + (f": {source}" if source else "")


def _turned_bad(value: Any, operands: Iterable[Any]) -> str:
    """What is wrong with a value that is not wrong with an operand already, or nothing."""
    value = _values(value)
    if not _is_floating(value) or bool(np.all(np.isfinite(value))):
        return ""
    if bool(np.any(np.isnan(value))):
        return "NaN"
    before = (_values(operand) for operand in operands)
    if any(_is_floating(array) and not bool(np.all(np.isfinite(array))) for array in before):
        return ""
    return "infinity"


def _values(value: Any) -> Any:
    """The array in a tensor; the backward pass may be running on tensors."""
    return value.data if hasattr(type(value), "requires_grad") else value


def _is_floating(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(value, float) if dtype is None else dtype.kind == "f"
