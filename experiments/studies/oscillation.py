"""Why the loss of the exclusive or oscillates near convergence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.studies.descent import Problem, descend, problem_of
from experiments.studies.study import Numbers, Study

__all__ = ["STUDY"]

POINTS = 2_000
BATCH, LEARNING_RATE = 32, 0.1
STEPS_BEFORE, STEPS_SHOWN = 2_520, 1_000


def measure(quick: bool) -> Numbers:
    """Go on from the same trained network with mini-batches, and with all points."""
    problem = problem_of("xor", points=POINTS, seed=0)
    before, shown = (60, 40) if quick else (STEPS_BEFORE, STEPS_SHOWN)
    descend(problem, before, batch_size=BATCH, rng=np.random.default_rng(0))
    trained = problem.buffer.copy()
    numbers: Numbers = {"batch_size": BATCH, "points": POINTS, "learning_rate": LEARNING_RATE}
    for name, size in (("mini_batch", BATCH), ("full_batch", POINTS)):
        problem.buffer.assign(trained)
        numbers[name] = _go_on(problem, size, shown)
    return numbers


def _go_on(problem: Problem, size: int, steps: int) -> Numbers:
    losses, batch_losses = [problem.loss()], []

    def look(step: int, batch_loss: float) -> None:
        losses.append(problem.loss())
        batch_losses.append(batch_loss)

    descend(
        problem,
        steps,
        batch_size=size,
        learning_rate=LEARNING_RATE,
        rng=np.random.default_rng(1),
        after_step=look,
    )
    return _summary(np.array(losses), np.array(batch_losses))


def _summary(losses: NDArray, batch_losses: NDArray) -> Numbers:
    changes = np.diff(losses)
    steps = np.arange(len(losses))
    trend = np.polyval(np.polyfit(steps, losses, 1), steps)
    worst = np.argsort(changes)[-max(1, len(changes) // 50) :]
    varies = bool(np.std(changes) > 0 and np.std(batch_losses) > 0)
    return {
        "losses": losses.tolist(),
        "batch_losses": batch_losses.tolist(),
        "deviation_from_trend": float(np.std(losses - trend)),
        "share_of_rises": float(np.mean(changes > 0)),
        "mean_batch_loss": float(batch_losses.mean()),
        "batch_loss_of_largest_rises": float(batch_losses[worst].mean()),
        "correlation": float(np.corrcoef(batch_losses, changes)[0, 1]) if varies else 0.0,
    }


def conclude(numbers: Mapping[str, Any]) -> str:
    """Mini-batches against all points."""
    mini, full = numbers["mini_batch"], numbers["full_batch"]
    ratio = mini["deviation_from_trend"] / full["deviation_from_trend"]
    return (
        f"From the same network and with the same learning rate, {mini['share_of_rises']:.0%} of "
        f"the "
        f"steps on batches of {numbers['batch_size']} raise the loss over all "
        f"{numbers['points']:,} "
        f"points, and it scatters {ratio:.0f} times as far around its trend as with steps on all "
        f"points at once, of which {full['share_of_rises']:.0%} raise it: the oscillation is the "
        "noise of the gradient estimates, and not a learning rate that is too large for the loss "
        f"itself. A batch says little about what its step does to the rest (the correlation of its "
        f"loss with the change is {mini['correlation']:.2f}), but the spikes are the steps on "
        f"batches with unusual points: the loss on the batches behind the largest 2% of all rises "
        f"is {mini['batch_loss_of_largest_rises']:.3f}, that on all batches "
        f"{mini['mean_batch_loss']:.3f}."
    )


def draw(numbers: Mapping[str, Any], path: Path) -> None:
    """The loss over all points step by step, and what single steps did to it."""
    from experiments.style import INK, TEST, TRAINING, legend, new_figure, save, style, title

    mini, full = numbers["mini_batch"], numbers["full_batch"]
    with style():
        figure = new_figure(9.6, 4.0, spacing=0.08)
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.plot(
            mini["losses"], color=TRAINING, lw=1.0, label=f"batches of {numbers['batch_size']}"
        )
        left.plot(full["losses"], color=TEST, lw=2.2, linestyle="--", label="all points")
        left.set(xlabel="step", ylabel="loss over all points (nats)", xlim=(0, len(mini["losses"])))
        left.grid(True)
        title(left, "XOR near convergence", "the same network, two ways to go on")
        changes = 1e3 * np.diff(mini["losses"])
        right.axhline(0, color=INK, lw=0.8)
        right.plot(
            mini["batch_losses"], changes, "o", color=TRAINING, markersize=3, alpha=0.5, mew=0
        )
        right.set(xlabel="loss on the batch (nats)", ylabel="change over all points (0.001 nats)")
        right.grid(True)
        title(right, "What one step does", f"correlation {mini['correlation']:.2f}")
        legend(figure, [left])
        save(figure, path)


STUDY = Study(
    "oscillation",
    "Why the XOR loss oscillates",
    "The document shows a loss of the exclusive or that oscillates near convergence, with "
    "spikes, and names "
    "mini-batches as the cause. Here a network that has nearly converged goes on with "
    "mini-batches, and "
    "once more, from the same weights, with all points in every step.",
    measure,
    draw,
    conclude,
    "Left: the loss over all points after every step. Right: each step on a mini-batch.",
    size=2_000,
)
