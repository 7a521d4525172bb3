"""What can be seen of a network: metrics on data, the history, the search for a learning rate."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from nn.callbacks import History
from nn.checks import positive_integer
from nn.evaluation import Metrics, checked_metrics, task_metrics
from nn.fit_data import Door
from nn.learning_rate import LearningRateSearch, lr_find
from nn.prediction import PredictingNetwork

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class DiagnosableNetwork(PredictingNetwork):
    """The base of :class:`nn.NeuralNetwork`, which sets these attributes."""

    seed: int | None
    history: History
    _rng: np.random.Generator
    standardize: bool

    def evaluate(
        self, X: ArrayLike, y: ArrayLike, metrics: Metrics | None = None
    ) -> dict[str, float]:
        """Measure the network on data.

        Parameters
        ----------
        X, y : array_like
            Inputs and targets, in any form that :meth:`fit` takes.
        metrics : list of (str or callable), or dict of str to callable, optional
            What to measure; without it all that belongs to the task. Classification: 'log_loss',
            'accuracy', 'precision', 'recall', 'f1' and 'roc_auc' (of class 1 for two classes, means
            over the classes for more). Regression: 'mse', 'mae' and 'r2'. A function takes true and
            predicted classes, or values, as those of ``sklearn.metrics`` do.

        Returns
        -------
        dict of str to float
            'roc_auc' is NaN if a class has no samples.

        Raises
        ------
        TypeError, ValueError
            If data or metrics cannot be right.

        Examples
        --------
        >>> from nn import NeuralNetwork
        >>> network = NeuralNetwork(1, [[1, "sigmoid"]], "binary_log_loss", seed=0)
        >>> X, y = [[-1.0], [-2.0], [1.0], [2.0]], [0, 0, 1, 1]
        >>> network.fit(X, y, learning_rate=1.0).evaluate(X, y, metrics=["accuracy", "roc_auc"])
        {'accuracy': 1.0, 'roc_auc': 1.0}
        """
        inputs = self._inputs(X)
        targets = self._task.checked_targets(y, len(inputs), self.output_dim, self.dtype)
        measured = (
            task_metrics(self._task) if metrics is None else checked_metrics(metrics, self._task)
        )
        logits = self._in_units_of_y(self._logits(inputs))
        return {name: metric(logits, targets) for name, metric in measured.items()}

    def lr_find(
        self, X: ArrayLike, y: ArrayLike, batch_sz: int = 32, **settings: Any
    ) -> LearningRateSearch:
        """Look for a learning rate; the network stays as it is.

        Parameters
        ----------
        X, y, batch_sz
            As for :meth:`fit`.
        **settings
            ``optimizer``, and the other keyword arguments of :func:`nn.lr_find`.

        Returns
        -------
        LearningRateSearch
            With ``suggestion`` and ``plot()``.

        Examples
        --------
        >>> from nn import NeuralNetwork
        >>> X = np.random.default_rng(0).normal(size=(1000, 2))
        >>> y = X[:, 0] + X[:, 1] > 0
        >>> network = NeuralNetwork(2, [[8, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)
        >>> 0.05 < network.lr_find(X, y).suggestion < 5
        True
        """
        batch_sz = positive_integer(batch_sz, "batch_sz")
        inputs, targets = self._door.ready(X, y)
        settings = {"rng": copy.deepcopy(self._rng), **settings}
        return lr_find(
            self.model, self._task.loss_function, inputs, targets, batch_size=batch_sz, **settings
        )

    @property
    def history_(self) -> History:
        """Named columns, ``"loss"`` among them, with a number for each epoch of all calls of fit.

        ``pandas.DataFrame(network.history_)`` makes a table of it. A number that an epoch does not
        have, because it was not asked for then, is NaN. It is the same as ``history``.
        """
        return self.history

    def plot_history(self) -> list[Axes]:
        """Draw the numbers of every epoch, as :func:`nn.plot_history` does.

        Returns
        -------
        list of matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If no epoch was finished.
        """
        from nn.history import plot_history

        return plot_history(self.history)

    def get_loss_history(self) -> list[float]:
        """The mean training loss of every epoch, over all calls of :meth:`fit`."""
        return list(self.history["loss"])

    def get_accuracy_history(self) -> list[float]:
        """The training accuracy of every epoch, for classification.

        Like the loss, it is measured batch by batch while the network learns.

        Raises
        ------
        ValueError
            If the network is one for regression.
        """
        if "accuracy" not in self.history:
            raise ValueError("a regression has no accuracy; see get_loss_history()")
        return list(self.history["accuracy"])

    @property
    def epochs_trained(self) -> int:
        """Epochs that were finished, over all calls of :meth:`fit`."""
        return len(self.history["loss"])

    @property
    def _door(self) -> Door:
        return Door(
            self._task,
            self.input_dim,
            self.output_dim,
            self.dtype,
            self.standardize,
            self._standardizer,
        )
