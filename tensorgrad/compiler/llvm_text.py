"""Generated Python, which is a small language, as text for LLVM.

What :mod:`tensorgrad.compiler.program_source` writes has loops of known length, single elements,
arrays of known shape, and functions that are one expression in the end. So its types follow from
those of the arguments, line by line, and no inference is needed: where Numba takes seconds for a
training step, this and LLVM take a tenth of one.

Every array is a pointer that no other array shares memory with, which is said to LLVM: it need not
prove it, and vectorises loops over any number of arrays.
"""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.kernel_calls import KERNELS, Kernels
from tensorgrad.compiler.llvm_instructions import TYPES, Instructions, Number, Pointer, known
from tensorgrad.compiler.machine import Machine
from tensorgrad.compiler.program_source import Source
from tensorgrad.compiler.scalar_code import Unsupported

FAILED = 1
"""What the function returns where the Python text raises an IndexError."""


class Translated(NamedTuple):
    """The text of a function ``i32 FUNCTION(ptr table, i64 steps, i64 thread, i64 threads)``.

    The table holds pointers to the arrays that the Python function takes.
    """

    text: str
    kernels: str
    """Text of a module with functions that it calls."""
    products: frozenset[int]
    """For numbers of how many bits it calls products of any size."""
    library: frozenset[str]
    """The functions of the C library that it calls."""


def translate(source: Source, machine: Machine) -> Translated:
    r"""The text of a generated function for LLVM.

    Parameters
    ----------
    source : Source
        The generated module.
    machine : Machine
        That the text was generated for.

    Raises
    ------
    Unsupported
        At something that generated code does not contain, or that has no text here.

    Examples
    --------
    >>> from tensorgrad.compiler import record
    >>> from tensorgrad.compiler.machine import AVX2
    >>> from tensorgrad.compiler.program_source import program_source
    >>> program = record(lambda x: x + x, np.ones(3)).program
    >>> translated = translate(program_source(program), AVX2)
    >>> translated.text.count("fadd contract double")
    1
    """
    module = ast.parse(source.text)
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    reordered = {
        key
        for key, node in functions.items()
        if any(isinstance(d, ast.Name) and d.id == "reordered" for d in node.decorator_list)
    }
    return _Translation(functions, reordered, machine).function(source)


NUMBERS = ("steps", "thread", "threads")
"""Parameters that are not arrays."""


