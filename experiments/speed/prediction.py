"""Prediction side by side: one sample at a time, and a hundred thousand at once."""

from __future__ import annotations

from dataclasses import replace

from experiments.speed.comparison import Job
from experiments.speed.predictors import PREDICTORS
from experiments.speed.problems import NETWORKS, Network

__all__ = ["MANY_ROWS", "prediction_jobs"]

MANY_ROWS = 100_000
SAMPLES = 64
NAMES = ("2-8-8-1", "64-64-10", "784-256-128-10")


def prediction_jobs(*, rounds: int, rows: int = MANY_ROWS) -> list[Job]:
    """What to measure: everyone installed who predicts, on batches of one row and of many.

    Parameters
    ----------
    rounds : int
        How often everyone is measured.
    rows : int
        How many "many" are.

    Returns
    -------
    list of Job

    Examples
    --------
    >>> [job.network.name for job in prediction_jobs(rounds=3, rows=1000)][::3]
    ['2-8-8-1:1', '2-8-8-1:1000']
    """
    one = [replace(NETWORKS[name], batch=1, batches=SAMPLES) for name in NAMES]
    many = [replace(NETWORKS[name], batch=rows, batches=1) for name in NAMES]
    return [Job(network, _predictors_for(network), rounds) for network in (*one, *many)]


def _predictors_for(network: Network) -> tuple[str, ...]:
    """Names of those that are installed, and differ for this number of rows."""
    of_many = {"predict-tensorgrad-compiled", "predict-pytorch-blocks"}
    left_out = of_many if network.batch == 1 else {"predict-onnxruntime-1"}
    return tuple(
        name
        for name, predictor in PREDICTORS.items()
        if name not in left_out and predictor.available()
    )
