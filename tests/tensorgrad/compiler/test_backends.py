"""Machine code, of both backends and for smaller processors: the same results as eagerly."""

import threading

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from random_programs import matrices, programs, run
from single_functions import SINGLE_FUNCTIONS
from training_steps import training_step

import nn
import tensorgrad as tg
from tensorgrad.compiler import native
from tensorgrad.structure import flatten

LLVM = pytest.importorskip("processors").BACKENDS

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}


def numba():
    pytest.importorskip("numba")
    return "numba"


@pytest.fixture(params=["llvm", "numba"])
def backend(request):
    return numba() if request.param == "numba" else "llvm"


@pytest.fixture(params=LLVM)
def llvm(request):
    """For each processor."""
    return LLVM[request.param]


# Each takes a tenth of a second to compile; many more are run as text.
@settings(max_examples=2, phases=[Phase.generate])
@given(steps=programs(), seed=st.integers(0, 1000))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("processor", LLVM)
def test_random_programs(processor, dtype, steps, seed):
    def f(a, b):
        return tg.value_and_grad(lambda a, b: np.sum(run(steps, a, b)), argnums=(0, 1))(a, b)

    a, b = matrices(seed, dtype)
    value, gradients = tg.compile(f, backend=LLVM[processor])(a, b)
    expected, expected_gradients = f(a, b)
    assert_close(value, expected, TOLERANCE[dtype])
    for one, other in zip(gradients, expected_gradients, strict=True):
        assert_close(one, other, TOLERANCE[dtype])


def test_single_functions(llvm):
    """All in one program; one by one they are run as text."""

    def all_of_them(x):
        return [function(x) for function in SINGLE_FUNCTIONS]

    x = np.random.default_rng(0).normal(size=(3, 4))
    results, expected = (
        flatten(f(x))[0] for f in (tg.compile(all_of_them, backend=llvm), all_of_them)
    )
    for result, one in zip(results, expected, strict=True):
        assert np.shape(result) == np.shape(one)
        assert result.dtype == np.asarray(one).dtype
        assert_close(result, one, 1e-12)


def test_the_plan_says_how_much_memory_a_call_takes():
    def f(x):
        return np.tanh(np.tanh(np.tanh(x @ x) @ x) @ x) @ x

    x = np.ones((64, 64))
    plan = tg.compile(f, backend="llvm").replay(x).plan
    assert plan.bytes_before == 6 * x.nbytes
    assert x.nbytes <= plan.bytes_after < plan.bytes_before


def test_nan_and_infinity(llvm):
    check_nan_and_infinity(
        lambda x: (
            *(np.maximum(x, 0.0), np.max(x), np.tanh(x), np.exp(x), np.log(x)),
            *(np.logaddexp(x, x), x - x, np.log1p(x), np.expm1(x), np.sqrt(x)),
            *(np.isnan(x), np.isinf(x), np.isfinite(x), x > 0, x != x, np.where(x > 0, x, 0)),
            *(-x, x * 1.0, x + x),
        ),
        llvm,
    )


def test_nan_and_infinity_by_numba():
    check_nan_and_infinity(
        lambda x: (np.max(x), np.logaddexp(x, x), x - x, x != x, -x, x * 1.0, x + x), numba()
    )


def check_nan_and_infinity(function, backend):
    """The signs of zeros are those of the last three results."""
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1e-310, 1000.0])
    with np.errstate(all="ignore"):
        results, expected = tg.compile(function, backend=backend)(x), function(x)
    for result, one in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, one, rtol=1e-12)
    for result, one in zip(results[-3:], expected[-3:], strict=True):
        np.testing.assert_array_equal(np.signbit(result[1:]), np.signbit(one[1:]))


def test_integers_and_booleans(llvm):
    def f(pairs):
        return [
            (a | b, a & b, a ^ b, a > b, a == b, np.maximum(a, b), a.astype(np.float32))
            for a, b in pairs
        ]

    pairs = [
        [np.array(values).astype(dtype) for values in ([0, 1, 100, 3], [1, 1, 3, 200])]
        for dtype in (bool, np.int8, np.uint8, np.int32, np.uint64)
    ]
    results, expected = flatten(tg.compile(f, backend=llvm)(pairs))[0], flatten(f(pairs))[0]
    for result, one in zip(results, expected, strict=True):
        assert result.dtype == one.dtype
        np.testing.assert_array_equal(result, one)


