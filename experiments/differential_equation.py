"""A small network trained to solve a differential equation, compared with the exact solution.

The displacement u of a damped oscillator obeys u'' + 2 d u' + u = 0, with u(0) = 0 and u'(0) = 1.
The network is trained to make the left side zero at many times (Lagaris et al. 1998; Raissi et al.
2019), so its loss holds second derivatives with respect to the *input*, and the gradient of that
loss with respect to the parameters is a third derivative. No data are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tensorgrad as tg
from experiments.examples import Example, run_examples
from nn import Linear, Module, Sequential, Tanh, functional_call

__all__ = [
    "DAMPING",
    "DURATION",
    "Displacement",
    "Result",
    "exact",
    "main",
    "residual",
    "save_picture",
    "slope",
    "solve",
]

Parameters = dict[str, Any]
Curve = Callable[[Any], Any]

DAMPING = 0.1
DURATION = 4 * np.pi
TIMES = 100
WIDTH = 24
STEPS, QUICK_STEPS = 3000, 20
# Pairs of steps and gradients from which L-BFGS models the curvature.
MEMORY = 50


def main(argv: Sequence[str] | None = None) -> int:
    """Train the network, print how far it is from the exact solution, and draw both.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0 if all is done, 1 if a package is missing, 130 after Ctrl-C.
    """
    example = Example(
        "Damped oscillator",
        "differential_equation.png",
        number_of_rounds=lambda quick: QUICK_STEPS if quick else STEPS,
        train=lambda seed, quick, after: solve(seed, quick=quick, after_step=after),
        draw=save_picture,
        report=_report,
    )
    return run_examples(
        {"differential_equation": example},
        argv,
        prog="python -m experiments differential-equation",
        description="Train a network to solve the equation of a damped oscillator. A picture goes "
        "into the directory results.",
        quick=f"{QUICK_STEPS} steps only, to see that everything works; the result is bad",
        unit="step",
        needs=["scipy", "matplotlib"],
    )


def _report(result: Result) -> str:
    return (
        f"largest error: {result.largest_error:.1e}, of a solution between -1 and 1\n"
        f"mean squared residual: {result.loss_curve[-1]:.1e}, "
        f"after {len(result.loss_curve)} steps"
    )


# -------------------------------------------------------------------------------- the equation


def exact(t: NDArray) -> NDArray:
    """The solution: exp(-d t) sin(w t) / w, where w² = 1 - d².

    Examples
    --------
    >>> exact(np.array([0.0, np.pi / 2])).round(3)
    array([0.   , 0.859])
    """
    frequency = np.sqrt(1 - DAMPING**2)
    return np.exp(-DAMPING * t) * np.sin(frequency * t) / frequency


def slope(curve: Curve) -> Curve:
    """The derivative of a function of time, at all times at once.

    Each value depends on its own time alone, so the gradient of their sum holds the derivative of
    each.

    Examples
    --------
    >>> slope(slope(np.sin))(np.array([0.0, np.pi / 2]))
    array([-0., -1.])
    """
    return tg.grad(lambda t: np.sum(curve(t)))


def residual(curve: Curve, t: Any) -> Any:
    """The left side of the equation, u'' + 2 d u' + u.

    Examples
    --------
    >>> residual(exact, np.array([0.0, 1.0, 2.0])).round(12)
    array([ 0., -0.,  0.])
    """
    first = slope(curve)
    return slope(first)(t) + 2 * DAMPING * first(t) + curve(t)


class Displacement(Module):
    """The displacement at times t; it starts at 0 with speed 1, whatever the parameters are.

    With s = 1 - exp(-t), the displacement is s + s² network(t).

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the starting weights.

    Examples
    --------
    >>> u = Displacement(np.random.default_rng(0)).for_inference()
    >>> start = np.zeros((1, 1))
    >>> u(start).item(), slope(u)(start)
    (0.0, array([[1.]]))
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.network = Sequential(
            Linear(1, WIDTH, rng=rng, dtype=np.float64),
            Tanh(),
            Linear(WIDTH, WIDTH, rng=rng, dtype=np.float64),
            Tanh(),
            Linear(WIDTH, 1, rng=rng, dtype=np.float64),
        )

    def forward(self, t: Any) -> Any:
        """From times (n, 1) to displacements (n, 1)."""
        start = 1 - np.exp(-t)
        return start + start**2 * self.network(2 * t / DURATION - 1)


# ---------------------------------------------------------------------------------- the training


