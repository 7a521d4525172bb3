"""Methods and properties that a tensor shares with the ndarray."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad.array_operators import ArrayOperators
from tensorgrad.derivatives import reductions
from tensorgrad.derivatives.arguments import refuse_out
from tensorgrad.derivatives.shaping import cast

if TYPE_CHECKING:
    from tensorgrad.tensor import Tensor


def in_place(name: str, instead: str) -> Callable[..., Any]:
    """Make the method of ndarray that a tensor refuses, since it would overwrite the values."""

    def refuse(self: ArrayMethods, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{name}() of an ndarray works in place, and what was recorded of a tensor would no "
            f"longer hold; {instead}"
        )

    refuse.__name__ = name
    return refuse


class ArrayMethods(ArrayOperators):
    """What ndarray has, in terms of the functions that the derivative table knows."""

    __slots__ = ()
    data: Any

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
    def flat(self) -> Tensor:
        """The elements in C order as a vector, to iterate over or to index."""
        return self.ravel()

    @property
    def device(self) -> Any:
        """Where the elements are, as the array says."""
        return self.data.device

    # -------------------------------------------------------------------------------- values

    def numpy(self) -> Any:
        """The values as an array; raises if that would cut a gradient off, see ``data``."""
        return np.asarray(self)

    def item(self, *args: Any) -> float | int | bool:
        """One element as a Python number."""
        return self.data.item(*args)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self.data.tolist()

    def tobytes(self, order: Any = "C") -> bytes:
        """The values as bytes."""
        return self.data.tobytes(order)

    def __index__(self) -> int:
        return operator.index(self.data)

    # ------------------------------------------------------------- questions, with plain answers

    def all(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
    ) -> Any:
        """See ``np.all``."""
        return self._apply(np.all, self, axis, out, keepdims, where=where)

    def any(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
    ) -> Any:
        """See ``np.any``."""
        return self._apply(np.any, self, axis, out, keepdims, where=where)

    def argmax(self, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """See ``np.argmax``."""
        return self._apply(np.argmax, self, axis, out, keepdims=keepdims)

    def argmin(self, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """See ``np.argmin``."""
        return self._apply(np.argmin, self, axis, out, keepdims=keepdims)

    def argsort(
        self,
        axis: int | None = -1,
        kind: Any = None,
        order: Any = None,
        *,
        stable: bool | None = None,
    ) -> Any:
        """See ``np.argsort``."""
        return self._apply(np.argsort, self, axis, kind, order, stable=stable)

    def argpartition(
        self, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
    ) -> Any:
        """See ``np.argpartition``."""
        return self._apply(np.argpartition, self, kth, axis, kind, order)

    def nonzero(self) -> tuple[Any, ...]:
        """See ``np.nonzero``."""
        return self._apply(np.nonzero, self)

    def searchsorted(self, v: Any, side: Any = "left", sorter: Any = None) -> Any:
        """See ``np.searchsorted``."""
        return self._apply(np.searchsorted, self, v, side, sorter)

    # ---------------------------------------------------------------------------- reductions

    def sum(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        keepdims: bool = False,
        **options: Any,
    ) -> Tensor:
        """See ``np.sum``."""
        if dtype is out is None and not options:
            return self._apply(reductions.sum, self, axis, keepdims)
        return reductions.numpy_sum(self, axis, dtype, out, keepdims, **options)

    def mean(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        keepdims: bool = False,
        **options: Any,
    ) -> Tensor:
        """See ``np.mean``."""
        if dtype is out is None and not options:
            if axis is None and not keepdims:
                return self._apply_to_one(reductions.mean, self)
            return self._apply(reductions.mean, self, axis, keepdims)
        return reductions.numpy_mean(self, axis, dtype, out, keepdims, **options)

    def prod(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        keepdims: bool = False,
        **options: Any,
    ) -> Tensor:
        """See ``np.prod``."""
        if dtype is out is None and not options:
            return self._apply(reductions.prod, self, axis, keepdims)
        return reductions.numpy_prod(self, axis, dtype, out, keepdims, **options)

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        ddof: float = 0,
        keepdims: bool = False,
        **options: Any,
    ) -> Tensor:
        """See ``np.var``."""
        if dtype is out is None and not options:
            return self._apply(reductions.var, self, axis, ddof, keepdims)
        return reductions.numpy_var(self, axis, dtype, out, ddof, keepdims, **options)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        ddof: float = 0,
        keepdims: bool = False,
        **options: Any,
    ) -> Tensor:
        """See ``np.std``."""
        if dtype is out is None and not options:
            return self._apply(reductions.std, self, axis, ddof, keepdims)
        return reductions.numpy_std(self, axis, dtype, out, ddof, keepdims, **options)

    def max(
        self, axis: Any = None, out: None = None, keepdims: bool = False, **options: Any
    ) -> Tensor:
        """See ``np.max``."""
        if out is None and not options:
            return self._apply(reductions.max, self, axis, keepdims)
        return self._apply(np.max, self, axis, out, keepdims, **options)

    def min(
        self, axis: Any = None, out: None = None, keepdims: bool = False, **options: Any
    ) -> Tensor:
        """See ``np.min``."""
        if out is None and not options:
            return self._apply(reductions.min, self, axis, keepdims)
        return self._apply(np.min, self, axis, out, keepdims, **options)

    def cumsum(self, axis: int | None = None, dtype: Any = None, out: None = None) -> Tensor:
        """See ``np.cumsum``."""
        return self._apply(np.cumsum, self, axis, dtype, out)

    def cumprod(self, axis: int | None = None, dtype: Any = None, out: None = None) -> Tensor:
        """See ``np.cumprod``."""
        return self._apply(np.cumprod, self, axis, dtype, out)

    def trace(
        self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None
    ) -> Tensor:
        """See ``np.trace``."""
        return self._apply(np.trace, self, offset, axis1, axis2, dtype, out)

    # -------------------------------------------------------------------------------- shaping

    def reshape(self, *shape: Any, order: Any = "C", copy: bool | None = None) -> Tensor:
        """See ``np.reshape``; the shape as one tuple or as several numbers."""
        shape = shape[0] if len(shape) == 1 else shape
        if copy is not None:  # since NumPy 2.1
            return self._apply(np.reshape, self, shape, order=order, copy=copy)
        if order != "C":
            return self._apply(np.reshape, self, shape, order=order)
        return self._apply_to_two(np.reshape, self, shape)

    def ravel(self, order: Any = "C") -> Tensor:
        """See ``np.ravel``."""
        return self.reshape((-1,)) if order == "C" else self._apply(np.ravel, self, order)

    def flatten(self, order: Any = "C") -> Tensor:
        """The same as :meth:`ravel`, and always a copy."""
        return self.ravel(order).copy()

    def transpose(self, *axes: Any) -> Tensor:
        """See ``np.transpose``; the axes as one tuple or as several numbers."""
        if len(axes) == 1 and not isinstance(axes[0], int):
            (axes,) = axes
        return self._apply_to_two(np.transpose, self, axes or None)

    def swapaxes(self, axis1: int, axis2: int, /) -> Tensor:
        """See ``np.swapaxes``."""
        return self._apply(np.swapaxes, self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Tensor:
        """See ``np.squeeze``."""
        return self._apply(np.squeeze, self, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """See ``np.diagonal``."""
        return self._apply(np.diagonal, self, offset, axis1, axis2)

    def repeat(self, repeats: Any, /, axis: int | None = None) -> Tensor:
        """See ``np.repeat``."""
        return self._apply(np.repeat, self, repeats, axis)

    def take(
        self, indices: Any, /, axis: int | None = None, out: None = None, mode: Any = "raise"
    ) -> Tensor:
        """See ``np.take``."""
        return self._apply(np.take, self, indices, axis, out, mode)

    def compress(self, /, condition: Any, axis: int | None = None, out: None = None) -> Tensor:
        """See ``np.compress``."""
        return self._apply(np.compress, condition, self, axis, out)

    def choose(self, /, choices: Any, out: None = None, mode: Any = "raise") -> Tensor:
        """See ``np.choose``."""
        return self._apply(np.choose, self, choices, out, mode)

    # ---------------------------------------------------------------------------- arithmetic

    def astype(
        self,
        dtype: Any,
        order: Any = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """The values in another dtype; a plain array if that is not a floating one."""
        dtype = np.dtype(dtype)
        if not copy and dtype == self.dtype:
            return self
        if order == "K" and casting == "unsafe":
            return self._apply(cast, self, dtype)
        return self._apply(cast, self, dtype, order=order, casting=casting)

    def copy(self, order: Any = "C") -> Tensor:
        """See ``np.copy``."""
        return self._apply(np.copy, self, order)

    def clip(self, min: Any = None, max: Any = None, out: None = None, **options: Any) -> Tensor:
        """See ``np.clip``."""
        return self._apply(np.clip, self, min, max, out, **options)

    def round(self, decimals: int = 0, out: None = None) -> Tensor:
        """See ``np.round``."""
        refuse_out(out, np.round)
        return self._apply(np.round, self, decimals)

    def conj(self) -> Tensor:
        """The array itself: tensors are real."""
        return self._apply(np.conjugate, self)

    conjugate = conj

    def dot(self, other: Any, /, out: None = None) -> Tensor:
        """See ``np.dot``."""
        refuse_out(out, np.dot)
        return self._apply(np.dot, self, other)

    # -------------------------------------------------------------- in-place methods of ndarray

    sort = in_place("sort", "np.sort(x) gives a new tensor")
    partition = in_place("partition", "np.partition(x, kth) gives a new tensor")
    resize = in_place("resize", "np.resize(x, shape) gives a new tensor")
    put = in_place("put", "tg.set_at(x, index, values) gives a new tensor")
    fill = in_place("fill", "x.assign(np.full_like(x, value)) overwrites a tensor as a whole")
    setfield = in_place("setfield", "tg.set_at(x, index, values) gives a new tensor")
    setflags = in_place("setflags", "set the flags of x.data")
