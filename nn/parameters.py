"""Tensors that belong to a module: parameters, which training changes, and buffers."""

from __future__ import annotations

from numpy.typing import ArrayLike

from tensorgrad import Tensor


class Parameter(Tensor):
    """A tensor that training changes: what :meth:`Module.parameters` finds.

    Parameters
    ----------
    data : array_like
        Floating-point numbers. An ndarray is shared, not copied.
    requires_grad : bool
        Whether gradients are computed for it.

    Raises
    ------
    TypeError
        If the data are not real floating-point numbers.

    Examples
    --------
    >>> import numpy as np
    >>> Parameter(np.ones(2))
    Parameter([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)


class Buffer(Tensor):
    """A tensor that belongs to the state of a module and that no gradient changes.

    It is saved and loaded with the parameters, and optimizers leave it alone: the running
    statistics of :class:`nn.BatchNorm1d`, for instance. :meth:`Module.update_buffers` changes it.

    Parameters
    ----------
    data : array_like
        Real numbers. An ndarray is shared, not copied.

    Examples
    --------
    >>> import numpy as np
    >>> Buffer(np.zeros(2))
    Buffer([0., 0.])
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike) -> None:
        super().__init__(data)
