"""A regressor for scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions

from nn.estimators.base import NeuralNetworkEstimator
from nn.losses import Reduction, l2_loss, reduced
from nn.regression_losses import l1_loss, poisson_nll_loss, quantile_loss


class NeuralNetworkRegressor(RegressorMixin, MultiOutputMixin, NeuralNetworkEstimator):
    """A fully connected network that predicts numbers, with scikit-learn's interface.

    The parameters of ``sklearn.neural_network.MLPRegressor`` have the same names, meanings and
    defaults here. ``dropout``, ``clip_norm``, ``compile``, ``quantile``, and some losses and
    activations are added.

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
    loss : {'squared_error', 'absolute_error', 'quantile', 'poisson'}
        What is made small: half the squared differences, for means; absolute differences, for
        medians; for other quantiles, see :func:`nn.quantile_loss`; or, for counts, the negative
        logarithm of their probability, where predictions are positive.
    quantile : float
        Which quantile is predicted with the loss 'quantile'.

    Attributes
    ----------
    network_ : nn.Sequential
        From inputs to predictions; with the loss 'poisson' to their logarithms.
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
        R² on what is held out.
    best_validation_score_ : float or None
        The largest of them.
    coefs_, intercepts_ : list of ndarray
        Weights and biases of the layers.
    out_activation_ : str
        'identity', or 'exp' with the loss 'poisson'.

    Examples
    --------
    >>> X = np.linspace(-3, 3, 400)[:, None]
    >>> y = np.sin(X[:, 0])
    >>> regressor = NeuralNetworkRegressor((32,), activation="tanh", solver="lbfgs", random_state=0)
    >>> bool(regressor.fit(X, y).score(X, y) > 0.999)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NeuralNetworkEstimator._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "quantile", "poisson"})],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
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
        loss: str = "squared_error",
        quantile: float = 0.5,
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
        self.loss = loss
        self.quantile = quantile

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return _flat(self._predictions(self._checked_outputs(X)))

    def _predictions(self, outputs: np.ndarray) -> np.ndarray:
        return np.exp(outputs) if self.loss == "poisson" else outputs

    def _encoded(self, y: Any, dtype: Any, *, first: bool, classes: Any) -> np.ndarray:
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        targets = y.astype(dtype).reshape(len(y), -1)
        if self.loss == "poisson" and (targets < 0).any():
            raise ValueError(
                f"y holds {targets.min()}; expected counts, not negative, for the loss 'poisson'"
            )
        if first:
            self.n_outputs_ = targets.shape[1]
            self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        if targets.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {targets.shape[1]} outputs, and the network {self.n_outputs_}; expected as "
                "many as in the first fit"
            )
        return targets

    def _loss_function(self) -> Callable[..., Any]:
        losses: dict[str, Callable[..., Any]] = {
            "squared_error": half_squared_error,
            "absolute_error": l1_loss,
            "quantile": partial(quantile_loss, quantile=self.quantile),
            "poisson": poisson_nll_loss,
        }
        return losses[self.loss]

    def _score(self, outputs: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        """The R², which is NaN for less than two samples."""
        return float(r2_score(targets, self._predictions(outputs), sample_weight=weights))


def half_squared_error(predictions: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    """Half the squared differences, added up for each sample.

    Examples
    --------
    >>> half_squared_error(np.zeros((1, 2)), [[1.0, 3.0]])
    np.float64(5.0)
    """
    losses = 0.5 * l2_loss(predictions, targets, reduction="none")
    return reduced(losses.sum(axis=1), reduction)


def _flat(predictions: np.ndarray) -> np.ndarray:
    return predictions[:, 0] if predictions.shape[1] == 1 else predictions
