"""Decompositions: coinciding values, one triangle, completed bases, complex results."""

import numpy as np
import pytest

import tensorgrad as tg

rng = np.random.default_rng(0)


def mT(x):
    return np.swapaxes(x, -1, -2)


def symmetric(*shape):
    x = rng.normal(size=shape)
    return x + mT(x)


def gradient(function, x):
    return tg.grad(lambda x: np.sum(function(x)))(np.asarray(x, float))


# ------------------------------------------------------------------------- values that coincide

TWICE = np.diag([2.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "values",
    [
        np.linalg.eigvalsh,
        np.linalg.eigvals,
        np.linalg.svdvals,
        lambda x: np.linalg.eigh(x)[0],
        lambda x: np.linalg.eig(x)[0],
        lambda x: np.linalg.svd(x)[1],
        lambda x: np.linalg.svd(x, hermitian=True)[1],
    ],
)
def test_symmetric_functions_of_repeated_values_have_a_gradient(values):
    """The sum of squares of either is the trace of x xᵀ here, whatever the vectors."""
    for x in (TWICE, np.eye(3), np.stack([TWICE, np.diag([1.0, 2.0, 3.0])])):
        np.testing.assert_allclose(gradient(lambda x: values(x) ** 2, x), 2 * x, atol=1e-12)


@pytest.mark.parametrize(
    "vectors",
    [
        lambda x: np.linalg.eigh(x)[1],
        lambda x: np.linalg.eig(x)[1],
        lambda x: np.linalg.svd(x)[0],
        lambda x: np.linalg.svd(x)[2],
        lambda x: np.linalg.svd(x, hermitian=True)[0],
    ],
)
def test_vectors_of_repeated_values_have_none(vectors):
    """NaN, rather than some number, and only for the matrix in question."""
    x = np.stack([TWICE, np.diag([1.0, 2.0, 3.0])])
    result = gradient(lambda x: vectors(x)[..., 0], x)
    assert np.all(np.isnan(result[0]))
    assert np.all(np.isfinite(result[1]))


def test_second_derivatives_of_repeated_values_are_not_made_up():
    """That of a trace of cubes exists, but not by way of the eigenvectors."""
    hessian = tg.hessian(lambda x: np.sum(np.linalg.eigvalsh((x + x.T) / 2) ** 3))
    assert np.all(np.isnan(hessian(np.eye(2))))
    expected = tg.hessian(lambda x: np.trace(np.linalg.matrix_power((x + x.T) / 2, 3)))
    x = np.diag([1.0, 2.0])
    np.testing.assert_allclose(hessian(x), expected(x), atol=1e-12)


def test_vectors_of_zero_singular_values():
    tall = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert np.all(np.isfinite(gradient(np.linalg.svdvals, tall)))
    assert np.any(np.isnan(gradient(lambda x: np.linalg.svd(x, False)[0], tall)))


def test_opposite_eigenvalues_are_distinct_to_a_symmetric_matrix():
    """Their singular values are the same, but `hermitian=True` decomposes by the eigenvalues."""
    x = np.array([[0.0, 1.0], [1.0, 0.5]])

    def rebuilt(x):
        u, s, vt = np.linalg.svd((x + x.T) / 2, hermitian=True)
        return (u * np.sqrt(s)) @ vt

    tg.check_grads(rebuilt, x)
    assert np.all(np.isfinite(gradient(rebuilt, np.array([[0.0, 1.0], [1.0, 0.0]]))))


# ------------------------------------------------------------------------------- one triangle


@pytest.mark.parametrize(
    "function",
    [
        np.linalg.eigvalsh,
        lambda x: np.linalg.eigh(x, "U")[1],
        lambda x: np.linalg.svd(x, hermitian=True)[0],
        lambda x: np.linalg.pinv(x, hermitian=True),
        np.linalg.cholesky,
        lambda x: np.linalg.cholesky(x, upper=True),
    ],
)
def test_gradients_of_symmetric_matrices_are_symmetric(function):
    """They agree with differences along symmetric directions."""
    x = symmetric(3, 3) + np.diag([8.0, 12.0, 16.0])
    weights = rng.normal(size=function(x).shape)
    result = gradient(lambda x: weights * function(x), x)
    np.testing.assert_allclose(result, result.T, atol=1e-14)
    direction = symmetric(3, 3)
    moved = [np.sum(weights * function(x + h * direction)) for h in (1e-5, -1e-5)]
    np.testing.assert_allclose(np.sum(result * direction), (moved[0] - moved[1]) / 2e-5, rtol=1e-6)


# ---------------------------------------------------------------------------- completed bases


@pytest.mark.parametrize(
    ("shape", "loss"),
    [
        ((4, 2), lambda x: np.linalg.svd(x)[0][0, 2]),
        ((2, 4), lambda x: np.linalg.svd(x)[2][3, 0]),
        ((4, 2), lambda x: np.linalg.qr(x, "complete")[0][0, 3]),
        ((3, 4, 2), lambda x: np.sum(np.linalg.svd(x)[0])),
    ],
)
def test_a_rotation_of_columns_that_complete_a_basis_must_not_matter(shape, loss):
    with pytest.raises(ValueError, match="determined up to a rotation"):
        tg.grad(loss)(rng.normal(size=shape))


def test_completed_bases_may_be_used_where_it_does_not():
    x = rng.normal(size=(5, 2))
    b = rng.normal(size=5)

    def distance_by_svd(x):
        rest = np.linalg.svd(x)[0][:, 2:]
        return np.sum((rest.T @ b) ** 2)

    def distance_by_qr(x):
        rest = np.linalg.qr(x, mode="complete").Q[:, 2:]
        return np.sum((rest.T @ b) ** 2)

    expected = tg.grad(lambda x: np.linalg.lstsq(x, b)[1][0])(x)
    np.testing.assert_allclose(tg.grad(distance_by_svd)(x), expected, atol=1e-12)
    np.testing.assert_allclose(tg.grad(distance_by_qr)(x), expected, atol=1e-12)


def test_float32_completed_bases_are_judged_by_their_own_precision():
    x = rng.normal(size=(6, 2)).astype(np.float32)

    def projection(x):
        rest = np.linalg.svd(x)[0][:, 2:]
        return np.sum(rest @ rest.T @ np.arange(6, dtype=np.float32))

    assert tg.grad(projection)(x).dtype == np.float32


# ----------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("function", [np.linalg.eig, np.linalg.eigvals])
def test_complex_eigenvalues_are_refused(function):
    rotation = tg.tensor([[0.0, 1.0], [-1.0, 0.0]], requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.linalg\.eig gave complex numbers"):
        function(rotation)


def test_householder_reflectors_have_no_rule():
    with pytest.raises(TypeError, match="mode='raw'"):
        tg.grad(lambda x: np.sum(np.linalg.qr(x, mode="raw")[0]))(np.eye(2))


def test_names_of_results_are_kept():
    x = tg.tensor(np.diag([1.0, 2.0]), requires_grad=True)
    assert np.linalg.eigh(x).eigenvalues.requires_grad
    assert np.linalg.svd(x).Vh.requires_grad
    assert np.linalg.qr(x).R.requires_grad
    assert np.linalg.slogdet(x).logabsdet.requires_grad


def test_qr_of_dependent_columns_has_no_gradient():
    """Where rounding decides, there must be no number that looks like one."""
    stack = np.stack([np.ones((3, 2)), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])])
    gradient = tg.grad(lambda x: np.sum(np.linalg.qr(x).Q * np.arange(2.0)))(stack)
    assert np.isnan(gradient[0]).all()
    assert np.isfinite(gradient[1]).all()
