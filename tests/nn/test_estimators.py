"""The estimators, as scikit-learn checks them, and as its users meet them."""

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_blobs, make_moons, make_multilabel_classification
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nn.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor
from tensorgrad import CaptureError

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # a few epochs are enough here
)

QUICK = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.02, "max_iter": 40}
SETTINGS = [QUICK]
if os.environ.get("HYPOTHESIS_PROFILE") == "thorough":
    SETTINGS += [{}, {**QUICK, "solver": "lbfgs"}]


@pytest.mark.filterwarnings("ignore")  # what scikit-learn's checks warn of on the way
@parametrize_with_checks(
    [
        kind(**settings)
        for settings in SETTINGS
        for kind in (NeuralNetworkClassifier, NeuralNetworkRegressor)
    ]
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def moons(n_samples=200):
    X, y = make_moons(n_samples, noise=0.1, random_state=0)
    return X, y


LONGER = {**QUICK, "max_iter": 120, "random_state": 0}


def classifier(**settings):
    return NeuralNetworkClassifier(**{**LONGER, **settings})


def regressor(**settings):
    return NeuralNetworkRegressor(**{**LONGER, **settings})


class TestInTheirPlace:
    """What takes scikit-learn's own networks takes these."""

    @pytest.mark.parametrize(
        ("own", "other"),
        [(NeuralNetworkClassifier, MLPClassifier), (NeuralNetworkRegressor, MLPRegressor)],
    )
    def test_parameters_and_their_defaults(self, own, other):
        theirs = other().get_params()
        ours = own().get_params()
        assert {name: ours[name] for name in theirs if name in ours} == {
            name: value for name, value in theirs.items() if name in ours
        }
        assert theirs.keys() <= ours.keys()

    @pytest.mark.parametrize(
        ("own", "other"), [(classifier(), MLPClassifier()), (regressor(), MLPRegressor())]
    )
    def test_attributes(self, own, other):
        X, y = moons()
        own.set_params(max_iter=10)
        other.set_params(**{k: v for k, v in own.get_params().items() if k in other.get_params()})
        fitted = {name for name in vars(other.fit(X, y)) if name.endswith("_") and name[0] != "_"}
        assert all(hasattr(own.fit(X, y), name) for name in fitted)
        assert [c.shape for c in own.coefs_] == [c.shape for c in other.coefs_]
        assert [b.shape for b in own.intercepts_] == [b.shape for b in other.intercepts_]
        for name in ("n_layers_", "n_outputs_", "out_activation_", "n_iter_", "t_"):
            assert getattr(own, name) == getattr(other, name), name

    @pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("targets", ["binary", "classes", "multilabel", "numbers", "outputs"])
    def test_the_same_network_from_the_same_start(self, targets, weighted, solver):
        """Steps along the same gradients of the same loss, so the same weights."""
        if (targets, solver) == ("outputs", "lbfgs"):
            pytest.skip("the gradient of MLPRegressor is that of another multiple of its loss")
        rng = np.random.default_rng(0)
        X = rng.normal(size=(30, 3))
        y = {
            "binary": (X[:, 0] > 0).astype(int),
            "classes": rng.integers(3, size=30),
            "multilabel": rng.integers(2, size=(30, 4)),
            "numbers": X[:, 0] ** 2,
            "outputs": X[:, :2] ** 2,
        }[targets]
        own, other = (
            (NeuralNetworkRegressor, MLPRegressor)
            if targets in ("numbers", "outputs")
            else (NeuralNetworkClassifier, MLPClassifier)
        )
        settings = {
            "hidden_layer_sizes": (5,),
            "activation": "tanh",
            "solver": solver,
            "alpha": 0.3,
            "max_iter": 5,
            "epsilon": 1e-20,  # theirs is added before the correction of the bias, ours after it
            "warm_start": True,
            "random_state": 0,
        }
        weights = rng.uniform(0.5, 2, size=30) if weighted else None
        theirs = other(**settings).fit(X, y, sample_weight=weights)
        ours = own(**settings).fit(X, y)
        for layer, weight, bias in zip(
            ours._linear_layers(), theirs.coefs_, theirs.intercepts_, strict=True
        ):
            layer.weight.assign(weight)
            layer.bias.assign(bias)
        theirs.fit(X, y, sample_weight=weights)
        ours.fit(X, y, sample_weight=weights)
        for name in ("coefs_", "intercepts_"):
            for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)

    def test_pipeline_and_grid_search(self):
        X, y = moons()
        pipeline = make_pipeline(StandardScaler(), classifier())
        grid = {"neuralnetworkclassifier__alpha": [1e-4, 100.0]}
        search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
        assert search.best_params_ == {"neuralnetworkclassifier__alpha": 1e-4}
        assert search.best_score_ > 0.9

    def test_cross_validation(self):
        X, y = moons()
        assert cross_val_score(classifier(), X, y, cv=3).min() > 0.85
        assert cross_val_score(regressor(solver="lbfgs"), X, X[:, 0] ** 2, cv=3).min() > 0.9

    def test_stacking_and_calibration(self):
        X, y = moons()
        named = [("network", classifier()), ("line", LogisticRegression())]
        assert StackingClassifier(named, cv=2).fit(X, y).score(X, y) > 0.9
        calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(X, y)
        assert calibrated.predict_proba(X).shape == (200, 2)

    def test_scores_of_all_kinds(self):
        X, y = moons()
        scores = cross_validate(
            classifier(), X, y, cv=2, scoring=["accuracy", "roc_auc", "neg_log_loss"]
        )
        assert scores["test_roc_auc"].min() > 0.9

    def test_sample_weights_are_routed(self):
        X, y = moons()
        weights = (np.arange(200) % 2).astype(float)
        with sklearn.config_context(enable_metadata_routing=True):
            model = classifier().set_fit_request(sample_weight=True)
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            pipeline = make_pipeline(scaler, model).fit(X, y, sample_weight=weights)
        scaled = StandardScaler().fit_transform(X)
        expected = classifier().fit(scaled, y, sample_weight=weights).predict_proba(scaled)
        np.testing.assert_array_equal(pipeline.predict_proba(X), expected)
        assert not np.allclose(classifier().fit(scaled, y).predict_proba(scaled), expected)

    def test_feature_names_through_set_output(self):
        X, y = moons()
        frame = pd.DataFrame(X, columns=["left", "up"])
        pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), classifier())
        pipeline.fit(frame, y)
        assert pipeline[-1].feature_names_in_.tolist() == ["left", "up"]
        with pytest.raises(ValueError, match="feature names"):
            pipeline[-1].predict(frame[["up", "left"]])


