"""Cases of tensorgrad.derivatives.statistics."""

import numpy as np

from derivative_cases.case import ARRAYS, Case, distinct, positive, real
from derivative_cases.reductions import with_missing

ROWS = [((4,),), ((2, 3),)]
missing = with_missing(distinct)

CASES = [
    Case("median", np.median, [distinct], [((),), *ARRAYS]),
    Case("median of rows", lambda x: np.median(x, axis=-1), [distinct], ARRAYS),
    Case("median, axes", lambda x: np.median(x, (0, 2), keepdims=True), [distinct], [((2, 1, 3),)]),
    Case("nanmedian", lambda x: np.nanmedian(x, axis=-1), [missing], ROWS),
    Case("quantile", lambda x: np.quantile(x, 0.3), [distinct], [((),), *ARRAYS]),
    Case(
        "quantiles of columns",
        lambda x: np.quantile(x, [[0.0, 0.4], [0.7, 1.0]], axis=0).astype(x.dtype),
        [distinct],
        ARRAYS,
    ),
    Case("percentile", lambda x: np.percentile(x, 35.0, axis=(0, -1)), [distinct], [((2, 3),)]),
    Case(
        "percentile, method",
        lambda x: np.percentile(x, 35.0, axis=0, method="hazen", keepdims=True),
        [distinct],
        ARRAYS,
    ),
    Case("nanquantile", lambda x: np.nanquantile(x, 0.3, -1), [missing], ROWS),
    Case("nanpercentile", lambda x: np.nanpercentile(x, 60.0, axis=-1), [missing], ROWS),
    Case("average", lambda x: np.average(x, axis=0), [real], ARRAYS),
    Case(
        "average, weights",
        lambda x, w: np.average(x, weights=w, returned=True),
        [real, positive],
        [((), ()), ((3,), (3,)), ((2, 2), (2, 2))],
    ),
    Case(
        "average, weights of an axis",
        lambda x, w: np.average(x, 1, w, returned=True, keepdims=True),
        [real, positive],
        [((2, 3), (3,)), ((2, 3, 1), (3,))],
    ),
    Case(
        "average, weights of two axes",
        lambda x, w: np.average(x, (0, 2), w),
        [real, positive],
        [((2, 1, 3), (2, 3))],
    ),
    Case(
        "cov",
        lambda x, y: np.cov(x, y, dtype=x.dtype),
        [real, real],
        [((3,), (3,)), ((2, 3), (3,)), ((1, 3), (2, 3))],
    ),
    Case(
        "cov, weights",
        lambda x, w: np.cov(x, rowvar=False, aweights=w, dtype=x.dtype),
        [real, positive],
        [((3,), (3,)), ((4, 2), (4,))],
    ),
    Case(
        "cov, frequencies",
        lambda x, w: np.cov(x, fweights=[1, 3, 2], aweights=w, ddof=0).astype(x.dtype),
        [real, positive],
        [((2, 3), (3,))],
    ),
    Case("cov, bias", lambda x: np.cov(x, bias=True, dtype=x.dtype), [real], [((3,),), ((2, 3),)]),
    Case(
        "corrcoef",
        lambda x, y: np.corrcoef(x, y, dtype=x.dtype)[0, 1:],
        [distinct, distinct],
        [((4,), (4,)), ((2, 3), (3,))],
    ),
    Case(
        "bincount, weights",
        lambda w: np.bincount([0, 2, 0, 3], weights=w, minlength=5).astype(w.dtype),
        [real],
        [((4,),)],
    ),
    Case(
        "histogram, weights",
        lambda a, w: np.histogram(a, 3, (0, 3), None, w)[0],
        [lambda rng, shape: np.array([0.1, 2.5, 1.5, 2.9, 9.0]), real],
        [((5,), (5,))],
    ),
    Case(
        "histogram, density",
        lambda a, w: np.histogram(a, [0, 1, 3], density=True, weights=w)[0].astype(w.dtype),
        [lambda rng, shape: np.array([0.1, 2.5, 1.5]), positive],
        [((3,), (3,))],
    ),
]
