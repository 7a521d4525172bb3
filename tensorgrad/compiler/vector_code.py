"""Tiles of matrix products, and blocks to transpose, in LLVM's vector instructions.

LLVM does not find the form that a tile needs (its sums in registers from the first term to the
last) in loops over elements, so it is written in LLVM's own language.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from tensorgrad.compiler.machine import Machine

WORD, SHORT = ir.IntType(64), ir.IntType(32)


class Vectors:
    """Instructions on vectors with so many lanes, those of a register if nothing else is said."""

    def __init__(self, builder: Any, machine: Machine, bits: int, lanes: int | None = None) -> None:
        self.builder = builder
        self.has_masks = machine.has_masks
        self.bytes = bits // 8
        self.lanes = lanes or machine.vector_bytes // self.bytes
        self.element = ir.FloatType() if bits == 32 else ir.DoubleType()
        self.type = ir.VectorType(self.element, self.lanes)
        self.suffix = f"v{self.lanes}f{bits}"

    def moved(self, pointer: Any, steps: int, stride: Any) -> Any:
        """The pointer, some strides further."""
        return self.builder.gep(pointer, [self.builder.mul(stride, WORD(steps))])

    def is_below(self, number: int, bound: Any) -> Any:
        """Whether a number is below one that is known when the code runs."""
        return self.builder.icmp_signed("<", WORD(number), bound)

    def when_full(self, counts: list[Any], generate: Callable[[bool], None]) -> None:
        """Generate code for vectors that may lack lanes.

        Without masks each lane costs a branch, so there is other code for where none is lacking.

        Parameters
        ----------
        counts : list of value
            How many lanes there are, or more.
        generate : callable
            Is told whether there are all.
        """
        if self.has_masks:
            generate(False)
            return
        full, *others = (
            self.builder.icmp_signed(">=", count, WORD(self.lanes)) for count in counts
        )
        for other in others:
            full = self.builder.and_(full, other)
        with self.builder.if_else(full) as (whole, partial):
            with whole:
                generate(True)
            with partial:
                generate(False)

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
        """Copy so many elements: at most a vector's, and none if it is negative."""

        def generate(full: bool) -> None:
            mask = None if full else self.mask(count)
            self.store(self.load(source, mask), out, mask)

        self.when_full([count], generate)

    def transpose(
        self, source: Any, source_row: Any, rows: Any, columns: Any, out: Any, out_row: Any
    ) -> None:
        """Transpose a block of at most as many rows and columns as there are lanes."""

        def generate(full: bool) -> None:
            if full:
                sources = [self.moved(source, row, source_row) for row in range(self.lanes)]
                vectors = self.transposed([self.load(place) for place in sources])
                for column, vector in enumerate(vectors):
                    self.store(vector, self.moved(out, column, out_row))
            else:
                self._transpose_part(source, source_row, rows, columns, out, out_row)

        self.when_full([rows, columns], generate)

    def _transpose_part(
        self, source: Any, source_row: Any, rows: Any, columns: Any, out: Any, out_row: Any
    ) -> None:
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

    def __init__(
        self, builder: Any, machine: Machine, bits: int, lanes: int, rows: int, vectors: int
    ) -> None:
        super().__init__(builder, machine, bits, lanes)
        self.rows, self.vectors = rows, vectors
        self.last_lanes: Any = None

    def generate(
        self, a: Any, a_row: Any, a_term: Any, b: Any, b_term: Any, out: Any, out_row: Any,
        base: Any, base_row: Any, terms: Any, last: Any, alpha: Any, beta: Any,
    ) -> None:  # fmt: skip
        """Write the loop, and what becomes of the sums after it."""

        def generate(full: bool) -> None:
            self.last_lanes = None if full else self.mask(last)
            self._generate(
                a, a_row, a_term, b, b_term, out, out_row, base, base_row, terms, alpha, beta
            )

        self.when_full([last], generate)

    def _generate(
        self, a: Any, a_row: Any, a_term: Any, b: Any, b_term: Any, out: Any, out_row: Any,
        base: Any, base_row: Any, terms: Any, alpha: Any, beta: Any,
    ) -> None:  # fmt: skip
        builder = self.builder
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


def wait_for_threads(builder: Any, machine: Machine, arrivals: Any, expected: Any) -> None:
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
    if machine.pause:
        builder.call(declared(builder.module, void, machine.pause), [])
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
