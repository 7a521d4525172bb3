"""Layers, activations and losses beside PyTorch's of the same name: values and gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tensorgrad as tg

torch = pytest.importorskip("torch")

CLOSE = {"rtol": 1e-9, "atol": 1e-11}


def images():
    return rows(3, 4, 7, 6)


def rows(*shape):
    return np.random.default_rng(0).normal(size=shape or (5, 4))


double = {"dtype": np.float64}
LAYERS = {
    "Conv2d": (nn.Conv2d(4, 6, 3, **double), torch.nn.Conv2d(4, 6, 3), images()),
    "Conv2d, all settings": (
        nn.Conv2d(4, 6, (3, 2), (2, 1), (2, 1), (1, 2), groups=2, bias=False, **double),
        torch.nn.Conv2d(4, 6, (3, 2), (2, 1), (2, 1), (1, 2), groups=2, bias=False),
        images(),
    ),
    "Conv2d, same": (
        nn.Conv2d(4, 2, (4, 3), padding="same", dilation=(1, 2), **double),
        torch.nn.Conv2d(4, 2, (4, 3), padding="same", dilation=(1, 2)),
        images(),
    ),
    "Conv2d, depthwise": (
        nn.Conv2d(4, 8, 3, padding="valid", groups=4, **double),
        torch.nn.Conv2d(4, 8, 3, padding="valid", groups=4),
        images(),
    ),
    "MaxPool2d": (nn.MaxPool2d(2), torch.nn.MaxPool2d(2), images()),
    "MaxPool2d, overlapping": (
        nn.MaxPool2d(3, (2, 1), (1, 0)),
        torch.nn.MaxPool2d(3, (2, 1), (1, 0)),
        images(),
    ),
    "AvgPool2d": (nn.AvgPool2d((2, 3)), torch.nn.AvgPool2d((2, 3)), images()),
    "AvgPool2d, overlapping": (
        nn.AvgPool2d(3, 1, 1),
        torch.nn.AvgPool2d(3, 1, 1),
        images(),
    ),
    "LayerNorm": (nn.LayerNorm(4, **double), torch.nn.LayerNorm(4), rows()),
    "LayerNorm, two axes": (
        nn.LayerNorm((7, 6), eps=1e-3, bias=False, **double),
        torch.nn.LayerNorm((7, 6), eps=1e-3, bias=False),
        images(),
    ),
    "LayerNorm, plain": (
        nn.LayerNorm([4], elementwise_affine=False),
        torch.nn.LayerNorm([4], elementwise_affine=False),
        rows(),
    ),
    "BatchNorm1d": (nn.BatchNorm1d(4, **double), torch.nn.BatchNorm1d(4), rows()),
    "BatchNorm1d, sequences": (
        nn.BatchNorm1d(4, eps=1e-3, momentum=0.4, affine=False, **double),
        torch.nn.BatchNorm1d(4, eps=1e-3, momentum=0.4, affine=False),
        rows(5, 4, 3),
    ),
    "BatchNorm1d, no averages": (
        nn.BatchNorm1d(4, track_running_stats=False, **double),
        torch.nn.BatchNorm1d(4, track_running_stats=False),
        rows(),
    ),
    "Embedding": (nn.Embedding(7, 3, **double), torch.nn.Embedding(7, 3), np.array([[0, 6, 6]])),
    "Flatten": (nn.Flatten(), torch.nn.Flatten(), images()),
    "Flatten, some axes": (nn.Flatten(0, -2), torch.nn.Flatten(0, -2), images()),
    "LeakyReLU": (nn.LeakyReLU(0.2), torch.nn.LeakyReLU(0.2), rows()),
    "ELU": (nn.ELU(1.3), torch.nn.ELU(1.3), rows()),
    "SiLU": (nn.SiLU(), torch.nn.SiLU(), rows()),
    "Softplus": (nn.Softplus(2.0), torch.nn.Softplus(2.0), rows()),
    "PReLU": (nn.PReLU(**double), torch.nn.PReLU(), rows()),
    "PReLU, channels": (nn.PReLU(4, 0.1, **double), torch.nn.PReLU(4, 0.1), images()),
    "Dropout, none": (nn.Dropout(0.0), torch.nn.Dropout(0.0), rows()),
    "Dropout, all": (nn.Dropout(1.0), torch.nn.Dropout(1.0), rows()),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # it copies, as we do
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", LAYERS)
def test_layer(case, training):
    layer, peer, x = LAYERS[case]
    layer, peer = layer.train(training), peer.double().train(training)
    give_the_same_numbers(layer, peer)
    assert_same(layer, peer, x)
    state = {name: value.numpy() for name, value in peer.state_dict().items()}
    state.pop("num_batches_tracked", None)
    assert state.keys() == layer.state_dict().keys()
    for name, value in layer.state_dict().items():
        np.testing.assert_allclose(value, state[name], **CLOSE)


def test_running_averages_over_batches():
    layer, peer = nn.BatchNorm1d(3, dtype=np.float64), torch.nn.BatchNorm1d(3).double()
    for scale in (1, 2, 3):
        x = scale * rows(6, 3) + scale
        assert_same(layer, peer, x)
    np.testing.assert_allclose(layer.running_mean.data, peer.running_mean.numpy(), **CLOSE)
    np.testing.assert_allclose(layer.running_var.data, peer.running_var.numpy(), **CLOSE)
    assert_same(layer.eval(), peer.eval(), rows(4, 3))


@settings(max_examples=30)
@given(st.data())
def test_convolution(data):
    small = st.integers(1, 3)
    pairs = st.tuples(small, small)
    size, stride, dilation = data.draw(pairs), data.draw(pairs), data.draw(pairs)
    padding = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    groups, inputs, outputs, n = (data.draw(small) for _ in range(4))
    extent = [d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True)]
    shape = [
        max(1, e + data.draw(st.integers(0, 4)) - 2 * p)
        for e, p in zip(extent, padding, strict=True)
    ]
    args = inputs * groups, outputs * groups, size, stride, padding, dilation, groups
    layer, peer = nn.Conv2d(*args, dtype=np.float64), torch.nn.Conv2d(*args).double()
    give_the_same_numbers(layer, peer)
    assert_same(layer, peer, rows(n, inputs * groups, *shape))


rng = np.random.default_rng(3)
probabilities = rng.dirichlet(np.ones(3), size=6)
labels = rng.integers(3, size=6)
zeros_and_ones = rng.integers(2, size=(6, 3)) + 0.0
weight, positive = rng.uniform(0.5, 2, size=3), rng.uniform(0.5, 2, size=(6, 3))
LOSSES = {
    "L1Loss": (nn.L1Loss, torch.nn.L1Loss, {}, positive),
    "MSELoss": (nn.MSELoss, torch.nn.MSELoss, {}, positive),
    "HuberLoss": (nn.HuberLoss, torch.nn.HuberLoss, {"delta": 0.7}, positive),
    "PoissonNLLLoss": (nn.PoissonNLLLoss, torch.nn.PoissonNLLLoss, {}, positive.round()),
    "binary": (nn.BCEWithLogitsLoss, torch.nn.BCEWithLogitsLoss, {}, zeros_and_ones),
    "binary, weighted": (
        nn.BCEWithLogitsLoss,
        torch.nn.BCEWithLogitsLoss,
        {"pos_weight": weight},
        zeros_and_ones,
    ),
    "classes": (nn.CrossEntropyLoss, torch.nn.CrossEntropyLoss, {}, labels),
    "classes, all settings": (
        nn.CrossEntropyLoss,
        torch.nn.CrossEntropyLoss,
        {"weight": weight, "label_smoothing": 0.2},
        labels,
    ),
    "classes, smoothed": (
        nn.CrossEntropyLoss,
        torch.nn.CrossEntropyLoss,
        {"label_smoothing": 0.2},
        labels,
    ),
    "probabilities, all settings": (
        nn.CrossEntropyLoss,
        torch.nn.CrossEntropyLoss,
        {"weight": weight, "label_smoothing": 0.2},
        probabilities,
    ),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("case", LOSSES)
def test_loss(case, reduction):
    kind, peer_kind, options, targets = LOSSES[case]
    loss = kind(**options, reduction=reduction)
    peer = peer_kind(**{k: as_peer(v) for k, v in options.items()}, reduction=reduction)
    assert_same(lambda x: loss(x, targets), lambda x: peer(x, torch.tensor(targets)), rows(6, 3))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gaussian_loss(reduction):
    targets, means = 0.5 * rows(6, 3) + 0.1, rows(6, 3)
    loss = nn.GaussianNLLLoss(reduction=reduction)
    peer = torch.nn.GaussianNLLLoss(reduction=reduction)
    assert_same(
        lambda v: loss(means, targets, v),
        lambda v: peer(torch.tensor(means), torch.tensor(targets), v),
        positive,
    )
    assert_same(
        lambda m: loss(m, targets, positive),
        lambda m: peer(m, torch.tensor(targets), torch.tensor(positive)),
        means,
    )


def give_the_same_numbers(layer, peer):
    """Random parameters and buffers; a variance is positive."""
    rng = np.random.default_rng(1)
    state = {
        name: np.abs(value + rng.normal(size=value.shape)) + 0.1
        for name, value in layer.state_dict().items()
    }
    layer.load_state_dict(state)
    peer.load_state_dict({name: torch.tensor(value) for name, value in state.items()}, strict=False)


def assert_same(function, peer, x):
    """The same output, and the same gradients of it along a random direction."""
    ours = tg.tensor(x, requires_grad=x.dtype.kind == "f")
    theirs = torch.tensor(x, requires_grad=x.dtype.kind == "f")
    output, expected = function(ours), peer(theirs)
    assert output.shape == tuple(expected.shape)
    np.testing.assert_allclose(output.data, expected.detach().numpy(), **CLOSE)
    direction = np.random.default_rng(2).normal(size=output.shape)
    output.backward(direction)
    expected.backward(torch.tensor(direction))
    if ours.requires_grad:
        np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), **CLOSE)
    if isinstance(function, nn.Module):
        gradients = {name: p.grad.numpy() for name, p in peer.named_parameters()}
        for name, parameter in function.named_parameters():
            np.testing.assert_allclose(parameter.grad, gradients[name], **CLOSE)
        function.zero_grad()
        peer.zero_grad()


def as_peer(value):
    return torch.tensor(value) if isinstance(value, np.ndarray) else value
