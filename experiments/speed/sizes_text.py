"""Which peer is fastest at which size, by how much, and why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from experiments.speed.comparison import NetworkResult
from experiments.speed.document import Block, Bullets, Picture, Table
from experiments.speed.formatting import many_times, number
from experiments.speed.products import operations_of
from experiments.speed.sizes import Sweep, limit_of, peers_of
from experiments.speed.subjects import title_of

__all__ = ["PICTURE", "Point", "points_of", "size_blocks"]

PICTURE = "speed_sizes"

LEVEL = 1.05  # a difference that the next run may turn around
NEAR = 0.5  # of the best rate

INTRODUCTION = """
Networks w-w-w-10 with tanh layers of one width w, trained on batches of b rows; one of the two
grows. The dotted line is the time of the matrix products of one step alone (forward, weight
gradients, input gradients), each a call of NumPy or PyTorch, whichever is faster at that size. For
large matrices that is the limit for everyone; for small ones it is mostly calls, which compiled
code does without.
"""

RATE = """
The best rate of these products was {rate:,.0f} billion multiplications and additions a second.
"""

REGIMES = """
Far from that rate **overhead decides**: a step of a narrow network on few rows is some thousand
multiplications, which take a microsecond or two, and everyone pays for calls instead: of a Python
function for each operation, of a compiled step for each batch, or of a compiled epoch once. Near it
**BLAS decides**: the products are the same for everyone, and what remains are differences between
implementations of them, and how well threads share one. Between the two **memory decides**: biases,
activations and updates are passes over arrays that do little arithmetic for each number they fetch.
Code that fuses them goes over an array once where separate operations go several times, on all
cores; and with few rows for many weights, the update of the weights is the longest pass of all.
"""

WHY = {
    "numpy": """
It makes some forty calls of NumPy for a step, of a microsecond or less each, on arrays that exist
already; products use all cores, elementwise passes one.
""",
    "tensorgrad": """
It makes the same calls, records each of them, walks the record back, and allocates every result;
on large arrays that disappears beside the products.
""",
    "tensorgrad-replay": """
It makes the calls of the record without Python's part in recording and walking back, but each
remains a call of NumPy.
""",
    "tensorgrad-scan": """
An epoch is one call of machine code: nothing is paid for an operation or a step, biases and
updates are parts of the products, and the products are its own.
""",
    "pytorch": """
Each operation passes its dispatcher, and autograd makes a node of it: microseconds, whatever the
size. Its products and its elementwise passes share out work among threads, which pays from some
ten thousand numbers on.
""",
    "jax": """
A step is one compiled call, which costs tens of microseconds from Python; inside, elementwise
chains are fused.
""",
    "jax-scan": """
