"""What the commands that train and draw have in common."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["RESULTS_DIRECTORY", "add_training_options", "results_directory", "run"]

RESULTS_DIRECTORY = "results"

PACKAGES = {"sklearn": "scikit-learn", "matplotlib": "Matplotlib", "scipy": "SciPy"}
"""Names by which people know them, by the names of their modules."""


def add_training_options(parser: argparse.ArgumentParser, quick: str) -> None:
    """Add ``--seed``, ``--quick`` and ``--out``.

    Parameters
    ----------
    parser : ArgumentParser
    quick : str
        What a quick run does.
    """
    parser.add_argument(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="seed of the data and of the networks (default: %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where the files go (default: the current directory)",
    )


def results_directory(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Path:
    """Make the directory for results, or end with an error before anything is trained."""
    directory = options.out / RESULTS_DIRECTORY
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(str(error))
    return directory


def run(work: Callable[[], object], *, needs: Iterable[str]) -> int:
    """Do the work of a command, unless a package is missing.

    Parameters
    ----------
    work : callable
        Called without arguments.
    needs : iterable of str
        Modules that must be there, among those of ``PACKAGES``.

    Returns
    -------
    int
        Exit status: 0 if all is done, 1 if a package is missing, 130 after Ctrl-C.

    Examples
    --------
    >>> run(lambda: print("trained"), needs=["matplotlib"])
    trained
    0
    """
    missing = _missing_packages(needs)
    if missing:
        print(
            f"This needs {' and '.join(missing)}. Install what the experiments need with\n"
            '    pip install -e ".[experiments]"',
            file=sys.stderr,
        )
        return 1
    try:
        work()
    except KeyboardInterrupt:
        print("\nInterrupted. The files that are there are complete.", file=sys.stderr)
        return 130
    return 0


def _missing_packages(modules: Iterable[str]) -> list[str]:
    return [PACKAGES[module] for module in modules if importlib.util.find_spec(module) is None]


def _seed(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer") from None
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is negative; a seed is 0 or more")
    return value
