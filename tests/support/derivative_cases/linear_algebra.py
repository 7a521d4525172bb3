"""Cases of tensorgrad.derivatives.linear_algebra and .determinants."""

import numpy as np

from derivative_cases.case import Case, Domain, Shape, real

STACKS: list[tuple[Shape, ...]] = [
    ((2, 2),),
    ((3, 3),),
    ((2, 3, 3),),
    ((1, 1),),
    ((0, 0),),
    ((0, 2, 2),),
]
SYSTEMS: list[tuple[Shape, ...]] = [
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((2, 2, 2), (2,)),
    ((2, 2, 2), (2, 1)),
    ((2, 2), (3, 2, 1)),
    ((2, 1, 2, 2), (2, 2, 1)),
    ((0, 0), (0,)),
    ((2, 2), (2, 0)),
]
RECTANGLES: list[tuple[Shape, ...]] = [((3, 2),), ((2, 3),), ((2, 2),), ((2, 2, 3),), ((3, 1),)]


def near_diagonal(*diagonal: float, spread: float = 0.3) -> Domain:
    """Matrices not far from one with this diagonal, which gets as long as the shape says."""

    def draw(rng: np.random.Generator, shape: Shape) -> np.ndarray:
        x = rng.uniform(-spread, spread, shape)
        for i in range(min(shape[-2:])):
            x[..., i, i] += diagonal[i % len(diagonal)]
        return x

    return draw


regular = near_diagonal(1.5, -2.0, 2.5)
full_rank = near_diagonal(1.0, 2.0, -1.5)


def mT(x):
    return np.swapaxes(x, -1, -2)


def made_symmetric(x):
    """The rules for symmetric matrices are right for functions of these."""
    return (x + mT(x)) / 2


def of_four(function):
    """Call a function with a 4 × 4 matrix as an array of shape (2, 2, 4)."""
    return lambda a, *rest: function(np.reshape(a, (2, 2, 4)), *rest)


CASES = [
    Case("inv", np.linalg.inv, [regular], STACKS),
    Case("pinv", np.linalg.pinv, [full_rank], RECTANGLES),
    Case("pinv with rtol", lambda a: np.linalg.pinv(a, rtol=1e-9), [full_rank], RECTANGLES[:2]),
    Case(
        "pinv at a rank that stays",
        lambda a, b: np.linalg.pinv(a @ b, rcond=1e-3),
        [full_rank, full_rank],
        [((3, 1), (1, 2)), ((3, 2), (2, 3))],
    ),
    Case(
        "pinv, hermitian",
        lambda a: np.linalg.pinv(made_symmetric(a), hermitian=True),
        [regular],
        [((2, 2),), ((2, 3, 3),)],
    ),
    Case("tensorinv", of_four(np.linalg.tensorinv), [regular], [((4, 4),)]),
    Case(
        "tensorinv, ind=1",
        lambda a: np.linalg.tensorinv(np.reshape(a, (4, 2, 2)), ind=1),
        [regular],
        [((4, 4),)],
    ),
    Case("solve", np.linalg.solve, [regular, real], SYSTEMS),
    Case("tensorsolve", of_four(np.linalg.tensorsolve), [regular, real], [((4, 4), (2, 2))]),
    Case(
        "tensorsolve of given axes",
        lambda a, b: np.linalg.tensorsolve(
            np.moveaxis(np.reshape(a, (4, 2, 2)), (1, 2), (2, 0)), b, axes=(2, 0)
        ),
        [regular, real],
        [((4, 4), (4,))],
    ),
    Case(
        "lstsq",
        np.linalg.lstsq,
        [full_rank, real],
        [((3, 2), (3,)), ((3, 2), (3, 2)), ((2, 3), (2,)), ((2, 2), (2, 1)), ((4, 1), (4,))],
    ),
    Case(
        "lstsq, residuals alone",
        lambda a, b: np.linalg.lstsq(a, b, rcond=-1)[1],
        [full_rank, real],
        [((3, 2), (3,)), ((4, 1), (4, 2))],
    ),
    Case("det", np.linalg.det, [regular], [*STACKS, ((4, 4),)]),
    Case("slogdet", np.linalg.slogdet, [regular], STACKS[:4]),
    *(
        Case(
            f"matrix_power {n}",
            lambda a, n=n: np.linalg.matrix_power(a, n),
            [regular],
            [((2, 2),), ((2, 2, 2),), ((0, 0),)],
        )
        for n in (-2, -1, 1, 2, 3, 6)
    ),
    Case("linalg.matrix_transpose", np.linalg.matrix_transpose, [real], [((2, 3),), ((2, 1, 3),)]),
    Case("linalg.diagonal", lambda a: np.linalg.diagonal(a, offset=1), [real], [((2, 2, 3),)]),
]
