"""The commands that make the committed pages.

One number on all, the live ledger, and the page of the old one.
"""

import json
import shutil
import sys
from datetime import date
from pathlib import Path

import pytest
from commands import faults

from tests.made import leave_out_sampling
from tests.pages import leave_figures_empty
from tests.records import run

ROOT = Path(__file__).parents[1]
DAY = "2026-11-30"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    leave_out_sampling(monkeypatch)
    leave_figures_empty(monkeypatch)
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "scripts")])


@pytest.fixture
def pages(tmp_path):
    """The old ledger and the assumed events, as they are committed."""
    out = tmp_path / "reports"
    shutil.copytree(ROOT / "reports/ledger", out / "ledger")
    (out / "scenario-2023").mkdir()
    for path in (ROOT / "reports/scenario-2023").glob("*.csv"):
        shutil.copy(path, out / "scenario-2023")
    return tmp_path


def in_process(*words: str) -> None:
    """Run a command on two pairs, with few draws."""
    every = ("--with", "USA-RUS") if "--all" in words else ()
    pair = ("USA-CHN",) if "--all" in words else ()
    done = run(words[0], *pair, *words[1:], *every)
    assert done.exit_code in (0, 3), (words, done.output, done.exception)


@pytest.mark.slow
def test_one_command_makes_every_page_and_a_question_has_one_number(pages, capsys, monkeypatch):
    import make_pages
    import one_number

    monkeypatch.setattr("live_ledger.today", lambda: date(2026, 12, 1))
    given = ["--out", str(pages / "reports"), "--build", str(pages / "build"), "--day", DAY]
    code = make_pages.main(given, in_process)
    said = capsys.readouterr().out
    assert "0 differences" in said, said
    old = (pages / "reports/ledger-2026-05-31/index.html").read_text()
    assert (
        "written on 29 November 2026" in old
        and "to be confirmed by a person: 62% against a base rate of 18%" in old
    )
    record = json.loads((pages / "reports/ledger/track_record.json").read_text())
    assert {one["dyad"] for one in record["waiting"]} == {"USA-CHN", "USA-RUS"}
    assert all(one["due"] >= "2027-01-01" and one["as_of"] == DAY for one in record["waiting"])
    assert all(one["written"] and one["caveats"] is not None for one in record["waiting"])
    doubted = [one for one in record["waiting"] if one["doubts"]]
    assert code == (1 if doubted else 0)
    stated = one_number.numbers_in(pages / "reports")
    october = [
        one
        for one in stated
        if "as of 2023-10-31" in one.key and "2023-11-01 to 2024-10-31" in one.key
    ]
    assert {one.page.parent.name for one in october} == {
        "usa-chn-2023-10-31",
        "explained-2023",
        "scenario-2023",
    }


def test_a_number_that_differs_is_named(tmp_path):
    import one_number

    for name in ("usa-chn-2023-10-31", "scenario-2023"):
        shutil.copytree(ROOT / "reports/usa-chn-2023-10-31", tmp_path / name)
    assert one_number.differences(one_number.numbers_in(tmp_path)) == []
    path = tmp_path / "scenario-2023/forecast.json"
    facts = json.loads(path.read_text())
    facts["recorded"][2]["up"]["value"] += 0.01
    path.write_text(json.dumps(facts))
    (found,) = one_number.differences(one_number.numbers_in(tmp_path))
    assert "higher by 5 than from 2022-11-01" in found and "as of 2023-10-31" in found


def test_sets_of_events_are_compared_and_other_data_are_not(tmp_path):
    import one_number

    names = ("first", "second")
    for name in names:
        shutil.copytree(ROOT / "reports/usa-chn-2023-10-31", tmp_path / name)
    path = tmp_path / "second/forecast.json"
    facts = json.loads(path.read_text())
    changed = facts["sets"][0]
    changed["chances"][1] += 0.01
    path.write_text(json.dumps(facts))
    (found,) = one_number.differences(one_number.numbers_in(tmp_path))
    assert f"at least 1 “{changed['set']}”, 2023-11-01 to 2024-01-29" in found
    other = tmp_path / "of_other_data"
    shutil.copytree(tmp_path / "second", other)
    shutil.rmtree(tmp_path / "second")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["edition"]["digest"] = "0" * 64
    (other / "manifest.json").write_text(json.dumps(manifest))
    assert one_number.differences(one_number.numbers_in(tmp_path)) == []


def test_a_page_whose_title_is_of_another_number_is_an_error(tmp_path):
    import one_number

    shutil.copytree(ROOT / "reports/usa-chn-2023-10-31", tmp_path / "report")
    path = tmp_path / "report/forecast.json"
    text = path.read_text()
    title = json.loads(text)["title"]
    path.write_text(text.replace(title, title.replace("US-China, ", "US-China, another ")))
    with pytest.raises(SystemExit, match="make the page again"):
        one_number.numbers_in(tmp_path)


def test_the_commands_of_the_guide_are_there():
    assert faults(ROOT / "reports/README.md") == []
