"""What the cases cannot say of elementwise functions: kinks, limits, degenerate operands."""

import math

import numpy as np
import pytest

import tensorgrad as tg


def gradients(function, *operands):
    """The gradient of the sum of the results, with respect to each operand."""
    operands = [np.asarray(operand, float) for operand in operands]
    value, pullback = tg.vjp(function, *operands)
    return [cotangent.tolist() for cotangent in pullback(np.ones_like(value))]


class TestKinks:
    @pytest.mark.parametrize("function", [np.abs, np.fabs])
    def test_absolute_value_is_flat_at_zero(self, function):
        assert gradients(function, [0.0, -0.0]) == [[0, 0]]

    def test_hypot_and_arctan2_are_flat_at_the_origin(self):
        assert gradients(np.hypot, [0.0, 0.0], [0.0, 2.0]) == [[0, 0], [0, 1]]
        assert gradients(np.arctan2, [0.0, 0.0], [0.0, 2.0]) == [[0, 0.5], [0, 0]]

    def test_lengths_whose_square_would_overflow_have_an_angle(self):
        (of_a, of_b) = gradients(np.arctan2, [3e200, 3e-200], [4e200, 4e-200])
        np.testing.assert_allclose(of_a, [4 / 25e200, 4 / 25e-200])
        np.testing.assert_allclose(of_b, [-3 / 25e200, -3 / 25e-200])

    def test_copysign_is_flat_at_zero_and_in_the_sign(self):
        assert gradients(np.copysign, [-2.0, 0.0], [1.0, 1.0]) == [[-1, 0], [0, 0]]


class TestPowers:
    def test_zero_to_the_power_of_zero_and_one(self):
        x, p = np.zeros(3), np.array([0.0, 1.0, 2.0])
        assert gradients(np.power, x, p) == [[0, 1, 0], [0, 0, 0]]
        assert np.diag(tg.hessian(lambda x: np.sum(x**p))(x)).tolist() == [0, 0, 2]

    @pytest.mark.parametrize("p", [0, 1, 2, 3])
    def test_python_exponents_at_zero(self, p):
        first, second = tg.grad(lambda x: x**p), tg.grad(tg.grad(lambda x: x**p))
        assert first(0.0) == (p == 1)
        assert second(0.0) == 2 * (p == 2)

    def test_powers_of_a_number(self):
        assert tg.grad(lambda p: 2.0**p)(3.0) == pytest.approx(8 * math.log(2))
        assert tg.grad(lambda p: 0.0**p)(3.0) == 0
        assert np.isnan(tg.grad(lambda p: np.power(-2.0, p))(2.0))

    def test_powers_of_a_number_stay_in_float32(self):
        x = tg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
        y, pullback = tg.vjp(lambda x: 2.0**x, x)
        assert y.dtype == pullback(np.ones(2, np.float32))[0].dtype == np.float32


class TestDivision:
    def test_quotients_are_those_that_the_rest_was_taken_with(self):
        """0.7 / 0.1 rounds to 7, but fmod takes 0.1 off only 6 times."""
        assert gradients(np.fmod, 0.7, 0.1) == [1, -6]
        assert gradients(np.fmod, -0.7, 0.1) == [1, 6]
        assert gradients(np.remainder, 0.7, 0.1) == [1, -6]
        assert gradients(np.remainder, -0.7, 0.1) == [1, 7]

    def test_divmod_in_all_its_spellings(self):
        for spelling in (np.divmod, divmod):
            value, pullback = tg.vjp(spelling, 7.5, 2.0)
            assert value == (3.0, 1.5)
            assert pullback((1.0, 10.0)) == (10.0, -30.0)

    def test_a_quotient_alone_is_constant(self):
        assert tg.grad(lambda a: np.divmod(a, 2.0)[0])(7.5) == 0