class TestClassifier:
    def test_strings(self):
        X, y = moons()
        names = np.array(["down", "up"])[y]
        model = classifier().fit(X, names)
        assert model.classes_.tolist() == ["down", "up"]
        assert set(model.predict(X)) == {"down", "up"}
        assert model.score(X, names) > 0.9
        np.testing.assert_array_equal(
            model.predict_proba(X), classifier().fit(X, y).predict_proba(X)
        )

    def test_three_classes(self):
        X, y = make_blobs(150, random_state=0)[:2]
        model = classifier().fit(X, y + 5)
        probabilities = model.predict_proba(X)
        assert model.classes_.tolist() == [5, 6, 7]
        assert model.out_activation_ == "softmax"
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        np.testing.assert_array_equal(model.predict(X), probabilities.argmax(axis=1) + 5)
        np.testing.assert_allclose(model.predict_log_proba(X), np.log(probabilities))

    def test_several_labels(self):
        X, Y = make_multilabel_classification(200, random_state=0)[:2]
        model = classifier(max_iter=200).fit(X, Y)
        assert model.predict(X).shape == model.predict_proba(X).shape == Y.shape
        assert (model.predict(X) == Y).mean() > 0.85
        np.testing.assert_array_equal(
            model.predict(X), classifier(max_iter=200).fit(X, csr_array(Y)).predict(X)
        )
        with pytest.raises(ValueError, match="of another kind"):
            model.set_params(warm_start=True).fit(X, Y[:, 0])

    def test_several_columns_of_classes_are_left_to_scikit_learn(self):
        X, y = moons()
        Y = np.stack([y, (X[:, 0] > 0) + 2], axis=1)
        with pytest.raises(ValueError, match="MultiOutputClassifier"):
            classifier().fit(X, Y)
        assert MultiOutputClassifier(classifier()).fit(X, Y).predict(X).shape == Y.shape

    def test_one_class_is_none(self):
        with pytest.raises(ValueError, match="one class only"):
            classifier().fit(np.ones((4, 2)), np.zeros(4))

    def test_class_weight(self):
        X, y = moons()
        rare = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:10]])
        X, names = X[rare], np.array(["many", "few"])[y[rare]]
        plain, balanced = classifier(max_iter=10), classifier(max_iter=10, class_weight="balanced")
        few = names == "few"
        recall = [
            (model.fit(X, names).predict(X)[few] == "few").mean() for model in (plain, balanced)
        ]
        assert recall[1] > recall[0]
        counts = {"few": 5.5, "many": 0.55}
        np.testing.assert_allclose(
            classifier(class_weight=counts).fit(X, names).predict_proba(X),
            classifier(class_weight="balanced").fit(X, names).predict_proba(X),
        )
        with pytest.raises(ValueError, match="needs all samples at once"):
            balanced.partial_fit(X, names)

    def test_partial_fit(self):
        X, y = moons()
        model = classifier()
        with pytest.raises(ValueError, match=r"which are not among \[0, 1\]"):
            model.partial_fit(X[:50], y[:50]).partial_fit(X, y + 1)
        model = classifier()
        model.partial_fit(X[y == 0], y[y == 0], classes=[0, 1])
        for _ in range(80):
            model.partial_fit(X, y)
        assert model.score(X, y) > 0.9
        assert (len(model.loss_curve_), model.n_iter_) == (81, 1)
        assert not hasattr(classifier(solver="lbfgs"), "partial_fit")
        with pytest.raises(ValueError, match="does not go with early_stopping"):
            classifier(early_stopping=True).partial_fit(X, y)

    def test_early_stopping_goes_back_to_the_best(self):
        X, y = moons(400)
        model = classifier(
            early_stopping=True, max_iter=300, learning_rate_init=0.3, validation_fraction=0.3
        ).fit(X, y)
        assert model.n_iter_ < 300
        assert len(model.validation_scores_) == model.n_iter_
        assert model.best_validation_score_ == max(model.validation_scores_)
        model = classifier(early_stopping=True, validation_fraction=0.05)
        with pytest.raises(ValueError, match="two or more: increase validation_fraction"):
            model.fit(X[:20], X[:20] > 0)
        with pytest.raises(NotFittedError):
            model.predict(X)

    def test_dropout(self):
        X, y = moons()
        model = classifier(dropout=0.3, max_iter=200).fit(X, y)
        assert model.score(X, y) > 0.9
        np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
        with pytest.raises(ValueError, match="does not go with the solver 'lbfgs'"):
            classifier(dropout=0.3, solver="lbfgs").fit(X, y)


