"""Cases of tensorgrad.derivatives.joining."""

import numpy as np

from derivative_cases.case import ARRAYS, Case, Shape, real

ANY: list[tuple[Shape, ...]] = [((),), ((3,),), ((2, 3),), ((2, 0),)]


def of_two(name, call, *shapes):
    return Case(name, call, [real, real], shapes)


def of_one(name, call, *shapes):
    return Case(name, call, [real], [(shape,) for shape in shapes])


JOINING = [
    of_two("concatenate", lambda a, b: np.concatenate([a, b]), ((2,), (3,)), ((0, 2), (1, 2))),
    of_two(
        "concatenate along an axis",
        lambda a, b: np.concatenate((a, b, a), axis=-1),
        ((2, 2), (2, 1)),
    ),
    of_two(
        "concatenate flat",
        lambda a, b: np.concatenate([a, b], axis=None),
        ((2, 1), ()),
        ((0,), (2,)),
    ),
    of_one(
        "concatenate with an array and a list",
        lambda a: np.concatenate([np.ones_like(a), a, a]),
        (2,),
    ),
    of_two("stack", lambda a, b: np.stack([a, b]), ((), ()), ((2,), (2,)), ((0, 2), (0, 2))),
    of_two("stack along the last axis", lambda a, b: np.stack([a, b], axis=-1), ((2, 3), (2, 3))),
    of_two("vstack", lambda a, b: np.vstack([a, b]), ((2,), (3, 2)), ((), ())),
    of_two("hstack", lambda a, b: np.hstack([a, b]), ((2,), (3,)), ((2, 1), (2, 3)), ((), ())),
    of_two(
        "dstack",
        lambda a, b: np.dstack([a, b]),
        ((2,), (2,)),
        ((2, 1), (2, 1)),
        ((1, 2, 1), (1, 2, 3)),
    ),
    of_two("column_stack", lambda a, b: np.column_stack([a, b]), ((2,), (2, 3)), ((), ())),
    of_two("block", lambda a, b: np.block([[a, a], [b, b]]), ((2, 3), (1, 3)), ((), (1,))),
    of_two("block of one row", lambda a, b: np.block([a, b]), ((), (2,)), ((2, 1), (2, 2))),
    of_two("append", np.append, ((2, 1), (3,)), ((), ())),
    of_two("append along an axis", lambda a, b: np.append(a, b, axis=1), ((2, 1), (2, 2))),
]

SPLITTING = [
    of_one("split", lambda x: np.split(x, 2), (4,), (2, 3), (0, 2)),
    of_one("split, of which a part is used", lambda x: np.split(x, 2, axis=-1)[1], (4,), (3, 2)),
    of_one("split at indices", lambda x: np.split(x, [1, 2, 7], axis=-1), (4,), (2, 3)),
    of_one("split at indices that overlap", lambda x: np.split(x, [3, -3]), (4,)),
    of_one("array_split", lambda x: np.array_split(x, 3), (4,), (2, 2)),
    of_one("hsplit", lambda x: np.hsplit(x, 2), (4,), (1, 2)),
    of_one("vsplit", lambda x: np.vsplit(x, [1]), (3, 2)),
    of_one("dsplit", lambda x: np.dsplit(x, 2), (1, 2, 4)),
]
if hasattr(np, "unstack"):
    SPLITTING += [
        of_one("unstack", np.unstack, (3,), (2, 3), (2, 0)),
        of_one("unstack, of which a part is used", lambda x: np.unstack(x, axis=-1)[0], (2, 3)),
    ]

REPEATING = [
    Case("tile", lambda x: np.tile(x, 2), [real], ANY),
    Case("tile along axes", lambda x: np.tile(x, (2, 1, 3)), [real], ANY),
    Case("tile no times", lambda x: np.tile(x, (0, 1)), [real], ANY),
    Case("repeat", lambda x: np.repeat(x, 2), [real], ANY),
    Case("repeat along an axis", lambda x: np.repeat(x, 2, axis=-1), [real], ARRAYS),
    of_one("repeat by element", lambda x: np.repeat(x, [0, 1, 2], axis=0), (3,), (3, 2)),
    of_one("resize", lambda x: np.resize(x, (2, 3)), (4,), (2, 2, 2), (), (0,)),
]

CASES = [*JOINING, *SPLITTING, *REPEATING]
