"""Cases of tensorgrad.derivatives.polynomials."""

import numpy as np

from derivative_cases.case import Case, away_from_zero, between, distinct, real

TWO = [((3,), (3,)), ((4,), (2,)), ((1,), (3,))]
ONE = [((4,),), ((2,),), ((1,),)]


def spread(rng, shape):
    """Coefficients of a polynomial with simple real roots, and none that is nearly zero."""
    return np.poly(np.arange(1, shape[0]) * 1.0) * rng.uniform(0.99, 1.01, shape)


def as_given(function):
    """In the dtype of the operands; integers on the way make float64 of float32."""

    def call(*operands):
        result = function(*operands)
        parts = result if isinstance(result, tuple) else (result,)
        return [part.astype(operands[0].dtype) for part in parts]

    return call


CASES = [
    Case(
        "polyval",
        np.polyval,
        [real, real],
        [((4,), ()), ((3,), (2, 2)), ((1,), (3,)), ((0,), (2,))],
    ),
    Case("polyadd", np.polyadd, [real, real], TWO),
    Case("polysub", np.polysub, [real, real], TWO),
    # How many zeros lead is read off the values, here and below.
    Case("polymul", np.polymul, [away_from_zero()] * 2, TWO, duck=False),
    Case("polydiv", np.polydiv, [away_from_zero()] * 2, [((4,), (2,)), ((3,), (3,)), ((2,), (3,))]),
    Case("polyder", as_given(np.polyder), [real], [((4,),), ((1,),)]),
    Case("polyder twice", as_given(lambda p: np.polyder(p, 2)), [real], [((4,),), ((2,),)]),
    Case("polyint", as_given(np.polyint), [real], ONE),
    Case(
        "polyint twice, with constants",
        as_given(lambda p, k: np.polyint(p, 2, k)),
        [real, real],
        [((3,), (2,)), ((2,), (1,))],
    ),
    Case("poly", np.poly, [real], [*ONE, ((0,),)]),
    Case("roots", np.roots, [spread], [((3,),), ((4,),), ((2,),)], duck=False),
    Case("vander", as_given(np.vander), [real], [((3,),), ((1,),), ((0,),)]),
    Case("vander, increasing", as_given(lambda x: np.vander(x, 4, True)), [real], [((3,),)]),
    Case(
        "polyfit",
        as_given(lambda x, y: np.polyfit(x, y, 2)),
        [distinct, real],
        [((5,), (5,)), ((4,), (4, 2))],
        tolerance=1e-4,
    ),
    Case(
        "polyfit with weights and covariance",
        as_given(lambda x, y, w: np.polyfit(x, y, 1, w=w, cov=True)),
        [distinct, real, between(0.5, 1.5)],
        [((5,), (5,), (5,))],
        tolerance=1e-4,
    ),
    Case(
        "polyfit with all of its results",
        as_given(lambda x, y: np.polyfit(x, y, 1, full=True)[:2]),
        [distinct, real],
        [((5,), (5,))],
        tolerance=1e-4,
    ),
]
