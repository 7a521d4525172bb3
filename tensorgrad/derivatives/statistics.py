"""Weighted averages, correlations, order statistics and histograms.

Medians and quantiles are differentiable in the array, not in q. Of elements that tie, the one that
comes first counts as the smaller, and takes the cotangent of its place alone. Counting functions
are plain, but for their weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tensorgrad.derivatives.arguments import array_operand, in_dtype, refuse_out
from tensorgrad.derivatives.axes import merged, reduced_count, unmerged
from tensorgrad.derivatives.table import composition, derivative, dispatching, plain, refused

# ------------------------------------------------------------------------------ order statistics


def order_statistic(read):
    """Differentiate a function that interpolates between elements of certain ranks.

    What such a function makes of the ranks themselves is the place that it reads at: 2.25 stands
    for 0.75 times the element of rank 2 plus 0.25 times that of rank 3. So the weight of an element
    is a hat function of its distance from that place, whatever the method of interpolation.
    """

    def rule(g, y, x, *given, axis, keepdims, **options):
        missing = np.isnan(x)
        rank = np.where(missing, np.nan, ranks(x, axis))
        place = read(rank, *given, axis=axis, keepdims=True, **options)
        weight = np.where(missing, 0, np.maximum(1 - np.abs(rank - place), 0))
        return np.reshape(g, place.shape) * weight

    return derivative(read, rule)


def ranks(x, axis):
    """How many of the elements that are reduced together with it come before each element."""
    order = np.argsort(merged(x, axis), axis=-1, kind="stable")
    return unmerged(np.argsort(order, axis=-1), x, axis)


def middle(function):
    """Enter a function with the signature of np.median in the table."""

    def read(x, **options):
        return function(x, **options)

    read.__name__ = function.__name__
    statistic = order_statistic(read)

    @composition(function)
    def body(a, axis=None, out=None, overwrite_input=False, keepdims=False):
        refuse_out(out, function)
        return statistic(a, axis=axis, keepdims=keepdims)


def quantiles(function):
    """Enter a function with the signature of np.quantile in the table."""

    def read(x, q, weights, **options):
        weighted = {} if weights is None else {"weights": weights}
        return function(x, q, **weighted, **options)

    read.__name__ = function.__name__
    statistic = order_statistic(read)

    @composition(function)
    def body(
        a,
        q,
        axis=None,
        out=None,
        overwrite_input=False,
        method="linear",
        keepdims=False,
        *,
        weights=None,
    ):
        refuse_out(out, function)
        return statistic(a, q, weights, axis=axis, method=method, keepdims=keepdims)


for function in (np.median, np.nanmedian):
    middle(function)
for function in (np.quantile, np.nanquantile, np.percentile, np.nanpercentile):
    quantiles(function)

# -------------------------------------------------------------------- averages and correlations


@composition(np.average)
def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    """Differentiable in the weights too."""
    a = array_operand(a)
    if weights is None:
        value = np.mean(a, axis=axis, keepdims=keepdims)
        return (value, np.ones_like(value) * reduced_count(a, axis)) if returned else value
    weights = across_axes(array_operand(weights), a, axis)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    if np.any(total == 0):
        raise ZeroDivisionError("np.average got weights that add up to zero")
    value = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (value, np.broadcast_to(total, value.shape)) if returned else value


def across_axes(weights, a, axis):
    """Weights of the averaged axes alone, shaped to broadcast with a."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(
            f"np.average got weights of shape {weights.shape} for an array of shape {a.shape}; "
            "say which axis they belong to"
        )
    axes = normalize_axis_tuple(axis, a.ndim)
    if weights.shape != tuple(a.shape[i] for i in axes):
        raise ValueError(
            f"np.average got weights of shape {weights.shape} for axis {axis} of an array of "
            f"shape {a.shape}"
        )
    shape = tuple(n if i in axes else 1 for i, n in enumerate(a.shape))
    in_order = sorted(range(len(axes)), key=axes.__getitem__)
    return np.reshape(np.transpose(weights, in_order), shape)


