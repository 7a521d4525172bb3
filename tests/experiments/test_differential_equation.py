"""The network solves the equation, and its derivatives are right."""

import numpy as np
from matplotlib.image import imread

import tensorgrad as tg
from experiments import differential_equation
from experiments.__main__ import main
from experiments.differential_equation import Displacement, exact, residual, slope, solve
from nn import functional_call

TIMES = np.linspace(0, 3, 4)[:, None]


def test_slope_is_the_derivative_at_every_point():
    np.testing.assert_allclose(slope(np.sin)(TIMES), np.cos(TIMES))
    np.testing.assert_allclose(slope(slope(slope(np.sin)))(TIMES), -np.cos(TIMES))


def test_the_exact_solution_solves_the_equation():
    np.testing.assert_allclose(residual(exact, TIMES), 0, atol=1e-12)
    assert exact(0.0) == 0
    assert tg.grad(exact)(0.0) == 1
    assert np.abs(residual(np.sin, TIMES)).max() > 0.1


def test_the_network_starts_as_the_solution_does():
    u, start = Displacement(np.random.default_rng(5)), np.zeros((1, 1))
    assert u(start).item() == 0
    np.testing.assert_allclose(slope(u.for_inference())(start), 1, rtol=1e-14)


def test_gradient_of_the_loss(monkeypatch):
    """It goes through two derivatives with respect to the input."""
    monkeypatch.setattr(differential_equation, "WIDTH", 3)
    model = Displacement(np.random.default_rng(0))

    def loss(parameters):
        return np.mean(residual(lambda t: functional_call(model, parameters, t), TIMES) ** 2)

    tg.check_grads(loss, model.state_dict(), order=1)


def test_the_solution(monkeypatch):
    monkeypatch.setattr(differential_equation, "STEPS", 600)
    result = solve()
    assert result.largest_error < 2e-3
    np.testing.assert_allclose(result.acceleration, slope(slope(exact))(result.t), atol=2e-2)
    assert len(result.loss_curve) == 600
    assert result.loss_curve[-1] < 1e-4 * result.loss_curve[0]


def test_the_command(tmp_path, capsys):
    assert main(["differential-equation", "--quick", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("largest error: ")
    pixels = imread(tmp_path / "results" / "differential_equation.png")[..., :3]
    assert 0.001 < (pixels < 0.5).all(axis=-1).mean() < 0.3
    assert "step" in printed.err, "there should be a progress bar"