class TestRegressor:
    X = np.random.default_rng(0).uniform(-1, 1, size=(300, 2))

    def test_several_outputs(self):
        Y = np.stack([self.X[:, 0] ** 2, self.X.sum(axis=1)], axis=1)
        model = regressor(max_iter=100).fit(self.X, Y)
        assert model.predict(self.X).shape == Y.shape
        assert model.score(self.X, Y) > 0.9
        with pytest.warns(DataConversionWarning):
            assert regressor().fit(self.X, Y[:, :1]).predict(self.X).shape == (300,)

    @pytest.mark.parametrize(("loss", "quantile"), [("absolute_error", 0.5), ("quantile", 0.9)])
    def test_quantiles(self, loss, quantile):
        noise = np.random.default_rng(1).exponential(size=300)
        model = regressor(loss=loss, quantile=quantile, max_iter=200).fit(self.X, noise)
        np.testing.assert_allclose((noise < model.predict(self.X)).mean(), quantile, atol=0.06)

    def test_counts(self):
        counts = np.random.default_rng(1).poisson(np.exp(2 * self.X[:, 0]))
        model = regressor(loss="poisson", max_iter=100).fit(self.X, counts)
        assert (model.predict(self.X) > 0).all()
        assert model.out_activation_ == "exp"
        np.testing.assert_allclose(model.predict(self.X).mean(), counts.mean(), rtol=0.1)
        with pytest.raises(ValueError, match="expected counts, not negative"):
            regressor(loss="poisson").fit(self.X, -counts)

    def test_early_stopping(self):
        model = regressor(early_stopping=True, max_iter=300).fit(self.X, self.X[:, 0] ** 2)
        assert model.best_validation_score_ == max(model.validation_scores_) > 0.8


