"""Damaged descriptions, foreign files, links, killed imports: nothing is removed, and a repair gives the rows back."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.archive import archive_status, batches, import_files, importing, read_archive, repair_archive
from forecast.archive.batches import BATCHES, DESCRIPTIONS, read_catalogue
from forecast.cli import app
from forecast.errors import DataError
from forecast.files import digest
from tests.archive.conftest import daily
from tests.archive.test_archive import ASKED, answers
from tests.feeds.made import gdelt_row, written


def contents(folder):
    """Return the content of every file under a folder; hidden files and folders are left out."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    shown = {inside: path for inside, path in files.items() if not any(part.startswith(".") for part in inside.parts)}
    return {inside.as_posix(): path.read_bytes() for inside, path in shown.items()}


def whole(archive):
    """Return all that an archive says, with its status by month."""
    return answers(archive, ASKED[1:2]), archive_status(archive).frame().to_csv()


@pytest.fixture
def archive(feeds, tmp_path, monkeypatch):
    """Return an archive of several batches."""
    monkeypatch.setattr(importing, "MOST_FILES", 2)
    import_files(list(feeds.values()), tmp_path / "archive")
    assert len(read_catalogue(tmp_path / "archive").batches) == 5
    return tmp_path / "archive"


def missing(path):
    path.unlink()


def emptied(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def overwritten(path):
    content = bytearray(path.read_bytes())
    content[80:120] = bytes(40)
    path.write_bytes(content)


def foreign(path):
    path.write_text('{"mine": 1}')


def of_one_wrong_digit(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"2018-10-0") + 9] ^= 1
    path.write_bytes(content)


def of_another_batch(path):
    shutil.copy(path.parents[1] / "000003" / path.name, path)


FAULTS = [missing, emptied, cut, overwritten, foreign, of_one_wrong_digit, of_another_batch]


@pytest.mark.parametrize("name", DESCRIPTIONS)
@pytest.mark.parametrize("spoil", FAULTS)
def test_a_description_that_is_damaged_removes_nothing_and_a_repair_gives_the_rows_back(
    archive, feeds, tmp_path, spoil, name
):
    before, files = whole(archive), contents(archive)
    spoil(archive / BATCHES / "000002" / name)
    spoilt = contents(archive)
    new = daily(tmp_path, "20181007")
    for command in (("import", new), ("status",)):
        done = CliRunner().invoke(app, ["events", *map(str, command), "--archive", str(archive)])
        assert done.exit_code == 2
        assert "forecast events repair" in " ".join(done.output.split())
    with pytest.raises(DataError, match=rf"000002/{name}.*Run `forecast events repair --archive {archive}`"):
        read_archive(archive)
    assert contents(archive) == spoilt
    done = CliRunner().invoke(app, ["events", "repair", "--archive", str(archive)])
    assert done.exit_code == 0, done.output
    assert whole(archive) == before
    assert {path: content for path, content in contents(archive).items() if not path.startswith("set-aside/")} == files
    assert {file.became for file in import_files(list(feeds.values()), archive).files} == {"known"}
    assert [file.became for file in import_files(new, archive).files] == ["imported"]
    assert repair_archive(archive).sentence == "There was nothing to repair."


def test_a_batch_without_a_sound_description_is_set_aside_and_imported_again(archive, feeds):
    before, files = whole(archive), contents(archive)
    for name in DESCRIPTIONS:
        cut(archive / BATCHES / "000002" / name)
    with pytest.raises(DataError, match=r"batches/000002\. .*`forecast events repair"):
        read_archive(archive)
    assert repair_archive(archive).set_aside == ("batches/000002",)
    rows = {path: content for path, content in files.items() if "000002" in path and path.endswith(".parquet")}
    assert rows and rows.items() <= contents(archive / "set-aside").items()
    became = [file.became for file in import_files(list(feeds.values()), archive).files]
    assert became.count("imported") == 2
    assert whole(archive) == before


