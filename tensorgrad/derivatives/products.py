"""Products of vectors, matrices and arrays of them."""

from typing import Any

import numpy as np

from tensorgrad.derivatives.arguments import array_operand, refuse_out
from tensorgrad.derivatives.shaping import inverse
from tensorgrad.derivatives.stacks import mT
from tensorgrad.derivatives.table import composition, derivative, rules_of

SMALL_PRODUCT = 8192
"""Elements of a matrix up to which ``np.dot`` is quicker than ``np.matmul``.

Both call the BLAS. ``np.dot`` has half as much around it, but fills its result with zeros first, by
one core.
"""

# ------------------------------------------------------------- vectors and matrices, in stacks


def matmul_left(g, y, a, b, axes=None):
    """Cotangent of a in a @ b; vectors count as one row on the left, one column on the right."""
    if axes is not None:
        return elsewhere(matmul_left, 0, g, a, b, axes)
    b = b if hasattr(b, "ndim") else array_operand(b)
    if a.ndim == 2 and b.ndim == 2:
        return np.dot(g, b.T) if a.size <= SMALL_PRODUCT else np.matmul(g, b.T)
    if b.ndim == 1:
        return np.expand_dims(g, -1) * b
    if a.ndim == 1:
        return (b @ np.expand_dims(g, -1))[..., 0]
    return g @ mT(b)


def matmul_right(g, y, a, b, axes=None):
    """Cotangent of b in a @ b."""
    if axes is not None:
        return elsewhere(matmul_right, 1, g, a, b, axes)
    a = a if hasattr(a, "ndim") else array_operand(a)
    if a.ndim == 2 and b.ndim == 2:
        return np.dot(a.T, g) if b.size <= SMALL_PRODUCT else np.matmul(a.T, g)
    if b.ndim == 1:
        return g * a if a.ndim == 1 else (mT(a) @ np.expand_dims(g, -1))[..., 0]
    if a.ndim == 1:
        return np.expand_dims(a, -1) * np.expand_dims(g, -2)
    return mT(a) @ g


def vecdot_left(g, y, a, b, **axes):
    """Cotangent of a in the products of vectors that lie along the last axes of a and b."""
    return elsewhere(vecdot_left, 0, g, a, b, **axes) if axes else np.expand_dims(g, -1) * b


def vecdot_right(g, y, a, b, **axes):
    """Cotangent of b in the products of vectors."""
    return elsewhere(vecdot_right, 1, g, a, b, **axes) if axes else np.expand_dims(g, -1) * a


def matvec_left(g, y, a, b, **axes):
    """Cotangent of the matrices a in their products with the vectors b."""
    if axes:
        return elsewhere(matvec_left, 0, g, a, b, **axes)
    return np.expand_dims(g, -1) * np.expand_dims(b, -2)


def matvec_right(g, y, a, b, **axes):
    """Cotangent of the vectors b."""
    if axes:
        return elsewhere(matvec_right, 1, g, a, b, **axes)
    return (mT(array_operand(a)) @ np.expand_dims(g, -1))[..., 0]


def vecmat_left(g, y, a, b, **axes):
    """Cotangent of the vectors a in their products with the matrices b."""
    if axes:
        return elsewhere(vecmat_left, 0, g, a, b, **axes)
    return (array_operand(b) @ np.expand_dims(g, -1))[..., 0]


def vecmat_right(g, y, a, b, **axes):
    """Cotangent of the matrices b."""
    if axes:
        return elsewhere(vecmat_right, 1, g, a, b, **axes)
    return np.expand_dims(a, -1) * np.expand_dims(g, -2)


def elsewhere(rule, which, g, a, b, axes=None, axis=-1, keepdims=False):
    """Apply a rule for vectors and matrices in the last axes to a call that has them in others.

    The keywords are those of NumPy's generalized ufuncs. Axes by which the operands are stretched
    come first, where the backward pass looks for them.
    """
    if axes is None:
        axes = [axis, axis, axis if keepdims else ()]
    places = [place if isinstance(place, tuple) else (place,) for place in (*axes, ())[:3]]
    a, b, g = (
        np.moveaxis(array_operand(x), place, range(-len(place), 0))
        for x, place in zip((a, b, g), places, strict=True)
    )
    cotangent = rule(g[..., 0] if keepdims else g, None, a, b)
    ndim, place = (a, b)[which].ndim, places[which]
    first = cotangent.ndim - ndim
    return np.moveaxis(cotangent, range(-len(place), 0), [first + i % ndim for i in place])


