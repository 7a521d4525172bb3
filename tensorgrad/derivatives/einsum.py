"""Sums of products in index notation.

A cotangent is itself such a sum: of the output's cotangent and the other operands, over the indices
that the operand lacks. Three things are left that no einsum says. An index that nothing else has
was summed out of this operand alone, so its cotangent is the same all along that axis. An axis of
length one was stretched. And of an operand with a repeated index only the diagonal was read.
"""

import re
from functools import lru_cache
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.derivatives.arguments import refuse_out
from tensorgrad.derivatives.stacks import identity_mask
from tensorgrad.derivatives.table import composition, derivative, plain


@composition(np.einsum)
def numpy_einsum(*operands, out=None, **options):
    """What remains when there is no array to write the result to."""
    refuse_out(out, np.einsum)
    return einsum(*operands, **options)


def einsum(*operands, **options):
    """np.einsum, in either form of the call."""
    return np.einsum(*operands, **options)


plain(np.einsum_path)


def einsum_cotangent(i, g, y, *args, optimize=False, **options):
    """Cotangent of argument i of einsum, in either form of the call."""
    operands, terms, output, k = taken_apart(args, i)
    x, others = operands[k], (*operands[:k], *operands[k + 1 :])
    ndims = tuple(map(np.ndim, operands))
    plan = plan_of(terms, output, ndims, k, tuple(n == 1 for n in x.shape))
    if isinstance(optimize, list | tuple) and "einsum_path" in optimize:
        optimize = True  # the user's path is one for the operands of the forward call
    if plan.subscripts is not None:
        g = np.einsum(plan.subscripts, g, *others, optimize=optimize)
    if plan.missing:
        g = np.expand_dims(g, plan.missing)
    for first, second in plan.repeated:
        n = x.shape[first]
        mask = identity_mask(x, n)
        shape = [n if axis in (first, second) else 1 for axis in range(x.ndim)]
        g = np.where(np.reshape(mask, shape), g, 0)
    return g


def taken_apart(args, i):
    """Operands, their index lists, that of the output or None, and which operand argument i is."""
    if isinstance(args[0], str):
        return args[1:], *parsed(args[0]), i - 1
    count = len(args) // 2
    output = tuple(args[-1]) if len(args) % 2 else None
    return args[0 : 2 * count : 2], tuple(map(tuple, args[1 : 2 * count : 2])), output, i // 2


@lru_cache(maxsize=1024)
def parsed(subscripts):
    """The index lists that a string of subscripts stands for, with `...` for its three dots."""
    inputs, arrow, output = subscripts.partition("->")
    *terms, target = (
        tuple(... if part == "..." else part for part in re.findall(r"\.\.\.|\S", term))
        for term in (*inputs.split(","), output)
    )
    return tuple(terms), target if arrow else None


einsum = derivative(einsum, each=einsum_cotangent)


class Plan(NamedTuple):
    """How to compute a cotangent."""

    subscripts: str | None
    """Of the output's cotangent and the other operands; None: leave the former as it is."""
    missing: tuple[int, ...]
    """Axes of the operand that this does not give; they are inserted with length one."""
    repeated: list[tuple[int, int]]
    """Pairs of axes of which only the diagonal was read."""


@lru_cache(maxsize=1024)
def plan_of(
    terms: tuple[tuple[Any, ...], ...],
    output: tuple[Any, ...] | None,
    ndims: tuple[int, ...],
    k: int,
    single: tuple[bool, ...],
) -> Plan:
    """Plan the cotangent of operand k, whose axes of length one are marked in ``single``."""
    stretched = [n - sum(i is not ... for i in t) for t, n in zip(terms, ndims, strict=True)]
    indices = [spelled_out(t, n) for t, n in zip(terms, stretched, strict=True)]
    target = spelled_out(implicit_output(terms) if output is None else output, max(stretched))
    others = [target, *indices[:k], *indices[k + 1 :]]
    own, known = indices[k], {i for term in others for i in term}
    kept = [
        axis
        for axis, i in enumerate(own)
        if i in known and i not in own[:axis] and not single[axis]
    ]
    wanted = tuple(own[axis] for axis in kept)
    missing = tuple(axis for axis in range(len(own)) if axis not in kept)
    repeated = [
        (own.index(i), axis) for axis, i in enumerate(own) if i in own[:axis] and not single[axis]
    ]
    distinct = dict.fromkeys(i for term in others for i in term)
    letters = dict(zip(distinct, ascii_letters, strict=False))
    inputs = ",".join("".join(letters[i] for i in term) for term in others)
    subscripts = f"{inputs}->{''.join(letters[i] for i in wanted)}"
    unchanged = others == [wanted]
    return Plan(None if unchanged else subscripts, missing, repeated)


def spelled_out(term, count):
    """Replace an ellipsis by indices of its own, which are counted from the last axis."""
    if ... not in term:
        return term
    at = term.index(...)
    return (*term[:at], *((..., n) for n in range(count, 0, -1)), *term[at + 1 :])


def implicit_output(terms):
    """Without a stated output: the broadcast axes, then the indices that occur once, in order."""
    flat = [i for term in terms for i in term]
    once = sorted(i for i in flat if i is not ... and flat.count(i) == 1)
    return (..., *once) if ... in flat else tuple(once)
