"""The page of the theory: every statement of the essay, with numbers that are where the page says they are."""

import json
import re
from pathlib import Path

import pytest

from forecast.base.errors import DataError
from forecast.outlook.theory import THEORY
from forecast.report.claims_page import write_tests
from forecast.report.theory_page import write_theory

from .conftest import SCRIPT, Reader
from .made_claims import VERDICTS, results, verdict

REPORTS = Path(__file__).parents[2] / "reports"
FORECAST = REPORTS / "usa-chn-2026-05-31" / "forecast.json"
SCENARIO = REPORTS / "scenario-2023" / "scenario.json"


@pytest.fixture
def made(tmp_path):
    """Write the page; return its text, and where the tests are."""
    write_tests(
        results([*VERDICTS, verdict("S12", "Do occasions predict?", picture=None)]),
        tmp_path / "tests",
    )
    page = write_theory(tmp_path / "tests" / "tests.json", FORECAST, SCENARIO, tmp_path / "theory")
    return Reader(page.read_text("utf-8")), tmp_path / "tests" / "tests.json"


def test_every_statement_has_its_words_and_an_answer(made):
    read, _ = made
    for one in THEORY:
        assert one.us_china in read.text and one.general in read.text
    for code, answer in {
        "S3": "supported",
        "S4": "rejected",
        "S5": "supported",
        "S7": "cannot be tested",
    }.items():
        assert re.search(rf"\b{code}\. [^.?]+\? {answer}", read.text)
    assert "S1. At their lowest? no" in read.text  # and not answered by the test of S10
    assert "S9 Improvement within the framework? described" in read.text


def test_a_statement_is_not_answered_by_a_test_of_something_else(made):
    read, _ = made
    assert (
        "S2. A lasting fall? yes" in read.text
        and "S3. Strategic turning points? supported" in read.text
    )
    assert "S12. Reasons to ease? described" in read.text and "Related test, S12." in read.text


def test_a_statement_that_no_file_is_about_is_not_tested(tmp_path):
    write_tests(results([verdict()]), tmp_path / "tests")
    page = write_theory(tmp_path / "tests" / "tests.json", FORECAST, SCENARIO, tmp_path / "theory")
    assert "S12. Reasons to ease? not tested" in Reader(page.read_text("utf-8")).text


def test_every_number_is_where_the_page_says(made):
    read, tests = made
    cited = re.findall(r"(\S+\.json): (\w+)\[(\d+)\](\.numbers|\.plausibility)?\.(\w+)", read.text)
    assert len(cited) > 30 and {path for path, *_ in cited} == {
        path.as_posix() for path in (tests, FORECAST, SCENARIO)
    }
    for path, part, place, inside, name in cited:
        row = json.loads(Path(path).read_text("utf-8"))[part][int(place)]
        assert name in (row[inside[1:]] if inside else row)


def test_links_lead_to_the_files(made):
    read, tests = made
    links = {link["href"] for link in read.named("a") if not link["href"].startswith("#")}
    assert {(tests.parent.parent / "theory" / link).resolve() for link in links} == {
        tests,
        FORECAST,
        SCENARIO,
    }


def test_hostile_words_are_shown_and_do_nothing(tmp_path):
    write_tests(results([verdict(sentences=(SCRIPT,))]), tmp_path / "tests")
    page = write_theory(tmp_path / "tests" / "tests.json", FORECAST, SCENARIO, tmp_path / "theory")
    html = page.read_text("utf-8")
    assert "<script" not in html.lower() and SCRIPT in Reader(html).text


def test_a_file_that_is_not_of_a_page_is_named(tmp_path):
    (tmp_path / "tests.json").write_text('{"verdicts": []}')
    with pytest.raises(
        DataError, match=r"tests\.json: expected the JSON .* “claims”.*make that page again"
    ):
        write_theory(tmp_path / "tests.json", FORECAST, SCENARIO, tmp_path / "theory")


def test_the_committed_page_is_what_the_committed_files_make(tmp_path, monkeypatch):
    monkeypatch.chdir(REPORTS.parent)
    names = (
        "hypotheses/tests.json",
        "usa-chn-2026-05-31/forecast.json",
        "scenario-2023/scenario.json",
    )
    page = write_theory(*(f"reports/{name}" for name in names), tmp_path / "theory")
    made = re.sub(r'href="[^"#]*/reports/', 'href="../', page.read_text("utf-8"))
    committed = (REPORTS / "theory" / "index.html").read_text("utf-8")
    assert made == re.sub(
        r"<nav aria-label=.Other pages.>.*?</nav>\n", "", committed, flags=re.DOTALL
    )
