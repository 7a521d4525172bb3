"""Sequences between two ends, which may be tensors: linear, and even on a logarithmic scale."""

from operator import index

import numpy as np

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.table import composition


def shares(start, stop, num, endpoint):
    """How far each point lies on the way, 0 at the start; the points are along the first axis."""
    num = index(num)
    if num < 0:
        raise ValueError(f"the number of points cannot be negative, and is {num}")
    difference = np.zeros_like(stop - start)
    ones = np.ones_like(np.broadcast_to(difference, (num, *difference.shape)))
    return (np.cumsum(ones, axis=0) - 1) / max(num - bool(endpoint), 1)


def arranged(points, axis, dtype):
    """The points along the axis and in the dtype that were asked for."""
    if dtype is not None and np.issubdtype(dtype, np.integer):
        points = np.floor(points)
    points = points if dtype is None else points.astype(dtype)
    return points if axis == 0 else np.moveaxis(points, 0, axis)


@composition(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    """A mean of both ends, weighted so that they come out exactly."""
    start, stop = operand(start), operand(stop)
    share = shares(start, stop, num, endpoint)
    points = arranged(start * (1 - share) + stop * share, axis, dtype)
    count = num - bool(endpoint)
    return (points, (stop - start) / count if count > 0 else np.nan) if retstep else points


@composition(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """Powers of the base, which may be an array of as many as there are sequences."""
    base = operand(base)
    if np.ndim(base):
        start, stop, base = np.broadcast_arrays(operand(start), operand(stop), base)
    return arranged(np.power(base, np.linspace(start, stop, num, endpoint)), axis, dtype)


@composition(np.geomspace)
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """A geometric mean of both ends, weighted so that they come out exactly."""
    start, stop = operand(start), operand(stop)
    if np.any(start * stop <= 0):
        raise ValueError("np.geomspace takes two ends of the same sign, neither of them zero")
    share = shares(start, stop, num, endpoint)
    size = np.absolute(start) ** (1 - share) * np.absolute(stop) ** share
    return arranged(np.sign(start) * size, axis, dtype)
