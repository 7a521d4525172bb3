"""Linear, Sequential, the activations, and the initializers."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import initializers


class TestLinear:
    def test_output(self):
        layer = nn.Linear(2, 3, rng=0, dtype=np.float64)
        layer.bias.assign([1.0, 2.0, 3.0])
        x = np.random.default_rng(0).normal(size=(5, 2))
        np.testing.assert_allclose(layer(x).data, x @ layer.weight.data + [1.0, 2.0, 3.0])
        assert (layer.in_features, layer.out_features) == (2, 3)

    def test_any_number_of_leading_axes(self):
        layer = nn.Linear(2, 3)
        for shape in [(2,), (5, 2), (4, 5, 2)]:
            assert layer(np.ones(shape, np.float32)).shape == (*shape[:-1], 3)

    def test_without_bias(self):
        layer = nn.Linear(2, 3, bias=False)
        assert layer.bias is None
        assert [name for name, _ in layer.named_parameters()] == ["weight"]
        np.testing.assert_array_equal(layer(np.zeros((1, 2), np.float32)).data, np.zeros((1, 3)))

    def test_dtype(self):
        for dtype in (np.float32, np.float64):
            layer = nn.Linear(2, 3, dtype=dtype)
            output = layer(np.ones((4, 2), dtype))
            assert output.dtype == dtype
            output.sum().backward()
            assert layer.weight.grad.dtype == layer.bias.grad.dtype == dtype

    def test_a_seed_gives_the_same_weights_in_every_dtype(self):
        single, double = nn.Linear(3, 4, rng=7), nn.Linear(3, 4, rng=7, dtype=np.float64)
        np.testing.assert_array_equal(single.weight.data, double.weight.data.astype(np.float32))
        generator = np.random.default_rng(7)
        np.testing.assert_array_equal(
            nn.Linear(3, 4, rng=generator).weight.data, single.weight.data
        )

    @pytest.mark.parametrize("width", [0, -1, True])
    def test_width_is_checked(self, width):
        with pytest.raises((ValueError, TypeError), match=r"out_features is .* positive integer"):
            nn.Linear(2, width)
        with pytest.raises((ValueError, TypeError), match=r"in_features is .* positive integer"):
            nn.Linear(width, 2)

    def test_fractional_width(self):
        with pytest.raises(TypeError, match=r"out_features is 8.5"):
            nn.Linear(2, 8.5)

    def test_initializer_is_checked(self):
        with pytest.raises(ValueError, match=r"shape \(2,\), expected \(2, 3\)"):
            nn.Linear(2, 3, initializer=lambda shape, rng: np.ones(2))

    def test_wrong_input_names_the_operation(self):
        with pytest.raises(ValueError, match=r"affine of float32 \(4, 5\), float32 \(2, 3\)"):
            nn.Linear(2, 3)(np.ones((4, 5), np.float32))

    def test_gradient(self):
        layer = nn.Linear(2, 3, rng=0, dtype=np.float64)
        x = np.random.default_rng(0).normal(size=(4, 2))
        tg.check_grads(layer, x)
        tg.check_grads(lambda p: nn.functional_call(layer, p, x), layer.state_dict())


class TestSequential:
    def test_applies_in_order(self):
        model = nn.Sequential(lambda x: x + 1, lambda x: x * 10)
        assert model(2) == 30

    def test_is_a_container(self):
        first, second = nn.Tanh(), nn.Linear(1, 1)
        model = nn.Sequential(first, second)
        assert len(model) == 2
        assert model[1] is second
        assert list(model) == [first, second]
        assert type(model[:1]) is nn.Sequential
        assert model[1:].layers == [second]

    def test_a_list_is_refused(self):
        with pytest.raises(TypeError, match=r"Sequential\(\*layers\)"):
            nn.Sequential([nn.Tanh()])


SAMPLE = np.array([[-1000.0, -1.5, -0.1], [0.0, 0.3, 1000.0]])
EXPECTED = {
    nn.Identity: SAMPLE,
    nn.ReLU: np.maximum(SAMPLE, 0),
    nn.Tanh: np.tanh(SAMPLE),
    nn.Sigmoid: 1 / (1 + np.exp(-np.clip(SAMPLE, -700, None))),
    nn.GELU: 0.5 * SAMPLE * (1 + np.tanh(np.sqrt(2 / np.pi) * (SAMPLE + 0.044715 * SAMPLE**3))),
    nn.Softmax: np.exp(SAMPLE - SAMPLE.max(axis=1, keepdims=True))
    / np.exp(SAMPLE - SAMPLE.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True),
}


@pytest.mark.parametrize("activation", EXPECTED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestActivations:
    def test_on_arrays(self, activation, dtype):
        result = activation()(SAMPLE.astype(dtype))
        assert type(result) is np.ndarray
        assert result.dtype == dtype
        np.testing.assert_allclose(result, EXPECTED[activation], rtol=1e-5, atol=1e-6)

    def test_on_tensors(self, activation, dtype):
        x = tg.tensor(SAMPLE, dtype=dtype, requires_grad=True)
        result = activation()(x)
        assert result.dtype == dtype
        np.testing.assert_array_equal(result.data, activation()(SAMPLE.astype(dtype)))
        result.sum().backward()
        assert x.grad.dtype == dtype
        assert np.isfinite(x.grad).all()


def test_softmax_over_another_axis():
    np.testing.assert_allclose(nn.Softmax(axis=0)(np.zeros((4, 2))), np.full((4, 2), 0.25))
    assert repr(nn.Softmax(axis=0)) == "Softmax(axis=0)"


SHAPE = (300, 200)
VARIANCE = {
    initializers.xavier_uniform: 2 / 500,
    initializers.xavier_normal: 2 / 500,
    initializers.he_uniform: 2 / 300,
    initializers.he_normal: 2 / 300,
}


class TestInitializers:
    @pytest.mark.parametrize("initializer", VARIANCE)
    def test_moments(self, initializer):
        values = initializer(SHAPE, np.random.default_rng(0))
        assert values.shape == SHAPE
        assert values.dtype == np.float64
        variance = VARIANCE[initializer]
        # Four standard errors of the mean; those of the variance are below 1.2 %.
        assert abs(values.mean()) < 4 * np.sqrt(variance / values.size)
        np.testing.assert_allclose(values.var(), variance, rtol=0.025)

    @pytest.mark.parametrize(
        ("initializer", "limit"),
        [
            (initializers.xavier_uniform, np.sqrt(6 / 500)),
            (initializers.he_uniform, np.sqrt(6 / 300)),
        ],
    )
    def test_uniform_ones_fill_their_range(self, initializer, limit):
        largest = np.abs(initializer(SHAPE, np.random.default_rng(0))).max()
        assert 0.999 * limit < largest <= limit

    @pytest.mark.parametrize(
        ("activation", "initializer"),
        [
            ("ReLU", initializers.he_normal),
            ("GeLU", initializers.he_normal),
            ("gelu", initializers.he_normal),
            ("tanh", initializers.xavier_uniform),
            ("sigmoid", initializers.xavier_uniform),
            ("softmax", initializers.xavier_uniform),
            ("identity", initializers.xavier_uniform),
        ],
    )
    def test_choice_by_activation(self, activation, initializer):
        assert initializers.initializer_for(activation) is initializer

    def test_signals_keep_their_size_through_relu_layers(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(200, 256))
        for _ in range(10):
            x = np.maximum(x @ initializers.he_normal((256, 256), rng), 0)
        assert 0.5 < np.sqrt((x * x).mean()) < 2


class TestGELU:
    def test_the_exact_form(self):
        from scipy.stats import norm

        exact = nn.GELU(approximate="none")
        np.testing.assert_allclose(exact(SAMPLE), SAMPLE * norm.cdf(SAMPLE), rtol=1e-12, atol=1e-15)
        assert repr(exact) == "GELU(approximate='none')"
        tg.check_grads(exact, np.array([-1.5, 0.3, 2.0]))

    def test_an_unknown_form(self):
        with pytest.raises(ValueError, match="'tanh' or 'none'"):
            nn.GELU("erf")
