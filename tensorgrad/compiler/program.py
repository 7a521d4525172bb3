"""A recorded NumPy program: a flat list of instructions over numbered values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tensorgrad.messages import name_of


class Ref(NamedTuple):
    """The value with this number."""

    number: int


class Kind(NamedTuple):
    """Shape and dtype of a value; a Python number has ``weak`` promotion (NEP 50)."""

    shape: tuple[int, ...]
    dtype: Any
    weak: bool = False


@dataclass(frozen=True)
class Instruction:
    """One call of a NumPy function.

    Attributes
    ----------
    result : int
        The number of the value it computes.
    function : callable
        What is called.
    args, kwargs : tuple, dict
        What it is called with: plain objects, with a :class:`Ref` wherever a value goes.
    views : tuple of int
        Values whose memory the result shares.
    line : str
        Where the user's code made the call.
    """

    result: int
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    views: tuple[int, ...] = ()
    line: str = ""

    def operands(self) -> list[int]:
        """Numbers of the values it reads, in the order of the arguments."""
        return list(refs_in((self.args, self.kwargs)))


@dataclass(frozen=True)
class Program:
    """Instructions in order, and where values come from and go to.

    Attributes
    ----------
    inputs : tuple of int
        Values that the caller gives, in order.
    constants : dict of int to ndarray
        Values that were there when the program was recorded. They are held by reference: a
        change made in place is seen.
    private : frozenset of int
        Constants that the program made itself, which nobody can change.
    instructions : tuple of Instruction
        Each reads only values that stand before it.
    outputs : tuple of int
        Values that the caller gets, in order.
    kinds : dict of int to Kind
        Shape and dtype of every value.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorgrad.compiler import record
    >>> print(record(lambda x: np.sum(x * 2.0), np.ones(3)).program)
    inputs  %0: float64 (3,)
    %1 = np.multiply(%0, 2.0)   float64 (3,)
    %2 = np.sum(%1)   float64 ()
    outputs %2
    """

    inputs: tuple[int, ...]
    constants: dict[int, Any]
    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]
    kinds: dict[int, Kind]
    private: frozenset[int] = field(default_factory=frozenset)

    def with_instructions(self, instructions: list[Instruction]) -> Program:
        """The same program with other instructions."""
        return replace(self, instructions=tuple(instructions))

    def renamed(self, names: dict[int, int]) -> Program:
        """The same program with other values in the place of some, also of its outputs."""
        return replace(
            self,
            instructions=tuple(
                replace(
                    step,
                    args=rename(step.args, names),
                    kwargs=rename(step.kwargs, names),
                    views=tuple(names.get(number, number) for number in step.views),
                )
                for step in self.instructions
            ),
            outputs=tuple(names.get(number, number) for number in self.outputs),
        )

    def __str__(self) -> str:
        lines = [
            f"inputs  {', '.join(f'%{n}: {self._kind(n)}' for n in self.inputs)}".rstrip(),
            *(f"constant %{n}: {self._kind(n)}" for n in self.constants),
            *(self._line(step) for step in self.instructions),
            f"outputs {', '.join(f'%{n}' for n in self.outputs)}",
        ]
        return "\n".join(lines)

    def _line(self, step: Instruction) -> str:
        parts = [shown(arg) for arg in step.args]
        parts += [f"{key}={shown(value)}" for key, value in step.kwargs.items()]
        call = f"{name_of(step.function)}({', '.join(parts)})"
        return f"%{step.result} = {call}   {self._kind(step.result)}"

    def _kind(self, number: int) -> str:
        kind = self.kinds.get(number)
        if kind is None:
            return "tuple"
        return "number" if kind.weak else f"{kind.dtype} {kind.shape}"


def times_read(program: Program) -> Counter[int]:
    """How often each value is read, or given to the caller."""
    readers = Counter(n for step in program.instructions for n in step.operands())
    readers.update(program.outputs)
    return readers


def memory_owners(program: Program) -> dict[int, int]:
    """For every result, the result whose memory it lives in: itself, or what it is a view of."""
    owner: dict[int, int] = {}
    for step in program.instructions:
        base = next((n for n in step.views if n in owner), None)
        owner[step.result] = step.result if base is None else owner[base]
    return owner


def memory_of_outputs(program: Program) -> set[int]:
    """The results whose memory the caller gets, itself or a view of it."""
    owner = memory_owners(program)
    return {owner[number] for number in program.outputs if number in owner}


def refs_in(tree: Any) -> Iterator[int]:
    """Numbers of the values that arguments refer to."""
    if isinstance(tree, Ref):
        yield tree.number
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from refs_in(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from refs_in(item)
    elif isinstance(tree, slice):
        yield from refs_in((tree.start, tree.stop, tree.step))


def substitute(tree: Any, value_of: Callable[[int], Any]) -> Any:
    """Arguments with values in the place of references."""
    if isinstance(tree, Ref):
        return value_of(tree.number)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(substitute(item, value_of) for item in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(substitute(item, value_of) for item in tree)
    if isinstance(tree, dict):
        return {key: substitute(item, value_of) for key, item in tree.items()}
    if isinstance(tree, slice):
        return slice(*(substitute(part, value_of) for part in (tree.start, tree.stop, tree.step)))
    return tree


def rename(tree: Any, names: dict[int, int]) -> Any:
    """Arguments with references to other values."""
    return substitute(tree, lambda number: Ref(names.get(number, number)))


def shown(tree: Any) -> str:
    """Arguments as they are printed."""
    if isinstance(tree, Ref):
        return f"%{tree.number}"
    if isinstance(tree, list | tuple):
        parts = ", ".join(map(shown, tree))
        if isinstance(tree, list):
            return f"[{parts}]"
        return f"({parts},)" if len(tree) == 1 else f"({parts})"
    if isinstance(tree, slice):
        ends = ["" if end is None else shown(end) for end in (tree.start, tree.stop)]
        return ":".join(ends) + ("" if tree.step is None else f":{shown(tree.step)}")
    return "..." if tree is ... else repr(tree)
