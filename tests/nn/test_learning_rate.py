"""lr_find: a rate that trains, a model that stays as it was, and a picture."""

import sys

import numpy as np
import pytest

import nn
from nn import LearningRateSearch, Linear, NeuralNetwork, Sequential, l2_loss, lr_find

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 2)).astype(np.float32)
y = np.sin(X[:, :1] * 2) + X[:, 1:]


def model(dtype=np.float32):
    return Sequential(
        Linear(2, 16, rng=0, dtype=dtype), nn.Tanh(), Linear(16, 1, rng=1, dtype=dtype)
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam", nn.RMSprop])
def test_the_suggestion_trains_better_than_far_smaller_or_larger(optimizer):
    def trained(rate):
        make = optimizer if callable(optimizer) else nn.optim.OPTIMIZERS[optimizer]
        new = model()
        try:
            nn.train(new, l2_loss, make(new.parameters(), rate), X, y, epochs=5)
        except nn.DivergenceError:
            return np.inf
        return float(l2_loss(new(X), y).data)

    rate = lr_find(model(), l2_loss, X, y, optimizer=optimizer).suggestion
    assert 2 * trained(rate) < min(trained(rate / 30), trained(rate * 300))


def test_model_gradients_and_random_numbers_stay():
    class Noisy(nn.Module):
        def __init__(self):
            self.inner = model()
            self.dropout = nn.Dropout(0.5, rng=0)

        def forward(self, x):
            return self.inner(self.dropout(x))

    noisy, untouched = Noisy().eval(), Noisy().eval()
    before = noisy.state_dict()
    noisy.inner.layers[0].weight.grad = kept = np.ones((2, 16), np.float32)
    lr_find(noisy, l2_loss, X, y)
    for name, array in noisy.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert noisy.inner.layers[0].weight.grad is kept
    assert not noisy.training
    np.testing.assert_array_equal(noisy.train()(X).data, untouched.train()(X).data)


def test_a_network_trains_on_as_if_nothing_had_happened():
    labels = (X[:, 0] > 0).astype(int)

    def network():
        return NeuralNetwork(2, [[4, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)

    searched, other = network(), network()
    first = searched.lr_find(X, labels)
    assert first.suggestion == searched.lr_find(X, labels, optimizer="sgd").suggestion
    assert searched.history == other.history
    for net in (searched, other):
        net.fit(X, labels, epochs=2)
    np.testing.assert_array_equal(searched.transform(X), other.transform(X))
    with pytest.raises(ValueError, match="batch_sz is 0"):
        searched.lr_find(X, labels, batch_sz=0)


def test_rates_and_losses():
    search = lr_find(model(), l2_loss, X, y, smallest=1e-4, largest=1e-2, steps=5)
    np.testing.assert_allclose(search.learning_rates, np.geomspace(1e-4, 1e-2, 5))
    assert search.losses.shape == (5,)
    assert search.first_loss == float(l2_loss(model()(X), y).data)
    assert search.losses[-1] < search.first_loss
    shuffled = [
        lr_find(model(), l2_loss, X, y, rng=np.random.default_rng(k)).losses[20] for k in (0, 0, 1)
    ]
    assert shuffled[0] == shuffled[1] != shuffled[2]


def test_it_ends_when_the_loss_blows_up():
    search = lr_find(model(), l2_loss, X, y, largest=1e6)
    assert len(search.losses) == len(search.learning_rates) < 100
    assert np.isfinite(search.losses).all()


def test_no_suggestion_where_the_loss_does_not_fall():
    assert lr_find(model(), l2_loss, X, y, smallest=1e3, largest=1e6).suggestion is None
    rising = LearningRateSearch(np.geomspace(1, 10, 20), np.linspace(1.0, 2.0, 20), 1.0)
    assert rising.suggestion is None


class TestPlot:
    def test_curve_and_suggestion(self):
        pytest.importorskip("matplotlib")
        from matplotlib.figure import Figure

        search = lr_find(model(), l2_loss, X, y)
        axes = Figure().subplots()
        assert search.plot(axes) is axes
        raw, smooth, suggestion = axes.lines
        np.testing.assert_array_equal(raw.get_ydata(), search.losses)
        np.testing.assert_array_equal(smooth.get_xdata(), search.learning_rates)
        assert suggestion.get_xdata()[0] == search.suggestion
        assert axes.get_xscale() == "log"
        low, high = axes.get_ylim()
        assert low < search.losses.min() < search.first_loss < high

    def test_a_new_figure(self):
        plt = pytest.importorskip("matplotlib.pyplot")
        rising = LearningRateSearch(np.geomspace(1, 10, 20), np.linspace(1.0, 2.0, 20), 1.0)
        axes = rising.plot()
        assert len(axes.lines) == 2
        plt.close(axes.figure)

    def test_without_matplotlib(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
        search = LearningRateSearch(np.geomspace(1, 10, 20), np.linspace(2.0, 1.0, 20), 2.0)
        with pytest.raises(ImportError, match="pip install matplotlib"):
            search.plot()

    def test_nothing_to_see(self):
        with pytest.raises(ValueError, match="search from a smaller one"):
            LearningRateSearch(np.empty(0), np.empty(0), 1.0).plot()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"smallest": 1.0, "largest": 0.1}, ValueError, "smallest is 1; expected less than"),
        ({"smallest": 0}, ValueError, "smallest is 0"),
        ({"steps": 2}, ValueError, "steps is 2; expected at least 3"),
        ({"batch_size": 2.5}, TypeError, "batch_size is 2.5"),
        ({"optimizer": "sdg"}, ValueError, "optimizer is 'sdg'; expected one of 'sgd'"),
    ],
)
def test_settings_out_of_range(settings, error, message):
    with pytest.raises(error, match=message):
        lr_find(model(), l2_loss, X, y, **settings)


def test_data_that_cannot_be_right():
    with pytest.raises(ValueError, match="as many in both"):
        lr_find(model(), l2_loss, X, y[:-1])
    with pytest.raises(ValueError, match="the loss is inf to begin with"):
        lr_find(model(), l2_loss, X, y + np.float32(1e30))
