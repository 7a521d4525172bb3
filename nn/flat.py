"""One array that holds the values of many parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tensorgrad import Tensor
from tensorgrad.blas import add_multiple
from tensorgrad.mutation import mutations

multiply, subtract = np.multiply, np.subtract

IN_CACHE = 32768
"""Elements up to which a second pass over an array costs less than calls for each parameter."""


class FlatBuffer:
    """Values of parameters in one array, each parameter's ``data`` a view of its part.

    What is done to all parameters (an optimizer step, a copy, a sum over processes) is then one
    call on one array, whatever the number of layers. Parameters that lie one behind another in
    one array already stay where they are, so several buffers over the same parameters share it.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves of one floating dtype. Their order is that of the array.

    Attributes
    ----------
    parameters : list of Tensor
        Each once.
    values : ndarray
        Of shape (total number of elements,). Change it through :meth:`assign`, :meth:`subtract`
        and :meth:`descend`, or say so with :meth:`overwritten`: a backward pass over older values
        must notice.
    places : list of slice
        Where the elements of each parameter are.

    Raises
    ------
    TypeError
        If something among the parameters is not a tensor.
    ValueError
        If there are no parameters, one of them is not a leaf, or their dtypes differ.

    Examples
    --------
    >>> from nn import Linear
    >>> layer = Linear(2, 1, rng=0)
    >>> buffer = FlatBuffer(layer.parameters())
    >>> buffer.assign([1.0, 2.0, 3.0])
    >>> layer.weight.data.ravel(), layer.bias.data
    (array([1., 2.], dtype=float32), array([3.], dtype=float32))
    """

    def __init__(self, parameters: Iterable[Tensor]) -> None:
        self.parameters = _distinct_leaves(parameters)
        shared = _shared_values(self.parameters)
        self.values: np.ndarray = _packed(self.parameters) if shared is None else shared
        self._gradients = np.empty_like(self.values)
        self.places = _places(self.parameters)
        slots = _views(self._gradients, self.parameters)
        self._pieces = [(p, p.data, slot) for p, slot in zip(self.parameters, slots, strict=True)]

    def gradients(self) -> np.ndarray:
        """Gradients of all parameters, zero where there is none.

        Returns
        -------
        ndarray
            Of the shape of ``values``; overwritten by the next call.
        """
        for parameter, view, slot in self._pieces:
            if parameter.data is not view:
                _take_back(parameter, view)
            gradient = parameter.grad
            slot[...] = 0 if gradient is None else gradient
        return self._gradients

    def descend(self, rate: np.ndarray) -> None:
        """Subtract ``rate`` times the gradients from the values, in place.

        Parameters
        ----------
        rate : 0-d array
            In the dtype of the values.
        """
        for parameter in self.parameters:
            if parameter.grad is not None:
                break
        else:
            return
        if self.values.size > IN_CACHE and self._gradients_are_plain():
            self._take_all_back()
            for parameter, view, _ in self._pieces:
                if parameter.grad is not None:
                    add_multiple(view.reshape(-1), -float(rate), parameter.grad.reshape(-1))
        else:
            update = self.gradients()
            multiply(update, rate, update)
            subtract(self.values, update, self.values)
        mutations.stamp(self.values)

    def _gradients_are_plain(self) -> bool:
        """Whether they can be used where they are, rather than copied in one piece first."""
        return all(
            parameter.grad is None
            or (
                type(parameter.grad) is np.ndarray
                and parameter.grad.dtype == view.dtype
                and parameter.grad.shape == view.shape
                and not np.may_share_memory(parameter.grad, self.values)
            )
            for parameter, view, _ in self._pieces
        )

    def subtract(self, update: np.ndarray) -> None:
        """Subtract an array of the shape of ``values`` from them, in place."""
        subtract(self.values, update, self.values)
        mutations.stamp(self.values)

    def overwritten(self) -> None:
        """Note that ``values`` was just written to, in place."""
        mutations.stamp(self.values)

    def assign(self, values: Any) -> None:
        """Overwrite the values, in place.

        Raises
        ------
        ValueError
            If the shape differs.
        """
        array = np.asarray(values)
        if array.shape != self.values.shape:
            raise ValueError(f"got values of shape {array.shape}, expected {self.values.shape}")
        self._take_all_back()
        np.copyto(self.values, array, casting="same_kind")
        mutations.stamp(self.values)

    def copy(self) -> np.ndarray:
        """A copy of the values."""
        self._take_all_back()
        return self.values.copy()

    def _take_all_back(self) -> None:
        for parameter, view, _ in self._pieces:
            if parameter.data is not view:
                _take_back(parameter, view)

    def __reduce__(self) -> tuple[Any, ...]:
        # A copied parameter owns its values, so the copies are packed anew.
        return FlatBuffer, (self.parameters,)


def _distinct_leaves(parameters: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        raise TypeError("expected a list of parameters, got a single tensor; put it into a list")
    distinct = list({id(parameter): parameter for parameter in parameters}.values())
    if not distinct:
        raise ValueError(
            "there are no parameters; they are found if they are attributes of modules, or in "
            "lists, tuples and dicts there"
        )
    for parameter in distinct:
        if not isinstance(parameter, Tensor):
            raise TypeError(f"expected parameters, got {type(parameter).__name__}")
        if not parameter.is_leaf:
            raise ValueError(
                f"a tensor of shape {parameter.shape} was computed from others and cannot be "
                "optimized; pass what it was computed from"
            )
    dtypes = sorted({str(parameter.dtype) for parameter in distinct})
    if len(dtypes) > 1 or distinct[0].dtype.kind != "f":
        raise ValueError(
            f"parameters are of dtype {', '.join(dtypes)}, expected one floating dtype for all; "
            "create the layers with the same dtype"
        )
    return distinct


def _shared_values(parameters: list[Tensor]) -> np.ndarray | None:
    """The array in which the parameters lie one behind another, if there is one."""
    base = parameters[0].data.base
    if not isinstance(base, np.ndarray) or base.ndim != 1 or base.dtype != parameters[0].dtype:
        return None
    start = stop = _address(parameters[0].data)
    for parameter in parameters:
        data = parameter.data
        if data.base is not base or not data.flags.carray or _address(data) != stop:
            return None
        stop += data.nbytes
    first = (start - _address(base)) // base.itemsize
    return base[first : first + (stop - start) // base.itemsize]


def _packed(parameters: list[Tensor]) -> np.ndarray:
    """Copy the values into a new array, and make the parameters views of it."""
    values = np.concatenate([parameter.data.ravel() for parameter in parameters])
    for parameter, view in zip(parameters, _views(values, parameters), strict=True):
        _move(parameter, view)
    return values


def _views(flat: np.ndarray, parameters: list[Tensor]) -> list[np.ndarray]:
    """Parts of a flat array in the shapes of the parameters."""
    pairs = zip(parameters, _places(parameters), strict=True)
    return [flat[place].reshape(parameter.shape) for parameter, place in pairs]


def _places(parameters: list[Tensor]) -> list[slice]:
    places, start = [], 0
    for parameter in parameters:
        stop = start + math.prod(parameter.shape)
        places.append(slice(start, stop))
        start = stop
    return places


def _take_back(parameter: Tensor, view: np.ndarray) -> None:
    """Bring a parameter whose ``data`` was set to another array back into the buffer."""
    if parameter.shape != view.shape:
        raise ValueError(
            f"a parameter of shape {view.shape} was given data of shape {parameter.shape} after "
            "its optimizer was made; make a new optimizer"
        )
    view[...] = parameter.data
    mutations.stamp(view)
    _move(parameter, view)


def _move(parameter: Tensor, view: np.ndarray) -> None:
    parameter.data = view
    parameter.requires_grad = parameter.requires_grad  # the node of a leaf holds its data


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
