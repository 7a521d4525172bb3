"""What generated code calls, for Numba: pointers, tiles of products, waiting for other threads."""

from __future__ import annotations

from operator import getitem, setitem
from typing import Any

from numba import njit, types
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

from tensorgrad.compiler.machine import this_machine
from tensorgrad.compiler.product_code import product_name, product_type
from tensorgrad.compiler.vector_code import Tile, Vectors, declared, wait_for_threads

MACHINE = this_machine()
INDEX = types.intp
lower: Any = lower_builtin
infer_type: Any = infer_global


# ---------------------------------------------------------------- for use in the generated code


@intrinsic
def at(context: Any, memory: Any, offset: Any) -> Any:
    """A pointer to an element of an array in C order, or of what a pointer points at."""
    is_array = isinstance(memory, types.Array)
    pointer = types.CPointer(_in_memory(memory.dtype)) if is_array else memory

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, offset = arguments
        if is_array:
            memory = context.make_array(signature.args[0])(context, builder, memory).data
        return builder.gep(memory, [offset])

    return pointer(memory, INDEX), generate


class Memory(types.Type):
    """A pointer to memory of which it is known what it does not overlap.

    Parameters
    ----------
    dtype : numba type
    number : int
        Memory with another number is other memory.
    """

    def __init__(self, dtype: Any, number: int) -> None:
        self.dtype = dtype
        self.number = number
        super().__init__(name=f"Memory({dtype}, {number})")


@register_model(Memory)
class _MemoryModel(models.PrimitiveModel):
    def __init__(self, manager: Any, memory: Any) -> None:
        super().__init__(manager, memory, manager.lookup(memory.dtype).get_data_type().as_pointer())


@intrinsic(prefer_literal=True)
def value(context: Any, array: Any, offset: Any, number: Any) -> Any:
    """A pointer like :func:`at`, into memory of this number, a constant.

    LLVM is told that reading and writing memory of different numbers have nothing to do with each
    other. It would have to find that out, and does not vectorise a loop where it cannot.
    """
    if not isinstance(number, types.IntegerLiteral):
        return None
    memory = Memory(_in_memory(array.dtype), number.literal_value)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.gep(data, [arguments[1]])

    return memory(array, INDEX, number), generate


@infer_type(getitem)
class _MemoryRead(AbstractTemplate):
    def generic(self, arguments: Any, keywords: Any) -> Any:
        memory, index = arguments
        if isinstance(memory, Memory) and isinstance(index, types.Integer):
            return memory.dtype(memory, INDEX)
        return None


@infer_type(setitem)
class _MemoryWrite(AbstractTemplate):
    def generic(self, arguments: Any, keywords: Any) -> Any:
        memory, index, _ = arguments
        if isinstance(memory, Memory) and isinstance(index, types.Integer):
            return types.void(memory, INDEX, memory.dtype)
        return None


@lower(getitem, Memory, types.intp)
def _read(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    element = builder.load(builder.gep(arguments[0], [arguments[1]]))
    _tell_apart(builder.module, element, signature.args[0].number)
    return element


@lower(setitem, Memory, types.intp, types.Any)
def _write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    store = builder.store(arguments[2], builder.gep(arguments[0], [arguments[1]]))
    _tell_apart(builder.module, store, signature.args[0].number)
    return context.get_dummy_value()


MOST_MEMORIES = 96
"""Numbers from here on are not told apart, since each costs a line in all the others' lists."""


def _tell_apart(module: Any, instruction: Any, number: int) -> None:
    """Say which memory an instruction uses, and which it does not (LLVM's alias scopes)."""
    if number >= MOST_MEMORIES:
        return
    domain = module.add_metadata(["tensorgrad"])
    scopes = [module.add_metadata([f"memory {i}", domain]) for i in range(MOST_MEMORIES)]
    instruction.set_metadata("alias.scope", module.add_metadata([scopes[number]]))
    others = scopes[:number] + scopes[number + 1 :]
    instruction.set_metadata("noalias", module.add_metadata(others))


def _in_memory(dtype: Any) -> Any:
    """Numba cannot store truth values through pointers: they are bytes here."""
    return types.uint8 if dtype == types.boolean else dtype


@intrinsic
def wide_vectors(context: Any) -> Any:
    """Let LLVM use vectors of the machine's full width in the function that calls this.

    It prefers half of it by default where the full width once cost clock rate.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        width = f'"prefer-vector-width"="{8 * MACHINE.vector_bytes}"'
        set.add(builder.function.attributes, width)  # llvmlite knows attributes without values
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic(prefer_literal=True)
def tile(
    context: Any, rows: Any, vectors: Any, lanes: Any, a: Any, a_row: Any, a_term: Any, b: Any,
    b_term: Any, out: Any, out_row: Any, base: Any, base_row: Any, terms: Any, last: Any,
    alpha: Any, beta: Any,
) -> Any:  # fmt: skip
    """A tile of a product: ``rows`` by ``vectors`` of ``lanes``, all constants.

    ``last`` lanes of the last vector in each row belong to the product.
    ``a_row`` and ``a_term`` are the left operand's strides, from row to row and from term to term
    of the sums. The right operand's rows, the result's and the base's are contiguous.
    """
    if not all(isinstance(size, types.IntegerLiteral) for size in (rows, vectors, lanes)):
        return None
    sizes = [size.literal_value for size in (lanes, rows, vectors)]
    number = a.dtype
    strides = (a, INDEX, INDEX, b, INDEX, out, INDEX, base, INDEX, INDEX, INDEX)
    signature = types.void(rows, vectors, lanes, *strides, number, number)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        Tile(builder, MACHINE, number.bitwidth, *sizes).generate(*arguments[3:])
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def transpose(
    context: Any, source: Any, source_row: Any, rows: Any, columns: Any, out: Any, out_row: Any
) -> Any:
    """Transpose a block of at most as many rows and columns as a vector has lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = signature.args[0].dtype.bitwidth
        Vectors(builder, MACHINE, bits).transpose(*arguments)
        return context.get_dummy_value()

    return types.void(source, INDEX, INDEX, INDEX, out, INDEX), generate


@intrinsic
def multiply(
    context: Any, a: Any, a_row: Any, a_term: Any, b: Any, b_term: Any, b_column: Any, out: Any,
    out_row: Any, base: Any, base_row: Any, rows: Any, terms: Any, columns: Any, alpha: Any,
    beta: Any, scratch: Any,
) -> Any:  # fmt: skip
    """A product of any size; see :mod:`tensorgrad.compiler.product_code`."""
    strides = (a, INDEX, INDEX, b, INDEX, INDEX, out, INDEX, base, INDEX, INDEX, INDEX, INDEX)
    signature = types.void(*strides, a.dtype, a.dtype, scratch)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = signature.args[0].dtype.bitwidth
        builder.call(declared(builder.module, product_type(bits), product_name(bits)), arguments)
        return context.get_dummy_value()

    return signature, generate


# -------------------------------------------------------------------------------- two threads


@njit
def share(count: int, grain: int, thread: int, threads: int) -> tuple[int, int]:
    """Which part of a range is this thread's: from where to where, in multiples of ``grain``."""
    grains = (count + grain - 1) // grain
    low = grains * thread // threads * grain
    high = grains * (thread + 1) // threads * grain
    return min(low, count), min(high, count)


@intrinsic
def wait(context: Any, arrivals: Any, expected: Any) -> Any:
    """Wait until all threads are here: the count of arrivals is then what is expected."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wait_for_threads(builder, MACHINE, *arguments)
        return context.get_dummy_value()

    return types.void(arrivals, INDEX), generate
