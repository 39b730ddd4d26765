"""Dyads, their strategic eras and their coverage: the tables that accompany the events."""

import difflib
import functools
import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.arguments import DYAD, DYADS, FRAME_OR_PATH, checked
from forecast.dates import read_day, reject_future
from forecast.errors import DataError, SpecError, UnknownDyadError
from forecast.events.codebook import read_small_csv
from forecast.events.coverage import Addition, Covered, extended_ends
from forecast.resources import data_folder

if TYPE_CHECKING:
    import pandas as pd


@functools.cache
def read_dyads() -> "pd.DataFrame":
    """Read the dyads that the package knows by name.

    Returns
    -------
    pandas.DataFrame
        Index `dyad` (``USA-CHN``); columns `first`, `second`, `name`, `label`, `long`, `hierarchy` (``yes`` or
        ``no``: whether it is fitted together with the others by default), `reference_date` (datetime64; the day
        since which it is compared with its own record), `reference_event`, `reference`.

    Examples
    --------
    >>> from forecast.events import read_dyads
    >>> read_dyads().loc["USA-CHN", "label"]
    'US-China'
    """
    dyads = read_small_csv(data_folder() / "dyads.csv").set_index("dyad")
    return dyads.assign(reference_date=_read_days(dyads["reference_date"], "dyads.csv", "reference_date"))


def dyad_labels() -> dict[str, str]:
    """Return the names of the dyads that the package knows, by their codes."""
    return {str(code): str(label) for code, label in read_dyads()["label"].items()}


@checked(path=FRAME_OR_PATH)
def read_eras(path: "str | Path | pd.DataFrame | None" = None) -> "pd.DataFrame":
    """Read strategic eras.

    Parameters
    ----------
    path : str, pathlib.Path or pandas.DataFrame, optional
        A CSV or table with the columns below, its days as text or dates; the embedded `eras.csv` without it.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `era` (short name), `start`, `recognised_at` (the day since which one could know; an as-of run
        uses no era before it), `name`, `reference`; sorted by dyad and start.

    Raises
    ------
    DataError
        If a column is missing, a day is malformed or in the future, or a dyad has an era twice.

    Examples
    --------
    >>> from forecast.events import read_eras
    >>> read_eras().query("dyad == 'USA-CHN'")["era"].iloc[-1]
    'strategic_competition'
    """
    name, eras = _read_table(path, "eras", ("dyad", "era", "start", "recognised_at", "name"))
    for column in ("start", "recognised_at"):
        eras[column] = _read_days(eras[column], name, column)
    twice = eras[eras.duplicated(["dyad", "era"])]
    if len(twice):
        raise DataError(f"{name}: {twice.iloc[0]['dyad']} has the era {twice.iloc[0]['era']!r} twice.")
    return eras.sort_values(["dyad", "start"], ignore_index=True)


@checked(path=FRAME_OR_PATH)
def read_coverage(path: "str | Path | pd.DataFrame | None" = None) -> "pd.DataFrame":
    """Read how far the record of each dyad is even.

    Parameters
    ----------
    path : str, pathlib.Path or pandas.DataFrame, optional
        A CSV or table with the columns below, its days as text or dates; the embedded `coverage.csv` without it.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `start`, `last_even` (datetime64), and whatever other columns there are. A column `dataset`
        limits a row to that dataset. The embedded table also has `compiled` (the year in which the rows were written
        down), `empty_years` (inside coverage), `note` and `caveat` (what a reader of a report has to know).

    Raises
    ------
    DataError
        If a column is missing, or a day is malformed or in the future, or a dyad's coverage ends before it begins.

    Examples
    --------
    >>> from forecast.events import read_coverage
    >>> str(read_coverage().set_index("dyad").loc["USA-CHN", "last_even"].date())
    '2026-06-13'
    """
    name, coverage = _read_table(path, "coverage", ("dyad", "start", "last_even"))
    for column in ("start", "last_even"):
        coverage[column] = _read_days(coverage[column], name, column)
    turned = (coverage["last_even"] < coverage["start"]).to_numpy()
    if turned.any():
        place = int(turned.argmax())
        raise DataError(
            f"{name}, line {place + 2}: last_even is {coverage['last_even'].iloc[place]:%Y-%m-%d}, before start, "
            f"{coverage['start'].iloc[place]:%Y-%m-%d}. Write the last day of coverage."
        )
    return coverage


def caveats(dyad: str, datasets: Iterable[str]) -> tuple[str, ...]:
    """Return notes for readers on the coverage of a dyad by some datasets, from `coverage.csv`."""
    table = read_coverage()
    own = table[(table["dyad"] == dyad) & table["dataset"].isin(list(datasets))]
    return tuple(str(text) for text in own["caveat"] if text)


def compiled_in(dataset: str) -> str:
    """Return the year in which a dataset was written down, as `coverage.csv` states it; '' if it does not."""
    table = read_coverage()
    return str(table.loc[table["dataset"] == dataset, "compiled"].max()) if dataset in set(table["dataset"]) else ""


