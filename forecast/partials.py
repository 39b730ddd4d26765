"""Unfinished work: hidden folders, locked by their run, and cleared by the next one if that was killed."""

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

PARTIAL_LENGTH = len("..12345678.partial")
"""By how many characters a hidden name is longer than that of its target."""
_own: set[Path] = set()
swapping = threading.Lock()
"""Held while finished work is put in place: what is being swapped is not abandoned."""


@contextlib.contextmanager
def partial_folder(target: Path) -> Iterator[Path]:
    """Make a hidden folder beside a target, and remove it in the end, whatever happens.

    It is locked as long as this process lives. Folders of the same target that nobody holds were left by runs that
    have been killed; they are removed first.

    Parameters
    ----------
    target : pathlib.Path
        What is being made, such as ``report``; its folder must exist.

    Yields
    ------
    pathlib.Path
        A folder ``.report.1a2b3c4d.partial``.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    clear_leftovers(target)
    folder, lock = _claim(target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _own.discard(folder)
        os.close(lock)


def abandon(patience: float) -> None:
    """Remove all unfinished work of this process, which is about to end.

    A swap that is going on is waited for, and none begins afterwards.

    Parameters
    ----------
    patience : float
        Seconds to wait; what is still being swapped then is left to the next run.
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


def lock_folder(folder: Path, *, wait: bool = False) -> int | None:
    """Lock a folder, and return the descriptor whose closing unlocks it; None if another run holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _claim(target: Path) -> tuple[Path, int]:
    while True:
        folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        _own.add(folder)  # before it is there: an interrupt may come at any moment
        folder.mkdir()
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # somebody took it for a leftover before it was locked
            continue
        # A disk without locks: nobody clears there either.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)


def _remove_unless_held(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lock = lock_folder(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