@composition(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """Products of deviations from the average; differentiable in the analytic weights too."""
    m = array_operand(m)
    rows = as_rows(m, rowvar or m.ndim < 2)
    if y is not None:
        others = as_rows(array_operand(y), rowvar or np.shape(y)[:-1] in ((), (1,)))
        rows = np.concatenate([rows, others], axis=0)
    rows = in_dtype(rows, np.result_type(rows.dtype, np.float64) if dtype is None else dtype)
    if ddof is None:
        ddof = 0 if bias else 1
    weights = None
    for name, some in (("fweights", fweights), ("aweights", aweights)):
        if some is not None:
            some = observation_weights(name, some, rows)
            weights = some if weights is None else weights * some
    deviations = rows - np.average(rows, axis=1, weights=weights, keepdims=True)
    weighted = deviations if weights is None else deviations * weights
    result = deviations @ weighted.T / degrees_of_freedom(rows, weights, aweights, ddof)
    return np.reshape(result, ()) if result.shape == (1, 1) else result


def as_rows(x, by_row):
    """A variable per row, an observation per column."""
    if x.ndim > 2:
        raise ValueError(f"np.cov takes one or two axes, not an array of shape {x.shape}")
    if x.ndim < 2:
        x = np.reshape(x, (1, x.size))
    return x if by_row else x.T


def observation_weights(name, weights, rows):
    """Weights that are as many as there are observations, and not negative."""
    weights = array_operand(weights)
    if weights.shape != rows.shape[1:]:
        raise ValueError(
            f"np.cov got {name} of shape {weights.shape} for {rows.shape[1]} observations"
        )
    if name == "fweights" and np.any(weights != np.round(weights)):
        raise TypeError("fweights must be whole numbers: how often each observation counts")
    if np.any(weights < 0):
        raise ValueError(f"{name} cannot be negative")
    return weights


def degrees_of_freedom(rows, weights, aweights, ddof):
    """What the sum of products is divided by."""
    if weights is None:
        return max(rows.shape[1] - ddof, 0)
    total = np.sum(weights)
    freedom = total - ddof * (1 if aweights is None else np.sum(weights * aweights) / total)
    return np.maximum(freedom, 0)


@composition(np.corrcoef)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    """Covariances over the roots of both variances."""
    c = np.cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    scale = np.sqrt(np.diagonal(c))
    # Only rounding takes it beyond 1.
    return np.clip(c / scale[:, None] / scale, -1, 1)


# ------------------------------------------------------------------------------------- counting


def bincount(x, weights, minlength):
    """np.bincount, for rules by position."""
    return np.bincount(x, weights, minlength)


bincount = derivative(bincount, None, lambda g, y, x, weights, minlength: g[x])


@composition(np.bincount)
def numpy_bincount(x, weights=None, minlength=0):
    """Linear in the weights."""
    return bincount(x, weights, minlength)


@composition(np.histogram)
def histogram(a, bins=10, range=None, density=None, weights=None):
    """By np.bincount, since with weights there is something to differentiate.

    Densities depend on the elements too, by the width of the bins.
    """
    a = array_operand(a)
    edges = np.histogram_bin_edges(a, bins, range, weights)
    count = len(edges) - 1
    index = np.where(a == edges[-1], count - 1, np.searchsorted(edges, a, side="right") - 1)
    inside = np.logical_and(edges[0] <= a, a <= edges[-1])
    if weights is None:
        counts = np.bincount(index[inside], minlength=count)
    else:
        weights = array_operand(weights)
        counts = np.bincount(index[inside], weights[inside], count).astype(weights.dtype)
    return (counts / np.diff(edges) / np.sum(counts) if density else counts), edges


@composition(np.histogram_bin_edges)
def histogram_bin_edges(a, bins: Any = 10, range=None, weights=None):
    """Evenly from the least to the greatest element, or between given ends, or edges as given."""
    a = array_operand(a)
    edges = constant_edges(a, bins, range, weights)
    if np.ndim(bins):
        return array_operand(bins)
    low, high = (np.min(a), np.max(a)) if range is None and a.size else range or (0.0, 1.0)
    if not any(hasattr(type(end), "__array_function__") for end in (low, high)):
        return edges
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, edges.size, dtype=edges.dtype)


def _constant_edges(a, bins, range, weights):
    return np.histogram_bin_edges(a, bins, range, weights)


plain(_constant_edges)
constant_edges = dispatching(_constant_edges)
plain(np.searchsorted, np.digitize)
refused(
    "its counts change in steps. Call it on the arrays, t.data; np.histogram and np.bincount have "
    "a derivative with respect to weights",
    np.histogram2d,
    np.histogramdd,
)
