"""A fault in one file becomes its reason, and the other files are read: whoever reads, wherever it shows."""

import errno
import json
import os

import pytest
from typer.testing import CliRunner

from forecast.base.errors import DataError
from forecast.cli import app
from forecast.data.archive import import_files, read_archive
from forecast.data.feeds import (
    FeedSettings,
    count_feed,
    detect_feed,
    lines,
    read_feed,
    sorting,
)
from tests.feeds.made import (
    HISTORICAL_HEADER,
    ICEWS_HEADER,
    POLECAT_HEADER,
    gdelt_row,
    historical_row,
    icews_row,
    in_archive,
    phoenix_row,
    polecat_row,
    written,
    zipped,
)

ALL = FeedSettings(sectors="all", one_a_day=False)
BOM = b"\xef\xbb\xbf"
GOOD, BAD = "20180601.export.CSV", "20180602.export.CSV"


def by_reading(folder):
    table = read_feed(folder, settings=ALL)
    return len(table.events), dict(table.accounts[0].unread), [file.name for file in table.files]


def by_counting(folder):
    table = count_feed(folder, settings=ALL)
    return (
        int(table.counts["n"].sum()),
        dict(table.accounts[0].unread),
        [file.name for file in table.files],
    )


def by_importing(folder):
    done = import_files(folder, folder.parent / "archive")
    table = read_archive(folder.parent / "archive", settings=ALL)
    failed = {file.name: file.reason for file in done.of("failed")}
    return len(table.events), failed, [file.name for file in done.of("imported")]


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


READERS = pytest.mark.parametrize("reader", [by_reading, by_counting, by_importing])


@pytest.fixture
def folder(tmp_path):
    """A folder with a good file of two events."""
    made = tmp_path / "feed"
    made.mkdir()
    written(made / GOOD, [gdelt_row(1), gdelt_row(2, code="112")])
    return made


@READERS
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_first_row_of_nothing_but_a_mark_is_a_blank_line(folder, reader, ending):
    (folder / BAD).write_bytes(BOM + ending + gdelt_row(3, code="042").encode() + ending)
    assert reader(folder) == (3, {}, [GOOD, BAD])


@pytest.mark.parametrize(
    ("header", "rows", "kept"),
    [
        ([], [gdelt_row(1), gdelt_row(2, code="112")], 2),
        ([], [gdelt_row(1, width=61), gdelt_row(2, code="112", width=61)], 2),
        ([ICEWS_HEADER], [icews_row(1), icews_row(2, code="010")], 2),
        (
            [POLECAT_HEADER],
            [polecat_row("2018-1-AGREE"), polecat_row("2018-2-AGREE", day="2018-06-02")],
            2,
        ),
        ([], [phoenix_row(), phoenix_row("2_v0.3.1", code="112")], 2),
        ([HISTORICAL_HEADER], [historical_row(), historical_row("NYT2", code="112")], 2),
    ],
    ids=["gdelt 1", "gdelt 2", "icews", "polecat", "phoenix", "historical"],
)
@pytest.mark.parametrize("mark", [BOM, BOM + b"\n"], ids=["before", "alone"])
def test_every_feed_may_begin_with_a_mark(tmp_path, mark, header, rows, kept):
    path = tmp_path / "some"
    path.write_bytes(mark + "".join(f"{row}\n" for row in header + rows).encode())
    table = read_feed(path, settings=ALL)
    assert (len(table.events), len(table.rejects)) == (kept, 0)


def test_a_mark_where_a_later_chunk_begins_is_a_row_that_is_rejected(tmp_path, monkeypatch):
    first = f"{gdelt_row(1)}\n".encode()
    (tmp_path / GOOD).write_bytes(first + BOM + b"\n" + f"{gdelt_row(2, code='112')}\n".encode())
    monkeypatch.setattr(lines, "CHUNK", len(first))
    table = read_feed(tmp_path / GOOD, settings=ALL)
    assert (len(table.events), table.rejects["line"].tolist()) == (2, [2])


@READERS
def test_a_name_that_is_no_text_is_written_out(folder, reader):
    row = gdelt_row(3, code="042")
    (folder / os.fsdecode(b"\xff.export.CSV")).write_bytes(f"{row}\n{row}\n".encode())
    zipped(folder / "b.zip", {"in.CSV": in_archive([gdelt_row(4, code="043")])}).rename(
        folder / os.fsdecode(b"20180602-\xfe.zip")
    )
    events, unread, names = reader(folder)
    assert (events, unread) == (4, {})
    assert sorted(names) == [GOOD, "20180602-\\udcfe.zip/in.CSV", "\\udcff.export.CSV"]


