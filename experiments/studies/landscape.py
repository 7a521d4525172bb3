"""The loss along the line between two solutions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.studies.descent import Problem, descend, problem_of
from experiments.studies.study import Numbers, Study

__all__ = ["STUDY"]

POINTS, EPOCHS = 2_000, 80
BATCH = 32
POSITIONS = 61


def measure(quick: bool) -> Numbers:
    """Two networks from different weights on the same data, and two stages of one of them."""
    epochs = 2 if quick else EPOCHS
    problem = problem_of("xor", points=POINTS, seed=0, weights=0)
    half_way = _train(problem, epochs // 2, seed=0)
    first = _train(problem, epochs - epochs // 2, seed=1)
    other = problem_of("xor", points=POINTS, seed=0, weights=1)
    second = _train(other, epochs, seed=2)
    matched = _matched(problem, first, second)
    positions = np.linspace(-0.25, 1.25, 7 if quick else POSITIONS)
    lines = {
        "other_weights": _line(problem, first, second, positions),
        "matched": _line(problem, first, matched, positions),
        "same_run": _line(problem, half_way, first, positions),
    }
    return {"positions": positions.tolist(), "epochs": epochs, "lines": lines}


def _train(problem: Problem, epochs: int, seed: int) -> NDArray:
    descend(problem, epochs * (POINTS // BATCH), batch_size=BATCH, rng=np.random.default_rng(seed))
    return problem.buffer.copy()


def _line(problem: Problem, start: NDArray, end: NDArray, positions: NDArray) -> Numbers:
    """Loss and test accuracy along a line, and how far the loss rises above both of its ends."""
    losses, accuracies = [], []
    for position in positions:
        problem.buffer.assign((1 - position) * start + position * end)
        losses.append(problem.loss())
        accuracies.append(problem.test_accuracy())
    ends = [float(np.interp(end, positions, losses)) for end in (0.0, 1.0)]
    between = [loss for loss, position in zip(losses, positions, strict=True) if 0 <= position <= 1]
    return {
        "losses": losses,
        "test_accuracies": accuracies,
        "distance": float(np.linalg.norm(end - start)),
        "barrier": max(0.0, max(between) - max(ends)),
        "lowest_accuracy": min(
            accuracy
            for accuracy, position in zip(accuracies, positions, strict=True)
            if 0 <= position <= 1
        ),
    }


def _matched(problem: Problem, first: NDArray, second: NDArray) -> NDArray:
    """The second solution with its hidden units in the order and with the signs of the first.

    Exchanging hidden units changes nothing about what a network computes, and neither does turning
    the sign of everything that goes into a tanh and of everything that comes out of it (Chen, Lu &
    Hecht-Nielsen, 1993). Layer by layer, units are assigned so that their activations on the
    training points agree best (Ainsworth, Hayase & Srinivasa, 2023).
    """
    from scipy.optimize import linear_sum_assignment

    problem.buffer.assign(first)
    targets = _activations(problem)
    problem.buffer.assign(second)
    parameters = problem.network.parameters()
    for layer, target in enumerate(targets):
        own = _activations(problem)[layer]
        agreement = target.T @ own
        units, chosen = linear_sum_assignment(-np.abs(agreement))
        signs = np.sign(agreement[units, chosen]).astype(own.dtype)
        weight, bias, following = parameters[2 * layer : 2 * layer + 3]
        weight.assign(weight.data[:, chosen] * signs)
        bias.assign(bias.data[chosen] * signs)
        following.assign(following.data[chosen] * signs[:, None])
    return problem.buffer.copy()


def _activations(problem: Problem) -> list[NDArray]:
    """Of the hidden layers, on the training points."""
    parameters = [parameter.data for parameter in problem.network.parameters()]
    values, result = problem.X, []
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        values = np.tanh(values @ weight + bias)
        result.append(values)
    return result


def conclude(numbers: Mapping[str, Any]) -> str:
    """The barriers of the three lines."""
    other, matched, same = (
        numbers["lines"][name] for name in ("other_weights", "matched", "same_run")
    )
    return (
        f"Two solutions from different weights are separated: on the straight line between them "
        f"the "
        f"loss rises by {other['barrier']:.2g} nats above both ends and the accuracy falls to "
        f"{other['lowest_accuracy']:.1%}; once the hidden units of one are put into the order, and "
        f"given the signs, of the other's, which changes nothing about what it computes, the "
        f"rise is "
        f"{matched['barrier']:.2g} nats. Between two stages of one training, half of the epochs "
        f"apart, it is {same['barrier']:.2g}: most of the wall is the symmetry of the network, and "
        "gradient descent moves along a valley."
    )


def draw(numbers: Mapping[str, Any], path: Path) -> None:
    """Loss and accuracy along the lines."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    from experiments.style import (
        INK,
        class_color,
        legend,
        new_figure,
        plain_number,
        save,
        style,
        title,
    )

    names = {
        "other_weights": ("other weights at the start", "-"),
        "matched": ("the same, hidden units matched", "--"),
        "same_run": ("one training, two stages", "-."),
    }
    with style():
        figure = new_figure(9.6, 4.0, spacing=0.08)
        left, right = figure.subplots(1, 2)
        for index, (name, (label, linestyle)) in enumerate(names.items()):
            line = numbers["lines"][name]
            look: dict[str, Any] = {"color": class_color(index), "linestyle": linestyle}
            left.plot(numbers["positions"], line["losses"], label=label, **look)
            right.plot(numbers["positions"], np.multiply(100, line["test_accuracies"]), **look)
        left.set(ylabel="loss over all points (nats)", yscale="log")
        left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        left.yaxis.set_major_formatter(FuncFormatter(plain_number))
        left.yaxis.set_minor_locator(NullLocator())
        right.set(ylabel="test accuracy (%)")
        for axes in (left, right):
            axes.set(xlabel="position (0: one solution, 1: the other)", xlim=(-0.25, 1.25))
            for end in (0, 1):
                axes.axvline(end, color=INK, lw=0.8, linestyle=":")
            axes.grid(True)
        title(left, "Between two solutions", "weights mixed linearly")
        title(right, "", "the same mixtures")
        legend(figure, [left])
        save(figure, path)


STUDY = Study(
    "landscape",
    "The loss between two solutions",
    "Two networks learn the exclusive or from different weights, on the same points; the loss is "
    "measured "
    "along the straight line from one to the other, and beyond both.",
    measure,
    draw,
    conclude,
    "Loss and accuracy where the weights are a mixture of two solutions.",
    size=2_500,
)
