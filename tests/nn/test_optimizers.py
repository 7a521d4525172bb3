"""The optimizers: as PyTorch's, in groups, clipped, saved, copied."""

import copy
import json
import pickle

import numpy as np
import pytest

import nn
from nn import SGD, Adagrad, Adam, AdamW, Optimizer, Parameter, RMSprop
from nn.blocks import BLOCK
from nn.optim import OPTIMIZERS, optimizer_named

SETTINGS = [
    (SGD, "SGD", {}, {}),
    (SGD, "SGD", {"momentum": 0.9}, {}),
    (SGD, "SGD", {"momentum": 0.9, "nesterov": True}, {"l2_penalty": 0.1}),
    (SGD, "SGD", {"momentum": 0.5, "dampening": 0.3}, {"l2_penalty": 0.1}),
    (Adam, "Adam", {}, {}),
    (Adam, "Adam", {"betas": (0.8, 0.99), "eps": 1e-4}, {"l2_penalty": 0.1}),
    (AdamW, "AdamW", {}, {"weight_decay": 0.01}),
    (Adam, "AdamW", {}, {"weight_decay": 0.5}),
    (RMSprop, "RMSprop", {}, {}),
    (RMSprop, "RMSprop", {"alpha": 0.9, "momentum": 0.9, "centered": True}, {"l2_penalty": 0.1}),
    (Adagrad, "Adagrad", {}, {}),
    (Adagrad, "Adagrad", {"initial_accumulator_value": 0.1}, {"l2_penalty": 0.1}),
]
EVERY = [
    lambda p, **k: SGD(p, 0.1, **k),
    lambda p, **k: SGD(p, 0.1, momentum=0.9, nesterov=True, **k),
    lambda p, **k: SGD(p, 0.1, momentum=0.9, dampening=0.1, **k),
    lambda p, **k: Adam(p, 0.1, **k),
    lambda p, **k: AdamW(p, 0.1, **k),
    lambda p, **k: RMSprop(p, 0.1, centered=True, momentum=0.5, **k),
    lambda p, **k: Adagrad(p, 0.3, learning_rate_decay=0.01, **k),
]
every_optimizer = pytest.mark.parametrize("make", EVERY)


