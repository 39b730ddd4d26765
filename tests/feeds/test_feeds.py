"""Feeds: recognised by their content, every row accounted for, the codebook's quad, one event per row."""

import json
import zipfile

import pytest
from typer.testing import CliRunner

from forecast import build_panel, combine, read_chronology
from forecast.base.errors import DataError, SpecError, UnknownDyadError
from forecast.cli import app
from forecast.data.events import as_of
from forecast.data.events.codebook import read_codes
from forecast.data.events.table import EVENT_COLUMNS, FURTHER_COLUMNS, broken_rules
from forecast.data.feeds import FeedSettings, detect_feed, parse_settings, read_feed
from forecast.data.feeds.lines import find_files, read_chunks
from forecast.data.sources import Source, open_source
from tests.feeds.made import ICEWS_HEADER, gdelt_row, icews_row, in_archive, written, zipped

ALL = FeedSettings(sectors="all", one_a_day=False)


def accounted(table):
    """Check that every row of every file is in one of the four lots, and return the numbers of all files."""
    for account in table.accounts:
        for file in account.files:
            assert file.rows == file.kept + file.rejected + file.filtered + file.duplicates, file
        assert account.total("filtered") == sum(account.filtered_by.values())
        assert account.total("duplicates") == len(account.duplicates)
    (account,) = table.accounts
    return tuple(
        account.total(name) for name in ("rows", "kept", "rejected", "filtered", "duplicates")
    )


def gdelt(tmp_path, *rows, name="20180602.export.CSV"):
    return written(tmp_path / name, rows)


def icews(tmp_path, *rows, name="20180601-icews-events.tab"):
    return written(tmp_path / name, rows, ICEWS_HEADER)


def test_rows_become_the_contract(tmp_path):
    table = read_feed(
        gdelt(tmp_path, gdelt_row(1), gdelt_row(2, day="20180531", code="112", added="20180601"))
    )
    assert tuple(table.events.columns) == EVENT_COLUMNS + FURTHER_COLUMNS
    assert broken_rules(table.events) == []
    assert table.events["event_id"].tolist() == ["gdelt:2", "gdelt:1"]
    assert table.events["known_at"].dt.strftime("%Y-%m-%d").tolist() == ["2018-06-01", "2018-06-01"]
    assert set(table.events["dataset"]) == {"gdelt"}
    assert accounted(table) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("width", [57, 58, 61])
def test_each_layout_of_gdelt_is_read(tmp_path, width):
    table = read_feed(gdelt(tmp_path, gdelt_row(width=width)))
    event = table.events.iloc[0]
    assert (event["dyad"], event["cameo"], event["n"], str(event["known_at"].date())) == (
        "USA-CHN",
        "042",
        5,
        "2018-06-01",
    )
    assert (event["reference"] == "") == (width == 57)


def test_backfile_and_daily_rows_may_stand_in_one_file_but_no_others(tmp_path):
    rows = [gdelt_row(number, width=width) for number, width in enumerate((57, 58, 58, 57, 61), 1)]
    table = read_feed(gdelt(tmp_path, *rows), settings=ALL)
    assert accounted(table) == (5, 4, 1, 0, 0)
    assert table.rejects[["line", "reason"]].values.tolist() == [
        [5, "61 fields where 57 or 58 are expected"]
    ]


