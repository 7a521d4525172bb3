"""The flat buffer and the optimizers over it."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import tensorgrad as tg
from nn import SGD, FlatBuffer, Parameter


def parameters_of(*shapes, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [Parameter(rng.normal(size=shape).astype(dtype)) for shape in shapes]


class TestFlatBuffer:
    @given(st.lists(st.lists(st.integers(0, 4), max_size=3).map(tuple), min_size=1, max_size=5))
    def test_parameters_become_views_with_the_same_values(self, shapes):
        parameters = parameters_of(*shapes)
        before = [p.data.copy() for p in parameters]
        buffer = FlatBuffer(parameters)
        assert buffer.values.shape == (sum(array.size for array in before),)
        for parameter, array in zip(parameters, before, strict=True):
            np.testing.assert_array_equal(parameter.data, array)
            assert parameter.data.shape == array.shape
        buffer.values += 1
        for parameter, array in zip(parameters, before, strict=True):
            np.testing.assert_array_equal(parameter.data, array + 1)

    def test_the_users_array_is_not_written_to(self):
        mine = np.ones(3)
        buffer = FlatBuffer([Parameter(mine)])
        buffer.assign([4.0, 5.0, 6.0])
        np.testing.assert_array_equal(mine, np.ones(3))

    def test_a_second_buffer_over_the_same_parameters_shares_the_array(self):
        parameters = parameters_of((2, 3), (), (4,))
        first = FlatBuffer(parameters)
        views = [p.data for p in parameters]
        second = FlatBuffer(parameters)
        assert np.shares_memory(first.values, second.values)
        assert all(p.data is view for p, view in zip(parameters, views, strict=True))
        second.assign(np.arange(11.0))
        np.testing.assert_array_equal(first.values, np.arange(11.0))

    def test_a_run_of_neighbours_shares_the_array_too(self):
        parameters = parameters_of((2, 3), (3,), (4,))
        whole = FlatBuffer(parameters)
        part = FlatBuffer(parameters[1:])
        assert np.shares_memory(whole.values, part.values)
        part.assign(np.zeros(7))
        assert not whole.values[6:].any()
        assert whole.values[:6].all()

    def test_buffers_over_others_can_be_used_in_turn(self):
        parameters = parameters_of((2,), (3,), (2,))
        whole, ends = FlatBuffer(parameters), FlatBuffer([parameters[0], parameters[2]])
        for p in parameters:
            p.grad = np.ones_like(p.data)
        expected = [p.data - 2 for p in parameters]
        expected[1] += 1
        whole.subtract(whole.gradients())
        ends.subtract(ends.gradients())
        for parameter, values in zip(parameters, expected, strict=True):
            np.testing.assert_allclose(parameter.data, values)
        whole.subtract(whole.gradients())
        np.testing.assert_allclose(parameters[0].data, expected[0] - 1)

    def test_data_that_a_user_set_is_taken_in(self):
        (parameter,) = parameters_of((2,))
        buffer = FlatBuffer([parameter])
        parameter.data = np.array([7.0, 8.0])
        parameter.grad = np.array([1.0, 1.0])
        buffer.subtract(buffer.gradients())
        np.testing.assert_array_equal(parameter.data, [6.0, 7.0])
        assert np.shares_memory(parameter.data, buffer.values)
        parameter.data = np.zeros(3)
        with pytest.raises(ValueError, match="make a new optimizer"):
            buffer.gradients()

    def test_order_in_memory_does_not_matter(self):
        parameter = Parameter(np.asfortranarray(np.arange(6.0).reshape(2, 3)))
        buffer = FlatBuffer([parameter])
        np.testing.assert_array_equal(buffer.values, np.arange(6.0))
        parameter.grad = np.asfortranarray(np.arange(6.0).reshape(2, 3))
        np.testing.assert_array_equal(buffer.gradients(), np.arange(6.0))

    def test_gradients(self):
        parameters = parameters_of((2,), (1, 2), dtype=np.float32)
        buffer = FlatBuffer(parameters)
        np.testing.assert_array_equal(buffer.gradients(), np.zeros(4))
        parameters[1].grad = np.array([[1.0, 2.0]], np.float32)
        np.testing.assert_array_equal(buffer.gradients(), [0, 0, 1, 2])

    @pytest.mark.parametrize("size", [2, 40_000], ids=["in cache", "larger"])
    def test_descent(self, size):
        parameters = parameters_of((size,), (1, 2), dtype=np.float32)
        buffer = FlatBuffer(parameters)
        before = buffer.copy()
        parameters[1].grad = np.array([[1.0, 2.0]], np.float32)
        buffer.descend(np.array(3.0, np.float32))
        np.testing.assert_array_equal(before[:size], parameters[0].data)
        np.testing.assert_array_equal(before[size:] - np.float32([3, 6]), parameters[1].data[0])
        np.testing.assert_array_equal(parameters[1].grad, [[1, 2]])

    @pytest.mark.parametrize("size", [5, 40_000])
    @pytest.mark.parametrize("wrong", [np.ones(3), "text"])
    def test_a_gradient_that_does_not_fit_changes_nothing(self, size, wrong):
        parameters = parameters_of((size,), (2,))
        buffer = FlatBuffer(parameters)
        before = buffer.copy()
        parameters[0].grad, parameters[1].grad = np.ones(size), wrong
        with pytest.raises((ValueError, TypeError)):
            buffer.descend(np.array(0.1))
        np.testing.assert_array_equal(buffer.values, before)

    @pytest.mark.parametrize("size", [5, 40_000])
    @pytest.mark.parametrize("given", [2, [1.0, 3.0], np.float32([1, 3]), np.ones(1)])
    def test_whatever_can_be_a_gradient(self, size, given):
        parameters = parameters_of((size,), (2,))
        buffer = FlatBuffer(parameters)
        before = buffer.copy()
        parameters[0].grad, parameters[1].grad = np.ones(size), given
        buffer.descend(np.array(0.5))
        expected = np.append(np.ones(size), np.broadcast_to(given, 2))
        np.testing.assert_allclose(buffer.values, before - 0.5 * expected)

    @pytest.mark.parametrize("size", [5, 40_000])
    def test_gradients_that_are_values(self, size):
        parameters = parameters_of((size,), (size,))
        buffer = FlatBuffer(parameters)
        before = buffer.copy()
        parameters[0].grad, parameters[1].grad = parameters[1].data, parameters[0].data
        buffer.descend(np.array(0.5))
        np.testing.assert_allclose(buffer.values, before - 0.5 * np.roll(before, size))

    @pytest.mark.parametrize("size", [2, 40_000])
    def test_without_gradients_nothing_is_overwritten(self, size):
        (parameter,) = parameters_of((size,))
        buffer = FlatBuffer([parameter])
        loss = np.sum(parameter**2)
        buffer.descend(np.array(0.1))
        loss.backward()
        assert parameter.grad is not None

    def test_blocks_are_all_descended(self):
        (parameter,) = parameters_of((3, 50_000))
        buffer = FlatBuffer([parameter])
        before = buffer.copy()
        parameter.grad = np.asfortranarray(np.arange(150_000.0).reshape(3, -1))
        buffer.descend(np.array(2.0))
        np.testing.assert_array_equal(buffer.values, before - 2 * np.arange(150_000.0))

    def test_gradients_flow_after_packing(self):
        (parameter,) = parameters_of((2,))
        FlatBuffer([parameter])
        np.sum(parameter**2).backward()
        np.testing.assert_allclose(parameter.grad, 2 * parameter.data)

    def test_a_change_is_noticed_by_a_backward_pass(self):
        first, second = parameters_of((2,), (2,))
        buffer = FlatBuffer([first, second])
        for change in (lambda: buffer.assign(np.ones(4)), lambda: buffer.subtract(np.ones(4))):
            loss = np.sum(first**2)
            change()
            with pytest.raises(RuntimeError, match="overwritten"):
                loss.backward()

    def test_assign_checks_the_shape(self):
        buffer = FlatBuffer(parameters_of((2,)))
        with pytest.raises(ValueError, match=r"shape \(3,\), expected \(2,\)"):
            buffer.assign(np.ones(3))

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_copies_are_views_of_a_buffer_of_their_own(self, duplicate):
        model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=0))
        buffer = FlatBuffer(model.parameters())
        model_copy, buffer_copy = duplicate((model, buffer))
        np.testing.assert_array_equal(buffer.values, buffer_copy.values)
        buffer_copy.assign(np.zeros_like(buffer.values))
        assert not any(p.data.any() for p in model_copy.parameters())
        assert any(p.data.any() for p in model.parameters())

    def test_what_is_refused(self):
        with pytest.raises(ValueError, match="there are no parameters"):
            FlatBuffer([])
        with pytest.raises(TypeError, match="put it into a list"):
            FlatBuffer(Parameter([1.0]))
        with pytest.raises(TypeError, match="expected parameters, got ndarray"):
            FlatBuffer([np.ones(2)])
        with pytest.raises(ValueError, match="one floating dtype for all"):
            FlatBuffer([Parameter(np.ones(1, np.float32)), Parameter(np.ones(1))])
        with pytest.raises(ValueError, match="one floating dtype"):
            FlatBuffer([tg.tensor([1, 2])])
        with pytest.raises(ValueError, match="computed from others"):
            FlatBuffer([Parameter([1.0]) * 2])


class TestSGD:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_step(self, dtype):
        parameters = parameters_of((2, 3), (3,), (), dtype=dtype)
        before = [p.data.copy() for p in parameters]
        optimizer = SGD(parameters, learning_rate=0.1)
        for p in parameters:
            p.grad = np.full(p.shape, 2.0, dtype)
        optimizer.step()
        for p, old in zip(parameters, before, strict=True):
            assert p.dtype == dtype
            np.testing.assert_allclose(p.data, old - dtype(0.1) * dtype(2))

    def test_parameter_without_a_gradient_stays(self):
        first, second = parameters_of((2,), (2,))
        optimizer = SGD([first, second], learning_rate=0.5)
        old = second.data.copy()
        np.sum(first).backward()
        optimizer.step()
        np.testing.assert_array_equal(second.data, old)

    def test_zero_grad(self):
        (parameter,) = parameters_of((2,))
        optimizer = SGD([parameter], learning_rate=0.5)
        np.sum(parameter).backward()
        optimizer.zero_grad()
        assert parameter.grad is None

    def test_shared_parameter_moves_once(self):
        (parameter,) = parameters_of((2,))
        old = parameter.data.copy()
        optimizer = SGD([parameter, parameter], learning_rate=1.0)
        np.sum(parameter).backward()
        optimizer.step()
        np.testing.assert_allclose(parameter.data, old - 1)

    def test_finds_the_minimum(self):
        x = Parameter([5.0, -3.0])
        optimizer = SGD([x], learning_rate=0.1)
        for _ in range(200):
            optimizer.zero_grad()
            np.sum((x - np.array([1.0, 2.0])) ** 2).backward()
            optimizer.step()
        np.testing.assert_allclose(x.data, [1.0, 2.0])

    def test_learning_rate_can_be_changed(self):
        (parameter,) = parameters_of((2,))
        optimizer = SGD([parameter], learning_rate=1.0)
        assert optimizer.learning_rate == 1.0
        optimizer.learning_rate = np.float32(0.25)
        old = parameter.data.copy()
        parameter.grad = np.ones(2)
        optimizer.step()
        np.testing.assert_allclose(parameter.data, old - 0.25)
        assert repr(optimizer) == "SGD(2 parameters, learning_rate=0.25)"

    @pytest.mark.parametrize(
        "value", [0, -0.1, float("nan"), float("inf"), pytest.param(10**400, id="int")]
    )
    def test_learning_rate_out_of_range(self, value):
        (parameter,) = parameters_of((2,))
        data = parameter.data
        with pytest.raises(ValueError, match="learning_rate is"):
            SGD([parameter], learning_rate=value)
        assert parameter.data is data
        optimizer = SGD([parameter], learning_rate=0.5)
        with pytest.raises(ValueError, match="learning_rate is"):
            optimizer.learning_rate = value
        assert optimizer.learning_rate == 0.5

    @pytest.mark.parametrize("value", [1e39, 1e-50])
    def test_learning_rate_out_of_the_range_of_the_dtype(self, value):
        with pytest.raises(ValueError, match=r"which is (inf|0\.0) in float32"):
            SGD(parameters_of((2,), dtype=np.float32), learning_rate=value)
        assert SGD(parameters_of((2,)), learning_rate=value).learning_rate == value

    @pytest.mark.parametrize("value", ["0.1", None, True, [0.1]])
    def test_learning_rate_that_is_no_number(self, value):
        with pytest.raises(TypeError, match="learning_rate is"):
            SGD(parameters_of((2,)), learning_rate=value)

    def test_a_backward_pass_over_old_values_is_refused(self):
        (parameter,) = parameters_of((2,))
        optimizer = SGD([parameter], learning_rate=0.5)
        first, second = np.sum(parameter**2), np.sum(parameter**3)
        first.backward()
        optimizer.step()
        with pytest.raises(RuntimeError, match="overwritten by assign"):
            second.backward()
