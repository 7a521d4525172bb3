"""The derivative table on a GPU, with CuPy; it is skipped where there is none."""

import warnings

import numpy as np
import pytest
from derivative_cases import CASES
from derivative_cases.case import Case
from derivative_cases.derivatives import value_and_cotangents

cupy = pytest.importorskip("cupy", reason="CuPy is not installed")


def number_of_gpus() -> int:
    try:
        return cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:
        return 0


pytestmark = pytest.mark.skipif(not number_of_gpus(), reason="there is no GPU")


@pytest.mark.parametrize("case", [case for case in CASES if case.duck], ids=lambda case: case.name)
def test_the_table(case: Case) -> None:
    for shapes in case.shapes:
        operands = case.operands(0, shapes)
        expected = value_and_cotangents(case, operands)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # CuPy's own
            got = value_and_cotangents(case, [cupy.asarray(x) for x in operands])
        for a, b in zip(expected, got, strict=True):
            assert isinstance(b, cupy.ndarray)
            np.testing.assert_allclose(cupy.asnumpy(b), a, rtol=1e-9, atol=1e-11)
