"""What happens at the door: what is recorded, what is refused, and what the errors say."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

import tensorgrad as tg


def leaf(values, dtype=np.float64):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


class TestRefusals:
    def test_a_function_without_an_entry_is_named(self):
        def unheard_of(x):
            return x

        with pytest.raises(TypeError, match=r"unheard_of has no derivative rule.*tg\.derivative"):
            tg.apply(unheard_of, leaf(1.0))

    def test_errors_keep_numpys_message_and_type(self):
        with pytest.raises(
            ValueError,
            match=r"np\.matmul of float64 \(2, 3\), float32 \(2,\): .*"
            "mismatch in its core dimension",
        ):
            leaf(np.ones((2, 3))) @ leaf(np.ones(2), np.float32)
        with pytest.raises(IndexError, match=r"getitem of float64 \(2,\), 5: index 5 is out"):
            leaf([1.0, 2.0])[5]
        with pytest.raises(ValueError, match=r"np\.add of float64 \(2,\), float64 \(3,\): oper"):
            leaf([1.0, 2.0]) + np.ones(3)
        with pytest.raises(np.exceptions.AxisError, match=r"np\.sum of float64 \(2,\)"):
            leaf([1.0, 2.0]).sum(axis=4)

    @pytest.mark.parametrize(
        "convert",
        [
            np.asarray,
            np.array,
            float,
            int,
            math.sin,
            lambda t: np.array([t, 1.0]),
            tg.tensor,
            tg.Tensor,
        ],
    )
    def test_a_tensor_is_never_cut_from_its_graph_unnoticed(self, convert):
        with pytest.raises(TypeError, match="cut it from the graph"):
            convert(leaf(1.0))

    def test_constants_may_be_converted(self):
        t = tg.tensor([1.0, 2.0])
        np.testing.assert_array_equal(np.asarray(t), [1.0, 2.0])
        assert float(tg.tensor(1.5)) == 1.5
        assert int(tg.tensor(3)) == 3
        np.testing.assert_array_equal(leaf([1.0, 2.0]).detach().numpy(), [1.0, 2.0])

    def test_complex_numbers(self):
        for make in (tg.tensor, tg.Tensor):
            with pytest.raises(TypeError, match="complex input"):
                make(np.array([1j]))
        with pytest.raises(TypeError, match=r"np\.multiply gave complex numbers"):
            leaf(1.0) * 1j

    @pytest.mark.parametrize("data", [["a"], [None], [{}], np.array(["2020"], "datetime64")])
    def test_what_is_no_number(self, data):
        with pytest.raises(TypeError, match="real numbers"):
            tg.tensor(data)

    def test_integers_require_no_gradient(self):
        with pytest.raises(TypeError, match="only floating-point tensors"):
            tg.tensor([1, 2], requires_grad=True)
        with pytest.raises(TypeError, match="only floating-point tensors"):
            tg.tensor([1, 2]).requires_grad = True

    def test_requires_grad_is_set_on_leaves_only(self):
        y = leaf(1.0) * 2
        with pytest.raises(RuntimeError, match="leaves only"):
            y.requires_grad = False
        x = leaf(1.0)
        x.requires_grad = False
        assert not (x * 2).requires_grad

    def test_ufunc_keywords_that_no_rule_knows(self):
        with pytest.raises(TypeError, match=r"np\.add on a tensor does not take where"):
            np.add(leaf([1.0]), 1.0, where=[True])
        assert np.add(leaf([1.0]), 1.0, dtype=np.float32).dtype == np.float32


class TestResults:
    def test_comparisons_are_plain(self):
        t = leaf([1.0, 3.0])
        for result in (t > 2, t == 3, t <= 2, np.isnan(t), t != np.array([1.0, 3.0])):
            assert type(result) is np.ndarray
            assert result.dtype == bool

    def test_integers_are_plain(self):
        assert type(leaf([1.0]).astype(int)) is np.ndarray
        assert type(np.argmax(leaf([1.0, 2.0]))) is np.int64

    def test_steps_are_constants(self):
        result = np.floor(leaf([1.5]))
        assert isinstance(result, tg.Tensor)
        assert not result.requires_grad

    def test_nothing_is_recorded_of_constants(self):
        assert not (tg.tensor(1.0) * 2).requires_grad

    def test_python_scalars_keep_the_dtype(self):
        t = leaf([1.0, 2.0], np.float32)
        for result in (t * 2.0, 2 + t, t**2, 1 / t, np.maximum(t, 0.5), np.where(t > 1, t, 0.0)):
            assert result.dtype == np.float32

    def test_mixed_dtypes_are_promoted_and_cotangents_cast_back(self):
        a, b = leaf([1.0], np.float32), leaf([2.0])
        y = (a * b).sum()
        assert y.dtype == np.float64
        y.backward()
        assert a.grad.dtype == np.float32
        assert b.grad.dtype == np.float64

    def test_tensors_by_keyword(self):
        x, low = leaf([0.0, 2.0]), leaf(1.0)
        np.clip(x, a_min=low, a_max=None).sum().backward()
        assert low.grad == 1.0
        np.testing.assert_array_equal(np.sum(a=leaf([1.0, 2.0])).data, 3.0)

    def test_data_is_always_an_array(self):
        for t in (leaf([1.0, 2.0]).sum(), leaf(1.0) * 2, leaf([1.0])[0]):
            assert type(t.data) is np.ndarray


class TestObject:
    def test_repr(self):
        assert repr(leaf([1.0, 2.0])) == "Tensor([1., 2.], requires_grad=True)"
        assert repr(tg.tensor(1, np.float32)) == "Tensor(1., dtype=float32)"
        assert repr(leaf(1.0) * 2) == "Tensor(2., from=np.multiply)"
        assert f"{leaf(1.0) * 2:.3f}" == "2.000"

    def test_truth_and_items(self):
        assert leaf(1.0)
        assert not leaf(0.0)
        assert (leaf(2.0) * 2).item() == 4.0
        with pytest.raises(ValueError, match="ambiguous"):
            bool(leaf([1.0, 2.0]))

    def test_hash_is_by_identity(self):
        a, b = leaf(1.0), leaf(1.0)
        assert len({a, b, a}) == 2

    @pytest.mark.parametrize(
        "duplicate", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
    )
    def test_copies_of_leaves(self, duplicate):
        t = leaf([1.0, 2.0])
        (t * t).sum().backward()
        other = duplicate(t)
        assert other.requires_grad
        np.testing.assert_array_equal(other.data, t.data)
        np.testing.assert_array_equal(other.grad, t.grad)
        (other * 3).sum().backward()
        np.testing.assert_array_equal(t.grad, [2.0, 4.0])

    def test_results_cannot_be_pickled(self):
        with pytest.raises(TypeError, match="detach"):
            pickle.dumps(leaf(1.0) * 2)

    def test_tensor_copies_and_the_class_shares(self):
        array = np.ones(2)
        assert not np.shares_memory(tg.tensor(array).data, array)
        assert np.shares_memory(tg.Tensor(array).data, array)


class TestCustomFunctions:
    def test_forward_code_may_be_arbitrary(self):
        def root(a):
            """The real root of x^3 + x = a, by Newton's method in plain Python."""
            x = np.zeros_like(a)
            for _ in range(50):
                x = x - (x**3 + x - a) / (3 * x**2 + 1)
            return x

        root = tg.derivative(root, lambda g, y, a: g / (3 * y**2 + 1))
        tg.check_grads(root, np.array([0.5, -2.0, 10.0]), order=3)
        assert type(root(np.array(2.0))) in (np.ndarray, np.float64)

    def test_decorator(self):
        @tg.derivative(rules=[lambda g, y, a, n: g * n * a ** (n - 1), None])
        def raised(a, n):
            """a to the n."""
            return np.power(a, n)

        assert raised.__name__ == "raised"
        tg.check_grads(lambda a: raised(a, 3), np.array([1.0, 2.0]))
        with pytest.raises(TypeError, match="no derivative"):
            tg.grad(raised, argnums=1)(2.0, 3.0)

    def test_any_number_of_operands(self):
        total = tg.derivative(lambda *xs: sum(xs), each=lambda i, g, y, *xs: g)
        assert tg.grad(total, argnums=(0, 2))(1.0, 2.0, 3.0) == (1.0, 1.0)

    def test_operands_beyond_the_rules_are_refused(self):
        f = tg.derivative(lambda a, b: a * b, lambda g, y, a, b: g * b)
        assert tg.grad(f)(2.0, 3.0) == 3.0
        with pytest.raises(TypeError, match="operand 1"):
            tg.grad(f, argnums=1)(2.0, 3.0)

    def test_several_results(self):
        @tg.derivative(
            rules=[
                lambda g, y, x: (
                    (0 if g[0] is None else g[0] * y[1]) + (0 if g[1] is None else -g[1] * y[0])
                )
            ]
        )
        def circle(x):
            return np.sin(x), np.cos(x)

        tg.check_grads(circle, np.array([0.3, 1.0]), order=3)
        assert tg.grad(lambda x: circle(x)[1])(0.3) == -np.sin(0.3)

    def test_what_is_no_rule(self):
        with pytest.raises(TypeError, match="function"):
            tg.derivative(3, lambda g, y, x: g)
        with pytest.raises(TypeError, match="rule"):
            tg.derivative(lambda x: x, 3)
        with pytest.raises(ValueError, match="one rule per operand"):
            tg.derivative(lambda x: x)
        with pytest.raises(ValueError, match="one rule per operand"):
            tg.derivative(lambda x: x, lambda g, y, x: g, each=lambda i, g, y, x: g)