def test_the_quad_class_is_that_of_the_codebook_and_the_feeds_own_is_kept(tmp_path):
    # Of investigation (09) and protest (14) GDELT has other classes.
    rows = [gdelt_row(1, code="090", QuadClass="2"), gdelt_row(2, code="140", QuadClass="3")]
    events = read_feed(gdelt(tmp_path, *rows)).events
    assert events["quad"].tolist() == read_codes().loc[["090", "140"], "quad"].tolist() == [3, 4]
    assert events["source_quad"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"day": "20180631"}, "date: not a day"),
        ({"day": "29990101"}, "date is later than today"),
        ({"code": "---"}, "code ---: not a code of the codebook"),
        ({"code": "X"}, "code X: not a code of the codebook"),
        ({"source": "QQQ"}, "source QQQ: no country of that name or code"),
        ({"added": "20170601"}, "published before its date"),
        ({"GLOBALEVENTID": "x"}, "no event id, or none that is one"),
        ({"GoldsteinScale": "11"}, "intensity 11: not a number from -10 to 10"),
        ({"GoldsteinScale": "nan"}, "intensity nan: not a number from -10 to 10"),
        ({"NumArticles": "-1"}, "reports -1: not a whole number"),
        ({"NumArticles": "2.5"}, "reports 2.5: not a whole number"),
    ],
)
def test_a_rejected_row_says_where_and_why(tmp_path, cells, reason):
    table = read_feed(gdelt(tmp_path, gdelt_row(1), gdelt_row(2, **cells)))
    assert table.rejects[["file", "line"]].values.tolist() == [["20180602.export.CSV", 2]]
    assert reason in table.rejects["reason"].item()
    assert accounted(table) == (2, 1, 1, 0, 0)
    assert table.files[0].rejected == 1


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"source": ""}, "no country on one side"),
        ({"source": "AFR"}, "a region or organisation"),
        ({"source": "EUR"}, "a region or organisation"),
        ({"target": "WST"}, "a region or organisation"),
        ({"target": "USA"}, "the same state"),
        ({"target": "RUS"}, "of another dyad"),
        ({"types": ("MED", "")}, "does not act for its state"),
        ({"types": ("", "COP")}, "does not act for its state"),
        ({"Actor1Code": "USACHR"}, "does not act for its state"),
    ],
)
def test_a_filtered_row_is_counted_by_its_reason_and_listed_if_asked_for(tmp_path, cells, reason):
    path = gdelt(tmp_path, gdelt_row(1), gdelt_row(2, **cells))
    table = read_feed(path, dyads=["chn-usa"], settings=FeedSettings(list_filtered=True))
    assert accounted(table) == (2, 1, 0, 1, 0)
    listed = table.accounts[0].filtered
    assert listed[["file", "line"]].values.tolist() == [["20180602.export.CSV", 2]]
    assert reason in listed["reason"].item() == next(iter(table.accounts[0].filtered_by))


def test_countries_by_the_codes_of_cameo(tmp_path):
    pairs = [
        ("ROM", "ROU"),
        ("TMP", "TLS"),
        ("KSV", "XKX"),
        ("WSB", "PSE"),
        ("GZS", "PSE"),
        ("SUN", "RUS"),
        ("MTN", "MNE"),
    ]
    rows = [gdelt_row(number, source=code) for number, (code, _) in enumerate(pairs)]
    events = read_feed(gdelt(tmp_path, *rows), settings=ALL).events
    assert events["source"].tolist() == [state for _, state in pairs]


def test_organs_of_a_state_are_chosen_by_setting(tmp_path):
    rows = [
        gdelt_row(number, types=(kind, "GOV"))
        for number, kind in enumerate(("", "MIL", "COP", "MED"))
    ]
    path = gdelt(tmp_path, *rows)

    def kept(sectors):
        ids = read_feed(path, settings=FeedSettings(sectors=sectors, one_a_day=False)).events[
            "event_id"
        ]
        return ids.str.removeprefix("gdelt:").tolist()

    assert kept(("government", "military")) == ["0", "1"]
    assert kept(("government", "police")) == ["0", "2"]
    assert kept("all") == ["0", "1", "2", "3"]


def test_reports_of_one_event_are_never_more_events(tmp_path):
    rows = [gdelt_row(1, code="051", NumArticles="300"), gdelt_row(2, code="112", NumArticles="7")]
    table = read_feed(gdelt(tmp_path, *rows))
    assert table.events["n"].tolist() == [300, 7]
    panel = build_panel(table)
    assert int(panel["counts"].sum()) == panel.attrs["counted"] == 2
    assert panel["dataset"].to_numpy().tolist() == ["gdelt"]
    assert int(build_panel(table, directed=True)["counts"].sum()) == 2


def test_one_a_day_keeps_what_was_known_first_and_adds_up_the_reports(tmp_path):
    late = gdelt_row(1, added="20180602", NumArticles="2")
    path = gdelt(tmp_path, late, gdelt_row(2, NumArticles="3"), gdelt_row(3, day="20180531"))
    table = read_feed(path)
    assert accounted(table) == (3, 2, 0, 0, 1)
    assert table.events["event_id"].tolist() == ["gdelt:3", "gdelt:2"]
    assert table.events["n"].tolist() == [5, 5]
    assert table.accounts[0].duplicates.values.tolist() == [
        ["20180602.export.CSV", 1, "the same day, sides and code as 20180602.export.CSV, line 2"]
    ]
    assert accounted(read_feed(path, settings=FeedSettings(one_a_day=False))) == (3, 3, 0, 0, 0)


def test_the_same_id_is_the_same_event(tmp_path):
    one = gdelt(tmp_path, gdelt_row(1), name="20180601.export.CSV")
    two = gdelt(tmp_path, gdelt_row(1), gdelt_row(2, code="112"), name="20180602.export.CSV")
    table = read_feed([one, two], settings=ALL)
    assert accounted(table) == (3, 2, 0, 0, 1)
    assert (
        table.accounts[0].duplicates["reason"].item()
        == "the same event as 20180601.export.CSV, line 1"
    )


