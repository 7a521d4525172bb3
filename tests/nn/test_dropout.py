"""Dropout: what training does to the elements, and what it leaves alone."""

import numpy as np
import pytest

import nn
import tensorgrad as tg


def test_evaluation_is_the_identity():
    x = np.random.default_rng(0).normal(size=(4, 3))
    layer = nn.Dropout(0.5, rng=0).eval()
    before = layer.rng.bit_generator.state
    assert layer(x) is x
    assert layer.rng.bit_generator.state == before


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_a_share_is_zero_and_the_mean_stays(p):
    y = nn.Dropout(p, rng=0)(np.ones((500, 200)))
    np.testing.assert_allclose((y == 0).mean(), p, atol=0.01)
    np.testing.assert_allclose(y.mean(), 1, atol=0.02)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - p))


def test_rows_and_columns_are_independent():
    zero = nn.Dropout(0.5, rng=0)(np.ones((1000, 8))) == 0
    np.testing.assert_allclose(np.corrcoef(zero.T), np.eye(8), atol=0.15)
    assert not np.array_equal(zero[:500], zero[500:])


def test_the_gradient_goes_where_the_signal_went():
    x = tg.tensor(np.ones((5, 4)), requires_grad=True)
    y = nn.Dropout(0.3, rng=1)(x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.data)

    def same_elements_each_time(x):
        return nn.Dropout(0.3, rng=1)(x)

    tg.check_grads(same_elements_each_time, np.ones((5, 4)))


def test_a_seed_gives_the_same_elements_in_every_dtype():
    x = np.ones((20, 3))
    single = nn.Dropout(0.5, rng=7)(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, nn.Dropout(0.5, rng=np.random.default_rng(7))(x))
    layer = nn.Dropout(0.5, rng=7)
    assert not np.array_equal(layer(x), layer(x))


def test_generators_are_found_by_name_and_replaced_in_a_call():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Dropout(0.5, rng=1), nn.Dropout(rng=2))
    names = ["layers.1.rng", "layers.2.rng"]
    assert [name for name, _ in model.named_generators()] == names
    x = np.ones((6, 3), np.float32)
    state = model[1].rng.bit_generator.state
    given = {name: np.random.default_rng(i) for i, name in enumerate(names, 5)}
    output = nn.functional_call(model, given, x).data
    assert model[1].rng.bit_generator.state == state
    model[1].rng, model[2].rng = map(np.random.default_rng, (5, 6))
    np.testing.assert_array_equal(output, model(x).data)


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_p_is_a_probability(p):
    with pytest.raises(ValueError, match="expected a probability, from 0 to 1"):
        nn.Dropout(p)


@pytest.mark.parametrize("p", ["0.5", True, None])
def test_p_is_a_number(p):
    with pytest.raises(TypeError, match="expected a number from 0 to 1"):
        nn.Dropout(p)
