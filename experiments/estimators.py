"""The estimators of ``nn`` beside scikit-learn's own networks, on ten of its data sets."""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.command_line import run
from experiments.progress import progress_bar

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["DATASETS", "Comparison", "compare", "main", "markdown_table", "replace_table"]

START, END = "<!-- estimators table -->", "<!-- /estimators table -->"
EPOCHS = 200
SEEDS = 10


class Dataset(NamedTuple):
    """Data of scikit-learn, and whose score is taken on them."""

    name: str
    load: Callable[[], tuple[np.ndarray, np.ndarray]]
    is_regression: bool = False


class Comparison(NamedTuple):
    """What came out for one data set; scores of scikit-learn's network, then of ours."""

    name: str
    shape: tuple[int, int]
    """Samples and features."""
    score: str
    """What was measured, on the quarter of the data that was held out."""
    theirs: float
    ours: float
    difference: float
    """Ours minus theirs."""
    error: float
    """Standard error of the difference, over splits and seeds."""
    time: float
    """Seconds of our ``fit``, divided by theirs."""


# ------------------------------------------------------------------------------------ comparing


def compare(dataset: Dataset, *, seeds: int = SEEDS, epochs: int = EPOCHS) -> Comparison:
    """Train both estimators on the same splits, with the same settings and number of epochs.

    Parameters
    ----------
    dataset : Dataset
    seeds : int
        How often; with other splits, starting weights and orders each time.
    epochs : int
        Passes through the data.

    Returns
    -------
    Comparison
    """
    X, y = dataset.load()
    scores = np.empty((2, seeds))
    seconds = np.empty((2, seeds))
    for seed in range(seeds):
        for which in (0, 1) if seed % 2 else (1, 0):  # whoever is first finds cold caches
            model = _model(dataset, ours=which == 1, seed=seed, epochs=epochs)
            scores[which, seed], seconds[which, seed] = _tried(model, X, y, dataset, seed)
    differences = scores[1] - scores[0]
    error = float(differences.std(ddof=1) / np.sqrt(seeds)) if seeds > 1 else float("nan")
    theirs, ours = map(float, scores.mean(axis=1))
    return Comparison(
        dataset.name,
        (X.shape[0], X.shape[1]),
        "R²" if dataset.is_regression else "accuracy",
        theirs,
        ours,
        float(differences.mean()),
        error,
        float(np.median(seconds[1] / seconds[0])),
    )


def _tried(
    model: Any, X: np.ndarray, y: np.ndarray, dataset: Dataset, seed: int
) -> tuple[float, float]:
    """Score on held-out data, and seconds of training."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split

    stratify = None if dataset.is_regression or y.ndim > 1 else y
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed, stratify=stratify)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are wanted
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
    return float(model.score(X_test, y_test)), seconds


def _model(dataset: Dataset, *, ours: bool, seed: int, epochs: int) -> BaseEstimator:
    """An estimator with all settings at their defaults, but that none stops early."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from nn.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor

    kinds: tuple[Any, Any] = (
        (MLPRegressor, NeuralNetworkRegressor)
        if dataset.is_regression
        else (MLPClassifier, NeuralNetworkClassifier)
    )
    network = kinds[ours](max_iter=epochs, tol=0.0, n_iter_no_change=epochs, random_state=seed)
    model = make_pipeline(StandardScaler(), network)
    if not dataset.is_regression:
        return model
    return TransformedTargetRegressor(model, transformer=StandardScaler())


# --------------------------------------------------------------------------------- the data sets


def _bundled(name: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _generated(name: str, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets

    return getattr(datasets, f"make_{name}")(random_state=0, **settings)


DATASETS = (
    Dataset("Iris", partial(_bundled, "iris")),
    Dataset("Wine", partial(_bundled, "wine")),
    Dataset("Breast cancer", partial(_bundled, "breast_cancer")),
    Dataset("Digits", partial(_bundled, "digits")),
    Dataset("Moons", partial(_generated, "moons", n_samples=2000, noise=0.3)),
    Dataset("Hastie 10.2", partial(_generated, "hastie_10_2", n_samples=4000)),
    Dataset(
        "Classification",
        partial(
            _generated,
            "classification",
            n_samples=3000,
            n_features=20,
            n_informative=10,
            n_classes=4,
        ),
    ),
    Dataset("Multilabel", partial(_generated, "multilabel_classification", n_samples=2000)),
    Dataset("Diabetes", partial(_bundled, "diabetes"), is_regression=True),
    Dataset(
        "Friedman 1",
        partial(_generated, "friedman1", n_samples=2000, noise=1.0),
        is_regression=True,
    ),
)
"""Five that scikit-learn brings along, and five that it generates."""


# ----------------------------------------------------------------------------------- the table


def markdown_table(comparisons: Iterable[Comparison]) -> str:
    """The comparisons as a table in Markdown.

    Parameters
    ----------
    comparisons : iterable of Comparison

    Returns
    -------
    str

    Examples
    --------
    >>> row = Comparison("Iris", (150, 4), "accuracy", 0.95, 0.96, 0.01, 0.005, 0.5)
    >>> print(markdown_table([row]).splitlines()[-1])
    | Iris | 150 × 4 | accuracy | 0.9500 | 0.9600 | +0.0100 ± 0.0050 | 0.50 |
    """
    lines = [
        "| Data | Size | Score | scikit-learn | nn | Difference | Time |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in comparisons:
        size = " × ".join(map(str, row.shape))
        difference = f"{row.difference:+.4f} ± {row.error:.4f}"
        lines.append(
            f"| {row.name} | {size} | {row.score} | {row.theirs:.4f} | {row.ours:.4f} "
            f"| {difference} | {row.time:.2f} |"
        )
    return "\n".join(lines)


def replace_table(page: str, table: str) -> str:
    """A page with another table between its two markers.

    Raises
    ------
    ValueError
        If the markers are not there.
    """
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the page has no table between {START} and {END}")
    return f"{before}{START}\n{table}\n{END}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Compare on all data sets, and print the table.

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
        prog="python -m experiments estimators",
        description="Train the estimators of nn and scikit-learn's own networks on ten data sets, "
        "with equal settings and numbers of epochs.",
    )
    parser.add_argument("--quick", action="store_true", help="two epochs, to see that it works")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the table into this page")
    options = parser.parse_args(argv)
    return run(lambda: _run(quick=options.quick, page=options.page), needs=["sklearn"])


def _run(*, quick: bool, page: Path | None) -> None:
    settings = {"seeds": 2, "epochs": 2} if quick else {}
    datasets = progress_bar(DATASETS, unit="data set")
    rows = [compare(dataset, **settings) for dataset in datasets]
    table = markdown_table(rows)
    if page is not None:
        text = page.read_text(encoding="utf-8")
        page.write_text(replace_table(text, table), encoding="utf-8")
    print(table)
