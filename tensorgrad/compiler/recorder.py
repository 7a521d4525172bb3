"""What writes calls down: values get numbers, calls become instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import getitem
from typing import Any

import numpy as np

from tensorgrad.anomaly import calling_line
from tensorgrad.compiler.program import Instruction, Kind, Program, Ref
from tensorgrad.compiler.symbols import Symbol, array_method
from tensorgrad.graph import lead_to_a_tensor
from tensorgrad.messages import name_of
from tensorgrad.mode import CaptureError
from tensorgrad.tape import component
from tensorgrad.tensor import Tensor

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
        self._inputs: list[int] = []
        self._number_of: dict[int, int] = {}
        self._unshared: set[int] = set()
        self._count = 0

    def program(self, outputs: list[int]) -> Program:
        """What has been written down so far."""
        return Program(
            tuple(self._inputs),
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
        self._inputs.append(symbol.number)
        return symbol

    def output(self, value: Any) -> int:
        """The number of a result, which need not be a symbol."""
        if isinstance(value, Tensor):
            if value.node is not None and lead_to_a_tensor([value.node]):
                raise CaptureError(
                    "a compiled function gives plain arrays, and this result depends on a tensor "
                    "from outside that requires a gradient, which would be lost. Pass the tensor "
                    "as an argument (parameters through nn.functional_call); or use its values, "
                    "t.data or module.for_inference(), or tg.no_grad() inside the function"
                )
            value = value.data
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
            for symbol in symbols_in(args)
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
        by_mask = function is getitem and any(
            symbol.dtype == bool for symbol in symbols_in(args[1:])
        )
        one_argument_where = function is np.where and len(args) == 1
        by_repeats = (
            function is np.repeat and next(symbols_in((args[1:], kwargs)), None) is not None
        )
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


def is_dynamic(leaf: Any) -> bool:
    """Whether an argument is an input of the program rather than part of it."""
    return isinstance(leaf, Tensor | np.ndarray | np.generic | float | int) and not isinstance(
        leaf, bool | np.bool_
    )


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


def symbols_in(tree: Any) -> Iterator[Symbol]:
    """The symbols among nested arguments."""
    if isinstance(tree, Symbol):
        yield tree
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from symbols_in(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from symbols_in(item)
    elif isinstance(tree, slice):
        yield from symbols_in((tree.start, tree.stop, tree.step))


def _numbers(tree: Any) -> list[int]:
    return list(dict.fromkeys(symbol.number for symbol in symbols_in(tree)))
