"""L-BFGS: it finds minima, stands what goes wrong on the way, and says how it ended."""

import sys

import numpy as np
import pytest

import nn
from nn import LBFGS, Parameter


def logistic_regression(dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)).astype(dtype)
    y = (X @ [1.0, -2.0, 0.5] + rng.normal(size=200) > 0).astype(dtype)[:, None]
    layer = nn.Linear(3, 1, rng=0, dtype=dtype)
    return layer, lambda: nn.binary_log_loss(layer(X), y), X, y


def test_as_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    layer, loss, X, y = logistic_regression()
    optimizer = LBFGS(layer.parameters(), max_iter=200, tolerance_change=1e-14)
    optimizer.step(loss)
    assert optimizer.converged
    expected = linear_model.LogisticRegression(C=np.inf, tol=1e-10).fit(X, y[:, 0])
    np.testing.assert_allclose(layer.weight.data.T, expected.coef_, rtol=1e-4)
    np.testing.assert_allclose(layer.bias.data, expected.intercept_, rtol=1e-4)


def test_minimum_of_pytorch():
    torch = pytest.importorskip("torch")
    layer, loss, X, y = logistic_regression()
    weight = torch.tensor(layer.weight.data.copy(), requires_grad=True)
    bias = torch.tensor(layer.bias.data.copy(), requires_grad=True)
    theirs = torch.optim.LBFGS(
        [weight, bias], 1, 200, None, 1e-9, 1e-14, line_search_fn="strong_wolfe"
    )

    def closure():
        theirs.zero_grad()
        logits = torch.tensor(X) @ weight + bias
        value = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(y))
        value.backward()
        return value

    theirs.step(closure)
    LBFGS(layer.parameters(), 200, 1e-9, 1e-15).step(loss)
    np.testing.assert_allclose(layer.weight.data, weight.detach().numpy(), atol=1e-6)


def test_float32_ends_where_float32_ends():
    layer, loss, _, _ = logistic_regression(np.float32)
    exact, exact_loss, _, _ = logistic_regression()
    LBFGS(exact.parameters(), 100).step(exact_loss)
    value = LBFGS(layer.parameters(), 100).step(loss)
    assert layer.weight.dtype == np.float32
    np.testing.assert_allclose(value, exact_loss().item(), rtol=1e-5)
    np.testing.assert_allclose(layer.weight.data, exact.weight.data, atol=1e-2)


def test_l2_penalty():
    x = Parameter([4.0])
    value = LBFGS([x], l2_penalty=3.0).step(lambda: np.sum((x - 2.0) ** 2))
    np.testing.assert_allclose(x.data, [4 / 5], rtol=1e-6)
    np.testing.assert_allclose(value, (0.8 - 2) ** 2 + 1.5 * 0.8**2)


def test_a_closure_as_in_pytorch():
    mine, theirs = Parameter([3.0, -2.0]), Parameter([3.0, -2.0])

    def closure():
        loss = np.sum((theirs - 1.0) ** 4)
        loss.backward()
        return loss

    LBFGS([mine]).step(lambda: np.sum((mine - 1.0) ** 4))
    LBFGS([theirs]).step(closure)
    np.testing.assert_array_equal(mine.data, theirs.data)
    assert mine.grad is None


def test_iterations_and_callback():
    x = Parameter([-1.0, 1.0])
    optimizer = LBFGS([x], max_iter=5)
    seen = []

    def loss():
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    def note(iteration, value):
        assert value == loss().item()
        seen.append(iteration)

    first = optimizer.step(loss, note)
    assert seen == [1, 2, 3, 4, 5]
    assert not optimizer.converged
    assert "ITERATIONS" in optimizer.message
    assert first == loss().item()
    assert optimizer.step(loss) < first

    def stop(iteration, value):
        if iteration == 2:
            raise StopIteration

    x.assign([-1.0, 1.0])
    stopped = optimizer.step(loss, stop)
    assert first < stopped == loss().item()


def test_a_loss_that_is_infinite_on_the_way():
    x = Parameter([-0.5, 0.0])

    def loss():
        with np.errstate(all="ignore"):
            return np.sum(-0.01 * np.log(0.7 - x) - x)

    LBFGS([x], max_iter=100).step(loss)
    np.testing.assert_allclose(x.data, [0.69, 0.69], rtol=1e-4)


def test_what_raises_inside_leaves_the_last_good_parameters():
    x = Parameter([-1.0, 1.0])
    accepted = x.data.copy()
    calls = 0

    def note(iteration, value):
        accepted[...] = x.data

    def loss():
        nonlocal calls
        calls += 1
        if calls == 7:
            raise KeyboardInterrupt
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    with pytest.raises(KeyboardInterrupt):
        LBFGS([x]).step(loss, note)
    np.testing.assert_array_equal(x.data, accepted)
    assert not np.array_equal(x.data, [-1.0, 1.0])
    assert x.grad is None


@pytest.mark.parametrize("start", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_to_begin_with(start):
    x = Parameter([start])
    with pytest.raises(ValueError, match="to begin with"):
        LBFGS([x]).step(lambda: np.sum(x * 1.0))


def test_a_loss_of_something_else():
    x = Parameter([1.0])
    for loss in (lambda: 1.0, lambda: np.sum(Parameter([1.0]) ** 2)):
        with pytest.raises(ValueError, match="does not depend on any of the parameters"):
            LBFGS([x]).step(loss)
    np.testing.assert_array_equal(x.data, [1.0])


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match="pip install scipy"):
        LBFGS([Parameter([1.0])]).step(lambda: 1.0)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"max_iter": 0}, ValueError, "max_iter is 0"),
        ({"history_size": 1.5}, TypeError, "history_size is 1.5"),
        ({"tolerance_grad": -1}, ValueError, "tolerance_grad is -1"),
        ({"tolerance_change": "0"}, TypeError, "tolerance_change is '0'"),
        ({"l2_penalty": np.nan}, ValueError, "l2_penalty is nan"),
    ],
)
def test_settings_out_of_range(settings, error, message):
    with pytest.raises(error, match=message):
        LBFGS([Parameter([1.0])], **settings)
