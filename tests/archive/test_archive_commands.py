"""What is typed: import, status, and datasets by name wherever data are named."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from forecast.base.errors import DataError, SpecError
from forecast.cli import app
from forecast.cli.data import DataOptions
from forecast.data.archive import archive_status, import_files, read_archive
from forecast.data.archive.importing import EVERYTHING
from forecast.data.sources import Source, open_source, read_sources
from tests.feeds.made import gdelt_row, written

LOTS = ("kept", "rejected", "filtered", "duplicates")


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def archive(feeds, tmp_path):
    import_files(list(feeds.values()), tmp_path / "archive")
    return tmp_path / "archive"


def test_import_and_status_from_the_command_line(feeds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("events", "import", "feeds", "--json")
    assert done.exit_code == 0, done.output
    assert {file["became"] for file in json.loads(done.stdout)["files"]} == {"imported"}
    again = run("events", "import", "feeds")
    assert "9 files in the archive already" in " ".join(again.output.split())
    failed = run("events", "import", "absent.tab", "feeds")
    assert failed.exit_code == 2
    assert "1 file could not be imported. The first: absent.tab" in " ".join(failed.output.split())
    assert [line.split() for line in failed.stdout.splitlines()][1] == [
        "absent.tab",
        "failed",
    ]  # not one of 0 rows
    assert run("events", "status", "--archive", "feeds").exit_code == 2


def test_status_prints_sentences_and_then_the_events_of_some_dyads(archive):
    def lines(*words):
        done = run("events", "status", "--archive", archive, *words)
        assert done.exit_code == 0, done.output
        return [line.rstrip() for line in done.stdout.splitlines()]

    printed = lines()
    head = printed.index("dyad     gdelt  icews  polecat")
    assert " ".join(printed[:head]).startswith("GDELT: 2 files, ")
    assert printed[head + 1].split() == ["USA-CHN", "3", "4", "2"] and len(printed) == head + 16
    assert [line.split()[0] for line in lines("jpn-usa,CHN-JPN")[-2:]] == ["JPN-USA", "CHN-JPN"]
    states = ("DEU", "FRA", "GBR", "ITA", "ESP", "PRT", "POL")
    many = [f"{one}-{other}" for one in states for other in states if one < other]
    printed = lines(",".join(many))
    assert printed[-1] == "And 1 dyad more; --json has all." and len(printed) == head + 22
    assert run("events", "status", "--archive", archive, "USA-XXX").exit_code == 2
    assert json.loads(run("events", "status", "--archive", archive, "--json").stdout)["datasets"][
        0
    ]["dyads"] == {"USA-CHN": 3}


def test_status_accounts_for_every_row_of_every_month(archive):
    status = archive_status(archive)
    frame = status.frame()
    assert (frame["rows"] == frame[list(LOTS)].sum(axis=1)).all()
    totals = {
        one.dataset: (one.total("rows"), one.total("rejected"), one.files)
        for one in status.datasets
    }
    assert totals == {"gdelt": (6, 1, 2), "icews": (15, 1, 5), "polecat": (3, 0, 2)}
    (icews,) = (one for one in status.summary()["datasets"] if one["dataset"] == "icews")
    assert sum(icews["filtered_by"].values()) == icews["filtered"]
    assert sum(icews["dyads"].values()) == len(
        read_archive(archive, ["icews"], settings=EVERYTHING).events
    )
    assert [(one["issued"], one["by"]) for one in icews["editions"]] == [
        ("2019-05-01", "stamp"),
        ("2020-04-27", "stamp"),
    ]
    assert icews["published"] == 0
    # The 5th has no file of its own: its events are in that of the 6th.
    assert (icews["gaps"], icews["months"][-1]["covered"]) == ([], 4)
    # As of a day before the editions there are none.
    (before,) = archive_status(archive, ["icews"], as_of="2018-12-31").datasets
    assert before.editions == () and before.total("filtered") == 1


def test_a_hole_that_is_known_says_why(tmp_path):
    for day in ("20250613", "20250702"):
        written(tmp_path / f"{day}.export.CSV", [gdelt_row(int(day), day)])
    import_files(sorted(tmp_path.glob("*.CSV")), tmp_path / "archive")
    (gap,) = archive_status(tmp_path / "archive").datasets[0].gaps
    assert (gap.days, gap.note) == (
        18,
        "2025-06-14 to 2025-07-01: nothing was published, and it was never filled",
    )


def test_a_damaged_archive_is_named(archive):
    segment = next((archive / "rows").rglob("*.parquet"))
    segment.write_bytes(segment.read_bytes()[:-1])
    done = run("events", "status", "--archive", archive)
    assert done.exit_code == 2
    assert f"{segment.name} is damaged" in " ".join(done.output.split())


def test_datasets_are_named_with_their_archive(tmp_path):
    def named(data, archive=tmp_path, settings=None, events=None):
        return DataOptions(data, archive, events, feed_setting=settings).source

    assert named("chronology", None) == Source()
    gdelt = Source(kind="archive", path=str(tmp_path), datasets=("gdelt",))
    assert named("gdelt") == gdelt
    assert named("chronology, GDELT") == Source(kind="several", sources=(Source(), gdelt))
    assert named(None) == Source(kind="archive", path=str(tmp_path))
    assert not named("gdelt", settings=["one_a_day=no"]).settings.one_a_day
    assert gdelt.words == f"gdelt of an archive ({tmp_path.name})"
    for wrong, words in (
        ({"data": "gdelt", "archive": None}, "dataset of an archive; give --archive"),
        ({"data": "chronology"}, "none of its datasets is named"),
        ({"data": ","}, "no dataset is named"),
        ({"data": "gdelt", "events": [tmp_path]}, "give one of them"),
        (
            {"data": "chronology", "archive": None, "settings": ["one_a_day=no"]},
            "the chronology is no feed",
        ),
    ):
        with pytest.raises(SpecError, match=words):
            named(**wrong)


def test_a_source_is_read_as_it_was_on_a_day_and_of_the_dyads_wanted(archive):
    named = Source(kind="archive", path=str(archive), datasets=("icews",))
    now, then = (
        open_source(named, ["USA-CHN"]),
        open_source(named, ["USA-CHN"], date.fromisoformat("2018-12-31")),
    )
    assert (len(now.events.events), len(then.events.events)) == (4, 5)
    assert open_source(named).dyads == ["USA-CHN"]
    assert open_source(Source(kind="archive", path=str(archive))).datasets == {
        "gdelt",
        "icews",
        "polecat",
    }
    assert next(iter(now.digests)).startswith("archive/icews")
    both = Source(kind="several", sources=(Source(), named))
    data = read_sources(both, ["USA-CHN"], as_of=date.fromisoformat("2018-12-31"))
    assert data.panel["dataset"].to_numpy().tolist() == ["chronology", "icews"]
    assert int(data.panel["counts"].sel(dataset="icews").sum()) == 5
    with pytest.raises(DataError, match="nothing of the archive was there on 2017-12-31"):
        open_source(named, ["USA-CHN"], date.fromisoformat("2017-12-31"))


def test_data_without_a_day_can_be_gathered_again(feeds, tmp_path):
    import_files(feeds["events.2018.20200427084805.tab"], tmp_path / "a")
    named = Source(kind="archive", path=str(tmp_path / "a"), datasets=("icews",))
    first = read_sources(named, ["USA-CHN"])
    again = read_sources(named.latest, ["USA-CHN"], as_of=first.as_of)
    assert (first.as_of, first.digest, first.files) == (
        date(2018, 10, 4),
        again.digest,
        again.files,
    )
    several = Source(kind="several", sources=(Source(), named))
    assert several.latest.sources == (Source(), named.latest) and Source().latest == Source()


def test_events_of_named_datasets_are_checked_and_shown(archive):
    named = ("--data", "icews,chronology", "--archive", archive)
    summary = json.loads(run("events", "check", *named, "--json").stdout)
    assert {row["dataset"] for row in summary["dyads"]} == {"icews", "chronology"}
    assert [feed["feed"] for feed in summary["feeds"]] == ["icews"]
    alone = run("events", "check", "--archive", archive, "--data", "icews")
    assert alone.exit_code == 0 and alone.output.startswith("4 events")
    shown = run(
        "events", "show", "USA-CHN", *named, "--from", "2018-10", "--to", "2018-10", "--json"
    )
    events = json.loads(shown.stdout)
    assert {event["dataset"] for event in events} == {"icews", "chronology"}
    printed = run("events", "show", "USA-CHN", *named, "--from", "2018-10", "--to", "2018-10")
    assert "dataset" in printed.output and "icews" in printed.output
    for wrong in (("mine.csv",), ("USA-CHN", "--feed", "icews")):
        assert run("events", "show", *wrong, "--archive", archive).exit_code == 2
    assert run("events", "check", "--data", "icews").exit_code == 2
