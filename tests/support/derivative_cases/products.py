"""Cases of tensorgrad.derivatives.products."""

import numpy as np

from derivative_cases.case import Case, Shape, real

Pairs = list[tuple[Shape, ...]]

MATMUL: Pairs = [
    ((2, 3), (3, 1)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2,), (2, 3)),
    ((2, 1, 2), (2, 2)),
    ((2, 1, 3), (3,)),
    ((2,), (2, 2, 1)),
    ((2, 1, 1, 2), (3, 2, 1)),
    ((0, 2), (2, 3)),
    ((2, 0), (0, 3)),
]
DOT: Pairs = [*MATMUL[:7], ((), ()), ((), (2, 2)), ((2,), ()), ((2, 3), (2, 3, 1)), ((0,), (0,))]
INNER: Pairs = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 3), (1, 2, 3)),
    ((), (2,)),
    ((2,), ()),
    ((0,), (0,)),
]
VECTORS: Pairs = [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (2, 3)), ((2, 0), (0,))]
FLAT: Pairs = [((3,), (2,)), ((2, 2), (3,)), ((), (2,)), ((), ()), ((0,), (2,))]
KRON: Pairs = [
    ((2,), (3,)),
    ((2, 2), (1, 3)),
    ((2,), (1, 2, 2)),
    ((), (2,)),
    ((2, 1), ()),
    ((0,), (2,)),
]
CROSS: Pairs = [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 1, 3)), ((2, 1, 3), (2, 3))]
# Of odd and even lengths, either one the longer.
SIGNALS: Pairs = [((4,), (2,)), ((2,), (3,)), ((2,), (2,)), ((1,), (3,)), ((4,), (3,))]
SQUARES: Pairs = [((3, 3),), ((3, 2),), ((2, 2, 3),), ((0, 0),)]


def product(name, call, shapes: Pairs) -> Case:
    """Products are smooth everywhere."""
    return Case(name, call, [real] * len(shapes[0]), shapes)


CASES = [
    product("matmul", np.matmul, MATMUL),
    product(
        "matmul along other axes",
        lambda a, b: np.matmul(a, b, axes=[(1, 0), (0, 1), (0, -1)]),
        [((2, 1), (2, 3)), ((2, 1, 3), (2, 1, 1))],
    ),
    product("linalg.matmul", np.linalg.matmul, [((2, 3), (3, 2)), ((2, 1, 3), (3, 1))]),
    product("dot", np.dot, DOT),
    product("dot, the method", lambda a, b: a.dot(b), [((2, 3), (3, 2)), ((3,), (3,))]),
    product("inner", np.inner, INNER),
    product("vdot", np.vdot, [((3,), (3,)), ((2, 2), (4,)), ((), ()), ((0,), (0,))]),
    product("vecdot", np.vecdot, VECTORS),
    product("vecdot of an axis", lambda a, b: np.vecdot(a, b, axis=0), [((3, 2), (3, 1))]),
    product(
        "vecdot with keepdims",
        lambda a, b: np.vecdot(a, b, axis=-2, keepdims=True),
        [((3, 2), (3, 2)), ((3, 1), (2, 3, 2))],
    ),
    product("linalg.vecdot", lambda a, b: np.linalg.vecdot(a, b, axis=-2), [((3, 2), (3, 1))]),
    product("tensordot", np.tensordot, [((2, 1, 2), (1, 2, 3)), ((2, 3), (2, 3))]),
    product(
        "tensordot of no axis", lambda a, b: np.tensordot(a, b, 0), [((2,), (1, 3)), ((), (2,))]
    ),
    product(
        "tensordot of given axes",
        lambda a, b: np.tensordot(a, b, axes=([0, -1], [2, 0])),
        [((2, 3, 1), (1, 2, 2)), ((2, 1), (1, 3, 2)), ((0, 3), (3, 1, 0))],
    ),
    product("tensordot of one axis", lambda a, b: np.tensordot(a, b, (1, 0)), [((2, 3), (3, 2))]),
    product("linalg.tensordot", lambda a, b: np.linalg.tensordot(a, b, axes=1), [((2, 3), (3, 2))]),
    product("multi_dot", lambda *arrays: np.linalg.multi_dot(arrays), [((2, 3), (3, 1), (1, 2))]),
    product(
        "multi_dot between vectors",
        lambda *arrays: np.linalg.multi_dot(arrays),
        [((2,), (2, 3), (3, 1), (1,))],
    ),
    product("outer", np.outer, FLAT),
    product("linalg.outer", np.linalg.outer, [((3,), (2,)), ((0,), (2,))]),
    product("kron", np.kron, KRON),
    product("cross", np.cross, CROSS),
    product("cross of an axis", lambda a, b: np.cross(a, b, axis=0), [((3, 2), (3, 1))]),
    product(
        "cross of given axes",
        lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=-2),
        [((3, 2), (2, 3)), ((3, 1, 2), (1, 3, 1))],
    ),
    product("linalg.cross", np.linalg.cross, [((2, 3), (3,))]),
    product(
        "linalg.cross of an axis", lambda a, b: np.linalg.cross(a, b, axis=0), [((3, 2), (3, 1))]
    ),
    *(
        product(
            f"{function.__name__}, {mode}", lambda a, v, f=function, m=mode: f(a, v, m), SIGNALS
        )
        for function in (np.convolve, np.correlate)
        for mode in ("full", "same", "valid")
    ),
    product("convolve with a number", np.convolve, [((), (3,)), ((2,), ())]),
    product("trace", np.trace, SQUARES),
    product("trace of given axes", lambda x: np.trace(x, -1, 2, 0), [((2, 2, 3),)]),
    product("linalg.trace", lambda x: np.linalg.trace(x, offset=1), [((2, 2, 3),)]),
]

if hasattr(np, "matvec"):  # since NumPy 2.2
    CASES += [
        product("matvec", np.matvec, [((2, 3), (3,)), ((1, 2), (3, 2)), ((2, 1, 3), (3,))]),
        product("vecmat", np.vecmat, [((2,), (2, 3)), ((3, 2), (2, 1)), ((2,), (2, 2, 1))]),
        product(
            "matvec along other axes",
            lambda a, b: np.matvec(a, b, axes=[(0, 1), 0, 0]),
            [((2, 3), (3,)), ((1, 2, 3), (2, 1))],
        ),
        product(
            "vecmat along other axes",
            lambda a, b: np.vecmat(a, b, axes=[0, (1, 0), -1]),
            [((3, 2), (2, 3))],
        ),
    ]
