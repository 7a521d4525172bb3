"""The rows of the benchmark table, one entry each: data, network, settings, the document's figures.

A new row is a new entry of `TASKS`; the command line, the table, the pictures and the JSON read
everything from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from experiments.datasets import Shipped, Source, Synthetic, breast_cancer, diabetes, digits, wine
from experiments.distributions import (
    GaussianClusters,
    Limit,
    NoisySine,
    TwoMoons,
    clusters_on_circle,
)
from experiments.made_classification import MadeClassification

__all__ = ["TASKS", "Metric", "Reported", "Task", "task_named"]

Metric = Literal["accuracy", "mse"]


@dataclass(frozen=True)
class Reported:
    """Training and test figure as the document prints them, its rounding included.

    Examples
    --------
    >>> Reported("96.0%", "96.64%").values
    (0.96, 0.9664)
    >>> Reported("0.00818", "0.00822").values
    (0.00818, 0.00822)
    """

    training: str
    test: str

    @property
    def values(self) -> tuple[float, float]:
        """Both figures as numbers, accuracies as fractions."""
        return _number(self.training), _number(self.test)


@dataclass(frozen=True)
class Task:
    """One row of the table.

    Attributes
    ----------
    name : str
        The key in the JSON summary, and the name on the command line.
    title : str
        What the table and the pictures call it.
    data : Source
        Where its training and test set come from.
    layers : tuple of (int, str)
        Width and activation of each layer, the output last.
    loss : str
        The network's loss function.
    learning_rate : float
    epochs : int
    batch_size : int
    optimizer : {"sgd", "adam"}
    schedule : {None, "cosine"}
        Settings of the training: plain mini-batch gradient descent with a constant learning rate,
        if nothing else is said.
    reported : Reported or None
        The document's figures, for the rows that it has.
    """

    name: str
    title: str
    data: Source
    layers: tuple[tuple[int, str], ...]
    loss: str
    learning_rate: float
    epochs: int
    batch_size: int = 32
    optimizer: Literal["sgd", "adam"] = "sgd"
    schedule: Literal["cosine"] | None = None
    reported: Reported | None = None

    @property
    def metric(self) -> Metric:
        """What the row's figures are: accuracies, or mean squared errors."""
        return "mse" if self.loss == "l2" else "accuracy"

    @property
    def limit(self) -> Limit | None:
        """The best figure that any method can reach on average, where that is known.

        Examples
        --------
        >>> task_named("sine_regression").limit
        Limit(value=0.0081, method='closed form', error=0.0)
        """
        return self.data.limit

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what a run gives, but the seed: ready for JSON."""
        return {
            "data": self.data.description,
            "layers": [list(layer) for layer in self.layers],
            "loss": self.loss,
            "learning_rate": self.learning_rate,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }

    @property
    def recipe(self) -> str:
        """How the learning rate is used, in words.

        Examples
        --------
        >>> task_named("xor").recipe, task_named("two_moons_adam").recipe
        ('gradient descent', 'Adam, decaying rate')
        """
        optimizer = {"sgd": "gradient descent", "adam": "Adam"}[self.optimizer]
        return optimizer if self.schedule is None else f"{optimizer}, decaying rate"


_XOR = Synthetic(
    GaussianClusters([(1, 1), (-1, -1), (1, -1), (-1, 1)], labels=[0, 0, 1, 1], sigma=0.47)
)
_SINE = Synthetic(NoisySine(sigma=0.09))
_DIAGONAL = np.array([(-1, -1), (1, 1)]) / np.sqrt(2)
_MOONS = Synthetic(TwoMoons(sigma=0.2))

TASKS: tuple[Task, ...] = (
    Task(
        name="binary_gaussians",
        title="Binary Gaussians",
        # Six standard deviations apart, along the diagonal.
        data=Synthetic(GaussianClusters(3 * _DIAGONAL, labels=[0, 1], sigma=1.0)),
        layers=((4, "ReLU"), (1, "sigmoid")),
        loss="binary_log_loss",
        learning_rate=0.1,
        epochs=20,
        reported=Reported("99.90%", "99.85%"),
    ),
    Task(
        name="xor",
        title="XOR",
        data=_XOR,
        layers=((8, "tanh"), (8, "tanh"), (1, "sigmoid")),
        loss="binary_log_loss",
        learning_rate=0.1,
        epochs=50,
        reported=Reported("96.0%", "96.64%"),
    ),
    Task(
        name="two_moons_small",
        title="Two Moons (small net)",
        data=_MOONS,
        layers=((2, "ReLU"), (1, "sigmoid")),
        loss="binary_log_loss",
        learning_rate=0.1,
        epochs=40,
        reported=Reported("87.1%", "88.2%"),
    ),
    Task(
        name="two_moons_large",
        title="Two Moons (large net)",
        data=_MOONS,
        layers=((16, "tanh"), (16, "tanh"), (1, "sigmoid")),
        loss="binary_log_loss",
        # Batches of 32 end an epoch now and then in a spike of the error that costs a point.
        learning_rate=0.1,
        epochs=80,
        batch_size=100,
        reported=Reported("97.3%", "96.9%"),
    ),
    *(
        Task(
            name=f"multiclass_scale_{scale}",
            title=f"Multiclass, scale {scale}",
            data=Synthetic(clusters_on_circle(3, radius=2.5, sigma=scale)),
            layers=((8, "tanh"), (3, "softmax")),
            loss="multiclass_log_loss",
            learning_rate=0.1,
            epochs=20,
            reported=reported,
        )
        for scale, reported in (
            (0.5, Reported("100.00%", "99.98%")),
            (1.0, Reported("97.09%", "96.89%")),
            (1.5, Reported("87.67%", "86.64%")),
        )
    ),
    Task(
        name="sine_regression",
        title="Sine Regression",
        data=_SINE,
        layers=((32, "GeLU"), (32, "GeLU"), (1, "identity")),
        loss="l2",
        learning_rate=0.01,
        epochs=60,
        reported=Reported("0.00818", "0.00822"),
    ),
    Task(
        name="xor_decaying",
        title="XOR, decaying rate",
        data=_XOR,
        layers=((8, "tanh"), (8, "tanh"), (1, "sigmoid")),
        loss="binary_log_loss",
        learning_rate=0.1,
        epochs=50,
        schedule="cosine",
    ),
    Task(
        name="two_moons_adam",
        title="Two Moons, Adam",
        data=_MOONS,
        layers=((16, "tanh"), (16, "tanh"), (1, "sigmoid")),
        loss="binary_log_loss",
        learning_rate=0.01,
        epochs=40,
        batch_size=100,
        optimizer="adam",
        schedule="cosine",
    ),
    Task(
        name="sine_tanh",
        title="Sine, tanh net",
        data=_SINE,
        layers=((16, "tanh"), (16, "tanh"), (1, "identity")),
        loss="l2",
        learning_rate=0.1,
        epochs=60,
    ),
    Task(
        name="sine_tanh_decaying",
        title="Sine, tanh net, decaying rate",
        data=_SINE,
        layers=((16, "tanh"), (16, "tanh"), (1, "identity")),
        loss="l2",
        learning_rate=0.1,
        epochs=60,
        schedule="cosine",
    ),
    Task(
        name="breast_cancer",
        title="Breast cancer",
        data=Shipped(breast_cancer),
        layers=((16, "ReLU"), (1, "sigmoid")),
        loss="binary_log_loss",
        learning_rate=0.01,
        epochs=100,
    ),
    Task(
        name="wine",
        title="Wine cultivars",
        data=Shipped(wine),
        layers=((16, "ReLU"), (3, "softmax")),
        loss="multiclass_log_loss",
        learning_rate=0.01,
        epochs=100,
    ),
    Task(
        name="digits",
        title="Handwritten digits",
        data=Shipped(digits),
        layers=((64, "ReLU"), (10, "softmax")),
        loss="multiclass_log_loss",
        learning_rate=0.05,
        epochs=60,
    ),
    Task(
        name="diabetes",
        title="Diabetes progression",
        data=Shipped(diabetes),
        layers=((8, "tanh"), (1, "identity")),
        loss="l2",
        learning_rate=0.01,
        epochs=60,
    ),
    Task(
        name="made_classification",
        title="Made classification",
        data=MadeClassification(),
        layers=((64, "ReLU"), (32, "ReLU"), (1, "sigmoid")),
        loss="binary_log_loss",
        learning_rate=0.1,
        epochs=15,
    ),
)


def task_named(name: str) -> Task:
    """The row of that name.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> task_named("xor").title
    'XOR'
    """
    for task in TASKS:
        if task.name == name:
            return task
    raise ValueError(f"there is no row {name!r}; there are {', '.join(t.name for t in TASKS)}")


def _number(text: str) -> float:
    # Decimal arithmetic, because 96.64 / 100 is not the float nearest to 0.9664.
    return float(Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1))
