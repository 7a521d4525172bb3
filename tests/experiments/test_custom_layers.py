"""The three layers compute what they should, and learn."""

import numpy as np
import pytest
from matplotlib.image import imread
from pages import run_page
from scipy.signal import correlate

import tensorgrad as tg
from experiments.__main__ import main
from experiments.custom_layers import (
    Convolution2d,
    LayerNorm,
    SelfAttention,
    convolution,
    layer_norm,
)
from experiments.custom_layers import attention as attention_module
from experiments.custom_layers.attention import attention, attention_weights, draw_sequences
from nn import functional_call


def layers():
    rng = np.random.default_rng(0)
    return {
        "layer normalization": (LayerNorm(4), rng.normal(size=(2, 3, 4))),
        "attention": (SelfAttention(3, 2, rng), rng.normal(size=(2, 4, 3))),
        "convolution": (Convolution2d(2, 3, 2, rng), rng.normal(size=(2, 3, 4, 2))),
    }


@pytest.mark.parametrize("name", layers())
def test_gradients_of_input_and_parameters(name):
    layer, x = layers()[name]
    tg.check_grads(
        lambda parameters, x: functional_call(layer, parameters, x), layer.state_dict(), x
    )


@pytest.mark.parametrize("name", layers())
def test_float32_stays_float32(name):
    layer, x = layers()[name]
    y = layer(tg.tensor(x, np.float32, requires_grad=True))
    assert y.dtype == np.float32
    y.sum().backward()
    assert all(parameter.grad.dtype == np.float32 for parameter in layer.parameters())


def test_the_layers_are_those_of_the_guide():
    guide = run_page("docs/write-a-layer.md")
    rng = np.random.default_rng(0)
    pairs = [
        (LayerNorm(4), guide["LayerNorm"](4), rng.normal(size=(2, 4))),
        (SelfAttention(3, 3, rng), guide["SelfAttention"](3, rng), rng.normal(size=(2, 4, 3))),
        (
            Convolution2d(2, 3, 2, rng),
            guide["Convolution2d"](2, 3, 2, rng),
            rng.normal(size=(2, 3, 4, 2)),
        ),
    ]
    for ours, guides, x in pairs:
        y = functional_call(guides, ours.state_dict(), x)
        np.testing.assert_array_equal(y, ours(x).data)


def test_layer_norm_gives_mean_zero_and_variance_one():
    x = np.random.default_rng(0).normal(3.0, 5.0, size=(10, 50))
    y = LayerNorm(50, dtype=np.float64)(x).data
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=-1), 1, rtol=1e-5)
    assert np.isfinite(LayerNorm(50)(np.ones((2, 50))).data).all(), "constant rows"


def test_attention_is_a_weighted_mean_of_the_values():
    rng = np.random.default_rng(0)
    queries, keys = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))
    values = rng.normal(size=(2, 5, 6))
    for n in range(2):
        for i in range(3):
            scores = np.exp([queries[n, i] @ key / 2 for key in keys[n]])
            expected = scores @ values[n] / scores.sum()
            np.testing.assert_allclose(attention(queries, keys, values)[n, i], expected)
    np.testing.assert_allclose(attention_weights(queries, keys).sum(axis=-1), 1)


def test_convolution_is_scipys():
    rng = np.random.default_rng(0)
    layer, images = Convolution2d(2, 3, 3, rng, dtype=np.float64), rng.normal(size=(2, 6, 5, 2))
    layer.bias.assign([1.0, 2.0, 3.0])
    weight = np.moveaxis(layer.weight.data, 0, 2)  # channels last, as the images have them
    for n in range(2):
        for k in range(3):
            expected = correlate(images[n], weight[..., k], mode="valid")[..., 0] + k + 1
            np.testing.assert_allclose(layer(images).data[n, ..., k], expected)


def test_a_network_without_attention_could_only_guess():
    X, letters, numbers = draw_sequences(np.random.default_rng(0), 500)
    own_letter = X[:, :, -len(attention_module.LETTERS) :].argmax(axis=-1)
    np.testing.assert_array_equal(
        np.take_along_axis(letters, numbers, axis=1), own_letter, "sorted letters, unsorted again"
    )
    assert abs(np.mean(letters == own_letter) - 2 / 8 + 1 / 64) < 0.02


def test_attention_learns_to_sort():
    result = attention_module.run()
    assert result.test_curve[-1] > 0.995
    weights = result.model[0].weights(result.X_test).data
    where = weights.argmax(axis=-1)
    np.testing.assert_array_equal(where, np.argsort(result.numbers_test, axis=1))


def test_the_convolution_reads_more_than_97_percent_of_the_digits():
    result = convolution.run()
    assert result.test_curve[-1] > 0.97
    assert len(result.digits_test) == 449


def test_layer_normalization_learns_from_small_weights(monkeypatch):
    monkeypatch.setattr(layer_norm, "SCALES", (0.5,))
    monkeypatch.setattr(layer_norm, "SEEDS", 1)
    result = layer_norm.run()
    assert result.accuracies[True] > 0.7
    assert result.accuracies[False] < 0.2
    assert result.losses[True][0, 0, -1] < 0.5 < 2 < result.losses[False][0, 0, -1]


def test_the_command(tmp_path, capsys):
    assert main(["custom-layers", "--quick", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    names = ["layer_norm", "attention", "convolution"]
    for name in names:
        picture = tmp_path / "results" / f"custom_layers_{name}.png"
        assert str(picture) in printed.out
        pixels = imread(picture)[..., :3]
        assert 0.001 < (pixels < 0.5).all(axis=-1).mean() < 0.3
    written = sorted(path.name for path in (tmp_path / "results").iterdir())
    endings = ("png", "svg")
    assert written == sorted(f"custom_layers_{name}.{end}" for name in names for end in endings)
    assert "epoch" in printed.err, "there should be a progress bar"


def test_the_command_for_one_layer(tmp_path, capsys):
    arguments = ["custom-layers", "--quick", "--only", "attention", "--seed", "3"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("Attention: test accuracy ")
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == [
        "custom_layers_attention.png",
        "custom_layers_attention.svg",
    ]
