"""Where the synthetic data come from: known densities, so the best possible figure is known.

A classifier that knew the densities would choose the class with the largest one (the Bayes rule).
No method can be right more often, so its accuracy is the limit that a row of the table is held
against. For regression the limit is the variance of the noise.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Distribution",
    "GaussianClusters",
    "Limit",
    "NoisySine",
    "PlanarClasses",
    "TwoMoons",
    "clusters_on_circle",
]

Floats = NDArray[np.float64]


class Limit(NamedTuple):
    """The best figure that any method can reach on average, and how well it is known.

    Attributes
    ----------
    value : float
        Accuracy or mean squared error.
    method : {"closed form", "quadrature", "Monte Carlo"}
        Where it comes from.
    error : float
        Of the value: that of the arithmetic for a closed form, an estimate for a quadrature, one
        standard error for a Monte Carlo mean.
    """

    value: float
    method: str
    error: float


class Distribution(ABC):
    """A joint distribution of inputs and targets."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, size: int) -> tuple[Floats, NDArray]:
        """Draw inputs of shape (size, features) and targets of shape (size,)."""

    @cached_property
    def limit(self) -> Limit:
        """The best figure that any method can reach on average.

        Examples
        --------
        >>> GaussianClusters([(-3, 0), (3, 0)], labels=[0, 1], sigma=1).limit
        Limit(value=0.99865, method='closed form', error=0.0)
        >>> NoisySine(sigma=0.1).limit.value
        0.01
        """
        return self._find_limit()

    @abstractmethod
    def _find_limit(self) -> Limit: ...


class PlanarClasses(Distribution):
    """Equally frequent classes in the plane, each a mixture of round Gaussian clusters.

    Attributes
    ----------
    sigma : float
        The standard deviation of every cluster in every direction.
    """

    sigma: float

    @abstractmethod
    def _clusters(self) -> Clusters:
        """What the densities are made of."""

    def densities(self, X: ArrayLike) -> Floats:
        """Density of each class, times its frequency.

        Parameters
        ----------
        X : array_like of shape (n, 2)
            Points.

        Returns
        -------
        ndarray of shape (n, classes)
        """
        X = np.asarray(X, float)
        x, y = self._cached_clusters.centers.T
        squared_distance = np.square(X[:, :1] - x) + np.square(X[:, 1:] - y)
        gaussians = np.exp(squared_distance / (-2 * self.sigma**2)) / (2 * np.pi * self.sigma**2)
        return gaussians @ self._cached_clusters.frequencies

    def bayes_rule(self, X: ArrayLike) -> NDArray[np.intp]:
        """The most probable class at points (n, 2): shape (n,).

        Examples
        --------
        >>> GaussianClusters([(-1, 0), (1, 0)], labels=[0, 1], sigma=1).bayes_rule([[-0.1, 5]])
        array([0])
        """
        return self.densities(X).argmax(axis=1)

    def _find_limit(self) -> Limit:
        """Accuracy of the Bayes rule, ∫ max_k p_k(x) dx, to about 1e-6 for the rows of the table.

        The integrand has kinks where the classes meet, and the midpoint rule an error there that is
        proportional to the area of a cell. Two grids tell how large it is (Richardson, 1911), and
        that correction is a cautious estimate of what is still wrong after it.
        """
        coarse, fine = self._midpoint_rule(200), self._midpoint_rule(400)
        correction = (fine - coarse) / 3
        return Limit(fine + correction, "quadrature", abs(correction))

    def _midpoint_rule(self, cells: int) -> float:
        centers = self._cached_clusters.centers
        corner = centers.min(axis=0) - 6 * self.sigma
        width, height = (centers.max(axis=0) + 6 * self.sigma - corner) / cells
        middles = np.arange(cells) + 0.5
        x, y = corner[0] + width * middles, corner[1] + height * middles
        # A column of the grid at a time, so that densities with many components fit in the cache.
        columns = (np.column_stack([np.full(cells, value), y]) for value in x)
        total = sum(self.densities(column).max(axis=1).sum() for column in columns)
        return float(total * width * height)

    @cached_property
    def _cached_clusters(self) -> Clusters:
        return self._clusters()


class Clusters(NamedTuple):
    """Centers of Gaussian clusters, shape (n, 2), and the frequency of each with each class.

    The frequencies have shape (n, classes) and sum to one.
    """

    centers: Floats
    frequencies: Floats


