"""Eight Mondays with a missed week, a correction, a gap, a rejected row and a withdrawn question,
and what is shown.
"""

import json
import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.made import leave_out_sampling
from tests.pages import dangling, leave_figures_empty
from tests.records import DATA, PAIRS, run, run_monday, write_record
from tests.test_monday import FIRST, WEEK, news

ROOT = Path(__file__).parents[1]
MISSED, REJECTED, CORRECTED, WITHDRAWN = 2, 3, 4, 5
"""Weeks, from zero, in which something goes wrong."""


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    leave_out_sampling(monkeypatch, 200)
    leave_figures_empty(monkeypatch)
    # The made-up record is of four years, and benchmarks are pooled from five on.
    monkeypatch.setattr("forecast.outlook.benchmarks.MIN_PAST_MONTHS", 36)
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "scripts")])
    monkeypatch.chdir(tmp_path)
    write_record()


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Return what sets the clock of ledgers to the noon of a day; it stands at the end of 2023."""

    def at(day: date) -> None:
        moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        monkeypatch.setattr(
            "forecast.desk.questions.appending.dates", SimpleNamespace(now=lambda: moment)
        )
        for name in ("ledger", "track_record"):
            monkeypatch.setattr(f"forecast.desk.questions.{name}.today", lambda: day)

    at(date(2023, 12, 31))
    return at


def asked(name: str, *words: str) -> None:
    own = ("USA-CHN", "--as-of", "2023-12-31", "--id", name)
    done = run("question", "new", *DATA, *own, *words)
    assert done.exit_code == 0, done.output
    assert f"forecast question update {name}" in done.output  # how it gets a probability


def entries(kind: str) -> list[dict[str, object]]:
    lines = map(json.loads, Path("questions/ledger.jsonl").read_text().splitlines())
    return [one for one in lines if one["entry"] == kind]


def title_and_numbers(day: date) -> dict[str, dict[str, object]]:
    pairs = json.loads(Path("reports/pairs.json").read_text())
    assert pairs["days"] is None or pairs["days"][1] == str(day)
    return {one["dyad"]: one for one in pairs["pairs"]}


def stated(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "forecast.json").read_text()))


def chance_in(report: dict[str, object], way: str) -> float:
    return float(report["recorded"][-1][way]["value"])  # type: ignore[index]


@pytest.mark.slow
def test_eight_mondays(tmp_path, clock):
    import one_number

    asked("half", "--above", "50", "--months", "6")
    asked("talks", "--at-least", "talks", "--until", "2024-03-15")
    asked("slip", "--above", "5", "--months", "6")
    said = {}
    for week in range(9):
        day = FIRST + week * WEEK
        if week == MISSED:
            continue
        clock(day)
        news(day)
        if week == REJECTED:
            with Path(f"added/{day}.csv").open("a") as file:
                file.write(f"{day - timedelta(days=2)},USA,CHN,summit,a summit\n")
        if week == CORRECTED:  # the row that was rejected is put right in its file
            path = Path(f"added/{day - WEEK}.csv")
            path.write_text(path.read_text().replace(",summit,", ",visit,"))
        if week == WITHDRAWN:
            done = run("question", "withdraw", "slip", "--why", "5% was meant to be 50%")
            assert done.exit_code == 0 and "withdrawn on" in done.output, done.output
        done = run_monday(day)
        said[week] = done.output
        assert done.exit_code == (1 if week == REJECTED else 0), (week, done.output, done.exception)
        now, before = title_and_numbers(day), day - (2 if week == MISSED + 1 else 1) * WEEK
        for dyad in PAIRS:
            report, change = (
                Path(f"reports/{day}/{dyad}"),
                Path(f"changes/{day}/{dyad}/change.json"),
            )
            if week == 0:
                assert now[dyad]["before"] is None and not change.exists()
                continue
            earlier, later = stated(Path(f"reports/{before}/{dyad}")), stated(report)
            parts = json.loads(change.read_text())
            same = earlier["recorded"][-1]["until"] == later["recorded"][-1]["until"]  # type: ignore[index]
            # A number is compared only with one of the same window, and the page explains that very
            # change.
            assert (now[dyad]["before"] is not None) == same
            assert isinstance(parts["asked"], str) != same
            first = chance_in(earlier, "up")
            name = "up" if same else "yes"
            assert parts["before"][name]["value"] == pytest.approx(first, abs=1e-9)
            if same:
                assert now[dyad]["before"] == pytest.approx(first, abs=1e-9)
                assert parts["now"]["up"]["value"] == pytest.approx(
                    chance_in(later, "up"), abs=1e-9
                )
            total = parts["total"]
            split = total["from_model"]["value"] + total["from_benchmarks"]["value"]
            assert split == pytest.approx(total[name]["value"], abs=1e-9)
    assert "Rejected row: 2024-01-29.csv, line 6: " in said[REJECTED] and "summit" in said[REJECTED]
    assert not any("Rejected row" in text for week, text in said.items() if week != REJECTED)
    (withdrawal,) = entries("withdrawn")
    assert withdrawal["why"] == "5% was meant to be 50%"
    last = FIRST + (WITHDRAWN - 1) * WEEK
    assert max(one["as_of"] for one in entries("answered") if one["question"] == "slip") < str(last)
    page = Path("questions/record/index.html").read_text()
    assert "5% was meant to be 50%" in page and "Withdrawn questions" in page
    record = json.loads(Path("questions/record/track_record.json").read_text())
    assert {one["question"] for one in record["withdrawn"]} == {"slip"}
    assert "slip" not in {one["question"] for one in [*record["waiting"], *record["cases"]]}
    weekly = Path("reports/index.html").read_text()
    assert "Open questions" in weekly and "half" in weekly
    assert dangling(tmp_path) == []
    assert one_number.main("reports", "changes", "questions") == 0
    listed = run("question", "list")
    assert re.search(r"slip .*withdrawn", listed.output)


def test_a_gap_and_what_could_not_be_done_are_said_aloud(clock):
    asked("half", "--above", "50", "--months", "6")
    asked("january", "--above", "50", "--months", "1")
    clock(FIRST)
    news(FIRST)
    assert run_monday(FIRST).exit_code == 0
    day = FIRST + 10 * WEEK
    clock(day)
    news(day)
    done = run_monday(day)
    assert "Gap: The record of USA-CHN has a gap" in done.output
    assert f"give --covered-to USA-CHN:{FIRST}:" in done.output
    assert "Not done: " in done.output


def test_an_event_that_has_happened_stops_the_scoring(clock):
    asked("talks", "--at-least", "talks", "--until", "2024-01-31")
    clock(FIRST)
    Path(f"added/{FIRST}.csv").write_text(
        "date,source,target,kind,summary\n2024-01-03,USA,RUS,criticism,words\n2024-01-05,USA,CHN,praise,words\n"
    )
    assert run_monday(FIRST).exit_code == 0
    second = FIRST + WEEK
    clock(second)
    Path(f"added/{second}.csv").write_text(
        "date,source,target,kind,summary\n2024-01-10,USA,CHN,talks,they talk\n"
    )
    covered = ("--covered-to", f"USA-CHN:{second - timedelta(days=1)}")
    assert run_monday(second, *covered).exit_code == 0
    before, happened = [one for one in entries("answered") if one["question"] == "talks"]
    assert before["chance"] < 1.0
    assert happened["chance"] == 1.0 and happened["note"].startswith("It has come true")
    shown = run("question", "show", "talks", "--rows", *DATA, "--add", "added", *covered)
    assert (
        "they talk" in shown.output
        and "1 row from 2024-01-01 to 2024-01-31: 1 event" in shown.output
    )
    rows = json.loads(
        run(
            "question", "show", "talks", "--rows", *DATA, "--add", "added", *covered, "--json"
        ).stdout
    )
    assert [one["date"] for one in rows] == ["2024-01-10"]
    third = FIRST + 4 * WEEK
    clock(third)
    Path(f"added/{third}.csv").write_text(
        "date,source,target,kind,summary\n2024-02-01,USA,CHN,praise,words\n"
    )
    covered = ("--covered-to", f"USA-CHN:{third - timedelta(days=1)}")
    assert run_monday(third, *covered).exit_code in (0, 1)
    (resolved,) = entries("resolved")
    assert (resolved["outcome"], resolved["decided"]) == ("yes", "2024-01-10")
