"""The tape: nodes, and the backward pass over them.

Every recorded operation leaves a :class:`Node` that knows the function, its operands, its result
and the nodes its operands came from. Nodes are numbered as they are made, and an operand is always
made before the result, so sorting nodes by number *is* a topological order. Nothing here recurses.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, cast

import numpy as np

from tensorgrad.anomaly import check_cotangent
from tensorgrad.broadcasting import fit_shape
from tensorgrad.graph import reachable
from tensorgrad.messages import described, name_of
from tensorgrad.mode import CaptureError, mode
from tensorgrad.mutation import mutations, numbers


class Node:
    """One recorded operation, or one leaf: a tensor that somebody wants the gradient of.

    Attributes
    ----------
    number : int
        Position in the order of creation.
    function : callable or None
        The function that was called; None for a leaf.
    rules : sequence of callable
        The pullback of each operand, ``rule(cotangent, value, *args, **kwargs)``.
    args, kwargs : sequence, dict
        The arguments of the call, unwrapped to plain arrays.
    sources : sequence of (Node or None)
        Aligned with ``args``: the node an operand came from, None for a constant.
    value : ndarray or tuple of ndarray
        The result.
    tensor : weakref or None
        On a leaf only: the tensor that receives the gradient.
    group : tuple of (int, object, group or None), or None
        On the output of a named part of a program, a layer for instance: the number at which the
        part began, and what it is; then the same of a part inside that has the same output. To
        the part belongs what the output was computed by and was numbered since.
    line : str
        Only under ``detect_anomaly``: where the user's code called the operation.
    """

    __slots__ = (
        "args",
        "function",
        "group",
        "kwargs",
        "line",
        "number",
        "rules",
        "sources",
        "tensor",
        "value",
    )

    def __init__(
        self,
        function: Callable[..., Any] | None,
        rules: Sequence[Callable[..., Any]],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        sources: Sequence[Node | None],
        value: Any,
    ) -> None:
        self.number = next(numbers)
        self.group: tuple[int, object, Any] | None = None
        self.function = function
        self.rules = rules
        self.args = args
        self.kwargs = kwargs
        self.sources = sources
        self.value = value


def leaf(value: Any, tensor: object | None = None) -> Node:
    """Make a node that no operation produced; cotangents end here."""
    node = Node(None, (), (), {}, (), value)
    # Weak: the tensor owns its node, and a strong link back would make a cycle of every leaf. A
    # tensor that nobody holds any more has no use for a gradient.
    node.tensor = None if tensor is None else weakref.ref(tensor)
    return node


# ------------------------------------------------------------------------------- backward pass


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
    if now.capturing:
        raise CaptureError(
            "backward() changes .grad, which a compiled function would do once only; take the "
            "gradient with tg.grad or tg.value_and_grad"
        )
    if now.transforms:
        _refuse_inputs_of_transforms(root)
    cotangents = {root: cotangent}
    if now.detect_anomaly:
        gradients = propagate(cotangents, reachable([root]))
    else:
        gradients = _gradients_of_leaves(cotangents)
    held = {id(cotangent)}
    for node, gradient in gradients.items():
        if node.tensor is not None and (tensor := node.tensor()) is not None:
            total = tensor.grad
            if total is None:
                tensor.grad = own(gradient, held)
            else:
                tensor.grad = as_array(total + _without_tensor(gradient))


def _gradients_of_leaves(cotangents: dict[Node, Any]) -> dict[Node, Any]:
    """What :func:`propagate` does, for the common case: plain arrays, from one root to all leaves.

    A node waits from its first cotangent until all newer ones are done; by then it has them all.
    """
    (root,) = cotangents
    overwritten = mutations.latest
    waiting = [(-root.number, root)] if root.function is not None else []
    while waiting:
        node = heappop(waiting)[1]
        g = cotangents.pop(node)
        if node.function is component:
            parent = cast(Node, node.sources[0])
            if parent not in cotangents:
                heappush(waiting, (-parent.number, parent))
            _add_component(cotangents, node, g)
            continue
        if overwritten > node.number:
            mutations.check((node,))
        value, args, kwargs = node.value, node.args, node.kwargs
        count = 0 if kwargs else len(args)
        try:
            for source, rule, operand in zip(node.sources, node.rules, args):  # noqa: B905
                if source is None:
                    continue
                if count == 3:  # written out, a call takes half as long
                    cotangent = rule(g, value, args[0], args[1], args[2])
                elif count == 1:
                    cotangent = rule(g, value, operand)
                else:
                    cotangent = rule(g, value, *args, **kwargs)
                if cotangent.shape != operand.shape:
                    cotangent = fit_shape(cotangent, operand)
                if cotangent.dtype is not operand.dtype and cotangent.dtype != operand.dtype:
                    cotangent = _in_dtype_of(operand, cotangent)
                if source in cotangents:
                    cotangents[source] = cotangents[source] + cotangent
                    continue
                cotangents[source] = cotangent
                if source.function is not None:
                    heappush(waiting, (-source.number, source))
        except Exception as error:
            add_way_back(error, node)
            raise
    return cotangents


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
                cotangent = rule(*call, **kwargs) if kwargs else rule(*call)
                if cotangent.shape != operand.shape:
                    cotangent = fit_shape(cotangent, operand)
                if cotangent.dtype is not operand.dtype and cotangent.dtype != operand.dtype:
                    cotangent = _in_dtype_of(operand, cotangent)
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


def _in_dtype_of(operand: Any, cotangent: Any) -> Any:
    if cotangent.dtype.kind == "c":
        raise TypeError("a rule gave complex numbers, of which the imaginary parts would be lost")
    return cotangent.astype(operand.dtype)


# ------------------------------------------------------------- functions with several results


def component(values: tuple[Any, ...], index: int) -> Any:
    """One result of a function that returns a tuple, such as ``np.linalg.eigh``."""
    return values[index]


def component_node(parent: Node, index: int) -> Node:
    """Record that a result was taken out of the tuple that ``parent`` computed."""
    return Node(
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