class TestScan:
    @pytest.mark.parametrize(
        ("activation", "loss"),
        [
            (nn.Tanh, "binary"),
            (nn.ReLU, "multiclass"),
            (nn.GELU, "l2"),
            (nn.Sigmoid, "multiclass"),
        ],
    )
    def test_training(self, activation, loss):
        check_training("llvm", activation, loss)

    def test_training_on_every_processor(self, llvm):
        check_training(llvm, nn.Tanh, "multiclass")

    def test_training_by_numba(self):
        check_training(numba(), nn.Tanh, "l2")

    def test_a_state_that_is_read_after_it_was_computed(self, backend):
        def step(state, x):
            a, b, n = state
            return (b * x, a[::-1] + b, n + 1), (a + b, n)

        start, xs = (np.arange(3.0), np.ones(3), np.int64(0)), np.array([2.0, 3.0, 5.0])
        (a, b, n), (sums, counts) = tg.scan(step, start, xs, backend=backend)
        state = start
        for i, x in enumerate(xs):
            state, (total, count) = step(state, x)
            np.testing.assert_array_equal(sums[i], total)
            assert counts[i] == count
        np.testing.assert_array_equal((a, b), state[:2])
        assert n == state[2] == 3


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_scans_in_threads(backend):
    step, state, batches = training_step(nn.Tanh, "l2")
    compiled = tg.compile(step, backend=backend)
    starts = [{name: array + k for name, array in state.items()} for k in range(4)]
    expected = [tg.scan(step, start, batches)[1] for start in starts]
    losses = [[] for _ in starts]

    def work(k):
        losses[k].extend(tg.scan(compiled, starts[k], batches)[1] for _ in range(20))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(starts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found, one in zip(losses, expected, strict=True):
        assert len(found) == 20
        for loss in found:
            assert_close(loss, one, 1e-5)


def check_training(backend, activation, loss):
    step, state, batches = training_step(activation, loss)
    kept = {name: array.copy() for name, array in state.items()}
    last, losses = tg.scan(step, state, batches, backend=backend)
    assert losses.dtype == np.float32
    eager = state
    for i, value in enumerate(losses):
        eager, expected = step(eager, tuple(array[i] for array in batches))
        assert_close(value, expected, 1e-5)
    for name in state:
        np.testing.assert_array_equal(state[name], kept[name])
        assert_close(last[name], eager[name], 1e-5)


class TestCalls:
    def test_threads(self, backend):
        """The first call, which makes the machine code, is at the same time as others."""
        scale = np.array([1.0])
        compiled = tg.compile(lambda x: np.tanh(x * scale) + np.exp(-x), backend=backend)
        inputs = [np.full(1000, float(k)) for k in range(4)]
        results = [[] for _ in inputs]

        def work(k):
            results[k].extend(compiled(inputs[k]) for _ in range(50))

        threads = [threading.Thread(target=work, args=(k,)) for k in range(len(inputs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for k, found in enumerate(results):
            assert len(found) == 50
            for result in found:
                np.testing.assert_allclose(result, np.tanh(k) + np.exp(-k), rtol=1e-12)

    def test_a_constant_that_changes(self, backend):
        scale = np.array([1.0, 2.0])
        compiled = tg.compile(lambda x: x * scale, backend=backend)
        np.testing.assert_array_equal(compiled(np.ones(2)), [1.0, 2.0])
        scale[0] = 5.0
        np.testing.assert_array_equal(compiled(np.ones(2)), [5.0, 2.0])

    def test_inputs_of_any_layout(self, backend):
        compiled = tg.compile(lambda x, rate: x * rate, backend=backend)
        x = np.arange(6.0).reshape(2, 3)
        read_only = x.copy()
        read_only.flags.writeable = False
        for one in (x, np.asfortranarray(x), x[::-1], read_only):
            np.testing.assert_array_equal(compiled(one, 2.0), one * 2)

    def test_an_index_out_of_bounds(self, backend):
        compiled = tg.compile(lambda x, i: x[i], backend=backend)
        x = np.arange(3.0)
        np.testing.assert_array_equal(compiled(x, np.array([0, -1])), [0.0, 2.0])
        with pytest.raises(IndexError, match=r"getitem of .*index 3 is out of bounds"):
            compiled(x, np.array([0, 3]))


@pytest.mark.parametrize("array", [np.zeros((2, 3))[1:, ::2], np.zeros(()), np.zeros(0, bool)])
def test_where_the_elements_of_an_array_are(array):
    assert native.address_of(array) == native.address_by_interface(array)


def assert_close(result, expected, tolerance):
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)
