"""A module as a function of its parameters, buffers and random generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nn.module import Buffer, Module, rebuilt
from tensorgrad import Tensor


def functional_call(module: Module, state: Mapping[str, Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a module with other values in place of its parameters, buffers and generators.

    It makes a model a function of its parameters, which the transforms differentiate:
    ``tg.grad(lambda p: loss(functional_call(model, p, x)))(parameters)``.

    Parameters
    ----------
    module : Module
        It is left as it is, its buffers included.
    state : mapping of str to array, Tensor or numpy.random.Generator
        By the names of :meth:`Module.named_parameters`, :meth:`Module.named_buffers` and
        :meth:`Module.named_generators`; what is not given stays what it is.
    *args, **kwargs
        What to call the module with.

    Returns
    -------
    ndarray or Tensor
        The output of the module.

    Raises
    ------
    ValueError
        If the module has nothing of a name.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import Linear
    >>> functional_call(Linear(1, 1), {"weight": np.array([[3.0]])}, np.array([2.0])).data
    array([6.])
    """
    return copy_with(module, state, {})(*args, **kwargs)


def functional_call_with_buffers(
    module: Module, state: Mapping[str, Any], /, *args: Any, **kwargs: Any
) -> tuple[Any, dict[str, Any]]:
    """Call a module as :func:`functional_call` does, and return what became of its buffers.

    Parameters
    ----------
    module, state, *args, **kwargs
        As for :func:`functional_call`.

    Returns
    -------
    output : ndarray or Tensor
        The output of the module.
    buffers : dict of str to array
        The values of all buffers after the call, by name.

    Raises
    ------
    ValueError
        If the module has nothing of a name.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import BatchNorm1d
    >>> layer = BatchNorm1d(1, momentum=0.5, dtype=np.float64)
    >>> output, buffers = functional_call_with_buffers(layer, {}, np.array([[1.0], [3.0]]))
    >>> buffers
    {'running_mean': array([1.]), 'running_var': array([1.5])}
    >>> layer.running_mean
    Buffer([0.])
    """
    copies: dict[int, Any] = {}
    output = copy_with(module, state, copies)(*args, **kwargs)
    return output, buffers_after(module, copies)


def buffers_after(module: Module, copies: Mapping[int, Any]) -> dict[str, Any]:
    """The values of the buffers of a copy that was called, by their names in the module.

    Parameters
    ----------
    module : Module
        The original.
    copies : mapping of int to object
        As :func:`copy_with` filled it.
    """
    names = {id(buffer): name for name, buffer in module.named_buffers()}
    buffers = {name: copies[key] for key, name in names.items()}
    for part in module.modules():
        for attribute, value in vars(part).items():
            if isinstance(value, Buffer):
                buffers[names[id(value)]] = vars(copies[id(part)])[attribute]
    return {name: b.data if isinstance(b, Tensor) else b for name, b in buffers.items()}


def copy_with(module: Module, state: Mapping[str, Any], copies: dict[int, Any]) -> Module:
    """A copy of a module that holds other values, and none of the buffers it was made of.

    Parameters
    ----------
    module, state
        As for :func:`functional_call`.
    copies : dict of int to object
        What stands for each part of the module is added to it, by the ``id`` of the part.

    Raises
    ------
    ValueError
        If the module has nothing of a name.
    """
    own: dict[str, Any] = {
        **dict(module.named_parameters()),
        **dict(module.named_buffers()),
        **dict(module.named_generators()),
    }
    unknown = sorted(state.keys() - own.keys())
    if unknown:
        raise ValueError(
            f"{type(module).__name__} has no {', '.join(unknown)}; it has "
            f"{', '.join(own) or 'none'}"
        )
    values = {id(own[name]): value for name, value in state.items()}

    def replacement(part: Tensor | np.random.Generator) -> Any:
        value = values.get(id(part), part)
        return value.data if isinstance(value, Buffer) else value

    return rebuilt(module, replacement, copies)
