"""Every block of code in docs/optimizers.md runs, and prints what the page shows."""

from pages import ROOT, run_page

import nn
from nn.optim import OPTIMIZERS
from nn.schedule_names import SCHEDULES


def test_the_page():
    scope = run_page("docs/optimizers.md")
    assert {"optimizer", "schedule", "search", "restored", "LionRule"} <= scope.keys()


def test_every_optimizer_and_schedule_is_in_a_table():
    page = (ROOT / "docs/optimizers.md").read_text(encoding="utf-8")
    tables = "\n".join(line for line in page.splitlines() if line.startswith("|"))
    for kind in (*OPTIMIZERS.values(), nn.LBFGS):
        assert f"| `{kind.__name__}` |" in tables
    for name in SCHEDULES:
        assert f'`"{name}"`' in tables
    for name in set(nn.schedules.__all__) - {"Schedule"}:
        assert f"`{name}(" in tables
