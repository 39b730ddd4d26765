"""Pages in a headless Chromium: one click copies a figure or a sentence, and a phone shows the whole page."""

import re
import time
from pathlib import Path

import pytest

from forecast.report.claims_page import claims_page
from forecast.report.page import page as report_page
from forecast.report.skill.page import skill_page
from tests.evaluation.made import results_of

from .browser import CHROMIUM, Browser
from .made_claims import OWN, results

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
PHONE = 400  # pixels
LONGEST = 10.0  # seconds for a button to say that it is done
PICTURE_TYPES = """navigator.clipboard.read().then(items => items.flatMap(item => item.types))"""
BUTTON_SAYS = "document.querySelector({!r}).textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as opened:
        opened.allow_clipboard()
        yield opened


@pytest.fixture(scope="module")
def report(material, figures, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "index.html"
    path.write_text(report_page(material, figures).html(), "utf-8")
    return path


def click(browser, selector):
    """Click a button, and return what it says when it has done what it does."""
    usual = browser.evaluate(BUTTON_SAYS.format(selector))
    browser.click(selector)
    end = time.monotonic() + LONGEST
    while (said := browser.evaluate(BUTTON_SAYS.format(selector))) == usual:
        assert time.monotonic() < end, f"{selector} says nothing"
    return said


def test_one_click_copies_the_sentence(browser, report):
    browser.open(report)
    assert click(browser, "button[data-copy=sentence][data-of=cite]") == "Copied"
    cited = browser.evaluate("document.getElementById('cite').textContent")
    assert browser.evaluate("navigator.clipboard.readText()") == re.sub(r"\s+", " ", cited).strip()


@pytest.mark.parametrize("figure", ["dots", "share"])
@pytest.mark.parametrize("width", [1280, PHONE])
def test_one_click_copies_a_figure(browser, report, figure, width):
    browser.open(report, width=width)
    chosen = f"[data-of=figure-{figure}]"
    assert click(browser, f"button[data-copy=png]{chosen}") == "Copied"
    assert browser.evaluate(PICTURE_TYPES) == ["image/png"]
    assert click(browser, f"button[data-copy=svg]{chosen}") in ("Copied", "Saved")


def test_a_button_says_what_it_copies_again_after_a_while(browser, report):
    browser.open(report)
    selector = "button[data-copy=png]"
    usual = browser.evaluate(BUTTON_SAYS.format(selector))
    click(browser, selector)
    end = time.monotonic() + LONGEST
    while browser.evaluate(BUTTON_SAYS.format(selector)) != usual:
        assert time.monotonic() < end


WIDER_THAN_THE_WINDOW = """
[...document.querySelectorAll("main *, header *, footer *")]
  .filter(element => element.checkVisibility())
  .filter(element => !element.closest(".wide, .events") || element.closest(".cards"))
  .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => element.outerHTML.slice(0, 200))
"""
OPEN_FOLDS = "document.querySelectorAll('details').forEach(fold => { fold.open = true; })"


@pytest.mark.parametrize("name", ["report", "claims", "skill"])
def test_a_phone_shows_the_whole_page(browser, report, name, tmp_path, undrawn):
    path = report
    if name != "report":
        path = tmp_path / "index.html"
        page = claims_page(results(own=OWN)) if name == "claims" else skill_page(results_of(0.0))
        path.write_text(page.html(), "utf-8")
    browser.open(path, width=PHONE)
    browser.evaluate(OPEN_FOLDS)
    assert browser.evaluate(WIDER_THAN_THE_WINDOW) == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= PHONE
