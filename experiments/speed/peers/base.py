"""What a subject of the measurements is, and what a peer is: one that trains the network."""

from __future__ import annotations

import importlib
import importlib.util
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.speed.problems import Problem

__all__ = ["Peer", "Runner", "Subject", "Trainer", "core_count", "load"]


class Runner(Protocol):
    """What is timed: something that goes on by a number of steps."""

    def run(self, steps: int) -> float:
        """Go on by `steps` batches, going round the epoch, and wait for the end."""
        ...


class Trainer(Runner, Protocol):
    """A network in the middle of its training, as one peer holds it."""

    def run(self, steps: int) -> float:
        """Train on the next `steps` batches, going round the epoch, and wait for the end.

        Every step computes the value of its loss. ``run(1)`` returns it, as it was before the
        update; for more steps the return value is a loss that the peer has at hand (of the
        last step, or a mean), and nobody relies on which.
        """
        ...

    def parameters(self) -> Sequence[NDArray[np.floating]]:
        """Weight, bias, weight, bias, ... with each weight of shape (inputs, outputs)."""
        ...


class Subject(ABC):
    """Something that can be measured on a problem, in a process of its own.

    Attributes
    ----------
    name : str
        What the measured process and the saved results call it.
    title : str
        What the tables call it.
    requires : tuple of str
        Importable modules it needs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()

    def available(self) -> bool:
        """Whether everything it needs is installed."""
        return all(importlib.util.find_spec(module) is not None for module in self.requires)

    @abstractmethod
    def build(self, problem: Problem) -> Runner:
        """Make it ready for its first step."""


class Peer(Subject):
    """One way to train the network.

    Attributes
    ----------
    by_default : bool
        Whether it is measured when ``--peers`` is not given.
    """

    by_default: ClassVar[bool] = True

    @abstractmethod
    def build(self, problem: Problem) -> Trainer:
        """A trainer that stands at the problem's starting weights and its first batch."""


def load(module: str) -> Any:
    """Import a peer's library where it is used, so that an absent one disturbs nobody."""
    return importlib.import_module(module)


def core_count() -> int:
    """Number of cores this process may use; every peer's thread pool gets as many threads."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
