"""A picture of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.callbacks import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VALIDATION = "validation_"


def plot_history(history: History) -> list[Axes]:
    """Draw the loss of every epoch, and below it the other columns, one panel for each.

    What was measured on validation data is drawn into the panel of the same number on the training
    data.

    Parameters
    ----------
    history : dict of str to list of float
        As :func:`nn.train` returns it, and ``NeuralNetwork.history_`` holds it.

    Returns
    -------
    list of matplotlib.axes.Axes
        The panels, from the top. The picture is ``axes[0].figure``; ``plt.show()`` shows it, and a
        notebook does so by itself.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If no epoch was finished.

    Examples
    --------
    >>> axes = plot_history({"loss": [2.0, 1.0], "validation_loss": [2.0, 1.5]})
    >>> len(axes), [line.get_label() for line in axes[0].lines]
    (1, ['training', 'validation'])
    >>> import matplotlib.pyplot as plt
    >>> plt.close(axes[0].figure)
    """
    if not history.get("loss"):
        raise ValueError("there is nothing to plot: no epoch was finished; call fit first")
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plot_history needs matplotlib; install it with: pip install matplotlib"
        ) from error
    panels: dict[str, list[str]] = {}
    for column in history:
        panels.setdefault(column.removeprefix(VALIDATION), []).append(column)
    figure = plt.figure(figsize=(6.4, 1.2 + 2.2 * len(panels)), layout="constrained")
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, columns) in zip(all_axes, panels.items(), strict=True):
        _draw(axes, name, {column: history[column] for column in columns})
    all_axes[-1].set_xlabel("epoch")
    return list(all_axes)


def _draw(axes: Any, name: str, columns: History) -> None:
    for column, values in columns.items():
        label = "validation" if column.startswith(VALIDATION) else "training"
        epochs = range(1, len(values) + 1)
        axes.plot(epochs, values, label=label, marker="." if len(values) < 20 else None)
    axes.set_ylabel(name.replace("_", " "))
    axes.grid(alpha=0.3)
    if len(columns) > 1:
        axes.legend()
