"""Cases of tensorgrad.derivatives.choosing."""

import numpy as np

from derivative_cases.case import Case, away_from_zero, between, elementwise, grid, real

TERNARY = [
    ((3,), (3,), (3,)),
    ((2, 1), (3,), ()),
    ((), (), ()),
    ((0,), (1,), (0,)),
]
SAMPLES = [((4,), (5,), (5,)), ((2, 3), (4,), (4,)), ((), (3,), (3,)), ((0,), (2,), (2,))]


def samples(rng, shape):
    """Increasing sample points."""
    return np.arange(shape[0]) * 1.5 - 3 + rng.uniform(-0.1, 0.1, shape)


def between_samples(rng, shape):
    """Points at some distance from sample points, some of them outside of all."""
    return rng.integers(-3, 5, shape) * 1.5 + rng.uniform(0.3, 1.2, shape)


def constant(value):
    """The same number everywhere."""
    return lambda rng, shape: np.full(shape, value)


CASES = [
    elementwise(np.maximum, grid(0), grid(0.5)),
    elementwise(np.minimum, grid(0), grid(0.5)),
    elementwise(np.fmax, grid(0), grid(0.5)),
    elementwise(np.fmin, grid(0), grid(0.5)),
    elementwise(np.heaviside, away_from_zero(), real),
    elementwise(lambda h: np.heaviside(np.zeros_like(h), h), real, name="heaviside at its step"),
    elementwise(np.nan_to_num, real),
    Case("where", lambda c, a, b: np.where(c > 0, a, b), [away_from_zero(), real, real], TERNARY),
    Case("where not zero", np.where, [away_from_zero(), real, real], TERNARY),
    Case("clip", np.clip, [grid(0), constant(-1.5), constant(1.5)], TERNARY),
    elementwise(lambda x: np.clip(x, -1.5, None), grid(0), name="clip below"),
    elementwise(lambda x: np.clip(x, a_min=None, a_max=0.5), grid(0), name="clip above"),
    Case(
        "select",
        lambda x, a, b: np.select([x > 0.5, x > -0.5], [a * x, b]),
        [grid(0), real, real],
        TERNARY,
    ),
    Case(
        "select with a default",
        lambda x, a, b: np.select([x > 0.5], [a], default=x * b),
        [grid(0), real, real],
        TERNARY,
    ),
    Case("interp", np.interp, [between_samples, samples, real], SAMPLES),
    Case(
        "interp with sides",
        lambda x, xp, fp, left: np.interp(x, xp, fp, left=left, right=2.0),
        [between_samples, samples, real, real],
        [((6,), (4,), (4,), ()), ((3,), (1,), (1,), ())],
    ),
    Case(
        "interp with a period",
        lambda x, xp, fp: np.interp(x, xp, fp, period=5.0),
        [between(0.15, 0.85), lambda rng, shape: rng.permutation(shape[0]) + 0.0, real],
        [((3,), (5,), (5,)), ((), (4,), (4,))],
    ),
]

if hasattr(np, "unstack"):  # NumPy 2.1, in which np.clip got these keywords
    CASES.append(
        elementwise(lambda x: np.clip(x, min=-1.5, max=0.5), grid(0), name="clip, min and max")
    )
