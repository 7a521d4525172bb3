"""Products of stacks of matrices, einsum and pad in machine code, with their gradients."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.compiler import CaptureError
from tensorgrad.structure import flatten

pytest.importorskip("llvmlite")


def is_native(replay):
    """Whether nothing was left to Numba."""
    return not replay.left_to_numba


def check(function, *arrays, tolerance=1e-12):
    """Values and gradients, eagerly and in machine code."""

    def f(*arrays):
        value, pullback = tg.vjp(function, *arrays)
        return value, pullback(np.cos(value))

    compiled = tg.compile(f, backend="llvm")
    results, expected = (flatten(one)[0] for one in (compiled(*arrays), f(*arrays)))
    for result, one in zip(results, expected, strict=True):
        assert np.shape(result) == np.shape(one)
        np.testing.assert_allclose(result, one, rtol=tolerance, atol=tolerance)
    assert is_native(compiled.replay(*arrays))


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
    check(np.matmul, normal(*left), normal(*right))


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
    check(lambda *arrays: np.einsum(subscripts, *arrays), *(normal(*shape) for shape in shapes))


def test_pad():
    check(lambda x: np.pad(x, ((1, 0), (2, 3)), constant_values=2.0), normal(2, 3))
    check(lambda x: np.pad(x, 1), normal(2, 2))


def test_what_has_no_code():
    with pytest.raises(CaptureError, match=r"np\.pad .*backend=\"numpy\" can"):
        tg.compile(lambda x: np.pad(x, 1, mode="edge"), backend="llvm")(np.ones(3))
