"""``python -m experiments`` and what it writes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import experiments.speed
from experiments import runs, table
from experiments.__main__ import main
from experiments.tasks import TASKS, task_named

ROOT = Path(__file__).parents[2]
QUICK = ["--quick", "--no-plots", "--jobs", "1"]
SOME = [task_named("binary_gaussians"), task_named("diabetes")]


@pytest.fixture
def two_rows(monkeypatch):
    """A table of two rows, so that it does not take long."""
    monkeypatch.setattr(table, "TASKS", SOME)


def test_a_quick_run_writes_every_file_and_prints_every_row(tmp_path, capsys, two_rows):
    assert main(["table", "--quick", "--seeds", "1", "--jobs", "1", "--out", str(tmp_path)]) == 0
    kinds = ["binary_gaussians_calibration"]
    kinds += [f"{task.name}_{kind}" for task in SOME for kind in ("fit", "training", "histograms")]
    results = tmp_path / "results"
    assert {path.name for path in (results / "pictures").iterdir()} == {
        f"{kind}.{ending}" for kind in kinds for ending in ("png", "svg")
    }
    assert {path.name for path in results.iterdir()} == {
        "pictures",
        "records",
        "report.html",
        "results.json",
    }
    summary = json.loads((tmp_path / "NeuralNet_test_results.json").read_text())
    assert list(summary) == ["binary_gaussians"]
    assert list(json.loads((results / "results.json").read_text())["rows"]) == [
        "binary_gaussians",
        "diabetes",
    ]
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].split()[-7:] == [
        "train",
        "document",
        "test",
        "document",
        "limit",
        "gap",
        "time",
    ]
    assert lines[2].startswith("Binary Gaussians ")
    assert "99.90%" in lines[2]
    assert lines[-1].startswith("Diabetes progression ")
    assert len(set(map(len, lines[:3]))) == 1, "columns should be aligned"
    assert "100%" in printed.err, "there should be a progress bar"
    assert "report.html" in printed.err


def test_a_second_run_goes_on_from_the_first(tmp_path, monkeypatch, capsys):
    trained = []
    train = runs.train
    monkeypatch.setattr(
        runs,
        "train",
        lambda task, seed, **options: trained.append(seed) or train(task, seed, **options),
    )
    arguments = ["run", "diabetes", *QUICK, "--out", str(tmp_path)]
    assert main([*arguments, "--seeds", "2"]) == 0
    first = capsys.readouterr().out
    assert main([*arguments, "--seeds", "3"]) == 0
    assert main([*arguments, "--seeds", "2"]) == 0
    assert trained == [0, 1, 2]
    assert capsys.readouterr().out.splitlines()[-1] == first.splitlines()[-1]
    assert main([*arguments, "--seeds", "1", "--fresh"]) == 0
    assert trained == [0, 1, 2, 0]


def test_a_record_of_other_settings_or_other_code_is_out_of_date(tmp_path, monkeypatch):
    arguments = ["run", "diabetes", "--no-plots", "--jobs", "1", "--seeds", "1"]
    arguments += ["--out", str(tmp_path)]
    assert main([*arguments, "--quick"]) == 0
    (record,) = (tmp_path / "results" / "records").rglob("seed-*.json")
    quick = json.loads(record.read_text())
    assert main(arguments) == 0
    whole = json.loads(record.read_text())
    assert len(quick["record"]["course"]["test_loss"]) == 2
    assert len(whole["record"]["course"]["test_loss"]) == task_named("diabetes").epochs
    monkeypatch.setattr(runs, "CODE", (*runs.CODE, "experiments/files.py"))
    assert main(arguments) == 0
    assert json.loads(record.read_text())["fingerprint"] != whole["fingerprint"]


def test_the_number_of_jobs_changes_nothing(tmp_path):
    """Same seeds, same bits: twice in this process, and in two others."""
    contents = []
    for name, jobs in (("first", "1"), ("second", "1"), ("third", "2")):
        out = tmp_path / name
        arguments = ["--quick", "--no-plots", "--jobs", jobs, "--seeds", "2", "--out", str(out)]
        assert main(["run", "binary_gaussians", "diabetes", *arguments]) == 0
        paths = sorted((out / "results" / "records").rglob("*.json"))
        records = [json.loads(path.read_text())["record"] for path in paths]
        assert len(records) == 4
        contents.append([{**record, "seconds": None} for record in records])
    assert contents[0] == contents[1] == contents[2]


def test_other_libraries(tmp_path, capsys, two_rows):
    assert main([*QUICK, "--seeds", "1", "--peers", "3", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("beside other libraries"))
    assert lines[start].split()[3:6] == ["ours", "scikit-learn", "time"]
    assert "×" in lines[start + 2]
    rows = json.loads((tmp_path / "results" / "results.json").read_text())["rows"]
    assert rows["diabetes"]["peers"]["scikit-learn"]["seeds"] == [0], "a quick run takes one"


def test_markdown(tmp_path, capsys, two_rows):
    assert main([*QUICK, "--seeds", "1", "--markdown", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| Accuracy or MSE | Train | Document | Test | Document | Limit | Gap |"
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert lines[2].startswith("| Binary Gaussians | ")
    assert lines[4] == "| Beyond the document | Train | Test |"
    assert len(lines) == 7


def test_update_puts_the_whole_table_into_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "TASKS", [task_named("breast_cancer")])
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- table -->\nold\n<!-- /table -->\nbelow\n")
    options = ["--no-plots", "--seeds", "1", "--jobs", "1"]
    assert main([*options, "--update", str(page), "--out", str(tmp_path)]) == 0
    before, new, after = page.read_text().partition("| Breast cancer |")
    assert before.startswith("above\n<!-- table -->\n| Beyond the document |")
    assert new
    assert after.endswith("|\n<!-- /table -->\nbelow\n")
    assert "old" not in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "xro"], "invalid choice: 'xro'"),
        (["run"], "NAME"),
        (["--seeds", "0"], "0 is too few"),
        (["--seeds", "one"], "'one' is not an integer"),
        (["--jobs", "-2"], "-2 is too few"),
        (["--peers", "-1"], "-1 is negative"),
        (["custom-layers", "--seed", "-1"], "-1 is negative"),
        (["--quick", "--update", "README.md"], "do not go with --quick"),
        (["--update", "no_such_file.md"], "no_such_file.md"),
        (["--update", str(ROOT / "LICENSE")], "<!-- table -->"),
        (["--out", str(ROOT / "LICENSE")], "LICENSE"),
        (["tabel"], "invalid choice: 'tabel'"),
        (["table", "xor"], "unrecognized arguments: xor"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_trained(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], ["table", "run NAME", "report", "speed", "custom-layers"]),
        (["table", "--help"], ["--seeds", "--jobs", "--out", "--quick", "--fresh", "--peers"]),
        (["run", "--help"], ["two_moons_small", "--seeds", "--fresh"]),
        (["report", "--help"], ["studies", "--peers"]),
    ],
)
def test_help(arguments, expected, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 0
    printed = capsys.readouterr().out
    assert all(text in printed for text in expected)


def test_the_table_is_what_runs_without_a_command(monkeypatch):
    received = []
    monkeypatch.setattr(table, "main", lambda arguments: received.append(arguments) or 0)
    assert main([]) == main(["--quick"]) == main(["table", "--seeds", "3"]) == 0
    assert received == [[], ["--quick"], ["--seeds", "3"]]


def test_speed_gets_its_arguments_untouched(monkeypatch):
    received = []
    monkeypatch.setattr(
        experiments.speed, "main", lambda arguments: received.append(arguments) or 4
    )
    assert main(["speed", "--quick", "--help"]) == 4
    assert received == [["--quick", "--help"]]


@pytest.mark.parametrize(
    ("module", "name"),
    [("sklearn", "scikit-learn"), ("matplotlib", "Matplotlib"), ("joblib", "joblib")],
)
def test_a_missing_package_names_the_install_command(module, name, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["--quick", "--out", str(tmp_path)]) == 1
    message = capsys.readouterr().err
    assert name in message
    assert 'pip install -e ".[experiments]"' in message
    assert not list((tmp_path / "results").iterdir())


def test_matplotlib_is_not_needed_without_pictures(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main(["run", "diabetes", *QUICK, "--seeds", "1", "--out", str(tmp_path)]) == 0


def test_ctrl_c_keeps_what_is_complete_and_nothing_else(monkeypatch, tmp_path, capsys, two_rows):
    trained = []
    train = runs.train

    def interrupted(task, *arguments, **options):
        if trained:
            raise KeyboardInterrupt
        trained.append(task)
        return train(task, *arguments, **options)

    monkeypatch.setattr(runs, "train", interrupted)
    summary = tmp_path / "NeuralNet_test_results.json"
    summary.write_text("of an earlier run")
    assert main([*QUICK, "--out", str(tmp_path)]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert summary.read_text() == "of an earlier run"
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert json.loads(files[0].read_text())["record"]["seed"] in (0, 1)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send to another process")
def test_ctrl_c_in_a_terminal_stops_all_processes_and_the_next_run_goes_on(tmp_path):
    """The signal goes to the whole process group, as from a terminal."""
    command = [sys.executable, "-m", "experiments", "run", "diabetes", "breast_cancer"]
    command += ["--no-plots", "--seeds", "400", "--jobs", "2", "--out", str(tmp_path)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A program in the background, as tests may be, is started to ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    records = tmp_path / "results" / "records"
    deadline = time.monotonic() + 60
    while len(list(records.rglob("seed-*.json"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "goes on from there" in errors
    kept = list(records.rglob("*.json"))
    assert 4 <= len(kept) < 800
    assert all(json.loads(path.read_text())["record"] for path in kept)
    assert not list(records.rglob("*.partial"))


def test_the_command_of_the_document(tmp_path):
    process = subprocess.run(
        [sys.executable, str(ROOT / "neural_nets_test.py"), *QUICK, "--seeds", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert all(task.title in process.stdout for task in TASKS)
    summary = json.loads((tmp_path / "NeuralNet_test_results.json").read_text())
    assert list(summary) == [task.name for task in TASKS if task.reported]
