"""The same bits wherever they are promised, no precision lost, and finite numbers at the edges."""

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import tensorgrad as tg
from nn import DivergenceError, NeuralNetwork, binary_log_loss, l2_loss, multiclass_log_loss

SMALL = {
    "2-8-8-3": (2, [[8, "tanh"], [8, "tanh"], [3, "softmax"]], 32),
    "90-90-10": (90, [[90, "ReLU"], [10, "softmax"]], 32),
    "45-45-10": (45, [[45, "GeLU"], [10, "softmax"]], 128),
}
"""Input dimension, layers, and batch size; their product is at most 2**18 in every layer.

OpenBLAS computes a matrix product of so many multiplications or fewer in one thread.
"""

DTYPES = [np.float32, np.float64]


def digest(name, dtype=np.float32):
    """A fingerprint of all that training and prediction computed."""
    inputs, layers, batch_size = SMALL[name]
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, inputs)), rng.integers(0, layers[-1][0], 300)
    network = NeuralNetwork(inputs, layers, "multiclass_log_loss", seed=0, dtype=dtype)
    network.fit(X, y, batch_sz=batch_size, epochs=3, learning_rate=0.1)
    arrays = [*(p.data for p in network.parameters()), network.transform(X[:batch_size])]
    numbers = np.array([network.history["loss"], network.history["accuracy"]])
    return hashlib.sha256(b"".join(a.tobytes() for a in [*arrays, numbers])).hexdigest()


# ------------------------------------------------------------------------------------ the same bits


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMALL)
def test_the_number_of_threads_does_not_matter(name, dtype):
    digests = set()
    for threads in (1, 2, 3, 4):
        with threadpool_limits(threads, "blas"):
            digests.add(digest(name, dtype))
    assert len(digests) == 1


def test_nor_does_the_process():
    code = "from test_numerical_trust import *; print(*map(digest, SMALL))"
    here = [digest(name) for name in SMALL]
    for threads, hash_seed in (("1", "1"), ("2", "2")):
        environment = os.environ | {
            "OPENBLAS_NUM_THREADS": threads,
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        }
        result = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.split() == here


# --------------------------------------------------------------------------------------- precision


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ["ReLU", "tanh", "sigmoid", "GeLU", "identity"])
def test_nothing_changes_its_dtype(activation, dtype):
    network = NeuralNetwork(
        2, [[4, activation], [3, "softmax"]], "multiclass_log_loss", dtype=dtype
    )
    network.fit(np.eye(2), [0, 2], epochs=2)
    assert {parameter.dtype for parameter in network.parameters()} == {np.dtype(dtype)}
    assert network.transform([[1, 2]]).dtype == dtype
    loss = multiclass_log_loss(network.model(np.eye(2, dtype=dtype)), [0, 1])
    loss.backward()
    assert loss.dtype == dtype
    assert {parameter.grad.dtype for parameter in network.parameters()} == {np.dtype(dtype)}


@pytest.mark.parametrize("name", SMALL)
def test_float32_is_float64_to_its_precision(name):
    inputs, layers, batch_size = SMALL[name]
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, inputs)), rng.integers(0, layers[-1][0], 300)
    single, double = (
        NeuralNetwork(inputs, layers, "multiclass_log_loss", seed=0, dtype=dtype)
        for dtype in DTYPES
    )
    for one, other in zip(single.parameters(), double.parameters(), strict=True):
        one.assign(other.data)
    for network in (single, double):
        network._rng = np.random.default_rng(0)  # it drew the weights with other calls
        network.fit(X, y, batch_sz=batch_size, epochs=3)
    assert np.allclose(single.transform(X), double.transform(X), rtol=0, atol=1e-5)


# ------------------------------------------------------------------------------------------- edges


