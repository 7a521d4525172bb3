"""grad, vjp, jvp, jacobian, hessian, hvp: values, nesting, errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg

numbers = st.floats(-2, 2)


def cubic(x):
    return (x**3).sum()


class TestGrad:
    def test_plain_in_plain_out(self):
        for x in (2.0, np.float32(2), np.array(2.0), np.ones((2, 3), np.float32)):
            gradient = tg.grad(lambda x: (x * x * 1.5).sum() if np.ndim(x) else x * x)(x)
            assert type(gradient) is np.ndarray
            assert gradient.shape == np.shape(x)
            assert gradient.dtype == np.asarray(x).dtype

    def test_tensors_in_tensors_out(self):
        w = tg.tensor(2.0, requires_grad=True)
        slope = tg.grad(lambda x: w * x**3)(tg.tensor(1.0))
        assert isinstance(slope, tg.Tensor)
        slope.backward()  # d/dw 3 w x^2
        assert w.grad == 3.0

    def test_argnums(self):
        f = lambda a, b, c: a * b**2 * c**3  # noqa: E731
        assert tg.grad(f, argnums=1)(2.0, 3.0, 1.0) == 12.0
        assert tg.grad(f, argnums=-1)(2.0, 3.0, 1.0) == 54.0
        assert tg.grad(f, argnums=(0, 2))(2.0, 3.0, 1.0) == (9.0, 54.0)
        assert tg.grad(f, argnums=np.int64(1))(2.0, 3.0, 1.0) == 12.0
        with pytest.raises(TypeError, match="argnums=3 does not fit"):
            tg.grad(f, argnums=3)(1.0, 1.0, 1.0)
        for bad in (True, 1.0, "0", None, [0.0]):
            with pytest.raises(TypeError, match="argnums must be"):
                tg.grad(f, argnums=bad)(1.0, 1.0, 1.0)

    def test_only_what_was_asked_for_is_differentiated(self):
        w = tg.tensor(2.0, requires_grad=True)
        assert tg.grad(lambda x: w * x)(5.0) == 2.0
        assert w.grad is None

    def test_has_aux(self):
        gradient, aux = tg.grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(3.0)
        assert gradient == 6.0
        assert type(aux["twice"]) is np.ndarray
        (value, aux), gradient = tg.value_and_grad(lambda x: (x * x, "note"), has_aux=True)(3.0)
        assert (value, aux, gradient) == (9.0, "note", 6.0)
        with pytest.raises(TypeError, match="pair"):
            tg.grad(lambda x: x, has_aux=True)(1.0)

    def test_a_constant_has_gradient_zero(self):
        assert tg.grad(lambda x: 3.0)(1.0) == 0.0
        np.testing.assert_array_equal(tg.grad(lambda x: np.floor(x).sum())(np.ones(2)), [0, 0])

    def test_the_identity(self):
        assert tg.grad(lambda x: x)(1.0) == 1.0

    def test_keywords_are_passed_on(self):
        assert tg.grad(lambda x, power: x**power)(2.0, power=3) == 12.0

    @pytest.mark.parametrize("bad", [2, True, np.arange(3), {"a": [1.0, 2]}])
    def test_integers_are_refused(self, bad):
        with pytest.raises(TypeError, match="floating-point"):
            tg.grad(lambda x: 1.0)(bad)

    def test_complex_numbers_are_refused(self):
        with pytest.raises(TypeError, match="complex"):
            tg.grad(lambda x: x)(1j)
        with pytest.raises(TypeError, match="complex"):
            tg.grad(lambda x: (x * 1j).sum())(1.0)

    @pytest.mark.parametrize("result", [np.ones(2), [1.0], (1.0, 2.0), "text", None])
    def test_only_scalars_have_a_gradient(self, result):
        with pytest.raises(TypeError, match=r"scalar|real numbers"):
            tg.grad(lambda x: result)(1.0)

    def test_the_input_is_not_overwritten_inside(self):
        x = np.ones(2)

        def overwrites(t):
            t.assign([5.0, 5.0])
            return cubic(t)

        with pytest.raises(TypeError, match="the caller's array"):
            tg.grad(overwrites)(x)
        np.testing.assert_array_equal(x, [1.0, 1.0])

    def test_it_does_not_disturb_an_ongoing_tape(self):
        x = tg.tensor(2.0, requires_grad=True)
        y = x * x
        tg.grad(cubic)(np.ones(2))
        y.backward()
        assert x.grad == 4.0


class TestNesting:
    def test_perturbations_are_not_confused(self):
        """Siskind & Pearlmutter 2005, and its reverse-mode and mixed relatives."""
        for inner in (derivative_by_grad, derivative_by_jvp):
            for outer in (derivative_by_grad, derivative_by_jvp):
                assert outer(lambda x, d=inner: x * d(lambda y: x + y)(1.0))(1.0) == 1.0
                assert outer(lambda x, d=inner: x * d(lambda y: x * y)(2.0))(3.0) == 6.0
                assert outer(lambda x, d=inner: d(lambda y: x * y * y)(x))(3.0) == 12.0
                assert outer(lambda x, d=inner: d(lambda y: y * y)(x) * x)(3.0) == 12.0

    @given(x=numbers)
    def test_derivatives_of_any_order(self, x):
        f, expected = np.sin, [np.sin(x), np.cos(x), -np.sin(x), -np.cos(x), np.sin(x)]
        for order in range(5):
            assert f(x) == pytest.approx(expected[order], abs=1e-12)
            f = tg.grad(f)

    def test_every_pair_of_transforms_nests(self):
        x, v = np.array([0.5, -0.3]), np.array([1.0, 2.0])

        def f(x):
            return np.sum(np.sin(x) * x[::-1] ** 2)

        gradient = tg.grad(f)
        h = tg.hessian(f)(x)
        np.testing.assert_allclose(h, h.T, atol=1e-14)
        for product in (
            tg.jvp(gradient, (x,), (v,))[1],
            tg.vjp(gradient, x)[1](v)[0],
            tg.hvp(f, (x,), (v,)),
            tg.grad(lambda x: tg.jvp(f, (x,), (v,))[1])(x),
            tg.grad(lambda x: (gradient(x) * v).sum())(x),
            tg.jacobian(gradient, mode="forward")(x) @ v,
            tg.jacobian(gradient, mode="reverse")(x) @ v,
            tg.jvp(lambda x: tg.vjp(f, x)[1](1.0)[0], (x,), (v,))[1],
            tg.linearize(gradient, x)[1](v),
            tg.jvp(tg.grad(tg.checkpoint(f)), (x,), (v,))[1],
        ):
            assert type(product) is np.ndarray
            np.testing.assert_allclose(product, h @ v, rtol=1e-12)

    def test_second_derivatives_reach_parameters(self):
        """What a physics-informed loss does."""
        w = tg.tensor([0.7, -0.2], requires_grad=True)

        def u(x):
            return np.tanh(w[0] * x + w[1])

        def loss(x):
            return (tg.grad(tg.grad(u))(x) + u(x)) ** 2

        loss(tg.tensor(0.3)).backward()
        got = w.grad
        step = 1e-5
        for k in range(2):
            values = []
            for sign in (1, -1):
                w.data[k] += sign * step
                values.append(loss(0.3).item())
                w.data[k] -= sign * step
            assert got[k] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-6)


def derivative_by_grad(f):
    return tg.grad(f)


def derivative_by_jvp(f):
    return lambda x: tg.jvp(f, (x,), (1.0,))[1]


class TestForward:
    def test_jvp(self):
        value, tangent = tg.jvp(lambda a, b: a * np.sin(b), (2.0, 0.5), (3.0, 4.0))
        assert value == 2 * np.sin(0.5)
        assert tangent == pytest.approx(3 * np.sin(0.5) + 8 * np.cos(0.5))

    def test_of_a_constant(self):
        value, tangent = tg.jvp(lambda x: np.ones(3), (1.0,), (1.0,))
        np.testing.assert_array_equal(value, np.ones(3))
        np.testing.assert_array_equal(tangent, np.zeros(3))

    def test_integers_among_the_results_have_derivative_zero(self):
        def f(x):
            return 2 * x, np.argmax(x), True

        x = np.array([1.0, 3.0, 2.0])
        value, tangent = tg.jvp(f, [x], [np.ones(3)])
        assert value[1:] == (1, True)
        np.testing.assert_array_equal(tangent[0], [2.0, 2.0, 2.0])
        assert tangent[1:] == (0.0, 0.0)
        for mode in ("forward", "reverse"):
            jacobian = tg.jacobian(f, mode=mode)(x)
            np.testing.assert_array_equal(jacobian[0], 2 * np.eye(3))
            np.testing.assert_array_equal(jacobian[1], np.zeros(3))

    def test_tangents_must_fit(self):
        with pytest.raises(ValueError, match="tuple of 2"):
            tg.jvp(np.add, (1.0, 2.0), (1.0,))
        with pytest.raises(ValueError, match=r"\(3,\)"):
            tg.jvp(np.sin, (1.0,), (np.ones(3),))

    def test_linearize_is_linear(self):
        _, push = tg.linearize(lambda x: x**2, np.array([1.0, 2.0]))
        np.testing.assert_array_equal(push(np.array([1.0, 0.0])), [2.0, 0.0])
        np.testing.assert_array_equal(push(np.array([0.0, 3.0])), [0.0, 12.0])


class TestJacobian:
    def test_both_modes_agree(self):
        rng = np.random.default_rng(0)
        a, x = rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
        f = lambda x: np.tanh(x @ a.T)  # noqa: E731
        forward = tg.jacobian(f, mode="forward")(x)
        reverse = tg.jacobian(f, mode="reverse")(x)
        assert forward.shape == (2, 3, 2, 4)
        np.testing.assert_allclose(forward, reverse, atol=1e-14)

    def test_argnums(self):
        a, b = tg.jacobian(np.multiply, argnums=(0, 1))(np.array([1.0, 2.0]), 3.0)
        np.testing.assert_array_equal(a, 3 * np.eye(2))
        np.testing.assert_array_equal(b, [1.0, 2.0])

    def test_the_smaller_side_is_chosen(self):
        calls = []
        spy = tg.derivative(lambda x: np.ones(50) * x, lambda g, y, x: calls.append(1) or np.sum(g))
        tg.jacobian(spy)(2.0)
        assert len(calls) < 10  # 50 pull-backs would be needed the other way

    def test_empty(self):
        assert tg.jacobian(np.sin)(np.zeros(0)).shape == (0, 0)
        assert tg.jacobian(np.sin, mode="forward")(np.zeros((0, 2))).shape == (0, 2, 0, 2)

    def test_float32_stays(self):
        assert tg.jacobian(np.sin)(np.ones(2, np.float32)).dtype == np.float32
        assert tg.hessian(lambda x: (x**3).sum())(np.ones(2, np.float32)).dtype == np.float32
        for mode in ("forward", "reverse"):
            assert tg.jacobian(np.sin, mode=mode)(np.zeros(0, np.float32)).dtype == np.float32

    def test_unknown_mode(self):
        with pytest.raises(ValueError, match="mode"):
            tg.jacobian(np.sin, mode="sideways")

    def test_hessian_of_two_arguments(self):
        (aa, ab), (ba, bb) = tg.hessian(lambda a, b: a * a * b, argnums=(0, 1))(2.0, 3.0)
        assert (aa, ab, ba, bb) == (6.0, 4.0, 4.0, 0.0)

    def test_hvp_of_several_arguments(self):
        f = lambda a, b: (a * a).sum() * b  # noqa: E731
        a, b = np.array([1.0, 2.0]), np.array(3.0)
        va, vb = np.array([0.5, -1.0]), np.array(2.0)
        product_a, product_b = tg.hvp(f, (a, b), (va, vb))
        np.testing.assert_allclose(product_a, 2 * b * va + 2 * a * vb)
        np.testing.assert_allclose(product_b, 2 * a @ va)
