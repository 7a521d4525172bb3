"""Cases of tensorgrad.derivatives.reductions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from derivative_cases.case import (
    ARRAYS,
    Case,
    Domain,
    Shape,
    away_from_zero,
    distinct,
    positive,
    real,
)

ANY = [((),), ((3,),), ((2, 3),), ((0,),), ((2, 0),)]
FILLED = [((),), *ARRAYS]
ALONG_ONE = [((4,),), ((2, 3),), ((0, 3),)]
ALONG_TWO = [((2, 1, 3),), ((2, 0, 3),), ((3, 2),)]
# Each row of two or more, so that it has a deviation.
ROWS = [((4,),), ((2, 3),)]


def reduction(
    name: str,
    call: Callable[..., Any],
    domain: Domain = real,
    shapes: Sequence[tuple[Shape, ...]] = ANY,
) -> Case:
    return Case(name, call, [domain], shapes)


def with_missing(domain: Domain) -> Domain:
    """NaN in place of one element of each row."""

    def values(rng: np.random.Generator, shape: Shape) -> np.ndarray:
        array = domain(rng, shape)
        array[..., rng.integers(shape[-1])] = np.nan
        return array

    return values


def with_zeros(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Zero for about every third element."""
    return real(rng, shape) * (rng.uniform(size=shape) > 0.3)


CASES = [
    reduction("sum", np.sum),
    reduction("sum of rows", lambda x: np.sum(x, axis=-1), shapes=ALONG_ONE),
    reduction("sum of columns", lambda x: np.sum(x, 0), shapes=ALONG_ONE),
    reduction("sum, middle axis", lambda x: np.sum(x, axis=1), shapes=[((2, 3, 2),)]),
    reduction("sum, two axes", lambda x: np.sum(x, axis=(0, -1)), shapes=ALONG_TWO),
    reduction("sum, no axes", lambda x: np.sum(x, axis=()), shapes=FILLED),
    reduction("sum, keepdims", lambda x: np.sum(x, keepdims=True)),
    reduction(
        "sum, options",
        lambda x: np.sum(x, axis=-1, dtype=x.dtype, out=None, initial=2.0, where=x > 0),
        away_from_zero(),
        ALONG_ONE,
    ),
    Case("sum, initial", lambda x, i: np.sum(x, 0, initial=i), [real, real], [((2, 3), ())]),
    reduction("sum, method", lambda x: np.multiply(x, 2).sum(0, keepdims=True), shapes=ALONG_ONE),
    reduction("mean", np.mean, shapes=FILLED),
    reduction("mean of rows", lambda x: np.mean(x, axis=-1), shapes=ALONG_ONE),
    reduction("mean of columns", lambda x: np.mean(x, 0), shapes=ARRAYS),
    reduction("mean, two axes", lambda x: np.mean(x, (0, -1), keepdims=True), shapes=ARRAYS[1:]),
    reduction("mean, where", lambda x: np.mean(x, -1, where=x != x[0]), distinct, ARRAYS[:1]),
    reduction("mean, no rows", lambda x: np.mean(x, axis=1), shapes=[((0, 3),)]),
    reduction("prod", np.prod, with_zeros),
    reduction("prod of rows", lambda x: np.prod(x, axis=-1), with_zeros, ALONG_ONE),
    reduction("prod, two axes", lambda x: np.prod(x, axis=(-1, 0)), with_zeros, ALONG_TWO),
    reduction(
        "prod, options",
        lambda x: np.prod(x, axis=0, dtype=x.dtype, keepdims=True, initial=3.0, where=x > 0),
        away_from_zero(),
        ALONG_ONE,
    ),
    reduction("var", np.var, shapes=FILLED),
    reduction("var of rows", lambda x: np.var(x, axis=-1, ddof=1), shapes=ROWS),
    reduction("var, two axes", lambda x: np.var(x, (0, 2), keepdims=True), shapes=[((2, 1, 3),)]),
    reduction("var, correction", lambda x: np.var(x, axis=0, correction=0.5), shapes=ROWS),
    Case(
        "var, mean",
        lambda x, mean: np.var(x, axis=-1, mean=mean, ddof=1),
        [real, real],
        [((3,), (1,)), ((2, 3), (2, 1))],
    ),
    reduction("var, where", lambda x: np.var(x, where=x != x[0]), distinct, ARRAYS[:1]),
    reduction("std", np.std, distinct, ROWS),
    reduction("std of columns", lambda x: np.std(x, axis=0, ddof=1), distinct, ROWS),
    reduction("std, keepdims", lambda x: np.std(x, -1, keepdims=True), distinct, ROWS),
    reduction("std, where", lambda x: np.std(x, where=x != x[0]), distinct, ARRAYS[:1]),
    reduction("max", np.max, distinct, FILLED),
    reduction("max of rows", lambda x: np.max(x, axis=-1), distinct, ALONG_ONE),
    reduction("amax, keepdims", lambda x: np.amax(x, (0, -1), None, True), distinct, ARRAYS[1:]),
    reduction(
        "max, options",
        lambda x: np.max(x, axis=0, initial=0.0, where=x < 1),
        distinct,
        [((4,),), ((2, 3),), ((0, 3),)],
    ),
    reduction("min", np.min, distinct, FILLED),
    reduction("amin of columns", lambda x: np.amin(x, axis=0), distinct, ARRAYS),
    reduction("ptp", lambda x: np.ptp(x, axis=-1, keepdims=True), distinct, ARRAYS),
    reduction("nansum", lambda x: np.nansum(x, -1), with_missing(real), ARRAYS),
    reduction("nanprod", lambda x: np.nanprod(x, -1), with_missing(positive), ARRAYS),
    reduction("nanmean", lambda x: np.nanmean(x, -1), with_missing(real), ROWS),
    reduction("nanvar", lambda x: np.nanvar(x, -1, ddof=1), with_missing(distinct), ROWS),
    reduction("nanstd", lambda x: np.nanstd(x, -1, keepdims=True), with_missing(distinct), ROWS),
    reduction("nanmax", lambda x: np.nanmax(x, -1), with_missing(distinct), ROWS),
    reduction("nanmin", lambda x: np.nanmin(x, -1, None, True), with_missing(distinct), ROWS),
]
