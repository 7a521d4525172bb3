"""Inverses, systems of equations, and powers of matrices.

Where a formula is not textbook, its source is given; most are in Giles, "Collected matrix
derivative results for forward and reverse mode algorithmic differentiation" (2008).
"""

import operator

import numpy as np

from tensorgrad.derivatives.arguments import array_operand
from tensorgrad.derivatives.stacks import identity_like, mT, symmetric
from tensorgrad.derivatives.table import composition, derivative, plain

# ------------------------------------------------------------------------------------ inverses

derivative(np.linalg.inv, lambda g, y, a: -mT(y) @ g @ mT(y))


def pinv_cotangent(g, y, a, rcond=None, hermitian=False, **rtol):
    """Golub & Pereyra (1973), section 4; along directions that leave the rank as it is.

    With ``hermitian=True``, NumPy reads one triangle of the matrix and means a symmetric one; the
    gradient is the symmetric one.
    """
    left, right = mT(g) @ y @ mT(y), mT(y) @ y @ mT(g)
    cotangent = left - a @ (y @ left) + right - (right @ y) @ a - mT(y) @ g @ mT(y)
    return symmetric(cotangent) if hermitian else cotangent


def tensorinv_cotangent(g, y, a, ind=2):
    """That of the inverse of a matrix whose rows are the first ``ind`` axes."""
    n = int(np.prod(a.shape[:ind]))
    inverse = np.reshape(y, (n, n))
    return np.reshape(-inverse.T @ np.reshape(g, (n, n)) @ inverse.T, a.shape)


derivative(np.linalg.pinv, pinv_cotangent)
derivative(np.linalg.tensorinv, tensorinv_cotangent)

# ------------------------------------------------------------------------- systems of equations


def solve_matrix(g, y, a, b):
    """Cotangent of the matrix of a system; a right-hand side of one axis is one vector."""
    w = solve_right_side(g, y, a, b)
    if np.ndim(b) == 1:
        return -np.expand_dims(w, -1) * np.expand_dims(y, -2)
    return -w @ mT(y)


def solve_right_side(g, y, a, b):
    """Cotangent of the right-hand side: the system with the transposed matrix."""
    if np.ndim(b) == 1:
        return np.linalg.solve(mT(array_operand(a)), np.expand_dims(g, -1))[..., 0]
    return np.linalg.solve(mT(array_operand(a)), g)


def tensorsolve_matrix(g, y, a, b, axes=None):
    """Cotangent of a, whose axes are those of b, then those of the solution."""
    outer = np.tensordot(tensorsolve_right_side(g, y, a, b, axes), y, 0)
    if axes is None:
        return -outer
    return -np.moveaxis(outer, range(a.ndim - len(axes), a.ndim), axes)


def tensorsolve_right_side(g, y, a, b, axes=None):
    """Cotangent of b."""
    a = array_operand(a)
    if axes is not None:
        a = np.moveaxis(a, axes, range(a.ndim - len(axes), a.ndim))
    n = np.ndim(b)
    return np.linalg.tensorsolve(np.transpose(a, (*range(n, a.ndim), *range(n))), g)


derivative(np.linalg.solve, solve_matrix, solve_right_side)
derivative(np.linalg.tensorsolve, tensorsolve_matrix, tensorsolve_right_side)


def lstsq_matrix(g, y, a, b, rcond=None):
    """Cotangent of the matrix of a least-squares problem.

    The solution is pinv(a) @ b, and differentiated as such (Golub & Pereyra 1973): along
    directions that leave the rank as it is, which at full rank are all. The sum of squared
    residuals needs no derivative of the solution, to which it is stationary. The rank has none.
    """
    vector = np.ndim(b) == 1
    x, b = (np.expand_dims(v, -1) if vector else array_operand(v) for v in (y[0], b))
    residuals = b - a @ x
    cotangent = np.zeros_like(a)
    if g[0] is not None:
        gx = np.expand_dims(g[0], -1) if vector else g[0]
        inverse = np.linalg.pinv(a, cutoff(a, rcond))
        w = mT(inverse) @ gx
        cotangent = residuals @ mT(inverse @ w) + (mT(inverse) @ x) @ mT(gx - mT(a) @ w)
        cotangent = cotangent - w @ mT(x)
    if g[1] is not None and g[1].size:
        cotangent = cotangent - 2 * (g[1] * residuals) @ mT(x)
    if g[3] is not None:
        u, _, vt = np.linalg.svd(a, full_matrices=False)
        cotangent = cotangent + (u * g[3]) @ vt
    return cotangent


def lstsq_right_side(g, y, a, b, rcond=None):
    """Cotangent of b."""
    a = array_operand(a)
    cotangent = np.zeros_like(b)
    if g[0] is not None:
        cotangent = mT(np.linalg.pinv(a, cutoff(a, rcond))) @ g[0]
    if g[1] is not None and g[1].size:
        residuals = b - a @ y[0]
        cotangent = cotangent + 2 * g[1] * residuals
    return cotangent


def cutoff(a, rcond):
    """The ratio of singular values below which lstsq takes one for zero."""
    eps = float(np.finfo(a.dtype).eps)
    if rcond is None:
        return eps * max(a.shape)
    return eps if rcond < 0 else rcond


derivative(np.linalg.lstsq, lstsq_matrix, lstsq_right_side)

# ------------------------------------------------------------------------- powers, and the rest


@composition(np.linalg.matrix_power)
def matrix_power(a, n):
    """By squaring, so that a high power is a short record; a negative one of the inverse."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power takes square matrices; got shape {a.shape}")
    n = operator.index(n)
    if n == 0:
        return identity_like(a)
    square, power, n = np.linalg.inv(a) if n < 0 else a, None, abs(n)
    while True:
        n, odd = divmod(n, 2)
        if odd:
            power = square if power is None else power @ square
        if not n:
            return power
        square = square @ square


@composition(np.linalg.diagonal)
def diagonal(x, /, *, offset=0):
    """That of the last two axes."""
    return np.diagonal(x, offset, -2, -1)


derivative(np.linalg.matrix_transpose, lambda g, y, x: mT(g))
plain(np.linalg.matrix_rank)