def even_spans(
    rows: "pd.DataFrame",
    coverage: "pd.DataFrame | str | Path | None",
    additions: Iterable[Addition] = (),
    covered: Iterable[Covered] = (),
) -> "pd.DataFrame":
    """Return the first and last day of coverage, `start` and `last`, by (dataset, dyad), and whether it is `stated`.

    Coverage that is not stated goes from the first event to the last. It is stated by files of which it is known, by
    the table that comes with the data, which added events extend, or by one that a caller gives, which stays as it is.
    """
    import pandas as pd

    spans = rows.groupby(["dataset", "dyad"])[["date"]].agg(start=("date", "min"), last=("date", "max"))
    files = {one.dataset: one for one in covered if one.spans}
    for one in files.values():
        own = spans.index.get_level_values("dataset") == one.dataset
        if own.any():
            spans.loc[own, "start"], spans.loc[own, "last"] = (pd.Timestamp(day) for day in (one.first, one.last))
    given = read_coverage(coverage).rename(columns={"last_even": "last"})
    keys = [name for name in spans.index.names if name in given]
    first = given.drop_duplicates(keys).set_index(keys)[["start", "last"]]
    matching = first.reindex(spans.index if len(keys) == 2 else spans.index.get_level_values("dyad"))
    ends = extended_ends(additions) if coverage is None else {}
    pairs = zip(matching["last"].notna(), spans.index, strict=True)
    stated = [there or place in ends or place[0] in files for there, place in pairs]
    even = matching.set_index(spans.index).fillna(spans).astype(spans.dtypes).assign(stated=stated)
    if ends:
        even["last"] = [max(last, ends.get(place, last)) for place, last in even["last"].items()]  # type: ignore[call-overload]
    return even


def dyad_code(one: str, other: str) -> str:
    """Return the code of the dyad of two states: in the order of `dyads.csv`, else alphabetically."""
    listed = f"{one}-{other}", f"{other}-{one}"
    for code in listed:
        if code in read_dyads().index:
            return code
    return min(listed)


def in_order(dyads: Iterable[str]) -> list[str]:
    """Sort dyads in the order of `dyads.csv`, others after them by name."""
    listed = list(read_dyads().index)
    return sorted(dyads, key=lambda dyad: (listed.index(dyad) if dyad in listed else len(listed), dyad))


@checked(dyad=DYAD, present=DYADS)
def hierarchy(dyad: str, present: Sequence[str] | None = None) -> list[str]:
    """Return the dyads that are fitted together with a dyad by default, itself among them.

    A dyad that `dyads.csv` keeps out of the hierarchy is fitted alone. Any other is fitted together with all that are
    not kept out, those that `dyads.csv` does not list among them.

    Parameters
    ----------
    dyad : str
        Its code.
    present : sequence of str, optional
        Which dyads the data hold; those of `dyads.csv` by default.

    Returns
    -------
    list of str
        Codes in the order of `present`.

    Examples
    --------
    >>> from forecast.events import hierarchy
    >>> len(hierarchy("IND-PAK"))
    11
    >>> hierarchy("USA-CHN", ["USA-CHN", "USA-IRN"])
    ['USA-CHN', 'USA-IRN']
    """
    column = read_dyads()["hierarchy"]
    apart = set(column.index[column == "no"])
    if dyad in apart:
        return [dyad]
    return [code for code in (column.index if present is None else present) if code not in apart]


@checked(text=DYAD)
def find_dyad(text: str, known: Iterable[str]) -> str:
    """Find the dyad a user means among those that are there, in either order and in any case."""
    known = list(known)
    asked = text.strip().upper().replace("_", "-")
    turned = "-".join(reversed(asked.split("-")))
    for code in (asked, turned):
        if code in known:
            return code
    guesses = [*difflib.get_close_matches(asked, known, 1), *difflib.get_close_matches(turned, known, 1)]
    guess = f" Did you mean {guesses[0]}?" if guesses else ""
    listing = ", ".join(known) or "none"
    raise UnknownDyadError(
        f"There is no dyad {text!r}.{guess} Known: {listing}. A dyad is two ISO 3166 alpha-3 codes joined by a hyphen."
    )


def _read_table(
    given: "str | Path | pd.DataFrame | None", what: str, columns: tuple[str, ...]
) -> "tuple[str, pd.DataFrame]":
    """Return a table of `data/` or the user's own, with the name by which errors call it."""
    if given is None or isinstance(given, str | Path):
        path = Path(given) if given else data_folder() / f"{what}.csv"
        name, frame = path.name, read_small_csv(path)
    else:
        name, frame = what, given.copy()
    missing = [column for column in columns if column not in frame]
    if missing:
        raise DataError(f"{name}: there is no column {missing[0]!r}. The table needs {', '.join(columns)}.")
    return name, frame


def _read_days(column: "pd.Series[Any]", file: str, name: str) -> "pd.Series[pd.Timestamp]":
    import pandas as pd

    days: dict[Any, date] = {}
    for place, given in enumerate(column):
        if given in days:
            continue
        try:
            if isinstance(given, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
                raise SpecError(f"{name} is {given!r}, not a day. Write YYYY-MM-DD.")
            days[given] = read_day(given if isinstance(given, str | date) else str(given), name)
            reject_future(days[given], name)
        except SpecError as error:
            raise DataError(f"{file}, line {place + 2}: {error}") from error
    return pd.Series([pd.Timestamp(days[given]) for given in column], column.index, "datetime64[s]", name)
