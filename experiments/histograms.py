"""How the weights of each layer, and their gradients, are distributed over the epochs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.datasets import Dataset
from nn import Linear, Module

__all__ = ["LayerHistograms", "Snapshots"]

BINS = 40
GRADIENT_POINTS = 1_024
SMALLEST_GRADIENT = 1e-8


@dataclass(frozen=True)
class LayerHistograms:
    """One layer's histograms, one row for each epoch.

    Attributes
    ----------
    weight_edges : list of float
        Bounds of the bins of the weights.
    weights : list of list of int
        How many weights are in each bin, after each epoch.
    gradient_edges : list of float
        Bounds of the bins of the gradients: decimal logarithms of their absolute values.
    gradients : list of list of int
        How many entries of the gradient are in each bin; the lowest holds all that are smaller.
    """

    weight_edges: list[float]
    weights: list[list[int]]
    gradient_edges: list[float]
    gradients: list[list[int]]


class Snapshots:
    """Copies of weights and gradients, taken epoch after epoch."""

    def __init__(self) -> None:
        self._weights: list[list[NDArray]] = []
        self._gradients: list[list[NDArray]] = []

    def take(self, model: Module, loss: Callable[[Any, Any], Any], dataset: Dataset) -> None:
        """Copy the weights of every layer, and their gradient over the first training points.

        Parameters
        ----------
        model : Module
            Holds `Linear` layers. Its gradients are gone afterwards.
        loss : callable
            From logits and targets to the mean loss.
        dataset : Dataset
            The gradient is that of the mean loss over its first 1,024 training points.
        """
        layers = [module for module in model.modules() if isinstance(module, Linear)]
        dtype = layers[0].weight.data.dtype
        X = dataset.X_train[:GRADIENT_POINTS].astype(dtype)
        model.zero_grad()
        loss(model(X), dataset.y_train[:GRADIENT_POINTS]).backward()
        self._weights.append([layer.weight.data.ravel().copy() for layer in layers])
        self._gradients.append([np.ravel(layer.weight.grad).copy() for layer in layers])
        model.zero_grad()

    def histograms(self) -> list[LayerHistograms]:
        """One entry for each layer."""
        by_layer = zip(
            zip(*self._weights, strict=True), zip(*self._gradients, strict=True), strict=True
        )
        return [_layer_histograms(weights, gradients) for weights, gradients in by_layer]


def _layer_histograms(
    weights: tuple[NDArray, ...], gradients: tuple[NDArray, ...]
) -> LayerHistograms:
    reach = 1.02 * max(float(np.abs(epoch).max()) for epoch in weights)
    sizes = [np.log10(np.maximum(np.abs(epoch), SMALLEST_GRADIENT)) for epoch in gradients]
    # Most of the picture would be empty if single entries that all but vanish set its bounds.
    lowest = min(float(np.quantile(epoch, 0.02)) for epoch in sizes)
    highest = max(float(epoch.max()) for epoch in sizes) + 0.05
    weight_edges = np.linspace(-reach, reach, BINS + 1)
    gradient_edges = np.linspace(min(lowest, highest - 1), highest, BINS + 1)
    return LayerHistograms(
        weight_edges.tolist(),
        [np.histogram(epoch, weight_edges)[0].tolist() for epoch in weights],
        gradient_edges.tolist(),
        [
            np.histogram(np.maximum(epoch, gradient_edges[0]), gradient_edges)[0].tolist()
            for epoch in sizes
        ],
    )
