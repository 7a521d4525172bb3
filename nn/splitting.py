"""Which samples are held out for validation."""

from __future__ import annotations

import numpy as np


def held_out(
    n_samples: int, fraction: float, classes: np.ndarray | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Divide samples at random into those to train on and those to validate on.

    Parameters
    ----------
    n_samples : int
        How many there are.
    fraction : float
        Which part of them to hold out, above 0 and below 1.
    classes : ndarray, optional
        Class indices of shape (n_samples,). Each class is then held out in the same proportion
        ("stratified"), as far as whole numbers allow.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    training, validation : ndarray
        Row numbers, each in rising order.

    Raises
    ------
    ValueError
        If one of the two would be empty.

    Examples
    --------
    >>> classes = np.array([0, 0, 0, 0, 1, 1])
    >>> training, validation = held_out(6, 0.5, classes, np.random.default_rng(0))
    >>> classes[training], classes[validation]
    (array([0, 0, 1]), array([0, 0, 1]))
    """
    count = round(n_samples * fraction)
    if not 0 < count < n_samples:
        raise ValueError(
            f"validation_fraction is {fraction:g}, which is {count} of {n_samples} samples; there "
            "must be some to train on and some to validate on"
        )
    is_held_out = np.zeros(n_samples, bool)
    if classes is None:
        is_held_out[rng.permutation(n_samples)[:count]] = True
    else:
        members = [np.flatnonzero(classes == label) for label in np.unique(classes)]
        shares = _whole_shares(np.array([len(rows) for rows in members]), count)
        for rows, share in zip(members, shares, strict=True):
            is_held_out[rng.permutation(rows)[:share]] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def _whole_shares(sizes: np.ndarray, count: int) -> np.ndarray:
    """Divide ``count`` in proportion to the sizes; the largest remainders are rounded up."""
    exact = sizes * (count / sizes.sum())
    shares = np.floor(exact).astype(int)
    largest_first = np.argsort(shares - exact, kind="stable")
    shares[largest_first[: count - shares.sum()]] += 1
    return shares
