"""Update rules: as functions, in place, recorded, compiled, differentiated, on other arrays."""

import numpy as np
import pytest
from duck_array import DuckArray, reveal
from interpreted_text import as_text

import nn
import tensorgrad as tg
from nn.schedules import Cosine, Warmup
from nn.update_rule import UpdateRule
from nn.update_rules import AdagradRule, AdamRule, RMSpropRule, SGDRule
from tensorgrad.structure import map_leaves

RULES = [
    SGDRule(),
    SGDRule(l2_penalty=0.1),
    SGDRule(weight_decay=0.1),
    SGDRule(0.9),
    SGDRule(0.9, nesterov=True, weight_decay=0.01),
    SGDRule(0.9, 0.5, l2_penalty=0.01),
    AdamRule(),
    AdamRule(0.8, 0.9, 1e-3, weight_decay=0.1, l2_penalty=0.1),
    RMSpropRule(),
    RMSpropRule(0.9, momentum=0.5, centered=True),
    AdagradRule(),
    AdagradRule(0.1, 0.5, weight_decay=0.1),
]
every_rule = pytest.mark.parametrize("rule", RULES, ids=repr)


class SlowAdam(AdamRule):
    """Adam without an implementation in place."""

    direction_in_place = UpdateRule.direction_in_place


class Delayed(UpdateRule):
    """A step along the gradient of the step before: what it remembers is the direction."""

    @property
    def starts(self):
        return {"previous": 1.0}

    def direction(self, gradient, state):
        return state["previous"], {"previous": gradient}


def gradients(steps, *shape, dtype=np.float64):
    return np.random.default_rng(1).normal(size=(steps, *shape)).astype(dtype)


def values(*shape, dtype=np.float64):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def eager(rule, start, slopes, rate=0.1):
    w, state = start, rule.init(start)
    for slope in slopes:
        w, state = rule.update(w, slope, state, rate)
    return w, state


def assert_same(one, other, rtol):
    assert one.keys() == other.keys()
    for name in one:
        assert np.asarray(one[name]).dtype == np.asarray(other[name]).dtype
        np.testing.assert_allclose(other[name], one[name], rtol=rtol, atol=rtol, err_msg=name)


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_stay_and_nothing_is_overwritten(rule, dtype):
    start = values(2, 3, dtype=dtype)
    state = rule.init(start)
    before = start.copy(), {name: array.copy() for name, array in state.items()}
    # A float64 rate is what comes out of an array of a schedule's factors.
    new, new_state = rule.update(start, gradients(1, 2, 3, dtype=dtype)[0], state, np.float64(0.1))
    assert new.shape == (2, 3)
    assert new.dtype == dtype
    assert not np.array_equal(new, start)
    np.testing.assert_array_equal(start, before[0])
    for name in state:
        np.testing.assert_array_equal(state[name], before[1][name])
        assert np.shape(new_state[name]) == np.shape(state[name])
        assert new_state[name].dtype == state[name].dtype
    assert new_state.keys() == state.keys()


