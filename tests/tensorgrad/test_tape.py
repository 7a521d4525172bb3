"""The tape: order, memory, mutation, modes, threads."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import reachable


def leaf(values, dtype=np.float64):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


def matrices(*shapes, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def of_labels(logits):
    return tg.cross_entropy(logits, 2 * np.arange(len(logits)) % logits.shape[1])


def of_targets(logits):
    return tg.binary_cross_entropy_with_logits(
        logits, np.linspace(0, 1, logits.size).reshape(logits.shape)
    )


class TestPullbacks:
    """What `backward` calls in place of rules says the same, in new arrays of the right kind."""

    CALLS = (
        *((tg.affine, matrices((5, 3), (3, 2), bias)) for bias in [(2,), (1, 2), (5, 2), (5, 1)]),
        *((tg.affine, matrices((5, 3), (3, 2), bias)) for bias in [(1,), ()]),
        (tg.affine, matrices((0, 3), (3, 2), (2,))),
        (tg.affine, matrices((5, 3), (3, 2), (2,), dtype=np.float32)),
        (of_targets, matrices((4, 1))),
        (of_targets, matrices((2, 90), dtype=np.float32)),
        (of_targets, [np.array([[-1e4], [0.0], [1e4]])]),
        (of_labels, matrices((5, 3))),
        (of_labels, matrices((200, 64), dtype=np.float32)),
        (of_labels, [np.array([[0.0, -np.inf, 1e30], [3.0, 1e4, -1e4]])]),
        *((f, matrices((3, 2))) for f in (np.tanh, tg.sigmoid, tg.relu, tg.softplus)),
        *((f, matrices((3,), dtype=np.float16)) for f in (np.tanh, tg.sigmoid, tg.relu)),
    )

    @pytest.mark.parametrize(("function", "arrays"), CALLS)
    def test_agree_with_the_rules(self, function, arrays):
        tensors = [leaf(array, array.dtype) for array in arrays]
        result = function(*tensors)
        assert result.node.pullback is not None
        g = np.asarray(np.random.default_rng(1).normal(size=result.shape)).astype(result.dtype)
        result.backward(g)
        pulled_back = tg.vjp(function, *arrays)[1](g)
        for tensor, expected in zip(tensors, pulled_back, strict=True):
            assert tensor.grad.shape == expected.shape
            assert tensor.grad.dtype == expected.dtype
            tolerance = 100 * np.finfo(expected.dtype).eps
            np.testing.assert_allclose(tensor.grad, expected, tolerance, tolerance)

    @pytest.mark.parametrize(("function", "arrays"), CALLS)
    def test_give_what_is_needed_in_arrays_of_their_own(self, function, arrays):
        for wanted in range(len(arrays)):
            tensors = [
                leaf(array, array.dtype) if i == wanted else tg.tensor(array, dtype=array.dtype)
                for i, array in enumerate(arrays)
            ]
            result = function(*tensors)
            g = np.ones(result.shape, result.dtype)
            result.backward(g)
            gradient = tensors[wanted].grad
            assert gradient.flags.owndata
            assert all(not np.shares_memory(gradient, array) for array in (g, result.data, *arrays))


class TestBackward:
    @pytest.mark.parametrize("loss", [of_labels, of_targets, np.sum])
    def test_a_rule_may_compute_with_a_constant_tensor(self, loss):
        constant = tg.tensor(2.0)
        double = tg.derivative(lambda x: 2 * x, lambda g, y, x: g * constant)
        outer = tg.derivative(lambda x: 2 * x, lambda g, y, x: constant * g)
        x = leaf(np.ones((3, 2)))
        outer(loss(double(x))).backward()
        assert type(x.grad) is np.ndarray
        y = leaf(2 * np.ones((3, 2)))
        loss(y).backward()
        np.testing.assert_allclose(x.grad, 4 * y.grad)

    def test_a_shared_operand_gets_the_sum(self):
        x = leaf([1.0, 2.0])
        (x * x + x).sum().backward()
        np.testing.assert_array_equal(x.grad, [3.0, 5.0])

    def test_gradients_add_up_until_they_are_forgotten(self):
        x = leaf(3.0)
        y = x * x
        y.backward()
        y.backward()
        assert x.grad == 12.0
        x.zero_grad()
        assert x.grad is None

    def test_intermediate_results_keep_no_gradient(self):
        x = leaf(3.0)
        y = x * x
        (y * 2).backward()
        assert y.grad is None

    def test_a_constant_operand_costs_nothing(self):
        calls = []
        spy = tg.derivative(
            lambda a, b: a * b,
            lambda g, y, a, b: calls.append("a") or g * b,
            lambda g, y, a, b: calls.append("b") or g * a,
        )
        spy(np.ones(2), leaf([1.0, 2.0])).sum().backward()
        assert calls == ["b"]

    def test_a_cotangent_is_accepted_in_any_dtype(self):
        x = leaf([1.0, 2.0], np.float32)
        (x * 2).backward([1, 10])
        np.testing.assert_array_equal(x.grad, np.array([2, 20], np.float32))
        assert x.grad.dtype == np.float32

    def test_a_non_scalar_needs_a_cotangent(self):
        with pytest.raises(RuntimeError, match=r"shape \(2,\) needs a cotangent"):
            (leaf([1.0, 2.0]) * 2).backward()

    def test_a_cotangent_of_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
            (leaf([1.0, 2.0]) * 2).backward(np.ones(3))

    def test_without_a_graph(self):
        with pytest.raises(RuntimeError, match="no graph"):
            tg.tensor(1.0).backward()

    def test_gradients_are_the_users_to_change(self):
        x, z = leaf([1.0, 2.0]), leaf([1.0, 2.0])
        cotangent = np.ones(2)
        (x + z).backward(cotangent)
        x.grad *= 0
        np.testing.assert_array_equal(z.grad, [1, 1])
        np.testing.assert_array_equal(cotangent, [1, 1])
        total = leaf(np.ones((2, 2)))
        total.sum().backward()
        total.grad[0, 0] = 5  # not a read-only broadcast

    def test_no_two_gradients_share_memory(self):
        x, z = leaf([1.0, 2.0]), leaf([3.0, 4.0])
        ((x + z) * 2).sum().backward()  # one new array, handed on to both
        x.grad *= 10
        np.testing.assert_array_equal(z.grad, [2, 2])

    def test_gradients_are_arrays_whatever_the_operands_were(self):
        class Column:
            """Computes like an array, and is none, as a column of a data frame."""

            def __init__(self, values):
                self.values = values

            def __array__(self, dtype=None, copy=None):
                return np.array(self.values, dtype)

            def __array_ufunc__(self, ufunc, method, *args):
                plain = [a.values if isinstance(a, Column) else a for a in args]
                return Column(getattr(ufunc, method)(*plain))

        x = leaf([1.0, 2.0])
        y = tg.apply(np.multiply, x, Column(np.array([3.0, 4.0])))
        y.sum().backward()
        assert type(y.data) is type(x.grad) is np.ndarray
        np.testing.assert_array_equal(x.grad, [3, 4])

    def test_a_long_chain_needs_no_recursion(self):
        x = leaf(1.0)
        y = x
        gc.disable()  # the collector would walk the growing chain over and over
        try:
            for _ in range(200_000):
                y = -y
            y.backward()
            assert x.grad == 1.0
            last = weakref.ref(y)
            del y
            assert last() is None
        finally:
            gc.enable()

    def test_order_is_by_number(self):
        x = leaf(1.0)
        y = x * 2
        z = y + x
        numbers = [node.number for node in reachable([(z * y).node])]
        assert numbers == sorted(numbers, reverse=True)
        assert len(numbers) == 3

    @pytest.mark.parametrize(
        ("rule", "error"),
        [
            (lambda g, y, x: 2.0, AttributeError),
            (lambda g, y, x: np.ones(3), ValueError),
            (lambda g, y: g, TypeError),
            (lambda g, y, x: 1j * g, TypeError),
        ],
    )
    def test_the_operation_whose_rule_fails_is_named(self, rule, error):
        def double(x):
            return 2 * x

        y = tg.derivative(double, rule)(leaf([1.0, 2.0]))
        with pytest.raises(error) as raised:
            y.sum().backward()
        (note,) = raised.value.__notes__
        assert "double of float64 (2,)" in note


class TestMemory:
    def test_no_cycles_are_left_behind(self):
        gc.collect()
        gc.disable()
        try:
            w = leaf(np.ones(3))
            for _ in range(10):
                loss = (np.tanh(w * leaf(np.ones(3))) ** 2).sum()
                loss.backward()
                tg.grad(lambda x: (x * w).sum())(np.ones(3))
                tg.hessian(lambda x: (x**3).sum())(np.ones(2))
                tg.jvp(np.tanh, [np.ones(2)], [np.ones(2)])
                tg.vjp(np.tanh, np.ones(2))[1](np.ones(2))
                tg.grad(tg.checkpoint(lambda x: (x * w).sum()))(np.ones(3)).sum().backward()
                del loss
            assert gc.collect() < 10
        finally:
            gc.enable()

    def test_many_steps_leave_memory_flat(self):
        w = leaf(np.ones(50))

        def steps(count):
            for _ in range(count):
                w.grad = None
                (np.tanh(w) ** 2).sum().backward()
                w.assign(w.data - 0.1 * w.grad)

        steps(50)
        tracemalloc.start()
        try:
            steps(50)
            before = tracemalloc.get_traced_memory()[0]
            steps(2000)
            after = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert after - before < 5_000  # bytes; a leak of one number a step would be more

    def test_checkpoints_bound_the_memory(self):
        def block(x):
            for _ in range(20):
                x = np.tanh(x + 0.1)
            return x

        def peak(block):
            x = leaf(np.zeros(10_000))
            tracemalloc.start()
            y = x
            for _ in range(10):
                y = block(y)
            y.sum().backward()
            top = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return top

        everything, checkpointed = peak(block), peak(tg.checkpoint(block))
        # 400 arrays, against 10 inputs and the 40 arrays of one block.
        assert checkpointed < everything / 5


class TestMutation:
    def test_an_overwritten_operand_is_caught(self):
        x = leaf([1.0, 2.0])
        y = (x * x).sum()
        x.assign([5.0, 6.0])
        with pytest.raises(RuntimeError, match=r"np\.multiply.*shape \(2,\).*overwritten"):
            y.backward()
        assert x.grad is None

    def test_through_a_view(self):
        x = tg.tensor(np.ones((2, 3)))
        w = leaf(np.ones(2))
        y = (x.T * w).sum()
        x.assign(np.zeros((2, 3)))
        with pytest.raises(RuntimeError, match="overwritten"):
            y.backward()

    def test_an_overwritten_result_is_caught(self):
        x = leaf([1.0, 2.0])
        y = np.exp(x)
        z = y.sum()
        y.detach().assign([0.0, 0.0])
        with pytest.raises(RuntimeError, match="overwritten"):
            z.backward()

    @pytest.mark.parametrize(
        "windows",
        [
            lambda x: np.lib.stride_tricks.sliding_window_view(x, 2),
            lambda x: np.broadcast_to(x, (2, 3))[:, :2],
            lambda x: x[None, 1:][:, ::-1].T,
        ],
    )
    def test_through_a_view_of_a_view(self, windows):
        x, w = tg.tensor([1.0, 2.0, 3.0]), leaf(2.0)
        y = (windows(x) * w).sum()
        x.assign([0.0, 0.0, 0.0])
        with pytest.raises(RuntimeError, match="overwritten"):
            y.backward()

    def test_an_overwritten_index_is_caught(self):
        x, rows = leaf(np.ones((2, 2))), tg.tensor([0, 1])
        y = x[rows, 0].sum()
        rows.assign([1, 1])
        with pytest.raises(RuntimeError, match=r"getitem.*overwritten"):
            y.backward()

    def test_one_of_several_results_is_caught_though_only_another_was_used(self):
        values, vectors = np.linalg.eigh(leaf([[2.0, 1.0], [1.0, 3.0]]))
        loss = values.sum()
        vectors.detach().assign(np.zeros((2, 2)))
        with pytest.raises(RuntimeError, match="overwritten"):
            loss.backward()

    def test_overwriting_before_recording_is_fine(self):
        x = leaf([1.0, 2.0])
        x.assign([3.0, 4.0])
        (x * x).sum().backward()
        np.testing.assert_array_equal(x.grad, [6.0, 8.0])

    def test_the_pullback_notices_too(self):
        x = tg.tensor([1.0, 2.0])
        _, pullback = tg.vjp(lambda v: v * x, np.ones(2))
        x.assign([0.0, 0.0])
        with pytest.raises(RuntimeError, match="overwritten"):
            pullback(np.ones(2))

    def test_assign_leaves_the_tensor_alone_when_it_fails(self):
        x = leaf([1.0, 2.0])
        for value, error in [
            ([1.0], ValueError),
            (x * 2, TypeError),
            (np.array([1j, 2j]), TypeError),
            (["a", "b"], TypeError),
        ]:
            with pytest.raises(error):
                x.assign(value)
            np.testing.assert_array_equal(x.data, [1.0, 2.0])

    def test_an_overwritten_intermediate_result_becomes_a_constant(self):
        x = leaf(2.0)
        y = x * 3
        y.assign(7.0)
        assert not y.requires_grad
        (x * y).backward()
        assert x.grad == 7.0

    def test_elements_cannot_be_assigned(self):
        with pytest.raises(TypeError, match="element by element"):
            leaf([1.0, 2.0])[0] = 3.0

    def test_output_arguments_are_refused(self):
        with pytest.raises(TypeError, match="out="):
            np.add(leaf([1.0]), 1.0, out=np.zeros(1))
        array = np.zeros(1)
        with pytest.raises(TypeError, match="out="):
            array += leaf([1.0])


class TestAnomalies:
    def test_the_operation_and_the_line_are_named(self):
        x = leaf([-1.0, 1.0])
        with (
            np.errstate(invalid="ignore"),
            tg.detect_anomaly(),
            pytest.raises(FloatingPointError, match=r"np\.log of float64 \(2,\) gave NaN.*np\.log"),
        ):
            np.log(x)

    def test_a_nan_that_comes_from_outside(self):
        x = leaf([1.0, 2.0])
        with np.errstate(invalid="ignore"), tg.detect_anomaly():
            constant = np.log(tg.tensor([-1.0, 1.0]))
            with pytest.raises(FloatingPointError, match=r"np\.multiply got NaN in its operand"):
                x * constant

    def test_in_the_backward_pass(self):
        x = leaf([0.0, 1.0])
        with np.errstate(divide="ignore"), tg.detect_anomaly():
            y = np.sqrt(x).sum()
            with pytest.raises(FloatingPointError, match=r"np\.sqrt gave infinity.*np\.sqrt\(x\)"):
                y.backward()
        assert x.grad is None

    def test_where_cotangents_are_added_up(self):
        x = tg.tensor(np.full(2, 1e-9, np.float32), requires_grad=True)
        with np.errstate(over="ignore"), tg.detect_anomaly():
            y = x * np.float32(3e38) + x * np.float32(2e38)
            with pytest.raises(FloatingPointError, match=r"np\.multiply gave infinity"):
                y.backward([1.0, 1.0])

    def test_an_infinity_that_was_there_before_is_no_anomaly(self):
        x = leaf([1.0, 2.0])
        with tg.detect_anomaly():
            masked = np.where([True, False], x, -np.inf)
            tg.softmax(masked).sum().backward()
        assert np.isfinite(x.grad).all()

    def test_off_by_default(self):
        x = leaf([-1.0])
        with np.errstate(invalid="ignore"):
            assert np.isnan(np.log(x).data).all()