class TestLogarithmsOfSums:
    @pytest.mark.parametrize("function", [np.logaddexp, np.logaddexp2])
    def test_minus_infinity_is_a_term_of_zero(self, function):
        a, b = [-np.inf, -np.inf, 0.0], [-np.inf, 0.0, -np.inf]
        assert gradients(function, a, b) == [[0, 0, 1], [0, 1, 0]]

    def test_second_derivatives_of_nothing_are_zero(self):
        hessian = tg.hessian(lambda x: np.logaddexp(x[0], x[1]))(np.array([-np.inf, 0.0]))
        assert hessian.tolist() == [[0, 0], [0, 0]]

    def test_large_numbers(self):
        assert gradients(np.logaddexp, [1e4], [-1e4]) == [[1], [0]]


class TestParts:
    def test_exponents_are_integers_and_mantissas_tensors(self):
        mantissa, exponent = np.frexp(tg.tensor([3.0, -10.0], requires_grad=True))
        assert mantissa.requires_grad
        assert type(exponent) is np.ndarray
        assert exponent.tolist() == [2, 4]

    def test_ldexp_undoes_frexp(self):
        assert gradients(lambda x: np.ldexp(*np.frexp(x)), [3.0, -10.0, 0.0]) == [[1, 1, 1]]

    def test_modf_gives_the_slope_to_the_fraction(self):
        assert gradients(lambda x: np.modf(x)[0], [1.5, -2.5]) == [[1, 1]]
        assert gradients(lambda x: np.modf(x)[1], [1.5, -2.5]) == [[0, 0]]

    def test_spacing_is_constant(self):
        assert not np.spacing(tg.tensor([1.0], requires_grad=True)).requires_grad


class TestSincAndBessel:
    def test_derivatives_of_sinc_at_zero(self):
        expected = [1, 0, -(math.pi**2) / 3, 0, math.pi**4 / 5, 0]
        assert all_derivatives(np.sinc, 0.0, 6) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("x", [1e-9, 0.3, 0.999999, 1.0, 1.7, -3.2, 40.25])
    def test_derivatives_of_sinc_satisfy_their_differential_equation(self, x):
        """That of the spherical Bessel function of order 0: x y'' + 2 y' + π² x y = 0."""
        y, first, second, third = all_derivatives(np.sinc, x, 4)
        residual = x * second + 2 * first + math.pi**2 * x * y
        of_derivative = x * third + 3 * second + math.pi**2 * (x * first + y)
        assert residual == pytest.approx(0, abs=1e-11)
        assert of_derivative == pytest.approx(0, abs=1e-10)

    def test_derivatives_of_i0_at_zero(self):
        assert all_derivatives(np.i0, 0.0, 5) == pytest.approx([1, 0, 1 / 2, 0, 3 / 8], abs=1e-12)

    @pytest.mark.parametrize("x", [1e-9, 0.5, -7.9, 8.1, 29.9, 30.1, 500.0, -700.0])
    def test_derivatives_of_i0_satisfy_their_differential_equation(self, x):
        """x y'' + y' = x y, and the derivative of that."""
        y, first, second, third = all_derivatives(np.i0, x, 4)
        assert x * second + first == pytest.approx(x * y, rel=1e-13)
        assert x * third + 2 * second == pytest.approx(x * first + y, rel=1e-13)

    def test_the_slope_of_i0_agrees_with_scipy(self):
        special = pytest.importorskip("scipy.special")
        x = np.linspace(-60, 60, 241)
        np.testing.assert_allclose(gradients(np.i0, x), [special.i1(x)], rtol=1e-14)


def all_derivatives(function, x, count):
    """The function's value and its first derivatives."""
    values = []
    for _ in range(count):
        values.append(float(function(x)))
        function = tg.grad(function)
    return values


class TestIntegersBesideATensor:
    """NumPy computes with small integers in small types; rules must not."""

    @pytest.mark.parametrize("base", [[0.0, 3.0], (0, 3), np.array([0, 3], np.int8)])
    def test_powers_of_them(self, base):
        p = tg.tensor([2.0, 2.0], dtype=np.float32, requires_grad=True)
        np.power(base, p).sum().backward()
        np.testing.assert_allclose(p.grad, [0, 9 * np.log(3)], rtol=1e-6)

    def test_powers_to_unsigned_ones(self):
        x = tg.tensor([1000.0, 2.0], requires_grad=True)
        np.power(x, np.array([0, 2], np.uint8)).sum().backward()
        np.testing.assert_array_equal(x.grad, [0, 4])
