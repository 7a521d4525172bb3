"""Cases of tensorgrad.derivatives.indexing and .arranging."""

import numpy as np

import tensorgrad as tg
from derivative_cases.case import Case, away_from_zero, distinct, real
from tensorgrad.derivatives.indexing import add_at

MASK = np.array([[True, False, True], [False, False, True]])
TWICE = np.array([0, 1, -1, 0, 0])


def reading(name, index, *shapes):
    return Case(f"getitem, {name}", lambda x: x[index], [real], [(shape,) for shape in shapes])


def of_one(name, call, *shapes, domain=real, duck=True):
    return Case(name, call, [domain], [(shape,) for shape in shapes], duck=duck)


READING = [
    reading("number", 1, (3,), (2, 3)),
    reading("numbers", (0, -1), (2, 3), (1, 2, 2)),
    reading("NumPy number", np.int64(1), (3,), (2, 0)),
    reading("slice", slice(1, None), (3,), (2, 3), (0, 2)),
    reading("negative step", np.s_[::-2], (4,), (3, 2)),
    reading("slices", np.s_[1:, ::2], (2, 3), (3, 0)),
    reading("nothing", slice(0, 0), (3,)),
    reading("all", (), (), (2,)),
    reading("ellipsis", np.s_[..., 0], (2, 3), (1,)),
    reading("new axes", np.s_[None, ..., None], (), (2,)),
    reading("integers", TWICE, (2,), (3, 2), (2, 0)),
    reading("a list", [1, 1, 0], (2,), (3, 2)),
    reading("a matrix of integers", np.array([[0, 1], [1, 1]]), (2,), (2, 2)),
    reading("no integers", np.array([], dtype=int), (2,), (0,), (2, 3)),
    reading("a 0-d array", np.array(1), (2,), (2, 3)),
    reading("pairs of integers", (TWICE, np.array([1, -1, 0, -2, 1])), (3, 2), (2, 2, 2)),
    reading("pairs that broadcast", (TWICE[:, None], [0, 1]), (2, 3)),
    reading("integers and a number", (TWICE, 1), (3, 2), (2, 2, 2)),
    reading("a slice and integers", (slice(None), TWICE), (1, 3), (2, 2, 2)),
    reading("integers apart", (TWICE, slice(1, None), TWICE), (2, 3, 2)),
    reading("integers behind an ellipsis", (..., TWICE), (2,), (1, 2)),
    reading("integers and a new axis", (None, TWICE, None), (2,), (2, 2)),
    reading("few of many", (slice(0, 1), np.array([1])), (6, 6)),
    reading("booleans", MASK, (2, 3), (2, 3, 2)),
    reading("booleans in part", (slice(None), np.array([True, False, True])), (2, 3)),
    reading("no booleans true", np.zeros((2, 3), bool), (2, 3)),
    reading("booleans and integers", (np.array([False, True]), [0, 0, 1]), (2, 3)),
    reading("a boolean", np.True_, (), (2,)),
]

ADDING = [
    Case("add_at", lambda v: add_at(v, np.empty_like(v, shape=(3, 2)), TWICE), [real], [((5, 2),)]),
    Case(
        "set_at",
        lambda x, v: tg.set_at(x, np.s_[1:], v),
        [real] * 2,
        [((3,), ()), ((2, 3), (3,)), ((1, 2), ())],
    ),
    Case(
        "set_at repeated",
        lambda x, v: tg.set_at(x, TWICE, v),
        [real] * 2,
        [((3,), (5,)), ((2, 2), (5, 1)), ((3,), ())],
    ),
    Case(
        "set_at booleans",
        lambda x, v: tg.set_at(x, MASK, v),
        [real] * 2,
        [((2, 3), (3,)), ((2, 3), ())],
    ),
]

