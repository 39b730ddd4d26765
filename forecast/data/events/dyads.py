"""Dyads, their strategic eras and their coverage.

They are the tables that accompany the events, and the days of files.
"""

import difflib
import functools
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError, UnknownDyadError
from forecast.base.resources import data_folder
from forecast.base.typing import Bool, Dyad, Frame
from forecast.base.wording import join_some
from forecast.data.events.codebook import past_days, read_small_csv, require_cells

Days = tuple[date, date]
"""First and last day of a span."""
# The part of a period that may be missing before it counts as not covered: of a month three days,
# of a week none
MAX_SHARE_MISSING = 0.1


ATTRIBUTE = "additions"
"""Attribute of a panel that says, as JSON, which added events are counted in it; absent where none
are."""


@dataclass(frozen=True)
class Covered:
    """The days that the files of a dataset stand for."""

    dataset: str
    # First and last day of each span, in order of time; between two of them is a gap.
    spans: tuple[Days, ...]

    @property
    def first(self) -> date:
        """The first day."""
        return self.spans[0][0]

    @property
    def last(self) -> date:
        """The last day."""
        return self.spans[-1][1]

    @property
    def gaps(self) -> list[Days]:
        """First and last day of each gap."""
        ends = [last for _, last in self.spans[:-1]]
        starts = [first for first, _ in self.spans[1:]]
        return [
            (end + timedelta(days=1), start - timedelta(days=1))
            for end, start in zip(ends, starts, strict=True)
        ]

    @property
    def by_month(self) -> Counter[str]:
        """Number of days of each month, such as `2018-06`."""
        return Counter(
            f"{day:%Y-%m}" for first, last in self.spans for day in each_day(first, last)
        )

    def missing(self, starts: ArrayLike, ends: ArrayLike) -> Bool:
        """Return in which periods too many days are missing, (period,)."""
        return missing_periods(self.gaps, starts, ends)


def missing_periods(gaps: Iterable[Days], starts: ArrayLike, ends: ArrayLike) -> Bool:
    """Return in which periods too many days lie in gaps, (period,)."""
    first, last = (np.asarray(days, dtype="datetime64[D]") for days in (starts, ends))
    missing = np.zeros(len(first))
    for begin, end in gaps:
        inside = np.minimum(last, np.datetime64(end)) - np.maximum(first, np.datetime64(begin))
        missing += np.maximum(inside.astype(int) + 1, 0)
    return np.asarray(missing > MAX_SHARE_MISSING * ((last - first).astype(int) + 1))


