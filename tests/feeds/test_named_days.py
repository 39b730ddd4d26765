"""Files whose rows are not of the days in their names are named.

The true quirks of feeds are none.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.data.archive import import_files
from forecast.data.feeds import FeedSettings, count_feed, read_feed
from tests.feeds.made import (
    ICEWS_HEADER,
    POLECAT_HEADER,
    gdelt_row,
    icews_row,
    in_archive,
    phoenix_row,
    polecat_row,
    written,
    zipped,
)

REAL = Path(os.environ.get("REALDATA", Path(__file__).resolve().parents[3] / "shared" / "realdata"))
ALL = FeedSettings(sectors="all", one_a_day=False)


def gdelt(*days, added=None, width=58, **cells):
    """Return rows dated on some days, added on another."""
    return [
        gdelt_row(number, day, width=width, DATEADDED=added or day, **cells)
        for number, day in enumerate(days, 1)
    ]


def icews(*days):
    return [ICEWS_HEADER, *(icews_row(number, day=day) for number, day in enumerate(days, 1))]


def findings(path):
    """Return the findings of a file, which are the same whoever reads it."""
    (account,) = read_feed(path, settings=ALL).accounts
    assert account.findings == count_feed(path, settings=ALL).accounts[0].findings
    done = import_files(path, path.with_suffix(".archive"))
    assert tuple(done.findings) == account.findings
    return account.findings


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        (
            "20141124.export.CSV",
            gdelt("20141120", "20141125", added="20141125"),
            "rows are added 2014-11-24; 0 of 2",
        ),
        (
            "20141125.export.CSV",
            gdelt("20141125", "20141125", added="20141124"),
            "all are of 2014-11-24",
        ),
        (
            "20180602001500.export.CSV",
            gdelt("20180601", added="20180601001500", width=61),
            "rows are added 2018-06-02",
        ),
        (
            "201206.csv",
            gdelt("20120701", "20120702", added="20130203", width=57),
            "dated 2012-06-01 to 2012-06-30",
        ),
        (
            "2005.csv",
            gdelt("20060701", added="20130203", width=57),
            "dated 2005-01-01 to 2005-12-31",
        ),
        (
            "20181004-icews-events.tab",
            icews("2017-03-01", "2017-03-31"),
            "all are of 2017-03-01 to 2017-03-31",
        ),
        (
            "20181004-icews-events.tab",
            icews("2018-10-04", "2018-11-04", "2018-11-05"),
            "1 of 3 are",
        ),
        ("events.2018.20190501000000.tab", icews("2017-03-01"), "dated 2018-01-01 to 2018-12-31"),
        ("202201-icews-events.tab", icews("2022-03-05"), "dated 2022-01-01 to 2022-01-31"),
        (
            "ngecEvents.DV.2018.txt",
            [POLECAT_HEADER, polecat_row(day="2019-06-01")],
            "dated 2018-01-01 to 2018-12-31",
        ),
        ("Phoenix.events.20170601.txt", [phoenix_row(day="20180601")], "dated 2017-06-01"),
    ],
)
def test_a_file_whose_rows_are_of_other_days_is_named(tmp_path, name, rows, words):
    (found,) = findings(written(tmp_path / name, rows))
    assert found.startswith(f"{name}: by its name ") and words in found
    # It is a finding, and no row is rejected for it.
    table = read_feed(tmp_path / name, settings=ALL)
    assert (
        table.rejects.empty
        and "Of other days than their names say: 1 file." in table.accounts[0].sentence
    )


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("20141124.export.CSV", gdelt("20041124", "20141124", added="20141124")),
        (
            "20180602001500.export.CSV",
            gdelt("20080602", "20180602", added="20180602001500", width=61),
        ),
        (
            "20180602234500.translation.export.CSV",
            gdelt("20180602", added="20180602234500", width=61),
        ),
        ("201206.csv", gdelt("20120601", "20120630", added="20130203", width=57)),
        ("2005.csv", gdelt("20050101", "20051231", added="20130203", width=57)),
        ("renamed.CSV", gdelt("20141124", added="20150101")),
        ("20181004-icews-events.tab", icews("2018-10-05")),
        ("00010101-icews-events.tab", icews("2018-10-05")),
        ("0001.csv", gdelt("20141124", added="20150101")),
        ("20181004-icews-events.tab", icews("2018-09-05")),
        ("20230106-icews-events.tab", icews("2023-01-01", "2023-01-03")),
        ("20190503-thru-20190519-icews-events.tab", icews("2019-05-03", "2019-05-19")),
        ("202201-icews-events.tab", icews("2022-01-31")),
        ("events.2018.20190501000000.tab", icews("2018-01-01", "2018-12-31")),
        (
            "ngecEvents.20240108101010.Release123.DV.txt",
            [POLECAT_HEADER, polecat_row(day="2024-01-01")],
        ),
        ("Phoenix.events.20180602.txt", [phoenix_row(day="20180601")]),
    ],
)
def test_quirks_of_feeds_are_no_findings(tmp_path, name, rows):
    assert findings(written(tmp_path / name, rows)) == ()


def test_the_name_of_an_archive_counts_where_that_of_its_member_says_nothing(tmp_path):
    path = zipped(tmp_path / "20141124.export.CSV.zip", {"rows.CSV": in_archive(gdelt("20141125"))})
    assert findings(path)[0].startswith(
        "20141124.export.CSV.zip/rows.CSV: by its name rows are added 2014-11-24"
    )


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("20180603-icews-events.tab", "2018-06-04"),
        ("201806-icews-events.tab", "2018-07-01"),
        (
            "20181301-icews-events.tab",
            "2018-06-02",
        ),  # which is no day, so that each row was known on the day after it
        ("20180601-20181399-icews-events.tab", "2018-06-02"),
        ("events.2018.20200427084805.tab", "2020-04-27"),
        ("events.2018.20201399084805.tab", "2018-06-02"),
    ],
)
def test_rows_are_known_since_the_day_of_the_name_in_an_archive_or_not(tmp_path, name, known):
    rows = icews("2018-06-01")
    plain = written(tmp_path / name, rows)
    inside = zipped(tmp_path / f"{name}.zip", {"rows.tab": in_archive(rows)})
    settings = FeedSettings(icews_known="edition")
    for path in (plain, inside):
        assert str(read_feed(path, settings=settings).events["known_at"].iloc[0].date()) == known


@pytest.mark.parametrize(
    "command", [("check",), ("count", "--out", "c.csv"), ("import", "--archive", "a")]
)
def test_commands_show_findings_and_end_well(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "20141124.export.CSV", gdelt("20141125"))
    words = ["events", command[0], str(path), *command[1:]]
    again = [*words[:-1], "b"] if command[0] == "import" else words
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0
    assert "by its name rows are added 2014-11-24" in " ".join(shown.output.split())
    told = json.loads(CliRunner().invoke(app, [*again, "--json"]).stdout)
    (found,) = (
        told["feeds"][0]["findings"]
        if "feeds" in told
        else [one["finding"] for one in told["files"]]
    )
    assert "all are of 2014-11-25" in found


@pytest.mark.skipif(not REAL.exists(), reason="real files are not at hand")
def test_real_files_contradict_only_names_that_are_not_theirs(tmp_path):
    more = [REAL / "icews/events.2018.sample.tab", REAL / "gdelt/20250810020000.export.CSV"]
    own = [*sorted(REAL.glob("icews/daily/*.tab")), *more]
    for path in own:
        (account,) = read_feed(path, settings=ALL).accounts
        assert account.findings == (), path.name
    for path, name in (
        (own[3], own[0].name),
        (own[0], "20171004-icews-events.tab"),
        (own[-1], "20250811020000.CSV"),
    ):
        (account,) = read_feed(shutil.copy(path, tmp_path / name), settings=ALL).accounts
        assert len(account.findings) == 1, name
