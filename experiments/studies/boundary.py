"""How the decision boundary moves over the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.studies.descent import descend, distribution_of, problem_of
from experiments.studies.study import Numbers, Study

__all__ = ["STUDY"]

ROW = "two_moons_large"
POINTS, BATCH = 2_000, 32
EPOCHS = (0, 1, 3, 10, 30, 100)
GRID, REACH = 81, (-1.6, 2.6, -1.4, 1.9)


def measure(quick: bool) -> Numbers:
    """The probabilities on a grid, and the accuracies, after some epochs."""
    distribution = distribution_of(ROW)
    problem = problem_of(ROW, points=POINTS, seed=0)
    rng = np.random.default_rng(0)
    left, right, bottom, top = REACH
    x, y = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    epochs = [0, 1, 2] if quick else list(EPOCHS)
    frames = []
    for index, epoch in enumerate(epochs):
        steps = (epoch - epochs[index - 1] if index else 0) * (POINTS // BATCH)
        descend(problem, steps, batch_size=BATCH, rng=rng)
        probabilities = problem.network.transform(grid)[:, 0].astype(float)
        frames.append(
            {
                "epoch": epoch,
                "test_accuracy": problem.test_accuracy(),
                "probabilities": probabilities.round(4).reshape(GRID, GRID).tolist(),
            }
        )
    densities = distribution.densities(grid)
    return {
        "frames": frames,
        "limit": distribution.limit.value,
        "reach": list(REACH),
        "bayes_lead": np.log((densities[:, 1] + 1e-300) / (densities[:, 0] + 1e-300))
        .round(3)
        .reshape(GRID, GRID)
        .tolist(),
        "disagreement": [_disagreement(frame["probabilities"], densities) for frame in frames],
    }


def _disagreement(probabilities: list[list[float]], densities: NDArray) -> float:
    """The share of points that the network and the Bayes rule classify differently."""
    network = np.ravel(probabilities) > 0.5
    differs = network != (densities[:, 1] > densities[:, 0])
    return float(np.average(differs, weights=densities.sum(axis=1)))


def conclude(numbers: Mapping[str, Any]) -> str:
    """When the boundary was straight, when it had its shape, and what came after."""
    frames, disagreement = numbers["frames"], numbers["disagreement"]
    limit = numbers["limit"]
    early = frames[1]
    close = next((frame for frame in frames if limit - frame["test_accuracy"] < 0.01), frames[-1])
    last = frames[-1]
    return (
        f"After {_epochs(early)} the boundary is as good as straight, with a test accuracy of "
        f"{early['test_accuracy']:.1%}; after {_epochs(close)} it has bent around both moons and "
        f"reaches {close['test_accuracy']:.1%}, where {limit:.1%} is possible. At the end, after "
        f"{_epochs(last)}, it stands at {last['test_accuracy']:.1%} and decides otherwise than the "
        f"best rule for {disagreement[-1]:.1%} of the points, against {disagreement[1]:.1%} after "
        f"{_epochs(early)}."
    )


def _epochs(frame: Mapping[str, Any]) -> str:
    count = frame["epoch"]
    return "one epoch" if count == 1 else f"{count} epochs"


def draw(numbers: Mapping[str, Any], path: Path) -> None:
    """A strip of frames."""
    from matplotlib.lines import Line2D

    from experiments.panels import DASHES, probability_colors
    from experiments.style import INK, new_figure, save, style, title

    frames = numbers["frames"]
    tints = probability_colors()
    with style():
        figure = new_figure(10.8, 5.4, spacing=0.06)
        grid = figure.subplots(2, (len(frames) + 1) // 2, sharex=True, sharey=True)
        for axes, frame in zip(grid.flat, frames, strict=False):
            probabilities = np.array(frame["probabilities"])
            axes.imshow(
                probabilities,
                extent=numbers["reach"],
                origin="lower",
                cmap=tints,
                vmin=0,
                vmax=1,
                interpolation="bilinear",
            )
            left, right, bottom, top = numbers["reach"]
            x, y = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
            if probabilities.min() < 0.5 < probabilities.max():
                axes.contour(x, y, probabilities, levels=[0.5], colors=INK, linewidths=2.0)
            axes.contour(
                x,
                y,
                numbers["bayes_lead"],
                levels=[0.0],
                colors=INK,
                linewidths=1.2,
                linestyles=[DASHES],
            )
            epoch = "before the training" if frame["epoch"] == 0 else f"epoch {frame['epoch']}"
            title(axes, epoch.capitalize(), f"test accuracy {frame['test_accuracy']:.1%}")
        for axes in grid.flat[len(frames) :]:
            axes.remove()
        for axes in grid[-1]:
            axes.set_xlabel("$x_1$")
        for axes in grid[:, 0]:
            axes.set_ylabel("$x_2$")
        lines = [
            Line2D([], [], color=INK, lw=2.0, label="network"),
            Line2D([], [], color=INK, lw=1.2, linestyle=DASHES, label="Bayes rule"),
        ]
        figure.legend(handles=lines, loc="outside lower center", ncols=2)
        save(figure, path)


STUDY = Study(
    "boundary",
    "The decision boundary over the epochs",
    "The large net of the two moons is stopped after some epochs, to look at what it has learned.",
    measure,
    draw,
    conclude,
    "Predicted probability (blue: class 0, orange: class 1) and the boundary, epoch after epoch.",
    size=3_000,
)
