"""Adding a multiple of a vector in place: by the BLAS or by NumPy, it is the same sum."""

import sys

import numpy as np
import pytest

from tensorgrad import blas
from tensorgrad.blas import BLOCK, SMALL, add_multiple


@pytest.fixture(params=["BLAS", "NumPy"])
def routine(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setattr(blas, "_axpy", lambda dtype: None)
    return request.param


def vectors(size, dtype):
    rng = np.random.default_rng(size)
    return rng.normal(size=size).astype(dtype), rng.normal(size=size).astype(dtype)


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, 10_001, 2 * BLOCK + 17])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g"])
def test_it_adds(routine, size, dtype):
    x, y = vectors(size, dtype)
    expected = y.astype("g") - np.longdouble(0.5) * x
    add_multiple(y, -0.5, x)
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)
    assert y.dtype == dtype


@pytest.mark.parametrize("size", [3, 3 * SMALL])
def test_operands_of_other_layouts_and_dtypes(routine, size):
    x, y = vectors(2 * size, "f8")
    expected = y[:size] + 3 * x[::2]
    got = y[:size].copy()
    add_multiple(got, 3.0, x[::2])
    np.testing.assert_allclose(got, expected)
    single = y[:size].astype("f4")
    add_multiple(single, 3.0, x[::2].copy())
    np.testing.assert_allclose(single, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [3, 3 * SMALL])
def test_what_is_not_finite_is_seen(routine, size):
    x, y = np.zeros(size), np.zeros(size)
    x[1] = np.nan
    add_multiple(y, 0.0, x)
    assert np.isnan(y[1])
    assert not y[0]


@pytest.mark.parametrize("size", [3, 3 * SMALL])
def test_a_vector_to_itself(routine, size):
    y = np.arange(size, dtype=float)
    add_multiple(y, 1.0, y)
    np.testing.assert_array_equal(y, 2 * np.arange(size))


@pytest.mark.parametrize("size", [3, 3 * SMALL])
def test_the_other_byte_order(routine, size):
    order = ">f8" if sys.byteorder == "little" else "<f8"
    x, y = vectors(size, "f8")
    swapped = y.astype(order)
    add_multiple(swapped, 2.0, x.astype(order))
    np.testing.assert_allclose(swapped, y + 2 * x)
    assert not blas.adds_products(np.dtype(order))


@pytest.mark.parametrize("size", [3, 3 * SMALL])
def test_memory_that_is_only_read(routine, size):
    x, y = vectors(size, "f8")
    y.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        add_multiple(y, 2.0, x)


def test_numpy_wheels_have_the_routine():
    build = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if (
        sys.platform == "win32"
        or build["name"] != "scipy-openblas"
        or "USE64BITINT" not in build["openblas configuration"]
    ):
        pytest.skip("NumPy was built with another BLAS")
    assert blas._axpy(np.dtype("f4")) is not None
    assert blas._axpy(np.dtype("f2")) is None