def test_statements_and_mentions_are_settings(tmp_path):
    path = gdelt(
        tmp_path,
        gdelt_row(1, code="010"),
        gdelt_row(2, code="020"),
        gdelt_row(3, NumMentions="9"),
        gdelt_row(4, code="112"),
    )
    assert accounted(read_feed(path, settings=FeedSettings(statements=False))) == (4, 2, 0, 2, 0)
    assert accounted(read_feed(path, settings=FeedSettings(minimum_mentions=10))) == (4, 3, 0, 1, 0)
    with pytest.raises(SpecError, match="ICEWS counts no mentions"):
        read_feed(icews(tmp_path, icews_row()), settings=FeedSettings(minimum_mentions=2))


def test_codes_beyond_the_codebook_are_read_as_what_they_are_a_kind_of(tmp_path):
    events = read_feed(gdelt(tmp_path, gdelt_row(1, code="1214"), gdelt_row(2, code="1951"))).events
    assert events["cameo"].tolist() == ["121", "195"]


def test_icews_has_names_of_countries_and_dates_of_two_kinds(tmp_path):
    rows = [
        icews_row(1),
        icews_row(2, day="6/1/2018", source="Russian Federation", code="010"),
        icews_row(3, source="Cote d'Ivoire", target="the former Yugoslav Republic of Macedonia"),
        icews_row(4, source="Namibia", target="Holy See"),
        icews_row(5, code="13y"),
        icews_row(6, day="31/12/2018"),
    ]
    table = read_feed(icews(tmp_path, *rows))
    assert accounted(table) == (6, 4, 2, 0, 0)
    assert set(table.events["dyad"]) == {"USA-CHN", "CHN-RUS", "CIV-MKD", "NAM-VAT"}
    assert set(table.events["date"].dt.strftime("%Y-%m-%d")) == {"2018-06-01"}


def test_missing_is_empty_or_na(tmp_path):
    filled = icews_row(1).split("\t")
    rows = ["\t".join(cell or "NA" for cell in filled), icews_row(2, code="112")]
    assert accounted(read_feed(icews(tmp_path, *rows))) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize(
    ("sectors", "name", "kept"),
    [
        ("", "United States", True),
        ("", "Somebody", False),
        ("Executive,Foreign Ministry,Government", "A Minister", True),
        ("Industrial / Textiles / Mining Ministry", "A Ministry", True),
        ("Army,Military", "A General", True),
        ("Parties,Government Major Party (In Government)", "A Party", False),
        ("Ministry of Sound", "A Company", False),
        ("Police", "Police (United States)", False),
    ],
)
def test_a_bare_country_is_its_government(tmp_path, sectors, name, kept):
    rows = [icews_row(1, code="112"), icews_row(2, sectors=(sectors, ""), names=(name, "China"))]
    assert accounted(read_feed(icews(tmp_path, *rows))) == (2, 1 + kept, 0, 1 - kept, 0)


def test_an_id_is_unique_on_its_day_alone(tmp_path):
    rows = [icews_row(1), icews_row(1, day="2018-06-02"), icews_row(1, code="112")]
    table = read_feed(icews(tmp_path, *rows), settings=ALL)
    assert accounted(table) == (3, 2, 0, 0, 1)


@pytest.mark.parametrize(
    ("name", "settings", "known"),
    [
        ("20180601-icews-events.tab", {}, ["2018-06-02", "2018-06-02"]),
        ("20180503-thru-20180609-icews-events.tab", {}, ["2018-06-10", "2018-06-10"]),
        ("201806-icews-events.tab", {}, ["2018-07-01", "2018-07-01"]),
        ("events.2018.20200427084805.tab", {}, ["2018-06-02", "2018-06-03"]),
        (
            "events.2018.20200427084805.tab",
            {"icews_known": "edition"},
            ["2020-04-27", "2020-04-27"],
        ),
        ("20180530-icews-events.tab", {}, ["2018-06-01", "2018-06-02"]),
        ("mine.tab", {}, ["2018-06-02", "2018-06-03"]),
    ],
)
def test_from_when_an_event_of_icews_could_be_known(tmp_path, name, settings, known):
    path = icews(tmp_path, icews_row(1), icews_row(2, day="2018-06-02"), name=name)
    events = read_feed(path, settings=FeedSettings(**settings)).events
    found = events["known_at"].dt.strftime("%Y-%m-%d").tolist()
    assert found == known
    assert as_of(read_feed(path, settings=FeedSettings(**settings)), known[0]).late == sum(
        day > known[0] for day in known
    )


