"""NeuralNetwork: what it promises beyond the examples of its documentation."""

import contextlib
import copy
import pickle
import threading

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import DivergenceError, NeuralNetwork, compiled_prediction, prediction


def binary(seed=0, **options):
    return NeuralNetwork(2, [[4, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=seed, **options)


def multiclass(seed=0, classes=3, **options):
    return NeuralNetwork(
        2, [[8, "tanh"], [classes, "softmax"]], "multiclass_log_loss", seed=seed, **options
    )


def regression(seed=0, outputs=1, **options):
    return NeuralNetwork(2, [[8, "tanh"], [outputs, "identity"]], "l2", seed=seed, **options)


def blobs(n=200, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    angles = 2 * np.pi * labels / classes
    return np.stack([3 * np.cos(angles), 3 * np.sin(angles)], 1) + rng.normal(size=(n, 2)), labels


def weights(network):
    return np.concatenate([p.data.ravel() for p in network.parameters()])


class TestConstruction:
    def test_parameters(self):
        network = NeuralNetwork(2, [[8, "tanh"], [8, "tanh"], [1, "sigmoid"]], "binary_log_loss")
        shapes = [p.shape for p in network.parameters()]
        assert shapes == [(2, 8), (8,), (8, 8), (8,), (8, 1), (1,)]
        assert sum(p.size for p in network.parameters()) == 105

    def test_parameters_lie_in_one_buffer(self):
        bases = {id(p.data.base) for p in binary().parameters()}
        assert len(bases) == 1

    @pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
    def test_names_in_any_letter_case(self, spelling):
        layers = [[3, spelling(name)] for name in ("ReLU", "tanh", "sigmoid", "GeLU", "identity")]
        network = NeuralNetwork(
            2, [*layers, (2, spelling("softmax"))], spelling("multiclass_log_loss")
        )
        assert [name for _, name in network.layer_spec] == [
            "ReLU",
            "tanh",
            "sigmoid",
            "GeLU",
            "identity",
            "softmax",
        ]
        kinds = [type(layer) for layer in network.model.layers[1::2]]
        assert kinds == [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.Identity]

    def test_widths_of_numpy(self):
        network = NeuralNetwork(np.int64(2), ((np.int32(3), "tanh"), (1, "identity")), "l2")
        assert network.transform([[0.0, 0.0]]).shape == (1, 1)

    def test_layers_as_an_array(self):
        layers = np.array([[3, "tanh"], [1, "identity"]], object)
        assert NeuralNetwork(2, layers, "l2").layer_spec == [(3, "tanh"), (1, "identity")]

    def test_initializer_by_activation(self):
        network = NeuralNetwork(
            300, [[300, "ReLU"], [300, "tanh"], [300, "identity"]], "l2", seed=0
        )
        he, xavier, _ = network.parameters()[::2]
        np.testing.assert_allclose(he.data.std(), np.sqrt(2 / 300), rtol=0.02)
        assert np.abs(he.data).max() > np.sqrt(6 / 300)
        assert np.abs(xavier.data).max() <= np.sqrt(6 / 600)
        assert not any(p.data.any() for p in network.parameters()[1::2])

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, "float64", "f4"])
    def test_dtype(self, dtype):
        network = regression(dtype=dtype)
        X, y = blobs()
        network.fit(X, y, epochs=1)
        assert network.transform(X).dtype == network.predict(X).dtype == np.dtype(dtype)
        assert all(p.dtype == np.dtype(dtype) for p in network.parameters())


class TestFit:
    def test_returns_the_network_and_learns(self):
        X, labels = blobs(classes=3)
        network = multiclass()
        assert network.fit(X, labels, epochs=50, learning_rate=0.1) is network
        losses, accuracies = network.get_loss_history(), network.get_accuracy_history()
        assert len(losses) == len(accuracies) == 50
        assert losses[-1] < 0.5 * losses[0]
        assert accuracies[-1] > 0.9
        assert np.mean(network.predict(X) == labels) > 0.9

    def test_positional_arguments_in_the_documents_order(self):
        X, labels = blobs()
        first = binary().fit(X, labels, 16, 3, 0.1, False)
        second = binary().fit(X, labels, batch_sz=16, epochs=3, learning_rate=0.1, shuffle=False)
        np.testing.assert_array_equal(weights(first), weights(second))

    @pytest.mark.parametrize("make", [binary, multiclass, regression])
    def test_the_same_seed_gives_the_same_bits(self, make):
        X, labels = blobs()
        runs = [make(seed=5).fit(X, labels, epochs=3) for _ in range(2)]
        np.testing.assert_array_equal(weights(runs[0]), weights(runs[1]))
        assert runs[0].get_loss_history() == runs[1].get_loss_history()
        other = make(seed=6).fit(X, labels, epochs=3)
        assert not np.array_equal(weights(other), weights(runs[0]))

    def test_global_random_state_is_neither_used_nor_changed(self):
        X, labels = blobs()
        state = np.random.get_state()[1].copy()  # noqa: NPY002 - that it is untouched is the point
        binary(seed=None).fit(X, labels, epochs=1)
        np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002

    def test_called_again_it_goes_on(self):
        X, labels = blobs()
        at_once = binary().fit(X, labels, epochs=5)
        in_parts = binary().fit(X, labels, epochs=2)
        in_parts.fit(X, labels, epochs=3)
        np.testing.assert_array_equal(weights(at_once), weights(in_parts))
        assert at_once.get_loss_history() == in_parts.get_loss_history()
        assert in_parts.epochs_trained == 5

    def test_without_shuffling_the_order_is_kept(self):
        X, labels = blobs(n=40)
        first = binary().fit(X, labels, epochs=2, shuffle=False)
        order = np.random.default_rng(0).permutation(40)
        again = binary().fit(X[order], labels[order], epochs=2, shuffle=False)
        assert not np.array_equal(weights(first), weights(again))
        shuffled = binary().fit(X, labels, epochs=2)
        assert not np.array_equal(weights(first), weights(shuffled))
        np.testing.assert_array_equal(
            weights(first), weights(binary(seed=0).fit(X, labels, epochs=2, shuffle=False))
        )

    def test_the_last_short_batch_is_used(self):
        X, labels = np.zeros((9, 2)), np.zeros(9, int)
        X[8], labels[8] = 1.0, 1
        network = binary()
        before = network.model.layers[0].weight.data.copy()
        network.fit(X, labels, batch_sz=8, epochs=1, shuffle=False)
        # Zeros leave the first weight alone; only the ninth sample can have changed it.
        assert not np.array_equal(network.model.layers[0].weight.data, before)

    def test_batches_larger_than_the_data(self):
        X, labels = blobs(n=10)
        one_batch = binary().fit(X, labels, batch_sz=10, epochs=3, shuffle=False)
        larger = binary().fit(X, labels, batch_sz=1000, epochs=3, shuffle=False)
        np.testing.assert_array_equal(weights(one_batch), weights(larger))

    def test_one_sample(self):
        assert binary().fit([[1.0, 2.0]], [1], epochs=2).epochs_trained == 2

    @pytest.mark.parametrize(
        ("make", "forms"),
        [
            (binary, [lambda y: y, lambda y: y[:, None], lambda y: y == 1, lambda y: y.tolist()]),
            (multiclass, [lambda y: y, lambda y: np.eye(3)[y], lambda y: np.eye(3, dtype=int)[y]]),
            (regression, [lambda y: y, lambda y: y[:, None], lambda y: y.astype(float)]),
        ],
    )
    def test_forms_of_y(self, make, forms):
        X, labels = blobs()
        runs = [weights(make().fit(X, form(labels), epochs=2)) for form in forms]
        for run in runs[1:]:
            np.testing.assert_array_equal(run, runs[0])

    def test_soft_labels(self):
        X, labels = blobs(classes=3)
        soft = 0.9 * np.eye(3)[labels] + 0.1 / 3
        network = multiclass().fit(X, soft, epochs=30, learning_rate=0.1)
        assert np.mean(network.predict(X) == labels) > 0.9
        assert network.get_accuracy_history()[-1] > 0.9

    def test_several_outputs(self):
        X, _ = blobs()
        network = regression(outputs=2).fit(X, X[:, ::-1], epochs=100, learning_rate=0.05)
        assert network.transform(X).shape == network.predict(X).shape == (200, 2)
        assert network.predict(X[0]).shape == (2,)
        assert network.get_loss_history()[-1] < 0.5

    def test_the_data_are_not_changed(self):
        X, labels = blobs()
        X, y = X.astype(np.float32), labels.astype(np.float32)
        before = X.copy(), y.copy()
        regression().fit(X, y, epochs=2, shuffle=False).fit(X, y, epochs=2)
        np.testing.assert_array_equal(X, before[0])
        np.testing.assert_array_equal(y, before[1])

    def test_fit_transform(self):
        X, labels = blobs()
        network = binary()
        result = network.fit_transform(X, labels, 16, epochs=3)
        np.testing.assert_array_equal(result, network.transform(X))
        assert network.epochs_trained == 3

    def test_histories_are_copies(self):
        X, labels = blobs()
        network = binary().fit(X, labels, epochs=2)
        network.get_loss_history().clear()
        network.get_accuracy_history().clear()
        assert len(network.get_loss_history()) == len(network.get_accuracy_history()) == 2

    def test_regression_has_no_accuracy(self):
        with pytest.raises(ValueError, match="no accuracy"):
            regression().get_accuracy_history()

    def test_accuracy_of_each_epoch(self):
        # With a step that changes nothing, it is the accuracy of the network as it stands.
        X, labels = blobs(classes=3)
        for make, y in (
            (binary, labels == 1),
            (multiclass, labels),
            (multiclass, np.eye(3)[labels]),
        ):
            network = make()
            expected = np.mean(
                network.predict(X) == (labels if make is multiclass else labels == 1)
            )
            network.fit(X, y, epochs=2, learning_rate=1e-30)
            np.testing.assert_allclose(network.get_accuracy_history(), expected)


class TestInterruption:
    def test_what_was_learned_stays(self, monkeypatch):
        X, labels = blobs()
        network = binary()
        steps = []

        def step(optimizer, original=nn.SGD.step):
            steps.append(original(optimizer))
            if len(steps) == 10:  # in the middle of the second epoch of seven batches
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(nn.SGD, "step", step)
            with pytest.raises(KeyboardInterrupt):
                network.fit(X, labels, epochs=5)
        once = binary().fit(X, labels, epochs=1)
        assert network.get_loss_history() == once.get_loss_history()
        assert len(network.get_accuracy_history()) == network.epochs_trained == 1
        assert not np.array_equal(weights(network), weights(once))
        assert all(parameter.grad is None for parameter in network.parameters())
        assert network.fit(X, labels, epochs=2).epochs_trained == 3


class TestReset:
    def test_starts_over_with_the_weights_of_the_seed(self):
        X, labels = blobs()
        network = binary()
        start = weights(network).copy()
        first = weights(network.fit(X, labels, epochs=3)).copy()
        network.predict(X)
        assert network.reset() is network
        np.testing.assert_array_equal(weights(network), start)
        assert network.get_loss_history() == network.get_accuracy_history() == []
        assert network.epochs_trained == 0
        assert np.array_equal(network.predict(X), binary().predict(X))
        np.testing.assert_array_equal(weights(network.fit(X, labels, epochs=3)), first)

    def test_without_a_seed_the_weights_are_new(self):
        network = binary(seed=None)
        start = weights(network).copy()
        assert not np.array_equal(weights(network.reset()), start)


class TestDivergence:
    def test_the_last_finite_parameters_stay(self):
        X, labels = blobs()
        network = regression()
        network.fit(X, labels, epochs=2, learning_rate=0.01)
        before, losses = weights(network).copy(), network.get_loss_history()
        with pytest.raises(DivergenceError, match="learning_rate=1e\\+30"):
            network.fit(X, labels, learning_rate=1e30)
        np.testing.assert_array_equal(weights(network), before)
        assert network.get_loss_history() == losses
        assert np.isfinite(network.predict(X)).all()
        network.fit(X, labels, epochs=1, learning_rate=0.01)
        assert network.epochs_trained == 3

    def test_values_too_large_for_the_loss(self):
        network = regression()
        before = weights(network).copy()
        with pytest.raises(
            DivergenceError, match=r"epoch 1: the loss became inf, with learning_rate=0.01"
        ):
            network.fit(np.ones((4, 2)), np.full(4, 1e30))
        np.testing.assert_array_equal(weights(network), before)
        assert "Trained = False" in str(network)

    @pytest.mark.parametrize("make", [binary, multiclass])
    def test_classification_with_huge_steps_stays_finite_or_says_so(self, make):
        X, labels = blobs()
        network = make()
        with contextlib.suppress(DivergenceError):
            network.fit(X, labels, epochs=5, learning_rate=1e4)
        assert np.isfinite(weights(network)).all()
        assert np.isfinite(network.transform(X)).all()


class TestPredict:
    @pytest.mark.parametrize(
        "sample",
        [[0.2, -0.1], (0.2, -0.1), [[0.2], [-0.1]], [[0.2, -0.1]]],
        ids=["list", "tuple", "column", "row"],
    )
    @pytest.mark.parametrize("convert", [lambda x: x, np.array, np.float32])
    def test_one_sample(self, sample, convert):
        x = convert(sample)
        assert type(binary().predict(x)) is int
        assert binary().predict(x) in (0, 1)
        assert type(multiclass().predict(x)) is int
        assert multiclass().predict(x) in (0, 1, 2)
        assert type(regression().predict(x)) is float

    def test_agrees_with_transform(self):
        X, labels = blobs(n=50, classes=3)
        network = binary().fit(X, labels == 0, epochs=10)
        probabilities = network.transform(X)
        assert probabilities.shape == (50, 1)
        np.testing.assert_array_equal(network.predict(X), probabilities[:, 0] > 0.5)
        network = multiclass().fit(X, labels, epochs=10)
        probabilities = network.transform(X)
        assert probabilities.shape == (50, 3)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(network.predict(X), probabilities.argmax(axis=1))
        network = regression().fit(X, labels, epochs=10)
        np.testing.assert_array_equal(network.predict(X), network.transform(X)[:, 0])

    @pytest.mark.parametrize("make", [binary, multiclass, regression])
    def test_batch_agrees_with_single_samples(self, make):
        X, labels = blobs(n=20)
        network = make(dtype=np.float64).fit(X, labels, epochs=5)
        batch = network.predict(X)
        assert batch.shape == (20,)
        np.testing.assert_allclose(batch, [network.predict(x) for x in X], rtol=1e-10)

    def test_dtypes_of_batches(self):
        X, _ = blobs()
        assert binary().predict(X).dtype == multiclass().predict(X).dtype == np.intp
        assert regression().predict(X).dtype == np.float32

    def test_one_feature(self):
        network = NeuralNetwork(1, [[4, "tanh"], [1, "identity"]], "l2", seed=0)
        assert type(network.predict([0.3])) is float
        assert type(network.predict([[0.3]])) is float
        assert network.predict([[0.3], [0.4]]).shape == (2,)

    @pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "identity"])
    def test_layers_compute_in_memory_of_their_own(self, activation):
        layers = [[5, activation], [4, activation], [3, "softmax"]]
        network = NeuralNetwork(2, layers, "multiclass_log_loss", seed=0, dtype=np.float64)
        X, _ = blobs(n=23)
        given = X.copy()
        logits = network.model(X).data
        np.testing.assert_allclose(network.transform(X), tg.softmax(logits), rtol=1e-12)
        assert [network.predict(x) for x in X] == logits.argmax(axis=1).tolist()
        # What comes first, or after a layer that gives its input, must not change it.
        network.model.layers[:0] = [nn.Tanh(), nn.Identity(), nn.ReLU()]
        expected = tg.softmax(network.model(X).data)
        np.testing.assert_allclose(network.transform(X), expected, rtol=1e-12)
        np.testing.assert_array_equal(X, given)

    def test_many_rows_are_cut_into_pieces(self, monkeypatch):
        X, _ = blobs(n=23)
        network = multiclass(dtype=np.float64)
        whole = network.transform(X)
        monkeypatch.setattr(prediction, "ROWS_AT_ONCE", 5)
        np.testing.assert_allclose(network.transform(X), whole, rtol=1e-12)

    def test_class_names(self):
        x = [0.2, -0.1]
        assert (
            binary().predict(x, class_names=["cat", "dog"]) == ["cat", "dog"][binary().predict(x)]
        )
        assert type(binary().predict(x, class_names=["cat", "dog"])) is str
        network, X = multiclass(), blobs(classes=3)[0]
        named = network.predict(X, class_names=("a", "b", "c"))
        assert list(named) == ["abc"[i] for i in network.predict(X)]
        assert network.predict(X[0], np.array(["a", "b", "c"])) == "abc"[network.predict(X[0])]

    @pytest.mark.parametrize("names", [[(1, 2), None, "c"], [(1, 2), (3, 4), (5, 6)], [7, 8, 9]])
    def test_class_names_of_any_kind(self, names):
        network, X = multiclass(), blobs(classes=3)[0]
        assert network.predict(X[0], names) is names[network.predict(X[0])]
        assert list(network.predict(X, names)) == [names[i] for i in network.predict(X)]

    def test_parameters_that_a_user_sets_are_seen(self):
        network = regression()
        network.predict([0.0, 0.0])
        network.model.layers[2].weight.assign(np.zeros((8, 1)))
        network.model.layers[2].bias.data = np.array([5.0], np.float32)
        assert network.predict([0.0, 0.0]) == 5
        network.model.layers[2].bias.data[:] = 6
        assert network.predict([0.0, 0.0]) == 6
        network.model.layers.append(lambda outputs: 2 * outputs)
        assert network.predict([0.0, 0.0]) == 12

    def test_prediction_records_nothing(self):
        network = regression()
        assert type(network.transform([[0.0, 0.0]])) is np.ndarray
        assert all(p.grad is None for p in network.parameters())


