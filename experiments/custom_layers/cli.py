"""The command ``python -m experiments custom-layers``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from experiments.custom_layers import attention, convolution, layer_norm
from experiments.examples import Example, run_examples

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Train the three layers, print how well they do, and draw what they learned.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0 if all is done, 1 if a package is missing, 130 after Ctrl-C.
    """
    return run_examples(
        {
            "layer_norm": _example(layer_norm, "Layer normalization", _layer_norm),
            "attention": _example(attention, "Attention", _test_accuracy),
            "convolution": _example(convolution, "Convolution", _test_accuracy),
        },
        argv,
        prog="python -m experiments custom-layers",
        description="Train layer normalization, attention and a convolution, each a composition of "
        "NumPy calls, on something small. Pictures of what they learned go into the directory "
        "results.",
        quick="train for an epoch only, to see that everything works; the figures are bad",
        unit="epoch",
        needs=["sklearn", "matplotlib"],
    )


def _example(module: ModuleType, title: str, report: Callable[[Any], str]) -> Example:
    name = module.__name__.rpartition(".")[2]

    def draw(result: Any, path: Path) -> None:
        from experiments.custom_layers import pictures

        getattr(pictures, f"save_{name}")(result, path)

    return Example(
        title,
        f"custom_layers_{name}.png",
        number_of_rounds=lambda quick: module.number_of_epochs(quick=quick),
        train=lambda seed, quick, after: module.run(seed, quick=quick, after_epoch=after),
        draw=draw,
        report=lambda result: f"{title}: {report(result)}",
    )


def _layer_norm(result: layer_norm.Result) -> str:
    """Mean test accuracies, in a small table."""
    scales = "".join(f"{scale:>8g}" for scale in result.scales)
    rows = [f"  {'scale of starting weights':<26}{scales}"]
    for normalized, name in ((False, "without"), (True, "with")):
        means = result.accuracies[normalized].mean(axis=1)
        rows.append(f"  {name:<26}" + "".join(f"{mean:>8.1%}" for mean in means))
    seeds = result.accuracies[True].shape[1]
    return "\n".join([f"mean test accuracy of {seeds} deep networks", *rows])


def _test_accuracy(result: attention.Result | convolution.Result) -> str:
    return f"test accuracy {result.test_curve[-1]:.1%}"
