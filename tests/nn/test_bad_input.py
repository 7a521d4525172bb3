"""Input that cannot be right: a clear message, and a network that is as it was."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from nn import NeuralNetwork

NAN, INF = float("nan"), float("inf")
X = np.random.default_rng(0).normal(size=(6, 2))
LABELS = np.array([0, 1, 0, 1, 1, 0])
CLASSES = np.array([0, 1, 2, 2, 1, 0])
VALUES = np.linspace(-1, 1, 6)


def networks():
    return {
        "binary": NeuralNetwork(2, [[3, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0),
        "multiclass": NeuralNetwork(
            2, [[3, "tanh"], [3, "softmax"]], "multiclass_log_loss", seed=0
        ),
        "regression": NeuralNetwork(2, [[3, "tanh"], [1, "identity"]], "l2", seed=0),
    }


GOOD_TARGETS = {"binary": LABELS, "multiclass": CLASSES, "regression": VALUES}


def state(network):
    """Everything that a failing call might have changed."""
    return (
        [p.data.tobytes() for p in network.parameters()],
        [p.grad is None for p in network.parameters()],
        {name: list(values) for name, values in network.history.items()},
        network._rng.bit_generator.state,
        str(network),
        network.model.training,
    )


def with_entry(array, value, index=(1, 0)):
    changed = np.array(array, float)
    changed[index[: changed.ndim]] = value
    return changed


BAD_INPUTS = {
    "three features": (np.ones((6, 3)), ValueError, "3 features .* input_dim=2"),
    "one feature": (np.ones((6, 1)), ValueError, "1 features .* input_dim=2"),
    "flat": (np.ones(6), ValueError, r"shape \(6,\), expected \(n_samples, 2\)"),
    "three axes": (np.ones((6, 2, 1)), ValueError, r"shape \(6, 2, 1\), expected \(n_samples, 2\)"),
    "a number": (3.0, ValueError, r"shape \(\), expected"),
    "empty": (np.empty((0, 2)), ValueError, "X is empty"),
    "empty list": ([], ValueError, r"shape \(0,\), expected"),
    "NaN": (with_entry(X, NAN), ValueError, r"X holds nan at index \[1, 0\], expected finite"),
    "infinity": (with_entry(X, -INF), ValueError, r"X holds -inf at index \[1, 0\]"),
    "too large": (with_entry(X, 1e300), ValueError, r"1e\+300 .*float32 cannot hold.*np.float64"),
    "objects": (X.astype(object), TypeError, "X has dtype object, expected real numbers"),
    "strings": (X.astype(str), TypeError, "X has dtype <U.*, expected real numbers"),
    "complex": (X + 0j, TypeError, "X has dtype complex128, expected real numbers"),
    "dates": (X.astype("M8[s]"), TypeError, "X has dtype datetime64"),
    "ragged": ([[1.0, 2.0], [3.0]] * 3, ValueError, "rows of one length"),
    "None": (None, TypeError, "X is of type NoneType, expected an array of real numbers"),
    "sparse": (
        csr_array(X),
        TypeError,
        r"X is of type csr_array, expected an array of real numbers; pass X.toarray\(\)",
    ),
    "masked": (np.ma.masked_greater(X, 0), ValueError, "X is a masked array with masked entries"),
}

BAD_TARGETS = {
    ("binary", "too few"): (LABELS[:5], ValueError, "y has 5 entries, but X has 6 samples"),
    ("binary", "too many"): (np.r_[LABELS, 1], ValueError, "y has 7 entries, but X has 6 samples"),
    ("binary", "a number"): (1, ValueError, "y has a single number"),
    ("binary", "two columns"): (np.eye(2)[LABELS], ValueError, r"shape \(6, 2\), expected \(6,\)"),
    ("binary", "label 2"): (CLASSES, ValueError, "the label 2, expected only 0 and 1.*softmax"),
    ("binary", "labels -1 and 1"): (
        2 * LABELS - 1,
        ValueError,
        "the label -1, expected only 0 and 1; for the labels -1 and 1 pass y == 1",
    ),
    ("binary", "labels 1 and 2"): (
        LABELS + 1,
        ValueError,
        "the label 2, expected only 0 and 1; for the labels 1 and 2 pass y == 2",
    ),
    ("binary", "masked"): (np.ma.masked_equal(LABELS, 1), ValueError, "y is a masked array"),
    ("binary", "fraction"): (with_entry(LABELS, 0.5), ValueError, "the label 0.5, expected only 0"),
    ("binary", "NaN"): (with_entry(LABELS, NAN), ValueError, r"y holds nan at index \[1\]"),
    ("binary", "infinity"): (with_entry(LABELS, INF), ValueError, r"y holds inf at index \[1\]"),
    ("binary", "strings"): (["a", "b"] * 3, TypeError, "y has dtype <U1, expected real numbers"),
    ("binary", "objects"): (LABELS.astype(object), TypeError, "y has dtype object"),
    ("binary", "ragged"): ([[0], [1, 0]] * 3, ValueError, "y cannot be made into an array"),
    ("multiclass", "index 3"): (CLASSES + 1, ValueError, "the class index 3, expected 0 to 2"),
    ("multiclass", "indices from 1"): (
        CLASSES + 1,
        ValueError,
        "for the classes 1 to 3 pass y - 1",
    ),
    ("multiclass", "index -1"): (CLASSES - 1, ValueError, "the class index -1, expected 0 to 2"),
    ("multiclass", "fraction"): (CLASSES + 0.5, ValueError, "y holds 0.5, expected class indices"),
    ("multiclass", "huge"): (with_entry(CLASSES, 1e300), ValueError, "expected 0 to 2"),
    ("multiclass", "NaN"): (with_entry(CLASSES, NAN), ValueError, r"y holds nan at index \[1\]"),
    ("multiclass", "two columns"): (
        np.eye(2)[LABELS],
        ValueError,
        r"\(6, 2\), expected \(6,\) for",
    ),
    ("multiclass", "row of zeros"): (
        with_entry(np.eye(3)[CLASSES], 0, (0, 0)),
        ValueError,
        r"row 0 of y is \[0.0, 0.0, 0.0\], with sum 0.0; expected one-hot rows",
    ),
    ("multiclass", "two ones"): (
        with_entry(np.eye(3)[CLASSES], 1, (1, 0)),
        ValueError,
        "row 1 of y .* with sum 2.0",
    ),
    ("multiclass", "negative probability"): (
        np.tile([1.5, -0.5, 0.0], (6, 1)),
        ValueError,
        "row 0 of y .* not negative",
    ),
    ("multiclass", "NaN in one-hot"): (
        with_entry(np.eye(3)[CLASSES], NAN),
        ValueError,
        r"y holds nan at index \[1, 0\]",
    ),
    ("regression", "too few"): (VALUES[:5], ValueError, "y has 5 entries, but X has 6 samples"),
    ("regression", "two columns"): (np.ones((6, 2)), ValueError, r"expected \(6, 1\) or \(6,\)"),
    ("regression", "NaN"): (with_entry(VALUES, NAN), ValueError, r"y holds nan at index \[1\]"),
    ("regression", "infinity"): (
        with_entry(VALUES, INF),
        ValueError,
        r"y holds inf at index \[1\]",
    ),
    ("regression", "too large"): (with_entry(VALUES, 1e300), ValueError, "float32 cannot hold"),
    ("regression", "strings"): (VALUES.astype(str), TypeError, "y has dtype <U"),
}

BAD_SETTINGS = {
    ("batch_sz", 0): (ValueError, "batch_sz is 0; expected a positive integer"),
    ("batch_sz", -1): (ValueError, "batch_sz is -1; expected a positive integer"),
    ("batch_sz", 2.5): (TypeError, "batch_sz is 2.5; expected a positive integer"),
    ("batch_sz", "32"): (TypeError, "batch_sz is '32'; expected a positive integer"),
    ("batch_sz", True): (TypeError, "batch_sz is True; expected a positive integer"),
    ("epochs", 0): (ValueError, "epochs is 0; expected a positive integer"),
    ("epochs", -5): (ValueError, "epochs is -5; expected a positive integer"),
    ("epochs", 1.0): (TypeError, "epochs is 1.0; expected a positive integer"),
    ("learning_rate", 0): (ValueError, "learning_rate is 0; expected a positive, finite number"),
    ("learning_rate", -0.1): (ValueError, "learning_rate is -0.1; expected a positive"),
    ("learning_rate", NAN): (ValueError, "learning_rate is nan; expected a positive"),
    ("learning_rate", INF): (ValueError, "learning_rate is inf; expected a positive"),
    ("learning_rate", 1e300): (ValueError, r"learning_rate is 1e\+300, which is inf in float32"),
    ("learning_rate", 1e-50): (ValueError, "learning_rate is 1e-50, which is 0.0 in float32"),
    ("learning_rate", "0.1"): (
        TypeError,
        "learning_rate is '0.1'; expected a positive, finite number",
    ),
    ("learning_rate", None): (
        TypeError,
        "learning_rate is None; expected a positive, finite number",
    ),
}


@pytest.mark.parametrize("task", GOOD_TARGETS)
@pytest.mark.parametrize("trained", [False, True], ids=["fresh", "trained"])
@pytest.mark.parametrize("case", BAD_INPUTS)
def test_inputs(case, trained, task):
    inputs, error, message = BAD_INPUTS[case]
    network = networks()[task]
    if trained:
        network.fit(X, GOOD_TARGETS[task], epochs=2)
    before = state(network)
    with pytest.raises(error, match=message):
        network.fit(inputs, GOOD_TARGETS[task])
    with pytest.raises(error, match=message):
        network.fit_transform(inputs, GOOD_TARGETS[task])
    with pytest.raises(error, match=message):
        network.transform(inputs)
    assert state(network) == before


@pytest.mark.parametrize("task", GOOD_TARGETS)
@pytest.mark.parametrize("case", BAD_INPUTS)
def test_inputs_of_predict(case, task):
    inputs, error, message = BAD_INPUTS[case]
    network = networks()[task]
    before = state(network)
    if np.ndim(inputs if case != "ragged" else 0) < 2 and error is ValueError and case != "ragged":
        message = r"expected \(2,\) for one sample, or \(n_samples, 2\) for several"
    with pytest.raises(error, match=message.replace("X", "[xX]")):
        network.predict(inputs)
    assert state(network) == before


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("kind", [list, np.float32, np.float64])
def test_one_sample_that_is_not_finite(value, kind):
    network = networks()["binary"]
    with pytest.raises(ValueError, match=r"x holds -?(nan|inf) at index \[1\], expected finite"):
        network.predict(kind([0.0, value]))


def test_one_sample_too_large_for_the_dtype():
    with pytest.raises(ValueError, match="float32 cannot hold"):
        networks()["binary"].predict([0.0, 1e300])
    network = NeuralNetwork(2, [[1, "identity"]], "l2", dtype=np.float64)
    assert np.isfinite(network.predict([0.0, 1e300]))


@pytest.mark.parametrize("case", BAD_TARGETS, ids=" ".join)
@pytest.mark.parametrize("trained", [False, True], ids=["fresh", "trained"])
def test_targets(case, trained):
    y, error, message = BAD_TARGETS[case]
    network = networks()[case[0]]
    if trained:
        network.fit(X, GOOD_TARGETS[case[0]], epochs=2)
    before = state(network)
    with pytest.raises(error, match=message):
        network.fit(X, y)
    assert state(network) == before


@pytest.mark.parametrize("case", BAD_SETTINGS, ids=str)
def test_settings(case):
    error, message = BAD_SETTINGS[case]
    network = networks()["binary"]
    before = state(network)
    with pytest.raises(error, match=message):
        network.fit(X, LABELS, **{case[0]: case[1]})
    assert state(network) == before


@pytest.mark.parametrize(
    ("task", "names", "error", "message"),
    [
        ("binary", ["a"], ValueError, "1 names, but there are 2 classes"),
        ("binary", ["a", "b", "c"], ValueError, "3 names, but there are 2 classes"),
        ("multiclass", ["a", "b"], ValueError, "2 names, but there are 3 classes"),
        ("multiclass", [], ValueError, "0 names, but there are 3 classes"),
        ("regression", ["a", "b"], ValueError, "no meaning for regression"),
        ("binary", "ab", TypeError, "'ab', expected a list of names"),
        ("binary", b"ab", TypeError, "b'ab', expected a list of names"),
        ("binary", {"a", "b"}, TypeError, "expected a list of names"),
        ("binary", {0: "a", 1: "b"}, TypeError, "expected a list of names"),
        ("binary", 2, TypeError, "class_names is 2, expected a list of names"),
    ],
)
def test_class_names(task, names, error, message):
    network = networks()[task]
    for x in ([0.1, 0.2], X):
        with pytest.raises(error, match=message):
            network.predict(x, class_names=names)


TANH_SIGMOID = [[3, "tanh"], [1, "sigmoid"]]

BAD_DESCRIPTIONS = {
    "no inputs": ((0, TANH_SIGMOID, "binary_log_loss"), ValueError, "input_dim is 0"),
    "negative inputs": ((-2, TANH_SIGMOID, "binary_log_loss"), ValueError, "input_dim is -2"),
    "fractional inputs": ((2.0, TANH_SIGMOID, "binary_log_loss"), TypeError, "input_dim is 2.0"),
    "zero width": ((2, [[0, "tanh"], [1, "identity"]], "l2"), ValueError, r"layer_spec\[0\] is 0"),
    "negative width": ((2, [[-3, "identity"]], "l2"), ValueError, r"layer_spec\[0\] is -3"),
    "fractional width": (
        (2, [[2.5, "tanh"], [1, "identity"]], "l2"),
        TypeError,
        r"layer_spec\[0\] is 2.5; expected a positive integer",
    ),
    "width in words": ((2, [["3", "identity"]], "l2"), TypeError, r"layer_spec\[0\] is '3'"),
    "unknown activation": (
        (2, [[3, "swoosh"], [1, "identity"]], "l2"),
        ValueError,
        r"layer_spec\[0\] has the unknown activation 'swoosh', expected one of ReLU, tanh",
    ),
    "activation that is no name": (
        (2, [[3, np.tanh]], "l2"),
        TypeError,
        r"layer_spec\[0\] is <ufunc",
    ),
    "softmax in a hidden layer": (
        (2, [[3, "softmax"], [2, "softmax"]], "multiclass_log_loss"),
        ValueError,
        r"layer_spec\[0\] has the activation softmax, which is for the output layer only",
    ),
    "no layers": ((2, [], "l2"), ValueError, "layer_spec is empty"),
    "no list": ((2, "tanh", "l2"), TypeError, "layer_spec is 'tanh', expected a list"),
    "dict": ((2, {3: "tanh"}, "l2"), TypeError, "layer_spec is .*, expected a list"),
    "layer of one entry": ((2, [[3]], "l2"), ValueError, r"layer_spec\[0\] is \[3\], expected"),
    "layer of three entries": ((2, [[3, "tanh", 1]], "l2"), ValueError, r"layer_spec\[0\] is"),
    "layers not nested": (
        (2, [3, "identity"], "l2"),
        ValueError,
        r"layer_spec\[0\] is 3, expected",
    ),
    "unknown loss": (
        (2, TANH_SIGMOID, "hinge"),
        ValueError,
        "'hinge', expected one of binary_log_loss, multiclass_log_loss, l2",
    ),
    "loss that is no name": ((2, TANH_SIGMOID, None), TypeError, "loss_func is None"),
    "sigmoid with l2": (
        (2, TANH_SIGMOID, "l2"),
        ValueError,
        r"'l2' does not go with .*'sigmoid': use \[1, 'identity'\] .*loss_func='binary_log_loss'",
    ),
    "softmax with binary": (
        (2, [[3, "softmax"]], "binary_log_loss"),
        ValueError,
        r"use \[1, 'sigmoid'\] as last layer .*, or loss_func='multiclass_log_loss'",
    ),
    "identity with multiclass": (
        (2, [[3, "identity"]], "multiclass_log_loss"),
        ValueError,
        r"use \[number of classes, 'softmax'\] as last layer .*, or loss_func='l2'",
    ),
    "tanh at the end": (
        (2, [[3, "tanh"]], "l2"),
        ValueError,
        r"'tanh': use \[3, 'identity'\] as last layer \(regression\)$",
    ),
    "two sigmoids": (
        (2, [[2, "sigmoid"]], "binary_log_loss"),
        ValueError,
        r"use \[1, 'sigmoid'\], or \[2, 'softmax'\] with loss_func='multiclass_log_loss'",
    ),
    "softmax of one": (
        (2, [[1, "softmax"]], "multiclass_log_loss"),
        ValueError,
        r"layer_spec ends in 1; .*\[1, 'sigmoid'\] with loss_func='binary_log_loss'",
    ),
}


@pytest.mark.parametrize("case", BAD_DESCRIPTIONS)
def test_descriptions(case):
    arguments, error, message = BAD_DESCRIPTIONS[case]
    with pytest.raises(error, match=message):
        NeuralNetwork(*arguments)


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, "seed is -1, expected an integer that is not negative, or None"),
        (1.5, TypeError, "seed is 1.5, expected an integer or None"),
        ("0", TypeError, "seed is '0', expected an integer or None"),
        (np.random.default_rng(0), TypeError, "seed is Generator.*, expected an integer or None"),
    ],
    ids=["negative", "fraction", "text", "generator"],
)
def test_seeds(seed, error, message):
    with pytest.raises(error, match=message):
        NeuralNetwork(2, TANH_SIGMOID, "binary_log_loss", seed=seed)


def test_a_dtype_of_none_is_not_float64():
    with pytest.raises(TypeError, match="dtype is None, expected float32 or float64"):
        NeuralNetwork(2, TANH_SIGMOID, "binary_log_loss", dtype=None)


@pytest.mark.parametrize("dtype", [np.int32, np.float16, np.complex64, np.longdouble, str])
def test_dtypes(dtype):
    with pytest.raises(ValueError, match="expected float32 or float64"):
        NeuralNetwork(2, TANH_SIGMOID, "binary_log_loss", dtype=dtype)


def test_seed_and_dtype_are_keywords_only():
    with pytest.raises(TypeError, match="positional"):
        NeuralNetwork(2, TANH_SIGMOID, "binary_log_loss", 0)


@pytest.mark.parametrize("task", GOOD_TARGETS)
def test_predict_and_transform_before_fit_are_allowed(task):
    network = networks()[task]
    network.predict([0.1, 0.2])
    assert len(network.predict(X)) == len(network.transform(X)) == 6
    assert "Trained = False" in str(network)
