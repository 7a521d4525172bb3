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


def _run(arguments: Sequence[str]) -> int:
    from experiments import table

    return table.main_run(arguments)


def _report(arguments: Sequence[str]) -> int:
    from experiments import table

    return table.main_report(arguments)


def _speed(arguments: Sequence[str]) -> int:
    from experiments import speed

    return speed.main(arguments)


def _checkpoints(arguments: Sequence[str]) -> int:
    from experiments import checkpoints

    return checkpoints.main(arguments)


def _accuracy(arguments: Sequence[str]) -> int:
    from experiments import accuracy

    return accuracy.main(arguments)


def _custom_layers(arguments: Sequence[str]) -> int:
    from experiments import custom_layers

    return custom_layers.main(arguments)


def _differential_equation(arguments: Sequence[str]) -> int:
    from experiments import differential_equation

    return differential_equation.main(arguments)


def _learning_rates(arguments: Sequence[str]) -> int:
    from experiments import learning_rates

    return learning_rates.main(arguments)


def _estimators(arguments: Sequence[str]) -> int:
    from experiments import estimators

    return estimators.main(arguments)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "table": _table,
    "run": _run,
    "report": _report,
    "speed": _speed,
    "checkpoints": _checkpoints,
    "accuracy": _accuracy,
    "custom-layers": _custom_layers,
    "differential-equation": _differential_equation,
    "learning-rates": _learning_rates,
    "estimators": _estimators,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        usage="%(prog)s [command] [option ...]",
        description="Experiments with tensorgrad.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="""\
commands:
  table                  train the benchmark table, with pictures (also done without a command)
  run NAME               train one row of it
  report                 the table with other libraries and studies, everything on one page
  speed                  compare the speed of a training step with other libraries
  checkpoints            measure the memory that tg.checkpoint saves
  accuracy               measure the largest errors of compiled functions
  custom-layers          train layer normalization, attention and a convolution
  differential-equation  train a network to solve a differential equation
  learning-rates         draw the schedules of learning rates, and a search for one
  estimators             compare the scikit-learn estimators with its own networks

Each has options of its own: python -m experiments table --help
""",
    )
    parser.add_argument("command", choices=COMMANDS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
