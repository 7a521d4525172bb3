"""What replay calls in the place of other functions: the same values, and the same errors."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from random_programs import matrices, programs, run

import tensorgrad as tg
from tensorgrad.class_labels import logits_of, one_hot
from tensorgrad.compiler import cheaper_calls

SPECIAL = st.sampled_from([0.0, 1.0, -2.5, 700.0, np.inf, -np.inf, np.nan])


def called(function, *args):
    """The functions that are called in a replay."""
    program = tg.compile(function).program(*args)
    return {step.function for step in cheaper_calls.with_cheaper_calls(program).instructions}


class TestExtremesOfRows:
    @given(
        x=hnp.arrays(
            st.sampled_from([np.float32, np.float64]),
            st.tuples(st.integers(1, 12), st.integers(1, 5)),
            elements=SPECIAL,
        ),
        extreme=st.sampled_from([np.max, np.min]),
        axis=st.sampled_from([0, 1, -1, None]),
        keepdims=st.booleans(),
    )
    def test_of_any_values(self, x, extreme, axis, keepdims):
        def f(x):
            y = np.negative(x)
            found = extreme(y, axis=axis, keepdims=keepdims)
            return found, found + 1, y

        compiled = tg.compile(f)
        for one in (x, x[::-1]):
            for result, expected in zip(compiled(one), f(one), strict=True):
                np.testing.assert_array_equal(result, expected, strict=True)

    def test_they_are_looked_for(self):
        assert np.argmax in called(lambda x: np.max(np.exp(x), axis=1), np.ones((9, 4)))

    @pytest.mark.parametrize("shape", [(9, 0), (0, 4), (9, 4, 2), (9,)])
    def test_of_other_shapes(self, shape):
        x = np.ones(shape)
        assert np.argmax not in called(lambda x: np.max(x * 2, axis=-1, initial=0), x)

    @given(steps=programs(), seed=st.integers(0, 1000))
    def test_in_random_programs(self, steps, seed):
        gradient = tg.grad(lambda a, b: np.sum(run(steps, a, b)), argnums=(0, 1))
        a, b = matrices(seed)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cheaper_calls, "ROWS_TO_SEARCH", 1)
            results = tg.compile(gradient)(a, b)
        for result, expected in zip(results, gradient(a, b), strict=True):
            np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


@given(
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_side=3, min_side=0),
    dtypes=st.tuples(*[st.sampled_from([np.float32, np.float64, np.int64])] * 2),
)
def test_operands_of_one_element(shapes, dtypes):
    def f(a, b):
        return np.negative(a) * b, np.square(b) + np.where(a < b, a, b), -a + 1

    a, b = (
        np.arange(math.prod(shape)).reshape(shape).astype(dtype)
        for shape, dtype in zip(shapes.input_shapes, dtypes, strict=True)
    )
    compiled = tg.compile(f)
    for left, right in ((a, b), (a + 3, b - 2)):
        for result, expected in zip(compiled(left, right), f(left, right), strict=True):
            np.testing.assert_array_equal(result, expected, strict=True)


class TestMeans:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("count", [1, 2, 10, 32, 128, 256])
    def test_of_any_length(self, count, dtype):
        x = np.random.default_rng(count).normal(size=count).astype(dtype)
        result = tg.compile(lambda x: np.mean(-x))(x)
        np.testing.assert_allclose(result, np.mean(-x), rtol=1e-5 if dtype == np.float32 else 1e-13)
        assert result.dtype == dtype

    @given(
        x=hnp.arrays(
            st.sampled_from([np.float16, np.float32, np.float64, np.int64]),
            hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
            elements=st.integers(-5, 5),
        ),
        data=st.data(),
    )
    def test_along_any_axes(self, x, data):
        axes = st.one_of(st.none(), st.integers(-x.ndim, x.ndim - 1), hnp.valid_tuple_axes(x.ndim))
        axis, keepdims = data.draw(axes), data.draw(st.booleans())

        def f(x):
            y = -x
            return np.mean(y, axis=axis, keepdims=keepdims), y.mean(axis=axis), np.mean(y) / 2

        for result, expected in zip(tg.compile(f)(x), f(x), strict=True):
            np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-7)
            assert (result.dtype, np.shape(result)) == (expected.dtype, np.shape(expected))

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_rounded_after_the_sum_alone(self, dtype):
        of_squares = tg.compile(lambda x, t: (np.mean((x - t) ** 2), np.sum(x * t) / 8))
        limits = np.finfo(dtype)
        largest = np.full((8, 4), np.sqrt(limits.max) / 2, dtype)
        least = np.full((8, 4), limits.smallest_subnormal, dtype)
        one, zero = np.ones_like(least), np.zeros_like(least)
        with np.errstate(over="ignore"):
            assert of_squares(largest, zero) == (np.inf, 0)
        assert of_squares(least, one) == (1, 4 * limits.smallest_subnormal)


class TestLabels:
    @staticmethod
    def twice(x, labels, others):
        def loss(x):
            return tg.cross_entropy(x * 1.5, labels) + tg.cross_entropy(np.tanh(x), others)

        rows = one_hot(labels, x)
        return (*tg.value_and_grad(loss)(x), rows, rows + 1, logits_of(labels, -x))

    @settings(max_examples=30)
    @given(data=st.data(), n=st.integers(1, 9), classes=st.sampled_from([1, 3, 64, 65]))
    def test_of_any_dtype(self, data, n, classes):
        dtype = data.draw(st.sampled_from([np.float32, np.float64]))
        kind = data.draw(st.sampled_from([np.int8, np.int64, np.uint64]))
        rng = np.random.default_rng(n)
        x = rng.normal(size=(n, classes)).astype(dtype)
        labels, others = (rng.integers(0, classes, n).astype(kind) for _ in range(2))
        compiled = tg.compile(self.twice)
        tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-12}
        for one in (labels, others):
            results = compiled(x, one, others)
            for result, expected in zip(results, self.twice(x, one, others), strict=True):
                np.testing.assert_allclose(result, expected, **tolerance)
                assert result.dtype == expected.dtype

    @pytest.mark.parametrize("classes", [3, 70])
    @pytest.mark.parametrize("wrong", [-1, 70, -1000, 2**62])
    @pytest.mark.parametrize("of", ["loss", "gradient", "losses", "weighted"])
    def test_out_of_range(self, classes, wrong, of):
        functions = {
            "loss": tg.cross_entropy,
            "gradient": tg.grad(lambda x, labels: tg.cross_entropy(np.exp(x), labels)),
            "losses": lambda x, labels: logits_of(labels, np.exp(x)),
            "weighted": lambda x, labels: x * one_hot(labels, x),
        }
        compiled, labels = tg.compile(functions[of]), np.array([0, 2])
        x = np.zeros((2, classes))
        before = compiled(x, labels)
        with pytest.raises(ValueError, match=f"class indices go from .* 0 to {classes - 1}"):
            compiled(x, np.array([2, wrong]))
        np.testing.assert_array_equal(compiled(x, labels), before)

    def test_logits_of_no_chance(self):
        step = tg.value_and_grad(lambda x, labels: tg.cross_entropy(x - 1, labels))
        x, labels = np.array([[0.0, -np.inf, 0.0], [1e9, 1e9 + 1, -np.inf]]), np.array([0, 1])
        for result, expected in zip(tg.compile(step)(x, labels), step(x, labels), strict=True):
            np.testing.assert_allclose(result, expected, rtol=1e-12)
            assert np.all(np.isfinite(result))

    def test_from_outside(self):
        labels = np.array([1, 0])
        compiled = tg.compile(tg.grad(lambda x: tg.cross_entropy(x, labels)))
        np.testing.assert_array_equal(compiled(np.zeros((2, 2))), [[0.25, -0.25], [-0.25, 0.25]])


class TestProducts:
    def test_of_small_matrices(self):
        x = np.ones((3, 4))
        assert called(lambda x: np.matmul(x, x.T) + 1, x) >= {np.dot}
        assert called(np.matmul, x.astype(int), x.T.astype(int)) == {np.matmul}

    def test_of_large_ones(self):
        x = np.ones((3, 100))
        assert np.matmul in called(lambda x: np.matmul(x.T, x), x)
