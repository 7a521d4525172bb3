"""Products of stacks of matrices, einsum and pad in machine code, with their gradients."""

import numpy as np
import pytest
from interpreted_text import as_text

import tensorgrad as tg
from tensorgrad.compiler import CaptureError
from tensorgrad.structure import flatten

pytest.importorskip("llvmlite")


def check(function, *arrays, compiled=False):
    """Values and gradients: of the text, run by Python, and of the machine code as well."""

    def f(*arrays):
        value, pullback = tg.vjp(function, *arrays)
        return value, pullback(np.cos(value))

    expected = flatten(f(*arrays))[0]
    for backend in (as_text, *(["llvm"] if compiled else [])):
        results = flatten(tg.compile(f, backend=backend)(*arrays))[0]
        for result, one in zip(results, expected, strict=True):
            assert np.shape(result) == np.shape(one)
            np.testing.assert_allclose(result, one, rtol=1e-12, atol=1e-12)


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 2, 4), (3, 4, 5)),
        ((2, 4), (3, 4, 5)),
        ((3, 2, 4), (4, 5)),
        ((2, 1, 2, 4), (3, 4, 5)),
        ((3, 2, 4), (4,)),
        ((4,), (3, 4, 2)),
        ((3, 1, 2), (3, 2, 1)),
    ],
)
def test_stacks_of_matrices(left, right):
    check(np.matmul, normal(*left), normal(*right), compiled=len(left) == len(right) == 3)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,kj->ki", [(2, 3), (4, 3)]),
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 2)]),
        ("bqd,bkd->bqk", [(2, 3, 4), (2, 5, 4)]),
        ("ijk,kl->ijl", [(2, 3, 4), (4, 2)]),
        ("ii->i", [(3, 3)]),
        ("ii,ij->j", [(3, 3), (3, 2)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("i,j,k->kij", [(2,), (3,), (4,)]),
        ("ij,ij", [(2, 3), (2, 3)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
    ],
)
def test_einsum(subscripts, shapes):
    arrays = [normal(*shape) for shape in shapes]
    check(
        lambda *arrays: np.einsum(subscripts, *arrays),
        *arrays,
        compiled=subscripts == "bqd,bkd->bqk",
    )


def test_pad():
    check(lambda x: np.pad(x, ((1, 0), (2, 3)), constant_values=2.0), normal(2, 3), compiled=True)
    check(lambda x: np.pad(x, 1), normal(2, 2))


def test_what_has_no_code():
    with pytest.raises(CaptureError, match=r"np\.pad .*backend=\"numpy\" can"):
        tg.compile(lambda x: np.pad(x, 1, mode="edge"), backend="llvm")(np.ones(3))
