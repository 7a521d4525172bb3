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
import math
import struct
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.compiler.kernel_calls import KERNELS, Kernels
from tensorgrad.compiler.machine import Machine
from tensorgrad.compiler.program_source import Source
from tensorgrad.compiler.scalar_code import Unsupported

TYPES = {
    "float32": "float",
    "float64": "double",
    "bool": "i1",
    **{f"{sign}int{bits}": f"i{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
INTRINSICS = {"sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint"}
LIBRARY = {
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "exp2", "log2", "log10")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "arctan2": "atan2",
    "hypot": "hypot",
    "power": "pow",
    "fmod": "fmod",
}
"""NumPy's name, and that of the C library, where float32 has an f at the end."""
COMPARISONS: dict[type, tuple[str, str]] = {
    ast.Lt: ("olt", "lt"),
    ast.LtE: ("ole", "le"),
    ast.Gt: ("ogt", "gt"),
    ast.GtE: ("oge", "ge"),
    ast.Eq: ("oeq", "eq"),
    ast.NotEq: ("une", "ne"),
}
OPERATORS: dict[type, tuple[str, str]] = {
    ast.Add: ("fadd", "add"),
    ast.Sub: ("fsub", "sub"),
    ast.Mult: ("fmul", "mul"),
    ast.BitAnd: ("", "and"),
    ast.BitOr: ("", "or"),
    ast.BitXor: ("", "xor"),
    ast.LShift: ("", "shl"),
    ast.RShift: ("", "ashr"),
}
FAILED = 1
"""What the function returns where the Python text raises an IndexError."""


class Number(NamedTuple):
    """One element: an operand of LLVM, and the Python value of one that is known."""

    text: str
    dtype: np.dtype[Any]
    known: Any = None


class Pointer(NamedTuple):
    """Elements in memory; memory of another number is other memory."""

    text: str
    dtype: np.dtype[Any]
    memory: int | None = None


class Translated(NamedTuple):
    """The text of a function ``i32 FUNCTION(ptr table, i64 steps, i64 thread, i64 threads)``.

    The table holds pointers to the arrays that the Python function takes.
    """

    text: str
    kernels: str
    """Text of a module with functions that it calls."""
    products: frozenset[int]
    """For numbers of how many bits it calls products of any size."""


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
        self.lines: list[str] = []
        self.variables: list[str] = []
        self.declared: set[str] = set()
        self.names: dict[str, Any] = {}
        self._places: dict[str, tuple[str, np.dtype[Any]]] = {}
        self._memories: set[int] = set()
        self._flags = "contract "
        self._next = count()
        self._inlined = 0

    # ----------------------------------------------------------------------------- the function

    def function(self, source: Source) -> Translated:
        node = self.functions[source.function]
        arrays = [arg.arg for arg in node.args.args if arg.arg not in NUMBERS]
        for name in NUMBERS:
            self.names[name] = Number(f"%{name}", np.dtype(np.int64))
        for name, dtype in zip(arrays, source.dtypes, strict=True):
            self.names[name] = Pointer(f"%array_{name}", np.dtype(dtype))
        for statement in node.body:
            self._statement(statement)
        return Translated(self._text(arrays), self.kernels.text(), frozenset(self.kernels.products))

    def _text(self, arrays: list[str]) -> str:
        loads = []
        for i, name in enumerate(arrays):
            loads.append(f"  %place{i} = getelementptr inbounds ptr, ptr %table, i64 {i}")
            loads.append(f"  %array_{name} = load ptr, ptr %place{i}")
        width = f'"prefer-vector-width"="{8 * self.machine.vector_bytes}"'
        return "\n".join(
            [
                *sorted(self.declared | self.kernels.declarations()),
                "define i32 @FUNCTION(ptr %table, i64 %steps, i64 %thread, i64 %threads)",
                f"nounwind {width} {{",
                "entry:",
                *loads,
                *self.variables,
                "  br label %begin",
                "begin:",
                *self.lines,
                "  ret i32 0",
                "failed:",
                f"  ret i32 {FAILED}",
                "}",
                *self._scopes(),
                "",
            ]
        )

    def _scopes(self) -> list[str]:
        """Metadata: for each memory a scope, a list of it alone, and a list of all others."""
        lines = ['!0 = !{!"tensorgrad"}'] if self._memories else []
        for memory in sorted(self._memories):
            others = ", ".join(f"!{3 * n + 1}" for n in sorted(self._memories - {memory}))
            lines += [
                f'!{3 * memory + 1} = !{{!"memory {memory}", !0}}',
                f"!{3 * memory + 2} = !{{!{3 * memory + 1}}}",
                f"!{3 * memory + 3} = !{{{others}}}",
            ]
        return lines

    def _scope(self, memory: int | None) -> str:
        if memory is None:
            return ""
        self._memories.add(memory)
        return f", !alias.scope !{3 * memory + 2}, !noalias !{3 * memory + 3}"

    # ------------------------------------------------------------------------------- statements

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                self._assign(name, self._value(node.value))
            case ast.Assign(targets=[ast.Subscript() as target]):
                pointer = self._element(target)
                self._store(self._cast(self._number(node.value), pointer.dtype), pointer)
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id=low), ast.Name(id=high)])],
                value=ast.Call(func=ast.Name(id="share"), args=[length, grain, _, _]),
            ):
                self._share(low, high, _integer(length), _integer(grain))
            case ast.AugAssign(target=ast.Subscript() as target):
                pointer = self._element(target)
                new = self._binary(type(node.op), self._load(pointer), self._number(node.value))
                self._store(self._cast(new, pointer.dtype), pointer)
            case ast.AugAssign(target=ast.Name(id=name)):
                old = self._number(node.target)
                self._assign(name, self._binary(type(node.op), old, self._number(node.value)))
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=bounds),
                orelse=[],
            ):
                self._loop(name, [self._number(bound) for bound in bounds], node.body)
            case ast.If(test=test, body=[ast.Raise()], orelse=[]):
                ok = self._label("ok")
                condition = self._number(test)
                self._line(f"br i1 {condition.text}, label %failed, label %{ok}")
                self.lines.append(f"{ok}:")
            case ast.If(test=test, body=body, orelse=[]):
                inside, after = self._label("inside"), self._label("after")
                condition = self._number(test)
                self._line(f"br i1 {condition.text}, label %{inside}, label %{after}")
                self.lines.append(f"{inside}:")
                for statement in body:
                    self._statement(statement)
                self._line(f"br label %{after}")
                self.lines.append(f"{after}:")
            case ast.Expr(value=ast.Call(func=ast.Name(id="wide_vectors"))):
                pass  # they always are
            case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=args)) if name in KERNELS:
                self._kernel(name, [self._value(arg) for arg in args])
            case _:
                raise Unsupported(f"the statement {ast.unparse(node)}")

    def _kernel(self, name: str, arguments: list[Any]) -> None:
        called, passed = self.kernels.call(name, arguments)
        text = ", ".join(
            f"ptr {a.text}" if isinstance(a, Pointer) else f"{TYPES[a.dtype.name]} {a.text}"
            for a in passed
        )
        self._line(f"call void @{called}({text})")

    def _share(self, low: str, high: str, length: int, grain: int) -> None:
        """A thread's part of a range, in multiples of a grain."""
        grains = -(-length // grain)
        self._declare("declare i64 @llvm.smin.i64(i64, i64)")
        for name, number in ((low, "%thread"), (high, self._new("add i64 %thread, 1"))):
            product = self._new(f"mul nsw i64 {number}, {grains}")
            part = self._new(f"sdiv i64 {product}, %threads")
            place = self._new(f"mul nsw i64 {part}, {grain}")
            place = self._new(f"call i64 @llvm.smin.i64(i64 {place}, i64 {length})")
            self.names[name] = Number(place, np.dtype(np.int64))

    def _assign(self, name: str, value: Any) -> None:
        if isinstance(value, Pointer) or self._inlined:
            self.names[name] = value
            return
        if name not in self._places:
            place = f"%var_{name}"
            self._places[name] = (place, value.dtype)
            self.variables.append(f"  {place} = alloca {TYPES[value.dtype.name]}")
        place, dtype = self._places[name]
        if dtype != value.dtype:
            raise Unsupported(f"the variable {name} of two types")
        self._line(f"store {TYPES[dtype.name]} {value.text}, ptr {place}")
        self.names[name] = None  # from here on the variable is read

    def _loop(self, name: str, bounds: list[Number], body: list[ast.stmt]) -> None:
        start, stop, step = (
            [_known(0), *bounds, _known(1)] if len(bounds) == 1 else [*bounds, _known(1)]
        )[:3]
        place = f"%index{next(self._next)}"
        self.variables.append(f"  {place} = alloca i64")
        head, inside, after = (self._label(part) for part in ("head", "body", "after"))
        self._line(f"store i64 {start.text}, ptr {place}")
        self._line(f"br label %{head}")
        self.lines.append(f"{head}:")
        index = self._new(f"load i64, ptr {place}")
        more = self._new(f"icmp slt i64 {index}, {stop.text}")
        self._line(f"br i1 {more}, label %{inside}, label %{after}")
        self.lines.append(f"{inside}:")
        self.names[name] = Number(index, np.dtype(np.int64))
        for statement in body:
            self._statement(statement)
        following = self._new(f"add nsw i64 {index}, {step.text}")
        self._line(f"store i64 {following}, ptr {place}")
        self._line(f"br label %{head}")
        self.lines.append(f"{after}:")

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
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return _known(value)
            case ast.Name(id=name):
                return self._variable(name)
            case ast.BinOp():
                return self._binary(type(node.op), *map(self._number, (node.left, node.right)))
            case ast.UnaryOp():
                return self._unary(type(node.op), self._number(node.operand))
            case ast.Compare(ops=[operator], comparators=[right]):
                return self._comparison(type(operator), *map(self._number, (node.left, right)))
            case ast.BoolOp():
                values = [self._cast(self._number(v), np.dtype(bool)) for v in node.values]
                word = "and" if isinstance(node.op, ast.And) else "or"
                total = values[0].text
                for value in values[1:]:
                    total = self._new(f"{word} i1 {total}, {value.text}")
                return Number(total, np.dtype(bool))
            case ast.IfExp():
                return self._choice(*map(self._number, (node.test, node.body, node.orelse)))
            case ast.Subscript():
                return self._load(self._element(node))
            case ast.Attribute(value=ast.Name(id="np"), attr="inf" | "nan" as name):
                return _known(getattr(np, name))
            case ast.Call():
                return self._call(node)
        raise Unsupported(f"the expression {ast.unparse(node)}")

    def _variable(self, name: str) -> Any:
        if name not in self.names:
            raise Unsupported(f"the name {name}")
        value = self.names[name]
        if value is not None:
            return value
        place, dtype = self._places[name]
        return Number(self._new(f"load {TYPES[dtype.name]}, ptr {place}"), dtype)

    def _element(self, node: ast.Subscript) -> Pointer:
        return self._at(self._pointer(node.value), self._number(node.slice))

    def _call(self, node: ast.Call) -> Any:
        match node.func:
            case ast.Name(id="abs"):
                return self._absolute(self._number(node.args[0]))
            case ast.Name(id=name) if name in self.functions:
                return self._inline(name, [self._number(arg) for arg in node.args])
            case ast.Name(id="at"):
                return self._at(self._pointer(node.args[0]), self._number(node.args[1]))
            case ast.Name(id="value"):
                array, offset, number = node.args
                pointer = self._at(self._pointer(array), self._number(offset))
                dtype = np.dtype(np.uint8) if pointer.dtype.kind == "b" else pointer.dtype
                return Pointer(pointer.text, dtype, _integer(number))
            case ast.Attribute(value=ast.Name(id="np" | "math"), attr=name):
                return self._numpy(name, [self._number(arg) for arg in node.args])
            case ast.Attribute(attr="view"):
                number, dtype = self._number(node.func.value), _dtype(node.args[0])
                here, there = TYPES[number.dtype.name], TYPES[dtype.name]
                return Number(self._new(f"bitcast {here} {number.text} to {there}"), dtype)
        raise Unsupported(f"the call {ast.unparse(node)}")

    def _inline(self, name: str, arguments: list[Number]) -> Number:
        node = self.functions[name]
        outside, flags = self.names, self._flags
        self.names = dict(zip((arg.arg for arg in node.args.args), arguments, strict=True))
        if name in self.reordered:
            self._flags = "contract reassoc "
        self._inlined += 1
        *body, last = node.body
        for statement in body:
            self._statement(statement)
        if not isinstance(last, ast.Return) or last.value is None:
            raise Unsupported(f"the function {name}")
        result = self._number(last.value)
        self._inlined -= 1
        self.names, self._flags = outside, flags
        return result

    def _numpy(self, name: str, values: list[Number]) -> Number:
        if name in TYPES or name == "bool_":
            return self._cast(values[0], np.dtype(name.rstrip("_")))
        kind = values[0].dtype
        if name in ("logical_and", "logical_or", "logical_xor"):
            one, other = (self._cast(value, np.dtype(bool)).text for value in values)
            return Number(self._new(f"{name[8:]} i1 {one}, {other}"), np.dtype(bool))
        if name == "logical_not":
            return self._unary(ast.Not, values[0])
        if kind.kind != "f" or any(value.dtype != kind for value in values):
            raise Unsupported(f"np.{name} of {', '.join(str(value.dtype) for value in values)}")
        text, f = TYPES[kind.name], "f" if kind == np.float32 else ""
        if name in INTRINSICS:
            return self._called(f"llvm.{INTRINSICS[name]}.f{8 * kind.itemsize}", values)
        if name == "copysign":
            return self._called(f"llvm.copysign.f{8 * kind.itemsize}", values)
        if name in LIBRARY:
            return self._called(LIBRARY[name] + f, values)
        if name == "sign":
            return self._sign(values[0])
        if name == "isnan":
            same = values[0].text
            return Number(self._new(f"fcmp uno {text} {same}, {same}"), np.dtype(bool))
        if name in ("isfinite", "isinf"):
            size = self._absolute(values[0])
            word = "oeq" if name == "isinf" else "olt"
            infinite = _float_text(math.inf, text)
            return Number(self._new(f"fcmp {word} {text} {size.text}, {infinite}"), np.dtype(bool))
        raise Unsupported(f"np.{name}")

    def _sign(self, value: Number) -> Number:
        """1, -1 or 0; NaN stays what it is."""
        zero, result = self._cast(_known(0.0), value.dtype), value
        for operator, known in ((ast.Eq, 0.0), (ast.Lt, -1.0), (ast.Gt, 1.0)):
            is_so = self._comparison(operator, value, zero)
            result = self._choice(is_so, self._cast(_known(known), value.dtype), result)
        return result

    def _called(self, name: str, values: list[Number]) -> Number:
        dtype = values[0].dtype
        kind = TYPES[dtype.name]
        self._declare(f"declare {kind} @{name}({', '.join([kind] * len(values))})")
        passed = ", ".join(f"{kind} {value.text}" for value in values)
        return Number(self._new(f"call {kind} @{name}({passed})"), dtype)

    def _absolute(self, value: Number) -> Number:
        if value.dtype.kind == "f":
            return self._called(f"llvm.fabs.f{8 * value.dtype.itemsize}", [value])
        if value.dtype.kind in "ub":
            return value
        kind = TYPES[value.dtype.name]
        self._declare(f"declare {kind} @llvm.abs.{kind}({kind}, i1)")
        text = self._new(f"call {kind} @llvm.abs.{kind}({kind} {value.text}, i1 false)")
        return Number(text, value.dtype)

    def _binary(self, operator: type, left: Number, right: Number) -> Number:
        if left.known is not None and right.known is not None:
            folded = _folded(operator, left.known, right.known)
            if folded is not None:
                return folded
        dtype = np.promote_types(left.dtype, right.dtype)
        if operator is ast.Div and dtype.kind != "f":
            dtype = np.dtype(np.float64)
        one, other = self._cast(left, dtype).text, self._cast(right, dtype).text
        kind = TYPES[dtype.name]
        if operator is ast.Div:
            return Number(self._new(f"fdiv {self._flags}{kind} {one}, {other}"), dtype)
        floating, integral = OPERATORS.get(operator, ("", ""))
        if dtype.kind == "f":
            word = f"{floating} {self._flags.rstrip()}" if floating else ""
        elif operator is ast.RShift and dtype.kind == "u":
            word = "lshr"
        else:
            word = integral
        if not word or (dtype.kind == "b" and operator not in (ast.BitAnd, ast.BitOr, ast.BitXor)):
            raise Unsupported(f"{operator.__name__} of {dtype}")
        return Number(self._new(f"{word} {kind} {one}, {other}"), dtype)

    def _unary(self, operator: type, value: Number) -> Number:
        kind = TYPES[value.dtype.name]
        if operator is ast.Not:
            text = self._cast(value, np.dtype(bool)).text
            return Number(self._new(f"xor i1 {text}, true"), np.dtype(bool))
        if operator is ast.UAdd:
            return value
        if operator is ast.Invert:
            return Number(self._new(f"xor {kind} {value.text}, -1"), value.dtype)
        if value.known is not None:
            return _known(-value.known)._replace(dtype=value.dtype)
        if value.dtype.kind == "f":
            return Number(self._new(f"fneg {kind} {value.text}"), value.dtype)
        return Number(self._new(f"sub {kind} 0, {value.text}"), value.dtype)

    def _comparison(self, operator: type, left: Number, right: Number) -> Number:
        dtype = np.promote_types(left.dtype, right.dtype)
        one, other = self._cast(left, dtype).text, self._cast(right, dtype).text
        floating, integral = COMPARISONS[operator]
        if dtype.kind == "f":
            word = f"fcmp {floating}"
        else:
            sign = "u" if dtype.kind in "ub" else "s"
            word = f"icmp {integral if integral in ('eq', 'ne') else sign + integral}"
        return Number(self._new(f"{word} {TYPES[dtype.name]} {one}, {other}"), np.dtype(bool))

    def _choice(self, test: Number, yes: Number, no: Number) -> Number:
        dtype = np.promote_types(yes.dtype, no.dtype)
        kind = TYPES[dtype.name]
        one, other = self._cast(yes, dtype).text, self._cast(no, dtype).text
        condition = self._cast(test, np.dtype(bool)).text
        return Number(self._new(f"select i1 {condition}, {kind} {one}, {kind} {other}"), dtype)

    def _cast(self, value: Number, dtype: np.dtype[Any]) -> Number:
        if value.dtype == dtype:
            return value
        if value.known is not None and dtype.kind != "b":
            return Number(_constant_text(value.known, dtype), dtype)
        have, want = value.dtype.kind, dtype.kind
        here, there = TYPES[value.dtype.name], TYPES[dtype.name]
        if want == "b":
            word, zero = ("fcmp une", _float_text(0.0, here)) if have == "f" else ("icmp ne", "0")
            return Number(self._new(f"{word} {here} {value.text}, {zero}"), dtype)
        if have == "f" and want == "f":
            word = "fpext" if dtype.itemsize > value.dtype.itemsize else "fptrunc"
        elif have == "f":
            word = "fptosi" if want == "i" else "fptoui"
        elif want == "f":
            word = "sitofp" if have == "i" else "uitofp"
        elif have == "b" or dtype.itemsize > value.dtype.itemsize:
            word = "sext" if have == "i" else "zext"
        elif dtype.itemsize < value.dtype.itemsize:
            word = "trunc"
        else:
            return Number(value.text, dtype)
        return Number(self._new(f"{word} {here} {value.text} to {there}"), dtype)

    # ----------------------------------------------------------------------------------- memory

    def _at(self, pointer: Pointer, index: Number) -> Pointer:
        kind = "i8" if pointer.dtype.kind == "b" else TYPES[pointer.dtype.name]
        place = self._cast(index, np.dtype(np.int64)).text
        text = self._new(f"getelementptr inbounds {kind}, ptr {pointer.text}, i64 {place}")
        return pointer._replace(text=text)

    def _load(self, pointer: Pointer) -> Number:
        kind, scope = TYPES[pointer.dtype.name], self._scope(pointer.memory)
        return Number(self._new(f"load {kind}, ptr {pointer.text}{scope}"), pointer.dtype)

    def _store(self, value: Number, pointer: Pointer) -> None:
        kind, scope = TYPES[value.dtype.name], self._scope(pointer.memory)
        self._line(f"store {kind} {value.text}, ptr {pointer.text}{scope}")

    def _new(self, instruction: str) -> str:
        name = f"%t{next(self._next)}"
        self._line(f"{name} = {instruction}")
        return name

    def _label(self, stem: str) -> str:
        return f"{stem}{next(self._next)}"

    def _line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def _declare(self, text: str) -> None:
        self.declared.add(text)


# ------------------------------------------------------------------------------- known at once


def _known(value: Any) -> Number:
    dtype = np.dtype(bool if isinstance(value, bool) else type(value))
    return Number(_constant_text(value, dtype), dtype, value)


def _constant_text(value: Any, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return _float_text(float(dtype.type(value)), TYPES[dtype.name])
    if dtype.kind == "b":
        return "true" if value else "false"
    return str(int(value))


def _float_text(value: float, kind: str) -> str:
    """A float as LLVM takes it, exactly: the bits of the double that it is."""
    if kind == "float":
        value = float(np.float32(value))
    return f"0x{struct.pack('>d', value).hex().upper()}"


def _folded(operator: type, left: Any, right: Any) -> Number | None:
    if operator is ast.Pow:
        return _known(left**right)
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    both: dict[type, Callable[[], Any]] = {
        ast.Add: lambda: left + right,
        ast.Sub: lambda: left - right,
        ast.Mult: lambda: left * right,
    }
    return _known(both[operator]()) if operator in both else None


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
