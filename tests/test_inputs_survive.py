"""No command destroys what it reads, by whatever name it is told to write there, nor anything of
somebody else.
"""

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from forecast.base import files
from forecast.base.errors import OutputError, OutputPathError
from forecast.base.resources import data_folder
from forecast.cli import app
from forecast.data.events import read_table, write_rejects
from forecast.report.folder import REPORT, TESTS, chosen_folder, require_report_folder
from tests.systems import posix

pytestmark = posix

MAPPING = "dataset: mine\ncolumns: {date: day, source: from, target: to, cameo: code}\n"
ROWS = "day,from,to,code\n2024-05-15,USA,CHN,010\n2024-05-15,USA,[CHN],010\n"
REPORTS = Path(__file__).parents[1] / "reports"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(ROWS)
    (tmp_path / "mine.yaml").write_text(MAPPING)
    return tmp_path


def hard_link(path: Path) -> Path:
    other = path.with_name("hard")
    os.link(path, other)
    return other


def symlink(path: Path) -> Path:
    other = path.with_name("soft")
    other.symlink_to(path.name)
    return other


def folder_link(path: Path) -> Path:
    other = path.parent / "around"
    other.symlink_to(path.parent)
    return other / path.name


WAYS: dict[str, Callable[[Path], Path]] = {
    "itself": lambda path: path,
    "relative": lambda path: Path(path.name),
    "dotted": lambda path: Path(".", "..", path.parent.name, path.name),
    "hard link": hard_link,
    "symlink": symlink,
    "by a linked folder": folder_link,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("read", ["mine.csv", "mine.yaml"])
def test_rejects_never_go_where_a_table_or_its_mapping_is(mine: Path, way: str, read: str) -> None:
    before = {name: (mine / name).read_bytes() for name in ("mine.csv", "mine.yaml")}
    result = run(
        "events", "check", "mine.csv", "--mapping", "mine.yaml", "--rejects", WAYS[way](mine / read)
    )
    assert result.exit_code == 2, result.output
    assert "would be destroyed" in result.output
    assert {name: (mine / name).read_bytes() for name in before} == before


def test_rejects_never_go_into_a_chronology_that_is_read(tmp_path: Path) -> None:
    for path in (data_folder() / "chronology").glob("USA-*.csv"):
        shutil.copy(path, tmp_path)
    before = (tmp_path / "USA-CHN.csv").read_bytes()
    assert run("events", "check", tmp_path, "--rejects", tmp_path / "USA-CHN.csv").exit_code == 2
    assert (tmp_path / "USA-CHN.csv").read_bytes() == before
    for name in ("chronology/USA-CHN.csv", "eras.csv", "codebook/cameo.csv"):
        before = (data_folder() / name).read_bytes()
        assert run("events", "check", "--rejects", data_folder() / name).exit_code == 2
        assert (data_folder() / name).read_bytes() == before


def test_from_python_too(mine: Path) -> None:
    table = read_table("mine.csv", "mine.yaml")
    shutil.copy("mine.csv", "copy.csv")
    for path in ("mine.csv", "copy.csv", symlink(mine / "mine.csv"), hard_link(mine / "mine.csv")):
        with pytest.raises(OutputPathError, match="would be destroyed"):
            write_rejects(table, path)
    assert (mine / "mine.csv").read_text() == ROWS
    for _ in range(2):
        write_rejects(table, "rejects.csv")


@pytest.mark.parametrize(
    "content", [b"", b"years of work\n", b"\xff\xfe", b"file,line,reason\n", b"x" * 5000]
)
def test_only_rejects_are_replaced_by_rejects(mine: Path, content: bytes) -> None:
    Path("work.csv").write_bytes(content)
    result = run("events", "check", "mine.csv", "--mapping", "mine.yaml", "--rejects", "work.csv")
    assert result.exit_code == 2 and "would be destroyed" in result.stderr
    assert Path("work.csv").read_bytes() == content


def test_rejects_of_the_embedded_data_replace_no_more_than_those_of_others(mine: Path) -> None:
    Path("work.csv").write_bytes(b"years of work\n")
    result = run("events", "check", "--rejects", "work.csv")
    assert result.exit_code == 2 and "would be destroyed" in result.stderr
    assert Path("work.csv").read_bytes() == b"years of work\n"


def test_what_is_no_ordinary_file_is_left_alone(mine: Path) -> None:
    os.mkfifo("pipe")
    Path("device").symlink_to("/dev/null")
    Path("loop").symlink_to("loop")
    Path("folder").mkdir()
    for name in (
        "pipe",
        "device",
        "loop",
        "folder",
        "/dev/null",
        "/dev/full",
        "/dev/stdout",
        "/proc/self/mem",
    ):
        with pytest.raises(OutputPathError):
            files.write_text(name, "text")
        result = run("events", "check", "mine.csv", "--mapping", "mine.yaml", "--rejects", name)
        assert result.exit_code == 2, name
    assert Path("pipe").is_fifo() and Path("device").is_symlink() and Path("loop").is_symlink()
    assert Path("/dev/null").is_char_device() and Path("/dev/stdout").is_symlink()


def test_a_link_is_written_through(mine: Path) -> None:
    files.write_text("real.txt", "old")
    Path("link.txt").symlink_to("real.txt")
    files.write_text("link.txt", "new")
    assert Path("link.txt").is_symlink() and Path("real.txt").read_text() == "new"


# Folders of reports

NAMES = {
    REPORT: (
        "index.html",
        "forecast.json",
        "levels.csv",
        "share.svg",
        "pendulum.svg",
        "summary.md",
        "export",
        "rejects.csv",
        "fit.zarr",
        "fit.nc",
    ),
    TESTS: ("index.html", "tests.json", "tests.csv", "S5b.svg"),
}
CASES = [(pattern, name) for pattern, names in NAMES.items() for name in names]


def stranger(kind: str, path: Path) -> None:
    if kind == "folder":
        path.mkdir()
        (path / "thesis.txt").write_text("years of work")
    elif kind == "empty folder":
        path.mkdir()
    elif kind == "link":
        path.with_name("thesis.txt").write_text("years of work")
        path.symlink_to("thesis.txt")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("years of work")


@pytest.mark.parametrize(("pattern", "name"), CASES)
@pytest.mark.parametrize("kind", ["file", "folder", "link", "pipe"])
@pytest.mark.parametrize("report", [False, True])
def test_what_is_not_of_a_report_is_never_replaced(
    tmp_path: Path, pattern: str, name: str, kind: str, report: bool
) -> None:
    if report:
        shutil.copytree(
            REPORTS / ("hypotheses" if pattern == TESTS else "usa-chn-2026-05-31"), tmp_path / "out"
        )
        require_report_folder(tmp_path / "out", pattern)
        (tmp_path / "out" / name).unlink(missing_ok=True)
        if (
            name == "index.html"
        ):  # next to its numbers the page of an earlier version is known by them
            for numbers in ("forecast.json", "tests.json"):
                (tmp_path / "out" / numbers).unlink(missing_ok=True)
    else:
        (tmp_path / "out").mkdir()
    stranger(kind, tmp_path / "out" / name)
    with pytest.raises(OutputPathError, match="would be replaced"):
        require_report_folder(tmp_path / "out", pattern)


def test_a_report_may_be_written_again_and_with_other_files(tmp_path: Path) -> None:
    for source, pattern in (
        ("usa-chn-2026-05-31", REPORT),
        ("usa-chn-2023-10-31", REPORT),
        ("hypotheses", TESTS),
    ):
        out = shutil.copytree(REPORTS / source, tmp_path / source)
        (out / "notes.txt").write_text("mine")
        require_report_folder(out, pattern)
    require_report_folder(tmp_path / "new" / "folder", REPORT)
    (tmp_path / "empty").mkdir()
    require_report_folder(tmp_path / "empty", REPORT)


def test_an_earlier_report_is_replaced_only_if_that_is_said(tmp_path: Path) -> None:
    """A folder that is named may hold the report of another day.

    Nobody would know until it is gone.
    """
    out = shutil.copytree(REPORTS / "usa-chn-2023-10-31", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for arguments in (["USA-CHN"], ["USA-CHN", "--as-of", "2026-05-31"], ["IND-PAK", "--alone"]):
        result = run("report", "--out", out, *arguments)
        assert result.exit_code == 2
        words = " ".join(result.output.split())
        assert (
            "holds a report on USA-CHN as of 2023-10-31 already" in words and "--replace" in words
        )
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    require_report_folder(out, REPORT, replace=True)
    (out / "forecast.json").unlink()
    with pytest.raises(OutputPathError, match="holds a report already"):
        require_report_folder(out, REPORT, replace=False)
    require_report_folder(tmp_path / "new", REPORT, replace=False)


def test_folders_with_the_date_never_meet(tmp_path: Path) -> None:
    parent = tmp_path / "deep" / "report"
    names = []
    for _ in range(3):
        with chosen_folder(None, parent, "USA-CHN", date(2026, 5, 31)) as folder:
            files.write_text(folder / "index.html", str(len(names)))
        names.append(folder.name)
    assert names == ["USA-CHN-2026-05-31", "USA-CHN-2026-05-31-2", "USA-CHN-2026-05-31-3"]
    assert [(parent / name / "index.html").read_text() for name in names] == ["0", "1", "2"]
    with (
        pytest.raises(KeyboardInterrupt),
        chosen_folder(None, parent, "USA-CHN", date(2026, 6, 30)),
    ):
        raise KeyboardInterrupt
    assert not (parent / "USA-CHN-2026-06-30").exists()
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(OutputError),
        chosen_folder(None, tmp_path / "file", "USA-CHN", date(2026, 5, 31)),
    ):
        pass


@pytest.mark.parametrize("command", ["report", "test"])
def test_a_command_says_so_before_it_reads_anything(tmp_path: Path, command: str) -> None:
    (tmp_path / "index.html").write_text("years of work")
    result = run(command, "USA-CHN", "--out", tmp_path, "--events", tmp_path / "not there")
    assert result.exit_code == 2
    assert "not of a report and would be replaced" in result.output
    assert (tmp_path / "index.html").read_text() == "years of work"


# Places that cannot be written


@pytest.mark.parametrize(
    "out",
    [
        "",
        "loop",
        "loop/inside",
        "a\nb",
        "a\x1b[2Jb",
        "a\u202eb",
        "x" * 300,
        "x" * 250,
        "file",
        "file/inside",
        "/dev/null",
        "/proc/nothing",
        "/dev/full/report",
    ],
)
@pytest.mark.parametrize("command", ["report", "test"])
def test_a_place_that_cannot_be_written_is_rejected_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    Path("file").write_text("in the way")
    result = run(command, "USA-CHN", "--out", out, "--events", "not there")
    assert result.exit_code == 2, result.output
    assert "--out" in result.output or "cannot be written" in result.output
    assert not {"\x1b", "\u202e"} & set(result.output)
    assert {path.name for path in tmp_path.iterdir()} == {"loop", "file"}
