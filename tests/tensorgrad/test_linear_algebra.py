"""Systems, determinants and norms: singular matrices, ties, zeros, refusals."""

import itertools

import numpy as np
import pytest

import tensorgrad as tg

rng = np.random.default_rng(0)


def leaf(values, dtype=np.float64):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


def gradient(function, x):
    return tg.grad(lambda x: np.sum(function(x)))(np.asarray(x, float))


# -------------------------------------------------------------------------------- determinants


def leibniz(x):
    """The determinant as the polynomial that it is."""
    n = x.shape[-1]
    total = 0.0
    for order in itertools.permutations(range(n)):
        inversions = sum(a > b for a, b in itertools.combinations(order, 2))
        product = (-1.0) ** inversions
        for i, j in enumerate(order):
            product = product * x[..., i, j]
        total = total + product
    return total


SINGULAR = {
    "zero": np.zeros((3, 3)),
    "rank 1": np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 0.5]),
    "rank 2, not exactly": np.arange(1.0, 10).reshape(3, 3),
    "diagonal, one zero": np.diag([2.0, 0.0, 3.0]),
    "diagonal, two zeros": np.diag([0.0, 0.0, 3.0]),
    "of one element": np.zeros((1, 1)),
    "of four": np.zeros((2, 2)),
    "rank 2 of 4": rng.normal(size=(4, 2)) @ rng.normal(size=(2, 4)),
    "nearly singular": np.diag([1.0, 1e-13, 2.0]) + 0.0,
    "in a stack with regular ones": np.stack([np.eye(3), np.ones((3, 3)), np.diag([1.0, 2, 3])]),
}


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_determinants_of_singular_matrices(x):
    """First and second derivatives are polynomials too, and have no poles."""
    direction = rng.normal(size=x.shape)
    weights = rng.normal(size=x.shape[:-2])

    def second(function):
        first = tg.grad(lambda x: np.sum(weights * function(x)))
        return tg.grad(lambda x: np.sum(direction * first(x)))

    np.testing.assert_allclose(gradient(np.linalg.det, x), gradient(leibniz, x), atol=1e-12)
    np.testing.assert_allclose(second(np.linalg.det)(x), second(leibniz)(x), atol=1e-11)


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_third_derivatives_of_determinants_of_singular_matrices(x):
    direction = rng.normal(size=x.shape)
    weights = rng.normal(size=x.shape[:-2])

    def third(function):
        first = tg.grad(lambda x: np.sum(weights * function(x)))
        return tg.hessian(lambda x: np.sum(direction * first(x)))(x)

    np.testing.assert_allclose(third(np.linalg.det), third(leibniz), atol=1e-10)


def test_determinants_of_no_matrices():
    assert gradient(lambda x: np.sum(np.linalg.det(x)), np.zeros((0, 3, 3))).shape == (0, 3, 3)


def test_slogdet_has_a_sign_without_derivative():
    x = np.array([[0.0, 2.0], [3.0, 0.0]])
    sign, logarithm = np.linalg.slogdet(leaf(x))
    assert (sign.item(), round(logarithm.item(), 12)) == (-1, round(np.log(6), 12))
    assert np.array_equal(gradient(lambda x: np.linalg.slogdet(x).sign, x), np.zeros((2, 2)))


def test_slogdet_of_a_singular_matrix_has_no_gradient():
    _, logarithm = np.linalg.slogdet(leaf(np.zeros((2, 2))))
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        logarithm.backward()


# -------------------------------------------------------------------------- powers and systems


def test_the_power_of_zero_is_a_constant():
    x = leaf(rng.normal(size=(2, 3, 3)), np.float32)
    power = np.linalg.matrix_power(x, 0)
    assert power.dtype == np.float32
    assert np.array_equal(power.data, np.linalg.matrix_power(x.data, 0))
    assert not power.requires_grad


def test_a_high_power_is_a_short_record():
    x = 0.5 * np.eye(2)
    one_hundred = gradient(lambda x: np.linalg.matrix_power(x, 100)[0, 0], x)
    np.testing.assert_allclose(one_hundred, [[100 * 0.5**99, 0], [0, 0]])


@pytest.mark.parametrize(
    ("shape", "n", "error"), [((2, 3), 2, np.linalg.LinAlgError), ((2, 2), 1.5, TypeError)]
)
def test_powers_that_numpy_refuses(shape, n, error):
    for x in (np.ones(shape), leaf(np.ones(shape))):
        with pytest.raises(error):
            np.linalg.matrix_power(x, n)


