"""Keywords of fit that change how it learns: optimizer, schedule, decay, l1, dropout, clipping."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest

import nn
from nn import SGD, Adam, AdamW, Callback, DivergenceError, NeuralNetwork, schedules
from nn.dropout import Dropout

X = np.random.default_rng(0).normal(size=(50, 2))
Y = (X[:, 0] > 0.2).astype(int)


def network(seed=0, layers=((6, "tanh"), (5, "tanh"), (1, "sigmoid"))):
    return NeuralNetwork(2, layers, "binary_log_loss", seed=seed, dtype=np.float64)


def weights(result):
    return np.concatenate([p.data.ravel() for p in result.parameters()])


def fitted(**settings):
    return network().fit(X, Y, **{"epochs": 3, **settings})


def by_train(optimizer, epochs=3):
    """The same with the parts that fit is made of."""
    result = network()
    nn.train(
        result.model,
        nn.binary_log_loss,
        optimizer(result.model.parameters()),
        X,
        Y[:, None].astype(float),
        epochs=epochs,
        rng=result._rng,
    )
    return result


class TestOptimizer:
    @pytest.mark.parametrize(
        ("name", "make"),
        [
            ("sgd", nn.SGD),
            ("Adam", nn.Adam),
            ("adamw", nn.AdamW),
            ("RMSProp", nn.RMSprop),
            ("adagrad", nn.Adagrad),
        ],
    )
    def test_by_name_class_and_object(self, name, make):
        expected = weights(by_train(lambda parameters: make(parameters, learning_rate=0.02)))
        for optimizer in (name, make):
            result = fitted(optimizer=optimizer, learning_rate=0.02)
            np.testing.assert_array_equal(weights(result), expected)
        result = network()
        result.fit(X, Y, epochs=3, optimizer=make(result.parameters(), learning_rate=0.02))
        np.testing.assert_array_equal(weights(result), expected)

    def test_what_makes_one(self):
        expected = weights(by_train(lambda parameters: SGD(parameters, 0.05, momentum=0.9)))
        for make in (
            partial(SGD, momentum=0.9),
            lambda parameters, learning_rate: SGD(parameters, learning_rate, 0.9),
        ):
            result = fitted(optimizer=make, learning_rate=0.05)
            np.testing.assert_array_equal(weights(result), expected)

    @pytest.mark.parametrize(
        "optimizer",
        ["sgd", "adam", "rmsprop", Adam, partial(SGD, momentum=0.9)],
        ids=range(5),
    )
    @pytest.mark.parametrize("duplicate", [lambda x: x, copy.deepcopy, None], ids=range(3))
    def test_another_call_goes_on_with_what_it_remembers(self, optimizer, duplicate):
        duplicate = duplicate or (lambda x: pickle.loads(pickle.dumps(x)))
        at_once = fitted(optimizer=optimizer, epochs=5)
        first = fitted(optimizer=optimizer, epochs=2)
        in_parts = duplicate(first).fit(X, Y, optimizer=optimizer, epochs=3)
        np.testing.assert_array_equal(weights(at_once), weights(in_parts))

    def test_another_learning_rate_goes_on_too(self):
        result = fitted(optimizer="adam").fit(X, Y, epochs=1, optimizer="adam", learning_rate=0.1)
        assert result._optimizer.state["step"] == 8
        assert result._optimizer.learning_rate == 0.1

    @pytest.mark.parametrize(
        "other", [{"optimizer": "rmsprop"}, {"optimizer": "adam", "weight_decay": 0.1}]
    )
    def test_other_settings_start_anew(self, other):
        start = fitted(optimizer="adam")
        unknown = copy.deepcopy(start)
        unknown._optimizer = None
        for result in (start, unknown):
            result.fit(X, Y, epochs=1, **other)
        np.testing.assert_array_equal(weights(start), weights(unknown))

    def test_reset_forgets(self):
        result = fitted(optimizer="adam").reset().fit(X, Y, epochs=3, optimizer="adam")
        np.testing.assert_array_equal(weights(result), weights(fitted(optimizer="adam")))

    def test_an_object_is_kept(self):
        result = network()
        optimizer = Adam(result.parameters(), learning_rate=0.1)
        for _ in range(2):
            result.fit(X, Y, epochs=1, optimizer=optimizer)
        assert optimizer.state["step"] == 4

    def test_what_a_divergence_left_is_forgotten(self):
        result = NeuralNetwork(2, [[1, "identity"]], "l2", seed=0)
        optimizer = partial(SGD, momentum=0.9)
        with pytest.raises(DivergenceError):
            result.fit(X, Y, optimizer=optimizer, learning_rate=1e30)
        result.fit(X, Y, epochs=50, optimizer=optimizer, learning_rate=0.01)
        assert result.get_loss_history()[-1] < 0.2


class TestSchedule:
    def rates(self, **settings):
        class Rates(Callback):
            def __init__(self):
                self.seen = []

            def on_batch_end(self, state):
                self.seen.append(state.optimizer.current_learning_rate)

        rates = Rates()
        result = fitted(callbacks=[rates], learning_rate=0.1, batch_sz=25, epochs=2, **settings)
        return rates.seen, result

    def test_a_factor_for_each_step(self):
        seen, result = self.rates(schedule=lambda step: 1 / (1 + step))
        np.testing.assert_allclose(seen, [0.1, 0.05, 0.1 / 3, 0.025])
        assert result._optimizer.learning_rate_factor == 1

    def test_a_name_stands_for_the_steps_of_this_call(self):
        seen, _ = self.rates(schedule="cosine")
        np.testing.assert_allclose(seen, 0.1 * schedules.Cosine(4)(np.arange(4)))

    def test_an_object(self):
        seen, _ = self.rates(schedule=schedules.Warmup(schedules.Cosine(), 2, start=0.5))
        expected = schedules.Warmup(schedules.Cosine(2), 2, start=0.5)(np.arange(4))
        np.testing.assert_allclose(seen, 0.1 * expected)

    def test_another_call_begins_it_again(self):
        settings = {"schedule": "polynomial", "epochs": 2, "learning_rate": 0.1}
        twice = fitted(**settings).fit(X, Y, **settings)
        again = fitted(**settings)
        again.fit(X, Y, epochs=2, learning_rate=0.1, schedule=schedules.Polynomial(4))
        np.testing.assert_array_equal(weights(twice), weights(again))

    def test_a_call_without_one_has_the_full_rate(self):
        settings = {"epochs": 1, "batch_sz": 50, "learning_rate": 0.1}
        scheduled = fitted(schedule=lambda step: 1.0, **settings).fit(X, Y, **settings)
        plain = fitted(**settings).fit(X, Y, **settings)
        np.testing.assert_array_equal(weights(scheduled), weights(plain))

    @pytest.mark.parametrize("validates", [False, True])
    def test_reduce_on_plateau_sees_the_losses(self, validates):
        seen = []

        class Plateau(schedules.ReduceOnPlateau):
            def observe(self, metric):
                seen.append(metric)
                super().observe(metric)

        result = fitted(
            schedule=Plateau(), validation_fraction=0.2 if validates else None, epochs=3
        )
        assert seen == result.history["validation_loss" if validates else "loss"]

    def test_a_step_of_length_zero_is_allowed(self):
        before = weights(network())
        result = fitted(schedule=lambda step: 0.0)
        np.testing.assert_array_equal(weights(result), before)

    def test_in_train(self):
        rates = []

        class Rates(Callback):
            def on_batch_end(self, state):
                rates.append(state.optimizer.learning_rate_factor)

        model = nn.Linear(2, 1, dtype=np.float64)
        nn.train(
            model,
            nn.l2_loss,
            SGD(model.parameters(), 0.1),
            X,
            X[:, :1],
            epochs=2,
            batch_size=25,
            schedule="polynomial",
            callbacks=[Rates()],
        )
        np.testing.assert_allclose(rates, [1, 0.75, 0.5, 0.25])


class TestPenalties:
    def test_weight_decay_is_the_optimizers(self):
        expected = by_train(lambda parameters: SGD(parameters, 0.1, weight_decay=0.5))
        result = fitted(weight_decay=0.5, learning_rate=0.1)
        np.testing.assert_array_equal(weights(result), weights(expected))

    def test_adamw_has_its_own_default(self):
        given, left = fitted(optimizer="adamw", weight_decay=0.01), fitted(optimizer="adamw")
        np.testing.assert_array_equal(weights(given), weights(left))
        none = fitted(optimizer="adamw", weight_decay=0)
        np.testing.assert_array_equal(weights(none), weights(fitted(optimizer="adam")))

    def test_clip_norm_is_the_optimizers(self):
        expected = by_train(lambda parameters: AdamW(parameters, 0.1, clip_norm=0.01))
        result = fitted(optimizer="adamw", clip_norm=0.01, learning_rate=0.1)
        np.testing.assert_array_equal(weights(result), weights(expected))

    def test_l1_pulls_weights_towards_zero_and_leaves_biases_alone(self):
        settings = {"epochs": 1, "batch_sz": 50, "learning_rate": 0.1, "shuffle": False}
        start, plain, pulled = network(), fitted(**settings), fitted(l1=0.3, **settings)
        for before, p, q in zip(
            start.parameters(), plain.parameters(), pulled.parameters(), strict=True
        ):
            expected = p.data - 0.1 * 0.3 * np.sign(before.data) * (before.ndim > 1)
            np.testing.assert_allclose(q.data, expected, atol=1e-12)

    def test_the_history_holds_the_loss_without_the_penalty(self):
        settings = {"epochs": 1, "batch_sz": 50, "shuffle": False}
        assert (
            fitted(l1=0.3, **settings).get_loss_history() == fitted(**settings).get_loss_history()
        )

    def test_l1_makes_useless_weights_small(self):
        wide = np.concatenate([X, np.random.default_rng(1).normal(size=(50, 8))], axis=1)
        settings = {"epochs": 200, "learning_rate": 0.05}
        sizes = []
        for l1 in (0.0, 0.05):
            result = NeuralNetwork(10, [[1, "sigmoid"]], "binary_log_loss", seed=0)
            result.fit(wide, Y, l1=l1, **settings)
            sizes.append(np.abs(result.model.layers[0].weight.data[2:]).max())
        assert sizes[1] < 0.2 * sizes[0]


class TestDropout:
    def layers(self, dropout):
        seen = []
        result = network()
        original = Dropout.forward

        def forward(layer, x):
            y = original(layer, x)
            seen.append((layer.p, x.shape[1], float(np.mean(np.asarray(y.data) == 0))))
            return y

        Dropout.forward = forward
        try:
            result.fit(X, Y, epochs=20, batch_sz=50, dropout=dropout)
        finally:
            Dropout.forward = original
        return result, seen

    def test_behind_every_hidden_layer(self):
        result, seen = self.layers(0.3)
        assert {(p, width) for p, width, _ in seen} == {(0.3, 6), (0.3, 5)}
        assert np.mean([zeros for *_, zeros in seen]) == pytest.approx(0.3, abs=0.03)
        assert [type(layer) for layer in result.model.layers] == [
            type(layer) for layer in network().model.layers
        ]

    def test_of_each_hidden_layer(self):
        _, seen = self.layers([0, 0.5])
        assert {(p, width) for p, width, _ in seen} == {(0.5, 5)}
        _, seen = self.layers(np.array([0.2, 0.5]))
        assert {(p, width) for p, width, _ in seen} == {(0.2, 6), (0.5, 5)}

    def test_predictions_and_validation_are_without_it(self):
        result = fitted(dropout=0.5, validation_data=(X, Y))
        np.testing.assert_array_equal(result.transform(X), result.transform(X))
        measured = result.evaluate(X, Y)["log_loss"]
        assert result.history["validation_loss"][-1] == pytest.approx(measured)

    def test_the_same_seed_gives_the_same_bits(self):
        np.testing.assert_array_equal(weights(fitted(dropout=0.5)), weights(fitted(dropout=0.5)))
        assert not np.array_equal(weights(fitted(dropout=0.5)), weights(fitted()))

    @pytest.mark.parametrize("dropout", [0, 0.0, [0, 0], (0.0, 0.0)])
    def test_none_at_all(self, dropout):
        np.testing.assert_array_equal(weights(fitted(dropout=dropout)), weights(fitted()))

    def test_together_with_everything_else(self):
        result = fitted(
            optimizer="adam",
            schedule="one_cycle",
            weight_decay=1e-3,
            l1=1e-4,
            dropout=[0.1, 0.2],
            clip_norm=1.0,
            validation_fraction=0.2,
            early_stopping=nn.EarlyStopping(patience=100),
            sample_weight=np.linspace(0, 1, 50),
            class_weight="balanced",
            metrics=["f1", "roc_auc"],
            callbacks=[nn.LearningRateLogger(), nn.ParameterStatistics()],
            epochs=100,
        )
        assert result.history["validation_loss"][-1] < result.history["validation_loss"][0]
        assert result.evaluate(X, Y)["accuracy"] > 0.9


NAN, INF = float("nan"), float("inf")

BAD_SETTINGS = [
    ("optimizer", "sdg", ValueError, "optimizer is 'sdg'; expected one of 'sgd', 'adam'"),
    ("optimizer", 3, TypeError, "optimizer is 3; expected one of 'sgd'"),
    ("optimizer", None, TypeError, "optimizer is None; expected one of 'sgd'"),
    ("optimizer", lambda p, learning_rate: 3, TypeError, "optimizer made 3; expected an optim"),
    ("schedule", "cos", ValueError, "schedule is 'cos'; expected one of 'constant'"),
    ("schedule", 3, TypeError, "schedule is 3; expected one of 'constant'"),
    ("schedule", schedules.Cosine, TypeError, "expected one of 'constant'"),
    ("schedule", lambda step: -1.0, ValueError, "the factor of the schedule at step 0 is -1.0"),
    ("schedule", lambda step: "1", TypeError, "the factor of the schedule at step 0 is '1'"),
    ("weight_decay", -1, ValueError, "weight_decay is -1; expected a finite number, 0 or more"),
    ("weight_decay", "0", TypeError, "weight_decay is '0'"),
    ("l1", -0.1, ValueError, "l1 is -0.1; expected a finite number, 0 or more"),
    ("l1", NAN, ValueError, "l1 is nan"),
    ("l1", None, TypeError, "l1 is None"),
    ("l1", True, TypeError, "l1 is True"),
    ("dropout", 1, ValueError, "dropout is 1; expected a number, at least 0 and below 1"),
    ("dropout", -0.1, ValueError, "dropout is -0.1"),
    ("dropout", "0.5", TypeError, "dropout is '0.5'"),
    ("dropout", None, TypeError, "dropout is None"),
    ("dropout", [0.1], ValueError, "dropout has 1 numbers, and the network 2 hidden layers"),
    ("dropout", [0.1, 1.5], ValueError, r"dropout\[1\] is 1.5"),
    ("dropout", ["a", 0.1], TypeError, r"dropout\[0\] is 'a'"),
    ("clip_norm", 0, ValueError, "clip_norm is 0; expected a positive"),
    ("clip_norm", INF, ValueError, "clip_norm is inf"),
    ("clip_norm", "1", TypeError, "clip_norm is '1'"),
    ("shuffle", "no", TypeError, "shuffle is 'no'; expected True or False"),
    ("shuffle", None, TypeError, "shuffle is None"),
    ("verbose", "yes", TypeError, "verbose is 'yes'; expected True or False"),
    ("verbose", None, TypeError, "verbose is None"),
]


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    BAD_SETTINGS,
    ids=range(len(BAD_SETTINGS)),
)
def test_settings_that_cannot_be_right(name, value, error, message):
    result = fitted(optimizer="adam")
    before = pickle.dumps(result)
    with pytest.raises(error, match=message):
        result.fit(X, Y, **{name: value})
    assert pickle.dumps(result) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0.5}, "learning_rate cannot be given beside an optimizer .* Adam"),
        ({"weight_decay": 0.5}, "weight_decay cannot be given beside"),
        ({"clip_norm": 0.5, "weight_decay": 0}, "weight_decay, clip_norm cannot be given"),
    ],
)
def test_settings_beside_an_optimizer_that_has_its_own(settings, message):
    result = network()
    with pytest.raises(ValueError, match=message):
        result.fit(X, Y, optimizer=Adam(result.parameters()), **settings)


def test_an_optimizer_of_other_parameters():
    result, other = network(), network()
    with pytest.raises(ValueError, match="for other parameters than those of this network"):
        result.fit(X, Y, optimizer=Adam(other.parameters()))
    optimizer = Adam(result.parameters())
    result.reset()
    with pytest.raises(ValueError, match=r"again after reset\(\)"):
        result.fit(X, Y, optimizer=optimizer)
