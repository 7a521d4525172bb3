"""Functions that go along one axis: running sums and products, differences, slopes, integrals.

The rules of running products never divide, so zeros among the factors do no harm, whatever the
order of the derivative.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from tensorgrad.derivatives.arguments import array_operand, at, given, in_dtype, refuse_out
from tensorgrad.derivatives.axes import all_but_first, all_but_last, flipped
from tensorgrad.derivatives.table import composition, derivative

# ---------------------------------------------------------------------- linear recurrences


def linear_recurrence(a, b, axis):
    """The sequence s[0] = b[0], s[i + 1] = b[i + 1] + a[i] s[i] along an axis.

    By recursive doubling, in log2(n) steps (Kogge & Stone 1973): with each, every element takes in
    twice as many of its predecessors. The derivatives are recurrences of the same kind.
    """
    step = 1
    while step < b.shape[axis]:
        first, later, earlier = (
            at(axis, part) for part in (slice(step), slice(step, None), slice(None, -step))
        )
        b = np.concatenate([b[first], b[later] + a * b[earlier]], axis=axis)
        a = a[later] * a[earlier]
        step *= 2
    return b


def reversed_recurrence(a, b, axis):
    """The sequence that ends in s[n - 1] = b[n - 1], with s[i] = b[i] + a[i] s[i + 1]."""
    return flipped(linear_recurrence(flipped(a, axis), flipped(b, axis), axis), axis)


linear_recurrence = derivative(
    linear_recurrence,
    lambda g, y, a, b, axis: (
        all_but_first(reversed_recurrence(a, g, axis), axis) * all_but_last(y, axis)
    ),
    lambda g, y, a, b, axis: reversed_recurrence(a, g, axis),
)

# ----------------------------------------------------------------- running sums and products


def cumsum(x, axis):
    """np.cumsum along an axis counted from the front."""
    return np.cumsum(x, axis=axis)


def cumprod(x, axis):
    """np.cumprod along an axis counted from the front."""
    return np.cumprod(x, axis=axis)


def cumprod_rule(g, y, x, axis):
    """The cotangent of x[i], a sum of g[k] prod(x[:i]) prod(x[i + 1 : k + 1]) over all k >= i."""
    ones = np.ones_like(x[at(axis, slice(None, 1))])
    before = np.concatenate([ones, all_but_last(y, axis)], axis=axis)
    return before * reversed_recurrence(all_but_first(x, axis), g, axis)


cumsum = derivative(
    cumsum, lambda g, y, x, axis: flipped(np.cumsum(flipped(g, axis), axis=axis), axis)
)
cumprod = derivative(cumprod, cumprod_rule)


def scan(function, recorded):
    """Enter a function with the signature of np.cumsum in the table."""

    @composition(function)
    def body(a, axis=None, dtype=None, out=None):
        refuse_out(out, function)
        a = in_dtype(array_operand(a), dtype)
        if axis is None:
            return recorded(np.ravel(a), 0)
        return recorded(a, normalize_axis_index(axis, a.ndim))


def scan_of_array_api(function, scanned, start_like):
    """Enter a function with the signature of np.cumulative_sum in the table."""

    @composition(function)
    def body(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        refuse_out(out, function)
        if axis is None and x.ndim > 1:
            raise ValueError(f"np.{function.__name__} of {x.ndim} axes needs to be told which")
        axis = normalize_axis_index(axis or 0, x.ndim)
        result = scanned(x, axis=axis, dtype=dtype)
        if not include_initial:
            return result
        start = start_like(result, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :]))
        return np.concatenate([start, result], axis=axis)


scan(np.cumsum, cumsum)
scan(np.cumprod, cumprod)
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    scan_of_array_api(np.cumulative_sum, np.cumsum, np.zeros_like)
    scan_of_array_api(np.cumulative_prod, np.cumprod, np.ones_like)


@composition(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    """NaN counts as zero."""
    refuse_out(out, np.nancumsum)
    return np.cumsum(np.where(np.isnan(a), 0, a), axis, dtype)


@composition(np.nancumprod)
def nancumprod(a, axis=None, dtype=None, out=None):
    """NaN counts as one."""
    refuse_out(out, np.nancumprod)
    return np.cumprod(np.where(np.isnan(a), 1, a), axis, dtype)


# --------------------------------------------------------------------------------- differences


def diff(x, n, axis):
    """np.diff along an axis counted from the front, with nothing in front or behind."""
    return np.diff(x, n, axis)


def diff_rule(g, y, x, n, axis):
    """The transpose of n differences: n differences of g between zeros, (-1)^n times."""
    if x.shape[axis] <= n:
        return np.zeros_like(x)
    zeros = np.zeros_like(x[at(axis, slice(None, n))])
    return (-1) ** n * np.diff(g, n, axis, prepend=zeros, append=zeros)


diff = derivative(diff, diff_rule)


@composition(np.diff)
def numpy_diff(a, n=1, axis=-1, prepend=None, append=None):
    """Join first what stands in front and behind; a number counts as one element."""
    a = array_operand(a)
    if n == 0:
        return a
    if n < 0 or a.ndim == 0:
        raise ValueError(f"np.diff takes n >= 0 and at least one axis; n={n}, shape {a.shape}")
    axis = normalize_axis_index(axis, a.ndim)
    one_element = (*a.shape[:axis], 1, *a.shape[axis + 1 :])

    def ends(part):
        part = array_operand(part)
        return part if part.ndim else np.broadcast_to(part, one_element)

    if given(prepend):
        a = np.concatenate([ends(prepend), a], axis=axis)
    if given(append):
        a = np.concatenate([a, ends(append)], axis=axis)
    return diff(a, n, axis)


@composition(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    """All in one row, in the dtype of the array."""
    ary = np.ravel(array_operand(ary))
    result = diff(ary, 1, 0)
    if to_begin is not None:
        result = np.concatenate([flat_in_dtype("to_begin", to_begin, ary.dtype), result])
    if to_end is not None:
        result = np.concatenate([result, flat_in_dtype("to_end", to_end, ary.dtype)])
    return result


def flat_in_dtype(name, x, dtype):
    """An end of np.ediff1d."""
    x = array_operand(x)
    if not np.can_cast(x.dtype, dtype, "same_kind"):
        raise TypeError(f"np.ediff1d got {name} of dtype {x.dtype} for an array of {dtype}")
    return np.ravel(x).astype(dtype)


# ------------------------------------------------------------------------ slopes and integrals


@composition(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    """The slopes along each axis; differentiable in the coordinates as well."""
    f = array_operand(f)
    if f.dtype.kind != "f":
        f = f.astype(np.float64)
    if edge_order not in (1, 2):
        raise ValueError(f"np.gradient: edge_order must be 1 or 2, not {edge_order!r}")
    axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    slopes = tuple(
        slope(f, axis, widths, edge_order)
        for axis, widths in zip(axes, interval_widths(f, axes, varargs), strict=True)
    )
    return slopes[0] if len(slopes) == 1 else slopes


def interval_widths(f, axes, spacings):
    """Per axis the distance between points, or the distances as an array that broadcasts."""
    if not spacings:
        return [1.0] * len(axes)
    spacings = [s if isinstance(s, int | float) else array_operand(s) for s in spacings]
    if len(spacings) == 1 and np.ndim(spacings[0]) == 0:
        return spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(
            f"np.gradient got {len(spacings)} spacings for {len(axes)} axes; give one number for "
            "all, or a number or a vector of coordinates for each"
        )
    return [
        widths_between(spacing, f, axis) if np.ndim(spacing) else spacing
        for spacing, axis in zip(spacings, axes, strict=True)
    ]


def widths_between(coordinates, f, axis):
    """The distances between the points of an axis."""
    if coordinates.shape != (f.shape[axis],):
        raise ValueError(
            f"np.gradient got coordinates of shape {coordinates.shape} for an axis of length "
            f"{f.shape[axis]}"
        )
    if coordinates.dtype.kind != "f":
        coordinates = coordinates.astype(np.float64)
    return across(np.diff(coordinates), f, axis)


def across(vector, f, axis):
    """A vector that belongs to an axis of f, shaped to broadcast with f."""
    return np.reshape(vector, (1,) * axis + (vector.size,) + (1,) * (f.ndim - 1 - axis))


def slope(f, axis, widths, edge_order):
    """Slopes of second order at inner points, and of first or second order at both ends.

    Where two intervals meet, the slope changes from that of the one to that of the other; the
    part of the change that is done at the point itself is in proportion to their widths. The same
    line, prolonged to the ends, gives the slopes of second order there.
    """
    if f.shape[axis] <= edge_order:
        raise ValueError(
            f"np.gradient with edge_order={edge_order} needs {edge_order + 1} points along axis "
            f"{axis}, which has {f.shape[axis]}"
        )
    slopes = diff(f, 1, axis) / widths
    change = diff(slopes, 1, axis)
    if np.ndim(widths):
        here = all_but_last(widths, axis)
        change_before = change * (here / (here + all_but_first(widths, axis)))
    else:
        change_before = 0.5 * change
    first, last = slopes[at(axis, slice(None, 1))], slopes[at(axis, slice(-1, None))]
    if edge_order == 2:
        change_after = change - change_before
        first = first - change_before[at(axis, slice(None, 1))]
        last = last + change_after[at(axis, slice(-1, None))]
    inner = all_but_last(slopes, axis) + change_before
    result = np.concatenate([first, inner, last], axis=axis)
    return result if result.dtype == f.dtype else result.astype(f.dtype)


@composition(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """Widths of the intervals times the means of what stands at their ends."""
    y = array_operand(y)
    axis = normalize_axis_index(axis, y.ndim)
    if given(x):
        x = array_operand(x)
        dx = across(np.diff(x), y, axis) if x.ndim == 1 else np.diff(x, axis=axis)
    return np.sum(dx * (all_but_last(y, axis) + all_but_first(y, axis)) / 2, axis=axis)
