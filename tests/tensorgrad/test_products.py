"""Products: what the cases of the table do not say."""

import itertools

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.derivatives.einsum import plan_of
from tensorgrad.derivatives.products import chain_order

rng = np.random.default_rng(0)


def leaf(*shape, dtype=np.float64):
    return tg.tensor(rng.normal(size=shape), dtype=dtype, requires_grad=True)


@pytest.mark.parametrize(
    ("function", "other"),
    [
        (np.matmul, [[1.0, 2.0], [3.0, 4.0]]),
        (np.dot, [[1.0, 2.0], [3.0, 4.0]]),
        (np.dot, [1.0, 2.0]),
        (np.dot, 3.0),
        (np.inner, [1.0, 2.0]),
        (np.vdot, [[1.0, 2.0], [3.0, 4.0]]),
        (np.vecdot, [1.0, 2.0]),
        (np.outer, [1.0, 2.0]),
        (np.kron, [1.0, 2.0]),
        (np.tensordot, [[1.0, 2.0], [3.0, 4.0]]),
        (lambda x, y: np.einsum("ij,j", x, y), [1.0, 2.0]),
        (np.linalg.solve, [1.0, 2.0]),
    ],
)
def test_lists_are_operands(function, other):
    x = np.array([[1.0, 2.0], [0.5, -1.0]])
    tg.check_grads(lambda x: function(x, other), x)
    assert np.array_equal(function(tg.tensor(x), other).data, function(x, other))


@pytest.mark.parametrize("function", [np.matmul, np.dot, np.linalg.solve, np.linalg.lstsq])
def test_lists_are_left_operands(function):
    left = [[1.0, 2.0], [0.5, -1.0]]
    tg.check_grads(lambda x: function(left, x), np.array([[1.0], [2.0]]))
    tg.check_grads(lambda x: function(left, x), np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda a, b, out: np.dot(a, b, out=out),
        np.dot,
        lambda a, b, out: np.outer(a[0], b[0], out=out),
        lambda a, b, out: np.matmul(a, b, out=out),
        lambda a, b, out: np.einsum("ij,jk", a, b, out=out),
        lambda a, b, out: np.linalg.multi_dot([a, b], out=out),
        lambda a, b, out: np.trace(a, out=out),
    ],
)
def test_no_result_is_written_elsewhere(call):
    out = np.full((2, 2), 7.0)
    with pytest.raises(TypeError, match="out="):
        call(leaf(2, 2), leaf(2, 2), out)
    assert np.all(out == 7)


def test_ufunc_keywords_that_move_axes_keep_their_errors():
    with pytest.raises(TypeError, match="axis"):
        np.multiply(leaf(2, 2), leaf(2, 2), axis=0)
    with pytest.raises(ValueError, match="mismatch"):
        np.matmul(leaf(2, 3), leaf(2, 3))


class TestCross:
    """Vectors in the plane, which NumPy has deprecated, and are still right."""

    pytestmark = pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional:DeprecationWarning")

    @pytest.mark.parametrize(
        ("left", "right"), [((2,), (2,)), ((3, 2), (2,)), ((2,), (3,)), ((3,), (4, 2))]
    )
    def test_two_dimensions(self, left, right):
        try:
            np.cross(np.ones(left), np.ones(right))
        except ValueError:
            pytest.skip("this NumPy takes vectors of three dimensions only")
        tg.check_grads(np.cross, rng.normal(size=left), rng.normal(size=right))