class _Translation:
    def __init__(
        self, functions: dict[str, ast.FunctionDef], reordered: set[str], machine: Machine
    ) -> None:
        self.functions = functions
        self.reordered = reordered
        self.kernels = Kernels(machine)
        self.machine = machine
        self.write = Instructions()
        self.names: dict[str, Any] = {}
        self._variables: dict[str, Pointer] = {}
        self._inlined = 0

    # ----------------------------------------------------------------------------- the function

    def function(self, source: Source) -> Translated:
        node = self.functions[source.function]
        arrays = [arg.arg for arg in node.args.args if arg.arg not in NUMBERS]
        for name in NUMBERS:
            self.names[name] = Number(f"%{name}", np.dtype(np.int64))
        for name, dtype in zip(arrays, source.dtypes, strict=True):
            self.names[name] = Pointer(f"%array_{name}", np.dtype(dtype))
        self._statements(node.body)
        return Translated(
            self._text(arrays),
            self.kernels.text(),
            frozenset(self.kernels.products),
            frozenset(self.write.library),
        )

    def _text(self, arrays: list[str]) -> str:
        loads = []
        for i, name in enumerate(arrays):
            loads.append(f"  %place{i} = getelementptr inbounds ptr, ptr %table, i64 {i}")
            loads.append(f"  %array_{name} = load ptr, ptr %place{i}")
        width = f'"prefer-vector-width"="{8 * self.machine.vector_bytes}"'
        return "\n".join(
            [
                *sorted(self.write.declared | self.kernels.declarations()),
                "define i32 @FUNCTION(ptr %table, i64 %steps, i64 %thread, i64 %threads)",
                f"nounwind {width} {{",
                "entry:",
                *loads,
                *self.write.variables,
                "  br label %begin",
                "begin:",
                *self.write.lines,
                "  ret i32 0",
                "failed:",
                f"  ret i32 {FAILED}",
                "}",
                *self.write.metadata(),
                "",
            ]
        )

    # ------------------------------------------------------------------------------- statements

    def _statement(self, node: ast.stmt) -> None:
        write = self.write
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                self._assign(name, self._value(node.value))
            case ast.Assign(targets=[ast.Subscript() as target]):
                place = self._element(target)
                write.store(self._number(node.value), place)
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id=low), ast.Name(id=high)])],
                value=ast.Call(func=ast.Name(id="share"), args=[length, grain, _, _]),
            ):
                self._share(low, high, self._number(length), _integer(grain))
            case ast.AugAssign(target=ast.Subscript() as target):
                place = self._element(target)
                old = write.load(place)
                write.store(write.binary(type(node.op), old, self._number(node.value)), place)
            case ast.AugAssign(target=ast.Name(id=name)):
                old = self._number(node.target)
                self._assign(name, write.binary(type(node.op), old, self._number(node.value)))
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=bounds),
                orelse=[],
            ):
                self._loop(name, [self._number(bound) for bound in bounds], node.body)
            case ast.If(test=test, body=[ast.Raise()], orelse=[]):
                self._if(test, "failed", after := write.label("ok"))
                write.begin(after)
            case ast.If(test=test, body=body, orelse=[]):
                self._if(test, inside := write.label("inside"), after := write.label("after"))
                write.begin(inside)
                self._statements(body)
                write.line(f"br label %{after}")
                write.begin(after)
            case ast.Expr(value=ast.Call(func=ast.Name(id="wide_vectors"))):
                pass  # they always are
            case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=args)) if name in KERNELS:
                self._kernel(name, [self._value(arg) for arg in args])
            case _:
                raise Unsupported(f"the statement {ast.unparse(node)}")

    def _statements(self, nodes: list[ast.stmt]) -> None:
        for node in nodes:
            self._statement(node)

    def _if(self, test: ast.expr, yes: str, no: str) -> None:
        self.write.line(f"br i1 {self._number(test).text}, label %{yes}, label %{no}")

    def _kernel(self, name: str, arguments: list[Any]) -> None:
        called, passed = self.kernels.call(name, arguments)
        text = ", ".join(
            f"ptr {a.text}" if isinstance(a, Pointer) else f"{TYPES[a.dtype.name]} {a.text}"
            for a in passed
        )
        self.write.line(f"call void @{called}({text})")

    def _share(self, low: str, high: str, length: Number, grain: int) -> None:
        """A thread's part of a range, in multiples of a grain."""
        new = self.write.new
        grains = new(f"add nsw i64 {length.text}, {grain - 1}")
        grains = new(f"sdiv i64 {grains}, {grain}")
        self.write.declare("declare i64 @llvm.smin.i64(i64, i64)")
        for name, number in ((low, "%thread"), (high, new("add i64 %thread, 1"))):
            product = new(f"mul nsw i64 {number}, {grains}")
            part = new(f"sdiv i64 {product}, %threads")
            place = new(f"mul nsw i64 {part}, {grain}")
            place = new(f"call i64 @llvm.smin.i64(i64 {place}, i64 {length.text})")
            self.names[name] = Number(place, np.dtype(np.int64))

    def _assign(self, name: str, value: Any) -> None:
        if isinstance(value, Pointer) or self._inlined:
            self.names[name] = value
            return
        if name not in self._variables:
            self._variables[name] = self.write.local(f"%var_{name}", value.dtype)
        variable = self._variables[name]
        if variable.dtype != value.dtype:
            raise Unsupported(f"the variable {name} of two types")
        self.write.store(value, variable)
        self.names[name] = None  # from here on the variable is read

    def _loop(self, name: str, bounds: list[Number], body: list[ast.stmt]) -> None:
        write = self.write
        start, stop, step = (
            [known(0), *bounds, known(1)] if len(bounds) == 1 else [*bounds, known(1)]
        )[:3]
        place = write.local(f"%{write.label('index')}", np.dtype(np.int64))
        head, inside, after = (write.label(part) for part in ("head", "body", "after"))
        write.store(start, place)
        write.line(f"br label %{head}")
        write.begin(head)
        index = write.load(place)
        more = write.comparison(ast.Lt, index, stop)
        write.line(f"br i1 {more.text}, label %{inside}, label %{after}")
        write.begin(inside)
        self.names[name] = index
        self._statements(body)
        following = write.new(f"add nsw i64 {index.text}, {step.text}")
        write.store(index._replace(text=following), place)
        write.line(f"br label %{head}")
        write.begin(after)

    # ------------------------------------------------------------------------------ expressions

    def _number(self, node: ast.expr) -> Number:
        value = self._value(node)
        if not isinstance(value, Number):
            raise Unsupported(f"{ast.unparse(node)} where a number is needed")
        return value

    def _pointer(self, node: ast.expr) -> Pointer:
        value = self._value(node)
        if not isinstance(value, Pointer):
            raise Unsupported(f"{ast.unparse(node)} where a pointer is needed")
        return value

    def _value(self, node: ast.expr) -> Any:
        write = self.write
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return known(value)
            case ast.Name(id=name):
                return self._variable(name)
            case ast.BinOp():
                return write.binary(type(node.op), *map(self._number, (node.left, node.right)))
            case ast.UnaryOp():
                return write.unary(type(node.op), self._number(node.operand))
            case ast.Compare(ops=[operator], comparators=[right]):
                return write.comparison(type(operator), *map(self._number, (node.left, right)))
            case ast.BoolOp():
                word = "and" if isinstance(node.op, ast.And) else "or"
                return write.logical(word, [self._number(value) for value in node.values])
            case ast.IfExp():
                return write.choice(*map(self._number, (node.test, node.body, node.orelse)))
            case ast.Subscript():
                return write.load(self._element(node))
            case ast.Attribute(value=ast.Name(id="np"), attr="inf" | "nan" as name):
                return known(getattr(np, name))
            case ast.Call():
                return self._call(node)
        raise Unsupported(f"the expression {ast.unparse(node)}")

    def _variable(self, name: str) -> Any:
        if name not in self.names:
            raise Unsupported(f"the name {name}")
        value = self.names[name]
        return self.write.load(self._variables[name]) if value is None else value

    def _element(self, node: ast.Subscript) -> Pointer:
        return self.write.at(self._pointer(node.value), self._number(node.slice))

    def _call(self, node: ast.Call) -> Any:
        match node.func:
            case ast.Name(id="abs"):
                return self.write.absolute(self._number(node.args[0]))
            case ast.Name(id=name) if name in self.functions:
                return self._inline(name, [self._number(arg) for arg in node.args])
            case ast.Name(id="at"):
                return self.write.at(self._pointer(node.args[0]), self._number(node.args[1]))
            case ast.Name(id="value"):
                array, offset, number = node.args
                pointer = self.write.at(self._pointer(array), self._number(offset))
                dtype = np.dtype(np.uint8) if pointer.dtype.kind == "b" else pointer.dtype
                return Pointer(pointer.text, dtype, _integer(number))
            case ast.Attribute(value=ast.Name(id="np" | "math"), attr=name):
                return self.write.call(name, [self._number(arg) for arg in node.args])
            case ast.Attribute(attr="view"):
                return self.write.bits(self._number(node.func.value), _dtype(node.args[0]))
        raise Unsupported(f"the call {ast.unparse(node)}")

    def _inline(self, name: str, arguments: list[Number]) -> Number:
        node = self.functions[name]
        outside, flags = self.names, self.write.flags
        self.names = dict(zip((arg.arg for arg in node.args.args), arguments, strict=True))
        if name in self.reordered:
            self.write.flags = "contract reassoc"
        self._inlined += 1
        *body, last = node.body
        self._statements(body)
        if not isinstance(last, ast.Return) or last.value is None:
            raise Unsupported(f"the function {name}")
        result = self._number(last.value)
        self._inlined -= 1
        self.names, self.write.flags = outside, flags
        return result


def _dtype(node: ast.expr) -> np.dtype[Any]:
    if isinstance(node, ast.Attribute) and node.attr.rstrip("_") in TYPES:
        return np.dtype(node.attr.rstrip("_"))
    raise Unsupported(f"the dtype {ast.unparse(node)}")


def _integer(node: ast.expr | None) -> int:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
    raise Unsupported("a length that is not known")
