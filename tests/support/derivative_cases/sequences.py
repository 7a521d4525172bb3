"""Cases of tensorgrad.derivatives.sequences."""

import numpy as np

from derivative_cases.case import Case, positive, real

ENDS = [((), ()), ((3,), (3,)), ((2, 3), (2, 1)), ((0,), (1,))]

CASES = [
    Case("linspace", lambda a, b: np.linspace(a, b, 4), [real, real], ENDS),
    Case(
        "linspace along another axis",
        lambda a, b: np.linspace(a, b, num=3, endpoint=False, axis=-1),
        [real, real],
        ENDS,
    ),
    Case(
        "linspace with its step",
        lambda a, b: np.linspace(a, b, 5, retstep=True),
        [real, real],
        ENDS,
    ),
    Case("linspace of one point", lambda a, b: np.linspace(a, b, 1), [real, real], ENDS),
    Case("linspace of none", lambda a, b: np.linspace(a, b, 0), [real, real], ENDS),
    Case("linspace from zero", lambda b: np.linspace(0.0, b, 3), [real], [((),), ((2,),)]),
    Case("logspace", lambda a, b: np.logspace(a, b, 4, base=2.0), [real, real], ENDS),
    Case(
        "logspace with several bases",
        lambda a, b, base: np.logspace(a, b, 3, False, base, axis=1),
        [real, real, positive],
        [((), (), (2,)), ((3,), (2, 1), (3,))],
    ),
    Case("geomspace", lambda a, b: np.geomspace(a, b, 4), [positive, positive], ENDS),
    Case(
        "geomspace of negative numbers",
        lambda a, b: np.geomspace(-a, -b, 3, endpoint=False, axis=-1),
        [positive, positive],
        ENDS,
    ),
]
