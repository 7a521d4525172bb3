"""Cases of tensorgrad.derivatives.ufunc_methods."""

import numpy as np

from derivative_cases.case import Case, away_from_zero, distinct, real
from derivative_cases.reductions import with_zeros

ALONG_ONE = [((4,),), ((2, 3),), ((2, 1, 2),)]
PAIRS = [((2,), (3,)), ((), (2,)), ((2, 1), (2,)), ((0,), (2,))]
LONG = [((6,),), ((6, 2),)]
GAPS_AND_BACK = [1, 3, 3, 0, 5]

CASES = [
    Case("add.reduce", np.add.reduce, [real], [*ALONG_ONE, ((0, 2),)]),
    Case(
        "add.reduce, options",
        lambda x: np.add.reduce(x, (0, -1), x.dtype, None, True, 1.5, x > 0),
        [away_from_zero()],
        [((2, 3),), ((2, 1, 2),)],
    ),
    Case("multiply.reduce", lambda x: np.multiply.reduce(x, None), [with_zeros], ALONG_ONE),
    Case("maximum.reduce", np.maximum.reduce, [distinct], ALONG_ONE),
    Case(
        "minimum.reduce", lambda x: np.minimum.reduce(x, -1, keepdims=True), [distinct], ALONG_ONE
    ),
    Case("logaddexp.reduce", np.logaddexp.reduce, [real], ALONG_ONE),
    Case(
        "logaddexp.reduce, options",
        lambda x: np.logaddexp.reduce(x, axis=-1, initial=0.5, where=x > 0),
        [away_from_zero()],
        ALONG_ONE,
    ),
    Case("logaddexp2.reduce", lambda x: np.logaddexp2.reduce(x, -1), [real], ALONG_ONE),
    Case("add.accumulate", np.add.accumulate, [real], ALONG_ONE),
    Case("multiply.accumulate", lambda x: np.multiply.accumulate(x, -1), [with_zeros], ALONG_ONE),
    Case("maximum.accumulate", np.maximum.accumulate, [distinct], LONG),
    Case("minimum.accumulate", lambda x: np.minimum.accumulate(x, -1), [distinct], ALONG_ONE),
    Case("add.reduceat", lambda x: np.add.reduceat(x, [0, 2, 3]), [real], LONG),
    Case("add.reduceat, back", lambda x: np.add.reduceat(x, GAPS_AND_BACK), [real], LONG),
    Case("multiply.reduceat", lambda x: np.multiply.reduceat(x, [0, 4]), [with_zeros], LONG),
    Case(
        "multiply.reduceat, back",
        lambda x: np.multiply.reduceat(x, GAPS_AND_BACK, axis=-1),
        [with_zeros],
        [((6,),), ((2, 6),)],
    ),
    Case("maximum.reduceat", lambda x: np.maximum.reduceat(x, GAPS_AND_BACK), [distinct], LONG),
    Case("minimum.reduceat", lambda x: np.minimum.reduceat(x, [0, 1]), [distinct], LONG),
    Case("add.outer", np.add.outer, [real, real], PAIRS),
    Case("multiply.outer", np.multiply.outer, [real, real], PAIRS),
    Case("hypot.outer", np.hypot.outer, [away_from_zero(), away_from_zero()], PAIRS),
]
