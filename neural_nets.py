"""The network under its short name: ``from neural_nets import NeuralNetwork``."""

from nn import NeuralNetwork

__all__ = ["NeuralNetwork"]