class TestCheckGrads:
    def test_a_wrong_first_derivative_is_located(self):
        wrong = tg.derivative(lambda x: x**2, lambda g, y, x: g * np.array([2.0, 3.0]) * x)
        with pytest.raises(AssertionError, match=r"order 1 .*element \(1,\) of argument 0"):
            tg.check_grads(wrong, np.array([1.0, 2.0]))

    def test_a_wrong_second_derivative_is_found(self):
        wrong = tg.derivative(lambda x: x**3, lambda g, y, x: g * 3 * tg.stop_gradient(x) ** 2)
        tg.check_grads(wrong, 2.0, order=1)
        with pytest.raises(AssertionError, match="order 2"):
            tg.check_grads(wrong, 2.0, order=2)

    def test_a_rule_that_is_not_linear_is_found(self):
        crooked = tg.derivative(
            lambda x: x * 1.0, lambda g, y, x: np.abs(g) * tg.stop_gradient(np.sign(g))
        )
        with pytest.raises(AssertionError, match="linear"):
            tg.check_grads(crooked, 2.0, order=1)

    def test_nested_arguments_and_fixed_integers(self):
        tg.check_grads(lambda p, k: p["a"] ** k * p["b"][0], {"a": 2.0, "b": [3.0]}, 3)

    def test_nothing_to_differentiate(self):
        with pytest.raises(ValueError, match="floating-point"):
            tg.check_grads(lambda x: x, 3)
        with pytest.raises(ValueError, match="order"):
            tg.check_grads(np.sin, 1.0, order=0)


