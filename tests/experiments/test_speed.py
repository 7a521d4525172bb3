"""The peers of the speed comparison compute the same thing, and the command measures them."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from experiments.speed.agreement import Disagreement, check_agreement
from experiments.speed.bars import Bar, step_bars
from experiments.speed.comparison import Job, NetworkResult, measure
from experiments.speed.disturbance import Disturbance, busy_seconds
from experiments.speed.imports import measure_import
from experiments.speed.peers import PEERS
from experiments.speed.peers.handwritten import HandwrittenTrainer
from experiments.speed.problems import NETWORKS, Network, make_problem, parse_network
from experiments.speed.processes import Measurement, PeerFailure, PeerProcess
from experiments.speed.subjects import SUBJECTS, check_of
from experiments.speed.worker import microseconds_per_step

TINY = [Network((2, 8, 8, 1), 32, batches=4), Network((5, 6, 3), 7, batches=4)]
BY_DEFAULT = [peer for peer in PEERS.values() if peer.by_default]


@pytest.mark.filterwarnings("default")  # the libraries' own warnings are not our errors
@pytest.mark.parametrize("network", TINY, ids=lambda network: network.name)
@pytest.mark.parametrize("peer", BY_DEFAULT, ids=lambda peer: peer.name)
def test_a_peer_agrees_with_handwritten_numpy(peer, network):
    if not peer.available():
        pytest.skip(f"{peer.title} is not installed")
    problem = make_problem(network)
    trainer, reference = peer.build(problem), HandwrittenTrainer(problem)
    for _ in range(3):
        assert trainer.run(1) == pytest.approx(reference.run(1), rel=1e-5)
    for array, expected in zip(trainer.parameters(), reference.parameters(), strict=True):
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)
    check_agreement(peer.build(problem), problem)


@pytest.mark.parametrize("widths", [(3, 1), (3, 4, 1), (3, 5, 4, 1), (3, 2), (3, 5, 4, 3)])
def test_handwritten_gradient_agrees_with_central_differences(widths):
    network = Network(widths, batch=6, batches=1)

    def loss_at(parameters):
        trainer = HandwrittenTrainer(make_problem(network, dtype=np.float64))
        for target, source in zip(trainer.parameters(), parameters, strict=True):
            target[...] = source
        return trainer.run(1), [gradient.copy() for gradient in trainer.gradients()]

    start = make_problem(network, dtype=np.float64).starting_parameters()
    _, gradients = loss_at(start)
    step = 1e-6
    for array, gradient in zip(start, gradients, strict=True):
        for position in np.ndindex(array.shape):
            value = array[position]
            array[position] = value + step
            above, _ = loss_at(start)
            array[position] = value - step
            below, _ = loss_at(start)
            array[position] = value
            assert gradient[position] == pytest.approx((above - below) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("widths", [(1, 1), (1, 3)])
def test_handwritten_loss_is_finite_at_extreme_logits(widths, sign):
    problem = make_problem(Network(widths, batch=4, batches=1))
    for weight in problem.weights:
        weight[...] = sign * 1e4 * np.arange(1, weight.size + 1)
    trainer = HandwrittenTrainer(problem)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(trainer.run(1))
    assert all(np.isfinite(gradient).all() for gradient in trainer.gradients())


def test_handwritten_update_is_gradient_descent():
    problem = make_problem(TINY[0])
    trainer = HandwrittenTrainer(problem)
    trainer.run(1)
    for array, start, gradient in zip(
        trainer.parameters(), problem.starting_parameters(), trainer.gradients(), strict=True
    ):
        np.testing.assert_allclose(array, start - np.float32(0.01) * gradient, rtol=1e-6)


class Cheat(HandwrittenTrainer):
    """Trains with a learning rate that is off by a percent, or forgets a bias, or skips steps."""

    def __init__(self, problem, trick):
        super().__init__(problem)
        self.trick = trick
        if trick == "learning rate":
            self._learning_rate = self._learning_rate * np.float32(1.01)

    def run(self, steps):
        loss = super().run(1 if self.trick == "long runs" else steps)
        if self.trick == "bias":
            self.parameters()[1][...] += 0.01 * self.gradients()[1]
        return loss + 1e-3 if self.trick == "loss" else loss


@pytest.mark.parametrize(
    ("trick", "message"),
    [
        ("loss", "loss of step 1"),
        ("learning rate", "loss of step 2|weight of layer 1"),
        ("bias", "loss of step 2|of layer 1"),
        ("long runs", "after a whole epoch"),
    ],
)
@pytest.mark.parametrize("network", TINY, ids=lambda network: network.name)
def test_a_peer_that_computes_something_else_is_found_out(network, trick, message):
    problem = make_problem(network)
    with pytest.raises(Disagreement, match=message):
        check_agreement(Cheat(problem, trick), problem)


def test_float64_parameters_are_found_out():
    problem = make_problem(TINY[0])
    trainer = HandwrittenTrainer(problem)
    trainer.parameters = lambda: [array.astype(np.float64) for array in trainer._views]
    with pytest.raises(Disagreement, match="float64"):
        check_agreement(trainer, problem)


def test_networks_are_read_from_text():
    assert parse_network("784-256-128-10") is NETWORKS["784-256-128-10"]
    assert all(parse_network(network.name) is network for network in NETWORKS.values())
    assert parse_network("4-16-3:64") == Network((4, 16, 3), 64, batches=16)
    for text in ("2-8-8", "2-0-1:4", "8:4", "2-8-8-1:0", "a-b:3", ""):
        with pytest.raises(ValueError, match="unknown network"):
            parse_network(text)


def result_of(**rounds):
    result = NetworkResult(NETWORKS["2-8-8-1"])
    for peer, measurements in rounds.items():
        result.rounds[peer] = [Measurement(*measurement) for measurement in measurements]
    return result


def test_ratios_are_taken_within_a_round():
    result = result_of(
        numpy=[(10.0, None), (20.0, None), (40.0, None)],
        tensorgrad=[(30.0, None), (40.0, None), (80.0, None)],
    )
    assert result.ratio("tensorgrad") == 2.0
    assert result.median("tensorgrad") == 40.0
    assert result.ratio("pytorch") is None
    assert not result.is_disturbed("tensorgrad", "numpy")
    assert [bar.value for bar in step_bars([result])[:4]] == [2.0, None, None, None]


def test_disturbed_rounds_do_not_count_while_there_are_others():
    result = result_of(
        numpy=[(10.0, 0.0), (10.0, 0.02), (10.0, 0.0)],
        tensorgrad=[(900.0, 0.9), (30.0, 0.0), (20.0, 0.0)],
        pytorch=[(100.0, 1.0), (300.0, 1.0), (200.0, 1.0)],
    )
    assert result.ratio("tensorgrad") == 2.5
    assert not result.is_disturbed("tensorgrad", "numpy")
    assert result.ratio("pytorch") == 20.0
    assert result.is_disturbed("pytorch")
    against_numpy, against_pytorch, *_ = step_bars([result])
    assert not against_numpy.disturbed
    assert str(against_pytorch).endswith("(but measured while other programs were busy)")


class Disturbed:
    def __init__(self, *disturbances):
        self.answers = [Measurement(100.0 * value, value) for value in disturbances]

    def build(self, network):
        pass

    def measure(self, seconds):
        return self.answers.pop(0)


def test_a_disturbed_measurement_is_taken_again():
    processes = {"patient": Disturbed(0.9, 0.05, 7.0), "unlucky": Disturbed(0.9, 0.4, 0.6)}
    job = Job(TINY[0], tuple(processes), rounds=1)
    reports = []
    result = measure(job, processes, seconds=0.01, progress=reports.append)
    assert len(reports) == job.number_of_reports
    assert result.median("patient") == 5.0
    assert result.median("unlucky") == 40.0
    assert [result.is_disturbed(peer) for peer in processes] == [False, True]


@pytest.mark.skipif(busy_seconds() is None, reason="the system does not tell what others do")
def test_another_busy_process_is_a_disturbance():
    disturbance = Disturbance()
    subprocess.run([sys.executable, "-c", "sum(range(20_000_000))"], check=True)
    cores = disturbance.cores()
    assert cores is not None
    assert cores > 0.5


def test_own_work_is_no_disturbance(monkeypatch):
    busy = iter([50.0, 53.0])
    monkeypatch.setattr("experiments.speed.disturbance.busy_seconds", lambda: next(busy))
    clocks = {"process_time": iter([7.0, 9.0]), "perf_counter": iter([0.0, 4.0])}
    for name, values in clocks.items():
        monkeypatch.setattr(f"experiments.speed.disturbance.time.{name}", values.__next__)
    assert Disturbance().cores() == 0.25


def test_bars_say_what_they_are():
    assert str(Bar("a / b", 2.25, 2.2)) == "FAIL: a / b: 2.25, at most 2.2"
    assert str(Bar("a / b", 0.5, 1, "below")) == "pass: a / b: 0.50, below 1"
    assert str(Bar("a / b", None, 2.5, "at least")) == "not measured: a / b: at least 2.5"
    assert Bar("a / b", 1.0, 1.0, "below").passed is False


class Sleeper:
    def run(self, steps):
        time.sleep(steps * 1e-3)
        return 0.0

    def parameters(self):
        return []


def test_time_per_step_is_in_microseconds():
    assert 1000 <= microseconds_per_step(Sleeper(), epoch_length=4, seconds=0.02) < 3000


OTHERS = [name for name in SUBJECTS if name not in PEERS]
SIZES = [
    Network((3, 5, 4), 1, batches=6),
    Network((3, 5, 1), 1, batches=6),
    Network((3, 5, 4), 9, 2),
]


@pytest.mark.parametrize("name", OTHERS)
def test_predictors_and_products_compute_what_they_should(name):
    subject = SUBJECTS[name]
    if not subject.available():
        pytest.skip(f"{subject.title} is not installed")
    for network in SIZES:
        problem = make_problem(network)
        runner = subject.build(problem)
        check_of(name)(runner, problem)
        runner.run(4)


@pytest.mark.parametrize("name", ["predict-numpy", "predict-tensorgrad", "products-numpy"])
def test_one_that_computes_something_else_is_found_out(name):
    network = Network((3, 5, 4), 20, batches=1)
    runner = SUBJECTS[name].build(make_problem(network, seed=1))
    with pytest.raises(Disagreement, match=r"predicted classes|another matrix"):
        check_of(name)(runner, make_problem(network))


def test_imports_are_timed_and_unwanted_ones_named():
    comparison = measure_import("scipy", "math", rounds=1)
    assert comparison.unwanted_imports == ["scipy"]
    assert comparison.median > comparison.reference_median > 0


def test_a_process_that_dies_is_reported_with_its_last_words():
    with PeerProcess("no such peer") as process:
        with pytest.raises(PeerFailure, match="KeyError: 'no such peer'"):
            process.build(TINY[0])
        job = Job(TINY[1], ("nobody",), rounds=1)
        result = measure(job, {"nobody": process}, seconds=0.01, progress=lambda peer: None)
    assert result.rounds == {}
    assert "KeyError" in result.failures["nobody"]
