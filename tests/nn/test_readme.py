"""Every block of Python in README.md runs by itself, and no link in the documentation is broken."""

import re

import pytest
from pages import ROOT, run_blocks_alone

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_readme(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # a block saves a network
    assert run_blocks_alone("README.md") >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    targets = [link.partition("#")[0] for link in links if "://" not in link]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.stem)
def test_the_readme_leads_to_every_page(page) -> None:
    assert f"](docs/{page.name})" in (ROOT / "README.md").read_text(encoding="utf-8")
