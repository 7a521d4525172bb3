"""Under- and overfitting against the width of the hidden layers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.distributions import TwoMoons
from experiments.statistics import mean_of
from experiments.studies.descent import descend, new_problem
from experiments.studies.study import Numbers, Study
from nn import Adam

__all__ = ["STUDY"]

WIDTHS = (1, 2, 4, 8, 16, 32, 64)
SEEDS, POINTS, NOISE = 8, 100, 0.3
STEPS, BATCH, LEARNING_RATE = 2_000, 25, 0.03


def measure(quick: bool) -> Numbers:
    """Training and test accuracy of networks of every width, over several seeds."""
    distribution = TwoMoons(sigma=NOISE)
    seeds, steps = (2, 10) if quick else (SEEDS, STEPS)
    numbers: Numbers = {
        "widths": list(WIDTHS),
        "limit": distribution.limit.value,
        "points": POINTS,
        "training": [],
        "test": [],
    }
    for width in WIDTHS:
        training, test = [], []
        for seed in range(seeds):
            layers = ((width, "tanh"), (width, "tanh"), (1, "sigmoid"))
            problem = new_problem(distribution, layers, points=POINTS, seed=seed)
            optimizer = Adam(problem.network.parameters(), LEARNING_RATE)
            rng = np.random.default_rng(seed)
            descend(problem, steps, batch_size=BATCH, optimizer=optimizer, rng=rng)
            training.append(problem.training_accuracy())
            test.append(problem.test_accuracy())
        numbers["training"].append(mean_of(training)._asdict())
        numbers["test"].append(mean_of(test)._asdict())
    return numbers


def conclude(numbers: Mapping[str, Any]) -> str:
    """The narrowest, the best and the widest network."""
    test = [mean["value"] for mean in numbers["test"]]
    training = [mean["value"] for mean in numbers["training"]]
    widths = numbers["widths"]
    best = int(np.argmax(test))
    return (
        f"With one unit in each hidden layer the network underfits: {training[0]:.1%} of the "
        f"training points and {test[0]:.1%} of "
        f"new ones are classified rightly, where {numbers['limit']:.1%} is possible. With "
        f"{widths[best]} "
        f"units new points are classified best, {test[best]:.1%}; with {widths[-1]} the network "
        f"learns "
        f"its {numbers['points']} noisy points to {training[-1]:.1%} and is right on "
        f"{test[-1]:.1%} of "
        f"new ones, so that the gap between both grows from {100 * (training[0] - test[0]):.1f} to "
        f"{100 * (training[-1] - test[-1]):.1f} points."
    )


def draw(numbers: Mapping[str, Any], path: Path) -> None:
    """Both accuracies over the width."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    from experiments.style import INK, TEST, TRAINING, legend, new_figure, save, style, title

    widths = numbers["widths"]
    with style():
        figure = new_figure(6.6, 4.4)
        axes = figure.subplots()
        for kind, color, look in (("training", TRAINING, "o-"), ("test", TEST, "^--")):
            means = [100 * mean["value"] for mean in numbers[kind]]
            halves = [100 * (mean["half_width"] or 0) for mean in numbers[kind]]
            axes.errorbar(widths, means, yerr=halves, fmt=look, color=color, capsize=3, label=kind)
        axes.axhline(100 * numbers["limit"], color=INK, lw=1.2, linestyle=":", label="limit")
        axes.set(xscale="log", xlabel="width of both hidden layers", ylabel="accuracy (%)")
        axes.xaxis.set_major_locator(FixedLocator(widths))
        axes.xaxis.set_major_formatter(FixedFormatter([str(width) for width in widths]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(True)
        title(axes, "Width of the network", f"{numbers['points']} training points of two moons")
        legend(figure, [axes])
        save(figure, path)


STUDY = Study(
    "width",
    "Underfitting and overfitting",
    f"Networks with two hidden layers of tanh units learn {POINTS} points of two moons with "
    f"noise {NOISE}, "
    f"in {STEPS:,} steps of Adam. Means and 95% intervals over {SEEDS} seeds.",
    measure,
    draw,
    conclude,
    "Accuracy on training and new points over the width of the hidden layers.",
    size=19_000,
)
