"""The command ``python -m experiments custom-layers``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from experiments.command_line import add_training_options, results_directory, run
from experiments.custom_layers import attention, convolution, layer_norm

__all__ = ["main"]


class Example(NamedTuple):
    """A layer, and how it is shown.

    Attributes
    ----------
    title : str
    run : callable
        ``run(seed, quick=..., after_epoch=...)`` trains and gives a result.
    number_of_epochs : callable
        ``number_of_epochs(quick=...)``
    report : callable
        From the result to a few words.
    """

    title: str
    run: Callable[..., Any]
    number_of_epochs: Callable[..., int]
    report: Callable[[Any], str]


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
    parser = argparse.ArgumentParser(
        prog="python -m experiments custom-layers",
        description="Train layer normalization, attention and a convolution, each a composition of "
        "NumPy calls, on something small. Pictures of what they learned go into the directory "
        "results.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=EXAMPLES, metavar="NAME", help=f"some of {', '.join(EXAMPLES)}"
    )
    add_training_options(
        parser, quick="train for an epoch only, to see that everything works; the figures are bad"
    )
    options = parser.parse_args(argv)
    directory = results_directory(parser, options)
    return run(lambda: _run(options, directory), needs=["sklearn", "matplotlib"])


def _run(options: argparse.Namespace, directory: Path) -> None:
    chosen = {name: EXAMPLES[name] for name in EXAMPLES if not options.only or name in options.only}
    reports = []
    epochs = sum(example.number_of_epochs(quick=options.quick) for example in chosen.values())
    with tqdm(total=epochs, unit="epoch") as bar:
        for name, example in chosen.items():
            bar.set_description(example.title)
            result = example.run(options.seed, quick=options.quick, after_epoch=bar.update)
            picture = directory / f"custom_layers_{name}.png"
            _draw(name, result, picture)
            reports.append(f"{example.title}: {example.report(result)}\n  {picture}")
    print("\n".join(reports))


def _draw(name: str, result: Any, path: Path) -> None:
    from experiments.custom_layers import pictures

    draw: dict[str, Callable[[Any, Path], None]] = {
        "layer_norm": pictures.save_layer_norm,
        "attention": pictures.save_attention,
        "convolution": pictures.save_convolution,
    }
    draw[name](result, path)


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


EXAMPLES = {
    "layer_norm": Example(
        "Layer normalization", layer_norm.run, layer_norm.number_of_epochs, _layer_norm
    ),
    "attention": Example("Attention", attention.run, attention.number_of_epochs, _test_accuracy),
    "convolution": Example(
        "Convolution", convolution.run, convolution.number_of_epochs, _test_accuracy
    ),
}
