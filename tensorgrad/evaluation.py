"""A function evaluated at a point, with the way back: the one mechanism of all transforms.

The inputs are made new places on the tape, the function is run, and cotangents go back from the
result to those places only; so a transform never mistakes a variable of an enclosing transform, or
a parameter met on the way, for its own. When there may be someone outside who differentiates the
result again, the way back is recorded as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from tensorgrad.derivatives.table import register, rules_of
from tensorgrad.graph import between, lead_to_a_tensor
from tensorgrad.messages import described, name_of
from tensorgrad.mode import changed_mode, mode
from tensorgrad.node import Node, leaf, new_node
from tensorgrad.structure import flatten, leaves_like, map_leaves
from tensorgrad.tape import alias, as_array, owned, propagate
from tensorgrad.tensor import DIFFERENTIABLE, Tensor, real_array, stop_gradient, wrap


class Evaluation:
    """The value of a function, and how it depends on the arguments at some positions.

    Parameters
    ----------
    function : callable
        Takes and returns arrays, or nested structures of them.
    args, kwargs : sequence, dict
        What to call it with.
    positions : sequence of int
        Positions of the arguments to differentiate with respect to.
    has_aux : bool
        Whether the function returns a pair of the value and something else.
    later : bool
        Whether the pullback may be called when the caller has changed the arrays that were passed.

    Attributes
    ----------
    value : ndarray or Tensor, or a structure of them
        What the function returned.
    aux : object
        What else it returned.
    as_tensors : bool
        Whether results are tensors, see :func:`gives_tensors`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        positions: Sequence[int],
        has_aux: bool = False,
        later: bool = False,
    ) -> None:
        outer = mode.get()
        primals, self._rebuild = flatten([args[i] for i in positions])
        self._inputs = [_input(primal, outer.recording, later) for primal in primals]
        traced = list(args)
        for i, argument in zip(positions, self._rebuild(self._inputs), strict=True):
            traced[i] = argument
        with changed_mode(recording=True, transforms=outer.transforms + 1):
            result = function(*traced, **kwargs)
        value, aux = _value_and_aux(function, result) if has_aux else (result, None)
        self._produced = value
        self._outputs, rebuild_value = flatten(value)
        self._targets = [cast(Node, tensor.node) for tensor in self._inputs]
        self._order, self._needed, self._others = between(_nodes_of(self._outputs), self._targets)
        if has_aux:
            self._others |= between(_nodes_of(flatten(aux)[0]), self._targets)[2]
        self.as_tensors = gives_tensors(primals, self)
        if not self.as_tensors:
            self.value = rebuild_value(list(map(own_array, self._outputs)))
            self.aux = map_leaves(_without_tensor, aux)
        elif outer.recording:
            self.value, self.aux = value, aux
        else:
            self.value, self.aux = map_leaves(stop_gradient, value), map_leaves(stop_gradient, aux)

    def pullback(self, cotangent: Any) -> tuple[Any, ...]:
        """From a cotangent of the value to one for each argument."""
        seeds = _seeds(self._outputs, leaves_like(cotangent, self._produced))
        as_tensors = self.as_tensors or holds_tensors(cotangent)
        cotangents = self._at_inputs(seeds, record=as_tensors and mode.get().recording)
        if as_tensors:
            return tuple(self._rebuild(list(map(_as_tensor, cotangents))))
        return tuple(self._rebuild(owned(cotangents, seeds.values())))

    def encloses_tensors(self) -> bool:
        """Whether value or aux depend on a tensor that requires a gradient and is no input.

        A parameter of the model that the function closes over, say.
        """
        return bool(self._others) and lead_to_a_tensor(self._others)

    def _at_inputs(self, seeds: dict[Node, Any], record: bool) -> list[Any]:
        """What arrives at the inputs; zeros where nothing does."""
        needed = self._needed
        kind = _as_tensor if record else plain
        starts = {node: kind(g) for node, g in seeds.items() if node in needed}
        arrived = propagate(starts, self._order, needed=needed, wrap=wrap if record else None)
        return [
            np.zeros_like(tensor.data) if node not in arrived else arrived[node]
            for node, tensor in zip(self._targets, self._inputs, strict=True)
        ]


def gives_tensors(inputs: Any, *evaluations: Evaluation) -> bool:
    """Whether the results of a transform are tensors, for someone to differentiate again.

    They are inside another transform, or if anything that went in was a tensor: an input, or what
    the function closes over and somebody wants the gradient of, unless under ``no_grad``.
    """
    # The search may go through a long history, so it comes last.
    return holds_tensors(inputs) or (
        mode.get().recording and any(at.encloses_tensors() for at in evaluations)
    )


def holds_tensors(tree: Any) -> bool:
    """Whether there is a tensor in a structure, or any at all inside another transform."""
    return mode.get().transforms > 0 or any(isinstance(x, Tensor) for x in flatten(tree)[0])


def plain(value: Any) -> Any:
    """The array in a tensor, or of a number."""
    return value.data if isinstance(value, Tensor) else as_array(value)


def own_array(value: Any) -> Any:
    """A copy of a result: the user may change it, and the pullback reads what was computed."""
    return real_array(plain(value)).copy()


register(alias, lambda g, y, x: g)


def _input(primal: Any, recording: bool, later: bool) -> Tensor:
    data = real_array(primal.data if isinstance(primal, Tensor) else primal)
    # A view with gaps stays shared: in a copy of it np.ravel(x, "A") would find another order.
    if later and isinstance(primal, np.ndarray) and data.flags.forc:
        data = data.copy(order="K")
    if data.dtype.char not in DIFFERENTIABLE:
        raise TypeError(
            f"cannot differentiate with respect to {data.dtype} values; pass floating-point ones "
            "(2.0 rather than 2, or astype(float)), or leave the argument out of argnums"
        )
    if recording and isinstance(primal, Tensor) and primal.node is not None:
        return wrap(data, new_node(alias, rules_of(alias), (data,), {}, (primal.node,), data))
    return wrap(data, leaf(data))


def _nodes_of(leaves: Sequence[Any]) -> list[Node]:
    return [x.node for x in leaves if isinstance(x, Tensor) and x.node is not None]


def _seeds(outputs: Sequence[Any], given: Sequence[Any]) -> dict[Node, Any]:
    """The cotangents of those outputs that were recorded."""
    seeds: dict[Node, Any] = {}
    for output, g in zip(outputs, given, strict=True):
        if np.shape(g) != np.shape(output):
            raise ValueError(
                f"a cotangent of shape {np.shape(g)} was given for an array of shape "
                f"{np.shape(output)}"
            )
        if isinstance(output, Tensor) and output.node is not None:
            g = g if isinstance(g, Tensor) else real_array(g)
            if g.dtype != output.dtype:
                g = g.astype(output.dtype)
            previous = seeds.get(output.node)
            seeds[output.node] = g if previous is None else previous + g
    return seeds


def _without_tensor(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else value


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(as_array(value), None)


def _value_and_aux(function: Callable[..., Any], result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"with has_aux, {name_of(function)} must return a pair (value, aux), not "
            f"{described(result)}"
        )
    return result
