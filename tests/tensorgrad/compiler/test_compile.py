"""tg.compile: the same results, and nothing captured that could not be repeated."""

import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interpreted_text import call_interpreted
from random_programs import matrices, programs, run

import nn
import tensorgrad as tg
from nn import functional_call
from tensorgrad.compiler import CaptureError, record
from tensorgrad.compiler.numpy_backend import Replay
from tensorgrad.compiler.passes import (
    drop_dead_code,
    fold_constants,
    optimized,
    share_common_subexpressions,
    simplify,
)
from tensorgrad.compiler.planning import plan_buffers


class TestSameMeaning:
    @given(steps=programs(), seed=st.integers(0, 1000))
    def test_values_and_gradients_of_random_programs(self, steps, seed):
        def f(a, b):
            return tg.value_and_grad(lambda a, b: np.sum(run(steps, a, b)), argnums=(0, 1))(a, b)

        compiled = tg.compile(f)
        for s in (seed, seed + 1):  # the second call replays what the first recorded
            a, b = matrices(s)
            value, gradients = f(a, b)
            again, gradients_again = compiled(a, b)
            np.testing.assert_allclose(again, value, rtol=1e-12, atol=1e-12)
            for one, other in zip(gradients, gradients_again, strict=True):
                np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-12)

    @given(steps=programs(), seed=st.integers(0, 1000))
    def test_every_pass_keeps_the_meaning(self, steps, seed):
        a, b = matrices(seed)
        gradient = tg.grad(lambda a, b: np.sum(run(steps, a, b)))
        program, expected = record(gradient, a, b).program, gradient(a, b)
        for one_pass in (
            *(drop_dead_code, share_common_subexpressions, fold_constants, simplify),
            optimized,
        ):
            shorter = one_pass(program)
            assert len(shorter.instructions) <= len(program.instructions)
            result = interpreted(shorter, a, b)
            np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)

    @given(steps=programs(), seed=st.integers(0, 1000))
    def test_no_live_value_is_overwritten(self, steps, seed):
        program = optimized(record(lambda a, b: run(steps, a, b), *matrices(seed)).program)
        plan = plan_buffers(program)
        assert plan.bytes_after <= plan.bytes_before
        assert not set(plan.buffer_of) & set(program.outputs)

    @pytest.mark.parametrize("loss", ["binary", "multiclass", "l2"])
    @pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.GELU, nn.Sigmoid, nn.Identity])
    def test_a_training_step(self, loss, activation):
        rng = np.random.default_rng(0)
        outputs = 3 if loss == "multiclass" else 1
        model = nn.Sequential(nn.Linear(2, 5, rng=0), activation(), nn.Linear(5, outputs, rng=1))
        x = rng.normal(size=(7, 2)).astype(np.float32)
        y = {
            "binary": (x[:, :1] > 0).astype(np.float32),
            "multiclass": rng.integers(0, 3, 7),
            "l2": x[:, :1] ** 2,
        }[loss]
        loss_function = {
            "binary": nn.binary_log_loss,
            "multiclass": nn.multiclass_log_loss,
            "l2": nn.l2_loss,
        }[loss]

        def step(parameters, x, y):
            def objective(p):
                return loss_function(functional_call(model, p, x), y)

            value, gradient = tg.value_and_grad(objective)(parameters)
            return {name: parameters[name] - 0.1 * gradient[name] for name in parameters}, value

        compiled = tg.compile(step)
        eager, replayed = model.state_dict(), model.state_dict()
        for _ in range(5):
            eager, expected = step(eager, x, y)
            replayed, value = compiled(replayed, x, y)
            assert value.dtype == np.float32
            np.testing.assert_allclose(value, expected, rtol=1e-5)
        for name in eager:
            np.testing.assert_allclose(replayed[name], eager[name], rtol=1e-4, atol=1e-6)

    def test_results_are_the_callers(self):
        compiled = tg.compile(lambda x: (np.exp(x), np.exp(x)[::-1], x.T))
        first = compiled(np.zeros((2, 2)))
        kept = [array.copy() for array in first]
        compiled(np.ones((2, 2)))
        for array, copy in zip(first, kept, strict=True):
            np.testing.assert_array_equal(array, copy)

    def test_results_are_new_arrays(self):
        x = np.ones(3)
        results = tg.compile(lambda x: (x * 1.0, np.exp(x), np.exp(x), (x - 0.0).reshape(3, 1)))(x)
        for i, one in enumerate(results):
            assert not np.shares_memory(one, x)
            assert not any(np.shares_memory(one, other) for other in results[:i])

    def test_views_of_a_number_are_the_callers(self):
        compiled = tg.compile(lambda x: (np.broadcast_to(np.sum(x), (2,)), np.sum(x).reshape(1)))
        first = compiled(np.ones(3))
        compiled(np.zeros(3))
        np.testing.assert_array_equal(np.concatenate(first), [3.0, 3.0, 3.0])

    def test_python_numbers_stay_weak_and_may_change(self):
        compiled = tg.compile(lambda x, rate: x * rate)
        x = np.ones(2, np.float32)
        for rate in (0.5, 2.0):
            result = compiled(x, rate)
            assert result.dtype == np.float32
            np.testing.assert_array_equal(result, rate * x)

    def test_higher_derivatives(self):
        f = lambda x: np.sum(np.sin(x) * x)  # noqa: E731
        x = np.array([0.3, -1.0])
        np.testing.assert_allclose(tg.compile(tg.hessian(f))(x), tg.hessian(f)(x), rtol=1e-12)

    def test_threads(self):
        compiled = tg.compile(lambda x: np.sum(np.tanh(x * x) + np.exp(-x)))
        inputs = [np.full(1000, float(k)) for k in range(8)]
        expected = [compiled(x) for x in inputs]
        wrong = []

        def work(k):
            wrong.extend(k for _ in range(200) if compiled(inputs[k]) != expected[k])

        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    def test_an_array_from_outside_is_seen_to_change(self):
        scale = np.array([2.0])
        compiled = tg.compile(lambda x: x * scale)
        assert compiled(np.ones(1)) == 2.0
        scale[0] = 3.0
        assert compiled(np.ones(1)) == 3.0


