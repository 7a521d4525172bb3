"""How exact compiled functions are: their largest errors, in units in the last place."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import tensorgrad as tg

__all__ = ["FUNCTIONS", "Measured", "largest_error", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every function, compiled and as NumPy computes it, and print a table.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0.
    """
    parser = argparse.ArgumentParser(prog="python -m experiments accuracy", description=__doc__)
    parser.add_argument("--points", type=int, default=4_000_000, metavar="N")
    points = parser.parse_args(argv).points
    print(f"Largest errors at {points:,} points, in units in the last place\n")
    print(f"{'':10}{'float32':^20}{'float64':^20}")
    print(f"{'function':10}" + f"{'compiled':>10}{'NumPy':>8}  " * 2)
    for name in FUNCTIONS:
        columns = ""
        for dtype in (np.float32, np.float64):
            for backend in ("llvm", "numpy"):
                worst = largest_error(name, dtype, backend=backend, points=points)
                columns += f"{worst.error:>{10 if backend == 'llvm' else 8}.2f}"
            columns += "  "
        print(f"{name:10}{columns}", flush=True)
    return 0


class Measured(NamedTuple):
    """The largest error, in units in the last place of the result, and where it is."""

    error: float
    at: float


def largest_error(
    name: str, dtype: Any, *, backend: Any = "llvm", points: int = 100_000
) -> Measured:
    """The largest error of a function.

    Parameters
    ----------
    name : str
        One of :data:`FUNCTIONS`.
    dtype : {numpy.float32, numpy.float64}
    backend : str or callable
        As for :func:`tensorgrad.compile`.
    points : int
        At how many points, of all magnitudes, to compute it.

    Raises
    ------
    NotImplementedError
        For float64, if this platform has no numbers with more digits to compare with.

    Examples
    --------
    >>> largest_error("exp", np.float32, backend="numpy", points=1000).error < 4
    True
    """
    function = FUNCTIONS[name]
    wide = np.float64 if dtype is np.float32 else np.longdouble
    if np.finfo(wide).nmant <= np.finfo(dtype).nmant:
        raise NotImplementedError("there are no numbers with more digits than float64 here")
    x = function.domain(_points(dtype, points))
    compiled = tg.compile(function.call, backend=backend)
    with np.errstate(all="ignore"):
        exact = function.exact(x.astype(wide))
        unit = np.spacing(np.abs(exact).astype(dtype)).astype(wide)
        errors = np.abs(compiled(x) - exact) / unit
    # Of infinities there is no error; how those and NaN are computed is tested apart.
    errors = np.where(np.isfinite(exact) & np.isfinite(unit), errors, 0)
    worst = int(np.argmax(errors))
    return Measured(float(errors[worst]), float(x[worst]))


def _points(dtype: Any, count: int) -> Any:
    """Of all magnitudes, half of them such that no function is constant there."""
    rng = np.random.default_rng(0)
    sizes = np.exp2(rng.uniform(-70, 10, count // 2)) * rng.choice([-1, 1], count // 2)
    return np.concatenate([sizes, rng.uniform(-20, 20, count - count // 2)]).astype(dtype)


class _Function(NamedTuple):
    """What is measured, how to compute it exactly, and for which of some points it is defined."""

    call: Callable[[Any], Any]
    exact: Callable[[Any], Any]
    domain: Callable[[Any], Any] = np.asarray


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _erf(x: Any) -> Any:
    """By its series of positive terms (Abramowitz & Stegun 7.1.6)."""
    inside = np.clip(x, -7, 7)  # from where on it rounds to one
    term = total = inside
    for n in range(1, 160):
        term = term * 2 * inside**2 / (2 * n + 1)
        total = total + term
    return total * np.exp(-(inside**2)) * 2 / np.sqrt(4 * np.arctan(np.ones((), x.dtype)))


FUNCTIONS = {
    "exp": _Function(np.exp, np.exp),
    "expm1": _Function(np.expm1, np.expm1),
    "log": _Function(np.log, np.log, np.abs),
    "log1p": _Function(np.log1p, np.log1p, lambda x: np.where(x > -1, x, -x)),
    "tanh": _Function(np.tanh, np.tanh),
    "sigmoid": _Function(tg.sigmoid, _sigmoid),
    "erf": _Function(tg.erf, _erf),
}
"""By name: what compiled code approximates, or is made of approximations."""
