"""Coverage beyond the complete record: gaps stay missing, and what is announced or later is not counted."""

import json
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast import add_events, build_panel, read_chronology
from forecast.base.errors import SpecError
from forecast.cli import app
from forecast.data.events import EventTable, describe_additions, read_coverage
from forecast.data.events.additions import Addition, Extension, additions_of
from forecast.data.events.coverage import (
    REMARK,
    CoverageStatement,
    announced,
    coverage_gaps,
    gap_warnings,
    parse_statements,
    unstated_days,
)
from forecast.data.events.stated_coverage import state_coverage
from forecast.data.panel import coverage_end, observed_periods, summarise
from forecast.data.panel.notes import notes_of_panel
from forecast.data.panel.record import unrecorded_part
from forecast.data.panel.single_events import count_placed, placed_events
from forecast.data.sources import Source, open_source

JUNE_ROW = {
    "date": "2026-06-18",
    "source": "RUS",
    "target": "USA",
    "kind": "talks",
    "summary": "Talks in Vienna",
}
CHINA_ROW = {
    "date": "2026-06-20",
    "source": "CHN",
    "target": "USA",
    "kind": "visit",
    "summary": "A minister comes",
}


@pytest.fixture(autouse=True)
def ends(monkeypatch):
    """Complete records end on these days here, whatever the edition of the data."""
    table = read_coverage().set_index("dyad")
    table.loc["USA-RUS", "last_even"] = pd.Timestamp("2026-03-28")
    table.loc["USA-CHN", "last_even"] = pd.Timestamp("2026-06-13")
    embedded = table.reset_index()

    def stated(given=None):
        return embedded if given is None else read_coverage(given)

    monkeypatch.setattr("forecast.data.events.even_coverage.read_coverage", stated)
    monkeypatch.setattr("forecast.data.panel.record.read_coverage", stated)


@pytest.fixture(scope="module")
def russia() -> EventTable:
    """The record of US-Russia, complete to 28 March 2026, with seven rows after that day."""
    return read_chronology(dyads=["USA-RUS"])


@pytest.fixture(scope="module")
def china() -> EventTable:
    """The record of US-China, complete to 13 June 2026, with 21 rows up to September after that day."""
    return read_chronology(dyads=["USA-CHN"])


def counted_since(table: EventTable, dyad: str, first: str) -> int:
    """Count the events of a dyad in its panel from a month on."""
    counts = build_panel(table, dyads=[dyad])["counts"]
    return int(counts.sel(time=slice(first, None)).sum())


def months_missing(table: EventTable, dyad: str) -> list[str]:
    """Return the uncovered months of a dyad's panel."""
    panel = build_panel(table, dyads=[dyad])
    times = panel["time"].to_numpy()[~observed_periods(panel, dyad)]
    return [str(time)[:7] for time in times]


def test_rows_beyond_the_complete_record_are_announced_and_not_counted(china):
    beyond = china.events[announced(china)]
    assert (beyond["date"] > pd.Timestamp(coverage_end(china, "USA-CHN"))).all()
    assert len(beyond) > 0
    assert summarise(china).set_index("dyad")["announced"]["USA-CHN"] == len(beyond)


def test_an_added_file_does_not_make_announced_rows_count(china):
    later = CHINA_ROW | {"date": "2026-09-30"}
    table = add_events(china, [CHINA_ROW, later])
    assert coverage_end(table, "USA-CHN") == date(2026, 9, 30)
    assert announced(table).sum() == announced(china).sum() > 0
    assert counted_since(table, "USA-CHN", "2026-07") == 1  # what was added, and nothing else
    panel = build_panel(table, dyads=["USA-CHN"])
    rows = placed_events(panel, "USA-CHN", table)
    assert (count_placed(panel, rows) == panel["counts"].sel(dyad="USA-CHN").to_numpy()).all()


def test_announced_rows_count_on_days_that_are_stated_to_be_complete(china):
    table = add_events(china, [CHINA_ROW], covered_to="USA-CHN:2026-09-30")
    assert announced(table).sum() == 0
    unstated = add_events(china, [CHINA_ROW])
    assert counted_since(table, "USA-CHN", "2026-07") > counted_since(
        unstated, "USA-CHN", "2026-07"
    )
    part = add_events(china, [CHINA_ROW], covered_to="USA-CHN:2026-08-31")
    assert set(part.events.loc[announced(part), "date"].dt.month) == {9}


