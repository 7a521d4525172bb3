"""Products of matrices in machine code: of every size and layout, with what they take in."""

import ctypes
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interpreted_text import call_interpreted

import tensorgrad as tg
from tensorgrad.compiler import record
from tensorgrad.compiler.accumulation import accumulate
from tensorgrad.compiler.lowering import lower
from tensorgrad.compiler.machine import AVX2, AVX512, NEON
from tensorgrad.compiler.passes import optimized

processors = pytest.importorskip("processors")
BACKENDS, SMALLER = processors.BACKENDS, processors.smaller_processors()

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}
SIZES = [(1, 1, 1), (1, 7, 3), (5, 1, 2), (8, 8, 16), (3, 300, 5), (33, 40, 49), (130, 257, 101)]


def normal(*shape, dtype=np.float64):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def update(w, b, x, y):
    """What a layer does: a product plus a bias, and weights minus a product."""
    return x @ w + b, w - 0.1 * (x.T @ y), b - np.sum(y, axis=0) * 0.5, y @ w.T


def update_arguments(rows, terms, columns, dtype=np.float64):
    shapes = ((terms, columns), (columns,), (rows, terms), (rows, columns))
    return [normal(*shape, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("sizes", "processor"),
    [*((sizes, "this") for sizes in SIZES), *itertools.product(SIZES[-3::2], SMALLER)],
)
def test_machine_code(sizes, processor, dtype):
    arguments = update_arguments(*sizes, dtype=dtype)
    results = tg.compile(update, backend=BACKENDS[processor])(*arguments)
    for result, expected in zip(results, update(*arguments), strict=True):
        assert result.dtype == dtype
        scale = np.sqrt(max(sizes))
        np.testing.assert_allclose(result, expected, rtol=0, atol=10 * scale * TOLERANCE[dtype])


@pytest.mark.parametrize("machine", [AVX2, AVX512, NEON])
@given(sizes=st.tuples(*[st.integers(1, 40)] * 3))
def test_text(machine, sizes):
    arguments = update_arguments(*sizes)
    program = optimized(record(update, *arguments).program)
    results = call_interpreted(program, *arguments, machine=machine)
    for result, expected in zip(results, update(*arguments), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


def test_what_a_product_takes_in():
    arguments = update_arguments(8, 5, 4)
    operations = accumulate(lower(record(update, *arguments).program)).operations
    assert [operation.what for operation in operations] == ["product"] * 4
    assert sorted(operation.factors for operation in operations) == [
        (-0.5, 1.0),
        (-0.1, 1.0),
        (1.0, 0.0),
        (1.0, 1.0),
    ]


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: (x @ w, x @ w + 1.0),  # read twice
        lambda x, w: (x @ w) * x,
        lambda x, w: np.tanh(x @ w) + x,
        lambda x, w: (x @ w)[::-1] + x,
        lambda x, w: x.T + x @ w,
        lambda x, w: x @ w + (x @ w) * 2.0,
        lambda x, w: (lambda p: (p + p, p - p, p + p.T))(x @ w),
        lambda x, w: (lambda p: p + p)(x @ w),
        lambda x, w: (lambda p: p - p)(x @ w),
        lambda x, w: x[0, 0] + x @ w,
        lambda x, w: w[0] @ x + w[1],
        lambda x, w: x @ w[0] - w[1],
        lambda x, w: 2.0 - (x @ w + x) * 3.0,
        lambda x, w: (x[:0] @ w, x[:, :0] @ w[:0]),
    ],
)
def test_other_sums(function):
    x, w = normal(3, 3), normal(3, 3) + 1
    results = call_interpreted(optimized(record(function, x, w).program), x, w)
    expected = function(x, w)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for result, one in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, one, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["llvm", "numba"])
def test_a_product_added_to_itself(backend):
    x = normal(3, 3)
    doubled = tg.compile(lambda x: (lambda p: p + p)(x @ x), backend=backend)
    np.testing.assert_allclose(doubled(x), 2 * (x @ x), rtol=1e-12)


def test_weights_that_a_later_product_reads():
    """The update is written over the weights only after their last reader."""

    def step(w, x):
        new = w - 0.1 * (x.T @ x)
        return new, (w @ x.T, new @ w)

    w, xs = normal(6, 6), normal(3, 4, 6)
    last, outputs = tg.scan(step, w, xs, backend="llvm")
    state = w
    for i, x in enumerate(xs):
        state, expected = step(state, x)
        for output, one in zip(outputs, expected, strict=True):
            np.testing.assert_allclose(output[i], one, rtol=1e-12)
    np.testing.assert_allclose(last, state, rtol=1e-12)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("processor", processors.PROCESSORS.values(), ids=processors.PROCESSORS)
def test_every_layout_of_the_function_for_all_sizes(processor, bits):
    from tensorgrad.compiler.machine import TERMS
    from tensorgrad.compiler.machine_code import load_product, product_address

    load_product(bits, processor)
    dtype, number = np.dtype(f"f{bits // 8}"), [ctypes.c_float, ctypes.c_double][bits == 64]
    p, i = ctypes.c_void_p, ctypes.c_int64
    kind = ctypes.CFUNCTYPE(None, p, i, i, p, i, i, p, i, p, i, i, i, i, number, number, p)
    function = kind(product_address(bits, processor))
    rng = np.random.default_rng(0)
    scratch = np.empty(TERMS * (48 + 200), dtype)
    for trial in range(40):
        rows, terms, columns = (int(size) for size in rng.integers(1, [200, 3 * TERMS, 150]))
        left, right = rng.normal(size=(rows, terms)), rng.normal(size=(terms, columns))
        left, right = left.astype(dtype), right.astype(dtype)
        base = rng.normal(size=(rows, columns)).astype(dtype)
        a = np.asfortranarray(left) if trial & 1 else left
        b = np.asfortranarray(right) if trial & 2 else right
        beta = 0.0 if trial & 4 else 2.0
        out = np.full((rows, columns), np.nan, dtype)
        strides = [s // dtype.itemsize for s in (*a.strides, *b.strides)]
        function(
            a.ctypes.data, *strides[:2], b.ctypes.data, *strides[2:], out.ctypes.data, columns,
            base.ctypes.data, columns, rows, terms, columns, 0.5, beta, scratch.ctypes.data,
        )  # fmt: skip
        expected = 0.5 * (left.astype(float) @ right) + beta * base
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-3 if bits == 32 else 1e-11)
