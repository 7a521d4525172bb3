"""The check that a peer computes what the hand-written network computes.

A training step that leaves something out is fast. So each peer is trained beside the baseline
before it is measured, and one that arrives at another loss or other parameters is not measured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.speed.peers import Trainer
from experiments.speed.peers.handwritten import HandwrittenTrainer
from experiments.speed.problems import Problem

__all__ = ["Disagreement", "check_agreement"]

LOSS_TOLERANCE = 1e-5
# Of the change that training made to an array. Float32 sums taken in another order stay below
# 1e-4; a wrong term in a gradient shows as 1e-2 or more.
UPDATE_TOLERANCE = 1e-3


class Disagreement(Exception):
    """A peer computes another loss, or other parameters, than the hand-written network."""


def check_agreement(trainer: Trainer, problem: Problem, *, steps: int = 3) -> None:
    """Train a peer and the baseline side by side, and compare losses and parameters.

    After a few single steps both go on to the end of their epoch and through one whole epoch
    more, because that is the call that is measured and some peers treat it apart.

    Parameters
    ----------
    trainer : Trainer
        The peer, as its `build` returned it.
    problem : Problem
    steps : int
        Number of single steps whose losses are compared.

    Raises
    ------
    Disagreement
        Saying what differs, and by how much.
    """
    reference = HandwrittenTrainer(problem)
    for step in range(steps):
        loss, expected = trainer.run(1), reference.run(1)
        if not abs(loss - expected) <= LOSS_TOLERANCE * max(1.0, abs(expected)):
            raise Disagreement(f"loss of step {step + 1} is {loss:.8g}, expected {expected:.8g}")
    _compare_parameters(trainer, reference, problem, f"after {steps} steps")

    epoch_length = problem.network.batches
    for count in (-steps % epoch_length, epoch_length):
        trainer.run(count)
        reference.run(count)
    _compare_parameters(trainer, reference, problem, "after a whole epoch")


def _compare_parameters(trainer: Trainer, reference: Trainer, problem: Problem, when: str) -> None:
    expected_arrays = reference.parameters()
    arrays = trainer.parameters()
    if len(arrays) != len(expected_arrays):
        raise Disagreement(f"{len(arrays)} parameter arrays, expected {len(expected_arrays)}")
    starts = problem.starting_parameters()
    for position, (array, expected, start) in enumerate(
        zip(arrays, expected_arrays, starts, strict=True)
    ):
        label = f"{'bias' if position % 2 else 'weight'} of layer {position // 2 + 1}"
        if array.shape != expected.shape or array.dtype != expected.dtype:
            raise Disagreement(
                f"{label} is {array.dtype} of shape {array.shape}, "
                f"expected {expected.dtype} of shape {expected.shape}"
            )
        difference = _norm(array - expected)
        rounding = 4 * np.finfo(expected.dtype).eps * _norm(expected)
        allowed = UPDATE_TOLERANCE * _norm(expected - start) + rounding
        if not difference <= allowed:
            raise Disagreement(
                f"{label} {when} differs by {difference:.3g} (norm), at most {allowed:.3g} expected"
            )


def _norm(array: NDArray[np.floating]) -> float:
    return float(np.linalg.norm(array.astype(np.float64)))
