"""``predict`` and its kin: the part of ``NeuralNetwork`` that computes outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

import tensorgrad as tg
from nn.data import as_inputs, as_sample_or_inputs
from nn.inference import PlainLayers, finite
from nn.layers import Sequential
from nn.mapped import parts
from nn.standardization import Standardizer
from nn.tasks import Task

if TYPE_CHECKING:
    from nn.compiled_prediction import CompiledLayers

ROWS_AT_ONCE = 2048
"""Rows that are transformed together, so that the activations of many samples stay in cache."""


class PredictingNetwork:
    """The base of :class:`nn.NeuralNetwork` that predicts; it sets these attributes."""

    input_dim: int
    dtype: np.dtype[Any]
    model: Sequential
    _standardizer: Standardizer | None
    _plain_layers: PlainLayers | None
    _compiled_layers: CompiledLayers | None

    if TYPE_CHECKING:  # what the subclass defines

        @property
        def output_dim(self) -> int:
            """Number of outputs."""
            ...

        @property
        def _task(self) -> Task: ...

    def transform(self, X: ArrayLike, *, compile: bool | str = False) -> np.ndarray:
        """Probabilities (classification) or values (regression).

        Parameters
        ----------
        X : array_like
            Inputs of shape (n_samples, input_dim).
        compile : bool or {'numpy', 'llvm', 'numba'}
            As for :meth:`predict`.

        Returns
        -------
        ndarray
            Of shape (n_samples, output_dim). Binary classification gives the probability of a 1.

        Raises
        ------
        TypeError, ValueError
            If ``X`` is not finite numbers of that shape, or too large to compute with.
        """
        logits = self._logits(self._inputs(X), compile)
        return self._task.output(self._in_units_of_y(logits))

    def predict_proba(self, X: ArrayLike, *, compile: bool | str = False) -> np.ndarray:
        """The probability of every class, for classification.

        Parameters
        ----------
        X : array_like
            Inputs of shape (n_samples, input_dim).
        compile : bool or {'numpy', 'llvm', 'numba'}
            As for :meth:`predict`.

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
        logits = self._logits(self._inputs(X), compile)
        if not self._task.has_one_class:
            return self._task.output(logits)
        if self.output_dim == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        return tg.softmax(logits)

    def predict(
        self,
        x: ArrayLike,
        class_names: Iterable[Any] | None = None,
        *,
        compile: bool | str = False,
    ) -> Any:
        """Predict the class, or the value, of one sample or of several.

        Parameters
        ----------
        x : array_like
            One sample of shape (d,), (d, 1) or (1, d), where d is ``input_dim``, or several of
            shape (n, d).
        class_names : list, optional
            What to call the classes, in the order of their indices.
        compile : bool or {'numpy', 'llvm', 'numba'}
            Predict many samples with a compiled step, as :meth:`fit` trains with one: quicker for
            tens of thousands of rows. The results are the same to within rounding. Fewer than 4096
            samples are predicted as without.

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
        predictions = self._decisions(array, compile)
        return predictions if names is None else _array_of(names)[predictions]

    def _inputs(self, X: ArrayLike) -> Any:
        """Inputs as the layers take them: an array, or the rows of a file."""
        if self._standardizer is None:
            return as_inputs(X, self.input_dim, self.dtype)
        raw = as_inputs(X, self.input_dim, np.dtype(np.float64))
        return self._standardizer.inputs(raw, self.dtype)

    def _in_units_of_y(self, outputs: np.ndarray) -> np.ndarray:
        return outputs if self._standardizer is None else self._standardizer.values(outputs)

    def _decisions(self, inputs: Any, compile: bool | str) -> np.ndarray:
        """The classes, or values, of several samples."""
        task, compiled = self._task, self._compiled(compile)
        if compiled is not None and task.classes_of is not None:
            return compiled(inputs, task.decide)
        return task.decide(self._in_units_of_y(self._logits(inputs, compile)))

    def _logits(self, inputs: Any, compile: bool | str = False) -> np.ndarray:
        compiled = self._compiled(compile)
        if compiled is not None:
            return compiled(inputs)
        layers = self._layers()
        with np.errstate(all="ignore"):  # what overflows and matters is seen in the logits
            if type(inputs) is np.ndarray and len(inputs) <= ROWS_AT_ONCE:
                return finite(layers(inputs))
            logits = np.empty((len(inputs), self.output_dim), self.dtype)
            for rows in parts(inputs, ROWS_AT_ONCE):
                logits[rows] = layers(inputs[rows])
        return finite(logits)

    def _compiled(self, compile: bool | str) -> CompiledLayers | None:
        """The model as a compiled step, made again if the layers are others; None for False."""
        if compile is False:
            return None
        from nn.compiled_prediction import CompiledLayers
        from nn.compiled_training import backend_asked_for

        backend, layers, known = backend_asked_for(compile), self._layers(), self._compiled_layers
        if backend is None:
            return None
        if known is None or known.layers is not layers or known.backend != backend:
            known = self._compiled_layers = CompiledLayers(self.model, layers, backend)
        return known

    def _layers(self) -> PlainLayers:
        """The model on plain arrays, made again if it was given another layer or array."""
        layers = self._plain_layers
        if layers is None or not layers.are_those_of(self.model):
            layers = self._plain_layers = PlainLayers(self.model)
        return layers

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


def _array_of(names: list[Any]) -> np.ndarray:
    if all(isinstance(name, str) for name in names):
        return np.array(names)
    array = np.empty(len(names), object)
    for i, name in enumerate(names):  # at once, NumPy would take tuples for rows
        array[i] = name
    return array
