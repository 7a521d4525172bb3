"""What the classifier and the regressor have in common: the network and its training."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from nn.batches import number_of_batches
from nn.checks import positive_integer
from nn.dropout import Dropout
from nn.estimators.parameters import ACTIVATIONS, Parameters
from nn.estimators.progress import EpochEnd, IterationEnd
from nn.estimators.rows import as_rows
from nn.inference import PlainLayers
from nn.layers import Linear, Sequential
from nn.lbfgs import LBFGS
from nn.module import Module
from nn.optim import SGD, Adam, Optimizer
from nn.training import train

LARGEST_BATCH = 200
"""Samples in a batch, where nothing is said."""

ROWS_AT_ONCE = 4096
"""Rows that are predicted together."""

SCALE_OF_LAST_LAYER = 0.1
"""Small, so that the first outputs, which are chance, hardly count."""


class NeuralNetworkEstimator(Parameters):
    """Base of the estimators; see :class:`nn.estimators.NeuralNetworkClassifier`."""

    n_outputs_: int

    # ------------------------------------------------------------------------- what a subclass says

    @abstractmethod
    def _encoded(self, y: Any, dtype: Any, *, first: bool, classes: Any) -> np.ndarray:
        """Targets for the loss, and ``n_outputs_`` if this is the first time."""

    @abstractmethod
    def _loss_function(self) -> Callable[..., Any]:
        """From outputs, targets and a reduction to the loss."""

    @abstractmethod
    def _score(self, outputs: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        """What ``early_stopping`` watches; more is better."""

    def _class_weights(self, y: Any, incremental: bool) -> np.ndarray | None:
        """What the classes of the samples count."""
        return None

    # ------------------------------------------------------------------------------------ training

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts.

        Returns
        -------
        estimator
            This one.
        """
        return self._fit(X, y, sample_weight)

    def _is_stochastic(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit needs the solver 'adam' or 'sgd', not 'lbfgs'")
        return True

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one pass through the data, from where the network stands.

        Parameters
        ----------
        X, y, sample_weight
            As for :meth:`fit`.

        Returns
        -------
        estimator
            This one.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, incremental: bool = False, classes: Any = None
    ) -> Self:
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not go with early_stopping=True")
        if self.dropout and self.solver == "lbfgs":
            raise ValueError(
                "dropout does not go with the solver 'lbfgs', whose loss may not be random"
            )
        first = not hasattr(self, "network_") or not (self.warm_start or incremental)
        dtypes = [np.float64, np.float32] if first else self.network_.parameters()[0].dtype
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=dtypes, multi_output=True, reset=first
        )
        targets = self._encoded(y, X.dtype, first=first, classes=classes)
        weights = self._weights(sample_weight, X, y, incremental)
        rng = self._new_generator() if first else self._rng
        if self.solver == "lbfgs":
            if first:
                self._begin(X.shape[1], X.dtype, rng)
            self._train_on_all(X, targets, weights)
            return self
        mean_weight = 1.0 if weights is None else float(weights[weights != 0].mean())
        training, score = self._divided((X, targets), weights, rng)
        if first:
            self._begin(X.shape[1], X.dtype, rng)
        self._train_in_batches(training, score, mean_weight, incremental)
        return self

    def _weights(self, sample_weight: Any, X: Any, y: Any, incremental: bool) -> np.ndarray | None:
        weights = self._class_weights(y, incremental)
        if sample_weight is not None:
            given = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            weights = given if weights is None else weights * given
        if weights is not None and not weights.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        return weights

    def _new_generator(self) -> np.random.Generator:
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return np.random.default_rng(seed)

    def _begin(self, n_features: int, dtype: Any, rng: np.random.Generator) -> None:
        """A new network, and attributes that later calls continue."""
        self.network_ = self._new_network(n_features, dtype, rng)
        self._rng = rng
        self.n_layers_ = 2 + len(self._hidden_widths())
        self.t_ = 0
        self.loss_curve_: list[float] = []
        self.best_loss_: float | None = None
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_: float | None = None
        self._optimizer: Optimizer | None = None
        self._compiled_epoch: Any = None

    def _new_network(self, n_features: int, dtype: Any, rng: np.random.Generator) -> Sequential:
        layers: list[Module] = []
        inputs = n_features
        for width in self._hidden_widths():
            layers.append(_started(Linear(inputs, width, rng=0, dtype=dtype), 1.0, rng))
            if self.activation != "identity":
                layers.append(ACTIVATIONS[self.activation]())
            if self.dropout:
                layers.append(Dropout(self.dropout, rng=rng))
            inputs = width
        last = Linear(inputs, self.n_outputs_, rng=0, dtype=dtype)
        return Sequential(*layers, _started(last, SCALE_OF_LAST_LAYER, rng))

    def _hidden_widths(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        widths = [sizes] if isinstance(sizes, Integral) else list(sizes)
        return [positive_integer(width, "an entry of hidden_layer_sizes") for width in widths]

    def _train_in_batches(
        self,
        arrays: tuple[Any, ...],
        score: Callable[[], float] | None,
        mean_weight: float,
        incremental: bool,
    ) -> None:
        X, targets, *weights = arrays
        n_samples = X.shape[0]
        if self.batch_size != "auto" and self.batch_size > n_samples:
            warnings.warn(
                f"batch_size={self.batch_size} is larger than the {n_samples} samples, which make "
                "one batch",
                stacklevel=4,
            )
        largest = LARGEST_BATCH if self.batch_size == "auto" else self.batch_size
        batch_size = min(int(largest), n_samples)
        if self._optimizer is None or not incremental:
            self._optimizer = self._new_optimizer(self.alpha / (batch_size * mean_weight))
        schedule = self.learning_rate if self.solver == "sgd" else "constant"
        watch = EpochEnd(self, n_samples, schedule, score)
        epochs = 1 if incremental else self.max_iter
        self.n_iter_ = 0
        train(
            self.network_,
            self._loss_function(),
            self._optimizer,
            as_rows(X),
            targets,
            batch_size=batch_size,
            epochs=epochs,
            rng=self._rng if self.shuffle else None,
            sample_weight=weights[0] if weights else None,
            callbacks=[watch],
            compile=self._compiled(epochs * number_of_batches(n_samples, batch_size)),
            verbose=bool(self.verbose),
        )
        if not (watch.converged or incremental):
            self._warn_of_convergence(f"{self.max_iter} epochs (max_iter)")

    def _compiled(self, steps: int) -> Any:
        """What ``compile`` asks for; with what was recorded in earlier calls."""
        if self.compile is False:
            return False
        from nn.compiled_training import compiled_epoch  # only those who compile wait for it

        epoch = compiled_epoch(self.compile, steps, earlier=self._compiled_epoch)
        self._compiled_epoch = epoch or self._compiled_epoch
        return epoch or False

    def _divided(
        self,
        arrays: tuple[Any, np.ndarray],
        weights: np.ndarray | None,
        rng: np.random.Generator,
    ) -> tuple[tuple[Any, ...], Callable[[], float] | None]:
        """What to train on, with weights of mean one, and the score on what is held out."""
        parts = arrays if weights is None else _counted(*arrays, weights)
        if not self.early_stopping:
            return parts, None
        X, targets = parts[:2]
        is_stratified = hasattr(self, "classes_") and (targets.ndim == 1 or targets.shape[1] == 1)
        split: list[Any] = train_test_split(
            *parts,
            test_size=self.validation_fraction,
            random_state=int(rng.integers(2**31)),
            stratify=targets if is_stratified else None,
        )
        training, held_out = tuple(split[::2]), split[1::2]
        X, targets, *others = held_out
        if len(targets) < 2:
            raise ValueError(
                f"early_stopping holds {len(targets)} of {parts[0].shape[0]} samples out; expected "
                "two or more: increase validation_fraction"
            )

        def score() -> float:
            return self._score(self._outputs(X), targets, others[0] if others else None)

        return training, score

    def _new_optimizer(self, l2_penalty: float) -> Optimizer:
        layers = [layer for layer in self.network_.layers if isinstance(layer, Linear)]
        groups = [
            {"parameters": [layer.weight for layer in layers], "l2_penalty": l2_penalty},
            {"parameters": [layer.bias for layer in layers], "l2_penalty": 0.0},
        ]
        rate = self.learning_rate_init
        if self.solver == "adam":
            betas = (self.beta_1, self.beta_2)
            return Adam(groups, rate, betas, self.epsilon, clip_norm=self.clip_norm)
        return SGD(
            groups,
            rate,
            self.momentum,
            nesterov=self.nesterovs_momentum and self.momentum > 0,
            clip_norm=self.clip_norm,
        )

    def _train_on_all(self, X: Any, targets: np.ndarray, weights: np.ndarray | None) -> None:
        total = float(X.shape[0] if weights is None else weights.sum())
        optimizer = LBFGS(
            self.network_.parameters(), self.max_iter, self.tol, max_eval=self.max_fun
        )
        train(
            self.network_,
            self._loss_function(),
            optimizer,
            as_rows(X),
            targets,
            batch_size=X.shape[0],
            epochs=self.max_iter,
            sample_weight=weights,
            compile=self.compile,
            penalty=partial(half_squares, factor=self.alpha / total),
            callbacks=[IterationEnd(self, X.shape[0])],
            verbose=bool(self.verbose),
        )
        if not optimizer.converged:
            self._warn_of_convergence(f"{self.n_iter_} iterations ({optimizer.message})")

    def _warn_of_convergence(self, after: str) -> None:
        warnings.warn(
            f"{type(self).__name__} ended after {after}, before the loss stopped falling; allow "
            "more, scale the inputs, or take it as it is",
            ConvergenceWarning,
            stacklevel=5,
        )

    # ---------------------------------------------------------------------------------- prediction

    def _checked_outputs(self, X: Any) -> np.ndarray:
        """Outputs of the network for what a user wants predicted."""
        check_is_fitted(self, "network_")
        dtype = self.network_.parameters()[0].dtype
        return self._outputs(validate_data(self, X, accept_sparse="csr", dtype=dtype, reset=False))

    def _outputs(self, X: Any) -> np.ndarray:
        network, rows = PlainLayers(self.network_), as_rows(X)
        starts = range(0, X.shape[0], ROWS_AT_ONCE)
        parts = [network(rows[i : i + ROWS_AT_ONCE]) for i in starts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    # ---------------------------------------------------------------------------------- attributes

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights of all layers, each of shape (inputs, outputs)."""
        return [layer.weight.data for layer in self._linear_layers()]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases of all layers."""
        return [layer.bias.data for layer in self._linear_layers() if layer.bias is not None]

    def _linear_layers(self) -> list[Linear]:
        check_is_fitted(self, "network_")
        return [layer for layer in self.network_.layers if isinstance(layer, Linear)]

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {**state, "_compiled_epoch": None} if "_compiled_epoch" in state else state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _started(layer: Linear, scale: float, rng: np.random.Generator) -> Linear:
    """Starting weights, and biases that put the kinks of the activations in different places.

    Both are uniform, within the limit that Glorot & Bengio (2010, eq. 16) give for weights.
    """
    limit = scale * np.sqrt(6 / (layer.in_features + layer.out_features))
    for parameter in layer.parameters():
        parameter.assign(rng.uniform(-limit, limit, parameter.shape))
    return layer


def _counted(
    X: Any, targets: np.ndarray, weights: np.ndarray
) -> tuple[Any, np.ndarray, np.ndarray]:
    """The samples that count, and what they count, on average one."""
    rows = np.flatnonzero(weights)
    counts = (weights[rows] / weights[rows].mean()).astype(X.dtype)
    return X[rows], targets[rows], counts


def half_squares(network: Module, factor: float) -> Any:
    """Half the sum of the squared weights, times a factor.

    Examples
    --------
    >>> layer = Linear(2, 1)
    >>> _ = layer.weight.assign([[3.0], [4.0]])
    >>> half_squares(layer, 2.0).item()
    25.0
    """
    sums = [(p * p).sum() for p in network.parameters() if p.ndim > 1]
    return 0.5 * factor * sum(sums[1:], start=sums[0])
