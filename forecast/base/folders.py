"""Atomic replacement of folders: readers see either the old version or the new one.

Where the system can exchange two names, the new folder is completed next to the old one, including
old files that are not rewritten, and the two are swapped in one step. Elsewhere (a mount point, a
folder in use, foreign folders inside) files are moved one by one, entry pages last; if the run is
killed, the next run moves the rest.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from forecast.base.durable import make_folders, sync_folder, sync_tree
from forecast.base.exchange import exchange
from forecast.base.file_faults import writing
from forecast.base.files import check_writable
from forecast.base.locks import locked
from forecast.base.unfinished import clear_leftovers, partial_folder, swapping

_READY = re.compile(r"\.swap\.[0-9a-f]{8}\.ready")


@contextlib.contextmanager
def atomic_folder(folder: str | Path, subfolders: Collection[str] = ()) -> Iterator[Path]:
    """Fill a folder all at once, when everything that goes into it is ready.

    Yields an empty folder of a hidden name, whose content is put in place when the block ends well.
    Files that are in `folder` already and not written again stay. On an error or interrupt nothing
    has changed.
    """
    folder = Path(folder)
    check_writable(folder)
    target = folder.resolve()
    with contextlib.ExitStack() as stack:
        with writing(folder):
            finish_moves(target)
            make_folders(target.parent)
            new = _partial_next_to(target, stack) / "new"
            new.mkdir()
        yield new
        with writing(folder):
            put_in_place(new, target, subfolders)
            stack.close()


def put_in_place(new: Path, target: Path, subfolders: Collection[str] = ()) -> None:
    """Put a finished folder where it is to be.

    What is replaced ends up where the new one was made.
    """
    sync_tree(new)  # before its name is: after a power cut it is old or new as a whole, too
    with swapping, locked(target.parent):  # no other run puts anything in place there
        if not os.path.lexists(target):
            new.rename(target)
            sync_folder(target.parent)
            return
        written = _names(new)
        try:
            _require_exchangeable(target, written.union(subfolders))
            for name in _names(target) - written:
                _link(target / name, new / name)
            _copy_rights(target, new)
            exchange(new, target)
        except OSError:
            for name in _names(new) - written:
                _remove(new / name)
            _move_in(new, target)
        else:
            sync_folder(target.parent)
            _bring_back(new, target, written)


def replace_folder(new: Path, target: Path) -> None:
    """Put a finished folder in the place of another.

    Where names cannot be exchanged, for a moment there is neither.
    """
    sync_tree(new)
    with swapping, locked(target.parent):  # no other run puts anything in place there
        if not os.path.lexists(target):
            new.rename(target)
            sync_folder(target.parent)
            return
        try:
            exchange(new, target)
        except OSError:
            former = new.with_name("former")
            target.rename(former)
            try:
                new.rename(target)
            except BaseException:
                former.rename(target)
                raise
        sync_folder(target.parent)


def finish_moves(folder: Path) -> None:
    """Move in what a run has left that was killed while it moved files into a folder."""
    if not folder.is_dir():
        return
    clear_leftovers(folder)
    if not any(map(_READY.fullmatch, _names(folder))):
        return
    with locked(folder):  # no other run moves the same files
        for name in filter(_READY.fullmatch, _names(folder)):
            _move_all(folder / name, folder)


def _require_exchangeable(folder: Path, subfolders: Collection[str]) -> None:
    """Raise OSError if a folder is more than a set of files.

    Such a folder would be missed if another took its place.
    """
    if folder.samefile("."):
        raise OSError("the working folder: processes in it would be left in the old one")
    folders = [path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    if not set(folders) <= set(subfolders):
        raise OSError("one of its folders may be somebody's working folder")


def _link(source: Path, target: Path) -> None:
    """Make a file, or each file of a folder, appear under a second name."""
    if source.is_dir() and not source.is_symlink():
        target.mkdir()
        for name in _names(source):
            _link(source / name, target / name)
        _copy_rights(source, target)
    else:
        os.link(source, target, follow_symlinks=False)


def _copy_rights(source: Path, target: Path) -> None:
    status = source.stat()
    with contextlib.suppress(
        OSError, AttributeError
    ):  # only root may give files away; impossible on Windows
        os.chown(target, status.st_uid, status.st_gid)
    shutil.copymode(source, target)


def _bring_back(old: Path, folder: Path, written: Collection[str]) -> None:
    """Move what somebody saved in the old folder into the new one.

    It was saved between the linking and the exchange.
    """
    for path in old.rglob("*"):
        target = folder / path.relative_to(old)
        if path.relative_to(old).parts[0] in written or (path.is_dir() and not path.is_symlink()):
            continue
        if not (os.path.lexists(target) and os.path.samestat(path.lstat(), target.lstat())):
            path.replace(target)


def _move_in(new: Path, folder: Path) -> None:
    try:
        with partial_folder(folder / "swap") as partial:
            shutil.move(new, partial / "new")  # to the disk that is mounted there
            (partial / "new").rename(partial.with_suffix(".ready"))
        finish_moves(folder)
    except BaseException:  # what is ready is moved in, even if interrupted
        finish_moves(folder)
        raise


def _move_all(ready: Path, folder: Path) -> None:
    with partial_folder(folder / "swap") as replaced:
        # What readers open first is moved last, so that it never refers to missing files.
        for path in sorted(
            ready.iterdir(), key=lambda path: (path.suffix == ".html", path.suffix == ".json", path)
        ):
            target = folder / path.name
            if os.path.lexists(target) and (
                path.is_dir() or (target.is_dir() and not target.is_symlink())
            ):
                target.rename(replaced / path.name)
            path.replace(target)
        sync_folder(folder)
        ready.rmdir()


def _partial_next_to(folder: Path, stack: contextlib.ExitStack) -> Path:
    """Make a partial folder next to a folder, until the stack is closed.

    It is made inside the folder if there alone one may write.
    """
    try:
        return stack.enter_context(partial_folder(folder))
    except OSError:
        if not folder.is_dir():
            raise
        return stack.enter_context(partial_folder(folder / "swap"))


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
