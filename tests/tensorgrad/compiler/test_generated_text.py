"""The Python text that becomes machine code, run by Python: many programs in little time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interpreted_text import call_interpreted
from random_programs import matrices, programs, run
from single_functions import SINGLE_FUNCTIONS
from training_steps import ACTIVATIONS, LOSSES, training_step

import tensorgrad as tg
from tensorgrad.compiler import record
from tensorgrad.compiler.passes import optimized

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}


@given(steps=programs(), seed=st.integers(0, 1000))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_random_programs(dtype, steps, seed):
    def f(a, b):
        value, gradients = tg.value_and_grad(lambda a, b: np.sum(run(steps, a, b)), argnums=(0, 1))(
            a, b
        )
        return value, *gradients

    a, b = matrices(seed, dtype)
    results = call_interpreted(optimized(record(f, a, b).program), a, b)
    for result, expected in zip(results, f(a, b), strict=True):
        assert_close(result, expected, TOLERANCE[dtype])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_steps(activation, loss):
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
def test_single_functions(function):
    x = np.random.default_rng(0).normal(size=(3, 4))
    results = call_interpreted(optimized(record(function, x).program), x)
    expected = function(x)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for result, one in zip(results, expected, strict=True):
        assert np.shape(result) == np.shape(one)
        assert_close(result, one, 1e-12)


def assert_close(result, expected, tolerance):
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)
