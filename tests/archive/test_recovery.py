"""Lost or older catalogues, foreign files and links: nothing is removed, and a repair gives the rows back."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.base import locks
from forecast.base.errors import DataError, OutputError
from forecast.cli import app
from forecast.data.archive import (
    archive_status,
    import_files,
    importing,
    read_archive,
    repair_archive,
)
from forecast.data.archive import segments as writing
from forecast.data.archive.catalogue import (
    CATALOGUE,
    FILES,
    PARTS,
    ROWS,
    add_pending,
    read_catalogue,
)
from tests.archive.conftest import daily, made_feeds
from tests.archive.test_archive import ASKED, answers
from tests.feeds.made import gdelt_row, written
from tests.systems import posix


def contents(folder):
    """Return the content of every file under a folder.

    Hidden files and those of SQLite at work are left out.
    """
    files = [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".", CATALOGUE))
    ]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def whole(archive):
    """Return all that an archive says, with its status by month."""
    return answers(archive, ASKED[1:2]), archive_status(archive).frame().to_csv()


@pytest.fixture(scope="module")
def feeds(tmp_path_factory):
    return made_feeds(tmp_path_factory.mktemp("made") / "feeds")


@pytest.fixture(scope="module")
def imported(feeds, tmp_path_factory):
    """Return an archive of several batches."""
    archive = tmp_path_factory.mktemp("imported") / "archive"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "MAX_BATCH_FILES", 2)
        import_files(list(feeds.values()), archive)
    assert len(read_catalogue(archive).batches) == 5
    return archive


@pytest.fixture(scope="module")
def said(imported):
    """Return all that it says."""
    return whole(imported)


@pytest.fixture
def archive(imported, tmp_path, monkeypatch):
    """Return a copy of it."""
    monkeypatch.setattr(importing, "MAX_BATCH_FILES", 2)
    return shutil.copytree(imported, tmp_path / "archive")


def missing(archive, feeds):
    (archive / CATALOGUE).unlink()


def emptied(archive, feeds):
    (archive / CATALOGUE).write_bytes(b"")


def cut(archive, feeds):
    path = archive / CATALOGUE
    path.write_bytes(path.read_bytes()[: 3 * 4096])


def cut_in_a_page(archive, feeds):
    path = archive / CATALOGUE
    path.write_bytes(path.read_bytes()[: path.stat().st_size - 100])


def overwritten(archive, feeds):
    path = archive / CATALOGUE
    content = bytearray(path.read_bytes())
    content[4096 + 8 : 4096 + 60] = bytes(52)
    path.write_bytes(content)


def foreign(archive, feeds):
    (archive / CATALOGUE).unlink()
    with sqlite3.connect(archive / CATALOGUE) as database:
        database.execute("CREATE TABLE mine (a)")
    database.close()


def of_another_schema(archive, feeds):
    with sqlite3.connect(archive / CATALOGUE) as database:
        database.execute("PRAGMA user_version = 0")
    database.close()


def of_one_wrong_digit(archive, feeds):
    path = archive / CATALOGUE
    content = bytearray(path.read_bytes())
    content[content.index(b"2018-10-03")] ^= 1
    path.write_bytes(content)


def last_weeks_copy(archive, feeds):
    """Take the catalogue back to how it was before the last three batches."""
    with sqlite3.connect(archive / CATALOGUE) as database:
        for table in ("file", "segment"):
            database.execute(f"DELETE FROM {table} WHERE batch > 2")
        database.execute("DELETE FROM batch WHERE number > 2")
    database.close()


FAULTS = [
    missing,
    of_one_wrong_digit,
    last_weeks_copy,
    *(
        pytest.param(spoil, marks=pytest.mark.nightly)
        for spoil in (emptied, cut, cut_in_a_page, overwritten, foreign, of_another_schema)
    ),
]


@pytest.mark.parametrize("spoil", FAULTS)
def test_a_catalogue_that_is_lost_or_older_removes_nothing_and_a_repair_gives_the_rows_back(
    archive, said, feeds, tmp_path, spoil
):
    files = contents(archive)
    spoil(archive, feeds)
    new = daily(tmp_path, "20181007")
    for command in (("import", new), ("status",)):
        done = CliRunner().invoke(app, ["events", *map(str, command), "--archive", str(archive)])
        assert done.exit_code == 2
        assert "forecast events repair" in " ".join(done.output.split())
    with pytest.raises(
        DataError, match=rf"{CATALOGUE}.*Run `forecast events repair --archive {archive}`"
    ):
        read_archive(archive)
    assert contents(archive) == files
    done = CliRunner().invoke(app, ["events", "repair", "--archive", str(archive)])
    assert done.exit_code == 0, done.output
    assert whole(archive) == said
    assert {
        path: content
        for path, content in contents(archive).items()
        if not path.startswith("set-aside/")
    } == files
    assert {file.became for file in import_files(list(feeds.values()), archive).files} == {"known"}
    assert [file.became for file in import_files(new, archive).files] == ["imported"]
    assert repair_archive(archive).sentence == "There was nothing to repair."


@pytest.mark.parametrize("part", PARTS)
def test_folders_of_someone_else_are_left_alone(tmp_path, part):
    mine = tmp_path / "a" / part / "dataset=icews" / "mine.parquet"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    (mine.parent / "notes.txt").write_text("mine")
    new = daily(tmp_path, "20181007")
    with pytest.raises(DataError, match=r"catalogue\.sqlite is missing.*`forecast events repair"):
        import_files(new, tmp_path / "a")
    assert contents(tmp_path / "a").keys() == {
        f"{part}/dataset=icews/{name}" for name in ("mine.parquet", "notes.txt")
    }
    done = repair_archive(tmp_path / "a")
    assert done.set_aside == (f"{part}/dataset=icews/mine.parquet",)
    assert (tmp_path / "a" / "set-aside" / done.set_aside[0]).read_bytes() == b"mine"
    assert (mine.parent / "notes.txt").read_text() == "mine"
    assert [file.became for file in import_files(new, tmp_path / "a").files] == ["imported"]


def test_a_segment_that_no_import_wrote_is_named_and_set_aside(archive, said, feeds):
    segment = next((archive / ROWS).rglob("*.parquet"))
    for number in range(2):
        stray = shutil.copy(segment, segment.with_name("0123.parquet"))
        for use in (read_archive, lambda archive: import_files(list(feeds.values()), archive)):
            with pytest.raises(DataError, match=r"0123\.parquet.*`forecast events repair"):
                use(archive)
        name = stray.relative_to(archive).as_posix() + (".2" if number else "")
        assert repair_archive(archive).set_aside == (name,)
        assert (
            not stray.exists()
            and (archive / "set-aside" / name).read_bytes() == segment.read_bytes()
        )
        assert whole(archive) == said


@pytest.mark.parametrize("kind", ["folder", "segment", "dataset", "catalogue", "dangling", "fresh"])
def test_nothing_is_read_or_written_through_links(archive, feeds, tmp_path, kind):
    elsewhere = tmp_path / "elsewhere"
    linked = {
        "folder": archive / ROWS,
        "segment": next((archive / ROWS).rglob("*.parquet")),
        "dataset": archive / "rejected" / "dataset=icews",
        "catalogue": archive / CATALOGUE,
        "dangling": archive / ROWS / "dataset=icews" / "new.parquet",
        "fresh": tmp_path / "new" / ROWS,
    }[kind]
    if kind == "fresh":
        shutil.copytree(archive / ROWS, elsewhere)
        archive = linked.parent
        archive.mkdir()
    elif kind != "dangling":
        linked.rename(elsewhere)
    linked.symlink_to(elsewhere)
    before = contents(tmp_path)
    uses = [lambda: import_files(list(feeds.values()), archive), lambda: repair_archive(archive)]
    for use in uses + ([] if kind == "fresh" else [lambda: read_archive(archive)]):
        with pytest.raises(DataError, match=f"{linked} is a link"):
            use()
    assert contents(tmp_path) == before


def test_nothing_is_set_aside_through_a_link(archive, tmp_path):
    stray = archive / ROWS / "0123.parquet"
    stray.write_bytes(b"mine")
    (tmp_path / "elsewhere").mkdir()
    (archive / "set-aside").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="set-aside is a link"):
        repair_archive(archive)
    assert stray.read_bytes() == b"mine" and not list((tmp_path / "elsewhere").iterdir())


def test_the_folder_of_an_archive_may_be_a_link_itself(archive, said, feeds, tmp_path):
    (tmp_path / "link").symlink_to(archive)
    assert {
        file.became for file in import_files(list(feeds.values()), tmp_path / "link").files
    } == {"known"}
    assert whole(tmp_path / "link") == said


class Killed(BaseException):
    """Stands for a kill: nothing of the program runs after it."""


def killed(*arguments):
    raise Killed


@pytest.mark.parametrize(
    "moment",
    [pytest.param("before the files", marks=pytest.mark.nightly), "before the commit"],
)
def test_the_next_import_removes_or_adopts_what_a_killed_one_has_left(
    archive, said, feeds, tmp_path, monkeypatch, moment
):
    new = daily(tmp_path, "20181007")
    before = contents(archive)
    monkeypatch.setattr(
        importing if moment == "before the files" else writing,
        "write_batch" if moment == "before the files" else "add_batch",
        killed,
    )
    with pytest.raises(Killed):
        import_files(new, archive)
    monkeypatch.undo()
    left = set(contents(archive)) - set(before)
    assert left and left == read_catalogue(archive).pending
    assert whole(archive) == said and archive_status(archive).unfinished
    became = [file.became for file in import_files(new, archive).files]
    assert became == ["imported" if moment == "before the files" else "known"]
    assert not read_catalogue(archive).pending
    shutil.rmtree(tmp_path / "other", ignore_errors=True)
    import_files([*feeds.values(), new], tmp_path / "other")
    assert answers(archive) == answers(tmp_path / "other")


def test_a_copy_of_the_catalogue_made_during_an_import_removes_nothing(
    archive, feeds, tmp_path, monkeypatch
):
    new = daily(tmp_path, "20181007")
    really = writing.write_batch

    def copied(*arguments):
        shutil.copytree(archive, tmp_path / "copy")
        return really(*arguments)

    monkeypatch.setattr(importing, "write_batch", copied)
    import_files(new, archive)
    assert read_catalogue(tmp_path / "copy").pending
    before, files = whole(archive), contents(archive)
    for path in archive.glob(f"{CATALOGUE}*"):
        path.unlink()
    for path in (tmp_path / "copy").glob(f"{CATALOGUE}*"):
        shutil.copy(path, archive)
    with pytest.raises(DataError, match="forecast events repair"):
        import_files(new, archive)
    assert repair_archive(archive).set_aside == ()
    assert (whole(archive), contents(archive)) == (before, files)


def test_a_file_with_a_pending_segment_stays(archive, feeds):
    """Only what the catalogue notes as pending is cleared, and nothing next to it."""
    add_pending(archive, [f"{ROWS}/dataset=icews/gone.parquet"])
    mine = archive / ROWS / "dataset=icews" / "gone.txt"
    mine.write_text("mine")
    import_files(list(feeds.values()), archive)
    assert mine.read_text() == "mine" and not read_catalogue(archive).pending


def test_what_is_committed_is_never_cleared_whatever_is_noted_as_pending(
    archive, said, feeds, tmp_path
):
    before = contents(archive)
    with sqlite3.connect(archive / CATALOGUE) as database:
        database.execute("INSERT INTO pending SELECT path FROM segment")
    database.close()
    assert [file.became for file in import_files(daily(tmp_path, "20181007"), archive).files] == [
        "imported"
    ]
    assert before.items() <= contents(archive).items() and not read_catalogue(archive).pending
    assert repair_archive(archive).sentence == "There was nothing to repair."


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(ROWS, marks=pytest.mark.nightly),
        pytest.param(f"{ROWS}/dataset=icews", marks=pytest.mark.nightly),
        f"{ROWS}/dataset=icews/month=2018-10/0123.parquet",
    ],
)
def test_a_folder_that_is_noted_as_pending_stays(archive, said, feeds, path):
    (archive / path).mkdir(exist_ok=True)
    with sqlite3.connect(archive / CATALOGUE) as database:
        database.execute("INSERT INTO pending VALUES (?)", [path])
    database.close()
    import_files(list(feeds.values()), archive)
    assert (archive / path).is_dir() and whole(archive) == said


@posix
def test_nothing_is_imported_where_other_imports_cannot_be_kept_out(
    archive, said, tmp_path, monkeypatch
):
    """The second of two imports would take segments of the first one for those of a killed run, and delete them."""

    def fail(*_words, **_options):
        raise OSError(37, "No locks available")

    before = contents(archive)
    monkeypatch.setattr(locks, "lock_descriptor", fail)
    for use in (
        lambda: import_files(daily(tmp_path, "20181007"), archive),
        lambda: repair_archive(archive),
    ):
        with pytest.raises(OutputError, match=r"no locks.*another disk"):
            use()
    assert contents(archive) == before and whole(archive) == said


def test_nothing_outside_the_folders_of_segments_is_cleared(archive, feeds, tmp_path):
    mine = [archive / "mine.parquet", tmp_path / "mine.parquet"]
    for path in mine:
        path.write_bytes(b"mine")
    add_pending(
        archive, ["mine.parquet", f"{ROWS}/../mine.parquet", "../mine.parquet", str(mine[1])]
    )
    import_files(list(feeds.values()), archive)
    assert (
        all(path.read_bytes() == b"mine" for path in mine) and not read_catalogue(archive).pending
    )


def test_a_repair_names_the_files_whose_rows_are_lost(archive, feeds):
    (archive / CATALOGUE).unlink()
    catalogue_of = {path.name for path in (archive / FILES).iterdir()}
    segment = next((archive / ROWS / "dataset=gdelt").rglob("*.parquet"))
    segment.unlink()
    done = CliRunner().invoke(app, ["events", "repair", "--archive", str(archive)])
    assert (
        done.exit_code == 2 and "Import them again" in done.output and "export.CSV" in done.output
    )
    assert {path.name for path in (archive / FILES).iterdir()} == catalogue_of
    assert "imported" in {file.became for file in import_files(list(feeds.values()), archive).files}
    read_archive(archive)


def test_a_batch_whose_rows_all_fall_away_survives_the_loss_of_the_catalogue(tmp_path):
    written(tmp_path / "20181005.export.CSV", [gdelt_row(1, "20181005", source="EUR")])
    import_files(tmp_path / "20181005.export.CSV", tmp_path / "a")
    before = archive_status(tmp_path / "a").summary()
    (tmp_path / "a" / CATALOGUE).unlink()
    with pytest.raises(DataError, match="forecast events repair"):
        import_files(tmp_path / "20181005.export.CSV", tmp_path / "a")
    assert repair_archive(tmp_path / "a").adopted == ("20181005.export.CSV",)
    assert archive_status(tmp_path / "a").summary() == before


def test_a_catalogue_of_a_newer_version_is_left_alone(archive):
    with sqlite3.connect(archive / CATALOGUE) as database:
        database.execute("PRAGMA user_version = 3")
    database.close()
    for use in (read_archive, repair_archive):
        with pytest.raises(
            DataError, match=r"schema 3; this version reads 2\. Use a newer version"
        ):
            use(archive)


def test_a_folder_without_an_archive_is_not_repaired(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataError, match="is no archive"):
            repair_archive(folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_an_archive_on_a_disk_that_cannot_be_written_is_read(archive, said):
    for path in [archive, *archive.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert whole(archive) == said
    finally:
        for path in [archive, *archive.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_leaves_the_folder_as_it_was(archive):
    read_archive(archive)
    assert {path.name for path in Path(archive).iterdir()} == {CATALOGUE, *PARTS}
