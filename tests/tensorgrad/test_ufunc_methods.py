"""The methods of ufuncs on tensors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.derivatives.table import TABLE


def leaf(values):
    return tg.tensor(values, requires_grad=True)


def gradient(function, values):
    return tg.grad(lambda x: np.sum(function(x)))(np.array(values))


@given(data=st.data(), seed=st.integers(0, 99))
def test_reduceat_is_reduce_of_each_segment(data, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, 3, (7, 2)).astype(float)  # with zeros and ties
    indices = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=6))
    ufunc = data.draw(st.sampled_from([np.add, np.multiply, np.maximum, np.minimum]))
    g = rng.normal(size=(len(indices), 2))

    def by_segment(x):
        pieces = []
        for start, stop in zip(indices, [*indices[1:], 7], strict=True):
            pieces.append(ufunc.reduce(x[start : max(stop, start + 1)]))
        return np.stack(pieces)

    expected, expected_pullback = tg.vjp(by_segment, x)
    got, pullback = tg.vjp(lambda x: ufunc.reduceat(x, indices), x)
    np.testing.assert_allclose(got, expected)
    np.testing.assert_allclose(pullback(g)[0], expected_pullback(g)[0], rtol=1e-12, atol=1e-14)
    turned, pullback = tg.vjp(lambda x: ufunc.reduceat(x, indices, axis=-1), x.T)
    np.testing.assert_allclose(turned, expected.T)
    np.testing.assert_allclose(pullback(g.T)[0].T, expected_pullback(g)[0], rtol=1e-12, atol=1e-14)


@given(values=st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_running_extremum_shares_as_each_extremum_does(values):
    x = np.array(values, float)
    for ufunc, extremum in ((np.maximum, np.max), (np.minimum, np.min)):
        expected = tg.jacobian(
            lambda x, f=extremum: np.stack([f(x[: i + 1]) for i in range(len(x))])
        )
        np.testing.assert_allclose(tg.jacobian(ufunc.accumulate)(x), expected(x), rtol=1e-14)


def test_the_axis_of_reduce_is_the_first():
    x = leaf(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(np.add.reduce(x).data, [3, 5, 7])
    np.testing.assert_array_equal(np.multiply.reduce(x, axis=None).data, 0)


def test_logaddexp_of_minus_infinity():
    np.testing.assert_array_equal(gradient(np.logaddexp.reduce, [-np.inf, -np.inf]), [0, 0])
    np.testing.assert_array_equal(gradient(np.logaddexp.reduce, [-np.inf, 1.0]), [0, 1])
    np.testing.assert_allclose(gradient(np.logaddexp.reduce, [1000.0, 1000.0]), [0.5, 0.5])


def test_outer_of_any_ufunc_that_can_be_differentiated():
    a, b = leaf([1.0, 2.0]), np.array([[3.0], [4.0]])
    for ufunc in (np.power, np.arctan2, np.less):
        got = ufunc.outer(a, b)
        np.testing.assert_array_equal(getattr(got, "data", got), ufunc.outer(a.data, b))
    np.testing.assert_array_equal(np.subtract.outer([1.0, 2.0], a).data, [[0, -1], [1, 0]])
    assert np.add.outer(a, 1, dtype=np.float32).dtype == np.float32
    with pytest.raises(TypeError, match=r"pow \(vectorized\) has no derivative rule"):
        np.frompyfunc(pow, 2, 1).outer(a, [2.0])


@pytest.mark.parametrize("ufunc", [np.add, np.exp, np.hypot])
def test_at_is_refused_on_either_side(ufunc):
    name = f"np.{ufunc.__name__}.at cannot be differentiated: it works in place"
    rest = [1.0] * (ufunc.nin - 1)
    with pytest.raises(TypeError, match=name):
        ufunc.at(leaf([1.0]), [0], *rest)
    if rest:
        array = np.ones(2)
        with pytest.raises(TypeError, match=name):
            ufunc.at(array, [0], leaf(1.0))
        np.testing.assert_array_equal(array, 1)


def test_other_methods_name_themselves_and_can_be_registered():
    x = leaf([5.0, 1.0, 1.0])
    with pytest.raises(
        TypeError, match=r"np\.subtract\.reduce has no derivative rule.*tg\.derivative"
    ):
        np.subtract.reduce(x)
    tg.derivative(np.subtract.reduce, lambda g, y, x: g * np.where(np.arange(3) == 0, 1, -1))
    try:
        np.subtract.reduce(x).backward()
    finally:
        del TABLE[np.subtract.reduce]
    np.testing.assert_array_equal(x.grad, [1, -1, -1])


def test_out_is_refused():
    with pytest.raises(TypeError, match="with out="):
        np.add.reduce(leaf([1.0]), out=np.zeros(()))


def test_questions_are_plain():
    x = leaf([[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(np.logical_and.reduce(x), [True, False])
    np.testing.assert_array_equal(np.logical_or.accumulate(x, axis=1), [[True, True], [True, True]])
