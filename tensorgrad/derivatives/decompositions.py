"""Eigenvalues and eigenvectors, singular values and vectors, triangular factors.

Where eigenvalues coincide, or singular values, the vectors that belong to them are not
differentiable: what depends on vectors gets NaN for its gradient. The gradient of the values alone
is finite all the same, with any basis for the vectors; its own derivative, which depends on them,
is NaN again.

Of a matrix that is symmetric by assumption (``eigh``, ``eigvalsh``, ``cholesky``,
``hermitian=True``) NumPy reads one triangle. The gradient is the symmetric one, as of the function
of the symmetric part: right whenever the matrix was made symmetric by what came before.

Columns that only complete a basis (``svd(full_matrices=True)``, ``qr(mode="complete")``) are
determined up to a rotation among themselves. They may be used in ways that do not depend on that
rotation; for others there is no derivative, and the backward pass raises an error.
"""

from typing import Any

import numpy as np

from tensorgrad.derivatives.axes import largest_magnitude
from tensorgrad.derivatives.stacks import antisymmetric, columns, identity_mask, mT, symmetric
from tensorgrad.derivatives.table import composition, derivative, dispatching, plain

# -------------------------------------------------------------------------------- eigenvectors


def eigh_cotangent(g, y, a, UPLO="L"):
    """Giles (2008), section 3.1."""
    (gw, gv), (w, v) = g, y
    if gv is None:
        return (v * columns(gw)) @ mT(v)
    turned = mT(v) @ gv / gaps(w)
    inner = np.where(identity_mask(w, w.shape[-1]), 0 if gw is None else columns(gw), turned)
    return symmetric(v @ inner @ mT(v))


def eigvalsh_cotangent(g, y, a, UPLO: Any = "L"):
    """That of eigh; the vectors are computed only now."""
    _, v = np.linalg.eigh(a, UPLO)
    return (v * columns(g)) @ mT(v)


def eig_cotangent(g, y, a):
    """Boeddeker et al. (2017), eq. 4.77, which knows that NumPy's vectors have unit length."""
    (gw, gv), (w, v) = g, y
    inner = identity_mask(w, w.shape[-1])
    if gv is None:
        inner = inner * columns(gw)
    else:
        tangent = gv - v * np.sum(v * gv, axis=-2, keepdims=True)
        inner = np.where(inner, 0 if gw is None else columns(gw), mT(v) @ tangent / gaps(w))
    return np.linalg.solve(mT(v), inner @ mT(v))


@composition(np.linalg.eigvals)
def eigvals(a):
    """The first result of eig; their order in eigvals itself may be another one."""
    return np.linalg.eig(a)[0]


def gaps(values):
    """Value j minus value i; 1 on the diagonal, NaN where two different ones coincide."""
    difference = columns(values) - np.expand_dims(values, -1)
    diagonal = identity_mask(values, values.shape[-1])
    return np.where(diagonal, 1, np.where(difference == 0, np.nan, difference))


derivative(np.linalg.eigh, eigh_cotangent)
derivative(np.linalg.eigvalsh, eigvalsh_cotangent)
derivative(np.linalg.eig, eig_cotangent)

# ---------------------------------------------------------------------------- singular vectors


def svd_cotangent(g, y, a, full_matrices=True, compute_uv=True, hermitian=False):
    """Townsend, "Differentiating the singular value decomposition" (2016)."""
    if not compute_uv:
        u, _, vt = np.linalg.svd(a, full_matrices=False, hermitian=hermitian)
        return (u * columns(g)) @ vt
    if hermitian:
        return symmetric_svd_cotangent(g, y, a)
    (gu, gs, gvt), (u, s, vt) = g, y
    k = s.shape[-1]
    gu = None if gu is None else of_first(k, u, gu)
    gv = None if gvt is None else of_first(k, mT(vt), mT(gvt))
    u, v = u[..., :k], mT(vt[..., :k, :])
    cotangent = u @ singular_inner(s, u, gu, gs, v, gv) @ mT(v)
    inverse = 1 / np.where(s == 0, np.nan, s)
    if gu is not None and a.shape[-2] > k:
        cotangent = cotangent + (gu - u @ (mT(u) @ gu)) * columns(inverse) @ mT(v)
    if gv is not None and a.shape[-1] > k:
        cotangent = cotangent + u * columns(inverse) @ mT(gv - v @ (mT(v) @ gv))
    return cotangent


