"""The cost of a training step against the size of the network, and the products as its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from experiments.speed.comparison import Job, NetworkResult
from experiments.speed.problems import Network
from experiments.speed.products import PRODUCTS, operations_of

__all__ = ["PEERS_BY_SIZE", "QUICK_SWEEPS", "SWEEPS", "Sweep", "limit_of", "peers_of", "size_jobs"]

PEERS_BY_SIZE = (
    "numpy",
    "tensorgrad",
    "tensorgrad-replay",
    "tensorgrad-scan",
    "pytorch",
    "jax",
    "jax-scan",
)
"""Who is measured if nobody is asked for: those that are fastest at some size, and our own."""

OUTPUTS = 10
LONGEST_EPOCH = 32
# Arithmetic in the products of an epoch. Checking a peer takes some epochs, and the largest
# networks take a third of a second for one step.
OPERATIONS_PER_EPOCH = 2 * 10**9
# From here on a round takes seconds, and rounds differ by little.
MANY_OPERATIONS = 10**10


@dataclass(frozen=True)
class Sweep:
    """Networks of which one size grows: w-w-w-10, trained on batches of b rows.

    Attributes
    ----------
    axis : {"width", "batch"}
        What grows.
    fixed : int
        The other of the two.
    values : tuple of int
    """

    axis: Literal["width", "batch"]
    fixed: int
    values: tuple[int, ...]

    @property
    def title(self) -> str:
        """What is fixed, in words.

        Examples
        --------
        >>> Sweep("width", 32, (4, 16)).title
        'batches of 32'
        >>> Sweep("batch", 256, (1, 4)).title
        'width 256'
        """
        return f"batches of {self.fixed}" if self.axis == "width" else f"width {self.fixed}"

    def networks(self) -> list[Network]:
        """One network for each value.

        Examples
        --------
        >>> [network.name for network in Sweep("width", 32, (4, 16)).networks()]
        ['4-4-4-10:32', '16-16-16-10:32']
        """
        return [
            _network(value, self.fixed) if self.axis == "width" else _network(self.fixed, value)
            for value in self.values
        ]


def _network(width: int, batch: int) -> Network:
    network = Network((width, width, width, OUTPUTS), batch, batches=1)
    affordable = OPERATIONS_PER_EPOCH // operations_of(network)
    return Network(network.widths, batch, batches=max(1, min(LONGEST_EPOCH, affordable)))


WIDTHS = (4, 16, 64, 256, 1024, 4096)
BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
SWEEPS = (
    Sweep("width", 32, WIDTHS),
    Sweep("width", 256, WIDTHS),
    Sweep("batch", 256, BATCHES),
)
QUICK_SWEEPS = (Sweep("width", 32, (4, 64, 1024)), Sweep("batch", 64, (1, 32, 1024)))


def size_jobs(sweeps: Sequence[Sweep], peers: Sequence[str], *, rounds: int) -> list[Job]:
    """What to measure: the peers, and the products alone, on networks of many sizes.

    Parameters
    ----------
    sweeps : sequence of Sweep
    peers : sequence of str
    rounds : int
        How often everyone is measured on a network; on the largest it is twice.

    Returns
    -------
    list of Job
        One for each network, if sweeps have it in common too.

    Examples
    --------
    >>> jobs = size_jobs(SWEEPS, ["numpy"], rounds=5)
    >>> len(jobs), sum(len(sweep.values) for sweep in SWEEPS)
    (18, 19)
    >>> jobs[0].rounds, max(jobs, key=lambda job: operations_of(job.network)).rounds
    (5, 2)
    """
    products = [name for name, subject in PRODUCTS.items() if subject.available()]
    networks = dict.fromkeys(network for sweep in sweeps for network in sweep.networks())
    return [
        Job(
            network,
            (*peers, *products),
            rounds if operations_of(network) < MANY_OPERATIONS else min(rounds, 2),
        )
        for network in networks
    ]


def limit_of(result: NetworkResult) -> float | None:
    """Time of the products of one step alone, in microseconds, where they are fastest."""
    fastest = result.fastest(PRODUCTS)
    return None if fastest is None else result.median(fastest)


def peers_of(result: NetworkResult) -> list[str]:
    """Who trained; the products alone are no peer."""
    return [name for name in result.rounds if name not in PRODUCTS]
