"""Archives: whatever the order of imports, the same answers on any day; every row accounted for.

Gaps are no zeros.
"""

import json
import shutil
from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast import build_panel
from forecast.base.errors import DataError, OutputError, SpecError
from forecast.data.archive import archive_status, import_files, importing, read_archive
from forecast.data.archive.catalogue import read_catalogue
from forecast.data.archive.reading import covered_days
from forecast.data.feeds import FeedSettings, read_feed
from forecast.data.feeds.gdelt import GDELT
from forecast.data.feeds.lines import file_digest
from forecast.data.feeds.sorting import RowSorter
from tests.archive.conftest import daily
from tests.feeds.made import ICEWS_HEADER, gdelt_row, icews_row, in_archive, written, zipped

ALL = FeedSettings(sectors="all", one_a_day=False, list_filtered=True)
ASKED = ((None, FeedSettings()), (None, ALL), ("2018-10-06", ALL), ("2019-05-01", FeedSettings()))
LATE = ("events.2018.20190501000000.tab", "events.2018.20200427084805.tab")


def answers(archive, asked=ASKED):
    """Return what an archive answers: events, rejected rows, account, coverage."""
    found = []
    for day, chosen in asked:
        try:
            table = read_archive(archive, as_of=day, settings=chosen)
        except DataError as error:
            found.append(str(error))
            continue
        accounts = [
            (one.feed, one.files, one.filtered_by, one.duplicates.to_csv())
            for one in table.accounts
        ]
        found.append(
            (table.events.to_csv(), table.rejects.to_csv(), accounts, table.covered, table.files)
        )
    return found


def entry_of(name):
    named = GDELT.named(name)
    return SimpleNamespace(said=name, series=named.series, part=named.part, covers=[named.days])


def ids(table, dataset="icews"):
    own = table.events[table.events["dataset"] == dataset]
    return own["event_id"].str.partition(":")[2].tolist()


def assert_same_in(pieces, whole, tmp_path):
    shutil.rmtree(tmp_path / "pieces", ignore_errors=True)
    for piece in pieces:
        import_files(piece, tmp_path / "pieces")
    assert answers(tmp_path / "pieces") == whole


def test_order_pieces_and_repetition_change_no_answer(feeds, tmp_path):
    files = list(feeds.values())
    import_files(files, tmp_path / "whole")
    whole = answers(tmp_path / "whole")
    assert_same_in([files[:3:-1], files[3::-1] + files[-2:]], whole, tmp_path)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_order_of_imports_changes_an_answer(feeds, tmp_path, data):
    files = list(feeds.values())
    if not (tmp_path / "whole").exists():
        import_files(files, tmp_path / "whole")
    order = data.draw(st.permutations(files))
    again = data.draw(st.lists(st.sampled_from(files), max_size=2))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(files) - 1), max_size=3)))
    pieces = [
        order[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(files)], strict=True)
    ]
    assert_same_in([*pieces, again or order], answers(tmp_path / "whole"), tmp_path)


def test_what_was_known_on_a_day_stays_when_later_files_come(feeds, tmp_path):
    archive = tmp_path / "archive"
    asked = [(day, ALL) for day in ("2018-10-04", "2019-05-01", "2020-04-27")]
    import_files([path for name, path in feeds.items() if name not in LATE], archive)
    first = answers(archive, asked)
    import_files(feeds[LATE[0]], archive)
    second = answers(archive, asked)
    assert second[:1] == first[:1] and second[1] != first[1]
    import_files(feeds[LATE[1]], archive)
    third = answers(archive, asked)
    assert third[:2] == second[:2] and third[2] != second[2]


