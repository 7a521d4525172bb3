"""Generated Python, which is a small language, as text for LLVM.

What :mod:`tensorgrad.compiler.llvm_source` writes has loops of known length, single elements,
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
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

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


class Array(NamedTuple):
    """Elements in memory, row by row; a transposed one lies there column by column."""

    pointer: str
    dtype: np.dtype[Any]
    shape: tuple[Any, ...]
    transposed: bool = False


class Argument(NamedTuple):
    """What a function is given: an array of a shape, or a number, whose shape is None.

    The length of an axis may be the text ``"steps"``.
    """

    dtype: np.dtype[Any]
    shape: tuple[Any, ...] | None


class Slot(NamedTuple):
    """Memory that a function needs: for something it returns, or for what it computes between."""

    dtype: np.dtype[Any]
    shape: tuple[Any, ...]
    is_result: bool


class Translated(NamedTuple):
    """The text of a function ``i32 name(ptr table, i64 steps)``.

    The table holds pointers to the arguments, then to the slots. Results that are numbers have
    slots of no axes.
    """

    text: str
    slots: tuple[Slot, ...]
    results: tuple[int, ...]
    """Which slots the function returns, in order."""


def translate(source: str, function: str, arguments: Sequence[Argument], name: str) -> Translated:
    r"""The text of a generated function for LLVM.

    Parameters
    ----------
    source : str
        The generated module.
    function : str
        Which of its functions.
    arguments : sequence of Argument
        What it is called with, but for ``steps``.
    name : str
        What it is to be called.

    Raises
    ------
    Unsupported
        At something that generated code does not contain, or that has no text here.

    Examples
    --------
    >>> source = "def run(v0):\n    v1 = v0[0] + v0[2]\n    return (v1,)\n"
    >>> vector = Argument(np.dtype(np.float64), (3,))
    >>> translate(source, "run", [vector], "example").results
    (0,)
    """
    module = ast.parse(source)
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    reordered = {
        key
        for key, node in functions.items()
        if any(isinstance(d, ast.Name) and d.id == "reordered" for d in node.decorator_list)
    }
    return _Translation(functions, reordered, name).function(functions[function], arguments)


class _Translation:
    def __init__(
        self, functions: dict[str, ast.FunctionDef], reordered: set[str], name: str
    ) -> None:
        self.functions = functions
        self.reordered = reordered
        self.name = name
        self.lines: list[str] = []
        self.variables: list[str] = []
        self.declared: set[str] = set()
        self.slots: list[Slot] = []
        self.names: dict[str, Any] = {}
        self._places: dict[str, tuple[str, np.dtype[Any]]] = {}
        self._flags = "contract "
        self._next = count()
        self._inlined = 0

    # ----------------------------------------------------------------------------- the function

    def function(self, node: ast.FunctionDef, arguments: Sequence[Argument]) -> Translated:
        names = [arg.arg for arg in node.args.args]
        if "steps" in names:
            names.remove("steps")
            self.names["steps"] = Number("%steps", np.dtype(np.int64))
        for i, (arg, given) in enumerate(zip(names, arguments, strict=True)):
            pointer = f"%arg{i}"
            if given.shape is None:
                self._assign(arg, self._load(given.dtype, pointer))
            else:
                self._assign(arg, Array(pointer, given.dtype, given.shape))
        *body, last = node.body
        for statement in body:
            self._statement(statement)
        if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Tuple):
            raise Unsupported("a function that does not end with a tuple of its results")
        results = tuple(self._result(item) for item in last.value.elts)
        return Translated(self._text(len(arguments)), tuple(self.slots), results)

    def _result(self, node: ast.expr) -> int:
        value = self._value(node)
        if isinstance(value, Number):
            array = self._slot(value.dtype, ())
            self._store(value, array.pointer)
        else:
            array = value
        place = array.pointer.removeprefix("%slot")
        if not place.isdigit() or array.shape != self.slots[int(place)].shape:
            raise Unsupported("a result that is a part of something else")
        slot = self.slots[int(place)]
        if slot.is_result:
            raise Unsupported("a result that is returned twice")
        self.slots[int(place)] = slot._replace(is_result=True)
        return int(place)

    def _text(self, arguments: int) -> str:
        pointers = [f"%arg{i}" for i in range(arguments)]
        pointers += [f"%slot{i}" for i in range(len(self.slots))]
        parameters = ", ".join(f"ptr noalias {name}" for name in pointers)
        loads = []
        for i, pointer in enumerate(pointers):
            loads.append(f"  %place{i} = getelementptr inbounds ptr, ptr %table, i64 {i}")
            loads.append(f"  {pointer} = load ptr, ptr %place{i}")
        passed = ", ".join(f"ptr {name}" for name in pointers)
        separator = ", " if pointers else ""
        return "\n".join(
            [
                *sorted(self.declared),
                f"define i32 @{self.name}(ptr %table, i64 %steps) nounwind {{",
                *loads,
                f"  %code = call i32 @{self.name}.inner({passed}{separator}i64 %steps)",
                "  ret i32 %code",
                "}",
                f"define internal i32 @{self.name}.inner({parameters}{separator}i64 %steps)",
                "noinline nounwind {",
                "entry:",
                *self.variables,
                "  br label %begin",
                "begin:",
                *self.lines,
                "  ret i32 0",
                "failed:",
                f"  ret i32 {FAILED}",
                "}",
                "",
            ]
        )

    # ------------------------------------------------------------------------------- statements

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                self._assign(name, self._value(node.value))
            case ast.Assign(targets=[ast.Subscript() as target]):
                self._assign_elements(target, self._value(node.value))
            case ast.AugAssign(target=ast.Subscript() as target):
                pointer, dtype = self._element(target)
                old = self._load(dtype, pointer)
                new = self._binary(type(node.op), old, self._number(node.value))
                self._store(self._cast(new, dtype), pointer)
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=[length]),
                orelse=[],
            ):
                self._loop(name, self._number(length), node.body)
            case ast.If(test=test, body=[ast.Raise()], orelse=[]):
                ok = self._label("ok")
                condition = self._number(test)
                self._line(f"br i1 {condition.text}, label %failed, label %{ok}")
                self.lines.append(f"{ok}:")
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="dot"), args=[a, b, out])):
                left, right, result = (self._array(arg) for arg in (a, b, out))
                self._product(left, right, result)
            case _:
                raise Unsupported(f"the statement {ast.unparse(node)}")

    def _assign(self, name: str, value: Any) -> None:
        if isinstance(value, Array) or self._inlined:
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

    def _assign_elements(self, target: ast.Subscript, value: Any) -> None:
        if isinstance(target.slice, ast.Slice):
            array = self._array(target)
            if isinstance(value, Array):
                self._copy(value, array)
                return
            size = math.prod(array.shape)
            value = self._cast(value, array.dtype)
            self._counted(size, lambda i: self._store(value, self._at(array, i)))
            return
        if isinstance(value, Array):
            row = self._value(target)
            self._copy(value, row)
            return
        pointer, dtype = self._element(target)
        self._store(self._cast(value, dtype), pointer)

    def _loop(self, name: str, length: Number, body: list[ast.stmt]) -> None:
        def turn(index: Number) -> None:
            self.names[name] = index
            for statement in body:
                self._statement(statement)

        self._counted(length, turn)

    def _counted(self, length: int | Number, turn: Callable[[Number], None]) -> None:
        if isinstance(length, int):
            length = _known(length)
        place = f"%index{next(self._next)}"
        self.variables.append(f"  {place} = alloca i64")
        head, inside, after = (self._label(part) for part in ("head", "body", "after"))
        self._line(f"store i64 0, ptr {place}")
        self._line(f"br label %{head}")
        self.lines.append(f"{head}:")
        index = self._new(f"load i64, ptr {place}")
        more = self._new(f"icmp slt i64 {index}, {length.text}")
        self._line(f"br i1 {more}, label %{inside}, label %{after}")
        self.lines.append(f"{inside}:")
        turn(Number(index, np.dtype(np.int64)))
        following = self._new(f"add nsw i64 {index}, 1")
        self._line(f"store i64 {following}, ptr {place}")
        self._line(f"br label %{head}")
        self.lines.append(f"{after}:")

    def _copy(self, source: Array, target: Array) -> None:
        if source.dtype != target.dtype or source.transposed or target.transposed:
            raise Unsupported("a copy of another layout")
        size = math.prod(source.shape) * source.dtype.itemsize
        self._declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        self._line(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {target.pointer}, ptr {source.pointer}, "
            f"i64 {size}, i1 false)"
        )

    def _product(self, left: Array, right: Array, result: Array) -> None:
        """A call of BLAS, to whose columns our rows are columns: it computes the transpose."""
        letter = {"float32": "s", "float64": "d"}[result.dtype.name]
        kind = TYPES[result.dtype.name]
        (m, k), n = left.shape, right.shape[1]
        if result.shape != (m, n) or right.shape[0] != k or result.transposed:
            raise Unsupported("a product of these shapes")
        self._declare(
            f"declare void @tensorgrad_{letter}gemm("
            "ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr)"
        )
        flags = [self._constant("i8", ord("t" if a.transposed else "n")) for a in (right, left)]
        sizes = [self._constant("i32", length) for length in (n, m, k)]
        steps = [
            self._constant("i32", max(1, array.shape[0] if array.transposed else array.shape[1]))
            for array in (right, left, result)
        ]
        one, zero = (self._constant(kind, _float_text(x, kind)) for x in (1.0, 0.0))
        pointers = [
            *(*flags, *sizes, one, right.pointer, steps[0], left.pointer, steps[1]),
            *(zero, result.pointer, steps[2]),
        ]
        passed = ", ".join(f"ptr {pointer}" for pointer in pointers)
        self._line(f"call void @tensorgrad_{letter}gemm({passed})")

    def _constant(self, kind: str, value: Any) -> str:
        text = str(value)
        name = f"@{self.name}.{kind}.{text}".replace("-", "m")
        self._declare(f"{name} = private constant {kind} {text}")
        return name

    # ------------------------------------------------------------------------------ expressions

    def _number(self, node: ast.expr) -> Number:
        value = self._value(node)
        if not isinstance(value, Number):
            raise Unsupported(f"{ast.unparse(node)} where a number is needed")
        return value

    def _array(self, node: ast.expr) -> Array:
        value = self._value(node)
        if not isinstance(value, Array):
            raise Unsupported(f"{ast.unparse(node)} where an array is needed")
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
                return self._subscript(node)
            case ast.Attribute(value=ast.Name(id="np"), attr="inf" | "nan" as name):
                return _known(getattr(np, name))
            case ast.Attribute(attr="T"):
                array = self._array(node.value)
                return array._replace(shape=array.shape[::-1], transposed=not array.transposed)
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

    def _subscript(self, node: ast.Subscript) -> Any:
        array = self._array(node.value)
        if isinstance(node.slice, ast.Slice):
            if node.slice.lower is None and node.slice.upper is None:
                return array
            lower, upper = (_integer(end) for end in (node.slice.lower, node.slice.upper))
            pointer = self._at(array, _known(lower))
            return Array(pointer, array.dtype, (upper - lower,))
        if len(array.shape) == 1:
            pointer, dtype = self._element(node)
            return self._load(dtype, pointer)
        index = self._number(node.slice)
        row = array.shape[1:]
        start = self._new(f"mul nsw i64 {index.text}, {math.prod(row)}")
        return Array(self._at(array, Number(start, np.dtype(np.int64))), array.dtype, row)

    def _element(self, node: ast.Subscript) -> tuple[str, np.dtype[Any]]:
        array = self._array(node.value)
        if len(array.shape) != 1:
            raise Unsupported(f"the element {ast.unparse(node)}")
        return self._at(array, self._number(node.slice)), array.dtype

    def _call(self, node: ast.Call) -> Any:
        match node.func:
            case ast.Name(id="abs"):
                return self._absolute(self._number(node.args[0]))
            case ast.Name(id=name) if name in self.functions:
                return self._inline(name, [self._number(arg) for arg in node.args])
            case ast.Attribute(value=ast.Name(id="np"), attr="empty"):
                shape, kind = node.args
                return self._slot(_dtype(kind), _shape(shape))
            case ast.Attribute(value=ast.Name(id="np" | "math"), attr=name):
                return self._numpy(name, [self._number(arg) for arg in node.args])
            case ast.Attribute(attr="view"):
                number, dtype = self._number(node.func.value), _dtype(node.args[0])
                here, there = TYPES[number.dtype.name], TYPES[dtype.name]
                return Number(self._new(f"bitcast {here} {number.text} to {there}"), dtype)
            case ast.Attribute(attr="copy"):
                array = self._array(node.func.value)
                slot = self._slot(array.dtype, array.shape)
                self._copy(array, slot)
                return slot
            case ast.Attribute(attr="reshape"):
                return _reshaped(self._array(node.func.value), _shape(node.args[0]))
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

    def _slot(self, dtype: np.dtype[Any], shape: tuple[Any, ...]) -> Array:
        self.slots.append(Slot(dtype, shape, is_result=False))
        return Array(f"%slot{len(self.slots) - 1}", dtype, shape)

    def _at(self, array: Array, index: Number) -> str:
        kind = "i8" if array.dtype.kind == "b" else TYPES[array.dtype.name]
        place = self._cast(index, np.dtype(np.int64)).text
        return self._new(f"getelementptr inbounds {kind}, ptr {array.pointer}, i64 {place}")

    def _load(self, dtype: np.dtype[Any], pointer: str) -> Number:
        if dtype.kind != "b":
            return Number(self._new(f"load {TYPES[dtype.name]}, ptr {pointer}"), dtype)
        byte = self._new(f"load i8, ptr {pointer}")
        return Number(self._new(f"icmp ne i8 {byte}, 0"), dtype)

    def _store(self, value: Number, pointer: str) -> None:
        kind, text = TYPES[value.dtype.name], value.text
        if value.dtype.kind == "b":
            kind, text = "i8", self._new(f"zext i1 {text} to i8")
        self._line(f"store {kind} {text}, ptr {pointer}")

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


def _shape(node: ast.expr) -> tuple[Any, ...]:
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return tuple(item.id if isinstance(item, ast.Name) else _integer(item) for item in items)


def _reshaped(array: Array, shape: tuple[Any, ...]) -> Array:
    if array.transposed:
        raise Unsupported("reshaping a transposed array")
    size = math.prod(array.shape)
    if -1 in shape:
        rest = -math.prod(shape)
        shape = tuple(size // rest if length == -1 else length for length in shape)
    if math.prod(shape) != size:
        raise Unsupported(f"reshaping {array.shape} to {shape}")
    return Array(array.pointer, array.dtype, shape)
