"""The synthetic data are what their densities say, and the limits are those of closed forms."""

import math

import numpy as np
import pytest

from experiments.distributions import (
    GaussianClusters,
    NoisySine,
    PlanarClasses,
    TwoMoons,
    clusters_on_circle,
)
from experiments.tasks import TASKS

DISTRIBUTIONS = {
    task.name: task.data.distribution for task in TASKS if hasattr(task.data, "distribution")
}
PLANAR = {name: one for name, one in DISTRIBUTIONS.items() if isinstance(one, PlanarClasses)}

planar = pytest.mark.parametrize("distribution", PLANAR.values(), ids=PLANAR)
SAMPLES = 100_000


def normal_cdf(z):
    return 0.5 * math.erfc(-z / math.sqrt(2))


def test_the_limit_of_two_gaussians_is_that_of_half_their_distance():
    limit = DISTRIBUTIONS["binary_gaussians"].limit
    assert limit == (pytest.approx(normal_cdf(3), abs=1e-12), "closed form", 0.0)


def test_the_limit_of_xor_is_an_even_number_of_crossed_axes():
    inside = normal_cdf(1 / 0.47)
    limit = DISTRIBUTIONS["xor"].limit
    assert limit == (pytest.approx(inside**2 + (1 - inside) ** 2, abs=1e-12), "closed form", 0.0)


@pytest.mark.parametrize(
    "clusters",
    [
        DISTRIBUTIONS["binary_gaussians"],
        DISTRIBUTIONS["xor"],
        GaussianClusters([(0, 0), (3, 0), (0, 2), (3, 2)], labels=[1, 0, 0, 1], sigma=1.0),
    ],
)
def test_closed_forms_are_what_quadrature_gives(clusters):
    numerical = PlanarClasses._find_limit(clusters)
    assert numerical.method == "quadrature"
    assert 0 < numerical.error < 1e-4
    assert clusters.limit.method == "closed form"
    assert clusters.limit.value == pytest.approx(numerical.value, abs=numerical.error)


@pytest.mark.parametrize(
    ("centers", "labels"),
    [
        ([(0, 0), (3, 0), (0, 2), (3, 2)], [0, 0, 1, 1]),
        ([(0, 0), (3, 0), (0, 2), (4, 2)], [1, 0, 0, 1]),
        ([(0, 0), (3, 0), (0, 2)], [1, 0, 0]),
        ([(0, 0), (3, 0)], [0, 0]),
    ],
)
def test_other_clusters_have_no_closed_form(centers, labels):
    assert GaussianClusters(centers, labels, sigma=1.0).limit.method == "quadrature"


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
def test_the_limit_of_clusters_on_a_circle_is_the_mass_of_a_sector(scale):
    """A third of the plane around the cluster: |y| < √3 x, in units of the deviation."""
    x, weights = np.polynomial.legendre.leggauss(200)
    center = 2.5 / scale
    end = center + 10
    x = end * (x + 1) / 2
    inside = np.array([math.erf(math.sqrt(1.5) * value) for value in x])
    density = np.exp(-((x - center) ** 2) / 2) / math.sqrt(2 * math.pi)
    mass = float(end / 2 * np.sum(weights * density * inside))
    assert DISTRIBUTIONS[f"multiclass_scale_{scale}"].limit.value == pytest.approx(mass, abs=2e-6)


@planar
def test_the_bayes_rule_reaches_the_limit_on_samples(distribution):
    X, y = distribution.sample(np.random.default_rng(0), SAMPLES)
    limit = distribution.limit.value
    standard_error = math.sqrt(limit * (1 - limit) / SAMPLES)
    accuracy = np.mean(distribution.bayes_rule(X) == y)
    assert accuracy == pytest.approx(limit, abs=4 * standard_error)


@planar
def test_samples_follow_the_densities(distribution):
    """The mass of each class in each cell of a coarse grid, by chi-square."""
    X, y = distribution.sample(np.random.default_rng(1), SAMPLES)
    low, high = X.min(axis=0) - 0.1, X.max(axis=0) + 0.1
    coarse, fine = 6, 25
    cells = np.floor((X - low) / (high - low) * coarse).astype(int)
    observed = np.zeros((coarse, coarse, y.max() + 1))
    np.add.at(observed, (cells[:, 0], cells[:, 1], y), 1)

    middles = (np.arange(coarse * fine) + 0.5) / (coarse * fine)
    x1, x2 = (low[axis] + (high - low)[axis] * middles for axis in range(2))
    grid = np.stack(np.meshgrid(x1, x2, indexing="ij"), axis=-1).reshape(-1, 2)
    mass = distribution.densities(grid) * np.prod(high - low) / (coarse * fine) ** 2
    expected = SAMPLES * mass.reshape(coarse, fine, coarse, fine, -1).sum(axis=(1, 3))
    assert expected.sum() == pytest.approx(SAMPLES, rel=1e-3)

    filled = expected > 5
    chi_square = np.sum((observed - expected)[filled] ** 2 / expected[filled])
    # Mean and deviation of the chi-square distribution, with five deviations to spare.
    degrees = filled.sum()
    assert chi_square < degrees + 5 * math.sqrt(2 * degrees)


@planar
@pytest.mark.parametrize("size", [1000, 1001])
def test_classes_are_balanced(distribution, size):
    X, y = distribution.sample(np.random.default_rng(2), size)
    counts = np.bincount(y)
    assert X.shape == (size, 2)
    assert y.shape == (size,)
    assert counts.max() - counts.min() <= 2


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_the_same_generator_gives_the_same_bits(distribution):
    first, second, other = (
        distribution.sample(np.random.default_rng(seed), 50) for seed in (0, 0, 1)
    )
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tobytes() == second[1].tobytes()
    assert first[0].tobytes() != other[0].tobytes()


def test_the_noise_of_the_sine_has_the_variance_of_the_limit():
    sine = NoisySine(sigma=0.09)
    X, y = sine.sample(np.random.default_rng(0), SAMPLES)
    assert sine.limit.value == pytest.approx(0.0081)
    mse = np.mean((y - sine.mean(X)) ** 2)
    assert mse == pytest.approx(sine.limit.value, rel=4 * math.sqrt(2 / SAMPLES))
    assert X.shape == (SAMPLES, 1)
    assert -1 <= X.min() < -0.99 < 0.99 < X.max() <= 1


def test_densities_are_shares_of_the_classes():
    """At a center of one of two clusters: the height of a Gaussian, halved."""
    clusters = GaussianClusters([(-10, 0), (10, 0)], labels=[0, 1], sigma=2.0)
    np.testing.assert_allclose(
        clusters.densities([[-10, 0]]), [[0.5 / (2 * math.pi * 4), 0]], atol=1e-20
    )
    np.testing.assert_array_equal(clusters.bayes_rule([[-1, 5], [1, 5]]), [0, 1])


def test_the_moons_interlock():
    """The ends of each moon lie inside the other one's opening."""
    moons = TwoMoons(sigma=0.05)
    np.testing.assert_array_equal(
        moons.bayes_rule([[0, 1], [1, -0.5], [1, 0], [0, 0.5]]), [0, 1, 0, 1]
    )


def test_clusters_on_a_circle_are_as_far_from_the_center_as_asked():
    centers = np.asarray(clusters_on_circle(5, radius=3.0, sigma=1.0).centers)
    np.testing.assert_allclose(np.hypot(*centers.T), 3.0)
