"""What Dask cannot do of what the cases of the derivative table ask for, and why.

Names are patterns of case names. When a case fails on Dask because Dask lacks something, it belongs
here; when Dask learns it, ``test_the_list_is_up_to_date`` says so.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

WRITTEN_FOR = "2026.8.0"
"""The version of Dask that the list was seen to be exact for."""

NO_FUNCTION = "Dask has no such function"
NO_KEYWORD = "Dask does not know this argument"
NO_ARGSORT = "the rule sorts, and Dask has no np.argsort"
NO_ADD_AT = "the rule adds up at integer indices, and Dask has no np.add.at"
SEVERAL_RESULTS = "Dask calls no ufunc of several results but those of NumPy"
NO_UFUNC_METHOD = "Dask has no such method of ufuncs"
NO_SUCH_INDEX = "Dask does not read, or does not set, at such an index"
UNKNOWN_LENGTH = "the length of the result depends on the values, which Dask does not know"
NO_STACKS = "Dask takes single matrices only"
NOT_NUMPYS = "Dask's function computes something else than NumPy's"
EMPTY_PART = "the rule assigns to a part without elements, which Dask refuses"

UNSUPPORTED: dict[str, list[str]] = {
    NO_FUNCTION: [
        "unwrap*",
        "interp*",
        "histogram*",
        "matrix_transpose",
        "linalg.matrix_transpose",
        "copy",
        "real_if_close",
        "set_at*",
        "fill_diagonal*",
        "take_along_axis*",
        "sort*",
        "partition*",
        "linalg.matmul",
        "linalg.vecdot",
        "linalg.tensordot",
        "linalg.outer",
        "cross*",
        "linalg.cross*",
        "convolve*",
        "correlate*",
        "pinv*",
        "tensorinv*",
        "tensorsolve*",
        "lstsq",
        "det",
        "slogdet",
        "vector_norm*",
        "matrix_norm*",
        "cond*",
        "eig*",
        "svdvals",
    ],
    SEVERAL_RESULTS: [
        "special airy",
        "special fresnel",
        "special sici",
        "special shichi",
        "special ellipj",
    ],
    NO_KEYWORD: [
        "max, options",
        "reshape to a vector",
        "reshape in Fortran order",
        "ravel in Fortran order",
        "take wrapped",
        "take clipped",
        "choose wrapped",
        "choose clipped",
        "matmul along other axes",
        "bincount, weights",
        "polyfit*",
        "lstsq, residuals alone",
        "norm of everything",
        "svd, values",
        "svd, hermitian*",
        "qr, r alone",
        "qr, complete*",
        "cholesky, upper",
    ],
    NO_ARGSORT: ["piecewise*", "median*", "nanmedian", "*quantile*", "*percentile*", "pad, median"],
    NO_ADD_AT: [
        "add_at",
        "pad, edge",
        "pad, reflect",
        "pad, symmetric",
        "pad, wrap",
        "repeat by element",
        "take",
        "take along an axis",
        "take nothing",
        "compress*",
        "extract",
        "delete*",
        "insert*",
        "getitem, integers*",
        "getitem, a list",
        "getitem, no integers",
        "getitem, a slice and integers",
        "getitem, few of many",
    ],
    NO_UFUNC_METHOD: ["*.reduceat*", "m*imum.accumulate", "logaddexp*.reduce*"],
    NO_SUCH_INDEX: [
        "getitem, a matrix of integers",
        "getitem, a 0-d array",
        "getitem, pairs*",
        "getitem, integers apart",
        "getitem, booleans and integers",
        "getitem, a boolean",
        "take rows",
        "diag",
        "diag aside",
        "diagonal*",
        "linalg.diagonal",
        "trace*",
        "linalg.trace",
        "corrcoef",
    ],
    UNKNOWN_LENGTH: ["getitem, booleans", "getitem, no booleans true", "polymul", "roots"],
    NO_STACKS: [
        "inv",
        "matrix_power -*",
        "norm of matrices, ord=nuc, axis=*",
        "norm of matrices, ord=*2, axis=*",
    ],
    NOT_NUMPYS: [
        "einsum, by lists, no output",  # indices from 26 on are sorted in another order
        "svd",  # other signs
        "svd, reduced",
        "svd, one vector to complete",
        "cholesky",  # the upper triangle
    ],
    EMPTY_PART: [
        "gradient",
        "gradient, a number",
        "gradient, coordinates",
        "split at indices",
        "svd, projections",
    ],
}

# With all elements in one chunk these work; else Dask wants them rechunked.
ONE_CHUNK = [
    "einsum ii (*",
    "einsum ii->*",
    "einsum iii->*",
    "einsum iijj->*",
    "einsum iji->*",
    "matvec*",
    "vecmat*",
    "vecdot *",
    "qr",
    "qr, q alone",
    "reshape",
    "solve",
    "svd, * vectors",
    "tile no times",
]


def why_unsupported(name: str) -> str:
    """The reason why a case cannot run on Dask; empty if it can."""
    reasons = (reason for reason, patterns in UNSUPPORTED.items() if fits(name, patterns))
    return next(reasons, "")


def needs_one_chunk(name: str) -> bool:
    """Whether a case runs on arrays of a single chunk only."""
    return fits(name, ONE_CHUNK)


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
