"""Transforms of functions that close over tensors that require a gradient: nothing is cut."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest

import tensorgrad as tg

X = np.array([0.3, -0.8, 0.5])
V = np.array([1.0, 0.5, -2.0])


def new_weight():
    return tg.tensor([[0.2, -0.4], [0.7, 0.1], [-0.3, 0.9]], requires_grad=True)


def model(w, x):
    return np.tanh(x @ w) ** 2


def scalar(w):
    return lambda x: np.sum(model(w, x))


# What each transform gives, as one number, on plain arrays only.
TRANSFORMED = {
    "grad": lambda w: np.sum(tg.grad(scalar(w))(X) ** 2),
    "value_and_grad": lambda w: tg.value_and_grad(scalar(w))(X)[0] ** 2,
    "grad with aux": lambda w: np.sum(
        tg.grad(lambda x: (np.sum(x), {"out": model(w, x)}), has_aux=True)(X)[1]["out"]
    ),
    "value of vjp": lambda w: np.sum(tg.vjp(lambda x: model(w, x), X)[0] ** 2),
    "pullback": lambda w: np.sum(tg.vjp(lambda x: model(w, x), X)[1](V[:2])[0] ** 2),
    "value of jvp": lambda w: np.sum(tg.jvp(lambda x: model(w, x), [X], [V])[0] ** 2),
    "jvp": lambda w: np.sum(tg.jvp(lambda x: model(w, x), [X], [V])[1] ** 2),
    "linearize": lambda w: np.sum(tg.linearize(lambda x: model(w, x), X)[1](V) ** 2),
    "jacobian in reverse": lambda w: np.sum(
        tg.jacobian(lambda x: model(w, x), mode="reverse")(X) ** 2
    ),
    "jacobian forward": lambda w: np.sum(
        tg.jacobian(lambda x: model(w, x), mode="forward")(X) ** 2
    ),
    "hessian": lambda w: np.sum(tg.hessian(scalar(w))(X) ** 2),
    "hvp": lambda w: np.sum(tg.hvp(scalar(w), [X], [V]) ** 2),
    "grad of grad": lambda w: np.sum(tg.grad(lambda x: np.sum(tg.grad(scalar(w))(x) ** 2))(X)),
    "grad of checkpoint": lambda w: np.sum(tg.grad(tg.checkpoint(scalar(w)))(X) ** 2),
    "checkpoint of grad": lambda w: tg.checkpoint(lambda x: np.sum(tg.grad(scalar(w))(x) ** 2))(X),
    "an intermediate result": lambda w: np.sum(tg.grad(scalar(np.exp(w)))(X) ** 2),
}


@pytest.mark.parametrize("name", TRANSFORMED)
class TestEveryTransform:
    def test_backward_sees_the_path(self, name):
        w = new_weight()
        (w.sum() + TRANSFORMED[name](w)).backward()
        expected = np.ones_like(w.data)
        for index in np.ndindex(w.shape):
            values = []
            for sign in (1, -1):
                moved = w.data.copy()
                moved[index] += sign * 1e-6
                values.append(float(TRANSFORMED[name](moved)))
            expected[index] += (values[0] - values[1]) / 2e-6
        np.testing.assert_allclose(w.grad, expected, rtol=1e-6, atol=1e-7)

    def test_under_no_grad_the_results_are_arrays(self, name):
        with tg.no_grad():
            assert not isinstance(TRANSFORMED[name](new_weight()), tg.Tensor)

    def test_without_such_a_tensor_the_results_are_arrays(self, name):
        assert not isinstance(TRANSFORMED[name](new_weight().data), tg.Tensor)
        assert isinstance(TRANSFORMED[name](new_weight()), tg.Tensor)


class TestWhatCounts:
    def test_a_constant_tensor_does_not(self):
        w = tg.tensor(2.0)
        assert type(tg.grad(lambda x: w * x)(1.0)) is np.ndarray

    def test_what_the_value_does_not_depend_on_does_not(self):
        w = tg.tensor(2.0, requires_grad=True)

        def f(x):
            w * x
            return tg.stop_gradient(w) * x + w.item() + float(np.floor(w).data)

        assert type(tg.grad(f)(1.0)) is np.ndarray

    def test_the_constants_of_an_inner_transform_do_not(self):
        assert type(tg.grad(lambda x: x * tg.grad(np.sin)(0.5))(1.0)) is np.ndarray

    def test_the_inputs_of_earlier_transforms_do_not(self):
        _, pullback = tg.vjp(lambda x: x**3, 2.0)
        gradient = tg.grad(lambda c: pullback(c)[0] * c)(1.0)
        assert type(gradient) is np.ndarray
        assert gradient == 24.0

    def test_a_tensor_that_is_gone_does_not(self):
        result = tg.tensor(2.0, requires_grad=True) * 3
        assert type(tg.grad(lambda x: result * x)(1.0)) is np.ndarray

    def test_a_value_that_is_the_tensor_itself(self):
        w = tg.tensor(2.0, requires_grad=True)
        value, gradient = tg.value_and_grad(lambda x: w)(1.0)
        (value * 3).backward()
        assert w.grad == 3.0
        assert gradient.item() == 0.0

    def test_a_tensor_that_is_made_inside(self):
        made = []

        def f(x):
            made.append(tg.tensor(3.0, requires_grad=True))
            return x**2 * made[0]

        tg.grad(f)(2.0).backward()
        assert made[0].grad == 4.0

    def test_nothing_to_differentiate_with_respect_to(self):
        w = tg.tensor(2.0, requires_grad=True)
        value, gradients = tg.value_and_grad(lambda nothing: w * 2)({})
        value.backward()
        assert (w.grad, gradients) == (2.0, {})
        assert type(tg.value_and_grad(lambda nothing: np.array(1.0))({})[0]) is np.ndarray

    def test_in_structures(self):
        w = tg.tensor(2.0, requires_grad=True)

        @dataclass
        class Point:
            a: object
            b: object

        gradient = tg.grad(lambda p: w * p.a * p.b**2)(Point(2.0, 3.0))
        (gradient.a + gradient.b).backward()
        assert w.grad == 9 + 12

    def test_numbers_of_another_thread_between(self):
        """Inputs are numbered one by one, and other threads number theirs at the same time."""
        w = tg.tensor([1.0], requires_grad=True)
        stop = threading.Event()

        def disturb():
            while not stop.is_set():
                w * 2

        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            for _ in range(200):
                gradients = tg.grad(lambda *x: sum(x), argnums=range(20))(*[1.0] * 20)
                assert all(type(gradient) is np.ndarray for gradient in gradients)
        finally:
            stop.set()
            thread.join()


class TestDecidedOnce:
    """What the results are is decided where the function is evaluated."""

    def test_the_pullback_under_no_grad(self):
        w = tg.tensor(2.0, requires_grad=True)
        _, pullback = tg.vjp(lambda x: w * x, 1.0)
        with tg.no_grad():
            (gradient,) = pullback(1.0)
        assert not gradient.requires_grad
        pullback(1.0)[0].backward()
        assert w.grad == 1.0

    def test_the_pullback_of_no_grad(self):
        w = tg.tensor(2.0, requires_grad=True)
        with tg.no_grad():
            value, pullback = tg.vjp(lambda x: w * x, 1.0)
        assert type(value) is np.ndarray
        assert type(pullback(1.0)[0]) is np.ndarray

    def test_linearized_under_no_grad(self):
        w = tg.tensor(2.0, requires_grad=True)
        with tg.no_grad():
            value, push = tg.linearize(lambda x: w * x, 1.0)
            assert type(value) is np.ndarray
            value, _ = tg.linearize(lambda x: w * x, tg.tensor(1.0, requires_grad=True))
            assert not value.requires_grad
        assert type(push(1.0)) is np.ndarray


def test_two_uses_of_one_graph():
    """A loss that holds the value and the gradient goes through shared nodes once each."""
    w = new_weight()
    value, gradient = tg.value_and_grad(scalar(w))(X)
    (value * np.sum(gradient**2)).backward()
    at = tg.grad(lambda w: scalar(w)(X) * np.sum(tg.grad(scalar(w))(X) ** 2))(w.data)
    np.testing.assert_allclose(w.grad, at, rtol=1e-12)


@pytest.mark.parametrize("transform", [lambda f: tg.jvp(f, [X], [V]), lambda f: tg.vjp(f, X)])
def test_results_share_no_memory_with_what_the_caller_holds(transform):
    value, _ = transform(lambda x: x)
    assert not np.shares_memory(value, X)
    tangent = tg.jvp(lambda x: x, [X], [V])[1]
    assert not np.shares_memory(tangent, V)
    assert tangent.flags.writeable
