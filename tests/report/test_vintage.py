"""What pages say of their day: only what was known by then, or events that later data date to it."""

from dataclasses import replace

import pandas as pd
import pytest

from forecast.data.archive import import_files, read_archive
from forecast.data.events import add_events, combine, read_chronology, read_table
from forecast.data.feeds import FeedSettings, read_feed
from forecast.data.feeds.phoenix import REAL_TIME
from forecast.data.panel import build_index_panel, build_panel
from forecast.data.panel.record import vintaged
from forecast.outlook.scenarios import scenario
from forecast.report.material import gather
from forecast.report.provenance import vintage
from forecast.report.scenario_page import scenario_page
from forecast.report.skill.page import skill_page
from forecast.report.tables import summary
from tests.evaluation.made import results_of
from tests.feeds.made import gdelt_row, phoenix_row, written

from .conftest import LABELS, MadeGate, Reader, assessed, render_page, report_json, reported_fit

DATED = (
    "count as the chronology data, compiled in 2026, date them, whenever each became known; of secret ones only those "
    "that were public by then."
)
KNOWN = "Of the gdelt data only what was known by 30 June 2018 counts."
ALL = FeedSettings(sectors="all")


@pytest.fixture
def gdelt(tmp_path):
    return read_feed(
        written(tmp_path / "20180602.export.CSV", [gdelt_row(1), gdelt_row(2)]), settings=ALL
    )


def mine(tmp_path, **columns):
    path = tmp_path / "mine.csv"
    path.write_text(
        "day,from,to,code,added\n2018-05-15,USA,CHN,010,2018-05-15\n2018-06-15,CHN,USA,111,2018-06-20\n"
    )
    named = {"date": "day", "source": "from", "target": "to", "cameo": "code"} | columns
    return read_table(path, {"dataset": "mine", "columns": named})


def test_a_table_has_vintages_if_it_says_when_its_events_became_known(tmp_path):
    assert mine(tmp_path).vintaged == ()
    assert mine(tmp_path, known_at="added").vintaged == ("mine",)


def test_of_feeds_those_have_vintages_that_state_a_day_of_publication(gdelt, tmp_path):
    rows = ["\t".join(REAL_TIME.columns), phoenix_row()]
    phoenix = read_feed(written(tmp_path / "Phoenix.events.20180601.txt", rows), settings=ALL)
    assert (gdelt.vintaged, phoenix.vintaged) == (("gdelt",), ())


def test_an_archive_has_vintages_unless_its_latest_editions_are_read(tmp_path):
    import_files([written(tmp_path / "20180602.export.CSV", [gdelt_row(1)])], tmp_path / "archive")
    latest = FeedSettings(sectors="all", editions="latest")
    assert read_archive(tmp_path / "archive", settings=ALL).vintaged == ("gdelt",)
    assert read_archive(tmp_path / "archive", settings=latest).vintaged == ()


def test_a_panel_keeps_which_of_its_datasets_have_vintages(gdelt):
    chronology = read_chronology(dyads=["USA-CHN"])
    both = build_panel(combine([chronology, gdelt]), as_of="2018-06-30")
    assert vintaged(both) == ("gdelt",)
    assert vintage(both) == f"Events up to 30 June 2018 {DATED} {KNOWN}"
    assert vintage(build_panel(gdelt, as_of="2018-06-30")) == KNOWN


def test_events_that_are_added_with_their_day_make_no_vintages_of_the_chronology():
    row = {
        "date": "2026-06-20",
        "known_at": "2026-06-25",
        "source": "USA",
        "target": "CHN",
        "cameo": "111",
    }
    added = add_events(read_chronology(dyads=["USA-CHN"]), [row])
    assert added.additions and added.vintaged == ()


def test_a_dataset_of_unknown_year_and_an_index_are_not_said_to_be_known(tmp_path):
    assert vintage(build_panel(mine(tmp_path), as_of="2018-06-30")) == (
        "Events up to 30 June 2018 count as the mine data date them, whenever each became known."
    )
    months = {"dyad": "USA-CHN", "time": ["2020-01-01", "2020-02-01"], "value": [1.0, 2.0]}

    index = build_index_panel(pd.DataFrame(months).astype({"time": "datetime64[s]"}))
    assert (
        vintage(index)
        == "The index counts up to 29 February 2020 as it was read, later revisions included."
    )


def test_every_page_of_a_past_day_says_how_its_events_are_dated(fit, html, material, undrawn):
    alone = reported_fit(dyads=("USA-CHN",), draws=40)
    pages = {
        "report": html,
        "scenario": scenario_page(
            alone, scenario(alone, "USA-CHN", {"nothing": []}, (3,), labels=LABELS), MadeGate()
        ).html(),
        "backtest": skill_page(results_of()).html(),
    }
    assert {name for name, page in pages.items() if DATED not in Reader(page).text} == set()
    assert DATED in summary(material).replace("\\", "")
    assert all("only what was known" not in Reader(page).text for page in pages.values())


def test_a_backtest_of_a_feed_says_that_only_what_was_known_counts(undrawn):
    results = results_of()
    choices = results.skill.choices | {"dataset": "gdelt", "vintaged": ["gdelt"]}
    page = Reader(
        skill_page(replace(results, skill=replace(results.skill, choices=choices))).html()
    ).text
    assert (
        "Of the gdelt data only what was known by the day before each forecast date counts." in page
    )


def test_the_caveat_of_a_dyad_is_on_page_summary_and_in_the_json(fit, assessment):
    made = reported_fit(dyads=("RUS-UKR",), draws=40, eras={"RUS-UKR": (("war", 0),)})
    result = assessed(made, "RUS-UKR")
    content = report_json(made, result)
    (caveat,) = content["caveats"]
    assert "violence of the war is a sample" in caveat and DATED in content["vintage"]
    assert caveat in Reader(render_page(made, result)).text
    assert caveat in summary(gather(made, result, None, (), None))
    assert report_json(fit, assessment)["caveats"] == []