def test_a_newer_edition_of_a_year_replaces_older_files_of_it(tmp_path):
    old = icews(
        tmp_path, icews_row(1), icews_row(2, code="112"), name="events.2018.20190101000000.tab"
    )
    new = icews(
        tmp_path,
        icews_row(1),
        icews_row(3, day="2018-06-03"),
        name="events.2018.20200427084805.tab",
    )
    daily = icews(
        tmp_path,
        icews_row(4, day="2018-06-02"),
        icews_row(5, day="2018-06-04"),
        name="20180604-icews-events.tab",
    )
    tables = [read_feed(order, settings=ALL) for order in ([old, new, daily], [daily, new, old])]
    for table in tables:
        # What lies within the days of the newer edition is replaced; what is later than its last
        # day is not.
        assert table.events["event_id"].tolist() == [
            "icews:1-20180601",
            "icews:3-20180603",
            "icews:5-20180604",
        ]
        assert accounted(table) == (6, 3, 0, 3, 0)


def test_repeated_rows_of_a_reissued_year_are_duplicates(tmp_path):
    rows = [icews_row(number % 5, day=f"2018-06-0{1 + number % 5}") for number in range(10)]
    table = read_feed(icews(tmp_path, *rows, name="events.2018.20220623.tab"))
    assert accounted(table) == (10, 5, 0, 0, 5)


def test_zipped_files_are_read_without_unpacking(tmp_path):
    plain = gdelt(tmp_path, gdelt_row(1))
    archive = zipped(
        tmp_path / "a.zip", {"20180602.export.CSV": in_archive([gdelt_row(1)]), "README": "about"}
    )
    one, other = read_feed(plain), read_feed(archive)
    assert one.events.equals(other.events)
    assert other.accounts[0].files[0].name == "a.zip/20180602.export.CSV"
    assert other.rejects[["file", "line"]].values.tolist() == [["a.zip/README", 0]]


def test_the_directory_of_an_archive_is_read_once_for_all_its_members(tmp_path, monkeypatch):
    days = {
        f"201806{day:02d}.export.CSV": in_archive([gdelt_row(day, code="112")])
        for day in range(1, 21)
    }
    path, read = zipped(tmp_path / "a.zip", days), []
    whole = zipfile.ZipFile

    def counted(*arguments, **options):
        read.append(arguments)
        return whole(*arguments, **options)

    monkeypatch.setattr(zipfile, "ZipFile", counted)
    files = find_files([path])
    lines = sum(len(chunk.numbers) for file in files for chunk in read_chunks(file))
    assert [file.own_name for file in files] == sorted(days) and all(file.head() for file in files)
    assert lines == 20 and len(read) == 1


def test_a_folder_is_read_whole(tmp_path):
    for day in ("01", "02"):
        gdelt(tmp_path, gdelt_row(int(day), code="112"), name=f"201806{day}.export.CSV")
    assert accounted(read_feed(tmp_path, settings=ALL)) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"../20180602.export.CSV": "x"}, "leads out of it"),
        ({"/etc/20180602.export.CSV": "x"}, "leads out of it"),
        ({"a\\..\\b.CSV": "x"}, "leads out of it"),
        ({"C:/b.CSV": "x"}, "leads out of it"),
        ({".": "x"}, "leads out of it"),
        ({"20180602.export.CSV": "0" * 20_000_000}, "unpacks to 20,000,000 bytes"),
        ({}, "holds no file"),
    ],
)
def test_archives_that_no_feed_would_publish_are_not_read(tmp_path, files, fault):
    with pytest.raises(DataError, match=fault):
        read_feed(zipped(tmp_path / "bad.zip", files))


def test_a_damaged_archive_is_an_error(tmp_path):
    path = zipped(
        tmp_path / "a.zip", {"a.CSV": in_archive([gdelt_row(number) for number in range(2000)])}
    )
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_feed(path)


def test_a_line_of_absurd_length_is_rejected_and_the_next_one_is_read(tmp_path):
    path = tmp_path / "20180602.export.CSV"
    path.write_text(f"{gdelt_row(1)}\n{'x' * 40_000_000}\n{gdelt_row(2, code='112')}\n")
    table = read_feed(path)
    assert accounted(table) == (3, 2, 1, 0, 0)
    assert table.rejects["line"].item() == 2


