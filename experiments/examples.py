"""The command of an example: it trains something small, draws a picture of it, and reports."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.command_line import add_training_options, results_directory, run
from experiments.progress import progress_bar

__all__ = ["Example", "run_examples"]


class Example(NamedTuple):
    """What is trained, and how it is shown.

    Attributes
    ----------
    title : str
        A few words beside the progress bar.
    picture : str
        Name of the PNG file.
    number_of_rounds : callable
        ``number_of_rounds(quick)``: how many steps or epochs it is trained for.
    train : callable
        ``train(seed, quick, after_round)`` gives a result, and calls ``after_round()`` after each
        step or epoch.
    draw : callable
        ``draw(result, path)`` writes the picture.
    report : callable
        From the result to a few words.
    """

    title: str
    picture: str
    number_of_rounds: Callable[[bool], int]
    train: Callable[[int, bool, Callable[[], object]], Any]
    draw: Callable[[Any, Path], None]
    report: Callable[[Any], str]


def run_examples(
    examples: Mapping[str, Example],
    argv: Sequence[str] | None,
    *,
    prog: str,
    description: str,
    quick: str,
    unit: str,
    needs: Iterable[str],
) -> int:
    """Train examples with one progress bar, draw each, and print a report.

    Parameters
    ----------
    examples : mapping of str to Example
        By name; if there are several, the option ``--only`` chooses some.
    argv : sequence of str or None
        Command-line arguments; those of the process if None.
    prog, description, quick : str
        What ``--help`` says of the command and of its option ``--quick``.
    unit : str
        What the bar counts: ``"step"`` or ``"epoch"``.
    needs : iterable of str
        Modules that must be there.

    Returns
    -------
    int
        Exit status: 0 if all is done, 1 if a package is missing, 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog=prog, description=description)
    if len(examples) > 1:
        names = ", ".join(examples)
        parser.add_argument(
            "--only", nargs="+", choices=examples, metavar="NAME", help=f"some of {names}"
        )
    add_training_options(parser, quick=quick)
    options = parser.parse_args(argv)
    directory = results_directory(parser, options)
    only = getattr(options, "only", None) or examples
    chosen = [example for name, example in examples.items() if name in only]
    return run(
        lambda: _train_all(chosen, options.seed, options.quick, unit, directory), needs=needs
    )


def _train_all(
    examples: Iterable[Example], seed: int, quick: bool, unit: str, directory: Path
) -> None:
    reports = []
    rounds = sum(example.number_of_rounds(quick) for example in examples)
    with progress_bar(total=rounds, unit=unit) as bar:
        for example in examples:
            bar.set_description(example.title)
            result = example.train(seed, quick, bar.update)
            picture = directory / example.picture
            example.draw(result, picture)
            reports.append(f"{example.report(result)}\n  {picture}")
    print("\n".join(reports))
