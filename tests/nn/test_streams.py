"""Batches that come by themselves."""

import numpy as np
import pytest

import nn
from nn import Callback, NeuralNetwork

X = np.random.default_rng(0).normal(size=(50, 2))
Y = (X[:, 0] > 0.2).astype(int)
BATCHES = [(X[i : i + 8], Y[i : i + 8]) for i in range(0, 50, 8)]


def network(**settings):
    return NeuralNetwork(2, [[4, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0, **settings)


def weights(result):
    return np.concatenate([p.data.ravel() for p in result.parameters()])


class Loader:
    """Like the data loaders of other libraries: it starts anew, and knows its length."""

    def __iter__(self):
        return iter(BATCHES)

    def __len__(self):
        return len(BATCHES)


def generator():
    yield from BATCHES


@pytest.mark.parametrize("batches", [BATCHES, tuple(BATCHES), Loader(), generator])
def test_they_are_trained_on_as_slices_of_arrays_are(batches):
    result = network().fit(batches, epochs=3, metrics=["f1"])
    expected = network().fit(X, Y, batch_sz=8, epochs=3, shuffle=False, metrics=["f1"])
    np.testing.assert_array_equal(weights(result), weights(expected))
    assert result.history == expected.history


def test_a_generator_once():
    calls = []

    def counted():
        for batch in BATCHES:
            calls.append(1)
            yield batch

    result = network().fit(counted(), epochs=1)
    assert len(calls) == len(BATCHES)
    expected = network().fit(X, Y, batch_sz=8, epochs=1, shuffle=False)
    np.testing.assert_array_equal(weights(result), weights(expected))


def test_lists_inside_and_other_dtypes():
    batches = [[x.tolist(), y.astype(bool).tolist()] for x, y in BATCHES]
    np.testing.assert_allclose(
        weights(network().fit(batches, epochs=2)), weights(network().fit(BATCHES, epochs=2))
    )


def test_weights_count_as_they_are():
    single = [(X, Y, np.where(Y == 1, 1.5, 0.5))]
    result = network(dtype=np.float64).fit(single, epochs=3)
    scale = np.where(Y == 1, 1.5, 0.5)
    expected = network(dtype=np.float64).fit(
        X,
        Y,
        batch_sz=50,
        epochs=3,
        shuffle=False,
        sample_weight=scale,
        learning_rate=0.01 * scale.mean(),
    )
    np.testing.assert_allclose(weights(result), weights(expected), rtol=1e-9)


def test_schedules():
    rates = []

    class Rates(Callback):
        def on_batch_end(self, state):
            rates.append(state.optimizer.learning_rate_factor)

    network().fit(Loader(), epochs=2, schedule="cosine", callbacks=[Rates()])
    np.testing.assert_allclose(rates, nn.schedules.Cosine(14)(np.arange(14)))
    network().fit(generator, epochs=2, schedule=nn.schedules.Cosine(14))
    network().fit(generator, epochs=2, schedule=lambda step: 1.0)
    with pytest.raises(ValueError, match="has none that is known; pass an object such as"):
        network().fit(generator, epochs=2, schedule="cosine")
    with pytest.raises(TypeError, match="schedule is 3"):
        network().fit(generator, epochs=2, schedule=3)


def test_validation_data():
    result = network().fit(BATCHES, epochs=2, validation_data=(X, Y))
    assert len(result.history["validation_loss"]) == 2
    weighted = [(x, y, np.ones(len(y))) for x, y in BATCHES]
    again = network().fit(weighted, epochs=2, validation_data=(X, Y))
    assert again.history["validation_loss"] == pytest.approx(result.history["validation_loss"])
    with pytest.raises(ValueError, match="validation_data has weights, and the batches have none"):
        network().fit(BATCHES, epochs=2, validation_data=(X, Y, np.ones(50)))


def test_standardized_as_before():
    result = network(standardize=True)
    with pytest.raises(ValueError, match="standardize needs all samples at once"):
        result.fit(BATCHES)
    result.fit(X, Y, epochs=1, batch_sz=8, shuffle=False).fit(BATCHES, epochs=1)
    expected = network(standardize=True).fit(X, Y, epochs=2, batch_sz=8, shuffle=False)
    np.testing.assert_allclose(weights(result), weights(expected), rtol=1e-6)


class TestBadBatches:
    @pytest.mark.parametrize("standing", [0, 2])
    @pytest.mark.parametrize("place", [0, 1, 5])
    def test_the_parameters_stay_those_of_the_last_epoch(self, place, standing):
        bad = list(BATCHES)
        bad[place] = (np.full((3, 2), np.nan), [0, 1, 0])
        epochs = iter([BATCHES] * standing + [bad])
        result = network()
        with pytest.raises(ValueError, match=rf"batch {place}: X holds nan at index \[0, 0\]"):
            result.fit(lambda: next(epochs), epochs=5)
        assert result.epochs_trained == standing
        expected = network()
        if standing:
            expected.fit(BATCHES, epochs=standing)
        np.testing.assert_array_equal(weights(result), weights(expected))

    @pytest.mark.parametrize(
        ("batch", "error", "message"),
        [
            ((X,), TypeError, r"batch 0 is of type tuple; expected a tuple \(X, y\) or"),
            (X, TypeError, "batch 0 is of type ndarray"),
            ((X, Y, Y, Y), TypeError, "batch 0 is of type tuple"),
            ((X, Y[:3]), ValueError, "batch 0: y has 3 entries, but X has 50"),
            ((X, Y + 1), ValueError, "batch 0: y holds the label 2"),
            ((X[:, :1], Y), ValueError, "batch 0: X has 1 features"),
            ((X, Y, Y[:2]), ValueError, r"batch 0: sample_weight has shape \(2,\)"),
        ],
    )
    def test_what_cannot_be_a_batch(self, batch, error, message):
        result = network()
        before = weights(result)
        with pytest.raises(error, match=message):
            result.fit([batch])
        np.testing.assert_array_equal(weights(result), before)

    def test_weights_in_some_batches_only(self):
        with pytest.raises(ValueError, match="batch 1 has 3 parts, and batch 0 did not"):
            network().fit([(X, Y), (X, Y, np.ones(50))])


@pytest.mark.parametrize(
    ("batches", "settings", "error", "message"),
    [
        (
            generator(),
            {},
            ValueError,
            "an iterator, which can be gone through once, .* epochs is 100",
        ),
        ([], {}, ValueError, "there are no batches"),
        (3, {}, TypeError, "y is missing, and X is 3; expected arrays X and y, or an iterable"),
        (Loader, {}, TypeError, "y is missing, and X is <class"),
        (BATCHES, {"sample_weight": np.ones(50)}, ValueError, "sample_weight needs all samples"),
        (BATCHES, {"class_weight": "balanced"}, ValueError, "class_weight needs all samples"),
        (
            BATCHES,
            {"validation_fraction": 0.1},
            ValueError,
            "validation_fraction needs all samples",
        ),
    ],
)
def test_what_cannot_be_right(batches, settings, error, message):
    with pytest.raises(error, match=message):
        network().fit(batches, **settings)


def test_y_of_an_array_is_not_left_out():
    with pytest.raises(TypeError, match="y is of type NoneType"):
        network().fit(X)


def test_an_object_that_cannot_be_gone_through_again():
    class Once:
        def __init__(self):
            self.iterator = iter(BATCHES)

        def __iter__(self):
            return self.iterator

    result = network()
    with pytest.raises(ValueError, match="no batches in this epoch"):
        result.fit(Once(), epochs=2)
    assert result.epochs_trained == 1


def test_an_error_in_a_callback_leaves_the_last_epoch():
    class Broken(Callback):
        def on_batch_end(self, state):
            if state.step == 9:
                raise RuntimeError("broken")

    result = network()
    with pytest.raises(RuntimeError, match="broken"):
        result.fit(BATCHES, callbacks=[Broken()])
    np.testing.assert_array_equal(weights(result), weights(network().fit(BATCHES, epochs=1)))
