"""What scans promise beyond their derivatives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.derivatives.scans import linear_recurrence


def leaf(values, dtype=None):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


@given(length=st.integers(0, 40), axis=st.integers(0, 1), seed=st.integers(0, 99))
def test_linear_recurrence_is_the_loop(length, axis, seed):
    rng = np.random.default_rng(seed)
    b = rng.normal(size=(length, 3))
    a = rng.normal(size=(max(length - 1, 0), 3))
    expected = b.copy()
    for i in range(1, length):
        expected[i] += a[i - 1] * expected[i - 1]
    if axis:
        a, b, expected = a.T, b.T, expected.T
    np.testing.assert_allclose(linear_recurrence(a, b, axis), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_zeros_in_a_running_product_are_right_to_the_third_order(zeros):
    x = np.array([0.0] * zeros + [1.5, -2.0, 0.5])
    tg.check_grads(np.cumprod, np.random.default_rng(1).permutation(x), order=3)


def test_jacobian_of_a_running_product_with_zeros():
    jacobian = tg.jacobian(np.cumprod)(np.array([2.0, 0.0, 3.0, 0.0]))
    np.testing.assert_array_equal(
        jacobian, [[1, 0, 0, 0], [0, 2, 0, 0], [0, 6, 0, 0], [0, 0, 0, 0]]
    )


def test_a_long_running_product():
    x = np.random.default_rng(0).uniform(0.99, 1.01, 10_001)
    gradient = tg.grad(lambda x: np.sum(np.cumprod(x)))(x)
    products = np.cumprod(x)
    np.testing.assert_allclose(gradient, np.cumsum(products[::-1])[::-1] / x, rtol=1e-10)


def test_scans_take_a_dtype():
    x = leaf([1.0, 2.0], np.float32)
    for result in (np.cumsum(x, dtype=float), x.cumprod(0, float), np.cumsum(x, 0, np.float64)):
        assert result.dtype == np.float64
    with pytest.raises(TypeError, match="in int64"):
        np.cumsum(x, dtype=np.int64)


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="since NumPy 2.1")
def test_cumulative_sum_of_two_axes_needs_to_be_told_which():
    with pytest.raises(ValueError, match="cumulative_sum of 2 axes"):
        np.cumulative_sum(leaf(np.ones((2, 2))))
    with pytest.raises(TypeError, match="out="):
        np.cumulative_prod(leaf([1.0]), out=np.zeros(1))


class TestDifferences:
    def test_more_differences_than_elements(self):
        result, pullback = tg.vjp(lambda x: np.diff(x, 5), np.ones((2, 3)))
        assert result.shape == (2, 0)
        np.testing.assert_array_equal(pullback(result)[0], np.zeros((2, 3)))

    def test_bad_arguments(self):
        with pytest.raises(ValueError, match="n=-1"):
            np.diff(leaf([1.0, 2.0]), -1)
        with pytest.raises(ValueError, match="at least one axis"):
            np.diff(leaf(1.0))

    def test_ends_are_numbers_lists_and_arrays(self):
        x = np.array([[1.0, 4.0], [9.0, 16.0]])
        ends = {"prepend": 0.5, "append": [[1.0], [2.0]]}
        np.testing.assert_array_equal(np.diff(leaf(x), **ends).data, np.diff(x, **ends))
        ends = {"to_begin": [1, 2], "to_end": 3.0}
        np.testing.assert_array_equal(np.ediff1d(leaf(x), **ends).data, np.ediff1d(x, **ends))

    def test_ediff1d_keeps_the_dtype(self):
        assert np.ediff1d(leaf([1.0, 2.0], np.float32), to_end=0.5).dtype == np.float32
        with pytest.raises(TypeError, match="to_end of dtype float64"):
            np.ediff1d(tg.tensor([1, 2]), to_end=0.5)


class TestGradient:
    def test_one_result_per_axis(self):
        x = np.random.default_rng(0).normal(size=(3, 4))
        results = np.gradient(leaf(x), 0.5, [0.0, 1.0, 3.0, 3.5])
        assert isinstance(results, tuple)
        for got, expected in zip(results, np.gradient(x, 0.5, [0.0, 1.0, 3.0, 3.5]), strict=True):
            np.testing.assert_allclose(got.data, expected, rtol=1e-12)

    @pytest.mark.parametrize("edge_order", [1, 2])
    def test_equally_spaced_coordinates_are_a_spacing(self, edge_order):
        x = np.random.default_rng(0).normal(size=5)
        for spacing in (2.0, np.arange(0, 10, 2), leaf(np.arange(0.0, 10, 2))):
            np.testing.assert_allclose(
                np.gradient(leaf(x), spacing, edge_order=edge_order).data,
                np.gradient(x, 2.0, edge_order=edge_order),
                rtol=1e-12,
            )

    def test_dtypes(self):
        assert np.gradient(leaf([1, 2, 4], np.float32), np.float64(2)).dtype == np.float32
        np.testing.assert_array_equal(
            np.gradient(tg.tensor([3, 1, 2], np.uint8)).data, np.gradient(np.array([3, 1, 2]))
        )

    def test_bad_arguments(self):
        x = leaf(np.ones((3, 2)))
        with pytest.raises(
            ValueError, match=r"coordinates of shape \(2,\) for an axis of length 3"
        ):
            np.gradient(x, [0.0, 1.0], 1.0)
        with pytest.raises(TypeError, match="3 spacings for 2 axes"):
            np.gradient(x, 1.0, 1.0, 1.0)
        with pytest.raises(ValueError, match="needs 3 points along axis 1, which has 2"):
            np.gradient(x, axis=1, edge_order=2)
        with pytest.raises(ValueError, match="edge_order must be 1 or 2"):
            np.gradient(x, edge_order=3)


def test_trapezoid_of_lists_with_tensor_coordinates():
    x = leaf([0.0, 1.0, 3.0])
    area = np.trapezoid([1.0, 2.0, 2.0], x)
    area.backward()
    assert area.data == 5.5
    np.testing.assert_array_equal(x.grad, [-1.5, -0.5, 2.0])
