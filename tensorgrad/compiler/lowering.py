"""From NumPy calls to four kinds of operation on elements in memory, for code to be made of.

Every value in memory is contiguous. What only looks at memory in another way (a transpose, a
reshape, a slice) costs nothing: it becomes a view, an offset and strides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import getitem
from typing import Any, Literal, NamedTuple

import numpy as np

from tensorgrad.compiler.contractions import dot, einsum, matmul
from tensorgrad.compiler.indexing import add_at, concatenate, overlap_add, pad, read_at, write_at
from tensorgrad.compiler.program import Instruction, Kind, Program, Ref, refs_in
from tensorgrad.compiler.scalar_code import Unsupported
from tensorgrad.compiler.symbols import added_at, array_method, stored
from tensorgrad.compiler.views import (
    Gather,
    Operand,
    View,
    as_one_number,
    broadcast_view,
    contiguous_strides,
    everywhere,
    reshaped_view,
    whole_value,
)
from tensorgrad.derivatives.windows import added_up
from tensorgrad.messages import name_of
from tensorgrad.mode import CaptureError


@dataclass(frozen=True)
class Operation:
    """One thing to do.

    Attributes
    ----------
    result : int
        The value that is written.
    what : {"elementwise", "reduction", "product", "assembly"}
        A product multiplies two matrices; if there is a third operand, it is added, each with its
        factor. An assembly writes its second operands one after the other to its first ones, which
        are places in the result.
    function : callable
        For an assembly, ``np.add`` to add up.
    operands : tuple of View or Gather
    shape : tuple of int
        Of the loops over it.
    target : View
        Where the result of each turn of the loops goes.
    line : str
    factors : tuple of float
        Of a product, and of what is added to it.
    """

    result: int
    what: Literal["elementwise", "reduction", "product", "assembly"]
    function: Any
    operands: tuple[Operand, ...]
    shape: tuple[int, ...]
    target: View
    line: str = ""
    factors: tuple[float, float] = (1.0, 0.0)

    def reads(self) -> set[int]:
        """The values in memory that it reads."""
        found = set()
        for operand in self.operands:
            views = (
                (operand.source, *operand.indices) if isinstance(operand, Gather) else (operand,)
            )
            found |= {view.base for view in views if view.base is not None}
        return found - {self.result}


class Lowered(NamedTuple):
    """Operations, the constants in memory that they may read, and what the caller gets."""

    operations: list[Operation]
    constants: tuple[int, ...]
    outputs: tuple[int, ...]
    kinds: dict[int, Kind]


def lower(program: Program) -> Lowered:
    """Turn a program into operations.

    Raises
    ------
    CaptureError
        At a call that has no such form, naming it and its line.
    """
    lowering = Lowering(program)
    for step in program.instructions:
        try:
            lowering.instruction(step)
        except Unsupported as reason:
            raise CaptureError(
                f"there is no machine code for {name_of(step.function)} ({reason}); "
                f'backend="numpy" can; {step.line}'
            ) from None
    return Lowered(lowering.operations, lowering.constants(), lowering.outputs(), lowering.kinds)


REDUCTIONS: dict[Any, Any] = {
    np.sum: np.add,
    np.add.reduce: np.add,
    np.prod: np.multiply,
    np.multiply.reduce: np.multiply,
    np.max: np.maximum,
    np.amax: np.maximum,
    np.maximum.reduce: np.maximum,
    np.min: np.minimum,
    np.amin: np.minimum,
    np.minimum.reduce: np.minimum,
}
RESHAPERS = frozenset(
    {
        *(np.transpose, np.matrix_transpose, np.swapaxes, np.moveaxis, np.reshape, np.ravel),
        *(np.squeeze, np.expand_dims, np.broadcast_to, np.flip, np.flipud, np.fliplr, np.rot90),
        *(np.diagonal, np.atleast_1d, np.atleast_2d, np.atleast_3d),
        np.lib.stride_tricks.sliding_window_view,
    }
)
METHODS = {
    name: getattr(np, name)
    for name in ("sum", "prod", "max", "min", "mean", "clip", "transpose", "reshape", "ravel")
} | {"squeeze": np.squeeze, "swapaxes": np.swapaxes, "diagonal": np.diagonal, "copy": np.copy}


class Lowering:
    """Operations made so far, and where each value is."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.kinds = dict(program.kinds)
        self.operations: list[Operation] = []
        self._views: dict[int, View] = {}
        self._next = max(self.kinds, default=0) + 1
        for number in (*program.inputs, *program.constants):
            self._views[number] = whole_value(number, self.kinds[number])
        for number in program.private:
            self._views[number] = as_one_number(program.constants[number], self._views[number])

    def constants(self) -> tuple[int, ...]:
        """The constants that are more than one number everywhere."""
        return tuple(n for n in self.program.constants if self._views[n].base is not None)

    def outputs(self) -> tuple[int, ...]:
        """The values that the caller gets: each in memory of its own."""
        given: list[int] = []
        made = {operation.result for operation in self.operations}
        for number in self.program.outputs:
            if number not in made or number in given:
                number = self.elementwise(None, [self._views[number]], self.kinds[number]).base
                assert number is not None
            given.append(number)
        return tuple(given)

    def instruction(self, step: Instruction) -> None:
        """Make operations of one call."""
        self._line = step.line
        kind = self.kinds.get(step.result)
        if kind is None:
            raise Unsupported("several results")
        function, args, kwargs = step.function, step.args, dict(step.kwargs)
        if function is array_method:
            name, args = args[1], (args[0], *args[2:])
            if name == "astype":
                function, args, kwargs = np.copy, args[:1], {}
            elif name in METHODS:
                function, args = METHODS[name], _shape_in_one(name, args)
            else:
                raise Unsupported(f"the method {name}")
        self._views[step.result] = self._call(function, args, kwargs, step.result, kind)

    def _call(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: int, kind: Kind
    ) -> View:
        if isinstance(function, np.ufunc) and function.signature is None:
            return self._ufunc(function, args, kwargs, result, kind)
        handler: Callable[..., View] | None = _HANDLERS.get(function)
        if function in RESHAPERS:
            return self.reshaped(function, args, kwargs)
        if function in REDUCTIONS:
            if isinstance(getattr(function, "__self__", None), np.ufunc) and len(args) == 1:
                kwargs = {"axis": 0, **kwargs}
            return self._reduction(REDUCTIONS[function], args, kwargs, result, kind)
        if handler is None:
            raise Unsupported("there is no code for it")
        return handler(self, args, kwargs, result, kind)

    # ------------------------------------------------------------------- what calls are turned into

    def elementwise(
        self, function: Any, operands: list[Operand], kind: Kind, result: int | None = None
    ) -> View:
        """Call a function of single elements; None copies them."""
        result = self.new(kind) if result is None else result
        whole = whole_value(result, kind)
        placed = tuple(
            broadcast_view(o, kind.shape) if isinstance(o, View) else o for o in operands
        )
        self.operations.append(
            Operation(result, "elementwise", function, placed, kind.shape, whole, self._line)
        )
        return whole

    def reduction(self, function: Any, operand: View, target: View, kind: Kind) -> View:
        """Combine all elements whose place in the target is the same."""
        assert target.base is not None
        self.operations.append(
            Operation(
                target.base, "reduction", function, (operand,), operand.shape, target, self._line
            )
        )
        return whole_value(target.base, kind)

    def product(self, result: int, operands: tuple[View, View], shape: tuple[int, int]) -> View:
        """Multiply two matrices whose rows or columns follow each other in memory."""
        whole = whole_value(result, self.kinds[result])
        self.operations.append(
            Operation(result, "product", np.dot, operands, shape, whole, self._line)
        )
        return whole

    def assembly(
        self, result: int, kind: Kind, pieces: list[tuple[Operand, View]], function: Any = None
    ) -> View:
        """Write pieces, one after the other, to places in the result."""
        whole = whole_value(result, kind)
        self.operations.append(
            Operation(
                result,
                "assembly",
                function,
                tuple(operand for piece in pieces for operand in piece),
                kind.shape,
                whole,
                self._line,
            )
        )
        return whole

    def reshaped(self, function: Any, args: Any, kwargs: Any) -> View:
        """What a function that moves no elements makes of a value."""
        operand = args[0] if isinstance(args[0], View) else self.operand(args[0])
        if list(refs_in((args[1:], kwargs))):
            raise Unsupported("with these arguments")
        if operand.base is None:
            stand_in = np.broadcast_to(np.int8(0), operand.shape)
            shape = function(stand_in, *args[1:], **kwargs).shape
            return operand._replace(shape=shape, strides=(0,) * len(shape))
        view = reshaped_view(operand, lambda x: function(x, *args[1:], **kwargs))
        if view is None:  # NumPy copies here as well
            kind = Kind(operand.shape, operand.dtype)
            operand = self.elementwise(None, [operand], kind)
            view = reshaped_view(operand, lambda x: function(x, *args[1:], **kwargs))
        if view is None:
            raise Unsupported("with these arguments")
        return view

    # ------------------------------------------------------------------- elementwise and reductions

    def _ufunc(self, function: Any, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
        if kwargs or function.nout != 1 or len(args) != function.nin:
            raise Unsupported("with these arguments")
        return self.elementwise(function, [self.operand(a) for a in args], kind, result)

    def _where(self, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
        if len(args) != 3 or kwargs:
            raise Unsupported("with these arguments")
        return self.elementwise(np.where, [self.operand(a) for a in args], kind, result)

    def _clip(self, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
        x, low, high = (*args, None, None)[:3]
        if kwargs or (low is None and high is None):
            raise Unsupported("with these arguments")
        value: Any = self.operand(x)
        for function, bound in ((np.maximum, low), (np.minimum, high)):
            if bound is not None:
                value = self.elementwise(function, [value, self.operand(bound)], kind)
        return value

    def _copy(self, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
        return self.elementwise(None, [self.operand(args[0])], kind, result)

    def _reduction(self, function: Any, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
        extra = set(kwargs) - {"axis", "keepdims", "dtype"}
        if extra or len(args) > 2 or kwargs.get("dtype") not in (None, kind.dtype):
            raise Unsupported("with these arguments")
        operand = self.operand(args[0])
        axis = args[1] if len(args) > 1 else kwargs.get("axis")
        ndim = len(operand.shape)
        if axis is None or not ndim:  # NumPy takes axis 0 of a number
            axes = tuple(range(ndim))
        else:
            axes = np.lib.array_utils.normalize_axis_tuple(axis, ndim)
        if all(operand.shape[axis] == 1 for axis in axes):
            flat = self.reshaped(np.reshape, (operand, kind.shape), {})
            return self.elementwise(None, [flat], kind, result)
        kept = [1 if i in axes else length for i, length in enumerate(operand.shape)]
        strides = tuple(
            0 if i in axes else stride for i, stride in enumerate(contiguous_strides(tuple(kept)))
        )
        target = View(result, operand.shape, strides, kind.dtype)
        return self.reduction(function, operand, target, kind)

    def _mean(self, args: Any, kwargs: Any, result: int, kind: Kind) -> View:
        count = math.prod(self.operand(args[0]).shape) // max(math.prod(kind.shape), 1)
        if kind.dtype.kind != "f" or not count:
            raise Unsupported(f"of dtype {kind.dtype}")
        total = self._reduction(np.add, args, kwargs, self.new(kind), kind)
        return self.elementwise(np.divide, [total, everywhere(count)], kind, result)

    # ------------------------------------------------------------------------------ values

    def operand(self, arg: Any) -> View:
        """The view that an argument stands for."""
        if isinstance(arg, View):
            return arg
        if isinstance(arg, Ref):
            view = self._views[arg.number]
            weak = self.kinds[arg.number].weak
            return view._replace(dtype=_python_type(view.dtype)) if weak else view
        if isinstance(arg, bool | int | float):
            return everywhere(arg)
        if isinstance(arg, np.ndarray | np.generic):
            array = np.asarray(arg)
            if array.ndim == 0:
                return View(None, (), (), array.dtype, number=array[()])
            number = self.new(Kind(array.shape, array.dtype))
            return self._constant(number, array)
        raise Unsupported("with these arguments")

    def _constant(self, number: int, array: Any) -> View:
        """An array that stands in the program's text, as an assembly of its elements."""
        kind = self.kinds[number]
        flat = whole_value(number, Kind((array.size,), kind.dtype))
        pieces: list[tuple[Operand, View]] = [
            (
                flat._replace(shape=(), strides=(), offset=i),
                View(None, (), (), kind.dtype, number=value),
            )
            for i, value in enumerate(array.ravel())
        ]
        return self.assembly(number, kind, pieces)

    def new(self, kind: Kind) -> int:
        """A number for a value that the program does not have."""
        number, self._next = self._next, self._next + 1
        self.kinds[number] = kind
        return number

    _line = ""


_HANDLERS: dict[Any, Any] = {
    np.where: Lowering._where,
    np.clip: Lowering._clip,
    np.copy: Lowering._copy,
    np.mean: Lowering._mean,
    np.dot: dot,
    np.matmul: matmul,
    np.einsum: einsum,
    np.pad: pad,
    getitem: read_at,
    added_at: add_at,
    stored: write_at,
    np.concatenate: concatenate,
    added_up: overlap_add,
}


def _shape_in_one(name: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """``x.reshape(2, 3)`` and ``x.transpose(1, 0)`` as ``np.reshape(x, (2, 3))``."""
    if name in ("reshape", "transpose") and len(args) > 1 and isinstance(args[1], int):
        return (args[0], args[1:])
    return args


def _python_type(dtype: Any) -> type:
    return {"f": float, "i": int, "b": bool}[np.dtype(dtype).kind]
