"""Functions from functions to derivatives: ``grad``, ``vjp`` and what is made of them.

One mechanism serves them all. A transform makes its inputs new places on the tape, runs the
function, and goes back from the result to those places only; so it never mistakes a variable of an
enclosing transform, or a parameter met on the way, for its own. When there may be someone outside
who differentiates the result again, the way back is recorded as well.

Plain in, plain out: called with arrays or Python numbers, outside any other transform, the
results are arrays. Called with tensors, or inside another transform, they are tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast

import numpy as np

from tensorgrad.derivatives.table import register, rules_of
from tensorgrad.messages import described, name_of
from tensorgrad.mode import changed_mode, mode
from tensorgrad.structure import flatten, leaves_like, map_leaves
from tensorgrad.tape import Node, as_array, between, leaf, owned, propagate
from tensorgrad.tensor import (
    DIFFERENTIABLE,
    Tensor,
    real_array,
    stop_gradient,
    wrap,
)


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of a function that returns a scalar.

    Parameters
    ----------
    function : callable
        Takes arrays, or nested tuples, lists, dicts and dataclasses of them.
    argnums : int or sequence of int
        Which positional arguments to differentiate with respect to.
    has_aux : bool
        Whether the function returns a pair of the scalar and something else to hand through.

    Returns
    -------
    callable
        Takes the function's arguments; returns the gradient, of the structure, shapes and dtypes
        of the argument (a tuple of gradients if ``argnums`` is a sequence), or a pair of it and
        the auxiliary result. Given arrays outside any other transform it returns arrays, which
        lead back to no tensor that the function closes over: to differentiate the gradient with
        respect to parameters, pass them as arguments, or call it inside a transform of them.

    Raises
    ------
    TypeError
        When called: if an argument does not hold floating-point numbers, or if the function does
        not return a real scalar.

    Examples
    --------
    >>> import numpy as np
    >>> grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)
    """
    both = value_and_grad(function, argnums, has_aux)

    @wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The value of a function that returns a scalar, and its gradient.

    Parameters
    ----------
    function, argnums, has_aux
        As for :func:`grad`.

    Returns
    -------
    callable
        Takes the function's arguments; returns ``(value, gradient)``, or
        ``((value, aux), gradient)``.

    Raises
    ------
    TypeError
        As for :func:`grad`.

    Examples
    --------
    >>> value_and_grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 3.0})
    (array(6.), {'a': array(3.), 'b': array(2.)})
    """

    @wraps(function)
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        positions = positions_of(argnums, len(args))
        value, aux, pullback = _vjp_at(function, args, kwargs, positions, has_aux)
        if not _is_scalar(value):
            raise TypeError(
                "the gradient is defined for functions that return a floating-point scalar; "
                f"{name_of(function)} returned {described(value)}. Sum an array, or use tg.vjp or "
                "tg.jacobian; integers and booleans have no derivative."
            )
        gradients = pullback(np.ones_like(value))
        result = gradients if isinstance(argnums, Sequence) else gradients[0]
        return ((value, aux) if has_aux else value), result

    return value_and_gradient


def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function, and the function that pulls cotangents back through it.

    Parameters
    ----------
    function : callable
        Takes the primals; returns arrays, or a nested structure of them.
    *primals : array_like, Tensor, or nested structures of them
        Where to evaluate the function. Floating-point.
    has_aux : bool
        Whether the function returns a pair of the result and something else to hand through.

    Returns
    -------
    value : ndarray or Tensor, or a structure of them
        The result.
    pullback : callable
        ``pullback(cotangent)``, with a cotangent of the structure and shapes of the value, gives a
        tuple with one cotangent per primal. It may be called more than once.
    aux
        Only with ``has_aux``.

    Raises
    ------
    TypeError
        If a primal does not hold floating-point numbers.
    ValueError
        By the pullback: if the cotangent has another structure or shape.

    Examples
    --------
    >>> import numpy as np
    >>> value, pullback = vjp(np.multiply, np.array([1.0, 2.0]), 3.0)
    >>> value
    array([3., 6.])
    >>> pullback(np.array([1.0, 1.0]))
    (array([3., 3.]), array(3.))
    """
    value, aux, pullback = _vjp_at(function, primals, {}, range(len(primals)), has_aux)
    return (value, pullback, aux) if has_aux else (value, pullback)


