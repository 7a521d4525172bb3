"""Making tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tensorgrad.tensor import Tensor, real_array


def tensor(data: ArrayLike, dtype: DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor that owns a copy of the data.

    Parameters
    ----------
    data : array_like
        Real numbers.
    dtype : dtype, optional
        Convert to this dtype.
    requires_grad : bool
        Whether operations on the tensor are recorded.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If the data are complex, not numeric, or integers that should require a gradient.

    Examples
    --------
    >>> tensor([1, 2], dtype=np.float32, requires_grad=True)
    Tensor([1., 2.], dtype=float32, requires_grad=True)
    """
    values = real_array(data)
    return Tensor(values.astype(dtype or values.dtype), requires_grad)


def array(nested: Any, dtype: DTypeLike | None = None) -> Tensor:
    """Build a tensor from nested lists that hold tensors, arrays and numbers.

    Gradients flow into the tensors. Python numbers take on the dtype of the rest.

    Parameters
    ----------
    nested : tensor, array_like, or nested lists and tuples of them
        All parts of one level have one shape.
    dtype : dtype, optional
        Of the result; by default what NumPy's promotion gives.

    Returns
    -------
    Tensor
        A new array, also where one array or tensor was given.

    Raises
    ------
    ValueError
        If the parts have different shapes.
    TypeError
        If a part is complex or not numeric.

    Examples
    --------
    >>> t = tensor(2.0, requires_grad=True)
    >>> m = array([[t, 1.0], [0.0, t * t]])
    >>> np.linalg.det(m).backward()
    >>> t.grad
    array(12.)
    """
    dtype = _common_dtype(nested) if dtype is None else np.dtype(dtype)
    real_array(np.empty(0, dtype))  # raises before anything is built
    built = _built(nested, dtype)
    return built if isinstance(built, Tensor) else Tensor(built)


def _built(nested: Any, dtype: np.dtype[Any]) -> Any:
    """A tensor if there are any in the lists, otherwise an array."""
    if isinstance(nested, list | tuple):
        if any(isinstance(leaf, Tensor) for leaf in _leaves(nested)):
            return np.stack([_built(part, dtype) for part in nested])
    elif hasattr(nested, "astype"):
        return nested.astype(dtype)
    return np.array(nested, dtype)


def _common_dtype(nested: Any) -> np.dtype[Any]:
    """What NumPy promotes all parts to; Python numbers adapt to the others."""
    kinds: dict[Any, Any] = {}
    for leaf in _leaves(nested):
        if isinstance(leaf, bool | int | float) and not isinstance(leaf, np.generic):
            kinds[type(leaf)] = leaf
        else:
            kind = leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype
            kinds[kind] = kind
    return np.result_type(*kinds.values()) if kinds else np.dtype(float)


def _leaves(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list | tuple):
        for part in nested:
            yield from _leaves(part)
    else:
        yield nested
