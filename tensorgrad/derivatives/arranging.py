"""Sorting and partitioning, and questions about order.

Sorting carries each cotangent back to the element it belongs to. Among equal elements, between
which the order is undefined, the first element gets the cotangent of the first place, as in a
stable sort.
"""

import numpy as np

from tensorgrad.derivatives.indexing import take_along_axis_back
from tensorgrad.derivatives.table import derivative, plain, refused


def sort_back(g, y, x, axis=-1, *_, **__):
    """The cotangent of the array in np.sort."""
    return take_along_axis_back(g, y, x, np.argsort(x, axis, kind="stable"), axis)


def partition_back(g, y, x, kth, axis=-1, *_, **__):
    """The cotangent of the array in np.partition, of which sorting both tells the order."""
    order, order_of_result = (np.argsort(array, axis, kind="stable") for array in (x, y))
    order = np.take_along_axis(order, np.argsort(order_of_result, axis), axis)
    return take_along_axis_back(g, y, x, order, axis)


derivative(np.sort, sort_back)
derivative(np.partition, partition_back)

plain(np.argsort, np.argpartition, np.lexsort)
plain(np.isin)
refused("its result is complex; np.sort sorts real arrays", np.sort_complex)
refused(
    "how many results there are depends on the values, and which of several equal elements gets "
    "the gradient is undefined; find indices with np.unique(t.data, return_index=True)[1], say, "
    "and read the elements by them, t.ravel()[indices]",
    *(np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values),
    *(np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d),
)