def test_bytes_that_are_no_utf8_lose_no_row(tmp_path):
    path = tmp_path / "20180602.export.CSV"
    path.write_bytes(
        gdelt_row(1, Actor1Name="MÜNCHEN").encode("latin-1")
        + b"\r\n"
        + gdelt_row(2, code="112").encode()
    )
    table = read_feed(path)
    assert accounted(table) == (2, 2, 0, 0, 0)
    assert table.accounts[0].files[0].mended == 1


@pytest.mark.parametrize(
    ("rows", "feed"),
    [
        ([gdelt_row(width=61)], "gdelt"),
        ([ICEWS_HEADER, icews_row()], "icews"),
        (["a,b", "1,2"], None),
    ],
)
def test_a_feed_is_found_by_its_content(tmp_path, rows, feed):
    assert detect_feed(written(tmp_path / "renamed.txt", rows)) == feed


def test_what_is_no_feed_is_an_error_that_says_what_to_use(tmp_path):
    path = icews(tmp_path, icews_row())
    with pytest.raises(DataError, match="this looks like ICEWS, not like GDELT: use --feed icews"):
        read_feed(path, feed="gdelt")
    mentions = written(tmp_path / "m.CSV", ["\t".join(["1"] * 16)])
    with pytest.raises(DataError, match=r"mentions of GDELT 2[.]0, which are no events"):
        read_feed(mentions)
    with pytest.raises(DataError, match="give a mapping"):
        read_feed(written(tmp_path / "mine.csv", ["day,from", "1,2"]))
    with pytest.raises(SpecError, match="Use one of gdelt"):
        read_feed(path, feed="acled")
    with pytest.raises(UnknownDyadError, match="two ISO 3166"):
        read_feed(path, dyads=["USA-EUR"])
    with pytest.raises(DataError, match=r"No event of USA-RUS is left.*of another dyad"):
        read_feed(path, dyads=["USA-RUS"])


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (["one_a_day"], "no value"),
        (["colour=red"], "colour"),
        (["sectors=media"], "sectors"),
        (["minimum_mentions=0"], "minimum_mentions"),
    ],
)
def test_settings_that_make_no_sense_are_named(texts, fault):
    with pytest.raises(SpecError, match=fault):
        parse_settings(texts)


def test_a_feed_and_the_chronology_are_datasets_of_one_panel(tmp_path):
    feed = read_feed(gdelt(tmp_path, gdelt_row(1, NumArticles="50")))
    both = combine([feed, read_chronology(dyads=["USA-CHN"])])
    assert both.accounts == feed.accounts
    panel = build_panel(both, dyads=["USA-CHN"])
    assert int(panel["counts"].sel(dataset="gdelt").sum()) == 1
    alone = build_panel(read_chronology(dyads=["USA-CHN"]))
    assert int(panel["counts"].sel(dataset="chronology").sum()) == int(alone["counts"].sum())


def test_a_source_can_be_a_feed(tmp_path):
    path = gdelt(
        tmp_path, gdelt_row(1), gdelt_row(2, source="IND", target="PAK"), gdelt_row(3, source="FJI")
    )
    source = Source(kind="feed", paths=(str(path),), settings=FeedSettings(sectors="all"))
    assert Source(**source.model_dump()) == source
    records = open_source(source)
    assert records.datasets == {"gdelt"}
    assert "data/codebook/countries.csv" in records.digests
    # A feed has hundreds of dyads; by default only listed ones are fitted together.
    last = records.last_day("USA-CHN")
    assert "CHN-FJI" in records.dyads and "CHN-FJI" not in records.hierarchy("USA-CHN", last)
    assert open_source(source, ["ind-pak"]).dyads == ["IND-PAK"]


def test_the_command_checks_a_feed_without_a_mapping(tmp_path):
    path = gdelt(tmp_path, gdelt_row(1), gdelt_row(2, code="---"), gdelt_row(3, source="EUR"))
    done = CliRunner().invoke(
        app, ["events", "check", str(path), "--json", "--feed-setting", "one_a_day=no"]
    )
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    (feed,) = summary["feeds"]
    assert feed["files"][0] | {"name": ""} == {
        "name": "",
        "rows": 3,
        "kept": 1,
        "rejected": 1,
        "filtered": 1,
        "duplicates": 0,
        "mended": 0,
    }
    assert "each row an event" in feed["settings"]
    shown = CliRunner().invoke(app, ["events", "check", str(path), "--feed", "gdelt"])
    assert "why rows were filtered" in shown.stdout and shown.exit_code == 0
    wrong = CliRunner().invoke(app, ["events", "check", str(path), "--feed", "icews"])
    assert wrong.exit_code == 2
