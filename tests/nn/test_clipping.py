"""Clipping of gradients: as PyTorch's, at the edges of the range, and inside optimizers."""

import numpy as np
import pytest

import tensorgrad as tg
from nn import SGD, Parameter, clip_by_norm, clip_by_value, clip_grad_norm_, clip_grad_value_


def with_gradients(*gradients):
    parameters = [Parameter(np.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    return parameters


def normal(*shape, dtype=np.float64):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("max_norm", [0.1, 1.0, 100.0])
def test_norm_as_pytorch(max_norm, dtype):
    torch = pytest.importorskip("torch")
    gradients = normal(3, 4, dtype=dtype), normal(5, dtype=dtype)
    mine = with_gradients(*gradients)
    theirs = [torch.zeros(g.shape, dtype=torch.from_numpy(g).dtype) for g in gradients]
    for tensor, gradient in zip(theirs, gradients, strict=True):
        tensor.grad = torch.tensor(gradient)
    norm = clip_grad_norm_(mine, max_norm)
    rtol = 1e-12 if dtype == np.float64 else 1e-6
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    np.testing.assert_allclose(norm, float(expected), rtol=rtol)
    for parameter, tensor in zip(mine, theirs, strict=True):
        assert parameter.grad.dtype == dtype
        np.testing.assert_allclose(parameter.grad, tensor.grad.numpy(), rtol=rtol)


def test_value():
    parameter, without = *with_gradients(np.array([3.0, -0.5, -7.0])), Parameter([1.0])
    clip_grad_value_([parameter, without], 1.0)
    np.testing.assert_array_equal(parameter.grad, [1.0, -0.5, -1.0])
    assert without.grad is None
    clip_grad_value_(parameter, 0.25)
    np.testing.assert_array_equal(parameter.grad, [0.25, -0.25, -0.25])


def test_the_array_of_the_gradient_is_not_written_to():
    gradient = np.array([3.0, 4.0])
    parameters = with_gradients(gradient)
    clip_grad_norm_(parameters, 1.0)
    clip_grad_value_(parameters, 0.1)
    np.testing.assert_array_equal(gradient, [3.0, 4.0])


@pytest.mark.parametrize("size", [1e-30, 1e-22, 1e-10, 1e19, 1e25, 1e37])
def test_squares_beyond_float32(size):
    (parameter,) = with_gradients(np.array([3.0, 4.0], np.float32) * np.float32(size))
    np.testing.assert_allclose(clip_grad_norm_(parameter, 1.0), 5 * size, rtol=1e-5)
    assert np.isfinite(parameter.grad).all()
    if size > 1:
        np.testing.assert_allclose(parameter.grad, [0.6, 0.8], rtol=1e-5)


def test_no_gradient_and_zero_gradient():
    assert clip_grad_norm_([Parameter([1.0])], 1.0) == 0
    assert clip_grad_norm_(with_gradients(np.zeros(3)), 1.0) == 0
    assert clip_grad_norm_(with_gradients(np.zeros(0)), 1.0) == 0


def test_what_is_not_finite_is_not_hidden():
    (parameter,) = with_gradients(np.array([1.0, np.nan]))
    assert np.isnan(clip_grad_norm_(parameter, 1.0))
    assert np.isnan(parameter.grad).all()
    (parameter,) = with_gradients(np.array([1.0, np.inf]))
    with np.errstate(invalid="ignore"):
        assert clip_grad_norm_(parameter, 1.0) == np.inf
    assert np.isnan(parameter.grad[1])


@pytest.mark.parametrize("compiled", [False, True])
def test_functions(compiled):
    gradient = {"a": normal(3, 4, dtype=np.float32), "b": [normal(5, dtype=np.float32)]}
    by_norm = lambda g: clip_by_norm(g, 0.5)  # noqa: E731
    by_value = lambda g: clip_by_value(g, 0.5)  # noqa: E731
    if compiled:
        by_norm, by_value = tg.compile(by_norm), tg.compile(by_value)
    parameters = with_gradients(gradient["a"], gradient["b"][0])
    clipped, norm = by_norm(gradient)
    np.testing.assert_allclose(norm, clip_grad_norm_(parameters, 0.5), rtol=1e-6)
    np.testing.assert_allclose(clipped["a"], parameters[0].grad, rtol=1e-6)
    np.testing.assert_allclose(clipped["b"][0], parameters[1].grad, rtol=1e-6)
    assert clipped["a"].dtype == np.float32
    limited = by_value(gradient)
    np.testing.assert_array_equal(limited["a"], np.clip(gradient["a"], -0.5, 0.5))
    assert limited["b"][0].dtype == np.float32


def test_in_an_optimizer_the_value_comes_first():
    parameters = with_gradients(np.array([10.0]), np.array([1.0, -1.0]))
    SGD(parameters, 1.0, clip_value=2.0, clip_norm=0.5).step()
    expected = np.array([2.0, 1.0, -1.0]) * 0.5 / (np.sqrt(6) + 1e-6)
    np.testing.assert_allclose(parameters[0].data, -expected[:1], rtol=1e-12)
    np.testing.assert_allclose(parameters[1].data, -expected[1:], rtol=1e-12)


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_, clip_by_norm, clip_by_value])
def test_limits_out_of_range(clip):
    for limit in (0, -1.0, np.nan):
        with pytest.raises(ValueError, match="expected a positive"):
            clip([], limit)
    with pytest.raises(TypeError, match="expected a positive"):
        clip([], None)
