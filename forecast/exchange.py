"""Two names exchanged in one step, where the operating system can do that."""

import ctypes
import os
import sys
from pathlib import Path

_HERE = -100  # AT_FDCWD: paths are taken as they are
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


def exchange(one: Path, other: Path) -> None:
    """Exchange two files or folders: at every moment each name leads to one of them, whole."""
    sys.audit("forecast.exchange", str(one), str(other))
    if sys.platform == "win32":
        raise OSError("Windows cannot exchange two names")
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, _EXCHANGE)
    else:
        raise OSError("this system cannot exchange two names")
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(one))
