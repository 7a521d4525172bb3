"""The schedule that looks at how training goes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

from nn.checks import choice, non_negative_integer, non_negative_number, positive_number
from nn.schedule import Schedule


class ReduceOnPlateau(Schedule):
    """A drop when a metric has stopped getting better (PyTorch's ReduceLROnPlateau).

    ``fit`` shows it the validation loss after each epoch, or the training loss if there is none. It
    depends on how training goes, so inside ``tg.compile`` its factor must be an argument.

    Parameters
    ----------
    gamma : float
        What the factor is multiplied by, above 0 and below 1. (PyTorch's ``factor``.)
    patience : int
        Epochs without getting better that are let pass.
    threshold : float
        How much better counts: as a part of the best value, or by itself if ``threshold_mode`` is
        "abs".
    threshold_mode : {"rel", "abs"}
    mode : {"min", "max"}
        Whether smaller or larger is better.
    cooldown : int
        Epochs after a drop that do not count.
    smallest : float
        The factor does not fall below this.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(gamma=0.5, patience=1)
    >>> for loss in (1.0, 0.9, 0.9, 0.9):
    ...     schedule.observe(loss)
    >>> schedule(0)
    0.5
    """

    def __init__(
        self,
        gamma: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        *,
        threshold_mode: str = "rel",
        mode: str = "min",
        cooldown: int = 0,
        smallest: float = 0.0,
    ) -> None:
        self.gamma = positive_number(gamma, "gamma")
        if self.gamma >= 1:
            raise ValueError(f"gamma is {gamma!r}; expected a number above 0 and below 1")
        self.patience = non_negative_integer(patience, "patience")
        self.threshold = non_negative_number(threshold, "threshold")
        self.threshold_mode = choice(threshold_mode, ("rel", "abs"), "threshold_mode")
        self.mode = choice(mode, ("min", "max"), "mode")
        self.cooldown = non_negative_integer(cooldown, "cooldown")
        self.smallest = non_negative_number(smallest, "smallest")
        self._state = {
            "factor": 1.0,
            "best": math.inf if self.mode == "min" else -math.inf,
            "bad_epochs": 0,
            "cooling": 0,
        }

    def factor(self, step: Any) -> Any:  # noqa: D102
        return self._state["factor"] + 0.0 * step

    def observe(self, metric: float) -> None:
        """Take note of the metric of an epoch; NaN counts as no better."""
        state, metric = self._state, float(metric)
        if self._is_better(metric):
            state["best"], state["bad_epochs"] = metric, 0
        else:
            state["bad_epochs"] += 1
        if state["cooling"] > 0:
            state["cooling"] -= 1
            state["bad_epochs"] = 0
        if state["bad_epochs"] > self.patience:
            state["factor"] = max(state["factor"] * self.gamma, self.smallest)
            state["cooling"], state["bad_epochs"] = self.cooldown, 0

    def state_dict(self) -> dict[str, float]:
        """The factor, the best metric, and the counts."""
        return dict(self._state)

    def load_state_dict(self, state: Mapping[str, float]) -> Self:
        """Go on from what :meth:`state_dict` gave.

        Raises
        ------
        ValueError
            If names are missing or unknown.
        """
        if state.keys() != self._state.keys():
            raise ValueError(
                f"the state has {', '.join(state) or 'nothing'}; expected {', '.join(self._state)}"
            )
        self._state = {name: type(self._state[name])(value) for name, value in state.items()}
        return self

    def _is_better(self, metric: float) -> bool:
        best = self._state["best"]
        sign = -1 if self.mode == "min" else 1
        if self.threshold_mode == "abs":
            return sign * metric > sign * best + self.threshold
        return sign * metric > sign * best * (1 + sign * self.threshold)