class TestPrinting:
    def test_untrained(self):
        network = NeuralNetwork(2, [[8, "TANH"], [8, "relu"], [1, "sigmoid"]], "binary_log_loss")
        assert str(network).splitlines() == [
            "Neural Network Details",
            "======================",
            "Input Layer: ( 2 -> 8) tanh",
            "Hidden Layer: ( 8 -> 8) ReLU",
            "Output Layer: ( 8 -> 1) sigmoid",
            "Total Network Parameters: 105",
            "Loss Function: binary_log_loss",
            "Trained = False",
            "Training Loss = None",
            "Epochs Trained: 0",
        ]

    def test_trained(self):
        X, labels = blobs()
        network = binary().fit(X, labels, epochs=3)
        lines = str(network).splitlines()
        assert lines[-3] == "Trained = True"
        name, loss = lines[-2].split(" = ")
        assert name == "Training Loss"
        np.testing.assert_allclose(float(loss), network.get_loss_history()[-1], rtol=1e-5)
        assert lines[-1] == "Epochs Trained: 3"

    def test_wide_layers_are_aligned(self):
        lines = str(
            NeuralNetwork(784, [[16, "ReLU"], [10, "softmax"]], "multiclass_log_loss")
        ).split("\n")
        assert lines[2] == "Input Layer: (784 -> 16) ReLU"
        assert lines[3] == "Output Layer: ( 16 -> 10) softmax"

    def test_repr_rebuilds_the_description(self):
        network = eval(repr(multiclass()))
        assert network.layer_spec == multiclass().layer_spec
        assert network.loss_func == "multiclass_log_loss"


