"""A classifier for scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

import tensorgrad as tg
from nn.estimators.base import NeuralNetworkEstimator
from nn.losses import Reduction, binary_log_loss, multiclass_log_loss, reduced

MULTILABEL = "multilabel-indicator"
"""scikit-learn's name for several yes-or-no questions about each sample."""


class NeuralNetworkClassifier(ClassifierMixin, NeuralNetworkEstimator):
    """A fully connected network that classifies, with scikit-learn's interface.

    The parameters of ``sklearn.neural_network.MLPClassifier`` have the same names, meanings and
    defaults here. ``dropout``, ``clip_norm``, ``compile``, ``class_weight`` and some activations
    are added.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Widths of the hidden layers.
    activation : str
        Of the hidden layers: 'relu', 'tanh', 'logistic', 'identity', 'leaky_relu', 'elu', 'silu',
        'gelu' or 'softplus'.
    solver : {'adam', 'sgd', 'lbfgs'}
        What minimizes the loss; 'lbfgs' takes all samples at once.
    alpha : float
        Times half the sum of the squared weights, divided by the samples in a batch, added to the
        loss.
    batch_size : int or 'auto'
        Samples in a batch; 'auto' is 200, or all if there are fewer.
    learning_rate : {'constant', 'invscaling', 'adaptive'}
        How 'sgd' changes its learning rate: not at all; divided by t ** power_t, where t counts
        samples; or divided by 5 whenever training would otherwise end.
    learning_rate_init : float
        Length of a step, at the beginning.
    power_t : float
        See ``learning_rate``.
    max_iter : int
        The largest number of epochs, or of iterations of 'lbfgs'.
    shuffle : bool
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        Source of starting weights, orders, and what is held out.
    tol : float
        How much better loss or score must become to count as better.
    verbose : bool
        Show a progress bar.
    warm_start : bool
        Whether ``fit`` goes on from where the network stands.
    momentum : float
        Of 'sgd', at least 0 and below 1.
    nesterovs_momentum : bool
        Whether it is Nesterov's.
    early_stopping : bool
        Hold samples out, watch the score on them in place of the loss, and in the end go back to
        where it was best.
    validation_fraction : float
        The part that is held out.
    beta_1, beta_2, epsilon : float
        Of 'adam': decays of the averages of the gradient and of its square, and what is added to
        the root of the latter.
    n_iter_no_change : int
        Epochs without an improvement after which training ends.
    max_fun : int
        The largest number of times that 'lbfgs' computes the loss.
    dropout : float
        Probability with which each output of a hidden layer is left out in training.
    clip_norm : float, optional
        Gradients whose norm is larger are scaled down to it; not for 'lbfgs'.
    compile : bool or {'auto', 'numpy', 'llvm', 'numba'}
        Run all batches of an epoch at once, in machine code or replayed by NumPy, as
        :meth:`nn.NeuralNetwork.fit` does; not for 'lbfgs', nor for sparse inputs.
    class_weight : dict, 'balanced' or None
        How much each class counts, by its label; 'balanced' makes all count the same.

    Attributes
    ----------
    classes_ : ndarray
        Class labels; for several labels per sample, the numbers of the columns.
    network_ : nn.Sequential
        From inputs to logits.
    n_features_in_, feature_names_in_
        As in every estimator.
    n_iter_ : int
        Epochs, or iterations, of the last fit.
    n_layers_, n_outputs_, t_ : int
        Layers, input and output included; outputs of the network; samples seen in training.
    loss_, best_loss_ : float
        The latest and the smallest loss.
    loss_curve_ : list of float
        The loss of every epoch or iteration.
    validation_scores_ : list of float or None
        Accuracies on what is held out.
    best_validation_score_ : float or None
        The largest of them.
    coefs_, intercepts_ : list of ndarray
        Weights and biases of the layers.
    out_activation_ : str
        'logistic' or 'softmax'.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(400, noise=0.1, random_state=0)
    >>> labels = np.array(["upper", "lower"])[y]
    >>> classifier = NeuralNetworkClassifier((16,), solver="lbfgs", random_state=0)
    >>> classifier.fit(X, labels).predict([[0.0, 1.0], [1.0, -0.5]])
    array(['upper', 'lower'], dtype='<U5')
    >>> classifier.score(X, labels) > 0.98
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralNetworkEstimator._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        clip_norm: float | None = None,
        compile: bool | str = False,
        class_weight: Any = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            dropout=dropout,
            clip_norm=clip_norm,
            compile=compile,
        )
        self.class_weight = class_weight

    @available_if(NeuralNetworkEstimator._is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one pass through the data, from where the network stands.

        Parameters
        ----------
        X, y, sample_weight
            As for :meth:`fit`.
        classes : array-like of shape (n_classes,), optional
            All labels that will ever be seen; needed in the first call if ``y`` lacks some.

        Returns
        -------
        NeuralNetworkClassifier
            This one.
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    # ---------------------------------------------------------------------------------- prediction

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class of each sample.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray
            Labels, of shape (n_samples,); for several labels per sample zeros and ones, of shape
            (n_samples, n_outputs).
        """
        return self._decided(self._checked_outputs(X))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, in the order of ``classes_``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        logits = self._checked_outputs(X)
        if self._label_type == MULTILABEL:
            return tg.sigmoid(logits)
        if logits.shape[1] == 1:
            return np.hstack([tg.sigmoid(-logits), tg.sigmoid(logits)])
        return tg.softmax(logits)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities; minus infinity where these are rounded to zero.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _decided(self, logits: np.ndarray) -> np.ndarray:
        if self._label_type == MULTILABEL:
            return (logits > 0).astype(int)
        return self.classes_[_indices(logits)]

    # ------------------------------------------------------------------------------------ training

    def _encoded(self, y: Any, dtype: Any, *, first: bool, classes: Any) -> np.ndarray:
        y = y.toarray() if issparse(y) else y
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        is_multilabel = type_of_target(y) == MULTILABEL
        if y.ndim == 2 and not is_multilabel:
            raise ValueError(
                "y has several columns of class labels; expected one, or zeros and ones; see "
                "sklearn.multioutput.MultiOutputClassifier"
            )
        if first:
            self._set_classes(y, classes, is_multilabel)
        if is_multilabel != (self._label_type == MULTILABEL) or (
            is_multilabel and y.shape[1] != self.n_outputs_
        ):
            raise ValueError(
                "y is of another kind than that of the first fit, or has other columns"
            )
        if is_multilabel:
            return y.astype(dtype)
        found = np.unique(y)
        unknown = np.setdiff1d(found, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y has the classes {unknown.tolist()}, which are not among "
                f"{self.classes_.tolist()}; pass all of them to the first partial_fit, or use "
                "warm_start=False"
            )
        indices = np.searchsorted(self.classes_, y)
        return indices if self.n_outputs_ > 1 else indices.astype(dtype)[:, None]

    def _set_classes(self, y: np.ndarray, classes: Any, is_multilabel: bool) -> None:
        if is_multilabel:
            self.classes_ = np.arange(y.shape[1])
            self.n_outputs_ = y.shape[1]
        else:
            labels = unique_labels(y) if classes is None else unique_labels(classes)
            if len(labels) < 2:
                raise ValueError(
                    f"y has one class only, {labels[0]!r}; expected two classes or more"
                )
            self.classes_ = labels
            self.n_outputs_ = 1 if len(labels) == 2 else len(labels)
        self._label_type = MULTILABEL if is_multilabel else "classes"
        self.out_activation_ = "softmax" if self._has_classes_as_outputs() else "logistic"

    def _has_classes_as_outputs(self) -> bool:
        return self._label_type != MULTILABEL and self.n_outputs_ > 1

    def _class_weights(self, y: Any, incremental: bool) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all samples at once, and partial_fit has some; pass "
                "a dict, from compute_class_weight('balanced', classes=classes, y=y)"
            )
        return compute_sample_weight(self.class_weight, y.toarray() if issparse(y) else y)

    def _loss_function(self) -> Callable[..., Any]:
        if self._has_classes_as_outputs():
            return multiclass_log_loss
        return binary_log_loss if self.n_outputs_ == 1 else multilabel_log_loss

    def _score(self, outputs: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        """The accuracy, where all labels of a sample must be right."""
        if self._label_type == MULTILABEL:
            right = ((outputs > 0) == (targets > 0)).all(axis=1)
        else:
            right = _indices(outputs) == targets.reshape(len(targets))
        return float(np.average(right, weights=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def multilabel_log_loss(logits: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    """The log-losses of several yes-or-no questions, added up for each sample.

    Examples
    --------
    >>> multilabel_log_loss(np.zeros((1, 2)), np.ones((1, 2)))
    np.float64(1.3862943611198906)
    """
    losses = binary_log_loss(logits, targets, reduction="none")
    return reduced(losses.sum(axis=1), reduction)


def _indices(logits: np.ndarray) -> np.ndarray:
    """Positions of the most probable classes."""
    return (logits[:, 0] > 0).astype(np.intp) if logits.shape[1] == 1 else logits.argmax(axis=1)
