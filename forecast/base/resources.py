"""Locations of the embedded data and of compiled code, names imported on first use, and return of free memory."""

import atexit
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from forecast.base.errors import DataError

_PACKAGE = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Return the folder of the embedded data."""
    installed = _PACKAGE / "embedded"
    if installed.is_dir():
        return installed
    # Only a checkout has pyproject.toml next to the package: site-packages/data would be somebody
    # else's.
    checkout = _PACKAGE.parent / "data"
    if checkout.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return checkout
    raise DataError(
        f"The embedded data are missing: neither {installed} nor {checkout} is there. "
        "Install the package again (pip install --force-reinstall), or run from a full checkout."
    )


def manual() -> dict[str, Path]:
    """Return the pages of the manual by topic."""
    folder = data_folder()
    docs = folder / "docs" if folder.parent == _PACKAGE else folder.parent / "docs"
    return {
        page.stem: page
        for page in sorted(
            [*docs.glob("*.md"), *docs.glob("feeds/*.md")], key=lambda page: page.stem
        )
    }


def skill_file(name: str = "skill.json") -> Path | None:
    """Return a file of the package's own backtest: the skill that reports quote."""
    folder = data_folder()
    path = (
        folder / name if folder.parent == _PACKAGE else folder.parent / "reports" / "skill" / name
    )
    return path if path.is_file() else None


def commit() -> str | None:
    """Return the commit of the checkout that the package runs from.

    None without a checkout or git.
    """
    root = _PACKAGE.parent
    if not (root / ".git").exists() or (git := shutil.which("git")) is None:
        return None
    found = subprocess.run(
        [git, "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


_FLAGS = "PYTENSOR_FLAGS"


@cache
def prepare_caches() -> None:
    """Choose where PyTensor, numba and Matplotlib keep what they compile and compute.

    Call before importing them.

    What the user has set stays. Where the home cannot be written to, a temporary folder takes its
    place, which is removed at the end of the run, and a sentence on standard error says so.
    PyTensor's generated sources are kept with its compiled code, for by default it leaves thousands
    of files in the temporary folder of the system.
    """
    if "base_compiledir" in os.environ.get(_FLAGS, ""):
        return
    folder = _home_cache()
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="pendulum-forecast-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        print(
            "The home folder is missing or cannot be written to: what is compiled is kept for this run only. "
            "Set HOME to a folder of yours, and later runs start faster.",
            file=sys.stderr,
        )
        _add_flag("base_compiledir", folder)
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / "numba"))
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    _add_flag("generated_src_dir", folder / "sources")


def _home_cache() -> Path | None:
    """Return PyTensor's folder in the home, None if there is no home or it cannot be written to."""
    try:
        folder = Path.home() / ".pytensor"
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):  # RuntimeError: the home folder is unknown
        return None


def _add_flag(name: str, folder: Path) -> None:
    given = os.environ.get(_FLAGS, "")
    if f"{name}=" not in given and "," not in str(folder):  # a comma would end the flag
        os.environ[_FLAGS] = ",".join(filter(None, (given, f"{name}={folder}")))
    if "pytensor" in sys.modules and name == "generated_src_dir":
        sys.modules["pytensor"].config.generated_src_dir = str(folder)


def release_free_memory() -> None:
    """Return to the system what has been freed, where the C library is glibc.

    Elsewhere do nothing.
    """
    # Every chain of a fit samples in a thread of its own, and glibc gives threads separate heaps
    # that keep free pages: in a loop of 14 fits what was in use stayed at 174 MB, while the free
    # part of the heaps grew from 170 to 620. Another C library has no such function, and Windows no
    # library without a name (TypeError).
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
