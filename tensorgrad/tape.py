"""The backward pass over the tape.

Every recorded operation leaves a :class:`Node` that knows the function, its operands, its result
and the nodes its operands came from. Nodes are numbered as they are made, and an operand is always
made before the result, so sorting nodes by number *is* a topological order. Nothing here recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, cast

import numpy as np

from tensorgrad.anomaly import check_cotangent
from tensorgrad.broadcasting import fit_shape
from tensorgrad.graph import reachable
from tensorgrad.messages import described, name_of
from tensorgrad.mode import DEFAULT_MODE, CaptureError, Mode, mode
from tensorgrad.mutation import mutations
from tensorgrad.node import Node, new_node

ndarray = np.ndarray


def backward(root: Node, cotangent: Any) -> None:
    """Add the gradient of ``root`` to ``.grad`` of every leaf it was computed from.

    Parameters
    ----------
    root : Node
        Where to start.
    cotangent : ndarray
        Gradient of the final scalar with respect to ``root.value``, of its shape and dtype.

    Raises
    ------
    RuntimeError
        Inside a transform, if the graph leads to its inputs.
    """
    now = mode.get()
    if now is not DEFAULT_MODE:
        _refuse_to_go_back(root, now)
    if root.function is None or now.detect_anomaly:
        gradients = propagate({root: cotangent}, reachable([root]))
        gradients = dict(zip(gradients, owned(gradients.values(), [cotangent]), strict=True))
    else:
        gradients = _gradients_of_leaves(root, cotangent)
    for node, gradient in gradients.items():
        if node.tensor is not None and (tensor := node.tensor()) is not None:
            if type(gradient) is not ndarray:
                gradient = _without_tensor(gradient)
            total = tensor.grad
            tensor.grad = gradient if total is None else as_array(total + gradient)


def _gradients_of_leaves(root: Node, cotangent: Any) -> dict[Node, Any]:
    """What :func:`propagate` does, for the common case: plain arrays, from one root to all leaves.

    A node waits from its first cotangent until all newer ones are done; by then it has them all.
    The cotangent of the node at hand is ``g``, those of leaves and of nodes that wait are in
    ``cotangents``. No two gradients share memory.
    """
    cotangents: dict[Node, Any] = {}
    handed_on = {id(cotangent)}
    overwritten = mutations.latest
    waiting: list[tuple[int, Node]] = []
    node: Node | None = root
    g = cotangent
    while node is not None:
        if overwritten > node.number:
            mutations.check((node,))
        try:
            if node.pullback is not None:
                pulled_back = node.pullback(node.sources, g, node.value, node.args)
            elif node.function is not component:
                pulled_back = _pulled_back(node, g, handed_on)
            else:
                pulled_back = ()
                parent = cast(Node, node.sources[0])
                if parent not in cotangents:
                    heappush(waiting, (-parent.number, parent))
                _add_component(cotangents, node, g)
        except Exception as error:
            add_way_back(error, node)
            raise
        following = None
        for source, part in zip(node.sources, pulled_back):  # noqa: B905
            if source is None:
                continue
            if source in cotangents:
                cotangents[source] = as_array(cotangents[source] + part)
            elif source.function is None:
                cotangents[source] = part
            elif source is following:
                g = as_array(g + part)
            elif following is None:
                following, g = source, part  # in a chain of operations, all there is
            else:
                cotangents[source] = part
                heappush(waiting, (-source.number, source))
        node = following
        if waiting:
            if node is not None:
                cotangents[node] = g
                heappush(waiting, (-node.number, node))
            node = heappop(waiting)[1]
            g = cotangents.pop(node)
    return cotangents


def _pulled_back(node: Node, g: Any, handed_on: set[int]) -> Sequence[Any]:
    """Cotangents of the operands, each by its rule; None where nobody asks.

    Those of leaves are arrays of their own, none of those handed on before.
    """
    value, args, kwargs = node.value, node.args, node.kwargs
    pulled_back: list[Any] = [None] * len(args)
    for i, source in enumerate(node.sources):
        if source is None:
            continue
        cotangent = node.rules[i](g, value, *args, **kwargs)
        if type(cotangent) is not ndarray and hasattr(type(cotangent), "requires_grad"):
            cotangent = _without_tensor(cotangent)  # of a rule that closes over a tensor
        cotangent = fitted(cotangent, args[i])
        pulled_back[i] = cotangent if source.function is not None else own(cotangent, handed_on)
    return pulled_back


def fitted(cotangent: Any, operand: Any) -> Any:
    """A cotangent as a rule gave it, in the shape and dtype of the operand."""
    if cotangent.shape != operand.shape:
        cotangent = fit_shape(cotangent, operand)
    if cotangent.dtype is not operand.dtype and cotangent.dtype != operand.dtype:
        if cotangent.dtype.kind == "c":
            raise TypeError("a rule gave complex numbers, whose imaginary parts would be lost")
        cotangent = cotangent.astype(operand.dtype)
    return cotangent


def _refuse_to_go_back(root: Node, now: Mode) -> None:
    """Raise where the changes of ``.grad`` would be lost or made once only."""
    if now.capturing:
        raise CaptureError(
            "backward() changes .grad, which a compiled function would do once only; take the "
            "gradient with tg.grad or tg.value_and_grad"
        )
    if now.transforms:
        _refuse_inputs_of_transforms(root)


def _refuse_inputs_of_transforms(root: Node) -> None:
    nodes = {root}
    for node in reachable([root]):
        nodes.update(source for source in node.sources if source is not None)
    if any(n.function is alias or (n.function is None and n.tensor is None) for n in nodes):
        raise RuntimeError(
            "backward() inside tg.grad or another transform of its input: .grad holds plain "
            "arrays, so what is computed with them would be lost to the transform. Nest tg.grad or "
            "tg.vjp, whose results can be differentiated again"
        )


def alias(x: Any) -> Any:
    """The same array at a new place on the tape: the input of a transform inside another one."""
    return x


def owned(arrays: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """Arrays of which none shares memory with another or with ``others``."""
    held = {id(array) for array in others}
    return [own(array, held) for array in arrays]


def own(array: Any, held: set[int]) -> Any:
    """The array, or a copy if it shares memory with one of those held, to which it is added.

    A rule may hand on the array it was given, or a view of it, to several operands. Gradients are
    the user's to change, in place too, so each is an array of its own.
    """
    if type(array) is not np.ndarray:
        array = _without_tensor(array)
        if getattr(array, "base", None) is not None:
            array = array.copy()
    elif array.base is not None:
        array = array.copy()
    if id(array) in held:
        array = array.copy()
    held.add(id(array))
    return array


def _without_tensor(value: Any) -> Any:
    """The array of a gradient that a rule made with a tensor that it closes over."""
    if not hasattr(type(value), "requires_grad"):
        return as_array(value)
    if value.requires_grad:
        raise TypeError(
            "a rule computed with a tensor from outside that requires a gradient, which would be "
            "lost. Make it an operand of the function, or use t.data if it needs no gradient."
        )
    return value.data


def as_array(value: Any) -> Any:
    """NumPy gives scalars where a result has no axes; tensors and gradients are always arrays.

    An array of another library is left as it is.
    """
    if isinstance(value, np.generic) or not hasattr(type(value), "__array_function__"):
        return np.asarray(value)
    return value


def propagate(
    seeds: dict[Node, Any],
    order: Sequence[Node],
    *,
    needed: Collection[Node] | None = None,
    wrap: Callable[[Any, Node], Any] | None = None,
) -> dict[Node, Any]:
    """Carry cotangents from the seeds down the tape.

    Parameters
    ----------
    seeds : dict of Node to cotangent
        Where to start, and with what.
    order : sequence of Node
        The nodes to visit, highest number first.
    needed : collection of Node, optional
        Compute cotangents for these nodes only; for every source by default.
    wrap : callable, optional
        Makes a tensor of a value and its node. When it is given the rules run on tensors, so that
        the backward pass is itself recorded; otherwise they run on plain arrays.

    Returns
    -------
    dict of Node to cotangent
        What arrived at nodes that ``order`` does not visit: leaves and targets.

    Raises
    ------
    RuntimeError
        If an array that the backward pass would read has been overwritten since it was recorded.
    FloatingPointError
        Under ``detect_anomaly``, if a cotangent turns NaN or infinite.
    """
    if order and mutations.latest > order[-1].number:
        mutations.check(order)
    watching = mode.get().detect_anomaly
    cotangents = dict(seeds)
    for node in order:
        g = cotangents.pop(node, None)
        if g is None:
            continue
        if node.function is component:
            _add_component(cotangents, node, g)
            continue
        args, value = (node.args, node.value) if wrap is None else _wrapped(node, wrap)
        call, kwargs = (g, value, *args), node.kwargs
        try:
            for source, rule, operand in zip(node.sources, node.rules, node.args):  # noqa: B905
                if source is None or (needed is not None and source not in needed):
                    continue
                cotangent = fitted(rule(*call, **kwargs), operand)
                previous = cotangents.get(source)
                if previous is not None:
                    cotangent = previous + cotangent
                cotangents[source] = cotangent
                if watching:
                    check_cotangent(node, operand, (g, previous), cotangent)
        except Exception as error:
            add_way_back(error, node)
            raise
    return cotangents


def add_way_back(error: Exception, node: Node) -> None:
    """Note which operation the error came from."""
    operands = ", ".join(map(described, node.args))
    error.add_note(
        f"This was on the way back through {name_of(node.function)} of {operands}, whose "
        "rules must return arrays of the operands' shapes."
    )


# ------------------------------------------------------------- functions with several results


def component(values: tuple[Any, ...], index: int) -> Any:
    """One result of a function that returns a tuple, such as ``np.linalg.eigh``."""
    return values[index]


def component_node(parent: Node, index: int) -> Node:
    """Record that a result was taken out of the tuple that ``parent`` computed."""
    return new_node(
        component, (), (parent.value, index), {}, (parent, None), component(parent.value, index)
    )


def _add_component(cotangents: dict[Node, Any], node: Node, g: Any) -> None:
    """A tuple's cotangent is a tuple, with None for the results that nobody used."""
    parent, index = cast(Node, node.sources[0]), node.args[1]
    parts = cotangents.get(parent, (None,) * len(parent.value))
    part = g if parts[index] is None else parts[index] + g
    cotangents[parent] = (*parts[:index], part, *parts[index + 1 :])


def _wrapped(node: Node, wrap: Callable[[Any, Node], Any]) -> tuple[list[Any], Any]:
    args = [
        arg if source is None else wrap(arg, source)
        for arg, source in zip(node.args, node.sources, strict=True)
    ]
    if not isinstance(node.value, tuple):
        return args, wrap(node.value, node)
    parts = (component_node(node, i) for i in range(len(node.value)))
    return args, tuple(wrap(part.value, part) for part in parts)
