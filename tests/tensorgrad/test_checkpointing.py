"""checkpoint: the same values and derivatives, and what must not change in between."""

import numpy as np
import pytest

import tensorgrad as tg


def test_values_and_derivatives_are_the_same():
    w = tg.tensor([0.5, -0.3], requires_grad=True)

    def block(x, scale):
        return {"a": np.tanh(x * w) * scale, "b": (x, x * scale)}

    def f(block):
        def through(x):
            out = block(x, 2.0)
            return (out["a"] * out["b"][1] + out["b"][0]).sum()

        return through

    x = np.array([0.2, 0.9])
    for transform in (tg.value_and_grad, tg.hessian, lambda g: tg.jacobian(tg.hessian(g))):
        with tg.no_grad():
            plain, checkpointed = transform(f(block))(x), transform(f(tg.checkpoint(block)))(x)
        for a, b in zip(plain, checkpointed, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)
    gradients = []
    for g in (f(block), f(tg.checkpoint(block))):
        w.zero_grad()
        g(x).backward()
        gradients.append(w.grad)
    np.testing.assert_array_equal(*gradients)


def test_random_functions_are_caught():
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match="something else"):
        tg.grad(tg.checkpoint(lambda x: x * rng.normal()))(1.0)


def test_a_changed_parameter_is_caught():
    w = tg.tensor(2.0, requires_grad=True)
    y = tg.checkpoint(lambda x: x * w)(3.0)
    w.assign(5.0)
    with pytest.raises(RuntimeError, match="overwritten"):
        y.backward()


def test_a_changed_constant_is_caught_though_the_output_is_the_same():
    constant = tg.tensor([2.0, 3.0])
    x = tg.tensor([0.0, 0.0], requires_grad=True)
    y = tg.checkpoint(lambda x: x * constant)(x)
    constant.assign([5.0, 5.0])
    with pytest.raises(RuntimeError, match="overwritten"):
        y.backward([1.0, 1.0])


def test_what_the_function_overwrites_itself_is_no_change():
    state = tg.tensor(1.0)

    def f(x):
        state.assign(2.0)
        return x * state

    assert tg.grad(tg.checkpoint(f))(3.0) == 2.0


def test_the_backward_pass_runs_under_no_grad():
    w = tg.tensor(2.0, requires_grad=True)
    y = tg.checkpoint(lambda x: x * w)(3.0)
    with tg.no_grad():
        y.backward()
    assert w.grad == 3.0


def test_a_transform_inside_a_checkpoint():
    def f(x):
        return x * tg.grad(lambda z: z**2 * x)(1.0)  # 2 x²

    assert tg.grad(f)(3.0) == tg.grad(tg.checkpoint(f))(3.0) == 12.0
