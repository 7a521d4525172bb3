"""A pass for replay: calls become others that compute the same with less ado around it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tensorgrad.class_labels import FEW_CLASSES, logits_at_labels, one_hot_rows
from tensorgrad.compiler.planning import is_elementwise, plan_buffers
from tensorgrad.compiler.program import Instruction, Kind, Program, Ref, times_read
from tensorgrad.compiler.symbols import array_method
from tensorgrad.derivatives.products import SMALL_PRODUCT
from tensorgrad.operands import FEW


def with_cheaper_calls(program: Program) -> Program:
    """Exchange functions for others that compute the same with less ado around it.

    ``np.dot`` calls the same BLAS routine as ``np.matmul`` of two matrices, in two thirds of the
    time when their product is small, and ``np.add.reduce`` is what ``np.sum`` ends up calling; a
    product with ones is the quickest sum over rows, and over all of a few elements. Where the
    largest element of a short row is, NumPy finds sooner than the element itself. An array without
    axes spares a ufunc the conversion of a number. A copy of what nobody else has is not made.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> program = record(lambda x: np.max(np.exp(x), axis=1), np.ones((9, 4))).program
    >>> [step.function.__name__ for step in with_cheaper_calls(program).instructions]
    ['exp', 'argmax', 'add', 'ravel', 'take']
    """
    rewriting = _Rewriting(_without_copies(program))
    for step in rewriting.program.instructions:
        rewriting.add(step)
    return rewriting.result()


def _without_copies(program: Program) -> Program:
    """Give what is computed, rather than a copy of it, to those who wanted one."""
    readers = times_read(program)
    looked_at = {n for step in program.instructions for n in step.views}
    fresh = {s.result for s in program.instructions if isinstance(s.function, np.ufunc)}
    names: dict[int, int] = {}
    kept = []
    for step in program.instructions:
        if step.function is array_method and step.args[1:] == ("copy",):
            (source,) = step.operands()
            if source in fresh and readers[source] == 1 and source not in looked_at:
                names[step.result] = names.get(source, source)
                continue
        kept.append(step)
    return program.with_instructions(kept).renamed(names)


class _Rewriting:
    """Instructions so far, and what they need besides: more values and constants."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._kinds = dict(program.kinds)
        self._constants = dict(program.constants)
        self._next = max((*self._kinds, *self._constants), default=0) + 1
        self._steps: list[Instruction] = []
        # In memory of their own, and so in one piece: to be looked at as flat arrays for nothing.
        self._buffered = plan_buffers(program).buffer_of.keys()
        self._places: dict[tuple[int, tuple[int, ...]], Ref] = {}

    def result(self) -> Program:
        """What has been written."""
        return replace(
            self.program, kinds=self._kinds, constants=self._constants
        ).with_instructions(self._steps)

    def add(self, step: Instruction) -> None:
        """Write a call, or what is cheaper."""
        function = step.function
        if function is np.matmul:
            self._steps.append(self._product(step))
        elif isinstance(function, np.ufunc) and function.nout == 1:
            self._steps.append(self._with_numbers(self._with_arrays_for_numbers(step)))
        elif function is logits_at_labels:
            self._read_at_labels(step)
        elif function is one_hot_rows:
            self._read_rows(step)
        elif _is_mean(step, self._kinds):
            self._divide_sum(step)
        elif (reduction := _as_reduction(step)) is not None:
            self._reduce(reduction)
        else:
            self._steps.append(step)

    # ----------------------------------------------------------------------- new values

    def _new(self, kind: Kind) -> int:
        number, self._next = self._next, self._next + 1
        self._kinds[number] = kind
        return number

    def _constant(self, array: Any) -> Ref:
        number = self._new(Kind(array.shape, array.dtype))
        self._constants[number] = array
        return Ref(number)

    def _write(self, kind: Kind, function: Any, *args: Any, line: str, **kwargs: Any) -> Ref:
        number = self._new(kind)
        self._steps.append(Instruction(number, function, args, kwargs, (), line))
        return Ref(number)

    def _flat(self, number: int, line: str) -> Ref:
        """All elements of an array one after the other, as a view of it."""
        kind = self._kinds[number]
        flat = self._new(Kind((math.prod(kind.shape),), kind.dtype))
        self._steps.append(Instruction(flat, np.ravel, (Ref(number),), {}, (number,), line))
        return Ref(flat)

    # ---------------------------------------------------------------- ufuncs and products

    def _with_arrays_for_numbers(self, step: Instruction) -> Instruction:
        """Numbers in a call of a ufunc as arrays of the dtype that it computes in."""
        kinds = [self._kinds[n] for n in step.operands()]
        numbers = [arg for arg in step.args if type(arg) in (int, float)]
        if step.kwargs or not numbers or len(numbers) + len(kinds) != len(step.args):
            return step
        if len(kinds) != 1 or kinds[0].weak or kinds[0].dtype.kind != "f":
            return step
        dtype = kinds[0].dtype
        ufunc: Any = step.function
        asked = [dtype if isinstance(arg, Ref) else type(arg) for arg in step.args]
        if any(one != dtype for one in ufunc.resolve_dtypes((*asked, None))[:-1]):
            return step
        args = [
            arg if isinstance(arg, Ref) else self._constant(np.array(arg, dtype))
            for arg in step.args
        ]
        return replace(step, args=tuple(args))

    def _with_numbers(self, step: Instruction) -> Instruction:
        """Operands of one element without axes, which then need not be broadcast."""
        shape = self._kinds[step.result].shape
        kinds = [self._kinds.get(arg.number) if isinstance(arg, Ref) else None for arg in step.args]
        alike = any(kind is not None and kind.shape == shape for kind in kinds)
        if step.kwargs or not alike or math.prod(shape) == 1 or not is_elementwise(step):
            return step
        args = [
            self._number(arg, step.line) if kind and _is_single(kind) else arg
            for arg, kind in zip(step.args, kinds, strict=True)
        ]
        return replace(step, args=tuple(args))

    def _number(self, array: Ref, line: str) -> Ref:
        """The one element of an array, as a view of it."""
        number = self._new(self._kinds[array.number]._replace(shape=()))
        args = (array, ())
        self._steps.append(Instruction(number, np.reshape, args, {}, (array.number,), line))
        return Ref(number)

    def _product(self, step: Instruction) -> Instruction:
        kinds = [self._kinds[n] for n in step.operands()]
        matrices = all(len(kind.shape) == 2 and kind.dtype.kind == "f" for kind in kinds)
        few = math.prod(self._kinds[step.result].shape) <= SMALL_PRODUCT
        if few and matrices and len(kinds) == len(step.args) == 2 and not step.kwargs:
            return replace(step, function=np.dot)
        return step

    # ------------------------------------------------------------------------ reductions

    def _reduce(self, step: Instruction) -> None:
        number = step.args[0].number
        kind = self._kinds[number]
        if step.function == np.add.reduce and _is_narrow(step, kind):
            self._steps.append(self._sum_as_product(step, kind))
        elif step.function == np.add.reduce and _sums_few(step, kind) and number in self._buffered:
            self._sum_few(step, number, kind)
        elif _picks_of_rows(step, kind) and number in self._buffered:
            self._pick_of_rows(step, number, kind)
        else:
            self._steps.append(step)

    def _sum_as_product(self, step: Instruction, kind: Kind) -> Instruction:
        axis = step.kwargs["axis"]
        keeps = bool(step.kwargs.get("keepdims"))
        shape = (1, kind.shape[0]) if axis == 0 else (kind.shape[1], 1)
        ones = self._constant(np.ones(shape if keeps else kind.shape[axis], kind.dtype))
        args = (ones, *step.args) if axis == 0 else (*step.args, ones)
        return replace(step, function=np.dot, args=args, kwargs={})

    def _sum_few(self, step: Instruction, number: int, kind: Kind) -> None:
        ones = self._constant(np.ones(math.prod(kind.shape), kind.dtype))
        args = (ones, self._flat(number, step.line))
        self._steps.append(replace(step, function=np.dot, args=args, kwargs={}))

    def _divide_sum(self, step: Instruction) -> None:
        """Take a mean as ``np.mean`` does, which spends most of its time on the way there."""
        (number,) = step.operands()
        whole, kind = self._kinds[number], self._kinds[step.result]
        total = self._new(kind)
        count = math.prod(whole.shape) // math.prod(kind.shape)
        self.add(Instruction(total, np.sum, (Ref(number),), step.kwargs, (), step.line))
        self.add(replace(step, function=np.divide, args=(Ref(total), count), kwargs={}))

    def _pick_of_rows(self, step: Instruction, number: int, kind: Kind) -> None:
        """Read the largest or smallest element of each row where it is, which a NaN is too."""
        n, width = kind.shape
        keeps = bool(step.kwargs.get("keepdims"))
        shape = (n, 1) if keeps else (n,)
        line, indices = step.line, Kind(shape, np.dtype(np.intp))
        find = np.argmax if step.function == np.maximum.reduce else np.argmin
        column = self._write(indices, find, Ref(number), line=line, axis=1, keepdims=keeps)
        starts = self._constant((np.arange(n) * width).reshape(shape))
        places = self._write(indices, np.add, column, starts, line=line)
        args = (self._flat(number, line), places)
        self._steps.append(replace(step, function=np.take, args=args, kwargs={"mode": "clip"}))

    # ---------------------------------------------------------------------- class labels

    def _places_of(self, labels: Ref, shape: tuple[int, ...], line: str) -> Ref:
        """Where the right classes are in a flat array, once they are known to be in range."""
        key = (labels.number, shape)
        if key not in self._places:
            kind = Kind(shape[:1], np.dtype(np.intp))
            rows = self._constant(np.arange(shape[0]))
            args = ((rows, labels), shape)
            self._places[key] = self._write(kind, np.ravel_multi_index, *args, line=line)
        return self._places[key]

    def _read_at_labels(self, step: Instruction) -> None:
        logits, labels = step.args
        if isinstance(logits, Ref) and isinstance(labels, Ref) and logits.number in self._buffered:
            places = self._places_of(labels, self._kinds[logits.number].shape, step.line)
            args = (self._flat(logits.number, step.line), places)
            step = replace(step, function=np.take, args=args, kwargs={"mode": "clip"})
        self._steps.append(step)

    def _read_rows(self, step: Instruction) -> None:
        labels, classes, dtype = step.args
        kind = self._kinds[labels.number]
        if 0 < classes <= FEW_CLASSES and np.can_cast(kind.dtype, np.intp):
            self._places_of(labels, (*kind.shape, classes), step.line)
            args = (self._constant(np.eye(classes, dtype=dtype)), labels)
            step = replace(step, function=np.take, args=args, kwargs={"axis": 0, "mode": "clip"})
        self._steps.append(step)


