"""The report in a real browser: nothing is missing, and it fits a phone and a large screen."""

import base64
import json
import shutil
from html.parser import HTMLParser

import pytest

from experiments import table
from experiments.__main__ import main
from experiments.results import rows_of
from experiments.tasks import task_named

ROWS = ["xor", "sine_regression", "wine"]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The directory of a quick run."""
    out = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "TASKS", [task_named(name) for name in ROWS])
        assert main(["report", "--quick", "--jobs", "1", "--out", str(out)]) == 0
    return out / "results"


@pytest.fixture(scope="module")
def content(results):
    return json.loads((results / "results.json").read_text())


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium without any network."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("there are no chromium and chromedriver on this machine")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield browser
    browser.quit()


def open_page(browser, results, width=1400, scheme="light"):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [feature]})
    browser.get((results / "report.html").as_uri())


@pytest.mark.parametrize("width", [380, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_errors_and_the_layout_holds(browser, results, width, scheme):
    open_page(browser, results, width, scheme)
    assert browser.get_log("browser") == []
    inner, scrolled = browser.execute_script(
        "const page = document.documentElement; return [page.clientWidth, page.scrollWidth]"
    )
    assert width - 20 < inner <= width, "all but the scroll bar"
    assert scrolled == inner
    # What is wider than the page scrolls in a box of its own.
    outside = browser.execute_script(
        """
        return [...document.querySelectorAll("body *")].filter(element => {
            const box = element.getBoundingClientRect();
            return !element.closest(".scroll") && (box.right > innerWidth || box.left < 0);
        }).map(element => element.outerHTML.slice(0, 80));
        """
    )
    assert outside == []
    small = browser.execute_script(
        """
        return [...document.querySelectorAll("p, td, th, dd, dt, figcaption, code")].filter(
            element => parseFloat(getComputedStyle(element).fontSize) < 12.5).length;
        """
    )
    assert small == 0


def test_every_picture_loads(browser, results, content):
    open_page(browser, results)
    loaded = browser.execute_script(
        "return [...document.images].map(image => [image.alt, image.complete, image.naturalWidth])"
    )
    of_studies = sum(len(study["pictures"]) for study in content["studies"].values())
    # A calibration for the two classifications, three other pictures for each row, the overview.
    assert len(loaded) == 3 * len(ROWS) + 2 + 1 + of_studies
    assert all(alt and complete and width > 100 for alt, complete, width in loaded)


def test_the_numbers_are_those_of_the_json(browser, results, content):
    """Read from the page as a reader sees them."""
    open_page(browser, results)
    cells = browser.execute_script(
        """
        return [...document.querySelectorAll("tr[data-row]")].map(row => [
            row.closest("table").dataset.block, row.dataset.row,
            [...row.querySelectorAll("td")].map(cell => cell.innerText)]);
        """
    )
    shown = {(block, name): texts for block, name, texts in cells}
    assert [name for block, name, _ in cells if block == "0"] == ["xor", "sine_regression"]
    for name, row in content["rows"].items():
        percent = row["metric"] == "accuracy"
        block = "0" if row["document"] else "1"
        texts = shown[block, name]
        places = (0, 2) if row["document"] else (0, 1)
        for place, kind in zip(places, ("training", "test"), strict=True):
            value, half_width = numbers(texts[place])
            factor = 100 if percent else 1
            digits = 2 if percent else 5
            assert value == round(factor * row["mean"][kind]["value"], digits)
            assert half_width == round(factor * row["mean"][kind]["half_width"], digits)
        if row["document"]:
            assert (texts[1], texts[3]) == (row["document"]["training"], row["document"]["test"])
            assert numbers(texts[4])[0] == round(
                row["limit"]["value"] * (100 if percent else 1), 2 if percent else 5
            )
        if not row["peers"]:  # scikit-learn has no GELU, and PyTorch may not be installed
            assert ("2", name) not in shown
            continue
        peers = shown["2", name]
        for place, peer in enumerate(content["rows"]["xor"]["peers"]):
            figure, ratio = peers[1 + 2 * place : 3 + 2 * place]
            if peer in row["peers"]:
                assert numbers(ratio)[0] == round(row["peers"][peer]["time_ratio"], 1)
            else:
                assert figure == ratio == "-"


def test_it_prints(browser, results):
    open_page(browser, results, scheme="dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    background, ink = browser.execute_script(
        "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]"
    )
    assert (background, ink) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    assert browser.execute_script("return getComputedStyle(document.images[1]).filter") == "none"
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") > 2


def test_it_refers_to_nothing_outside_itself(results):
    """For machines without a browser: no script, and every picture is part of the file."""
    found = {"addresses": [], "tags": set()}

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found["tags"].add(tag)
            found["addresses"] += [
                value for name, value in attrs if name in ("src", "href", "srcset", "poster")
            ]

    text = (results / "report.html").read_text(encoding="utf-8")
    Reader().feed(text)
    assert "script" not in found["tags"]
    assert {address.partition(",")[0][:5] for address in found["addresses"]} <= {
        "data:",
        *(address[:5] for address in found["addresses"] if address.startswith("#")),
    }
    assert "@import" not in text
    assert "url(" not in text


def test_it_says_how_every_row_is_made_again(results, content):
    text = (results / "report.html").read_text(encoding="utf-8")
    for row in rows_of(content):
        assert f"python -m experiments run {row.name} --seeds {len(row.seeds)}" in text
    for version in filter(None, content["versions"].values()):
        assert f"<dd>{version}</dd>" in text


def numbers(text):
    """The value and half the interval of a cell, if it has one."""
    value, _, half_width = text.replace("%", "").replace("×", "").partition("±")
    return float(value), float(half_width) if half_width else None
