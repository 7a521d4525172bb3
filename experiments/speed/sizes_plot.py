"""The picture of cost against size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from experiments.speed.comparison import NetworkResult
from experiments.speed.sizes import Sweep, limit_of
from experiments.speed.sizes_text import Point, points_of
from experiments.speed.subjects import title_of
from experiments.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    SKY_BLUE,
    VERMILLION,
    legend,
    new_figure,
    save,
    style,
    title,
)

__all__ = ["save_sizes"]

PANEL = (4.6, 3.7)  # inches
LEGEND_ENTRY = 2.8
DASHED = (0, (4, 2))

LOOKS: dict[str, dict[str, Any]] = {
    "tensorgrad-scan": {"color": VERMILLION, "marker": "o", "linewidth": 2.6, "zorder": 4},
    "tensorgrad-replay": {"color": VERMILLION, "marker": "s", "linestyle": DASHED},
    "tensorgrad": {"color": ORANGE, "marker": "^"},
    "pytorch": {"color": PURPLE, "marker": "D"},
    "pytorch-compile": {"color": PURPLE, "marker": "d", "linestyle": DASHED},
    "jax": {"color": BLUE, "marker": "v", "linestyle": DASHED},
    "jax-scan": {"color": BLUE, "marker": "v"},
    "numpy": {"color": GREEN, "marker": "P"},
    "sklearn": {"color": SKY_BLUE, "marker": "<"},
    "mygrad": {"color": MUTED, "marker": ">", "linestyle": DASHED},
    "autograd": {"color": MUTED, "marker": "X"},
}
"""A library has a color; what is compiled by the step is dashed."""

LIMIT: dict[str, Any] = {"color": INK, "linewidth": 1.2, "linestyle": (0, (1, 1.4)), "zorder": 1}


def save_sizes(sweeps: Sequence[Sweep], results: Sequence[NetworkResult], path: Path) -> None:
    """Draw the time of a step against its size; below, as a multiple of that of its products.

    Parameters
    ----------
    sweeps : sequence of Sweep
        A column of panels each.
    results : sequence of NetworkResult
    path : Path
        The PNG file; an SVG file of the same name goes beside it.
    """
    swept = [(sweep, points) for sweep in sweeps if (points := points_of(sweep, results))]
    with style():
        width, height = PANEL
        figure = new_figure(width * len(swept), 2 * height, spacing=0.08)
        grid = figure.subplots(2, len(swept), sharex="col", sharey="row", squeeze=False)
        for (above, below), (sweep, points) in zip(grid.T, swept, strict=True):
            _times(above, points)
            _multiples(below, points)
            _size_axis(below, sweep)
            title(above, sweep.title[0].upper() + sweep.title[1:], _subtitle(sweep))
        grid[0, 0].set_ylabel("time of a step (µs)")
        grid[1, 0].set_ylabel("times the products alone")
        legend(figure, grid.flat, entry=LEGEND_ENTRY)
        save(figure, path)


def _times(axes: Axes, points: Sequence[Point]) -> None:
    for name in _drawn(points):
        own = [point for point in points if name in point.peers]
        _line(axes, name, own, [point.result.median(name) for point in own])
    limits = [(point.value, limit_of(point.result)) for point in points]
    known = [(value, limit) for value, limit in limits if limit is not None]
    if known:
        axes.plot(*zip(*known, strict=True), label="products alone", **LIMIT)
    axes.set_yscale("log")
    axes.grid(True)


def _multiples(axes: Axes, points: Sequence[Point]) -> None:
    for name in _drawn(points):
        own, multiples = [], []
        for point in points:
            limit = limit_of(point.result)
            if name in point.peers and limit is not None:
                own.append(point)
                multiples.append(point.result.median(name) / limit)
        _line(axes, name, own, multiples)
    axes.axhline(1, **LIMIT)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(True)


def _line(axes: Axes, name: str, points: Sequence[Point], values: Sequence[float]) -> None:
    sizes = [point.value for point in points]
    axes.plot(sizes, values, label=title_of(name), markersize=5, **LOOKS[name])


def _drawn(points: Sequence[Point]) -> list[str]:
    """The peers, in one order for all panels."""
    return [name for name in LOOKS if any(name in point.peers for point in points)]


def _size_axis(axes: Axes, sweep: Sweep) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sweep.values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel({"width": "width", "batch": "rows in a batch"}[sweep.axis])


def _subtitle(sweep: Sweep) -> str:
    if sweep.axis == "width":
        return "networks w-w-w-10, over the width w"
    return f"network {'-'.join([str(sweep.fixed)] * 3)}-10, over the batch"
