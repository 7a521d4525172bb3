"""The parts of pictures that show a training: each function draws one thing into a pair of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from experiments.histograms import LayerHistograms
from experiments.style import INK, MUTED, TEST, TRAINING, plain_number
from experiments.training import Course, Result

__all__ = [
    "figure_curves",
    "gradient_histograms",
    "histogram_scale",
    "loss_curve",
    "weight_histograms",
]

# One hue from white to dark: the order of the shares is the order of lightness for every reader.
HISTOGRAM_COLORS = "Blues"
DENSEST_BIN = 0.25
# Training and test, everywhere.
CURVES: tuple[dict[str, Any], ...] = (
    {"color": TRAINING},
    {"color": TEST, "linestyle": "--"},
)


def loss_curve(axes: Axes, result: Result) -> None:
    """Mean loss of every epoch, on training and test points.

    Where it hardly changes any more, an inset enlarges it.
    """
    course = _course(result)
    epochs = np.arange(1, len(course.training_loss) + 1)
    curves = (("training", course.training_loss), ("test", course.test_loss))
    for (label, loss), look in zip(curves, CURVES, strict=True):
        axes.plot(epochs, loss, label=label, **look)
    axes.set_ylabel("loss" if result.task.metric == "mse" else "loss (nats)")
    _finish_curve(axes, len(epochs))
    _logarithmic_if_wide(axes)
    settled = slice(len(epochs) // 4, None)
    later = course.training_loss[settled] + course.test_loss[settled]
    if len(later) > 20 and max(later) < 1.25 * min(later):
        inset = axes.inset_axes((0.42, 0.42, 0.56, 0.46))
        for (_, loss), look in zip(curves, CURVES, strict=True):
            inset.plot(epochs[settled], loss[settled], lw=1.2, **look)
        inset.set_title("enlarged", fontsize=9, weight="normal", color=MUTED, pad=3)
        inset.tick_params(labelsize=8)
        inset.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        inset.yaxis.set_major_locator(MaxNLocator(4))
        inset.grid(True)


def figure_curves(axes: Axes, result: Result) -> None:
    """Training and test figure after every epoch, with the limit where it is known.

    The axis shows where the curves have come to; the first epochs may start below it.
    """
    task, course = result.task, _course(result)
    epochs = np.arange(1, len(course.test_figure) + 1)
    scale = 100 if task.metric == "accuracy" else 1
    curves = (("training", course.training_figure), ("test", course.test_figure))
    for (label, figures), look in zip(curves, CURVES, strict=True):
        axes.plot(epochs, np.multiply(scale, figures), label=label, **look)
    limit = None if task.limit is None else task.limit.value
    if limit is not None:
        axes.axhline(scale * limit, color=INK, lw=1.2, linestyle=":", label="limit")
    if task.metric == "accuracy":
        settled = slice(len(epochs) // 5, None)
        lowest = scale * min(*course.training_figure[settled], *course.test_figure[settled])
        highest = scale * max(*course.training_figure, *course.test_figure, limit or 0)
        margin = 0.12 * (highest - lowest) + 0.05
        bottom = lowest - margin
        # Room for the line at 100%, but for no tick above it.
        top = min(highest + margin, 100 + 0.04 * (100 - bottom))
        axes.set(ylabel="accuracy (%)", ylim=(bottom, top))
    else:
        axes.set_ylabel("mean squared error")
        _logarithmic_if_wide(axes)
    _finish_curve(axes, len(epochs))


def weight_histograms(axes: Axes, layer: LayerHistograms) -> None:
    """The distribution of a layer's weights, one column for each epoch."""
    _histograms(axes, layer.weights, layer.weight_edges)
    axes.axhline(0, color=MUTED, lw=0.6)


def gradient_histograms(axes: Axes, layer: LayerHistograms) -> None:
    """The distribution of the sizes of a layer's gradients, one column for each epoch."""
    _histograms(axes, layer.gradients, layer.gradient_edges)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"$10^{{{value:.0f}}}$"))


def histogram_scale(figure: Figure, panels: Sequence[Axes]) -> None:
    """A color bar that says what share of a layer's entries a color stands for."""
    bar = figure.colorbar(
        ScalarMappable(PowerNorm(0.5, 0, DENSEST_BIN), HISTOGRAM_COLORS),
        ax=panels,
        aspect=40,
        pad=0.02,
        extend="max",
        format=PercentFormatter(1, decimals=0),
    )
    bar.set_label("share of the layer's entries in a bin")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def _histograms(axes: Axes, counts: Sequence[Sequence[int]], edges: Sequence[float]) -> None:
    shares = np.array(counts, float) / np.sum(counts, axis=1, keepdims=True)
    epochs = np.arange(len(shares) + 1) + 0.5
    axes.pcolormesh(
        epochs,
        edges,
        shares.T,
        norm=PowerNorm(0.5, 0, DENSEST_BIN),
        cmap=HISTOGRAM_COLORS,
        rasterized=True,
    )
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _course(result: Result) -> Course:
    if result.course is None:
        raise ValueError(f"{result.task.title} was not watched; train it with watch=True")
    return result.course


def _finish_curve(axes: Axes, epochs: int) -> None:
    """What the two kinds of curves have in common: one scale of epochs, and ticks to read."""
    axes.set_xlim(0, epochs + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(True)


def _logarithmic_if_wide(axes: Axes) -> None:
    """A logarithmic scale where the largest value is several times the smallest."""
    low, high = axes.dataLim.intervaly
    if high > 3 * low > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(plain_number))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.ticklabel_format(axis="y", useOffset=False)
