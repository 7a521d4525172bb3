"""The table itself: what each function becomes when it meets a tensor.

An entry is one of

- :class:`Primitive`: recorded as one operation, with a pullback rule for each operand;
- :class:`Composition`: rewritten in terms of other functions, which record themselves;
- :class:`Flat`: its derivative is zero wherever it exists; gives a constant tensor;
- :class:`Plain`: has no derivative; computes on the arrays and gives a plain result;
- :class:`Refused`: an error that says why.

The groups (``elementwise``, ``reductions``, ...) fill it with :func:`derivative`,
:func:`composition`, :func:`flat`, :func:`plain` and :func:`refused`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, NamedTuple, TypeVar

import numpy as np

Rule = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])


class Primitive:
    """A function with a pullback rule per operand.

    Attributes
    ----------
    rules : tuple of callable
    each : callable, optional
        One rule for any number of operands; it is told which, ``each(i, g, y, *args)``.
    pullback : callable, optional
        All the rules in one call, where everything is a plain array and nothing a keyword.
        ``pullback(needed, g, y, args)`` gives a cotangent for each operand for which ``needed``
        holds something other than None: in the operand's own shape and dtype, in memory of its own.
    """

    __slots__ = ("each", "pullback", "rules")  # read in a tenth of the time of a named tuple's

    def __init__(
        self,
        rules: tuple[Rule, ...] = (),
        each: Rule | None = None,
        pullback: Callable[..., Sequence[Any]] | None = None,
    ) -> None:
        self.rules = rules
        self.each = each
        self.pullback = pullback

    def rules_for(self, args: Sequence[Any]) -> Sequence[Rule]:
        """The rules that go with these arguments."""
        if self.each is None:
            return self.rules
        return [partial(self.each, i) for i in range(len(args))]


class Composition(NamedTuple):
    """A function that, on tensors, is computed by ``body``, made of other functions."""

    body: Callable[..., Any]


class Plain(NamedTuple):
    """A function whose result carries no derivative, such as a comparison."""


class Flat(NamedTuple):
    """A step function such as ``np.floor``: a constant, as far as derivatives go."""


class Refused(NamedTuple):
    """A function that cannot be differentiated, and the reason."""

    reason: str


Entry = Primitive | Composition | Flat | Plain | Refused

TABLE: dict[Callable[..., Any], Entry] = {}
"""What ``apply`` looks functions up in."""


def no_derivative(g: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
    """The rule of an operand that a function cannot be differentiated with respect to."""
    raise TypeError(
        "this operand has no derivative rule; pass it as a plain array, or cut it from the graph "
        "with tg.stop_gradient"
    )


def derivative(
    function: Callable[..., Any] | None = None,
    /,
    *pullbacks: Rule | None,
    rules: Sequence[Rule | None] = (),
    each: Rule | None = None,
) -> Any:
    """Register the derivative of a function: one rule for each of its operands.

    A rule takes the cotangent ``g`` of the output, the output ``y``, and then whatever the
    function was called with; it returns the cotangent of its operand. Written with NumPy functions
    and operators, it serves plain arrays and tensors alike, and so derivatives of any order.
    Broadcasting is undone, and the operand's dtype restored, after the rule.

    Parameters
    ----------
    function : callable
        A NumPy function, or a function of your own that takes arrays and returns an array. It must
        not change its arguments, nor an array that it has returned.
        When it is left out, the call is a decorator.
    *pullbacks : callable or None
        The rules, in the order of the operands. None: no derivative with respect to this operand;
        to ask for it is an error.
    rules : sequence of (callable or None)
        The same, for the decorator form.
    each : callable, optional
        One rule for any number of operands, ``each(i, g, y, *args)``, in place of the others.

    Returns
    -------
    callable
        The function to call: ``function`` itself if it is NumPy's, otherwise a function that
        accepts tensors as well and records itself.

    Raises
    ------
    TypeError
        If the function or a rule cannot be called.
    ValueError
        If there is no rule, or both kinds.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> def cube(x):
    ...     return np.power(x, 3)
    >>> cube = tg.derivative(cube, lambda g, y, x: g * 3 * x**2)
    >>> tg.grad(cube)(2.0)
    array(12.)

    >>> @tg.derivative(rules=[lambda g, y, x: g * 3 * x**2])
    ... def cube(x):
    ...     return np.power(x, 3)
    >>> tg.grad(tg.grad(cube))(2.0)
    array(12.)
    """
    if function is None:
        return lambda decorated: derivative(decorated, *pullbacks, *rules, each=each)
    register(function, *pullbacks, *rules, each=each)
    return taking_tensors(function)


def register(
    function: Callable[..., Any],
    *rules: Rule | None,
    each: Rule | None = None,
    pullback: Callable[..., Sequence[Any]] | None = None,
) -> None:
    """Enter a function in the table; :func:`derivative` without a function to call."""
    TABLE[function] = primitive = _primitive(function, rules, each)
    primitive.pullback = pullback


def activation(function: Callable[..., Any], rule: Rule) -> Any:
    """:func:`derivative` of an elementwise function of one operand, made short for networks.

    Of plain arrays the rule must give a new array, of the operand's shape and dtype.
    """

    def pullback(needed: Any, g: Any, y: Any, args: Any) -> tuple[Any]:
        return (rule(g, y, args[0]),)

    register(function, rule, pullback=pullback)
    return taking_tensors(function)


def rules_of(function: Callable[..., Any]) -> tuple[Rule, ...]:
    """The rules of a function that has one per operand."""
    entry = TABLE[function]
    return entry.rules if isinstance(entry, Primitive) else ()


def taking_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """What to call: a registered function itself if it is NumPy's, else one that takes tensors."""
    if dispatches_by_itself(function):
        return function
    dispatched = dispatching(function)
    TABLE[dispatched] = TABLE[function]
    return dispatched


