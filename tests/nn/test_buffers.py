"""State that no gradient changes: where it is found, saved, updated, and left alone."""

import copy
import pickle

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn.inference import PlainLayers


def model(dtype=np.float64):
    return nn.Sequential(
        nn.Linear(3, 4, rng=0, dtype=dtype), nn.BatchNorm1d(4, dtype=dtype), nn.Tanh()
    )


def batch(seed=0):
    return np.random.default_rng(seed).normal(size=(6, 3))


class Nested(nn.Module):
    """Buffers in a list and, twice the same, in two attributes; an integer one."""

    def __init__(self):
        self.counts = [nn.Buffer(np.arange(2)), {"deep": nn.Buffer(np.ones(1))}]
        self.first = self.second = nn.Buffer(np.zeros(2))

    def forward(self, x):
        return x + self.first


def test_found_by_name_and_apart_from_parameters():
    names = ["layers.1.running_mean", "layers.1.running_var"]
    assert [name for name, _ in model().named_buffers()] == names
    assert not {name for name, _ in model().named_parameters()} & set(names)
    assert [name for name, _ in Nested().named_buffers()] == ["counts.0", "counts.1.deep", "first"]
    assert len(Nested().buffers()) == 3
    assert Nested().parameters() == []


def test_state_is_saved_and_loaded():
    first, second = model(), model()
    first(batch())
    state = first.state_dict()
    assert list(state) == [
        *("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"),
        *("layers.1.running_mean", "layers.1.running_var"),
    ]
    second.load_state_dict(state)
    np.testing.assert_array_equal(second.eval()(batch()).data, first.eval()(batch()).data)
    with pytest.raises(ValueError, match=r"layers\.1\.running_mean is missing"):
        second.load_state_dict({k: v for k, v in state.items() if "mean" not in k})
    with pytest.raises(ValueError, match=r"counts\.0 has dtype float64, expected int64"):
        Nested().load_state_dict({**Nested().state_dict(), "counts.0": np.ones(2)})


def test_optimizers_leave_them_alone():
    layers = model()
    optimizer = nn.SGD(layers.parameters(), learning_rate=0.1)
    assert optimizer.buffer.values.size == 3 * 4 + 4 + 4 + 4
    np.sum(layers(batch()) ** 2).backward()
    before = layers[1].running_mean.data.copy()
    optimizer.step()
    np.testing.assert_array_equal(layers[1].running_mean.data, before)


def test_inference_shares_them():
    layers = model()
    plain, compiled = layers.for_inference(), PlainLayers(layers.eval())
    layers.train()(batch())
    expected = layers.eval()(batch()).data
    for function in (plain, compiled):
        output = function(batch())
        assert type(output) is np.ndarray
        np.testing.assert_allclose(output, expected, rtol=1e-12)
    assert compiled.are_those_of(layers)
    layers[1].running_mean.data = layers[1].running_mean.data.copy()
    assert not compiled.are_those_of(layers)


def test_functional_call_leaves_the_module_as_it_is():
    layers = model()
    before = layers.state_dict()
    nn.functional_call(layers, {}, batch())
    for name, value in layers.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_functional_call_gives_the_new_buffers():
    layers = model()
    state = {name: value + 1 for name, value in layers.state_dict().items()}
    output, buffers = nn.functional_call_with_buffers(layers, state, batch())
    layers.load_state_dict(state)
    np.testing.assert_array_equal(output, layers(batch()).data)
    assert buffers.keys() == dict(layers.named_buffers()).keys()
    for name, value in layers.named_buffers():
        assert type(buffers[name]) is np.ndarray
        np.testing.assert_array_equal(buffers[name], value.data)


def test_functional_call_with_buffers_in_containers():
    x = np.ones(2)
    output, buffers = nn.functional_call_with_buffers(Nested(), {"first": x}, x)
    np.testing.assert_array_equal(output, [2.0, 2.0])
    assert {name: value.tolist() for name, value in buffers.items()} == {
        "counts.0": [0, 1],
        "counts.1.deep": [1.0],
        "first": [1.0, 1.0],
    }
    with pytest.raises(ValueError, match=r"Nested has no third; it has counts\.0"):
        nn.functional_call_with_buffers(Nested(), {"third": x}, x)


def test_a_training_step_as_a_pure_function():
    layers = model()
    parameters = {name: p.data for name, p in layers.named_parameters()}
    buffers = {name: b.data for name, b in layers.named_buffers()}

    def loss(parameters, buffers):
        output, buffers = nn.functional_call_with_buffers(
            layers, {**parameters, **buffers}, batch()
        )
        return np.sum(output**2), buffers

    (value, new), gradient = tg.value_and_grad(loss, has_aux=True)(parameters, buffers)
    eager = np.sum(layers(batch()) ** 2)
    eager.backward()
    np.testing.assert_allclose(value, eager.data, rtol=1e-12)
    for name, parameter in layers.named_parameters():
        np.testing.assert_allclose(gradient[name], parameter.grad, rtol=1e-9, atol=1e-12)
    for name, buffer in layers.named_buffers():
        np.testing.assert_allclose(new[name], buffer.data, rtol=1e-12)


def test_copies_have_buffers_of_their_own():
    layers = model()
    for other in (copy.deepcopy(layers), pickle.loads(pickle.dumps(layers))):
        other(batch())
        assert other[1].running_mean.data.all()
        np.testing.assert_array_equal(layers[1].running_mean.data, np.zeros(4))


def test_drawing_names_them():
    layers = model().eval()
    x = tg.tensor(batch(), requires_grad=True)
    picture = str(tg.draw(layers(x), names={"x": x}))
    assert "np.subtract(%1, layers.1.running_mean)" in picture


def test_summary_leaves_them_alone_and_counts_parameters():
    layers = model()
    table = nn.summary(layers, (6, 3))
    assert table.parameters == 3 * 4 + 4 + 4 + 4
    np.testing.assert_array_equal(layers[1].running_var.data, np.ones(4))
