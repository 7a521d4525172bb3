"""The command ``python -m experiments table``, which is also ``python neural_nets_test.py``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from experiments.command_line import (
    RESULTS_DIRECTORY,
    add_training_options,
    results_directory,
    run,
)
from experiments.formatting import (
    TABLE_END,
    TABLE_START,
    markdown_table,
    replace_table,
    text_table,
)
from experiments.results import details, save_json, save_text, summary
from experiments.tasks import TASKS, Task
from experiments.training import Result, number_of_epochs, train

__all__ = ["main"]

SUMMARY_FILE = "NeuralNet_test_results.json"
DETAILS_FILE = "results.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Train the rows of the benchmark table, print it, and save pictures and JSON.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0 if all is done, 1 if a package is missing, 130 after Ctrl-C.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    _check(options, parser)
    needs = ["sklearn"] if options.no_plots else ["sklearn", "matplotlib"]
    return run(lambda: _run(options), needs=needs)


def _run(options: argparse.Namespace) -> None:
    directory = options.out / RESULTS_DIRECTORY
    tasks = [task for task in TASKS if not options.only or task.name in options.only]
    results = _train_all(tasks, options)
    if not options.no_plots:
        _save_overview(results, directory)
    save_json(directory / DETAILS_FILE, details(results, options.seed))
    save_json(options.out / SUMMARY_FILE, summary(results))
    print(markdown_table(results) if options.markdown else text_table(results))
    if options.update:
        text = options.update.read_text(encoding="utf-8")
        save_text(options.update, replace_table(text, markdown_table(results)))
    # Not on the standard output, which holds the table alone.
    print(
        f"\nSummary: {options.out / SUMMARY_FILE}. Pictures and details: {directory}.",
        file=sys.stderr,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments table",
        description="Train every row of the benchmark table, and print it beside the document's "
        f"figures. Writes {SUMMARY_FILE} in the document's format, and into the directory "
        f"{RESULTS_DIRECTORY} a picture of what was learned and of the training for each row, and "
        f"{DETAILS_FILE} with settings, curves and versions.",
        epilog="Rows: " + ", ".join(task.name for task in TASKS) + ".",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[task.name for task in TASKS],
        metavar="NAME",
        help="train these rows alone; the files then hold them alone",
    )
    add_training_options(
        parser,
        quick="train for two epochs only, to see that everything works; the figures mean nothing",
    )
    parser.add_argument("--no-plots", action="store_true", help="draw no pictures")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--update",
        type=Path,
        metavar="FILE",
        help=f"put the table into this Markdown file, between {TABLE_START} and {TABLE_END}",
    )
    return parser


def _check(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Find now what should not come to light after the training."""
    if options.update and (options.quick or options.only):
        parser.error("--update takes the whole table, so it goes with neither --quick nor --only")
    try:
        if options.update:
            replace_table(options.update.read_text(encoding="utf-8"), "")
    except (OSError, ValueError) as error:
        parser.error(str(error))
    results_directory(parser, options)


def _train_all(tasks: Sequence[Task], options: argparse.Namespace) -> list[Result]:
    """Train and draw row after row; the bar counts epochs."""
    results = []
    total = sum(number_of_epochs(task, quick=options.quick) for task in tasks)
    with tqdm(total=total, unit="epoch") as bar:
        for task in tasks:
            bar.set_description(task.title)
            result = train(task, options.seed, quick=options.quick, after_epoch=bar.update)
            if not options.no_plots:
                _draw(result, options.out / RESULTS_DIRECTORY)
            results.append(result)
    return results


def _draw(result: Result, directory: Path) -> None:
    from experiments.plots import save_fit, save_training

    save_fit(result, directory / f"{result.task.name}_fit.png")
    save_training(result, directory / f"{result.task.name}_training.png")


def _save_overview(results: Sequence[Result], directory: Path) -> None:
    from experiments.plots import save_overview

    in_document = [result for result in results if result.task.reported is not None]
    if len(in_document) > 1:
        save_overview(in_document, directory / "overview.png")
