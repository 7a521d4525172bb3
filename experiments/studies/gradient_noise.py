"""How noisy the gradient is, and what that does to the loss, by batch size and learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.studies.descent import Problem, batches, descend, problem_of
from experiments.studies.study import Numbers, Study

__all__ = ["STUDY"]

POINTS = 2_000
BATCH_SIZES = (1, 8, 32, 128, POINTS)
LEARNING_RATES = (0.03, 0.1, 0.3)
STEPS_BEFORE, SETTLING, STEPS_SHOWN, SAMPLES = 2_520, 400, 400, 400


def measure(quick: bool) -> Numbers:
    """Noise of the gradient at one point, and the loss around which training hovers."""
    problem = problem_of("xor", points=POINTS, seed=0)
    descend(problem, 60 if quick else STEPS_BEFORE, batch_size=32, rng=np.random.default_rng(0))
    trained = problem.buffer.copy()
    return {
        "batch_sizes": list(BATCH_SIZES),
        "learning_rates": list(LEARNING_RATES),
        "points": POINTS,
        "noise": _noise(problem, samples=5 if quick else SAMPLES),
        "loss_of_the_trained": problem.loss(),
        "fluctuation": {
            f"{rate:g}": [
                _fluctuation(problem, trained, rate, size, quick=quick) for size in BATCH_SIZES
            ]
            for rate in LEARNING_RATES
        },
    }


def _noise(problem: Problem, samples: int) -> list[float]:
    """Root mean square distance of a batch's gradient from the whole one, relative to its norm."""
    whole = problem.gradient().astype(float)
    noise = []
    for size in BATCH_SIZES:
        rows = batches(np.random.default_rng(2), POINTS, size, samples if size < POINTS else 1)
        squares = [np.sum((problem.gradient(own) - whole) ** 2) for own in rows]
        noise.append(float(np.sqrt(np.mean(squares)) / np.linalg.norm(whole)))
    return noise


def _fluctuation(
    problem: Problem, trained: np.ndarray, rate: float, size: int, *, quick: bool
) -> float:
    """Root mean square of the excess of the loss over its lowest value, after it has settled."""
    problem.buffer.assign(trained)
    settling, shown = (5, 10) if quick else (SETTLING, STEPS_SHOWN)
    losses: list[float] = []

    def look(step: int, batch_loss: float) -> None:
        if step > settling:
            losses.append(problem.loss())

    descend(
        problem,
        settling + shown,
        batch_size=size,
        learning_rate=rate,
        rng=np.random.default_rng(1),
        after_step=look,
    )
    # Without its trend: with all points the loss still falls, and does nothing else.
    steps = np.arange(len(losses))
    trend = np.polyval(np.polyfit(steps, losses, 1), steps)
    return float(np.std(losses - trend))


def conclude(numbers: Mapping[str, Any]) -> str:
    """The slopes of both pictures."""
    sizes, noise = numbers["batch_sizes"][:-1], numbers["noise"][:-1]
    slope = np.polyfit(np.log(sizes), np.log(noise), 1)[0]
    thirty_two = sizes.index(32)
    rates = numbers["learning_rates"]
    small, large = (
        numbers["fluctuation"][f"{rate:g}"][thirty_two] for rate in (rates[0], rates[-1])
    )
    middle = numbers["fluctuation"][f"{rates[1]:g}"]
    return (
        f"Near convergence the gradient of a batch of 32 is off by {noise[thirty_two]:.1f} times "
        f"the "
        f"length of the gradient itself, and that error goes with the batch size to the power "
        f"{slope:.2f} (independent points would give −0.5). The loss scatters accordingly: at a "
        f"learning rate of {rates[1]:g}, batches of 128 in place of 8 take it from "
        f"{middle[1]:.1g} to "
        f"{middle[3]:.1g} nats, and with batches of 32 a learning rate of {rates[-1]:g} in place "
        f"of "
        f"{rates[0]:g} from {small:.1g} to {large:.1g}."
    ).replace("-0.", "−0.")


def draw(numbers: Mapping[str, Any], path: Path) -> None:
    """Noise and fluctuation over the batch size."""
    from matplotlib.ticker import (
        FixedFormatter,
        FixedLocator,
        FuncFormatter,
        LogLocator,
        NullLocator,
    )

    from experiments.style import (
        INK,
        class_color,
        class_marker,
        new_figure,
        plain_number,
        save,
        style,
        title,
    )

    sizes = numbers["batch_sizes"]
    with style():
        figure = new_figure(9.6, 4.0, spacing=0.08)
        left, right = figure.subplots(1, 2)
        left.plot(sizes[:-1], numbers["noise"][:-1], "o-", color=class_color(0), label="measured")
        independent = numbers["noise"][0] / np.sqrt(sizes[:-1])
        left.plot(sizes[:-1], independent, color=INK, lw=1.2, linestyle=":", label="$1/\\sqrt{n}$")
        left.set(xlabel="batch size $n$", ylabel="error / length of the gradient")
        left.legend()
        title(left, "Noise of the gradient", "of one network, near convergence")
        for index, (rate, values) in enumerate(numbers["fluctuation"].items()):
            right.plot(
                sizes,
                values,
                f"{class_marker(index)}-",
                color=class_color(index),
                label=f"learning rate {rate}",
            )
        right.set(xlabel="batch size", ylabel="scatter of the loss (nats)")
        right.legend()
        title(right, "Scatter of the loss", "around its trend, over 400 steps")
        for axes in (left, right):
            axes.set(xscale="log", yscale="log")
            shown = sizes if axes is right else sizes[:-1]
            labels = ["all" if size == numbers["points"] else str(size) for size in shown]
            axes.xaxis.set_major_locator(FixedLocator(shown))
            axes.xaxis.set_major_formatter(FixedFormatter(labels))
            axes.xaxis.set_minor_locator(NullLocator())
        left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        left.yaxis.set_major_formatter(FuncFormatter(plain_number))
        left.yaxis.set_minor_locator(NullLocator())
        for axes in (left, right):
            axes.grid(True)
        save(figure, path)


STUDY = Study(
    "gradient_noise",
    "Gradient noise, batch size and learning rate",
    "How far is the gradient of a mini-batch from that of all points, and how far does the loss "
    "scatter "
    "for it? Both are measured on the exclusive or, from the same network near convergence.",
    measure,
    draw,
    conclude,
    "Left: error of a mini-batch's gradient. Right: scatter of the loss over all points.",
    size=5_000,
)