def parameters_of(*shapes, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [Parameter(rng.normal(size=shape).astype(dtype)) for shape in shapes]


def advance(optimizer, steps, seed=1):
    """Steps along gradients that depend on the parameters."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for p in optimizer.buffer.parameters:
            p.grad = (p.data + rng.normal(size=p.shape)).astype(p.dtype)
        optimizer.step()
    return optimizer.buffer.copy()


@pytest.mark.parametrize(("ours", "theirs", "same", "decay"), SETTINGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_pytorch(ours, theirs, same, decay, dtype):
    torch = pytest.importorskip("torch")
    start = np.random.default_rng(0).normal(size=(3, 4)).astype(dtype)
    A = np.random.default_rng(1).normal(size=(4, 4))
    mine = Parameter(start.copy())
    optimizer = ours([mine], learning_rate=0.01, **same, **decay)
    other = torch.tensor(start, requires_grad=True)
    reference = getattr(torch.optim, theirs)(
        [other], lr=0.01, weight_decay=next(iter(decay.values()), 0), **same
    )
    for _ in range(100):
        optimizer.zero_grad()
        np.sum(np.sin(mine @ A.astype(dtype)) + mine**2).backward()
        optimizer.step()
        reference.zero_grad()
        (torch.sin(other @ torch.tensor(A.astype(dtype))) + other**2).sum().backward()
        reference.step()
    tolerance = 1e-11 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(mine.data, other.detach().numpy(), rtol=0, atol=tolerance)
    assert not np.allclose(mine.data, start, atol=1e-2)


def test_learning_rate_decay_of_adagrad_is_pytorchs():
    torch = pytest.importorskip("torch")
    (mine,) = parameters_of((5,))
    other = torch.tensor(mine.data.copy(), requires_grad=True)
    optimizer = Adagrad([mine], 0.1, learning_rate_decay=0.2)
    reference = torch.optim.Adagrad([other], lr=0.1, lr_decay=0.2)
    for slope in np.random.default_rng(1).normal(size=(100, 5)):
        mine.grad, other.grad = slope, torch.tensor(slope)
        optimizer.step()
        reference.step()
    np.testing.assert_allclose(mine.data, other.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs", "settings", "same"),
    [
        (SGD, "SGD", {"momentum": 0.9, "dampening": 0.5}, {"momentum": 0.9, "dampening": 0.5}),
        (Adam, "Adam", {"l2_penalty": 0.1}, {"weight_decay": 0.1}),
        (AdamW, "AdamW", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
        (RMSprop, "RMSprop", {}, {}),
        (Adagrad, "Adagrad", {"learning_rate_decay": 0.2}, {"lr_decay": 0.2}),
    ],
)
def test_steps_without_a_gradient_do_not_count_as_in_pytorch(ours, theirs, settings, same):
    torch = pytest.importorskip("torch")
    mine = parameters_of((2, 3), (3,), (), (4,))
    others = [torch.tensor(p.data.copy(), requires_grad=True) for p in mine]
    optimizer = ours(mine, learning_rate=0.1, **settings)
    reference = getattr(torch.optim, theirs)(others, lr=0.1, **same)
    rng = np.random.default_rng(3)
    for step in range(30):
        present = rng.random(4) < (0.5 if step < 20 else 1)
        for p, other, has_gradient in zip(mine, others, present, strict=True):
            slope = rng.normal(size=p.shape)
            p.grad = slope if has_gradient else None
            other.grad = torch.tensor(slope) if has_gradient else None
        optimizer.step()
        reference.step()
        if step == 10:  # a copy that is loaded goes on alike
            optimizer = ours(mine, 1.0, **settings).load_state_dict(optimizer.state_dict())
    for p, other in zip(mine, others, strict=True):
        np.testing.assert_allclose(p.data, other.detach().numpy(), rtol=1e-10)
    if optimizer.rule.counts_steps:
        expected = [float(reference.state[p].get("step", 0)) for p in others]
        assert theirs == "SGD" or optimizer.state["step"].tolist() == expected


@every_optimizer
def test_the_minimum_is_found(make):
    x = Parameter([2.0, -1.0])
    optimizer = make([x])
    for factor in np.linspace(1, 0, 600):
        optimizer.learning_rate_factor = factor
        optimizer.zero_grad()
        np.sum((x - np.array([1.0, 0.5])) ** 2).backward()
        optimizer.step()
    np.testing.assert_allclose(x.data, [1.0, 0.5], atol=0.02)


@every_optimizer
def test_float32_stays(make):
    optimizer = make(parameters_of((2, 3), (3,), dtype=np.float32), l2_penalty=0.1, clip_norm=1.0)
    advance(optimizer, 3)
    assert {p.dtype for p in optimizer.buffer.parameters} == {np.dtype(np.float32)}
    assert {a.dtype for n, a in optimizer.state.items() if n != "step"} <= {np.dtype(np.float32)}


@every_optimizer
def test_blocks_make_no_difference(make):
    size = 2 * BLOCK // 8 + 17
    rng = np.random.default_rng(0)
    start, slopes = rng.normal(size=size), rng.normal(size=(3, size))
    large, small = Parameter(start.copy()), Parameter(start[-20:].copy())
    for parameter, part in ((large, slopes), (small, slopes[:, -20:])):
        optimizer = make([parameter], weight_decay=0.1)
        for slope in part:
            parameter.grad = slope
            optimizer.step()
    np.testing.assert_array_equal(large.data[-20:], small.data)


class TestGroups:
    def test_each_has_its_own_settings(self):
        first, second, third = parameters_of((2, 3), (3,), ())
        alone = parameters_of((2, 3), (3,), ())
        grouped = AdamW(
            [
                {"parameters": [first], "learning_rate": 0.01},
                {"parameters": [second], "weight_decay": 0.0},
                {"parameters": [third], "l2_penalty": 0.5},
            ],
            learning_rate=0.1,
            weight_decay=0.2,
        )
        apart = [
            AdamW(alone[:1], 0.01, weight_decay=0.2),
            AdamW(alone[1:2], 0.1, weight_decay=0.0),
            AdamW(alone[2:], 0.1, weight_decay=0.2, l2_penalty=0.5),
        ]
        for factor in (1.0, 0.5, 2.0):
            for p, q in zip((first, second, third), alone, strict=True):
                p.grad = q.grad = np.cos(q.data)
            for optimizer in (grouped, *apart):
                optimizer.learning_rate_factor = factor
                optimizer.step()
        for p, q in zip((first, second, third), alone, strict=True):
            np.testing.assert_allclose(p.data, q.data, rtol=1e-13)

    def test_a_pure_step_is_the_same(self):
        import tensorgrad as tg

        first, second = parameters_of((2, 3), (3,))
        optimizer = Adam(
            [{"parameters": [first], "learning_rate": 0.01}, {"parameters": [second]}],
            learning_rate=0.1,
            weight_decay=0.1,
            l2_penalty=0.1,
            clip_norm=0.5,
            clip_value=0.4,
        )
        values, state = optimizer.buffer.copy(), dict(optimizer.state)
        state["step"] = state["step"].copy()
        slopes = np.random.default_rng(0).normal(size=(4, 9))
        compiled = tg.compile(optimizer.pure_step)
        for slope, factor in zip(slopes, (1.0, 0.7, 0.2, 0.1), strict=True):
            values, state = compiled(values, slope, state, factor)
        for slope, factor in zip(slopes, (1.0, 0.7, 0.2, 0.1), strict=True):
            optimizer.learning_rate_factor = factor
            first.grad, second.grad = slope[:6].reshape(2, 3), slope[6:]
            optimizer.step()
        np.testing.assert_allclose(values, optimizer.buffer.values, rtol=1e-12)
        optimizer.state = state
        assert optimizer.state["step"] == 4

    def test_a_pure_step_with_counts_that_differ(self):
        import tensorgrad as tg

        first, second = parameters_of((2, 3), (3,))
        optimizer = Adam([first, second], 0.1)
        first.grad = np.ones((2, 3))
        optimizer.step()
        slope = np.linspace(-1, 1, 9)
        step = tg.compile(optimizer.pure_step)
        values, state = step(optimizer.buffer.copy(), slope, optimizer.state)
        first.grad, second.grad = slope[:6].reshape(2, 3), slope[6:]
        optimizer.step()
        np.testing.assert_allclose(values, optimizer.buffer.values, rtol=1e-12)
        assert state["step"].tolist() == optimizer.state["step"].tolist() == [2, 1]

    def test_the_base_rate_is_for_those_without_one(self):
        first, second = parameters_of((1,), (1,))
        optimizer = SGD(
            [{"parameters": [first], "learning_rate": 0.5}, {"parameters": [second]}], 1.0
        )
        optimizer.learning_rate = 0.25
        before = first.data.copy(), second.data.copy()
        first.grad = second.grad = np.ones(1)
        optimizer.step()
        np.testing.assert_allclose(first.data, before[0] - 0.5)
        np.testing.assert_allclose(second.data, before[1] - 0.25)

    def test_a_shared_parameter_is_in_a_group_once(self):
        (parameter,) = parameters_of((2,))
        assert SGD([{"parameters": [parameter, parameter]}], 0.1).buffer.values.shape == (2,)

    @pytest.mark.parametrize(
        ("make", "error", "message"),
        [
            (lambda p, q: [{"parameters": [p]}, q], TypeError, "got both in one list"),
            (lambda p, q: {"parameters": [p]}, TypeError, "got one dict; put it into a list"),
            (lambda p, q: [{"params": [p]}], ValueError, "group 0 has unknown settings params"),
            (lambda p, q: [{"learning_rate": 1.0}], ValueError, "group 0 has no parameters"),
            (lambda p, q: [{"parameters": []}], ValueError, "group 0 has no parameters"),
            (lambda p, q: [{"parameters": p}], TypeError, "group 0 are a single tensor"),
            (
                lambda p, q: [{"parameters": [p, q]}, {"parameters": [q]}],
                ValueError,
                "groups 0 and 1 have a parameter in common",
            ),
            (
                lambda p, q: [{"parameters": [p], "learning_rate": -1}],
                ValueError,
                "learning_rate of group 0 is -1",
            ),
            (
                lambda p, q: [{"parameters": [p], "momentum": 0.9}],
                ValueError,
                'expected "parameters" and any of learning_rate, l2_penalty, weight_decay',
            ),
            (
                lambda p, q: [{"parameters": [p], "learning_rate": 1e-50}],
                ValueError,
                "which is 0.0 in float32",
            ),
        ],
    )
    def test_what_is_refused(self, make, error, message):
        p, q = parameters_of((2,), (3,), dtype=np.float32)
        with pytest.raises(error, match=message):
            SGD(make(p, q), 0.1)


class TestWithoutGradient:
    @every_optimizer
    def test_the_parameter_stays(self, make):
        first, second = parameters_of((2,), (3,))
        optimizer = make([first, second], weight_decay=0.1)
        advance(optimizer, 2)
        kept = second.data.copy(), {n: a[2:].copy() for n, a in optimizer.state.items() if a.ndim}
        before = first.data.copy()
        first.grad, second.grad = np.ones(2), None
        optimizer.step()
        np.testing.assert_array_equal(second.data, kept[0])
        for name, array in kept[1].items():
            np.testing.assert_array_equal(optimizer.state[name][2:], array)
        assert not np.array_equal(first.data, before)

    @every_optimizer
    def test_nothing_happens_if_there_is_none(self, make):
        optimizer = make(parameters_of((2,)), weight_decay=0.1)
        before = advance(optimizer, 1)
        steps = optimizer.state.get("step", 0) + 0
        optimizer.zero_grad()
        optimizer.step()
        np.testing.assert_array_equal(optimizer.buffer.values, before)
        assert optimizer.state.get("step", 0) == steps


class TestState:
    @every_optimizer
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_training_goes_on_with_the_same_bits(self, make, dtype):
        whole = make(parameters_of((2, 3), (3,), dtype=dtype), weight_decay=0.1, clip_norm=2.0)
        advance(whole, 4)
        first = make(parameters_of((2, 3), (3,), dtype=dtype), weight_decay=0.1, clip_norm=2.0)
        advance(first, 4)
        state = first.state_dict()
        # Another process has nothing but the file: other settings, other values.
        numbers = json.loads(
            json.dumps({k: v for k, v in state.items() if not isinstance(v, np.ndarray)})
        )
        arrays = {k: v for k, v in state.items() if isinstance(v, np.ndarray)}
        second = type(first)(parameters_of((2, 3), (3,), dtype=dtype, seed=5), learning_rate=7.0)
        second.buffer.assign(first.buffer.values)
        second.load_state_dict({**numbers, **arrays})
        assert repr(second) == repr(first)
        np.testing.assert_array_equal(advance(second, 3, seed=2), advance(whole, 3, seed=2))
        for name, array in whole.state.items():
            np.testing.assert_array_equal(second.state[name], array)

    def test_arrays_and_plain_numbers_that_safetensors_takes(self):
        from safetensors.numpy import load, save

        optimizer = Adam(parameters_of((2,)), 0.1)
        advance(optimizer, 2)
        state = optimizer.state_dict()
        arrays = {k: v for k, v in state.items() if isinstance(v, np.ndarray)}
        assert all(type(v) in (int, float, bool) for k, v in state.items() if k not in arrays)
        loaded = Adam(parameters_of((2,)), 0.5).load_state_dict({**state, **load(save(arrays))})
        assert loaded.state["step"] == 2
        assert loaded.learning_rate == 0.1

    def test_it_is_a_copy(self):
        optimizer = Adam(parameters_of((2,)), 0.1)
        state = optimizer.state_dict()
        advance(optimizer, 1)
        assert not state["state.first_moment"].any()
        optimizer.load_state_dict(state)
        advance(optimizer, 1)
        assert not state["state.first_moment"].any()

    def test_groups(self):
        def grouped(rate):
            first, second = parameters_of((2,), (3,))
            groups = [{"parameters": [first], "learning_rate": rate}, {"parameters": [second]}]
            return SGD(groups, 0.1, momentum=0.9)

        one, other = grouped(0.5), grouped(0.25)
        other.load_state_dict(one.state_dict())
        np.testing.assert_array_equal(advance(one, 2), advance(other, 2))
        assert one.state_dict()["groups.0.learning_rate"] == 0.5

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            (lambda s: s.pop("learning_rate"), ValueError, "learning_rate is missing"),
            (lambda s: s.pop("state.step"), ValueError, "state.step is missing"),
            (lambda s: s.update(momentum=0.9), ValueError, "momentum is unknown"),
            (lambda s: s.update({"groups.0.l2_penalty": 1}), ValueError, "groups.0.l2_penalty is"),
            (lambda s: s.update({"state.more": np.ones(2)}), ValueError, "state.more is unknown"),
            (
                lambda s: s.update({"state.first_moment": np.ones(3)}),
                ValueError,
                r"shape \(3,\), expected \(2,\)",
            ),
            (
                lambda s: s.update({"state.first_moment": np.ones(2, complex)}),
                ValueError,
                "dtype complex128, expected float64",
            ),
            (lambda s: s.update(beta1=1.5), ValueError, "beta1 is 1.5"),
            (lambda s: s.update(learning_rate=-1.0), ValueError, "learning_rate is -1.0"),
            (lambda s: s.update(learning_rate_factor=-1.0), ValueError, "factor is -1.0"),
            (lambda s: s.update(clip_norm="1"), TypeError, "clip_norm is '1'"),
        ],
    )
    def test_what_is_refused_changes_nothing(self, change, error, message):
        optimizer = Adam(parameters_of((2,)), 0.1)
        advance(optimizer, 1)
        state, rule = optimizer.state_dict(), optimizer.rule
        bad = dict(state)
        change(bad)
        with pytest.raises(error, match=message):
            optimizer.load_state_dict(bad)
        assert optimizer.rule is rule
        after = optimizer.state_dict()
        assert after.keys() == state.keys()
        for name, value in state.items():
            np.testing.assert_array_equal(after[name], value)

    @every_optimizer
    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_copies_go_their_own_way(self, make, duplicate):
        model = nn.Linear(2, 3, rng=0, dtype=np.float64)
        optimizer = make(model.parameters())
        advance(optimizer, 2)
        model_copy, optimizer_copy = duplicate((model, optimizer))
        before = model.weight.data.copy()
        after = advance(optimizer_copy, 2)
        np.testing.assert_array_equal(model.weight.data, before)
        np.testing.assert_array_equal(model_copy.weight.data.ravel(), after[:6])
        np.testing.assert_array_equal(advance(optimizer, 2), after)


class TestSettings:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_by_name(self, name):
        optimizer = optimizer_named(name.upper(), parameters_of((2,)), learning_rate=0.5)
        assert type(optimizer) is OPTIMIZERS[name]
        assert optimizer.learning_rate == 0.5

    def test_names_that_are_none(self):
        with pytest.raises(ValueError, match="optimizer is 'adamm'; expected one of 'sgd', 'adam'"):
            optimizer_named("adamm", parameters_of((2,)), learning_rate=0.5)
        with pytest.raises(TypeError, match="optimizer is 3; expected one of"):
            optimizer_named(3, parameters_of((2,)), learning_rate=0.5)

    def test_groups_that_agree_while_the_factor_is_zero(self):
        first, second = parameters_of((2,), (3,))
        optimizer = SGD(
            [{"parameters": [first], "learning_rate": 0.1}, {"parameters": [second]}], 0.2
        )
        optimizer.learning_rate_factor = 0
        optimizer.load_state_dict(optimizer.state_dict())
        optimizer.learning_rate_factor = 1
        before = optimizer.buffer.copy()
        first.grad, second.grad = np.ones(2), np.ones(3)
        optimizer.step()
        np.testing.assert_allclose(before - optimizer.buffer.values, [0.1, 0.1, 0.2, 0.2, 0.2])

    def test_factor(self):
        optimizer = SGD(parameters_of((2,)), 0.5)
        optimizer.learning_rate_factor = 0.5
        assert optimizer.learning_rate == 0.5
        assert optimizer.current_learning_rate == 0.25
        before = optimizer.buffer.copy()
        optimizer.buffer.parameters[0].grad = np.ones(2)
        optimizer.step()
        np.testing.assert_allclose(optimizer.buffer.values, before - 0.25)
        optimizer.learning_rate_factor = 0
        optimizer.step()
        np.testing.assert_allclose(optimizer.buffer.values, before - 0.25)
        for value in (-0.1, np.nan, np.inf):
            with pytest.raises(ValueError, match="learning_rate_factor is"):
                optimizer.learning_rate_factor = value
        assert optimizer.learning_rate_factor == 0

    @pytest.mark.parametrize("name", ["clip_norm", "clip_value"])
    def test_clipping_can_be_set_later(self, name):
        optimizer = SGD(parameters_of((1,)), 1.0)
        before = optimizer.buffer.copy()
        setattr(optimizer, name, 0.5)
        optimizer.buffer.parameters[0].grad = np.full(1, 10.0)
        optimizer.step()
        np.testing.assert_allclose(optimizer.buffer.values, before - 0.5, atol=1e-6)
        with pytest.raises(ValueError, match=f"{name} is 0"):
            setattr(optimizer, name, 0)
        with pytest.raises(TypeError, match=f"{name} is '1'"):
            SGD(parameters_of((1,)), 1.0, **{name: "1"})

    def test_eps_that_is_nothing_in_the_dtype(self):
        with pytest.raises(
            ValueError, match=r"eps is 1e-08, which is 0 in float16.*at least 1e-07"
        ):
            Adam(parameters_of((2,), dtype=np.float16))
        assert Adam(parameters_of((2,), dtype=np.float16), eps=1e-4).rule.settings["eps"] == 1e-4

    def test_betas_that_are_no_pair(self):
        with pytest.raises(TypeError, match=r"betas is 0\.9; expected two numbers"):
            Adam(parameters_of((2,)), betas=0.9)

    def test_a_rule_that_is_none(self):
        with pytest.raises(TypeError, match="rule is 'sgd'; expected an update rule"):
            Optimizer(parameters_of((2,)), 0.1, "sgd")

    @every_optimizer
    def test_a_backward_pass_over_old_values_is_refused(self, make):
        (parameter,) = parameters_of((2,))
        optimizer = make([parameter])
        first, second = np.sum(parameter**2), np.sum(parameter**3)
        first.backward()
        optimizer.step()
        with pytest.raises(RuntimeError, match="overwritten by assign"):
            second.backward()
