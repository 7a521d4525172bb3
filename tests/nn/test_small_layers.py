"""Embedding, Residual, Flatten, and the activations beyond the document's."""

import numpy as np
import pytest

import nn
import tensorgrad as tg


def rows(*shape):
    return np.random.default_rng(0).normal(size=shape)


def check_layer(layer, *inputs):
    parameters = {name: p.data.astype(float) for name, p in layer.named_parameters()}
    tg.check_grads(lambda p, *x: nn.functional_call(layer, p, *x), parameters, *inputs)


class TestEmbedding:
    def test_it_looks_vectors_up(self):
        layer = nn.Embedding(5, 3, rng=0)
        indices = np.array([[4, 0], [4, 4]])
        np.testing.assert_array_equal(layer(indices).data, layer.weight.data[indices])
        np.testing.assert_array_equal(layer([4, 0]).data, layer.weight.data[[4, 0]])
        np.testing.assert_array_equal(layer(tg.tensor([4])).data, layer.weight.data[[4]])

    def test_derivatives(self):
        check_layer(nn.Embedding(4, 2, rng=0), np.array([[1, 1, 3], [0, 1, 3]]))

    def test_rows_that_were_read_twice_get_both_gradients(self):
        layer = nn.Embedding(4, 2)
        layer(np.array([1, 1, 3])).sum().backward()
        np.testing.assert_array_equal(layer.weight.grad[:, 0], [0, 2, 0, 1])

    def test_indices_are_checked(self):
        layer = nn.Embedding(4, 2)
        with pytest.raises(ValueError, match=r"indices go from -1 to 3, expected 0 to 3"):
            layer(np.array([-1, 3]))
        with pytest.raises(ValueError, match=r"indices go from 0 to 4, expected 0 to 3"):
            layer(np.array([0, 4]))
        with pytest.raises(TypeError, match=r"dtype float64, expected integers"):
            layer(np.ones(3))

    def test_starting_values(self):
        weight = nn.Embedding(100, 50, rng=0).weight.data
        assert weight.dtype == np.float32
        np.testing.assert_allclose([weight.mean(), weight.std()], [0, 1], atol=0.05)


class TestResidual:
    def test_it_adds_the_input(self):
        body = nn.Linear(3, 3, rng=0, dtype=np.float64)
        x = rows(4, 3)
        np.testing.assert_allclose(nn.Residual(body)(x).data, x + body(x).data)
        check_layer(nn.Residual(nn.Sequential(body, nn.Tanh())), x)

    def test_shortcut(self):
        layer = nn.Residual(nn.Linear(3, 5, rng=0), nn.Linear(3, 5, bias=False, rng=1))
        names = ["body.weight", "body.bias", "shortcut.weight"]
        assert [name for name, _ in layer.named_parameters()] == names
        check_layer(layer, rows(4, 3))

    def test_shapes_that_numpy_would_broadcast_are_refused(self):
        with pytest.raises(ValueError, match=r"cannot add shape \(4, 3\) and the body's \(4, 1\)"):
            nn.Residual(nn.Linear(3, 1))(rows(4, 3))

    def test_parts_are_callable(self):
        with pytest.raises(TypeError, match="body is None"):
            nn.Residual(None)
        with pytest.raises(TypeError, match="shortcut is 3"):
            nn.Residual(nn.Tanh(), 3)


class TestFlatten:
    def test_shapes(self):
        x = rows(2, 3, 4, 5)
        assert nn.Flatten()(x).shape == (2, 60)
        assert nn.Flatten(0)(x).shape == (120,)
        assert nn.Flatten(1, 2)(x).shape == (2, 12, 5)
        assert nn.Flatten()(rows(2, 3)).shape == (2, 3)
        check_layer(nn.Flatten(), rows(2, 2, 3))

    def test_axes_are_checked(self):
        with pytest.raises(ValueError, match="the last axis comes before the first"):
            nn.Flatten(2, 1)(rows(2, 3, 4))
        with pytest.raises(np.exceptions.AxisError):
            nn.Flatten()(rows(2))


ACTIVATIONS = [
    nn.LeakyReLU(0.1),
    nn.ELU(1.5),
    nn.SiLU(),
    nn.Softplus(),
    nn.Softplus(3.0),
    nn.PReLU(dtype=np.float64),
    nn.PReLU(3, dtype=np.float64),
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
class TestActivations:
    def test_derivatives(self, activation):
        check_layer(activation, rows(4, 3))

    def test_edges_of_the_range(self, activation):
        large = np.finfo(np.float32).max / 8
        x = tg.tensor(np.array([[-large, 0, large]], np.float32), requires_grad=True)
        y = activation(x)
        y.sum().backward()
        assert np.isfinite(y.data).all()
        assert np.isfinite(x.grad).all()

    def test_dtype_and_arrays(self, activation):
        x = rows(4, 3).astype(np.float32)
        plain = activation.for_inference()(x)
        assert type(plain) is np.ndarray
        if not activation.parameters():
            assert plain.dtype == np.float32


@pytest.mark.parametrize(
    ("activation", "slope"),
    [(nn.LeakyReLU(0.1), 0.1), (nn.ELU(1.0), 1.0), (nn.ELU(2.0), 2.0), (nn.PReLU(init=0.3), 0.3)],
)
def test_derivative_at_zero(activation, slope):
    x = tg.tensor(np.zeros(1, np.float32), requires_grad=True)
    activation(x).backward([1.0])
    np.testing.assert_allclose(x.grad, slope, rtol=1e-6)


def test_settings_and_channels_are_checked():
    with pytest.raises(ValueError, match="beta is 0; expected a positive"):
        nn.Softplus(0)
    with pytest.raises(ValueError, match="num_parameters is 0; expected a positive"):
        nn.PReLU(0)
    with pytest.raises(ValueError, match=r"got shape \(4, 3\), expected 2 channels along axis 1"):
        nn.PReLU(2)(rows(4, 3))


@pytest.mark.parametrize("name", ["SiLU", "softplus", "LeakyReLU", "ELU"])
def test_a_network_is_made_of_them_by_name(name):
    X = rows(200, 2)
    network = nn.NeuralNetwork(2, [[8, name.upper()], [1, "sigmoid"]], "binary_log_loss", seed=0)
    network.fit(X, X[:, 0] > 0, epochs=20, learning_rate=0.3)
    assert network.history["accuracy"][-1] > 0.95
    assert f"( 2 -> 8) {name}\n" in str(network)