An epoch is one compiled call, so what is left for a step is the loop of the compiled code and its
calls of products.
""",
}
"""What is true of a peer at any size; where it shows, the numbers say."""


class Point(NamedTuple):
    """One size of a sweep, and what was measured there."""

    value: int
    result: NetworkResult

    @property
    def peers(self) -> list[str]:
        """Who trained, the fastest first."""
        return sorted(peers_of(self.result), key=self.result.median)

    def ratio(self, peer: str) -> float:
        """How many times as long as the fastest a peer takes; ratios are taken within a round."""
        ratio = self.result.ratio(peer, self.peers[0])
        assert ratio is not None
        return ratio


def points_of(sweep: Sweep, results: Sequence[NetworkResult]) -> list[Point]:
    """The sizes of a sweep at which somebody was measured.

    Parameters
    ----------
    sweep : Sweep
    results : sequence of NetworkResult
        Of all sweeps.

    Returns
    -------
    list of Point
    """
    by_network = {result.network: result for result in results}
    pairs = zip(sweep.values, sweep.networks(), strict=True)
    points = [Point(value, by_network[n]) for value, n in pairs if n in by_network]
    return [point for point in points if point.peers]


def size_blocks(sweeps: Sequence[Sweep], results: Sequence[NetworkResult]) -> list[Block]:
    """The picture, its numbers, and where each peer is fastest and why.

    Parameters
    ----------
    sweeps : sequence of Sweep
    results : sequence of NetworkResult

    Returns
    -------
    list of blocks
        See `experiments.speed.document`.
    """
    swept = [(sweep, points) for sweep in sweeps if (points := points_of(sweep, results))]
    peers = list(dict.fromkeys(name for _, points in swept for p in points for name in p.peers))
    ordered = [name for name in WHY if name in peers] + [name for name in peers if name not in WHY]
    best_rate = _best_rate(results)
    blocks: list[Block] = [
        INTRODUCTION + ("" if best_rate is None else RATE.format(rate=best_rate)),
        Picture(PICTURE, "Time of a training step against width and batch"),
        Bullets([_where(sweep, points, best_rate) for sweep, points in swept]),
        REGIMES,
        Bullets([_peer(peer, swept) for peer in ordered]),
        "The numbers of the picture, in µs for a step, the fastest in bold:",
    ]
    blocks += [_table(sweep, points, ordered) for sweep, points in swept]
    return blocks


def _where(sweep: Sweep, points: Sequence[Point], best_rate: float | None) -> str:
    """Who is fastest from where to where, and how near to the best rate of the products."""
    reigns = [
        _reign(sweep, list(reign)) for _, reign in groupby(points, lambda point: point.peers[0])
    ]
    text = f"**{_range(sweep, points)}**: {'; '.join(reigns)}."
    if best_rate is None:
        return text
    shares = [(point.value, _rate(point) / best_rate) for point in points]
    (low, at_low), (high, at_high) = shares[0], shares[-1]
    text += (
        f" The products of the fastest step come at {at_low:.1%} of the best rate at {low:,}, and "
        f"at {at_high:.0%} at {high:,}"
    )
    near = [value for value, share in shares if share >= NEAR]
    return text + (f"; at more than half of it from {near[0]:,} on." if near else ".")


def _reign(sweep: Sweep, points: Sequence[Point]) -> str:
    span = f"{'from' if len(points) > 1 else 'at'} {_span(points)}"
    ends = points if len(points) < 2 else (points[0], points[-1])
    leads = [_lead(point, with_value=len(points) > 1) for point in ends]
    advantages = ", ".join(lead for lead in leads if lead)
    text = f"{title_of(points[0].peers[0])} is fastest {span}"
    return f"{text} ({advantages})" if advantages else text


def _lead(point: Point, *, with_value: bool) -> str:
    """How far ahead of the next the fastest is."""
    if len(point.peers) < 2:
        return ""
    ratio, runner_up = point.ratio(point.peers[1]), title_of(point.peers[1])
    where = f" at {point.value:,}" if with_value else ""
    if ratio < LEVEL:
        return f"level with {runner_up}{where}"
    return f"{many_times(ratio)} as fast as {runner_up}{where}"


def _rate(point: Point) -> float:
    """Billions of operations a second that the products of the fastest step amount to."""
    return operations_of(point.result.network) / point.result.median(point.peers[0]) / 1000


def _best_rate(results: Sequence[NetworkResult]) -> float | None:
    """The same of the products alone, where they are fastest."""
    rates = [
        operations_of(result.network) / limit / 1000
        for result in results
        if (limit := limit_of(result)) is not None
    ]
    return max(rates, default=None)


def _peer(peer: str, swept: Sequence[tuple[Sweep, Sequence[Point]]]) -> str:
    """Where one peer is fastest, or how near it comes, and why."""
    wins, others = [], []
    for sweep, points in swept:
        reigns = [list(reign) for _, reign in groupby(points, lambda point: point.peers[0] == peer)]
        won = [_span(reign) for reign in reigns if reign[0].peers[0] == peer]
        if won:
            wins.append(f"{sweep.axis} {' and '.join(won)} ({sweep.title})")
        others += [
            (point.ratio(peer), f"{sweep.axis} {point.value:,}, {sweep.title}")
            for point in points
            if peer in point.peers and point.peers[0] != peer
        ]
    text = (
        f"**{title_of(peer)}**: fastest at {'; '.join(wins)}."
        if wins
        else (f"**{title_of(peer)}**: nowhere fastest.")
    )
    if others:
        text += f" {'Elsewhere' if wins else 'It takes'} {_best_and_worst(others)}."
    return f"{text} {WHY[peer].strip()}" if peer in WHY else text


def _best_and_worst(ratios: Sequence[tuple[float, str]]) -> str:
    """The smallest and the largest ratio to the fastest step, and where they are."""
    (nearest, near), (farthest, far) = min(ratios), max(ratios)
    if near == far:
        return f"{many_times(nearest)} the fastest step ({near})"
    return (
        f"{many_times(nearest)} the fastest step at best ({near}), {many_times(farthest)} at worst "
        f"({far})"
    )


def _table(sweep: Sweep, points: Sequence[Point], peers: Sequence[str]) -> Table:
    header = [sweep.title, *(f"{sweep.axis} {point.value:,}" for point in points)]
    rows = [[title_of(peer), *(_cell(point, peer) for point in points)] for peer in peers]
    limits = [limit_of(point.result) for point in points]
    if any(limit is not None for limit in limits):
        cells = ["-" if limit is None else number(limit) for limit in limits]
        rows.append(["products alone", *cells])
    return Table(header, rows)


def _cell(point: Point, peer: str) -> str:
    if peer not in point.peers:
        return "-"
    text = number(point.result.median(peer)) + ("*" if point.result.is_disturbed(peer) else "")
    return f"**{text}**" if peer == point.peers[0] else text


def _range(sweep: Sweep, points: Sequence[Point]) -> str:
    what = {"width": "Widths", "batch": "Batches"}[sweep.axis]
    return f"{what} {_span(points)}, {sweep.title}"


def _span(points: Sequence[Point]) -> str:
    low, high = points[0].value, points[-1].value
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
