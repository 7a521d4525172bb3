"""Models and losses on arrays of another library; the strict duck array stands for CuPy."""

from typing import Any

import numpy as np
import pytest
from duck_array import DuckArray, reveal

import tensorgrad as tg
from nn import (
    GELU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
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
