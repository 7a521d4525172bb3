"""Functions that machine code has as compositions of others, and indices of every kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from interpreted_text import as_text, call_interpreted

import tensorgrad as tg
from tensorgrad.class_labels import logits_of, one_hot
from tensorgrad.compiler import CaptureError, record
from tensorgrad.compiler.composing import composed
from tensorgrad.compiler.compositions import COMPOSITIONS
from tensorgrad.structure import flatten

X = np.random.default_rng(0).normal(size=(3, 4))
CUBE = np.random.default_rng(1).normal(size=(2, 3, 4))
INDICES = np.array([[2, 0], [-1, 1]])

CALLS = [
    (np.var, X, {}),
    (np.var, X, {"axis": 1, "ddof": 1, "keepdims": True}),
    (np.var, X.astype(np.float32), {"axis": 0}),
    (np.std, CUBE, {"axis": (0, 2)}),
    (np.trace, X, {"offset": 1}),
    (np.trace, CUBE, {"axis1": 2, "axis2": 0}),
    (np.linalg.norm, X, {}),
    (np.linalg.norm, X, {"ord": "fro"}),
    (np.linalg.norm, X[0], {"ord": 3}),
    (np.linalg.norm, X, {"axis": 0, "keepdims": True}),
    (np.linalg.norm, CUBE, {"axis": (0, 2)}),
    (np.linalg.vector_norm, CUBE, {"axis": (0, 1)}),
    (np.linalg.vector_norm, X, {"ord": np.inf, "axis": 1}),
    (np.linalg.vector_norm, X, {"ord": -np.inf}),
    (np.linalg.vector_norm, X, {"ord": 1}),
    (np.linalg.vector_norm, X * (X > 0), {"ord": 0}),
    (np.radians, X, {}),
    (np.rad2deg, X, {}),
    (np.argmax, X, {}),
    (np.argmax, X, {"keepdims": True}),
    (np.argmin, CUBE, {"axis": -2, "keepdims": True}),
    (lambda x: x.argmax(0), X > 0, {}),
    *((f, X[0, 0, ...], {"axis": axis}) for f in (np.argmax, np.max, np.sum) for axis in (0, -1)),
    (lambda x: x.argmin(axis=1), INDICES.astype(np.int8), {}),
    (lambda x: np.heaviside(x, 0.5), np.array([-1.0, 0.0, 2.0, np.nan]), {}),
    (lambda x: np.heaviside(x, 0.5), np.array([-1.0, 0.0, 2.0, np.nan], np.float32), {}),
    (lambda x: np.var(x, 0, None), X, {}),
    (np.sinc, np.array([0.0, 0.5, 1.0]), {}),
    (np.cbrt, X, {}),
    (lambda x: np.outer(x, x[0]), X, {}),
    (lambda x: np.linalg.outer(x[1], x[0]), X, {}),
    (lambda x: np.tensordot(x, x[0], 2), CUBE, {}),
    (lambda x: np.tensordot(x, x, ((0, 1), (1, 0))), CUBE[:, :2], {}),
    (lambda x: np.tensordot(x, x[0, 0], (2, 0)), CUBE, {}),
    (lambda x: np.vecdot(x, x[0]), CUBE, {}),
    (lambda x: np.vecdot(x, x, axis=0), CUBE, {}),
    (lambda x: np.linalg.vecdot(x, x), X, {}),
    (lambda x: np.matvec(x, x[:, 0]), CUBE, {}),
    (lambda x: np.vecmat(x[:, :, 0], x), CUBE, {}),
    (lambda x: np.linalg.matmul(x, x.T), X, {}),
    (lambda x: np.stack([x, 2 * x], axis=-1), X, {}),
    (lambda x: np.vstack([x[0], x]), X, {}),
    (lambda x: np.hstack([x, x[:, :1]]), X, {}),
    (lambda x: np.hstack([x[0], x[0, 0]]), X, {}),
    (lambda x: np.take(x, INDICES), X, {}),
    (lambda x: np.take(x, INDICES, axis=-1), X, {}),
    (lambda x: x.take(1, axis=0), X, {}),
    (lambda x: np.take_along_axis(x, INDICES[:, :1, np.newaxis], 1), CUBE[:, :, :1], {}),
    (np.diff, X, {}),
    (np.diff, X, {"n": 2, "axis": 0}),
    (np.diff, X, {"prepend": 0.0, "append": X[:, :2]}),
    (lambda x: np.roll(x, 2), X, {}),
    (lambda x: np.roll(x, -3, axis=1), CUBE, {}),
    (lambda x: np.roll(x, (1, -1), axis=(0, -1)), X, {}),
    (np.diag, X[0], {"k": 1}),
    (np.diag, X[0], {"k": -2}),
    (np.diag, X, {"k": 1}),
    (np.tril, X, {"k": -1}),
    (np.triu, CUBE, {}),
    (lambda x: np.tile(x, (2, 1, 3)), X, {}),
    (lambda x: np.tile(x, 2), X, {}),
    (lambda x: np.repeat(x, 2), X, {}),
    (lambda x: np.repeat(x, 3, axis=-2), X, {}),
    (lambda x: x.std(axis=0), X, {}),
    (lambda x: np.einsum("...ij,jk->...ik", x, x[0].T), CUBE, {}),
    (lambda x: np.einsum("i...,i", x, x[0, :2, 0]), CUBE, {}),
    (lambda x: logits_of((x[:, 0] > 0).astype(np.int8), x), X, {}),
    (lambda x: logits_of((x[:, 0] > 0).astype(int), x), np.tile(X, 20), {}),
    (lambda x: one_hot((x[:, 0] > 0).astype(int), x), X.astype(np.float32), {}),
]


@pytest.mark.parametrize(("function", "x", "options"), CALLS)
def test_calls(function, x, options):
    compiled = tg.compile(lambda x: function(x, **options), backend=as_text)
    result, expected = compiled(x), function(x, **options)
    assert np.shape(result) == np.shape(expected)
    assert result.dtype == expected.dtype
    tolerance = 1e-12 if x.dtype == np.float64 else 1e-6
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)


@settings(max_examples=30)
@given(
    arrays(
        st.sampled_from([np.float32, np.float64, np.int16]),
        st.tuples(*3 * [st.integers(1, 4)]),
        elements=st.sampled_from([-1, 0, 1]),
    ),
    st.lists(st.sampled_from([np.nan, np.inf, -np.inf, -0.0]), max_size=5),
    st.sampled_from([None, 0, 1, -1]),
)
def test_the_place_of_an_extreme_is_the_first_and_of_nan_before_all(x, strange, axis):
    if x.dtype.kind == "f":
        x.flat[: len(strange)] = strange[: x.size]
        x = x[::-1]
    for function in (np.argmax, np.argmin):
        (places,) = call_interpreted(record(lambda x: function(x, axis), x).program, x)  # noqa: B023
        np.testing.assert_array_equal(places, function(x, axis))


def test_every_composition_is_among_them():
    called = {
        step.function
        for function, x, options in CALLS
        for step in record(lambda x: function(x, **options), x).program.instructions  # noqa: B023
    }
    assert called >= COMPOSITIONS.keys() - {np.degrees, np.deg2rad, np.linalg.tensordot}


def test_machine_code():
    def f(x):
        scaled = (x - np.mean(x, axis=0)) / np.std(x, axis=0)
        return np.linalg.norm(np.tensordot(scaled, np.tril(np.diag(x[:, 0])), (0, 0)), axis=1)

    gradient = tg.value_and_grad(lambda x: np.sum(f(x)[1:] * np.take(x, [2, 0, 1], axis=0)[0, 1:]))
    (value, slope), (expected, expected_slope) = (
        tg.compile(gradient, backend="llvm")(X),
        gradient(X),
    )
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(slope, expected_slope, rtol=1e-12)


def test_places_in_machine_code():
    x = np.random.default_rng(0).integers(-3, 3, (70, 10)).astype(np.float32)
    x[3:30:4, 5] = x[8:30:3, 2] = np.nan
    places = tg.compile(lambda x: (x.argmax(axis=1), np.argmin(x, axis=0)), backend="llvm")(x)
    np.testing.assert_array_equal(places[0], x.argmax(axis=1))
    np.testing.assert_array_equal(places[1], x.argmin(axis=0))


@pytest.mark.parametrize("classes", [64, 70])
@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_labels_out_of_range_are_no_class(classes, kind):
    x = np.random.default_rng(0).normal(size=(3, classes))
    compiled = tg.compile(tg.value_and_grad(tg.cross_entropy), backend=as_text)
    compiled(x, np.zeros(3, kind))
    wrong = np.array([classes, 100, np.iinfo(kind).max if kind is np.uint8 else -1], kind)
    value, slope = compiled(x, wrong)
    exp = np.exp(x - x.max(axis=1, keepdims=True))
    total = exp.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(value, np.mean(np.log(total)), rtol=1e-12)
    np.testing.assert_allclose(slope, exp / total / 3, rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.var(x, where=x > 0),
        lambda x: np.take(x, [5], mode="wrap"),
        lambda x: np.argmax(x, 0, np.empty(4, np.intp)),
        lambda x: np.linalg.norm(x, "nuc"),
        lambda x: np.repeat(x, [1, 2, 1], axis=0),
    ],
)
def test_arguments_that_they_do_not_know(function):
    with pytest.raises(CaptureError, match=r"there is no machine code for np\..*test_compositions"):
        tg.compile(function, backend=as_text)(X)


def test_the_line_is_that_of_the_call():
    program = composed(record(lambda x: np.std(x + 1), X).program)
    assert all("test_compositions.py" in step.line for step in program.instructions)


@st.composite
def indices(draw, ndim, length):
    """Slices, new axes, an ellipsis, numbers and arrays of positions, in any order."""
    parts, taken = [], 0
    common = draw(st.sampled_from([(), (2,), (3, 1), (1, 2)]))
    while taken < ndim and draw(st.integers(0, 5)):
        kind = draw(st.sampled_from(["slice", "array", "array", "number", "new"]))
        if kind == "new":
            parts.append(None)
            continue
        taken += 1
        if kind == "slice":
            ends = st.none() | st.integers(-length, length)
            parts.append(slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2, -1]))))
        elif kind == "number":
            parts.append(draw(st.integers(-length, length - 1)))
        else:
            numbers = st.integers(-length, length - 1)
            size = int(np.prod(common))
            chosen = draw(st.lists(numbers, min_size=size, max_size=size))
            parts.append(np.reshape(np.array(chosen, np.intp), common))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), ...)
    return tuple(parts)


@given(index=indices(4, 3))
def test_indices(index):
    x = np.arange(81.0).reshape(3, 3, 3, 3)

    def read_and_written(x):
        def f(x):
            changed = x.copy()
            changed[index] = 2 * x[index] + 1
            return x[index], changed

        value, pullback = tg.vjp(lambda x: x[index], x)
        return value, pullback(np.cos(value)), f(x)

    compiled = tg.compile(read_and_written, backend=as_text)
    results, expected = flatten(compiled(x))[0], flatten(read_and_written(x))[0]
    for result, one in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, one)
