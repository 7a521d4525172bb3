"""What a test of one table entry needs to know, and how its operands are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Domain = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
Shape = tuple[int, ...]

# Broadcasting against each other, 0-d, empty.
UNARY: list[tuple[Shape, ...]] = [((),), ((3,),), ((2, 3),), ((0,),), ((2, 0, 3),), ((1, 2, 2),)]
BINARY: list[tuple[Shape, ...]] = [
    ((), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (2, 1)),
    ((2, 1, 3), (2, 1)),
    ((), (2, 2)),
    ((2, 1), ()),
    ((0,), (1,)),
    ((2, 0), (2, 1)),
]
# Of at least one axis, with at least one element.
ARRAYS: list[tuple[Shape, ...]] = [((4,),), ((2, 3),), ((2, 1, 3),)]


@dataclass(frozen=True)
class Case:
    """One way to call one function.

    ``call`` takes the operands, and passes whatever keywords the case is about. ``shapes`` lists
    the combinations of operand shapes to try, each a tuple with one shape per operand. Values come
    from ``domains``, which keep away from kinks and from the edges of where the function is
    defined.
    """

    name: str
    call: Callable[..., Any]
    domains: Sequence[Domain]
    shapes: Sequence[tuple[Shape, ...]]
    order: int = 2
    duck: bool = True
    """Whether strict duck arrays can do this; False needs a reason beside the case."""
    tolerance: float = 1e-5

    def operands(self, seed: int, shapes: tuple[Shape, ...]) -> list[np.ndarray]:
        """Draw operands of these shapes."""
        rng = np.random.default_rng(seed)
        return [
            np.asarray(domain(rng, shape))
            for domain, shape in zip(self.domains, shapes, strict=True)
        ]


def elementwise(function: Callable[..., Any], *domains: Domain, name: str = "") -> Case:
    """A unary or binary function of elements, checked to third order."""
    shapes = UNARY if len(domains) == 1 else BINARY
    return Case(name or function.__name__, function, domains, shapes, order=3)


def between(low: float, high: float) -> Domain:
    """Uniform values."""
    return lambda rng, shape: rng.uniform(low, high, shape)


def away_from_zero(low: float = 0.3, high: float = 2.0) -> Domain:
    """Values of either sign, at a distance from zero."""
    return lambda rng, shape: rng.uniform(low, high, shape) * rng.choice([-1.0, 1.0], shape)


def distinct(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Values that are all at least 0.1 apart, in random order, zero not among them."""
    count = int(np.prod(shape))
    values = (np.arange(count) - count / 2 + 0.25) * 0.4 + rng.uniform(-0.1, 0.1, count)
    return rng.permutation(values).reshape(shape)


def grid(offset: float) -> Domain:
    """Values that differ by at least 0.1 from those of a grid with another offset.

    For functions of two operands that have a kink where the operands are equal: use offsets 0 and
    0.5.
    """
    return lambda rng, shape: rng.integers(-3, 3, shape) + offset + rng.uniform(-0.15, 0.15, shape)


real = between(-2.0, 2.0)
positive = between(0.3, 3.0)
