"""Feeds at scale: dyads counted in one pass have the panels of each read alone.

Quick ways give what slow ones do.
"""

import json
import re
import shlex
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from benchmarks.feeds import measure
from benchmarks.made_feeds import make_gdelt
from forecast import build_counts_panel, build_panel, count_feed, read_counts, read_feed
from forecast.base.errors import DataError, OutputError, SpecError
from forecast.base.progress import ahead
from forecast.cli import app
from forecast.data.events.counts import write_counts
from forecast.data.events.dyads import in_order
from forecast.data.feeds import FeedSettings
from forecast.data.feeds.gdelt import DAILY
from forecast.data.feeds.lines import Chunk, find_files, read_chunks, split_lines
from forecast.data.feeds.sorting import RowSorter
from forecast.data.sources import Source, open_source
from tests.feeds.made import (
    ICEWS_HEADER,
    POLECAT_HEADER,
    gdelt_row,
    icews_row,
    polecat_row,
    written,
)
from tests.systems import posix


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three days of GDELT, 4,000 rows."""
    folder = tmp_path_factory.mktemp("made")
    make_gdelt(folder, 4_000, days=3, seed=7, level=1)
    return folder


def same_panels(table, counts, *, directed, dyads, **choices):
    one = build_panel(table, directed=directed, dyads=dyads, **choices)
    other = build_counts_panel(counts, directed=directed, dyads=dyads)
    for name in ("counts", "covered", "era_index"):
        xr.testing.assert_equal(one[name].drop_attrs(), other[name].drop_attrs())
    assert one.attrs["counted"] == other.attrs["counted"]


CHOICES = [
    ({}, {}),
    ({"one_a_day": False, "sectors": "all"}, {}),
    ({"sectors": "all", "statements": False}, {"scale": "goldstein", "frequency": "week"}),
]


@pytest.mark.parametrize(("settings", "counted"), CHOICES)
def test_counts_of_all_dyads_have_the_panel_of_each(made, settings, counted):
    table = read_feed(made, settings=FeedSettings(**settings))
    counts = count_feed(made, settings=FeedSettings(**settings), **counted)
    (one,), (other,) = table.accounts, counts.accounts
    assert (one.files, one.filtered_by, one.settings) == (
        other.files,
        other.filtered_by,
        other.settings,
    )
    assert all(
        file.rows == file.kept + file.rejected + file.filtered + file.duplicates
        for file in other.files
    )
    assert table.rejects.equals(counts.rejects) and table.files == counts.files
    assert set(counts.counts["dyad"]) == set(table.dyads)
    for directed in (False, True):
        same_panels(
            table, counts, directed=directed, dyads=[*table.dyads[:6], *table.dyads[-3:]], **counted
        )


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("frequency", ["month", "week"])
def test_counts_that_were_written_are_read_again(made, tmp_path, directed, frequency):
    counts = count_feed(made, frequency=frequency)
    mapping = write_counts(counts, tmp_path / "gdelt.csv", directed=directed)
    again = read_counts(tmp_path / "gdelt.csv", mapping)
    assert again.rejects.empty and (again.classes, again.zero_cut) == (
        counts.classes,
        counts.zero_cut,
    )
    dyads = in_order(counts.counts["dyad"].unique())[:5]
    one, other = (
        build_counts_panel(table, dyads=dyads, directed=directed) for table in (counts, again)
    )
    for name in ("counts", "covered"):
        xr.testing.assert_equal(one[name].drop_attrs(), other[name].drop_attrs())


def test_the_command_counts_what_a_report_can_be_of(made, tmp_path):
    out = tmp_path / "gdelt.csv"
    done = CliRunner().invoke(app, ["events", "count", str(made), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["dyads"] > 100 and said["feeds"][0]["files"][0]["rows"] > 1000
    assert read_counts(out, said["mapping"]).counts["dyad"].nunique() == said["dyads"]
    onto = CliRunner().invoke(
        app, ["events", "count", str(made), "--out", str(next(made.iterdir()))]
    )
    assert onto.exit_code == 2 and "Choose another" in onto.output
    plain = CliRunner().invoke(
        app, ["events", "count", str(made), "--out", str(out), "--feed-setting", "one_a_day=no"]
    )
    assert "dyads:" in plain.stdout and "each row an event" in plain.stdout


def test_a_full_memory_is_answered_in_a_sentence(made, monkeypatch):
    monkeypatch.setattr("forecast.data.feeds.counting.MEMORY", "1MB")
    with pytest.raises(OutputError, match=r"no room for the events.*TMPDIR"):
        count_feed(made)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_files(tmp_path):
    peaks = []
    for rows in (400_000, 2_000_000):
        folder = tmp_path / str(rows)
        make_gdelt(folder, rows, days=rows // 80_000, seed=5, level=1)
        peaks.append(measure("every", folder)["memory_mb"])
    assert max(peaks) < 1200
    assert peaks[1] < peaks[0] + 250


@posix
def test_every_command_of_the_page_works(made, tmp_path, monkeypatch):
    page = Path(__file__).resolve().parents[2] / "docs" / "feeds-at-scale.md"
    commands = [
        shlex.split(found)
        for found in re.findall(r"^    forecast (.*)$", page.read_text("utf-8"), re.M)
    ]
    assert [words[:2] for words in commands] == [
        ["events", "count"],
        ["report", "USA-CHN"],
        ["events", "sql"],
    ]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gdelt").symlink_to(made)
    assert CliRunner().invoke(app, commands[0]).exit_code == 0
    given = dict(zip(commands[1][2::2], commands[1][3::2], strict=True))
    source = Source(kind="counts", path=given["--counts"], mapping=given["--mapping"])
    assert commands[1][1] in open_source(source).dyads
    pytest.importorskip("sqlglot")
    assert CliRunner().invoke(app, commands[2]).exit_code == 0


def test_a_joint_act_with_two_sides_is_counted_once(tmp_path):
    rows = [
        gdelt_row(1, code="042"),
        gdelt_row(2, source="CHN", target="USA", code="043"),
        gdelt_row(3, source="CHN", target="USA", code="042"),
        gdelt_row(4, source="USA", target="CHN", code="057"),
        gdelt_row(5, source="CHN", target="USA", code="057"),
        gdelt_row(6, source="CHN", target="USA", code="057", types=("GOV", "")),
        gdelt_row(7, source="CHN", target="USA", code="112"),
        gdelt_row(8, source="CHN", target="USA", code="043", day="20180501"),
    ]
    path = written(tmp_path / "20180602.export.CSV", rows)
    for one_a_day, once in ((True, 5), (False, 6)):
        settings = FeedSettings(one_a_day=one_a_day)
        counts = count_feed(path, settings=settings)
        same_panels(read_feed(path, settings=settings), counts, directed=False, dyads=None)
        assert int(build_counts_panel(counts)["counts"].sum()) == once
        assert int(build_counts_panel(counts, directed=True)["counts"].sum()) == 8 - one_a_day


def test_editions_and_pairs_are_counted_as_they_are_read(tmp_path):
    old = written(
        tmp_path / "events.2018.20190101000000.tab",
        [icews_row(1), icews_row(2, code="112")],
        ICEWS_HEADER,
    )
    new = written(
        tmp_path / "events.2018.20200427084805.tab", [icews_row(1), icews_row(1)], ICEWS_HEADER
    )
    polecat = written(
        tmp_path / "ngecEvents.DV.2018.txt",
        [
            polecat_row(),
            polecat_row("2", actors="USA; CHN; RUS", recipients="None"),
            polecat_row("3", kind="AID"),
        ],
        POLECAT_HEADER,
    )
    for paths in (
        [old, new],
        [polecat],
        [polecat, written(tmp_path / "week.txt", [polecat_row()], POLECAT_HEADER)],
    ):
        table, counts = read_feed(paths), count_feed(paths)
        assert table.accounts[0].files == counts.accounts[0].files
        assert table.accounts[0].filtered_by == counts.accounts[0].filtered_by
        same_panels(table, counts, directed=False, dyads=None)


def small_files(folder):
    """Write files of some rows each, in several layouts and with all that can be wrong with a row."""
    rows = [
        [
            gdelt_row(1),
            gdelt_row(2, width=57, code="112"),
            gdelt_row(3, code="X"),
            gdelt_row(4, width=61),
        ],
        [
            gdelt_row(5, width=57),
            gdelt_row(6, source="FRA"),
            "a" * 1_000_001,
            gdelt_row(7, day="20180231"),
        ],
        [
            gdelt_row(8, source=" CHN", target="USA"),
            gdelt_row(9, source="XYZ"),
            gdelt_row(10, source="CHN"),
        ],
        [
            gdelt_row(2, code="112"),
            gdelt_row(11, width=57, code="---"),
            gdelt_row(12, types=("BUS", "GOV")),
        ],
        [gdelt_row(13, code="043"), gdelt_row(13, code="042"), "nothing"],
        [
            gdelt_row(14, source=""),
            gdelt_row(15, source="EUR"),
            gdelt_row(16, width=57, code="13y"),
        ],
    ]
    return [
        written(folder / f"2018060{day}.export.CSV", lines) for day, lines in enumerate(rows, 1)
    ]


@pytest.mark.parametrize(
    "settings", [{}, {"sectors": "all", "list_filtered": True}, {"one_a_day": False}]
)
def test_files_judged_together_are_those_judged_one_by_one(tmp_path, monkeypatch, settings):
    paths, chosen = small_files(tmp_path), FeedSettings(**settings)

    def read():
        return read_feed(paths, settings=chosen), None if chosen.list_filtered else count_feed(
            paths, settings=chosen
        )

    judged = []
    monkeypatch.setattr(
        RowSorter,
        "sort",
        lambda *given, own=RowSorter.sort, **more: judged.append(1) or own(*given, **more),
    )
    together, counted = read()
    number = len(judged)
    monkeypatch.setattr("forecast.data.feeds.sorting.BATCH_BYTES", 1)
    alone, counted_alone = read()
    assert len(judged) - number > 2 * number
    (one,), (other,) = together.accounts, alone.accounts
    assert together.events.equals(alone.events) and together.rejects.equals(alone.rejects)
    assert len(together.rejects) > 5 and len(one.duplicates) > 1
    assert one.summary() == other.summary() and list(one.filtered_by) == list(other.filtered_by)
    assert one.duplicates.equals(other.duplicates) and one.filtered.equals(other.filtered)
    if counted:
        assert counted.counts.equals(counted_alone.counts) and counted.rejects.equals(
            counted_alone.rejects
        )
        assert counted.accounts[0].summary() == counted_alone.accounts[0].summary() == one.summary()


NO_NUMBERS = [
    ("GLOBALEVENTID", "1234567890123456789", "no event id"),
    ("GLOBALEVENTID", "", "no event id"),
    ("GLOBALEVENTID", "12a", "no event id"),
    ("GLOBALEVENTID", "1e5", "no event id"),
    ("SQLDATE", "2018060", "date: not a day"),
    ("SQLDATE", "201806011", "date: not a day"),
    ("SQLDATE", "20180631", "date: not a day"),
    ("SQLDATE", "2018-6-1", "date: not a day"),
    ("DATEADDED", "201806010", "day of publication"),
    ("DATEADDED", "2018060a", "day of publication"),
    ("NumArticles", "00000000001", "reports 00000000001"),
    ("NumArticles", "2147483648", "reports 2147483648"),
    ("NumArticles", "", "reports : not a whole number"),
    ("NumArticles", "+5", "reports"),
]


@pytest.mark.parametrize(("column", "value", "reason"), NO_NUMBERS)
def test_what_is_no_number_is_rejected_whatever_the_others_of_its_column_are(
    tmp_path, column, value, reason
):
    good = [gdelt_row(number) for number in (2, 3, 4, 5)]
    for others in (good, [*good, gdelt_row(6, **{column: "x"})]):
        path = written(tmp_path / "20180602.export.CSV", [*others, gdelt_row(1, **{column: value})])
        rejects = read_feed(path).rejects
        assert rejects["line"].tolist() == [*range(len(good) + 1, len(others) + 1), len(others) + 1]
        assert rejects["reason"].iloc[-1].startswith(reason)


def test_of_repeats_the_first_line_stays_whatever_its_layout(tmp_path):
    one = written(
        tmp_path / "20180602.export.CSV", [gdelt_row(1, width=57), gdelt_row(2, code="112")]
    )
    rows = [
        gdelt_row(1),
        gdelt_row(2, width=57, code="112"),
        gdelt_row(3),
        gdelt_row(3, width=57, code="111"),
    ]
    two = written(tmp_path / "20180603.export.CSV", [rows[0], rows[3], *rows[1:3]])
    (account,) = read_feed([one, two]).accounts
    assert account.duplicates.values.tolist() == [
        ["20180603.export.CSV", 1, "the same event as 20180602.export.CSV, line 1"],
        ["20180603.export.CSV", 3, "the same event as 20180602.export.CSV, line 2"],
        ["20180603.export.CSV", 4, "the same event as 20180603.export.CSV, line 2"],
    ]
    assert count_feed([one, two]).accounts[0].files == account.files


def test_what_cannot_be_counted_says_so(tmp_path):
    path = written(
        tmp_path / "20180602.export.CSV", [gdelt_row(1, code="---"), gdelt_row(2, code="X")]
    )
    with pytest.raises(
        DataError, match=r"No event is left.*2 rejected.*not a code of the codebook"
    ):
        count_feed(path)
    with pytest.raises(SpecError, match="list_filtered"):
        count_feed(path, settings=FeedSettings(list_filtered=True))


ODD = (
    gdelt_row(1).encode(),
    gdelt_row(2, width=57).encode(),
    b"",
    gdelt_row(3, Actor1Name="M").encode().replace(b"\tM\t", b"\tM\xdc\t"),
    gdelt_row(4).encode() + b"\t\t",
    gdelt_row(5, width=61).encode(),
    gdelt_row(6, Actor1Name="a\0b").encode(),
    gdelt_row(7).encode() + b"\r",
    b"   ",
    gdelt_row(8, Actor1Name='"quoted').encode(),
    b"\r",
    b"one field",
    gdelt_row(9).encode(),
)


@pytest.mark.parametrize("first", range(len(ODD)))
@pytest.mark.parametrize("chunk", [300, 32_000_000])
def test_lines_split_at_once_are_those_split_one_by_one(tmp_path, monkeypatch, first, chunk):
    monkeypatch.setattr("forecast.data.feeds.lines.CHUNK", chunk)
    content = b"\n".join([*ODD[first:], *ODD[:first]])
    path = tmp_path / "20180602.export.CSV"
    path.write_bytes(content)
    wanted = {
        place: line
        for place, line in enumerate(content.split(b"\n"), 1)
        if line.removesuffix(b"\r")
    }
    found = {}
    for one in read_chunks(find_files([path])[0]):
        lines = [one.line(place).encode() for place in range(len(one.numbers))]
        found |= dict(zip(one.numbers.tolist(), lines, strict=True))
        rows, broken = split_lines(one, DAILY, DAILY.columns)
        alone = [
            split_lines(
                Chunk(line + b"\n", np.array([len(line)]), one.numbers[[place]], [], 0),
                DAILY,
                DAILY.columns,
            )
            for place, line in enumerate(lines)
        ]
        assert broken == {
            number: reason for _, reasons in alone for number, reason in reasons.items()
        }
        assert rows.sort_by("line").to_pylist() == [
            row for table, _ in alone for row in table.to_pylist()
        ]
    mended = {
        place: line.removesuffix(b"\r").decode("utf-8", "replace").encode()
        for place, line in wanted.items()
    }
    assert found == mended


def test_a_line_that_grows_as_it_is_mended_is_read(tmp_path):
    long = (
        gdelt_row(1, Actor1Name="M").encode().replace(b"\tM\t", b"\t" + b"\xff" * 900_000 + b"\t")
    )
    path = tmp_path / "20180602.export.CSV"
    path.write_bytes(
        b"\n".join([gdelt_row(2, code="112").encode(), long, gdelt_row(3, code="111").encode()])
    )
    table = read_feed(path)
    assert len(table.events) == 3 and table.accounts[0].files[0].mended == 1


@pytest.mark.parametrize("place", [2, 6, 8, 27, 58])
@pytest.mark.parametrize("blanks", ["{} ", " {}", "  {}  "])
def test_blanks_around_a_field_mean_nothing(tmp_path, place, blanks):
    cells = gdelt_row(1, types=("GOV", "MIL")).split("\t")
    cells[place - 1] = blanks.format(cells[place - 1])
    rows = [gdelt_row(2, code="112"), "\t".join(cells)]
    table = read_feed(written(tmp_path / "20180602.export.CSV", rows))
    assert table.events["event_id"].tolist() == ["gdelt:1", "gdelt:2"]
    assert (
        table.events.drop(columns="event_id")
        .iloc[0]
        .equals(
            read_feed(written(tmp_path / "plain.CSV", [gdelt_row(1, types=("GOV", "MIL"))]))
            .events.drop(columns="event_id")
            .iloc[0]
        )
    )


def test_the_next_item_is_made_while_one_is_worked_on():
    begun = threading.Event()

    def items():
        yield 1
        begun.set()
        yield 2

    coming = ahead(items())
    assert next(coming) == 1
    assert begun.wait(10)
    assert list(coming) == [2]


def test_an_error_comes_where_it_happened_and_a_consumer_that_stops_closes_the_source():
    closed = threading.Event()

    def items():
        try:
            yield 1
            raise DataError("damaged")
        finally:
            closed.set()

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(DataError, match="damaged"):
        next(coming)
    endless = ahead(number for number in iter(int, 1))
    next(endless)
    endless.close()
    assert closed.is_set()
