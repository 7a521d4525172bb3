"""What rules for stacks of matrices share. The matrices lie in the last two axes."""

import numpy as np

from tensorgrad.derivatives.table import dispatching, flat, plain


def mT(x):
    """The matrices transposed."""
    return np.swapaxes(x, -1, -2)


def symmetric(x):
    """The symmetric part of the matrices."""
    return 0.5 * (x + mT(x))


def antisymmetric(x):
    """Twice the antisymmetric part of the matrices."""
    return x - mT(x)


def columns(factors):
    """Numbers for the columns of the matrices to be multiplied by."""
    return np.expand_dims(factors, -2)


def matrices(factors):
    """Numbers for whole matrices of the stack to be multiplied by."""
    return np.expand_dims(factors, (-2, -1))


def _identity_mask(x, n):
    # Not np.eye(n, like=x): CuPy and Dask do not know all of the keywords that NumPy then passes.
    return np.diag(np.ones_like(x, dtype=bool, shape=(n,)))


def _identity_like(x):
    return np.zeros_like(x) + _identity_mask(x, x.shape[-1])


plain(_identity_mask)
flat(_identity_like)

identity_mask = dispatching(_identity_mask)
"""``identity_mask(x, n)``: the n × n identity in booleans, an array of the library of x."""

identity_like = dispatching(_identity_like)
"""``identity_like(x)``: identity matrices of the shape and dtype of x."""
