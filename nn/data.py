"""Data at the door: checked, and cast once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from nn.mapped import MappedRows, parts

FEW, MANY = 8, 10_000
"""Elements up to which an array is short, and from which on it is long."""


def as_inputs(X: Any, input_dim: int, dtype: np.dtype[Any]) -> Any:
    """Check the inputs of a network, and cast them.

    A ``numpy.memmap`` is looked through once, part by part, and read again when its rows are asked
    for: it may be larger than memory.

    Parameters
    ----------
    X : array_like
        Numbers of shape (n_samples, input_dim).
    input_dim : int
        Number of features.
    dtype : dtype
        What to cast to.

    Returns
    -------
    ndarray or MappedRows
        Of shape (n_samples, input_dim), in C order; ``X`` itself where nothing was to be done.

    Raises
    ------
    TypeError
        If ``X`` does not hold real numbers.
    ValueError
        If it is empty, ragged, of another shape, or not finite in ``dtype``.

    Examples
    --------
    >>> as_inputs([[1, 2], [3, 4]], 2, np.dtype("f4"))
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    array = numeric_array(X, "X")
    if array.ndim != 2:
        advice = ""
        if array.ndim == 1:
            advice = (
                "; one feature per sample is X.reshape(-1, 1)"
                if input_dim == 1
                else "; a single sample is X.reshape(1, -1)"
            )
        raise ValueError(f"X has shape {array.shape}, expected (n_samples, {input_dim}){advice}")
    if array.shape[1] != input_dim:
        raise ValueError(
            f"X has {array.shape[1]} features (shape {array.shape}), but the network was made with "
            f"input_dim={input_dim}"
        )
    if not len(array):
        raise ValueError(f"X is empty (shape {array.shape}); expected at least one sample")
    if not isinstance(X, np.memmap):
        return finite_cast(array, "X", dtype)
    for rows in parts(array):
        finite_cast(array[rows], "X", dtype, first=rows.start)
    return MappedRows(array, dtype)


def as_sample_or_inputs(x: Any, input_dim: int, dtype: np.dtype[Any]) -> tuple[np.ndarray, bool]:
    """Check what is to be predicted: one sample, or several.

    Parameters
    ----------
    x : array_like
        One sample of shape (d,), (d, 1) or (1, d), where d is ``input_dim``, or several of shape
        (n, d).
    input_dim : int
        Number of features.
    dtype : dtype
        What to cast to.

    Returns
    -------
    array : ndarray
        Of shape (d,) for one sample, (n, d) for several.
    single : bool
        Whether it is one sample.

    Raises
    ------
    TypeError, ValueError
        As in :func:`as_inputs`.

    Examples
    --------
    >>> as_sample_or_inputs([[1], [2]], 2, np.dtype("f4"))
    (array([1., 2.], dtype=float32), True)
    """
    array = x if type(x) is np.ndarray and x.dtype == dtype else numeric_array(x, "x")
    if array.shape != (input_dim,):
        if array.shape not in ((input_dim, 1), (1, input_dim)):
            if array.ndim < 2:
                raise ValueError(
                    f"x has shape {array.shape}, expected ({input_dim},) for one sample, or "
                    f"(n_samples, {input_dim}) for several"
                )
            return as_inputs(x if isinstance(x, np.memmap) else array, input_dim, dtype), False
        array = array.reshape(input_dim)
    return finite_cast(array, "x", dtype), True


# ------------------------------------------------------------------------------------------ checks


def numeric_array(values: Any, name: str) -> np.ndarray:
    """An array of real numbers, or an error that says what is wrong with ``name``.

    Examples
    --------
    >>> numeric_array([1, 2], "X")
    array([1, 2])
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} cannot be made into an array; expected rows of one length: {error}"
        ) from error
    is_subclass = isinstance(values, np.ndarray) and type(values) is not np.ndarray
    if is_subclass and np.ma.is_masked(values):  # numpy.ma is imported when it is first named
        raise ValueError(
            f"{name} is a masked array with masked entries, whose values would be used; remove or "
            "impute such entries"
        )
    if array.dtype.kind in "fiub":
        return array
    columns = _numeric_columns(values)
    if columns is not None:
        return columns
    to_numpy = getattr(values, "to_numpy", None)
    if array.dtype == object and array.ndim == 0 and to_numpy is not None:
        return numeric_array(np.asarray(to_numpy()), name)
    if array.dtype == object and array.ndim == 0:
        dense = f"; pass {name}.toarray()" if hasattr(values, "toarray") else ""
        raise TypeError(
            f"{name} is of type {type(values).__name__}, expected an array of real numbers{dense}"
        )
    raise TypeError(
        f"{name} has dtype {array.dtype}, expected real numbers; convert it first, for example "
        f"with np.asarray({name}, dtype=float), and encode categories as numbers"
    )


def finite_cast(
    array: np.ndarray, name: str, dtype: np.dtype[Any], *, first: int = 0
) -> np.ndarray:
    """The array in another dtype and in C order, if all of it is finite there.

    ``first`` is the number of its first row, for the message.
    """
    if array.dtype == dtype:
        cast = np.asarray(array, order="C")
    else:
        with np.errstate(over="ignore", under="ignore"):
            cast = np.asarray(array, dtype, order="C")
    if _is_finite(cast):
        return cast
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(cast))[0])
    value = array[where]
    advice = (
        f"which {dtype} cannot hold; rescale the data, or make the network with dtype=np.float64"
        if np.isfinite(value)
        else "expected finite numbers; remove or impute such entries"
    )
    index = [where[0] + first, *where[1:]] if where else []
    raise ValueError(f"{name} holds {value} at index {index}, {advice}")


def _is_finite(array: np.ndarray) -> bool:
    """Whether there is neither an infinity nor a NaN in an array in C order."""
    if array.size >= MANY:
        elements = array.reshape(-1)
        with np.errstate(over="ignore", invalid="ignore"):
            sum_of_squares = np.einsum("i,i->", elements, elements)
        # A product is one pass over memory, and leaves no array of truth values behind. That of a
        # BLAS would leave its threads spinning, and take a core from those of machine code. If the
        # result is not finite, squares may still have overflowed.
        if np.isfinite(sum_of_squares):
            return True
    # Predicting one sample waits for this. A few are quickest as numbers of Python, and of more
    # it is quicker to count truth values than to ask for all().
    if array.size <= FEW and array.ndim == 1:
        return all(map(math.isfinite, array.tolist()))
    finite = np.isfinite(array)
    return np.count_nonzero(finite) == finite.size


def _numeric_columns(values: Any) -> np.ndarray | None:
    """What is in a data frame, if all of its columns are numbers; NaN where one is missing.

    Columns of bool and float, as ``pandas.get_dummies`` gives them, or of pandas' nullable dtypes,
    would otherwise come out as Python objects; and not every library makes arrays of its frames.
    """
    dtypes = getattr(values, "dtypes", None)
    kinds = [getattr(d, "kind", "O") for d in dtypes] if isinstance(dtypes, Iterable) else []
    if kinds and hasattr(values, "to_numpy") and all(kind in "fiub" for kind in kinds):
        return values.to_numpy(np.float64, na_value=np.nan)
    names = getattr(values, "column_names", getattr(values, "columns", None))
    if not isinstance(names, Iterable) or not hasattr(type(values), "__getitem__"):
        return None
    columns = []
    for name in names:
        column = values[name]
        columns.append(np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column))
        if columns[-1].ndim != 1 or columns[-1].dtype.kind not in "fiub":
            return None
    return np.column_stack(columns) if columns else None
