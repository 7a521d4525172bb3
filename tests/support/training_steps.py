"""Training steps of small networks, for what must keep their meaning."""

import numpy as np

import nn
import tensorgrad as tg

ACTIVATIONS = [nn.Tanh, nn.ReLU, nn.GELU, nn.Sigmoid]
LOSSES = {
    "binary": nn.binary_log_loss,
    "multiclass": nn.multiclass_log_loss,
    "l2": nn.l2_loss,
}


def training_step(activation, loss):
    """A step (state, batch) -> (state, loss), a state to start from, and four batches."""
    rng = np.random.default_rng(0)
    outputs = 3 if loss == "multiclass" else 1
    model = nn.Sequential(nn.Linear(2, 5, rng=0), activation(), nn.Linear(5, outputs, rng=1))
    x = rng.normal(size=(4, 7, 2)).astype(np.float32)
    y = {
        "binary": (x[..., :1] > 0).astype(np.float32),
        "multiclass": rng.integers(0, 3, (4, 7)),
        "l2": x[..., :1] ** 2,
    }[loss]

    def step(parameters, batch):
        x, y = batch
        value, gradient = tg.value_and_grad(
            lambda p: LOSSES[loss](nn.functional_call(model, p, x), y)
        )(parameters)
        return {name: p - 0.1 * gradient[name] for name, p in parameters.items()}, value

    return step, model.state_dict(), (x, y)
