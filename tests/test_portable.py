"""Nothing of the package needs a module that only POSIX systems have, and where folders cannot be
locked files are.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from forecast.base import files, folders, locks, unfinished
from forecast.base.errors import OutputError

IMPORTS = """
import builtins, importlib, os, pathlib, pkgutil, sys

POSIX = {"fcntl", "pwd", "grp", "resource", "termios", "pty", "syslog", "posix"}
gone = ("O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "pread", "chown", "fork", "geteuid")
there = {name: os.__dict__.pop(name) for name in gone}
real = builtins.__import__

def without(name, given=None, *rest):
    own = (given or {}).get("__name__", "").startswith("forecast")
    if own and name.partition(".")[0] in POSIX:
        raise ImportError(f"{name} is not on Windows")
    return real(name, given, *rest)

builtins.__import__ = without
import forecast
modules = [one.name for one in pkgutil.walk_packages(forecast.__path__, "forecast.")]
for name in modules:
    if not name.endswith("__main__"):
        try:
            importlib.import_module(name)
        except Exception as error:
            raise SystemExit(f"{name}: {error!r}")
print(len(modules))

from forecast.base.files import write_bytes
from forecast.base.reading import open_ordinary
from forecast.base.journal import append_lines, read_journal
from forecast.base.folders import atomic_folder
os.O_NONBLOCK = there["O_NONBLOCK"]  # filelock needs it here, as it is not on Windows
folder = pathlib.Path(sys.argv[1])
write_bytes(folder / "a.txt", b"text", durable=True)
assert open_ordinary(folder / "a.txt", 10).read() == b"text"
for word in (b"old", b"new"):
    append_lines(folder / "log", lambda journal: (word,))
    with atomic_folder(folder / "report") as new:
        write_bytes(new / "index.html", word)
assert read_journal(folder / "log").lines == (b"old", b"new")
assert (folder / "report" / "index.html").read_bytes() == b"new"
"""


def test_every_module_is_imported_and_files_are_written_without_what_only_posix_has(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    package = Path(files.__file__).parents[1]
    assert (
        int(done.stdout) == len([*package.rglob("*.py")]) - 1
    )  # the package itself is imported first


HOLDING = """
import pathlib, sys, time
from forecast.base import files, locks, unfinished
locks.FOLDERS_OPEN = False
release = locks.lock_folder(pathlib.Path(sys.argv[1]))
print(".", end="", flush=True)
time.sleep(60)
"""


@pytest.fixture
def without_open_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "FOLDERS_OPEN", False)


@pytest.mark.usefixtures("without_open_folders")
def test_a_lock_file_keeps_another_run_out_until_the_first_ends(tmp_path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert held.stdout is not None and held.stdout.read(1) == b"."
        assert locks.lock_folder(tmp_path) is None
    finally:
        held.kill()
        held.communicate()
    release = locks.lock_folder(tmp_path, wait=True)
    assert release is not None
    release()


@pytest.mark.usefixtures("without_open_folders")
def test_hidden_folders_are_cleared_unless_they_are_held(tmp_path: Path) -> None:
    (tmp_path / ".report.0123abcd.partial").mkdir()
    with (
        unfinished.partial_folder(tmp_path / "report") as first,
        unfinished.partial_folder(tmp_path / "report") as second,
    ):
        assert first.exists() and second.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("without_open_folders")
def test_reports_are_written_with_lock_files(tmp_path: Path) -> None:
    for word in ("old", "new"):
        with folders.atomic_folder(tmp_path / "report") as folder:
            files.write_text(folder / "index.html", word)
    assert (tmp_path / "report" / "index.html").read_text() == "new"
    assert {path.name for path in tmp_path.iterdir()} <= {"report", locks.LOCK}


def test_a_link_in_place_of_a_lock_file_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "FOLDERS_OPEN", False)
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / locks.LOCK).symlink_to(tmp_path / "mine.txt")
    with pytest.raises((OSError, OutputError)):
        locks.lock_folder(tmp_path / "a")
    assert (tmp_path / "mine.txt").read_text() == "mine"
