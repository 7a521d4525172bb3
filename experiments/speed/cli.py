"""The command ``python -m experiments speed``."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from experiments.speed.document import as_markdown, as_text
from experiments.speed.measurements import PARTS, Plan, carry_out
from experiments.speed.page import IMAGES, write_page
from experiments.speed.peers import BASELINE, PEERS
from experiments.speed.problems import NETWORKS, Network, parse_network
from experiments.speed.report import Report, read_report
from experiments.speed.sections import sections_of
from experiments.speed.sizes_text import PICTURE

__all__ = ["main"]

EPILOG = """\
Every peer trains the same network from the same weights on the same batches: forward pass, value
of the loss, backward pass, update. Before it is measured it must arrive at the loss and the
parameters of the hand-written network; one that does not is reported and the exit status is 1.
Peers run in processes of their own, one at a time, in rounds; ratios are taken within a round.
Everything is kept in speed.json. A later run replaces the parts that it measures, and keeps the
others if code, versions and machine are the same.
"""

USUAL_PARTS = ("steps", "prediction", "start")
PART_HELP = {
    "steps": "a training step of each network",
    "sizes": "the cost of a step for widths and batches up to 4,096, with a picture",
    "memory": "the peak memory of a step",
    "prediction": "prediction, of one sample and of 100,000",
    "start": "the import, and compiling",
    "table": "the training of the whole benchmark table, with `fit` and with other libraries",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison and print it.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 1 if a peer could not be measured or computes something else.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    _check(options, parser)
    earlier = read_report(options.out)
    if not options.saved:
        report = _measured(options, earlier)
    elif earlier is not None:
        report = earlier
        _show(report, markdown=options.markdown)
    else:
        parser.error(f"{options.out} holds no measurements of this version; leave out --saved")
    if options.page:
        write_page(report, options.page)
        print(f"\nThe page: {options.page}")
    return int(bool(report.failures()))


def _measured(options: argparse.Namespace, earlier: Report | None) -> Report:
    """Measure, print what was found, and keep it with what an earlier run has found."""
    chosen = [part for part in PARTS if getattr(options, part)]
    plan = Plan(
        chosen or (tuple(PARTS) if options.page else USUAL_PARTS),
        options.networks,
        options.peers,
        options.rounds,
        options.quick,
    )
    path, measured, kept = None, None, None
    for measured in carry_out(plan):  # each part is kept when it is done
        kept = measured if earlier is None else measured.completed_by(earlier)
        path = kept.save(options.out)
    assert measured is not None
    assert kept is not None
    _show(measured, markdown=options.markdown)
    print(f"\nEvery round: {path}")
    if measured.sizes and _has_matplotlib():
        from experiments.speed.sizes_plot import save_sizes

        picture = options.out / f"{PICTURE}.png"
        save_sizes(measured.sweeps, measured.sizes, picture)
        print(f"The picture: {picture}")
    return kept


def _show(report: Report, *, markdown: bool) -> None:
    sections = sections_of(report)
    print(as_markdown(sections, IMAGES) if markdown else as_text(sections))


def _check(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Find now what should not come to light after the measurements."""
    if options.page and not _has_matplotlib():
        parser.error('--page draws a picture; pip install -e ".[experiments]"')
    directories = [options.out, *([options.page.parent] if options.page else [])]
    try:
        for directory in directories:
            directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(str(error))


def _has_matplotlib() -> bool:
    return importlib.util.find_spec("matplotlib") is not None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments speed",
        description="Compare the speed of a training step, of prediction and of the start with "
        "other libraries, side by side.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few rounds of short measurements: a first impression in a minute",
    )
    parts = parser.add_argument_group(
        "what is measured",
        "Without any of these steps, prediction and start; for a page everything.",
    )
    for part, what in PART_HELP.items():
        parts.add_argument(f"--{part}", action="store_true", help=what)
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FILE",
        help="write the page of the documentation; measuring everything takes half an hour",
    )
    parser.add_argument(
        "--saved", action="store_true", help="measure nothing; show what speed.json holds"
    )
    parser.add_argument(
        "--rounds",
        type=_positive_int,
        metavar="N",
        help="how often everyone is measured (default: 7; sizes and table: 3)",
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        type=_network,
        default=list(NETWORKS.values()),
        metavar="NETWORK",
        help=f"for steps and memory: some of {', '.join(NETWORKS)}, or others as widths and batch, "
        "such as 4-16-3:64 (default: the four)",
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=[*PEERS, "all"],
        metavar="PEER",
        help=f"who trains: some of {', '.join(PEERS)}, or all; {BASELINE}, which the ratios refer "
        "to, is always measured (default: all but "
        f"{', '.join(peer.name for peer in PEERS.values() if not peer.by_default)})",
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="directory for speed.json and speed_sizes.png (default: %(default)s)",
    )
    return parser


def _positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a positive number")
    return value


def _network(text: str) -> Network:
    try:
        return parse_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
