"""Large steps, which several threads compute: the same bits, and nobody who waits for ever."""

import threading

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.compiler import native
from tensorgrad.compiler.program_source import program_source

pytest.importorskip("llvmlite")


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


STATE = (normal(200, 230) / 15, normal(230, 30) / 15, normal(230))
BATCHES = normal(3, 90, 200)


def large_step(state, x):
    w, v, b = state
    hidden = np.tanh(x @ w + b)
    error = hidden @ v - 1.0
    cotangent = (error @ v.T) * (1 - hidden * hidden)
    loss = np.mean(error * error)
    new = (
        w - 1e-4 * (x.T @ cotangent),
        v - 1e-4 * (hidden.T @ error),
        b - np.sum(cotangent, 0) * 1e-4,
    )
    return new, (loss, np.max(hidden, axis=1))


def test_threads_change_no_bit(monkeypatch):
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("TENSORGRAD_NUM_THREADS", threads)
        step = tg.compile(large_step, backend="llvm")
        source = program_source(step.program(STATE, BATCHES[0]), 3)
        assert source.is_shared
        assert source.work_of_a_step is None
        last, (losses, largest) = tg.scan(step, STATE, BATCHES)
        results.append((*last, losses, largest))
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
    expected = STATE
    for i, x in enumerate(BATCHES):
        expected, (loss, _) = large_step(expected, x)
        np.testing.assert_allclose(results[0][3][i], loss, rtol=1e-12)
    for one, two in zip(results[0], expected, strict=False):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)


def applied(state, x):
    w, v, b = state
    return state, (np.tanh(x @ w + b) @ v, v)


class TestStepsThatDoNotWaitForEachOther:
    """Those that hand on the state that they are given."""

    @pytest.fixture(autouse=True)
    def shared(self, monkeypatch):
        monkeypatch.setattr(native, "WORTH_A_THREAD", 1)

    @pytest.mark.parametrize(
        ("threads", "backend"),
        [("1", "llvm"), ("2", "llvm"), ("3", "llvm"), ("5", "llvm"), ("3", "numba")],
    )
    def test_each_is_computed_once(self, threads, backend, monkeypatch):
        if backend == "numba":
            pytest.importorskip("numba")
        monkeypatch.setenv("TENSORGRAD_NUM_THREADS", threads)
        batches = np.concatenate([BATCHES, -BATCHES[:1]])
        last, (outputs, copies) = tg.scan(tg.compile(applied, backend=backend), STATE, batches)
        for one, other in zip(last, STATE, strict=True):
            np.testing.assert_array_equal(one, other)
            assert not np.may_share_memory(one, other)
        for x, output, copy in zip(batches, outputs, copies, strict=True):
            np.testing.assert_allclose(output, applied(STATE, x)[1][0], rtol=1e-12, atol=1e-12)
            np.testing.assert_array_equal(copy, STATE[1])

    def test_without_a_state_and_without_work(self):
        last, doubled = tg.scan(tg.compile(lambda s, x: (s, 2 * x), backend="llvm"), (), BATCHES)
        assert last == ()
        np.testing.assert_array_equal(doubled, 2 * BATCHES)
        nothing = np.zeros((7, 0))
        _, doubled = tg.scan(tg.compile(lambda s, x: (s, 2 * x), backend="llvm"), 1.0, nothing)
        assert doubled.shape == (7, 0)

    def test_states_in_another_order_are_handed_on(self):
        def step(state, x):
            return state[::-1], state[0] + x

        compiled = tg.compile(step, backend="llvm")
        last, sums = tg.scan(compiled, (1.0, 2.0), np.arange(3.0))
        assert last == (2.0, 1.0)
        np.testing.assert_array_equal(sums, [1.0, 3.0, 3.0])

    def test_a_thread_for_few_multiplications_is_not_started(self, monkeypatch):
        monkeypatch.setattr(native, "WORTH_A_THREAD", 10**9)
        monkeypatch.setattr(native, "Thread", None)
        tg.scan(tg.compile(applied, backend="llvm"), STATE, BATCHES)

    def test_an_index_out_of_bounds_in_one_of_them(self, monkeypatch):
        monkeypatch.setenv("TENSORGRAD_NUM_THREADS", "2")
        compiled = tg.compile(lambda state, i: (state, np.sum(state[i])), backend="llvm")
        state, places = np.arange(5.0), np.array([[0, 1], [2, 3], [3, 4]])
        np.testing.assert_array_equal(tg.scan(compiled, state, places)[1], [1, 5, 7])
        places[2, 1] = 5
        with pytest.raises(IndexError, match="out of bounds"):
            tg.scan(compiled, state, places)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_one_that_fails_leaves_none_waiting(failing, monkeypatch):
    monkeypatch.setenv("TENSORGRAD_NUM_THREADS", "3")
    from tensorgrad.compiler.llvm_backend import NativeFunction

    class Interrupted(NativeFunction):
        def load(self, source):
            function = super().load(source)

            def call(steps, thread, *rest):
                if thread == failing:
                    raise KeyboardInterrupt
                function(steps, thread, *rest)

            return call

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        tg.scan(tg.compile(large_step, backend=Interrupted), STATE, BATCHES)
    assert threading.active_count() == before


def test_one_that_cannot_be_started_leaves_none_waiting(monkeypatch):
    monkeypatch.setenv("TENSORGRAD_NUM_THREADS", "3")
    step = tg.compile(large_step, backend="llvm")
    expected, _ = tg.scan(step, STATE, BATCHES)
    before = threading.active_count()

    class OneOnly(threading.Thread):
        def start(self):
            if threading.active_count() > before:
                raise RuntimeError("can't start new thread")
            super().start()

    with monkeypatch.context() as patch:
        patch.setattr(native, "Thread", OneOnly)
        with pytest.raises(RuntimeError, match="start new thread"):
            tg.scan(step, STATE, BATCHES)
    assert threading.active_count() == before
    for one, other in zip(tg.scan(step, STATE, BATCHES)[0], expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_large_step_that_looks_up_an_index_out_of_bounds_raises_and_does_not_wait(monkeypatch):
    monkeypatch.setenv("TENSORGRAD_NUM_THREADS", "2")

    def step(state, batch):
        rows, index = batch
        return 2 * state, np.sum((rows @ state)[index])

    compiled = tg.compile(step, backend="llvm")
    state = np.ones((200, 200), np.float32)
    rows = np.ones((1, 200, 200), np.float32)
    with pytest.raises(IndexError, match="out of bounds"):
        tg.scan(compiled, state, (rows, np.full((1, 3), 200)))
    _, sums = tg.scan(compiled, state, (rows, np.full((1, 3), 199)))
    np.testing.assert_allclose(sums, 3 * 200 * 200)
