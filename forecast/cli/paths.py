"""Paths that a user names, checked for what no path can be."""

from pathlib import Path
from typing import Any

import typer

from forecast.errors import OutputPathError


def output(help_text: str, kind: str = "FOLDER") -> Any:
    """Return the option ``--out``: a file or folder to be written, with a name."""
    return typer.Option("--out", parser=_output_path, metavar=kind, help=help_text)


def _output_path(text: str | Path) -> Path:
    if not str(text).strip():  # Python would take that for the working folder
        raise OutputPathError("--out: an empty name; give the name of a folder, or . for the working folder")
    return Path(text)
