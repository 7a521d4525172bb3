"""Memory for time: forget what happened inside a function, and run it again when needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast

import numpy as np

from tensorgrad.graph import between
from tensorgrad.messages import name_of
from tensorgrad.mode import changed_mode, mode
from tensorgrad.mutation import mutations, numbers
from tensorgrad.node import Node, new_node
from tensorgrad.structure import flatten
from tensorgrad.tape import component_node, propagate
from tensorgrad.tensor import Tensor, wrap


def checkpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function whose intermediate results are not kept for the backward pass.

    Only its inputs and outputs stay in memory; the backward pass computes the rest anew, one
    call at a time. A chain of n calls then holds n inputs and the inside of one call, for the
    price of one more forward pass (Griewank & Walther 2000; Chen et al. 2016).

    Parameters
    ----------
    function : callable
        Takes and returns arrays or tensors, or nested structures of them. It may use tensors from
        outside, such as the parameters of a layer; their gradients are computed too. It must
        compute the same every time: no random numbers drawn inside. What it does besides, such as
        to update a moving average, it does twice.

    Returns
    -------
    callable
        Takes what the function takes. The value and all derivatives are the same.

    Raises
    ------
    RuntimeError
        In the backward pass: if the function computed something else than the first time, or an
        array that it read was overwritten since by ``assign`` or an optimizer.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> block = tg.checkpoint(lambda x: np.sin(np.exp(x)))
    >>> bool(tg.grad(block)(0.0) == np.cos(1.0))
    True
    """

    @wraps(function)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if not mode.get().recording:
            return function(*args, **kwargs)
        started = next(numbers)
        outputs, rebuild = flatten(function(*args, **kwargs))
        inside = [i for i, output in enumerate(outputs) if _made_since(output, started)]
        if inside:
            call = _Call(function, args, kwargs, inside)
            made = [cast(Node, outputs[i].node) for i in inside]
            node = _node_in_place_of(function, call, made, started)
            for position, i in enumerate(inside):
                outputs[i] = wrap(outputs[i].data, component_node(node, position))
        return rebuild(outputs)

    return checkpointed


def _made_since(output: Any, started: int) -> bool:
    return isinstance(output, Tensor) and output.node is not None and output.node.number > started


def _node_in_place_of(
    function: Callable[..., Any], call: _Call, made: list[Node], started: int
) -> Node:
    """One node for everything that was recorded since, and so is forgotten."""
    call.sources = _sources_outside(made, started)
    return new_node(
        function,
        [partial(call.cotangent, i) for i in range(len(call.sources))],
        [source.value for source in call.sources],
        {},
        call.sources,
        tuple(node.value for node in made),
    )


def _sources_outside(made: list[Node], started: int) -> list[Node]:
    """Where the recorded operations got their operands from: arguments and enclosed tensors."""
    outside: dict[Node, None] = {}
    stack, seen = list(made), set(made)
    while stack:
        for source in stack.pop().sources:
            if source is None or source in seen:
                continue
            seen.add(source)
            if source.number < started:
                outside[source] = None
            else:
                stack.append(source)
    return list(outside)


class _Call:
    """A call of a checkpointed function, to be repeated."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        inside: list[int],
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.inside = inside
        self.transforms = mode.get().transforms
        self.sources: list[Node] = []
        self._called = next(numbers)
        self._latest: tuple[Any, list[Any]] = (None, [])

    def cotangent(self, i: int, g: tuple[Any, ...], y: tuple[Any, ...], *_: Any) -> Any:
        """The rule of source i; all sources share one repetition of the call."""
        latest, cotangents = self._latest
        if latest is not g:
            cotangents = self._cotangents(g, y)
        self._latest = (None, []) if i == len(self.sources) - 1 else (g, cotangents)
        return cotangents[i]

    def _cotangents(self, g: tuple[Any, ...], y: tuple[Any, ...]) -> list[Any]:
        repeated = next(numbers)
        # A transform inside the function gives arrays or tensors by what is around the call.
        with changed_mode(recording=True, transforms=self.transforms):
            outputs, _ = flatten(self.function(*self.args, **self.kwargs))
        seeds: dict[Node, Any] = {}
        for i, part, before in zip(self.inside, g, y, strict=True):
            output = outputs[i]
            if not np.array_equal(_data(output), _data(before), equal_nan=True):
                raise RuntimeError(
                    f"checkpoint: {name_of(self.function)} computed something else when it was "
                    "repeated for the backward pass. It must not draw random numbers or depend on "
                    "anything that changes; draw them outside and pass them in."
                )
            if part is not None:
                seeds[output.node] = seeds[output.node] + part if output.node in seeds else part
        order, needed, _ = between(seeds, self.sources)
        if mutations.latest > self._called:  # the output may be the same, and its slope another
            mutations.check(order, since=self._called, until=repeated)
        record = any(isinstance(part, Tensor) for part in g)
        arrived = propagate(seeds, order, needed=needed, wrap=wrap if record else None)
        return [
            arrived[source] if source in arrived else np.zeros_like(source.value)
            for source in self.sources
        ]


def _data(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else value
