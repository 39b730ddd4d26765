"""Locks of folders, which other runs and other programs respect."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout, lock_descriptor

LOCK = ".lock"
"""Name of the lock file in a folder, on systems where the folder itself cannot be locked."""

FOLDERS_OPEN = hasattr(os, "O_DIRECTORY")
"""True if a folder can be opened, and so locked, like a file; on Windows it cannot."""

POLL = 0.01
"""Seconds between two attempts to get a lock."""


def lock_folder(folder: Path, *, wait: bool = False) -> Callable[[], None] | None:
    """Lock a folder until the process ends or calls what is returned.

    None if another run has it.
    """
    # On a disk without locks nothing is kept out, and None is returned as well.
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
def locked(folder: Path, *, required: bool = False) -> Iterator[None]:
    """Wait for the lock of a folder and hold it.

    On a disk without locks, continue unless it is `required`.
    """
    release = lock_folder(folder, wait=True)
    if required and release is None:
        raise OSError(
            errno.ENOLCK,
            "this disk has no locks to keep other writers out; use a folder on another disk",
        )
    try:
        yield
    finally:
        if release is not None:
            release()
