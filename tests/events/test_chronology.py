"""The embedded chronology reads whole, and every coding rule that a machine can check holds."""

import shutil
import subprocess
import sys
from datetime import date, timedelta

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from forecast.base.errors import DataError, UnknownDyadError
from forecast.base.resources import data_folder
from forecast.data.events import read_chronology
from forecast.data.events.chronology import COLUMNS, MAPPING, chronology_files, edition_digests
from forecast.data.events.codebook import read_codes, read_small_csv
from forecast.data.events.coding_rules import KEY, RULES, coding_breaches, passing_address
from forecast.data.events.mapping import load_raw
from forecast.data.events.table import EVENT_COLUMNS
from forecast.data.events.tables import is_unchecked, typed_rows
from forecast.data.panel import build_panel

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
    "known_at": "",
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
    rows = [
        GOOD,
        GOOD | {"date": "2024-05-16", "verified": "yes"},
        GOOD | {"date": "2024-05-17", "verified": "Yes?"},
    ]
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
    assert (events["known_at"] >= events["date"]).all()
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
        ("known_at", [{"known_at": "2024-05-14"}]),
        ("known_at", [{"known_at": "2024-06"}]),
        ("known_at", [{"known_at": "2024-05-15?"}]),
        ("known_at", [{"known_at": f"{date.today() + timedelta(days=2)}"}]),
        ("order", [{}, {"date": "2024-05-14"}]),
        ("repeated", [{}, {}]),
        ("visit", [{"cameo": "042"}]),
        ("visit", [{"cameo": "043"}, {"cameo": "042"}]),
        ("both directions", [{"cameo": "041"}]),
        ("both directions", [{"cameo": "057"}, {"cameo": "046", "source": "CHN", "target": "USA"}]),
        ("two-sided event", [{"cameo": "062", "summary": "First joint exercise"}]),
        ("denial", [{"cameo": "016"}]),
        ("denial", [{"cameo": "016", "summary": "The Foreign Ministry denies the charge"}]),
        (
            "denial",
            [
                {
                    "cameo": "010",
                    "summary": "The Foreign Ministry rejects the accusation of espionage",
                }
            ],
        ),
        ("round", [{"cameo": "042", "summary": "The tenth Siachen round is held in New Delhi"}]),
        ("round", [{"cameo": "043", "summary": "The 3rd round of talks opens in Islamabad"}]),
        ("diplomatic cooperation", [{"cameo": "050", "summary": "Two giant pandas arrive"}]),
        ("clash", [{"cameo": "190"}, {"cameo": "190", "source": "CHN", "target": "USA"}]),
        ("clash", [{"cameo": "193"}, {"cameo": "193", "source": "CHN", "target": "USA"}]),
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


@pytest.mark.parametrize(
    "rows",
    [
        [{"cameo": "120", "summary": "The Foreign Ministry denies the charge"}],
        [{"cameo": "017", "summary": "A delegate denies entry to nobody"}],
        [
            {"cameo": "190"},
            {"cameo": "190", "source": "CHN", "target": "USA", "summary": "China fires back"},
        ],
        [
            {"cameo": "190"},
            {"date": "2024-05-16", "cameo": "190", "source": "CHN", "target": "USA"},
        ],
        [{"cameo": "050", "summary": "The Senate ratifies the treaty"}],
        [{"cameo": "050", "summary": "The first ambassador presents his credentials"}],
        [{"cameo": "046"}, {"cameo": "046", "source": "CHN", "target": "USA"}],
        [{"known_at": "2024-05-15"}],
        [{"known_at": "2024-07-15"}],
    ],
)
def test_what_the_rules_allow_breaks_none(tmp_path, rows):
    assert breaches_of(tmp_path, *rows) == []


def test_a_secret_event_is_unseen_until_it_became_known(tmp_path):
    """Kissinger's flight of 9 July 1971 was announced on 15 July."""
    open_event = {
        "date": "1971-06-10",
        "summary": "Nixon ends the embargo on trade",
        "cameo": "085",
    }
    secret = {
        "date": "1971-07-09",
        "known_at": "1971-07-15",
        "summary": "Kissinger is in Beijing",
        "cameo": "036",
    }
    rows = pd.DataFrame([GOOD | open_event, GOOD | secret], columns=list(COLUMNS))
    rows.to_csv(tmp_path / "USA-CHN.csv", index=False)
    table = read_chronology(tmp_path)
    assert table.rejects.empty
    assert table.vintaged == ()  # of other events it does not say when they became known
    assert table.events["known_at"].dt.strftime("%Y-%m-%d").tolist() == ["1971-06-10", "1971-07-15"]
    between, after = (build_panel(table, as_of=day) for day in ("1971-07-12", "1971-07-15"))
    assert (between.attrs["counted"], after.attrs["counted"]) == (1, 2)
    assert between.attrs["late"] == 1


def test_the_day_of_becoming_known_changes_no_id_of_other_rows(tmp_path):
    for folder, columns in (("with", COLUMNS), ("without", COLUMNS[:-1])):
        (tmp_path / folder).mkdir()
        frame = pd.DataFrame([GOOD], columns=list(columns))
        frame.to_csv(tmp_path / folder / "USA-CHN.csv", index=False)
    one, other = (read_chronology(tmp_path / folder).events for folder in ("with", "without"))
    assert one.equals(other)


@pytest.mark.parametrize(
    ("known_at", "reason"),
    [
        ("2024-05-14", "known_at is before date"),
        (f"{date.today() + timedelta(days=2)}", "known_at is later than today"),
        ("soon", "known_at 'soon': not a day"),
    ],
)
def test_a_day_of_becoming_known_that_cannot_be_is_rejected(tmp_path, known_at, reason):
    rows = [GOOD, GOOD | {"date": "2024-05-15", "summary": "Another", "known_at": known_at}]
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(tmp_path / "USA-CHN.csv", index=False)
    assert reason in read_chronology(tmp_path).rejects["reason"].iloc[0]


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


def test_files_of_an_edition_are_not_checked_again_because_every_row_is_good():
    for path in chronology_files().values():
        raw = load_raw(path, MAPPING)
        assert raw.sha256 in edition_digests(), f"{path.name}: of no edition, so that it is checked"
        assert typed_rows(raw, MAPPING)[1] == {}
        assert_frame_equal(
            typed_rows(raw, MAPPING, known_good=True)[0], typed_rows(raw, MAPPING)[0]
        )


def test_a_changed_file_is_checked(tmp_path):
    rows = pd.DataFrame(
        [GOOD, GOOD | {"cameo": "999", "date": "2001-01-02"}], columns=list(COLUMNS)
    )
    rows.to_csv(tmp_path / "USA-CHN.csv", index=False)
    assert len(read_chronology(tmp_path).rejects) == 1


def test_asking_imports_no_schema_of_tables():
    program = (
        "import sys; from forecast import ask; ask('USA-IRN strike by 2024-06-30', as_of='2024-03-31'); "
        "print('pandera' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
