"""Locations of the embedded data and the skill file: in the installed package or in a checkout."""

from pathlib import Path

from forecast.errors import DataError

_PACKAGE = Path(__file__).resolve().parent


def data_folder() -> Path:
    """Return the folder of the embedded data."""
    installed = _PACKAGE / "data"
    if installed.is_dir():
        return installed
    # Only a checkout has pyproject.toml beside the package: site-packages/data would be somebody else's.
    checkout = _PACKAGE.parent / "data"
    if checkout.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return checkout
    raise DataError(
        f"The embedded data are missing: neither {installed} nor {checkout} is there. "
        "Install the package again (pip install --force-reinstall), or run from a full checkout."
    )


def skill_file() -> Path | None:
    """Return the file of the skill that reports quote."""
    folder = data_folder()
    path = folder / "skill.json" if folder.parent == _PACKAGE else folder.parent / "reports" / "skill" / "skill.json"
    return path if path.is_file() else None
