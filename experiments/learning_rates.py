"""The command ``python -m experiments learning-rates``: pictures for docs/optimizers.md."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.command_line import run

__all__ = ["STEPS", "Panel", "main", "plateau"]

STEPS = 1000
EPOCHS = 100


class Panel(NamedTuple):
    """One schedule, and what to say of it.

    Attributes
    ----------
    name : str
        As ``fit(schedule=...)`` takes it.
    subtitle : str
    """

    name: str
    subtitle: str


PANELS = (
    Panel("constant", "the learning rate as it is"),
    Panel("step", "a tenth after each third"),
    Panel("multi_step", "a tenth at 50% and 75%"),
    Panel("exponential", "the same factor in each step"),
    Panel("polynomial", "power 1, a line; dashed power 2"),
    Panel("cosine", "half a cosine; dashed to 0.2"),
    Panel("cosine_restarts", "each period twice as long"),
    Panel("warmup_cosine", "a line up, then a cosine"),
    Panel("one_cycle", "up to 30%, and far down"),
    Panel("reduce_on_plateau", "when the loss (gray) stands still"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw every schedule, and a search for a learning rate.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0 if all is done, 1 if a package is missing.
    """
    parser = argparse.ArgumentParser(
        prog="python -m experiments learning-rates",
        description="Draw the learning-rate schedules that have names, and a search for a rate.",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("docs/images"),
        metavar="DIR",
        help="where schedules.png and lr_find.png go (default: %(default)s)",
    )
    options = parser.parse_args(argv)
    return run(lambda: _draw_all(options.output), needs=["matplotlib"])


def plateau() -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Factors and losses of a training whose loss falls to a level that the rate sets.

    Returns
    -------
    factors, losses : ndarray
        One of each for an epoch.

    Examples
    --------
    >>> factors, losses = plateau()
    >>> len(np.unique(factors)) > 2, bool(losses[-1] < 0.1)
    (True, True)
    """
    from nn.schedules import ReduceOnPlateau

    schedule = ReduceOnPlateau(gamma=0.3, patience=10, threshold=0.01)
    rng = np.random.default_rng(0)
    loss, factors, losses = 1.0, [], []
    for epoch in range(EPOCHS):
        factor = schedule(epoch)
        noise = 1 + 0.1 * factor * rng.normal()
        loss = 0.6 * factor + 0.85 * (loss - 0.6 * factor)
        factors.append(factor)
        losses.append(loss * noise)
        schedule.observe(losses[-1])
    return np.array(factors), np.array(losses)


def _draw_all(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for draw, name in ((_draw_schedules, "schedules.png"), (_draw_search, "lr_find.png")):
        draw(directory / name)
        print(directory / name)


def _draw_schedules(path: Path) -> None:
    from experiments.style import new_figure, save, style

    with style():
        figure = new_figure(13.2, 5.4, spacing=0.08)
        grid = figure.subplots(2, 5, sharex=True, sharey=True)
        for axes, panel in zip(grid.flat, PANELS, strict=True):
            _draw_panel(axes, panel)
        for axes in grid[-1]:
            axes.set_xlabel("step")
        for axes in grid[:, 0]:
            axes.set_ylabel("factor")
        save(figure, path)


def _draw_search(path: Path) -> None:
    """A row of the benchmark table: its data, and its network."""
    from experiments.style import MUTED, TEST, TRAINING, new_figure, save, style, title
    from experiments.tasks import TASKS
    from nn import NeuralNetwork

    task = next(task for task in TASKS if task.name == "two_moons_large")
    data = task.data.draw(np.random.default_rng(0))
    network = NeuralNetwork(2, task.layers, task.loss, seed=0)
    with style():
        figure = new_figure(9.6, 4.2)
        panels = figure.subplots(1, 2)
        for axes, optimizer in zip(panels, ("sgd", "adam"), strict=True):
            search = network.lr_find(data.X_train, data.y_train, optimizer=optimizer)
            search.plot(axes)
            for line, color in zip(axes.lines, (MUTED, TRAINING, TEST), strict=True):
                line.set_color(color)
            axes.legend()  # in these colors
            title(
                axes, task.title, {"sgd": "stochastic gradient descent", "adam": "Adam"}[optimizer]
            )
        save(figure, path)


def _draw_panel(axes: Any, panel: Panel) -> None:
    from experiments.style import MUTED, TRAINING, title
    from nn.schedule_names import schedule_named
    from nn.schedules import Cosine, Polynomial

    steps = np.arange(STEPS)
    dashed: dict[str, Callable[[Any], Any]] = {
        "polynomial": Polynomial(STEPS, power=2),
        "cosine": Cosine(STEPS, final=0.2),
    }
    if panel.name == "reduce_on_plateau":
        factors, losses = plateau()
        epochs = np.arange(EPOCHS) * STEPS / EPOCHS
        axes.plot(epochs, losses, color=MUTED, linewidth=1, alpha=0.8)
        axes.step(epochs, factors, where="post", color=TRAINING)
    else:
        axes.plot(steps, schedule_named(panel.name, STEPS)(steps), color=TRAINING)
    if panel.name in dashed:
        axes.plot(steps, dashed[panel.name](steps), color=TRAINING, linestyle=(0, (3, 2)), lw=1.3)
    axes.set(xlim=(0, STEPS), ylim=(-0.03, 1.05))
    axes.grid(True)
    title(axes, panel.name, panel.subtitle)
