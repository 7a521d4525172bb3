"""What a user waits for outside training: one prediction, and the import."""

from __future__ import annotations

import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.speed.problems import Network, make_problem
from experiments.speed.processes import environment

__all__ = ["Comparison", "bare_predict", "measure_import", "measure_predict"]

# `nn` must not pull these in: each of them takes longer to import than NumPy.
UNWANTED_IMPORTS = ("matplotlib", "scipy", "sklearn")


@dataclass
class Comparison:
    """Two times measured in turn.

    Attributes
    ----------
    name, reference_name : str
        What is measured, and what it is measured against.
    microseconds, reference_microseconds : list of float
        One entry for each round.
    unwanted_imports : list of str
        Modules that were imported and should not have been.
    """

    name: str
    reference_name: str
    microseconds: list[float] = field(default_factory=list)
    reference_microseconds: list[float] = field(default_factory=list)
    unwanted_imports: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median over the rounds, in microseconds."""
        return statistics.median(self.microseconds)

    @property
    def reference_median(self) -> float:
        """Median of the reference over the rounds, in microseconds."""
        return statistics.median(self.reference_microseconds)

    @property
    def ratio(self) -> float:
        """Median over the rounds of the time divided by the reference's time."""
        rounds = zip(self.microseconds, self.reference_microseconds, strict=True)
        return statistics.median(time / reference for time, reference in rounds)


def measure_predict(network: Network, *, rounds: int, seconds: float) -> Comparison:
    """`NeuralNetwork.predict` of one sample beside the same arithmetic in bare NumPy.

    Both are given a float32 array of shape (features,), and return a Python int.

    Parameters
    ----------
    network : Network
    rounds : int
    seconds : float
        How long one measurement of one of the two goes on.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the two do not predict the same classes.
    """
    problem = make_problem(network)
    is_binary = network.is_binary
    layer_spec = [[width, "tanh"] for width in network.widths[1:-1]]
    layer_spec.append([network.widths[-1], "sigmoid" if is_binary else "softmax"])
    neural_network = importlib.import_module("nn").NeuralNetwork(
        input_dim=network.widths[0],
        layer_spec=layer_spec,
        loss_func="binary_log_loss" if is_binary else "multiclass_log_loss",
        seed=0,
    )
    parameters = [np.array(parameter.data) for parameter in neural_network.model.parameters()]
    bare = bare_predict(parameters, is_binary=is_binary)
    samples = problem.inputs[0]
    predicted = [neural_network.predict(sample) for sample in samples]
    expected = [bare(sample) for sample in samples]
    if predicted != expected:
        raise ValueError(f"predictions {predicted} differ from those in bare NumPy, {expected}")

    comparison = Comparison(f"NeuralNetwork.predict, {network.title}", "bare NumPy")
    for _ in range(rounds):
        comparison.reference_microseconds.append(_microseconds(bare, samples[0], seconds))
        comparison.microseconds.append(_microseconds(neural_network.predict, samples[0], seconds))
    return comparison


def bare_predict(
    parameters: list[NDArray[np.floating]], *, is_binary: bool
) -> Callable[[NDArray[np.floating]], int]:
    """The class of a sample in as few NumPy calls as it takes.

    Parameters
    ----------
    parameters : list of ndarray
        Weight of shape (inputs, outputs), bias, weight, bias, ...
    is_binary : bool

    Returns
    -------
    callable
        From a sample of shape (features,) to its class as an int.

    Examples
    --------
    >>> weight, bias = np.array([[1.0, -1.0]]), np.array([0.0, 0.5])
    >>> bare_predict([weight, bias], is_binary=False)(np.array([0.1]))
    1
    """
    *hidden, (weight, bias) = zip(parameters[::2], parameters[1::2], strict=True)
    dot, tanh = np.dot, np.tanh

    def predict(sample: NDArray[np.floating]) -> int:
        values = sample
        for hidden_weight, hidden_bias in hidden:
            values = tanh(dot(values, hidden_weight) + hidden_bias)
        # Sigmoid and softmax keep the order of the logits, so the class needs neither.
        logits = dot(values, weight) + bias
        return int(logits[0] > 0) if is_binary else int(logits.argmax())

    return predict


def _microseconds(function: Callable[[Any], Any], argument: Any, seconds: float) -> float:
    """Median time of a call over blocks of 100 calls."""
    calls = range(100)
    blocks: list[float] = []
    end = time.perf_counter() + seconds
    while len(blocks) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in calls:
            function(argument)
        blocks.append((time.perf_counter() - begin) / len(calls))
    return 1e6 * statistics.median(blocks)


def measure_import(module: str, reference: str, *, rounds: int) -> Comparison:
    """The import of `module` beside that of `reference`, each in a fresh interpreter.

    The start of the interpreter is not counted.

    Parameters
    ----------
    module, reference : str
        Names of importable modules.
    rounds : int

    Returns
    -------
    Comparison
    """
    comparison = Comparison(f"import {module}", f"import {reference}")
    _import(module)  # writes the bytecode caches
    _import(reference)
    for _ in range(rounds):
        comparison.reference_microseconds.append(_import(reference)[0])
        microseconds, comparison.unwanted_imports = _import(module)
        comparison.microseconds.append(microseconds)
    return comparison


IMPORT_SCRIPT = """
import sys, time
begin = time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - begin, *(name for name in sys.argv[2:] if name in sys.modules))
"""


def _import(module: str) -> tuple[float, list[str]]:
    """Microseconds that the import takes, and the unwanted modules that came with it."""
    completed = subprocess.run(
        [sys.executable, "-c", IMPORT_SCRIPT, module, *UNWANTED_IMPORTS],
        capture_output=True,
        check=True,
        text=True,
        env=environment(),
    )
    seconds, *unwanted = completed.stdout.split()
    return 1e6 * float(seconds), unwanted