class TestCopies:
    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    @pytest.mark.parametrize("make", [binary, multiclass, regression])
    def test_a_copy_goes_on_from_where_the_original_stood(self, duplicate, make):
        X, labels = blobs()
        network = make().fit(X, labels, epochs=2)
        network.predict(X)
        twin = duplicate(network)
        np.testing.assert_array_equal(network.transform(X), twin.transform(X))
        before = weights(network).copy()
        twin.fit(X, labels, epochs=2)
        np.testing.assert_array_equal(weights(network), before)
        network.fit(X, labels, epochs=2)
        np.testing.assert_array_equal(weights(network), weights(twin))
        assert network.get_loss_history() == twin.get_loss_history()
        # By identity, the short paths know what has one dtype.
        assert {id(parameter.data.dtype) for parameter in twin.parameters()} == {id(network.dtype)}
        assert twin.dtype is network.dtype


class TestThreads:
    def test_predicting_while_another_thread_trains(self):
        X, labels = blobs()
        network, alone = binary(), binary().fit(X, labels, epochs=30)
        stop, failures = threading.Event(), []

        def predict():
            try:
                with tg.no_grad():
                    while not stop.is_set():
                        assert network.predict(X[0]) in (0, 1)
                        assert np.isfinite(network.transform(X)).all()
            except BaseException as error:  # noqa: BLE001 - reported by the main thread
                failures.append(error)

        thread = threading.Thread(target=predict)
        thread.start()
        try:
            network.fit(X, labels, epochs=30)
        finally:
            stop.set()
            thread.join()
        assert not failures
        np.testing.assert_array_equal(weights(network), weights(alone))

    def test_networks_in_several_threads_get_the_bits_of_one(self):
        X, labels = blobs()
        networks = [binary(seed=seed) for seed in range(4)]
        threads = [
            threading.Thread(target=network.fit, args=(X, labels), kwargs={"epochs": 10})
            for network in networks
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for seed, network in enumerate(networks):
            np.testing.assert_array_equal(
                weights(network), weights(binary(seed=seed).fit(X, labels, epochs=10))
            )


class TestPredictProba:
    def test_of_two_classes(self):
        X, labels = blobs()
        network = binary().fit(X, labels, epochs=3)
        probabilities = network.predict_proba(X)
        assert probabilities.shape == (200, 2)
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities[:, 1:], network.transform(X), rtol=1e-5)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)

    def test_of_several_classes(self):
        X, labels = blobs(classes=3)
        network = multiclass().fit(X, labels, epochs=3)
        np.testing.assert_array_equal(network.predict_proba(X), network.transform(X))

    def test_a_regression_has_none(self):
        with pytest.raises(ValueError, match=r"no probabilities; see transform\(\)"):
            regression().predict_proba([[0.0, 0.0]])


