"""What the door accepts, and in which form it hands it on; what it refuses is in test_bad_input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import NeuralNetwork, data, targets

FLOAT32, FLOAT64 = np.dtype("f4"), np.dtype("f8")


class TestInputs:
    @pytest.mark.parametrize(
        "X",
        [
            [[1, 2], [3, 4]],
            ((1.0, 2.0), (3.0, 4.0)),
            np.array([[1, 2], [3, 4]], np.int64),
            np.array([[1, 2], [3, 4]], np.uint8),
            np.array([[1, 2], [3, 4]], np.float16),
            np.array([[1, 2], [3, 4]], np.longdouble),
            np.array([[1, 2], [3, 4]], ">f8"),
            np.array([[1, 3], [2, 4]]).T,
            np.ma.masked_array([[1, 2], [3, 4]]),
            pd.DataFrame({"a": [1, 3], "b": [2.0, 4.0]}),
            pd.DataFrame({"a": [1, 3], "b": [2.0, 4.0]}).convert_dtypes(),
        ],
        ids=lambda X: type(X).__name__,
    )
    def test_any_numbers_become_the_networks_dtype(self, X):
        result = data.as_inputs(X, 2, FLOAT32)
        assert result.dtype == FLOAT32
        assert result.flags.c_contiguous
        np.testing.assert_array_equal(result, [[1, 2], [3, 4]])

    def test_booleans_are_numbers(self):
        np.testing.assert_array_equal(data.as_inputs([[True, False]], 2, FLOAT32), [[1, 0]])

    def test_dummies_beside_numbers(self):
        frame = pd.DataFrame({"size": [1.5, 2.5], "color": ["red", "blue"]})
        result = data.as_inputs(pd.get_dummies(frame), 3, FLOAT32)
        np.testing.assert_array_equal(result, [[1.5, 0, 1], [2.5, 1, 0]])

    def test_a_missing_value_is_one_whatever_the_dtype_of_its_column(self):
        frame = pd.DataFrame({"a": [1, None, 3], "b": [True, False, True]}).convert_dtypes()
        with pytest.raises(ValueError, match=r"X holds nan at index \[1, 0\], expected finite"):
            data.as_inputs(frame, 2, FLOAT32)

    @pytest.mark.parametrize("column", [["a", "b"], pd.to_datetime([0, 1]), [None, 1j]])
    def test_a_column_that_is_not_of_numbers(self, column):
        frame = pd.DataFrame({"a": [1.0, 2.0], "b": column})
        with pytest.raises(TypeError, match=r"X has dtype .*, expected real numbers"):
            data.as_inputs(frame, 2, FLOAT32)

    def test_what_is_too_small_for_the_dtype_becomes_zero(self):
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(data.as_inputs([[1e-300, 1.0]], 2, FLOAT32), [[0, 1]])

    def test_nothing_is_copied_that_fits(self):
        X = np.ones((3, 2), FLOAT32)
        assert data.as_inputs(X, 2, FLOAT32) is X


class TestSamples:
    @pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 3)])
    @pytest.mark.parametrize("make", [np.float32, np.float64, np.int64, np.ndarray.tolist])
    def test_one_sample(self, shape, make):
        sample = make(np.arange(3).reshape(shape))
        array, single = data.as_sample_or_inputs(sample, 3, FLOAT32)
        assert single
        assert array.dtype == FLOAT32
        np.testing.assert_array_equal(array, [0, 1, 2])

    def test_several(self):
        array, single = data.as_sample_or_inputs(np.zeros((4, 3)), 3, FLOAT32)
        assert not single
        assert array.shape == (4, 3)

    def test_one_feature(self):
        assert data.as_sample_or_inputs([0.5], 1, FLOAT32)[1]
        assert data.as_sample_or_inputs([[0.5]], 1, FLOAT32)[1]
        assert not data.as_sample_or_inputs([[0.5], [0.6]], 1, FLOAT32)[1]

    def test_huge_but_finite(self):
        for dtype, value in [(FLOAT32, 3e38), (FLOAT64, 1e308)]:
            array, _ = data.as_sample_or_inputs(np.array([value, -value], dtype), 2, dtype)
            np.testing.assert_array_equal(array, np.array([value, -value], dtype))

    def test_huge_integers(self):
        array, _ = data.as_sample_or_inputs(np.array([2**62, 2**62]), 2, FLOAT32)
        np.testing.assert_array_equal(array, np.float32([2**62, 2**62]))

    @given(
        st.lists(st.floats(width=32), min_size=2, max_size=2),
        st.sampled_from([FLOAT32, FLOAT64]),
        st.sampled_from([np.float16, np.float32, np.float64]),
    )
    def test_accepted_exactly_if_finite(self, values, dtype, given_dtype):
        with np.errstate(over="ignore"):
            sample = np.array(values).astype(given_dtype)
        if np.isfinite(sample).all():
            array, _ = data.as_sample_or_inputs(sample, 2, dtype)
            np.testing.assert_array_equal(array, sample.astype(dtype))
        else:
            with pytest.raises(ValueError, match=r"x holds (nan|-?inf)"):
                data.as_sample_or_inputs(sample, 2, dtype)

    @pytest.mark.parametrize("count", [data.FEW - 1, data.FEW + 1, data.MANY + 1])
    @pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
    def test_of_any_length(self, count, dtype):
        x = np.full(count, np.finfo(dtype).max, dtype)  # its square overflows
        assert data.as_sample_or_inputs(x, count, dtype)[0] is x
        for value in (np.inf, -np.inf, np.nan):
            for place in (0, count // 2, count - 1):
                wrong = x.copy()
                wrong[place] = value
                with pytest.raises(ValueError, match=rf"x holds {value} at index \[{place}\]"):
                    data.as_sample_or_inputs(wrong, count, dtype)


class TestTargets:
    @pytest.mark.parametrize(
        "y",
        [[0, 1, 1], [0.0, 1.0, 1.0], [False, True, True], [[0], [1], [1]], pd.Series([0, 1, 1])],
    )
    def test_binary(self, y):
        result = targets.as_binary_targets(y, 3, FLOAT32)
        assert result.dtype == FLOAT32
        np.testing.assert_array_equal(result, [[0], [1], [1]])

    @pytest.mark.parametrize(
        "y",
        [
            [0, 2, 1],
            [0.0, 2.0, 1.0],
            [[0], [2], [1]],
            np.uint8([0, 2, 1]),
            np.eye(3)[[0, 2, 1]],
            np.eye(3, dtype=bool)[[0, 2, 1]],
            np.eye(3, dtype=int)[[0, 2, 1]].tolist(),
        ],
        ids=str,
    )
    def test_classes(self, y):
        result = targets.as_class_targets(y, 3, 3, FLOAT32)
        assert result.dtype == np.intp
        np.testing.assert_array_equal(result, [0, 2, 1])

    def test_soft_labels_stay_probabilities(self):
        soft = np.array([[0.25, 0.75], [1.0, 0.0]])
        result = targets.as_class_targets(soft, 2, 2, FLOAT32)
        assert result.dtype == FLOAT32
        np.testing.assert_array_equal(result, soft)

    def test_soft_labels_rounded_to_float32(self):
        soft = np.random.default_rng(0).dirichlet(np.ones(100), size=50).astype(np.float32)
        np.testing.assert_array_equal(targets.as_class_targets(soft, 50, 100, FLOAT32), soft)

    @pytest.mark.parametrize("y", [[1, 2], [[1], [2]], [1.0, 2.0]])
    def test_regression_with_one_output(self, y):
        result = targets.as_regression_targets(y, 2, 1, FLOAT32)
        assert result.dtype == FLOAT32
        np.testing.assert_array_equal(result, [[1], [2]])

    def test_regression_with_several_outputs(self):
        y = np.arange(6.0).reshape(2, 3)
        np.testing.assert_array_equal(targets.as_regression_targets(y, 2, 3, FLOAT64), y)


class Frame:
    """A data frame of another library: columns by name, and no array of all of them."""

    def __init__(self, names_attribute="columns", **columns):
        self._columns = columns
        setattr(self, names_attribute, list(columns))

    def __getitem__(self, name):
        return self._columns[name]


class Column:
    def __init__(self, values):
        self._values = np.array(values)

    def to_numpy(self):
        return self._values


class TestFrames:
    @pytest.mark.parametrize("names", ["columns", "column_names"])
    @pytest.mark.parametrize("make", [Column, list, np.array, pd.Series])
    def test_columns_of_numbers_of_several_kinds(self, names, make):
        frame = Frame(names, a=make([1, 3]), b=make([2.5, 4.0]), c=make([True, False]))
        np.testing.assert_array_equal(data.as_inputs(frame, 3, FLOAT32), [[1, 2.5, 1], [3, 4, 0]])

    def test_columns_that_are_no_numbers(self):
        with pytest.raises(TypeError, match="X is of type Frame, expected an array of real number"):
            data.as_inputs(Frame(a=Column([1, 2]), b=Column(["x", "y"])), 2, FLOAT32)

    def test_what_only_converts_itself(self):
        np.testing.assert_array_equal(
            data.as_inputs(Column([[1, 2], [3, 4]]), 2, FLOAT32), [[1, 2], [3, 4]]
        )
        with pytest.raises(ValueError, match=r"X holds nan at index \[0, 1\]"):
            data.as_inputs(Column([[1, np.nan], [3, 4]]), 2, FLOAT32)

    def test_an_object_array_inside(self):
        with pytest.raises(TypeError, match="X has dtype object"):
            data.as_inputs(Column(np.array([[1, "a"]], object)), 2, FLOAT32)

    @pytest.mark.parametrize("dtype", [np.float64, np.int64])
    def test_fit_casts_once(self, dtype, monkeypatch):
        casts = []
        original = data.finite_cast

        def counted(array, name, *args, **kwargs):
            casts.append(name)
            return original(array, name, *args, **kwargs)

        monkeypatch.setattr(data, "finite_cast", counted)
        X = (10 * np.random.default_rng(0).normal(size=(40, 2))).astype(dtype)
        NeuralNetwork(2, [[1, "sigmoid"]], "binary_log_loss").fit(X, X[:, 0] > 0, epochs=5)
        assert casts == ["X"]
