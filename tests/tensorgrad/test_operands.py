"""Operators between tensors and whatever else stands beside them."""

import operator

import numpy as np
import pytest

import tensorgrad as tg

ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
INTEGERS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
IN_PLACE = [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow]

OTHERS = {
    "ndarray": np.array([[1.5], [2.25]]),
    "0-d ndarray": np.array(1.5),
    "float32 ndarray": np.array([1.5, 2.25, 3.0], np.float32),
    "integer ndarray": np.array([1, 2, 3]),
    "NumPy float64": np.float64(1.5),
    "NumPy float32": np.float32(1.5),
    "NumPy integer": np.int64(2),
    "float": 1.5,
    "int": 2,
    "bool": True,
    "list": [1.5, 2.0, 2.5],
}

every_other = pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())


def by_name(functions):
    return pytest.mark.parametrize("function", functions, ids=lambda function: function.__name__)


def values(dtype):
    return np.array([0.43, 1.27, 2.71], dtype)


def leaf(array):
    return tg.Tensor(array, requires_grad=True)


@every_other
@by_name([*ARITHMETIC, divmod])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_results_are_numpys(function, other, dtype):
    x = values(dtype)
    # The operator of arrays used to have results of its own for a few exponents.
    expected = np.power if function is operator.pow else function
    for tensor, array in [
        (function(leaf(x), other), expected(x, other)),
        (function(other, leaf(x)), expected(other, x)),
    ]:
        pairs = zip(tensor, array, strict=True) if function is divmod else [(tensor, array)]
        for a, b in pairs:
            assert isinstance(a, tg.Tensor)
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a.data, b)


@every_other
@by_name([f for f in ARITHMETIC if f is not operator.floordiv])
def test_gradients_reach_the_tensor_on_either_side(function, other):
    tg.check_grads(lambda x: function(x, other), values(float))
    tg.check_grads(lambda x: function(other, x), values(float))


@every_other
@by_name(COMPARISONS)
def test_comparisons_are_plain(function, other):
    x = values(float)
    for plain, expected in [
        (function(leaf(x), other), function(x, other)),
        (function(other, leaf(x)), function(other, x)),
    ]:
        assert not isinstance(plain, tg.Tensor)
        np.testing.assert_array_equal(plain, expected)


@by_name([operator.matmul])
@pytest.mark.parametrize("other", [np.ones((3, 3)), [1.0, 2.0, 3.0], np.ones(3, np.float32)])
def test_matrix_products(function, other):
    x = values(float)
    np.testing.assert_array_equal((leaf(x) @ other).data, x @ np.asarray(other))
    np.testing.assert_array_equal((other @ leaf(x)).data, np.asarray(other) @ x)
    tg.check_grads(lambda x: x @ other, x)
    tg.check_grads(lambda x: other @ x, x)


@by_name(INTEGERS)
def test_integers_are_never_recorded(function):
    x = np.array([1, 2, 5])
    for other in (np.array([3, 1, 0]), np.int64(2), 1, True):
        for result, expected in [
            (function(tg.tensor(x), other), function(x, other)),
            (function(other, tg.tensor(x)), function(other, x)),
        ]:
            assert not isinstance(result, tg.Tensor)
            np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(~tg.tensor(x), ~x)
    with pytest.raises(TypeError, match=r"bitwise|shift"):
        function(leaf([1.0, 2.0]), 1)


@by_name(IN_PLACE)
def test_in_place_operators_make_new_tensors(function):
    x = leaf(values(float))
    y = function(x, 2.0)
    assert y is not x
    assert y.requires_grad
    np.testing.assert_array_equal(x.data, values(float))


def test_an_array_is_not_overwritten_by_a_tensor():
    array = np.ones(3)
    with pytest.raises(TypeError, match="out="):
        array += leaf(values(float))
    np.testing.assert_array_equal(array, np.ones(3))


def test_unary_operators():
    x = values(float) - 1
    for function in (operator.neg, operator.pos, abs):
        np.testing.assert_array_equal(function(leaf(x)).data, function(x))
        tg.check_grads(function, x)
    assert round(leaf(np.array(1.26)), 1).item() == 1.3
    assert round(leaf(np.array(1.26))).item() == 1.0


def test_operands_that_make_no_sense():
    for other in ("a", None, object(), 1j):
        with pytest.raises(TypeError):
            _ = leaf(values(float)) + other
        with pytest.raises(TypeError):
            _ = other + leaf(values(float))
