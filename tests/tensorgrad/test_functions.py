"""The functions that NumPy lacks: accuracy, extreme arguments, and what they accept."""

import math

import numpy as np
import pytest

import tensorgrad as tg

ELEMENTWISE = [
    tg.sigmoid,
    tg.relu,
    tg.softplus,
    tg.silu,
    tg.gelu,
    pytest.param(lambda x: tg.gelu(x, approximate="none"), id="exact gelu"),
    tg.erf,
]
ALONG_AXES = [tg.logsumexp, tg.softmax, tg.log_softmax]
every_function = pytest.mark.parametrize("function", [*ELEMENTWISE, *ALONG_AXES])


@every_function
def test_lists_numbers_and_integers_are_taken(function):
    expected = function(np.array([1.0, -2.0, 3.0]))
    for values in ([1.0, -2.0, 3.0], (1, -2, 3), np.array([1, -2, 3])):
        np.testing.assert_allclose(function(values), expected, rtol=1e-15)


@pytest.mark.parametrize("function", ELEMENTWISE)
def test_one_number(function):
    assert function(1.0) == function(np.array([1.0]))[0]
    assert function(tg.tensor(1.0)).item() == function(1.0)


@pytest.mark.parametrize("function", [*ELEMENTWISE, np.tanh])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_gradient_of_an_array_without_axes_is_one(function, dtype):
    x = tg.tensor(np.array(0.5, dtype), requires_grad=True)
    function(x).backward()
    assert type(x.grad) is np.ndarray
    assert (x.grad.shape, x.grad.dtype) == ((), dtype)
    np.testing.assert_allclose(x.grad, tg.grad(function)(np.array(0.5)), rtol=2e-3)


@every_function
def test_the_argument_is_not_overwritten(function):
    x = np.array([1.0, -2.0, 3.0])
    function(x)
    tg.vjp(function, x)[1](np.ones_like(function(x)))
    assert x.tolist() == [1, -2, 3]


@every_function
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_is_kept(function, dtype):
    x = np.array([1.0, -2.0, 3.0], dtype)
    value, pullback = tg.vjp(function, x)
    assert value.dtype == dtype
    assert pullback(np.ones_like(value))[0].dtype == dtype
    np.testing.assert_allclose(value, function(x.astype(float)), rtol=16 * np.finfo(dtype).eps)


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_arguments_give_finite_values_and_gradients(function, dtype):
    x = np.array([-1e6, -800, -100, 100, 800, 1e6], dtype)
    value, pullback = tg.vjp(function, x)
    assert np.isfinite(value).all()
    assert np.isfinite(pullback(np.ones_like(value))[0]).all()


@pytest.mark.parametrize("function", ELEMENTWISE)
def test_not_a_number_is_handed_on(function):
    with np.errstate(invalid="ignore"):  # logaddexp warns
        assert np.isnan(function(np.array([np.nan]))).all()


class TestErf:
    def test_error_in_float64_is_as_documented(self):
        rng = np.random.default_rng(0)
        x = np.concatenate([rng.uniform(-6.5, 6.5, 20_000), 10 ** rng.uniform(-300, 0, 20_000)])
        exact = np.array([math.erf(value) for value in x])
        assert units_in_the_last_place(tg.erf(x), exact) <= 2

    def test_error_in_float32_is_as_documented(self):
        rng = np.random.default_rng(0)
        x = np.concatenate([rng.uniform(-4.5, 4.5, 20_000), 10 ** rng.uniform(-37, 0, 20_000)])
        x = x.astype(np.float32)
        exact = np.array([math.erf(value) for value in x])
        assert units_in_the_last_place(tg.erf(x), exact) <= 2

    def test_it_is_odd_and_ends_at_one(self):
        x = np.array([0.0, 0.3, 0.75, 2.0, 5.9, 6.0, np.inf])
        assert (tg.erf(-x) == -tg.erf(x)).all()
        assert np.signbit(tg.erf(-0.0))
        assert tg.erf(x)[-1] == tg.erf(np.float32(np.inf)) == 1

    def test_it_rises_where_its_parts_meet(self):
        x = 0.75 + np.arange(-50, 50) * 1e-15
        assert (np.diff(tg.erf(x)) >= 0).all()


def units_in_the_last_place(value, exact):
    unit = np.spacing(np.abs(exact).astype(value.dtype)).astype(float)
    return (np.abs(value.astype(float) - exact) / unit).max()


class TestSigmoid:
    def test_small_results_keep_their_digits(self):
        x = np.array([-700.0, -50.0, -20.0])
        np.testing.assert_allclose(tg.sigmoid(x), np.exp(x), rtol=1e-8)
        np.testing.assert_allclose(tg.grad(tg.sigmoid)(-50.0), math.exp(-50), rtol=1e-8)

    def test_softplus_is_its_integral(self):
        x = np.linspace(-60, 60, 41)
        (slope,) = tg.vjp(tg.softplus, x)[1](np.ones_like(x))
        np.testing.assert_allclose(slope, tg.sigmoid(x), rtol=1e-15)

    @pytest.mark.parametrize("copies", [1, 1000])  # there is another way for large arrays
    def test_softplus_of_very_negative_numbers_keeps_its_digits(self, copies):
        x = np.tile([-700.0, -40.0], copies)
        np.testing.assert_allclose(tg.softplus(x), np.exp(x), rtol=1e-14)


