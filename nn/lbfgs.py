"""L-BFGS for full batches, by SciPy, on the one flat array of all parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nn.checks import non_negative_number, positive_integer
from nn.flat import FlatBuffer
from tensorgrad import Tensor

WALL = 1e6
"""How many times larger than the loss so far one that is not finite is taken to be.

The line search of SciPy steps back from a high wall, and gives up at an infinite one.
"""


class LBFGS:
    """Minimize a loss that is the same in every call: all data, no dropout (Liu & Nocedal 1989).

    It learns the curvature from the gradients it has seen, which suits small networks on data that
    fit into one batch. There is no learning rate: a line search finds the length of each step.
    SciPy does the work (Byrd et al. 1995, L-BFGS-B), in float64; the loss is computed in the dtype
    of the parameters, and in float32 the search ends where its digits do.

    Parameters
    ----------
    parameters : iterable of Tensor
        What to optimize, all of one floating dtype; their ``data`` become views of one array.
    max_iter : int
        Iterations in one call of :meth:`step`; each takes one or a few passes through the data.
    tolerance_grad : float
        It has converged if no element of the gradient is larger.
    tolerance_change : float
        Or if an iteration makes the loss smaller by less than this part of it.
    history_size : int
        How many of the latest steps it remembers.
    max_eval : int, optional
        How often the loss is computed in one call of :meth:`step`, at most; 25 times for each
        iteration if it is not given.
    l2_penalty : float
        Half of this times the sum of squares of all parameters is added to the loss.

    Attributes
    ----------
    buffer : FlatBuffer
        The parameters.
    converged : bool
        Whether the last call of :meth:`step` ended because of a tolerance.
    message : str
        Why it ended, in SciPy's words.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range, or the parameters are not leaves of one dtype.

    Examples
    --------
    >>> from nn import Parameter
    >>> x = Parameter([-1.0, 1.0])
    >>> def rosenbrock():
    ...     return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    >>> optimizer = LBFGS([x], max_iter=100)
    >>> loss = optimizer.step(rosenbrock)
    >>> loss < 1e-10, optimizer.converged, x.data.round(4)
    (True, True, array([1., 1.]))
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        max_iter: int = 20,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 10,
        *,
        max_eval: int | None = None,
        l2_penalty: float = 0.0,
    ) -> None:
        self.max_iter = positive_integer(max_iter, "max_iter")
        self.tolerance_grad = non_negative_number(tolerance_grad, "tolerance_grad")
        self.tolerance_change = non_negative_number(tolerance_change, "tolerance_change")
        self.history_size = positive_integer(history_size, "history_size")
        self.max_eval = None if max_eval is None else positive_integer(max_eval, "max_eval")
        self.l2_penalty = non_negative_number(l2_penalty, "l2_penalty")
        self.buffer = FlatBuffer(parameters)
        self.converged = False
        self.message = "step() was not called"

    def step(
        self,
        closure: Callable[[], Any],
        callback: Callable[[int, float], object] | None = None,
        *,
        max_iter: int | None = None,
    ) -> float:
        """Go on for up to ``max_iter`` iterations, which start without a memory of earlier calls.

        Parameters
        ----------
        closure : callable
            Computes the loss of all data, a tensor. It may call ``backward()``, as in PyTorch; if
            it does not, that is done here. The gradients are cleared before.
        callback : callable, optional
            ``callback(iteration, loss)`` is called after each iteration, counted from 1, with the
            parameters as they are then. It may raise ``StopIteration`` to end it.
        max_iter : int, optional
            Iterations of this call, if not as many as the optimizer says.

        Returns
        -------
        float
            The loss at the end, with the L2 penalty.

        Raises
        ------
        ImportError
            If SciPy is not installed.
        ValueError
            If the loss is not finite to begin with, or does not depend on the parameters.
        """
        minimize = scipy_minimize()
        iterations = self.max_iter if max_iter is None else positive_integer(max_iter, "max_iter")
        problem = _Problem(self, closure)
        start = self.buffer.copy().astype(np.float64)
        iteration = 0

        def report(intermediate_result: Any) -> None:
            nonlocal iteration
            iteration += 1
            problem.accepted = intermediate_result.x.copy()
            if callback is not None:
                self.buffer.assign(problem.accepted)
                callback(iteration, float(intermediate_result.fun))

        try:
            result = minimize(
                problem,
                start,
                jac=True,
                method="L-BFGS-B",
                callback=report,
                options={
                    "maxiter": iterations,
                    "maxfun": 25 * iterations if self.max_eval is None else self.max_eval,
                    "maxcor": self.history_size,
                    "gtol": self.tolerance_grad,
                    "ftol": self.tolerance_change,
                },
            )
            problem.accepted = result.x
        finally:
            self.buffer.assign(start if problem.accepted is None else problem.accepted)
            self.zero_grad()
        self.converged, self.message = bool(result.success), str(result.message)
        return float(result.fun)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.buffer.parameters:
            parameter.grad = None

    def __repr__(self) -> str:
        return (
            f"LBFGS({self.buffer.values.size} parameters, max_iter={self.max_iter}, "
            f"history_size={self.history_size})"
        )


class _Problem:
    """The loss and its gradient as functions of one float64 vector."""

    def __init__(self, optimizer: LBFGS, closure: Callable[[], Any]) -> None:
        self.optimizer = optimizer
        self.closure = closure
        self.accepted: np.ndarray | None = None
        self._latest = math.nan

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        optimizer, buffer = self.optimizer, self.optimizer.buffer
        buffer.assign(x)
        optimizer.zero_grad()
        loss = self.closure()
        if isinstance(loss, Tensor) and loss.requires_grad and not self._has_gradient():
            loss.backward()
        if not self._has_gradient():
            raise ValueError("the loss does not depend on any of the parameters")
        value = float(loss.data if isinstance(loss, Tensor) else loss)
        gradient = buffer.gradients().astype(np.float64)
        if optimizer.l2_penalty:
            values = buffer.values.astype(np.float64)
            value += optimizer.l2_penalty / 2 * float(values @ values)
            gradient += optimizer.l2_penalty * values
        if math.isfinite(value) and np.isfinite(gradient).all():
            self._latest = value
            return value, gradient
        if math.isnan(self._latest):
            raise ValueError(
                f"the loss is {value} to begin with, or its gradient is not finite; scale inputs "
                "and targets to about unit size, or start from smaller weights"
            )
        return self._latest + WALL * (1 + abs(self._latest)), np.zeros_like(gradient)

    def _has_gradient(self) -> bool:
        return any(p.grad is not None for p in self.optimizer.buffer.parameters)


def scipy_minimize() -> Callable[..., Any]:
    """``scipy.optimize.minimize``.

    Raises
    ------
    ImportError
        If SciPy is not installed.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError("L-BFGS needs SciPy; install it with: pip install scipy") from error
    return minimize
