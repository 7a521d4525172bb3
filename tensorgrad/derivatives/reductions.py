"""Functions that reduce axes.

Each is recorded as a function of its own that knows axes and little else; what NumPy has in the way
of further options is put around it.

Elements that tie for the maximum or minimum share the cotangent evenly, ``initial`` among them. The
derivative of a standard deviation at 0 is 0. The rules of products never divide, so zeros among
the factors do no harm, whatever the order of the derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.derivatives.arguments import given, in_dtype, refuse_out
from tensorgrad.derivatives.axes import merged, reduced_count, restored, unmerged
from tensorgrad.derivatives.table import composition, derivative, plain, register

# ------------------------------------------------------------------------------ sum and mean

# Every loss ends in one of these two, so what they cost beyond the addition itself counts: NumPy's
# own spend most of a small call on their options, and the tape is quicker with a 0-d array than
# with a scalar.


def sum(x, axis=None, keepdims=False):
    """The bits of np.sum."""
    if axis is not None or keepdims:
        return x.sum(axis=axis, keepdims=keepdims)
    total = x.sum()
    return np.asarray(total) if isinstance(total, np.generic) else total


def mean(x, axis=None, keepdims=False):
    """The bits of np.mean."""
    # np.mean adds half precision up in single, and warns of an empty slice. A count from 2^24 on
    # need not be exact in single precision.
    if x.dtype.char not in "fd" or not 0 < x.size < 2**24:
        return np.mean(x, axis=axis, keepdims=keepdims)
    if axis is not None or keepdims:
        total = x.sum(axis=axis, keepdims=keepdims)
        return total / (x.size // total.size)
    value = (_add_up(x, None) if type(x) is np.ndarray else x.sum()) / x.size
    return np.asarray(value) if isinstance(value, np.generic) else value


_add_up = np.add.reduce  # what the method sum ends in, in half the time


def mean_rule(g, y, x, axis=None, keepdims=False):
    """The same share for every element."""
    count = x.size // y.size if y.size else 1
    if count > 65504:  # infinity in half precision, as 1 / count is not
        return restored(g, x, axis) * (1 / count)
    return restored(g, x, axis) / count


def in_half(function, a, dtype, *args, **kwargs):
    """Compute in single precision: squares and counts soon are infinity in half."""
    return function(in_dtype(a, dtype).astype(np.float32), *args, **kwargs).astype(np.float16)


def is_half(a, dtype):
    """Whether something is to be computed in half precision."""
    return (a.dtype if dtype is None else dtype) == np.float16


register(sum, lambda g, y, x, axis=None, keepdims=False: restored(g, x, axis), None, None)
register(mean, mean_rule, None, None)


@composition(np.sum)
def numpy_sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """Elements left out count as zeros."""
    if dtype is not None or out is not None:
        refuse_out(out, np.sum)
        a = in_dtype(a, dtype)
    if where is not True:
        a = selected(a, where, 0)
    total = a.sum(axis=axis, keepdims=keepdims)
    return total if initial is None else total + initial


@composition(np.mean)
def numpy_mean(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    """Elements left out are not counted."""
    if dtype is not None or out is not None:
        refuse_out(out, np.mean)
        a = in_dtype(a, dtype)
    if where is True:
        return a.mean(axis=axis, keepdims=keepdims)
    if is_half(a, dtype):
        return in_half(numpy_mean, a, dtype, axis, keepdims=keepdims, where=where)
    total = np.sum(a, axis=axis, keepdims=keepdims, where=where)
    return total / selected_count(a, axis, keepdims, where)


def selected(a, where, neutral):
    """The array with something neutral in the place of what is left out."""
    return np.where(np.broadcast_to(where, a.shape), a, neutral)


def selected_count(x, axis, keepdims, where):
    """How many elements of x each element of a reduction is made of, in the dtype of x."""
    counted = np.logical_and(where, np.ones_like(x, dtype=bool))
    return np.sum(counted, axis=axis, keepdims=keepdims).astype(x.dtype)


# ----------------------------------------------------------------------------------- product


def prod(x, axis=None, keepdims=False):
    """np.prod over axes."""
    return np.prod(x, axis=axis, keepdims=keepdims)


def product_of_others(x, axis):
    """For each element, the product of all others that are reduced together with it."""
    rows = merged(x, axis)
    after = product_of_earlier(rows[..., ::-1])[..., ::-1]
    return unmerged(product_of_earlier(rows) * after, x, axis)


def product_of_earlier(rows):
    """For each element, the product of those before it in its row."""
    ones = np.ones_like(rows[..., :1])
    return np.cumprod(np.concatenate([ones, rows[..., :-1]], axis=-1), axis=-1)


register(
    prod,
    lambda g, y, x, axis=None, keepdims=False: restored(g, x, axis) * product_of_others(x, axis),
)


@composition(np.prod)
def numpy_prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """Elements left out count as ones."""
    refuse_out(out, np.prod)
    a = in_dtype(a, dtype)
    if where is not True:
        a = selected(a, where, 1)
    product = a.prod(axis=axis, keepdims=keepdims)
    return product * initial if given(initial) else product


# ------------------------------------------------------------------------ variance, deviation


def var(x, axis=None, ddof=0, keepdims=False):
    """np.var over axes."""
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


def std(x, axis=None, ddof=0, keepdims=False):
    """np.std over axes."""
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def var_rule(g, y, x, axis=None, ddof=0, keepdims=False):
    """Twice the deviations. That the mean moves too adds their sum, which is zero."""
    return restored(g, x, axis) * 2 * centred(x, axis) / freedom(x, axis, ddof)


def std_rule(g, y, x, axis=None, ddof=0, keepdims=False):
    """That of the root of the variance, and 0 where this is 0."""
    y = restored(y, x, axis)
    slope = np.where(y == 0, 0, restored(g, x, axis)) / np.where(y == 0, 1, y)
    return slope * centred(x, axis) / freedom(x, axis, ddof)


def centred(x, axis):
    """Deviations from the mean."""
    return x - np.mean(x, axis=axis, keepdims=True) if x.size else x


def freedom(x, axis, ddof):
    """What np.var divides by."""
    count = reduced_count(x, axis)
    return count - ddof if count > ddof else 0


register(var, var_rule)
register(std, std_rule)


@composition(np.var)
def numpy_var(a, axis=None, dtype=None, out=None, ddof: float = 0, keepdims=False, **rarer) -> Any:
    """With a selection or a given mean, in steps."""
    refuse_out(out, np.var)
    if is_half(a, dtype):
        return in_half(numpy_var, a, dtype, axis, ddof=ddof, keepdims=keepdims, **rarer)
    a = in_dtype(a, dtype)
    if rarer:
        return mean_square(a, axis, ddof, keepdims, **rarer)
    return a.var(axis=axis, ddof=ddof, keepdims=keepdims)


@composition(np.std)
def numpy_std(a, axis=None, dtype=None, out=None, ddof: float = 0, keepdims=False, **rarer) -> Any:
    """With a selection or a given mean, in steps."""
    refuse_out(out, np.std)
    if is_half(a, dtype):
        return in_half(numpy_std, a, dtype, axis, ddof=ddof, keepdims=keepdims, **rarer)
    a = in_dtype(a, dtype)
    if rarer:
        return root(mean_square(a, axis, ddof, keepdims, **rarer))
    return a.std(axis=axis, ddof=ddof, keepdims=keepdims)


def mean_square(a, axis, ddof, keepdims, where=True, mean=None, correction=None):
    """The mean square deviation of selected elements from a mean that may be given."""
    if not given(mean):
        mean = np.mean(a, axis=axis, keepdims=True, where=where)
    deviations = selected(a - mean, where, 0)
    ddof = subtracted(ddof, correction)
    if where is True:
        divisor = freedom(a, axis, ddof)
    else:
        divisor = np.maximum(selected_count(a, axis, keepdims, where) - ddof, 0)
    return np.sum(deviations * deviations, axis=axis, keepdims=keepdims) / divisor


def subtracted(ddof, correction):
    """The degrees of freedom to subtract, under NumPy's name or the array API's."""
    if not given(correction):
        return ddof
    if ddof:
        raise ValueError(f"give one of ddof and correction, not both ({ddof} and {correction})")
    return correction


def root(x):
    """The square root, with derivative 0 at 0."""
    return np.where(x == 0, 0, np.sqrt(np.where(x == 0, 1, x)))


# ------------------------------------------------------------------------ maximum and minimum


def extremum_rule(g, y, x, axis=None, keepdims=False, initial=None, where=True):
    """To the elements that are as large as the result, in equal shares; NaN if that is NaN."""
    g = np.where(np.isnan(y), np.nan, g)
    y = restored(y, x, axis)
    chosen = np.logical_or(x == y, np.isnan(y))
    if where is not True:
        chosen = np.logical_and(chosen, where)
    ties = np.sum(chosen, axis=axis, keepdims=True, dtype=g.dtype)
    if given(initial):
        ties = ties + (y == initial)
    return np.where(chosen, restored(g, x, axis) / np.maximum(ties, 1), 0)


def max(x, axis=None, keepdims=False, **options):
    """np.max without out=."""
    return np.max(x, axis=axis, keepdims=keepdims, **options)


def min(x, axis=None, keepdims=False, **options):
    """np.min without out=."""
    return np.min(x, axis=axis, keepdims=keepdims, **options)


def nanmax(x, axis=None, keepdims=False, **options):
    """np.nanmax without out=."""
    return np.nanmax(x, axis=axis, keepdims=keepdims, **options)


def nanmin(x, axis=None, keepdims=False, **options):
    """np.nanmin without out=."""
    return np.nanmin(x, axis=axis, keepdims=keepdims, **options)


def extremum(function, recorded, of_two, lowest):
    """Enter a function with the signature of np.max in the table."""
    dispatched = derivative(recorded, extremum_rule, None, None)

    @composition(function)
    def body(a, axis=None, out=None, keepdims=False, *, initial: Any = None, where=True):
        refuse_out(out, function)
        options = {} if where is True else {"where": np.logical_and(where, True)}
        if not given(initial):
            return dispatched(a, axis, keepdims, **options)
        if np.ndim(initial) == 0 and not hasattr(type(initial), "requires_grad"):
            return dispatched(a, axis, keepdims, initial=initial, **options)
        return of_two(dispatched(a, axis, keepdims, initial=lowest, **options), initial)


extremum(np.max, max, np.maximum, -np.inf)
extremum(np.amax, max, np.maximum, -np.inf)
extremum(np.min, min, np.minimum, np.inf)
extremum(np.amin, min, np.minimum, np.inf)
extremum(np.nanmax, nanmax, np.fmax, -np.inf)
extremum(np.nanmin, nanmin, np.fmin, np.inf)


@composition(np.ptp)
def ptp(a, axis=None, out=None, keepdims=False):
    """From the minimum to the maximum."""
    refuse_out(out, np.ptp)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


# ------------------------------------------------------------------ the same, ignoring NaN


def present(a, where):
    """Which elements are selected and not NaN."""
    return np.logical_and(np.logical_not(np.isnan(a)), where)


@composition(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """NaN counts as zero."""
    refuse_out(out, np.nansum)
    return numpy_sum(a, axis, dtype, None, keepdims, initial, present(a, where))


@composition(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True):
    """NaN counts as one."""
    refuse_out(out, np.nanprod)
    return numpy_prod(a, axis, dtype, None, keepdims, initial, present(a, where))


@composition(np.nanmean)
def nanmean(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    """NaN is not counted."""
    refuse_out(out, np.nanmean)
    return numpy_mean(a, axis, dtype, None, keepdims, where=present(a, where))


def nan_mean_square(a, axis, dtype, ddof, keepdims, where=True, **rarer):
    """Like np.nanvar, NaN where too little is left; np.var divides by zero there."""
    a, where = in_dtype(a, dtype), present(a, where)
    value = mean_square(a, axis, ddof, keepdims, where, **rarer)
    enough = selected_count(a, axis, keepdims, where) > subtracted(ddof, rarer.get("correction"))
    return np.where(enough, value, np.nan)


@composition(np.nanvar)
def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, **rarer):
    """NaN is not counted."""
    refuse_out(out, np.nanvar)
    if is_half(a, dtype):
        return in_half(nanvar, a, dtype, axis, ddof=ddof, keepdims=keepdims, **rarer)
    return nan_mean_square(a, axis, dtype, ddof, keepdims, **rarer)


@composition(np.nanstd)
def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, **rarer):
    """NaN is not counted."""
    refuse_out(out, np.nanstd)
    if is_half(a, dtype):
        return in_half(nanstd, a, dtype, axis, ddof=ddof, keepdims=keepdims, **rarer)
    return root(nan_mean_square(a, axis, dtype, ddof, keepdims, **rarer))


# ------------------------------------------------------------------------- counts and indices

plain(np.all, np.any, np.count_nonzero)
plain(np.argmax, np.argmin, np.nanargmax, np.nanargmin)
