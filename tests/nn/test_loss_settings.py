"""Reductions, weights and smoothed labels; PyTorch's are beside them in test_against_torch.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import tensorgrad as tg

few = settings(max_examples=15)


def rows(*shape):
    return np.random.default_rng(0).normal(size=shape)


LOSSES = [
    nn.l1_loss,
    nn.l2_loss,
    nn.huber_loss,
    nn.quantile_loss,
    nn.poisson_nll_loss,
    nn.binary_log_loss,
]
CLASSES = np.array([0, 2, 1, 2, 2])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
class TestEveryLoss:
    targets = (rows(5, 3) > 0) + 0.0

    def test_reductions(self, loss):
        x = 2 * rows(5, 3) + 0.1
        each = loss(x, self.targets, reduction="none")
        assert each.shape == (5, 3)
        np.testing.assert_allclose(loss(x, self.targets), each.mean(), rtol=1e-12)
        np.testing.assert_allclose(loss(x, self.targets, reduction="sum"), each.sum(), rtol=1e-12)
        with pytest.raises(ValueError, match="'average', expected 'mean', 'sum' or 'none'"):
            loss(x, self.targets, reduction="average")

    def test_derivatives(self, loss):
        tg.check_grads(lambda x: loss(x, self.targets, reduction="none"), 2 * rows(5, 3) + 0.1)

    def test_dtype_and_shape(self, loss):
        x = tg.tensor(rows(5, 1), dtype=np.float32, requires_grad=True)
        value = loss(x, self.targets[:, 0])
        value.backward()
        assert value.dtype == x.grad.dtype == np.float32
        with pytest.raises(ValueError, match=r"targets have shape \(5, 3\), expected that of"):
            loss(x, self.targets)

    def test_any_weighted_mean_can_be_made(self, loss):
        weights = np.array([0.0, 1.0, 2.0, 0.0, 1.0])
        x = rows(5, 1)
        each = loss(x, self.targets[:, :1], reduction="none")
        repeated = np.repeat(np.arange(5), weights.astype(int))
        np.testing.assert_allclose(
            np.sum(weights[:, None] * each) / weights.sum(),
            loss(x[repeated], self.targets[repeated, :1]),
            rtol=1e-12,
        )


class TestClasses:
    def test_reductions(self):
        logits = rows(5, 3)
        each = nn.multiclass_log_loss(logits, CLASSES, reduction="none")
        assert each.shape == (5,)
        np.testing.assert_allclose(nn.multiclass_log_loss(logits, CLASSES), each.mean())
        np.testing.assert_allclose(
            nn.multiclass_log_loss(logits, CLASSES, reduction="sum"), each.sum()
        )

    def test_a_weight_counts_a_class_several_times(self):
        logits = rows(5, 3)
        twice = np.array([0, 1, 1, 2, 3, 3, 4, 4])  # samples of class 2
        np.testing.assert_allclose(
            nn.multiclass_log_loss(logits, CLASSES, class_weight=[1, 1, 2]),
            nn.multiclass_log_loss(logits[twice], CLASSES[twice]),
        )

    @few
    @given(st.floats(0, 1), st.booleans(), st.sampled_from(["mean", "none"]))
    def test_derivatives(self, smoothing, probabilities, reduction):
        targets = np.eye(3)[CLASSES] if probabilities else CLASSES
        tg.check_grads(
            lambda z: nn.multiclass_log_loss(
                z,
                targets,
                class_weight=[0.5, 1.0, 2.0],
                label_smoothing=smoothing,
                reduction=reduction,
            ),
            rows(5, 3),
        )

    def test_smoothing_moves_the_best_logits_to_finite_ones(self):
        logits = np.log([[0.9, 0.05, 0.05]])
        gradient = tg.grad(lambda z: nn.multiclass_log_loss(z, [0], label_smoothing=0.15))(logits)
        np.testing.assert_allclose(gradient, 0, atol=1e-12)

    def test_many_classes(self):
        logits, labels = rows(5, 100), np.arange(5) * 20
        expected = nn.multiclass_log_loss(logits, labels)
        np.testing.assert_allclose(
            nn.multiclass_log_loss(logits, labels, class_weight=np.ones(100)), expected
        )

    def test_extreme_logits(self):
        logits = tg.tensor(np.array([[1e30, -1e30, 0]], np.float32), requires_grad=True)
        loss = nn.multiclass_log_loss(logits, [1], label_smoothing=0.1, class_weight=[1, 2, 3])
        loss.backward()
        assert np.isfinite(loss.data)
        assert np.isfinite(logits.grad).all()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"class_weight": [1, 2]}, r"class_weight has shape \(2,\), expected \(3,\)"),
            ({"class_weight": [1, -2, 1]}, "expected finite numbers that are not negative"),
            ({"class_weight": [1, np.nan, 1]}, "expected finite numbers that are not negative"),
            ({"label_smoothing": 1.5}, r"label_smoothing is 1.5, expected a share"),
            ({"label_smoothing": -0.1}, r"label_smoothing is -0.1, expected a share"),
            ({"reduction": "all"}, "'all', expected 'mean', 'sum' or 'none'"),
        ],
    )
    def test_bad_settings(self, options, message):
        with pytest.raises(ValueError, match=message):
            nn.multiclass_log_loss(rows(5, 3), CLASSES, **options)


class TestBinary:
    targets = (rows(5, 2) > 0) + 0.0

    def test_a_weight_counts_ones_several_times(self):
        each = nn.binary_log_loss(rows(5, 2), self.targets, reduction="none")
        np.testing.assert_allclose(
            nn.binary_log_loss(rows(5, 2), self.targets, pos_weight=3.0, reduction="none"),
            np.where(self.targets == 1, 3 * each, each),
        )

    @few
    @given(st.floats(0, 1), st.sampled_from([0.5, [1.0, 2.0]]))
    def test_derivatives(self, smoothing, weight):
        tg.check_grads(
            lambda z: nn.binary_log_loss(
                z, self.targets, pos_weight=weight, label_smoothing=smoothing
            ),
            rows(5, 2),
        )

    def test_smoothed_targets(self):
        np.testing.assert_allclose(
            nn.binary_log_loss(rows(5, 2), self.targets, label_smoothing=0.2),
            nn.binary_log_loss(rows(5, 2), 0.8 * self.targets + 0.1),
        )

    def test_bad_settings(self):
        with pytest.raises(ValueError, match="pos_weight is -1, expected finite numbers"):
            nn.binary_log_loss(rows(5, 2), self.targets, pos_weight=-1)
        with pytest.raises(ValueError, match="label_smoothing is 2"):
            nn.BCEWithLogitsLoss(label_smoothing=2)(rows(5, 2), self.targets)


class TestRegression:
    @pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
    def test_the_best_constant_is_the_quantile(self, quantile):
        targets = np.random.default_rng(0).exponential(size=1001)
        candidates = np.sort(targets)
        losses = [
            nn.quantile_loss(np.full(1001, c), targets, quantile=quantile) for c in candidates
        ]
        np.testing.assert_allclose(
            candidates[np.argmin(losses)], np.quantile(targets, quantile), rtol=1e-6
        )

    def test_huber_is_smooth_where_its_pieces_meet(self):
        for at in (0.7, -0.7):
            gradient = tg.grad(lambda x: nn.huber_loss(x, [0.0], delta=0.7))(np.array([at]))
            np.testing.assert_allclose(gradient, at)

    def test_second_derivative_of_huber_at_its_minimum(self):
        second = tg.hessian(lambda x: nn.huber_loss(x, [0.0]))(np.zeros(1))
        np.testing.assert_array_equal(second, [[1.0]])

    def test_the_best_rate_is_the_mean(self):
        counts = np.array([0.0, 3.0, 6.0])
        gradient = tg.grad(lambda z: nn.poisson_nll_loss(z, counts))(np.full(3, np.log(3.0)))
        np.testing.assert_allclose(gradient.sum(), 0, atol=1e-12)

    def test_gaussian_of_several_outputs(self):
        targets = rows(5, 2) + 0.3
        tg.check_grads(
            lambda m, v: nn.gaussian_nll_loss(m, targets, np.exp(v)), rows(5, 2), rows(5, 1)
        )

    def test_tiny_variances_count_as_eps(self):
        loss = nn.gaussian_nll_loss(np.zeros(1), [1e-3], np.zeros(1), eps=1e-6)
        np.testing.assert_allclose(loss, 0.5 * (np.log(1e-6) + 1.0))

    @pytest.mark.parametrize(
        ("loss", "options", "message"),
        [
            (nn.huber_loss, {"delta": 0}, "delta is 0; expected a positive"),
            (nn.quantile_loss, {"quantile": 1}, "quantile is 1, expected a number above 0"),
        ],
    )
    def test_bad_settings(self, loss, options, message):
        with pytest.raises(ValueError, match=message):
            loss(np.zeros(2), [0, 1], **options)


@pytest.mark.parametrize(
    ("module", "function", "options"),
    [
        (nn.MSELoss, nn.l2_loss, {}),
        (nn.L1Loss, nn.l1_loss, {}),
        (nn.HuberLoss, nn.huber_loss, {"delta": 0.4}),
        (nn.QuantileLoss, nn.quantile_loss, {"quantile": 0.4}),
        (nn.PoissonNLLLoss, nn.poisson_nll_loss, {}),
        (nn.BCEWithLogitsLoss, nn.binary_log_loss, {"pos_weight": 2.0, "label_smoothing": 0.1}),
    ],
)
def test_modules_are_their_functions(module, function, options):
    x, targets = rows(5, 3), (rows(5, 3) > 0) + 0.0
    loss = module(**options, reduction="sum")
    assert loss(x, targets) == function(x, targets, **options, reduction="sum")
    assert loss.state_dict() == {}
    with pytest.raises(ValueError, match="expected 'mean', 'sum' or 'none'"):
        module(reduction="batchmean")
