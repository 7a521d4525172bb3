"""Python's operators on a tensor, each one a NumPy function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from tensorgrad.tensor import Tensor


class ArrayOperators:  # noqa: PLW1641 - the tensor defines __hash__
    """The operators of ndarray; ``x += y`` is ``x = x + y``, and makes a new tensor."""

    __slots__ = ()
    _apply: ClassVar[Callable[..., Any]]
    _apply_to_one: ClassVar[Callable[..., Any]]
    _apply_to_two: ClassVar[Callable[..., Any]]

    def __add__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.add, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.add, other, self)

    def __sub__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.subtract, other, self)

    def __mul__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.divide, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._apply_to_two(np.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._apply_to_two(np.floor_divide, other, self)

    def __mod__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.remainder, self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.remainder, other, self)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __pow__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.power, self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.power, other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return self._apply_to_two(np.matmul, other, self)

    def __neg__(self) -> Tensor:
        return self._apply(np.negative, self)

    def __pos__(self) -> Tensor:
        return self._apply(np.positive, self)

    def __abs__(self) -> Tensor:
        return self._apply(np.absolute, self)

    def __round__(self, ndigits: int | None = None) -> Tensor:
        return self._apply(np.round, self, ndigits or 0)

    def __eq__(self, other: object) -> Any:
        return self._apply_to_two(np.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return self._apply_to_two(np.not_equal, self, other)

    def __lt__(self, other: Any) -> Any:
        return self._apply_to_two(np.less, self, other)

    def __le__(self, other: Any) -> Any:
        return self._apply_to_two(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Any:
        return self._apply_to_two(np.greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return self._apply_to_two(np.greater_equal, self, other)

    # --------------------------------------------------------------- of integers, so never recorded

    def __and__(self, other: Any) -> Any:
        return self._apply(np.bitwise_and, self, other)

    def __rand__(self, other: Any) -> Any:
        return self._apply(np.bitwise_and, other, self)

    def __or__(self, other: Any) -> Any:
        return self._apply(np.bitwise_or, self, other)

    def __ror__(self, other: Any) -> Any:
        return self._apply(np.bitwise_or, other, self)

    def __xor__(self, other: Any) -> Any:
        return self._apply(np.bitwise_xor, self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._apply(np.bitwise_xor, other, self)

    def __lshift__(self, other: Any) -> Any:
        return self._apply(np.left_shift, self, other)

    def __rlshift__(self, other: Any) -> Any:
        return self._apply(np.left_shift, other, self)

    def __rshift__(self, other: Any) -> Any:
        return self._apply(np.right_shift, self, other)

    def __rrshift__(self, other: Any) -> Any:
        return self._apply(np.right_shift, other, self)

    def __invert__(self) -> Any:
        return self._apply(np.invert, self)
