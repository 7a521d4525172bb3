"""The matrix products of a training step and nothing else: what no library gets below by BLAS.

They are those of backpropagation through fully connected layers. Of each layer there are the
output, X W, and the weight gradient, Xᵀ G; of each but the first the input gradient, G Wᵀ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.speed.agreement import Disagreement
from experiments.speed.peers.base import Runner, Subject, core_count, load
from experiments.speed.problems import Network, Problem

__all__ = ["PRODUCTS", "NumpyProducts", "PyTorchProducts", "check_products", "operations_of"]

Array = NDArray[np.floating]
Pair = tuple[Array, Array]

# Of the sum of n products of standard normal float32 numbers, over the square root of n.
TOLERANCE = 1e-4


class ProductRunner(Runner, Protocol):
    """The products of one step, again and again on the same arrays."""

    def results(self) -> Sequence[Array]:
        """The products, in the order of `operands`."""
        ...


class NumpyProducts(Subject):
    """`np.dot` into arrays that are allocated once."""

    name = "products-numpy"
    title = "products alone, NumPy"
    requires = ("numpy",)

    def build(self, problem: Problem) -> ProductRunner:
        """See `Subject.build`."""
        pairs = operands(problem)
        outputs = [np.empty((len(a), b.shape[1]), problem.dtype) for a, b in pairs]
        calls = [(a, b, out) for (a, b), out in zip(pairs, outputs, strict=True)]
        return _Products(np.dot, calls, lambda: outputs)


class PyTorchProducts(Subject):
    """`torch.mm` into tensors that are allocated once, and need no gradient."""

    name = "products-pytorch"
    title = "products alone, PyTorch"
    requires = ("torch",)

    def build(self, problem: Problem) -> ProductRunner:
        """See `Subject.build`."""
        torch = load("torch")
        torch.set_num_threads(core_count())
        calls = [
            (torch.from_numpy(a), torch.from_numpy(b), torch.empty(len(a), b.shape[1]))
            for a, b in operands(problem)
        ]
        return _Products(torch.mm, calls, lambda: [out.numpy() for _, _, out in calls])


class _Products:
    """See `ProductRunner`."""

    def __init__(
        self,
        multiply: Callable[..., Any],
        calls: list[tuple[Any, Any, Any]],
        results: Callable[[], list[Array]],
    ) -> None:
        self._multiply = multiply
        self._calls = calls
        self.results = results

    def run(self, steps: int) -> float:
        """See `Runner.run`."""
        multiply, calls = self._multiply, self._calls
        for _ in range(steps):
            for a, b, out in calls:
                multiply(a, b, out=out)
        return 0.0


PRODUCTS: dict[str, Subject] = {
    subject.name: subject for subject in (NumpyProducts(), PyTorchProducts())
}


def operands(problem: Problem) -> list[Pair]:
    """The operands of every product of a training step, transposed as in backpropagation.

    Inputs and weights are the problem's; activations and cotangents are random.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    list of (ndarray, ndarray)
        Forward from the first layer to the last, then backward from the last to the first.
    """
    network = problem.network
    generator = np.random.default_rng(0)
    drawn = [
        [
            generator.standard_normal((network.batch, width)).astype(problem.dtype)
            for width in widths
        ]
        for widths in (network.widths[1:-1], network.widths[1:])
    ]
    inputs, cotangents = [problem.inputs[0], *drawn[0]], drawn[1]
    forward = list(zip(inputs, problem.weights, strict=True))
    backward = []
    for layer in reversed(range(len(forward))):
        backward.append((inputs[layer].T, cotangents[layer]))
        if layer > 0:
            backward.append((cotangents[layer], problem.weights[layer].T))
    return forward + backward


def operations_of(network: Network) -> int:
    """Multiplications and additions in the products of one training step.

    Examples
    --------
    >>> operations_of(Network((2, 8, 1), batch=32, batches=1))
    3584
    """
    sizes = [fan_in * fan_out for fan_in, fan_out in pairwise(network.widths)]
    return 2 * network.batch * (3 * sum(sizes) - sizes[0])


def check_products(runner: ProductRunner, problem: Problem) -> None:
    """Compare the products with NumPy's in float64.

    Raises
    ------
    Disagreement
        Saying which product differs.
    """
    runner.run(1)
    for number, ((a, b), result) in enumerate(
        zip(operands(problem), runner.results(), strict=True), start=1
    ):
        expected = a.astype(np.float64) @ b.astype(np.float64)
        allowed = TOLERANCE * np.sqrt(a.shape[1])
        if result.shape != expected.shape or not np.abs(result - expected).max() <= allowed:
            raise Disagreement(f"product {number}, {a.shape} by {b.shape}, is another matrix")
