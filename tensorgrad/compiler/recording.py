"""Run a function once, and write down every NumPy call it makes.

The inputs are replaced by symbols: arrays that speak NumPy's protocols, know their shape and dtype,
and write down what is done to them. Derivative rules run on them as on any array, so a gradient
inside the function is written down with the rest. A symbol has no values to show: what would need
them (a branch, ``float(x)``, a result whose shape depends on values) raises an error that names the
line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import getitem
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.anomaly import calling_line
from tensorgrad.compiler.program import Instruction, Kind, Program, Ref
from tensorgrad.messages import name_of
from tensorgrad.mode import CaptureError, changed_mode
from tensorgrad.structure import flatten
from tensorgrad.tape import component
from tensorgrad.tensor import Tensor


class Recording(NamedTuple):
    """A program, and how to make the function's result of its outputs."""

    program: Program
    rebuild: Callable[[list[Any]], Any]


def record(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Recording:
    """Write down what a function does with arguments of these shapes and dtypes.

    Parameters
    ----------
    function : callable
        A pure function: its result depends on the arguments alone, and it changes nothing.
    *args, **kwargs : ndarray, Tensor, number, or nested structures of them
        Examples of its arguments. Other leaves (strings, None) are taken as they are.

    Returns
    -------
    Recording
        The program, with one input per array or number, and the structure of the result.

    Raises
    ------
    CaptureError
        If the function branches on a value, has a result whose shape depends on values, changes
        something outside, or computes something else when it is run again.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorgrad as tg
    >>> print(record(tg.grad(lambda x: np.sum(x * x)), np.ones(2)).program)  # doctest: +ELLIPSIS
    inputs  %0: float64 (2,)
    ...
    """
    first, rebuild = _recorded_once(function, args, kwargs)
    second, _ = _recorded_once(function, args, kwargs)
    _check_same(function, first, second)
    return Recording(first, rebuild)


def _recorded_once(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Program, Callable[[list[Any]], Any]]:
    recorder = Recorder()
    leaves, rebuild_arguments = flatten((args, kwargs))
    symbols = [recorder.input(leaf) if is_dynamic(leaf) else leaf for leaf in leaves]
    inputs = [symbol.number for symbol in symbols if isinstance(symbol, Symbol)]
    with changed_mode(capturing=True, watched=True, recording=True, transforms=0):
        args, kwargs = rebuild_arguments(symbols)
        result = function(*args, **kwargs)
    outputs, rebuild = flatten(result)
    numbers = [recorder.output(output) for output in outputs]
    return recorder.program(inputs, numbers), rebuild


def is_dynamic(leaf: Any) -> bool:
    """Whether an argument is an input of the program rather than part of it."""
    return isinstance(leaf, Tensor | np.ndarray | np.generic | float | int) and not isinstance(
        leaf, bool | np.bool_
    )


def _check_same(function: Callable[..., Any], first: Program, second: Program) -> None:
    same = str(first) == str(second) and all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(first.constants.values(), second.constants.values(), strict=True)
    )
    if not same:
        raise CaptureError(
            f"{name_of(function)} did something else when it was run again with the same "
            "arguments, so it draws random numbers, reads a clock or changes something outside. "
            "Compute what changes outside of it, and pass it in as an argument."
        )


# ------------------------------------------------------------------------------- the recorder

STATIC = frozenset(
    {
        np.shape,
        np.ndim,
        np.size,
        np.result_type,
        np.can_cast,
        np.common_type,
        np.iscomplexobj,
        np.isrealobj,
    }
)
"""Functions that ask for shapes and dtypes only; their answers are part of the program."""

VALUE_SHAPED = frozenset(
    {
        np.nonzero,
        np.flatnonzero,
        np.argwhere,
        np.unique,
        np.extract,
        np.compress,
        np.trim_zeros,
        np.union1d,
        np.intersect1d,
        np.setdiff1d,
        np.setxor1d,
    }
)
"""Functions whose result has a shape that depends on values."""


