"""Functions from functions to derivatives: ``grad``, ``vjp`` and what is made of them.

Plain in, plain out: if all that goes in is arrays and Python numbers, the results are arrays. What
goes in is the arguments, and the tensors that the function closes over and that require a gradient:
results lead back to these too, so that a later ``backward()`` misses nothing. Inside another
transform the results are tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from tensorgrad.evaluation import Evaluation, gives_tensors, holds_tensors, own_array, plain
from tensorgrad.messages import described, name_of
from tensorgrad.mode import changed_mode, mode
from tensorgrad.structure import map_leaves
from tensorgrad.tensor import DIFFERENTIABLE, stop_gradient


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
        the auxiliary result. Given arrays, it returns arrays; but tensors if the function closes
        over tensors that require a gradient, such as the parameters of a model, so that a loss
        that holds the gradient can be differentiated with respect to them. Under :func:`no_grad`
        it returns arrays even then, for less work: the way to a saliency map.

    Raises
    ------
    TypeError
        When called: if an argument does not hold floating-point numbers, or if the function does
        not return a real scalar.

    Notes
    -----
    What the results are, arrays or tensors, all transforms decide in this way.

    Examples
    --------
    >>> import numpy as np
    >>> grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)

    A penalty on the gradient with respect to the input reaches the parameter:

    >>> import tensorgrad as tg
    >>> w = tg.tensor([1.0, 3.0], requires_grad=True)
    >>> slope = grad(lambda x: np.sum(w * x**2))
    >>> penalty = np.sum(slope(np.array([1.0, 2.0])) ** 2)
    >>> penalty.backward()
    >>> w.grad
    array([ 8., 96.])
    >>> with tg.no_grad():
    ...     slope(np.array([1.0, 2.0]))
    array([ 2., 12.])
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
        at = Evaluation(function, args, kwargs, positions, has_aux)
        value = at.value
        if not _is_scalar(value):
            raise TypeError(
                "the gradient is defined for functions that return a floating-point scalar; "
                f"{name_of(function)} returned {described(value)}. Sum an array, or use tg.vjp or "
                "tg.jacobian; integers and booleans have no derivative."
            )
        gradients = at.pullback(np.ones_like(value))
        result = gradients if isinstance(argnums, Sequence) else gradients[0]
        return ((value, at.aux) if has_aux else value), result

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
    at = Evaluation(function, primals, {}, range(len(primals)), has_aux, later=True)
    return (at.value, at.pullback, at.aux) if has_aux else (at.value, at.pullback)


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
    with changed_mode(recording=True, transforms=mode.get().transforms + 1):
        at = Evaluation(function, primals, {}, range(len(primals)), later=True)
        zeros = map_leaves(_zero_cotangent, at.value)
        back = Evaluation(at.pullback, (zeros,), {}, (0,))
    as_tensors = gives_tensors(primals, at, back)

    def pushforward(*tangents: Any) -> Any:
        if as_tensors or holds_tensors(tangents):
            return back.pullback(tangents)[0]
        with changed_mode(recording=False):
            return map_leaves(own_array, back.pullback(tangents)[0])

    if not as_tensors:
        return map_leaves(own_array, at.value), pushforward
    return at.value if mode.get().recording else map_leaves(stop_gradient, at.value), pushforward


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


# ------------------------------------------------------------------------------------- arguments


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
    for position in argnums if isinstance(argnums, Sequence) else [argnums]:
        if not isinstance(position, int | np.integer) or isinstance(position, bool):
            raise TypeError(
                f"argnums must be a position or a sequence of positions, not {argnums!r}"
            )
        if not -count <= position < count:
            raise TypeError(
                f"argnums={argnums!r} does not fit a call with {count} positional arguments"
            )
        positions.append(int(position) % count)
    if len(set(positions)) < len(positions):
        raise TypeError(f"argnums={argnums!r} names an argument twice")
    return positions


def _zero_cotangent(value: Any) -> Any:
    """A place for cotangents to come in; for integers too, whose derivative is zero."""
    array = plain(value)
    is_floating = array.dtype.char in DIFFERENTIABLE
    return np.zeros_like(array) if is_floating else np.zeros_like(array, dtype=float)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return True
    return getattr(value, "shape", None) == () and value.dtype.char in DIFFERENTIABLE
