"""Schedules: as PyTorch's, as functions of one step, of many, and inside compiled functions."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from nn.schedule_names import SCHEDULES, as_schedule, schedule_named
from nn.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    MultiStep,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)

EVERY = [
    Constant(0.5),
    Step(7, gamma=0.5),
    MultiStep([3, 20, 21], gamma=0.3),
    Exponential(0.95),
    Polynomial(40, power=2.0, final=0.1),
    Cosine(40, final=0.1),
    CosineRestarts(9, final=0.1),
    CosineRestarts(5, multiplier=3),
    Warmup(Step(4), 10),
    OneCycle(40),
    OneCycle(40, pct_start=0.0),
    OneCycle(40, pct_start=1.0, anneal_strategy="linear"),
    ReduceOnPlateau(),
]
every_schedule = pytest.mark.parametrize("schedule", EVERY, ids=repr)


@pytest.mark.parametrize(
    ("schedule", "theirs", "settings"),
    [
        (Step(7, gamma=0.5), "StepLR", {"step_size": 7, "gamma": 0.5}),
        (MultiStep([3, 20, 21]), "MultiStepLR", {"milestones": [3, 20, 21]}),
        (Exponential(0.95), "ExponentialLR", {"gamma": 0.95}),
        (Polynomial(40, power=2.0), "PolynomialLR", {"total_iters": 40, "power": 2.0}),
        (Cosine(59, final=0.25), "CosineAnnealingLR", {"T_max": 59, "eta_min": 0.5}),
        (
            CosineRestarts(9, final=0.25),
            "CosineAnnealingWarmRestarts",
            {"T_0": 9, "eta_min": 0.5},
        ),
        (
            CosineRestarts(4, multiplier=2),
            "CosineAnnealingWarmRestarts",
            {"T_0": 4, "T_mult": 2},
        ),
        (
            Warmup(Constant(), 10, start=0.2),
            "LinearLR",
            {"start_factor": 0.2, "total_iters": 10},
        ),
        (
            OneCycle(60),
            "OneCycleLR",
            {"max_lr": 2.0, "total_steps": 60, "cycle_momentum": False},
        ),
        (
            OneCycle(60, 0.4, 10, 100, "linear"),
            "OneCycleLR",
            {
                "max_lr": 2.0,
                "total_steps": 60,
                "pct_start": 0.4,
                "div_factor": 10,
                "final_div_factor": 100,
                "anneal_strategy": "linear",
                "cycle_momentum": False,
            },
        ),
    ],
    ids=repr,
)
def test_as_pytorch(schedule, theirs, settings):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
    reference = getattr(torch.optim.lr_scheduler, theirs)(optimizer, **settings)
    for step in range(60):
        expected = optimizer.param_groups[0]["lr"] / 2
        np.testing.assert_allclose(schedule(step), expected, rtol=1e-10, atol=1e-14)
        optimizer.step()
        reference.step()


@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("cooldown", [0, 3])
def test_plateau_as_pytorch(mode, threshold_mode, cooldown):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    settings = {"patience": 2, "cooldown": cooldown, "threshold": 0.02}
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, 0.5, threshold_mode=threshold_mode, min_lr=0.01, **settings
    )
    schedule = ReduceOnPlateau(
        0.5, mode=mode, threshold_mode=threshold_mode, smallest=0.01, **settings
    )
    rng = np.random.default_rng(0)
    metrics = np.exp(-np.arange(60) / 10) + 0.1 * rng.normal(size=60)
    metrics[30] = np.nan
    for metric in metrics:
        schedule.observe(metric)
        reference.step(metric)
        assert schedule(0) == optimizer.param_groups[0]["lr"]
    assert schedule(0) < 0.2


@every_schedule
def test_many_steps_at_once(schedule):
    steps = np.arange(80)
    np.testing.assert_allclose(schedule(steps), [schedule(k) for k in range(80)], rtol=1e-14)
    assert all(type(schedule(k)) is float for k in (0, np.int64(3)))


@every_schedule
def test_inside_a_compiled_function(schedule):
    @tg.compile
    def shrunk(w, step):
        return w * schedule(step), step + 1

    w, step = np.ones(()), np.zeros(())
    for _ in range(30):
        w, step = shrunk(w, step)
    np.testing.assert_allclose(w, math.prod(schedule(k) for k in range(30)), rtol=1e-12)


@given(st.integers(1, 50), st.integers(2, 5), st.integers(0, 10**6))
def test_restarts_are_where_the_periods_say(period, multiplier, step):
    start, length = 0, period
    while start + length <= step:
        start, length = start + length, length * multiplier
    expected = (1 + math.cos(math.pi * (step - start) / length)) / 2
    assert abs(CosineRestarts(period, multiplier)(step) - expected) < 1e-9
    assert CosineRestarts(period, multiplier)(start) == 1


@given(st.sampled_from(sorted(SCHEDULES)), st.integers(1, 500))
def test_by_name_for_any_number_of_steps(name, steps):
    factors = schedule_named(name, steps)(np.arange(steps + 3))
    assert np.isfinite(factors).all()
    assert (factors >= 0).all()
    assert factors.max() <= 1 + 1e-12


@pytest.mark.parametrize(
    "name", sorted(set(SCHEDULES) - {"constant", "warmup", "reduce_on_plateau"})
)
def test_by_name_they_end_low(name):
    schedule = schedule_named(name, 300)
    assert schedule(299) <= 0.0102
    assert max(schedule(k) for k in range(300)) > 0.99


def test_after_the_end_the_last_factor_stays():
    for schedule in (Polynomial(10, final=0.2), Cosine(10, final=0.2)):
        assert abs(schedule(10) - 0.2) < 1e-15
        assert schedule(10) == schedule(10_000)
    assert OneCycle(10)(9) == OneCycle(10)(10_000)


class TestNumberOfSteps:
    def test_is_told_by_fit(self):
        cosine = Cosine(final=0.5)
        assert cosine.over(10)(10) == 0.5
        assert cosine.total_steps is None  # the object is as it was, for another fit
        assert Cosine(7).over(10).total_steps == 7
        assert Step(3).over(10).step_size == 3

    def test_is_what_is_left_after_warming_up(self):
        schedule = Warmup(Cosine(), 10).over(50)
        assert schedule(10) == 1
        assert schedule(49) < 0.002
        assert Warmup(Cosine(), 10).over(5)(9) < 1
        mine = Warmup(lambda step: 0.5 + 0 * step, 2, start=0.5)
        assert mine.over(5) is mine
        assert [mine(k) for k in range(3)] == [0.25, 0.375, 0.5]

    def test_is_missed(self):
        for schedule in (Cosine(), Polynomial(), OneCycle(), Warmup(Cosine(), 3)):
            with pytest.raises(ValueError, match="was not told the number of steps"):
                schedule(0)


class TestAsSchedule:
    def test_whatever_fit_takes(self):
        assert repr(as_schedule("Cosine", 10)) == "Cosine(total_steps=10, final=0.0)"
        assert repr(as_schedule(OneCycle(), 10)).startswith("OneCycle(total_steps=10")
        mine = lambda step: 1 / (1 + step)  # noqa: E731
        assert as_schedule(mine, 10) is mine

    def test_and_what_it_does_not(self):
        with pytest.raises(ValueError, match="schedule is 'cosin'; expected one of 'constant'"):
            as_schedule("cosin", 10)
        for schedule in (3, None, Cosine):
            with pytest.raises(TypeError, match=r"a schedule such as nn\.schedules\.Cosine\(\)"):
                as_schedule(schedule, 10)
        with pytest.raises(ValueError, match="total_steps is 0"):
            as_schedule("cosine", 0)


class TestState:
    def test_plateau_goes_on(self):
        first, second = ReduceOnPlateau(0.5, patience=1), ReduceOnPlateau(0.5, patience=1)
        for metric in (1.0, 2.0, 2.0, 2.0):
            first.observe(metric)
        second.load_state_dict(first.state_dict())
        for metric in (2.0, 2.0):
            first.observe(metric)
            second.observe(metric)
            assert first(0) == second(0)
        assert second(0) == 0.25
        assert second.state_dict() == first.state_dict()
        with pytest.raises(ValueError, match="expected factor, best, bad_epochs, cooling"):
            second.load_state_dict({"factor": 1.0})

    def test_behind_a_warm_up(self):
        schedule = Warmup(ReduceOnPlateau(0.5, patience=0), 2)
        schedule.observe(1.0)
        schedule.observe(1.0)
        assert schedule(5) == 0.5
        assert Warmup(ReduceOnPlateau(), 2).load_state_dict(schedule.state_dict())(5) == 0.5

    def test_others_have_none(self):
        assert Cosine(3).state_dict() == {}
        Cosine(3).load_state_dict({})
        for schedule in (Cosine(3), Warmup(Cosine(3), 2), Warmup(lambda step: 1.0, 2)):
            with pytest.raises(ValueError, match="has no state, got factor"):
                schedule.load_state_dict({"factor": 1.0})

    @every_schedule
    def test_copies(self, schedule):
        for other in (copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
            assert repr(other) == repr(schedule)
            assert other(5) == schedule(5)


def test_one_of_ones_own():
    class Sqrt(Schedule):
        def __init__(self, scale):
            self.scale = scale

        def factor(self, step):
            return 1 / np.sqrt(1 + step / self.scale)

    assert Sqrt(4)(12) == 0.5
    assert repr(Sqrt(4)) == "Sqrt(scale=4)"
    assert Sqrt(4).over(10)(np.array([0, 12])).tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Constant(0), ValueError, "value is 0"),
        (lambda: Step(0), ValueError, "step_size is 0"),
        (lambda: Step(2.5), TypeError, "step_size is 2.5"),
        (lambda: Step(2, gamma=0), ValueError, "gamma is 0"),
        (lambda: MultiStep([]), ValueError, "milestones is"),
        (lambda: MultiStep([5, 3]), ValueError, r"milestones is \[5, 3\]; expected steps, each"),
        (lambda: MultiStep(5), TypeError, "milestones is 5; expected a list"),
        (lambda: MultiStep(["5"]), TypeError, "a milestone is '5'"),
        (lambda: Exponential(-1), ValueError, "gamma is -1"),
        (lambda: Polynomial(0), ValueError, "total_steps is 0"),
        (lambda: Polynomial(3, power=0), ValueError, "power is 0"),
        (lambda: Cosine(3, final=-1), ValueError, "final is -1"),
        (lambda: CosineRestarts(3, multiplier=1.5), TypeError, "multiplier is 1.5"),
        (lambda: Warmup("cosine", 3), TypeError, "after is 'cosine'; expected a schedule"),
        (lambda: Warmup(Cosine(3), 0), ValueError, "steps is 0"),
        (lambda: OneCycle(3, pct_start=2), ValueError, "pct_start is 2; expected a number from"),
        (lambda: OneCycle(3, anneal_strategy="x"), ValueError, "anneal_strategy is 'x'"),
        (lambda: OneCycle(3, div_factor=0), ValueError, "div_factor is 0"),
        (lambda: ReduceOnPlateau(1.0), ValueError, "gamma is 1.0; expected a number above 0"),
        (lambda: ReduceOnPlateau(patience=-1), ValueError, "patience is -1"),
        (lambda: ReduceOnPlateau(mode="low"), ValueError, "mode is 'low'; expected one of 'min'"),
        (lambda: ReduceOnPlateau(threshold=-1), ValueError, "threshold is -1"),
        (lambda: Cosine(3)(-1), ValueError, "step is -1; expected 0 or more"),
    ],
)
def test_settings_out_of_range(make, error, message):
    with pytest.raises(error, match=message):
        make()