derivative(np.matmul, matmul_left, matmul_right)
derivative(np.linalg.matmul, matmul_left, matmul_right)
derivative(np.vecdot, vecdot_left, vecdot_right)
derivative(np.linalg.vecdot, vecdot_left, vecdot_right)
if hasattr(np, "matvec"):  # since NumPy 2.2
    derivative(np.matvec, matvec_left, matvec_right)
    derivative(np.vecmat, vecmat_left, vecmat_right)

# ------------------------------------------------------------------------ sums over given axes


@composition(np.dot)
def dot(a, b, out=None):
    """Sum over the last axis of a and the last but one of b, or its only one."""
    refuse_out(out, np.dot)
    a, b = array_operand(a), array_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return np.tensordot(a, b, (a.ndim - 1, b.ndim - 2)) if b.ndim > 2 else a @ b


@composition(np.inner)
def inner(a, b):
    """Sum over the last axes of both."""
    a, b = array_operand(a), array_operand(b)
    return a * b if a.ndim == 0 or b.ndim == 0 else np.tensordot(a, b, (a.ndim - 1, b.ndim - 1))


@composition(np.vdot)
def vdot(a, b, /):
    """Sum over all elements."""
    return np.reshape(a, (-1,)) @ np.reshape(b, (-1,))


def tensordot_left(g, y, a, b, axes=2):
    """Cotangent of a."""
    b = array_operand(b)
    free_a, summed_a, free_b, summed_b = split_axes(axes, a.ndim, b.ndim)
    # The axes left over of b come in the order they have in b.
    order = free_a + [summed_a[i] for i in np.argsort(summed_b)]
    product = np.tensordot(g, b, (range(len(free_a), len(free_a) + len(free_b)), free_b))
    return np.transpose(product, inverse(order, len(order)))


def tensordot_right(g, y, a, b, axes=2):
    """Cotangent of b."""
    a = array_operand(a)
    free_a, summed_a, free_b, summed_b = split_axes(axes, a.ndim, b.ndim)
    order = [summed_b[i] for i in np.argsort(summed_a)] + free_b
    product = np.tensordot(a, g, (free_a, range(len(free_a))))
    return np.transpose(product, inverse(order, len(order)))


def split_axes(axes, ndim_a, ndim_b):
    """The free and the summed axes of both operands, for any form of tensordot's argument."""
    if np.ndim(axes) == 0:
        pair = range(ndim_a - axes, ndim_a), range(axes)
    else:
        pair = axes
    summed_a, summed_b = (
        [int(i) % ndim for i in np.atleast_1d(given)]
        for given, ndim in zip(pair, (ndim_a, ndim_b), strict=True)
    )
    free_a = [i for i in range(ndim_a) if i not in summed_a]
    free_b = [i for i in range(ndim_b) if i not in summed_b]
    return free_a, summed_a, free_b, summed_b


derivative(np.tensordot, tensordot_left, tensordot_right)
derivative(np.linalg.tensordot, tensordot_left, tensordot_right)


@composition(np.linalg.multi_dot)
def multi_dot(arrays, *, out=None):
    """The product of a chain of matrices, in the order that needs the fewest multiplications."""
    refuse_out(out, np.linalg.multi_dot)
    arrays = [array_operand(x) for x in arrays]
    if len(arrays) < 2:
        raise ValueError(f"np.linalg.multi_dot takes two arrays or more, not {len(arrays)}")
    ends = 0, len(arrays) - 1
    if any(x.ndim != 2 and not (x.ndim == 1 and i in ends) for i, x in enumerate(arrays)):
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise np.linalg.LinAlgError(
            f"np.linalg.multi_dot multiplies matrices, and vectors at the ends; got shapes {shapes}"
        )
    rows = [1 if x.ndim == 1 and i == 0 else x.shape[0] for i, x in enumerate(arrays)]
    split = chain_order([*rows, arrays[-1].shape[1] if arrays[-1].ndim == 2 else 1])

    def product(first, last):
        if first == last:
            return arrays[first]
        middle = split[first, last]
        return np.dot(product(first, middle), product(middle + 1, last))

    return product(0, len(arrays) - 1)


def chain_order(lengths):
    """After which matrix to split each section of a chain; matrix i is lengths[i] × lengths[i+1].

    By dynamic programming (Cormen et al., Introduction to Algorithms, section 15.2).
    """
    count = len(lengths) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for span in range(1, count):
        for first in range(count - span):
            last = first + span
            cost[first, last], split[first, last] = min(
                (
                    cost[first, middle]
                    + cost[middle + 1, last]
                    + lengths[first] * lengths[middle + 1] * lengths[last + 1],
                    middle,
                )
                for middle in range(first, last)
            )
    return split


