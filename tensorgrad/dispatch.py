"""The one door through which every operation on a tensor goes: ``apply``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tensorgrad.anomaly import calling_line, check_output
from tensorgrad.derivatives.optional import found_in_optional_group
from tensorgrad.derivatives.table import TABLE, Composition, Entry, Flat, Plain, Primitive, Refused
from tensorgrad.messages import explained, name_of
from tensorgrad.mode import DEFAULT_MODE, CaptureError, mode
from tensorgrad.node import Node, new_node
from tensorgrad.operands import require_plain
from tensorgrad.tape import as_array, component_node
from tensorgrad.tensor import (
    DIFFERENTIABLE,
    Tensor,
    recorded,
    unwrapped,
    wrap,
)

ndarray = np.ndarray
current_mode = mode.get


def apply(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function on arguments among which there may be tensors, and record the call.

    Every operator, method and NumPy function on a tensor ends up here.

    Parameters
    ----------
    function : callable
        A function that has an entry in the derivative table.
    *args, **kwargs
        What to call it with.

    Returns
    -------
    Tensor or ndarray
        A tensor if there is one among the arguments. A plain result if there is none, or if the
        result cannot carry a derivative (it holds integers or booleans).

    Raises
    ------
    TypeError
        If the function has no entry, or gives complex numbers.
    ValueError, IndexError, ...
        What the function raised, with the operation and its operands in front.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> tg.apply(np.add, tg.tensor([1.0, 2.0]), 1.0)
    Tensor([2., 3.])
    """
    entry = TABLE.get(function)
    if type(entry) is not Primitive:
        return _apply_other(entry, function, args, kwargs)
    if kwargs and any(isinstance(value, Tensor) for value in kwargs.values()):
        args, kwargs = _tensors_by_position(function, args, kwargs)
    values = []
    sources = []
    tracked = False
    for arg in args:
        if isinstance(arg, Tensor):
            values.append(arg.data)
            source = arg.node
            sources.append(source)
            if source is not None:
                tracked = True
        else:
            values.append(arg)
            sources.append(None)
    try:
        value = function(*values, **kwargs)
    except Exception as error:
        raise explained(error, function, values) from error
    if tracked and (now := current_mode()).recording:
        rules = entry.rules
        if (
            type(value) is ndarray
            and value.dtype.char in DIFFERENTIABLE
            and len(values) <= len(rules)
            and not now.watched
        ):
            return wrap(value, new_node(function, rules, values, kwargs, sources, value))
        return _recorded(function, entry, values, kwargs, sources, value)
    if tracked or any(isinstance(arg, Tensor) for arg in args):
        return _constant(function, value)
    return value


def apply_to_one(function: Callable[..., Any], operand: Any) -> Any:
    """What :func:`apply` does, written out for one operand: the path of activations."""
    entry = TABLE.get(function)
    if type(entry) is not Primitive:
        return _apply_other(entry, function, (operand,), {})
    if not isinstance(operand, Tensor):
        return function(operand)
    x, source = operand.data, operand.node
    try:
        value = function(x)
    except Exception as error:
        raise explained(error, function, (x,)) from error
    if source is None:
        return _constant(function, value)
    now = current_mode()
    if now is DEFAULT_MODE or (now.recording and not now.watched):
        rules, pullback = entry.rules, entry.pullback
        if type(value) is ndarray and (
            pullback is not None  # of a function that keeps the dtype
            or (rules and value.dtype.char in DIFFERENTIABLE)
        ):
            return recorded(function, rules, (x,), (source,), value, pullback)
    elif not now.recording:
        return _constant(function, value)
    return _recorded(function, entry, [x], {}, [source], value)


