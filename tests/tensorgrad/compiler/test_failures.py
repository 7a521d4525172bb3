"""Errors inside compiled code name the operation, its operands and the user's line."""

import numpy as np
import pytest

import tensorgrad as tg


def inverse(x):
    return 2 * np.linalg.inv(x)


def picked(x, i):
    return 2 * x[i]


class TestLines:
    def test_replayed(self):
        compiled = tg.compile(inverse)
        compiled(np.eye(2))
        with pytest.raises(np.linalg.LinAlgError) as caught:
            compiled(np.zeros((2, 2)))
        assert "np.linalg.inv of float64 (2, 2): Singular matrix" in str(caught.value)
        assert "return 2 * np.linalg.inv(x)" in str(caught.value)
        np.testing.assert_array_equal(compiled(np.eye(2)), 2 * np.eye(2))

    @pytest.mark.parametrize("backend", ["numpy", "llvm"])
    def test_compiled(self, backend):
        if backend == "llvm":
            pytest.importorskip("llvmlite")
        x, good, bad = np.ones(3), np.array([0, 2]), np.array([0, 3])
        compiled = tg.compile(picked, backend=backend)
        compiled(x, good)
        message = r"getitem of .*index 3 is out of bounds.*return 2 \* x\[i\]"
        with pytest.raises(IndexError, match=message):
            compiled(x, bad)
        step = tg.compile(lambda x, i: (picked(x, i)[:1] * x, i), backend=backend)
        with pytest.raises(IndexError, match=message):
            tg.scan(step, x, np.stack([good, good, bad]))

    def test_shapes(self):
        def product(x):
            return np.sum(x @ np.ones((3, 2)))

        with pytest.raises(ValueError, match=r"np\.matmul of float64 \(2, 2\), float64 \(3, 2\)"):
            tg.compile(tg.grad(product))(np.ones((2, 2)))


class TestAnomalies:
    def test_the_backward_pass(self):
        gradient = tg.compile(tg.grad(lambda x: np.sum(np.sqrt(x))))
        with np.errstate(divide="ignore"):
            assert gradient(np.zeros(1)) == np.inf
            with (
                tg.detect_anomaly(),
                pytest.raises(FloatingPointError, match=r"backward pass through np\.sqrt.*called"),
            ):
                gradient(np.zeros(1))

    def test_a_scan(self):
        def step(w, x):
            loss, gradient = tg.value_and_grad(lambda w: np.sum(np.log(w * x)))(w)
            return w - 0.1 * gradient, {"loss": loss}

        w, xs = np.ones(2), np.ones((3, 2))
        expected = tg.scan(step, w, xs)
        with tg.detect_anomaly(), np.errstate(divide="ignore"):
            state, outputs = tg.scan(step, w, xs)
            np.testing.assert_allclose(state, expected[0])
            np.testing.assert_allclose(outputs["loss"], expected[1]["loss"])
            with pytest.raises(FloatingPointError, match=r"np\.log of .*called"):
                tg.scan(step, w, 0 * xs)
