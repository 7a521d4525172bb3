"""Every block of code in docs/guide runs, and prints what its page shows."""

import re

import pytest
from pages import ROOT, run_page

GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(page.name for page in GUIDE.glob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_the_page(page, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(f"docs/guide/{page}")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", (GUIDE / page).read_text(encoding="utf-8"))
    targets = [link.partition("#")[0] for link in links if "://" not in link]
    assert [target for target in targets if not (GUIDE / target).exists()] == []


def test_the_index_leads_to_every_page() -> None:
    index = (GUIDE / "README.md").read_text(encoding="utf-8")
    assert [page for page in PAGES if page != "README.md" and f"]({page})" not in index] == []
