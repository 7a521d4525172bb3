"""``docs/experiments.md`` says what the code does."""

import re
from pathlib import Path

import pytest

from experiments.studies import STUDIES
from experiments.tasks import TASKS

PAGE = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_settings_of_every_row_are_those_of_the_task(task):
    layers = ", ".join(f"{width} {activation}" for width, activation in task.layers)
    settings = f"{task.learning_rate:g} | {task.batch_size} | {task.epochs} | {task.recipe}"
    assert f"| `{task.name}` | {layers} | {settings} |" in PAGE


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_is_on_the_page(name):
    assert f"| `{name}` |" in PAGE


def test_the_example_runs_as_written(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(example, "docs/experiments.md", "exec"), {})
    printed = capsys.readouterr().out
    heading, _, row = printed.splitlines()
    assert heading.split()[-5:] == ["train", "test", "limit", "gap", "time"]
    assert re.match(r"Five clusters +(\d\d\.\d\d ± \d+\.\d\d% +){2}\d\d\.\d\d%", row)
