"""Losses from logits: values, gradients, extreme logits, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
import tensorgrad as tg


def naive_binary(logits, targets):
    p = 1 / (1 + np.exp(-logits))
    return np.mean(-targets * np.log(p) - (1 - targets) * np.log(1 - p))


def naive_multiclass(logits, one_hot):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.mean(-(one_hot * np.log(p)).sum(axis=1))


shapes = st.tuples(st.integers(1, 6), st.integers(1, 4))
seeds = st.integers(0, 2**32 - 1)


@given(shapes, seeds)
def test_binary_is_the_log_loss_of_the_sigmoid(shape, seed):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=shape), rng.integers(2, size=shape)
    np.testing.assert_allclose(
        nn.binary_log_loss(logits, targets), naive_binary(logits, targets), rtol=1e-9
    )
    tg.check_grads(lambda z: nn.binary_log_loss(z, targets), logits)


@given(shapes, seeds)
def test_multiclass_is_the_log_loss_of_the_softmax(shape, seed):
    n, k = shape[0], shape[1] + 1
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(n, k)), rng.integers(k, size=n)
    expected = naive_multiclass(logits, np.eye(k)[labels])
    for targets in (labels, np.eye(k)[labels], np.eye(k, dtype=int)[labels]):
        np.testing.assert_allclose(nn.multiclass_log_loss(logits, targets), expected, rtol=1e-9)
    for targets in (labels, np.eye(k)[labels]):
        tg.check_grads(lambda z, targets=targets: nn.multiclass_log_loss(z, targets), logits)


@given(shapes, seeds)
def test_l2_is_the_mean_squared_difference(shape, seed):
    rng = np.random.default_rng(seed)
    predictions, targets = rng.normal(size=shape), rng.normal(size=shape)
    expected = ((predictions - targets) ** 2).mean()
    np.testing.assert_allclose(nn.l2_loss(predictions, targets), expected, rtol=1e-12)
    tg.check_grads(lambda p: nn.l2_loss(p, targets), predictions)


def test_soft_labels():
    rng = np.random.default_rng(0)
    logits, soft = rng.normal(size=(4, 3)), rng.dirichlet(np.ones(3), size=4)
    np.testing.assert_allclose(
        nn.multiclass_log_loss(logits, soft), naive_multiclass(logits, soft), rtol=1e-9
    )
    np.testing.assert_allclose(
        nn.binary_log_loss(logits, soft), naive_binary(logits, soft), rtol=1e-9
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestExtremeLogits:
    def test_binary(self, dtype):
        logits = tg.tensor([[-1e4], [-1e4], [1e4], [1e4]], dtype=dtype, requires_grad=True)
        loss = nn.binary_log_loss(logits, [0, 1, 0, 1])
        assert loss.dtype == dtype
        np.testing.assert_allclose(loss.data, 5000)
        loss.backward()
        assert logits.grad.dtype == dtype
        np.testing.assert_allclose(logits.grad, [[0], [-0.25], [0.25], [0]], atol=1e-12)

    def test_multiclass(self, dtype):
        logits = tg.tensor([[-1e4, 0, 1e4]] * 3, dtype=dtype, requires_grad=True)
        loss = nn.multiclass_log_loss(logits, [0, 1, 2])
        assert loss.dtype == dtype
        np.testing.assert_allclose(loss.data, 1e4)
        loss.backward()
        assert logits.grad.dtype == dtype
        np.testing.assert_allclose(
            logits.grad, np.array([[-1, 0, 1], [0, -1, 1], [0, 0, 0]]) / 3, atol=1e-7
        )

    def test_multiclass_with_probabilities(self, dtype):
        logits = tg.tensor([[-1e4, 1e4], [1e4, -1e4]], dtype=dtype, requires_grad=True)
        loss = nn.multiclass_log_loss(logits, [[1, 0], [1, 0]])
        np.testing.assert_allclose(loss.data, 1e4)
        loss.backward()
        np.testing.assert_allclose(logits.grad, [[-0.5, 0.5], [0, 0]], atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("target", [True, 1, 1.0, np.float32(1)])
def test_one_logit_without_axes(dtype, target):
    logit = tg.tensor(np.array(0.5, dtype), requires_grad=True)
    loss = tg.binary_cross_entropy_with_logits(logit, np.array(target))
    loss.backward()
    assert (type(logit.grad), logit.grad.dtype) == (np.ndarray, dtype)
    np.testing.assert_allclose(logit.grad, 1 / (1 + np.exp(-0.5)) - 1, rtol=1e-2)


@pytest.mark.filterwarnings("ignore:Mean of empty", "ignore:invalid value", "ignore:divide by")
@pytest.mark.parametrize(
    ("loss", "shape", "targets"),
    [
        (tg.binary_cross_entropy_with_logits, (0, 1), np.zeros((0, 1))),
        (tg.cross_entropy, (0, 3), np.zeros(0, int)),
    ],
)
def test_no_rows(loss, shape, targets):
    logits = tg.tensor(np.zeros(shape), requires_grad=True)
    value = loss(logits, targets)
    assert np.isnan(value.data)
    value.backward()
    assert logits.grad.shape == shape


def test_large_logits_leave_the_loss_its_digits():
    logits = np.full((2, 2), 1e4, np.float32)
    np.testing.assert_allclose(nn.multiclass_log_loss(logits, [0, 1]), np.log(2), rtol=1e-6)


def test_masked_logits_of_other_classes():
    logits = tg.tensor([[0.0, -np.inf, 0.0]], requires_grad=True)
    loss = nn.multiclass_log_loss(logits, [0])
    loss.backward()
    np.testing.assert_allclose(loss.data, np.log(2))
    np.testing.assert_allclose(logits.grad, [[-0.5, 0, 0.5]])


class TestTargets:
    @pytest.mark.parametrize("loss", [nn.binary_log_loss, nn.l2_loss])
    def test_flat_targets_beside_a_column(self, loss):
        outputs = np.array([[0.5], [-1.0], [2.0]])
        flat = loss(outputs, [1, 0, 1])
        np.testing.assert_allclose(flat, loss(outputs, [[1], [0], [1]]))
        np.testing.assert_allclose(flat, loss(outputs[:, 0], [1, 0, 1]))

    @pytest.mark.parametrize("loss", [nn.binary_log_loss, nn.l2_loss])
    def test_a_number_is_no_target_of_one_row(self, loss):
        with pytest.raises(ValueError, match=r"shape \(\), expected .* \(1, 1\)"):
            loss(np.zeros((1, 1)), 1.0)

    @pytest.mark.parametrize("loss", [nn.binary_log_loss, nn.l2_loss])
    @pytest.mark.parametrize("shape", [(2,), (1, 3), (3, 2), ()])
    def test_shapes_that_would_broadcast_are_refused(self, loss, shape):
        with pytest.raises(ValueError, match=r"expected that of the outputs, \(3, 1\)"):
            loss(np.zeros((3, 1)), np.zeros(shape))

    @pytest.mark.parametrize(
        ("loss", "targets"),
        [
            (nn.binary_log_loss, np.array([[0], [1]])),
            (nn.l2_loss, np.array([[0.5], [1.0]])),
            (nn.multiclass_log_loss, np.array([[1], [1]])),
        ],
    )
    def test_targets_do_not_change_the_dtype(self, loss, targets):
        outputs = tg.tensor(np.zeros((2, 1)), dtype=np.float32, requires_grad=True)
        assert loss(outputs, targets).dtype == np.float32

    def test_targets_may_be_tensors(self):
        predictions = tg.tensor([1.0, 2.0], requires_grad=True)
        targets = tg.tensor([0.0, 4.0], requires_grad=True)
        nn.l2_loss(predictions, targets).backward()
        np.testing.assert_allclose(targets.grad, -predictions.grad)

    @pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
    def test_class_indices_out_of_range(self, labels):
        with pytest.raises(ValueError, match="expected 0 to 2"):
            nn.multiclass_log_loss(np.zeros((2, 3)), labels)

    @pytest.mark.parametrize("classes", [3, 70])
    @pytest.mark.parametrize("reduction", ["mean", "none"])
    def test_class_indices_in_an_array_of_a_subclass(self, classes, reduction, tmp_path):
        labels = np.memmap(tmp_path / "labels", int, "w+", shape=(2,))
        labels[:] = 1, 2
        logits = tg.tensor(np.arange(2.0 * classes).reshape(2, -1) % 5, requires_grad=True)
        loss = nn.multiclass_log_loss(logits, labels, reduction=reduction)
        plain = nn.multiclass_log_loss(logits, np.array([1, 2]), reduction=reduction)
        np.testing.assert_array_equal(loss.data, plain.data)
        for wrong in (classes, -1):
            labels[0] = wrong
            with pytest.raises(ValueError, match=f"expected 0 to {classes - 1}"):
                nn.multiclass_log_loss(logits, labels, reduction=reduction)

    def test_fractional_class_indices(self):
        with pytest.raises(TypeError, match="dtype float64, expected integers"):
            nn.multiclass_log_loss(np.zeros((2, 3)), [0.0, 1.0])

    def test_wrong_number_of_class_indices(self):
        with pytest.raises(ValueError, match="3 class indices for 2 rows"):
            nn.multiclass_log_loss(np.zeros((2, 3)), [0, 1, 2])

    def test_logits_of_another_shape(self):
        with pytest.raises(ValueError, match=r"expected \(n, classes\)"):
            nn.multiclass_log_loss(np.zeros(3), [0, 1, 2])


@pytest.mark.parametrize(
    ("module", "function", "targets"),
    [
        (nn.BCEWithLogitsLoss, nn.binary_log_loss, [[1, 0], [0, 1]]),
        (nn.CrossEntropyLoss, nn.multiclass_log_loss, [1, 0]),
        (nn.MSELoss, nn.l2_loss, [[1, 0], [0, 1]]),
    ],
)
def test_modules_compute_the_functions(module, function, targets):
    outputs = np.array([[0.1, 0.2], [0.3, 0.4]])
    assert module()(outputs, targets) == function(outputs, targets)
    recorded = module()(tg.tensor(outputs, requires_grad=True), targets)
    assert type(recorded.node.group[1]) is module
