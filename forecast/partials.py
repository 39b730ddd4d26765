"""Locked folders, and hidden temporary folders that the next run clears if their own run was killed."""

import contextlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout, lock_descriptor

LOCK = ".lock"
"""Name of the lock file in a folder, on systems where the folder itself cannot be locked."""
FOLDERS_OPEN = hasattr(os, "O_DIRECTORY")
"""Whether a folder can be opened, and so locked, like a file; on Windows it cannot."""
PARTIAL_LENGTH = len("..12345678.partial")
"""By how many characters a hidden name is longer than that of its target."""
POLL = 0.01
"""Seconds between two attempts to get a lock."""
_own: set[Path] = set()
swapping = threading.Lock()
"""Held while finished work is put in place: what is being swapped is not abandoned."""


@contextlib.contextmanager
def partial_folder(target: Path) -> Iterator[Path]:
    """Make a hidden folder beside a target, and remove it in the end, whatever happens.

    It is locked as long as this process lives. Folders of the same target that nobody holds were left by runs that
    have been killed; they are removed first.
    """
    clear_leftovers(target)
    folder, release = _claim(target)
    try:
        yield folder
    finally:
        _remove(folder, release)


def abandon(patience: float) -> None:
    """Remove all unfinished work of this process, which is about to end.

    A swap that is going on is waited for, and none begins afterwards.
    """
    if swapping.acquire(timeout=patience):  # and never released
        for folder in tuple(_own):
            shutil.rmtree(folder, ignore_errors=True)


def clear_leftovers(target: Path) -> None:
    """Remove the partial folders of a target that were left by runs that have been killed."""
    leftover = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.partial")
    with contextlib.suppress(OSError):
        for path in [path for path in target.parent.iterdir() if leftover.fullmatch(path.name)]:
            _remove_unless_held(path)


def lock_folder(folder: Path, *, wait: bool = False) -> Callable[[], None] | None:
    """Lock a folder until the process ends or calls the function returned; None if another run holds the lock.

    On a disk without locks nothing is kept out, and None is returned as well.
    """
    if not FOLDERS_OPEN:
        lock = FileLock(folder / LOCK, thread_local=False, poll_interval=POLL)
        try:
            lock.acquire(blocking=wait)
        except Timeout:
            return None
        return lock.release
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        held = lock_descriptor(descriptor, blocking=wait, poll_interval=POLL)
    except OSError:
        held = False
    except BaseException:  # an interrupt while it waits
        os.close(descriptor)
        raise
    if held:
        return lambda: os.close(descriptor)
    os.close(descriptor)
    return None


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait for the lock of a folder and hold it."""
    release = lock_folder(folder, wait=True)
    try:
        yield
    finally:
        if release is not None:
            release()


def _claim(target: Path) -> tuple[Path, Callable[[], None] | None]:
    while True:
        folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        _own.add(folder)  # before it is there: an interrupt may come at any moment
        folder.mkdir()
        try:
            release = lock_folder(folder, wait=True)
        except FileNotFoundError:  # another run took it for a leftover before it was locked
            continue
        if folder.exists():
            return folder, release
        if release is not None:
            release()


def _remove_unless_held(folder: Path) -> None:
    with contextlib.suppress(OSError):
        if (release := lock_folder(folder)) is not None:
            _remove(folder, release)


def _remove(folder: Path, release: Callable[[], None] | None) -> None:
    """Remove a folder before its lock is released; a lock file that Windows keeps until then goes afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    _own.discard(folder)
    if release is not None:
        release()
    if not FOLDERS_OPEN:
        shutil.rmtree(folder, ignore_errors=True)