class TestRelu:
    def test_it_is_flat_at_zero(self):
        x = tg.tensor([-1.0, 0.0, -0.0, 1.0], requires_grad=True)
        tg.relu(x).sum().backward()
        assert x.grad.tolist() == [0, 0, 0, 1]


class TestGelu:
    def test_the_two_forms_are_close_and_not_the_same(self):
        x = np.linspace(-6, 6, 1001)
        difference = np.abs(tg.gelu(x) - tg.gelu(x, approximate="none"))
        assert 1e-4 < difference.max() < 5e-4

    def test_the_exact_form(self):
        x = np.linspace(-6, 6, 101)
        exact = [v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x]
        np.testing.assert_allclose(tg.gelu(x, "none"), exact, atol=1e-15)

    @pytest.mark.parametrize("form", ["tanh", "none"])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_far_out_it_is_relu_with_its_derivatives(self, form, dtype):
        x = np.array([12.0, 1e13, 1e20, 1e37, np.finfo(dtype).max], dtype)
        x = np.concatenate([-x, x])

        def slope(x):
            return tg.grad(lambda x: np.sum(tg.gelu(x, form)))(x)

        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(tg.gelu(x, form), np.maximum(x, 0))
            np.testing.assert_allclose(slope(x), x > 0, atol=1e-15)
            np.testing.assert_allclose(tg.grad(lambda x: np.sum(slope(x)))(x), 0 * x, atol=1e-15)
            np.testing.assert_allclose(tg.compile(slope)(x), x > 0, atol=1e-15)

    def test_an_unknown_form(self):
        with pytest.raises(ValueError, match="'tanh' or 'none', not 'exact'"):
            tg.gelu(np.ones(3), approximate="exact")


class TestLogsumexp:
    def test_minus_infinity_is_a_term_of_zero(self):
        x = np.array([[-np.inf, 0.0, 1.0], [-np.inf, -np.inf, 2.0]])
        value, pullback = tg.vjp(lambda x: tg.logsumexp(x, axis=1), x)
        (slope,) = pullback(np.ones(2))
        assert value.tolist() == [tg.logsumexp([0.0, 1.0]), 2]
        np.testing.assert_allclose(slope, tg.softmax(x))

    def test_no_terms_at_all(self):
        with np.errstate(divide="ignore"):
            value, pullback = tg.vjp(tg.logsumexp, np.full(2, -np.inf))
            assert value == -np.inf
            assert tg.logsumexp(np.zeros(0)) == -np.inf
        assert pullback(np.ones(()))[0].tolist() == [0, 0]

    def test_large_numbers(self):
        x = np.array([1e4, 1e4 - 1, -1e4])
        assert tg.logsumexp(x) == pytest.approx(1e4 + math.log(1 + math.exp(-1)))

    @pytest.mark.parametrize("keepdims", [False, True])
    @pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1,)])
    def test_axes_are_numpys(self, axis, keepdims):
        x = np.random.default_rng(0).normal(size=(2, 3, 4))
        expected = np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))
        np.testing.assert_allclose(tg.logsumexp(x, axis=axis, keepdims=keepdims), expected)


class TestSoftmax:
    @pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
    def test_it_sums_to_one(self, axis):
        x = np.random.default_rng(0).normal(scale=100, size=(3, 4))
        y = tg.softmax(x, axis=axis)
        np.testing.assert_allclose(np.sum(y, axis=axis), 1)
        np.testing.assert_allclose(tg.log_softmax(x, axis=axis), np.log(y), rtol=1e-9)

    def test_a_common_offset_takes_no_digits(self):
        x = np.array([0.0, 1.0, 3.0])
        np.testing.assert_array_equal(tg.softmax(x + 2.0**40), tg.softmax(x))
        np.testing.assert_array_equal(tg.log_softmax(x + 2.0**40), tg.log_softmax(x))

    def test_a_masked_logit_has_no_probability_and_no_gradient(self):
        x = np.array([1.0, -np.inf, 2.0])
        value, pullback = tg.vjp(tg.softmax, x)
        assert value[1] == 0
        assert pullback(np.array([1.0, 5.0, -1.0]))[0][1] == 0
        assert tg.grad(lambda x: tg.log_softmax(x)[0])(x)[1] == 0


def test_affine_multiplies_stacks_of_matrices_as_matmul_does():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(3, 3)), rng.normal(size=(3, 3, 3))
    np.testing.assert_allclose(tg.affine(x, weight, np.zeros(3)), x @ weight)
    tg.check_grads(tg.affine, x, weight, np.zeros(3))
