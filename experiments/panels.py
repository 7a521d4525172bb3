"""The parts that pictures are made of: each function draws one thing into one pair of axes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
)
from numpy.typing import NDArray

from experiments.distributions import NoisySine, PlanarClasses
from experiments.style import INK, MUTED, TEST, TRAINING, class_color, class_marker, plain_number
from experiments.training import Result

__all__ = [
    "DASHES",
    "calibration",
    "confusion_matrix",
    "decision_regions",
    "fitted_curve",
    "predicted_against_measured",
    "predicted_probabilities",
    "probability_colors",
    "probability_scale",
    "residual_curve",
]

POINTS_SHOWN = 400
GRID = 300
DASHES = (0, (2.5, 2))
# How much of its color a region has where the network is sure: points must stand out against it.
STRONGEST_TINT = 0.4
CALIBRATION_BINS = 10


def decision_regions(axes: Axes, result: Result) -> None:
    """Test points of two features, the network's probabilities and its decision boundary.

    A region has the color of the most probable class, the paler the less sure the network is.
    The dashed line is the boundary of the Bayes rule, where the densities are known.
    """
    dataset = result.dataset
    left, right, bottom, top = _view(dataset.X_test)
    x, y = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    grid = np.column_stack([part.ravel() for part in np.meshgrid(x, y)])
    probabilities = _class_probabilities(result, grid).reshape(GRID, GRID, -1)
    axes.imshow(
        _tints(probabilities),
        extent=(left, right, bottom, top),
        origin="lower",
        interpolation="bilinear",
    )
    _scatter(axes, result)
    _boundary(axes, x, y, probabilities, "network", "solid")
    if isinstance(dataset.distribution, PlanarClasses):
        densities = dataset.distribution.densities(grid).reshape(GRID, GRID, -1)
        _boundary(axes, x, y, densities, "Bayes rule", DASHES)
    axes.set(
        xlim=(left, right),
        ylim=(bottom, top),
        aspect="equal",
        xlabel=dataset.input_names[0],
        ylabel=dataset.input_names[1],
    )
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def probability_scale(axes: Axes, result: Result) -> None:
    """A color bar that says which tint is which probability of class 1, for two classes."""
    colors = probability_colors()
    figure = axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(ScalarMappable(cmap=colors), ax=axes, shrink=0.8, aspect=28, pad=0.02)
    bar.set_label(f"predicted probability of {result.dataset.class_names[1]}")
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def probability_colors() -> LinearSegmentedColormap:
    """The tints of two classes, from class 0 over white to class 1."""
    low, high = (_tint(color, STRONGEST_TINT) for color in (class_color(0), class_color(1)))
    return LinearSegmentedColormap.from_list("probability", [low, "white", high])


def fitted_curve(axes: Axes, result: Result) -> None:
    """Test points of one feature, the network's curve, and the mean without noise, if known."""
    dataset = result.dataset
    shown = slice(POINTS_SHOWN)
    axes.plot(
        dataset.X_test[shown, 0],
        dataset.y_test[shown],
        "o",
        color=MUTED,
        alpha=0.45,
        markersize=3.5,
        markeredgewidth=0,
        label="test points",
    )
    x = np.linspace(dataset.X_test.min(), dataset.X_test.max(), GRID)[:, None]
    axes.plot(x[:, 0], result.network.transform(x)[:, 0], color=TRAINING, lw=2.4, label="network")
    if isinstance(dataset.distribution, NoisySine):
        axes.plot(
            x[:, 0],
            dataset.distribution.mean(x),
            color=INK,
            lw=1.2,
            linestyle=DASHES,
            label=r"$\sin\,\pi x$",
        )
    axes.set(xlabel=dataset.input_names[0], ylabel=dataset.target_name)
    axes.grid(True)


def residual_curve(axes: Axes, result: Result) -> None:
    """What the network's curve differs from the noiseless mean by."""
    distribution = result.dataset.distribution
    assert isinstance(distribution, NoisySine)
    X = result.dataset.X_test
    x = np.linspace(X.min(), X.max(), GRID)[:, None]
    difference = result.network.transform(x)[:, 0] - distribution.mean(x)
    axes.axhline(0, color=INK, lw=1.0, linestyle=DASHES)
    axes.plot(x[:, 0], difference, color=TRAINING)
    bound = 1.15 * max(float(np.abs(difference).max()), distribution.sigma)
    axes.axhspan(-distribution.sigma, distribution.sigma, color=MUTED, alpha=0.15, lw=0)
    axes.annotate(
        r"$\pm\sigma$ of the noise",
        (0.99, distribution.sigma),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        color=MUTED,
        fontsize=9,
    )
    axes.set(ylim=(-bound, bound), xlabel=result.dataset.input_names[0], ylabel="difference")
    axes.grid(True)


