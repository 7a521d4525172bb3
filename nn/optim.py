"""Optimizers: what turns gradients into a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nn.checks import choice
from nn.optimizer import Optimizer
from nn.parameter_groups import ParameterGroup
from nn.update_rules import AdagradRule, AdamRule, RMSpropRule, SGDRule
from tensorgrad import Tensor

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "ParameterGroup",
    "RMSprop",
    "optimizer_named",
]

Parameters = Iterable[Tensor] | Iterable[Mapping[str, Any]]


class SGD(Optimizer):
    """Stochastic gradient descent: parameter - learning_rate * gradient, or with momentum.

    ``velocity = momentum * velocity + (1 - dampening) * gradient`` takes the gradient's place, in
    the first step without the dampening; with Nesterov's momentum (Sutskever et al. 2013) it is
    ``gradient + momentum * velocity``.

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        What to optimize, all of one floating dtype; their ``data`` become views of one array. A
        dict is a group with settings of its own, as for :class:`Optimizer`.
    learning_rate : float
        Length of a step; can be set at any time.
    momentum : float
        At least 0 and below 1.
    dampening : float
        From 0 to 1.
    nesterov : bool
        Needs momentum, and no dampening.
    l2_penalty : float
        Added to the gradient, times the parameters. (PyTorch's ``weight_decay``.)
    weight_decay : float
        The parameters shrink by ``learning_rate * weight_decay`` of themselves in each step,
        whatever the gradient (Loshchilov & Hutter 2019, SGDW).
    clip_norm, clip_value : float, optional
        Largest norm of the whole gradient, and largest size of an element of it.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range, or the parameters are not leaves of one dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import Parameter
    >>> x = Parameter([1.0, 2.0])
    >>> optimizer = SGD([x], learning_rate=0.25)
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([0.5, 1. ])
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float,
        momentum: float = 0.0,
        *,
        dampening: float = 0.0,
        nesterov: bool = False,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        rule = SGDRule(
            momentum, dampening, nesterov, l2_penalty=l2_penalty, weight_decay=weight_decay
        )
        super().__init__(
            parameters, learning_rate, rule, clip_norm=clip_norm, clip_value=clip_value
        )


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2015, algorithm 1): steps of about the learning rate each.

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        As for :class:`SGD`.
    learning_rate : float
        Length of a step; can be set at any time.
    betas : (float, float)
        Decay of the moving averages of the gradient and of its square, each at least 0 and below 1.
    eps : float
        Added to the root of the mean square; positive.
    l2_penalty : float
        Added to the gradient, times the parameters. (The ``weight_decay`` of PyTorch's Adam.)
    weight_decay : float
        The parameters shrink by ``learning_rate * weight_decay`` of themselves in each step,
        whatever the gradient: then it is :class:`AdamW`.
    clip_norm, clip_value : float, optional
        As for :class:`SGD`.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range, or the parameters are not leaves of one dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import Parameter
    >>> x = Parameter([1.0, 2.0])
    >>> optimizer = Adam([x], learning_rate=0.1)
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([0.9, 1.9])
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        beta1, beta2 = _pair(betas)
        rule = AdamRule(beta1, beta2, eps, l2_penalty=l2_penalty, weight_decay=weight_decay)
        super().__init__(
            parameters, learning_rate, rule, clip_norm=clip_norm, clip_value=clip_value
        )


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): only its default differs.

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        As for :class:`SGD`.
    learning_rate, betas, eps, l2_penalty
        As for :class:`Adam`.
    weight_decay : float
        The parameters shrink by ``learning_rate * weight_decay`` of themselves in each step.
    clip_norm, clip_value : float, optional
        As for :class:`SGD`.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import Parameter
    >>> x = Parameter([1.0, 2.0])
    >>> optimizer = AdamW([x], learning_rate=0.1, weight_decay=0.5)
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([0.85, 1.8 ])
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            learning_rate,
            betas,
            eps,
            l2_penalty=l2_penalty,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )


class RMSprop(Optimizer):
    """The gradient over the root of the moving average of its square (Tieleman & Hinton 2012).

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        As for :class:`SGD`.
    learning_rate : float
        Length of a step; can be set at any time.
    alpha : float
        Decay of the moving averages, at least 0 and below 1.
    eps : float
        Added to the root; positive.
    momentum : float
        Of the quotient, at least 0 and below 1.
    centered : bool
        Divide by the root of the variance of the gradient instead (Graves 2013).
    l2_penalty, weight_decay : float
        As for :class:`SGD`.
    clip_norm, clip_value : float, optional
        As for :class:`SGD`.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range, or the parameters are not leaves of one dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import Parameter
    >>> x = Parameter([1.0, 2.0])
    >>> optimizer = RMSprop([x], learning_rate=0.01)
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([0.9, 1.9])
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        *,
        momentum: float = 0.0,
        centered: bool = False,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        rule = RMSpropRule(
            alpha, eps, momentum, centered, l2_penalty=l2_penalty, weight_decay=weight_decay
        )
        super().__init__(
            parameters, learning_rate, rule, clip_norm=clip_norm, clip_value=clip_value
        )


class Adagrad(Optimizer):
    """The gradient over the root of the sum of its squares (Duchi, Hazan & Singer 2011).

    Parameters
    ----------
    parameters : iterable of Tensor, or of dict
        As for :class:`SGD`.
    learning_rate : float
        Length of a step; can be set at any time.
    learning_rate_decay : float
        The step is divided by ``1 + learning_rate_decay * (steps before)``.
    initial_accumulator_value : float
        What the sum of squares starts from.
    eps : float
        Added to the root; positive.
    l2_penalty, weight_decay : float
        As for :class:`SGD`.
    clip_norm, clip_value : float, optional
        As for :class:`SGD`.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of its range, or the parameters are not leaves of one dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import Parameter
    >>> x = Parameter([1.0, 2.0])
    >>> optimizer = Adagrad([x], learning_rate=0.1)
    >>> np.sum(x * x).backward()
    >>> optimizer.step()
    >>> x.data
    array([0.9, 1.9])
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 0.01,
        *,
        learning_rate_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        l2_penalty: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        rule = AdagradRule(
            learning_rate_decay,
            initial_accumulator_value,
            eps,
            l2_penalty=l2_penalty,
            weight_decay=weight_decay,
        )
        super().__init__(
            parameters, learning_rate, rule, clip_norm=clip_norm, clip_value=clip_value
        )


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
}
"""Optimizers by name."""


def optimizer_named(name: str, parameters: Parameters, **settings: Any) -> Optimizer:
    """Make an optimizer by its name, in any letter case.

    Parameters
    ----------
    name : {"sgd", "adam", "adamw", "rmsprop", "adagrad"}
    parameters : iterable of Tensor, or of dict
    **settings
        ``learning_rate`` and whatever else the optimizer takes.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> from nn import Parameter
    >>> optimizer_named("Adam", [Parameter([1.0])], learning_rate=0.1)
    Adam(1 parameters, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-08)
    """
    return OPTIMIZERS[choice(name, OPTIMIZERS, "optimizer")](parameters, **settings)


def _pair(betas: Any) -> tuple[Any, Any]:
    try:
        beta1, beta2 = betas
    except (TypeError, ValueError):
        raise TypeError(f"betas is {betas!r}; expected two numbers, such as (0.9, 0.999)") from None
    return beta1, beta2
