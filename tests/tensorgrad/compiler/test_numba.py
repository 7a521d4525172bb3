"""The numba backend: the same results as eagerly, in machine code that threads may share."""

import math
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from interpreted_text import call_interpreted
from random_programs import matrices, programs, run
from single_functions import SINGLE_FUNCTIONS
from training_steps import ACTIVATIONS, LOSSES, training_step

import nn
import tensorgrad as tg
from tensorgrad.compiler import CaptureError, record
from tensorgrad.compiler.approximations import NEEDS, source_of
from tensorgrad.compiler.passes import optimized

numba = pytest.importorskip("numba")
pytest.importorskip("scipy")

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-4}


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def value_and_gradients(steps):
    def f(a, b):
        value, (g, h) = tg.value_and_grad(lambda a, b: np.sum(run(steps, a, b)), argnums=(0, 1))(
            a, b
        )
        return value, g, h

    return f


class TestSameMeaning:
    @given(steps=programs(), seed=st.integers(0, 1000))
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_text_of_random_programs(self, dtype, steps, seed):
        f = value_and_gradients(steps)
        a, b = matrices(seed, dtype)
        results = call_interpreted(optimized(record(f, a, b).program), a, b)
        for result, expected in zip(results, f(a, b), strict=True):
            assert_close(result, expected, TOLERANCE[dtype])

    @settings(max_examples=2, phases=[Phase.generate])  # each takes a second to compile
    @given(steps=programs(), seed=st.integers(0, 1000))
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_values_and_gradients_of_random_programs(self, dtype, steps, seed):
        f = value_and_gradients(steps)
        compiled, replayed = tg.compile(f, backend="numba"), tg.compile(f)
        a, b = matrices(seed, dtype)
        for result, again, expected in zip(compiled(a, b), replayed(a, b), f(a, b), strict=True):
            assert_close(result, expected, TOLERANCE[dtype])
            assert_close(again, expected, TOLERANCE[dtype])

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_text_of_training_steps(self, activation, loss):
        step, state, batches = training_step(activation, loss)
        batch = tuple(array[0] for array in batches)
        program = optimized(record(step, state, batch).program)
        *parameters, value = call_interpreted(program, *state.values(), *batch)
        expected, expected_value = step(state, batch)
        assert_close(value, expected_value, 1e-5)
        for result, parameter in zip(parameters, expected.values(), strict=True):
            assert result.dtype == np.float32
            assert_close(result, parameter, 1e-5)

    @pytest.mark.parametrize("function", SINGLE_FUNCTIONS)
    def test_text_of_single_functions(self, function):
        x = np.random.default_rng(0).normal(size=(3, 4))
        results = call_interpreted(optimized(record(function, x).program), x)
        expected = function(x)
        expected = expected if isinstance(expected, tuple) else (expected,)
        for result, one in zip(results, expected, strict=True):
            assert np.shape(result) == np.shape(one)
            assert_close(result, one, 1e-12)

    def test_nan_and_infinity(self):
        compiled = tg.compile(
            lambda x: (
                np.maximum(x, 0.0),
                np.max(x),
                np.tanh(x),
                np.exp(x),
                np.log(x),
                np.logaddexp(x, x),
                x - x,
                np.log1p(x),
                np.expm1(x),
            ),
            backend="numba",
        )
        x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1e-310, 1000.0])
        with np.errstate(all="ignore"):
            for result, expected in zip(compiled(x), compiled.function(x), strict=True):
                np.testing.assert_allclose(result, expected, rtol=1e-12)


class TestScan:
    @pytest.mark.parametrize(
        ("activation", "loss"), [(nn.Tanh, "binary"), (nn.ReLU, "multiclass"), (nn.GELU, "l2")]
    )
    def test_training(self, activation, loss):
        step, state, batches = training_step(activation, loss)
        kept = {name: array.copy() for name, array in state.items()}
        last, losses = tg.scan(step, state, batches, backend="numba")
        replayed, replayed_losses = tg.scan(step, state, batches)
        eager = state
        for i, value in enumerate(losses):
            eager, expected = step(eager, tuple(array[i] for array in batches))
            assert_close(value, expected, 1e-5)
        assert losses.dtype == replayed_losses.dtype == np.float32
        for name in state:
            np.testing.assert_array_equal(state[name], kept[name])
            assert_close(last[name], eager[name], 1e-5)
            assert_close(replayed[name], eager[name], 1e-5)

    @pytest.mark.parametrize("backend", ["numpy", "numba"])
    def test_a_state_that_is_read_after_it_was_computed(self, backend):
        def step(state, x):
            a, b, n = state
            return (b * x, a[::-1] + b, n + 1), (a + b, n)

        start = (np.arange(3.0), np.ones(3), np.int64(0))
        xs = np.array([2.0, 3.0, 5.0])
        (a, b, n), (sums, counts) = tg.scan(step, start, xs, backend=backend)
        state = start
        for i, x in enumerate(xs):
            state, (total, count) = step(state, x)
            np.testing.assert_array_equal(sums[i], total)
            assert counts[i] == count
        np.testing.assert_array_equal((a, b), state[:2])
        assert n == state[2] == 3

    def test_refusals(self):
        x = np.ones((3, 2))
        with pytest.raises(ValueError, match="common first axis"):
            tg.scan(lambda s, b: (s, b[0]), 0.0, (x, x[:2]))
        with pytest.raises(ValueError, match="at least one"):
            tg.scan(lambda s, b: (s, b), 0.0, x[:0])
        with pytest.raises(ValueError, match="must return a pair"):
            tg.scan(lambda s, b: s + 1, 0.0, x)
        with pytest.raises(ValueError, match=r"float64 \(\).*float64 \(2,\)"):
            tg.scan(lambda s, b: (s + b, b), 0.0, x)
        with pytest.raises(TypeError, match="arrays and numbers"):
            tg.scan(lambda s, b: (s, b), "state", x)


