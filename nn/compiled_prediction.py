"""Prediction of many rows in machine code, by all cores."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrad as tg
from nn.functional import copy_with
from nn.inference import PlainLayers
from nn.layers import Sequential

ROWS = 4096
"""Rows of one step: few enough for the activations of a layer to stay in a cache."""


class CompiledLayers:
    """The layers of a model as a compiled step over blocks of rows.

    Rows that do not fill a block are computed without.

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
    >>> bool(np.allclose(CompiledLayers(model, PlainLayers(model), "numpy")(x), model(x).data))
    True
    """

    def __init__(self, model: Sequential, layers: PlainLayers, backend: str) -> None:
        self.layers, self.backend = layers, backend
        self._model = model

        def step(state: dict[str, Any], rows: Any) -> tuple[dict[str, Any], Any]:
            return state, copy_with(model, state, {}).eval()(rows)

        self._step = tg.compile(step, backend=backend)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """The outputs for all rows, an array of shape (n, outputs).

        Raises
        ------
        CaptureError
            If a layer cannot be recorded, or the backend has no code for it.
        """
        tensors = [*self._model.named_parameters(), *self._model.named_buffers()]
        state = {name: tensor.data for name, tensor in tensors}
        blocks = len(rows) // ROWS
        whole = rows[: blocks * ROWS].reshape(blocks, ROWS, rows.shape[1])
        rest = self.layers(rows[blocks * ROWS :])
        if not blocks:
            return rest
        _, stacked = tg.scan(self._step, state, whole)
        return np.concatenate([stacked.reshape(blocks * ROWS, -1), rest])
