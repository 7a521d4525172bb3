"""Index expressions, functions that read by index, and sorting, beyond the generic tests."""

import numpy as np
import pytest
from duck_array import DuckArray, reveal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tensorgrad as tg
from tensorgrad.derivatives.indexing import add_at


def leaf(values):
    return tg.tensor(values, dtype=float, requires_grad=True)


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@st.composite
def arrays_and_indices(draw):
    """An array, and anything that NumPy takes as an index into it."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    index = draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True),
            hnp.integer_array_indices(shape, dtype=draw(hnp.integer_dtypes(endianness="="))),
            hnp.arrays(bool, shape[: draw(st.integers(1, len(shape)))]),
            st.tuples(*(_part(draw, n) for n in shape)),
        )
    )
    return numbers(*shape), index


def _part(draw, length):
    """An index into one axis; all arrays have the same length, so that they broadcast."""
    return st.one_of(
        st.integers(-length, length - 1),
        st.slices(length),
        hnp.arrays(np.intp, 3, elements=st.integers(-length, length - 1)),
        st.lists(st.integers(-length, length - 1), min_size=1, max_size=1),
    )


class TestReading:
    @given(case=arrays_and_indices())
    def test_any_index_and_its_transpose(self, case):
        x, index = case
        expected = x[index]
        y, pullback = tg.vjp(lambda x: x[index], x)
        np.testing.assert_array_equal(y, expected)
        cotangent = numbers(*y.shape)
        total = np.zeros_like(x)
        np.add.at(total, index, cotangent)
        (gradient,) = pullback(cotangent)
        np.testing.assert_allclose(gradient, total, rtol=1e-12, atol=1e-12)

    @given(case=arrays_and_indices())
    def test_the_same_for_arrays_of_other_libraries(self, case):
        x, index = case
        cotangent = numbers(*x[index].shape)
        _, pullback = tg.vjp(lambda x: x[index], DuckArray(x))
        total = np.zeros_like(x)
        np.add.at(total, index, cotangent)
        (gradient,) = pullback(DuckArray(cotangent))
        np.testing.assert_allclose(reveal(gradient), total, rtol=1e-12, atol=1e-12)

    def test_tensors_as_indices(self):
        t, i = leaf(numbers(3, 3)), tg.tensor([0, 0, 2])
        for index, plain in (
            (i, i.data),
            ((i, 1), (i.data, 1)),
            ((slice(None), i), np.s_[:, i.data]),
        ):
            np.testing.assert_array_equal(t[index].data, t.data[plain])
        np.testing.assert_array_equal(t[i[0]].data, t.data[0])
        np.testing.assert_array_equal(t[t > 0].data, t.data[t.data > 0])
        assert [10, 20, 30][tg.tensor(1)] == 20
        assert list(range(tg.tensor(2))) == [0, 1]
        with pytest.raises(TypeError, match="integer"):
            [10, 20][leaf(1.0)]
        with pytest.raises(IndexError, match="integer"):
            t[leaf([1.0])]

    def test_errors_are_numpys(self):
        t = leaf(numbers(2, 3))
        for index in (2, (0, 0, 0), [5], np.ones(3, bool), (slice(None), 3), "a"):
            with pytest.raises(IndexError, match=r"getitem of float64 \(2, 3\)"):
                t[index]

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
    @pytest.mark.parametrize("index", [np.array([0, 0, 1]), ([0, 0], [1, 1]), np.s_[:, [1, 1]]])
    def test_every_floating_dtype(self, dtype, index):
        t = tg.Tensor(np.ones((2, 3), dtype), requires_grad=True)
        t[index].sum().backward()
        assert t.grad.dtype == dtype
        assert t.grad.max() == 2

    def test_every_integer_dtype(self):
        for dtype in np.typecodes["AllInteger"]:
            t = leaf(np.zeros((3, 2)))
            t[np.array([0, 2, 2], dtype)].sum().backward()
            np.testing.assert_array_equal(t.grad, [[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]])

    def test_a_few_elements_of_a_large_array(self):
        x = leaf(np.zeros((100, 1000)))
        x[:, [3, 3, -1]][5:7].sum().backward()
        assert x.grad.sum() == 6.0
        assert x.grad[5, 3] == 2.0

    def test_any_memory_order_of_all_arrays(self):
        weights = np.asfortranarray(numbers(4, 3))
        table = np.asfortranarray(numbers(5, 3))
        rows = np.array([9, 1, 9, 1, 9, 3, 9, 1])[1::2]
        _, pullback = tg.vjp(lambda table: table[rows], table)
        (gradient,) = pullback(weights)
        total = np.zeros((5, 3))
        np.add.at(total, rows, weights)
        np.testing.assert_allclose(gradient, total)

    def test_elements_are_not_assigned(self):
        t = leaf([1.0, 2.0])
        with pytest.raises(TypeError, match=r"np\.where"):
            t[0] = 1.0


class TestAddingAndSetting:
    @given(case=arrays_and_indices())
    def test_add_at_is_the_transpose(self, case):
        x, index = case
        values = numbers(*x[index].shape)
        tg.check_grads(lambda v: add_at(v, np.empty(x.shape), index), values, order=1)

    @given(case=arrays_and_indices(), one_value=st.booleans())
    def test_set_at(self, case, one_value):
        x, index = case
        values = numbers() if one_value else numbers(*x[index].shape)
        expected = x.copy()
        expected[index] = values
        np.testing.assert_array_equal(tg.set_at(x, index, values), expected)
        tg.check_grads(lambda x, v: tg.set_at(x, index, v), x, values, order=1)

    def test_the_last_value_stays(self):
        v = leaf([1.0, 2.0, 3.0])
        result = tg.set_at(np.zeros(2), [0, 0, 1], v)
        np.testing.assert_array_equal(result.data, [2.0, 3.0])
        result.sum().backward()
        np.testing.assert_array_equal(v.grad, [0.0, 1.0, 1.0])

    def test_set_at_leaves_its_operand_alone(self):
        t = leaf([1.0, 2.0])
        tg.set_at(t, 0, 5.0)
        np.testing.assert_array_equal(t.data, [1.0, 2.0])

    def test_set_at_keeps_the_dtype(self):
        t = tg.Tensor(np.zeros(2, np.float32), requires_grad=True)
        v = leaf(3.0)
        result = tg.set_at(t, 0, v)
        assert result.dtype == np.float32
        result.sum().backward()
        assert v.grad.dtype == np.float64
        np.testing.assert_array_equal(t.grad, [0.0, 1.0])

    def test_set_at_refuses(self):
        with pytest.raises(IndexError, match="set_at"):
            tg.set_at(leaf([1.0]), 3, 0.0)
        with pytest.raises(ValueError, match="set_at"):
            tg.set_at(leaf([1.0]), 0, [1.0, 2.0])


class TestFunctions:
    @pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
    @pytest.mark.parametrize("axis", [None, 0, -1])
    def test_take(self, mode, axis):
        x = numbers(3, 4)
        for indices in (1, -1, [0, 2, 2], np.array([[1], [0]]), []):
            expected = np.take(x, indices, axis, mode=mode)
            for y in (
                np.take(leaf(x), indices, axis, mode=mode),
                leaf(x).take(indices, axis, mode=mode),
            ):
                np.testing.assert_array_equal(y.data, expected)
        indices = np.array([7, -9, 1])
        if mode != "raise":
            expected = np.take(x, indices, axis, mode=mode)
            np.testing.assert_array_equal(leaf(x).take(indices, axis, mode=mode).data, expected)
            tg.check_grads(lambda x: np.take(x, indices, axis, mode=mode), x, order=1)
        np.testing.assert_array_equal(np.take(leaf(x), tg.tensor([1, 0])).data, x.ravel()[[1, 0]])

    def test_take_refuses(self):
        with pytest.raises(IndexError):
            np.take(leaf([1.0]), 1)
        with pytest.raises(TypeError):
            np.take(leaf([1.0]), [0.5])
        with pytest.raises(np.exceptions.AxisError):
            np.take(leaf([1.0]), 0, axis=1)

    def test_choose(self):
        x = numbers(3, 2)
        y = np.choose(tg.tensor([2, 0]), leaf(x))
        np.testing.assert_array_equal(y.data, np.choose([2, 0], x))
        np.testing.assert_array_equal(
            tg.tensor([1, 0]).choose([leaf([1.0, 2.0]), 3.0]).data, [3, 2]
        )
        with pytest.raises(ValueError, match="choose of"):
            np.choose([5], [leaf([1.0])])
        with pytest.raises(TypeError, match="choose of"):
            np.choose(leaf([0.0]), [leaf([1.0])])

    def test_compress_and_extract(self):
        t = leaf(numbers(2, 3))
        np.testing.assert_array_equal(np.extract(t > 0, t).data, t.data[t.data > 0])
        np.testing.assert_array_equal(t.compress([False, True]).data, t.data.ravel()[1:2])
        np.testing.assert_array_equal(t.compress([0, 1], axis=0).data, t.data[1:])
        with pytest.raises(ValueError, match="vector"):
            np.compress([[True]], t)
        with pytest.raises(IndexError):
            np.compress([False, False, True], t, axis=0)

    @pytest.mark.parametrize("axis", [None, 0, 1, -1])
    @pytest.mark.parametrize(
        "places",
        [0, -1, [1], [], [1, 0, 1], slice(None, None, 2), slice(0, 1), np.array([True, False])],
    )
    def test_delete_and_insert(self, places, axis):
        x = numbers(2, 2)
        if axis is None and isinstance(places, np.ndarray):
            places = np.array([True, False, True, False])
        expected = np.delete(x, places, axis)
        np.testing.assert_array_equal(np.delete(leaf(x), places, axis).data, expected)
        for values in (5.0, [[5.0, 6.0]] if axis is not None else [5.0], np.float32(7)):
            try:
                expected = np.insert(x, places, values, axis)
            except FutureWarning:
                return  # to older versions of NumPy, booleans are numbers here
            except ValueError:
                with pytest.raises(ValueError, match=r"shape|broadcast"):
                    np.insert(leaf(x), places, values, axis)
                continue
            y, pullback = tg.vjp(lambda x: np.insert(x, places, values, axis), x)  # noqa: B023
            np.testing.assert_array_equal(y, expected)
            np.testing.assert_array_equal(pullback(np.ones_like(y))[0], np.ones_like(x))

    def test_insert_casts_to_the_dtype_of_the_array(self):
        t = tg.Tensor(np.ones(2, np.float32), requires_grad=True)
        assert np.insert(t, 0, 1.0).dtype == np.float32
        assert np.insert(t, 0, leaf([1.0])).dtype == np.float32
        np.testing.assert_array_equal(np.insert([1, 2], 1, leaf([3.7])), [1, 3, 2])

    def test_places_may_be_tensors(self):
        t, i = leaf([1.0, 2.0, 3.0]), tg.tensor([0, 2])
        np.testing.assert_array_equal(np.delete(t, i).data, [2.0])
        np.testing.assert_array_equal(np.delete(t.data, i), [2.0])
        np.testing.assert_array_equal(np.insert(t, i, 0.0).data, [0.0, 1.0, 2.0, 0.0, 3.0])
        np.testing.assert_array_equal(np.array_split(t, i)[1].data, [1.0, 2.0])

    def test_trim_zeros(self):
        x = np.array([0.0, 1.0, 0.0, 2.0, 0.0])
        for trim in ("fb", "f", "b", "B"):
            np.testing.assert_array_equal(np.trim_zeros(leaf(x), trim).data, np.trim_zeros(x, trim))
        assert np.trim_zeros(leaf([0.0, 0.0])).shape == (0,)
        if np.lib.NumpyVersion(np.__version__) >= "2.2.0":
            m = np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
            several = [(0, 1), ()] if np.lib.NumpyVersion(np.__version__) >= "2.4.0" else []
            for axis in (None, 0, -1, *several):
                expected = np.trim_zeros(m, axis=axis)
                np.testing.assert_array_equal(np.trim_zeros(leaf(m), axis=axis).data, expected)
        with pytest.raises(ValueError, match="trim"):
            np.trim_zeros(leaf(x), "x")

    def test_functions_in_place_name_another(self):
        t = leaf([1.0, 2.0])
        for call, instead in [
            (lambda: np.put(t, 0, 1.0), r"tg\.set_at"),
            (lambda: np.put_along_axis(t, np.array([0]), 1.0, 0), r"tg\.set_at"),
            (lambda: np.place(t, [True, False], [1.0]), r"np\.where"),
            (lambda: np.putmask(t, [True, False], 1.0), r"np\.where"),
            (lambda: np.copyto(np.zeros(2), t), "assign"),
        ]:
            with pytest.raises(TypeError, match=instead):
                call()

    def test_indices_are_plain(self):
        t = leaf([0.0, 3.0, 1.0])
        np.testing.assert_array_equal(np.argsort(t), [0, 2, 1])
        np.testing.assert_array_equal(np.argpartition(t, 1)[0], 0)
        np.testing.assert_array_equal(np.lexsort((t,)), [0, 2, 1])
        np.testing.assert_array_equal(np.flatnonzero(t), [1, 2])
        np.testing.assert_array_equal(np.argwhere(t), [[1], [2]])
        np.testing.assert_array_equal(np.nonzero(t)[0], [1, 2])
        np.testing.assert_array_equal(np.isin(t, [3.0]), [False, True, False])


class TestSorting:
    def test_equal_elements_keep_their_order(self):
        t, weights = leaf([2.0, 1.0, 2.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        (np.sort(t) * weights).sum().backward()
        np.testing.assert_array_equal(t.grad, [3.0, 1.0, 4.0, 2.0, 5.0])

    @given(
        x=hnp.arrays(
            float,
            hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
            elements=st.sampled_from([0.0, 1.0, 2.0, np.nan]),
        ),
        data=st.data(),
    )
    def test_each_cotangent_goes_to_an_element_of_that_value(self, x, data):
        axis = data.draw(st.sampled_from([None, *range(-x.ndim, x.ndim)]))
        length = x.size if axis is None else x.shape[axis]
        kth = data.draw(st.integers(0, length - 1))
        for function in (
            lambda x: np.sort(x, axis),
            lambda x: np.sort(x, axis, kind="heapsort"),
            lambda x: np.partition(x, kth, axis),
        ):
            y, pullback = tg.vjp(function, x)
            np.testing.assert_array_equal(y, function(x))
            (gradient,) = pullback(np.arange(y.size, dtype=float).reshape(y.shape))
            pairs = sorted(zip(gradient.flat, x.flat, strict=True))
            np.testing.assert_array_equal([value for _, value in pairs], y.ravel())

    def test_equal_elements_keep_their_order_in_a_partition(self):
        x = np.array([1.0, 1.0, 0.0, 1.0])
        y, pullback = tg.vjp(lambda x: np.partition(x, 1), x)
        (gradient,) = pullback(np.arange(4.0))
        np.testing.assert_array_equal(y, [0.0, 1.0, 1.0, 1.0])
        np.testing.assert_array_equal(gradient, [1.0, 2.0, 0.0, 3.0])

    def test_refusals(self):
        t = leaf([1.0, 1.0])
        for function in (np.unique, np.unique_values, np.unique_counts):
            with pytest.raises(TypeError, match="equal elements"):
                function(t)
        with pytest.raises(TypeError, match="equal elements"):
            np.union1d(t, t)
        with pytest.raises(TypeError, match="complex"):
            np.sort_complex(t)
