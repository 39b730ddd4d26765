"""Hidden folders of unfinished work.

They are locked while a run lives, and removed by the next run if it was killed.
"""

import contextlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from forecast.base import locks
from forecast.base.locks import lock_folder

PARTIAL_LENGTH = len("..12345678.partial")
"""By how many characters a hidden name is longer than that of its target."""

PARTIAL = re.compile(r"\.([^/\\]+)\.[0-9a-f]{8}\.partial")
"""Name of a partial folder."""

_claimed: set[Path] = set()

swapping = threading.Lock()
"""Held while finished work is put in place: what is being swapped is not abandoned."""


@contextlib.contextmanager
def partial_folder(target: Path) -> Iterator[Path]:
    """Make a hidden folder next to a target, and remove it in the end, whatever happens."""
    # It is locked as long as this process lives. Those next to it that no process locks were left
    # by runs that have been killed; they are removed first.
    clear_leftovers(target.parent)
    folder, release = _claim(target)
    try:
        yield folder
    finally:
        reason = _remove(folder, release)
    if os.path.lexists(folder):  # it would become part of a folder around it
        if reason is None:
            folder.rmdir()  # which says why it stays
        else:
            raise OSError(reason.errno, reason.strerror, str(folder)) from reason


def abandon(patience: float) -> None:
    """Remove all unfinished work of this process, which is about to end.

    A swap that is going on is waited for.
    """
    if swapping.acquire(timeout=patience):  # and never released
        for folder in tuple(_claimed):
            shutil.rmtree(folder, ignore_errors=True)


def clear_leftovers(folder: Path) -> None:
    """Remove the partial folders in a folder that were left by runs that have been killed."""
    with contextlib.suppress(OSError):
        for path in [path for path in folder.iterdir() if PARTIAL.fullmatch(path.name)]:
            with contextlib.suppress(OSError):
                if (release := lock_folder(path)) is not None:
                    _remove(path, release)


def _claim(target: Path) -> tuple[Path, Callable[[], None] | None]:
    while True:
        folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        _claimed.add(folder)  # before it is there: an interrupt may come at any moment
        folder.mkdir()
        try:
            release = lock_folder(folder, wait=True)
        except FileNotFoundError:  # another run took it for a leftover before it was locked
            continue
        except BaseException:
            _remove(folder, None)
            raise
        if folder.exists():
            return folder, release
        if release is not None:
            release()


def _remove(folder: Path, release: Callable[[], None] | None) -> OSError | None:
    """Remove a folder before its lock is released.

    The first reason why something of it stays is returned.
    """
    reasons: list[BaseException] = []
    try:
        with contextlib.suppress(OSError):
            folder.rmdir()  # an empty one goes even where no more files can be opened
        shutil.rmtree(folder, onexc=lambda _, __, error: reasons.append(error))
        _claimed.discard(folder)  # if this is interrupted, `abandon` does the rest
    finally:
        if release is not None:
            release()
    if not locks.FOLDERS_OPEN:
        shutil.rmtree(folder, ignore_errors=True)
    return next((reason for reason in reasons if isinstance(reason, OSError)), None)
