"""What the commands that train and draw have in common."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = [
    "RESULTS_DIRECTORY",
    "add_out_option",
    "add_seeds_options",
    "add_training_options",
    "non_negative",
    "results_directory",
    "run",
]

RESULTS_DIRECTORY = "results"

PACKAGES = {
    "joblib": "joblib",
    "jinja2": "Jinja2",
    "matplotlib": "Matplotlib",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
}
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
        type=non_negative,
        default=0,
        metavar="N",
        help="seed of the data and of the networks (default: %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    add_out_option(parser)


def add_seeds_options(parser: argparse.ArgumentParser, *, seeds: int) -> None:
    """Add ``--seeds``, ``--jobs``, ``--quick``, ``--fresh`` and ``--out``.

    Parameters
    ----------
    parser : ArgumentParser
    seeds : int
        How many there are if nothing is said.
    """
    parser.set_defaults(usual_seeds=seeds)
    parser.add_argument(
        "--seeds",
        type=_positive,
        metavar="N",
        help=f"train every row with the seeds 0 to N - 1, each of which has data and weights of "
        f"its own (default: {seeds}; 2 with --quick)",
    )
    parser.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="processes to run at once; they change nothing about the figures (default: one for "
        "each core)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="train for two epochs only, to see that everything works; the figures mean nothing",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="do everything again; otherwise what an earlier run with the same settings, code and "
        "versions left in DIR is kept",
    )
    add_out_option(parser)


def add_out_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--out``."""
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


def run(
    work: Callable[[], object],
    *,
    needs: Iterable[str],
    when_interrupted: str = "The files that are there are complete.",
) -> int:
    """Do the work of a command, unless a package is missing.

    Parameters
    ----------
    work : callable
        Called without arguments.
    needs : iterable of str
        Modules that must be there, among those of ``PACKAGES``.
    when_interrupted : str
        What to say after Ctrl-C.

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
        print(f"\nInterrupted. {when_interrupted}", file=sys.stderr)
        return 130
    return 0


def non_negative(text: str) -> int:
    """An integer from the command line that is 0 or more.

    Examples
    --------
    >>> non_negative("3")
    3
    """
    value = _integer(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is negative; expected 0 or more")
    return value


def _missing_packages(modules: Iterable[str]) -> list[str]:
    return [PACKAGES[module] for module in modules if importlib.util.find_spec(module) is None]


def _positive(text: str) -> int:
    value = _integer(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is too few; expected 1 or more")
    return value


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer") from None
