"""The progress bar of training."""

from __future__ import annotations

import sys
from typing import Any

from nn.callbacks import Callback, TrainingState

SECONDS_BETWEEN_LINES = 10.0
"""How often a log file gets a line; a terminal is drawn ten times a second."""


class ProgressBar(Callback):
    """Epochs, rate, time left, and the latest numbers, on standard error.

    In a notebook it is one of the notebook's widgets; where the output is no terminal, such as a
    log file, it writes lines, and few of them. ``fit(verbose=True)`` makes one.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import SGD, Linear, l2_loss, train
    >>> X, model = np.ones((10, 1)), Linear(1, 1, dtype=np.float64)
    >>> optimizer = SGD(model.parameters(), learning_rate=0.1)
    >>> history = train(model, l2_loss, optimizer, X, X, epochs=10, callbacks=[ProgressBar()])
    """

    def __init__(self) -> None:
        self._bar: Any = None

    def on_fit_begin(self, state: TrainingState) -> None:
        from tqdm.auto import tqdm

        options = bar_options(sys.stderr)
        self._bar = tqdm(total=state.epochs, initial=state.epoch, unit="epoch", **options)

    def on_epoch_end(self, state: TrainingState) -> None:
        latest = {name: f"{value:.4g}" for name, value in state.metrics.items()}
        self._bar.set_postfix(latest, refresh=False)
        self._bar.update()

    def on_fit_end(self, state: TrainingState) -> None:
        if state.stop_reason is not None:
            self._bar.set_description_str(f"stopped: {state.stop_reason}", refresh=False)
        self._bar.close()
        self._bar = None


def bar_options(stream: Any) -> dict[str, Any]:
    """What tqdm is to be told for a stream: nothing, or how to write few lines to a log file.

    Examples
    --------
    >>> import io
    >>> bar_options(io.StringIO())["mininterval"]
    10.0
    """
    if _is_redrawn(stream):
        return {}
    return {"file": _Lines(stream), "mininterval": SECONDS_BETWEEN_LINES}


def _is_redrawn(stream: Any) -> bool:
    """Whether a carriage return goes back to the begin of the line, as terminals do it."""
    in_notebook = type(stream).__module__.startswith("ipykernel")
    return in_notebook or (hasattr(stream, "isatty") and stream.isatty())


class _Lines:
    """A stream on which each state of a progress bar is a line of its own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if line:
            self._stream.write(line + "\n")

    def flush(self) -> None:
        self._stream.flush()
