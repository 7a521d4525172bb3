"""Cases of tensorgrad.derivatives.scans."""

import numpy as np

from derivative_cases.case import Case, Shape, positive, real
from derivative_cases.reductions import with_missing, with_zeros

ANY = [((),), ((3,),), ((2, 2),), ((0,),)]
ALONG_ONE = [((1,),), ((5,),), ((2, 3),), ((2, 1, 2),), ((0, 3),)]
LONG = [((5,),), ((3, 4),)]


def increasing(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Values that grow along the last axis."""
    return np.cumsum(rng.uniform(0.5, 1.5, shape), axis=-1)


CASES = [
    Case("cumsum", np.cumsum, [real], ANY),
    Case("cumsum along an axis", lambda x: np.cumsum(x, axis=-2), [real], [((2, 3),), ((0, 2),)]),
    Case("cumsum, options", lambda x: np.cumsum(x, 0, x.dtype, None), [real], ALONG_ONE),
    Case("cumprod", np.cumprod, [with_zeros], ANY),
    Case("cumprod along an axis", lambda x: np.cumprod(x, axis=-1), [with_zeros], ALONG_ONE),
    Case("nancumsum", lambda x: np.nancumsum(x, axis=-1), [with_missing(real)], LONG),
    Case("nancumprod", np.nancumprod, [with_missing(positive)], LONG),
    Case("diff", np.diff, [real], [((1,),), ((4,),), ((2, 3),), ((3, 0),)]),
    Case("diff, twice", lambda x: np.diff(x, 2, axis=0), [real], ALONG_ONE),
    Case("diff, no times", lambda x: np.diff(x, 0), [real], [((),), ((2, 3),)]),
    Case(
        "diff, ends",
        lambda x, start, stop: np.diff(x, axis=0, prepend=start, append=stop),
        [real, real, real],
        [((3,), (), (2,)), ((2, 3), (1, 3), ()), ((0, 2), (), ())],
    ),
    Case("ediff1d", np.ediff1d, [real], [((1,),), ((4,),), ((2, 3),)]),
    Case(
        "ediff1d, ends",
        lambda x, start, stop: np.ediff1d(x, stop, to_begin=start),
        [real, real, real],
        [((3,), (), (2, 2)), ((2, 2), (1,), ())],
    ),
    Case("gradient", np.gradient, [real], [((4,),), ((2, 3),)]),
    Case(
        "gradient, edges", lambda x: np.gradient(x, 0.5, edge_order=2), [real], [((3,),), LONG[1]]
    ),
    Case(
        "gradient, a number",
        lambda x, h: np.gradient(x, h, axis=(-1,)),
        [real, positive],
        [((4,), ()), ((3, 2), ())],
    ),
    Case(
        "gradient, coordinates",
        lambda f, x: np.gradient(f, x, 2.0, axis=(1, 0)),
        [real, increasing],
        [((2, 4), (4,))],
    ),
    Case(
        "gradient, coordinates and edges",
        lambda f, x: np.gradient(f, x, axis=-2, edge_order=2),
        [real, increasing],
        [((4, 2), (4,))],
    ),
    Case("trapezoid", np.trapezoid, [real], [((1,),), ((4,),), ((2, 3),)]),
    Case(
        "trapezoid, coordinates",
        lambda y, x: np.trapezoid(y, x, axis=0),
        [real, real],
        [((4,), (4,)), ((3, 2), (3,)), ((3, 2), (3, 2))],
    ),
    Case(
        "trapezoid, a number",
        lambda y, h: np.trapezoid(y, dx=h),
        [real, real],
        [((4,), ()), ((2, 3), ())],
    ),
]

if hasattr(np, "cumulative_sum"):
    CASES += [
        Case("cumulative_sum", np.cumulative_sum, [real], [((3,),), ((0,),)]),
        Case(
            "cumulative_sum, initial",
            lambda x: np.cumulative_sum(x, axis=0, include_initial=True),
            [real],
            ALONG_ONE,
        ),
        Case(
            "cumulative_prod, initial",
            lambda x: np.cumulative_prod(x, axis=-1, include_initial=True),
            [with_zeros],
            ALONG_ONE,
        ),
    ]
