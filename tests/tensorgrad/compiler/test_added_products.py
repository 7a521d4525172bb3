"""Products that are added to matrices as they are computed."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import blas
from tensorgrad.blas import SMALL, plus_product
from tensorgrad.compiler import record
from tensorgrad.compiler.added_products import LARGE, with_added_products

M, N, K = 130, 128, 5
assert M * N >= LARGE > SMALL


def arrays(dtype=np.float64, m=M, n=N, k=K, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in ((m, n), (m, k), (k, n))]


def functions_of(function, *args):
    steps = with_added_products(record(function, *args).program).instructions
    return [step.function for step in steps]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("known", [True, False], ids=["BLAS", "NumPy"])
@pytest.mark.parametrize("size", [(M, N, K), (3, 4, 2), (M, N, 0), (0, N, 3), (1, 5000, 2)])
def test_the_sum(dtype, known, size, monkeypatch):
    if not known:
        monkeypatch.setattr(blas, "_gemm", lambda dtype: None)
    c, a, b = arrays(dtype, *size)
    expected = c - 3 * (a @ b)
    tolerance = 32 * np.finfo(dtype).eps
    layouts = (lambda x: x, np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2])
    for of_a in layouts:
        for of_b in layouts:
            for of_c in layouts:
                total = plus_product(of_c(c), -3.0, of_a(a), of_b(b))
                assert total.dtype == dtype
                np.testing.assert_allclose(total, expected, rtol=tolerance, atol=tolerance)


TAKEN = {
    "an update": lambda c, a, b: c - a @ b,
    "a sum": lambda c, a, b: c + np.dot(a, b),
    "a sum, turned round": lambda c, a, b: a @ b + c,
    "one after the other": lambda c, a, b: (c - a @ b) - (2 * a) @ b,
    "of a transposed operand": lambda c, a, b: c - a @ (b.T.copy()).T,
}
LEFT = {
    "subtracted from": lambda c, a, b: a @ b - c,
    "read twice": lambda c, a, b: (lambda p: c - p + np.sin(p))(a @ b),
    "an output too": lambda c, a, b: (lambda p: (c - p, p))(a @ b),
    "doubled": lambda c, a, b: (lambda p: p + p)(a @ b),
    "looked at": lambda c, a, b: c - (a @ b).T.reshape(c.shape),
    "added to a row": lambda c, a, b: c[0] - a @ b,
}


@pytest.mark.skipif(not blas.adds_products(np.dtype("f8")), reason="NumPy has another BLAS")
class TestPass:
    @pytest.mark.parametrize("function", TAKEN.values(), ids=TAKEN)
    def test_what_is_taken(self, function):
        assert plus_product in functions_of(function, *arrays())
        assert np.matmul not in functions_of(function, *arrays())

    @pytest.mark.parametrize("function", LEFT.values(), ids=LEFT)
    def test_what_is_left(self, function):
        assert plus_product not in functions_of(function, *arrays())

    @pytest.mark.parametrize(
        "args", [arrays(np.float16), arrays(m=5), [arrays()[0], *arrays(np.float32)[1:]]]
    )
    def test_small_ones_and_other_dtypes_are_left(self, args):
        assert plus_product not in functions_of(TAKEN["an update"], *args)


@pytest.mark.parametrize("function", [*TAKEN.values(), *LEFT.values()], ids=[*TAKEN, *LEFT])
def test_replay(function):
    compiled = tg.compile(function)
    for seed in range(2):
        args = arrays(seed=seed)
        before = [x.copy() for x in args]
        got, expected = compiled(*args), function(*args)
        tg.compile(function)(*arrays(seed=9))
        for one, other in zip(np.atleast_1d(got), np.atleast_1d(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
        for x, y in zip(args, before, strict=True):
            np.testing.assert_array_equal(x, y)


def test_operands_in_any_layout():
    compiled = tg.compile(TAKEN["an update"])
    c, a, b = arrays()
    wide = [np.repeat(x, 2, axis=1)[:, ::2] for x in (c, a, b)]
    np.testing.assert_allclose(compiled(*wide), c - a @ b, rtol=1e-12, atol=1e-12)
