"""Functions that change the shape, the order of the axes or the dtype, but no element."""

from typing import Any

import numpy as np

from tensorgrad.derivatives.arguments import operand
from tensorgrad.derivatives.table import composition, derivative, flat, plain, register

# --------------------------------------------------------------------------------- new shapes


def reshape_back(g, y, x, shape=None, order: Any = "C", **_):
    """The cotangent of x in np.reshape(x, shape, order)."""
    if order == "C":
        return g.reshape(x.shape)
    if order == "A":
        order = "F" if x.flags.fnc else "C"
    return np.reshape(g, x.shape, order=order)


# The rules of None, for operands that no one differentiates, save `apply` a second look.
derivative(np.reshape, reshape_back, None)
derivative(np.expand_dims, lambda g, y, x, axis: g.reshape(x.shape), None)
derivative(np.squeeze, lambda g, y, x, axis=None: g.reshape(x.shape), None)


@composition(np.ravel)
def ravel(a, order: Any = "C"):
    """Order "K" goes by the memory: the axis with the longest stride first."""
    if order == "K":
        strides = a.strides
        if 0 in strides:
            raise ValueError(
                "np.ravel with order='K' goes by the memory, in which the elements of a broadcast "
                "array have no order; use order='C'"
            )
        a, order = a.transpose(sorted(range(a.ndim), key=lambda i: -abs(strides[i]))), "C"
    return a.reshape((-1,), order=order)


def at_least(function):
    """Make np.atleast_1d, 2d or 3d a matter of np.reshape."""

    @composition(function)
    def expanded(*arys):
        arrays = [operand(array) for array in arys]
        shapes = [function(np.broadcast_to(0, np.shape(array))).shape for array in arrays]
        results = tuple(map(np.reshape, arrays, shapes))
        return results[0] if len(results) == 1 else results


at_least(np.atleast_1d)
at_least(np.atleast_2d)
at_least(np.atleast_3d)

# ------------------------------------------------------------------------------ order of axes


def inverse(axes, ndim):
    """The permutation that undoes a permutation of axes."""
    if axes is None:
        return None
    positions = [axis % ndim for axis in ((axes,) if isinstance(axes, int) else axes)]
    return sorted(range(ndim), key=positions.__getitem__)


def rollaxis_back(g, y, x, axis, start=0):
    """The cotangent of x in np.rollaxis(x, axis, start)."""
    axis, start = axis % x.ndim, start + x.ndim if start < 0 else start
    return np.moveaxis(g, start - (axis < start), axis)


derivative(np.transpose, lambda g, y, x, axes=None: np.transpose(g, inverse(axes, x.ndim)), None)
derivative(np.matrix_transpose, lambda g, y, x: np.matrix_transpose(g))
derivative(np.swapaxes, lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
derivative(np.moveaxis, lambda g, y, x, source, destination: np.moveaxis(g, destination, source))
derivative(np.rollaxis, rollaxis_back)

# ------------------------------------------------------------------------- order along an axis

derivative(np.flip, lambda g, y, x, axis=None: np.flip(g, axis))
derivative(np.fliplr, lambda g, y, x: np.fliplr(g))
derivative(np.flipud, lambda g, y, x: np.flipud(g))
derivative(np.rot90, lambda g, y, x, k=1, axes=(0, 1): np.rot90(g, -k, axes))
derivative(
    np.roll, lambda g, y, x, shift, axis=None: np.roll(g, np.negative(shift, dtype=np.intp), axis)
)

# ------------------------------------------------------------------------------- broadcasting

# Undone by the backward pass.
derivative(np.broadcast_to, lambda g, y, x, shape, subok=False: g)


@composition(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    """Broadcast all to their common shape."""
    arrays = [operand(arg) for arg in args]
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    return tuple(np.broadcast_to(array, shape) for array in arrays)


@composition(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """Give each vector an axis of its own; with "xy" the first two axes change places."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"np.meshgrid: indexing must be 'xy' or 'ij', not {indexing!r}")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    grids = tuple(
        np.reshape(operand(x), [-1 if i == axis else 1 for i in range(len(xi))])
        for axis, x in zip(axes, xi, strict=True)
    )
    return grids if sparse else np.broadcast_arrays(*grids)


@composition(np.ix_)
def ix_(*args):
    """Give each vector an axis of its own; of booleans, the places of the true ones."""
    grids = []
    for axis, arg in enumerate(args):
        vector = operand(arg)
        if np.ndim(vector) != 1:
            raise ValueError(f"np.ix_ takes vectors; argument {axis} has shape {np.shape(vector)}")
        if vector.dtype == bool:
            (vector,) = np.nonzero(vector)
        grids.append(np.reshape(vector, [-1 if i == axis else 1 for i in range(len(args))]))
    return tuple(grids)


# --------------------------------------------------------------- copies, dtypes, complex parts


def cast(x, dtype, **options):
    """The values of an array in another dtype."""
    return x.astype(dtype, **options)


register(cast, lambda g, y, x, dtype, **options: g)  # the backward pass restores the dtype
derivative(np.copy, lambda g, y, x, order="K", subok=False: g)
derivative(np.real, lambda g, y, x: g)
derivative(np.conjugate, lambda g, y, x: g)
derivative(np.real_if_close, lambda g, y, x, tol=100: g)
flat(np.imag, np.angle)

if hasattr(np, "astype"):  # since NumPy 2.1

    @composition(np.astype)
    def astype(x, dtype, /, *, copy=True, device=None):
        """The method of arrays as a function."""
        if device not in (None, "cpu"):
            raise ValueError(f"np.astype: device must be 'cpu' or None, not {device!r}")
        return x.astype(dtype, copy=copy)


# ---------------------------------------------------------------------- arrays like another one


@composition(np.full_like)
def full_like(a, fill_value, dtype=None, order: Any = "K", subok=True, shape=None, **device):
    """Plain, as np.zeros_like is, unless the value is a tensor."""
    like = np.empty_like(a, dtype=dtype, order=order, shape=shape, **device)
    if isinstance(fill_value, int | float | np.generic):
        return np.full_like(like, fill_value)
    return np.broadcast_to(operand(fill_value).astype(like.dtype), like.shape)


plain(np.zeros_like, np.ones_like, np.empty_like)
plain(np.shape, np.ndim, np.size)
plain(np.result_type, np.can_cast, np.common_type, np.min_scalar_type)
plain(np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj)
plain(np.shares_memory, np.may_share_memory)
plain(np.array2string, np.array_repr, np.array_str)
