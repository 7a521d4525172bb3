"""What the cases cannot say of polynomials and sequences."""

import warnings

import numpy as np
import pytest
from numpy.exceptions import RankWarning

import tensorgrad as tg


def leaf(values):
    return tg.tensor(np.array(values, float), requires_grad=True)


class TestPolynomials:
    def test_coefficients_and_points_in_lists(self):
        c, x = leaf(2.0), leaf(3.0)
        y = np.polyval([c, 0.0, c], x)
        y.backward()
        assert (y.item(), c.grad, x.grad) == (20, 10, 12)

    def test_poly1d_is_understood(self):
        x = leaf([3.0])
        assert np.polyval(np.poly1d([1.0, 2.0]), x).tolist() == [5]
        assert np.polyadd(np.poly1d([1.0, 2.0]), x).tolist() == [1, 5]

    def test_leading_zeros_do_not_count(self):
        assert np.polymul(leaf([0.0, 1.0, 2.0]), [0.0, 3.0]).tolist() == [3, 6]
        assert np.polymul(leaf([0.0, 0.0]), [1.0, 3.0]).tolist() == [0, 0]

    def test_division_multiplied_out(self):
        u, v = leaf([1.0, 2.0, -3.0, 4.0]), leaf([2.0, 1.0])
        quotient, rest = np.polydiv(u, v)
        np.testing.assert_allclose(np.polyadd(np.polymul(quotient, v), rest).data, u.data)
        expected = np.polydiv(u.data, v.data)
        np.testing.assert_allclose(quotient.data, expected[0])
        np.testing.assert_allclose(rest.data, expected[1])

    @pytest.mark.parametrize("p", [[0.0, 0.0], [3.0], [0.0, 3.0, 0.0], [1.0, -3.0, 2.0, 0.0, 0.0]])
    def test_roots_of_zero_and_trailing_zeros(self, p):
        np.testing.assert_allclose(np.sort(np.roots(leaf(p)).data), np.sort(np.roots(p)))

    def test_roots_that_are_complex(self):
        with pytest.raises((TypeError, ValueError), match="complex"):
            np.roots(leaf([1.0, 0.0, 1.0]))

    def test_slope_of_a_root(self):
        """Of x² - c, the root is sqrt(c)."""
        slope = tg.grad(lambda c: np.max(np.roots(tg.array([1.0, 0.0, -c]))))(4.0)
        assert slope == pytest.approx(0.25)

    def test_characteristic_polynomial(self):
        a = np.array([[2.0, 1.0], [1.0, 3.0]])
        np.testing.assert_allclose(np.poly(leaf(a)).data, np.poly(a))
        tg.check_grads(np.poly, a)

    def test_a_fit_of_points_on_a_parabola(self):
        x = np.arange(5.0)
        p = np.polyfit(x, leaf(2 * x**2 - x + 3), 2)
        np.testing.assert_allclose(p.data, [2, -1, 3])

    @pytest.mark.parametrize("columns", [None, 2])
    @pytest.mark.parametrize("cov", [True, "unscaled"])
    def test_covariance_is_numpys(self, cov, columns):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=6), rng.normal(size=(6, columns or 1))
        y = y if columns else y[:, 0]
        for a, b in zip(
            np.polyfit(leaf(x), y, 1, cov=cov), np.polyfit(x, y, 1, cov=cov), strict=True
        ):
            np.testing.assert_allclose(a.data, b)

    def test_a_poor_fit_warns(self):
        with pytest.warns(RankWarning):
            np.polyfit(leaf([1.0, 1.0, 1.0]), [1.0, 2.0, 3.0], 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.polyfit(leaf([1.0, 1.0, 1.0]), [1.0, 2.0, 3.0], 1, full=True)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda t: np.polyder(t, -1), "not negative"),
            (lambda t: np.polyint(t, -1), "not negative"),
            (lambda t: np.polyint(t, 3, [1.0, 2.0]), "needs 3 constants"),
            (lambda t: np.poly(np.reshape(t, (1, 2))), r"shape \(1, 2\)"),
            (lambda t: np.roots(np.reshape(t, (1, 2))), r"shape \(1, 2\)"),
            (lambda t: np.vander(np.reshape(t, (1, 2))), r"shape \(1, 2\)"),
            (lambda t: np.polyfit(t, [1.0], 1), r"shapes \(2,\) and \(1,\)"),
            (lambda t: np.polyfit(t, [1.0, 2.0], 1, cov=True), "more than 2 points"),
        ],
    )
    def test_misuse(self, call, message):
        with pytest.raises(ValueError, match=message):
            call(leaf([1.0, 2.0]))


class TestSequences:
    def test_ends_come_out_exactly(self):
        start, stop = leaf(0.1), leaf(0.7)
        for sequence in (np.linspace(start, stop, 7), np.geomspace(start, stop, 7)):
            assert (sequence.data[0], sequence.data[-1]) == (0.1, 0.7)

    def test_integers_are_rounded_down(self):
        assert np.linspace(leaf(0.0), 5.0, 4, dtype=int).tolist() == [0, 1, 3, 5]

    def test_the_step(self):
        _, step = np.linspace(leaf(1.0), 2.0, 5, retstep=True)
        assert step.item() == 0.25
        assert np.isnan(np.linspace(leaf(1.0), 2.0, 1, retstep=True)[1])

    def test_misuse(self):
        with pytest.raises(ValueError, match="cannot be negative"):
            np.linspace(leaf(1.0), 2.0, -1)
        with pytest.raises(ValueError, match="same sign"):
            np.geomspace(leaf(-1.0), 2.0)


@pytest.mark.parametrize("length", [4, 5])
def test_shifting_frequencies_back(length):
    x = leaf(np.arange(length))
    shifted = np.fft.fftshift(x)
    assert shifted.tolist() == np.fft.fftshift(x.data).tolist()
    assert np.fft.ifftshift(shifted).tolist() == x.tolist()