class Recorder:
    """Gives values their numbers, and keeps the instructions."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.kinds: dict[int, Kind] = {}
        self.constants: dict[int, Any] = {}
        self._number_of: dict[int, int] = {}
        self._unshared: set[int] = set()
        self._count = 0

    def program(self, inputs: list[int], outputs: list[int]) -> Program:
        """What has been written down so far."""
        return Program(
            tuple(inputs),
            self.constants,
            tuple(self.instructions),
            tuple(outputs),
            self.kinds,
        )

    def input(self, example: Any) -> Symbol:
        """A symbol for an argument."""
        value = example.data if isinstance(example, Tensor) else example
        symbol = Symbol(self, self._new_number(), value)
        self.kinds[symbol.number] = kind_of(value)
        return symbol

    def output(self, value: Any) -> int:
        """The number of a result, which need not be a symbol."""
        value = value.data if isinstance(value, Tensor) else value
        if isinstance(value, Symbol):
            return value.number
        if not is_dynamic(value) and not isinstance(value, bool | np.bool_):
            raise CaptureError(f"a compiled function returns arrays and numbers, not {value!r}")
        return self._constant(np.asarray(value)).number

    def call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Compute with the examples, and write the call down."""
        self._refuse_what_depends_on_values(function, args, kwargs)
        result = function(*revealed(args), **revealed(kwargs))
        if function in STATIC:
            return result
        if isinstance(result, tuple | list):
            return self._several(function, args, kwargs, result)
        if not isinstance(result, np.ndarray | np.generic):
            raise CaptureError(
                f"{name_of(function)} turns values into {type(result).__name__}, which a recorded "
                f"program cannot depend on; {calling_line()}"
            )
        return self._write(function, args, kwargs, result)

    def replace(
        self, symbol: Symbol, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Write down that a symbol was overwritten: from here on it is another value."""
        if symbol.number not in self._unshared:
            raise CaptureError(
                "an array is changed in place that was passed in, or that shares its memory with "
                f"another array, which would have to change too. Make a new one; {calling_line()}"
            )
        self._refuse_what_depends_on_values(function, args, kwargs)
        result = function(*revealed(args), **revealed(kwargs))
        new = self._write(function, args, kwargs, result)
        if new.dtype != symbol.dtype:
            new = self.call(array_method, (new, "astype", symbol.dtype), {})
        symbol.number, symbol.example = new.number, new.example

    def _several(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        results: Any,
    ) -> Any:
        whole = self._instruction(function, args, kwargs, ())
        parts = []
        for i, part in enumerate(results):
            if not isinstance(part, np.ndarray | np.generic):
                raise CaptureError(
                    f"{name_of(function)} gives {type(part).__name__}s, which a recorded program "
                    f"cannot depend on; {calling_line()}"
                )
            views = tuple(n for n in _numbers(args) if self._shares(part, n, args))
            number = self._instruction(component, (Ref(whole), i), {}, views)
            self.kinds[number] = kind_of(part)
            parts.append(Symbol(self, number, part))
        if hasattr(results, "_fields"):
            return type(results)(*parts)
        return type(results)(parts)

    def _write(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> Symbol:
        views = tuple(
            n for n in _numbers((args, kwargs)) if self._shares(result, n, (args, kwargs))
        )
        number = self._instruction(function, args, kwargs, views)
        self.kinds[number] = kind_of(result)
        return Symbol(self, number, result)

    def _shares(self, result: Any, number: int, args: Any) -> bool:
        """Whether a result is a view of the operand with this number."""
        if not isinstance(result, np.ndarray):
            return False
        return any(
            np.may_share_memory(result, symbol.example)
            for symbol in _symbols(args)
            if symbol.number == number and isinstance(symbol.example, np.ndarray)
        )

    def _instruction(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        views: tuple[int, ...],
    ) -> int:
        args, kwargs = self._referred(args), self._referred(kwargs)
        number = self._new_number()
        if views:
            self._unshared.difference_update(views)
        else:
            self._unshared.add(number)
        self.instructions.append(Instruction(number, function, args, kwargs, views, calling_line()))
        return number

    def _referred(self, tree: Any) -> Any:
        """Arguments with references in the place of symbols and arrays."""
        if isinstance(tree, Symbol):
            return Ref(tree.number)
        if isinstance(tree, np.ndarray):
            return Ref(self._constant(tree).number)
        if isinstance(tree, Ref):
            return tree
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            return type(tree)(*map(self._referred, tree))
        if isinstance(tree, list | tuple):
            return type(tree)(map(self._referred, tree))
        if isinstance(tree, dict):
            return {key: self._referred(value) for key, value in tree.items()}
        if isinstance(tree, slice):
            return slice(*map(self._referred, (tree.start, tree.stop, tree.step)))
        return tree

    def _constant(self, array: Any) -> Symbol:
        number = self._number_of.get(id(array))
        if number is None:
            number = self._number_of[id(array)] = self._new_number()
            self.constants[number] = array  # and so it stays alive, and its id its own
            self.kinds[number] = kind_of(array)
        return Symbol(self, number, array)

    def _refuse_what_depends_on_values(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        by_mask = function is getitem and any(symbol.dtype == bool for symbol in _symbols(args[1:]))
        one_argument_where = function is np.where and len(args) == 1
        by_repeats = function is np.repeat and any(_symbols((args[1:], kwargs)))
        if by_mask or one_argument_where or by_repeats or function in VALUE_SHAPED:
            raise CaptureError(
                f"the shape of {name_of(function)} depends on values, so it cannot be recorded. "
                f"np.where(condition, a, b) keeps the shape; {calling_line()}"
            )
        if kwargs.get("out") is not None:
            raise CaptureError(
                f"{name_of(function)} with out= changes an array in place; use its result; "
                f"{calling_line()}"
            )

    def _new_number(self) -> int:
        self._count += 1
        return self._count - 1


# -------------------------------------------------------------------------------- the symbols


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """An array without values to look at: shape, dtype, and what is done to it."""

    __slots__ = ("example", "number", "recorder")

    def __init__(self, recorder: Recorder, number: int, example: Any) -> None:
        self.recorder = recorder
        self.number = number
        self.example = example

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(arg, Tensor) for arg in args):
            return NotImplemented
        out = kwargs.pop("out", None)
        if method == "at":
            self.recorder.replace(args[0], added_at, ufunc, *args)
            return None
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out is None:
            return self.recorder.call(function, args, kwargs)
        (target,) = out
        if not isinstance(target, Symbol):
            raise CaptureError(
                f"{name_of(ufunc)} overwrites an array from outside the function, which would "
                f"happen once only; return the new values; {calling_line()}"
            )
        self.recorder.replace(target, function, *args, **kwargs)
        return target

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        return self.recorder.call(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return self.recorder.call(getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.recorder.replace(self, stored, self, index, value)

    def __len__(self) -> int:
        return len(self.example)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        """Methods of ndarray, such as ``x.sum(axis=0)``."""
        method = getattr(np.ndarray, name, None)
        if method is None or name.startswith("__") or not callable(method):
            raise AttributeError(f"an array inside a compiled function has no {name}")
        return lambda *args, **kwargs: self.recorder.call(array_method, (self, name, *args), kwargs)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return np.shape(self.example)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return np.ndim(self.example)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.size(self.example))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return np.asarray(self.example).dtype

    @property
    def T(self) -> Any:
        """The axes in reverse order."""
        return self.recorder.call(np.transpose, (self,), {})

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return self.recorder.call(np.matrix_transpose, (self,), {})

    def _has_no_values(self, *_: Any, **__: Any) -> Any:
        raise CaptureError(
            "the function looks at the values of an array (in a branch, a conversion or a Python "
            "loop), and a recorded program could follow one way only. Use np.where, or leave this "
            f"part outside of what is compiled; {calling_line()}"
        )

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __array__ = _has_no_values
    item = tolist = tobytes = tofile = dump = dumps = _has_no_values

    def __repr__(self) -> str:
        return f"Symbol(%{self.number}: {self.dtype} {self.shape})"

    __hash__ = None  # type: ignore[assignment] - == compares the elements


def array_method(array: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """A method of an array, as a function."""
    return getattr(array, name)(*args, **kwargs)


def stored(array: Any, index: Any, values: Any) -> Any:
    """A copy of an array with values written at an index."""
    new = array.copy()
    new[index] = values
    return new


def added_at(ufunc: np.ufunc, array: Any, index: Any, *values: Any) -> Any:
    """What ``ufunc.at`` makes of an array, as a copy."""
    new = array.copy()
    ufunc.at(new, index, *values)
    return new


def kind_of(value: Any) -> Kind:
    """Shape and dtype of a value."""
    if isinstance(value, bool | int | float) and not isinstance(value, np.generic):
        return Kind((), np.asarray(value).dtype, weak=True)
    return Kind(value.shape, value.dtype)


def revealed(tree: Any) -> Any:
    """Arguments with the examples in the place of symbols."""
    if isinstance(tree, Symbol):
        return tree.example
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*map(revealed, tree))
    if isinstance(tree, list | tuple):
        return type(tree)(map(revealed, tree))
    if isinstance(tree, dict):
        return {key: revealed(value) for key, value in tree.items()}
    if isinstance(tree, slice):
        return slice(*map(revealed, (tree.start, tree.stop, tree.step)))
    return tree


def _symbols(tree: Any) -> Iterator[Symbol]:
    if isinstance(tree, Symbol):
        yield tree
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _symbols(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from _symbols(item)
    elif isinstance(tree, slice):
        yield from _symbols((tree.start, tree.stop, tree.step))


def _numbers(tree: Any) -> list[int]:
    return list(dict.fromkeys(symbol.number for symbol in _symbols(tree)))
