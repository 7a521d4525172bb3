"""``fit`` and what belongs to it: the part of ``NeuralNetwork`` that trains."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike

from nn.callbacks import Callback, TrainingState
from nn.checkpoints import resume_from
from nn.checks import positive_integer, positive_number, true_or_false
from nn.diagnosis import DiagnosableNetwork
from nn.early_stopping import EarlyStopping
from nn.epochs import begun
from nn.evaluation import Metric, Metrics, checked_metrics, in_units_of
from nn.files import PathLike
from nn.fit_data import FitData, fit_data, stream_data
from nn.lbfgs import LBFGS
from nn.measuring import columns
from nn.optim import Optimizer
from nn.optimizer_settings import (
    LEARNING_RATE,
    OptimizerLike,
    made_optimizer,
    made_schedule,
    take_over,
)
from nn.settings import (
    all_callbacks,
    made_objective,
)
from nn.standardization import Standardizer
from nn.training import prepared_loop

if TYPE_CHECKING:
    from nn.network import NeuralNetwork


class TrainableNetwork(DiagnosableNetwork):
    """The base of :class:`nn.NeuralNetwork` that trains it."""

    _optimizer: Optimizer | LBFGS | None
    _compiled_epoch: Any

    def fit(
        self,
        X: ArrayLike | Iterable[Any] | Callable[[], Iterable[Any]],
        y: ArrayLike | None = None,
        batch_sz: int = 32,
        epochs: int = 100,
        learning_rate: float = LEARNING_RATE,
        shuffle: bool = True,
        *,
        optimizer: OptimizerLike = "sgd",
        schedule: str | Callable[[int], float] | None = None,
        weight_decay: float | None = None,
        l1: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        clip_norm: float | None = None,
        validation_data: Sequence[ArrayLike] | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool | EarlyStopping = False,
        sample_weight: ArrayLike | None = None,
        class_weight: str | Mapping[int, float] | None = None,
        metrics: Metrics = (),
        callbacks: Iterable[Callback] = (),
        resume: PathLike | None = None,
        compile: bool | str = False,
        verbose: bool = False,
    ) -> Self:
        """Train by mini-batch gradient descent; called again, it goes on from where it stood.

        Interrupted with Ctrl-C, the network keeps what it has learned, and the error says in which
        epoch that was; the history counts the epochs that were finished.

        Parameters
        ----------
        X : array_like, or iterable of batches
            Inputs of shape (n_samples, input_dim): arrays, data frames, or a ``numpy.memmap`` that
            may be larger than memory, of which each batch is read, and cast, when it is its turn.
            Without ``y``, batches (X, y) or (X, y, sample_weight), which are used as they come: a
            list or another iterable, or a function that returns one for each epoch.
        y : array_like
            Targets. Binary: 0 and 1, of shape (n,) or (n, 1). Multiclass: class indices of shape
            (n,), or one-hot rows of shape (n, classes). Several labels: rows of 0 and 1.
            Regression: values of shape (n, output_dim), or (n,) for one output.
        batch_sz : int
            Samples in a mini-batch; the last one of an epoch may be smaller.
        epochs : int
            Passes through the data.
        learning_rate : float
            Length of a step along the gradient. An optimizer that is made already has its own.
        shuffle : bool
            Whether each epoch goes through the data in a new random order.
        optimizer : str, Optimizer, LBFGS, or callable
            'sgd', 'adam', 'adamw', 'rmsprop', 'adagrad' or 'lbfgs'; an optimizer over
            ``network.parameters()``; or what makes one from parameters and ``learning_rate=``, such
            as ``functools.partial(nn.SGD, momentum=0.9)``. Called again with the same kind and
            settings, it goes on with what it remembers, such as the momentum. With 'lbfgs' (see
            :class:`nn.LBFGS`; it needs SciPy) all samples make one batch, an epoch is an iteration,
            and training ends when it has converged.
        schedule : str or callable, optional
            What the learning rate is multiplied by in each step of this call: a name such as
            'cosine' or 'one_cycle', an object of :mod:`nn.schedules`, or a function of the step.
        weight_decay : float, optional
            By how much of themselves, times the learning rate, parameters shrink in each step
            (Loshchilov & Hutter 2019); 0, and for 'adamw' 0.01, if it is not given.
        l1 : float
            Times the sum of the absolute values of all weights, added to what is made small (but
            not to the loss in the history).
        dropout : float or list of float
            Probability with which each output of a hidden layer is left out in training
            (Srivastava et al. 2014): one for all hidden layers, or one for each.
        clip_norm : float, optional
            Gradients whose norm is larger are scaled down to it.
        validation_data : (array_like, array_like), optional
            Inputs and targets (and weights) that are not trained on. Loss and metrics of them,
            after each epoch, are the columns of the history that begin with ``validation_``.
        validation_fraction : float, optional
            Hold out this part of the data for validation, of each class the same part. With the
            same seed and data every call holds out the same samples.
        early_stopping : bool or EarlyStopping
            End when the validation loss has not become smaller for 10 epochs, and go back to the
            parameters of the best epoch; or as the object says.
        sample_weight : array_like, optional
            How much each sample counts in the loss, of shape (n,). Only ratios matter; a sample of
            weight 0 is left out. Accuracy and metrics count all alike.
        class_weight : {'balanced'} or dict, optional
            How much each class counts, by its index; 'balanced' makes rare classes count as much as
            frequent ones. It multiplies the weights of samples, for validation too.
        metrics : list of (str or callable), or dict of str to callable
            What to measure in each epoch beside the loss (and the accuracy of a classification),
            on the outputs that training saw, and on the validation data. Names are those of
            :meth:`evaluate`; a function takes true and predicted classes, or values, as those of
            ``sklearn.metrics`` do.
        callbacks : list of Callback
            What is told of the progress, see :class:`nn.Callback`.
        resume : path-like, optional
            Go on from what :class:`nn.Checkpoint` wrote, with the other arguments as they were
            then; ``epochs`` counts those of before too. The result is that of training which was
            never interrupted, to the last bit.
        compile : bool or {'auto', 'numpy', 'llvm', 'numba'}
            Record a step of training and run all batches of an epoch at once: in machine code
            ('llvm', or 'numba') or replayed by NumPy. 'auto' does what pays, from the number of
            steps alone, and trains step by step where that cannot be recorded. True is for the
            quickest that is installed. Results are those of training step by step to within
            rounding.
        verbose : bool
            Show a progress bar, and what ``compile`` chose.

        Returns
        -------
        NeuralNetwork
            This network.

        Raises
        ------
        TypeError, ValueError
            If an argument cannot be right; the network is then as it was.
        ImportError
            If something that was asked for is not installed.
        CaptureError
            If ``compile`` is asked for, and something cannot be recorded.
        ModelFileError
            If ``resume`` is no checkpoint of this network and these settings.
        DivergenceError
            If the loss becomes infinite or NaN; the parameters are then those after the last epoch
            in which it was finite.
        """
        batch_sz = positive_integer(batch_sz, "batch_sz")
        epochs = positive_integer(epochs, "epochs")
        learning_rate = positive_number(learning_rate, "learning_rate")
        data = self._checked_data(
            X,
            y,
            epochs,
            sample_weight=sample_weight,
            class_weight=class_weight,
            validation_data=validation_data,
            validation_fraction=validation_fraction,
        )
        shuffles = true_or_false(shuffle, "shuffle")
        source = data.source(batch_sz, self._rng if shuffles else None)
        measured = self._measured(metrics, data.standardizer)
        settings = {"weight_decay": weight_decay, "clip_norm": clip_norm}
        made = made_optimizer(optimizer, self.model.parameters(), learning_rate, **settings)
        objective = made_objective(
            self.model,
            self._task.loss_function,
            weighted=data.is_weighted,
            l1=l1,
            dropout=dropout,
            rng=self._rng,
        )
        state = TrainingState(
            self.model,
            made,
            self.history,
            epochs,
            callbacks=all_callbacks(
                callbacks, early_stopping, data.validation is not None, verbose
            ),
            network=cast("NeuralNetwork", self),
            schedule=None
            if schedule is None
            else made_schedule(schedule, source.batches_per_epoch, epochs),
            columns=columns(measured, data.validation),
            settings={
                "batch_sz": batch_sz,
                "batches_per_epoch": source.batches_per_epoch,
                "shuffle": shuffles,
                "l1": float(l1),
                "dropout": np.asarray(dropout, np.float64).tolist(),
                "compile": compile,
            },
            rng=self._rng,
        )
        loop = prepared_loop(
            state,
            source,
            objective,
            compile=compile,
            resume=resume,
            batch_size="batch_sz",
            verbose=verbose,
            earlier=self._compiled_epoch,
        )
        with begun(state):
            if resume is None:
                take_over(made, self._optimizer)
            else:
                resume_from(resume, state)
            self._optimizer, self._standardizer = made, data.standardizer
            self._compiled_epoch = loop.compiled or self._compiled_epoch
            loop.run(measured, data.validation)
        return self

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        batch_sz: int = 32,
        learning_rate: float = LEARNING_RATE,
        shuffle: bool = True,
        **settings: Any,
    ) -> Self:
        """Train for one epoch on a part of the data, as :meth:`fit` with ``epochs=1`` does.

        Parameters
        ----------
        X, y, batch_sz, learning_rate, shuffle
            As for :meth:`fit`.
        **settings
            Keyword arguments of :meth:`fit`.

        Returns
        -------
        NeuralNetwork
            This network.

        Examples
        --------
        >>> from nn import NeuralNetwork
        >>> network = NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss", seed=0)
        >>> rng = np.random.default_rng(0)
        >>> for _ in range(5):  # what arrives little by little
        ...     X = rng.normal(size=(100, 2))
        ...     _ = network.partial_fit(X, X[:, 0] > 0, learning_rate=0.5)
        >>> network.epochs_trained
        5
        """
        return self.fit(X, y, batch_sz, 1, learning_rate, shuffle, **settings)

    def fit_transform(self, X: ArrayLike, y: ArrayLike, *args: Any, **kwargs: Any) -> np.ndarray:
        """Train as :meth:`fit` does, with the same arguments, and return ``transform(X)``."""
        return self.fit(X, y, *args, **kwargs).transform(X)

    # ------------------------------------------------------------------------------------ helpers

    def _checked_data(self, X: Any, y: Any, epochs: int, **selection: Any) -> FitData:
        if y is None and not hasattr(X, "dtype"):
            return stream_data(self._door, X, epochs, **selection)
        return fit_data(self._door, X, y, seed=self.seed or 0, **selection)

    def _measured(self, metrics: Any, standardizer: Standardizer | None) -> dict[str, Metric]:
        """The accuracy of a classification, and what else is asked for, by name."""
        task = self._task
        own: dict[str, Metric] = {} if task.classes_of is None else {"accuracy": task.accuracy}
        if metrics == ():
            return own
        asked = checked_metrics(metrics, task)
        if standardizer is not None and task.classes_of is None:
            asked = in_units_of(asked, standardizer.values)
        return own | asked
