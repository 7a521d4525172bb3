"""What the three layers learned, as pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from experiments.custom_layers import attention, convolution, layer_norm
from experiments.style import INK, MUTED, TEST, TRAINING, legend, new_figure, save, style, title

__all__ = ["save_attention", "save_convolution", "save_layer_norm"]

# Inches.
SIZE = (9.6, 4.7)

WITHOUT, WITH = TEST, TRAINING
DARKER = LinearSegmentedColormap.from_list("darker", ["white", TRAINING])
INKY = LinearSegmentedColormap.from_list("inky", ["white", INK])
SIGNED = LinearSegmentedColormap.from_list("signed", [TEST, "white", TRAINING])


def save_layer_norm(result: layer_norm.Result, path: Path) -> None:
    """Draw loss curves, and test accuracy over the scale of the starting weights.

    Parameters
    ----------
    result : experiments.custom_layers.layer_norm.Result
    path : Path
        The PNG file; it is written whole or not at all.
    """
    with style():
        figure = new_figure(*SIZE)
        left, right = figure.subplots(1, 2)
        for normalized in (False, True):
            _curves_of_all_seeds(left, result, normalized)
            _accuracy_over_scale(right, result, normalized)
        left.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        right.set_xscale("log", base=2)
        right.xaxis.set_major_locator(FixedLocator(list(result.scales)))
        right.xaxis.set_major_formatter(FuncFormatter(_plain))
        right.set(xlabel="scale of the starting weights", ylabel="test accuracy (%)", ylim=(0, 100))
        seeds = result.accuracies[True].shape[1]
        title(left, "Layer normalization", f"10 layers of tanh read digits, with {seeds} seeds")
        title(right, "", "the same from other starting weights; lines are means")
        for axes in (left, right):
            axes.grid(True)
        legend(figure, [right])
        save(figure, path)


def _curves_of_all_seeds(axes: Axes, result: layer_norm.Result, normalized: bool) -> None:
    losses = result.losses[normalized][result.scales.index(1.0)]
    epochs = np.arange(1, losses.shape[-1] + 1)
    axes.plot(epochs, losses.T, color=_color(normalized), marker=_marker(normalized), markersize=5)


def _accuracy_over_scale(axes: Axes, result: layer_norm.Result, normalized: bool) -> None:
    percent = 100 * result.accuracies[normalized]
    color, marker = _color(normalized), _marker(normalized)
    axes.plot(result.scales, percent, marker, color=color, markersize=6, alpha=0.5, mew=0)
    axes.plot(result.scales, percent.mean(axis=1), color=color)
    label = f"{'with' if normalized else 'without'} layer normalization"
    axes.plot([], [], color=color, marker=marker, label=label)


def _color(normalized: bool) -> str:
    return WITH if normalized else WITHOUT


def _marker(normalized: bool) -> str:
    return "o" if normalized else "^"


def save_attention(result: attention.Result, path: Path) -> None:
    """Draw the curves of the training, and where the network looks in one test sequence.

    Parameters
    ----------
    result : experiments.custom_layers.attention.Result
    path : Path
        The PNG file; it is written whole or not at all.
    """
    with style():
        figure = new_figure(*SIZE, spacing=0.08)
        above, below, right = _panels(figure)
        _loss_curve(above, result.loss_curve)
        epochs = np.arange(1, len(result.test_curve) + 1)
        below.plot(epochs, 100 * np.array(result.test_curve), color=TEST, ls="--", label="test")
        below.axhline(100 / len(attention.LETTERS), color=INK, lw=1.2, ls=":", label="guessing")
        below.set(ylabel="accuracy (%)", ylim=(0, 104))
        _attention_map(right, result)
        accuracy = f"test accuracy {result.test_curve[-1]:.1%}"
        title(above, "Attention", f"put letters in order, {accuracy}")
        title(right, "", "where it looks in a test sequence")
        legend(figure, [below, above])
        save(figure, path)


def _attention_map(axes: Axes, result: attention.Result) -> None:
    """Attention of the first test sequence; the cell that is right has a frame."""
    x, numbers, right = result.X_test[0], result.numbers_test[0], result.y_test[0]
    model = result.model.for_inference()
    letters = x[:, -len(attention.LETTERS) :].argmax(axis=1)
    said = model(x).argmax(axis=1)
    image = axes.imshow(model[0].weights(x), cmap=DARKER, vmin=0, vmax=1)
    for position, number in enumerate(numbers):
        corner = (position - 0.5, number - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, ec=INK, lw=1.3, clip_on=False))
    names = np.array(list(attention.LETTERS))
    read = [f"{name}$_{n}$" for name, n in zip(names[letters], numbers + 1, strict=True)]
    axes.set_xticks(range(len(read)), read)
    axes.set_yticks(range(len(said)), [f"{n}: {name}" for n, name in enumerate(names[said], 1)])
    for label, correct in zip(axes.get_yticklabels(), said == right, strict=True):
        label.set_color(INK if correct else TEST)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="letters that it reads", ylabel="letters that it says")
    figure = axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=28, pad=0.02)
    bar.set_label("attention")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def save_convolution(result: convolution.Result, path: Path) -> None:
    """Draw the curves of the training, the first layer's filters, and what they see in a digit.

    Parameters
    ----------
    result : experiments.custom_layers.convolution.Result
    path : Path
        The PNG file; it is written whole or not at all.
    """
    with style():
        figure = new_figure(*SIZE, spacing=0.08)
        above, below, right = _panels(figure)
        _loss_curve(above, result.loss_curve)
        errors = 100 * (1 - np.array(result.test_curve))
        below.plot(np.arange(1, len(errors) + 1), errors, color=TEST, ls="--", label="test")
        _logarithmic(below)
        below.set_ylabel("error (%)")
        _filters(right, result)
        accuracy = f"test accuracy {result.test_curve[-1]:.1%}"
        title(above, "Convolution", f"read digits of 8 × 8 pixels, {accuracy}")
        title(right, "", "a test image, the first filters, and what they see")
        legend(figure, [above, below])
        save(figure, path)


def _filters(axes: Axes, result: convolution.Result) -> None:
    """A test image, and of each filter its weights and below them what it makes of the image."""
    image = result.images_test[:1]
    model = result.model.for_inference()
    filters = np.moveaxis(np.asarray(model.first.weight)[0], -1, 0)
    features = np.moveaxis(np.asarray(model.first_features(image))[0], -1, 0)
    columns, strongest = len(filters) // 2, float(np.abs(filters).max())
    _tile(axes, image[0, ..., 0], (-1.75, 1.75), 1.35, INKY, (0, 1))
    for i, (weights, seen) in enumerate(zip(filters, features, strict=True)):
        row, column = divmod(i, columns)
        top = 2.35 * row
        _tile(axes, weights, (column, top), 0.9, SIGNED, (-strongest, strongest))
        _tile(axes, seen, (column, top + 1), 0.9, INKY, (0, float(features.max())))
    signs = "blue: weight above 0\norange: below 0"
    axes.annotate(signs, (-1.75, 3.25), color=MUTED, fontsize=8, va="top")
    axes.set(xlim=(-1.85, columns - 0.05), ylim=(4.4, -0.05), aspect="equal")
    axes.set_axis_off()


def _tile(
    axes: Axes,
    image: NDArray,
    corner: tuple[float, float],
    size: float,
    colors: Colormap,
    limits: tuple[float, float],
) -> None:
    """A small image in a frame, with its upper left corner at a point of the panel."""
    x, y = corner
    extent = (x, x + size, y + size, y)
    axes.imshow(image, cmap=colors, vmin=limits[0], vmax=limits[1], extent=extent)
    axes.add_patch(Rectangle(corner, size, size, fill=False, ec=MUTED, lw=0.8, clip_on=False))


def _panels(figure: Figure) -> tuple[Axes, Axes, Axes]:
    """Two panels on the left that share their epochs, and a large one on the right."""
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.15))
    above = figure.add_subplot(grid[0, 0])
    below = figure.add_subplot(grid[1, 0], sharex=above)
    above.tick_params(labelbottom=False)
    below.set_xlabel("epoch")
    below.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    for axes in (above, below):
        axes.grid(True)
    return above, below, figure.add_subplot(grid[:, 1])


def _loss_curve(axes: Axes, losses: list[float]) -> None:
    axes.plot(np.arange(1, len(losses) + 1), losses, color=TRAINING, label="training")
    axes.set_ylabel("loss")
    _logarithmic(axes)


def _logarithmic(axes: Axes) -> None:
    """A logarithmic axis, if the values differ much, with plain numbers on it."""
    low, high = axes.dataLim.intervaly
    if high > 3 * low > 0:
        axes.set_yscale("log")
        subs = (1,) if high > 100 * low else (1, 2, 5)
        axes.yaxis.set_major_locator(LogLocator(subs=subs))
        axes.yaxis.set_major_formatter(FuncFormatter(_plain))
        axes.yaxis.set_minor_locator(NullLocator())


def _plain(value: float, position: int | None = None) -> str:
    return f"{value:g}"