def test_a_panel_says_how_many_rows_count_only_because_their_days_were_stated(china, tmp_path):
    table = add_events(china, [CHINA_ROW], covered_to="USA-CHN:2026-08-31")
    panel = build_panel(table, dyads=["USA-CHN"])
    newly = announced(china).sum() - announced(table).sum()
    (extension,) = additions_of(panel.attrs)[0].extensions
    assert extension.own_rows == newly > 0
    (sentence,) = [
        text for text in notes_of_panel(panel).caveats if text.startswith(f"{newly} rows of")
    ]
    assert "only because --covered-to states that the days to 2026-08-31 are complete" in sentence
    assert f" from {date(2026, 6, 14)} on " in sentence
    # A second file does not hide the rows before it.
    file = tmp_path / "later.csv"
    pd.DataFrame([CHINA_ROW | {"date": "2026-07-15"}]).to_csv(file, index=False)
    second = add_events(add_events(china, [CHINA_ROW]), file)
    second = state_coverage(second, parse_statements(["USA-CHN:2026-08-31"]))
    again = additions_of(build_panel(second, dyads=["USA-CHN"]).attrs)
    assert sum(each.own_rows for one in again for each in one.extensions) == newly
    unstated = build_panel(add_events(china, [CHINA_ROW]), dyads=["USA-CHN"])
    assert not any("--covered-to states" in text for text in notes_of_panel(unstated).caveats)


def test_an_added_row_takes_the_place_of_the_announced_one(china):
    there = china.events[announced(china)].iloc[0]
    row = {name: there[name] for name in ("source", "target", "cameo")} | {
        "date": f"{there['date']:%Y-%m-%d}"
    }
    table = add_events(china, [row | {"summary": "In other words"}])
    assert len(table.additions[0].events) == 1
    same = table.events[
        (table.events["date"] == there["date"]) & (table.events["cameo"] == there["cameo"])
    ]
    assert same["summary"].tolist() == ["In other words"]
    assert not announced(table)[same.index].any()


def test_one_added_row_does_not_close_eleven_weeks(russia):
    for covered_to in (None, "USA-RUS:2026-06-21"):
        table = add_events(russia, [JUNE_ROW], covered_to=covered_to)
        gaps = coverage_gaps(table.additions)
        assert gaps == {("chronology", "USA-RUS"): [(date(2026, 3, 29), date(2026, 6, 17))]}
        assert months_missing(table, "USA-RUS") == ["2026-04", "2026-05", "2026-06"]
        assert counted_since(table, "USA-RUS", "2026-04") == 0
        (warning,) = (one for one in describe_additions(table) if "has a gap" in one)
        assert "the 81 days from 2026-03-29 to 2026-06-17" in warning
        assert "give --covered-to USA-RUS:2026-03-29:" in warning


def test_the_month_of_the_last_complete_day_counts_as_it_did(russia, monkeypatch):
    """A row in June takes nothing from March, whose last seven days are in the gap."""
    early = read_coverage()
    early.loc[early["dyad"] == "USA-RUS", "last_even"] = pd.Timestamp("2026-03-24")
    for name in ("forecast.data.events.even_coverage", "forecast.data.panel.record"):
        monkeypatch.setattr(f"{name}.read_coverage", lambda given=None: early)
    before = build_panel(russia, dyads=["USA-RUS"], as_of="2026-06-21").sel(
        time=slice(None, "2026-03")
    )
    after = build_panel(add_events(russia, [JUNE_ROW]), dyads=["USA-RUS"], as_of="2026-06-21")
    march = after.sel(time=slice(None, "2026-03"))
    assert march["counts"].equals(before["counts"]) and march["covered"].equals(before["covered"])
    left = unrecorded_part(after, "USA-RUS")
    assert left[march.sizes["time"] - 1] == pytest.approx(7 / 31)
    assert (left[: march.sizes["time"] - 1] == 0).all() and (left[march.sizes["time"] :] == 1).all()


