"""Vectors for categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nn.checks import positive_integer
from nn.module import Module, Parameter
from tensorgrad import Tensor
from tensorgrad.tape import as_array


class Embedding(Module):
    """A vector for each of a number of categories, which are given by their indices.

    Parameters
    ----------
    num_embeddings : int
        Number of categories.
    embedding_dim : int
        Length of a vector.
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed.
    dtype : dtype
        Floating dtype of the vectors.

    Attributes
    ----------
    weight : Parameter
        Of shape (num_embeddings, embedding_dim); it starts with standard normal numbers.

    Raises
    ------
    TypeError
        If the input does not hold integers.
    ValueError
        If a size is not positive, or an index is not one of 0 ... num_embeddings - 1.

    Examples
    --------
    >>> layer = Embedding(10, 3, rng=0)
    >>> layer(np.array([[1, 2, 1], [0, 0, 9]])).shape
    (2, 3, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        shape = (
            positive_integer(num_embeddings, "num_embeddings"),
            positive_integer(embedding_dim, "embedding_dim"),
        )
        self.weight = Parameter(np.random.default_rng(rng).standard_normal(shape).astype(dtype))

    def forward(self, indices: Any) -> Any:
        return self.weight[_checked(indices, len(self.weight))]


def _checked(indices: Any, count: int) -> Any:
    """The indices as an array. NumPy would take -1 for the last category."""
    array = indices.data if isinstance(indices, Tensor) else as_array(indices)
    if array.dtype.kind not in "iu":
        raise TypeError(f"indices of an Embedding have dtype {array.dtype}, expected integers")
    # Another library's array may have no values to see.
    if isinstance(array, np.ndarray) and array.size and not 0 <= array.min() <= array.max() < count:
        raise ValueError(
            f"indices go from {array.min()} to {array.max()}, expected 0 to {count - 1}"
        )
    return array
