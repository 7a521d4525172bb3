"""The table has an answer for all of NumPy, and the documentation tells what it is."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.derivatives import coverage

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def test_no_function_of_numpy_is_left_out():
    assert coverage.uncovered() == []


def test_functions_are_found_and_classes_are_not():
    functions = coverage.functions_of(np)
    assert {"add", "sum", "array", "einsum", "errstate"} & set(functions) == {
        "add",
        "sum",
        "array",
        "einsum",
    }


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (np.exp, "Differentiable"),
        (np.clip, "Differentiable"),
        (np.floor, "Constant"),
        (np.argmax, "Plain"),
        (np.fft.fft, "Refused"),
    ],
)
def test_status(function, kind):
    status = coverage.status(function)
    assert status.kind == kind
    assert bool(status.reason) == (kind == "Refused")


def test_a_function_that_nobody_knows():
    assert coverage.status(lambda x: x) is None


@pytest.mark.parametrize("function", [np.fft.fft, np.fft.irfft, np.emath.sqrt, np.unique])
def test_a_refusal_gives_the_reason(function):
    with pytest.raises(TypeError, match=re.escape(coverage.status(function).reason)):
        function(tg.tensor([1.0, 2.0], requires_grad=True))


@pytest.mark.parametrize(
    "convert",
    [
        lambda t: np.random.default_rng(0).normal(t),
        lambda t: np.random.default_rng(0).permutation(t),
        np.polynomial.Polynomial,
        lambda t: np.polynomial.polynomial.polyval(0.5, t),
        np.ma.sum,
        lambda t: np.ma.array(t) + 1,
        np.vectorize(abs),
        lambda t: np.testing.assert_allclose(t, t),
        lambda t: np.zeros(2).dot(t),
        lambda t: np.full(2, t),
        lambda t: np.full_like(np.zeros(2), t),
        lambda t: np.zeros(2).__setitem__(slice(None), t),
        lambda t: np.zeros(2).__iadd__(t),
    ],
)
def test_what_does_not_know_tensors_refuses_them(convert):
    with pytest.raises(TypeError):
        convert(tg.tensor([1.0, 2.0], requires_grad=True))


def test_an_array_like_a_tensor_is_plain():
    t = tg.tensor([1.0, 2.0], requires_grad=True)
    assert type(np.zeros(3, like=t)) is np.ndarray
    with pytest.raises(TypeError, match=r"tg\.array"):
        np.asarray([1.0], like=t)


def test_the_page_is_up_to_date():
    if f"For {coverage.versions()}." not in PAGE.read_text(encoding="utf-8"):
        pytest.skip("the page was written for other versions of NumPy and SciPy")
    # In a process of its own, where no other test has registered a rule.
    command = [sys.executable, "-m", "tensorgrad.derivatives.coverage"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert printed.stdout == PAGE.read_text(encoding="utf-8"), (
        f"run python -m tensorgrad.derivatives.coverage --output docs/{PAGE.name}"
    )
