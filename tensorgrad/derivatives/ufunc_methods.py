"""The methods of ufuncs: reduce, accumulate, reduceat and outer.

Elements of a segment that tie for its maximum or minimum share the cotangent evenly. The rules of
products never divide.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.derivatives.arguments import array_operand, at, in_dtype
from tensorgrad.derivatives.axes import all_but_first, all_but_last, restored
from tensorgrad.derivatives.indexing import add_at
from tensorgrad.derivatives.scans import linear_recurrence, reversed_recurrence
from tensorgrad.derivatives.table import composition, derivative, plain, refused

# ---------------------------------------------------------------------------------------- outer


def outer(ufunc, a, b, **options):
    """Any ufunc of two operands on all pairs of their elements."""
    a, b = array_operand(a), array_operand(b)
    return ufunc(np.reshape(a, a.shape + (1,) * b.ndim), b, **options)


# --------------------------------------------------------------------------- reduce, accumulate


def defined_by(function, method):
    """Compute a method, whose axis is the first by default, by a NumPy function."""

    @composition(method)
    def body(array, axis=0, dtype=None, **options):
        return function(in_dtype(array, dtype), axis=axis, **options)


defined_by(np.sum, np.add.reduce)
defined_by(np.prod, np.multiply.reduce)
defined_by(np.max, np.maximum.reduce)
defined_by(np.min, np.minimum.reduce)
defined_by(np.cumsum, np.add.accumulate)
defined_by(np.cumprod, np.multiply.accumulate)


def logaddexp_rule(exp):
    """The rule for the logarithm of a sum of powers of one base."""

    def rule(g, y, x, axis=0, dtype=None, keepdims=False, initial=None, where=True):
        # Where all are minus infinity, so is the result, and infinity - infinity is no number.
        y = restored(np.where(y == -np.inf, 0, y), x, axis)
        shares = restored(g, x, axis) * exp(x - y)
        return shares if where is True else np.where(where, shares, 0)

    return rule


derivative(np.logaddexp.reduce, logaddexp_rule(np.exp))
derivative(np.logaddexp2.reduce, logaddexp_rule(np.exp2))


def running_extremum_rule(g, y, x, axis=0, dtype=None):
    """To the elements that hold the record, in equal shares for those that tie so far."""
    axis %= x.ndim
    holds = (x == y).astype(g.dtype)
    unbroken = (all_but_first(y, axis) == all_but_last(y, axis)).astype(g.dtype)
    ties = linear_recurrence(unbroken, holds, axis)
    # Once the record is NaN, nothing equals it.
    return holds * reversed_recurrence(unbroken, g / np.maximum(ties, 1), axis)


derivative(np.maximum.accumulate, running_extremum_rule)
derivative(np.minimum.accumulate, running_extremum_rule)

# ------------------------------------------------------------------------------------- reduceat


def by_segment(rule):
    """The rule of a reduceat, from a rule for segments that follow one another.

    ``rule(g, y, x, starts, owner, axis)`` is told where each segment starts, and which segment
    each element belongs to. NumPy's indices may leave elements out, and go back.
    """

    def rule_of_reduceat(g, y, x, indices, axis=0, dtype=None):
        axis %= x.ndim
        elements, starts, owner = segments(indices, x.shape[axis])
        if np.array_equal(elements, np.arange(x.shape[axis])):
            return rule(g, y, x, starts, owner, axis)
        index = at(axis, elements)
        return add_at(rule(g, y, x[index], starts, owner, axis), np.empty_like(x), index)

    return rule_of_reduceat


def segments(indices, length):
    """The elements of all segments in a row: which they are, where each starts, and whose.

    A segment ends before the next index; it is a single element if that index is not larger.
    """
    first = np.asarray(indices)
    sizes = np.maximum(np.append(first[1:], length) - first, 1)
    starts = np.cumsum(sizes) - sizes
    owner = np.repeat(np.arange(len(first)), sizes)
    return first[owner] + np.arange(len(owner)) - starts[owner], starts, owner


def sum_of_segment_rule(g, y, x, starts, owner, axis):
    """The same for all."""
    return g[at(axis, owner)]


def extremum_of_segment_rule(g, y, x, starts, owner, axis):
    """To the elements that are as large as the result, in equal shares."""
    spread = at(axis, owner)
    chosen = (x == y[spread]).astype(g.dtype)
    ties = np.add.reduceat(chosen, starts, axis=axis)
    return chosen * (g / np.maximum(ties, 1))[spread]


def product_of_segment_rule(g, y, x, starts, owner, axis):
    """To a factor times all others of its segment, those before it and those after it."""
    begins, ends = np.zeros_like(x), np.zeros_like(x)
    begins[at(axis, starts)] = 1
    ends[at(axis, starts - 1)] = 1  # the very last element too, by the index -1
    before = linear_recurrence(
        all_but_last(x, axis) * (1 - all_but_first(begins, axis)), begins, axis
    )
    after = reversed_recurrence(all_but_first(x, axis) * (1 - all_but_last(ends, axis)), ends, axis)
    return g[at(axis, owner)] * before * after


derivative(np.add.reduceat, by_segment(sum_of_segment_rule))
derivative(np.multiply.reduceat, by_segment(product_of_segment_rule))
derivative(np.maximum.reduceat, by_segment(extremum_of_segment_rule))
derivative(np.minimum.reduceat, by_segment(extremum_of_segment_rule))

# -------------------------------------------------------------------------------------- others

for ufunc in (np.logical_and, np.logical_or, np.logical_xor):
    plain(ufunc.reduce, ufunc.accumulate, ufunc.reduceat)

refused(
    "it works in place; tg.set_at(x, index, values) gives a new array, as does np.bincount with "
    "weights for sums",
    *(ufunc.at for ufunc in vars(np).values() if isinstance(ufunc, np.ufunc)),
)