def edges(dtype):
    """Numbers at which exp, log, squares and sums go over or under, with both signs."""
    info = np.finfo(dtype)
    exponent = np.log(info.max)
    positive = [info.smallest_subnormal, info.tiny, info.eps, 1, exponent, exponent + 1, 1e4]
    numbers = np.array([0, *positive, np.sqrt(info.max), info.max / 4], dtype)
    return np.concatenate([numbers, -numbers])


def value_and_gradient(loss, outputs, targets):
    tensor = tg.tensor(outputs, requires_grad=True)
    value = loss(tensor, targets)
    value.backward()
    assert value.dtype == tensor.grad.dtype == outputs.dtype
    return value.data, tensor.grad


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_log_loss_at_the_edges(dtype):
    for logit, target in itertools.product(edges(dtype), (0, 1)):
        value, gradient = value_and_gradient(binary_log_loss, np.array([[logit]]), [target])
        wrong_by = logit if target == 0 else -logit
        assert np.isfinite(value)
        assert np.isclose(value, np.logaddexp(0, wrong_by), rtol=4 * np.finfo(dtype).eps)
        assert np.abs(gradient) <= 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_multiclass_log_loss_at_the_edges(dtype):
    for logits in itertools.product(edges(dtype), repeat=2):
        outputs = np.array([logits])
        value, gradient = value_and_gradient(multiclass_log_loss, outputs, [0])
        # Logits are rounded, and so is their logsumexp: to the precision of the largest of them.
        rounding = 4 * np.finfo(dtype).eps * np.abs(outputs).max()
        assert np.isfinite(value)
        right = np.logaddexp(0, outputs[0, 1] - outputs[0, 0])
        assert np.isclose(value, right, rtol=1e-5, atol=rounding)
        assert np.abs(gradient).max() <= 1
        assert np.isclose(tg.softmax(outputs).sum(), 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_l2_loss_at_the_edges(dtype):
    largest = np.sqrt(np.finfo(dtype).max)
    for output in edges(dtype)[np.abs(edges(dtype)) < largest]:
        value, gradient = value_and_gradient(l2_loss, np.array([[output]]), [0])
        assert np.isclose(value, output * output)
        assert np.isclose(gradient[0, 0], 2 * output)


TASKS = {
    "binary": ([[4, "tanh"], [1, "sigmoid"]], "binary_log_loss"),
    "binary, unbounded": ([[4, "ReLU"], [1, "sigmoid"]], "binary_log_loss"),
    "multiclass": ([[4, "ReLU"], [2, "softmax"]], "multiclass_log_loss"),
    "regression": ([[4, "identity"], [1, "identity"]], "l2"),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("task", TASKS)
def test_inputs_at_the_edges(task, dtype):
    largest = np.finfo(dtype).max
    for size in (0, np.finfo(dtype).smallest_subnormal, np.sqrt(largest), largest / 2, largest):
        inputs = size * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
        network = NeuralNetwork(2, *TASKS[task], seed=0, dtype=dtype)
        for call in (network.transform, network.predict):
            try:
                assert np.isfinite(call(inputs)).all()
            except ValueError as error:
                assert size >= largest / 2
                assert f"too large for {np.dtype(dtype)}; scale" in str(error)  # noqa: PT017
        before = [parameter.data.copy() for parameter in network.parameters()]
        try:
            network.fit(inputs, [0, 1, 1, 0], epochs=1)
            assert np.isfinite(network.history["loss"]).all()
        except DivergenceError:
            assert size > 1
            after = [parameter.data for parameter in network.parameters()]
            assert all(map(np.array_equal, before, after))


@pytest.mark.filterwarnings("ignore:overflow|invalid value:RuntimeWarning")
def test_one_sample_that_is_too_large():
    network = NeuralNetwork(2, *TASKS["multiclass"], seed=0)
    network.parameters()[0].assign(np.full((2, 4), 2.0, np.float32))
    with pytest.raises(ValueError, match=r"computed (inf|nan|-inf): .* too large for float32"):
        network.predict([3e38, 3e38])
    assert network.predict([3e30, 3e30]) in (0, 1)
