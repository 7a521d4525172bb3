"""tg.tensor and tg.array."""

import numpy as np
import pytest
from duck_array import DuckArray

import tensorgrad as tg


def leaf(values, dtype=np.float64):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


class TestTensor:
    @pytest.mark.parametrize(
        ("data", "dtype"),
        [(1.5, float), ([1, 2], int), ([True], bool), (np.float32(1), np.float32), ([], float)],
    )
    def test_dtype_is_numpys(self, data, dtype):
        assert tg.tensor(data).dtype == dtype

    def test_dtype_can_be_chosen(self):
        assert tg.tensor([1, 2], np.float32).dtype == np.float32
        assert tg.tensor(np.ones(2), dtype="f4", requires_grad=True).requires_grad

    def test_data_are_copied(self):
        array = np.ones(2)
        tensor = tg.tensor(array)
        array[0] = 5.0
        assert tensor.data[0] == 1.0

    def test_a_tensor_in_a_graph_is_not_cut_from_it(self):
        with pytest.raises(TypeError, match="cut it from the graph"):
            tg.tensor(leaf([1.0]))
        assert not tg.tensor(leaf([1.0]).detach()).requires_grad


class TestArray:
    def test_gradients_flow_into_every_place(self):
        a, b = leaf(2.0), leaf([3.0, 4.0])
        weights = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        built = tg.array([[a, a * a], b, (0.0, a)])
        np.testing.assert_array_equal(built.data, [[2.0, 4.0], [3.0, 4.0], [0.0, 2.0]])
        (built * weights).sum().backward()
        assert a.grad == 1.0 + 2.0 * 2 * 2.0 + 6.0
        np.testing.assert_array_equal(b.grad, [3.0, 4.0])

    def test_any_order(self):
        tg.check_grads(lambda a, b: tg.array([[a, 1.0], [b, a * b]]), 2.0, 3.0)

    def test_python_numbers_take_on_the_dtype_of_the_rest(self):
        t = leaf(1.0, np.float32)
        assert tg.array([t, 1.0, 2, True]).dtype == np.float32
        assert tg.array([np.float32(1), 2.0]).dtype == np.float32
        assert tg.array([t, np.float64(1)]).dtype == np.float64
        assert tg.array([t, np.ones((), int)]).dtype == np.float64
        assert tg.array([1, 2.0]).dtype == np.float64
        assert tg.array([1, True]).dtype == np.int64
        assert tg.array([]).dtype == np.float64

    def test_dtype_can_be_chosen(self):
        a = leaf(1.0)
        built = tg.array([a, 2.0], dtype=np.float32)
        assert built.dtype == np.float32
        built.sum().backward()
        assert a.grad.dtype == np.float64

    def test_integers(self):
        built = tg.array([leaf(1.0), 2], dtype=int)
        assert isinstance(built, tg.Tensor)
        np.testing.assert_array_equal(built.data, [1, 2])
        assert not built.requires_grad

    def test_always_a_copy(self):
        t, array = leaf([1.0]), np.ones(2)
        assert not np.shares_memory(tg.array(t).data, t.data)
        assert not np.shares_memory(tg.array(array).data, array)

    def test_arrays_of_other_libraries_stay(self):
        assert isinstance(tg.array(DuckArray([1.0])).data, DuckArray)
        assert isinstance(tg.array([tg.Tensor(DuckArray(1.0)), 2.0]).data, DuckArray)

    @pytest.mark.parametrize(
        "ragged", [[[1.0], [1.0, 2.0]], [1.0, [1.0]], [[leaf(1.0)], [1.0, 2.0]], [[leaf(1.0)], 1.0]]
    )
    def test_ragged_lists(self, ragged):
        with pytest.raises(ValueError, match="shape"):
            tg.array(ragged)

    @pytest.mark.parametrize("part", [1j, "a", None, np.complex64(1), object()])
    def test_what_is_no_real_number(self, part):
        for nested in (part, [part], [leaf(1.0), part]):
            with pytest.raises(TypeError, match="real"):
                tg.array(nested)
