"""Every layer, loss and optimizer compiles: values, gradients, buffers, as eagerly."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn.functional import functional_call_with_buffers
from nn.update_rules import AdagradRule, AdamRule, RMSpropRule, SGDRule
from tensorgrad.structure import flatten

pytest.importorskip("llvmlite")
pytest.importorskip("scipy")


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENSORGRAD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def images(*channels):
    return np.random.default_rng(0).normal(size=(3, *channels, 6, 6)).astype(np.float32)


def rows(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


ACTIVATIONS = [
    *(nn.ELU, nn.GELU, nn.LeakyReLU, nn.PReLU, nn.ReLU, nn.Sigmoid, nn.SiLU, nn.Softmax),
    *(nn.Softplus, nn.Tanh),
]
LAYERS = [
    (lambda: nn.Embedding(7, 3, rng=0), np.arange(10).reshape(5, 2) % 7),
    (lambda: nn.Sequential(nn.Linear(3, 4, rng=0), nn.Dropout(0.5)), rows(5, 3)),
    (lambda: nn.Residual(nn.Linear(3, 3, rng=0), nn.LayerNorm(3)), rows(5, 3)),
    (lambda: nn.Sequential(nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4)), rows(5, 3)),
    (lambda: nn.BatchNorm1d(3), rows(5, 3, 4)),
    (lambda: nn.Conv2d(2, 3, 3, padding="same", rng=0), images(2)),
    (lambda: nn.Conv2d(2, 4, 2, stride=2, groups=2, padding=1, rng=0), images(2)),
    (lambda: nn.Sequential(nn.Conv2d(1, 2, 1, rng=0), nn.MaxPool2d(2), nn.Flatten()), images(1)),
    (lambda: nn.Sequential(nn.Conv2d(1, 2, 1, rng=0), nn.AvgPool2d(3)), images(1)),
    *(
        (lambda kind=kind: nn.Sequential(nn.Linear(3, 4, rng=0), kind()), rows(5, 3))
        for kind in ACTIVATIONS
    ),
]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(("make", "x"), LAYERS)
def test_layers(make, x, backend):
    model = make()
    state = {name: parameter.data for name, parameter in model.named_parameters()}
    buffers = {name: buffer.data.copy() for name, buffer in model.named_buffers()}
    names = [name for name, _ in model.named_generators()]

    def step(state, buffers, generators, x):
        def loss(state):
            given = {**state, **buffers, **generators}
            output, after = functional_call_with_buffers(model, given, x)
            return 0.5 * np.sum(output * output), (output, after)

        return tg.value_and_grad(loss, has_aux=True)(state)

    def called(function):
        generators = {name: np.random.default_rng(3) for name in names}
        ((loss, (output, after)), gradient) = function(state, buffers, generators, x)
        return [loss, np.asarray(tg.stop_gradient(output)), after, gradient]

    compiled = tg.compile(step, backend=backend)
    results, expected = flatten(called(compiled))[0], flatten(called(step))[0]
    for result, one in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, one, rtol=1e-4, atol=1e-5)
    assert set(buffers) <= set(called(step)[2])


def test_every_layer_is_here():
    tried = {type(module).__name__ for make, _ in LAYERS for module in make().modules()}
    layers = {
        name
        for name in nn.__all__
        if isinstance(kind := getattr(nn, name), type)
        and issubclass(kind, nn.Module)
        and not name.endswith("Loss")
    }
    assert layers - tried <= {"Module", "Identity"}


TARGETS = np.abs(rows(4, 2))
LOSSES = [
    (nn.BCEWithLogitsLoss(pos_weight=2.0, label_smoothing=0.1), TARGETS > 0.5),
    (nn.CrossEntropyLoss(), np.array([0, 1, 1, 0])),
    (nn.CrossEntropyLoss(np.array([1.0, 3.0]), label_smoothing=0.1), np.array([0, 1, 1, 0])),
    (nn.CrossEntropyLoss(reduction="sum"), np.eye(2, dtype=np.float32)[[0, 1, 1, 0]]),
    (nn.GaussianNLLLoss(), TARGETS),
    (nn.HuberLoss(delta=0.5), TARGETS),
    (nn.L1Loss(), TARGETS),
    (nn.MSELoss(), TARGETS),
    (nn.PoissonNLLLoss(), np.floor(3 * TARGETS)),
    (nn.QuantileLoss(0.9), TARGETS),
]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(("loss", "targets"), LOSSES)
def test_losses(loss, targets, backend):
    others = [rows(4, 2) ** 2 + 1] if isinstance(loss, nn.GaussianNLLLoss) else []
    step = tg.value_and_grad(lambda outputs, targets: np.sum(loss(outputs, targets, *others)))
    outputs = rows(4, 2) - 0.5
    results = tg.compile(step, backend=backend)(outputs, targets)
    for result, expected in zip(results, step(outputs, targets), strict=True):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_every_loss_is_here():
    losses = {name for name in nn.__all__ if name.endswith("Loss")}
    assert losses == {type(loss).__name__ for loss, _ in LOSSES}


RULES = [
    SGDRule(momentum=0.9, dampening=0.5, l2_penalty=0.1),
    SGDRule(momentum=0.9, nesterov=True, weight_decay=0.1),
    AdamRule(weight_decay=0.1),
    RMSpropRule(centered=True, momentum=0.5),
    AdagradRule(),
]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("rule", RULES)
def test_rules(rule, backend):
    def step(state, batch):
        values, memory = state
        gradient, rate = batch
        return rule.update(values, gradient, memory, rate), values

    values = {"a": rows(3), "b": rows(2, 2)}
    start = (values, rule.init(values))
    batches = ({"a": rows(5, 3), "b": rows(5, 2, 2)}, np.linspace(0.1, 0.2, 5))
    (last, memory), _ = tg.scan(step, start, batches, backend=backend)
    state = start
    for i in range(5):
        state, _ = step(state, ({k: g[i] for k, g in batches[0].items()}, batches[1][i]))
    for result, expected in zip(flatten((last, memory))[0], flatten(state)[0], strict=True):
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