class TestCompiled:
    def test_threads_results_and_constants(self):
        scale = np.array([1.0])
        compiled = tg.compile(lambda x: np.tanh(x * scale) + np.exp(-x), backend="numba")
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
        compiled = tg.compile(lambda x, rate: x * rate, backend="numba")
        x = np.arange(6.0).reshape(2, 3)
        read_only = x.copy()
        read_only.flags.writeable = False
        for one in (x, np.asfortranarray(x), x[::-1], read_only):
            np.testing.assert_array_equal(compiled(one, 2.0), one * 2)

    def test_an_index_out_of_bounds(self):
        compiled = tg.compile(lambda x, i: x[i], backend="numba")
        x = np.arange(3.0)
        np.testing.assert_array_equal(compiled(x, np.array([0, -1])), [0.0, 2.0])
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(x, np.array([0, 3]))

    def test_machine_code_is_kept_on_disk(self):
        compiled = tg.compile(lambda x: x * 3.0, backend="numba")
        compiled(np.ones(3))
        path = compiled.replay(np.ones(3)).path
        assert path.read_text(encoding="utf-8") == compiled.replay(np.ones(3)).source
        assert list(path.parent.glob(f"__pycache__/{path.stem}*.nbc"))

    @pytest.mark.parametrize(
        "function",
        [np.linalg.inv, np.sort, np.cumsum, lambda x: x + 1j * 0],
    )
    def test_what_has_no_code(self, function):
        with pytest.raises(CaptureError, match=r'backend="numpy".*test_numba\.py:\d+'):
            tg.compile(lambda x: function(x) * 1, backend="numba")(np.eye(2))

    def test_backends(self):
        programs_seen = []

        def interpreter(program):
            programs_seen.append(program)
            return lambda *inputs: call_interpreted(program, *inputs)

        assert tg.compile(lambda x: x * 2, backend=interpreter)(np.ones(2)).tolist() == [2, 2]
        assert len(programs_seen) == 1
        with pytest.raises(ValueError, match='"numpy", "llvm", "numba"'):
            tg.compile(lambda x: x, backend="fortran")

    def test_it_is_imported_when_it_is_asked_for(self):
        code = (
            "import sys, nn, numpy as np, tensorgrad as tg\n"
            "tg.compile(lambda x: x)(np.ones(2)); tg.scan(lambda s, b: (s, b), 0.0, np.ones(2))\n"
            "assert not {'numba', 'scipy'} & sys.modules.keys()\n"
            "sys.path_hooks.clear(); sys.path_importer_cache.clear()\n"
            "try: tg.compile(lambda x: x, backend='numba')\n"
            "except ImportError as error: assert '.[compile]' in str(error), error\n"
            "else: raise SystemExit('no error')"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


LIMITS = {"exp": 1.5, "expm1": 2.0, "tanh": 3.0, "log": 1.0, "log1p": 1.5}
"""In units in the last place, as the docstring of the module says."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_error_of_approximations(name, dtype):
    f = approximation(name, "32" if dtype is np.float32 else "64")
    rng = np.random.default_rng(0)
    n = 100_000
    x = np.concatenate([rng.normal(size=n) * s for s in (1e-8, 1e-3, 0.1, 1.0, 10.0)])
    if name.startswith("log"):
        x = np.abs(x) if name == "log" else x[x > -1]
        x = np.concatenate([x, np.exp(rng.uniform(-80, 80, n)), 1 + x[:n] * 1e-2])
    x = x.astype(dtype)
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(x.astype(np.float64 if dtype is np.float32 else np.longdouble))
    spacing = np.spacing(np.abs(exact).astype(dtype)).astype(exact.dtype)
    fine = np.isfinite(exact) & np.isfinite(spacing)
    error = np.abs(f(x) - exact)[fine] / spacing[fine]
    assert math.isfinite(error.max())
    assert error.max() <= LIMITS[name]


def approximation(name, precision):
    """The approximation, compiled, as a function of arrays."""
    scope = {"np": np, "math": math, "inlined": numba.njit(fastmath={"contract"})}
    for needed in (*NEEDS.get(name, ()), name):
        exec(source_of(needed, precision), scope)
    return vectorized(scope[name + precision])


def vectorized(f):
    @numba.njit(error_model="numpy")
    def loop(x):
        y = np.empty_like(x)
        for i in range(x.size):
            y[i] = f(x[i])
        return y

    return loop


def assert_close(result, expected, tolerance):
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)
