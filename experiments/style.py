"""How every picture looks: sizes, fonts, colors. Nothing about style is said anywhere else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from experiments.files import write_atomically

__all__ = [
    "BLUE",
    "DPI",
    "GREEN",
    "INK",
    "MUTED",
    "ORANGE",
    "PURPLE",
    "SKY_BLUE",
    "TEST",
    "TRAINING",
    "VERMILLION",
    "class_color",
    "class_marker",
    "legend",
    "new_figure",
    "plain_number",
    "save",
    "style",
    "title",
]

# The palette of Okabe and Ito (2008), which the common forms of color blindness tell apart.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY_BLUE = "#E69F00", "#56B4E9"

CLASS_COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY_BLUE)
CLASS_MARKERS = ("o", "^", "s", "D", "v")
TRAINING, TEST = BLUE, VERMILLION
INK = "#222222"
MUTED = "#767676"

DPI = 160
LEGEND_ENTRY = 1.1  # inches

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 10,
    "legend.handlelength": 1.6,
    "legend.handletextpad": 0.6,
    "legend.columnspacing": 1.4,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "figure.dpi": DPI,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "mathtext.fontset": "dejavusans",
    "svg.hashsalt": "tensorgrad",  # names inside an SVG file that do not change from run to run
}


def class_color(label: int) -> str:
    """The color of a class; six differ, and together with the markers thirty.

    Examples
    --------
    >>> class_color(0), class_color(6)
    ('#0072B2', '#0072B2')
    """
    return CLASS_COLORS[label % len(CLASS_COLORS)]


def class_marker(label: int) -> str:
    """The shape of the points of a class.

    Examples
    --------
    >>> class_marker(0), class_marker(6)
    ('o', '^')
    """
    return CLASS_MARKERS[label % len(CLASS_MARKERS)]


def style() -> AbstractContextManager[None]:
    """A context in which matplotlib draws in the style of this package."""
    return mpl.rc_context(SETTINGS)


def new_figure(width: float, height: float, spacing: float = 0.04) -> Figure:
    """A figure that draws into memory, on any machine.

    Parameters
    ----------
    width, height : float
        Inches.
    spacing : float
        Inches around each panel.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = new_figure(5, 4)
    >>> figure.get_size_inches().tolist()
    [5.0, 4.0]
    """
    layout = ConstrainedLayoutEngine(compress=True, h_pad=spacing, w_pad=spacing)
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def plain_number(value: float, position: int | None = None) -> str:
    """0.01 rather than a power of ten, for the ticks of scales that are not linear.

    Examples
    --------
    >>> plain_number(0.01)
    '0.01'
    """
    return f"{value:g}"


def title(axes: Axes, text: str, subtitle: str) -> None:
    """A title above a panel, and in gray below it what else is to be said."""
    axes.set_title(text, pad=22)
    axes.annotate(
        subtitle,
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 7),
        textcoords="offset points",
        color=MUTED,
        fontsize=10,
    )


def legend(figure: Figure, panels_of_figure: Iterable[Axes], entry: float = LEGEND_ENTRY) -> None:
    """One legend for all panels, below them, in the order of the panel that has most to tell.

    Parameters
    ----------
    figure : Figure
    panels_of_figure : iterable of Axes
    entry : float
        Inches that an entry takes.
    """
    entries = {}
    of_panels = [axes.get_legend_handles_labels() for axes in panels_of_figure]
    for handles, labels in sorted(of_panels, key=lambda panel: -len(panel[1])):
        for label, handle in zip(labels, handles, strict=True):
            entries.setdefault(label, handle)
    if entries:
        columns = min(len(entries), max(1, int(figure.get_figwidth() / entry)))
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=columns)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and, under the same name, as SVG; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
    path : Path
        The PNG file. Each of the two is written whole or not at all.
    """
    write_atomically(
        path, lambda file: figure.savefig(file, format="png", metadata={"Software": None})
    )
    figure.set_layout_engine("none")  # everything has its place now
    write_atomically(
        path.with_suffix(".svg"),
        lambda file: figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None}),
    )
