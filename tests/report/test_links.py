"""Links between pages, the index of a folder, and what a page says of itself where it is shared."""

import re
from dataclasses import replace

import pytest

from forecast.report.index_page import write_index
from forecast.report.page import write_report
from forecast.report.pairs_page import Pair, write_pairs
from tests.pages import dangling

from .conftest import FAILED, SCRIPT, Reader

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def pairs(fit, assessment, events, tmp_path):
    """A report with its page of all pairs, one of which is hostile and another time was different."""
    write_report(
        fit,
        assessment,
        events=events,
        out=tmp_path / "all/USA-CHN",
        links={"All pairs": "../index.html"},
    )
    pair = Pair.read(tmp_path / "all/USA-CHN", "USA-CHN/index.html")
    hostile = replace(pair, label=SCRIPT, title=SCRIPT, before=0.0, up=0.9)
    write_pairs([pair, hostile], tmp_path / "all", {}, ("2026-05-31", "2026-06-30"))
    return tmp_path


def test_reports_and_the_page_of_all_pairs_link_to_each_other(pairs):
    assert dangling(pairs) == []
    report, page = (
        (pairs / name / "index.html").read_text("utf-8") for name in ("all/USA-CHN", "all")
    )
    assert '<a href="../index.html">All pairs</a>' in report and 'href="USA-CHN/index.html"' in page
    assert "Other pages" not in page  # there is no index above


def test_the_index_lists_the_pages_of_a_folder_and_pages_after_it_link_to_it(
    fit, assessment, pairs
):
    write_report(fit, assessment, out=pairs / "100% of USA")
    page = write_index(pairs)
    write_report(fit, assessment, out=pairs / "100% of USA")
    read = Reader(page.read_text("utf-8"))
    assert [link["href"] for link in read.named("a")] == [
        "#main",
        "100%25%20of%20USA/index.html",
        "all/index.html",
    ]
    assert assessment.title in read.text and assessment.verdict in read.text and SCRIPT in read.text
    assert "<script" not in page.read_text("utf-8").lower()
    assert '<a href="../index.html">All pages</a>' in (pairs / "100% of USA/index.html").read_text(
        "utf-8"
    )
    assert dangling(pairs) == []
    assert Reader(write_index(pairs).read_text("utf-8")).text == read.text


def test_a_folder_that_is_not_of_a_page_is_not_listed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/index.html").write_text("<title>mine</title>")
    (tmp_path / "mine/manifest.json").write_text("{}")
    assert "mine" not in write_index(tmp_path).read_text("utf-8")


def test_a_shared_page_shows_its_title_and_verdict(fit, assessment, pairs, tmp_path):
    def card(page):
        read = Reader(page.read_text("utf-8"))
        return {
            meta["property"][3:]: meta["content"]
            for meta in read.named("meta")
            if "property" in meta
        }

    page = write_report(fit, assessment, out=tmp_path / "report")
    assert card(page) == {
        "type": "article",
        "title": assessment.title,
        "description": assessment.verdict,
    }
    assert not re.search(r'(src|srcset|content)="http', page.read_text("utf-8"))
    hostile = card(pairs / "all/index.html")
    assert SCRIPT in hostile["title"] and SCRIPT in hostile["description"]
    failed = write_report(fit, assessment, out=tmp_path / "failed", gate=FAILED)
    assert card(failed)["title"] == f"NOT CONVERGED: {assessment.title}"
