"""What the cases cannot say of functions that choose, or call functions: ties, misuse, corners."""

import numpy as np
import pytest

import tensorgrad as tg


def gradients(function, *operands):
    """The gradient of the sum of the results, with respect to each operand."""
    value, pullback = tg.vjp(function, *[np.asarray(operand, float) for operand in operands])
    return [cotangent.tolist() for cotangent in pullback(np.ones_like(value))]


def leaf(values, dtype=float):
    return tg.tensor(np.array(values, dtype), requires_grad=True)


class TestTies:
    @pytest.mark.parametrize("function", [np.maximum, np.minimum, np.fmax, np.fmin])
    def test_operands_that_tie_share(self, function):
        assert gradients(function, [1.0, 0.0], [1.0, -0.0]) == [[0.5, 0.5], [0.5, 0.5]]

    @pytest.mark.parametrize("function", [np.fmax, np.fmin])
    def test_not_a_number_gets_nothing(self, function):
        assert gradients(function, [np.nan, 1.0], [2.0, np.nan]) == [[0, 1], [1, 0]]

    def test_a_value_on_a_bound_shares_with_it(self):
        assert gradients(np.clip, [0.0, 1.0, 0.5, 2.0], 0.0, 1.0) == [[0.5, 0.5, 1, 0], 0.5, 1.5]

    def test_what_was_not_chosen_may_be_infinite(self):
        """The root has an infinite slope at 0, which clipping away must not turn into nan."""
        with np.errstate(divide="ignore"):
            assert gradients(lambda x: np.sqrt(np.maximum(x, 0)), [-1.0, 4.0]) == [[0, 0.25]]

    def test_heaviside_takes_its_threshold_at_zero_alone(self):
        assert gradients(np.heaviside, [-1.0, 0.0, 1.0], 0.3) == [[0, 0, 0], 1]


class TestWhere:
    def test_a_condition_alone_gives_indices(self):
        (places,) = np.where(leaf([0.0, 2.0, 0.0, 3.0]))
        assert type(places) is np.ndarray
        assert places.tolist() == [1, 3]

    def test_a_tensor_as_condition_has_derivative_zero(self):
        assert gradients(np.where, [0.0, 2.0], [1.0, 1.0], [1.0, 1.0]) == [[0, 0], [0, 1], [1, 0]]


class TestClip:
    @pytest.mark.parametrize(
        "clip",
        [
            lambda x: np.clip(x, 0, 1),
            lambda x: np.clip(x, a_min=0, a_max=1),
            lambda x: np.clip(x, 0, a_max=1, out=None),
            pytest.param(
                lambda x: np.clip(x, min=0, max=1),
                marks=pytest.mark.skipif(not hasattr(np, "unstack"), reason="since NumPy 2.1"),
            ),
            lambda x: x.clip(0, 1),
            lambda x: x.clip(min=0, max=1),
        ],
    )
    def test_all_spellings(self, clip):
        x = leaf([-1.0, 0.5, 2.0])
        y = clip(x)
        y.sum().backward()
        assert y.tolist() == [0, 0.5, 1]
        assert x.grad.tolist() == [0, 1, 0]

    def test_without_bounds_it_is_the_identity(self):
        assert gradients(lambda x: np.clip(x, None, None), [3.0]) == [[1]]

    def test_bounds_that_are_tensors(self):
        lower = leaf(0.2)
        np.sum(np.clip(np.array([-1.0, 0.0, 1.0]), lower, None)).backward()
        assert lower.grad == 2

    def test_dtype(self):
        assert np.clip(leaf([1.0]), 0, 2, dtype=np.float32).dtype == np.float32

    def test_both_kinds_of_keywords(self):
        with pytest.raises(ValueError, match="a_min and a_max, or min and max"):
            np.clip(leaf([1.0]), 0, 1, max=2)

    def test_out(self):
        with pytest.raises(TypeError, match="out="):
            np.clip(leaf([1.0]), 0, 1, out=np.zeros(1))


class TestNanToNum:
    def test_what_was_replaced_has_no_slope(self):
        assert gradients(np.nan_to_num, [np.nan, np.inf, -np.inf, 2.0]) == [[0, 0, 0, 1]]

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_values_are_numpys(self, dtype):
        x = np.array([np.nan, np.inf, -np.inf, 2.0], dtype)
        for options in ({}, {"nan": 7.0, "posinf": 8.0, "neginf": -8.0}):
            y, expected = np.nan_to_num(leaf(x, dtype), **options), np.nan_to_num(x, **options)
            assert y.tolist() == expected.tolist()
            assert y.dtype == expected.dtype

    def test_a_replacement_may_be_a_tensor(self):
        assert gradients(lambda x, r: np.nan_to_num(x, nan=r), [np.nan, 1, np.nan], 5.0)[1] == 2

    def test_integers_have_nothing_to_replace(self):
        x = tg.tensor([1, 2])
        assert np.nan_to_num(x).dtype == x.dtype

    def test_in_place(self):
        with pytest.raises(TypeError, match="copy=False"):
            np.nan_to_num(leaf([np.nan]), copy=False)


