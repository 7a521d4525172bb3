"""The arrays that a function is recorded with, and what they write down of themselves.

A symbol knows its shape and dtype, speaks NumPy's protocols, and has no values to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import getitem
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorgrad.anomaly import calling_line
from tensorgrad.messages import name_of
from tensorgrad.mode import CaptureError
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from tensorgrad.compiler.recorder import Recorder


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """An array without values to look at: shape, dtype, and what is done to it."""

    __slots__ = ("example", "number", "recorder")

    def __init__(self, recorder: Recorder, number: int, example: Any) -> None:
        self.recorder = recorder
        self.number = number
        self.example = example

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(arg, Tensor) for arg in args):
            return NotImplemented
        out = kwargs.pop("out", None)
        if method == "at":
            self.recorder.replace(args[0], added_at, ufunc, *args)
            return None
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out is None:
            return self.recorder.call(function, args, kwargs)
        (target,) = out
        if not isinstance(target, Symbol):
            raise CaptureError(
                f"{name_of(ufunc)} overwrites an array from outside the function, which would "
                f"happen once only; return the new values; {calling_line()}"
            )
        self.recorder.replace(target, function, *args, **kwargs)
        return target

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        return self.recorder.call(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return self.recorder.call(getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.recorder.replace(self, stored, self, index, value)

    def __len__(self) -> int:
        return len(self.example)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        """Methods of ndarray, such as ``x.sum(axis=0)``."""
        method = getattr(np.ndarray, name, None)
        if method is None or name.startswith("__") or not callable(method):
            raise AttributeError(f"an array inside a compiled function has no {name}")
        return lambda *args, **kwargs: self.recorder.call(array_method, (self, name, *args), kwargs)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return np.shape(self.example)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return np.ndim(self.example)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.size(self.example))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return np.asarray(self.example).dtype

    @property
    def made_by(self) -> Callable[..., Any] | None:
        """The function that gave it; None for what was passed in."""
        steps = self.recorder.instructions
        return next((step.function for step in steps if step.result == self.number), None)

    @property
    def T(self) -> Any:
        """The axes in reverse order."""
        return self.recorder.call(np.transpose, (self,), {})

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return self.recorder.call(np.matrix_transpose, (self,), {})

    def _has_no_values(self, *_: Any, **__: Any) -> Any:
        raise CaptureError(
            "the function looks at the values of an array (in a branch, a conversion or a Python "
            "loop), and a recorded program could follow one way only. Use np.where, or leave this "
            f"part outside of what is compiled; {calling_line()}"
        )

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __array__ = _has_no_values
    item = tolist = tobytes = tofile = dump = dumps = _has_no_values

    def __repr__(self) -> str:
        return f"Symbol(%{self.number}: {self.dtype} {self.shape})"

    __hash__ = None  # type: ignore[assignment] - == compares the elements


def array_method(array: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """A method of an array, as a function; a number has the methods of an array of no axes."""
    if isinstance(array, int | float):
        array = np.asarray(array)
    return getattr(array, name)(*args, **kwargs)


def stored(array: Any, index: Any, values: Any) -> Any:
    """A copy of an array with values written at an index."""
    new = array.copy()
    new[index] = values
    return new


def added_at(ufunc: np.ufunc, array: Any, index: Any, *values: Any) -> Any:
    """What ``ufunc.at`` makes of an array, as a copy."""
    new = array.copy()
    ufunc.at(new, index, *values)
    return new