def apply_to_two(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """What :func:`apply` does, written out for two operands: the path of the operators.

    A network's step is mostly this, and here it costs half of what the loop costs.
    """
    entry = TABLE.get(function)
    if type(entry) is not Primitive:
        return _apply_other(entry, function, (a, b), {})
    if isinstance(a, Tensor):
        x, source_of_a = a.data, a.node
    else:
        x, source_of_a = a, None
    if isinstance(b, Tensor):
        y, source_of_b = b.data, b.node
    else:
        y, source_of_b = b, None
    try:
        value = function(x, y)
    except Exception as error:
        raise explained(error, function, (x, y)) from error
    if source_of_a is None and source_of_b is None:
        given = isinstance(a, Tensor) or isinstance(b, Tensor)
        return _constant(function, value) if given else value
    now = current_mode()
    if now is DEFAULT_MODE or (now.recording and not now.watched):
        rules = entry.rules
        if type(value) is ndarray and value.dtype.char in DIFFERENTIABLE and len(rules) == 2:
            sources = (source_of_a, source_of_b)
            return recorded(function, rules, (x, y), sources, value, entry.pullback)
    elif not now.recording:
        return _constant(function, value)
    return _recorded(function, entry, [x, y], {}, [source_of_a, source_of_b], value)


def _recorded(
    function: Callable[..., Any],
    entry: Primitive,
    values: list[Any],
    kwargs: dict[str, Any],
    sources: list[Node | None],
    value: Any,
) -> Any:
    """Record a call of which more than the common case may be true."""
    now = current_mode()
    if not isinstance(value, ndarray | np.generic | tuple):
        values = list(map(_without_labels, values))
    if now.detect_anomaly:
        check_output(function, values, value)
    if now.capturing:
        _refuse_outside_tensors(function, values)
    rules = entry.rules_for(values)
    for i in range(len(rules), len(sources)):
        if sources[i] is not None:
            raise TypeError(
                f"{name_of(function)} has no derivative with respect to operand {i}; pass it as a "
                "plain array, or cut it from the graph with tg.stop_gradient"
            )
    results = value if isinstance(value, tuple) else (value,)
    parts = tuple(_result_array(function, result) for result in results)
    if not any(part.dtype.char in DIFFERENTIABLE for part in parts):
        kept = [_undifferentiable(function, part) for part in parts]
        return _same_kind_of_tuple(value, kept) if isinstance(value, tuple) else kept[0]
    single = not isinstance(value, tuple)
    node = new_node(function, rules, values, kwargs, sources, parts[0] if single else parts)
    if now.detect_anomaly:
        node.line = calling_line()
    if single:
        return wrap(parts[0], node)
    tensors = [
        wrap(part, component_node(node, i))
        if part.dtype.char in DIFFERENTIABLE
        else _undifferentiable(function, part)
        for i, part in enumerate(parts)
    ]
    return _same_kind_of_tuple(value, tensors)


def _result_array(function: Callable[..., Any], result: Any) -> Any:
    """What a recorded function returned as an array, if rules can hold for it."""
    if isinstance(result, Tensor):
        raise TypeError(
            f"{name_of(function)} has a rule for its operands, and computed with other tensors "
            "besides, whose gradients would be lost: ones from outside, or inside a list. Pass "
            "each as an operand of its own, or t.data if it needs no gradient."
        )
    array = as_array(result)
    require_plain(array)
    return array


def _without_labels(operand: Any) -> Any:
    """The values of a pandas Series, say: rules are for arrays, and labels would be aligned."""
    if isinstance(operand, np.generic) or not hasattr(type(operand), "__array__"):
        return operand
    return as_array(operand)


def _refuse_outside_tensors(function: Callable[..., Any], values: list[Any]) -> None:
    arrays = [value for value in values if hasattr(type(value), "__array_function__")]
    if all(isinstance(value, ndarray) for value in arrays):
        raise CaptureError(
            f"{name_of(function)} computes with tensors from outside the compiled function alone, "
            "which would happen once and not again when they change. Pass them in as arguments "
            f"(for a module, through nn.functional_call); {calling_line()}"
        )


def _same_kind_of_tuple(value: tuple[Any, ...], parts: list[Any]) -> tuple[Any, ...]:
    """NumPy names the results of some functions, ``EighResult`` for instance; keep the names."""
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


def _undifferentiable(function: Callable[..., Any], value: Any) -> Any:
    if value.dtype.kind == "c":
        raise TypeError(
            f"{name_of(function)} gave complex numbers; tensorgrad differentiates real functions "
            "of real arrays. Split the computation into real and imaginary parts."
        )
    if value.dtype.kind not in "biu":
        raise TypeError(
            f"{name_of(function)} gave an array of dtype {value.dtype}, in which derivatives would "
            "be lost; convert the operands to a floating dtype first"
        )
    return value


def _constant(function: Callable[..., Any], value: Any) -> Any:
    """Wrap a result that nothing is recorded of."""
    if type(value) is ndarray:
        return wrap(value, None) if value.dtype.char in DIFFERENTIABLE else value
    if isinstance(value, tuple):
        return _same_kind_of_tuple(value, [_constant(function, part) for part in value])
    if isinstance(value, Tensor):  # of a function that computes with tensors from outside
        return _result_array(function, value) if value.node is not None else value
    value = as_array(value)
    require_plain(value)
    return wrap(value, None) if value.dtype.char in DIFFERENTIABLE else value


# ---------------------------------------------------------- calls that are not one recorded step


def _apply_other(
    entry: Entry | None,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    if type(entry) is Composition:
        return entry.body(*args, **kwargs)
    if type(entry) is Flat:
        return _constant(function, function(*unwrapped(args), **unwrapped(kwargs)))
    if type(entry) is Plain:
        return function(*unwrapped(args), **unwrapped(kwargs))
    if type(entry) is Refused:
        raise TypeError(f"{name_of(function)} cannot be differentiated: {entry.reason}")
    if found_in_optional_group(function):
        return apply(function, *args, **kwargs)
    name = name_of(function)
    raise TypeError(
        f"{name} has no derivative rule, so it cannot be used on a Tensor. Register one with "
        f"tg.derivative({name}, lambda g, y, x: ...) or, if no gradient should flow through it, "
        "call it on the array, t.data."
    )


def _tensors_by_position(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Move tensors that were passed by keyword to their positions, since rules go by position."""
    names = [key for key, value in kwargs.items() if isinstance(value, Tensor)]
    try:
        parameters = list(inspect.signature(function).parameters.values())
        last = max(i for i, parameter in enumerate(parameters) if parameter.name in names)
        rest = dict(kwargs)
        moved = [rest.pop(p.name, p.default) for p in parameters[len(args) : last + 1]]
    except ValueError as error:
        raise TypeError(
            f"{name_of(function)} got tensors by keyword ({', '.join(names)}), and NumPy does not "
            "say where they belong; pass them by position"
        ) from error
    return (*args, *moved), rest


Tensor._apply = staticmethod(apply)
Tensor._apply_to_one = staticmethod(apply_to_one)
Tensor._apply_to_two = staticmethod(apply_to_two)