def test_an_edition_replaces_what_it_covers_from_its_day_on(feeds, tmp_path):
    icews = [path for path in feeds.values() if path.suffix == ".tab"]
    import_files(icews, tmp_path / "a")
    assert ids(read_archive(tmp_path / "a", as_of="2018-10-31")) == [
        "20181003-20181003",
        "7-20181003",
        "8-20181003",
        "20181004-20181004",
        "10-20181005",
        "20181006-20181006",
    ]
    rest = ["10-20181005", "20181006-20181006"]
    assert ids(read_archive(tmp_path / "a", as_of="2019-12-31")) == [
        "12-20181003",
        "20181004-20181004",
        *rest,
    ]
    assert ids(read_archive(tmp_path / "a", as_of="2020-04-27")) == [
        "12-20181003",
        "13-20181004",
        *rest,
    ]
    # As the latest editions have it, long before they were issued.
    latest = FeedSettings(editions="latest")
    assert ids(read_archive(tmp_path / "a", as_of="2018-10-31", settings=latest)) == [
        "12-20181003",
        "13-20181004",
        *rest,
    ]


def test_an_archive_answers_as_its_files_do(feeds, tmp_path):
    import_files(list(feeds.values()), tmp_path / "a")
    endings = {"icews": ".tab", "gdelt": (".CSV", ".zip"), "polecat": ".txt"}
    for chosen in (FeedSettings(sectors="police,government", statements=False), ALL):
        for name, ending in endings.items():
            of_files = read_feed(
                [path for path in feeds.values() if path.name.endswith(ending)], settings=chosen
            )
            of_archive = read_archive(tmp_path / "a", [name], settings=chosen)
            assert of_archive.events.equals(of_files.events)
            totals = ("rows", "kept", "rejected", "filtered", "duplicates")
            (left,), (right,) = of_archive.accounts, of_files.accounts
            assert [left.total(one) for one in totals] == [right.total(one) for one in totals]


@pytest.mark.parametrize(
    ("dyads", "day"), [(None, "2018-10-31"), (["USA-CHN"], None), (["jpn-chn"], "2018-10-31")]
)
def test_every_row_is_accounted_for(feeds, tmp_path, dyads, day):
    import_files(list(feeds.values()), tmp_path / "a")
    table = read_archive(tmp_path / "a", dyads=dyads, as_of=day, settings=ALL)
    for account in table.accounts:
        (file,) = account.files
        assert file.rows == file.kept + file.rejected + file.filtered + file.duplicates
        assert file.filtered == sum(account.filtered_by.values())
        assert file.duplicates == len(account.duplicates)
        assert ("of another dyad" in account.filtered_by) <= (dyads is not None)
    assert sum(one.total("rejected") for one in table.accounts) == len(table.rejects)
    # With none of the dyads asked for, a dataset has no account.
    assert dyads == ["jpn-chn"] or table.rejects["reason"].str.contains("2 fields|code ---").all()


def test_a_file_is_imported_once_under_whatever_name(feeds, tmp_path):
    path = feeds["20181004-icews-events.tab"]
    assert [file.became for file in import_files(path, tmp_path / "a").files] == ["imported"]
    copy = shutil.copy(path, path.with_name("copy.tab"))
    done = import_files([path, copy], tmp_path / "a")
    assert [(file.became, file.reason) for file in done.files] == [
        ("known", ""),
        ("known", f"as {path.name}"),
    ]
    assert len(read_catalogue(tmp_path / "a").batches) == 1


def test_a_name_that_says_more_counts_whenever_it_comes(feeds, tmp_path):
    path = feeds["events.2018.20200427084805.tab"]
    copy = shutil.copy(path, path.with_name("copy.tab"))
    import_files([copy], tmp_path / "a")
    import_files([path], tmp_path / "a")
    import_files([path, copy], tmp_path / "b")
    assert answers(tmp_path / "a") == answers(tmp_path / "b")
    with pytest.raises(
        DataError, match=r"No event is left\. ICEWS: nothing of the archive .* set editions=latest"
    ):
        read_archive(tmp_path / "a", as_of="2019-01-01")
    with pytest.raises(DataError, match=r"No event of USA-RUS is left\."):
        read_archive(tmp_path / "a", dyads=["USA-RUS"])