def test_lstsq_without_residuals():
    """Of a square matrix NumPy gives none, and the rank is a plain number."""
    solution, residuals, rank, values = np.linalg.lstsq(leaf(np.eye(2)), leaf([1.0, 2.0]))
    assert residuals.shape == (0,)
    assert isinstance(rank, np.ndarray)
    assert rank == 2
    assert solution.requires_grad
    assert values.requires_grad


def test_the_smallest_solution_of_too_few_equations():
    a, b = rng.normal(size=(2, 4)), rng.normal(size=2)
    direct = tg.grad(lambda a: np.sum(np.linalg.lstsq(a, b)[0] ** 2))(a)
    explicit = tg.grad(lambda a: np.sum((a.T @ np.linalg.solve(a @ a.T, b)) ** 2))(a)
    np.testing.assert_allclose(direct, explicit)


def test_the_rank_is_plain():
    assert np.linalg.matrix_rank(leaf(np.diag([1.0, 0.0, 2.0]))) == 2


# --------------------------------------------------------------------------------------- norms


@pytest.mark.parametrize("options", [{}, {"axis": 0}, {"ord": 2, "axis": 1}, {"ord": "fro"}])
def test_the_gradient_of_a_euclidean_norm_at_zero_is_zero(options):
    x = np.zeros((2, 3))
    assert np.array_equal(gradient(lambda x: np.linalg.norm(x, **options), x), x)
    hessian = tg.hessian(lambda x: np.sum(np.linalg.norm(x, **options)))(x)
    assert np.array_equal(hessian, np.zeros((2, 3, 2, 3)))


@pytest.mark.parametrize("order", [0.5, 1, 1.5, 3, np.inf, -np.inf, 0])
def test_elements_that_are_zero(order):
    """They get no part, and warn of nothing."""
    for x in (np.zeros(3), np.array([0.0, -2.0, 3.0])):
        result = gradient(lambda x: np.linalg.norm(x, order), x)
        assert np.all(np.isfinite(result))
        assert np.array_equal(result[x == 0], np.zeros_like(x[x == 0]))


def test_a_negative_order_at_zero():
    with pytest.warns(RuntimeWarning, match="divide by zero"):  # NumPy's own
        assert np.array_equal(gradient(lambda x: np.linalg.norm(x, -1), [0.0, 2.0]), [0, 0])


@pytest.mark.parametrize(
    ("order", "x", "expected"),
    [
        (np.inf, [1.0, -2.0, 2.0], [0, -0.5, 0.5]),
        (-np.inf, [1.0, -1.0, 2.0], [0.5, -0.5, 0]),
        (1, [[1.0, -2.0], [2.0, 1.0]], [[0.5, -0.5], [0.5, 0.5]]),
        (np.inf, [[1.0, -2.0], [0.0, 1.0]], [[1, -1], [0, 0]]),
        (-1, [[1.0, 5.0], [1.0, 5.0]], [[1, 0], [1, 0]]),
        (2, [[3.0, 0.0], [0.0, 3.0]], [[0.5, 0], [0, 0.5]]),
        (-2, [[3.0, 0.0], [0.0, 3.0]], [[0.5, 0], [0, 0.5]]),
        ("nuc", [[3.0, 0.0], [0.0, 3.0]], [[1, 0], [0, 1]]),
        ("nuc", [[3.0, 0.0], [0.0, 0.0]], [[1, 0], [0, 0]]),
    ],
)
def test_ties_share_evenly(order, x, expected):
    np.testing.assert_allclose(
        gradient(lambda x: np.linalg.norm(x, order), x), expected, atol=1e-15
    )


@pytest.mark.parametrize("options", [{"ord": 0}, {"ord": 0, "axis": 0}])
def test_counting_has_no_derivative(options):
    x = np.array([[1.0, 0.0], [2.0, 3.0]])
    x = x if "axis" in options else x[0]
    assert np.array_equal(gradient(lambda x: np.linalg.norm(x, **options), x), np.zeros_like(x))


@pytest.mark.parametrize("order", [None, 1, 2, np.inf])
def test_norms_of_nothing(order):
    x = leaf(np.zeros((0,)))
    np.linalg.norm(x, order).backward()
    assert x.grad.shape == (0,)
    x = leaf(np.zeros((0, 2)))
    np.sum(np.linalg.norm(x, order, axis=1)).backward()
    assert x.grad.shape == (0, 2)


def test_the_condition_of_a_singular_matrix_is_numpys():
    assert np.linalg.cond(leaf(np.zeros((2, 2))), 1) == np.inf
