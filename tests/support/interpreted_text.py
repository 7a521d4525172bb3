"""Generated text, run by Python: as many programs as one likes, at once, without compiling them."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from tensorgrad.compiler.composing import composed
from tensorgrad.compiler.machine import AVX2
from tensorgrad.compiler.program import Program
from tensorgrad.compiler.program_source import program_source


def as_text(program: Program) -> Callable[..., tuple[Any, ...]]:
    """A backend: the text is run by Python, and nothing in it is left to Numba."""
    if find_spec("llvmlite"):
        from tensorgrad.compiler.llvm_text import translate

        translate(program_source(composed(program), machine=AVX2), AVX2)

    def run(*inputs: Any) -> tuple[Any, ...]:
        outputs = call_interpreted(program, *inputs)
        return tuple(array if array.ndim else array[()] for array in outputs)

    return run


def call_interpreted(program: Any, *inputs: Any, machine: Any = AVX2) -> tuple:
    """The outputs of a program, by its text."""
    program = composed(program)
    source = program_source(program, machine=machine)
    memory = [np.full(size, 77, name) for name, size in source.memory.items()]
    memory += [np.full(size, 77, name) for name, size in source.scratch.items()]
    given = [
        np.array(x, program.kinds[n].dtype) for x, n in zip(inputs, program.inputs, strict=True)
    ]
    constants = [program.constants[n] for n in source.constants]
    outputs = [np.empty(program.kinds[n].shape, program.kinds[n].dtype) for n in program.outputs]
    with np.errstate(all="ignore"):
        interpreted(source.text)["run"](*memory, *given, *constants, *outputs)
    return tuple(outputs)


def interpreted(text: str) -> dict[str, Any]:
    """The functions of a text."""
    scope: dict[str, Any] = {"KERNELS": _KERNELS}
    head, _, rest = text.partition("from tensorgrad.compiler.numba_kernels import (")
    imported, _, rest = rest.partition(")")
    names = [name.strip() for name in imported.split(",") if name.strip()]
    taken = "\n".join(f"{name} = KERNELS[{name!r}]" for name in names)
    text = head.replace("from numba import njit", "njit = lambda **_: lambda f: f")
    exec(text + taken + rest, scope)
    return scope


def _value(array: Any, offset: int, number: int) -> Any:
    return _at(array, offset)


def _at(array: Any, offset: int) -> Any:
    return array.reshape(-1)[offset:]


def _matrix(vector: Any, rows: int, row: int, columns: int, column: int) -> Any:
    reach = 1 + (rows - 1) * row + (columns - 1) * column
    assert min(rows, columns) == 0 or len(vector) >= reach, "a kernel reads past the end"
    size = vector.itemsize
    return np.lib.stride_tricks.as_strided(vector, (rows, columns), (row * size, column * size))


def _multiply(
    a, a_row, a_term, b, b_term, b_column, out, out_row, base, base_row, rows, terms, columns,
    alpha, beta, scratch,
):  # fmt: skip
    product = alpha * (
        _matrix(a, rows, a_row, terms, a_term) @ _matrix(b, terms, b_term, columns, b_column)
    )
    if beta != 0:
        product = product + beta * _matrix(base, rows, base_row, columns, 1)
    _matrix(out, rows, out_row, columns, 1)[:] = product


def _tile(
    rows, vectors, lanes, a, a_row, a_term, b, b_term, out, out_row, base, base_row, terms, last,
    alpha, beta,
):  # fmt: skip
    assert 0 < last <= lanes
    columns = (vectors - 1) * lanes + last
    _multiply(
        a, a_row, a_term, b, b_term, 1, out, out_row, base, base_row, rows, terms, columns,
        alpha, beta, None,
    )  # fmt: skip


def _transpose(source, source_row, rows, columns, out, out_row):
    _matrix(out, columns, out_row, rows, 1)[:] = _matrix(source, rows, source_row, columns, 1).T


def _share(count, grain, thread, threads):
    grains = -(-count // grain)
    low, high = (grains * i // threads * grain for i in (thread, thread + 1))
    return min(low, count), min(high, count)


_KERNELS = {
    "at": _at,
    "value": _value,
    "tile": _tile,
    "transpose": _transpose,
    "multiply": _multiply,
    "share": _share,
    "wait": lambda arrivals, expected: None,
    "wide_vectors": lambda: None,
}
