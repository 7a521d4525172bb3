"""What reductions promise beyond their derivatives."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import tensorgrad as tg
from tensorgrad.derivatives import reductions

nan = np.nan


def leaf(values, dtype=None):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


def gradient(function, values):
    return tg.grad(lambda x: np.sum(function(x)))(np.array(values))


def exact_grid(shape, seed=0):
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(float)


class TestSumAndMean:
    @given(data=st.data())
    def test_have_the_bits_of_numpy(self, data):
        dtype = data.draw(st.sampled_from("efdgilb?"))
        shape = data.draw(arrays.array_shapes(min_dims=0, max_dims=3, max_side=20))
        rng = np.random.default_rng(data.draw(st.integers(0, 99)))
        x = np.asarray(10 * rng.normal(size=shape), dtype, order=data.draw(st.sampled_from("CF")))
        axis = data.draw(
            st.none()
            | st.tuples(*(st.booleans() for _ in shape)).map(
                lambda picks: tuple(np.nonzero(picks)[0])
            )
        )
        axis = axis[0] if axis and len(axis) == 1 else axis
        keepdims = data.draw(st.booleans())
        for ours, numpys in ((reductions.sum, np.sum), (reductions.mean, np.mean)):
            got, expected = ours(x, axis, keepdims), numpys(x, axis=axis, keepdims=keepdims)
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected)

    def test_a_count_that_single_precision_cannot_hold(self):
        many = np.broadcast_to(np.float32(0.5), 2**24 + 1)
        assert reductions.mean(many) == np.mean(many)

    def test_an_empty_mean_warns_as_numpys_does(self):
        with (
            pytest.warns(RuntimeWarning, match="Mean of empty slice"),
            np.errstate(invalid="ignore"),
        ):
            assert np.isnan(leaf(np.zeros(0)).mean().data)

    def test_initial_may_be_a_tensor(self):
        initial = leaf(3.0)
        (
            np.sum(leaf([1.0, 2.0]), initial=initial) * np.prod(leaf([2.0]), initial=initial)
        ).backward()
        assert initial.grad == 2 * 3 + (1 + 2 + 3) * 2

    def test_a_wider_dtype(self):
        x = leaf([1.0, 2.0], np.float32)
        for total in (np.sum(x, dtype=np.float64), x.mean(dtype=np.float64), x.var(0, np.float64)):
            assert total.dtype == np.float64
            total.backward()
        assert x.grad.dtype == np.float32


class TestProduct:
    @pytest.mark.parametrize("zeros", [0, 1, 2, 3])
    def test_zeros_are_right_to_the_third_order(self, zeros):
        x = np.array([0.0] * zeros + [1.5, -2.0, 0.5])
        tg.check_grads(np.prod, np.random.default_rng(0).permutation(x), order=3)

    def test_hessian_of_two_zeros(self):
        hessian = tg.hessian(np.prod)(np.array([0.0, 3.0, 0.0, 5.0]))
        expected = np.zeros((4, 4))
        expected[0, 2] = expected[2, 0] = 15
        np.testing.assert_array_equal(hessian, expected)


class TestVarianceAndDeviation:
    def test_deviation_of_equal_elements_has_gradient_zero(self):
        np.testing.assert_array_equal(gradient(np.std, [2.0, 2.0, 2.0]), 0)
        np.testing.assert_array_equal(gradient(lambda x: np.std(x, where=x > 0), [2.0, -1.0]), 0)
        np.testing.assert_array_equal(gradient(np.nanstd, [2.0, nan, 2.0]), 0)

    def test_one_level_row_among_others(self):
        x = np.array([[1.0, 3.0], [2.0, 2.0]])
        np.testing.assert_allclose(gradient(lambda x: np.std(x, -1), x), [[-0.5, 0.5], [0, 0]])
        assert np.isfinite(tg.hessian(lambda x: np.sum(np.std(x, -1)))(x)).all()

    def test_no_degrees_of_freedom_is_what_numpy_makes_of_it(self):
        with pytest.warns(RuntimeWarning):
            assert np.isnan(np.var(leaf([1.0]), ddof=1).data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            for option in ({}, {"where": np.array([True, True])}, {"mean": 1.0}):
                x = np.array([1.0, 2.0])
                expected = np.var(x, ddof=2, **option)
                np.testing.assert_array_equal(np.var(leaf(x), ddof=2, **option).data, expected)

    def test_variance_over_no_elements_of_no_rows(self):
        assert gradient(lambda x: np.var(x, axis=1), np.zeros((0, 3))).shape == (0, 3)

    def test_ddof_and_correction_exclude_each_other(self):
        with pytest.raises(ValueError, match="one of ddof and correction"):
            np.var(leaf([1.0, 2.0]), ddof=1, correction=1)

    def test_a_mean_computed_from_x_changes_nothing(self):
        x = np.array([1.0, 2.0, 4.0])
        given_mean = gradient(lambda x: np.std(x, mean=np.mean(x, keepdims=True)), x)
        np.testing.assert_allclose(given_mean, gradient(np.std, x))


class TestMaximumAndMinimum:
    @pytest.mark.parametrize("function", [np.max, np.amax, np.nanmax])
    def test_ties_share_evenly(self, function):
        np.testing.assert_array_equal(
            gradient(function, [1.0, 2, 2, 0, 2, 2]), [0, 0.25, 0.25, 0, 0.25, 0.25]
        )
        np.testing.assert_array_equal(
            gradient(lambda x: function(x, axis=0), [[1.0, 2], [1, 0]]), [[0.5, 1], [0.5, 0]]
        )

    @pytest.mark.parametrize("function", [np.min, np.amin, np.nanmin])
    def test_ties_for_the_minimum_too(self, function):
        np.testing.assert_array_equal(gradient(function, [2.0, 1, 1]), [0, 0.5, 0.5])

    def test_initial_takes_part(self):
        np.testing.assert_array_equal(gradient(lambda x: np.max(x, initial=5.0), [1.0, 2]), 0)
        np.testing.assert_array_equal(
            gradient(lambda x: np.max(x, initial=2.0), [1.0, 2, 2]), [0, 1 / 3, 1 / 3]
        )

    def test_only_selected_elements_tie(self):
        mask = np.array([True, False, True])
        np.testing.assert_array_equal(
            gradient(lambda x: np.max(x, initial=-1, where=mask), [2.0, 2, 2]), [0.5, 0, 0.5]
        )

    def test_where_the_maximum_is_nan_so_is_the_gradient(self):
        np.testing.assert_array_equal(gradient(np.max, [1.0, nan]), [nan, nan])
        np.testing.assert_array_equal(gradient(np.nanmax, [1.0, nan]), [1, 0])
        rows = gradient(lambda x: np.sum(np.min(x, axis=1)), [[1.0, nan], [1.0, 2.0]])
        np.testing.assert_array_equal(rows, [[nan, nan], [1, 0]])

    @pytest.mark.parametrize("function", [np.max, np.min, np.nanmax, np.nanmin])
    def test_options_may_be_tensors(self, function):
        x, mask = [1.0, 3.0, 2.0], np.array([True, False, True])
        of_array = gradient(lambda x: function(x, initial=1.5, where=mask), x)
        of_tensor = gradient(lambda x: function(x, initial=1.5, where=tg.tensor(mask)), x)
        np.testing.assert_array_equal(of_tensor, of_array)
        for initial in (0.5, 2.5, 3.5):
            tg.check_grads(lambda x, initial: function(x, initial=initial), np.array(x), initial)

    def test_an_empty_maximum(self):
        assert np.max(leaf(np.zeros(0)), initial=1.0).data == 1
        with pytest.raises(ValueError, match=r"max of float64 \(0,\)"):
            np.max(leaf(np.zeros(0)))


class TestHalfPrecision:
    """More elements than half precision can count, of which the largest number is 65,504."""

    @pytest.mark.parametrize(
        "function",
        [
            np.mean,
            np.var,
            np.std,
            np.nanmean,
            np.nanvar,
            np.nanstd,
            lambda x: np.var(x, ddof=2, mean=np.float16(1)),
            lambda x: np.mean(x, where=x.data < 5),
            lambda x: np.var(x, axis=0, where=x.data < 5, keepdims=True)[0],
        ],
    )
    def test_values_and_gradients(self, function):
        x = np.random.default_rng(0).normal(1, 8, size=70000).astype(np.float16)
        # Gradients near 1, as those near 1/70000 have few digits.
        cotangent = 60000
        value, pullback = tg.vjp(function, x)
        exact, exact_pullback = tg.vjp(function, x.astype(np.float64))
        assert value.dtype == np.float16
        np.testing.assert_allclose(value, exact, rtol=2e-3)
        (got,), (expected,) = pullback(cotangent), exact_pullback(cotangent)
        assert got.dtype == np.float16
        np.testing.assert_allclose(got, expected, rtol=1e-2, atol=1e-3)


class TestMissingValues:
    def test_a_row_without_values(self):
        x = np.array([[nan, nan], [1.0, nan]])
        with pytest.warns(RuntimeWarning):
            value, gradient = tg.value_and_grad(lambda x: np.sum(np.nanmean(x, -1)[1:]))(x)
        assert value == 1
        np.testing.assert_array_equal(gradient, [[0, 0], [1, 0]])

    def test_variance_of_too_few_is_nan(self):
        x = np.array([[1.0, 2.0, nan], [1.0, 2.0, 4.0]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            np.testing.assert_array_equal(
                np.nanvar(leaf(x), -1, ddof=2).data, np.nanvar(x, -1, ddof=2)
            )

    def test_selected_and_present(self):
        x, mask = np.array([1.0, nan, 4.0, 7.0]), np.array([True, True, True, False])
        for function in (np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd):
            np.testing.assert_allclose(function(leaf(x), where=mask).data, function(x, where=mask))


# Each as a function and as a method, with every option that it has.
OPTIONS = {
    "sum": {"dtype": np.float64, "initial": 2.0},
    "prod": {"dtype": np.float64, "initial": 2.0},
    "mean": {"dtype": np.float64},
    "var": {"dtype": np.float64, "ddof": 1},
    "std": {"dtype": np.float64, "correction": 1},
    "max": {"initial": 0.0},
    "min": {"initial": 0.0},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_functions_and_methods_take_numpys_options(name):
    x = np.random.default_rng(0).normal(size=(3, 4))
    options = {"out": None, "keepdims": True, "where": x > -1, **OPTIONS[name]}
    for axis in (None, 0, -1, (1, 0)):
        expected = getattr(np, name)(x, axis=axis, **options)
        as_function = getattr(np, name)(leaf(x), axis=axis, **options)
        as_method = getattr(leaf(x), name)(axis, **options)
        np.testing.assert_allclose(as_function.data, expected, rtol=1e-14)
        np.testing.assert_allclose(as_method.data, expected, rtol=1e-14)


@pytest.mark.parametrize(
    "name",
    [
        *("sum", "prod", "mean", "var", "std", "max", "min", "amax", "amin", "ptp"),
        *("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"),
        *("cumsum", "cumprod", "nancumsum", "nancumprod", "median", "nanmedian"),
    ],
)
def test_out_is_refused(name):
    x, out = np.ones((2, 3)), np.zeros(3)
    with pytest.raises(TypeError, match=f"np.{name} with out="):
        getattr(np, name)(leaf(x), axis=0, out=out)
    if hasattr(tg.Tensor, name):
        with pytest.raises(TypeError, match=f"np.{name} with out="):
            getattr(leaf(x), name)(axis=0, out=out)
    np.testing.assert_array_equal(out, 0)


def test_an_integer_dtype_is_refused():
    with pytest.raises(TypeError, match="float64 cannot be computed with in int64"):
        np.sum(leaf([1.5]), dtype=np.int64)


def test_counts_and_indices_are_plain():
    x = leaf([[1.0, 0.0], [3.0, 2.0]])
    for function in (
        np.all,
        np.any,
        np.count_nonzero,
        np.argmax,
        np.argmin,
        np.nanargmax,
        np.nanargmin,
    ):
        np.testing.assert_array_equal(function(x, axis=0), function(x.data, axis=0))
        assert not isinstance(function(x, axis=0), tg.Tensor)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.mean, np.var, np.max, np.nansum])
def test_a_mask_does_not_widen_the_array(function):
    options = {"initial": 0} if function is np.max else {}
    with pytest.raises(ValueError):  # noqa: PT011 - in words that are NumPy's
        function(leaf(np.ones(3)), where=np.ones((2, 3), bool), **options)


def test_a_bad_axis_is_named():
    with pytest.raises(
        np.exceptions.AxisError, match=r"np\.sum of float64 \(2,\).*axis 1 is out of"
    ):
        np.sum(leaf([1.0, 2.0]), axis=1)


def test_the_mean_of_more_elements_than_half_precision_counts():
    x = tg.tensor(np.ones(100_000), dtype=np.float16, requires_grad=True)
    np.mean(x).backward()
    np.testing.assert_allclose(x.grad, 1e-5, rtol=1e-2)
