"""The update rules of the optimizers, each in NumPy: once as a function, once in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn.checks import fraction_below_one, non_negative_number, positive_number, true_or_false
from nn.update_rule import State, UpdateRule, in_dtype_of

__all__ = ["AdagradRule", "AdamRule", "RMSpropRule", "SGDRule", "UpdateRule"]


class SGDRule(UpdateRule):
    """Gradient descent, with momentum as in PyTorch.

    ``velocity = momentum * velocity + (1 - dampening) * gradient``, without the dampening in the
    first step, is the direction; with Nesterov's momentum (Sutskever et al. 2013),
    ``gradient + momentum * velocity`` is.

    Parameters
    ----------
    momentum : float
        At least 0 and below 1.
    dampening : float
        From 0 to 1.
    nesterov : bool
        Needs momentum, and no dampening.
    l2_penalty, weight_decay : float
        As for :class:`UpdateRule`.

    Examples
    --------
    >>> rule, w = SGDRule(momentum=0.5), np.array([1.0])
    >>> state = rule.init(w)
    >>> for _ in range(2):
    ...     w, state = rule.update(w, 2 * w, state, learning_rate=0.25)
    >>> w, state
    (array([0.]), {'velocity': array([2.])})
    """

    def __init__(
        self,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        *,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(l2_penalty=l2_penalty, weight_decay=weight_decay)
        self.momentum = fraction_below_one(momentum, "momentum")
        self.dampening = non_negative_number(dampening, "dampening")
        self.nesterov = true_or_false(nesterov, "nesterov")
        if self.dampening > 1:
            raise ValueError(f"dampening is {dampening!r}; expected a number from 0 to 1")
        if self.dampening and not self.momentum:
            raise ValueError("dampening slows down momentum, and there is none; set momentum")
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError("nesterov=True needs a momentum above 0, and no dampening")

    @property
    def starts(self) -> dict[str, float]:  # noqa: D102
        return {"velocity": 0.0} if self.momentum else {}

    @property
    def counts_steps(self) -> bool:  # noqa: D102
        return self.dampening > 0

    def direction(self, gradient: Any, state: State) -> tuple[Any, State]:  # noqa: D102
        if not self.momentum:
            return gradient, state
        new_state, added = {}, gradient
        if self.dampening:
            share = np.where(state["step"] > 0, 1 - self.dampening, 1.0)
            added = in_dtype_of(gradient, share) * gradient
            new_state["step"] = state["step"] + 1
        velocity = new_state["velocity"] = self.momentum * state["velocity"] + added
        return (gradient + self.momentum * velocity if self.nesterov else velocity), new_state

    def direction_in_place(  # noqa: D102
        self, gradient: np.ndarray, memory: State, step: int, scratch: np.ndarray
    ) -> np.ndarray:
        if not self.momentum:
            return gradient
        velocity = memory["velocity"]
        velocity *= self.momentum
        if self.dampening and step > 1:
            gradient *= 1 - self.dampening
        velocity += gradient
        if not self.nesterov:
            return velocity
        np.multiply(velocity, self.momentum, scratch)
        scratch += gradient
        return scratch


class AdamRule(UpdateRule):
    """Adaptive moments (Kingma & Ba 2015, algorithm 1).

    The direction is the mean of the gradients over the square root of the mean of their squares,
    plus ``eps``; both means are moving averages, corrected for starting at zero. The corrections
    are computed in float64 whatever the dtype: in float32, ``1 - 0.999`` would be off by 5e-5.

    Parameters
    ----------
    beta1, beta2 : float
        Decay of the moving averages of the gradient and of its square, at least 0 and below 1.
    eps : float
        Positive.
    l2_penalty, weight_decay : float
        As for :class:`UpdateRule`; with ``weight_decay`` it is AdamW.

    Examples
    --------
    >>> rule, w = AdamRule(), np.array([1.0, 2.0])
    >>> w, state = rule.update(w, np.array([5.0, -3.0]), rule.init(w), learning_rate=0.1)
    >>> w.round(6)
    array([0.9, 2.1])
    >>> sorted(state)
    ['first_moment', 'second_moment', 'step']
    """

    def __init__(
        self,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        *,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(l2_penalty=l2_penalty, weight_decay=weight_decay)
        self.beta1 = fraction_below_one(beta1, "beta1")
        self.beta2 = fraction_below_one(beta2, "beta2")
        self.eps = positive_number(eps, "eps")

    @property
    def starts(self) -> dict[str, float]:  # noqa: D102
        return {"first_moment": 0.0, "second_moment": 0.0}

    @property
    def counts_steps(self) -> bool:  # noqa: D102
        return True

    def direction(self, gradient: Any, state: State) -> tuple[Any, State]:  # noqa: D102
        beta1, beta2 = self.beta1, self.beta2
        step = state["step"] + 1
        first = beta1 * state["first_moment"] + (1 - beta1) * gradient
        second = beta2 * state["second_moment"] + (1 - beta2) * (gradient * gradient)
        mean = first / in_dtype_of(first, 1 - beta1**step)
        mean_square = second / in_dtype_of(second, 1 - beta2**step)
        direction = mean / (np.sqrt(mean_square) + self.eps)
        return direction, {"step": step, "first_moment": first, "second_moment": second}

    def direction_in_place(  # noqa: D102
        self, gradient: np.ndarray, memory: State, step: int, scratch: np.ndarray
    ) -> np.ndarray:
        beta1, beta2 = self.beta1, self.beta2
        first, second = memory["first_moment"], memory["second_moment"]
        first *= beta1
        np.multiply(gradient, 1 - beta1, scratch)
        first += scratch
        second *= beta2
        gradient *= gradient
        gradient *= 1 - beta2
        second += gradient
        mean = np.divide(first, 1 - beta1**step, gradient)
        np.divide(second, 1 - beta2**step, scratch)
        np.sqrt(scratch, scratch)
        scratch += self.eps
        mean /= scratch
        return mean


class RMSpropRule(UpdateRule):
    """The gradient over the root of the moving average of its square (Tieleman & Hinton 2012).

    Parameters
    ----------
    alpha : float
        Decay of the moving averages, at least 0 and below 1.
    eps : float
        Added to the root; positive.
    momentum : float
        Of the direction, at least 0 and below 1.
    centered : bool
        Subtract the square of the moving average of the gradient: its variance stands for its mean
        square (Graves 2013, eq. 38-45).
    l2_penalty, weight_decay : float
        As for :class:`UpdateRule`.

    Examples
    --------
    >>> rule, w = RMSpropRule(alpha=0.75), np.array([1.0, 2.0])
    >>> w, state = rule.update(w, np.array([5.0, -3.0]), rule.init(w), learning_rate=0.1)
    >>> w.round(6)
    array([0.8, 2.2])
    """

    def __init__(
        self,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(l2_penalty=l2_penalty, weight_decay=weight_decay)
        self.alpha = fraction_below_one(alpha, "alpha")
        self.eps = positive_number(eps, "eps")
        self.momentum = fraction_below_one(momentum, "momentum")
        self.centered = true_or_false(centered, "centered")

    @property
    def starts(self) -> dict[str, float]:  # noqa: D102
        return {
            "mean_square": 0.0,
            **({"mean": 0.0} if self.centered else {}),
            **({"velocity": 0.0} if self.momentum else {}),
        }

    def direction(self, gradient: Any, state: State) -> tuple[Any, State]:  # noqa: D102
        alpha = self.alpha
        new: State = {}
        square = alpha * state["mean_square"] + (1 - alpha) * (gradient * gradient)
        new["mean_square"] = variance = square
        if self.centered:
            mean = new["mean"] = alpha * state["mean"] + (1 - alpha) * gradient
            variance = np.maximum(square - mean * mean, 0)  # rounding may leave less than nothing
        direction = gradient / (np.sqrt(variance) + self.eps)
        if self.momentum:
            direction = new["velocity"] = self.momentum * state["velocity"] + direction
        return direction, new

    def direction_in_place(  # noqa: D102
        self, gradient: np.ndarray, memory: State, step: int, scratch: np.ndarray
    ) -> np.ndarray:
        alpha, square = self.alpha, memory["mean_square"]
        square *= alpha
        np.multiply(gradient, gradient, scratch)
        scratch *= 1 - alpha
        square += scratch
        if self.centered:
            mean = memory["mean"]
            mean *= alpha
            np.multiply(gradient, 1 - alpha, scratch)
            mean += scratch
            np.multiply(mean, mean, scratch)
            np.subtract(square, scratch, scratch)
            np.maximum(scratch, 0, out=scratch)
            np.sqrt(scratch, scratch)
        else:
            np.sqrt(square, scratch)
        scratch += self.eps
        gradient /= scratch
        if not self.momentum:
            return gradient
        velocity = memory["velocity"]
        velocity *= self.momentum
        velocity += gradient
        return velocity


class AdagradRule(UpdateRule):
    """The gradient over the root of the sum of its squares so far (Duchi, Hazan & Singer 2011).

    Parameters
    ----------
    learning_rate_decay : float
        The direction is divided by ``1 + learning_rate_decay * (updates before this one)``.
    initial_accumulator_value : float
        What the sum of squares starts from.
    eps : float
        Added to the root; positive.
    l2_penalty, weight_decay : float
        As for :class:`UpdateRule`.

    Examples
    --------
    >>> rule, w = AdagradRule(), np.array([1.0, 2.0])
    >>> w, state = rule.update(w, np.array([5.0, -3.0]), rule.init(w), learning_rate=0.1)
    >>> w.round(6), state
    (array([0.9, 2.1]), {'sum_of_squares': array([25., 9.])})
    """

    def __init__(
        self,
        learning_rate_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(l2_penalty=l2_penalty, weight_decay=weight_decay)
        self.learning_rate_decay = non_negative_number(learning_rate_decay, "learning_rate_decay")
        self.initial_accumulator_value = non_negative_number(
            initial_accumulator_value, "initial_accumulator_value"
        )
        self.eps = positive_number(eps, "eps")

    @property
    def starts(self) -> dict[str, float]:  # noqa: D102
        return {"sum_of_squares": self.initial_accumulator_value}

    @property
    def counts_steps(self) -> bool:  # noqa: D102
        return self.learning_rate_decay > 0

    def direction(self, gradient: Any, state: State) -> tuple[Any, State]:  # noqa: D102
        total = state["sum_of_squares"] + gradient * gradient
        new = {"sum_of_squares": total}
        direction = gradient / (np.sqrt(total) + self.eps)
        if self.learning_rate_decay:
            slower = 1 + state["step"] * self.learning_rate_decay
            direction = direction / in_dtype_of(direction, slower)
            new = {"step": state["step"] + 1, **new}
        return direction, new

    def direction_in_place(  # noqa: D102
        self, gradient: np.ndarray, memory: State, step: int, scratch: np.ndarray
    ) -> np.ndarray:
        total = memory["sum_of_squares"]
        np.multiply(gradient, gradient, scratch)
        total += scratch
        np.sqrt(total, scratch)
        scratch += self.eps
        gradient /= scratch
        if self.learning_rate_decay:
            gradient /= 1 + (step - 1) * self.learning_rate_decay
        return gradient
