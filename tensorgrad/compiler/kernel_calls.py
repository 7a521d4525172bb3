"""The vector kernels that a generated function calls, as a module for LLVM to link with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from tensorgrad.compiler.machine import Machine
from tensorgrad.compiler.product_code import product_name, product_type
from tensorgrad.compiler.vector_code import WORD, Tile, Vectors, wait_for_threads

KERNELS = frozenset({"tile", "transpose", "multiply", "wait"})
"""What there is to call."""


class Kernels:
    """Functions that have been asked for; all but products of any size are put in where called.

    Attributes
    ----------
    products : set of int
        For numbers of how many bits products of any size have been asked for.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._module = ir.Module("kernels")
        self.products: set[int] = set()

    def call(self, name: str, arguments: list[Any]) -> tuple[str, list[Any]]:
        """What to call, and with which of the arguments; the others are part of it.

        Parameters
        ----------
        name : str
            One of :data:`KERNELS`.
        arguments : list
            With a ``dtype``, and the value as ``known`` where there is one.
        """
        machine = self._machine
        if name == "wait":
            kind = ir.FunctionType(ir.VoidType(), [WORD.as_pointer(), WORD])
            return self._defined(
                "wait", kind, lambda builder, *given: wait_for_threads(builder, machine, *given)
            ), arguments
        if name == "tile":
            rows, vectors, lanes = (argument.known for argument in arguments[:3])
            arguments = arguments[3:]
            bits = 8 * arguments[0].dtype.itemsize
            number, pointer, i = *_number(bits), WORD
            strides = (pointer, i, i, pointer, i, pointer, i, pointer, i, i, i, number, number)
            return self._defined(
                f"tile_{bits}_{lanes}_{rows}x{vectors}",
                ir.FunctionType(ir.VoidType(), strides),
                lambda builder, *given: Tile(builder, machine, bits, lanes, rows, vectors).generate(
                    *given
                ),
            ), arguments
        bits = 8 * arguments[0].dtype.itemsize
        if name == "multiply":
            self.products.add(bits)
            return product_name(bits), arguments
        pointer = _number(bits)[1]
        kind = ir.FunctionType(ir.VoidType(), (pointer, WORD, WORD, WORD, pointer, WORD))
        return self._defined(
            f"transpose_{bits}",
            kind,
            lambda builder, *given: Vectors(builder, machine, bits).transpose(*given),
        ), arguments

    def declarations(self) -> set[str]:
        """A line for each function, for the module that calls them."""
        kinds = {function.name: function.function_type for function in self._defined_here()}
        kinds |= {product_name(bits): product_type(bits) for bits in self.products}
        return {
            f"declare void @{name}({', '.join(str(kind) for kind in function.args)})"
            for name, function in kinds.items()
        }

    def text(self) -> str:
        """The module; empty if there is nothing in it."""
        return str(self._module) if self._defined_here() else ""

    def _defined_here(self) -> list[ir.Function]:
        return [function for function in self._module.functions if not function.is_declaration]

    def _defined(self, name: str, kind: ir.FunctionType, generate: Callable[..., Any]) -> str:
        name = f"kernel_{name}"
        if name not in self._module.globals:
            function = ir.Function(self._module, kind, name)
            function.linkage = "linkonce_odr"
            function.attributes.add("alwaysinline")
            builder = ir.IRBuilder(function.append_basic_block("entry"))
            generate(builder, *function.args)
            builder.ret_void()
        return name


def _number(bits: int) -> tuple[Any, Any]:
    number = ir.FloatType() if bits == 32 else ir.DoubleType()
    return number, number.as_pointer()
