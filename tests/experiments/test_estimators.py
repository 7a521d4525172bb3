"""The comparison of the estimators with scikit-learn's networks, and its table in the docs."""

import re
from pathlib import Path

import pytest

from experiments.estimators import (
    DATASETS,
    END,
    SEEDS,
    START,
    Comparison,
    compare,
    main,
    markdown_table,
    replace_table,
)

PAGE = (Path(__file__).parents[2] / "docs" / "estimators.md").read_text(encoding="utf-8")
NUMBERS = {10: "ten", 5: "five"}


def rows_of_the_page() -> list[Comparison]:
    table = PAGE.partition(START)[2].partition(END)[0].strip()
    rows = []
    for line in table.splitlines()[2:]:
        name, size, score, theirs, ours, difference, time = line.strip("| ").split(" | ")
        samples, features = map(int, size.split(" × "))
        gain, error = map(float, difference.split(" ± "))
        rows.append(
            Comparison(
                name,
                (samples, features),
                score,
                float(theirs),
                float(ours),
                gain,
                error,
                float(time),
            )
        )
    return rows


def test_the_page_has_the_table_that_the_script_writes() -> None:
    rows = rows_of_the_page()
    assert replace_table(PAGE, markdown_table(rows)) == PAGE
    assert [row.name for row in rows] == [dataset.name for dataset in DATASETS]
    assert f"means over {NUMBERS[SEEDS]} splits" in PAGE
    for row, dataset in zip(rows, DATASETS, strict=True):
        assert row.shape == dataset.load()[0].shape
        assert row.ours - row.theirs == pytest.approx(row.difference, abs=2e-4)


def test_no_data_set_is_worse_or_slower_on_the_page() -> None:
    for row in rows_of_the_page():
        assert row.difference > -2 * row.error - 1e-9, row
        assert row.time < 1, row


@pytest.mark.parametrize("dataset", [DATASETS[0], DATASETS[-2]], ids=lambda dataset: dataset.name)
def test_a_comparison(dataset) -> None:
    row = compare(dataset, seeds=2, epochs=1)
    assert row.difference == pytest.approx(row.ours - row.theirs)
    assert row.time > 0
    assert row[:7] == compare(dataset, seeds=2, epochs=1)[:7]  # but for the time


def test_a_quick_run_writes_into_a_page(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("experiments.estimators.DATASETS", DATASETS[:1])
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    assert main(["--quick", "--page", str(page)]) == 0
    written = page.read_text(encoding="utf-8")
    assert re.match(r"before\n<!-- estimators table -->\n\| Data ", written)
    assert "| Iris | 150 × 4 | accuracy |" in written
    assert "old" not in written
    assert "| Iris |" in capsys.readouterr().out


def test_a_page_without_markers() -> None:
    with pytest.raises(ValueError, match="no table between"):
        replace_table("nothing", "| |")
