"""Operators, methods and properties that a tensor shares with the ndarray."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tensorgrad.derivatives.shaping import cast

if TYPE_CHECKING:
    from tensorgrad.tensor import Tensor


class ArrayMethods:  # noqa: PLW1641 - the tensor defines __hash__
    """What ndarray has, in terms of the functions that the derivative table knows."""

    __slots__ = ()
    _apply: ClassVar[Callable[..., Any]]
    data: Any

    # ------------------------------------------------------------------------------ operators

    def __add__(self, other: Any) -> Tensor:
        return self._apply(np.add, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return self._apply(np.add, other, self)

    def __sub__(self, other: Any) -> Tensor:
        return self._apply(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self._apply(np.subtract, other, self)

    def __mul__(self, other: Any) -> Tensor:
        return self._apply(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return self._apply(np.multiply, other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return self._apply(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._apply(np.divide, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._apply(np.floor_divide, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._apply(np.floor_divide, other, self)

    def __mod__(self, other: Any) -> Tensor:
        return self._apply(np.remainder, self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return self._apply(np.remainder, other, self)

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __pow__(self, other: Any) -> Tensor:
        return self._apply(np.power, self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return self._apply(np.power, other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return self._apply(np.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return self._apply(np.matmul, other, self)

    def __neg__(self) -> Tensor:
        return self._apply(np.negative, self)

    def __pos__(self) -> Tensor:
        return self._apply(np.positive, self)

    def __abs__(self) -> Tensor:
        return self._apply(np.absolute, self)

    def __round__(self, ndigits: int | None = None) -> Tensor:
        return self._apply(np.round, self, ndigits or 0)

    def __eq__(self, other: object) -> Any:
        return self._apply(np.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return self._apply(np.not_equal, self, other)

    def __lt__(self, other: Any) -> Any:
        return self._apply(np.less, self, other)

    def __le__(self, other: Any) -> Any:
        return self._apply(np.less_equal, self, other)

    def __gt__(self, other: Any) -> Any:
        return self._apply(np.greater, self, other)

    def __ge__(self, other: Any) -> Any:
        return self._apply(np.greater_equal, self, other)

    # ----------------------------------------------------------------------------- properties

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self.data.dtype

    @property
    def itemsize(self) -> int:
        """Size of an element, in bytes."""
        return self.data.itemsize

    @property
    def nbytes(self) -> int:
        """Size of all elements, in bytes."""
        return self.data.nbytes

    @property
    def strides(self) -> tuple[int, ...]:
        """Steps in memory from one element to the next along each axis, in bytes."""
        return self.data.strides

    @property
    def flags(self) -> Any:
        """How the array lies in memory."""
        return self.data.flags

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return self._apply(np.transpose, self)

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return self._apply(np.matrix_transpose, self)

    @property
    def real(self) -> Tensor:
        """The array itself: tensors are real."""
        return self._apply(np.real, self)

    @property
    def imag(self) -> Any:
        """Zeros: tensors are real."""
        return self._apply(np.imag, self)

    @property
    def flat(self) -> Iterator[Tensor]:
        """Iterator over the elements in C order, as 0-d tensors."""
        return iter(self.ravel())

    # -------------------------------------------------------------------------------- values

    def numpy(self) -> Any:
        """The values as an array; raises if that would cut a gradient off, see ``data``."""
        return np.asarray(self)

    def item(self, *index: int) -> float | int | bool:
        """One element as a Python number."""
        return self.data.item(*index)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self.data.tolist()

    def tobytes(self, order: Any = "C") -> bytes:
        """The values as bytes."""
        return self.data.tobytes(order)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether all elements are non-zero."""
        return self.data.all(axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Whether an element is non-zero."""
        return self.data.any(axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """Index of the largest element."""
        return self.data.argmax(axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """Index of the smallest element."""
        return self.data.argmin(axis=axis, keepdims=keepdims)

    def argsort(self, axis: int | None = -1, **options: Any) -> Any:
        """Indices that would sort the elements."""
        return self.data.argsort(axis=axis, **options)

    def argpartition(self, kth: Any, axis: int | None = -1, **options: Any) -> Any:
        """Indices that would partition the elements."""
        return self.data.argpartition(kth, axis=axis, **options)

    def nonzero(self) -> tuple[Any, ...]:
        """Indices of the non-zero elements."""
        return self.data.nonzero()

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        """Indices at which elements would be inserted to keep the order."""
        return self._apply(np.searchsorted, self, v, side, sorter)

    # ---------------------------------------------------------------------------- reductions

    def sum(self, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
        """See ``np.sum``."""
        array = self if dtype is None else self.astype(dtype)
        return self._apply(np.sum, array, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        """See ``np.prod``."""
        return self._apply(np.prod, self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        """See ``np.mean``."""
        return self._apply(np.mean, self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """See ``np.var``."""
        return self._apply(np.var, self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """See ``np.std``."""
        return self._apply(np.std, self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        """See ``np.max``."""
        return self._apply(np.max, self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Tensor:
        """See ``np.min``."""
        return self._apply(np.min, self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Tensor:
        """See ``np.cumsum``."""
        return self._apply(np.cumsum, self, axis=axis)

    def cumprod(self, axis: int | None = None) -> Tensor:
        """See ``np.cumprod``."""
        return self._apply(np.cumprod, self, axis=axis)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """See ``np.trace``."""
        return self._apply(np.trace, self, offset, axis1, axis2)

    # -------------------------------------------------------------------------------- shaping

    def reshape(self, *shape: Any, order: Any = "C") -> Tensor:
        """See ``np.reshape``; the shape as one tuple or as several numbers."""
        shape = shape[0] if len(shape) == 1 else shape
        return self._apply(np.reshape, self, shape, order=order)

    def ravel(self, order: Any = "C") -> Tensor:
        """See ``np.ravel``."""
        return self._apply(np.ravel, self, order=order)

    flatten = ravel

    def transpose(self, *axes: Any) -> Tensor:
        """See ``np.transpose``; the axes as one tuple or as several numbers."""
        axes = axes[0] if len(axes) == 1 else (axes or None)
        return self._apply(np.transpose, self, axes)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """See ``np.swapaxes``."""
        return self._apply(np.swapaxes, self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Tensor:
        """See ``np.squeeze``."""
        return self._apply(np.squeeze, self, axis=axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """See ``np.diagonal``."""
        return self._apply(np.diagonal, self, offset, axis1, axis2)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        """See ``np.repeat``."""
        return self._apply(np.repeat, self, repeats, axis=axis)

    def take(self, indices: Any, axis: int | None = None, mode: Any = "raise") -> Tensor:
        """See ``np.take``."""
        return self._apply(np.take, self, indices, axis=axis, mode=mode)

    def compress(self, condition: Any, axis: int | None = None) -> Tensor:
        """See ``np.compress``."""
        return self._apply(np.compress, condition, self, axis=axis)

    def choose(self, choices: Any, mode: Any = "raise") -> Tensor:
        """See ``np.choose``."""
        return self._apply(np.choose, self, choices, mode=mode)

    # ---------------------------------------------------------------------------- arithmetic

    def astype(self, dtype: Any) -> Any:
        """The values in another dtype; a plain array if that is not a floating one."""
        return self._apply(cast, self, np.dtype(dtype))

    def copy(self) -> Tensor:
        """See ``np.copy``."""
        return self._apply(np.copy, self)

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """See ``np.clip``."""
        return self._apply(np.clip, self, min, max)

    def round(self, decimals: int = 0) -> Tensor:
        """See ``np.round``."""
        return self._apply(np.round, self, decimals)

    def conj(self) -> Tensor:
        """The array itself: tensors are real."""
        return self._apply(np.conjugate, self)

    conjugate = conj

    def dot(self, other: Any) -> Tensor:
        """See ``np.dot``."""
        return self._apply(np.dot, self, other)

    # -------------------------------------------------------------- in-place methods of ndarray

    def _refuse_in_place(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "this method of ndarray works in place, which would make what was recorded wrong. "
            "np.sort, np.partition and np.resize return new arrays; assign() overwrites a tensor "
            "as a whole."
        )

    sort = partition = resize = fill = put = setfield = setflags = itemset = _refuse_in_place