def _is_single(kind: Kind) -> bool:
    return kind.shape != () and math.prod(kind.shape) == 1


def _as_reduction(step: Instruction) -> Instruction | None:
    """A sum, maximum or minimum of an array as the method of a ufunc that it ends up calling."""
    function, args = step.function, step.args
    if function is array_method and args[1:] == ("sum",):
        function, args = np.sum, args[:1]
    if function not in _REDUCTIONS or len(args) != 1 or not isinstance(args[0], Ref):
        return None
    if function is np.sum and not set(step.kwargs) <= {"axis", "keepdims"}:
        return None
    kwargs = {"axis": None, **step.kwargs}
    return replace(step, function=_REDUCTIONS[function], args=args, kwargs=kwargs)


_REDUCTIONS: dict[Any, Any] = {
    np.sum: np.add.reduce,
    np.max: np.maximum.reduce,
    np.min: np.minimum.reduce,
}


def _is_mean(step: Instruction, kinds: dict[int, Kind]) -> bool:
    """Whether it is a mean of at least one number, in the dtype in which NumPy adds up."""
    of_array = step.function is np.mean and len(step.args) == 1
    by_method = step.function is array_method and step.args[1:] == ("mean",)
    if not (of_array or by_method) or not isinstance(step.args[0], Ref):
        return False
    kind = kinds[step.args[0].number]
    return (
        set(step.kwargs) <= {"axis", "keepdims"}
        and kind.dtype in (np.float32, np.float64)
        and not kind.weak
        and math.prod(kind.shape) > 0
    )


