"""What the speed command finds is kept, told in numbers on a page, and drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest

from experiments.report import render
from experiments.results import PUBLISHED
from experiments.speed import cli, comparison, main, measurements, prediction
from experiments.speed.bars import prediction_bars
from experiments.speed.comparison import NetworkResult
from experiments.speed.compile_time import CompileTimes
from experiments.speed.document import Bullets, Section, Table, as_markdown, as_text
from experiments.speed.formatting import number
from experiments.speed.imports import Comparison
from experiments.speed.memory import MemoryResult, Peaks, can_measure_memory, measure_memory
from experiments.speed.page import write_page
from experiments.speed.problems import NETWORKS, Network
from experiments.speed.processes import Measurement
from experiments.speed.products import operations_of
from experiments.speed.report import Report, read_report
from experiments.speed.report_section import speed_section
from experiments.speed.sections import sections_of
from experiments.speed.sizes import SWEEPS, Sweep, limit_of, size_jobs
from experiments.speed.sizes_text import points_of, size_blocks
from experiments.speed.table_training import TableTimes

SWEEP = Sweep("width", 32, (4, 64, 1024))
ENVIRONMENT = {
    "machine": {"system": "Linux x86_64", "processor": "A Processor", "cores": 2},
    "threads": 2,
    "python": "3.13.0",
    "versions": {"numpy": "2.3.0"},
    "blas": "OpenBLAS 0.3.30",
    "thread_and_blas_settings": {},
    "not_available": [],
    "code": "0123",
}


def result_of(network, **microseconds):
    """Three rounds, the one in the middle as given."""
    rounds = {
        name.replace("_", "-"): [Measurement(factor * time, 0.0) for factor in (0.9, 1.0, 1.2)]
        for name, time in microseconds.items()
    }
    return NetworkResult(network, rounds)


def sizes():
    small, middling, large = SWEEP.networks()
    return [
        result_of(small, numpy=60.0, tensorgrad_scan=5.0, jax_scan=20.0, products_numpy=9.0),
        result_of(middling, numpy=150.0, tensorgrad_scan=60.5, jax_scan=62.0, products_numpy=40.0),
        result_of(
            large,
            numpy=4111.0,
            tensorgrad_scan=3200.0,
            jax_scan=2000.0,
            products_numpy=1900.0,
            products_pytorch=1800.0,
        ),
    ]


def full_report():
    steps = [result_of(network, numpy=81.3, tensorgrad=159.7) for network in NETWORKS.values()]
    steps[0].failures["jax"] = "does not compute what the others do"
    one, many = Network((2, 8, 8, 1), 1, 64), Network((2, 8, 8, 1), 100_000, 1)
    return Report(
        ENVIRONMENT,
        quick=False,
        steps=steps,
        prediction=[
            result_of(one, predict_tensorgrad=7.25, predict_numpy=4.5, predict_onnxruntime=7.5),
            result_of(many, predict_tensorgrad=3100.0, predict_pytorch=7007.0),
        ],
        sizes=sizes(),
        sweeps=[SWEEP],
        memory=[
            MemoryResult(
                NETWORKS["784-256-128-10"],
                {"tensorgrad": Peaks(9_000_000, 6_600_000), "pytorch": Peaks(4_000, 4_400_000)},
                {"jax": "its process ended"},
            )
        ],
        table=[
            TableTimes("fit, compile='auto', warm cache", {"xor": [0.5, 0.25], "moons": [1.5]}),
            TableTimes("PyTorch", {"xor": [9.0], "moons": [22.5]}),
        ],
        imports=Comparison("import nn", "import numpy", [150_000.0], [100_000.0]),
        compile_times=CompileTimes(1.25, 0.75, 0.0625),
    )


def blocks_of(report, title):
    (section,) = [section for section in sections_of(report) if section.title == title]
    return section.blocks


def test_a_report_survives_the_file(tmp_path):
    report = full_report()
    report.save(tmp_path)
    read = read_report(tmp_path)
    assert read is not None
    assert read.as_json() == report.as_json()
    assert sections_of(read) == sections_of(report)
    assert read_report(tmp_path / "elsewhere") is None
    (tmp_path / "speed.json").write_text('{"settings": {}}')
    assert read_report(tmp_path) is None, "an older version wrote this"


def test_a_run_keeps_the_parts_that_it_does_not_measure():
    earlier = full_report()
    measured = Report(ENVIRONMENT, quick=False, memory=[MemoryResult(NETWORKS["2-8-8-1"])])
    kept = measured.completed_by(earlier)
    assert kept.memory == measured.memory
    assert kept.steps == earlier.steps
    assert kept.compile_times == earlier.compile_times
    other_code = Report({**ENVIRONMENT, "code": "4567"}, quick=False, memory=measured.memory)
    assert other_code.completed_by(earlier) == other_code
    quick = Report(ENVIRONMENT, quick=True, memory=measured.memory)
    assert quick.completed_by(earlier) == quick


def test_the_page_has_the_numbers_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.style.DPI", 40)
    report = full_report()
    write_page(report, tmp_path / "speed.md")
    page = (tmp_path / "speed.md").read_text(encoding="utf-8")
    content = report.as_json()
    results = [*content["training_step"].values(), *content["sizes"]["networks"].values()]
    results += [content["prediction"]["2-8-8-1:1"]]
    for result in results:
        for name, peer in result["peers"].items():
            if not name.startswith("products"):
                assert number(peer["microseconds"]) in page
    assert "| PyTorch | 7.0 (2.26) |" in page, "100,000 rows in ms, and as a ratio"
    assert "| tensorgrad eager | 6.6 (1.50) |" in page, "peaks in MB, and as a ratio"
    assert "| tensorgrad eager | 9.0 |" in page, "no ratio to what is too small to be measured"
    assert "| **sum** | **1.88** | **31.50** |" in page
    for bar in report.bars():
        assert str(bar) in " ".join(page.split())
    assert "first scan of 64-64-10 after that | 0.75 s" in page
    assert "JAX jit on 2-8-8-1, batch 32: does not compute what the others do" in page
    assert "OpenBLAS 0.3.30" in page
    assert "](images/speed_sizes.png)" in page
    assert (tmp_path / "images/speed_sizes.png").read_bytes().startswith(b"\x89PNG")
    drawn = (tmp_path / "images/speed_sizes.svg").read_text(encoding="utf-8")
    assert "<!-- tensorgrad scan -->" in drawn
    assert "<!-- products alone -->" in drawn


def test_where_each_peer_is_fastest_follows_from_the_numbers():
    text = " ".join(
        " ".join(block.items)
        for block in size_blocks([SWEEP], sizes())
        if isinstance(block, Bullets)
    )
    assert (
        "tensorgrad scan is fastest from 4 to 64 (4.00 times as fast as JAX jit + scan at 4,"
        in text
    )
    assert "level with JAX jit + scan at 64); JAX jit + scan is fastest at 1,024" in text
    assert "1.60 times as fast as tensorgrad scan" in text
    assert (
        "**tensorgrad scan**: fastest at width 4 to 64 (batches of 32). Elsewhere 1.60 times"
        in text
    )
    assert (
        "**hand-written NumPy**: nowhere fastest. It takes 2.06 times the fastest step at best"
        in text
    )
    assert "12.0 times at worst (width 4, batches of 32)" in text
    # The best rate is that of the products at width 1,024; the fastest step there takes 2,000 µs.
    assert "and at 90% at 1,024; at more than half of it from 1,024 on." in text


def test_the_limit_is_the_fastest_way_to_the_products():
    small, _, large = sizes()
    assert limit_of(small) == 9.0
    assert limit_of(large) == 1800.0
    assert limit_of(result_of(SWEEP.networks()[0], numpy=1.0)) is None
    assert [point.value for point in points_of(SWEEP, sizes()[1:])] == [64, 1024]
    # Two layers of 3 and 4 inputs: both forward, both weight gradients, one input gradient.
    assert operations_of(Network((3, 4, 2), 5, 1)) == 2 * 5 * (2 * (12 + 8) + 8)


def test_the_sweeps_go_from_4_to_4096():
    jobs = size_jobs(SWEEPS, ["numpy"], rounds=3)
    widths = {job.network.widths[0] for job in jobs if job.network.batch == 32}
    batches = {job.network.batch for job in jobs if job.network.widths[0] == 256}
    assert (min(widths), max(widths)) == (4, 4096)
    assert (min(batches), max(batches)) == (1, 4096)
    assert all(job.subjects[0] == "numpy" and "products-numpy" in job.subjects for job in jobs)


def test_bars_on_prediction():
    many = Network((64, 64, 10), 100_000, 1)
    (bar,) = prediction_bars([result_of(many, predict_tensorgrad=30.0, predict_pytorch=25.0)])
    assert bar.value == pytest.approx(1.2)
    assert bar.passed is False
    assert "64-64-10, prediction of 100,000 rows" in bar.claim
    one = Network((64, 64, 10), 1, 64)
    times = {"predict_onnxruntime": 9.0, "predict_onnxruntime_1": 6.0}
    (bar,) = prediction_bars([result_of(one, predict_tensorgrad=6.6, **times)])
    assert bar.value == pytest.approx(1.1), "against the faster of the two"
    (bar,) = prediction_bars([result_of(one, predict_tensorgrad=6.6)])
    assert bar.passed is None, "ONNX Runtime is not there"


def test_the_report_has_a_section_on_speed(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.style.DPI", 40)
    content = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert 'id="speed"' not in render(content, tmp_path, tmp_path)
    report = full_report()
    report.save(tmp_path)
    sections = speed_section(tmp_path, lambda directory, name: f"{directory.name}/{name}")
    assert sections is not None
    assert [section["title"] for section in sections] == [s.title for s in sections_of(report)]
    page = render(content, tmp_path, tmp_path)
    assert 'id="speed"' in page
    assert "<td>81.3</td>" in page
    assert "<b>5.0</b>" in page, "the fastest"
    assert "<code>VmHWM</code>" in page
    assert "fit, compile=&#39;auto&#39;, warm cache" in page


def test_documents():
    table = Table(["", "µs"], [["a `b` | c".replace(" | ", " "), "**1.5**"]])
    sections = [Section("Title", ["One\ntwo.", table, Bullets(["**x**: y"])])]
    assert as_markdown(sections, "p") == (
        "## Title\n\nOne two.\n\n|  | µs |\n| --- | ---: |\n| a `b` c | **1.5** |\n\n- **x**: y"
    )
    assert (
        as_text(sections)
        == "Title\n=====\n\nOne two.\n\n        µs\n----------\na b c  1.5\n\n- x: y"
    )


@pytest.mark.skipif(not can_measure_memory(), reason="the system does not tell the peak")
def test_peaks_hold_what_a_step_needs():
    network = Network((700, 1000, 10), 16, batches=3)
    (result,) = measure_memory([network], ["numpy"], progress=lambda peer: None)
    assert result.failures == {}
    assert result.network.batches == 1
    # Parameters, gradients and the update, and little else.
    assert 3 * result.parameter_bytes <= result.peaks["numpy"].step < 5 * result.parameter_bytes
    assert result.peaks["numpy"].first >= 3 * result.parameter_bytes


def test_a_process_that_cannot_be_measured_is_reported():
    (result,) = measure_memory([Network((2, 1), 4, 1)], ["nobody"], progress=lambda peer: None)
    assert result.peaks == {}
    assert "nobody" in result.failures["nobody"]


# -------------------------------------------------------------------------------- the command


def test_command_measures_one_network(tmp_path, capsys):
    arguments = ["--quick", "--rounds", "1", "--networks", "2-8-8-1", "--peers", "tensorgrad"]
    assert main([*arguments, "--steps", "--markdown", "--out", str(tmp_path)]) == 0
    printed, progress = capsys.readouterr()
    assert "| tensorgrad eager |" in printed
    assert "2-8-8-1, time of a step, tensorgrad eager / hand-written NumPy" in " ".join(
        printed.split()
    )
    assert "4/4" in progress
    assert "\r" not in progress, "what is no terminal should get lines"
    assert [path.name for path in tmp_path.iterdir()] == ["speed.json"]
    saved = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    peers = saved["training_step"]["2-8-8-1:32"]["peers"]
    assert set(peers) == {"numpy", "tensorgrad"}
    assert peers["numpy"]["ratio"] == 1.0
    assert saved["bars"][0]["value"] == peers["tensorgrad"]["ratio"]
    assert saved["environment"]["versions"]["numpy"] == np.__version__


class Instant:
    """Stands in for the process of a subject, and is there at once."""

    def __init__(self, name):
        self.microseconds = 10.0 + len(name)

    def build(self, network):
        pass

    def measure(self, seconds):
        return Measurement(self.microseconds, 0.0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_command_writes_the_page_from_several_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("experiments.style.DPI", 40)
    monkeypatch.setattr(comparison, "PeerProcess", Instant)
    monkeypatch.setattr(measurements, "SWEEPS", [SWEEP])
    monkeypatch.setattr(prediction, "NAMES", ("2-8-8-1",))
    out, page = tmp_path / "out", tmp_path / "docs" / "speed.md"
    arguments = ["--peers", "tensorgrad", "--rounds", "2", "--out", str(out)]
    assert main([*arguments, "--sizes"]) == 0
    assert "speed_sizes.png" in capsys.readouterr().out
    assert main([*arguments, "--prediction"]) == 0
    assert main(["--saved", "--out", str(out), "--page", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "Cost against size" in printed
    text = page.read_text(encoding="utf-8")
    assert "prediction of 100,000 rows" in text
    assert "| tensorgrad eager | 20.0 | 20.0 | 20.0 |" in text
    assert {path.name for path in (tmp_path / "docs/images").iterdir()} == {
        "speed_sizes.png",
        "speed_sizes.svg",
    }


def test_a_page_asks_for_every_part(tmp_path, monkeypatch):
    plans = []

    def carry_out(plan):
        plans.append(plan)
        yield Report(ENVIRONMENT, plan.quick)

    monkeypatch.setattr(cli, "carry_out", carry_out)
    assert main(["--out", str(tmp_path), "--page", str(tmp_path / "speed.md")]) == 0
    assert main(["--out", str(tmp_path), "--quick"]) == 0
    assert main(["--out", str(tmp_path), "--memory", "--start"]) == 0
    assert [list(plan.parts) for plan in plans] == [
        list(measurements.PARTS),
        ["steps", "prediction", "start"],
        ["memory", "start"],
    ]


@pytest.mark.parametrize(
    "arguments",
    [["--networks", "2-2"], ["--rounds", "0"], ["--peers", "x"], ["--saved"], ["--out", __file__]],
)
def test_command_refuses_bad_arguments(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: python -m experiments speed" in capsys.readouterr().err
