"""Cases of tensorgrad.derivatives.functional."""

import numpy as np

from derivative_cases.case import ARRAYS, Case, grid, real

PIECES = [((3,),), ((2, 3),), ((),), ((0,),)]

CASES = [
    Case(
        "piecewise",
        lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [np.exp, lambda t: t * t, np.sin]),
        [grid(0)],
        PIECES,
    ),
    Case(
        "piecewise with arguments, constants and conditions that overlap",
        lambda x, a: np.piecewise(
            x, [x < 0.5, x < -0.5], [lambda t, scale: scale * t**2, 3.0], scale=a
        ),
        [grid(0), real],
        [((3,), ()), ((2, 3), ()), ((), ())],
    ),
    Case("apply_along_axis", lambda x: np.apply_along_axis(np.cumprod, -1, x), [real], ARRAYS),
    Case(
        "apply_along_axis with results of one number",
        lambda x: np.apply_along_axis(np.prod, 0, x),
        [real],
        [((4,),), ((2, 3),), ((2, 1, 3),), ((0, 2),)],
    ),
    Case(
        "apply_along_axis with results of two axes",
        lambda x: np.apply_along_axis(lambda v, n: np.outer(v[:n], v), 1, x, 2),
        [real],
        [((2, 3),), ((2, 2, 2),)],
    ),
    Case("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x**3, (0, -1)), [real], ARRAYS),
]