def _is_narrow(step: Instruction, kind: Kind) -> bool:
    """Whether rows or columns of a matrix are added up that is small enough."""
    return (
        step.kwargs["axis"] in (0, 1)
        and len(kind.shape) == 2
        and 0 < math.prod(kind.shape) <= SUMMED_AS_PRODUCT
        and kind.dtype in (np.float32, np.float64)
    )


SUMMED_AS_PRODUCT = 100_000
"""Elements up to which a product with ones is quicker than a sum over rows or columns."""


def _sums_few(step: Instruction, kind: Kind) -> bool:
    """Whether so few elements are added up that a product with ones is as exact as halving."""
    few = 0 < math.prod(kind.shape) <= FEW and kind.shape != ()
    return few and step.kwargs == {"axis": None} and kind.dtype in (np.float32, np.float64)


def _picks_of_rows(step: Instruction, kind: Kind) -> bool:
    """Whether it is the largest or smallest of each of several short rows."""
    return (
        step.function != np.add.reduce
        and set(step.kwargs) <= {"axis", "keepdims"}
        and step.kwargs["axis"] in (1, -1)
        and len(kind.shape) == 2
        and kind.shape[0] >= ROWS_TO_SEARCH
        and 0 < kind.shape[1] <= LONGEST_ROW_TO_SEARCH
        and kind.dtype in (np.float32, np.float64)
    )


ROWS_TO_SEARCH = 8
"""From so many rows on, it is quicker to look for the largest elements than to compute them."""
LONGEST_ROW_TO_SEARCH = 256
"""And up to rows of so many elements."""