def test_the_core_imports_numpy_alone():
    """Everything else in sys.modules is NumPy's, the standard library's, or ours."""
    code = (
        "import sys, numpy; before = set(sys.modules); import tensorgrad;"
        "print(*{m.split('.')[0] for m in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(out.stdout.split()) <= {"tensorgrad", "numpy"}


class TestNothingIsCutSilently:
    def test_a_rule_knows_of_no_tensor_but_its_operands(self):
        x, w = tg.tensor([1.0, 1.0], requires_grad=True), tg.tensor([2.0, 3.0], requires_grad=True)
        closed_over = tg.derivative(lambda x: x * w, lambda g, y, x: g * w.data)
        in_a_list = tg.derivative(lambda x, ws: x * ws[0], lambda g, y, x, ws: g * ws[0].data, None)
        for call in (
            lambda: closed_over(x),
            lambda: closed_over(x.detach()),
            lambda: in_a_list(x, [w]),
        ):
            with pytest.raises(TypeError, match="other tensors"):
                call()
        with tg.no_grad():
            assert type(closed_over(x).data) is np.ndarray

    def test_a_rule_closes_over_no_tensor_that_requires_a_gradient(self):
        w, x = leaf(2.0), leaf(3.0)
        twice = tg.derivative(lambda x: 2 * x, lambda g, y, x: g * w)
        for call in (lambda: tg.grad(twice)(3.0), lambda: twice(x).backward()):
            with pytest.raises(TypeError, match="rule computed with a tensor from outside"):
                call()
        assert x.grad is None
        tg.jvp(twice, [3.0], [5.0])[1].backward()
        assert w.grad == 5.0
        constant = tg.tensor(2.0)
        twice = tg.derivative(lambda x: 2 * x, lambda g, y, x: g * constant)
        assert type(tg.grad(twice)(3.0)) is np.ndarray
        twice(x).backward()
        assert type(x.grad) is np.ndarray

    @pytest.mark.parametrize(
        "array",
        [np.ones((2, 2)).view(np.matrix), np.ma.masked_array([3.0, 4.0], [True, False])],
    )
    def test_matrices_and_masked_arrays_are_refused(self, array):
        with pytest.raises(TypeError, match="kind of ndarray"):
            tg.tensor([1.0, 2.0]) * array
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        for call in (
            lambda: tg.Tensor(array),
            lambda: x * array,
            lambda: tg.grad(np.sum)(array),
        ):
            with pytest.raises(TypeError, match="kind of ndarray"):
                call()

    @pytest.mark.parametrize("operand", [np.array([2, 3], object), np.timedelta64(3, "s")])
    def test_results_that_are_no_numbers_are_refused(self, operand):
        x = tg.tensor([1.0, 2.0], requires_grad=True)
        with pytest.raises(TypeError, match="derivatives would be lost"):
            x * operand
