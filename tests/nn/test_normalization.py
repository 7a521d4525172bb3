"""Layer and batch normalization; PyTorch's are beside them in test_against_torch.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tensorgrad as tg

few = settings(max_examples=10)


def rows(*shape):
    return np.random.default_rng(0).normal(size=shape)


def check_layer(layer, *inputs):
    """Derivatives with respect to parameters and input, to the second order."""
    parameters = {name: p.data.astype(float) for name, p in layer.named_parameters()}
    tg.check_grads(lambda p, *x: nn.functional_call(layer, p, *x), parameters, *inputs)


@few
@given(st.integers(1, 3), st.integers(2, 4), st.booleans())
def test_derivatives_of_layer_norm(n, width, affine):
    check_layer(nn.LayerNorm(width, elementwise_affine=affine), rows(n, width))
    check_layer(nn.LayerNorm((2, width), bias=False), rows(n, 2, width))


@few
@given(st.integers(2, 4), st.integers(1, 3), st.booleans())
def test_derivatives_of_batch_norm(n, width, training):
    layer = nn.BatchNorm1d(width).train(training)
    check_layer(layer, rows(n, width))
    check_layer(layer, rows(n, width, 2))


def test_rows_are_normalized():
    y = nn.LayerNorm(50, elementwise_affine=False)(3 * rows(4, 50) + 7)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=1), 1, rtol=1e-4)


def test_evaluation_does_not_depend_on_the_batch():
    layer = nn.BatchNorm1d(3, dtype=np.float64)
    for seed in range(200):
        layer(2 * np.random.default_rng(seed).normal(size=(64, 3)) + 5)
    layer.eval()
    np.testing.assert_allclose(layer.running_mean.data, 5, atol=0.3)
    np.testing.assert_allclose(layer.running_var.data, 4, atol=0.5)
    x = rows(4, 3)
    before = layer.state_dict()
    together = layer(x).data
    one_by_one = np.concatenate([layer(row[None]).data for row in x])
    np.testing.assert_allclose(together, one_by_one, rtol=1e-12)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_float32_stays_float32():
    for layer in (nn.LayerNorm(3), nn.BatchNorm1d(3)):
        output = layer(rows(4, 3).astype(np.float32))
        assert output.dtype == np.float32
        output.sum().backward()
        assert layer.weight.grad.dtype == np.float32
        assert all(value.dtype == np.float32 for value in layer.state_dict().values())


def test_a_gradient_flows_through_the_statistics_of_the_batch():
    x = tg.tensor(rows(5, 3), requires_grad=True)
    nn.BatchNorm1d(3, affine=False)(x).sum().backward()
    np.testing.assert_allclose(x.grad, 0, atol=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match=r"got shape \(4, 2\), expected \(n, 3\) or"):
        nn.BatchNorm1d(3)(rows(4, 2))
    with pytest.raises(ValueError, match=r"one value for each feature"):
        nn.BatchNorm1d(3)(rows(1, 3))
    with pytest.raises(ValueError, match=r"got shape \(4, 2\), expected \(\.\.\., 3\)"):
        nn.LayerNorm(3)(rows(4, 2))
    with pytest.raises(ValueError, match=r"got shape \(3,\), expected \(\.\.\., 2, 3\)"):
        nn.LayerNorm((2, 3))(rows(3))
    with pytest.raises(ValueError, match=r"momentum is 1.5; expected at most 1"):
        nn.BatchNorm1d(3, momentum=1.5)
    with pytest.raises(ValueError, match=r"eps is 0; expected a positive"):
        nn.LayerNorm(3, eps=0)
    with pytest.raises(TypeError, match=r"normalized_shape is 2.5; expected a positive integer"):
        nn.LayerNorm((3, 2.5))


def test_a_batch_that_fails_changes_no_averages():
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="one value"):
        layer(rows(1, 3))
    np.testing.assert_array_equal(layer.running_mean.data, np.zeros(3))


def test_averages_go_back_with_the_parameters_when_training_diverges():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Linear(3, 1, rng=1))
    x, y = rows(8, 2).astype(np.float32), np.ones((8, 1), np.float32)
    optimizer = nn.SGD(model.parameters(), learning_rate=0.01)
    nn.train(model, nn.l2_loss, optimizer, x, y, epochs=2)
    before = model.state_dict()
    x[0] = 1e30  # its square is infinite, and so is the variance
    with pytest.raises(nn.DivergenceError):
        nn.train(model, nn.l2_loss, optimizer, x, y, batch_size=4)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name], name)