def predicted_probabilities(axes: Axes, result: Result) -> None:
    """Test samples of two classes at the probability that the network gives to class 1.

    The scale is that of the logit, which shows how sure the network is near 0 and 1, too.
    """
    dataset = result.dataset
    labels = dataset.y_test[:POINTS_SHOWN]
    probability = result.network.transform(dataset.X_test[:POINTS_SHOWN])[:, 0]
    probability = probability.clip(1e-4, 1 - 1e-4)
    # Multiples of the golden ratio spread the points evenly, without any randomness.
    spread = 0.7 * (np.arange(len(probability)) * 0.618034 % 1 - 0.5)
    for label in range(len(dataset.class_names)):
        chosen = labels == label
        axes.plot(
            probability[chosen],
            label + spread[chosen],
            class_marker(label),
            color=class_color(label),
            markersize=6,
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
    axes.axvline(0.5, color=INK, lw=1.4, linestyle=DASHES)
    axes.set_xscale("logit")
    axes.xaxis.set_major_locator(FixedLocator([0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]))
    axes.xaxis.set_major_formatter(FuncFormatter(plain_number))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks([0, 1], dataset.class_names, rotation=90, va="center")
    axes.tick_params(axis="y", length=0)
    axes.set(
        xlim=(7e-5, 1 - 7e-5),
        ylim=(1.5, -0.5),
        xlabel=f"predicted probability of {dataset.class_names[1]}",
        ylabel=f"true {dataset.target_name}",
    )
    axes.grid(True, axis="x")


def confusion_matrix(axes: Axes, result: Result) -> None:
    """Test samples by true class (rows) and predicted class (columns)."""
    dataset = result.dataset
    count = len(dataset.class_names)
    predictions = np.asarray(result.network.predict(dataset.X_test))
    matrix = np.zeros((count, count), int)
    np.add.at(matrix, (dataset.y_test, predictions), 1)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(count, dtype=bool)
    strength = np.where(right, STRONGEST_TINT * share, np.minimum(1.0, 8 * share) * (matrix > 0))
    image = np.empty((count, count, 3))
    for index in np.ndindex(matrix.shape):
        image[index] = _tint(TRAINING if right[index] else TEST, float(strength[index]))
        if matrix[index]:
            column_row = (index[1], index[0])
            axes.annotate(str(matrix[index]), column_row, ha="center", va="center", fontsize=10)
    axes.imshow(image)
    axes.set_xticks(range(count), dataset.class_names)
    axes.set_yticks(range(count), dataset.class_names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel=f"predicted {dataset.target_name}", ylabel=f"true {dataset.target_name}")


def predicted_against_measured(axes: Axes, result: Result) -> None:
    """Predicted value of each test sample over its true one."""
    dataset = result.dataset
    predictions = np.asarray(result.network.predict(dataset.X_test))
    axes.plot(
        dataset.y_test,
        predictions,
        "o",
        color=TRAINING,
        alpha=0.7,
        markersize=5,
        markeredgewidth=0,
        label="test samples",
    )
    values = np.concatenate([dataset.y_test, predictions])
    low, high = values.min() - 0.2, values.max() + 0.2
    axes.plot([low, high], [low, high], color=INK, lw=1.2, linestyle=DASHES, label="equal")
    axes.set(
        xlim=(low, high),
        ylim=(low, high),
        aspect="equal",
        xlabel=f"measured {dataset.target_name}",
        ylabel="predicted",
    )
    axes.grid(True)


def calibration(axes: Axes, below: Axes, result: Result) -> float:
    """How often predictions are right over how sure they are, and below it how many there are.

    Test points are sorted into bins by the probability of the predicted class. The bars are 95%
    intervals (Wilson, 1927). Returns the expected calibration error (Guo et al., 2017): the mean
    distance of the bins from the diagonal, weighted by their points.
    """
    dataset = result.dataset
    probabilities = _class_probabilities(result, dataset.X_test)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == dataset.y_test
    lowest = 1 / probabilities.shape[1]
    edges = np.linspace(lowest, 1, CALIBRATION_BINS + 1)
    bins = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, CALIBRATION_BINS - 1)
    count = np.bincount(bins, minlength=CALIBRATION_BINS)
    filled = count > 0
    n = count[filled]
    sure = np.bincount(bins, confidence, CALIBRATION_BINS)[filled] / n
    accuracy = np.bincount(bins, right, CALIBRATION_BINS)[filled] / n
    center, half = _wilson(accuracy, n)
    bars = np.clip([accuracy - (center - half), center + half - accuracy], 0, None)
    axes.plot(
        [lowest, 1], [lowest, 1], color=INK, lw=1.2, linestyle=DASHES, label="as sure as right"
    )
    axes.errorbar(
        sure,
        accuracy,
        yerr=bars,
        fmt="o",
        color=TRAINING,
        ecolor=MUTED,
        elinewidth=1.2,
        markersize=6,
        label="test points",
    )
    axes.set(
        xlim=(lowest - 0.02, 1.02),
        ylim=(max(0, min(lowest, float((center - half).min())) - 0.04), 1.04),
        ylabel="fraction that is right",
    )
    axes.grid(True)
    below.bar(edges[:-1], count, np.diff(edges), align="edge", color=TRAINING, edgecolor="white")
    below.set_yscale("log")
    below.yaxis.set_major_locator(LogLocator(numticks=4))
    below.yaxis.set_minor_locator(NullLocator())
    below.set(ylim=(0.8, None), ylabel="points", xlabel="probability of the predicted class")
    below.grid(True, axis="y")
    return float(np.average(np.abs(accuracy - sure), weights=n))


