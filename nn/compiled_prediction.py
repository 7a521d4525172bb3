"""Prediction of many rows in machine code, by all cores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tensorgrad as tg
from nn.functional import copy_with
from nn.inference import PlainLayers, finite
from nn.layers import Sequential
from nn.mapped import parts

FEWEST = 4096
"""Rows from which on a compiled step takes less time."""

ROWS = 512
"""Rows of one step: few enough for the activations of all layers to stay in the cache of a core."""

Result = Callable[[Any], Any]
"""What becomes of the outputs of a block of rows: an array with as many rows."""


def _outputs(outputs: Any) -> Any:
    return outputs


class CompiledLayers:
    """The layers of a model, and what becomes of their outputs, as a compiled step over blocks.

    Fewer than :data:`FEWEST` rows are computed without.

    Parameters
    ----------
    model : Sequential
        Its parameters and buffers are looked up in each call, so that what is computed follows its
        training.
    layers : PlainLayers
        Those of the model when this was made.
    backend : {"numpy", "llvm", "numba"}
        As for :func:`tensorgrad.compile`.

    Raises
    ------
    ImportError
        If what the backend needs is not installed.

    Examples
    --------
    >>> from nn import Linear, Tanh
    >>> model = Sequential(Linear(2, 3, rng=0), Tanh())
    >>> x = np.ones((5000, 2), np.float32)
    >>> outputs = CompiledLayers(model, PlainLayers(model), "numpy")(x)
    >>> bool(np.allclose(outputs, model(x).data))
    True
    """

    def __init__(self, model: Sequential, layers: PlainLayers, backend: str) -> None:
        self.layers, self.backend = layers, backend
        self._model = model
        self._steps: dict[Result, Any] = {}

    def __call__(self, inputs: Any, result: Result = _outputs) -> np.ndarray:
        """The outputs for all rows, or what becomes of them.

        Parameters
        ----------
        inputs : ndarray or MappedRows
            Of shape (n, features).
        result : callable
            What to make of the outputs of a block; always the same function, since it is compiled.

        Returns
        -------
        ndarray
            Of shape (n, outputs), or as many rows of the results.

        Raises
        ------
        CaptureError
            If a layer cannot be recorded, or the backend has no code for it.
        ValueError
            If an output is not finite.
        """
        with np.errstate(all="ignore"):  # what overflows and matters is seen in the outputs
            if isinstance(inputs, np.ndarray):
                return self._of_array(inputs, result)
            return np.concatenate([self._of_array(inputs[i], result) for i in parts(inputs)])

    def _of_array(self, rows: np.ndarray, result: Result) -> np.ndarray:
        if len(rows) < FEWEST:
            return result(finite(self.layers(rows)))
        blocks, rest = divmod(len(rows), ROWS)
        whole = rows[: blocks * ROWS].reshape(blocks, ROWS, rows.shape[1])
        results, zeros = self._of_blocks(whole, result)
        results = results.reshape(blocks * ROWS, *results.shape[2:])
        if rest:
            # NumPy's products would leave the threads of a BLAS spinning, and the next call would
            # have to share its cores with them.
            (last,), more_zeros = self._of_blocks(rows[np.newaxis, -ROWS:], result)
            results, zeros = np.concatenate([results, last[-rest:]]), [*zeros, *more_zeros]
        if np.any(zeros):
            return result(finite(self.layers(rows)))  # which says what is wrong
        return results

    def _of_blocks(self, blocks: np.ndarray, result: Result) -> tuple[np.ndarray, np.ndarray]:
        """The results, and for each block zero, or NaN if not all outputs are finite."""
        tensors = [*self._model.named_parameters(), *self._model.named_buffers()]
        state = {name: tensor.data for name, tensor in tensors}
        if result not in self._steps:
            self._steps[result] = tg.compile(self._step(result), backend=self.backend)
        return tg.scan(self._steps[result], state, blocks)[1]

    def _step(self, result: Result) -> Callable[..., Any]:
        def step(state: dict[str, Any], rows: Any) -> tuple[dict[str, Any], tuple[Any, Any]]:
            outputs = copy_with(self._model, state, {}).eval()(rows)
            return state, (result(outputs), np.sum(outputs * 0))

        return step
