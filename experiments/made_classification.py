"""A larger classification problem, made by scikit-learn's ``make_classification``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from experiments.datasets import Dataset, Source, standardize
from experiments.distributions import Limit

__all__ = ["MadeClassification"]

POOL = 120_000


@dataclass(frozen=True)
class MadeClassification(Source):
    """Gaussian clusters around the corners of a hypercube (Guyon, 2003), in many dimensions.

    A large pool is drawn once; training and test set are disjoint random parts of it. Inputs are
    standardized with the mean and standard deviation of the training part.

    Parameters
    ----------
    informative, redundant, noise : int
        Features that tell the clusters apart, linear combinations of those, and features that say
        nothing.
    classes, clusters_per_class : int
        Together they must divide the size of the pool.
    separation : float
        Half the length of an edge of the hypercube.
    flipped : float
        The fraction of labels that are replaced by random ones.
    problem : int
        Seed of the corners and of the shapes of the clusters: another one is another problem.
    training_points, test_points : int
        Sizes of the two sets.

    Examples
    --------
    >>> made = MadeClassification(training_points=1000, test_points=500)
    >>> dataset = made.draw(np.random.default_rng(0))
    >>> dataset.X_train.shape, dataset.X_test.shape, np.unique(dataset.y_test)
    ((1000, 20), (500, 20), array([0, 1]))
    """

    informative: int = 10
    redundant: int = 5
    noise: int = 5
    classes: int = 2
    clusters_per_class: int = 3
    separation: float = 1.2
    flipped: float = 0.02
    problem: int = 0
    training_points: int = 20_000
    test_points: int = 20_000

    @property
    def description(self) -> str:
        """Every parameter."""
        return repr(self)

    @property
    def limit(self) -> Limit:
        """Accuracy of the Bayes rule on half of the pool, its parameters estimated on the other.

        Within a cluster the informative features are Gaussian, the redundant ones follow from
        them, and the noise is independent of everything: mean and covariance of each cluster's
        informative features are all that the rule needs, and the pool, not shuffled yet, tells
        which cluster a point is of.
        """
        return _limit(self)

    def draw(self, rng: np.random.Generator) -> Dataset:
        """Draw two disjoint parts of the pool."""
        X, y = _pool(self)
        chosen = rng.permutation(len(X))[: self.training_points + self.test_points]
        training, test = np.split(chosen, [self.training_points])
        X_train, X_test = standardize(X[training], X[test])
        return Dataset(
            X_train,
            y[training],
            X_test,
            y[test],
            target_name="class",
            class_names=tuple(f"class {index}" for index in range(self.classes)),
        )


@cache
def _limit(made: MadeClassification) -> Limit:
    X, y = _pool(made)
    clusters = made.classes * made.clusters_per_class
    by_cluster = X[:, : made.informative].reshape(clusters, -1, made.informative)
    known, held_out = by_cluster[:, ::2], by_cluster[:, 1::2].reshape(-1, made.informative)
    scores = np.column_stack([_log_density(held_out, points) for points in known])
    # Cluster k is of class k modulo the number of classes, and all are equally frequent.
    densities = np.exp(scores - scores.max(axis=1, keepdims=True))
    of_class = np.stack([densities[:, k :: made.classes].sum(axis=1) for k in range(made.classes)])
    right = of_class.argmax(axis=0) == y.reshape(clusters, -1)[:, 1::2].ravel()
    share = float(right.mean())
    return Limit(share, "Monte Carlo", math.sqrt(share * (1 - share) / right.size))


@lru_cache(maxsize=1)
def _pool(made: MadeClassification) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Points of cluster after cluster."""
    from sklearn.datasets import make_classification

    X, y = make_classification(
        POOL,
        n_features=made.informative + made.redundant + made.noise,
        n_informative=made.informative,
        n_redundant=made.redundant,
        n_classes=made.classes,
        n_clusters_per_class=made.clusters_per_class,
        class_sep=made.separation,
        flip_y=made.flipped,
        shuffle=False,
        random_state=made.problem,
    )
    return np.asarray(X), np.asarray(y, np.intp)


def _log_density(X: NDArray[np.float64], cluster: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a Gaussian with the mean and covariance of a cluster, up to a constant of all clusters."""
    factor = np.linalg.cholesky(np.cov(cluster.T))
    whitened = np.linalg.solve(factor, (X - cluster.mean(axis=0)).T)
    return -0.5 * np.square(whitened).sum(axis=0) - np.log(np.diag(factor)).sum()
