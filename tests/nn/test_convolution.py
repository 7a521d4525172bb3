"""Convolution and pooling; PyTorch's are beside them in test_against_torch.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tensorgrad as tg
from nn.convolution import patches_of

few = settings(max_examples=10)
pairs = st.tuples(st.integers(1, 2), st.integers(1, 2))


def images(*shape):
    return np.random.default_rng(0).normal(size=shape)


def by_definition(x, weight, bias, stride):
    """A convolution in loops."""
    n, _, height, width = x.shape
    outputs, _, down, across = weight.shape
    y = np.empty((n, outputs, (height - down) // stride[0] + 1, (width - across) // stride[1] + 1))
    for i, o, r, c in np.ndindex(y.shape):
        top, left = r * stride[0], c * stride[1]
        patch = x[i, :, top : top + down, left : left + across]
        y[i, o, r, c] = np.sum(patch * weight[o]) + bias[o]
    return y


@few
@given(pairs, pairs)
def test_convolution_is_what_its_definition_says(size, stride):
    layer = nn.Conv2d(2, 3, size, stride, rng=0, dtype=np.float64)
    layer.bias.assign([1.0, 2.0, 3.0])
    x = images(2, 2, 5, 4)
    expected = by_definition(x, layer.weight.data, layer.bias.data, stride)
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-10)


@few
@given(pairs, pairs, pairs, st.integers(0, 1), st.sampled_from([1, 2]))
def test_derivatives_of_convolution(size, stride, dilation, padding, groups):
    layer = nn.Conv2d(2, 2, size, stride, padding, dilation, groups, rng=0)
    parameters = {name: p.data.astype(float) for name, p in layer.named_parameters()}
    tg.check_grads(lambda p, x: nn.functional_call(layer, p, x), parameters, images(1, 2, 3, 4))


@few
@given(pairs, pairs, st.booleans())
def test_derivatives_of_pooling(size, stride, by_side):
    steps = None if by_side else stride
    x = np.random.default_rng(0).permutation(24).reshape(1, 2, 4, 3) / 7.0
    tg.check_grads(nn.MaxPool2d(size, steps), x)
    tg.check_grads(nn.AvgPool2d(size, steps, padding=size[0] // 2 if size[0] == size[1] else 0), x)


def test_elements_that_tie_share_the_gradient():
    x = tg.tensor(np.array([[[[1.0, 1.0], [0.0, 1.0]]]]), requires_grad=True)
    nn.MaxPool2d(2)(x).backward(np.ones((1, 1, 1, 1)))
    np.testing.assert_allclose(x.grad, [[[[1 / 3, 1 / 3], [0, 1 / 3]]]])


def test_padding_never_is_the_maximum():
    x = np.full((1, 1, 3, 3), -5.0)
    np.testing.assert_array_equal(nn.MaxPool2d(2, padding=1)(x), np.full((1, 1, 2, 2), -5.0))


def test_rows_and_columns_that_no_patch_covers_are_left_out():
    x = images(2, 3, 5, 7)
    np.testing.assert_array_equal(nn.MaxPool2d(2)(x), nn.MaxPool2d(2)(x[:, :, :4, :6]))
    assert patches_of(x, (2, 3), (2, 3)).shape == (2, 3, 2, 3, 2, 2)


def test_shapes():
    x = images(2, 3, 8, 6)
    assert nn.Conv2d(3, 4, 3, padding="same")(x).shape == (2, 4, 8, 6)
    assert nn.Conv2d(3, 4, (2, 4), padding="same", dilation=2)(x).shape == (2, 4, 8, 6)
    assert nn.Conv2d(3, 4, 3, padding="valid")(x).shape == (2, 4, 6, 4)
    assert nn.Conv2d(3, 4, 3, stride=2, padding=(1, 0))(x).shape == (2, 4, 4, 2)


def test_float32_stays_float32():
    layers = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.AvgPool2d(2, 1, 1))
    output = layers(images(2, 1, 4, 4).astype(np.float32))
    assert output.dtype == np.float32
    output.sum().backward()
    assert layers[0].weight.grad.dtype == np.float32


def test_a_seed_gives_the_same_weights():
    first, second = nn.Conv2d(2, 3, 3, rng=1), nn.Conv2d(2, 3, 3, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(first.weight.data, second.weight.data)
    large = nn.Conv2d(32, 64, 3, rng=0).weight.data
    np.testing.assert_allclose(large.std(), np.sqrt(2 / (32 * 9)), rtol=0.02)


def test_summary_counts_the_products():
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 9, 10)
    )
    rows = {row.type: row for row in nn.summary(model, (32, 1, 8, 8)).rows}
    assert rows["Conv2d"][2:] == ((32, 8, 6, 6), 8 * 9 + 8, 32 * 8 * 36 * 9)
    assert rows["MaxPool2d"][2:] == ((32, 8, 3, 3), 0, 0)
    assert rows["Flatten"][2:] == ((32, 72), 0, 0)
    assert rows["Linear"].multiply_adds == 32 * 72 * 10
    grouped = nn.summary(nn.Conv2d(4, 8, 3, groups=2), (1, 4, 5, 5))
    assert grouped.multiply_adds == 9 * 8 * 2 * 9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel_size": 0}, r"kernel_size is 0; expected a positive"),
        ({"padding": -1}, r"padding is -1; expected an integer that is not negative"),
        ({"padding": "full"}, r"padding is 'full', expected a number, 'valid' or 'same'"),
        ({"padding": "same", "stride": 2}, r"'same' goes with stride 1, not \(2, 2\)"),
        ({"groups": 2}, r"3 and 4 channels cannot be split into 2 groups"),
    ],
)
def test_bad_settings_of_a_convolution(settings, message):
    with pytest.raises(ValueError, match=message):
        nn.Conv2d(3, 4, **{"kernel_size": 3, **settings})


def test_bad_input():
    with pytest.raises(ValueError, match=r"shape \(2, 8, 8\), expected \(n, 3, height, width\)"):
        nn.Conv2d(3, 4, 3)(images(2, 8, 8))
    with pytest.raises(ValueError, match=r"shape \(2, 1, 8, 8\), expected \(n, 3, height, width\)"):
        nn.Conv2d(3, 4, 3)(images(2, 1, 8, 8))
    with pytest.raises(ValueError, match=r"images of 2 x 8 are smaller than a patch of 3 x 3"):
        nn.Conv2d(3, 4, 3)(images(2, 3, 2, 8))
    with pytest.raises(ValueError, match=r"expected \(n, channels, height, width\)"):
        nn.MaxPool2d(2)(images(8, 8))
    with pytest.raises(ValueError, match=r"padding is 2, expected at most half of kernel_size 3"):
        nn.MaxPool2d(3, padding=2)
