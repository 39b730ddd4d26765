"""What docs/feeds.md and the pages of the feeds tell people to type works, and every setting is explained."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.cli.data import DataOptions
from forecast.data.feeds import FEEDS, FeedSettings
from forecast.data.sources import open_source
from tests.feeds.made import (
    HISTORICAL_HEADER,
    ICEWS_HEADER,
    POLECAT_HEADER,
    gdelt_row,
    historical_row,
    icews_row,
    in_archive,
    polecat_row,
    written,
    zipped,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [DOCS / "feeds.md", *sorted((DOCS / "feeds").glob("*.md"))]
COMMANDS = [
    command
    for page in PAGES
    for command in re.findall(r"^    forecast (.*?)(?: +#.*)?$", page.read_text("utf-8"), re.M)
]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with the files that the pages name."""
    monkeypatch.chdir(tmp_path)
    for folder in ("gdelt", "icews", "polecat"):
        (tmp_path / folder).mkdir()
    rows = [gdelt_row(1, NumMentions="7"), gdelt_row(2, code="112")]
    zipped(tmp_path / "20180602.export.CSV.zip", {"20180602.export.CSV": in_archive(rows)})
    written(tmp_path / "gdelt" / "20180602.export.CSV", rows)
    for place in (tmp_path, tmp_path / "polecat"):
        written(place / "ngecEvents.DV.2018.txt", [polecat_row()], POLECAT_HEADER)
    written(
        tmp_path / "PhoenixNYT_1945-2005.csv", [historical_row(target="SUN")], HISTORICAL_HEADER
    )
    for place in (tmp_path, tmp_path / "icews"):
        written(place / "20181004-icews-events.tab", [icews_row(day="2018-10-04")], ICEWS_HEADER)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_works(command, files):
    words = shlex.split(command)
    if words[0] == "events":
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        return
    options = list(zip(words[2::2], words[3::2], strict=True))
    events = [Path(value) for name, value in options if name == "--events"]
    settings = [value for name, value in options if name == "--feed-setting"]
    assert open_source(DataOptions(events=events, feed_setting=settings).source).dyads == [words[1]]


def test_every_setting_and_feed_is_explained():
    text = PAGES[0].read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \| ", text, re.M) == list(FEEDS)
    assert re.findall(r"^ *(\w+) : ", FeedSettings.__doc__ or "", re.M) == list(
        FeedSettings.model_fields
    )
    assert {page.stem for page in PAGES[1:]} == set(FEEDS)
