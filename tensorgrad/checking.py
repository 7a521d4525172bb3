"""Derivatives against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tensorgrad.messages import name_of
from tensorgrad.mode import no_grad
from tensorgrad.structure import flatten, map_leaves
from tensorgrad.tensor import Tensor
from tensorgrad.transforms import linearize, vjp


def check_grads(
    function: Callable[..., Any],
    *args: Any,
    order: int = 2,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    step: float = 6e-6,
    seed: int = 0,
) -> None:
    """Compare the derivatives of a function with central differences.

    The result is projected on a random cotangent, and the gradient of this scalar is compared
    element by element with ``(f(x + h) - f(x - h)) / 2h``. The derivative in a random direction,
    by :func:`tensorgrad.jvp`, must agree with the gradient. For the second order the same is done
    with the gradient in the place of the function, and so on.

    Parameters
    ----------
    function : callable
        Takes arrays, or nested structures of them; returns the same. It must accept tensors.
    *args : array_like or nested structures
        Where to check; away from kinks. Floating-point leaves are varied, in float64; all others
        (integers, booleans) are held fixed.
    order : int
        The highest order to check.
    rtol, atol : float
        How far the two may lie apart: ``atol + rtol * |finite difference|``.
    step : float
        The h of the finite differences, relative to ``max(1, |x|)``. The default balances rounding
        and truncation in float64.
    seed : int
        Of the random projections.

    Raises
    ------
    AssertionError
        If a derivative is wrong: which order, argument and element, and the two values.
    ValueError
        If there is nothing to differentiate with respect to, or the order is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> check_grads(np.tanh, np.array([0.3, -1.0]), order=3)
    >>> wrong = tg.derivative(lambda x: x**2, lambda g, y, x: g * 3 * x)
    >>> check_grads(wrong, 2.0)
    Traceback (most recent call last):
    ...
    AssertionError: the derivative of ... of order 1 is wrong at element () of argument 0...
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, not {order}")
    leaves, rebuild = flatten(args)
    leaves = [_as_float64(leaf) for leaf in leaves]
    varied = [i for i, leaf in enumerate(leaves) if _is_floating(leaf)]
    if not varied:
        raise ValueError("check_grads needs floating-point arguments, and there are none")

    def flat(*values: Any) -> list[Any]:
        new = list(leaves)
        for i, value in zip(varied, values, strict=True):
            new[i] = value
        return [leaf for leaf in flatten(function(*rebuild(new)))[0] if _is_floating(leaf)]

    rng = np.random.default_rng(seed)
    current = flat
    for degree in range(1, order + 1):
        with no_grad():  # with respect to what the function closes over nothing is checked
            _check_first(
                current,
                [leaves[i] for i in varied],
                rng,
                name_of(function),
                degree,
                rtol,
                atol,
                step,
            )
        current = _gradient_of_projection(current, rng)


def _check_first(
    flat: Callable[..., list[Any]],
    values: list[Any],
    rng: np.random.Generator,
    name: str,
    degree: int,
    rtol: float,
    atol: float,
    step: float,
) -> None:
    outputs, pullback = vjp(flat, *values)
    cotangent = [_random_like(output, rng) for output in outputs]
    gradients = pullback(cotangent)
    for k, (value, gradient) in enumerate(zip(values, gradients, strict=True)):
        expected = _finite_difference(flat, values, k, cotangent, step)
        wrong = ~np.isclose(gradient, expected, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            where = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise AssertionError(
                f"the derivative of {name} of order {degree} is wrong at element {where} of "
                f"argument {k}, of shape {value.shape}: {gradient[where]:.8g} by the rule, "
                f"{expected[where]:.8g} by finite differences (both along a random cotangent)"
            )
    _check_forward(flat, values, gradients, cotangent, rng, name, degree, rtol, atol)


def _check_forward(
    flat: Callable[..., list[Any]],
    values: list[Any],
    gradients: tuple[Any, ...],
    cotangent: list[Any],
    rng: np.random.Generator,
    name: str,
    degree: int,
    rtol: float,
    atol: float,
) -> None:
    tangents = [_random_like(value, rng) for value in values]
    pushed = linearize(flat, *values)[1](*tangents)
    forward, reverse = _inner(cotangent, pushed), _inner(gradients, tangents)
    if not np.isclose(forward, reverse, rtol=rtol, atol=atol, equal_nan=True):
        raise AssertionError(
            f"forward and reverse derivatives of {name} of order {degree} disagree: {forward:.8g} "
            f"and {reverse:.8g}. Is a rule not linear in the cotangent?"
        )


def _gradient_of_projection(
    flat: Callable[..., list[Any]], rng: np.random.Generator
) -> Callable[..., list[Any]]:
    """The gradient, as a function that can itself be checked."""
    seed = int(rng.integers(2**32))

    def gradient(*values: Any) -> list[Any]:
        outputs, pullback = vjp(flat, *values)
        same = np.random.default_rng(seed)
        return list(pullback([_random_like(output, same) for output in outputs]))

    return gradient


def _finite_difference(
    flat: Callable[..., list[Any]], values: list[Any], k: int, cotangent: list[Any], step: float
) -> Any:
    differences = np.zeros(values[k].shape)
    for index in np.ndindex(values[k].shape):
        h = step * max(1.0, abs(values[k][index]))
        projected = []
        for sign in (1, -1):
            moved = values[k].copy()
            moved[index] += sign * h
            outputs = flat(*values[:k], moved, *values[k + 1 :])
            projected.append(_inner(cotangent, map_leaves(_plain, outputs)))
        differences[index] = (projected[0] - projected[1]) / (2 * h)
    return differences


def _inner(left: Any, right: Any) -> float:
    return float(sum(np.sum(a * b) for a, b in zip(left, right, strict=True)))


def _random_like(value: Any, rng: np.random.Generator) -> Any:
    return rng.uniform(0.5, 1.5, np.shape(value)) * rng.choice([-1.0, 1.0], np.shape(value))


def _plain(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else value


def _is_floating(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    return isinstance(leaf, float) if dtype is None else dtype.kind == "f"


def _as_float64(leaf: Any) -> Any:
    leaf = _plain(leaf)
    return np.asarray(leaf, np.float64) if _is_floating(leaf) else leaf
