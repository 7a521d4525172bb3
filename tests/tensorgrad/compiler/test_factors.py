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
