"""np.sinc and np.i0: NumPy has the functions, but not those that their derivatives are made of.

Both are the first of a family that differentiation stays in, and each family is computed in a
way that stays accurate where the textbook formula is 0/0. So derivatives of any order are right
at 0 as well.
"""

import math

import numpy as np

from tensorgrad.derivatives.table import derivative


def sum_of_powers(coefficients, x):
    """A polynomial, lowest power first, by Horner's rule."""
    total = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


# ------------------------------------------------------------------------------- np.sinc


def sinc_derivative(x, order):
    """The derivative of sin(πx) / (πx) of a given order, at least 1."""
    near = np.absolute(x) < 1
    return np.where(
        near,
        _sinc_series(np.where(near, x, 0), order),
        _sinc_recurrence(np.where(near, 1, x), order),
    )


def _sinc_series(x, order):
    """Taylor's series, up to terms that do not count for |x| < 1."""
    first = (order + 1) // 2  # lower powers have been differentiated away
    coefficients = [
        (-1) ** n * math.pi ** (2 * n) * math.perm(2 * n, order) / math.factorial(2 * n + 1)
        for n in range(first, first + 12 + order)
    ]
    return sum_of_powers(coefficients, x * x) * (x if order % 2 else 1)


def _sinc_recurrence(x, order):
    """Leibniz' rule for the derivatives of x sinc(x) = sin(πx) / π, solved for the last."""
    y = np.sinc(x)
    for k in range(1, order + 1):
        y = (math.pi ** (k - 1) * np.sin(math.pi * x + k * (math.pi / 2)) - k * y) / x
    return y


sinc_derivative = derivative(
    sinc_derivative, lambda g, y, x, order: g * sinc_derivative(x, order + 1)
)
derivative(np.sinc, lambda g, y, x: g * sinc_derivative(x, 1))

# --------------------------------------------------------------------------------- np.i0


def bessel_over_power(x, order):
    """The modified Bessel function of a given order over that power, I_k(x) / x^k; it is even.

    Its derivative is x times the function of the next order (DLMF 10.29.4).
    """
    size = np.absolute(x)
    return np.where(
        size < 30,
        _bessel_series(np.minimum(size, 30), order),
        _bessel_asymptotic(np.maximum(size, 30), order),
    )


def _bessel_series(x, order):
    """The power series (DLMF 10.25.2) for 0 <= x <= 30; all of its terms are positive."""
    coefficients = [
        15 ** (2 * m) / (2**order * math.factorial(m) * math.factorial(m + order))
        for m in range(60)
    ]
    return sum_of_powers(coefficients, np.square(x / 30))


def _bessel_asymptotic(x, order):
    """Hankel's expansion (DLMF 10.40.1) for large arguments."""
    coefficients = [1.0]
    for k in range(1, 20):
        coefficients.append(coefficients[-1] * -(4 * order**2 - (2 * k - 1) ** 2) / (8 * k))
    # In two halves, since exp(x) overflows before the quotient does.
    half = np.exp(0.5 * x)
    return half * (sum_of_powers(coefficients, 1 / x) / np.sqrt(2 * math.pi * x) / x**order) * half


bessel_over_power = derivative(
    bessel_over_power, lambda g, y, x, order: g * x * bessel_over_power(x, order + 1)
)
derivative(np.i0, lambda g, y, x: g * x * bessel_over_power(x, 1))
