"""``NeuralNetwork``: a feedforward network, described by a list of layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tensorgrad as tg
from nn.activations import ACTIVATIONS
from nn.callbacks import History
from nn.checks import positive_integer, true_or_false
from nn.data import as_inputs, as_sample_or_inputs
from nn.fitting import TrainableNetwork
from nn.flat import FlatBuffer
from nn.inference import PlainLayers, finite
from nn.initializers import initializer_for
from nn.layers import Linear, Sequential
from nn.mapped import parts
from nn.module import Module, Parameter
from nn.saving import PathLike, load_network, save_network
from nn.specification import check_output, checked_dtype, checked_layers, checked_loss, checked_seed
from nn.tasks import TASKS, Task

ROWS_AT_ONCE = 2048
"""Rows that are transformed together, so that the activations of many samples stay in cache."""


class NeuralNetwork(TrainableNetwork):
    """A fully connected network for classification or regression.

    Parameters
    ----------
    input_dim : int
        Number of input features.
    layer_spec : sequence of (int, str)
        For each layer ``[output_dimension, activation]``. Hidden layers take 'ReLU', 'LeakyReLU',
        'ELU', 'SiLU', 'GeLU', 'softplus', 'tanh', 'sigmoid' or 'identity', in any letter case.
    loss_func : str
        It goes with the activation of the last layer: 'binary_log_loss' with 'sigmoid' (and one
        output), 'multiclass_log_loss' with 'softmax', 'l2' with 'identity'. With one 'sigmoid' for
        each label, 'multilabel_log_loss' is for samples that may have several labels, or none.
    seed : int, optional
        With the same seed, weights, shuffling and results are the same to the last bit.
    dtype : dtype
        float32 or float64; what the network computes in.
    standardize : bool
        Give the layers inputs, and targets of a regression, of mean 0 and variance 1. The first
        call of :meth:`fit` measures means and standard deviations on what it trains on; they belong
        to the network from then on. Predictions are in the units of ``y``, and so are metrics; the
        loss in the history is that of the standardized targets.

    Attributes
    ----------
    model : Sequential
        The layers as modules, without the output activation: it gives logits.
    history, history_ : dict of str to list of float
        ``"loss"``, for classification ``"accuracy"``, and what else was asked for, of every epoch.

    Raises
    ------
    TypeError, ValueError
        If the description is not that of a network.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(1000, 2))
    >>> y = (X[:, 0] + X[:, 1] > 0).astype(int)
    >>> network = NeuralNetwork(2, [[8, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)
    >>> network.fit(X, y, epochs=20, learning_rate=0.1).predict([0.2, -0.1])
    1
    >>> network.predict([[0.2, -0.1], [-1.0, 0.5]], class_names=["below", "above"])
    array(['above', 'below'], dtype='<U5')
    """

    def __init__(
        self,
        input_dim: int,
        layer_spec: Sequence[Sequence[Any]],
        loss_func: str,
        *,
        seed: int | None = None,
        dtype: DTypeLike = np.float32,
        standardize: bool = False,
    ) -> None:
        self.input_dim = positive_integer(input_dim, "input_dim")
        self.layer_spec = checked_layers(layer_spec)
        self.loss_func = checked_loss(loss_func)
        check_output(self.layer_spec, self._task)
        self.dtype = checked_dtype(dtype)
        self.seed = checked_seed(seed)
        self.standardize = true_or_false(standardize, "standardize")
        self.reset()

    def reset(self) -> Self:
        """Start over: new weights (with a seed, those of the beginning), and no history."""
        self._rng = np.random.default_rng(self.seed)
        self.model = self._new_model(self._rng)
        FlatBuffer(self.model.parameters())
        self.history: History = {"loss": []}
        if self._task.classes_of is not None:
            self.history["accuracy"] = []
        self._optimizer = None
        self._compiled_epoch = None
        self._standardizer = None
        self._plain_layers: PlainLayers | None = None
        return self

    # --------------------------------------------------------------------------------- prediction

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Probabilities (classification) or values (regression).

        Parameters
        ----------
        X : array_like
            Inputs of shape (n_samples, input_dim).

        Returns
        -------
        ndarray
            Of shape (n_samples, output_dim). Binary classification gives the probability of a 1.

        Raises
        ------
        TypeError, ValueError
            If ``X`` is not finite numbers of that shape, or too large to compute with.
        """
        return self._task.output(self._in_units_of_y(self._logits(self._inputs(X))))

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """The probability of every class, for classification.

        Parameters
        ----------
        X : array_like
            Inputs of shape (n_samples, input_dim).

        Returns
        -------
        ndarray
            Of shape (n_samples, classes); of two classes for binary classification, of which
            :meth:`transform` gives the second; of each label by itself if there may be several.

        Raises
        ------
        TypeError, ValueError
            As :meth:`transform`, and if the network is one for regression.
        """
        if self._task.classes_of is None:
            raise ValueError("a regression has no probabilities; see transform()")
        logits = self._logits(self._inputs(X))
        if not self._task.has_one_class:
            return self._task.output(logits)
        if self.output_dim == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        return tg.softmax(logits)

    def predict(self, x: ArrayLike, class_names: Iterable[Any] | None = None) -> Any:
        """Predict the class, or the value, of one sample or of several.

        Parameters
        ----------
        x : array_like
            One sample of shape (d,), (d, 1) or (1, d), where d is ``input_dim``, or several of
            shape (n, d).
        class_names : list, optional
            What to call the classes, in the order of their indices.

        Returns
        -------
        int, float, name or ndarray
            For one sample 0 or 1, a class index, or a value (with several outputs or labels, an
            array of them); for several an array of n. With ``class_names``, names in place of
            indices.

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not finite numbers of such a shape, or too large to compute with, or names
            do not fit the task.
        """
        names = None if class_names is None else self._checked_names(class_names)
        standardizer = self._standardizer
        if standardizer is None:
            array, single = as_sample_or_inputs(x, self.input_dim, self.dtype)
        else:
            array, single = as_sample_or_inputs(x, self.input_dim, np.dtype(np.float64))
            array = standardizer.inputs(array, self.dtype)
        if single:
            outputs = finite(self._layers()(array))
            prediction = self._task.decide_one(
                outputs if standardizer is None else standardizer.values(outputs)
            )
            return prediction if names is None else names[prediction]
        predictions = self._task.decide(self._in_units_of_y(self._logits(array)))
        return predictions if names is None else _array_of(names)[predictions]

    def _inputs(self, X: ArrayLike) -> Any:
        """Inputs as the layers take them: an array, or the rows of a file."""
        if self._standardizer is None:
            return as_inputs(X, self.input_dim, self.dtype)
        raw = as_inputs(X, self.input_dim, np.dtype(np.float64))
        return self._standardizer.inputs(raw, self.dtype)

    def _in_units_of_y(self, outputs: np.ndarray) -> np.ndarray:
        return outputs if self._standardizer is None else self._standardizer.values(outputs)

    def _logits(self, inputs: Any) -> np.ndarray:
        layers = self._layers()
        with np.errstate(all="ignore"):  # what overflows and matters is seen in the logits
            if len(inputs) <= ROWS_AT_ONCE and type(inputs) is np.ndarray:
                return finite(layers(inputs))
            logits = np.empty((len(inputs), self.output_dim), self.dtype)
            for rows in parts(inputs, ROWS_AT_ONCE):
                logits[rows] = layers(inputs[rows])
        return finite(logits)

    def _layers(self) -> PlainLayers:
        """The model on plain arrays, made again if it was given another layer or array."""
        layers = self._plain_layers
        if layers is None or not layers.are_those_of(self.model):
            layers = self._plain_layers = PlainLayers(self.model)
        return layers

    # -------------------------------------------------------------------------------------- files

    def save(self, path: PathLike, *, dtype: DTypeLike | None = None) -> None:
        """Write the network to a safetensors file, which many other tools open.

        It holds the parameters, the description of the network, the history, and where the random
        numbers stand. It does not hold what an optimizer remembers, such as the moments of Adam,
        which start anew in a loaded network; :class:`nn.Checkpoint` writes these too. A file at
        ``path`` is replaced in one step: after a crash it is the old one or the new one.

        Parameters
        ----------
        path : path-like
            By custom it ends in ``.safetensors``.
        dtype : dtype, optional
            Store the parameters as float16, float32 or float64, whatever the network computes in;
            float16 makes the file small, at three significant digits.

        Raises
        ------
        ValueError
            If a parameter is not finite, or not in ``dtype``, or the layers of ``model`` are no
            longer those of ``layer_spec``.
        OSError
            If the file cannot be written. What was there before is then as it was.

        Examples
        --------
        >>> import tempfile
        >>> network = NeuralNetwork(2, [[8, "tanh"], [1, "sigmoid"]], "binary_log_loss")
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     network.save(f"{directory}/network.safetensors")
        ...     loaded = NeuralNetwork.load(f"{directory}/network.safetensors")
        >>> loaded
        NeuralNetwork(2, [[8, 'tanh'], [1, 'sigmoid']], 'binary_log_loss')
        >>> loaded.predict([0.2, -0.1]) == network.predict([0.2, -0.1])
        True
        """
        save_network(self, path, dtype)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read a network from a file that :meth:`save` wrote.

        No code of the file is run, whoever wrote it.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        NeuralNetwork
            It predicts as the saved one; when it goes on training, its optimizer starts anew.

        Raises
        ------
        ModelFileError
            If the file is damaged (there is a checksum over all of it), of another tool, or of a
            version that is not known here.
        OSError
            If there is no file, or it cannot be read.
        """
        return load_network(cls, path)

    # -------------------------------------------------------------------------------- diagnostics

    @property
    def output_dim(self) -> int:
        """Number of outputs: one column of ``transform`` for each."""
        return self.layer_spec[-1][0]

    def parameters(self) -> list[Parameter]:
        """Weight, bias, weight, bias, ... from the first layer to the last."""
        return self.model.parameters()

    def __str__(self) -> str:
        title = "Neural Network Details"
        loss = f"{self.history['loss'][-1]:.6g}" if self.epochs_trained else None
        size = sum(parameter.size for parameter in self.parameters())
        return "\n".join(
            [
                title,
                "=" * len(title),
                *self._layer_lines(),
                f"Total Network Parameters: {size}",
                f"Loss Function: {self.loss_func}",
                f"Trained = {self.epochs_trained > 0}",
                f"Training Loss = {loss}",
                f"Epochs Trained: {self.epochs_trained}",
            ]
        )

    def _layer_lines(self) -> list[str]:
        inputs = [self.input_dim, *(width for width, _ in self.layer_spec)]
        digits = max(2, len(str(max(inputs))))
        last = len(self.layer_spec) - 1
        lines = []
        for i, (outputs, activation) in enumerate(self.layer_spec):
            name = "Input" if i == 0 else "Output" if i == last else "Hidden"
            shape = f"({inputs[i]:>{digits}} -> {outputs})"
            lines.append(f"{name} Layer: {shape} {activation}")
        return lines

    def __repr__(self) -> str:
        layers = [list(layer) for layer in self.layer_spec]
        options = ", standardize=True" if self.standardize else ""
        return f"NeuralNetwork({self.input_dim}, {layers}, {self.loss_func!r}{options})"

    # ------------------------------------------------------------------------------------ helpers

    @property
    def _task(self) -> Task:
        return TASKS[self.loss_func]

    def _new_model(self, rng: np.random.Generator) -> Sequential:
        """The layers up to the logits, with weights drawn from the generator."""
        modules: list[Module] = []
        inputs = self.input_dim
        for outputs, activation in self.layer_spec:
            initializer = initializer_for(activation)
            modules += [
                Linear(inputs, outputs, initializer=initializer, rng=rng, dtype=self.dtype),
                ACTIVATIONS[activation](),
            ]
            inputs = outputs
        return Sequential(*modules[:-1])

    def _checked_names(self, class_names: Iterable[Any]) -> list[Any]:
        if self._task.classes_of is None:
            raise ValueError("class_names has no meaning for regression, which predicts values")
        if not self._task.has_one_class:
            raise ValueError("class_names has no meaning for samples that may have several labels")
        if not isinstance(class_names, Iterable) or isinstance(
            class_names, str | bytes | Set | Mapping
        ):
            raise TypeError(f"class_names is {class_names!r}, expected a list of names")
        names = list(class_names)
        count = max(2, self.output_dim)
        if len(names) != count:
            raise ValueError(f"class_names has {len(names)} names, but there are {count} classes")
        return names

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_plain_layers": None, "_compiled_epoch": None}


def _array_of(names: list[Any]) -> np.ndarray:
    if all(isinstance(name, str) for name in names):
        return np.array(names)
    array = np.empty(len(names), object)
    for i, name in enumerate(names):  # at once, NumPy would take tuples for rows
        array[i] = name
    return array
