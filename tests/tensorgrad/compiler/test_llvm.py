"""The llvm backend: the same results as eagerly, and what is left to Numba."""

import threading

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from random_programs import matrices, programs, run
from single_functions import SINGLE_FUNCTIONS
from training_steps import ACTIVATIONS, LOSSES, training_step

import tensorgrad as tg
from tensorgrad.compiler import record
from tensorgrad.compiler.llvm_text import translate
from tensorgrad.compiler.machine import AVX2
from tensorgrad.compiler.program_source import program_source
from tensorgrad.compiler.scalar_code import Unsupported

pytest.importorskip("llvmlite")
pytest.importorskip("scipy")

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-4}


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


class TestSameMeaning:
    @settings(max_examples=6, phases=[Phase.generate])  # each takes a tenth of a second to compile
    @given(steps=programs(), seed=st.integers(0, 1000))
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_values_and_gradients_of_random_programs(self, dtype, steps, seed):
        def f(a, b):
            return tg.value_and_grad(lambda a, b: np.sum(run(steps, a, b)), argnums=(0, 1))(a, b)

        a, b = matrices(seed, dtype)
        value, gradients = tg.compile(f, backend="llvm")(a, b)
        expected, expected_gradients = f(a, b)
        assert_close(value, expected, TOLERANCE[dtype])
        for one, other in zip(gradients, expected_gradients, strict=True):
            assert_close(one, other, TOLERANCE[dtype])

    @pytest.mark.parametrize("function", SINGLE_FUNCTIONS)
    def test_single_functions(self, function):
        x = np.random.default_rng(0).normal(size=(3, 4))
        results = tg.compile(function, backend="llvm")(x)
        expected = function(x)
        if not isinstance(expected, tuple):
            results, expected = (results,), (expected,)
        for result, one in zip(results, expected, strict=True):
            assert np.shape(result) == np.shape(one)
            assert result.dtype == np.asarray(one).dtype
            assert_close(result, one, 1e-12)

    def test_nan_and_infinity(self):
        compiled = tg.compile(
            lambda x: (
                *(np.maximum(x, 0.0), np.max(x), np.tanh(x), np.exp(x), np.log(x)),
                *(np.logaddexp(x, x), x - x, np.log1p(x), np.expm1(x), np.sqrt(x)),
                *(np.isnan(x), np.isinf(x), np.isfinite(x), x > 0, x != x, np.where(x > 0, x, 0)),
            ),
            backend="llvm",
        )
        x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1e-310, 1000.0])
        with np.errstate(all="ignore"):
            for result, expected in zip(compiled(x), compiled.function(x), strict=True):
                np.testing.assert_allclose(result, expected, rtol=1e-12)
            negative_zero = tg.compile(lambda x: (-x, x * 1.0, x + x), backend="llvm")
            for result in negative_zero(np.array([0.0, -0.0])):
                np.testing.assert_array_equal(np.signbit(result).sum(), 1)

    @pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int32, np.uint64])
    def test_integers_and_booleans(self, dtype):
        def f(a, b):
            return a | b, a & b, a ^ b, a > b, a == b, np.maximum(a, b), a.astype(np.float32)

        a, b = (np.array(values).astype(dtype) for values in ([0, 1, 100, 3], [1, 1, 3, 200]))
        for result, expected in zip(tg.compile(f, backend="llvm")(a, b), f(a, b), strict=True):
            assert result.dtype == expected.dtype
            np.testing.assert_array_equal(result, expected)

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_a_scan(self, activation, loss):
        step, state, batches = training_step(activation, loss)
        kept = {name: array.copy() for name, array in state.items()}
        last, losses = tg.scan(step, state, batches, backend="llvm")
        replayed, expected = tg.scan(step, state, batches)
        assert_close(losses, expected, 1e-5)
        assert losses.dtype == np.float32
        for name in state:
            np.testing.assert_array_equal(state[name], kept[name])
            assert_close(last[name], replayed[name], 1e-5)

    def test_a_state_that_is_read_after_it_was_computed(self):
        def step(state, x):
            a, b, n = state
            return (b * x, a[::-1] + b, n + 1), (a + b, n)

        start, xs = (np.arange(3.0), np.ones(3), np.int64(0)), np.array([2.0, 3.0, 5.0])
        (a, b, n), (sums, counts) = tg.scan(step, start, xs, backend="llvm")
        state = start
        for i, x in enumerate(xs):
            state, (total, count) = step(state, x)
            np.testing.assert_array_equal(sums[i], total)
            assert counts[i] == count
        np.testing.assert_array_equal((a, b), state[:2])
        assert n == state[2] == 3


class TestCompiled:
    def test_threads_and_constants(self):
        scale = np.array([1.0])
        compiled = tg.compile(lambda x: np.tanh(x * scale) + np.exp(-x), backend="llvm")
        inputs = [np.full(1000, float(k)) for k in range(6)]
        expected = [compiled(x) for x in inputs]
        wrong = []

        def work(k):
            wrong.extend(k for _ in range(100) if (compiled(inputs[k]) != expected[k]).any())

        threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        scale[0] = 2.0
        np.testing.assert_allclose(compiled(inputs[1]), np.tanh(2.0) + np.exp(-1.0), rtol=1e-12)

    def test_inputs_of_any_layout(self):
        compiled = tg.compile(lambda x, rate: x * rate, backend="llvm")
        x = np.arange(6.0).reshape(2, 3)
        read_only = x.copy()
        read_only.flags.writeable = False
        for one in (x, np.asfortranarray(x), x[::-1], read_only):
            np.testing.assert_array_equal(compiled(one, 2.0), one * 2)

    def test_an_index_out_of_bounds(self):
        compiled = tg.compile(lambda x, i: x[i], backend="llvm")
        x = np.arange(3.0)
        np.testing.assert_array_equal(compiled(x, np.array([0, -1])), [0.0, 2.0])
        with pytest.raises(IndexError, match=r"getitem of .*index 3 is out of bounds"):
            compiled(x, np.array([0, 3]))

    def test_machine_code_is_kept_on_disk(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path))
        compiled = tg.compile(lambda x: x * 3.25, backend="llvm")
        np.testing.assert_array_equal(compiled(np.ones(3)), [3.25] * 3)
        (path,) = (tmp_path / "tensorgrad").glob("*.o")
        assert path.stat().st_size

    def test_what_is_left_to_numba(self):
        pytest.importorskip("numba")
        compiled = tg.compile(lambda x: x % 3, backend="llvm")
        np.testing.assert_array_equal(compiled(np.arange(5)), np.arange(5) % 3)

    @pytest.mark.parametrize(
        "statement",
        [
            "v1 = sorted(m0)",
            "while m0: pass",
            "v1 = value(m0, 0, 0)[0] // 2",
            "v1 = m0 + 1",
            "v1 = 1.0\n    v1 = 1",
        ],
    )
    def test_what_has_no_translation(self, statement):
        source = program_source(record(lambda x: x * 2, np.ones(3)).program)
        strange = source._replace(text=f"def run(m0, m1):\n    {statement}\n")
        with pytest.raises(Unsupported):
            translate(strange, AVX2)


def assert_close(result, expected, tolerance):
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)
