"""The embedded chronology reads whole, and every coding rule that a machine can check holds."""

import shutil

import pandas as pd
import pytest

from forecast.errors import DataError, UnknownDyadError
from forecast.events import read_chronology
from forecast.events.codebook import read_codes, read_small_csv
from forecast.events.table import EVENT_COLUMNS
from forecast.events.tables import COLUMNS, KEY, RULES, chronology_files, coding_breaches, is_unchecked, passing_address
from forecast.resources import data_folder

GOOD = {
    "date": "2024-05-15",
    "precision": "day",
    "source": "USA",
    "target": "CHN",
    "actor": "President",
    "cameo": "111",
    "summary": "The President criticises",
    "reference": "A newspaper",
    "verified": "memory",
}


def breaches_of(tmp_path, *rows):
    """Return the rules broken by rows that differ from a good one as given."""
    frame = pd.DataFrame([GOOD | row for row in rows], columns=list(COLUMNS))
    frame.to_csv(tmp_path / "USA-CHN.csv", index=False)
    return list(coding_breaches(tmp_path)["rule"])


def test_the_chronology_reads_without_a_reject():
    table = read_chronology()
    assert tuple(table.events.columns) == EVENT_COLUMNS
    assert table.rejects.empty
    assert [file.name for file in table.files] == [f"{dyad}.csv" for dyad in table.dyads]
    assert sum(file.rows for file in table.files) == len(table.events)


def test_what_was_not_looked_up_is_no_citation(tmp_path):
    rows = [GOOD, GOOD | {"date": "2024-05-16", "verified": "yes"}, GOOD | {"date": "2024-05-17", "verified": "Yes?"}]
    pd.DataFrame([*rows, GOOD | {"date": "2024-05"}]).to_csv(tmp_path / "USA-CHN.csv", index=False)
    table = read_chronology(tmp_path)
    references = ["unchecked: A newspaper", "A newspaper", "unchecked: A newspaper"]
    assert table.events["reference"].tolist() == references
    assert "unchecked" not in table.rejects["row"].iloc[0]


def test_every_unchecked_row_of_the_chronology_says_so():
    rows = pd.concat([read_small_csv(path) for path in chronology_files().values()])
    shown = read_chronology().events["reference"].map(is_unchecked)
    assert shown.sum() == (rows["verified"] == "memory").sum() > 0


def test_values_of_an_event_come_from_its_code():
    events, codes = read_chronology().events, read_codes()
    assert (events["goldstein"] == events["cameo"].map(codes["goldstein"])).all()
    assert (events["quad"] == events["cameo"].map(codes["quad"])).all()
    assert (events["known_at"] == events["date"]).all()
    assert events["event_id"].is_unique


def test_no_row_breaks_a_rule_but_the_named_exceptions():
    breaches = coding_breaches()
    new = breaches.loc[~breaches["known"], ["file", "line", "rule", "summary"]]
    assert new.empty, new.to_string()


def test_every_named_exception_is_one_still():
    named = read_small_csv(data_folder() / "codebook" / "exceptions.csv")
    found = coding_breaches()
    assert set(named[KEY].itertuples(index=False)) == set(found[KEY].itertuples(index=False))
    assert (named["why"] != "").all()


def test_a_good_row_breaks_nothing(tmp_path):
    assert breaches_of(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("day", [{"date": "2024-5-15"}]),
        ("day", [{"date": "2024-02-30"}]),
        ("precision", [{"precision": "month", "date": "2024-05-16"}]),
        ("precision", [{"precision": "week"}]),
        ("dyad", [{"target": "JPN"}]),
        ("dyad", [{"target": "USA"}]),
        ("code", [{"cameo": "11"}]),
        ("code", [{"cameo": "1119"}]),
        ("text", [{"reference": ""}]),
        ("text", [{"summary": " The President"}]),
        ("length", [{"summary": "x" * 161}]),
        ("reference", [{"reference": "https://staging.example.org/news/1"}]),
        ("verified", [{"verified": "no"}]),
        ("order", [{}, {"date": "2024-05-14"}]),
        ("repeated", [{}, {}]),
        ("visit", [{"cameo": "042"}]),
        ("visit", [{"cameo": "043"}, {"cameo": "042"}]),
        ("both directions", [{"cameo": "041"}]),
        ("both directions", [{"cameo": "057"}, {"cameo": "046", "source": "CHN", "target": "USA"}]),
        ("two-sided event", [{"cameo": "062", "summary": "First joint exercise"}]),
        ("intent", [{"cameo": "036"}, {"cameo": "036", "source": "CHN", "target": "USA"}]),
        ("aid", [{"cameo": "073"}, {"cameo": "073", "source": "CHN", "target": "USA"}]),
    ],
)
def test_each_rule_finds_what_breaks_it(tmp_path, rule, rows):
    assert rule in breaches_of(tmp_path, *rows)


