"""The description of a network, checked."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from nn.activations import ACTIVATIONS
from nn.checks import positive_integer
from nn.tasks import TASKS, Task


def checked_layers(layer_spec: Any) -> list[tuple[int, str]]:
    """Output dimensions and activations, the latter as the documentation spells them.

    Raises
    ------
    TypeError, ValueError
        If this is not a list of such pairs, or softmax is not the last activation.

    Examples
    --------
    >>> checked_layers([[8, "relu"], [3, "Softmax"]])
    [(8, 'ReLU'), (3, 'softmax')]
    """
    if isinstance(layer_spec, str) or not isinstance(layer_spec, Sequence | np.ndarray):
        raise TypeError(
            f"layer_spec is {layer_spec!r}, expected a list of [output_dimension, activation]"
        )
    if not len(layer_spec):
        raise ValueError(
            "layer_spec is empty, expected at least one [output_dimension, activation]"
        )
    spellings = {name.casefold(): name for name in ACTIVATIONS}
    layers = []
    for i, layer in enumerate(layer_spec):
        where = f"layer_spec[{i}]"
        if (
            isinstance(layer, str)
            or not isinstance(layer, Sequence | np.ndarray)
            or len(layer) != 2
        ):
            raise ValueError(f"{where} is {layer!r}, expected [output_dimension, activation]")
        width, activation = layer
        width = positive_integer(width, f"the output dimension of {where}")
        if not isinstance(activation, str):
            raise TypeError(f"the activation of {where} is {activation!r}, expected its name")
        if activation.casefold() not in spellings:
            raise ValueError(
                f"{where} has the unknown activation {activation!r}, expected one of "
                f"{', '.join(ACTIVATIONS)}"
            )
        activation = spellings[activation.casefold()]
        if activation == "softmax" and i < len(layer_spec) - 1:
            raise ValueError(
                f"{where} has the activation softmax, which is for the output layer only; use "
                "another one in hidden layers, such as 'tanh' or 'ReLU'"
            )
        layers.append((width, activation))
    return layers


def checked_loss(loss_func: Any) -> str:
    """The name of a loss in lower case.

    Raises
    ------
    TypeError, ValueError
        If there is no such loss.

    Examples
    --------
    >>> checked_loss("L2")
    'l2'
    """
    if not isinstance(loss_func, str):
        raise TypeError(f"loss_func is {loss_func!r}, expected one of {', '.join(TASKS)}")
    if loss_func.casefold() not in TASKS:
        raise ValueError(f"loss_func is {loss_func!r}, expected one of {', '.join(TASKS)}")
    return loss_func.casefold()


def check_output(layers: list[tuple[int, str]], task: Task) -> None:
    """Check that output activation, loss and number of outputs belong together.

    Raises
    ------
    ValueError
        If they do not; the message says what would.

    Examples
    --------
    >>> check_output([(1, "identity")], TASKS["l2"])
    """
    width, activation = layers[-1]
    if activation != task.activation:
        outputs = {"sigmoid": "1", "softmax": "number of classes"}.get(task.activation, str(width))
        fitting = [
            other
            for other in TASKS.values()
            if other.activation == activation and (width == 1 or other.loss != "binary_log_loss")
        ]
        advice = "".join(f", or loss_func={other.loss!r} ({other.title})" for other in fitting)
        raise ValueError(
            f"loss_func {task.loss!r} does not go with the output activation {activation!r}: use "
            f"[{outputs}, {task.activation!r}] as last layer ({task.title}){advice}"
        )
    if task.loss == "binary_log_loss" and width != 1:
        raise ValueError(
            f"binary classification has one output, the probability of a 1, and layer_spec ends in "
            f"{width}; use [1, 'sigmoid'], or [{width}, 'softmax'] with loss_func="
            "'multiclass_log_loss', or, for labels of which a sample may have several, loss_func="
            "'multilabel_log_loss'"
        )
    if activation == "softmax" and width < 2:
        raise ValueError(
            "multiclass classification has one output for each class, and layer_spec ends in 1; "
            "use the number of classes, or [1, 'sigmoid'] with loss_func='binary_log_loss'"
        )


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype that a network computes in.

    Raises
    ------
    TypeError, ValueError
        If it is not float32 or float64.

    Examples
    --------
    >>> checked_dtype("f4")
    dtype('float32')
    """
    if dtype is None:  # for NumPy it would be float64
        raise TypeError("dtype is None, expected float32 or float64")
    result = np.dtype(dtype)
    if result not in (np.float32, np.float64):
        raise ValueError(f"dtype is {result}, expected float32 or float64")
    return result


def checked_seed(seed: Any) -> int | None:
    """The seed of a network.

    Raises
    ------
    TypeError, ValueError
        If it is neither None nor an integer that is not negative. A generator is none: the
        network could not start over with it.

    Examples
    --------
    >>> checked_seed(np.int64(3))
    3
    """
    if seed is None:
        return None
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed is {seed!r}, expected an integer or None") from None
    if number < 0:
        raise ValueError(f"seed is {number}, expected an integer that is not negative, or None")
    return number
