"""Writing what moved a forecast: all files are made first and then moved into place at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast.arguments import FIT, PATH, checked
from forecast.files import write_csv, write_json, write_text
from forecast.folders import atomic_folder
from forecast.report.change_page import change_figure, change_json, change_page, change_rows
from forecast.report.folder import CHANGE, MOVED, require_report_folder
from forecast.report.moved_page import moved_figure, moved_json, moved_page, moved_rows

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.outlook.attribution import Attribution
    from forecast.outlook.change import Change


@checked(fit=FIT, out=PATH)
def write_moved(fit: "Fit", found: "Attribution", out: str | Path) -> Path:
    """Write what the events of the last months did: page, ``moved.json``, a table of the events and the figure.

    Parameters
    ----------
    fit : Fit
    found : Attribution
        Of `forecast.outlook.attribute`.
    out : str or pathlib.Path
        Folder; files of an earlier page of this kind in it are replaced.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report import write_moved
    >>> write_moved(fit, attribute(fit, "USA-CHN", table), "moved")  # doctest: +SKIP
    """
    require_report_folder(out, MOVED)
    with atomic_folder(out) as new:
        figure = moved_figure(found)
        write_json(new / "moved.json", moved_json(found))
        write_csv(new / "moved.csv", pd.DataFrame(moved_rows(found)))
        write_text(new / "moved.svg", figure.wide)
        write_text(new / "index.html", moved_page(fit, found, figure, ("moved.json", "moved.csv", "moved.svg")))
    return Path(out) / "index.html"


@checked(out=PATH)
def write_change(
    fits: "tuple[Fit, Fit]", change: "Change", out: str | Path, *, events: "Attribution | None" = None
) -> Path:
    """Write what has changed between two days: page, ``change.json``, a table of the parts and the figure.

    Parameters
    ----------
    fits : tuple of Fit
        The earlier and the later one.
    change : Change
        Of `forecast.outlook.split_change`.
    out : str or pathlib.Path
        Folder; files of an earlier page of this kind in it are replaced.
    events : Attribution, optional
        What the events since then did.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report import write_change
    >>> write_change((old, new), split_change(old, new, "USA-CHN"), "change")  # doctest: +SKIP
    """
    require_report_folder(out, CHANGE)
    with atomic_folder(out) as new:
        figure = change_figure(change)
        write_json(new / "change.json", change_json(change, events))
        write_csv(new / "change.csv", pd.DataFrame(change_rows(change)))
        write_text(new / "change.svg", figure.wide)
        files = ("change.json", "change.csv", "change.svg")
        write_text(new / "index.html", change_page(fits, change, events, figure, files))
    return Path(out) / "index.html"
