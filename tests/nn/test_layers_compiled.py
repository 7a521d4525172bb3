"""Layers and losses inside of compiled functions: the same numbers as without."""

import numpy as np
import pytest
from interpreted_text import as_text

import nn
import tensorgrad as tg
from tensorgrad.structure import flatten


@pytest.fixture(params=["numpy", as_text], ids=["replayed", "text of machine code"])
def backend(request):
    return request.param


def rows(*shape):
    return np.random.default_rng(0).normal(size=shape)


LAYERS = {
    "Conv2d": (nn.Conv2d(2, 3, 3, padding=1, rng=0), rows(2, 2, 6, 6)),
    "Conv2d, all settings": (
        nn.Conv2d(2, 4, 2, stride=2, padding=1, dilation=2, groups=2, bias=False, rng=0),
        rows(2, 2, 6, 6),
    ),
    "MaxPool2d": (nn.MaxPool2d(2), rows(2, 2, 6, 6)),
    "MaxPool2d, overlapping": (nn.MaxPool2d(3, 1, 1), rows(2, 2, 6, 6)),
    "AvgPool2d": (nn.AvgPool2d(2), rows(2, 2, 6, 6)),
    "BatchNorm1d": (nn.BatchNorm1d(3), rows(5, 3)),
    "BatchNorm1d, sequences": (nn.BatchNorm1d(3), rows(5, 3, 2)),
    "BatchNorm1d, evaluation": (nn.BatchNorm1d(3).eval(), rows(5, 3)),
    "LayerNorm": (nn.LayerNorm(3), rows(5, 3)),
    "Dropout, training": (nn.Dropout(0.3, rng=0), rows(5, 3)),
    "Dropout, evaluation": (nn.Dropout(0.3, rng=0).eval(), rows(5, 3)),
    "Embedding": (nn.Embedding(5, 3, rng=0), np.array([[0, 4, 4], [1, 2, 3]])),
    "Flatten": (nn.Flatten(), rows(3, 2, 2)),
    "Residual": (nn.Residual(nn.Linear(3, 3, rng=0)), rows(5, 3)),
    "LeakyReLU": (nn.LeakyReLU(), rows(5, 3)),
    "ELU": (nn.ELU(), rows(5, 3)),
    "SiLU": (nn.SiLU(), rows(5, 3)),
    "Softplus": (nn.Softplus(2.0), rows(5, 3)),
    "PReLU": (nn.PReLU(3), rows(5, 3)),
    "Linear": (nn.Linear(3, 2, rng=0), rows(5, 3)),
    "ReLU": (nn.ReLU(), rows(5, 3)),
    "Tanh": (nn.Tanh(), rows(5, 3)),
    "Sigmoid": (nn.Sigmoid(), rows(5, 3)),
    "GELU": (nn.GELU(), rows(5, 3)),
    "Softmax": (nn.Softmax(), rows(5, 3)),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layer(case, backend):
    layer, x = LAYERS[case]
    parameters = {name: p.data for name, p in layer.named_parameters()}
    buffers = {name: b.data for name, b in layer.named_buffers()}

    def step(parameters, state, x):
        def value(parameters, x):
            output, new = nn.functional_call_with_buffers(layer, {**parameters, **state}, x)
            return np.sum(np.sin(output)), new

        argnums = (0, 1) if x.dtype.kind == "f" else 0
        return tg.value_and_grad(value, argnums, has_aux=True)(parameters, x)

    def state():
        return {**buffers, **{name: np.random.default_rng(3) for name, _ in generators}}

    generators = layer.named_generators()
    compiled = tg.compile(step, backend=backend)
    for scale in (1, 2):  # the record is used again
        got = compiled(parameters, state(), scale * x % 5)
        expected = step(parameters, state(), scale * x % 5)
        assert_same(got, expected)


def test_convolutions_one_after_the_other_in_machine_code():
    pytest.importorskip("llvmlite")
    model = nn.Sequential(
        nn.Conv2d(1, 3, (2, 3), (2, 1), dilation=(1, 2), rng=1),
        nn.Conv2d(3, 2, 2, rng=2),  # more elements in a window than there are windows
    )
    parameters = {name: p.data for name, p in model.named_parameters()}
    images = rows(2, 1, 4, 6).astype(np.float32)
    assert model(images).shape == (2, 2, 1, 1)

    def loss(parameters, images):
        return np.sum(np.sin(nn.functional_call(model, parameters, images)))

    gradient = tg.value_and_grad(loss, (0, 1))
    compiled = tg.compile(gradient, backend="llvm")
    for x in (images, 2 * images):
        got, expected = (flatten(f(parameters, x))[0] for f in (compiled, gradient))
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_every_layer_is_here():
    compositions = {"Sequential", "Identity", "Module", "Parameter"}
    layers = {
        name
        for name, thing in vars(nn).items()
        if isinstance(thing, type) and issubclass(thing, nn.Module) and not name.endswith("Loss")
    }
    assert {case.partition(",")[0] for case in LAYERS} == layers - compositions


LOSSES = {
    "l1": nn.l1_loss,
    "l2": nn.l2_loss,
    "huber": nn.huber_loss,
    "quantile": nn.QuantileLoss(0.3),
    "poisson": nn.poisson_nll_loss,
    "gaussian": lambda x, y: nn.gaussian_nll_loss(x[:, :1], y[:, :1], np.exp(x[:, 1:])),
    "binary": nn.BCEWithLogitsLoss(pos_weight=[1.0, 2.0, 3.0], label_smoothing=0.1),
    "none": lambda x, y: (nn.l2_loss(x, y, reduction="none") * y).sum(),
}


@pytest.mark.parametrize("case", LOSSES)
def test_loss(case, backend):
    gradient = tg.value_and_grad(LOSSES[case])
    x, y = rows(5, 3), np.abs(rows(5, 3))
    assert_same(tg.compile(gradient, backend=backend)(x, y), gradient(x, y))


def test_loss_of_classes(backend):
    loss = nn.CrossEntropyLoss([1.0, 2.0, 3.0], label_smoothing=0.1)
    gradient = tg.value_and_grad(loss)
    x, y = rows(5, 3), np.array([0, 2, 1, 1, 2])
    assert_same(tg.compile(gradient, backend=backend)(x, y), gradient(x, y))


def assert_same(got, expected):
    got, expected = (flatten(tree)[0] for tree in (got, expected))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
