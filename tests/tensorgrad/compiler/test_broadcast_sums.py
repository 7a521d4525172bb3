"""Sums over repetitions, computed as products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from tensorgrad.compiler import record
from tensorgrad.compiler.broadcast_sums import multiply_for_sums
from tensorgrad.compiler.passes import drop_dead_code
from tensorgrad.compiler.program import substitute


def run(program, x):
    values = {program.inputs[0]: x} | program.constants
    for step in program.instructions:
        args = substitute(step.args, values.__getitem__)
        values[step.result] = step.function(*args, **substitute(step.kwargs, values.__getitem__))
    return values[program.outputs[0]]


@st.composite
def sums(draw):
    shapes = draw(mutually_broadcastable_shapes(num_shapes=1, base_shape=draw(array_shapes())))
    whole, part = shapes.result_shape, shapes.input_shapes[0]
    axes = [i for i in range(len(whole)) if draw(st.booleans())]
    return part, whole, draw(st.sampled_from([None, tuple(axes)])), draw(st.booleans())


@given(sums())
def test_the_value_is_kept(case):
    part, whole, axis, keepdims = case
    x = np.random.default_rng(0).normal(size=part)

    def function(x):
        return np.sum(np.broadcast_to(x, whole), axis=axis, keepdims=keepdims)

    program = record(function, x).program
    before, after = run(program, x), run(multiply_for_sums(program), x)
    assert np.shape(before) == np.shape(after)
    np.testing.assert_allclose(before, after, 1e-12, 1e-12)


@pytest.mark.parametrize(
    ("part", "whole", "axis", "summed"),
    [
        ((), (5, 3), None, False),
        ((3,), (5, 3), 0, False),
        ((5, 1), (5, 3), -1, False),
        ((3,), (5, 3), 1, True),
        ((5, 1), (5, 3), None, True),
        ((5, 3), (5, 3), 0, True),
        ((), (5, 3), 0, True),
    ],
)
def test_only_repetitions_are_counted(part, whole, axis, summed):
    program = record(lambda x: np.broadcast_to(x, whole).sum(axis=axis), np.ones(part)).program
    functions = [step.function for step in drop_dead_code(multiply_for_sums(program)).instructions]
    assert (np.multiply not in functions) == summed
    assert (np.broadcast_to in functions) == summed


def test_integers_are_added_up():
    program = record(lambda x: np.sum(np.broadcast_to(x, (5, 3))), np.ones(3, np.int32)).program
    assert multiply_for_sums(program) == program
