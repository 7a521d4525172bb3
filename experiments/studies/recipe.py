"""What keeps plain gradient descent from the limit: the learning rate, the points, the noise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.statistics import mean_of
from experiments.studies.descent import descend, distribution_of, problem_of
from experiments.studies.study import Numbers, Study
from nn.schedules import Cosine

__all__ = ["STUDY"]

SEEDS, BATCH = 4, 32
PROBLEMS = {"xor": "XOR", "two_moons_large": "Two moons (large net)"}


class Recipe(NamedTuple):
    """Settings, and what to call them in the picture.

    Attributes
    ----------
    title : str
    points : int
    learning_rate : float
    epochs : int
    decays : bool
        Along half a cosine, down to nothing.
    """

    title: str
    points: int
    learning_rate: float
    epochs: int
    decays: bool


# Each differs from the one before in one thing.
RECIPES = (
    Recipe("rate 0.01,\n1,000 points", 1_000, 0.01, 200, False),
    Recipe("rate 0.1,\n1,000 points", 1_000, 0.1, 200, False),
    Recipe("rate 0.1,\n5,000 points", 5_000, 0.1, 100, False),
    Recipe("rate decays,\n5,000 points", 5_000, 0.1, 100, True),
)


def measure(quick: bool) -> Numbers:
    """Test accuracy with each recipe, for both problems."""
    seeds = 2 if quick else SEEDS
    numbers: Numbers = {"recipes": [recipe.title for recipe in RECIPES], "problems": {}}
    for name in PROBLEMS:
        limit = distribution_of(name).limit.value
        accuracies = [
            [_test_accuracy(name, recipe, seed, quick=quick) for seed in range(seeds)]
            for recipe in RECIPES
        ]
        numbers["problems"][name] = {
            "limit": limit,
            "test": [mean_of(own)._asdict() for own in accuracies],
        }
    return numbers


def _test_accuracy(name: str, recipe: Recipe, seed: int, *, quick: bool) -> float:
    problem = problem_of(name, points=recipe.points, seed=seed)
    steps = 20 if quick else recipe.epochs * (recipe.points // BATCH)
    descend(
        problem,
        steps,
        batch_size=BATCH,
        learning_rate=recipe.learning_rate,
        schedule=Cosine(steps) if recipe.decays else None,
        rng=np.random.default_rng(seed),
    )
    return problem.test_accuracy()


def conclude(numbers: Mapping[str, Any]) -> str:
    """The gap to the limit, recipe by recipe."""
    xor, moons = (
        [_points(problem["limit"] - mean["value"]) for mean in problem["test"]]
        for problem in numbers["problems"].values()
    )
    return (
        f"With the learning rate of the document's examples, 0.01, and 1,000 points the moons are "
        f"{moons[0]} points short of the limit after 200 epochs and the exclusive or {xor[0]}; ten "
        f"times the rate leaves {moons[1]} and {xor[1]} after as many steps, so what the small "
        f"rate "
        f"lacks is progress, not precision. Of the rest, 5,000 points leave {moons[2]} and "
        f"{xor[2]}, "
        f"and a rate that also decays to nothing {moons[3]} and {xor[3]}."
    )


def _points(difference: float) -> str:
    # No difference that is rounded away has a sign.
    text = f"{100 * difference:.2f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def draw(numbers: Mapping[str, Any], path: Path) -> None:
    """The gap to the limit, recipe by recipe."""
    from experiments.style import (
        MUTED,
        class_color,
        class_marker,
        legend,
        new_figure,
        save,
        style,
        title,
    )

    places = np.arange(len(numbers["recipes"]))
    with style():
        figure = new_figure(7.4, 4.4)
        axes = figure.subplots()
        for index, (name, problem) in enumerate(numbers["problems"].items()):
            gaps = [100 * (problem["limit"] - mean["value"]) for mean in problem["test"]]
            halves = [100 * (mean["half_width"] or 0) for mean in problem["test"]]
            axes.errorbar(
                places + 0.1 * (index - 0.5),
                gaps,
                yerr=halves,
                fmt=class_marker(index),
                color=class_color(index),
                capsize=3,
                label=PROBLEMS[name],
            )
        axes.axhline(0.3, color=MUTED, lw=1.0, linestyle=":", label="0.3 points")
        axes.set(ylim=(0, None), ylabel="missing to the limit (points)")
        axes.set_xticks(places, numbers["recipes"])
        axes.grid(True, axis="y")
        title(axes, "What the recipe decides", "means and 95% intervals over the seeds")
        legend(figure, [axes])
        save(figure, path)


STUDY = Study(
    "recipe",
    "How close plain gradient descent comes to the limit",
    f"The networks of the exclusive or and of the moons, batches of {BATCH}, {SEEDS} seeds: "
    f"first with the "
    "learning rate of the document's examples, then with one change after the other.",
    measure,
    draw,
    conclude,
    "Test accuracy missing to the best possible one, recipe by recipe.",
    size=48_000,
)
