"""The command ``python -m experiments speed``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from experiments.progress import progress_bar
from experiments.speed.bars import compile_bars, import_bars, predict_bar, step_bars
from experiments.speed.comparison import compare_peers, number_of_reports
from experiments.speed.compile_time import measure_compile_times
from experiments.speed.latency import measure_import, measure_predict
from experiments.speed.page import write_page
from experiments.speed.peers import BASELINE, PEERS
from experiments.speed.problems import NETWORKS, Network, parse_network
from experiments.speed.processes import PeerProcess
from experiments.speed.report import Report
from experiments.speed.table_training import CONTENDERS, measure_table, table_report

__all__ = ["main"]

EPILOG = """\
Every peer trains the same network from the same weights on the same batches: forward pass, value of
the loss, backward pass, update. Before it is measured it must arrive at the loss and the parameters
of the hand-written network; one that does not is reported and the exit status is 1. Peers run in
processes of their own, one at a time, in rounds; ratios are taken within a round.
"""


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
    options = _parser().parse_args(argv)
    if options.table:
        return _measure_table(options.rounds or (1 if options.quick else 3))
    rounds = options.rounds or (3 if options.quick else 7)
    seconds = 0.1 if options.quick else 0.25
    wanted = _wanted_peers(options.peers)
    report = Report(
        settings={"rounds": rounds, "seconds_per_measurement": seconds},
        peers=[peer for peer in wanted if PEERS[peer].available()],
        not_installed=[peer for peer in wanted if not PEERS[peer].available()],
    )
    _measure_steps(report, options.networks, rounds, seconds)
    report.bars += step_bars(report.networks)
    _measure_latencies(report, rounds, seconds)
    print(report.as_markdown() if options.markdown else report.as_text())
    if options.page:
        write_page(report, options.page)
    print(f"\nEvery round: {report.save(options.out)}")
    return int(any(result.failures for result in report.networks))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments speed",
        description="Compare the speed of one training step side by side with other libraries.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="3 rounds of short measurements: a first impression in half a minute",
    )
    parser.add_argument(
        "--table",
        action="store_true",
        help="instead, train the whole benchmark table with `fit` and with other libraries",
    )
    parser.add_argument(
        "--rounds", type=_positive_int, help="how often every peer is measured (default: 7)"
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        type=_network,
        default=list(NETWORKS.values()),
        metavar="NETWORK",
        help=f"some of {', '.join(NETWORKS)}, or others as widths and batch, such as 4-16-3:64 "
        "(default: the four)",
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=[*PEERS, "all"],
        metavar="PEER",
        help=f"some of {', '.join(PEERS)}, or all; {BASELINE}, which the ratios refer to, is "
        "always measured (default: all but "
        f"{', '.join(peer.name for peer in PEERS.values() if not peer.by_default)})",
    )
    parser.add_argument(
        "--page", type=Path, help="a file to write the page of the documentation to"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        help="directory for speed.json (default: %(default)s)",
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


def _wanted_peers(names: Sequence[str] | None) -> list[str]:
    """The names in the order of the table, the baseline among them."""
    if names is None:
        return [name for name, peer in PEERS.items() if peer.by_default]
    return [name for name in PEERS if name in names or "all" in names or name == BASELINE]


def _measure_steps(
    report: Report, networks: Sequence[Network], rounds: int, seconds: float
) -> None:
    total = number_of_reports(networks, report.peers, rounds)
    with ExitStack() as stack:
        bar = stack.enter_context(
            progress_bar(total=total, desc="training step", unit="measurement")
        )
        processes = {peer: stack.enter_context(PeerProcess(peer)) for peer in report.peers}

        def progress(peer: str) -> None:
            bar.set_postfix_str(peer, refresh=False)
            bar.update()

        for network in networks:
            report.networks.append(
                compare_peers(network, processes, rounds=rounds, seconds=seconds, progress=progress)
            )


def _measure_table(rounds: int) -> int:
    with progress_bar(total=rounds * len(CONTENDERS), desc="table", unit="contender") as bar:

        def progress(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        times = measure_table(rounds, progress=progress)
    print(table_report(times))
    return 0


def _measure_latencies(report: Report, rounds: int, seconds: float) -> None:
    for name in ("2-8-8-1", "784-256-128-10"):
        report.latencies.append(measure_predict(NETWORKS[name], rounds=rounds, seconds=seconds))
    report.bars.append(predict_bar(report.latencies[0]))
    imports = measure_import("nn", "numpy", rounds=2 * rounds)
    report.latencies.append(imports)
    report.bars += import_bars(imports)
    if PEERS["tensorgrad-scan"].available():
        report.bars += compile_bars(measure_compile_times())
