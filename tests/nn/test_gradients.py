"""Gradients through whole networks, against central differences in float64."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import nn
import tensorgrad as tg
from nn.activations import ACTIVATIONS

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
LOSSES = {
    "binary": nn.binary_log_loss,
    "classes": nn.multiclass_log_loss,
    "probabilities": nn.multiclass_log_loss,
    "l2": nn.l2_loss,
}


@st.composite
def problems(draw):
    """A model, a loss, inputs and targets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    task = draw(st.sampled_from(sorted(LOSSES)))
    widths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    outputs = 1 if task == "binary" else draw(st.integers(2, 4))
    layers = []
    for inputs, width in zip(widths, [*widths[1:], outputs], strict=True):
        linear = nn.Linear(inputs, width, bias=draw(st.booleans()), rng=rng, dtype=np.float64)
        if linear.bias is not None:
            linear.bias.assign(rng.normal(size=width))
        layers += [linear, ACTIVATIONS[draw(st.sampled_from(HIDDEN))]()]
    n = draw(st.integers(1, 5))
    X = rng.normal(size=(n, widths[0]))
    targets = {
        "binary": lambda: rng.integers(2, size=(n, 1)),
        "classes": lambda: rng.integers(outputs, size=n),
        "probabilities": lambda: rng.dirichlet(np.ones(outputs), size=n),
        "l2": lambda: rng.normal(size=(n, outputs)),
    }
    return nn.Sequential(*layers[:-1]), LOSSES[task], X, targets[task]()


def distance_from_kinks(model, x):
    """The smallest absolute value that enters a ReLU."""
    smallest = np.inf
    for layer in model.for_inference():
        if isinstance(layer, nn.ReLU):
            smallest = min(smallest, np.abs(x).min())
        x = layer(x)
    return smallest


@given(problems())
def test_gradients_of_all_parameters(problem):
    model, loss_function, X, targets = problem
    assume(distance_from_kinks(model, X) > 1e-3)
    loss_function(model(X), targets).backward()
    buffer = nn.FlatBuffer(model.parameters())
    gradients = buffer.gradients().copy()
    plain = model.for_inference()
    h = 1e-6
    for i, center in enumerate(buffer.values.copy()):
        losses = []
        for moved in (center + h, center - h):
            buffer.values[i] = moved
            losses.append(loss_function(plain(X), targets))
        buffer.values[i] = center
        numeric = (losses[0] - losses[1]) / (2 * h)
        np.testing.assert_allclose(gradients[i], numeric, rtol=1e-5, atol=1e-8)


@given(problems())
def test_gradients_of_the_inputs(problem):
    model, loss_function, X, targets = problem
    assume(distance_from_kinks(model, X) > 1e-3)
    tg.check_grads(lambda x: loss_function(model(x), targets), X, order=1)


def test_a_penalty_on_the_gradient_of_the_inputs():
    """As in Gulrajani et al. 2017: the loss holds a gradient, taken on plain arrays."""
    model = nn.Sequential(
        nn.Linear(2, 4, rng=0, dtype=np.float64),
        nn.Tanh(),
        nn.Linear(4, 1, rng=1, dtype=np.float64),
    )
    X = np.random.default_rng(0).normal(size=(5, 2))

    def loss(critic):
        slopes = tg.grad(lambda x: np.sum(critic(x)))(X)
        return np.mean(critic(X)) + np.mean((np.sqrt(np.sum(slopes**2, axis=1)) - 1) ** 2)

    def loss_of(parameters):
        return loss(lambda x: nn.functional_call(model, parameters, x))

    tg.check_grads(loss_of, model.state_dict(), order=1)
    loss(model).backward()
    expected = tg.grad(loss_of)(model.state_dict())
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.grad, expected[name], rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "GeLU"])
def test_second_derivatives(activation):
    model = nn.Sequential(
        nn.Linear(2, 3, rng=0, dtype=np.float64),
        ACTIVATIONS[activation](),
        nn.Linear(3, 3, rng=1, dtype=np.float64),
    )
    X = np.random.default_rng(0).normal(size=(4, 2))
    labels = np.array([0, 2, 1, 1])
    tg.check_grads(
        lambda parameters, x: nn.multiclass_log_loss(
            nn.functional_call(model, parameters, x), labels
        ),
        model.state_dict(),
        X,
    )


@given(problems())
def test_float32_gradients_agree_with_float64(problem):
    model, loss_function, X, targets = problem
    assume(distance_from_kinks(model, X) > 1e-3)
    loss_function(model(X), targets).backward()
    names = dict(model.named_parameters())
    single = {
        name: tg.tensor(p.data, dtype=np.float32, requires_grad=True) for name, p in names.items()
    }
    loss = loss_function(nn.functional_call(model, single, X.astype(np.float32)), targets)
    assert loss.dtype == np.float32
    loss.backward()
    for name, parameter in names.items():
        assert single[name].grad.dtype == np.float32
        scale = max(1.0, np.abs(parameter.grad).max())
        np.testing.assert_allclose(single[name].grad, parameter.grad, rtol=1e-3, atol=1e-4 * scale)
