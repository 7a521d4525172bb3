"""Tiles of matrix products, and blocks to transpose, in LLVM's vector instructions.

LLVM does not find the form that a tile needs (its sums in registers from the first term to the
last) in loops over elements, so it is written in LLVM's own language.
"""

from __future__ import annotations

import os
import platform
from typing import Any

from llvmlite import ir

WORD, SHORT = ir.IntType(64), ir.IntType(32)


class Vectors:
    """Instructions on vectors with so many lanes."""

    def __init__(self, builder: Any, bits: int, lanes: int) -> None:
        self.builder = builder
        self.bytes = bits // 8
        self.lanes = lanes
        self.element = ir.FloatType() if bits == 32 else ir.DoubleType()
        self.type = ir.VectorType(self.element, self.lanes)
        self.suffix = f"v{self.lanes}f{bits}"

    def moved(self, pointer: Any, steps: int, stride: Any) -> Any:
        """The pointer, some strides further."""
        return self.builder.gep(pointer, [self.builder.mul(stride, WORD(steps))])

    def is_below(self, number: int, bound: Any) -> Any:
        """Whether a number is below one that is known when the code runs."""
        return self.builder.icmp_signed("<", WORD(number), bound)

    def mask(self, count: Any) -> Any:
        """The first few lanes."""
        numbers = ir.Constant(ir.VectorType(SHORT, self.lanes), list(range(self.lanes)))
        bound = self.everywhere(self.builder.trunc(count, SHORT))
        return self.builder.icmp_signed("<", numbers, bound)

    def everywhere(self, value: Any) -> Any:
        """A number in every lane."""
        undefined = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(undefined, value, SHORT(0))
        lanes = ir.Constant(ir.VectorType(SHORT, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, undefined, lanes)

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """What stands at a pointer; zero outside of the mask."""
        pointer = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            value = self.builder.load(pointer)
            value.align = self.bytes
            return value
        load = self._intrinsic("masked.load", self.type, pointer.type, SHORT, mask.type, self.type)
        zero = ir.Constant(self.type, None)
        return self.builder.call(load, [pointer, SHORT(self.bytes), mask, zero])

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """Write the lanes inside the mask."""
        pointer = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            self.builder.store(value, pointer).align = self.bytes
            return
        kinds = (self.type, pointer.type, SHORT, mask.type)
        store = self._intrinsic("masked.store", ir.VoidType(), *kinds)
        self.builder.call(store, [value, pointer, SHORT(self.bytes), mask])

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """Add c to the product of a and b, in each lane."""
        function = self._intrinsic("fmuladd", self.type, self.type, self.type, self.type)
        return self.builder.call(function, [a, b, c])

    def copy(self, source: Any, out: Any, count: Any) -> None:
        """Copy so many elements, at most a vector's."""
        mask = self.mask(count)
        self.store(self.load(source, mask), out, mask)

    def transpose(
        self, source: Any, source_row: Any, rows: Any, columns: Any, out: Any, out_row: Any
    ) -> None:
        """Transpose a block of at most as many rows and columns as there are lanes."""
        inside, below = self.mask(columns), self.mask(rows)
        nothing = ir.Constant(inside.type, None)
        vectors = []
        for row in range(self.lanes):
            mask = self.builder.select(self.is_below(row, rows), inside, nothing)
            vectors.append(self.load(self.moved(source, row, source_row), mask))
        for column, vector in enumerate(self.transposed(vectors)):
            with self.builder.if_then(self.is_below(column, columns)):
                self.store(vector, self.moved(out, column, out_row), below)

    def transposed(self, vectors: list[Any]) -> list[Any]:
        """As many vectors as they have lanes, transposed: blocks change places, then halves."""
        distance = 1
        while distance < self.lanes:
            new = list(vectors)
            for i in (i for i in range(self.lanes) if not i & distance):
                j = i | distance
                pairs = [
                    (k + self.lanes - distance, k + self.lanes)
                    if k & distance
                    else (k, k + distance)
                    for k in range(self.lanes)
                ]
                for place, lanes in zip((i, j), map(list, zip(*pairs, strict=True)), strict=True):
                    chosen = ir.Constant(ir.VectorType(SHORT, self.lanes), lanes)
                    new[place] = self.builder.shuffle_vector(vectors[i], vectors[j], chosen)
            vectors, distance = new, 2 * distance
        return vectors

    def _intrinsic(self, name: str, result: Any, *kinds: Any) -> Any:
        full_name = f"llvm.{name}.{self.suffix}" + (".p0" if "masked" in name else "")
        return declared(self.builder.module, ir.FunctionType(result, kinds), full_name)


class Tile(Vectors):
    """The sums of a tile, in registers while a loop goes through the terms."""

    def __init__(self, builder: Any, bits: int, lanes: int, rows: int, vectors: int) -> None:
        super().__init__(builder, bits, lanes)
        self.rows, self.vectors = rows, vectors

    def generate(
        self, a: Any, a_row: Any, a_term: Any, b: Any, b_term: Any, out: Any, out_row: Any,
        base: Any, base_row: Any, terms: Any, last: Any, alpha: Any, beta: Any,
    ) -> None:  # fmt: skip
        """Write the loop, and what becomes of the sums after it."""
        builder = self.builder
        self.last_lanes = self.mask(last)
        sums = self._loop(a, a_row, a_term, b, b_term, terms)
        factor, base_factor = self.everywhere(alpha), self.everywhere(beta)
        no_base = builder.fcmp_ordered("==", beta, self.element(0.0))
        with builder.if_else(no_base) as (without, with_base):
            with without:
                for row, vector in self._places():
                    value = builder.fmul(sums[row][vector], factor)
                    self._store(value, self._place(out, out_row, row, vector), vector)
            with with_base:
                new = []
                for row, vector in self._places():
                    old = self._load(self._place(base, base_row, row, vector), vector)
                    value = builder.fmul(sums[row][vector], factor)
                    new.append(self.multiply_add(base_factor, old, value))
                # All loads come before all stores: a load beside what has just been stored under a
                # mask has to wait for it.
                for value, (row, vector) in zip(new, self._places(), strict=True):
                    self._store(value, self._place(out, out_row, row, vector), vector)

    def _loop(self, a: Any, a_row: Any, a_term: Any, b: Any, b_term: Any, terms: Any) -> Any:
        builder, before = self.builder, self.builder.block
        loop, after = builder.append_basic_block("term"), builder.append_basic_block("sums")
        builder.branch(loop)
        builder.position_at_end(loop)
        count, left, right = (builder.phi(kind) for kind in (WORD, a.type, b.type))
        sums = [[builder.phi(self.type) for _ in range(self.vectors)] for _ in range(self.rows)]
        vectors = [self._load(self._place(right, None, 0, v), v) for v in range(self.vectors)]
        new = []
        for row in range(self.rows):
            factor = self.everywhere(builder.load(self.moved(left, row, a_row)))
            pairs = zip(vectors, sums[row], strict=True)
            new.append([self.multiply_add(factor, vector, sum_) for vector, sum_ in pairs])
        next_count = builder.add(count, WORD(1))
        zero = ir.Constant(self.type, None)
        for variable, start, following in (
            (count, WORD(0), next_count),
            (left, a, builder.gep(left, [a_term])),
            (right, b, builder.gep(right, [b_term])),
            *((sums[r][v], zero, new[r][v]) for r, v in self._places()),
        ):
            variable.add_incoming(start, before)
            variable.add_incoming(following, loop)
        builder.cbranch(builder.icmp_signed("<", next_count, terms), loop, after)
        builder.position_at_end(after)
        return new

    def _places(self) -> list[tuple[int, int]]:
        return [(row, vector) for row in range(self.rows) for vector in range(self.vectors)]

    def _place(self, pointer: Any, stride: Any, row: int, vector: int) -> Any:
        moved = self.moved(pointer, row, stride) if row else pointer
        return self.builder.gep(moved, [WORD(vector * self.lanes)])

    def _load(self, pointer: Any, vector: int) -> Any:
        return self.load(pointer, self.last_lanes if vector == self.vectors - 1 else None)

    def _store(self, value: Any, pointer: Any, vector: int) -> None:
        self.store(value, pointer, self.last_lanes if vector == self.vectors - 1 else None)


PATIENCE = 100
"""How often a thread looks whether the others are there before it lets something else run."""


def wait_for_threads(builder: Any, arrivals: Any, expected: Any) -> None:
    """Count an arrival, and go on when there are as many as are expected.

    A thread looks again and again for a while, which is quickest if each has a core of its own, and
    then lets others run in between.
    """
    builder.atomic_rmw("add", arrivals, WORD(1), "acq_rel")
    before = builder.block
    look, pause, give_way, end = map(
        builder.append_basic_block, ("look", "pause", "give_way", "end")
    )
    builder.branch(look)
    builder.position_at_end(look)
    looks = builder.phi(WORD)
    looks.add_incoming(WORD(0), before)
    here = builder.load_atomic(arrivals, "acquire", 8)
    builder.cbranch(builder.icmp_signed(">=", here, expected), end, pause)
    builder.position_at_end(pause)
    void = ir.FunctionType(ir.VoidType(), [])
    if platform.machine().lower() in ("x86_64", "amd64"):
        builder.call(declared(builder.module, void, "llvm.x86.sse2.pause"), [])
    more = builder.add(looks, WORD(1))
    looks.add_incoming(more, pause)
    builder.cbranch(builder.icmp_signed("<", more, WORD(PATIENCE)), look, give_way)
    builder.position_at_end(give_way)
    if hasattr(os, "sched_yield"):
        builder.call(declared(builder.module, ir.FunctionType(SHORT, []), "sched_yield"), [])
    looks.add_incoming(WORD(0), give_way)
    builder.branch(look)
    builder.position_at_end(end)


def declared(module: Any, kind: Any, name: str) -> Any:
    """The function of this name, that is defined elsewhere."""
    return module.globals.get(name) or ir.Function(module, kind, name=name)
