"""Everything that can be measured, by name, and how it is checked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from experiments.speed.agreement import check_agreement
from experiments.speed.peers import PEERS, Subject
from experiments.speed.predictors import PREDICTORS, check_predictions
from experiments.speed.problems import Problem
from experiments.speed.products import PRODUCTS, check_products

__all__ = ["SUBJECTS", "check_of", "title_of"]

SUBJECTS: dict[str, Subject] = {**PEERS, **PREDICTORS, **PRODUCTS}


def check_of(name: str) -> Callable[[Any, Problem], None]:
    """What finds out whether a subject computes what the others do.

    Parameters
    ----------
    name : str
        A name in `SUBJECTS`.

    Returns
    -------
    callable
        ``check(runner, problem)``, which raises `Disagreement`.
    """
    if name in PREDICTORS:
        return check_predictions
    return check_products if name in PRODUCTS else check_agreement


def title_of(name: str) -> str:
    """What the tables call a subject.

    Examples
    --------
    >>> title_of("jax-scan")
    'JAX jit + scan'
    """
    return SUBJECTS[name].title
