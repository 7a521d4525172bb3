"""Random numbers inside compiled functions: bit for bit those of the eager function."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.compiler import CaptureError, scanning


def noisy(x, rng):
    kept = rng.random(x.shape, np.float32) < 0.5
    return np.where(kept, 2 * x, 0) + rng.standard_normal(2) + rng.integers(5) * rng.random()


def step(state, x):
    w, rng = state
    w = w + noisy(x, rng)
    return (w, rng), w.sum()


def test_calls_draw_anew_and_the_same_as_eagerly():
    compiled = tg.compile(noisy)
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    for _ in range(3):
        x = np.ones((3, 2))
        np.testing.assert_array_equal(compiled(x, one), noisy(x, other))
    assert one.bit_generator.state == other.bit_generator.state


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("drawn_at_once", [scanning.DRAWN_AT_ONCE, 100])
def test_a_scan(backend, drawn_at_once, monkeypatch):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    monkeypatch.setattr(scanning, "DRAWN_AT_ONCE", drawn_at_once)
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    xs = np.ones((5, 3, 2))
    (w, returned), sums = tg.scan(step, (np.zeros((3, 2)), one), xs, backend=backend)
    state = np.zeros((3, 2)), other
    for x, total in zip(xs, sums, strict=True):
        state, expected = step(state, x)
        np.testing.assert_allclose(total, expected, rtol=1e-14)
    np.testing.assert_allclose(w, state[0], rtol=1e-14)
    assert returned is one
    assert one.bit_generator.state == other.bit_generator.state


def test_which_generator_draws():
    compiled = tg.compile(lambda x, a, b: x * b.random() - a.random())
    x, a, b = np.ones(1), np.random.default_rng(1), np.random.default_rng(2)
    expected = [np.random.default_rng(seed).random() for seed in (1, 2)]
    assert compiled(x, a, b) == expected[1] - expected[0]
    a = np.random.default_rng(1)
    second, first = a.random(), a.random()
    assert compiled(x, *[np.random.default_rng(1)] * 2) == second - first


def test_recording_leaves_the_generator_where_it_is():
    rng = np.random.default_rng(0)
    tg.compile(noisy).program(np.ones((3, 2)), rng)
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, rng: x * rng.normal(x), "Draw standard ones"),
        (lambda x, rng: rng.shuffle(np.arange(3)), "in place"),
        (lambda x, rng: rng.random(out=np.zeros(3)), "in place"),
        (lambda x, rng: rng.bytes(3), "no array"),
        (lambda x, rng: x * np.random.default_rng().random(), "generator in as an argument"),
    ],
)
def test_refusals(function, message):
    with pytest.raises(CaptureError, match=message):
        tg.compile(function)(np.ones(3), np.random.default_rng(0))
