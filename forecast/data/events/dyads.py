"""Dyads: those that the package knows by name, their strategic eras, their codes and order."""

import difflib
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError, UnknownDyadError
from forecast.base.resources import data_folder
from forecast.base.typing import Dyad, Frame
from forecast.base.wording import join_some
from forecast.data.events.codebook import past_days, read_dated_table, read_small_csv


@functools.cache
def read_dyads() -> pd.DataFrame:
    """Read the dyads that the package knows by name.

    Returns
    -------
    pandas.DataFrame
        Index `dyad` (``USA-CHN``); columns `first`, `second`, `name`, `label`, `long`, `hierarchy`
        (``yes`` or ``no``: whether it is fitted together with the others by default),
        `reference_date` (datetime64; the day since which it is compared with its own record),
        `reference_event`, `reference`.

    Examples
    --------
    >>> from forecast.data.events import read_dyads
    >>> read_dyads().loc["USA-CHN", "label"]
    'US-China'
    """
    dyads = read_small_csv(data_folder() / "dyads.csv").set_index("dyad")
    return dyads.assign(reference_date=past_days(dyads["reference_date"], "dyads.csv"))


def dyad_labels() -> dict[str, str]:
    """Return the names of the dyads that the package knows, by their codes."""
    return {str(code): str(label) for code, label in read_dyads()["label"].items()}


@checked
def read_eras(path: str | Path | Frame | None = None) -> pd.DataFrame:
    """Read strategic eras.

    Parameters
    ----------
    path : str, pathlib.Path or table, optional
        A CSV, or a table of pandas, polars, Arrow or xarray, with the columns below, its days as
        text or dates without a time of day; the embedded `eras.csv` without it.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `era` (short name), `start`, `recognised_at` (the day since which one could know; an
        as-of run uses no era before it), `name`, `reference`; sorted by dyad and start.

    Raises
    ------
    DataError
        If a column is missing, a day is malformed or in the future, or a dyad has an era twice.

    Examples
    --------
    >>> from forecast.data.events import read_eras
    >>> read_eras().query("dyad == 'USA-CHN'")["era"].iloc[-1]
    'strategic_competition'
    """
    days = ("start", "recognised_at")
    name, eras = read_dated_table(path, "eras", ("dyad", "era", *days, "name"), days)
    twice = eras[eras.duplicated(["dyad", "era"])]
    if len(twice):
        raise DataError(
            f"{name}: {twice.iloc[0]['dyad']} has the era {twice.iloc[0]['era']!r} twice."
        )
    return eras.sort_values(["dyad", "start"], ignore_index=True)


def dyad_code(first: str, second: str) -> str:
    """Return the code of the dyad of two states.

    Its order is that of `dyads.csv`, else alphabetical.
    """
    listed = f"{first}-{second}", f"{second}-{first}"
    for code in listed:
        if code in read_dyads().index:
            return code
    return min(listed)


def in_order(dyads: Iterable[str]) -> list[str]:
    """Sort dyads in the order of `dyads.csv`, others after them by name."""
    listed = list(read_dyads().index)
    return sorted(
        dyads, key=lambda dyad: (listed.index(dyad) if dyad in listed else len(listed), dyad)
    )


@checked
def hierarchy(dyad: Dyad, present: Sequence[Dyad] | None = None) -> list[str]:
    """Return the dyads that are fitted together with a dyad by default, itself among them.

    A dyad that `dyads.csv` keeps out of the hierarchy is fitted alone. Any other is fitted together
    with all that are not kept out, those that `dyads.csv` does not list among them.

    Parameters
    ----------
    dyad : str
        Its code.
    present : sequence of str, optional
        Which dyads the data hold; those of `dyads.csv` by default.

    Returns
    -------
    list of str
        Codes, in the order of `present`.

    Raises
    ------
    UnknownDyadError
        If the data do not hold the dyad.

    Examples
    --------
    >>> from forecast.data.events import hierarchy
    >>> len(hierarchy("IND-PAK"))
    15
    >>> hierarchy("USA-CHN", ["USA-CHN", "USA-IRN"])
    ['USA-CHN', 'USA-IRN']
    """
    column = read_dyads()["hierarchy"]
    apart = set(column.index[column == "no"])
    held = list(column.index if present is None else present)
    try:
        code = find_dyad(dyad, held)
    except UnknownDyadError as error:
        remedy = "Give the dyads of your own data as `present`."
        raise UnknownDyadError(f"{error} {remedy}") from error
    return [code] if code in apart else [other for other in held if other not in apart]


def choose_dyad(text: str | None, dyads: Sequence[str]) -> str:
    """Find the dyad a user means, or the only one that is there."""
    if text is not None:
        return find_dyad(text, dyads)
    if len(dyads) == 1:
        return dyads[0]
    raise SpecError(
        f"dyad: none is named, and there are {len(dyads)}: {join_some(dyads)}. Name one, such as "
        f"`forecast report {dyads[0] if dyads else 'USA-CHN'}`; `forecast dyads` lists the "
        "embedded ones"
    )


@checked
def find_dyad(text: Dyad, dyads: Iterable[str]) -> str:
    """Find the dyad a user means among those that are there, in either order and in any case."""
    dyads = list(dyads)
    wanted = text.strip().upper().replace("_", "-")
    turned = "-".join(reversed(wanted.split("-")))
    for code in (wanted, turned):
        if code in dyads:
            return code
    guesses = [
        *difflib.get_close_matches(wanted, dyads, 1),
        *difflib.get_close_matches(turned, dyads, 1),
    ]
    guess = f" Did you mean {guesses[0]}?" if guesses else ""
    listing = join_some(dyads) or "none"
    raise UnknownDyadError(
        f"There is no dyad {text!r}.{guess} Known: {listing}. A dyad is two ISO 3166 alpha-3 codes "
        "joined by a hyphen. "
        "For another one bring your own events: `forecast init FOLDER` makes a table to fill in."
    )