FUNCTIONS = [
    of_one("take", lambda x: np.take(x, TWICE), (2,), (3, 2)),
    of_one("take along an axis", lambda x: np.take(x, TWICE, axis=-1), (2,), (1, 3)),
    of_one("take a number", lambda x: np.take(x, 1, axis=0), (2,), (3, 2)),
    of_one("take rows", lambda x: np.take(x, [[0, 1], [1, -1]], axis=0), (2,), (2, 2)),
    of_one("take nothing", lambda x: np.take(x, [], axis=0), (2,), (3, 2)),
    of_one("take wrapped", lambda x: np.take(x, [5, -4, 0], mode="wrap"), (2,), (1, 3)),
    of_one("take clipped", lambda x: np.take(x, [5, -4, 0], axis=0, mode="clip"), (2,), (3, 2)),
    of_one(
        "take_along_axis",
        lambda x: np.take_along_axis(x, np.array([[0, 1, 1], [1, 1, 0]]), axis=1),
        (2, 2),
    ),
    of_one("take_along_axis, flat", lambda x: np.take_along_axis(x, TWICE, axis=None), (2, 2)),
    of_one(
        "take_along_axis, broadcast",
        lambda x: np.take_along_axis(x, np.array([[0, 1]]), axis=-1),
        (3, 2),
    ),
    of_one("compress", lambda x: np.compress([True, False, True], x), (4,), (1, 3)),
    of_one("compress along an axis", lambda x: np.compress([False, True], x, axis=1), (2, 3)),
    of_one("extract", lambda x: np.extract(MASK, x), (2, 3), (6,)),
    Case(
        "choose",
        lambda a, b: np.choose([[1, 0, 1]], [a, b]),
        [real] * 2,
        [((3,), ()), ((2, 1), (2, 3))],
    ),
    Case(
        "choose wrapped",
        lambda a, b: np.choose([3, -1, 0], [a, b], mode="wrap"),
        [real] * 2,
        [((3,), (3,))],
    ),
    Case(
        "choose clipped",
        lambda a, b: np.choose([3, -1, 0], (a, b), mode="clip"),
        [real] * 2,
        [((), (3,))],
    ),
    of_one("choose from an array", lambda x: np.choose([1, 0], x), (2, 2)),
    of_one("delete", lambda x: np.delete(x, 1), (3,), (2, 2)),
    of_one("delete along an axis", lambda x: np.delete(x, [0, 2, 0], axis=-1), (3,), (2, 3)),
    of_one("delete a slice", lambda x: np.delete(x, np.s_[::2], axis=0), (4,), (3, 2)),
    Case(
        "insert",
        lambda x, v: np.insert(x, 1, v),
        [real] * 2,
        [((2,), ()), ((2, 1), (3,)), ((3,), (0,))],
    ),
    Case(
        "insert along an axis",
        lambda x, v: np.insert(x, -1, v, axis=1),
        [real] * 2,
        [((2, 3), ()), ((2, 2), (2,)), ((3, 2), (2, 3))],
    ),
    Case(
        "insert at a list",
        lambda x, v: np.insert(x, [1], v, axis=1),
        [real] * 2,
        [((2, 3), ()), ((2, 2), (2, 1))],
    ),
    Case(
        "insert at several",
        lambda x, v: np.insert(x, [2, 0, 2], v, axis=0),
        [real] * 2,
        [((2,), (3,)), ((2, 2), (2,)), ((2, 3), ())],
    ),
    Case(
        "insert at a slice", lambda x, v: np.insert(x, slice(0, 2), v), [real] * 2, [((3,), (2,))]
    ),
    of_one("insert numbers", lambda x: np.insert(x, 1, 2.5, axis=-1), (2,), (2, 2)),
    # How much is trimmed is a question to the values.
    of_one(
        "trim_zeros",
        lambda x: np.trim_zeros(np.where([0, 1, 0, 1, 0], x, 0)),
        (5,),
        domain=away_from_zero(),
        duck=False,
    ),
]

ARRANGING = [
    of_one("sort", np.sort, (4,), (2, 3), (2, 0), domain=distinct),
    of_one(
        "sort along an axis",
        lambda x: np.sort(x, axis=0, kind="stable"),
        (4,),
        (3, 2),
        domain=distinct,
    ),
    of_one("sort flat", lambda x: np.sort(x, axis=None), (), (2, 3), domain=distinct),
    of_one("partition", lambda x: np.partition(x, 1), (5,), (2, 3), domain=distinct),
    of_one(
        "partition along an axis",
        lambda x: np.partition(x, [0, 2], axis=0),
        (4,),
        (3, 2),
        domain=distinct,
    ),
    of_one("partition flat", lambda x: np.partition(x, 3, axis=None), (2, 3), domain=distinct),
]

CASES = [*READING, *ADDING, *FUNCTIONS, *ARRANGING]
