"""Matrices of first and second derivatives, and products with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal

import numpy as np

from tensorgrad.structure import flatten
from tensorgrad.tensor import Tensor
from tensorgrad.transforms import grad, linearize, positions_of, require_sequences, vjp


def jacobian(
    function: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    mode: Literal["reverse", "forward"] | None = None,
) -> Callable[..., Any]:
    """All derivatives of all elements of a function's result.

    Parameters
    ----------
    function : callable
        Takes and returns arrays, or nested structures of them.
    argnums : int or sequence of int
        Which positional arguments to differentiate with respect to.
    mode : {"reverse", "forward"}, optional
        One pull-back per element of the result, or one push-forward per element of the arguments.
        By default forward if the arguments have fewer elements than the result, else reverse.

    Returns
    -------
    callable
        Takes the function's arguments; returns the Jacobian, of shape result + argument. For
        structures: the structure of the result, in it that of the arguments.

    Raises
    ------
    TypeError
        When called: if an argument does not hold floating-point numbers.
    ValueError
        If the mode is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in (None, "reverse", "forward"):
        raise ValueError(f"mode must be 'reverse', 'forward' or None, not {mode!r}")

    @wraps(function)
    def jacobian_at(*args: Any, **kwargs: Any) -> Any:
        positions = positions_of(argnums, len(args))

        def of_chosen(*chosen: Any) -> Any:
            full = list(args)
            for i, argument in zip(positions, chosen, strict=True):
                full[i] = argument
            return function(*full, **kwargs)

        chosen = [args[i] for i in positions]
        value, pullback = vjp(of_chosen, *chosen)
        outputs, rebuild_output = flatten(value)
        inputs, rebuild_input = flatten(chosen)
        forward = mode == "forward" or (mode is None and _size(inputs) < _size(outputs))
        if forward:
            blocks = _by_columns(linearize(of_chosen, *chosen)[1], inputs, rebuild_input, outputs)
        else:
            blocks = _by_rows(pullback, outputs, rebuild_output, inputs)
        rows = [rebuild_input(row) for row in blocks]
        return rebuild_output([tuple(r) if isinstance(argnums, Sequence) else r[0] for r in rows])

    return jacobian_at


def hessian(function: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The matrix of second derivatives of a function that returns a scalar.

    Parameters
    ----------
    function : callable
        Takes arrays, or nested structures of them; returns a scalar.
    argnums : int or sequence of int
        Which positional arguments to differentiate with respect to.

    Returns
    -------
    callable
        Takes the function's arguments; returns the Hessian, of shape argument + argument.

    Raises
    ------
    TypeError
        When called: if an argument does not hold floating-point numbers, or if the function does
        not return a scalar.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda x: np.prod(x))(np.array([2.0, 3.0]))
    array([[0., 1.],
           [1., 0.]])
    """
    return jacobian(grad(function, argnums), argnums)


def hvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The product of a Hessian with a vector, without the Hessian.

    The Hessian is symmetric, so pulling the vector back through the gradient is the product; it
    costs a small multiple of the function itself.

    Parameters
    ----------
    function : callable
        Takes the primals; returns a scalar.
    primals : sequence of array_like, Tensor, or nested structures of them
        Where to evaluate the Hessian.
    tangents : sequence of the same structures and shapes
        The vector.

    Returns
    -------
    ndarray or Tensor, or a structure of them
        The product, of the structure of the primal; a tuple if there are several primals.

    Raises
    ------
    TypeError
        If a primal does not hold floating-point numbers, or the function returns no scalar.
    ValueError
        If the tangents have another structure or shape than the primals.

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x**3), [np.array([1.0, 2.0])], [np.array([1.0, 1.0])])
    array([ 6., 12.])
    """
    require_sequences(primals, tangents)
    _, pullback = vjp(grad(function, argnums=tuple(range(len(primals)))), *primals)
    products = pullback(tuple(tangents))
    return products[0] if len(primals) == 1 else products


def _by_rows(
    pullback: Callable[..., Any],
    outputs: list[Any],
    rebuild_output: Callable[..., Any],
    inputs: list[Any],
) -> list[list[Any]]:
    blocks = []
    for k, output in enumerate(outputs):
        rows = []
        for unit in _units(output):
            cotangent = [unit if i == k else _zeros(o) for i, o in enumerate(outputs)]
            rows.append(flatten(pullback(rebuild_output(cotangent)))[0])
        blocks.append(
            [
                _stacked([row[i] for row in rows], 0, output.shape, value)
                for i, value in enumerate(inputs)
            ]
        )
    return blocks


def _by_columns(
    pushforward: Callable[..., Any],
    inputs: list[Any],
    rebuild_input: Callable[..., Any],
    outputs: list[Any],
) -> list[list[Any]]:
    blocks: list[list[Any]] = [[] for _ in outputs]
    for k, value in enumerate(inputs):
        columns = []
        for unit in _units(value):
            tangent = [unit if i == k else _zeros(v) for i, v in enumerate(inputs)]
            columns.append(flatten(pushforward(*rebuild_input(tangent)))[0])
        for j, output in enumerate(outputs):
            column = _stacked([c[j] for c in columns], -1, np.shape(value), output)
            blocks[j].append(column)
    return blocks


def _stacked(parts: list[Any], axis: int, shape: tuple[int, ...], other: Any) -> Any:
    """Derivatives for each element of an array of ``shape``, which goes first or last."""
    rest = np.shape(other)
    full = (*shape, *rest) if axis == 0 else (*rest, *shape)
    if not parts:
        return _zeros(other, full)
    return np.reshape(np.stack(parts, axis=axis), full)


def _units(value: Any) -> Any:
    """Arrays of the value's shape with a single one, in C order."""
    for index in np.ndindex(np.shape(value)):
        unit = _zeros(value)
        unit[index] = 1
        yield unit


def _zeros(value: Any, shape: tuple[int, ...] | None = None) -> Any:
    """Zeros of the dtype and library of an array or a tensor, and of its shape or another."""
    return np.zeros_like(value.data if isinstance(value, Tensor) else value, shape=shape)


def _size(leaves: list[Any]) -> int:
    return sum(math.prod(np.shape(leaf)) for leaf in leaves)
