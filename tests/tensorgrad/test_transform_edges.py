"""What a caller may change, and what a transform refuses, so that nothing is lost silently."""

import numpy as np
import pytest

import tensorgrad as tg


def test_gradients_share_no_memory():
    a, b = tg.grad(lambda a, b: np.sum((a + b) * 2), (0, 1))(np.ones(2), np.ones(2))
    a *= 10
    np.testing.assert_array_equal(b, [2, 2])


def test_the_cotangent_stays_the_callers():
    cotangent = np.ones(2)
    (gradient,) = tg.vjp(np.positive, np.zeros(2))[1](cotangent)
    gradient *= 10
    np.testing.assert_array_equal(cotangent, [1, 1])


@pytest.mark.parametrize("linear", [tg.vjp, tg.linearize])
def test_changing_the_value_changes_no_derivative(linear):
    x = np.array([0.0, 1.0])
    value, derivative = linear(np.exp, x)
    value *= 0
    np.testing.assert_allclose(np.ravel(derivative(np.ones(2))), np.exp(x))
    linear(lambda x: x, x)[0][...] = 7
    np.testing.assert_array_equal(x, [0, 1])


def test_changing_the_input_changes_no_derivative():
    x = np.ones(2)
    _, pullback = tg.vjp(lambda t: t["x"] ** 2, {"x": x})
    _, pushforward = tg.linearize(lambda x: x**2, x)
    x[:] = 5.0
    np.testing.assert_array_equal(pullback(np.ones(2))[0]["x"], [2.0, 2.0])
    np.testing.assert_array_equal(pushforward(np.ones(2)), [2.0, 2.0])


def test_backward_of_the_input_is_refused():
    """As in an inner loop of training whose outcome is to be differentiated."""
    w = tg.tensor(2.0, requires_grad=True)

    def loss_after_a_step(x):
        (x * w).backward()
        return x * w.grad

    with pytest.raises(RuntimeError, match=r"Nest tg\.grad"):
        tg.grad(loss_after_a_step)(3.0)
    with pytest.raises(RuntimeError, match=r"Nest tg\.grad"):
        tg.grad(tg.grad(loss_after_a_step))(3.0)
    assert w.grad is None


def test_backward_of_something_else_is_fine_inside():
    w = tg.tensor(2.0, requires_grad=True)

    def f(x):
        (w * w).backward()
        return x * w.grad

    assert tg.grad(f)(3.0) == 4.0


def test_stop_gradient_stops_in_nested_structures():
    def f(x):
        stopped = tg.stop_gradient({"x": (x, [x])})
        return x * stopped["x"][0] * stopped["x"][1][0]

    assert tg.grad(f)(3.0) == 9.0


def test_an_argument_named_twice_is_refused():
    with pytest.raises(TypeError, match="twice"):
        tg.grad(lambda x, y: x * y, (0, -2))(2.0, 3.0)


def test_an_integer_has_no_gradient():
    with pytest.raises(TypeError, match=r"int64 \(\).*no derivative"):
        tg.grad(np.argmax)(np.ones(3))


def test_an_array_is_no_list_of_primals():
    x = np.ones(1)
    for call in (
        lambda: tg.jvp(np.sum, x, [x]),
        lambda: tg.jvp(np.sum, [x], x),
        lambda: tg.hvp(np.sum, x, [x]),
    ):
        with pytest.raises(TypeError, match=r"must be a list or a tuple.*float64 \(1,\)"):
            call()
