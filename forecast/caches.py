"""Folders for compiled code: in the user's home, or temporary where the home is not writable."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

_FLAGS = "PYTENSOR_FLAGS"
_settled = False


def prepare_caches() -> None:
    """Choose where PyTensor, numba and Matplotlib keep what they compile and compute; call before importing them.

    What the user has set stays. Where the home cannot be written to, a temporary folder takes its place, which is
    removed at the end of the run, and a sentence on standard error says so. PyTensor's generated sources are kept with
    its compiled code, for by default it leaves thousands of files in the temporary folder of the system.
    """
    global _settled
    if _settled or "base_compiledir" in os.environ.get(_FLAGS, ""):
        return
    _settled = True
    folder = _home_cache()
    if folder is None:
        folder = _temporary_cache()
        _add_flag("base_compiledir", folder)
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / "numba"))
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    _add_flag("generated_src_dir", folder / "sources")


def _home_cache() -> Path | None:
    """Return PyTensor's folder in the home, None if there is no home or it cannot be written to."""
    try:
        home = Path.home()
        if not home.is_dir():
            return None
        folder = home / ".pytensor"
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):  # RuntimeError: nobody knows where the home is
        return None


def _temporary_cache() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pendulum-forecast-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    print(
        "The home folder is missing or cannot be written to: what is compiled is kept for this run only. "
        "Set HOME to a folder of yours, and later runs start faster.",
        file=sys.stderr,
    )
    return folder


def _add_flag(name: str, folder: Path) -> None:
    given = os.environ.get(_FLAGS, "")
    if f"{name}=" not in given and "," not in str(folder):  # a comma would end the flag
        os.environ[_FLAGS] = ",".join(filter(None, (given, f"{name}={folder}")))
    if "pytensor" in sys.modules and name == "generated_src_dir":
        sys.modules["pytensor"].config.generated_src_dir = str(folder)
