"""Every function of the derivative table, recorded, with its derivatives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from derivative_cases import CASES
from derivative_cases.case import Case
from interpreted_text import call_interpreted

import tensorgrad as tg
from tensorgrad.compiler import CaptureError
from tensorgrad.structure import flatten, map_leaves

LOOK_AT_VALUES = {
    *("piecewise", "piecewise with arguments, constants and conditions that overlap"),
    *("geomspace", "geomspace of negative numbers", "polymul", "polydiv", "roots", "polyfit"),
    *("polyfit with weights and covariance", "average, weights", "average, weights of an axis"),
    *("average, weights of two axes", "cov, weights", "cov, frequencies", "trim_zeros", "det"),
    *("histogram, weights", "histogram, density"),
    *("svd", "svd, projections", "svd, one vector to complete"),
}
"""What a function does depends on values there: leading zeros, singular matrices, checks."""


def value_and_cotangents(case: Case, operands: list[np.ndarray]) -> list[np.ndarray]:
    value, pullback = tg.vjp(case.call, *operands)
    return flatten((value, pullback(map_leaves(np.cos, value))))[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_replay_and_text_of_machine_code(case: Case) -> None:
    compiled = tg.compile(lambda *operands: value_and_cotangents(case, list(operands)))
    recorded_with, others = (case.operands(seed, case.shapes[-1]) for seed in (0, 1))
    if case.name in LOOK_AT_VALUES:
        with pytest.raises(CaptureError, match=r"called at .*\.py:\d+"):
            compiled.program(*recorded_with)
        return
    program = compiled.program(*recorded_with)
    expected = value_and_cotangents(case, others)
    assert_same(compiled(*others), expected, 1e-12)
    try:
        results = call_interpreted(program, *others)
    except CaptureError as reason:
        assert 'backend="numpy" can' in str(reason)  # noqa: PT017 - or there is none
    else:
        assert_same(results, expected, 1e-12)


def assert_same(results: Sequence[Any], expected: Sequence[Any], tolerance: float) -> None:
    for result, one in zip(results, expected, strict=True):
        assert result.dtype == np.asarray(one).dtype
        assert np.shape(result) == np.shape(one)
        np.testing.assert_allclose(result, one, rtol=tolerance, atol=tolerance)


def test_the_exceptions_are_cases() -> None:
    assert {case.name for case in CASES} >= LOOK_AT_VALUES