class TestRecords:
    def test_one_for_each_make_of_arguments(self):
        calls = []
        compiled = tg.compile(lambda x: calls.append(1) or x * 2.0)
        for x in (np.ones(2), np.zeros(2), np.ones(3), np.ones(2, np.float32), np.ones((2, 1))):
            np.testing.assert_array_equal(compiled(x), x * 2)
        assert len(calls) == 4 + 1  # the first is recorded twice, to see that it repeats itself

    def test_their_number_is_bounded(self):
        compiled = tg.compile(lambda x: x * 2.0)
        for n in range(100):
            compiled(np.ones(n))
        assert len(compiled._records) <= 32

    def test_threads_that_need_more_records_than_are_kept(self):
        compiled = tg.compile(lambda x: x * 2.0)
        wrong = []

        def work(k):
            for n in range(60):
                x = np.full(n + k, float(n))
                wrong.extend(compiled(x) != 2 * x)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not any(wrong)
        assert len(compiled._records) <= 32

    def test_other_leaves_are_part_of_the_program(self):
        compiled = tg.compile(lambda x, kind: np.exp(x) if kind == "exp" else -x)
        assert compiled(0.0, "exp") == 1.0
        assert compiled(2.0, kind="minus") == -2.0

    def test_text(self):
        program = tg.compile(lambda x: np.tanh(x @ x)[0]).program(np.ones((2, 2)))
        assert str(program).splitlines() == [
            "inputs  %0: float64 (2, 2)",
            "%1 = np.matmul(%0, %0)   float64 (2, 2)",
            "%2 = np.tanh(%1)   float64 (2, 2)",
            "%3 = getitem(%2, 0)   float64 (2,)",
            "outputs %3",
        ]


class TestBackends:
    def test_a_function_of_a_program(self):
        programs_seen = []

        def interpreter(program):
            programs_seen.append(program)
            return lambda *inputs: call_interpreted(program, *inputs)

        assert tg.compile(lambda x: x * 2, backend=interpreter)(np.ones(2)).tolist() == [2, 2]
        assert len(programs_seen) == 1

    def test_no_such(self):
        with pytest.raises(ValueError, match='"numpy", "llvm", "numba"'):
            tg.compile(lambda x: x, backend="fortran")