@dataclass(frozen=True)
class Result:
    """The solution that was found, beside the exact one.

    Attributes
    ----------
    t : ndarray of shape (n,)
        Times, many more than those of the training.
    u, acceleration : ndarray of shape (n,)
        The network, and its second derivative.
    loss_curve : list of float
        Mean squared residual after each step.
    """

    t: NDArray
    u: NDArray
    acceleration: NDArray
    loss_curve: list[float]

    @property
    def largest_error(self) -> float:
        """The largest difference from the exact solution."""
        return float(np.abs(self.u - exact(self.t)).max())


def solve(
    seed: int = 0, *, quick: bool = False, after_step: Callable[[], object] = lambda: None
) -> Result:
    """Train the network by L-BFGS (SciPy's), which brings a smooth loss much lower than descent.

    Parameters
    ----------
    seed : int
        Of the starting weights.
    quick : bool
        Twenty steps only.
    after_step : callable
        Called without arguments after each step.

    Returns
    -------
    Result
    """
    from scipy.optimize import minimize

    model = Displacement(np.random.default_rng(seed))
    times = np.linspace(0, DURATION, TIMES)[:, None]
    vector, parameters_of = _as_vector(model.state_dict())

    def loss(parameters: Parameters) -> Any:
        return np.mean(residual(lambda t: functional_call(model, parameters, t), times) ** 2)

    value_and_gradient = tg.value_and_grad(loss)

    def objective(vector: NDArray) -> tuple[float, NDArray]:
        value, gradient = value_and_gradient(parameters_of(vector))
        return value.item(), _as_vector(gradient)[0]

    loss_curve = []

    def note(intermediate_result: Any) -> None:
        loss_curve.append(float(intermediate_result.fun))
        after_step()

    steps = QUICK_STEPS if quick else STEPS
    options = {"maxiter": steps, "maxfun": 10 * steps, "maxcor": MEMORY, "ftol": 0, "gtol": 0}
    found = minimize(objective, vector, jac=True, method="L-BFGS-B", callback=note, options=options)
    model.load_state_dict(parameters_of(found.x))
    u = model.for_inference()
    t = np.linspace(0, DURATION, 1001)[:, None]
    return Result(t[:, 0], u(t)[:, 0], slope(slope(u))(t)[:, 0], loss_curve)


def _as_vector(parameters: Parameters) -> tuple[NDArray, Callable[[NDArray], Parameters]]:
    """All parameters in one vector, as SciPy wants them, and the way back."""
    ends = np.cumsum([array.size for array in parameters.values()])

    def parameters_of(vector: NDArray) -> Parameters:
        pieces = zip(parameters.items(), np.split(vector, ends[:-1]), strict=True)
        return {name: piece.reshape(array.shape) for (name, array), piece in pieces}

    return np.concatenate([array.ravel() for array in parameters.values()]), parameters_of


# ----------------------------------------------------------------------------------- the picture


def save_picture(result: Result, path: Path) -> None:
    """Draw the solution and its second derivative beside the exact ones, the error and the loss.

    Parameters
    ----------
    result : Result
    path : Path
        The PNG file; it is written whole or not at all.
    """
    from experiments.style import INK, TEST, TRAINING, legend, new_figure, save, style, title

    t, dashes = result.t, (0, (2.5, 2))
    difference = result.u - exact(t)
    exponent = int(np.floor(np.log10(result.largest_error)))
    with style():
        figure = new_figure(9.6, 4.7, spacing=0.08)
        grid = figure.add_gridspec(2, 2, width_ratios=(1.25, 1))
        left = figure.add_subplot(grid[:, 0])
        above, below = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
        left.plot(t, result.u, color=TRAINING, lw=2.4, label="$u$, the network")
        left.plot(t, result.acceleration, color=TEST, lw=2.4, label="$u''$, its second derivative")
        left.plot(t, exact(t), color=INK, lw=1.2, ls=dashes, label="exact")
        left.plot(t, slope(slope(exact))(t), color=INK, lw=1.2, ls=dashes)
        left.set_xlabel("time")
        above.plot(t, difference / 10.0**exponent, color=TRAINING)
        above.set(xlabel="time", ylabel=f"difference ($10^{{{exponent}}}$)")
        below.plot(np.arange(1, len(result.loss_curve) + 1), result.loss_curve, color=TRAINING)
        below.set_yscale("log")
        below.set(xlabel="step of L-BFGS", ylabel="loss")
        for axes in (left, above, below):
            axes.grid(True)
        damping = f"{2 * DAMPING:g}"
        title(left, "Damped oscillator", f"$u'' + {damping}\\,u' + u = 0$, $u(0)=0$, $u'(0)=1$")
        title(above, "", f"difference from the exact solution, at most {result.largest_error:.1e}")
        legend(figure, [left])
        save(figure, path)