def test_a_gap_closes_where_somebody_states_that_it_is_complete(russia):
    table = add_events(russia, [JUNE_ROW], covered_to="USA-RUS:2026-03-29:2026-06-21")
    assert coverage_gaps(table.additions) == {}
    assert months_missing(table, "USA-RUS") == []
    assert coverage_end(table, "USA-RUS") == date(2026, 6, 21)
    (extension,) = table.additions[0].extensions
    assert (extension.before, extension.to, extension.stated) == ("2026-03-28", "2026-06-21", True)


def test_part_of_a_gap_may_be_stated(russia):
    stated = ["USA-RUS:2026-03-29:2026-04-30", "USA-RUS:2026-06-01:2026-06-30"]
    table = add_events(russia, [JUNE_ROW], covered_to=stated)
    assert coverage_gaps(table.additions)["chronology", "USA-RUS"] == [
        (date(2026, 5, 1), date(2026, 5, 31))
    ]
    assert months_missing(table, "USA-RUS") == ["2026-05"]
    assert counted_since(table, "USA-RUS", "2026-06") == 1


def test_a_gap_of_a_month_closes_by_itself(russia):
    within, beyond = (
        add_events(russia, [JUNE_ROW | {"date": day}]) for day in ("2026-04-29", "2026-04-30")
    )
    assert coverage_gaps(within.additions) == {}
    assert len(coverage_gaps(beyond.additions)) == 1


def test_each_dataset_is_warned_of_its_own_gap():
    gap_starts = {"chronology": "2026-04-01", "another": "2026-02-11"}
    additions = [
        Addition(
            file=f"{dataset}.csv",
            sha256="",
            dataset=dataset,
            rows=1,
            repeated=0,
            rejected=0,
            events=(),
            extensions=(
                Extension("USA-RUS", before="2026-02-10", to="2026-06-20", start="2026-06-01")
                if dataset == "another"
                else Extension("USA-RUS", before="2026-03-31", to="2026-06-21", start="2026-06-02"),
            ),
        )
        for dataset in gap_starts
    ]
    warnings = gap_warnings(additions)
    assert len(warnings) == 2
    for warning, begin in zip(warnings, gap_starts.values(), strict=True):
        assert f"days from {begin} to" in warning
        assert f"--covered-to USA-RUS:{begin}:" in warning


def test_a_file_of_later_weeks_does_not_close_the_gap_before_it(russia, tmp_path):
    """A statement is about the last file: one about week 12 does not reach back to week 1."""
    for name, day in (("1.csv", "2026-04-01"), ("2.csv", "2026-06-18")):
        (tmp_path / name).write_text(
            f"date,source,target,kind,summary\n{day},RUS,USA,talks,Talks on {day}\n"
        )
    source = Source(additions=(str(tmp_path),), covered_to=("USA-RUS:2026-06-21",))
    table = open_source(source, ["USA-RUS"]).events
    assert table is not None
    gaps = coverage_gaps(table.additions)["chronology", "USA-RUS"]
    assert gaps == [(date(2026, 4, 2), date(2026, 6, 17))]


def test_a_statement_holds_for_all_files_since_the_gap(china, tmp_path):
    for name, day in (("1.csv", "2026-06-15"), ("2.csv", "2026-06-20")):
        (tmp_path / name).write_text(
            f"date,source,target,kind,summary\n{day},CHN,USA,aid,Help on {day}\n"
        )
    source = Source(additions=(str(tmp_path),), covered_to=("USA-CHN:2026-06-30",))
    records = open_source(source, ["USA-CHN"])
    assert records.events is not None
    assert unstated_days(records.events.additions, "chronology", "USA-CHN") == []
    assert records.last_stated_day("USA-CHN", "chronology") == date(2026, 6, 30)
    unstated = open_source(Source(additions=(str(tmp_path),)), ["USA-CHN"])
    assert unstated.last_day("USA-CHN") == date(2026, 6, 20)
    assert unstated.last_stated_day("USA-CHN", "chronology") == date(2026, 6, 13)


