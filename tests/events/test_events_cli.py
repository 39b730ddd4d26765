"""`forecast events`: what a person sees, and what a program gets."""

import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.data.events.chronology import chronology_files

MAPPING = "dataset: mine\ncolumns: {date: day, source: from, target: to, cameo: code}\n"


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def events(*arguments):
        return CliRunner().invoke(app, ["events", *map(str, arguments)])

    return events


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.yaml").write_text(MAPPING)
    path = tmp_path / "mine.csv"
    path.write_text(
        "day,from,to,code\n2024-05-15,USA,CHN,010\n2024-05-15,USA,[CHN],010\n2024-06-15,CHN,USA,111\n"
    )
    return path, tmp_path / "mine.yaml"


def test_check_summarises_the_chronology(run):
    result = run("check")
    assert result.exit_code == 0
    assert re.search(r"1\d,\d{3} events in 20,\d{3} rows, 1945-09-11 to 2026-", result.output)
    assert "Rows that break a coding rule: 0; named exceptions: 0." in result.output
    assert result.output.count("\n\n") == 2  # after either table


def test_check_tells_programs_the_same(run):
    summary = json.loads(run("check", "--json").stdout)
    assert (summary["rejected"], summary["breaches"]) == (0, [])
    assert summary["rows"] == sum(row["rows"] for row in summary["dyads"]) > 20_000
    assert summary["events"] == sum(row["events"] for row in summary["dyads"]) > 15_000
    assert [row["dyad"] for row in summary["dyads"]][:2] == ["USA-CHN", "USA-RUS"]
    assert summary["dyads"][0]["last_even"] >= "2026-06-13" and "announced" in summary["dyads"][0]
    assert len(summary["files"][0]["sha256"]) == 64


def test_check_of_a_table_writes_what_it_rejects(run, mine, tmp_path):
    path, mapping = mine
    result = run("check", path, "--mapping", mapping, "--rejects", tmp_path / "rejects.csv")
    assert result.exit_code == 0
    assert "target '[CHN]': not an ISO 3166 alpha-3 code" in result.output
    assert "Rejected rows: 1." in result.output
    assert "coding rule" not in result.output
    assert pd.read_csv(tmp_path / "rejects.csv")["line"].tolist() == [3]


def test_check_of_an_edited_chronology_names_the_row(run, tmp_path):
    path = Path(shutil.copy(chronology_files()["USA-IRN"], tmp_path))
    line = 1 + len(path.read_text("utf-8").splitlines())
    assert run("check", path).exit_code == 0
    with path.open("a") as file:
        file.write(
            "2026-05-01,day,USA,IRN,President,042,A visit without its host,A paper,memory,\n"
        )
    result = run("check", path)
    assert result.exit_code == 2
    words = f"Rows that break a coding rule: 1, the first in USA-IRN.csv, line {line}: expected visitor 042"
    assert words in result.output


def test_check_of_a_denial_as_cooperation_fails(run, tmp_path):
    path = tmp_path / "USA-IRN.csv"
    head = "date,precision,source,target,actor,cameo,summary,reference,verified,known_at\n"
    row = "2026-05-01,day,IRN,USA,Foreign Ministry,{},Iran denies the charge,A paper,memory,\n"
    path.write_text(head + row.format("016"))
    result = run("check", path)
    assert result.exit_code == 2
    assert "line 2: expected a denied charge as `120`" in " ".join(result.output.split())
    path.write_text(head + row.format("120"))
    assert run("check", path).exit_code == 0


def test_show_prints_joint_acts_once_unless_directed(run):
    span = ("show", "chn-usa", "--from", "2023-11-15", "--to", "2023-11-15")
    once, both = run(*span).output, run(*span, "--directed").output
    assert ("Xi meets Biden" in once, "Biden hosts Xi" in once) == (True, False)
    assert "Not shown, as the other side of a two-sided event: 1" in once
    assert "Xi meets Biden" in both and "Biden hosts Xi" in both


def test_show_for_programs_and_its_default_span(run):
    events = json.loads(run("show", "USA-IRN", "--json", "--directed").stdout)
    assert (events[-1]["date"], events[-1]["dyad"]) == ("2026-04-25", "USA-IRN")
    assert "2025-04-25" < events[0]["date"] < "2025-06-30"
    months = json.loads(
        run("show", "USA-CHN", "--from", "2023-10", "--to", "2023-10", "--json").stdout
    )
    assert {event["date"][:7] for event in months} == {"2023-10"}


def test_show_says_what_was_not_looked_up(run):
    span = ("show", "USA-CHN", "--from", "2023-11-15", "--to", "2023-11-15")
    assert "3 events, 2023-11-15 to 2023-11-15; unchecked: 2" in run(*span).output
    references = [event["reference"] for event in json.loads(run(*span, "--json").stdout)]
    assert sum(reference.startswith("unchecked: ") for reference in references) == 2


def test_show_of_a_users_own_table(run, mine):
    path, mapping = mine
    result = run("show", "USA-CHN", "--events", path, "--mapping", mapping, "--from", "2024-05")
    assert "2 events, 2024-05-01 to 2024-06-15" in result.output


def test_show_says_when_there_is_nothing(run):
    assert (
        "0 events, 1950-04-01 to 1950-04-30"
        in run("show", "USA-CHN", "--from", "1950-04", "--to", "1950-04").output
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "USA-VNM"), "There is no dyad 'USA-VNM'"),
        (("show", "USA-CHN", "--from", "2024", "--to", "2023-01"), "--from: '2024' is not a date"),
        (
            ("show", "USA-CHN", "--from", "2024-01", "--to", "2023-01"),
            "--from 2024-01-01 comes after --to 2023-01-31",
        ),
        (("check", "nowhere.csv"), "nowhere.csv does not exist"),
        (("check", "--mapping", "m.yaml"), "--mapping: says how to read"),
    ],
)
def test_nonsense_is_refused_without_a_traceback(run, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_table_that_is_no_chronology_needs_a_mapping(run, mine):
    result = run("check", mine[0])
    assert result.exit_code == 2
    assert "give --mapping" in result.output


@pytest.mark.parametrize("name", ["usa-irn.csv", "Usa-Irn.csv", "USA-IRN.csv", "IRN-USA.csv"])
def test_check_reads_the_file_that_is_named_and_no_other(run, tmp_path, name):
    lines = chronology_files()["USA-IRN"].read_text().splitlines(keepends=True)
    for number, other in enumerate(
        ("USA-IRN.csv", "usa-irn.csv", "Usa-Irn.csv", "IRN-USA.csv"), start=2
    ):
        (tmp_path / other).write_text("".join(lines[: number * 10 + 1]))
    (tmp_path / name).write_text("".join(lines[:8]))
    summary = json.loads(run("check", tmp_path / name, "--json").stdout)
    assert [(file["name"], file["rows"]) for file in summary["files"]] == [(name, 7)]


def test_events_to_come_are_rejected_as_such(run, tmp_path, mine):
    path, mapping = mine
    with path.open("a") as file:
        for later in (timedelta(days=1), timedelta(days=40), timedelta(days=60_000)):
            file.write(f"{date.today() + later},USA,CHN,010\n")
    summary = json.loads(run("check", path, "--mapping", mapping, "--json").stdout)
    assert summary["reasons"]["date is later than today"] == 3
    assert summary["last"] == "2024-06-15"
