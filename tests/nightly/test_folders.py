"""A folder is put in place whole, whatever happens to the one who does it."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecast.base import files, folders, unfinished
from forecast.base.exchange import exchange

if sys.platform == "win32":
    pytest.skip("needs signals, forks and links, as POSIX has them", allow_module_level=True)

KILLED = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "forecast.base.exchange",
    "shutil.move",
}
"""Audited before they happen: a kill at each of them is a kill between any two of them."""

KILLS = [
    signal.SIGKILL,
    *(pytest.param(kill, marks=pytest.mark.nightly) for kill in (signal.SIGTERM, signal.SIGINT)),
]


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_folder_appears_with_all_its_content(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "new"
    with folders.atomic_folder(target) as folder:
        files.write_text(folder / "index.html", "page")
        files.write_text(folder / "fit" / "part", "draws")
        assert not target.exists()
    assert names(tmp_path) == {"reports", "reports/new"} | {
        f"reports/new/{name}" for name in ("index.html", "fit", "fit/part")
    }


def test_a_folder_written_again_keeps_only_what_is_foreign(tmp_path: Path) -> None:
    for word in ("old", "new"):
        with folders.atomic_folder(tmp_path / "report") as folder:
            files.write_text(folder / "index.html", word)
            files.write_text(folder / "fit" / f"{word} part", word)
        files.write_text(tmp_path / "report" / "notes.txt", "mine")
    assert names(tmp_path / "report") == {"index.html", "fit", "fit/new part", "notes.txt"}
    assert (tmp_path / "report" / "index.html").read_text() == "new"


@pytest.mark.parametrize("accident", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [True, False])
def test_an_accident_changes_nothing(
    tmp_path: Path, accident: type[BaseException], before: bool
) -> None:
    target = tmp_path / "report"
    if before:
        files.write_text(target / "index.html", "old")
    with pytest.raises(accident), folders.atomic_folder(target) as folder:
        files.write_text(folder / "index.html", "new")
        raise accident
    assert names(tmp_path) == ({"report", "report/index.html"} if before else set())
    assert not before or (target / "index.html").read_text() == "old"


def test_where_files_are_moved_one_by_one_the_entrance_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "somebody's own folder").mkdir()
    files.write_text(tmp_path / "index.html", "old")
    with folders.atomic_folder(tmp_path) as folder:
        for name in ("index.html", "levels.csv", "forecast.json", "a.txt", "z.txt"):
            files.write_text(folder / name, "new")
        moved = []
        replace = Path.replace
        monkeypatch.setattr(
            Path, "replace", lambda path, to: (moved.append(path.name), replace(path, to))[1]
        )
    assert moved == ["a.txt", "levels.csv", "z.txt", "forecast.json", "index.html"]


def test_the_working_folder_stays_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in ("old", "new"):
        write_report(Path(), word)
        assert seen(Path.cwd()) == word and Path.cwd() == tmp_path


def test_what_is_carried_over_is_the_same_file(tmp_path: Path) -> None:
    out = tmp_path / "report"
    write_report(out, "old")
    out.chmod(0o750)
    files.write_text(out / "notes.txt", "mine")
    (out / "link").symlink_to("notes.txt")
    before = (out / "notes.txt").stat()
    write_report(out, "new")
    assert os.path.samestat(before, (out / "notes.txt").stat())
    assert (out / "link").readlink() == Path("notes.txt")
    assert out.stat().st_mode & 0o777 == 0o750


def test_what_is_saved_in_the_old_folder_during_the_swap_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report"
    write_report(out, "old")
    files.write_text(out / "notes.txt", "first thought")

    def late(one: Path, other: Path) -> None:
        files.write_text(out / "notes.txt", "second thought")
        files.write_text(out / "more.txt", "third")
        exchange(one, other)

    monkeypatch.setattr(folders, "exchange", late)
    write_report(out, "new")
    assert (out / "notes.txt").read_text() == "second thought"
    assert (out / "more.txt").read_text() == "third"


@pytest.mark.parametrize("exchanged", [True, False])
def test_a_folder_replaced_whole_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanged: bool
) -> None:
    if not exchanged:
        monkeypatch.setattr(folders, "exchange", unable)
    for word in ("old", "new"):
        with unfinished.partial_folder(tmp_path / "fit") as partial:
            files.write_text(partial / "fit" / word, word)
            folders.replace_folder(partial / "fit", tmp_path / "fit")
    assert names(tmp_path) == {"fit", "fit/new"}


def test_leftovers_are_cleared_but_not_those_of_a_run_at_work(tmp_path: Path) -> None:
    target = tmp_path / "report"
    (tmp_path / ".report.0123abcd.partial").mkdir()
    (tmp_path / ".report.0123abcd.partial" / "index.html").write_text("half")
    (tmp_path / ".another.89abcdef.partial").mkdir()
    (tmp_path / ".report.of mine.partial").mkdir()
    with unfinished.partial_folder(target) as first, unfinished.partial_folder(target) as second:
        assert first.exists() and second.exists()
    assert names(tmp_path) == {".report.of mine.partial"}


def test_two_writers_leave_one_whole_report(tmp_path: Path) -> None:
    out = tmp_path / "report"
    children = []
    for number in range(4):
        if (child := os.fork()) == 0:
            try:
                for turn in range(8):
                    write_report(out, f"{number} {turn}")
            finally:
                os._exit(sys.exc_info()[0] is not None)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)
    assert seen(out)
    assert names(tmp_path) == {"report"} | {f"report/{name}" for name in names(out)}


# Kills at every step


def unable(one: Path, other: Path) -> None:
    raise OSError("this disk cannot exchange two names")


def write_report(out: Path, word: str) -> None:
    """Write a report all of whose files say `word`, and whose fit has a file of that name."""
    with folders.atomic_folder(out, subfolders=["fit.zarr"]) as new:
        (new / "fit.zarr").mkdir()
        for name in ("index.html", "levels.csv", f"fit.zarr/{word}"):
            (new / name).write_text(word)


def seen(out: Path) -> str:
    """Return which report a reader finds, all of whose files must say so."""
    found = {
        path: path.read_text()
        for path in out.rglob("*")
        if path.is_file() and path.name != "notes.txt"
    }
    assert len(set(found.values())) == 1, f"a mixture: {found}"
    word = found[out / "index.html"]
    assert {"index.html", "levels.csv", "fit.zarr", f"fit.zarr/{word}"} <= names(out)
    return word


def killed_at(step: int, work: Callable[[], None], kill: signal.Signals) -> bool:
    """Do the work in a process that is killed before its n-th step on the disk; whether it was."""
    child = os.fork()
    if child == 0:
        steps = 0

        def watch(event: str, _: object) -> None:
            nonlocal steps
            if event in KILLED:
                steps += 1
                if steps == step:
                    os.kill(os.getpid(), kill)

        try:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            sys.addaudithook(watch)
            work()
        except BaseException:
            unfinished.abandon(patience=1.0)  # as the command does at its end
            os._exit(3)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def every_kill(make: Callable[[int], Callable[[], None]], kill: signal.Signals) -> Iterator[int]:
    """Do fresh work again and again, killed one step later each time, until it gets through."""
    for step in range(1, 500):
        if not killed_at(step, make(step), kill):
            assert step > 5, "hardly anything was killed"
            return
        yield step
    raise AssertionError("never got through")


@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("before", [True, False])
def test_a_kill_between_any_two_steps_leaves_the_old_report_or_the_new_one(
    tmp_path: Path, kill: signal.Signals, before: bool
) -> None:
    def make(step: int) -> Callable[[], None]:
        out = tmp_path / str(step) / "report"
        out.parent.mkdir()
        if before:
            write_report(out, "old")
            files.write_text(out / "notes.txt", "mine")
        return lambda: write_report(out, "new")

    found = set()
    for step in every_kill(make, kill):
        out = tmp_path / str(step) / "report"
        found.add(seen(out) if out.exists() else "nothing")
        if before:
            assert (out / "notes.txt").read_text() == "mine"
        if kill != signal.SIGKILL:
            assert {path.name for path in out.parent.iterdir()} <= {"report"}, (
                "what unwinds leaves nothing"
            )
        write_report(out, "newest")
        assert seen(out) == "newest"
        assert {path.name for path in out.parent.iterdir()} == {"report"}, (
            "what a killed run left is cleared"
        )
        assert not [name for name in names(out) if "partial" in name]
    assert found == {"old" if before else "nothing", "new"}


@pytest.mark.parametrize("kill", KILLS)
def test_where_files_are_moved_one_by_one_the_next_run_makes_it_whole(
    tmp_path: Path, kill: signal.Signals
) -> None:
    def make(step: int) -> Callable[[], None]:
        out = tmp_path / str(step) / "report"
        write_report(out, "old")
        files.write_text(out / "my folder" / "notes.txt", "mine")
        return lambda: write_report(out, "new")

    found = set()
    for step in every_kill(make, kill):
        out = tmp_path / str(step) / "report"
        if kill != signal.SIGKILL:
            found.add(seen(out))
        with pytest.raises(ZeroDivisionError), folders.atomic_folder(out):
            raise ZeroDivisionError
        found.add(seen(out))
        assert (out / "my folder" / "notes.txt").read_text() == "mine"
        assert not [name for name in names(out.parent) if "partial" in name or "ready" in name]
    assert found == {"old", "new"}


@pytest.mark.parametrize("kill", KILLS)
def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path: Path, kill: signal.Signals) -> None:
    def make(step: int) -> Callable[[], None]:
        path = tmp_path / str(step) / "table.csv"
        files.write_text(path, "old")
        return lambda: files.write_text(path, "new")

    found = set()
    for step in range(1, 20):
        if not killed_at(step, make(step), kill):
            break
        path = tmp_path / str(step) / "table.csv"
        found.add(path.read_text())
        files.write_text(path, "newest")
        assert {each.name for each in path.parent.iterdir()} == {"table.csv"}
    assert found == {"old", "new"}
