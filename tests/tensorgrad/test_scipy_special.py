"""scipy.special: when its group is loaded, what it refuses, and the edges of its domains."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

import tensorgrad as tg


def gradients(function, *operands):
    """The gradient of the sum of the results, with respect to each operand."""
    value, pullback = tg.vjp(function, *[np.asarray(operand, float) for operand in operands])
    return [cotangent.tolist() for cotangent in pullback(np.ones_like(value))]


def run(program):
    """What a program prints, in a Python of its own."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class TestLoading:
    def test_tensorgrad_does_not_import_scipy(self):
        program = (
            "import sys, tensorgrad; print(sum(name.startswith('scipy') for name in sys.modules))"
        )
        assert run(program) == "0"

    @pytest.mark.parametrize("first", ["tensorgrad", "scipy.special"])
    def test_the_order_of_imports_does_not_matter(self, first):
        program = f"""
import {first}
import scipy.special, tensorgrad as tg
print(tg.grad(scipy.special.erf)(0.0))
"""
        assert float(run(program)) == pytest.approx(2 / np.sqrt(np.pi))

    def test_a_users_own_rule_is_kept(self):
        program = """
import scipy.special, tensorgrad as tg
tg.derivative(scipy.special.erf, lambda g, y, x: 7 * g)
print(tg.grad(scipy.special.exp2)(0.0) < 1, tg.grad(scipy.special.erf)(0.0))
"""
        assert run(program) == "True 7.0"

    def test_threads_may_meet_it_at_once(self):
        program = """
import threading, scipy.special, tensorgrad as tg
start, slopes = threading.Barrier(8), []
def meet():
    start.wait()
    slopes.append(float(tg.grad(scipy.special.round)(1.2)))
threads = [threading.Thread(target=meet) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(slopes)
"""
        assert run(program) == str([0.0] * 8)


class TestRefusals:
    @pytest.mark.parametrize(
        "function",
        [
            special.logsumexp,
            special.softmax,
            special.log_softmax,
            lambda x: special.polygamma(1, x),
        ],
    )
    def test_what_is_no_ufunc_refuses_tensors(self, function):
        with pytest.raises(TypeError, match=r"cut it from the graph.*tg\.logsumexp"):
            function(tg.tensor([1.0, 2.0], requires_grad=True))

    def test_a_ufunc_without_a_rule_is_named(self):
        with pytest.raises(TypeError, match="kolmogorov has no derivative rule"):
            special.kolmogorov(tg.tensor(0.5, requires_grad=True))

    def test_an_order_has_no_derivative(self):
        with pytest.raises(TypeError, match="no derivative rule"):
            tg.grad(special.jv)(1.0, 2.0)


class TestEdges:
    @pytest.mark.parametrize(
        ("function", "a", "b"),
        [
            (special.xlogy, 0.0, 0.0),
            (special.xlog1py, 0.0, -1.0),
            (special.rel_entr, 0.0, 0.0),
            (special.kl_div, 0.0, 0.0),
        ],
    )
    def test_terms_that_are_absent_have_derivative_zero(self, function, a, b):
        assert gradients(function, a, b) == [0, 0]
        second = tg.hessian(lambda x: function(x[0], x[1]))(np.array([a, b]))
        assert np.isfinite(second).all()

    def test_a_term_of_no_weight(self):
        assert gradients(special.xlogy, 0.0, 2.0) == [pytest.approx(np.log(2)), 0]
        assert gradients(special.rel_entr, 1.0, 2.0) == [pytest.approx(1 - np.log(2)), -0.5]

    @pytest.mark.parametrize("function", [special.expit, special.log_expit, special.log_ndtr])
    def test_far_tails_have_slopes(self, function):
        slopes = gradients(function, [-30.0, 30.0])[0]
        assert min(slopes) > 0

    def test_exprel_and_boxcox_where_their_formulas_are_0_over_0(self):
        assert tg.grad(special.exprel)(0.0) == 0.5
        assert tg.grad(tg.grad(special.exprel))(0.0) == pytest.approx(1 / 3)
        assert tg.grad(special.boxcox, 1)(np.e, 0.0) == pytest.approx(0.5)
        assert tg.grad(special.spence)(1.0) == -1

    def test_elliptic_integrals_at_zero(self):
        assert tg.grad(special.ellipk)(0.0) == pytest.approx(np.pi / 8)
        assert tg.grad(special.ellipe)(0.0) == pytest.approx(-np.pi / 8)

    @pytest.mark.parametrize("function", [special.j0, special.j1, special.i0, special.i1])
    def test_bessel_functions_at_zero(self, function):
        assert gradients(function, 0.0) == [0.5 if function(0.0) == 0 else 0]

    def test_kinks_of_scaled_bessel_functions(self):
        assert gradients(special.i0e, 0.0) == [0]

    def test_huber_loss_is_linear_outside(self):
        assert gradients(special.huber, 1.0, [-3.0, 0.5, 4.0]) == [5, [-1, 0.5, 1]]

    def test_steps_are_constant(self):
        assert not special.round(tg.tensor(0.7, requires_grad=True)).requires_grad

    def test_the_polygamma_function_by_the_zeta_function(self):
        x = np.array([0.5, 2.0, 7.0])
        for n in (1, 2, 3):
            polygamma = -((-1) ** n) * special.gamma(n + 1.0) * special.zeta(n + 1.0, tg.tensor(x))
            np.testing.assert_allclose(polygamma.data, special.polygamma(n, x))


def test_a_list_beside_a_tensor():
    x = tg.tensor([0.0, 3.0], requires_grad=True)
    special.xlogy([0.0, 1.0], x).sum().backward()
    np.testing.assert_allclose(x.grad, [0, 1 / 3])