class TestTraining:
    def test_sparse_rows_are_dense_rows(self):
        X, y = moons()
        X = np.where(X > 0.3, X, 0)
        ordered = {"batch_size": 32, "shuffle": False, "max_iter": 10}
        dense = classifier(**ordered).fit(X, y)
        for kind in (csr_matrix, csr_array):
            sparse = classifier(**ordered).fit(kind(X), y)
            np.testing.assert_allclose(sparse.predict_proba(kind(X)), dense.predict_proba(X))
        settings = {"early_stopping": True, "batch_size": 32, "max_iter": 10}
        np.testing.assert_allclose(
            classifier(**settings).fit(csr_array(X), y).predict_proba(X),
            classifier(**settings).fit(X, y).predict_proba(X),
        )

    def test_dtype_is_that_of_the_first_data(self):
        X, y = moons()
        single = classifier().fit(X.astype(np.float32), y)
        assert single.coefs_[0].dtype == single.predict_proba(X).dtype == np.float32
        assert classifier().fit(X, y).predict_proba(X.astype(np.float32)).dtype == np.float64

    def test_a_seed_gives_the_same_bits(self):
        X, y = moons()
        settings = {"batch_size": 32, "max_iter": 5}
        first, second = (classifier(**settings).fit(X, y) for _ in range(2))
        np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
        other = classifier(**settings, random_state=1).fit(X, y)
        assert not np.array_equal(first.coefs_[0], other.coefs_[0])
        state = np.random.RandomState(0)
        a, b = (classifier(random_state=state).fit(X, y) for _ in range(2))
        assert not np.array_equal(a.coefs_[0], b.coefs_[0])

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_warm_start(self, solver):
        X, y = moons()
        model = classifier(warm_start=True, max_iter=5, solver=solver).fit(X, y)
        network, loss = model.network_, model.loss_
        model.fit(X, y)
        assert model.network_ is network
        assert model.loss_ < loss
        assert len(model.loss_curve_) == 10
        model.set_params(warm_start=False).fit(X, y)
        assert model.network_ is not network
        assert model.loss_ == loss

    def test_copies_go_on_training_alike(self):
        X, y = moons()
        model = classifier(batch_size=32).partial_fit(X, y)
        copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
        model.partial_fit(X, y)
        for other in copies:
            other.partial_fit(X, y)
            np.testing.assert_array_equal(other.coefs_[0], model.coefs_[0])
        assert not hasattr(clone(model), "network_")

    def test_learning_rates_of_sgd(self):
        X, y = moons()
        settings = {"solver": "sgd", "learning_rate_init": 0.5, "batch_size": 50, "tol": 1e-3}
        adaptive = classifier(**settings, learning_rate="adaptive", max_iter=400).fit(X, y)
        assert adaptive._optimizer.learning_rate < 1e-6
        assert adaptive.n_iter_ < 400
        scaled = classifier(**settings, learning_rate="invscaling", max_iter=3).fit(X, y)
        np.testing.assert_allclose(scaled._optimizer.learning_rate, 0.5 / (3 * 200 + 1) ** 0.5)

    def test_clip_norm(self):
        X, y = moons()
        rate = 0.01
        model = classifier(solver="sgd", momentum=0.0, learning_rate_init=rate, max_iter=1)
        start = classifier(solver="sgd", learning_rate_init=1e-12, max_iter=1).fit(X, y)
        model.set_params(clip_norm=1e-3).fit(X, y)
        moved = sum(np.sum((a - b) ** 2) for a, b in zip(model.coefs_, start.coefs_, strict=True))
        assert 0 < np.sqrt(moved) <= rate * 1e-3 * 1.001

    @pytest.mark.parametrize("backend", [True, "numpy"])
    def test_compile(self, backend):
        X, y = moons()
        settings = {"dropout": 0.1, "class_weight": "balanced", "max_iter": 4}
        eager = classifier(**settings).fit(X, y)
        compiled = classifier(**settings, compile=backend).fit(X, y)
        for mine, expected in zip(compiled.coefs_, eager.coefs_, strict=True):
            np.testing.assert_allclose(mine, expected, rtol=1e-9, atol=1e-12)
        pickle.loads(pickle.dumps(compiled)).predict(X)

    def test_compile_is_checked_and_what_was_recorded_is_kept(self):
        X, y = moons()
        with pytest.raises(ValueError, match="The 'compile' parameter"):
            classifier(compile="gpu").fit(X, y)
        with pytest.raises(CaptureError, match="X is a sparse matrix"):
            classifier(compile="numpy").fit(csr_array(X), y)
        with pytest.raises(CaptureError, match="L-BFGS is not compiled"):
            classifier(compile="numpy", solver="lbfgs").fit(X, y)
        model, eager = classifier(compile="numpy"), classifier()
        model.partial_fit(X, y, sample_weight=1 + y)
        recorded = model._compiled_epoch._steps
        model.partial_fit(X, y, sample_weight=1 + y)
        assert model._compiled_epoch._steps is recorded is not None
        for _ in range(2):
            eager.partial_fit(X, y, sample_weight=1 + y)
        np.testing.assert_allclose(model.coefs_[0], eager.coefs_[0], rtol=1e-9)
        assert classifier(compile="auto", max_iter=2).fit(X, y)._compiled_epoch is None

    def test_progress_bar(self, capsys):
        X, y = moons()
        classifier(verbose=True, max_iter=3).fit(X, y)
        assert "loss" in capsys.readouterr().err


