"""Cases of tensorgrad.functions."""

import numpy as np

import tensorgrad as tg
from derivative_cases.case import Case, away_from_zero, between, elementwise, real

MATRICES = [((2, 3),), ((3, 1),), ((0, 3),)]
WITH_AN_AXIS = [((4,),), ((2, 3),), ((2, 1, 3),), ((0, 3),)]

CASES = [
    elementwise(tg.sigmoid, real),
    Case(
        "affine",
        tg.affine,
        [real, real, real],
        [
            ((2, 3), (3, 2), (2,)),
            ((3,), (3, 2), (2,)),
            ((2, 2, 3), (3, 1), (1,)),
            ((0, 3), (3, 2), (2,)),
            ((2, 0), (0, 1), (1,)),
            ((2, 3), (3, 4), (1, 4)),
            ((2, 3), (3, 4), (2, 4)),
            ((2, 3), (3, 4), (2, 1)),
            ((2, 3), (3, 4), (1,)),
            ((2, 3), (3, 4), ()),
        ],
        order=3,
    ),
    Case(
        "binary_cross_entropy_with_logits",
        tg.binary_cross_entropy_with_logits,
        [real, between(0, 1)],
        [((3, 2), (3, 2)), ((4,), (4,)), ((), ()), ((1, 1), (1, 1))],
        order=3,
    ),
    Case(
        "cross_entropy",
        lambda logits: tg.cross_entropy(logits, np.arange(len(logits)) % 2),
        [real],
        [((3, 2),), ((1, 4),), ((2, 70),)],
        order=3,
    ),
    elementwise(tg.relu, away_from_zero()),
    elementwise(tg.softplus, real),
    elementwise(tg.silu, real),
    elementwise(tg.gelu, real),
    elementwise(lambda x: tg.gelu(x, approximate="none"), real, name="gelu, exact"),
    # Finite differences would see the jump of a rounding error where the two formulas meet.
    elementwise(tg.erf, between(-0.7, 0.7)),
    elementwise(tg.erf, between(0.8, 2.5), name="erf, outer part"),
    Case("logsumexp", tg.logsumexp, [real], [((),), ((3,),), ((2, 3),)], order=3),
    Case("logsumexp over an axis", lambda x: tg.logsumexp(x, axis=0), [real], MATRICES[:2]),
    Case(
        "logsumexp over axes",
        lambda x: tg.logsumexp(x, axis=(0, -1), keepdims=True),
        [real],
        [((2, 3),), ((2, 2, 2),)],
    ),
    Case(
        "logsumexp with terms of zero",
        lambda x: tg.logsumexp(np.concatenate([x, np.full_like(x, -np.inf)]), axis=0),
        [real],
        MATRICES[:2],
    ),
    Case("softmax", tg.softmax, [real], WITH_AN_AXIS, order=3),
    Case("softmax over columns", lambda x: tg.softmax(x, axis=0), [real], MATRICES[:2]),
    Case("softmax over everything", lambda x: tg.softmax(x, axis=None), [real], MATRICES[:2]),
    Case("log_softmax", tg.log_softmax, [real], WITH_AN_AXIS, order=3),
    Case("log_softmax over columns", lambda x: tg.log_softmax(x, axis=0), [real], MATRICES[:2]),
    Case("log_softmax over everything", lambda x: tg.log_softmax(x, None), [real], MATRICES[:2]),
]
