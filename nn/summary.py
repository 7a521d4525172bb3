"""A table of what a model is made of, from one real forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from nn.module import Module, rebuilt
from tensorgrad import Tensor
from tensorgrad.costs import multiply_adds
from tensorgrad.mode import changed_mode
from tensorgrad.mutation import numbers
from tensorgrad.node import Node
from tensorgrad.structure import flatten, map_leaves


class Row(NamedTuple):
    """One module of a model."""

    layer: str
    """Its name within the model, ``"layers.0"``; empty for the model itself."""
    type: str
    """Its class."""
    output_shape: Any
    """A shape, or shapes in the structure of the output; None if the module was not called."""
    parameters: int
    """How many numbers it holds itself: those of modules inside are counted there."""
    multiply_adds: int
    """Of all its calls, those of modules inside left out."""


class Summary:
    """What :func:`summary` returns: a table that prints itself, with its rows as data.

    Attributes
    ----------
    rows : list of Row
        In the order of the first calls.
    parameters, trainable_parameters : int
        How many numbers the model holds, and how many of them require a gradient.
    multiply_adds : int
        Of the forward pass.
    inputs : list of ndarray
        What the model was called with.
    """

    def __init__(self, rows: list[Row], trainable_parameters: int, inputs: list[Any]) -> None:
        self.rows = rows
        self.parameters = sum(row.parameters for row in rows)
        self.trainable_parameters = trainable_parameters
        self.multiply_adds = sum(row.multiply_adds for row in rows)
        self.inputs = inputs

    def __str__(self) -> str:
        header = ("Layer", "Type", "Output shape", "Parameters", "Multiply-adds")
        lines = [
            (
                row.layer or "(model)",
                row.type,
                "not called" if row.output_shape is None else str(row.output_shape),
                f"{row.parameters:,}",
                f"{row.multiply_adds:,}",
            )
            for row in self.rows
        ]
        total = ("Total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}")
        widths = [max(map(len, column)) for column in zip(header, *lines, total, strict=True)]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        table = [_line(header, widths), rule, *(_line(line, widths) for line in lines)]
        inputs = ", ".join(f"{array.dtype} {array.shape}" for array in self.inputs)
        foot = f"Input: {inputs}"
        if self.trainable_parameters != self.parameters:
            foot += f"; trainable parameters: {self.trainable_parameters:,}"
        return "\n".join([*table, rule, _line(total, widths), foot])

    __repr__ = __str__


def summary(model: Module, *inputs: Any) -> Summary:
    """List the layers of a model, with output shapes, parameters and multiply-adds.

    The model is called once, in evaluation mode, on a copy of its modules: nothing about it
    changes. Multiply-adds are counted from the operations that are recorded, so those of layers of
    your own count as well; see :func:`tensorgrad.costs.multiply_adds` for what is counted.

    Parameters
    ----------
    model : Module
        Any module.
    *inputs : array_like, Tensor or tuple of int
        What to call it with. A tuple of integers is a shape, for which random numbers between 0
        and 1 are drawn, in the dtype of the model's parameters.

    Returns
    -------
    Summary
        ``print`` shows the table. A module that is called several times has one row, with the
        shape of its last output.

    Raises
    ------
    TypeError
        If this is not a module, or there is no input.

    Examples
    --------
    >>> from nn import Linear, Sequential, Tanh
    >>> model = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
    >>> table = summary(model, (32, 2))
    >>> table
    Layer     Type        Output shape  Parameters  Multiply-adds
    -------------------------------------------------------------
    (model)   Sequential  (32, 1)                0              0
    layers.0  Linear      (32, 8)               24            512
    layers.1  Tanh        (32, 8)                0              0
    layers.2  Linear      (32, 1)                9            256
    -------------------------------------------------------------
    Total                                       33            768
    Input: float32 (32, 2)
    >>> table.rows[1].output_shape, table.multiply_adds
    ((32, 8), 768)
    """
    if not isinstance(model, Module):
        hint = "; pass its .model" if isinstance(getattr(model, "model", None), Module) else ""
        raise TypeError(f"summary() takes a Module, not a {type(model).__name__}{hint}")
    if not inputs:
        raise TypeError("summary() needs an input for the model: an array, or a shape as a tuple")
    arrays = [_array(value, model) for value in inputs]
    observed: Module = rebuilt(model, lambda tensor: tensor, {})
    observed.eval()
    modules = dict(observed.named_modules())
    calls = _Calls()
    for name, module in modules.items():
        calls.observe(name, module)
    with changed_mode(recording=True):
        observed(*map(_recorded, arrays))
    sizes = _own_sizes(model, modules)
    rows = [
        Row(
            name,
            type(modules[name]).__name__,
            calls.shapes.get(name),
            sizes[name],
            calls.multiply_adds.get(name, 0),
        )
        for name in {**calls.shapes, **modules}
    ]
    trainable = sum(p.size for p in model.parameters() if p.requires_grad)
    return Summary(rows, trainable, arrays)


class _Calls:
    """What happened when the modules of a model were called."""

    def __init__(self) -> None:
        self.shapes: dict[str, Any] = {}
        self.multiply_adds: dict[str, int] = {}
        self._counted: set[Node] = set()

    def observe(self, name: str, module: Module) -> None:
        """Note shape and cost of whatever the module's ``forward`` gives from now on."""
        forward: Callable[..., Any] = module.forward

        def noted(*args: Any, **kwargs: Any) -> Any:
            start = next(numbers)
            self.shapes.setdefault(name, None)  # an outer module comes before its parts
            output = forward(*args, **kwargs)
            self.shapes[name] = map_leaves(np.shape, output)
            # Parts have returned by now, and taken what is theirs.
            new = self._new_multiply_adds(output, start)
            self.multiply_adds[name] = self.multiply_adds.get(name, 0) + new
            return output

        vars(module)["forward"] = noted

    def _new_multiply_adds(self, output: Any, start: int) -> int:
        tensors = [leaf for leaf in flatten(output)[0] if isinstance(leaf, Tensor)]
        made = _made_since(start, (tensor.node for tensor in tensors)) - self._counted
        self._counted |= made
        return sum(map(multiply_adds, made))


def _made_since(start: int, nodes: Iterable[Node | None]) -> set[Node]:
    """The operations that these were computed by, from a number on."""
    made: set[Node] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node is not None and node.function and node.number > start and node not in made:
            made.add(node)
            stack += node.sources
    return made


def _own_sizes(model: Module, names: Iterable[str]) -> dict[str, int]:
    """How many numbers each module holds without those of modules inside, by its name."""
    sizes = dict.fromkeys(names, 0)
    for name, parameter in model.named_parameters():
        owner = name
        while owner not in sizes:  # "blocks.0.weights.1" may belong to "blocks.0"
            owner = owner.rpartition(".")[0]
        sizes[owner] += parameter.size
    return sizes


def _array(value: Any, model: Module) -> Any:
    if isinstance(value, tuple) and all(isinstance(length, int) for length in value):
        dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
        return np.random.default_rng(0).random(value).astype(dtype)
    return value.data if isinstance(value, Tensor) else np.asarray(value)


def _recorded(array: Any) -> Any:
    """The input as a tensor from which everything is recorded; indices stay an array."""
    return Tensor(array, requires_grad=True) if array.dtype.kind == "f" else array


def _line(cells: Iterable[str], widths: list[int]) -> str:
    texts = list(zip(cells, widths, strict=True))
    left = [f"{cell:<{width}}" for cell, width in texts[:3]]
    right = [f"{cell:>{width}}" for cell, width in texts[3:]]
    return "  ".join(left + right)
