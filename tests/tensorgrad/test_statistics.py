"""What averages, order statistics and counts promise beyond their derivatives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg

METHODS = [
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf"),
    *("hazen", "weibull", "linear", "median_unbiased", "normal_unbiased"),
    *("lower", "higher", "midpoint", "nearest"),
]


def leaf(values):
    return tg.tensor(values, requires_grad=True)


class TestQuantiles:
    @pytest.mark.parametrize("method", METHODS)
    def test_every_method(self, method):
        rng = np.random.default_rng(0)
        x = rng.permutation(np.arange(14.0)).reshape(2, 7)
        q = [0, 0.05, 0.3, 0.5, 0.65, 1]
        tg.check_grads(lambda x: np.quantile(x, q, axis=-1, method=method), x, order=1)
        x[:, 2] = np.nan
        tg.check_grads(lambda x: np.nanquantile(x, q, axis=-1, method=method), x, order=1)

    def test_the_first_of_several_equal_elements_counts_as_the_smaller(self):
        np.testing.assert_array_equal(
            tg.grad(np.median)(np.array([2.0, 1, 2, 2, 3])), [0, 0, 1, 0, 0]
        )
        np.testing.assert_array_equal(tg.grad(np.median)(np.array([5.0, 5.0])), [0.5, 0.5])

    def test_the_array_is_not_overwritten(self):
        values = np.array([3.0, 1.0, 2.0])
        for function in (np.median, np.nanmedian):
            function(tg.Tensor(values, requires_grad=True), overwrite_input=True)
        for function in (np.quantile, np.nanquantile, np.percentile, np.nanpercentile):
            function(tg.Tensor(values, requires_grad=True), 0.5, overwrite_input=True)
        np.testing.assert_array_equal(values, [3, 1, 2])

    def test_q_has_no_derivative(self):
        assert np.quantile(leaf([1.0, 2.0]), tg.tensor(0.5)).data == 1.5
        with pytest.raises(TypeError, match="quantile has no derivative with respect to operand 1"):
            np.quantile(np.array([1.0, 2.0]), leaf(0.5))

    def test_weights_select_an_element(self):
        x, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 5.0, 1.0])
        gradient = tg.grad(lambda x: np.quantile(x, 0.8, weights=weights, method="inverted_cdf"))(x)
        np.testing.assert_array_equal(gradient, [0, 0, 1])
        with pytest.raises(TypeError, match="quantile has no derivative with respect to operand 2"):
            np.quantile(x, 0.8, weights=leaf(weights), method="inverted_cdf")

    def test_nan_gives_nan(self):
        value, gradient = tg.value_and_grad(np.median)(np.array([1.0, np.nan, 2.0]))
        assert np.isnan(value)
        assert np.isnan(gradient[[0, 2]]).all()

    def test_out_is_refused(self):
        with pytest.raises(TypeError, match="percentile with out="):
            np.percentile(leaf([1.0]), 50, out=np.zeros(()))


class TestAverages:
    def test_bad_weights(self):
        x = leaf(np.ones((2, 3)))
        with pytest.raises(ZeroDivisionError, match="add up to zero"):
            np.average(x, weights=np.zeros((2, 3)))
        with pytest.raises(TypeError, match=r"shape \(3,\) for an array of shape \(2, 3\)"):
            np.average(x, weights=np.ones(3))
        with pytest.raises(ValueError, match=r"shape \(3,\) for axis 0"):
            np.average(x, axis=0, weights=np.ones(3))

    def test_returned_counts_elements_without_weights(self):
        value, count = np.average(leaf(np.ones((2, 3))), axis=1, returned=True)
        np.testing.assert_array_equal(value.data, [1, 1])
        np.testing.assert_array_equal(count, [3, 3])

    def test_weights_alone_may_be_a_tensor(self):
        weights = leaf([1.0, 3.0])
        np.average([10.0, 20.0], weights=weights).backward()
        np.testing.assert_allclose(weights.grad, [-1.875, 0.625])


class TestCovariance:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"bias": True},
            {"ddof": 2},
            {"rowvar": False},
            {"fweights": [1, 2, 0, 3]},
            {"aweights": [0.5, 1, 2, 0.1]},
            {"fweights": [1, 2, 0, 3], "aweights": [0.5, 1, 2, 0.1], "ddof": 0},
            {"dtype": np.float32},
        ],
    )
    def test_options_are_numpys(self, options):
        rng = np.random.default_rng(0)
        m, y = rng.normal(size=(2, 4)), rng.normal(size=4)
        if options.get("rowvar") is False:
            m, y = m.T, y[:, None]
        for operands in ((m,), (m, y), (y[:, 0] if y.ndim == 2 else y,)):
            expected = np.cov(*operands, **options)
            got = np.cov(*map(leaf, operands), **options)
            np.testing.assert_allclose(
                got.data, expected, rtol=1e-5 if "dtype" in options else 1e-12
            )
            assert got.dtype == expected.dtype

    def test_bad_arguments(self):
        x = leaf(np.ones((2, 3)))
        with pytest.raises(ValueError, match=r"shape \(1, 1, 1\)"):
            np.cov(leaf(np.ones((1, 1, 1))))
        with pytest.raises(ValueError, match=r"fweights of shape \(2,\) for 3 observations"):
            np.cov(x, fweights=[1, 2])
        with pytest.raises(TypeError, match="whole numbers"):
            np.cov(x, fweights=[1, 2, 0.5])
        with pytest.raises(ValueError, match="aweights cannot be negative"):
            np.cov(x, aweights=[1, 2, -1])
        with pytest.warns(RuntimeWarning, match="divide"):
            np.cov(leaf([[1.0], [2.0]]))

    def test_correlation_of_a_variable_with_itself(self):
        assert np.corrcoef(leaf([1.0, 2.0, 4.0])).data == 1
        x = np.random.default_rng(0).normal(size=(3, 5))
        np.testing.assert_allclose(np.corrcoef(leaf(x)).data, np.corrcoef(x), rtol=1e-12)
        gradient = tg.grad(lambda x: np.sum(np.corrcoef(x)[[0, 1, 2], [0, 1, 2]]))(x)
        np.testing.assert_allclose(gradient, 0, atol=1e-14)


class TestCounting:
    @given(seed=st.integers(0, 999), density=st.booleans(), data=st.data())
    def test_histogram_is_numpys(self, seed, density, data):
        rng = np.random.default_rng(seed)
        a, weights = rng.integers(0, 9, (2, 6)) / 4, rng.uniform(0.1, 1, (2, 6))
        bins = data.draw(st.sampled_from([1, 4, [0.0, 0.25, 1.0, 3.0], "sqrt"]))
        limits = data.draw(st.sampled_from([None, (0.0, 2.0)]))
        weighted = [None] if bins == "sqrt" else [None, weights]
        for w in weighted:
            expected = np.histogram(a, bins, limits, density, w)
            got = np.histogram(leaf(a), bins, limits, density, w if w is None else leaf(w))
            for one, other in zip(got, expected, strict=True):
                one = one.data if isinstance(one, tg.Tensor) else one
                np.testing.assert_allclose(one, other, rtol=1e-12)
                assert one.dtype == other.dtype

    def test_counts_are_plain(self):
        x = leaf([0.5, 1.5, 1.0])
        for function, *rest in (
            (np.searchsorted, 0.7),
            (np.digitize, [0.0, 1.0]),
        ):
            got = function(x, *rest)
            assert not isinstance(got, tg.Tensor)
            np.testing.assert_array_equal(got, function(x.data, *rest))
        assert type(np.bincount(tg.tensor([0, 1, 1]))) is np.ndarray
        assert type(np.histogram(x)[0]) is np.ndarray

    @pytest.mark.parametrize("bins", [3, "sturges"])
    def test_edges_of_bins_move_with_the_elements(self, bins):
        x = np.random.default_rng(0).normal(size=7)
        tg.check_grads(lambda x: np.histogram_bin_edges(x, bins), x)
        tg.check_grads(lambda x: np.histogram(x, bins, density=True)[0], x)
        tg.check_grads(lambda x: np.histogram(x, bins, density=True)[1], x)
        tg.check_grads(
            lambda x, low, high: np.histogram(x, 3, (low, high), density=True)[0], x, -1.0, 2.0
        )
        tg.check_grads(
            lambda edges: np.histogram(x, edges, density=True)[0], np.array([-1.0, 0.5, 3.0])
        )

    @pytest.mark.parametrize("x", [np.ones(3), np.zeros(0), np.ones(2, np.float32)])
    def test_edges_where_there_is_no_width(self, x):
        got = np.histogram_bin_edges(leaf(x), 2)
        expected = np.histogram_bin_edges(x, 2)
        np.testing.assert_array_equal(got.data, expected)
        assert got.dtype == expected.dtype

    def test_histograms_of_several_variables_are_refused(self):
        with pytest.raises(TypeError, match="counts change in steps"):
            np.histogram2d(leaf([1.0]), leaf([2.0]))
