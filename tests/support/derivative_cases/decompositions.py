"""Cases of tensorgrad.derivatives.decompositions.

Eigenvalues and singular values are kept apart. The columns that only complete a basis enter by what
does not depend on the choice of them.
"""

import numpy as np

from derivative_cases.case import Case, Shape
from derivative_cases.linear_algebra import made_symmetric, mT, near_diagonal

STACKS: list[tuple[Shape, ...]] = [((3, 3),), ((2, 2, 2),), ((1, 1),), ((0, 0),)]
RECTANGLES: list[tuple[Shape, ...]] = [((3, 3),), ((3, 2),), ((2, 3),), ((2, 3, 1),), ((0, 2),)]
TALL: list[tuple[Shape, ...]] = [((4, 2),), ((2, 3, 1),)]

positive = near_diagonal(1.0, 2.2, 3.4)
either_sign = near_diagonal(1.0, -2.2, 3.4)


def symmetric(name, call, domain=either_sign) -> Case:
    return Case(name, lambda a: call(made_symmetric(a)), [domain], STACKS)


def projections(a):
    """On what the singular vectors of non-zero singular values do not span."""
    u, s, vt = np.linalg.svd(a)
    u, vt = u[..., s.shape[-1] :], vt[..., s.shape[-1] :, :]
    return u @ mT(u), mT(vt) @ vt


def svd_without_rest(a):
    u, s, vt = np.linalg.svd(a)
    k = s.shape[-1]
    return u[..., :k], s, vt[..., :k, :]


def complete_qr(a):
    q, r = np.linalg.qr(a, mode="complete")
    rest = q[..., a.shape[-1] :]
    return q[..., : a.shape[-1]], r, rest @ mT(rest)


CASES = [
    symmetric("eigh", np.linalg.eigh),
    symmetric("eigh, upper", lambda a: np.linalg.eigh(a, UPLO="U")),
    symmetric("eigh, values", lambda a: np.linalg.eigh(a).eigenvalues),
    symmetric("eigh, vectors", lambda a: np.linalg.eigh(a)[1]),
    symmetric("eigh, a function of the matrix", lambda a: matrix_sine(*np.linalg.eigh(a))),
    symmetric("eigvalsh", np.linalg.eigvalsh),
    symmetric("eigvalsh, upper", lambda a: np.linalg.eigvalsh(a, "U")),
    Case("eig", np.linalg.eig, [either_sign], STACKS),
    Case("eig, vectors", lambda a: np.linalg.eig(a)[1], [either_sign], STACKS),
    Case("eigvals", np.linalg.eigvals, [either_sign], STACKS),
    Case("svd", svd_without_rest, [either_sign], RECTANGLES),
    Case(
        "svd, reduced", lambda a: np.linalg.svd(a, full_matrices=False), [either_sign], RECTANGLES
    ),
    Case("svd, left vectors", lambda a: np.linalg.svd(a, False)[0], [either_sign], RECTANGLES[:3]),
    Case("svd, right vectors", lambda a: np.linalg.svd(a, False)[2], [either_sign], RECTANGLES[:3]),
    Case("svd, projections", projections, [either_sign], [((4, 2),), ((1, 3),), ((2, 3, 1),)]),
    Case("svd, one vector to complete", np.linalg.svd, [either_sign], [((3, 2),), ((1, 2),)]),
    Case("svd, values", lambda a: np.linalg.svd(a, compute_uv=False), [either_sign], RECTANGLES),
    symmetric("svd, hermitian", lambda a: np.linalg.svd(a, hermitian=True)),
    symmetric(
        "svd, hermitian, values", lambda a: np.linalg.svd(a, compute_uv=False, hermitian=True)
    ),
    Case("svdvals", np.linalg.svdvals, [either_sign], RECTANGLES),
    Case("qr", np.linalg.qr, [either_sign], RECTANGLES),
    Case("qr, r alone", lambda a: np.linalg.qr(a, mode="r"), [either_sign], RECTANGLES),
    Case("qr, q alone", lambda a: np.linalg.qr(a)[0], [either_sign], RECTANGLES),
    Case("qr, complete", complete_qr, [either_sign], [*TALL, ((2, 2),)]),
    Case(
        "qr, complete, of a wide matrix",
        lambda a: np.linalg.qr(a, "complete"),
        [positive],
        [((2, 3),)],
    ),
    symmetric("cholesky", np.linalg.cholesky, positive),
    symmetric("cholesky, upper", lambda a: np.linalg.cholesky(a, upper=True), positive),
]


def matrix_sine(w, v):
    return (v * np.sin(w)[..., None, :]) @ mT(v)
