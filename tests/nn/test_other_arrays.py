"""Models and losses on arrays of another library; the strict duck array stands for CuPy."""

from typing import Any

import numpy as np
import pytest
from duck_array import DuckArray, reveal

import tensorgrad as tg
from nn import (
    ELU,
    GELU,
    AvgPool2d,
    BatchNorm1d,
    Conv2d,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Linear,
    MaxPool2d,
    Module,
    PReLU,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
    binary_log_loss,
    functional_call,
    l2_loss,
    multiclass_log_loss,
)
from tensorgrad.structure import map_leaves

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 3))
TARGETS = {
    binary_log_loss: (rng.normal(size=(6, 2)) > 0) + 0.0,
    multiclass_log_loss: np.eye(2)[rng.integers(2, size=6)],
    l2_loss: rng.normal(size=(6, 2)),
}


@pytest.mark.parametrize("loss", TARGETS, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("activation", [GELU, ReLU, Sigmoid, Tanh])
def test_training_steps(loss: Any, activation: Any) -> None:
    model = Sequential(
        Linear(3, 4, rng=0, dtype=np.float64), activation(), Linear(4, 2, rng=1, dtype=np.float64)
    )

    def trained(make: Any) -> Any:
        parameters = map_leaves(make, model.state_dict())
        x, y = make(X), make(TARGETS[loss])
        value_and_gradient = tg.value_and_grad(
            lambda parameters: loss(functional_call(model, parameters, x), y)
        )
        value = None
        for _ in range(3):
            value, gradient = value_and_gradient(parameters)
            parameters = {name: parameters[name] - 0.5 * gradient[name] for name in parameters}
        return {"loss": value, **parameters}

    expected, got = trained(np.asarray), trained(DuckArray)
    for name, array in got.items():
        assert isinstance(array, DuckArray)
        np.testing.assert_allclose(reveal(array), expected[name], rtol=1e-10, atol=1e-12)


double = {"dtype": np.float64}
images = rng.normal(size=(2, 2, 6, 6))
LAYERS: list[tuple[Module, Any]] = [
    (Conv2d(2, 4, 3, stride=2, padding=1, groups=2, rng=0, **double), images),
    (MaxPool2d(2), images),
    (MaxPool2d(3, 1, 1), images),
    (AvgPool2d(2), images),
    (BatchNorm1d(3, **double), X),
    (LayerNorm(3, **double), X),
    (Residual(Linear(3, 3, rng=0, **double)), X),
    (LeakyReLU(), X),
    (PReLU(**double), X),
    (ELU(), X),
    (SiLU(), X),
    (Softplus(), X),
    (Flatten(), images),
]


@pytest.mark.parametrize(("layer", "x"), LAYERS)
def test_layers(layer: Module, x: Any) -> None:
    parameters = {name: parameter.data for name, parameter in layer.named_parameters()}
    buffers = {name: buffer.data for name, buffer in layer.named_buffers()}

    def gradients(make: Any) -> Any:
        def value(parameters: Any, x: Any) -> Any:
            state = {**parameters, **map_leaves(make, buffers)}
            return np.sum(np.sin(functional_call(layer, state, x)))

        return tg.grad(value, (0, 1))(map_leaves(make, parameters), make(x))

    (ours, of_x), (theirs, of_x_theirs) = gradients(np.asarray), gradients(DuckArray)
    np.testing.assert_allclose(reveal(of_x_theirs), of_x, rtol=1e-10, atol=1e-12)
    for name, gradient in ours.items():
        np.testing.assert_allclose(reveal(theirs[name]), gradient, rtol=1e-10, atol=1e-12)