class TestMessages:
    @pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_training_that_has_not_ended(self, solver):
        X, y = moons()
        with pytest.warns(ConvergenceWarning, match="before the loss stopped falling"):
            classifier(solver=solver, max_iter=3).fit(X, y)

    def test_batches_larger_than_the_data(self):
        X, y = moons()
        with pytest.warns(UserWarning, match="larger than the 200 samples"):
            classifier(batch_size=1000).fit(X, y)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"activation": "swish"}, "The 'activation' parameter"),
            ({"momentum": 1.0}, "The 'momentum' parameter"),
            ({"dropout": 1.0}, "The 'dropout' parameter"),
            ({"class_weight": "even"}, "The 'class_weight' parameter"),
            ({"hidden_layer_sizes": (8, 0)}, "an entry of hidden_layer_sizes is 0"),
        ],
    )
    def test_settings(self, settings, message):
        with pytest.raises(ValueError, match=message):
            classifier(**settings).fit(*moons())

    def test_before_fit(self):
        with pytest.raises(NotFittedError):
            classifier().predict([[0.0, 1.0]])
        assert not hasattr(classifier(), "coefs_")

    def test_without_scikit_learn(self):
        code = (
            "import sys; sys.modules['sklearn'] = None; import nn\n"
            "try:\n    import nn.estimators\n"
            "except ImportError as error:\n    print(error)"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert 'pip install -e ".[estimators]"' in result.stdout