@dataclass(frozen=True, eq=False)
class GaussianClusters(PlanarClasses):
    """Equally frequent round Gaussian clusters, each belonging to a class.

    Parameters
    ----------
    centers : array_like of shape (n, 2)
        The mean of each cluster.
    labels : array_like of shape (n,)
        The class of each cluster, from 0 up.
    sigma : float
        The standard deviation of every cluster in every direction.

    Examples
    --------
    >>> xor = GaussianClusters([(1, 1), (-1, -1), (1, -1), (-1, 1)], labels=[0, 0, 1, 1], sigma=0.1)
    >>> X, y = xor.sample(np.random.default_rng(0), 1000)
    >>> X.shape, y.shape, np.bincount(y)
    ((1000, 2), (1000,), array([500, 500]))
    """

    centers: ArrayLike
    labels: ArrayLike
    sigma: float

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Floats, NDArray[np.intp]]:
        """Draw points and classes; the clusters get equally many points, to within one."""
        centers, labels = np.asarray(self.centers, float), np.asarray(self.labels, np.intp)
        cluster = rng.permutation(np.arange(size) % len(centers))
        X = centers[cluster] + self.sigma * rng.normal(size=(size, 2))
        return X, labels[cluster]

    def _clusters(self) -> Clusters:
        centers, labels = np.asarray(self.centers, float), np.asarray(self.labels, np.intp)
        return Clusters(centers, np.eye(labels.max() + 1)[labels] / len(labels))

    def _find_limit(self) -> Limit:
        """In closed form for two clusters, and for the four of an exclusive or.

        Two clusters are parted by the line halfway between them. At the corners of a rectangle
        with opposite corners in the same class, both axes of symmetry are boundaries: a point is
        classified rightly if it lies on its own side of both, or of neither.
        """
        centers, labels = np.asarray(self.centers, float), np.asarray(self.labels, np.intp)
        if len(centers) == 2 and labels[0] != labels[1]:
            inside = _normal_cdf(float(np.linalg.norm(centers[1] - centers[0])) / 2 / self.sigma)
            return Limit(inside, "closed form", 0.0)
        if _is_exclusive_or(centers, labels):
            width, height = np.ptp(centers, axis=0) / 2 / self.sigma
            inside_x, inside_y = _normal_cdf(width), _normal_cdf(height)
            both, neither = inside_x * inside_y, (1 - inside_x) * (1 - inside_y)
            return Limit(both + neither, "closed form", 0.0)
        return super()._find_limit()


def clusters_on_circle(count: int, radius: float, sigma: float) -> GaussianClusters:
    """Classes of one Gaussian cluster each, evenly spaced on a circle, the first one on top.

    Examples
    --------
    >>> np.round(clusters_on_circle(3, radius=2.0, sigma=1.0).centers, 2)
    array([[ 0.  ,  2.  ],
           [-1.73, -1.  ],
           [ 1.73, -1.  ]])
    """
    angle = np.pi / 2 + 2 * np.pi * np.arange(count) / count
    centers = radius * np.column_stack([np.cos(angle), np.sin(angle)])
    return GaussianClusters(centers, labels=np.arange(count), sigma=sigma)


@dataclass(frozen=True)
class TwoMoons(PlanarClasses):
    """The interleaved half circles of scikit-learn's ``make_moons``.

    Class 0 is spread evenly along (cos t, sin t) and class 1 along (1 − cos t, 1/2 − sin t), for t
    from 0 to π, with Gaussian noise of standard deviation `sigma` added to both coordinates.
    """

    sigma: float

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Floats, NDArray[np.intp]]:
        """Draw points and classes with ``make_moons``, seeded from the generator."""
        from sklearn.datasets import make_moons

        X, y = make_moons(size, noise=self.sigma, random_state=int(rng.integers(2**32)))
        return np.asarray(X), np.asarray(y, np.intp)

    def _clusters(self) -> Clusters:
        """Gauss-Legendre nodes along each half circle, which are dense beside `sigma`."""
        nodes, weights = np.polynomial.legendre.leggauss(64)
        t = np.pi / 2 * (nodes + 1)
        upper = np.column_stack([np.cos(t), np.sin(t)])
        lower = np.column_stack([1 - np.cos(t), 0.5 - np.sin(t)])
        # The weights of the nodes sum to two, those of both half circles should to one.
        return Clusters(np.concatenate([upper, lower]), np.kron(np.eye(2), weights[:, None]) / 4)


@dataclass(frozen=True)
class NoisySine(Distribution):
    """y = sin πx + noise, with x uniform over one period, from −1 to 1.

    Parameters
    ----------
    sigma : float
        Standard deviation of the Gaussian noise.
    """

    sigma: float

    def sample(self, rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
        """Draw inputs of shape (size, 1) and targets of shape (size,)."""
        X = rng.uniform(-1, 1, size=(size, 1))
        return X, self.mean(X) + self.sigma * rng.normal(size=size)

    def mean(self, X: ArrayLike) -> Floats:
        """The target without its noise at inputs (n, 1): shape (n,)."""
        return np.sin(np.pi * np.asarray(X, float)[:, 0])

    def _find_limit(self) -> Limit:
        """The variance of the noise, which no prediction can follow."""
        return Limit(self.sigma**2, "closed form", 0.0)


def _is_exclusive_or(centers: Floats, labels: NDArray[np.intp]) -> bool:
    """Four corners of an upright rectangle, opposite ones in the same class, the others not."""
    if len(centers) != 4:
        return False
    sides = centers > centers.mean(axis=0)
    is_rectangle = all(len(np.unique(axis)) == 2 for axis in centers.T)
    corners = {(bool(right), bool(top)) for right, top in sides}
    diagonal = sides[:, 0] == sides[:, 1]
    same, other = labels[diagonal], labels[~diagonal]
    return (
        is_rectangle
        and len(corners) == 4
        and len({*same}) == len({*other}) == 1
        and same[0] != other[0]
    )


def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
