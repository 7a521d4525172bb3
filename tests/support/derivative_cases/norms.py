"""Cases of tensorgrad.derivatives.norms."""

from functools import partial

import numpy as np

from derivative_cases.case import Case, Shape
from derivative_cases.linear_algebra import full_rank, regular

VECTOR_ORDERS = (None, 2, 1, 3, 2.5, 0.5, -1, np.inf, -np.inf)
MATRIX_ORDERS = (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)


def apart(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Values of either sign whose magnitudes differ from each other, and from zero."""
    count = int(np.prod(shape))
    magnitudes = 0.5 + 0.4 * rng.permutation(count) + rng.uniform(-0.1, 0.1, count)
    return np.reshape(magnitudes * rng.choice([-1.0, 1.0], count), shape)


def of_vectors(function, **options) -> Case:
    name = ", ".join([function.__name__, *(f"{k}={v}" for k, v in options.items())])
    shapes = [((2, 3),), ((2, 1, 2),)] if options.get("axis") else [((4,),), ((1,),)]
    return Case(name, partial(function, **options), [apart], shapes)


def of_matrices(function, *shapes, **options) -> Case:
    name = ", ".join(
        [f"{function.__name__} of matrices", *(f"{k}={v}" for k, v in options.items())]
    )
    return Case(name, partial(function, **options), [full_rank], [(shape,) for shape in shapes])


CASES = [
    *(of_vectors(np.linalg.norm, ord=order) for order in VECTOR_ORDERS),
    *(of_vectors(np.linalg.norm, ord=order, axis=1) for order in (2, 1, 3, np.inf)),
    of_vectors(np.linalg.norm, axis=-1, keepdims=True),
    of_vectors(np.linalg.norm, ord=3, axis=(-2,), keepdims=True),
    of_vectors(np.linalg.vector_norm),
    of_vectors(np.linalg.vector_norm, ord=-np.inf, axis=-1),
    of_vectors(np.linalg.vector_norm, ord=3, axis=(0, 1), keepdims=True),
    Case("norm of everything", np.linalg.norm, [apart], [((2, 2, 2),), ((2, 2),), ((),)]),
    Case("vector_norm of everything", np.linalg.vector_norm, [apart], [((2, 2, 2),)]),
    *(of_matrices(np.linalg.norm, (2, 3), (3, 2), ord=order) for order in MATRIX_ORDERS[1:]),
    *(of_matrices(np.linalg.norm, (2, 1, 3), ord=o, axis=(1, 2)) for o in MATRIX_ORDERS),
    of_matrices(np.linalg.norm, (2, 3), ord=np.inf, keepdims=True),
    of_matrices(np.linalg.norm, (2, 3), ord=2, keepdims=True),
    of_matrices(np.linalg.norm, (2, 1, 3), ord="nuc", axis=(2, 0), keepdims=True),
    of_matrices(np.linalg.norm, (2, 1, 3), ord=1, axis=(-1, 0), keepdims=True),
    *(of_matrices(np.linalg.matrix_norm, (2, 1, 3), ord=order) for order in ("fro", "nuc", 1)),
    of_matrices(np.linalg.matrix_norm, (2, 3), ord=-2, keepdims=True),
    *(
        Case(f"cond, p={p}", partial(np.linalg.cond, p=p), [regular], [((3, 3),), ((2, 2, 2),)])
        for p in MATRIX_ORDERS
    ),
    Case("cond of rectangles", np.linalg.cond, [full_rank], [((3, 2),), ((2, 1, 3),)]),
]
