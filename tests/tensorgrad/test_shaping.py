"""Shapes, axes, joining, splitting, padding, windows and diagonals, beyond the generic tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import tensorgrad as tg


def leaf(values):
    return tg.tensor(values, dtype=float, requires_grad=True)


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


LAYOUTS = [
    lambda x: x,
    np.asfortranarray,
    lambda x: np.swapaxes(x, 0, 1).copy().swapaxes(0, 1),
    lambda x: x[:, ::-1],
    lambda x: np.asfortranarray(x)[::-1],
]


class TestMemoryOrder:
    """Orders that go by the memory, which a function of the values cannot see."""

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("order", list("CFAK"))
    def test_ravel(self, layout, order):
        for shape in ((2, 3, 4), (2, 3)):
            x, weights = layout(numbers(*shape)), numbers(24)[: np.prod(shape)]
            y, pullback = tg.vjp(lambda x: np.ravel(x, order), x)
            np.testing.assert_array_equal(y, np.ravel(x, order))
            (gradient,) = pullback(weights)
            # Elements and cotangents pair up alike before and after.
            assert sorted(zip(x.flat, gradient.flat, strict=True)) == sorted(
                zip(y, weights, strict=True)
            )

    def test_a_broadcast_array_has_no_order_of_its_own(self):
        with pytest.raises(ValueError, match="order='K'"):
            np.broadcast_to(leaf([1.0, 2.0]), (2, 2)).ravel("K")

    @pytest.mark.parametrize("layout", LAYOUTS[:3])
    def test_reshape_in_the_order_of_the_memory(self, layout):
        x, weights = layout(numbers(2, 3, 4)), numbers(4, 6)
        t = tg.Tensor(x, requires_grad=True)
        y = np.reshape(t, (4, 6), order="A")
        np.testing.assert_array_equal(y.data, np.reshape(x, (4, 6), order="A"))
        (y * weights).sum().backward()
        order = "F" if x.flags.fnc else "C"
        np.testing.assert_array_equal(t.grad, np.reshape(weights, x.shape, order=order))

    def test_flatten_copies_and_ravel_does_not(self):
        t = leaf(numbers(2, 3))
        assert np.shares_memory(t.ravel().data, t.data)
        assert not np.shares_memory(t.flatten().data, t.data)
        assert np.shares_memory(t.reshape(3, 2).data, t.data)


class TestShapes:
    def test_every_form_of_a_shape(self):
        t = leaf(numbers(2, 6))
        for result in (
            t.reshape(3, 4),
            t.reshape((3, 4)),
            t.reshape([3, -1]),
            np.reshape(t, (3, 4)),
            np.reshape(t, shape=(3, 4)) if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else t,
        ):
            assert result.size == 12
        assert t.reshape(12).shape == t.reshape(-1).shape == np.reshape(t, 12).shape == (12,)

    def test_every_form_of_axes(self):
        t = leaf(numbers(2, 3, 4))
        assert t.T.shape == t.transpose().shape == t.transpose(None).shape == (4, 3, 2)
        assert t.transpose(1, 0, 2).shape == t.transpose([1, 0, 2]).shape == (3, 2, 4)
        assert np.permute_dims(t, (-1, 0, 1)).shape == (4, 2, 3)
        assert (
            leaf([1.0, 2.0]).transpose(0).shape == np.transpose(leaf([1.0, 2.0]), 0).shape == (2,)
        )
        tg.check_grads(lambda x: np.transpose(x, 0), np.ones(2))

    def test_several_at_once(self):
        a, b, c = np.atleast_2d(leaf(1.0), [2.0, 3.0], 4.0)
        assert isinstance(a, tg.Tensor)
        assert (a.shape, b.shape, c.shape) == ((1, 1), (1, 2), (1, 1))
        assert type(b) is np.ndarray

    def test_constants_among_broadcast_arrays_stay_plain(self):
        a, b = np.broadcast_arrays(leaf([1.0, 2.0]), 3.0)
        assert isinstance(a, tg.Tensor)
        assert type(b) is np.ndarray

    @pytest.mark.parametrize("sparse", [False, True])
    @pytest.mark.parametrize("indexing", ["xy", "ij"])
    def test_meshgrid(self, indexing, sparse):
        vectors = [numbers(n) for n in (2, 3, 4)]
        for count in range(1, 4):
            plain = np.meshgrid(*vectors[:count], indexing=indexing, sparse=sparse)
            grids = np.meshgrid(*map(leaf, vectors[:count]), indexing=indexing, sparse=sparse)
            for a, b in zip(grids, plain, strict=True):
                np.testing.assert_array_equal(a.data, b)
        with pytest.raises(ValueError, match="indexing"):
            np.meshgrid(leaf([1.0]), indexing="ab")

    def test_open_grids(self):
        rows, columns = np.ix_(leaf([1.0, 2.0]), [True, False, True])
        assert rows.shape == (2, 1)
        np.testing.assert_array_equal(columns, [[0, 2]])
        with pytest.raises(ValueError, match="vectors"):
            np.ix_(leaf([[1.0]]))

    def test_parts_of_complex_numbers(self):
        t = leaf([1.0, -2.0])
        assert t.real.requires_grad
        for constant in (t.imag, np.imag(t), np.angle(t), np.angle(t, deg=True)):
            assert isinstance(constant, tg.Tensor)
            assert not constant.requires_grad
        np.testing.assert_allclose(np.angle(t).data, [0.0, np.pi])
        assert np.isrealobj(t)
        assert np.isreal(t).all()

    def test_full_like(self):
        t = leaf([1.0, 2.0])
        assert type(np.full_like(t, 3.0)) is np.ndarray
        v = leaf(3.0)
        filled = np.full_like(t, v)
        filled.sum().backward()
        assert v.grad == 2.0
        assert np.full_like(t, [1, 2], dtype=np.float32, shape=(3, 2)).shape == (3, 2)

    def test_questions_are_plain(self):
        t = leaf(numbers(2, 3))
        assert np.shape(t) == (2, 3)
        assert np.ndim(t) == 2
        assert np.size(t) == 6
        assert np.result_type(t, np.float32) == np.float64
        assert np.shares_memory(t, t.data)
        assert type(np.zeros_like(t)) is np.ndarray


class TestJoining:
    def test_lists_that_hold_tensors(self):
        t, u = leaf(2.0), leaf([3.0, 4.0])
        joined = np.concatenate([[t, 1.0], u])
        np.testing.assert_array_equal(joined.data, [2.0, 1.0, 3.0, 4.0])
        (joined * [1.0, 2.0, 3.0, 4.0]).sum().backward()
        assert t.grad == 1.0
        np.testing.assert_array_equal(u.grad, [3.0, 4.0])
        np.testing.assert_array_equal(np.vstack([[t, t], u]).data, [[2.0, 2.0], [3.0, 4.0]])
        np.testing.assert_array_equal(np.append(u, [t]).data, [3.0, 4.0, 2.0])
        np.testing.assert_array_equal(np.stack([t, 5.0]).data, [2.0, 5.0])

    def test_a_tensor_stands_for_the_list_of_its_rows(self):
        t = leaf(numbers(2, 3))
        np.testing.assert_array_equal(np.concatenate(t).data, np.concatenate(t.data))
        np.testing.assert_array_equal(np.stack(t, axis=1).data, t.data.T)
        np.testing.assert_array_equal(np.column_stack(t).data, t.data.T)

    def test_the_same_tensor_twice(self):
        t = leaf([1.0, 2.0])
        (np.concatenate([t, t]) * np.arange(4.0)).sum().backward()
        np.testing.assert_array_equal(t.grad, [2.0, 4.0])

    def test_many_pieces(self):
        parts = [leaf([float(i)]) for i in range(2000)]
        weights = numbers(2000)
        (np.concatenate(parts) * weights).sum().backward()
        assert [part.grad[0] for part in parts] == weights.tolist()

    def test_dtype(self):
        t = leaf([1.0])
        y = np.concatenate([t, np.ones(1)], dtype=np.float32)
        assert y.dtype == np.float32
        y.sum().backward()
        assert t.grad.dtype == np.float64
        assert type(np.stack([t, t], dtype=int, casting="unsafe")) is np.ndarray
        assert np.hstack([t, t], dtype=np.float32).dtype == np.float32
        with pytest.raises(TypeError, match="Cannot cast"):
            np.concatenate([t, t], dtype=int)

    def test_errors_are_numpys(self):
        t = leaf([1.0, 2.0])
        with pytest.raises(ValueError, match=r"concatenate of float64 \(2,\), float64 \(2, 2\)"):
            np.concatenate([t, np.ones((2, 2))])
        with pytest.raises(np.exceptions.AxisError):
            np.concatenate([t, t], axis=1)
        with pytest.raises(ValueError, match="same shape"):
            np.stack([t, 1.0])

    def test_out_is_refused(self):
        t, out = leaf([1.0, 2.0]), np.zeros(4)
        for call in (
            lambda: np.concatenate([t, t], out=out),
            lambda: np.stack([t, t], 0, out),
            lambda: np.take(t, [0], out=out),
            lambda: t.take([0], None, out),
            lambda: np.compress([True], t, out=out),
            lambda: np.choose([0], [t], out),
        ):
            with pytest.raises(TypeError, match="out="):
                call()

    @pytest.mark.parametrize(
        ("blocks", "error", "message"),
        [
            ((leaf([1.0]),), TypeError, "tuple"),
            ([[leaf([1.0])], leaf([1.0])], ValueError, "depth"),
            ([[leaf([1.0])], []], ValueError, "empty"),
        ],
    )
    def test_malformed_blocks(self, blocks, error, message):
        with pytest.raises(error, match=message):
            np.block(blocks)


class TestSplitting:
    def test_values_are_numpys(self):
        x = numbers(6, 4)
        for split in (
            lambda x: np.split(x, 3),
            lambda x: np.split(x, [1, 1, 9]),
            lambda x: np.split(x, [-2]),
            lambda x: np.split(x, np.array([2, 4]), axis=-1),
            lambda x: np.array_split(x, 4),
            lambda x: np.array_split(x, 7, axis=1),
            lambda x: np.hsplit(x, 2),
            lambda x: np.vsplit(x, 3),
            lambda x: np.hsplit(x[0], [1]),
            lambda x: np.dsplit(x[None], 2),
        ):
            parts = split(leaf(x))
            assert isinstance(parts, list)
            for a, b in zip(parts, split(x), strict=True):
                np.testing.assert_array_equal(a.data, b)

    def test_refusals(self):
        with pytest.raises(ValueError, match="equal division"):
            np.split(leaf(numbers(5)), 2)
        with pytest.raises(ValueError, match="hsplit takes arrays of 1 or more axes"):
            np.hsplit(leaf(1.0), 1)
        with pytest.raises(ValueError, match="vsplit takes arrays of 2 or more axes"):
            np.vsplit(leaf([1.0]), 1)
        with pytest.raises(ValueError, match="dsplit takes arrays of 3 or more axes"):
            np.dsplit(leaf([[1.0]]), 1)

    def test_a_tensor_is_a_sequence_of_its_rows(self):
        t = leaf(numbers(3, 2))
        first, second, third = t
        assert first.shape == (2,)
        (second * 2 + third).sum().backward()
        np.testing.assert_array_equal(t.grad, [[0.0, 0.0], [2.0, 2.0], [1.0, 1.0]])
        assert len(t) == len(list(t)) == 3
        assert [row.data.tolist() for row in reversed(t)] == t.data[::-1].tolist()
        assert list(leaf(np.zeros((0, 2)))) == []
        assert dict(zip("ab", leaf([1.0, 2.0]), strict=True))["b"].item() == 2.0
        with pytest.raises(TypeError, match="0-d"):
            iter(leaf(1.0))
        with pytest.raises(TypeError):
            len(leaf(1.0))

    def test_membership(self):
        t = leaf([1.0, 2.0])
        assert 2.0 in t
        assert np.float32(1.0) in t
        assert 3.0 not in t

    def test_derivatives_of_rows_of_any_order(self):
        def product(x):
            total = 1.0
            for row in x:
                total = total * row
            return total

        tg.check_grads(product, numbers(3, 2), order=3)


class TestRepeating:
    def test_values_are_numpys(self):
        x = numbers(2, 3)
        for reps in (2, (2,), (2, 1), (1, 2, 2), (0, 2), ()):
            np.testing.assert_array_equal(np.tile(leaf(x), reps).data, np.tile(x, reps))
        for repeats, axis in ((2, None), ([2], 0), ([1, 0, 2], 1), (0, 1), (np.int64(3), -2)):
            expected = np.repeat(x, repeats, axis)
            np.testing.assert_array_equal(np.repeat(leaf(x), repeats, axis).data, expected)
            np.testing.assert_array_equal(leaf(x).repeat(repeats, axis).data, expected)
        for shape in (4, (5, 3), (0,), (1, 1)):
            np.testing.assert_array_equal(np.resize(leaf(x), shape).data, np.resize(x, shape))

    def test_counts_may_be_tensors(self):
        counts = tg.tensor([1, 2])
        np.testing.assert_array_equal(np.repeat(leaf([3.0, 4.0]), counts).data, [3.0, 4.0, 4.0])
        np.testing.assert_array_equal(np.repeat(np.ones(2), counts), np.ones(3))
        np.testing.assert_array_equal(np.tile(leaf([3.0]), counts).data, np.tile([3.0], (1, 2)))

    def test_refusals(self):
        with pytest.raises(ValueError, match="negative"):
            np.repeat(leaf([1.0]), -1)
        with pytest.raises(TypeError):
            np.repeat(leaf([1.0]), 1.5)
        with pytest.raises(ValueError, match="non-negative"):
            np.resize(leaf([1.0]), (2, -1))
        with pytest.raises(ValueError, match="negative"):
            np.tile(leaf([1.0]), -1)


MODES = [
    {"mode": "constant"},
    {"mode": "constant", "constant_values": 2.5},
    {"mode": "constant", "constant_values": (1, 2)},
    {"mode": "edge"},
    {"mode": "linear_ramp"},
    {"mode": "linear_ramp", "end_values": (1.0, -2.0)},
    {"mode": "maximum"},
    {"mode": "mean"},
    {"mode": "mean", "stat_length": (2, 1)},
    {"mode": "median"},
    {"mode": "minimum", "stat_length": 2},
    {"mode": "reflect"},
    {"mode": "reflect", "reflect_type": "odd"},
    {"mode": "symmetric"},
    {"mode": "symmetric", "reflect_type": "odd"},
    {"mode": "wrap"},
]


class TestPadding:
    @given(data=st.data(), options=st.sampled_from(MODES))
    def test_values_are_numpys_and_gradients_go_with_them(self, data, options):
        shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
        widths = data.draw(
            st.lists(
                st.tuples(st.integers(0, 7), st.integers(0, 7)),
                min_size=len(shape),
                max_size=len(shape),
            )
        )
        x = numbers(*shape)
        y = np.pad(leaf(x), widths, **options)
        expected = np.pad(x, widths, **options)
        np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-12)
        # Every mode is piecewise linear, so the derivative along x is the value less its constant.
        constant = np.pad(np.zeros(shape), widths, **options)
        _, tangent = tg.jvp(lambda x: np.pad(x, widths, **options), [x], [x])
        np.testing.assert_allclose(tangent, expected - constant, rtol=1e-9, atol=1e-9)

    def test_every_form_of_widths(self):
        x = numbers(2, 3)
        forms = [
            1,
            (1,),
            (1, 2),
            [[1, 2]],
            [[1], [2]],
            ((0, 0), (3, 1)),
            np.int64(2),
            np.ones(1, int),
        ]
        if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
            forms += [{1: (1, 2)}, {-1: 2, 0: 1}]
        for widths in forms:
            np.testing.assert_array_equal(np.pad(leaf(x), widths).data, np.pad(x, widths))
            edge = np.pad(leaf(x), widths, "edge")
            np.testing.assert_array_equal(edge.data, np.pad(x, widths, "edge"))

    def test_constants_that_are_tensors(self):
        x, c = leaf([1.0, 2.0]), leaf(3.0)
        np.pad(x, (2, 1), constant_values=[(c, 0.0)]).sum().backward()
        assert c.grad == 2.0
        np.testing.assert_array_equal(x.grad, [1.0, 1.0])

    def test_integers_are_padded_as_numpy_does(self):
        x = np.array([1, 2, 5])
        np.testing.assert_array_equal(np.pad(tg.tensor(x), 2, "mean"), np.pad(x, 2, "mean"))

    def test_refusals(self):
        t = leaf(numbers(2, 3))
        for mode in ("empty", lambda *_: None):
            with pytest.raises(TypeError, match="mode"):
                np.pad(t, 1, mode=mode)
        with pytest.raises(ValueError, match="mode must be one of constant, edge"):
            np.pad(t, 1, mode="mirror")
        with pytest.raises(ValueError, match="does not take end_values"):
            np.pad(t, 1, end_values=1)
        with pytest.raises(ValueError, match="negative"):
            np.pad(t, -1)
        with pytest.raises(TypeError, match="integers"):
            np.pad(t, 1.5)
        with pytest.raises(ValueError, match="broadcast"):
            np.pad(t, ((1, 1), (1, 1), (1, 1)))
        with pytest.raises(ValueError, match="empty axis 0"):
            np.pad(leaf(np.zeros((0, 2))), 1, mode="edge")


class TestWindows:
    def test_values_are_numpys(self):
        x = numbers(5, 6)
        for window, axis in ((2, 0), ((2, 3), None), ((3, 2), (1, 0)), ((2, 2), (0, 0)), ((), ())):
            expected = sliding_window_view(x, window, axis)
            np.testing.assert_array_equal(sliding_window_view(leaf(x), window, axis).data, expected)

    def test_what_overlaps_adds_up(self):
        t = leaf(np.zeros(5))
        sliding_window_view(t, 3).sum().backward()
        np.testing.assert_array_equal(t.grad, [1.0, 2.0, 3.0, 2.0, 1.0])

    @pytest.mark.parametrize("length", [2, 5])
    def test_a_convolution_of_images(self, length):
        images, kernels = numbers(2, 2, 5, 6), numbers(3, 2, length, 2)

        def convolved(images, kernels):
            windows = sliding_window_view(images, kernels.shape[2:], axis=(2, 3))
            return np.einsum("nchwij,kcij->nkhw", windows, kernels)

        expected = sum(
            np.einsum(
                "nchw,kc->nkhw",
                images[:, :, i : i + 6 - length, j : j + 5],
                kernels[:, :, i, j],
            )
            for i in range(length)
            for j in range(2)
        )
        np.testing.assert_allclose(convolved(images, kernels), expected)
        tg.check_grads(lambda x: convolved(x, kernels)[:1], images[:, :, :, :3], order=1)
        tg.check_grads(lambda x, k: np.tanh(convolved(x, k)), images[:1, :1], kernels[:1, :1])

    def test_refusals(self):
        t = leaf(numbers(3))
        with pytest.raises(ValueError, match="larger"):
            sliding_window_view(t, 4)
        with pytest.raises(ValueError, match="2 window lengths for 1 axes"):
            sliding_window_view(t, (2, 2))
        with pytest.raises(ValueError, match="negative"):
            sliding_window_view(t, -1)
        with pytest.raises(TypeError, match="writeable"):
            sliding_window_view(t, 2, writeable=True)
        with pytest.raises(TypeError, match="cut it from the graph"):
            as_strided(t, (2, 2), (8, 8))  # NumPy converts before anyone is asked


class TestDiagonals:
    @given(
        data=st.data(),
        shape=st.lists(st.integers(0, 4), min_size=2, max_size=3),
        offset=st.integers(-4, 4),
    )
    def test_any_diagonal(self, data, shape, offset):
        axes = data.draw(st.permutations(range(-len(shape), 0)).map(lambda axes: axes[:2]))
        x = numbers(*shape)
        expected = np.diagonal(x, offset, *axes)
        y, pullback = tg.vjp(lambda x: np.diagonal(x, offset, *axes), x)
        np.testing.assert_array_equal(y, expected)
        (gradient,) = pullback(expected)
        np.testing.assert_array_equal(np.diagonal(gradient, offset, *axes), expected)
        assert np.isclose(np.sum(gradient**2), np.sum(expected**2))

    @pytest.mark.parametrize("wrap", [False, True])
    @pytest.mark.parametrize("shape", [(3, 3), (2, 4), (7, 2), (3, 3, 3), (0, 2), (1, 1)])
    def test_filling_is_numpys(self, shape, wrap):
        x = numbers(*shape)
        for value in (5.0, [1.0, 2.0], np.arange(12.0)):
            expected = x.copy()
            np.fill_diagonal(expected, value, wrap)
            np.testing.assert_array_equal(tg.fill_diagonal(leaf(x), value, wrap).data, expected)
            np.testing.assert_array_equal(tg.fill_diagonal(x, value, wrap), expected)

    def test_filling_keeps_the_dtype(self):
        x = np.zeros((2, 2), np.float32)
        assert tg.fill_diagonal(tg.Tensor(x), np.float64(1)).dtype == np.float32

    def test_filling_refuses(self):
        for shape in ((3,), (2, 2, 3)):
            with pytest.raises(ValueError, match="two axes"):
                tg.fill_diagonal(leaf(numbers(*shape)), 1.0)
        with pytest.raises(ValueError, match="no values"):
            tg.fill_diagonal(leaf(numbers(2, 2)), [])
        with pytest.raises(TypeError, match=r"tg\.fill_diagonal"):
            np.fill_diagonal(leaf(numbers(2, 2)), 1.0)


def test_roll_by_an_unsigned_number():
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.roll(x, np.uint8(1)).backward([1, 2, 3])
    np.testing.assert_array_equal(x.grad, [2, 3, 1])
