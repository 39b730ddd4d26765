"""Exchange of the names of two files or folders in one step of the system."""

# Why not os.replace: it cannot put a folder in the place of one with files in it (ENOTEMPTY), and a
# folder that is removed or moved aside first is missing for a moment. A page that a browser, a
# synchronising disk or another run opens in that moment is gone. Python has no call for an
# exchange.

import ctypes
import os
import sys
from pathlib import Path

AT_FDCWD = -100
"""Paths are relative to the working folder."""
EXCHANGE = 2
"""RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS."""


def exchange(first: Path, second: Path) -> None:
    """Exchange two files or folders: at every moment each name leads to one of them, whole.

    Raise OSError where the system or the disk cannot.
    """
    sys.audit("forecast.base.exchange", str(first), str(second))
    if sys.platform == "win32":
        raise OSError("Windows cannot exchange two names")
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(first), os.fsencode(second)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], EXCHANGE)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, EXCHANGE)
    else:
        raise OSError("this system cannot exchange two names")
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(first))
