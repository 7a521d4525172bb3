"""What comes in from outside, checked: arrays, cotangents, keywords of ufuncs."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from tensorgrad.messages import name_of
from tensorgrad.tape import as_array


def require_plain(array: Any) -> None:
    """Raise for subclasses of ndarray, to which operators and functions may mean something else.

    Rules written for arrays would be wrong for them: ``*`` multiplies matrices of ``np.matrix``.

    Raises
    ------
    TypeError
        If the array is of a subclass, other than an array in a file.
    """
    if isinstance(array, np.ndarray) and type(array) not in (np.ndarray, np.memmap):
        raise TypeError(
            f"{type(array).__module__}.{type(array).__name__} is a kind of ndarray whose "
            "operations may mean something else, and derivatives are known for plain arrays; pass "
            "np.asarray(x), and the values of a masked array with weights or np.where in place of "
            "the mask"
        )


def require_real(array: Any) -> None:
    """Raise unless it is a plain array of real numbers.

    Raises
    ------
    TypeError
        If it is complex, not numeric, or of a subclass of ndarray.
    """
    if array.dtype.kind == "c":
        raise TypeError(
            f"complex input ({array.dtype}); tensorgrad differentiates real functions of real "
            "arrays. Pass the real and the imaginary part as two arrays."
        )
    require_plain(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"a tensor holds real numbers, and this is an array of dtype {array.dtype}; convert "
            "it to a numeric dtype first"
        )


def cotangent_like(data: Any, cotangent: Any) -> Any:
    """The cotangent to go back with, in the dtype of the data; a scalar's own is one.

    Raises
    ------
    RuntimeError
        If there is none, and the data are not a scalar.
    ValueError
        If the shape is another.
    TypeError
        If it does not hold real numbers.
    """
    if cotangent is None:
        if data.ndim:
            raise RuntimeError(
                f"backward() on a tensor of shape {data.shape} needs a cotangent of that shape; "
                "only of a scalar is the gradient defined without one. Did you mean "
                "t.sum().backward()?"
            )
        return unit(data.dtype) if type(data) is np.ndarray else np.ones_like(data)
    cotangent = as_array(cotangent)
    require_real(cotangent)
    if cotangent.dtype != data.dtype:
        cotangent = cotangent.astype(data.dtype)
    if cotangent.shape != data.shape:
        raise ValueError(
            f"the cotangent has shape {cotangent.shape}, the tensor has shape {data.shape}"
        )
    return cotangent


@cache
def unit(dtype: np.dtype[Any]) -> np.ndarray:
    """The one array that is the cotangent of a scalar with respect to itself."""
    one = np.ones((), dtype)
    one.flags.writeable = False
    return one


def ufunc_keywords(
    ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Deal with the keywords that all ufuncs share, which no rule should have to know."""
    if any(out is not None for out in kwargs.pop("out", ()) or ()):
        raise TypeError(
            f"{name_of(ufunc)} with out= would overwrite an array behind the tape's back; use the "
            "result it returns (x = x + t, not x += t), or the values, t.data, if no gradient is "
            "wanted"
        )
    if method != "__call__":
        return args, kwargs
    dtype = kwargs.pop("dtype", None)
    if dtype is not None:
        args = tuple(arg.astype(dtype) if hasattr(arg, "astype") else arg for arg in args)
    for name in ("subok", "order"):
        kwargs.pop(name, None)
    if kwargs and ufunc.signature is None:  # rules of np.matmul and its like know `axes`
        raise TypeError(
            f"{name_of(ufunc)} on a tensor does not take {', '.join(kwargs)}; use np.where, "
            "np.moveaxis or astype around the call"
        )
    return args, kwargs


FEW = 128
"""Elements up to which NumPy adds up without halving, so that a product with ones is as exact."""


@lru_cache(maxsize=64)
def ones(count: int, dtype: np.dtype[Any]) -> np.ndarray:
    """A vector to add up with: a small product takes a third of what the sum over rows takes."""
    vector = np.ones(count, dtype)
    vector.flags.writeable = False
    return vector