@pytest.mark.parametrize("rule", [*RULES, SlowAdam(), Delayed()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_place_is_the_same(rule, dtype):
    class Anything(nn.Optimizer):
        pass

    parameter = nn.Parameter(values(5, 3, dtype=dtype))
    optimizer = Anything([parameter], 0.1, rule)
    slopes = gradients(20, 15, dtype=dtype)
    expected, state = eager(rule, optimizer.buffer.values.copy(), slopes)
    for slope in slopes:
        parameter.grad = slope.reshape(5, 3)
        optimizer.step()
    rtol = 1e-14 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(parameter.data.ravel(), expected, rtol=rtol, atol=rtol)
    assert_same(state, optimizer.state, rtol)


@every_rule
def test_structures(rule):
    start = {"a": values(2, 3), "b": [values(4), values(1)]}
    flat = np.concatenate([start["a"].ravel(), *start["b"]])
    slopes = gradients(3, 11)
    w, state = start, rule.init(start)
    for slope in slopes:
        parts = {"b": [slope[6:10], slope[10:]], "a": slope[:6].reshape(2, 3)}
        w, state = rule.update(w, parts, state, 0.1)
    assert list(w) == ["a", "b"]
    expected, flat_state = eager(rule, flat, slopes)
    np.testing.assert_array_equal(np.concatenate([w["a"].ravel(), *w["b"]]), expected)
    assert state.keys() == flat_state.keys()
    assert state.get("step") == flat_state.get("step")


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("backend", ["numpy", as_text], ids=["replayed", "text of machine code"])
def test_recorded(rule, dtype, backend):
    start = {"weight": values(2, 3, dtype=dtype), "bias": values(3, dtype=dtype)}
    slopes = [map_leaves(lambda a, k=k: a + dtype(k), start) for k in range(5)]
    compiled = tg.compile(rule.update, backend=backend)
    w, state = start, rule.init(start)
    expected, expected_state = w, state
    for slope in slopes:
        w, state = compiled(w, slope, state, 0.1)
        expected, expected_state = rule.update(expected, slope, expected_state, 0.1)
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    assert_same(expected, w, rtol)
    for name in rule.starts:
        assert_same(expected_state[name], state[name], rtol)
    if rule.counts_steps:
        assert state["step"] == 5


@pytest.mark.parametrize("rule", RULES[3:], ids=repr)
def test_scanned(rule):
    start, slopes = values(4, dtype=np.float32), gradients(6, 4, dtype=np.float32)
    factors = np.linspace(1, 0, 6)

    def step(carry, batch):
        w, state = carry
        slope, factor = batch
        return rule.update(w, slope, state, 0.1 * factor), np.sum(w)

    (w, state), _ = tg.scan(step, (start, rule.init(start)), (slopes, factors))
    expected, expected_state = start, rule.init(start)
    for slope, factor in zip(slopes, factors, strict=True):
        expected, expected_state = rule.update(expected, slope, expected_state, 0.1 * factor)
    np.testing.assert_allclose(w, expected, rtol=1e-5)
    assert w.dtype == np.float32
    assert_same(expected_state, state, 1e-5)


def test_machine_code_with_a_schedule():
    pytest.importorskip("llvmlite")
    rules = {"sgd": SGDRule(0.9, 0.5), "adam": AdamRule(weight_decay=0.1)}
    start, slopes = values(4), gradients(8, 4)
    schedule = Warmup(Cosine(6), 3)

    def step(carry, slope):
        rate = 0.1 * schedule(carry["adam"][1]["step"])
        new = {
            name: rule.update(carry[name][0], slope, carry[name][1], rate)
            for name, rule in rules.items()
        }
        return new, rate

    begin = {name: (start, rule.init(start)) for name, rule in rules.items()}
    end, rates = tg.scan(step, begin, slopes, backend="llvm")
    np.testing.assert_allclose(rates, 0.1 * schedule(np.arange(8)), rtol=1e-12)
    for name, rule in rules.items():
        w, state = begin[name]
        for slope, rate in zip(slopes, rates, strict=True):
            w, state = rule.update(w, slope, state, rate)
        np.testing.assert_allclose(end[name][0], w, rtol=1e-12)
        assert_same(state, end[name][1], 1e-12)


@pytest.mark.parametrize("rule", RULES[3:], ids=repr)
def test_training_can_be_differentiated(rule):
    slopes = gradients(3, 4)
    tg.check_grads(
        lambda w, rate: eager(rule, w, slopes + w, rate)[0], values(4), np.float64(0.1), order=1
    )


@every_rule
def test_other_arrays(rule):
    slopes = gradients(3, 4)
    expected, _ = eager(rule, values(4), slopes)
    got, _ = eager(rule, DuckArray(values(4)), [DuckArray(slope) for slope in slopes])
    assert isinstance(got, DuckArray)
    np.testing.assert_allclose(reveal(got), expected)


def test_the_variance_is_never_negative():
    rule = RMSpropRule(0.9, centered=True)
    w = np.zeros(1000, np.float32)
    w, _ = eager(rule, w, [np.full(1000, 1 / 3, np.float32) * np.float32(1e3)] * 300)
    assert np.isfinite(w).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGDRule(1.0), ValueError, "momentum is 1.0; expected a number, at least 0 and"),
        (lambda: SGDRule(-0.1), ValueError, "momentum is -0.1"),
        (lambda: SGDRule("0.9"), TypeError, "momentum is '0.9'"),
        (lambda: SGDRule(0.9, 1.5), ValueError, "dampening is 1.5; expected a number from 0 to 1"),
        (lambda: SGDRule(dampening=0.5), ValueError, "there is none; set momentum"),
        (lambda: SGDRule(nesterov=True), ValueError, "needs a momentum above 0"),
        (lambda: SGDRule(0.9, 0.1, True), ValueError, "no dampening"),
        (lambda: SGDRule(0.9, nesterov=1), TypeError, "nesterov is 1; expected True or False"),
        (lambda: SGDRule(l2_penalty=-1), ValueError, "l2_penalty is -1; expected a finite number"),
        (lambda: SGDRule(weight_decay=np.nan), ValueError, "weight_decay is nan"),
        (lambda: AdamRule(1.0), ValueError, "beta1 is 1.0"),
        (lambda: AdamRule(0.9, 2), ValueError, "beta2 is 2"),
        (lambda: AdamRule(eps=0), ValueError, "eps is 0; expected a positive"),
        (lambda: RMSpropRule(1), ValueError, "alpha is 1"),
        (lambda: RMSpropRule(eps=-1), ValueError, "eps is -1"),
        (lambda: RMSpropRule(centered=None), TypeError, "centered is None"),
        (lambda: AdagradRule(-1), ValueError, "learning_rate_decay is -1"),
        (lambda: AdagradRule(0, np.inf), ValueError, "initial_accumulator_value is inf"),
        (lambda: AdagradRule(eps=True), TypeError, "eps is True"),
    ],
)
def test_settings_out_of_range(make, error, message):
    with pytest.raises(error, match=message):
        make()