def each_day(first: date, last: date) -> list[date]:
    """Return all days from one to another."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def as_spans(days: Iterable[date]) -> list[Days]:
    """Return days as spans in order of time."""
    spans: list[Days] = []
    for day in sorted(set(days)):
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


@dataclass(frozen=True)
class AddedEvent:
    """One event that was added."""

    line: int  # Of its file; of rows that came from no file the number of the row, from 1
    event_id: str  # In the table
    date: str  # Its day, ISO
    dyad: str  # As in the table
    source: str
    target: str
    cameo: str
    n: int  # How many it stands for
    summary: str


@dataclass(frozen=True)
class Extension:
    """The coverage of a dyad, extended."""

    dyad: str  # Code
    before: str  # Last day of coverage without and with the added events, ISO
    to: str
    # First day of what is covered, ISO, where days before it are missing; else the day after
    # `before`
    start: str = ""
    stated: bool = (
        False  # Whether somebody stated that each of its days is complete (`--covered-to`)
    )
    # Rows of the dataset itself on these days: they count only because somebody stated this
    own_rows: int = 0

    @property
    def after(self) -> date:
        """The day after the coverage without it."""
        return date.fromisoformat(self.before) + timedelta(days=1)

    @property
    def first(self) -> date:
        """The first day that it covers."""
        return date.fromisoformat(self.start) if self.start else self.after

    @property
    def last(self) -> date:
        """The last day that it covers."""
        return date.fromisoformat(self.to)


@dataclass(frozen=True)
class Addition:
    """Events that one file added to a dataset."""

    file: str  # Its name; `rows` for rows that came from no file
    sha256: str  # Of its content
    dataset: str  # To which it was added
    rows: (
        int  # Rows of the file; those of them that were there already; those that could not be used
    )
    repeated: int
    rejected: int
    events: tuple[AddedEvent, ...]  # Those that were added
    # By how much coverage is extended; dyads whose coverage stays are left out
    extensions: tuple[Extension, ...]

    @property
    def account(self) -> dict[str, Any]:
        """Entry in the provenance: the file, its digest, its rows, and which lines are counted."""
        kept = ("file", "sha256", "dataset", "rows", "repeated", "rejected")
        covered = {item.dyad: _plain_span(item) for item in self.extensions}
        lines = [item.line for item in self.events]
        return {name: getattr(self, name) for name in kept} | {"lines": lines, "coverage": covered}


def _plain_span(extension: Extension) -> dict[str, Any]:
    """Return the days of an extension for the provenance, without what goes without saying."""
    span: dict[str, Any] = {"before": extension.before, "to": extension.to}
    if extension.start:
        span["start"] = extension.start
    if extension.stated:
        span["stated"] = True
    if extension.own_rows:
        span["own_rows"] = extension.own_rows
    return span


def extended_ends(additions: Iterable[Addition]) -> dict[tuple[str, str], pd.Timestamp]:
    """Return to which day the additions extend coverage, by dataset and dyad."""
    ends: dict[tuple[str, str], pd.Timestamp] = {}
    for addition in additions:
        for extension in addition.extensions:
            key = (addition.dataset, extension.dyad)
            day = pd.Timestamp(extension.to)
            ends[key] = max(day, ends.get(key, day))
    return ends


def counted_additions(
    additions: Iterable[Addition], event_ids: Iterable[str], dyads: Collection[str], until: str
) -> str:
    """Return as JSON what of some additions is counted in a panel; an empty text if nothing is."""
    counted = set(event_ids)
    kept = []
    for addition in additions:
        events = tuple(item for item in addition.events if item.event_id in counted)
        extensions = tuple(
            item for item in addition.extensions if item.dyad in dyads and item.before < until
        )
        if events or extensions:
            kept.append(asdict(replace(addition, events=events, extensions=extensions)))
    return json.dumps(kept, ensure_ascii=False) if kept else ""


def additions_of(panel_attributes: Mapping[Any, Any]) -> tuple[Addition, ...]:
    """Read which added events are counted in a panel from its attributes."""
    from pydantic import TypeAdapter

    stored = panel_attributes.get(ATTRIBUTE)
    return TypeAdapter(tuple[Addition, ...]).validate_json(str(stored)) if stored else ()


def last_covered(additions: Iterable[Addition], dyads: Collection[str]) -> date | None:
    """Return the last day to which additions extend the coverage of any of some dyads.

    None if of none.
    """
    days = [
        date.fromisoformat(extension.to)
        for each in additions
        for extension in each.extensions
        if extension.dyad in dyads
    ]
    return max(days, default=None)


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
    name, eras = _read_table(path, "eras", ("dyad", "era", *days, "name"), days)
    twice = eras[eras.duplicated(["dyad", "era"])]
    if len(twice):
        raise DataError(
            f"{name}: {twice.iloc[0]['dyad']} has the era {twice.iloc[0]['era']!r} twice."
        )
    return eras.sort_values(["dyad", "start"], ignore_index=True)


@checked
def read_coverage(path: str | Path | Frame | None = None) -> pd.DataFrame:
    """Read how far the record of each dyad is even.

    Parameters
    ----------
    path : str, pathlib.Path or table, optional
        A CSV, or a table of pandas, polars, Arrow or xarray, with the columns below, its days as
        text or dates without a time of day; the embedded `coverage.csv` without it.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `start`, `last_even` (datetime64), and whatever other columns there are. A column
        `dataset` limits a row to that dataset. The embedded table also has `compiled` (the year in
        which the rows were written down), `empty_years` (inside coverage), `note` and `caveat`
        (what a reader of a report has to know).

    Raises
    ------
    DataError
        If a column is missing, or a day is malformed or in the future, or a dyad's coverage ends
        before it begins.

    Examples
    --------
    >>> from forecast.data.events import read_coverage
    >>> str(read_coverage().set_index("dyad").loc["USA-CHN", "last_even"].date())
    '2026-06-13'
    """
    days = ("start", "last_even")
    name, coverage = _read_table(path, "coverage", ("dyad", *days), days)
    last = coverage["last_even"]
    require_cells(
        last, last >= coverage["start"], "the last day of coverage, not one before start", name
    )
    return coverage.reset_index(drop=True)


def caveats(dyad: str, datasets: Iterable[str]) -> tuple[str, ...]:
    """Return notes for readers on the coverage of a dyad by some datasets, from `coverage.csv`."""
    table = read_coverage()
    rows = table[(table["dyad"] == dyad) & table["dataset"].isin(list(datasets))]
    return tuple(str(text) for text in rows["caveat"] if text)


def compiled_in(dataset: str) -> str:
    """Return the year in which a dataset was written down by `coverage.csv`; '' if unstated."""
    table = read_coverage()
    return (
        str(table.loc[table["dataset"] == dataset, "compiled"].max())
        if dataset in set(table["dataset"])
        else ""
    )


def even_spans(
    rows: pd.DataFrame,
    coverage: Frame | str | Path | None,
    additions: Iterable[Addition] = (),
    covered: Iterable[Covered] = (),
) -> pd.DataFrame:
    """Return `start` and `last` day of coverage by (dataset, dyad), and whether it is `stated`."""
    # Coverage that is not stated goes from the first event to the last. It is stated by files, by
    # the table that comes with the data, which added events extend, or by one that a caller gives,
    # which stays as it is.
    spans = rows.groupby(["dataset", "dyad"])[["date"]].agg(
        start=("date", "min"), last=("date", "max")
    )
    files = {file.dataset: file for file in covered if file.spans}
    for file in files.values():
        of_file = spans.index.get_level_values("dataset") == file.dataset
        if of_file.any():
            spans.loc[of_file, "start"], spans.loc[of_file, "last"] = (
                pd.Timestamp(day) for day in (file.first, file.last)
            )
    given = read_coverage(coverage).rename(columns={"last_even": "last"})
    keys = [name for name in spans.index.names if name in given]
    first = given.drop_duplicates(keys).set_index(keys)[["start", "last"]]
    matching = first.reindex(
        spans.index if len(keys) == 2 else spans.index.get_level_values("dyad")
    )
    ends = extended_ends(additions) if coverage is None else {}
    pairs = zip(matching["last"].notna(), spans.index, strict=True)
    stated = [is_stated or pair in ends or pair[0] in files for is_stated, pair in pairs]
    even = matching.set_index(spans.index).fillna(spans).astype(spans.dtypes).assign(stated=stated)
    if ends:
        even["last"] = [
            max(last, ends.get(pair, last))  # type: ignore[call-overload]
            for pair, last in even["last"].items()
        ]
    return even


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
    return [code] if code in apart else [each for each in held if each not in apart]


def choose_dyad(text: str | None, dyads: Sequence[str]) -> str:
    """Find the dyad a user means, or the only one that is there."""
    if text is not None:
        return find_dyad(text, dyads)
    if len(dyads) == 1:
        return dyads[0]
    raise SpecError(
        f"dyad: none is named, and there are {len(dyads)}: {join_some(dyads)}. Name one, such as "
        "`forecast report "
        f"{dyads[0] if dyads else 'USA-CHN'}`; `forecast dyads` lists the embedded ones"
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


def _read_table(
    given: str | Path | Frame | None, what: str, columns: tuple[str, ...], days: tuple[str, ...]
) -> tuple[str, pd.DataFrame]:
    """Return a table of `data/` or the user's own, by line.

    With it comes the name by which errors call it.
    """
    given = data_folder() / f"{what}.csv" if given is None else given
    table = Path(given) if isinstance(given, str | Path) else given
    name = table.name if isinstance(table, Path) else what
    frame = read_small_csv(table, columns, what)
    return name, frame.assign(**{column: past_days(frame[column], name) for column in days})
