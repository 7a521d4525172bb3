"""The pictures of a run: what was learned and how the training went, for every row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from experiments import course_panels, panels
from experiments.formatting import format_figure
from experiments.style import legend, new_figure, save, style, title
from experiments.training import Result

__all__ = [
    "CALIBRATION_SIZE",
    "FIT_SIZE",
    "TRAINING_SIZE",
    "has_probabilities",
    "save_calibration",
    "save_fit",
    "save_histograms",
    "save_overview",
    "save_training",
]

# Inches.
FIT_SIZE = (5.6, 5.2)
TRAINING_SIZE = (5.6, 5.2)
CALIBRATION_SIZE = (5.6, 5.2)
HISTOGRAM_PANEL = (2.8, 2.0)
OVERVIEW_PANEL = (3.6, 3.7)


def save_fit(result: Result, path: Path) -> None:
    """Draw the test data and what the network makes of them.

    Two features show the decision regions, one the fitted curve. For more, the predictions are
    drawn: probabilities by class, a confusion matrix, or predicted over measured values.

    Parameters
    ----------
    result : Result
        A trained row.
    path : Path
        The PNG file; it is written whole or not at all.
    """
    with style():
        figure = new_figure(*FIT_SIZE)
        if result.dataset.distribution is not None and result.task.metric == "mse":
            axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
            panels.fitted_curve(axes, result)
            panels.residual_curve(below, result)
            axes.set_xlabel("")
        else:
            axes = figure.subplots()
            _draw_fit(axes, result)
            if result.dataset.X_test.shape[1] == 2 and len(result.dataset.class_names) == 2:
                panels.probability_scale(axes, result)
        title(axes, result.task.title, _subtitle(result))
        legend(figure, [axes])
        save(figure, path)


def save_training(result: Result, path: Path) -> None:
    """Draw the loss and the figure, each on training and test points, over the epochs.

    Parameters
    ----------
    result : Result
        A trained row that was watched.
    path : Path
        The PNG file; it is written whole or not at all.
    """
    task = result.task
    with style():
        figure = new_figure(*TRAINING_SIZE)
        above, below = figure.subplots(2, 1, sharex=True)
        course_panels.loss_curve(above, result)
        course_panels.figure_curves(below, result)
        below.set_xlabel("epoch")
        settings = f"batches of {task.batch_size}, learning rate {task.learning_rate:g}"
        title(above, task.title, f"{task.recipe}, {settings}")
        legend(figure, [below])
        save(figure, path)


def has_probabilities(result: Result) -> bool:
    """Whether a calibration can be drawn."""
    return result.task.metric == "accuracy"


def save_calibration(result: Result, path: Path) -> None:
    """Draw how often the network is right, over how sure it is.

    Parameters
    ----------
    result : Result
        A trained classifier.
    path : Path
        The PNG file; it is written whole or not at all.
    """
    with style():
        figure = new_figure(*CALIBRATION_SIZE)
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        error = panels.calibration(axes, below, result)
        title(axes, result.task.title, f"expected calibration error {100 * error:.2f} points")
        legend(figure, [axes])
        save(figure, path)


def save_histograms(result: Result, path: Path) -> None:
    """Draw how the weights of each layer, and their gradients, are distributed over the epochs.

    Parameters
    ----------
    result : Result
        A trained row that was watched.
    path : Path
        The PNG file; it is written whole or not at all.
    """
    assert result.course is not None
    layers = result.course.histograms
    with style():
        width, height = HISTOGRAM_PANEL
        figure = new_figure(2 * width, len(layers) * height + 0.7, spacing=0.06)
        grid = figure.subplots(len(layers), 2, sharex=True, squeeze=False)
        for number, (row, layer) in enumerate(zip(grid, layers, strict=True), start=1):
            course_panels.weight_histograms(row[0], layer)
            course_panels.gradient_histograms(row[1], layer)
            row[0].set_ylabel(f"layer {number}")
        title(grid[0, 0], result.task.title, "weights")
        title(grid[0, 1], "", "size of their gradients")
        for axes in grid[-1]:
            axes.set_xlabel("epoch")
        course_panels.histogram_scale(figure, list(grid.flat))
        save(figure, path)


def save_overview(results: Sequence[Result], path: Path) -> None:
    """Draw what was learned in several rows side by side.

    Parameters
    ----------
    results : sequence of Result
        Trained rows.
    path : Path
        The PNG file; it is written whole or not at all.
    """
    columns = min(4, len(results))
    rows = math.ceil(len(results) / columns)
    with style():
        figure = new_figure(columns * OVERVIEW_PANEL[0], rows * OVERVIEW_PANEL[1], spacing=0.12)
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, result in zip(grid.flat, results, strict=False):
            _draw_fit(axes, result)
            axes.set_box_aspect(1)
            axes.set(xlabel="", ylabel="")
            title(axes, result.task.title, _subtitle(result))
        for axes in grid.flat[len(results) :]:
            axes.remove()
        legend(figure, figure.axes)
        save(figure, path)


def _draw_fit(axes: Axes, result: Result) -> None:
    dataset, metric = result.dataset, result.task.metric
    features, classes = dataset.X_test.shape[1], len(dataset.class_names)
    if metric == "mse" and features == 1:
        panels.fitted_curve(axes, result)
    elif metric == "mse":
        panels.predicted_against_measured(axes, result)
    elif features == 2:
        panels.decision_regions(axes, result)
    elif classes == 2:
        panels.predicted_probabilities(axes, result)
    else:
        panels.confusion_matrix(axes, result)


def _subtitle(result: Result) -> str:
    metric = result.task.metric
    name = {"accuracy": "accuracy", "mse": "MSE"}[metric]
    text = f"test {name} {format_figure(result.test_figure, metric)}"
    if result.task.limit is not None:
        text += f", limit {format_figure(result.task.limit.value, metric)}"
    return text