# ------------------------------------------------------------------- outer products and others


def outer_of_vectors(a, b):
    """All products of an element of a and one of b."""
    return np.outer(a, b)


derivative(np.linalg.outer, lambda g, y, a, b: g @ b, lambda g, y, a, b: a @ g)
outer_of_vectors = derivative(outer_of_vectors, *rules_of(np.linalg.outer))


@composition(np.outer)
def outer(a, b, out=None):
    """The same of all elements of arrays of any shape."""
    refuse_out(out, np.outer)
    return outer_of_vectors(*(x if np.ndim(x) == 1 else np.reshape(x, (-1,)) for x in (a, b)))


@composition(np.kron)
def kron(a, b):
    """Every element of a times all of b: a product over twice as many axes, then half of them."""
    a, b = array_operand(a), array_operand(b)
    ndim = max(a.ndim, b.ndim)
    a = np.reshape(a, (1,) * (ndim - a.ndim) + a.shape)
    b = np.reshape(b, (1,) * (ndim - b.ndim) + b.shape)
    after, before = tuple(range(1, 2 * ndim, 2)), tuple(range(0, 2 * ndim, 2))
    product = np.expand_dims(a, after) * np.expand_dims(b, before)
    return np.reshape(product, tuple(n * m for n, m in zip(a.shape, b.shape, strict=True)))


def cross_left(g, y, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """Cotangent of a in a × b, which is b × g."""
    if axis is not None:
        axisa = axisb = axisc = axis
    g, b = in_space(g, y, a, b, axisa, axisb, axisc), vectors(b, axisb)
    return put_back(np.cross(b, g), a, axisa)


def cross_right(g, y, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """Cotangent of b in a × b, which is g × a."""
    if axis is not None:
        axisa = axisb = axisc = axis
    g, a = in_space(g, y, a, b, axisa, axisb, axisc), vectors(a, axisa)
    return put_back(np.cross(g, a), b, axisb)


def vectors(x, axis):
    """The vectors along an axis, moved to the last one; those in the plane get a third zero."""
    x = np.moveaxis(array_operand(x), axis, -1)
    if x.shape[-1] == 3:
        return x
    return np.concatenate([x, np.zeros_like(x[..., :1])], axis=-1)


def in_space(g, y, a, b, axisa, axisb, axisc):
    """The cotangent as vectors; of two vectors in the plane, NumPy gives the third component."""
    if np.shape(a)[axisa] == 2 == np.shape(b)[axisb]:
        third = np.expand_dims(g, -1)
        zero = np.zeros_like(third)
        return np.concatenate([zero, zero, third], axis=-1)
    return vectors(g, axisc)


def put_back(cotangent, x, axis):
    """Undo `vectors`. Axes by which x is stretched are left in front."""
    first = cotangent.ndim - x.ndim
    return np.moveaxis(cotangent[..., : x.shape[axis]], -1, first + axis % x.ndim)


derivative(np.cross, cross_left, cross_right)
derivative(np.linalg.cross, cross_left, cross_right)


def overlap(g, x, other):
    """Cotangent of x in its convolution with other: a correlation, with the parts cut off as 0."""
    other = np.reshape(other, (-1,))
    short, long = sorted((x.size, other.size))
    full = short + long - 1
    centred = short - 1 - short // 2
    before = {full: 0, long - short + 1: short - 1}.get(g.size, centred)
    if g.size < full:
        after = full - g.size - before
        zeros = [np.zeros_like(g, shape=(n,)) for n in (before, after)]
        g = np.concatenate([zeros[0], g, zeros[1]])
    return np.reshape(np.correlate(g, other, "valid"), x.shape)


derivative(
    np.convolve,
    lambda g, y, a, v, mode="full": overlap(g, a, v),
    lambda g, y, a, v, mode="full": overlap(g, v, a),
)


@composition(np.correlate)
def correlate(a, v, mode: Any = "valid"):
    """A convolution with the reversed shorter one of the two."""
    a, v = array_operand(a), array_operand(v)
    return correlate(v, a, mode)[::-1] if a.size < v.size else np.convolve(a, v[::-1], mode)


@composition(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    """The sum of a diagonal."""
    refuse_out(out, np.trace)
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@composition(np.linalg.trace)
def matrix_trace(x, /, *, offset=0, dtype=None):
    """The same of the last two axes."""
    return np.sum(np.diagonal(x, offset, -2, -1), axis=-1, dtype=dtype)
