"""The base of update rules: what an optimizer does to parameters, as functions of arrays.

A rule keeps nothing. It takes parameters, their gradient, its state and a learning rate, and gives
new parameters and a new state, elementwise, in NumPy alone. So a rule takes arrays of any shape,
runs inside ``tg.compile`` and ``tg.scan``, and can itself be differentiated.

The optimizers of ``nn.optim`` run the same rules in place on one flat array.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nn.checks import non_negative_number
from tensorgrad.structure import flatten, leaves_like, map_leaves

State = dict[str, Any]
"""What a rule remembers, by name: for each array of parameters one of its shape, and the number of
updates, ``"step"``, if the rule needs it."""


class UpdateRule:
    """Base class: step along a direction, and the two ways to pull parameters towards zero.

    A subclass defines :meth:`direction`, and says in ``starts`` what it remembers. The arguments of
    its constructor are numbers, kept under their names.

    Parameters
    ----------
    l2_penalty : float
        Added to the gradient, times the parameters: the gradient of ``l2_penalty / 2`` times the
        sum of their squares. (What PyTorch's SGD and Adam call ``weight_decay``.)
    weight_decay : float
        Decoupled from the gradient: the parameters shrink by ``learning_rate * weight_decay`` of
        themselves in each step (Loshchilov & Hutter 2019; PyTorch's AdamW).

    Raises
    ------
    TypeError, ValueError
        If a setting is not a number of its range.

    Examples
    --------
    A rule of one's own: steps of one length, in the direction of the sign of the gradient.

    >>> class SignRule(UpdateRule):
    ...     def direction(self, gradient, state):
    ...         return np.sign(gradient), state
    >>> rule, values = SignRule(), np.array([1.0, 2.0])
    >>> rule.update(values, np.array([7.0, -3.0]), rule.init(values), learning_rate=0.5)
    (array([0.5, 2.5]), {})
    """

    def __init__(self, *, l2_penalty: float = 0.0, weight_decay: float = 0.0) -> None:
        self.l2_penalty = non_negative_number(l2_penalty, "l2_penalty")
        self.weight_decay = non_negative_number(weight_decay, "weight_decay")

    @property
    def starts(self) -> dict[str, float]:
        """Names of what is remembered for each element, and the number it starts from."""
        return {}

    @property
    def counts_steps(self) -> bool:
        """Whether the state has a ``"step"``, the number of updates so far."""
        return False

    @property
    def settings(self) -> dict[str, float]:
        """The arguments of the constructor, by name."""
        return dict(vars(self))

    def init(self, values: Any) -> State:
        """The state before the first update.

        Parameters
        ----------
        values : array, or nested dicts, lists and tuples of arrays
            The parameters.

        Returns
        -------
        dict
            Arrays, or structures like that of the parameters, by name.
        """
        state: State = {"step": np.zeros(())} if self.counts_steps else {}
        for name, start in self.starts.items():
            state[name] = map_leaves(lambda array, start=start: np.full_like(array, start), values)
        return state

    def update(
        self, values: Any, gradient: Any, state: State, learning_rate: Any
    ) -> tuple[Any, State]:
        """New parameters and a new state; what is passed in stays as it is.

        Parameters
        ----------
        values : array, or nested dicts, lists and tuples of arrays
            The parameters.
        gradient : like ``values``
        state : dict
            From :meth:`init`, or from the last update.
        learning_rate : float or array
            An array must broadcast with the parameters.

        Returns
        -------
        values
            Of the structure, shapes and dtypes of those passed in.
        state
            Likewise.
        """
        if not isinstance(values, dict | list | tuple):
            return stepped(
                self, values, gradient, state, learning_rate, self.l2_penalty, self.weight_decay
            )
        leaves, rebuild = flatten(values)
        gradients = leaves_like(gradient, values)
        memories = {name: leaves_like(state[name], values) for name in self.starts}
        count = {"step": state["step"]} if self.counts_steps else {}
        results = [
            self.update(
                leaf,
                gradients[i],
                {**count, **{name: memory[i] for name, memory in memories.items()}},
                learning_rate,
            )
            for i, leaf in enumerate(leaves)
        ]
        new_state = {"step": state["step"] + 1} if self.counts_steps else {}
        for name in memories:
            new_state[name] = rebuild([memory[name] for _, memory in results])
        return rebuild([leaf for leaf, _ in results]), new_state

    def direction(self, gradient: Any, state: State) -> tuple[Any, State]:
        """What is subtracted, but for the learning rate, and the new state."""
        raise NotImplementedError(f"{type(self).__name__} must define direction()")

    def direction_in_place(
        self, gradient: np.ndarray, memory: State, step: int, scratch: np.ndarray
    ) -> np.ndarray:
        """Compute what :meth:`direction` does, on memory that is there already.

        A rule that does not define it is slower on large models, and otherwise the same.

        Parameters
        ----------
        gradient : ndarray
            May be overwritten.
        memory : dict of str to ndarray
            The state, without the count; it is overwritten by the new one.
        step : int
            The number of this update, 1 for the first.
        scratch : ndarray
            Like the gradient; may be overwritten.

        Returns
        -------
        ndarray
            The direction, in an array of its own or one of those passed in.
        """
        count = {"step": np.float64(step - 1)} if self.counts_steps else {}
        direction, state = self.direction(gradient, {**count, **memory})
        if any(np.may_share_memory(direction, array) for array in memory.values()):
            direction = direction.copy()
        for name, array in memory.items():
            array[...] = state[name]
        return direction

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value:g}" for name, value in self.settings.items() if value)
        return f"{type(self).__name__}({settings})"


def stepped(
    rule: UpdateRule,
    values: Any,
    gradient: Any,
    state: State,
    learning_rate: Any,
    l2_penalty: Any,
    weight_decay: Any,
) -> tuple[Any, State]:
    """One update of one array; the last three are numbers, or arrays that broadcast with it."""
    if not is_zero(l2_penalty):
        gradient = gradient + in_dtype_of(values, l2_penalty) * values
    direction, state = rule.direction(gradient, state)
    if not is_zero(weight_decay):
        values = values * in_dtype_of(values, 1 - learning_rate * weight_decay)
    return values - in_dtype_of(values, learning_rate) * direction, state


def precision_problem(rule: UpdateRule, dtype: np.dtype[Any]) -> str | None:
    """What is wrong with computing in a dtype, if something is: an ``eps`` that is zero there."""
    eps = getattr(rule, "eps", None)
    if eps is None or float(dtype.type(eps)) > 0:
        return None
    tiny = float(np.finfo(dtype).smallest_subnormal)
    return (
        f"eps is {eps:g}, which is 0 in {dtype}, the dtype of the parameters; expected at least "
        f"{10.0 ** math.ceil(math.log10(tiny)):g}"
    )


def in_dtype_of(array: Any, number: Any) -> Any:
    """A number or array in the dtype of another array; Python's numbers take it by themselves."""
    return number.astype(array.dtype) if hasattr(number, "astype") else number


def is_zero(number: Any) -> bool:
    """Whether it is the number 0; of arrays, symbols among them, nobody looks at the values."""
    return isinstance(number, int | float) and number == 0