def test_a_second_name_of_the_same_content_takes_nothing_away(tmp_path):
    """A file of 28 December saved again under a later day, or an earlier one, in any order: the same is known."""
    folder, day = tmp_path / "files", "20181228"
    folder.mkdir()
    path = daily(folder, day, icews_row(5, "2018-12-28"), icews_row(6, "2018-12-27"))
    later, earlier = (
        shutil.copy(path, folder / f"{stamp}-icews-events.tab")
        for stamp in ("20190103", "20181220")
    )
    import_files(path, tmp_path / "alone")
    alone = read_archive(tmp_path / "alone", as_of="2018-12-29", settings=ALL)
    asked = [(when, ALL) for when in ("2018-12-29", "2019-01-02", "2019-01-04", None)]
    for place, order in enumerate(((path, later, earlier), (earlier, later, path))):
        archive = tmp_path / f"{place}"
        for number, one in enumerate(order):
            assert [file.became for file in import_files(one, archive).files] == ["imported"], (
                number
            )
        assert {file.became for file in import_files(folder, archive).files} == {"known"}
        found = read_archive(archive, as_of="2018-12-29", settings=ALL)
        assert ids(found) == ids(alone)
        assert found.covered == alone.covered
        assert answers(archive, asked) == answers(tmp_path / "0", asked)


def test_a_second_name_of_an_edition_delays_nothing(feeds, tmp_path):
    path = feeds[LATE[0]]
    for stamp in ("20210101000000", "20190401000000"):
        import_files(path, tmp_path / stamp)
        import_files(
            shutil.copy(path, path.with_name(f"events.2018.{stamp}.tab")), tmp_path / stamp
        )
        (edition,) = archive_status(tmp_path / stamp).datasets[0].editions
        assert edition.issued == min("2019-05-01", f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}")


def test_small_files_are_judged_together_and_accounted_for_one_by_one(tmp_path, monkeypatch):
    folder, judged = tmp_path / "files", []
    folder.mkdir()
    for quarter in range(6):
        rows = [
            gdelt_row(100 * quarter + one, "20180601", target=target, code=code, width=61)
            for one, (target, code) in enumerate(
                [("CHN", "042")] * (quarter % 3) + [("EUR", "042"), ("CHN", "---")]
            )
        ]
        name = f"20180601{quarter // 4:02}{15 * (quarter % 4):02}00.export.CSV"
        written(folder / name, [*rows, "broken\trow"] if quarter % 5 == 0 else rows)
    really = RowSorter.sort
    monkeypatch.setattr(
        RowSorter,
        "sort",
        lambda self, *given, **more: judged.append(1) or really(self, *given, **more),
    )
    done = import_files(folder, tmp_path / "a").files
    assert 1 <= len(judged) <= 4
    expected = [(q % 3 + 2 + (q % 5 == 0), q % 3, 1 + (q % 5 == 0), 1) for q in range(6)]
    assert [(one.rows, one.between, one.rejected, one.filtered) for one in done] == expected
    for path in sorted(folder.iterdir()):
        import_files(path, tmp_path / "alone")
    assert answers(tmp_path / "a") == answers(tmp_path / "alone")
    entries = [list(read_catalogue(tmp_path / name).entries.values()) for name in ("a", "alone")]
    assert [one.months for one in entries[0]] == [one.months for one in entries[1]]