class TestPartialFit:
    def test_it_is_one_epoch_of_fit(self):
        X, labels = blobs()
        network, expected = binary(), binary()
        for start in range(0, 200, 50):
            part = slice(start, start + 50)
            assert network.partial_fit(X[part], labels[part], optimizer="adam") is network
            expected.fit(X[part], labels[part], epochs=1, optimizer="adam")
        np.testing.assert_array_equal(weights(network), weights(expected))
        assert network.epochs_trained == 4
        with pytest.raises(TypeError, match="epochs"):
            network.partial_fit(X, labels, epochs=3)


def test_a_prediction_follows_a_parameter_that_is_replaced():
    network, x = binary(), np.ones((4, 2), np.float32)
    network.predict(x)
    last = network.model.layers[-1]
    last.weight = nn.Parameter(np.zeros_like(last.weight.data))
    for logit, expected in ((50.0, 1), (-50.0, 0)):
        last.bias = nn.Parameter(np.full_like(last.bias.data, logit))
        np.testing.assert_array_equal(network.predict(x), expected)


class TestCompiledPrediction:
    @pytest.fixture(params=["numpy", "llvm"])
    def backend(self, request):
        if request.param == "llvm":
            pytest.importorskip("llvmlite")
        return request.param

    @pytest.fixture(autouse=True)
    def few_rows(self, monkeypatch):
        monkeypatch.setattr(compiled_prediction, "FEWEST", 8)
        monkeypatch.setattr(compiled_prediction, "ROWS", 8)

    @pytest.mark.parametrize("make", [binary, multiclass, regression])
    def test_same_as_without(self, make, backend):
        network = make(standardize=True)
        X, labels = blobs(30)
        network.fit(X, labels, epochs=2, batch_sz=8)
        for n in (1, 2, 8, 16, 30):
            np.testing.assert_allclose(
                network.transform(X[:n], compile=backend), network.transform(X[:n]), 1e-5, 1e-6
            )
            predicted, expected = network.predict(X[:n], compile=backend), network.predict(X[:n])
            np.testing.assert_allclose(predicted, expected, 1e-5, 1e-6)
            assert np.asarray(predicted).dtype == np.asarray(expected).dtype

    def test_ties_and_names(self, backend):
        network, X = multiclass(), blobs(20)[0]
        for parameter in network.parameters():
            parameter.assign(np.zeros_like(parameter.data))
        np.testing.assert_array_equal(network.predict(X, compile=backend), network.predict(X))
        names = network.predict(X, ["a", "b", "c"], compile=backend)
        assert names.tolist() == 20 * ["a"]

    def test_several_labels(self, backend):
        network = NeuralNetwork(2, [[3, "sigmoid"]], "multilabel_log_loss", seed=0)
        X = blobs(20)[0]
        np.testing.assert_array_equal(network.predict(X, compile=backend), network.predict(X))

    @pytest.mark.parametrize("make", [binary, multiclass, regression])
    @pytest.mark.parametrize("row", [0, 19])
    def test_what_is_too_large_is_refused_as_without(self, make, row, backend):
        network, X = make(), blobs(20)[0].astype(np.float32)
        X[row] = np.finfo(np.float32).max
        network.model.layers = [layer for layer in network.model.layers if type(layer) is nn.Linear]
        for parameter in network.parameters():
            parameter.assign(np.ones_like(parameter.data))
        for predict in (network.predict, network.transform):
            with pytest.raises(ValueError, match=r"the network computed -?(nan|inf)") as without:
                predict(X)
            with pytest.raises(ValueError, match="the network computed") as compiled:
                predict(X, compile=backend)
            assert str(compiled.value) == str(without.value)
        X[row] = np.nan
        with pytest.raises(ValueError, match=rf"X holds nan at index \[{row}, 0\]"):
            network.predict(X, compile=backend)

    def test_probabilities(self, backend):
        network, (X, _) = multiclass(), blobs(20)
        np.testing.assert_allclose(
            network.predict_proba(X, compile=backend), network.predict_proba(X), 1e-5, 1e-6
        )

    def test_follows_every_change_of_the_network(self, backend):
        network, (X, labels) = binary(), blobs(20)
        before = network.transform(X, compile=backend)
        network.fit(X, labels, epochs=1, batch_sz=8)
        trained = network.transform(X, compile=backend)
        assert not np.allclose(before, trained)
        np.testing.assert_allclose(trained, network.transform(X), 1e-5, 1e-6)
        network.model.layers[1] = nn.ReLU()
        after = network.transform(X, compile=backend)
        np.testing.assert_allclose(after, network.transform(X), 1e-5, 1e-6)
        copied = pickle.loads(pickle.dumps(network))
        np.testing.assert_array_equal(copied.transform(X, compile=backend), after)

    def test_a_file_is_gone_through_in_parts(self, backend, tmp_path):
        network, (X, _) = binary(), blobs(50)
        np.save(tmp_path / "X.npy", X.astype(np.float32))
        mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
        np.testing.assert_allclose(
            network.transform(mapped, compile=backend), network.transform(X), 1e-5, 1e-6
        )

    def test_what_it_may_be(self):
        network, (X, _) = binary(), blobs(20)
        np.testing.assert_array_equal(network.predict(X, compile=False), network.predict(X))
        with pytest.raises(ValueError, match="compile is 'auto'; expected one of 'numpy', 'llvm'"):
            network.predict(X, compile="auto")
        with pytest.raises(TypeError, match="compile is 3; expected True, False or one of"):
            network.predict(X, compile=3)  # pyright: ignore[reportArgumentType]
