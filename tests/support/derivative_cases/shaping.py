"""Cases of tensorgrad.derivatives.shaping and .diagonals."""

import numpy as np

import tensorgrad as tg
from derivative_cases.case import ARRAYS, Case, Shape, real

ANY: list[tuple[Shape, ...]] = [((),), ((3,),), ((2, 3),), ((2, 0),), ((2, 1, 2),)]
MATRICES: list[tuple[Shape, ...]] = [((2, 3),), ((2, 0),), ((2, 1, 2),)]
CUBES: list[tuple[Shape, ...]] = [((2, 1, 3),), ((0, 2, 1),)]


def unary(name, call, shapes=ANY):
    """Functions of this group are linear, and any values will do."""
    return Case(name, call, [real], shapes)


SHAPES = [
    unary("reshape", lambda x: np.reshape(x, (-1, 2)), [((4,),), ((2, 3, 1),), ((0, 2),)]),
    unary("reshape to a vector", lambda x: np.reshape(x, -1)),
    unary("reshape in Fortran order", lambda x: np.reshape(x, (3, 2), order="F"), [((2, 3),)]),
    unary("ravel", np.ravel),
    unary("ravel in Fortran order", lambda x: np.ravel(x, order="F")),
    unary("expand_dims", lambda x: np.expand_dims(x, 0)),
    unary("expand_dims at two places", lambda x: np.expand_dims(x, (0, -1))),
    unary("squeeze", np.squeeze),
    unary("squeeze of an axis", lambda x: np.squeeze(x, axis=1), [((2, 1),), ((0, 1, 3),)]),
    unary("atleast_1d", np.atleast_1d),
    unary("atleast_2d", np.atleast_2d),
    unary("atleast_3d", np.atleast_3d),
    Case("atleast_2d of two", np.atleast_2d, [real, real], [((), (3,)), ((2, 1, 1), (0,))]),
]

AXES = [
    unary("transpose", np.transpose),
    unary("transpose with axes", lambda x: np.transpose(x, (1, -1, 0)), CUBES),
    unary("matrix_transpose", np.matrix_transpose, MATRICES),
    unary("swapaxes", lambda x: np.swapaxes(x, 0, -1), ARRAYS),
    unary("moveaxis", lambda x: np.moveaxis(x, 0, -1), ARRAYS),
    unary("moveaxis of two", lambda x: np.moveaxis(x, (0, -1), (1, 0)), CUBES),
    unary("rollaxis", lambda x: np.rollaxis(x, -1), ARRAYS),
    unary("rollaxis to the end", lambda x: np.rollaxis(x, 0, 3), CUBES),
    unary("flip", np.flip),
    unary("flip along axes", lambda x: np.flip(x, axis=(0, -1)), CUBES),
    unary("fliplr", np.fliplr, MATRICES),
    unary("flipud", np.flipud, ARRAYS),
    unary("rot90", np.rot90, MATRICES),
    unary("rot90 backwards", lambda x: np.rot90(x, k=-1, axes=(1, 2)), CUBES),
    unary("roll", lambda x: np.roll(x, 2)),
    unary("roll along axes", lambda x: np.roll(x, (1, -2), axis=(0, -1)), CUBES),
]

BROADCASTING = [
    unary("broadcast_to", lambda x: np.broadcast_to(x, (2, 2, 3)), [((),), ((3,),), ((2, 1, 1),)]),
    unary("broadcast_to nothing", lambda x: np.broadcast_to(x, (0, 3)), [((),), ((3,),)]),
    Case("broadcast_arrays", np.broadcast_arrays, [real] * 2, [((2, 1), (3,)), ((), (0, 2))]),
    Case("meshgrid", np.meshgrid, [real] * 3, [((2,), (3,), ()), ((0,), (2,), (1,))]),
    Case("meshgrid ij", lambda *x: np.meshgrid(*x, indexing="ij"), [real] * 2, [((2,), (3,))]),
    Case("meshgrid sparse", lambda *x: np.meshgrid(*x, sparse=True), [real] * 2, [((2,), (3,))]),
    Case("ix_", np.ix_, [real] * 2, [((2,), (3,))]),
]

COPIES = [
    unary("copy", np.copy),
    unary("real", np.real),
    unary("conjugate", np.conjugate),
    unary("real_if_close", np.real_if_close),
    # What np.full_like gives has the dtype of the array it is like: float64 here.
    Case(
        "full_like",
        lambda v: np.full_like(tg.tensor(np.ones((2, 3))).astype(v.dtype), v),
        [real],
        [((),), ((3,),)],
        duck=False,
    ),
]

DIAGONALS = [
    unary("diagonal", np.diagonal, [((3, 3),), ((2, 3),), ((3, 2, 2),), ((0, 2),)]),
    unary("diagonal aside", lambda x: np.diagonal(x, -1, 2, 0), [((2, 1, 3),), ((2, 2, 2),)]),
    unary("diag", np.diag, [((3,),), ((2, 3),), ((0,),)]),
    unary("diag aside", lambda x: np.diag(x, k=-1), [((2,),), ((3, 2),)]),
    unary("diagflat", lambda x: np.diagflat(x, 1)),
    unary("triu", np.triu, [((3,),), ((2, 3),), ((2, 2, 3),), ((0, 2),)]),
    unary("tril", lambda x: np.tril(x, k=-1), [((3,),), ((3, 2),), ((2, 2, 3),)]),
    Case(
        "fill_diagonal",
        tg.fill_diagonal,
        [real] * 2,
        [((3, 2), ()), ((2, 3), (2,)), ((2, 2, 2), (1,))],
    ),
    Case(
        "fill_diagonal with a short value, wrapped",
        lambda x, v: tg.fill_diagonal(x, v, wrap=True),
        [real] * 2,
        [((5, 2), (3,))],
    ),
]

CASES = [*SHAPES, *AXES, *BROADCASTING, *COPIES, *DIAGONALS]
if hasattr(np, "astype"):
    CASES.append(unary("astype", lambda x: np.astype(x, x.dtype)))