def test_folders_of_someone_else_are_left_alone(tmp_path):
    mine = tmp_path / "a" / BATCHES / "mine" / "mine.parquet"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    new = daily(tmp_path, "20181007")
    with pytest.raises(DataError, match=r"batches/mine\. .*`forecast events repair"):
        import_files(new, tmp_path / "a")
    assert contents(tmp_path / "a") == {f"{BATCHES}/mine/mine.parquet": b"mine"}
    assert repair_archive(tmp_path / "a").set_aside == (f"{BATCHES}/mine",)
    assert contents(tmp_path / "a") == {f"set-aside/{BATCHES}/mine/mine.parquet": b"mine"}
    assert [file.became for file in import_files(new, tmp_path / "a").files] == ["imported"]


@pytest.mark.parametrize("place", ["000001", "."])
def test_a_file_that_no_import_wrote_is_named_and_set_aside(archive, feeds, place):
    before = whole(archive)
    segment = next((archive / BATCHES).rglob("*.parquet"))
    for number in range(2):
        stray = Path(shutil.copy(segment, archive / BATCHES / place / "0123.parquet"))
        for use in (read_archive, lambda archive: import_files(list(feeds.values()), archive)):
            with pytest.raises(DataError, match=r"0123\.parquet.*`forecast events repair"):
                use(archive)
        name = stray.relative_to(archive).as_posix() + (".2" if number else "")
        assert repair_archive(archive).set_aside == (name,)
        assert not stray.exists() and (archive / "set-aside" / name).read_bytes() == segment.read_bytes()
        assert whole(archive) == before


@pytest.mark.parametrize("kind", ["folder", "segment", "batch", "description", "dangling", "fresh"])
def test_nothing_is_read_or_written_through_links(archive, feeds, tmp_path, kind):
    elsewhere = tmp_path / "elsewhere"
    linked = {
        "folder": archive / BATCHES,
        "segment": next((archive / BATCHES).rglob("*.parquet")),
        "batch": archive / BATCHES / "000002",
        "description": archive / BATCHES / "000002" / DESCRIPTIONS[0],
        "dangling": archive / BATCHES / "000001" / "new.parquet",
        "fresh": tmp_path / "new" / BATCHES,
    }[kind]
    if kind == "fresh":
        shutil.copytree(archive / BATCHES, elsewhere)
        archive = linked.parent
        archive.mkdir()
    elif kind != "dangling":
        linked.rename(elsewhere)
    linked.symlink_to(elsewhere)
    before = contents(tmp_path)
    uses = [lambda: import_files(list(feeds.values()), archive), lambda: repair_archive(archive)]
    for use in [*uses, lambda: read_archive(archive)]:
        with pytest.raises(DataError, match=f"{linked} is a link"):
            use()
    assert contents(tmp_path) == before


def test_nothing_is_set_aside_through_a_link(archive, tmp_path):
    stray = archive / BATCHES / "0123.parquet"
    stray.write_bytes(b"mine")
    (tmp_path / "elsewhere").mkdir()
    (archive / "set-aside").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="set-aside is a link"):
        repair_archive(archive)
    assert stray.read_bytes() == b"mine" and not list((tmp_path / "elsewhere").iterdir())


def test_the_folder_of_an_archive_may_be_a_link_itself(archive, feeds, tmp_path):
    before = whole(archive)
    (tmp_path / "link").symlink_to(archive)
    assert {file.became for file in import_files(list(feeds.values()), tmp_path / "link").files} == {"known"}
    assert whole(tmp_path / "link") == before


class Killed(BaseException):
    """Stands for a kill: nothing of the program runs after it."""


def killed(*arguments, **more):
    raise Killed