class TestRefusals:
    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda x: x if x.sum() > 0 else -x, "looks at the values"),
            (lambda x: float(x.sum()), "looks at the values"),
            (lambda x: x * x.max().item(), "looks at the values"),
            (lambda x: [x] * int(x[0]), "looks at the values"),
            (lambda x: x[x > 0], "shape of getitem depends on values"),
            (np.nonzero, r"shape of np\.nonzero depends"),
            (lambda x: x * np.random.default_rng().normal(), "run again"),
            (lambda x: np.add(x, 1, out=np.zeros(3)), "overwrites an array from outside"),
            (lambda x: np.array_equal(x, x), "cannot depend on"),
            (lambda x: "text", "returns arrays"),
        ],
    )
    def test_what_cannot_be_captured(self, function, message):
        with pytest.raises(CaptureError, match=message):
            tg.compile(function)(np.ones(3))

    def test_the_line_is_named(self):
        def branches(x):
            if x.sum() > 0:
                return x
            return -x

        with pytest.raises(CaptureError, match=r"test_compile\.py:\d+: if x\.sum\(\) > 0:"):
            tg.compile(branches)(np.ones(3))

    def test_in_place_changes_of_what_was_used_before(self):
        def changes(x):
            y = x * 2
            z = y[:2]
            y += 1
            return z

        with pytest.raises(CaptureError, match="in place"):
            tg.compile(changes)(np.ones(3))

    def test_in_place_changes_of_a_fresh_array(self):
        def fresh(x):
            y = x * 2
            y += 1
            return y

        np.testing.assert_array_equal(tg.compile(fresh)(np.ones(3)), fresh(np.ones(3)))

    def test_in_place_changes_keep_the_dtype(self):
        def widened(x):
            y = x * 2
            y += np.ones(3)
            return y

        assert tg.compile(widened)(np.ones(3, np.float32)).dtype == np.float32

    def test_parameters_from_outside(self):
        w = nn.Parameter(np.ones(3))
        with pytest.raises(CaptureError, match="outside the compiled function"):
            tg.compile(lambda x: x * (w * 2))(np.ones(3))

    @pytest.mark.parametrize(
        "function",
        [
            lambda w, x: np.sum(w * x**2),
            lambda w, x: tg.grad(lambda x: np.sum(w * x**2))(x),
            lambda w, x: {"loss": np.sum(x), "penalty": w * x},
        ],
    )
    def test_results_that_would_lose_a_tensor_from_outside(self, function):
        w, x = tg.tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 4.0])
        with pytest.raises(CaptureError, match="depends on a tensor from outside"):
            tg.compile(lambda x: function(w, x))(x)
        tg.compile(lambda x: function(w.data, x))(x)
        tg.compile(tg.no_grad()(lambda x: function(w, x)))(x)

    def test_backward_inside(self):
        def side_effect(x):
            t = tg.Tensor(x, requires_grad=True)
            (t * t).sum().backward()
            return t.grad

        with pytest.raises(CaptureError, match=r"backward\(\)"):
            tg.compile(side_effect)(np.ones(3))

    def test_scans(self):
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

    def test_derivatives_from_outside(self):
        with pytest.raises(CaptureError, match=r"tg\.compile\(tg\.grad"):
            tg.grad(tg.compile(lambda x: x * x))(2.0)


def interpreted(program, *inputs):
    """What a program means, one instruction at a time."""
    from tensorgrad.compiler.program import substitute

    values = dict(program.constants)
    values.update(zip(program.inputs, inputs, strict=True))
    for step in program.instructions:
        values[step.result] = step.function(
            *substitute(step.args, values.__getitem__),
            **substitute(step.kwargs, values.__getitem__),
        )
    (output,) = program.outputs
    return values[output]


def test_products_with_numbers_are_replayed():
    compiled = tg.compile(lambda s, x: (np.dot(s, x), np.transpose(s) * x))
    for result in compiled(2.0, np.arange(3.0)):
        np.testing.assert_array_equal(result, [0, 2, 4])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.reshape(x, (4, 9), "F"),
        lambda x: np.dot(x, x, None),
        lambda x: np.dot(x, x, out=None),
        lambda x: np.dot(x, b=x),
        lambda x: np.argmax(x, 0, None),
        lambda x: np.argmin(x, axis=0, out=None),
        lambda x: np.take(x, [0, 2], 1, None, "clip"),
        lambda x: np.take(x, [0, 2], 1, None, mode="clip"),
        lambda x: np.take(x, [0, 2], axis=1, out=None, mode="clip"),
        lambda x: np.add.reduce(x, 0, None, None),
        lambda x: np.diagonal(x, 1, 1, 0),
        lambda x: np.ravel(x, "F"),
        lambda x: np.repeat(x, 2, 1),
        lambda x: np.squeeze(x[None], 0),
        lambda x: np.transpose(x, (1, 0)),
    ],
)
def test_arguments_by_position_and_by_name_are_replayed(function):
    compiled = tg.compile(lambda x: np.exp(function(np.sin(x))))
    for x in np.random.default_rng(0).normal(size=(2, 6, 6)):
        np.testing.assert_array_equal(compiled(x), np.exp(function(np.sin(x))))


def test_a_replay_leaves_its_program_alone():
    program = tg.compile(lambda x: np.sum(2.0 * np.sum(3.0 * x, axis=0))).program(np.ones((2, 2)))
    kinds = dict(program.kinds)
    Replay(program)
    assert program.kinds == kinds


def test_a_replay_takes_its_memory_along():
    replay = Replay(record(lambda x: np.exp(x) + 1, np.ones(3)).program)
    replay(np.ones(3))
    function = weakref.ref(replay.call_with)
    del replay
    assert function() is None
