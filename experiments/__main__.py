"""The command ``python -m experiments``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command of the experiments; without a name it is ``table``.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status of the command.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    is_option = not arguments or arguments[0].startswith("-")
    if is_option and arguments[:1] not in (["-h"], ["--help"]):
        arguments = ["table", *arguments]
    command = _parser().parse_args(arguments[:1]).command
    return COMMANDS[command](arguments[1:])


def _table(arguments: Sequence[str]) -> int:
    from experiments import table

    return table.main(arguments)


def _speed(arguments: Sequence[str]) -> int:
    from experiments import speed

    return speed.main(arguments)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"table": _table, "speed": _speed}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        usage="%(prog)s [table | speed] [option ...]",
        description="Experiments with tensorgrad.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="""\
commands:
  table    train the benchmark table, with pictures (this is done without a command, too)
  speed    compare the speed of a training step with other libraries

Each has options of its own: python -m experiments table --help
""",
    )
    parser.add_argument("command", choices=COMMANDS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
