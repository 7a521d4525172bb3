"""``python -m experiments`` and what it writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import experiments.speed
from experiments import table
from experiments.__main__ import main
from experiments.tasks import TASKS

ROOT = Path(__file__).parents[2]
QUICK = ["--quick", "--no-plots", "--only", "binary_gaussians", "diabetes"]


def test_a_quick_run_writes_every_file_and_prints_every_row(tmp_path, capsys):
    assert main(["table", "--quick", "--out", str(tmp_path)]) == 0
    pictures = {f"{task.name}_{kind}.png" for task in TASKS for kind in ("fit", "training")}
    written = {path.name for path in (tmp_path / "results").iterdir()}
    assert written == pictures | {"overview.png", "results.json"}
    summary = json.loads((tmp_path / "NeuralNet_test_results.json").read_text())
    assert set(summary) == {task.name for task in TASKS if task.reported}
    printed = capsys.readouterr()
    for task in TASKS:
        assert task.title in printed.out
        if task.reported:
            (line,) = (line for line in printed.out.splitlines() if line.startswith(task.title))
            assert task.reported.training in line
            assert task.reported.test in line
    assert "epoch" in printed.err, "there should be a progress bar"


def test_some_rows_without_pictures(tmp_path, capsys):
    assert main([*QUICK, "--out", str(tmp_path)]) == 0
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["results.json"]
    summary = json.loads((tmp_path / "NeuralNet_test_results.json").read_text())
    assert list(summary) == ["binary_gaussians"]
    rows = json.loads((tmp_path / "results" / "results.json").read_text())["rows"]
    assert list(rows) == ["binary_gaussians", "diabetes"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-6:] == ["train", "document", "test", "document", "limit", "time"]
    assert len(set(map(len, lines[:3]))) == 1, "columns should be aligned"


def test_the_seed_decides(tmp_path):
    def figures(seed, name):
        directory = tmp_path / name
        assert main([*QUICK, "--seed", seed, "--out", str(directory)]) == 0
        return (directory / "NeuralNet_test_results.json").read_bytes()

    assert figures("5", "first") == figures("5", "second") != figures("6", "third")


def test_markdown(tmp_path, capsys):
    assert main([*QUICK, "--markdown", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| Accuracy or MSE | Train | Document | Test | Document | Limit |"
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[2].startswith("| Binary Gaussians | ")
    assert lines[4] == "| Beyond the document | Train | Test |"
    assert len(lines) == 7


def test_update_puts_the_whole_table_into_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "TASKS", [task for task in TASKS if task.name == "breast_cancer"])
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- table -->\nold\n<!-- /table -->\nbelow\n")
    assert main(["--no-plots", "--update", str(page), "--out", str(tmp_path)]) == 0
    before, new, after = page.read_text().partition("| Breast cancer |")
    assert before.startswith("above\n<!-- table -->\n| Beyond the document |")
    assert new
    assert after.endswith("|\n<!-- /table -->\nbelow\n")
    assert "old" not in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "xro"], "invalid choice: 'xro'"),
        (["--seed", "-1"], "-1 is negative"),
        (["--seed", "one"], "'one' is not an integer"),
        (["--quick", "--update", "README.md"], "neither --quick nor --only"),
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
        (["--help"], ["table", "speed"]),
        (["table", "--help"], ["--quick", "--only", "--no-plots", "two_moons_small"]),
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
    assert main([]) == main(["--quick"]) == main(["table", "--seed", "3"]) == 0
    assert received == [[], ["--quick"], ["--seed", "3"]]


def test_speed_gets_its_arguments_untouched(monkeypatch):
    received = []
    monkeypatch.setattr(
        experiments.speed, "main", lambda arguments: received.append(arguments) or 4
    )
    assert main(["speed", "--quick", "--help"]) == 4
    assert received == [["--quick", "--help"]]


@pytest.mark.parametrize(
    ("module", "name"), [("sklearn", "scikit-learn"), ("matplotlib", "Matplotlib")]
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
    assert main([*QUICK, "--out", str(tmp_path)]) == 0


def test_ctrl_c_keeps_what_is_complete_and_nothing_else(monkeypatch, tmp_path, capsys):
    trained = []

    def interrupted(task, *arguments, **options):
        if trained:
            raise KeyboardInterrupt
        trained.append(task)
        return train(task, *arguments, **options)

    train = table.train
    monkeypatch.setattr(table, "train", interrupted)
    summary = tmp_path / "NeuralNet_test_results.json"
    summary.write_text("of an earlier run")
    arguments = ["--quick", "--only", "xor", "diabetes", "--out", str(tmp_path)]
    assert main(arguments) == 130
    assert "Interrupted" in capsys.readouterr().err
    assert summary.read_text() == "of an earlier run"
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "xor_fit.png",
        "xor_training.png",
    }


def test_the_command_of_the_document(tmp_path):
    process = subprocess.run(
        [sys.executable, str(ROOT / "neural_nets_test.py"), *QUICK],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "Binary Gaussians" in process.stdout
    assert (tmp_path / "NeuralNet_test_results.json").is_file()