@pytest.mark.parametrize("moment", ["before the description", "before the new name"])
def test_the_next_import_removes_what_a_killed_one_has_left(archive, feeds, tmp_path, monkeypatch, moment):
    new = daily(tmp_path, "20181007")
    before = whole(archive), contents(archive)
    # What a kill leaves is not cleared on the way out.
    monkeypatch.setattr("forecast.files._remove", lambda folder, release: release())
    if moment == "before the description":
        monkeypatch.setattr(importing, "write_batch", killed)
    else:
        monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(Killed):
        import_files(new, archive)
    monkeypatch.undo()
    left = [path for path in (archive / BATCHES).iterdir() if path.name.startswith(".000006.")]
    assert len(left) == 1 and list(left[0].rglob("*.parquet"))
    assert (whole(archive), contents(archive)) == before and archive_status(archive).unfinished
    assert [file.became for file in import_files(new, archive).files] == ["imported"]
    assert not left[0].exists() and not archive_status(archive).unfinished
    import_files([*feeds.values(), new], tmp_path / "other")
    assert answers(archive) == answers(tmp_path / "other")


def test_a_copy_of_an_archive_made_during_an_import_is_one_without_the_batch(archive, feeds, tmp_path, monkeypatch):
    before, new, really = whole(archive), daily(tmp_path, "20181007"), batches.write_batch

    def copied(*arguments):
        shutil.copytree(archive, tmp_path / "copy")
        return really(*arguments)

    monkeypatch.setattr(importing, "write_batch", copied)
    import_files(new, archive)
    monkeypatch.undo()
    assert whole(tmp_path / "copy") == before and whole(archive) != before
    assert [file.became for file in import_files(new, tmp_path / "copy").files] == ["imported"]
    assert whole(tmp_path / "copy") == whole(archive)


def test_an_import_removes_nothing_but_its_own_unfinished_batch(archive, feeds, tmp_path):
    mine = [archive / BATCHES / ".mine", archive / BATCHES / "000001" / ".mine", archive / ".000006.01234567.partial"]
    for path in mine:
        path.write_text("mine")
    import_files([*feeds.values(), daily(tmp_path, "20181007")], archive)
    assert all(path.read_text() == "mine" for path in mine)


def test_a_repair_names_the_files_whose_rows_are_lost(archive, feeds):
    next((archive / BATCHES).rglob("rows-gdelt-*.parquet")).unlink()
    done = CliRunner().invoke(app, ["events", "repair", "--archive", str(archive)])
    assert done.exit_code == 2 and "Import them again" in done.output and "export.CSV" in done.output
    assert "imported" in {file.became for file in import_files(list(feeds.values()), archive).files}
    read_archive(archive)


def test_a_batch_whose_rows_all_fall_away_is_in_the_archive(tmp_path):
    written(tmp_path / "20181005.export.CSV", [gdelt_row(1, "20181005", source="EUR")])
    for became in ("imported", "known"):
        assert [file.became for file in import_files(tmp_path / "20181005.export.CSV", tmp_path / "a").files] == [
            became
        ]
    assert archive_status(tmp_path / "a").datasets[0].total("filtered") == 1


def test_a_batch_of_a_newer_version_is_left_alone(archive):
    for name in DESCRIPTIONS:
        path = archive / BATCHES / "000002" / name
        content = json.dumps(json.loads(path.read_bytes().partition(b"\n")[2]) | {"form": 2}).encode()
        path.write_bytes(digest(content).encode() + b"\n" + content)
    before = contents(archive)
    for use in (read_archive, repair_archive):
        with pytest.raises(DataError, match=r"a form that this version does not read\. Use a newer version"):
            use(archive)
    assert contents(archive) == before


def test_a_folder_without_an_archive_is_not_repaired(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataError, match="is no archive"):
            repair_archive(folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_an_archive_on_a_disk_that_cannot_be_written_is_read(archive):
    before = whole(archive)
    for path in [archive, *archive.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert whole(archive) == before
    finally:
        for path in [archive, *archive.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_leaves_the_folder_as_it_was(archive):
    read_archive(archive)
    assert {path.name for path in Path(archive).iterdir()} == {BATCHES}