class TestMultiDot:
    def test_the_order_is_the_cheapest(self):
        def cost(lengths, split, first, last):
            if first == last:
                return 0
            middle = split(first, last)
            sides = cost(lengths, split, first, middle), cost(lengths, split, middle + 1, last)
            return sum(sides) + lengths[first] * lengths[middle + 1] * lengths[last + 1]

        def cheapest(lengths, first, last):
            return min(
                (
                    cheapest(lengths, first, m)
                    + cheapest(lengths, m + 1, last)
                    + lengths[first] * lengths[m + 1] * lengths[last + 1]
                    for m in range(first, last)
                ),
                default=0,
            )

        for _ in range(20):
            lengths = [int(n) for n in rng.integers(1, 30, 6)]
            chosen = chain_order(lengths)
            found = cost(lengths, lambda i, j, chosen=chosen: chosen[i, j], 0, 4)
            assert found == cheapest(lengths, 0, 4)

    @pytest.mark.parametrize(
        ("shapes", "error"),
        [([(2, 2)], ValueError), ([(2, 2), (2,), (2, 2)], np.linalg.LinAlgError)],
    )
    def test_bad_chains(self, shapes, error):
        with pytest.raises(error, match="multi_dot"):
            np.linalg.multi_dot([leaf(*shape) for shape in shapes])
        with pytest.raises(error):
            np.linalg.multi_dot([np.ones(shape) for shape in shapes])


class TestConvolution:
    @pytest.mark.parametrize("mode", ["full", "same", "valid"])
    @pytest.mark.parametrize("function", [np.convolve, np.correlate])
    def test_every_pair_of_lengths(self, function, mode):
        """Where the middle lies depends on which is longer, and on whether it is odd."""
        for n, m in itertools.product(range(1, 6), repeat=2):
            a, v = rng.normal(size=n), rng.normal(size=m)
            tg.check_grads(lambda a, v: function(a, v, mode), a, v, order=1)
            assert np.allclose(function(tg.tensor(a), v, mode).data, function(a, v, mode))

    def test_empty_operands_are_refused_by_name(self):
        with pytest.raises(ValueError, match="convolve"):
            np.convolve(leaf(3), leaf(0))


class TestEinsum:
    def test_elements_that_are_not_read_get_zero(self):
        """Whatever the cotangent: not zero times infinity."""
        x = leaf(2, 2)
        np.einsum("ii->i", x).backward(np.array([np.inf, 1.0]))
        assert np.array_equal(x.grad, [[np.inf, 0], [0, 1]])

    def test_a_cotangent_that_is_already_there_is_not_computed(self):
        plan = plan_of((("i", "i", "j"),), ("i", "j"), (3,), 0, (False, False, False))
        assert plan.subscripts is None
        assert plan.missing == (1,)
        assert plan.repeated == [(0, 1)]

    def test_float32_and_dtype(self):
        x = leaf(2, 2, dtype=np.float32)
        y = np.einsum("ij->i", x, dtype=np.float64)
        assert y.dtype == np.float64
        y.backward(np.ones(2))
        assert x.grad.dtype == np.float32

    def test_the_path_is_plain(self):
        path, _ = np.einsum_path("ij,jk,kl", leaf(2, 2), leaf(2, 2), leaf(2, 2))
        assert path[0] == "einsum_path"

    def test_many_operands(self):
        operands = [rng.normal(size=(2, 2)) for _ in range(5)]
        subscripts = "ab,bc,cd,de,ef->af"
        whole = tg.vjp(lambda *x: np.einsum(subscripts, *x, optimize="optimal"), *operands)
        chain = tg.vjp(lambda *x: np.linalg.multi_dot(x), *operands)
        g = rng.normal(size=(2, 2))
        for a, b in zip(whole[1](g), chain[1](g), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)

    def test_errors_are_numpys(self):
        with pytest.raises(ValueError, match=r"einsum of .*subscript"):
            np.einsum("ijk,jk", leaf(2, 2), leaf(2, 2))


def test_dot_pairs_every_row_with_every_column():
    """np.dot of more than two axes is no batched product."""
    a, b = rng.normal(size=(2, 3, 4)), rng.normal(size=(5, 4, 6))
    _, pullback = tg.vjp(np.dot, a, b)
    g = rng.normal(size=(2, 3, 5, 6))
    for got, subscripts, other in zip(
        pullback(g), ("ijkl,kml->ijm", "ijkl,ijm->kml"), (b, a), strict=True
    ):
        np.testing.assert_allclose(got, np.einsum(subscripts, g, other), rtol=1e-12)