def test_each_rule_has_an_example_above():
    marks = test_each_rule_finds_what_breaks_it.pytestmark
    assert {example[0] for example in marks[0].args[1]} == set(RULES)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://test.history.state.gov/documents/d832", "tests"),
        ("https://staging.mercurynews.com/2007/05/28/a", "tests"),
        ("http://wpstage.denvergazette.com/2025/08/a", "tests"),
        ("https://irishtimes-irishtimes-prod.cdn.arcpublishing.com/news/a", "mirror"),
        ("https://wilson-center-digital-archive.dvincitest.com/document/a", "tests"),
        ("https://englishline-test.monexusmedia.uk/articles/a", "tests"),
        ("https://ebiztoday.news/index.php/wp-json/wp/v2/posts/331576", "draft"),
        ("https://www.worldports.org/?p=618354", "draft"),
        ("https://www.example.org/?lang=en&p=26568", "draft"),
        ("https://www.reuters.com", "without a page"),
        ("https://www.reuters.com/", "without a page"),
        ("www.reuters.com", "without a page"),
        ("http://49.213.3.35/doc/357.html", "number"),
        ("https://docslib.org/doc/1919263/a", "uploads"),
        ("https://9dok.net/article/a", "uploads"),
        ("https://www.timetoast.com/timelines/a", "uploads"),
        ("https://www.studocu.com/en/document/a", "uploads"),
        ("Reuters, 7 May 1999; https://docslib.org/doc/1", "uploads"),
    ],
)
def test_an_address_that_does_not_last_is_refused(address, why):
    assert why in passing_address(address)


@pytest.mark.parametrize(
    "reference",
    [
        "Xinhua, protest at the nuclear test, May 1966",
        "China.org.cn, 24 March 2010: China-India relations",
        "Wikipedia, Portal:Current events, 2023-11-15",
        "https://www.reuters.com/world/latest-protest-on-stage",
        "https://latest.example.org/contest?page=2",
        "https://www.mofa.go.jp/region/index.html",
    ],
)
def test_a_publishers_own_page_is_not_refused(reference):
    assert passing_address(reference) == ""


def test_visits_on_one_day_pair_one_to_one(tmp_path):
    there = [{"cameo": "042"}, {"cameo": "043", "source": "CHN", "target": "USA"}]
    back = [{"cameo": "043"}, {"cameo": "042", "source": "CHN", "target": "USA"}]
    assert breaches_of(tmp_path, *there, *back) == []


def test_other_columns_are_refused(tmp_path):
    path = tmp_path / "USA-CHN.csv"
    path.write_text(",".join(COLUMNS[:-1]) + "\n")
    with pytest.raises(DataError, match="the columns must be"):
        coding_breaches(tmp_path)


def test_a_users_own_dyad_is_read_from_its_file(tmp_path):
    frame = pd.DataFrame([GOOD | {"source": "PAK", "target": "IND"}])
    frame.to_csv(tmp_path / "IND-PAK.csv", index=False)
    shutil.copy(chronology_files()["USA-IRN"], tmp_path)
    assert read_chronology(tmp_path).dyads == ["USA-IRN", "IND-PAK"]


def test_a_row_of_another_dyad_is_rejected(tmp_path):
    frame = pd.DataFrame([GOOD, GOOD | {"target": "JPN"}])
    frame.to_csv(tmp_path / "USA-CHN.csv", index=False)
    rejects = read_chronology(tmp_path).rejects
    assert rejects[["line", "reason"]].to_numpy().tolist() == [[3, "not of the dyad USA-CHN"]]


def test_an_unknown_dyad_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(UnknownDyadError, match="Known: USA-CHN"):
        read_chronology(dyads=["USA-VNM"])
    with pytest.raises(DataError, match="holds no chronology"):
        read_chronology(tmp_path)
