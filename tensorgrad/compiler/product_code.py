"""A product of matrices of any size, in LLVM's language: one function that all programs call.

The right operand is copied panel by panel, so that the rows of a panel follow each other and stay
in the nearest caches while all rows of the left operand go past them. Only so many terms are added
up at a time as fit there; what comes of the rest is added to it (Goto & van de Geijn 2008; Van Zee
& van de Geijn 2015).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from tensorgrad.compiler.machine import PANEL, TERMS, Machine
from tensorgrad.compiler.vector_code import WORD, Tile, Vectors

COPIED_TOGETHER = 4
"""Tiles of the left operand that are copied at a time."""
SMALL = 8192
"""Elements of an operand up to which it is read where it is, rather than copied together."""


def product_name(bits: int) -> str:
    """What the function for numbers of so many bits is called."""
    return f"tensorgrad_product_{bits}"


def product_type(bits: int) -> ir.FunctionType:
    """The type of the function; strides count elements.

    Its arguments are a, a_row, a_term, b, b_term, b_column, out, out_row, base, base_row, rows,
    terms, columns, alpha, beta, scratch.
    """
    number = ir.FloatType() if bits == 32 else ir.DoubleType()
    pointer, i = number.as_pointer(), WORD
    operands = (pointer, i, i, pointer, i, i, pointer, i, pointer, i, i, i, i)
    return ir.FunctionType(ir.VoidType(), (*operands, number, number, pointer))


def product_module(machine: Machine, bits: int) -> str:
    """The text of a module with the function for one precision."""
    module = ir.Module("products")
    function = ir.Function(module, product_type(bits), product_name(bits))
    _Product(function, bits, machine).generate()
    return str(module)


class _Product:
    def __init__(self, function: ir.Function, bits: int, machine: Machine) -> None:
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.bits, self.machine, self.lanes = bits, machine, machine.lanes(f"float{bits}")
        self.number = ir.FloatType() if bits == 32 else ir.DoubleType()
        (
            self.a, self.a_row, self.a_term, self.b, self.b_term, self.b_column, self.out,
            self.out_row, self.base, self.base_row, self.rows, self.terms, self.columns,
            self.alpha, self.beta, self.scratch,
        ) = function.args  # fmt: skip
        self.tile = self._tile_function(function.module)
        self.block = self.builder.gep(self.scratch, [WORD(TERMS * PANEL)])
        self.parts = self._divided_up(self.rows, machine.rows)
        self.copies_b, self.copies_a = self._what_to_copy()

    def generate(self) -> None:
        """Write the function."""
        blocks = self._divided_up(self.terms, TERMS)
        with self._loop(WORD(0), blocks, WORD(1)) as block:
            first, after = self._evenly(block, self.terms, blocks)
            count = self.builder.sub(after, first)
            with self.builder.if_then(self.copies_a):
                self._copy_left(first, count)
            self._panels(first, count)
        self.builder.ret_void()

    def _what_to_copy(self) -> tuple[Any, Any]:
        builder, small = self.builder, WORD(SMALL)
        is_large = builder.icmp_signed(">", builder.mul(self.terms, self.columns), small)
        across = builder.icmp_signed("!=", self.b_column, WORD(1))
        is_tall = builder.icmp_signed(">", builder.mul(self.terms, self.rows), small)
        is_wide = builder.icmp_signed(">", self.columns, WORD(2 * self.lanes))
        transposed = builder.and_(
            builder.icmp_signed("==", self.a_row, WORD(1)),
            builder.icmp_signed("!=", self.a_term, WORD(1)),
        )
        copies_a = builder.and_(builder.and_(is_tall, is_wide), transposed)
        return builder.or_(across, is_large), copies_a

    def _panels(self, first: Any, count: Any) -> None:
        builder, most = self.builder, WORD(self.machine.vectors)
        with builder.goto_entry_block():
            place = builder.alloca(WORD)
        builder.store(WORD(0), place)
        with self._while(lambda: builder.icmp_signed("<", builder.load(place), self.columns)):
            column = builder.load(place)
            left = builder.sub(self.columns, column)
            vectors = self._divided_up(left, self.lanes)
            # One vector is never left alone after a full panel if there are two panels of two.
            one_more = builder.icmp_signed("==", vectors, WORD(self.machine.vectors + 1))
            vectors = self._least(builder.select(one_more, WORD(2), most), vectors)
            row_length = builder.mul(vectors, WORD(self.lanes))
            width = self._least(row_length, left)
            right = builder.gep(self.b, [self._sum((first, self.b_term), (column, self.b_column))])
            with builder.if_then(self.copies_b):
                self._copy_panel(right, width, count, row_length)
            panel = builder.select(self.copies_b, self.scratch, right)
            term = builder.select(self.copies_b, row_length, self.b_term)
            self._tiles(first, count, column, vectors, width, panel, term)
            builder.store(builder.add(column, width), place)

    def _tiles(
        self, first: Any, count: Any, column: Any, vectors: Any, width: Any, panel: Any, term: Any
    ) -> None:
        builder = self.builder
        is_first = builder.icmp_signed("==", first, WORD(0))
        base = builder.select(is_first, self.base, self.out)
        base_row = builder.select(is_first, self.base_row, self.out_row)
        beta = builder.select(is_first, self.beta, self.number(1.0))
        before = builder.mul(builder.sub(vectors, WORD(1)), WORD(self.lanes))
        last = builder.sub(width, before)
        with self._loop(WORD(0), self.parts, WORD(1)) as part:
            row, below = self._part(part)
            height = builder.sub(below, row)
            left = builder.gep(self.a, [self._sum((row, self.a_row), (first, self.a_term))])
            copied = builder.gep(self.block, [builder.mul(row, count)])
            arguments = [
                height,
                vectors,
                builder.select(self.copies_a, copied, left),
                builder.select(self.copies_a, WORD(1), self.a_row),
                builder.select(self.copies_a, height, self.a_term),
                panel,
                term,
                builder.gep(self.out, [self._sum((row, self.out_row), (column, WORD(1)))]),
                self.out_row,
                builder.gep(base, [self._sum((row, base_row), (column, WORD(1)))]),
                base_row,
                count,
                last,
                self.alpha,
                beta,
            ]
            builder.call(self.tile, arguments)

    def _copy_left(self, first: Any, count: Any) -> None:
        """The transposed left operand, so that what a tile reads follows each other.

        Several tiles together, since their elements are in the same lines of the cache.
        """
        builder = self.builder
        with self._loop(WORD(0), self.parts, WORD(COPIED_TOGETHER)) as part:
            tiles = []
            for number in range(COPIED_TOGETHER):
                row, below = self._part(self._least(builder.add(part, WORD(number)), self.parts))
                height = builder.sub(self._least(below, self.rows), row)
                tiles.append((row, height, builder.gep(self.block, [builder.mul(row, count)])))
            with self._loop(WORD(0), count, WORD(1)) as term:
                there = builder.mul(builder.add(first, term), self.a_term)
                for row, height, block in tiles:
                    source = builder.gep(self.a, [builder.add(row, there)])
                    target = builder.gep(block, [builder.mul(term, height)])
                    for start in range(0, self.machine.rows, self.lanes):
                        self._vectors().copy(
                            builder.gep(source, [WORD(start)]),
                            builder.gep(target, [WORD(start)]),
                            builder.sub(height, WORD(start)),
                        )

    def _copy_panel(self, right: Any, width: Any, count: Any, row_length: Any) -> None:
        """Some columns of the right operand, so that their rows follow each other."""
        builder, lanes = self.builder, WORD(self.lanes)
        contiguous = builder.icmp_signed("==", self.b_column, WORD(1))
        with builder.if_else(contiguous) as (rows, columns):
            with rows, self._loop(WORD(0), count, WORD(1)) as term:
                source = builder.gep(right, [builder.mul(term, self.b_term)])
                target = builder.gep(self.scratch, [builder.mul(term, row_length)])
                for start in range(0, self.machine.vectors * self.lanes, self.lanes):
                    left = builder.sub(width, WORD(start))
                    self._vectors().copy(
                        builder.gep(source, [WORD(start)]), builder.gep(target, [WORD(start)]), left
                    )
            with columns, self._loop(WORD(0), width, lanes) as column:
                across = self._least(lanes, builder.sub(width, column))
                with self._loop(WORD(0), count, lanes) as term:
                    places = [self._sum((column, self.b_column), (term, self.b_term))]
                    target = [self._sum((term, row_length), (column, WORD(1)))]
                    self._vectors().transpose(
                        builder.gep(right, places),
                        self.b_column,
                        across,
                        self._least(lanes, builder.sub(count, term)),
                        builder.gep(self.scratch, target),
                        row_length,
                    )

    def _tile_function(self, module: ir.Module) -> ir.Function:
        """``(rows, vectors, ...)``: a tile of any size, with a jump to the right one."""
        number, pointer, i = self.number, self.number.as_pointer(), WORD
        operands = (i, i, pointer, i, i, pointer, i, pointer, i, pointer, i, i, i, number, number)
        kind = ir.FunctionType(ir.VoidType(), operands)
        function = ir.Function(module, kind, f"tensorgrad_tile_{self.bits}")
        function.linkage = "internal"
        function.attributes.add("noinline")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        end = builder.append_basic_block("end")
        rows, vectors, *arguments = function.args
        cases = self.machine.rows + 1
        jump = builder.switch(builder.add(builder.mul(vectors, WORD(cases)), rows), end)
        for width in range(1, self.machine.vectors + 1):
            for height in range(1, self.machine.rows + 1):
                block = builder.append_basic_block(f"tile_{height}x{width}")
                jump.add_case(WORD(width * cases + height), block)
                builder.position_at_end(block)
                Tile(builder, self.machine, self.bits, self.lanes, height, width).generate(
                    *arguments
                )
                builder.branch(end)
        builder.position_at_end(end)
        builder.ret_void()
        return function

    # ------------------------------------------------------------------------- pieces of code

    def _vectors(self) -> Vectors:
        return Vectors(self.builder, self.machine, self.bits)

    def _part(self, part: Any) -> tuple[Any, Any]:
        """The rows of one tile: all tiles have the same number, or one less."""
        return self._evenly(part, self.rows, self.parts)

    def _evenly(self, part: Any, length: Any, parts: Any) -> tuple[Any, Any]:
        """Where a part of a length begins and ends, if all parts are to be alike."""
        builder = self.builder
        begin, end = (
            builder.sdiv(builder.mul(number, length), parts)
            for number in (part, builder.add(part, WORD(1)))
        )
        return begin, end

    def _sum(self, *products: tuple[Any, Any]) -> Any:
        (first, second) = (self.builder.mul(a, b) for a, b in products)
        return self.builder.add(first, second)

    def _divided_up(self, number: Any, by: int) -> Any:
        return self.builder.sdiv(self.builder.add(number, WORD(by - 1)), WORD(by))

    def _least(self, one: Any, other: Any) -> Any:
        return self.builder.select(self.builder.icmp_signed("<", one, other), one, other)

    @contextmanager
    def _while(self, condition: Any) -> Iterator[None]:
        builder = self.builder
        head, body, after = map(builder.append_basic_block, ("head", "body", "after"))
        builder.branch(head)
        builder.position_at_end(head)
        builder.cbranch(condition(), body, after)
        builder.position_at_end(body)
        yield
        builder.branch(head)
        builder.position_at_end(after)

    @contextmanager
    def _loop(self, start: Any, stop: Any, step: Any) -> Iterator[Any]:
        builder = self.builder
        with builder.goto_entry_block():
            place = builder.alloca(WORD)
        builder.store(start, place)
        with self._while(lambda: builder.icmp_signed("<", builder.load(place), stop)):
            index = builder.load(place)
            yield index
            builder.store(builder.add(index, step), place)
