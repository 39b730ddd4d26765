"""Writes that outlast a power cut.

Content is on the disk before its name is, and a folder before its files.
"""

import contextlib
import os
from pathlib import Path


def make_folders(folder: Path, *, durable: bool = True) -> None:
    """Make a folder with all above it.

    If `durable`, wait from above until the disk has the name of each.

    A file is only as safe as the names of the folders above it: a folder whose name is not on the
    disk is gone after a power cut, with all files that were written to it.
    """
    if durable and not folder.is_dir():
        make_folders(folder.parent)
    folder.mkdir(parents=True, exist_ok=True)
    if durable and folder != folder.parent:
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except (
            PermissionError
        ):  # a folder that one may enter and not list, such as one above one's own
            return
        try:
            with contextlib.suppress(OSError):  # file systems that cannot
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_file(path: Path) -> None:
    """Wait until the disk has the content of a file."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until the disk has all files in a folder and in those in it, with their names."""
    for inside, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(inside, name)
            if path.is_file() and not path.is_symlink():
                sync_file(path)
        sync_folder(Path(inside))
