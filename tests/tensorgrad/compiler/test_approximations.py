"""The errors of compiled functions are those that docs/compile.md states."""

import re
from pathlib import Path

import numpy as np
import pytest

from experiments.accuracy import FUNCTIONS, largest_error

pytest.importorskip("llvmlite")

PAGE = (Path(__file__).parents[3] / "docs" / "compile.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)
STATED = {name: tuple(map(float, limits)) for name, *limits in ROW.findall(PAGE)}


def test_every_function_is_on_the_page():
    assert STATED.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors(name, dtype):
    limit = STATED[name][dtype is np.float64]
    try:
        assert 0 < largest_error(name, dtype, points=50_000).error <= limit
    except NotImplementedError as reason:
        pytest.skip(str(reason))
