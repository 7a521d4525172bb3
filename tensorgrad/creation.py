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
    data = data.data if isinstance(data, Tensor) else data
    return Tensor(real_array(data).astype(dtype or real_array(data).dtype), requires_grad)


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

    Raises
    ------
    ValueError
        If the parts have different shapes.

    Examples
    --------
    >>> t = tensor(2.0, requires_grad=True)
    >>> m = array([[t, 1.0], [0.0, t * t]])
    >>> np.linalg.det(m).backward()
    >>> t.grad
    array(12.)
    """
    if dtype is None:
        dtype = np.result_type(*_leaves(nested))
    if isinstance(nested, Tensor):
        return nested.astype(dtype)
    if isinstance(nested, list | tuple) and any(isinstance(x, Tensor) for x in _leaves(nested)):
        return np.stack([array(part, dtype) for part in nested])  # type: ignore[return-value]
    return Tensor(np.asarray(nested, dtype))


def _leaves(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list | tuple):
        for part in nested:
            yield from _leaves(part)
    else:
        yield nested.data if isinstance(nested, Tensor) else nested
