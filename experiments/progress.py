"""The progress bar of every command."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

from nn.progress import bar_options

__all__ = ["progress_bar"]


def progress_bar(iterable: Iterable[Any] | None = None, **options: Any) -> tqdm[Any]:
    """A bar of tqdm on standard error; where that is no terminal, a line every ten seconds.

    Parameters
    ----------
    iterable : iterable, optional
        What to go through.
    **options
        Of ``tqdm.tqdm``.

    Returns
    -------
    tqdm

    Examples
    --------
    >>> [number for number in progress_bar([1, 2, 3], unit="number")]
    [1, 2, 3]
    """
    return tqdm(iterable, **{**bar_options(sys.stderr), **options})
