"""A row of the table over all its seeds: what the table, the report and the JSON are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.distributions import Limit
from experiments.statistics import Mean, mean_of
from experiments.tasks import Metric, Reported

__all__ = ["Peer", "Row"]


@dataclass(frozen=True)
class Peer:
    """What another library made of the same network on the same data.

    Attributes
    ----------
    seeds : list of int
    training, test : list of float
        Figures, one for each seed.
    seconds, our_seconds : list of float
        Time on one core that it took for the training, and ours in the same process, next to it.
    """

    seeds: list[int]
    training: list[float]
    test: list[float]
    seconds: list[float]
    our_seconds: list[float]

    @property
    def time_ratio(self) -> float:
        """Its time as a multiple of ours, the median over the seeds."""
        return float(np.median(np.divide(self.seconds, self.our_seconds)))


@dataclass(frozen=True)
class Row:
    """The figures of one row, seed by seed, beside the document's, the limit and other libraries'.

    Attributes
    ----------
    name, title : str
    metric : {"accuracy", "mse"}
    settings : dict
        Of the task, see `Task.settings`.
    reported : Reported or None
        The document's figures.
    limit : Limit or None
    seeds : list of int
    training, test : list of float
        Accuracies or mean squared errors, one for each seed.
    seconds : list of float
        Time on one core spent in ``fit``.
    peers : dict of str to Peer
        By the name of the library.
    course : dict or None
        The curves of the first seed.
    """

    name: str
    title: str
    metric: Metric
    settings: dict[str, Any]
    reported: Reported | None
    limit: Limit | None
    seeds: list[int]
    training: list[float]
    test: list[float]
    seconds: list[float]
    peers: dict[str, Peer] = field(default_factory=dict)
    course: dict[str, Any] | None = None

    @property
    def training_mean(self) -> Mean:
        """Mean training figure over the seeds."""
        return mean_of(self.training)

    @property
    def test_mean(self) -> Mean:
        """Mean test figure over the seeds."""
        return mean_of(self.test)

    @property
    def gap(self) -> float | None:
        """How far the mean test figure is from the limit, positive if it is worse.

        For accuracies their difference, for mean squared errors the excess relative to the limit.
        """
        if self.limit is None:
            return None
        if self.metric == "accuracy":
            return self.limit.value - self.test_mean.value
        return self.test_mean.value / self.limit.value - 1

    def as_json(self) -> dict[str, Any]:
        """All of it, with the means that follow from it, for JSON."""
        return {
            "title": self.title,
            "metric": self.metric,
            "settings": self.settings,
            "document": None if self.reported is None else vars(self.reported),
            "limit": None if self.limit is None else self.limit._asdict(),
            "gap": self.gap,
            "mean": {
                "training": self.training_mean._asdict(),
                "test": self.test_mean._asdict(),
            },
            "seeds": self.seeds,
            "training": self.training,
            "test": self.test,
            "seconds": self.seconds,
            "peers": {
                name: {
                    **vars(peer),
                    "mean": {
                        "training": mean_of(peer.training)._asdict(),
                        "test": mean_of(peer.test)._asdict(),
                    },
                    "time_ratio": peer.time_ratio,
                }
                for name, peer in self.peers.items()
            },
            "course": self.course,
        }

    @staticmethod
    def from_json(name: str, content: Mapping[str, Any]) -> Row:
        """The row that `as_json` was called on."""
        document, limit = content["document"], content["limit"]
        peers = {
            peer: Peer(**{key: values[key] for key in Peer.__dataclass_fields__})
            for peer, values in content["peers"].items()
        }
        return Row(
            name,
            content["title"],
            content["metric"],
            content["settings"],
            None if document is None else Reported(**document),
            None if limit is None else Limit(**limit),
            content["seeds"],
            content["training"],
            content["test"],
            content["seconds"],
            peers,
            content["course"],
        )