class TestSelect:
    def test_misuse(self):
        x = leaf([1.0])
        with pytest.raises(ValueError, match="1 and 2"):
            np.select([x > 0], [x, x])
        with pytest.raises(TypeError, match="bool"):
            np.select([np.array([1])], [x])

    def test_the_first_condition_that_holds_decides(self):
        x = leaf([1.0, 3.0, -1.0])
        y = np.select([x > 2, x > 0], [10 * x, x], default=-5)
        assert y.tolist() == [1, 30, -5]
        y.sum().backward()
        assert x.grad.tolist() == [1, 10, 0]


class TestPiecewise:
    def test_functions_see_only_their_own_elements(self):
        """Otherwise the logarithm would warn, and give a gradient of nan."""
        x = np.array([[-1.0, 2.0], [0.0, 4.0]])
        assert gradients(lambda x: np.piecewise(x, [x > 0], [np.log, np.exp]), x) == [
            [[np.exp(-1), 0.5], [1.0, 0.25]]
        ]

    @pytest.mark.parametrize("as_list", [True, False])
    def test_one_condition_need_not_be_in_a_list(self, as_list):
        x = leaf([-1.0, 2.0])
        condition = [True, False] if as_list else np.array([True, False])
        assert np.piecewise(x, condition, [np.square, 7.0]).tolist() == [1, 7]

    def test_conditions_as_rows(self):
        x = leaf([-1.0, 2.0, 3.0])
        rows = np.array([[True, False, False], [False, True, False]])
        assert np.piecewise(x, rows, [1.0, lambda t: t * 5]).tolist() == [1, 10, 0]

    def test_a_constant_that_is_a_tensor(self):
        assert gradients(lambda x, c: np.piecewise(x, [x > 0], [c]), [1.0, -1, 2], 3.0)[1] == 2

    def test_the_wrong_number_of_functions(self):
        with pytest.raises(ValueError, match="with 1 conditions"):
            np.piecewise(leaf([1.0]), [[True]], [1, 2, 3])


class TestInterp:
    def test_slope_at_the_samples(self):
        """That of what follows; at the last, of what comes before; outside, none."""
        xp, fp = [0.0, 1.0, 2.0], [0.0, 1.0, 5.0]
        assert gradients(lambda x: np.interp(x, xp, fp), [-1.0, 0, 1, 2, 3]) == [[0, 1, 4, 4, 0]]

    @pytest.mark.parametrize(
        "options", [{}, {"left": 7.0, "right": -7.0}, {"period": 1.5}, {"period": -2}]
    )
    def test_values_at_and_outside_of_samples(self, options):
        xp, fp = np.array([-1.0, 0.0, 0.0, 1.0, 1.0]), np.array([2.0, 5.0, -5.0, 4.0, 3.0])
        x = np.array([-1.5, -1.0, -0.25, 0.0, 0.5, 1.0, 1.25, np.inf, -np.inf, np.nan])
        x = x[:7] if "period" in options else x
        got = np.interp(x, xp, leaf(fp), **options)
        np.testing.assert_allclose(got.data, np.interp(x, xp, fp, **options), rtol=1e-14)

    def test_lists_and_numbers(self):
        fp = leaf([0.0, 10.0], np.float32)
        y = np.interp(0.25, [0, 1], fp)
        y.backward()
        assert y.item() == 2.5
        assert fp.grad.tolist() == [0.75, 0.25]

    def test_misuse(self):
        with pytest.raises(ValueError, match=r"\(2,\) and \(3,\)"):
            np.interp(leaf(0.5), [0.0, 1.0], [1.0, 2.0, 3.0])
        with pytest.raises(ValueError, match="period other than 0"):
            np.interp(leaf(0.5), [0.0, 1.0], [1.0, 2.0], period=0)


class TestSteps:
    @pytest.mark.parametrize(
        "step", [np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.fix, np.spacing]
    )
    def test_steps_are_constant_tensors(self, step):
        x = leaf([0.4, 1.6])
        y = step(x)
        assert isinstance(y, tg.Tensor)
        assert not y.requires_grad
        assert y.tolist() == step(x.data).tolist()

    def test_they_add_nothing_to_a_gradient(self):
        assert gradients(lambda x: x + np.round(10 * x, decimals=1), [0.44]) == [[1]]

    @pytest.mark.parametrize("question", [np.isnan, np.isneginf, np.signbit, np.logical_not])
    def test_answers_are_plain(self, question):
        assert type(question(leaf([1.0]))) is np.ndarray

    def test_bits_of_floating_point_numbers(self):
        with pytest.raises(TypeError, match="not supported"):
            np.bitwise_and(leaf([1.0]), 1)
        assert np.bitwise_and(tg.tensor([6]), 3).tolist() == [2]


class TestFunctional:
    def test_results_that_are_not_tensors(self):
        x = leaf([[3.0, 1.0], [2.0, 5.0]])
        assert np.apply_along_axis(np.argmax, 1, x).tolist() == [0, 1]

    def test_no_vectors(self):
        with pytest.raises(ValueError, match="no vector along axis 1"):
            np.apply_along_axis(np.sum, 1, leaf(np.zeros((0, 2))))

    def test_a_function_that_drops_too_many_axes(self):
        with pytest.raises(ValueError, match="of 2 axes"):
            np.apply_over_axes(lambda x, axis: np.sum(x), leaf(np.zeros((2, 2))), 0)


def test_heaviside_of_a_list():
    h0 = tg.tensor([0.5, 0.5], requires_grad=True)
    np.heaviside([0.0, 1.0], h0).sum().backward()
    np.testing.assert_array_equal(h0.grad, [1, 0])