def linearize(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of a function, and its derivative as a linear function of a direction.

    Pulling a cotangent back is linear in the cotangent, so pulling back through *that* pushes
    tangents forward: no second set of rules is needed.

    Parameters
    ----------
    function : callable
        Takes the primals; returns arrays, or a nested structure of them.
    *primals : array_like, Tensor, or nested structures of them
        Where to evaluate the function. Floating-point.

    Returns
    -------
    value : ndarray or Tensor, or a structure of them
        The result.
    pushforward : callable
        ``pushforward(*tangents)``, with tangents of the structures and shapes of the primals,
        gives the directional derivative. It may be called more than once.

    Raises
    ------
    TypeError
        If a primal does not hold floating-point numbers.
    ValueError
        By the push-forward: if the tangents have another structure or shape.

    Examples
    --------
    >>> import numpy as np
    >>> value, pushforward = linearize(np.sin, 0.0)
    >>> pushforward(1.0), pushforward(2.0)
    (array(1.), array(2.))
    """
    tensors = _within(primals)
    with changed_mode(recording=True, transforms=mode.get().transforms + 1):
        value, _, pullback = _vjp_at(function, primals, {}, range(len(primals)), False)
        zeros = map_leaves(np.zeros_like, map_leaves(_plain, value))
        _, _, push = _vjp_at(pullback, (zeros,), {}, (0,), False)

    def pushforward(*tangents: Any) -> Any:
        (tangent,) = push(tangents)
        return tangent if tensors or _within(tangents) else map_leaves(_plain, tangent)

    return value if tensors else map_leaves(_own_array, value), pushforward


def jvp(
    function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Any, Any]:
    """The value of a function, and its derivative along a direction.

    Parameters
    ----------
    function : callable
        Takes the primals; returns arrays, or a nested structure of them.
    primals : sequence of array_like, Tensor, or nested structures of them
        Where to evaluate the function. Floating-point.
    tangents : sequence of the same structures and shapes
        The direction.

    Returns
    -------
    value, tangent : ndarray or Tensor, or structures of them
        The result and its directional derivative.

    Raises
    ------
    TypeError
        If a primal does not hold floating-point numbers.
    ValueError
        If the tangents have another structure or shape than the primals.

    Examples
    --------
    >>> import numpy as np
    >>> jvp(np.sin, [0.0], [2.0])
    (array(0.), array(2.))
    """
    require_sequences(primals, tangents)
    value, pushforward = linearize(function, *primals)
    return value, pushforward(*tangents)


# ----------------------------------------------------------------------------- the mechanism


def _vjp_at(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    positions: Sequence[int],
    has_aux: bool,
) -> tuple[Any, Any, Callable[[Any], tuple[Any, ...]]]:
    """Value, auxiliary result, and pullback to the arguments at the given positions."""
    outer = mode.get()
    primals, rebuild = flatten([args[i] for i in positions])
    inputs = [_input(primal, outer.recording) for primal in primals]
    traced = list(args)
    for i, argument in zip(positions, rebuild(inputs), strict=True):
        traced[i] = argument
    with changed_mode(recording=True, transforms=outer.transforms + 1):
        result = function(*traced, **kwargs)
    value, aux = _value_and_aux(function, result) if has_aux else (result, None)
    outputs, rebuild_value = flatten(value)
    produced, tensors = value, _within(primals)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        now = mode.get()
        seeds = _seeds(outputs, leaves_like(cotangent, produced))
        as_tensors = tensors or _within(cotangent)
        cotangents = _cotangents(seeds, inputs, record=as_tensors and now.recording)
        if as_tensors:
            return tuple(rebuild(list(map(_as_tensor, cotangents))))
        return tuple(rebuild(owned(map(_plain, cotangents), seeds.values())))

    if not tensors:
        value = rebuild_value([_own_array(output) for output in outputs])
        return value, map_leaves(_without_tensor, aux), pullback
    if not outer.recording:
        value, aux = map_leaves(stop_gradient, value), map_leaves(stop_gradient, aux)
    return value, aux, pullback


def _cotangents(seeds: dict[Node, Any], inputs: Sequence[Tensor], record: bool) -> list[Any]:
    """What arrives at the inputs; zeros where nothing does."""
    targets = [cast(Node, tensor.node) for tensor in inputs]
    arrived: dict[Node, Any] = {}
    if targets and seeds:
        order, needed = between(seeds, targets)
        kind = _as_tensor if record else _plain
        starts = {node: kind(g) for node, g in seeds.items() if node in needed}
        arrived = propagate(starts, order, needed=needed, wrap=wrap if record else None)
    return [
        np.zeros_like(tensor.data) if node not in arrived else arrived[node]
        for node, tensor in zip(targets, inputs, strict=True)
    ]


def _is_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return True
    return getattr(value, "shape", None) == () and value.dtype.char in DIFFERENTIABLE


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
            if not hasattr(type(g), "__array_function__") or g.dtype != output.dtype:
                g = g.astype(output.dtype) if isinstance(g, Tensor) else np.asarray(g, output.dtype)
            previous = seeds.get(output.node)
            seeds[output.node] = g if previous is None else previous + g
    return seeds


def alias(x: Any) -> Any:
    """The same array at a new place on the tape: the input of a transform inside another one."""
    return x


register(alias, lambda g, y, x: g)


def _input(primal: Any, recording: bool) -> Tensor:
    data = real_array(primal.data if isinstance(primal, Tensor) else primal)
    if data.dtype.char not in DIFFERENTIABLE:
        raise TypeError(
            f"cannot differentiate with respect to {data.dtype} values; pass floating-point ones "
            "(2.0 rather than 2, or astype(float)), or leave the argument out of argnums"
        )
    if recording and isinstance(primal, Tensor) and primal.node is not None:
        return wrap(data, Node(alias, rules_of(alias), (data,), {}, (primal.node,), data))
    return wrap(data, leaf(data))


def _within(tree: Any) -> bool:
    """Whether results should be tensors: inside another transform, or given tensors."""
    if mode.get().transforms:
        return True
    return any(isinstance(item, Tensor) for item in flatten(tree)[0])


def _plain(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else as_array(value)


def _own_array(value: Any) -> Any:
    """A copy of a result: the user may change it, and the pullback reads what was computed."""
    return real_array(_plain(value)).copy()


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


def require_sequences(primals: Any, tangents: Any) -> None:
    """Raise unless both are lists or tuples; an array would be taken for as many primals.

    Raises
    ------
    TypeError
        If one of them is anything else.
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, list | tuple):
            raise TypeError(
                f"{name} must be a list or a tuple with an entry for each argument, not "
                f"{described(given)}"
            )


def positions_of(argnums: int | Sequence[int], count: int) -> list[int]:
    """Positions of the arguments to differentiate with respect to, from 0.

    Raises
    ------
    TypeError
        If a position is no integer, no argument was passed there, or one is named twice.
    """
    positions = []
    for position in [argnums] if isinstance(argnums, int) else argnums:
        if not isinstance(position, int) or not -count <= position < count:
            raise TypeError(
                f"argnums={argnums!r} does not fit a call with {count} positional arguments"
            )
        positions.append(position % count)
    if len(set(positions)) < len(positions):
        raise TypeError(f"argnums={argnums!r} names an argument twice")
    return positions