def dispatches_by_itself(function: Callable[..., Any]) -> bool:
    """Whether calling the function on a tensor leads to ``apply`` without our help."""
    if isinstance(function, np.vectorize):  # a user's function, of which NumPy makes an object
        return False
    module = getattr(function, "__module__", None) or ""
    owner = getattr(function, "__self__", function)  # of np.add.reduce, np.add
    return isinstance(owner, np.ufunc) or module.split(".")[0] in ("numpy", "_operator")


def _primitive(
    function: Callable[..., Any], rules: tuple[Rule | None, ...], each: Rule | None
) -> Primitive:
    if not callable(function):
        raise TypeError(f"derivative() takes a function first, not {function!r}")
    for rule in (*rules, each):
        if rule is not None and not callable(rule):
            raise TypeError(f"a rule must be a function rule(g, y, *args) or None, not {rule!r}")
    if bool(rules) == (each is not None):
        raise ValueError(
            "give one rule per operand, derivative(function, rule, ...), or one for all of them, "
            "derivative(function, each=rule)"
        )
    return Primitive(tuple(rule or no_derivative for rule in rules), each)


def dispatching(function: F) -> F:
    """Make a function that tensors can be passed to; it then goes through ``apply``."""
    # Bound at the first call: apply looks functions up in this table, so it is imported later.
    apply: Any = None
    apply_to_one: Any = None

    @wraps(function)
    def dispatched(*args: Any, **kwargs: Any) -> Any:
        nonlocal apply, apply_to_one
        if apply is None:
            from tensorgrad.dispatch import apply, apply_to_one
        if len(args) == 1 and not kwargs:
            return apply_to_one(function, args[0])
        return apply(function, *args, **kwargs)

    return dispatched  # type: ignore[return-value]


def composition(*functions: Callable[..., Any]) -> Callable[[F], F]:
    """Decorator: on tensors, compute these functions by the decorated one.

    The decorated function takes the same arguments and is made of functions that record
    themselves, so it needs no rule.
    """

    def register(body: F) -> F:
        for function in functions:
            TABLE[function] = Composition(body)
        return body

    return register


def flat(*functions: Callable[..., Any]) -> None:
    """Register step functions: they return tensors that carry no derivative."""
    for function in functions:
        TABLE[function] = Flat()


def plain(*functions: Callable[..., Any]) -> None:
    """Register functions that carry no derivative: they return plain arrays."""
    for function in functions:
        TABLE[function] = Plain()


def refused(reason: str, *functions: Callable[..., Any]) -> None:
    """Register functions that raise an error on tensors, for the reason given."""
    for function in functions:
        TABLE[function] = Refused(reason)