def singular_inner(s, u, gu, gs, v, gv):
    """The cotangent between the singular vectors of both sides.

    Townsend's 1 / (s_j² - s_i²) in partial fractions: what turns both sides alike meets the
    differences of singular values, what turns them against each other only their sums.
    """
    diagonal = identity_mask(s, s.shape[-1])
    gs = 0 if gs is None else columns(gs)
    if gu is None and gv is None:
        return np.where(diagonal, gs, 0)
    of_u = 0 if gu is None else antisymmetric(mT(u) @ gu)
    of_v = 0 if gv is None else antisymmetric(mT(v) @ gv)
    sums = columns(s) + np.expand_dims(s, -1)
    sums = np.where(diagonal, 1, np.where(sums == 0, np.nan, sums))
    return np.where(diagonal, gs, 0.5 * ((of_u + of_v) / gaps(s) + (of_u - of_v) / sums))


def symmetric_svd_cotangent(g, y, a):
    """That of the eigenvectors: u, and the values with the signs by which v differs from u."""
    (gu, gs, gvt), (u, s, vt) = g, y
    signs = np.sign(np.sum(u * mT(vt), axis=-2))
    gw = None if gs is None else gs * signs
    gv = None if gvt is None else mT(gvt) * columns(signs)
    gv = gu if gv is None else gv if gu is None else gu + gv
    return eigh_cotangent((gw, gv), (s * signs, u), a)


derivative(np.linalg.svd, svd_cotangent)
derivative(np.linalg.svdvals, lambda g, y, x: svd_cotangent(g, y, x, compute_uv=False))


def of_first(k, basis, g):
    """Cotangent of the first k columns of a basis that further columns complete.

    As the first columns turn, the others must, to stay orthogonal to them.
    """
    if basis.shape[-1] == k:
        return g
    first, rest = basis[..., :k], basis[..., k:]
    require_invariance(rest, g[..., k:])
    return g[..., :k] - rest @ (mT(g[..., k:]) @ first)


def _require_invariance(rest, g):
    """A rotation of the columns among themselves must not change the result."""
    turn, eps = antisymmetric(mT(rest) @ g), float(np.finfo(g.dtype).eps)
    # A cotangent that is zero arrives as the rounding of what cancelled in it.
    allowed = largest_magnitude(g) * eps**0.5 + 10 * eps
    if np.any(np.abs(turn) > allowed):
        raise ValueError(
            f"the last {rest.shape[-1]} columns, which only complete the basis, are determined up "
            "to a rotation among themselves, and the result depends on that rotation, so it has "
            "no derivative. Use the reduced form (full_matrices=False, mode='reduced')."
        )


plain(_require_invariance)
require_invariance = dispatching(_require_invariance)

# ---------------------------------------------------------------------------- triangular factors


def qr_cotangent(g, y, a, mode="reduced"):
    """Walter & Lehmann (2010); for more columns than rows, Roberts & Roberts (2020).

    Defined where the first columns of the matrix, as many as it has rows if there are enough, are
    linearly independent; NaN elsewhere.
    """
    if mode not in ("reduced", "complete", "r"):
        raise TypeError(
            f"np.linalg.qr has no derivative rule for mode={mode!r}; use 'reduced', 'complete' or "
            "'r'"
        )
    (gq, gr), (q, r) = ((None, g), np.linalg.qr(a)) if mode == "r" else (g, y)
    k = min(a.shape[-2:])
    gq = np.zeros_like(q[..., :k]) if gq is None else of_first(k, q, gq)
    gr = np.zeros_like(r) if gr is None else gr
    square, square_g = r[..., :k, :k], gr[..., :k, :k]
    q, rest_g = q[..., :k], gr[..., :k, k:]
    if a.shape[-1] > k:
        gq = gq + a[..., k:] @ mT(rest_g)
    inner = square @ mT(square_g) - mT(gq) @ q
    inner = np.tril(inner) + mT(np.tril(inner, -1))
    cotangent = mT(np.linalg.solve(square, mT(gq + q @ inner)))
    if a.shape[-1] > k:
        cotangent = np.concatenate([cotangent, q @ rest_g], axis=-1)
    return np.where(dependent_columns(square), np.nan, cotangent)


def _dependent_columns(triangular):
    """For each matrix of the stack, whether it is singular but for rounding."""
    size = np.abs(np.diagonal(triangular, axis1=-2, axis2=-1))
    rounding = np.sum(size, axis=-1, keepdims=True) * float(np.finfo(size.dtype).eps)
    return np.any(size <= rounding, axis=-1)[..., None, None]


plain(_dependent_columns)
dependent_columns = dispatching(_dependent_columns)


def cholesky_cotangent(g, y, a, *, upper=False):
    """Murray, "Differentiation of the Cholesky decomposition" (2016), section 3."""
    lower, g = (mT(y), mT(g)) if upper else (y, g)
    inner = mT(lower) @ g
    inner = 0.5 * (np.tril(inner) + np.tril(inner, -1))
    half = np.linalg.solve(mT(lower), inner)
    return symmetric(np.linalg.solve(mT(lower), mT(half)))


derivative(np.linalg.qr, qr_cotangent)
derivative(np.linalg.cholesky, cholesky_cotangent)