def test_a_quiet_pair_may_be_stated_to_be_complete():
    table = add_events(read_chronology(dyads=["USA-CHN", "USA-RUS"]), [CHINA_ROW])
    with pytest.raises(
        SpecError, match=r"If it is complete from there on, say so: USA-RUS:2026-03-29:2026-06-21"
    ):
        add_events(
            read_chronology(dyads=["USA-CHN", "USA-RUS"]),
            [CHINA_ROW],
            covered_to="USA-RUS:2026-06-21",
        )
    stated = "USA-RUS:2026-03-29:2026-06-21"
    quiet = add_events(
        read_chronology(dyads=["USA-CHN", "USA-RUS"]), [CHINA_ROW], covered_to=stated
    )
    assert coverage_end(table, "USA-RUS") == date(2026, 3, 28)
    assert coverage_end(quiet, "USA-RUS") == date(2026, 6, 21)


def test_the_panel_keeps_gap_and_statement(russia):
    table = add_events(russia, [JUNE_ROW], covered_to="USA-RUS:2026-06-30")
    panel = build_panel(table, dyads=["USA-RUS"])
    assert coverage_gaps(additions_of(panel.attrs)) == coverage_gaps(table.additions)
    account = table.additions[0].account["coverage"]["USA-RUS"]
    assert account == {
        "before": "2026-03-28",
        "to": "2026-06-30",
        "start": "2026-06-18",
        "stated": True,
    }


def test_a_coverage_that_is_given_stays_as_it_is(russia):
    table = add_events(russia, [JUNE_ROW])
    coverage = pd.DataFrame(
        {"dyad": ["USA-RUS"], "start": ["1945-09-02"], "last_even": ["2026-05-31"]}
    )
    panel = build_panel(table, dyads=["USA-RUS"], coverage=coverage)
    assert observed_periods(panel, "USA-RUS").all()
    assert int(panel["counts"].sel(time=slice("2026-04", None)).sum()) > 0
    rows = placed_events(panel, "USA-RUS", table)
    assert (count_placed(panel, rows) == panel["counts"].sel(dyad="USA-RUS").to_numpy()).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-06-21", r"'2026-06-21' names no pair .* write PAIR:DAY, such as USA-CHN:2026-06-21"),
        ("USA-CHN", "names no pair with its day"),
        ("USA-CHN:2026-06-14:2026-06-21:2026-06-28", "names no pair with its day"),
        ("USA-CHN:soon", "covered-to: 'soon' is not a date"),
        ("USA-CHN:2026-06-21:2026-06-14", "begins after it ends"),
        ("USA-VNM:2026-06-21", "There is no dyad 'USA-VNM'"),
        ("USA-CHN:2026-06-01", "is before 2026-06-13"),
        ("USA-CHN:2999-06-01", "in the future"),
    ],
)
def test_a_statement_that_cannot_be_is_refused_with_the_form(china, text, words):
    with pytest.raises((SpecError, LookupError), match=words):
        add_events(china, [CHINA_ROW], covered_to=text)


def test_a_statement_is_read_forgivingly_and_written_in_one_form():
    assert str(CoverageStatement.parse(" usa_chn:2026-06 ")) == "USA-CHN:2026-06-30"
    assert (
        str(CoverageStatement.parse("USA-CHN:2026-05:2026-06-21"))
        == "USA-CHN:2026-05-01:2026-06-21"
    )


def test_the_commands_show_what_is_announced(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = CliRunner().invoke(app, ["events", "show", "USA-RUS", "--from", "2026-03-20"]).output
    assert REMARK in shown and "announced or later, not counted: " in shown
    rows = json.loads(
        CliRunner()
        .invoke(app, ["events", "show", "USA-RUS", "--from", "2026-03-20", "--json"])
        .stdout
    )
    assert {row["remark"] for row in rows if row["date"] > "2026-03-28"} == {REMARK}
    assert {row["remark"] for row in rows if row["date"] <= "2026-03-28"} == {""}
    listed = CliRunner().invoke(app, ["dyads"]).output
    assert re.search(r"to be complete: .*USA-RUS \d", " ".join(listed.split()))


def test_a_bare_day_is_an_error_that_shows_the_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "week.csv"
    file.write_text("date,source,target,kind,summary\n2026-06-18,RUS,USA,talks,Talks\n")
    words = ["report", "USA-RUS", "--add", str(file), "--covered-to", "2026-06-21"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "USA-CHN:2026-06-21" in result.output
    assert Path("report").exists() is False
