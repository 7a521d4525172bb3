"""Inputs, and targets of a regression, of mean zero and variance one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nn.data import finite_cast
from nn.mapped import MappedRows, parts

SMALLEST_RELATIVE_SCALE = 1e-12
"""Columns that vary less than this, relative to their mean, count as constant: it is rounding."""


class Standardizer(NamedTuple):
    """Means and standard deviations of the training data, and what is done with them.

    Examples
    --------
    >>> X, y = np.array([[0.0, 5.0], [2.0, 5.0]]), np.array([[10.0], [30.0]])
    >>> standardizer = Standardizer.measured(X, y)
    >>> standardizer.inputs(X, np.dtype("f4"))
    array([[-1.,  0.],
           [ 1.,  0.]], dtype=float32)
    >>> standardizer.values(np.array([[0.5]]))
    array([[25.]])
    """

    input_mean: np.ndarray
    input_scale: np.ndarray
    target_mean: np.ndarray | None = None
    target_scale: np.ndarray | None = None

    @classmethod
    def measured(cls, inputs: Any, targets: np.ndarray | None) -> Standardizer:
        """That of data; targets are those of a regression, or None."""
        if targets is None:
            return cls(*_mean_and_scale(inputs))
        return cls(*_mean_and_scale(inputs), *_mean_and_scale(targets))

    def inputs(self, X: Any, dtype: np.dtype[Any]) -> Any:
        """Inputs as the network computes with them; of a mapped file, when they are read."""

        def convert(x: np.ndarray) -> np.ndarray:
            return finite_cast((x - self.input_mean) / self.input_scale, "standardized X", dtype)

        return X.converted(convert, dtype) if isinstance(X, MappedRows) else convert(X)

    def targets(self, y: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """Targets as the network computes with them."""
        if self.target_mean is None or self.target_scale is None:
            return y
        return finite_cast((y - self.target_mean) / self.target_scale, "standardized y", dtype)

    def values(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs in the units of the targets."""
        if self.target_mean is None or self.target_scale is None:
            return outputs
        return (outputs * self.target_scale + self.target_mean).astype(outputs.dtype)


PREFIX = "standardizer/"
"""How the names of the arrays begin in a file."""


def as_arrays(standardizer: Standardizer | None) -> dict[str, np.ndarray]:
    """What a file holds of it: arrays by name.

    Examples
    --------
    >>> list(as_arrays(Standardizer(np.zeros(2), np.ones(2))))
    ['standardizer/input_mean', 'standardizer/input_scale']
    """
    fields = {} if standardizer is None else standardizer._asdict()
    return {PREFIX + name: array for name, array in fields.items() if array is not None}


def from_arrays(
    arrays: Mapping[str, np.ndarray], input_dim: int, target_dim: int | None
) -> Standardizer | None:
    """The opposite of :func:`as_arrays`, from all arrays of a file; None if there are none.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        All of the file.
    input_dim : int
        Number of inputs.
    target_dim : int, optional
        Number of targets that are standardized.

    Raises
    ------
    ValueError
        If some are missing, or are not what :func:`as_arrays` gives.
    """
    found = {name.removeprefix(PREFIX): a for name, a in arrays.items() if name.startswith(PREFIX)}
    if not found:
        return None
    shapes = {"input_mean": (input_dim,), "input_scale": (input_dim,)}
    if target_dim is not None:
        shapes |= {"target_mean": (target_dim,), "target_scale": (target_dim,)}
    if found.keys() != shapes.keys():
        raise ValueError(f"it holds {', '.join(found)} of a standardizer")
    for name, array in found.items():
        is_scale = name.endswith("scale")
        if (
            array.dtype != np.float64
            or array.shape != shapes[name]
            or not np.isfinite(array).all()
            or (is_scale and not (array > 0).all())
        ):
            raise ValueError(f"{PREFIX}{name} does not hold what a standardizer does")
    return Standardizer(**found)


def _mean_and_scale(array: Any) -> tuple[np.ndarray, np.ndarray]:
    slices = parts(array)
    first = array[slices[0]].mean(axis=0, dtype=np.float64)
    total, squares = np.zeros_like(first), np.zeros_like(first)
    for rows in slices:
        centered = array[rows] - first  # so that the squares do not swallow a small variance
        total += centered.sum(axis=0)
        squares += (centered * centered).sum(axis=0)
    shift = total / len(array)
    mean = first + shift
    scale = np.sqrt(np.maximum(squares / len(array) - shift * shift, 0.0))
    scale[scale <= SMALLEST_RELATIVE_SCALE * np.abs(mean)] = 1.0
    return mean, scale