@READERS
def test_a_damaged_archive_in_a_folder_is_named_and_the_others_are_read(folder, reader):
    rows = [gdelt_row(number, code="112", Actor1Name=f"{number**9:x}") for number in range(9, 2000)]
    content = bytearray(zipped(folder / "b.zip", {BAD: in_archive(rows)}).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (folder / "b.zip").write_bytes(content)
    (folder / "a.zip").write_bytes(b"\x1f\x8b")
    events, unread, names = reader(folder)
    assert (events, names) == (2, [GOOD])
    assert "is damaged" in unread[f"b.zip/{BAD}"] and "gzip" in unread["a.zip"]


@READERS
def test_rows_of_a_file_that_fails_half_way_are_nobodys(folder, reader, monkeypatch):
    written(folder / BAD, [gdelt_row(number, code="042") for number in range(10, 60)])

    def fails(file, number, size):
        if file.own_name == BAD and size > 6_000:
            raise IndexError("list index out of range")

    monkeypatch.setattr(lines, "_require_few", fails)
    monkeypatch.setattr(lines, "CHUNK", 6_000)
    monkeypatch.setattr(sorting, "BATCH_BYTES", 1)
    events, unread, names = reader(folder)
    assert (events, names, list(unread)) == (2, [GOOD], [BAD])
    assert unread[BAD].startswith(
        f"{BAD} cannot be read: this program did not foresee what is in it (IndexError"
    )


@READERS
def test_of_files_judged_together_the_one_at_fault_is_found(folder, reader, monkeypatch):
    written(folder / BAD, [gdelt_row(3, code="042", Actor1Name="VENOM")])
    written(folder / "20180603.export.CSV", [gdelt_row(4, code="043")])
    really = sorting.RowSorter.sort

    def fails(self, rows, layout, facts):
        if 3 in [int(one) for one in rows["GLOBALEVENTID"].to_pylist()]:
            raise ValueError("venom")
        return really(self, rows, layout, facts)

    monkeypatch.setattr(sorting.RowSorter, "sort", fails)
    events, unread, _ = reader(folder)
    assert (events, unread) == (3, {BAD: f"{BAD} cannot be read: venom. Check the file."})


@READERS
def test_a_file_that_cannot_be_split_is_named(folder, reader, monkeypatch):
    written(folder / BAD, [gdelt_row(3, code="042")])
    really = sorting.split_lines

    def fails(chunk, layout, columns):
        if chunk.text.startswith(b"3\t"):
            raise KeyError("column")
        return really(chunk, layout, columns)

    monkeypatch.setattr(sorting, "split_lines", fails)
    events, unread, _ = reader(folder)
    assert events == 2 and "KeyError" in unread[BAD]


@READERS
@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError(errno.EMFILE, "Too many open files"), KeyboardInterrupt()],
    ids=repr,
)
def test_what_is_not_of_the_file_stops_the_reading(folder, reader, monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(lines, "_require_few", fails)
    with pytest.raises(type(error)) as found:
        reader(folder)
    assert found.value is error


def test_what_could_not_be_read_shows_in_the_rejects_and_the_account(folder):
    (folder / "a.zip").write_bytes(b"\x1f\x8b")
    table = read_feed(folder, settings=ALL)
    (unread,) = table.accounts[0].unread
    assert unread.name == "a.zip"
    assert table.rejects[["file", "line", "reason"]].values.tolist() == [
        ["a.zip", 0, unread.reason]
    ]
    assert table.accounts[0].summary()["unread"] == [{"name": "a.zip", "reason": unread.reason}]
    assert "Not read: 1 file." in table.accounts[0].sentence
    assert detect_feed(folder) == "gdelt"


def test_without_a_file_that_can_be_read_there_is_an_error(tmp_path):
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(b"\x1f\x8b")
    with pytest.raises(
        DataError, match=r"a.zip is compressed with gzip.*Of 2 files none could be read."
    ):
        read_feed(tmp_path)
    with pytest.raises(DataError, match=r"a.zip is compressed with gzip"):
        detect_feed(tmp_path)
    written(tmp_path / GOOD, [gdelt_row(1)])
    with pytest.raises(
        DataError, match=r"absent.zip cannot be read: No such file or directory. Check the path"
    ):
        read_feed([tmp_path / GOOD, tmp_path / "absent.zip"])


@pytest.mark.parametrize("command", [("check",), ("count", "--out", "counts.csv")])
def test_commands_end_with_2_after_all_other_files_are_read(folder, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (folder / "a.zip").write_bytes(b"\x1f\x8b")
    done = run("events", command[0], folder, *command[1:], "--json")
    assert done.exit_code == 2
    assert "1 file could not be read. The first:" in " ".join(done.stderr.split())
    (feed,) = json.loads(done.stdout)["feeds"]
    assert [file["name"] for file in feed["unread"]] == ["a.zip"]
    assert [file["name"] for file in feed["files"]] == [GOOD]
    shown = run("events", command[0], folder, *command[1:])
    assert shown.exit_code == 2 and "a.zip" in shown.output
