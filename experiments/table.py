"""The commands ``table``, ``run`` and ``report`` of ``python -m experiments``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.benchmark import (
    DETAILS_FILE,
    REPORT_FILE,
    SUMMARY_FILE,
    Plan,
    carry_out,
    write,
)
from experiments.command_line import (
    RESULTS_DIRECTORY,
    add_seeds_options,
    non_negative,
    results_directory,
    run,
)
from experiments.files import save_text
from experiments.formatting import (
    TABLE_END,
    TABLE_START,
    markdown_table,
    replace_table,
    text_table,
)
from experiments.results import publish
from experiments.studies import STUDIES
from experiments.tasks import TASKS, Task, task_named

__all__ = ["main", "main_report", "main_run"]

SEEDS, QUICK_SEEDS = 20, 2
PEER_SEEDS_OF_REPORT = 5
EVERY_CORE = -1
GOES_ON = (
    "What was finished is kept, and the same command goes on from there; every file is complete."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train the rows of the benchmark table, print it, and save pictures, JSON and a report.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0 if all is done, 1 if a package is missing, 130 after Ctrl-C.
    """
    parser = _parser(
        "table",
        "Train every row of the benchmark table with many seeds, and print the means beside the "
        f"document's figures and the best possible ones. Writes {SUMMARY_FILE} in the document's "
        f"format, and into the directory {RESULTS_DIRECTORY} pictures, {DETAILS_FILE} with every "
        f"figure of every seed, and {REPORT_FILE} with all of it on one page.",
    )
    _add_table_options(parser, peer_seeds=0)
    options = parser.parse_args(argv)
    _check_update(options, parser)
    return _make(options, parser, studies=[])


def main_report(argv: Sequence[str] | None = None) -> int:
    """Do what `main` does, with other libraries and the studies: everything for the report.

    Parameters and exit status are those of `main`.
    """
    parser = _parser(
        "report",
        f"Make {RESULTS_DIRECTORY}/{REPORT_FILE} with everything in it: the table, scikit-learn "
        "and PyTorch beside it, all pictures, and the studies of optimization. What an earlier "
        "run of table or report has left is not done again.",
    )
    _add_table_options(parser, peer_seeds=PEER_SEEDS_OF_REPORT)
    options = parser.parse_args(argv)
    _check_update(options, parser)
    return _make(options, parser, studies=list(STUDIES))


def main_run(argv: Sequence[str] | None = None) -> int:
    """Train some rows, print them, and draw their pictures.

    Parameters and exit status are those of `main`.
    """
    names = [task.name for task in TASKS]
    parser = _parser(
        "run",
        "Train some rows of the table and print them. Their pictures go into the directory "
        f"{RESULTS_DIRECTORY}/pictures; the files of the whole table stay as they are.",
    )
    parser.add_argument(
        "names", nargs="+", choices=names, metavar="NAME", help=f"one of {', '.join(names)}"
    )
    _add_options(parser, peer_seeds=0)
    options = parser.parse_args(argv)
    chosen = [task_named(name) for name in dict.fromkeys(options.names)]
    plan = _plan(options, parser, chosen, studies=[])

    def work() -> None:
        print(text_table(carry_out(plan).rows))

    return run(work, needs=_needs(plan), when_interrupted=GOES_ON)


def _make(
    options: argparse.Namespace, parser: argparse.ArgumentParser, studies: Sequence[str]
) -> int:
    plan = _plan(options, parser, TASKS, studies)

    def work() -> None:
        outcome = carry_out(plan)
        write(plan, outcome, options.out / SUMMARY_FILE)
        print(markdown_table(outcome.rows) if options.markdown else text_table(outcome.rows))
        if options.update:
            text = options.update.read_text(encoding="utf-8")
            save_text(options.update, replace_table(text, markdown_table(outcome.rows)))
        if options.publish:
            publish(json.loads((plan.results / DETAILS_FILE).read_text(encoding="utf-8")))
        # Not on the standard output, which holds the table alone.
        print(f"\nSummary: {options.out / SUMMARY_FILE}", file=sys.stderr)
        print(f"All figures: {plan.results / DETAILS_FILE}", file=sys.stderr)
        if plan.pictures:
            print(f"To read: {plan.results / REPORT_FILE}", file=sys.stderr)

    return run(work, needs=_needs(plan), when_interrupted=GOES_ON)


def _plan(
    options: argparse.Namespace,
    parser: argparse.ArgumentParser,
    tasks: Sequence[Task],
    studies: Sequence[str],
) -> Plan:
    return Plan(
        tasks,
        options.seeds or (QUICK_SEEDS if options.quick else options.usual_seeds),
        results_directory(parser, options),
        options.jobs or EVERY_CORE,
        peer_seeds=min(options.peers, 1) if options.quick else options.peers,
        studies=studies,
        pictures=not options.no_plots,
        quick=options.quick,
        fresh=options.fresh,
    )


def _needs(plan: Plan) -> list[str]:
    return ["sklearn", "joblib", *(["matplotlib", "jinja2"] if plan.pictures else [])]


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"python -m experiments {command}",
        description=description,
        epilog="Ctrl-C stops at once; what was finished is kept, and the next run goes on from it.",
    )


def _add_table_options(parser: argparse.ArgumentParser, *, peer_seeds: int) -> None:
    _add_options(parser, peer_seeds=peer_seeds)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--update",
        type=Path,
        metavar="FILE",
        help=f"put the table into this Markdown file, between {TABLE_START} and {TABLE_END}",
    )
    parser.add_argument(
        "--publish",
        action="store_true",
        help="for a clone: keep the figures in experiments/published.json, which the tests compare "
        "new trainings with, and the table in README.md",
    )


def _add_options(parser: argparse.ArgumentParser, *, peer_seeds: int) -> None:
    add_seeds_options(parser, seeds=SEEDS)
    parser.add_argument(
        "--peers",
        type=non_negative,
        default=peer_seeds,
        metavar="N",
        help="train the same networks in scikit-learn, and in PyTorch if it is installed, with the "
        "seeds 0 to N - 1, and compare the times (default: %(default)s; slow)",
    )
    parser.add_argument("--no-plots", action="store_true", help="draw no pictures")


def _check_update(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Find now what should not come to light after the training."""
    if (options.update or options.publish) and options.quick:
        parser.error("--update and --publish do not go with --quick: its figures mean nothing")
    try:
        if options.update:
            replace_table(options.update.read_text(encoding="utf-8"), "")
    except (OSError, ValueError) as error:
        parser.error(str(error))
