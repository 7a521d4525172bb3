"""Learning rates multiplied into the first cotangent, in place of every gradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.compiler import record
from tensorgrad.compiler.factors import factor_out
from tensorgrad.compiler.passes import optimized


def loss_of(w, b, x, y):
    return np.mean((np.tanh(x @ w + b) - y) ** 2)


def arguments(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in ((3, 2), (2,), (5, 3), (5, 2))]


def products(program):
    return sum(step.function is np.multiply for step in program.instructions)


def both(function, *args):
    program = optimized(record(function, *args).program)
    return program, optimized(factor_out(program))


def run(program, inputs):
    values = dict(zip(program.inputs, inputs, strict=True)) | program.constants
    for step in program.instructions:
        args = tg.compiler.program.substitute(step.args, values.__getitem__)
        kwargs = tg.compiler.program.substitute(step.kwargs, values.__getitem__)
        values[step.result] = step.function(*args, **kwargs)
    return [values[n] for n in program.outputs]


@given(st.floats(1e-3, 1e3), st.booleans())
def test_one_product_stands_for_all(rate, from_the_left):
    def step(w, b, x, y):
        slopes = tg.grad(loss_of, argnums=(0, 1))(w, b, x, y)
        if from_the_left:
            return w - rate * slopes[0], b - rate * slopes[1]
        return w - slopes[0] * rate, b - slopes[1] * rate

    before, after = both(step, *arguments())
    assert products(before) - products(after) == (0 if rate == 1 else 2)
    for one, other in zip(run(before, arguments()), run(after, arguments()), strict=True):
        np.testing.assert_allclose(one, other, 1e-12, 1e-12)


@pytest.mark.parametrize(
    "step",
    [
        lambda dw, db: (0.1 * dw, db),
        lambda dw, db: (0.1 * dw, 0.2 * db),
        lambda dw, db: (0.1 * dw, 0.1 * db, dw),
        lambda dw, db: (0.1 * dw, 0.1 * db * db),
        lambda dw, db: (0.1 * (dw + 1.0), 0.1 * db),
        lambda dw, db: (0.1 * np.exp(dw), 0.1 * db),
        lambda dw, db: (0.0 * dw, 0.0 * db),
        lambda dw, db: (np.inf * dw, np.inf * db),
    ],
    ids=["one", "two rates", "kept", "square", "shifted", "exp", "zero", "infinite"],
)
def test_left_alone(step):
    def whole(w, b, x, y):
        return step(*tg.grad(loss_of, argnums=(0, 1))(w, b, x, y))

    before, after = both(whole, *arguments())
    assert str(before) == str(after)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: (0.5 * np.sum(3.0 * np.exp(x)), 0.25 * np.sum(7.0 * np.exp(y))),
        lambda x, y: (np.tanh(2.0 * (3.0 * np.exp(x))), 2.0 * np.sum(2.0 * (3.0 * np.exp(x)))),
        lambda x, y: (2.0 * (3.0 * np.exp(x)), 2.0 * (2.0 * (3.0 * np.exp(x)))),
        lambda x, y: np.tanh(2.0 * np.sum(3.0 * np.exp(x), initial=5.0)),
        lambda x, y: np.tanh(1e-300 * (1e-300 * np.exp(x)) * 1e300 * 1e300),
        lambda x, y: (2.0 * (3.0 * np.exp(x)), 2.0 * (3.0 * np.exp(x))),
        lambda x, y: (2.0 * (3.0 * np.exp(x)), 2.0 * np.reshape(3.0 * np.exp(x), (3, 1))),
        lambda x, y: (2.0 * np.broadcast_to(3.0 * np.exp(x[:1]), (3,)), y),
    ],
)
def test_results_are_right_and_arrays_of_their_own(function):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.25, -1.0])
    compiled, eager = tg.compile(function)(x, y), function(x, y)
    if not isinstance(eager, tuple):
        compiled, eager = (compiled,), (eager,)
    for one, other in zip(compiled, eager, strict=True):
        np.testing.assert_allclose(one, other, 1e-12)
        assert np.asarray(one).flags.writeable
    assert not any(np.shares_memory(compiled[0], other) for other in compiled[1:])


def test_steps_one_after_the_other():
    def steps(w, b, x, y):
        for rate in (0.1, 0.2, 0.1):
            slopes = tg.grad(loss_of, argnums=(0, 1))(w, b, x, y)
            w, b = w - rate * slopes[0], b - rate * slopes[1]
        return w, b

    for one, other in zip(tg.compile(steps)(*arguments()), steps(*arguments()), strict=True):
        np.testing.assert_allclose(one, other, 1e-12, 1e-12)


LINKS = (
    *(lambda x, c=c: c * x for c in (0.5, 3.0, -2.0, 0.1)),
    *(lambda x: np.sum(x, axis=0, keepdims=True) + 0 * x, lambda x: x.T, lambda x: -x),
    *(np.tanh, lambda x: x + x, lambda x: x @ x, lambda x: x - 2.0 * x, lambda x: x * np.sin(x)),
)


@given(st.lists(st.tuples(st.sampled_from(LINKS), st.integers(0, 9)), min_size=2, max_size=12))
def test_random_chains(chain):
    """Each link reads one of the values before it; the last three are results."""

    def function(x, y):
        values = [3.0 * np.cos(x), 0.5 * np.cos(y)]
        for link, place in chain:
            values.append(link(values[place % len(values)]))
        return tuple(values[-3:])

    x, y = np.random.default_rng(0).normal(size=(2, 3, 3))
    compiled = tg.compile(function)(x, y)
    for i, (one, other) in enumerate(zip(compiled, function(x, y), strict=True)):
        np.testing.assert_allclose(one, other, 1e-9, 1e-9)
        assert one.flags.writeable
        assert not any(np.shares_memory(one, result) for result in compiled[:i])


def test_half_precision_is_left_alone():
    def step(w, b, x, y):
        slopes = tg.grad(loss_of, argnums=(0, 1))(w, b, x, y)
        return 0.1 * slopes[0], 0.1 * slopes[1]

    before, after = both(step, *arguments(np.float16))
    assert str(before) == str(after)


def test_a_replay_does_without_the_products():
    def step(w, b, x, y):
        slopes = tg.grad(loss_of, argnums=(0, 1))(w, b, x, y)
        return w - 0.1 * slopes[0], b - 0.1 * slopes[1]

    compiled = tg.compile(step)
    for one, other in zip(compiled(*arguments()), step(*arguments()), strict=True):
        np.testing.assert_allclose(one, other, 1e-12, 1e-12)
    _, after = both(step, *arguments())
    assert compiled.replay(*arguments()).source.count("multiply") == products(after)
