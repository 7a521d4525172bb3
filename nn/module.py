"""Modules: a layer is its fields and one method, ``forward``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from reprlib import recursive_repr
from typing import Any, Self

import numpy as np

from nn.parameters import Buffer, Parameter
from tensorgrad import Tensor
from tensorgrad.mutation import numbers


class Module:
    """Base class of layers, losses and models.

    A subclass sets its parameters and parts as attributes, in ``__init__``, and computes its output
    in ``forward``, with NumPy and ``tensorgrad`` functions. Parameters are found by looking through
    the attributes: modules and parameters themselves, and those in lists, tuples and dicts.

    Attributes
    ----------
    training : bool
        Whether layers that behave differently in training, such as dropout, do so now; set with
        :meth:`train` and :meth:`eval`.

    Examples
    --------
    >>> class Scale(Module):
    ...     def __init__(self, width):
    ...         self.factor = Parameter(np.ones(width))
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale(2)
    >>> scale
    Scale(factor: (2,))
    >>> loss = np.sum(scale(np.array([[1.0, 2.0], [3.0, 4.0]])))
    >>> loss.backward()
    >>> scale.factor.grad
    array([4., 6.])
    """

    training: bool = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every module defines it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return ``forward(...)``, and note on the tape which operations this module recorded."""
        start = next(numbers)
        output = self.forward(*args, **kwargs)
        # Older nodes were not made here: a module may hand on its input, or a parameter.
        if isinstance(output, Tensor) and (node := output.node) is not None and node.number > start:
            node.group = (start, self, node.group)
        return output

    # ------------------------------------------------------------------------- what it is made of

    def parameters(self) -> list[Parameter]:
        """All parameters, each once, in the order of the attributes."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        """Names such as ``"layers.0.weight"``, and the parameters.

        A parameter that is used in several places has the first of its names.

        Examples
        --------
        >>> from nn import Linear, Sequential
        >>> [name for name, _ in Sequential(Linear(2, 3), Linear(3, 1)).named_parameters()]
        ['layers.0.weight', 'layers.0.bias', 'layers.1.weight', 'layers.1.bias']
        """
        return [(name, part) for name, part in _parts(self) if isinstance(part, Parameter)]

    def buffers(self) -> list[Buffer]:
        """All buffers, each once, in the order of the attributes."""
        return [buffer for _, buffer in self.named_buffers()]

    def named_buffers(self) -> list[tuple[str, Buffer]]:
        """Names such as ``"layers.1.running_mean"``, and the buffers.

        Examples
        --------
        >>> from nn import BatchNorm1d
        >>> [name for name, _ in BatchNorm1d(3).named_buffers()]
        ['running_mean', 'running_var']
        """
        return [(name, part) for name, part in _parts(self) if isinstance(part, Buffer)]

    def named_generators(self) -> list[tuple[str, np.random.Generator]]:
        """Names such as ``"layers.2.rng"``, and what layers draw random numbers from.

        Examples
        --------
        >>> from nn import Dropout
        >>> Dropout(0.5, rng=0).named_generators()
        [('rng', Generator(PCG64) at ...)]
        """
        generator = np.random.Generator
        return [(name, part) for name, part in _parts(self) if isinstance(part, generator)]

    def modules(self) -> list[Module]:
        """List this module and all below it, each once, from the outside in."""
        return [module for _, module in self.named_modules()]

    def named_modules(self) -> list[tuple[str, Module]]:
        """Names such as ``"layers.0"``, and the modules; this module's own name is empty.

        Examples
        --------
        >>> from nn import Linear, Sequential
        >>> [name for name, _ in Sequential(Linear(2, 3), Linear(3, 1)).named_modules()]
        ['', 'layers.0', 'layers.1']
        """
        return [(name, part) for name, part in _parts(self) if isinstance(part, Module)]

    # --------------------------------------------------------------------------------------- state

    def train(self, mode: bool = True) -> Self:
        """Set this module, and all below it, to training or, with False, to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set this module, and all below it, to evaluation."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of the values of all parameters and buffers, by name."""
        return {name: tensor.data.copy() for name, tensor in self._named_tensors()}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Overwrite the values of all parameters and buffers.

        Parameters
        ----------
        state : mapping of str to array_like
            An array for every name in :meth:`named_parameters` and :meth:`named_buffers`, of the
            shape that it has there. It is cast to the dtype that it has there.

        Returns
        -------
        Module
            This module.

        Raises
        ------
        ValueError
            If names are missing or unknown, or an array does not fit; the message lists all of
            it, and nothing is changed.

        Examples
        --------
        >>> from nn import Linear
        >>> first, second = Linear(2, 3), Linear(2, 3)
        >>> bool(np.all(second.load_state_dict(first.state_dict()).weight == first.weight))
        True
        """
        tensors = dict(self._named_tensors())
        arrays = {
            name: np.asarray(value.data if isinstance(value, Tensor) else value)
            for name, value in state.items()
        }
        problems = [f"{name} is missing" for name in tensors.keys() - arrays.keys()]
        problems += [f"{name} is not in the model" for name in arrays.keys() - tensors.keys()]
        for name, array in arrays.items():
            expected = tensors.get(name, array)
            if array.shape != expected.shape:
                problems.append(f"{name} has shape {array.shape}, expected {expected.shape}")
            if not np.can_cast(array.dtype, expected.dtype, casting="same_kind"):
                problems.append(f"{name} has dtype {array.dtype}, expected {expected.dtype}")
        if problems:
            raise ValueError(
                f"the state does not fit this {type(self).__name__}: {'; '.join(sorted(problems))}"
            )
        for name, tensor in tensors.items():
            tensor.assign(arrays[name])
        return self

    def update_buffers(self, **values: Any) -> None:
        """Give buffers of this module new values, with nothing to be differentiated.

        A layer calls this in its ``forward``. The buffers are overwritten in place; within
        :func:`nn.functional_call` they are those of the call, and the module stays as it is.

        Parameters
        ----------
        **values : array or Tensor
            By the names of the attributes.

        Examples
        --------
        >>> class Counter(Module):
        ...     def __init__(self):
        ...         self.calls = Buffer(np.zeros(()))
        ...
        ...     def forward(self, x):
        ...         self.update_buffers(calls=self.calls + 1)
        ...         return x
        >>> counter = Counter()
        >>> counter(counter(1.0)), counter.calls
        (1.0, Buffer(2.))
        """
        for name, value in values.items():
            value = value.data if isinstance(value, Tensor) else value
            buffer = getattr(self, name)
            if isinstance(buffer, Buffer):
                buffer.assign(value)
            else:  # a copy of this module, which holds arrays in place of buffers
                setattr(self, name, value)

    def _named_tensors(self) -> list[tuple[str, Parameter | Buffer]]:
        return [(name, p) for name, p in _parts(self) if isinstance(p, Parameter | Buffer)]

    def for_inference(self) -> Self:
        """A copy in evaluation mode that holds plain arrays in place of parameters and buffers.

        On arrays it computes with NumPy alone, at NumPy's speed, and gives arrays. The arrays are
        shared: the copy follows an optimizer step, ``assign`` and ``load_state_dict``.

        Examples
        --------
        >>> from nn import Linear
        >>> type(Linear(2, 1).for_inference()(np.zeros(2))).__name__
        'ndarray'
        """

        def plain(part: Tensor | np.random.Generator) -> Any:
            return part.data if isinstance(part, Tensor) else part

        return rebuilt(self, plain, {}).eval()

    @recursive_repr()
    def __repr__(self) -> str:
        fields, parts = [], []
        for path, value in _attributes(self):
            if isinstance(value, Module):
                parts.append(f"{path}: {value!r}")
            elif isinstance(value, Parameter):
                fields.append(f"{path}: {value.shape}")
            elif isinstance(value, bool | int | float | str) and path in vars(self):
                fields.append(f"{path}={value!r}")
        if not parts:
            return f"{type(self).__name__}({', '.join(fields)})"
        lines = ([", ".join(fields)] if fields else []) + parts
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"


def called_in_turn(layers: Iterable[Any], x: Any) -> Any:
    """What comes out of the last layer, if each is called with the output of the one before.

    What ``Module.__call__`` does is written out: to call an object leaves the interpreter, and
    packs and unpacks the arguments.
    """
    call_of_modules = Module.__call__
    for layer in layers:
        if type(layer).__call__ is not call_of_modules:
            x = layer(x)
            continue
        start = next(numbers)
        x = layer.forward(x)
        if isinstance(x, Tensor) and (node := x.node) is not None and node.number > start:
            node.group = (start, layer, node.group)
    return x


# ------------------------------------------------------------------------------ walking attributes


def _parts(root: Module) -> Iterator[tuple[str, Any]]:
    """Modules, parameters, buffers and generators, with their paths, outside in, each once."""
    shown = Module | Parameter | Buffer | np.random.Generator
    walked = shown | list | tuple | dict
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        path, value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, shown):
            yield path, value
        stack += [
            (f"{path}.{name}" if path else str(name), child)
            for name, child in reversed(_children(value))
            if isinstance(child, walked)
        ]


def _children(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Module):
        return list(vars(value).items())
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    return []


def rebuilt(
    value: Any, replace: Callable[[Tensor | np.random.Generator], Any], done: dict[int, Any]
) -> Any:
    """A copy of a structure of modules, with ``replace(...)`` of every tensor and generator.

    ``done`` maps what was met before to its copy, so that what was shared stays shared.
    """
    replaced = Tensor | np.random.Generator
    if not isinstance(value, replaced | Module | list | tuple | dict):
        return value
    key = id(value)
    if key in done:
        return done[key]
    if isinstance(value, replaced):
        done[key] = replace(value)
    elif isinstance(value, tuple):
        parts = [rebuilt(part, replace, done) for part in value]
        done[key] = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    else:
        # The copy is noted before it is filled: a part may lead back to the whole.
        new = object.__new__(type(value)) if isinstance(value, Module) else value.copy()
        done[key] = new
        target: Any = vars(new) if isinstance(new, Module) else new
        for name, child in _children(value):
            target[name] = rebuilt(child, replace, done)
    return done[key]


def _attributes(module: Module) -> Iterator[tuple[str, Any]]:
    """What a module shows of itself: its public attributes, with lists, tuples and dicts opened."""
    stack = [
        (name, value)
        for name, value in reversed(vars(module).items())
        if name != "training" and not name.startswith("_")
    ]
    while stack:
        path, value = stack.pop()
        if isinstance(value, list | tuple | dict):
            stack += [(f"{path}.{name}", child) for name, child in reversed(_children(value))]
        else:
            yield path, value