def test_a_bad_file_stops_no_other(feeds, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = daily(folder, "20181004")
    (folder / "notes.txt").write_text("nothing of a feed\n")
    broken = zipped(
        folder / "20181005.export.CSV.zip", {"20181005.export.CSV": in_archive([gdelt_row()] * 999)}
    )
    content = bytearray(broken.read_bytes())
    content[len(content) // 3] ^= 255
    broken.write_bytes(content)
    done = import_files([folder, folder / "notes.txt", tmp_path / "absent.tab"], tmp_path / "a")
    became = {(file.name, file.became) for file in done.files}
    assert {
        (good.name, "imported"),
        ("notes.txt", "skipped"),
        ("notes.txt", "failed"),
        ("absent.tab", "failed"),
    } < became
    assert any(file.became == "failed" and "damaged" in file.reason for file in done.files)
    # A later file does not inherit rows of the one that failed.
    daily(folder, "20181006")
    import_files(folder / "20181006-icews-events.tab", tmp_path / "a")
    assert read_archive(tmp_path / "a").accounts[0].total("rows") == 2


def test_rows_of_a_file_that_failed_half_way_are_nobodys(feeds, tmp_path, monkeypatch):
    rows = [gdelt_row(number, code="112") for number in range(50)]
    bad = written(tmp_path / "20181005.export.CSV", rows)
    good = written(tmp_path / "20181006.export.CSV", [gdelt_row(99, "20181006")])
    really = importing.read_chunks

    def fails(file, fallback):
        yield from really(file, fallback)
        if file.path == bad:
            raise DataError("damaged")

    monkeypatch.setattr(importing, "read_chunks", fails)
    import_files([bad, good], tmp_path / "a")
    assert ids(read_archive(tmp_path / "a"), "gdelt") == ["99"]
    monkeypatch.undo()
    import_files([bad], tmp_path / "a")
    assert len(read_archive(tmp_path / "a", settings=ALL).events) == 51


def test_a_hole_is_not_covered_and_a_month_without_events_is(tmp_path):
    folder = tmp_path / "gdelt"
    folder.mkdir()
    # Files of months, of days, and one whose name says nothing; nothing happened in May.
    written(folder / "202504.csv", [gdelt_row(1, "20250410")])
    written(folder / "202505.csv", [gdelt_row(2, "20250510", source="JPN")])
    for day in range(1, 14):
        written(folder / f"202506{day:02}.export.CSV", [gdelt_row(100 + day, f"202506{day:02}")])
    written(folder / "rest.csv", [gdelt_row(3, "20250702"), gdelt_row(4, "20250831")])
    import_files(folder, tmp_path / "a")
    table = read_archive(tmp_path / "a", dyads=["USA-CHN"])
    assert table.covered[0].gaps == [(date(2025, 6, 14), date(2025, 7, 1))]
    panel = build_panel(table)
    covered = dict(zip(range(4, 9), panel["covered"].to_numpy().ravel().tolist(), strict=True))
    assert covered == {4: True, 5: True, 6: False, 7: True, 8: True}
    assert panel["counts"].sum(("dataset", "dyad", "direction", "class")).to_numpy().tolist() == [
        1,
        0,
        0,
        1,
        1,
    ]
    assert panel.attrs["outside_coverage"] == '{"USA-CHN": 13}'
    # On a day in the outage the record ends before it.
    assert read_archive(tmp_path / "a", as_of="2025-06-20").covered[0].last == date(2025, 6, 13)


@pytest.mark.parametrize(("missing", "covered"), [(9, True), (10, False)])
def test_quarter_hours_make_a_day_if_few_are_missing(missing, covered):
    slots = [
        f"2025040{day}{place // 4:02}{place % 4 * 15:02}00"
        for day in (3, 4, 5)
        for place in range(96)
    ]
    there = slots[:96] + slots[96 + missing :]
    entries = [entry_of(f"{slot}.export.CSV") for slot in there + there[:1]]
    assert (len(covered_days(entries)) == 1) is covered
    assert covered_days(entries[:80] * 2) == []


def test_a_file_of_a_quarter_hour_stands_for_its_part_of_a_day(tmp_path):
    row = gdelt_row(1, "20250403", width=61, DATEADDED="20250403001500")
    import_files(written(tmp_path / "20250403001500.translation.export.CSV", [row]), tmp_path / "a")
    (entry,) = read_catalogue(tmp_path / "a").entries.values()
    assert (entry.series, entry.part, entry.covers) == (
        "quarter hour, translated",
        1 / 96,
        ((date(2025, 4, 3), date(2025, 4, 3)),),
    )


def test_releases_stand_for_their_busy_days_and_editions_for_their_span(tmp_path):
    old = [icews_row(n, "2018-10-05") for n in range(20)] + [
        icews_row(50, "2018-09-07"),
        icews_row(51, "2018-10-06"),
    ]
    written(tmp_path / "20181005-icews-events.tab", old, ICEWS_HEADER)
    week = [icews_row(n, f"2023-01-0{1 + n % 3}") for n in range(60, 90)]
    written(tmp_path / "20230106-icews-events.tab", week, ICEWS_HEADER)
    year = [
        icews_row(n, day) for n, day in enumerate(("2017-02-01", "2017-11-30", "2016-12-31"), 100)
    ]
    written(tmp_path / "events.2017.20200602.tab", year, ICEWS_HEADER)
    import_files(sorted(tmp_path.glob("*.tab")), tmp_path / "a")
    assert read_archive(tmp_path / "a").covered[0].spans == (
        (date(2017, 2, 1), date(2017, 11, 30)),
        (date(2018, 10, 5), date(2018, 10, 5)),
        (date(2023, 1, 1), date(2023, 1, 3)),
    )


@pytest.mark.parametrize("part", ["rows", "rejected"])
def test_a_damaged_segment_is_named_and_importing_again_mends_it(feeds, tmp_path, part):
    path = feeds["20181004-icews-events.tab"]
    import_files(path, tmp_path / "a")
    before = answers(tmp_path / "a")
    (segment,) = (tmp_path / "a" / part).rglob("*.parquet")
    content = bytearray(segment.read_bytes())
    content[100] ^= 1
    segment.write_bytes(content)
    with pytest.raises(DataError, match=rf"{segment.name} is damaged.*{path.name}"):
        read_archive(tmp_path / "a")
    segment.unlink()
    with pytest.raises(DataError, match=rf"{segment.name} cannot be read"):
        read_archive(tmp_path / "a")
    assert [file.became for file in import_files(path, tmp_path / "a").files] == ["imported"]
    assert answers(tmp_path / "a") == before


def test_a_folder_that_is_no_archive_is_left_alone(feeds, tmp_path):
    with pytest.raises(OutputError, match="is no archive"):
        import_files(list(feeds.values()), tmp_path / "feeds")
    with pytest.raises(DataError, match=r"is no archive: it has no catalogue\.sqlite"):
        read_archive(tmp_path / "feeds")


def test_a_dataset_that_is_not_there_is_named(feeds, tmp_path):
    import_files(feeds["20181004-icews-events.tab"], tmp_path / "a")
    with pytest.raises(SpecError, match=r"no 'gdelt' in .*; it holds icews"):
        read_archive(tmp_path / "a", ["gdelt"])


def with_manifest(folder, days, **changes):
    """Write a manifest that says when files of a folder were published, by their names."""
    slots = [
        {
            "slot": name,
            "file": name,
            "first": "2018-10-01",
            "last": "2018-10-31",
            "published": day,
            "sha256": file_digest(folder / name),
        }
        for name, day in days.items()
    ]
    (folder / "fetch.json").write_text(
        json.dumps({"schema": 1, "feed": "icews", "of": {}, "slots": slots} | changes)
    )


@pytest.fixture
def fetched(feeds, tmp_path):
    """Return the files of ICEWS in a folder with a manifest."""
    folder = tmp_path / "fetched"
    folder.mkdir()
    for path in feeds.values():
        if path.suffix == ".tab":
            shutil.copy(path, folder)
    with_manifest(
        folder,
        {"20181003-icews-events.tab": "2018-10-08", LATE[0]: "2019-06-03", LATE[1]: "2020-04-29"},
    )
    return folder


def test_files_count_from_the_day_on_which_they_were_published(fetched, tmp_path):
    import_files(fetched, tmp_path / "a")

    def known(day):
        return ids(read_archive(tmp_path / "a", as_of=day, settings=ALL))

    # The release of the 3rd came out on the 8th, and the other ones, of which nothing is said, the
    # day after their own.
    assert known("2018-10-05") == ["7-20181003", "20181004-20181004", "9-20181004"]
    assert "20181003-20181003" not in known("2018-10-07")
    assert "20181003-20181003" in known("2018-10-08")
    # Editions a while after their stamps.
    assert "12-20181003" not in known("2019-06-02") and "12-20181003" in known("2019-06-03")
    assert "13-20181004" not in known("2020-04-28") and "13-20181004" in known("2020-04-29")
    edition = FeedSettings(icews_known="edition")
    events = read_archive(tmp_path / "a", settings=edition).events.set_index("event_id")
    assert f"{events['known_at']['icews:13-20181004']:%Y-%m-%d}" == "2020-04-29"


def test_a_file_has_its_day_of_publication_whether_the_manifest_came_first_or_last(
    fetched, feeds, tmp_path
):
    asked = [
        (day, ALL)
        for day in (None, "2018-10-05", "2018-10-08", "2019-05-02", "2019-06-03", "2020-04-28")
    ]
    without = [path for path in feeds.values() if path.suffix == ".tab"]
    again = tmp_path / "again"
    shutil.copytree(fetched, again)
    with_manifest(again, {LATE[0]: "2019-06-05", LATE[1]: "2020-04-30"})
    import_files(fetched, tmp_path / "a")
    whole = answers(tmp_path / "a", asked)
    for place, order in enumerate(
        ([without, fetched], [fetched, without], [again, without, fetched, again])
    ):
        for piece in order:
            import_files(piece, tmp_path / f"{place}")
        assert answers(tmp_path / f"{place}", asked) == whole
    assert {one.became for one in import_files([again, *without], tmp_path / "a").files} == {
        "known"
    }


def test_a_name_and_a_manifest_that_come_apart_count_together(fetched, feeds, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(feeds[LATE[1]], bare / "copy.tab")
    with_manifest(bare, {"copy.tab": "2020-04-29"})
    (fetched / "fetch.json").unlink()
    asked = [(day, ALL) for day in (None, "2020-04-28", "2020-04-29")]
    import_files([bare, fetched], tmp_path / "a")
    import_files([fetched, bare], tmp_path / "b")
    assert answers(tmp_path / "a", asked) == answers(tmp_path / "b", asked)
    (icews,) = archive_status(tmp_path / "a").datasets
    assert icews.editions[1] == (LATE[1], "2020-04-29", "published")


def test_releases_that_were_published_together_replace_each_other_by_their_names(fetched, tmp_path):
    with_manifest(fetched, {f"2018100{day}-icews-events.tab": "2018-12-01" for day in (3, 4, 6)})
    import_files(fetched, tmp_path / "a")
    table = read_archive(tmp_path / "a", as_of="2018-12-31", settings=ALL)
    assert table.events.set_index("event_id")["cameo"]["icews:7-20181003"] == "112"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('{"schema": 1, "slots": [{"published": "2020', "it is damaged"),
        ('{"slots": 3, "published": "2020"}', "field `schema`"),
    ],
)
def test_a_manifest_that_cannot_be_read_stops_no_file(fetched, tmp_path, content, fault):
    sound = (fetched / "fetch.json").read_text("utf-8")
    (fetched / "fetch.json").write_text(content, "utf-8")
    done = import_files(fetched, tmp_path / "a")
    assert (len(done.of("imported")), [one.name for one in done.of("failed")]) == (
        5,
        ["fetch.json"],
    )
    assert f"is no manifest of a fetch: {fault}" in done.of("failed")[0].reason
    (fetched / "fetch.json").write_text(sound, "utf-8")
    assert len(import_files(fetched, tmp_path / "a").of("imported")) == 3
    assert archive_status(tmp_path / "a").datasets[0].published == 3
