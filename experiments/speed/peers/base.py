"""What a peer is: something that trains the problem's network by gradient descent."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.speed.problems import Problem

__all__ = ["Peer", "Trainer", "core_count", "load"]


class Trainer(Protocol):
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


class Peer(ABC):
    """One way to train the network.

    Attributes
    ----------
    name : str
        What ``--peers`` calls it.
    title : str
        What the table calls it.
    requires : tuple of str
        Importable modules it needs.
    by_default : bool
        Whether it is measured when ``--peers`` is not given.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    by_default: ClassVar[bool] = True

    def available(self) -> bool:
        """Whether everything the peer needs is installed."""
        return all(importlib.util.find_spec(module) is not None for module in self.requires)

    def versions(self) -> dict[str, str]:
        """Versions of the distributions that provide the required modules."""
        providers = importlib.metadata.packages_distributions()
        return {
            name: importlib.metadata.version(name)
            for module in self.requires
            for name in sorted(set(providers.get(module.partition(".")[0], ())))
        }

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
