"""Lines of generated Python, and how the text names values and their elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from tensorgrad.compiler.loop_parts import place_text, rest_of
from tensorgrad.compiler.program import Kind
from tensorgrad.compiler.scalar_code import cast, literal
from tensorgrad.compiler.views import Gather, Operand, View

StridesOf = Callable[[View], tuple[int, ...]]


class SourceText:
    """The lines so far, how deep the next one stands, and which helpers the text calls."""

    def __init__(self, depth: int = 1) -> None:
        self.lines: list[str] = []
        self.uses: set[str] = set()
        self._depth = depth

    def line(self, text: str) -> None:
        """Add a line."""
        self.lines.append("    " * self._depth + text)

    def block(self, head: str) -> None:
        """Begin what stands under a line."""
        self.line(head)
        self._depth += 1

    def end(self, blocks: int = 1) -> None:
        """End what was begun last."""
        self._depth -= blocks

    @contextmanager
    def under(self, head: str) -> Iterator[None]:
        """What is written meanwhile stands under a line."""
        self.block(head)
        yield
        self.end()


class Elements:
    """Elements of operands as text, at one turn of loops.

    Parameters
    ----------
    uses : set of str
        Names of helpers that the text needs are added to it.
    indices : list of str
        Names of the loops, from the outside in.
    strides_of : callable
        The strides of a view along these loops.
    here : set of int
        Values that this turn has computed already, in variables.
    """

    def __init__(
        self, uses: set[str], indices: list[str], strides_of: StridesOf, here: set[int]
    ) -> None:
        self._uses = uses
        self._indices = indices
        self._strides_of = strides_of
        self._here = here

    def place(self, view: View) -> str:
        """The position in memory."""
        return place_text(view, self._strides_of(view), self._indices)

    def of(self, operand: Operand) -> str:
        """The element."""
        if isinstance(operand, Gather):
            return _loaded(f"v{operand.source.base}[{self.gathered_place(operand)}]", operand)
        if operand.base is None:
            return literal(operand.number, operand.dtype)
        if operand.base in self._here:
            return f"t{operand.base}"
        return _loaded(f"v{operand.base}[{self.place(operand)}]", operand)

    def typed(self, operand: Operand, dtype: object) -> str:
        """The element, converted."""
        if isinstance(operand, View) and operand.base is None:
            return literal(operand.number, dtype)
        return cast(self.of(operand), operand.dtype, dtype)

    def gathered_place(self, gather: Gather) -> str:
        """The position in memory of an element whose indices are values."""
        self._uses.add("place")
        source, count = gather.source, len(gather.indices)
        terms = [str(source.offset)] if source.offset else []
        for index, length, stride in zip(
            gather.indices, source.shape, source.strides, strict=False
        ):
            terms.append(f"place({self.of(index)}, {length}) * {stride}")
        rest = rest_of(gather, count)
        place = place_text(rest._replace(offset=0), self._strides_of(rest), self._indices)
        return " + ".join([*terms, *([place] if place != "0" else [])])


def _loaded(text: str, operand: Operand) -> str:
    """What stands in memory; a truth value takes a byte there."""
    return f"({text} != 0)" if np.dtype(operand.dtype).kind == "b" else text


def stored(text: str, kind: Kind) -> str:
    """A value, as it is written to memory."""
    return f"np.uint8({text})" if np.dtype(kind.dtype).kind == "b" else text