def _wilson(share: NDArray, count: NDArray) -> tuple[NDArray, NDArray]:
    """Center and half length of the 95% interval of a share, which never leaves 0 to 1."""
    z = 1.96
    center = (share + z * z / (2 * count)) / (1 + z * z / count)
    spread = np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return center, z * spread / (1 + z * z / count)


def _scatter(axes: Axes, result: Result) -> None:
    dataset = result.dataset
    X, y = dataset.X_test[:POINTS_SHOWN], dataset.y_test[:POINTS_SHOWN]
    for label, name in enumerate(dataset.class_names):
        axes.scatter(
            *X[y == label].T,
            s=18,
            color=class_color(label),
            marker=class_marker(label),
            edgecolor="white",
            linewidth=0.4,
            label=name,
        )


def _boundary(
    axes: Axes,
    x: NDArray,
    y: NDArray,
    scores: NDArray,
    label: str,
    linestyle: str | tuple[float, tuple[float, ...]],
) -> None:
    """Where the largest score passes from one class to another."""
    width = 2.0 if linestyle == "solid" else 1.4
    # Logarithms change evenly where densities all but vanish.
    scores = np.log(scores + 1e-300)
    for first, second in combinations(range(scores.shape[-1]), 2):
        pair = scores[..., [first, second]]
        lead = np.where(
            pair.max(axis=-1) == scores.max(axis=-1), pair[..., 0] - pair[..., 1], np.nan
        )
        axes.contour(x, y, lead, levels=[0.0], colors=INK, linewidths=width, linestyles=[linestyle])
    axes.plot([], [], color=INK, lw=width, linestyle=linestyle, label=label)


def _class_probabilities(result: Result, X: NDArray) -> NDArray:
    """Probabilities of all classes: shape (n, classes), for two classes as well."""
    probabilities = result.network.transform(X).astype(np.float64)
    if probabilities.shape[1] == 1:
        probabilities = np.hstack([1 - probabilities, probabilities])
    return probabilities


def _tints(probabilities: NDArray) -> NDArray:
    """An image: the color of the most probable class, white where it is no more than a guess."""
    classes = probabilities.shape[-1]
    certainty = (probabilities.max(axis=-1) - 1 / classes) / (1 - 1 / classes)
    colors = np.array([to_rgb(color) for color in map(class_color, range(classes))])
    chosen = colors[probabilities.argmax(axis=-1)]
    return 1 - STRONGEST_TINT * certainty[..., None] * (1 - chosen)


def _tint(color: str, strength: float) -> tuple[float, float, float]:
    """A color mixed with white."""
    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(color))
    return red, green, blue


def _view(X: NDArray) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a square that shows all but the outermost points."""
    low, high = np.quantile(X, [0.0005, 0.9995], axis=0)
    (x, y), half = (low + high) / 2, 0.54 * float((high - low).max())
    return float(x - half), float(x + half), float(y - half), float(y + half)
