"""Events added to a dataset: rows of a small CSV, checked and merged into its table."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Frame
from forecast.base.wording import join
from forecast.data.events.added_rows import load_rows, read_rows
from forecast.data.events.additions import AddedEvent, Addition, Extension
from forecast.data.events.coverage import ONE_DAY, announced, first_day_after, parse_statements
from forecast.data.events.even_coverage import even_spans
from forecast.data.events.mapping import RawTable
from forecast.data.events.stated_coverage import state_coverage
from forecast.data.events.table import EventTable, SourceFile, sort_events

CHRONOLOGY = "chronology"
"""The dataset to which events are added where a table has several and none is named."""
REPEATS = "is there already"
"""Begins the reason against a row that repeats another."""
KEY = ["date", "source", "target", "cameo"]
"""Two rows that are equal in these columns are one event."""


@checked
def add_events(
    table: EventTable,
    rows: str | Path | Frame | Sequence[Mapping[str, Any]],
    *,
    dataset: str | None = None,
    covered_to: str | Sequence[str] | None = None,
) -> EventTable:
    """Add a few events to a dataset of a table.

    They become part of the dataset: nothing but `additions` of the result tells them apart. Adding
    them states that the record of their dyads is complete up to the last of them, so that coverage
    is extended to there, except for a gap of more than 31 days before the first of them
    (docs/adding-events.md). An event of the dataset itself beyond its complete record is replaced
    by the added one of the same day, sides and code.

    Parameters
    ----------
    table : EventTable
        The events there are.
    rows : path, table or sequence of mappings
        A CSV, or its rows, such as a table of pandas, polars, Arrow or xarray: `date`, `source`,
        `target`, a CAMEO `code` or a `kind` in a word (`forecast.data.events.codebook.read_kinds`),
        and if known `summary`, `known_at`, `n`, `actor` and `reference`.
    dataset : str, optional
        To which they are added; by default the table's only one, or the chronology.
    covered_to : str or sequence of str, optional
        Up to which day the record of a dyad is complete, in place of its last added day:
        ``USA-CHN:2026-06-21``, or with the first complete day after a gap
        ``USA-RUS:2026-03-29:2026-06-21``.

    Returns
    -------
    EventTable
        With the rows that could not be used among the `rejects`, and so those that are there
        already: in the file, or in the dataset with the same day, source, target and code.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column or has one that is unknown, or has no usable row.
    SpecError
        If the dataset is not in the table, or `covered_to` names no pair, is in the future or
        before the end of coverage.

    Examples
    --------
    >>> from forecast import add_events, read_chronology
    >>> visit = {"date": "2026-06-20", "source": "CHN", "target": "USA", "kind": "visit"}
    >>> visit["summary"] = "A minister comes"
    >>> table = add_events(read_chronology(dyads=["USA-CHN"]), [visit])
    >>> len(table.additions[0].events), table.additions[0].extensions[0].to
    (1, '2026-06-20')
    """
    chosen = _dataset_of(table, dataset)
    statements = parse_statements(covered_to)
    raw = load_rows(rows)
    # A name and a line must mean one row in all that is written about a table.
    if raw.name in {file.name for file in table.files}:
        raise DataError(
            f"{raw.name}: a file of this name was read already. Rename it, or add it only once."
        )
    readable, unreadable = read_rows(raw, chosen)
    of_dataset = table.events["dataset"] == chosen
    later = announced(table) & of_dataset
    spans = even_spans(table.events[of_dataset], None, table.additions, table.covered).droplevel(
        "dataset"
    )
    unusable = _reasons_against(readable, table.events[of_dataset & ~later], spans)
    fresh = readable.drop(index=list(unusable))
    reasons = unreadable | unusable
    repeats = [line for line, reason in reasons.items() if reason.startswith(REPEATS)]
    if fresh.empty and not repeats:
        raise raw.nothing_usable(reasons)
    in_record = readable.loc[readable.index.isin([*fresh.index, *repeats])]
    addition = Addition(
        file=raw.name,
        sha256=raw.sha256,
        dataset=chosen,
        rows=len(raw.rows) + len(raw.broken),
        repeated=len(repeats),
        rejected=len(reasons) - len(repeats),
        events=_added_events(fresh),
        extensions=_extensions(in_record, spans),
    )
    confirmed = later & pd.MultiIndex.from_frame(table.events[KEY]).isin(
        pd.MultiIndex.from_frame(fresh[KEY])
    )
    events = [table.events[~confirmed], _with_references(fresh, raw)]
    merged = replace(
        table,
        events=sort_events(pd.concat(events, ignore_index=True)),
        rejects=pd.concat([table.rejects, raw.rejects(reasons)], ignore_index=True),
        files=(*table.files, SourceFile(raw.name, raw.sha256, addition.rows, len(reasons))),
        additions=(*table.additions, addition),
    )
    return state_coverage(merged, statements)


def _dataset_of(table: EventTable, wanted: str | None) -> str:
    present = sorted(map(str, table.events["dataset"].unique()))
    chosen = wanted or (present[0] if len(present) == 1 else CHRONOLOGY)
    if chosen not in present:
        raise SpecError(
            f"dataset: {chosen!r} is not in the table; choose one of {join(present, 'or')}"
        )
    return chosen


def _reasons_against(
    rows: pd.DataFrame, events: pd.DataFrame, spans: pd.DataFrame
) -> dict[int, str]:
    """Return, by line, why rows cannot be added: outside coverage (`spans`), or there already."""
    earlier = events[events["dyad"].isin(rows["dyad"])].drop_duplicates(KEY)
    summaries = earlier.set_index(KEY)["summary"].to_dict()
    first_lines: dict[tuple[Any, ...], int] = {}
    reasons = {}
    for index, row in rows.iterrows():
        line = int(str(index))
        reason = _reason_in_record(row, summaries, spans) or _reason_in_file(row, line, first_lines)
        if reason:
            reasons[line] = reason
    return reasons


def _reason_in_record(
    row: "pd.Series[Any]", summaries: Mapping[Hashable, str], spans: pd.DataFrame
) -> str:
    """Return why a row cannot be added to the record that is there, '' if it can be."""
    dyad = row["dyad"]
    if dyad not in spans.index:
        return f"there is no record of {dyad} to add to; there are {join(spans.index)}"
    start = spans.loc[dyad, "start"]
    if row["date"] < start:
        return f"date {row['date']:%Y-%m-%d}: before the record of {dyad} begins, {start:%Y-%m-%d}"
    key = tuple(row[KEY])
    if key not in summaries:
        return ""
    summary = " ".join(str(summaries[key]).split()) or "without a summary"
    return f"{REPEATS}, the same day, sides and code: {summary:.120}"


def _reason_in_file(
    row: "pd.Series[Any]", line: int, first_lines: dict[tuple[Any, ...], int]
) -> str:
    """Return in which earlier line of its file a row is, '' if in none; and note its line."""
    summary = " ".join(row["summary"].casefold().split())
    first = first_lines.setdefault((*row[KEY], summary), line)
    return f"{REPEATS}, in line {first}" if first != line else ""


def _extensions(rows: pd.DataFrame, spans: pd.DataFrame) -> tuple[Extension, ...]:
    """Return how far added rows extend the coverage of each dyad, unless a long gap precedes."""
    extensions = []
    for dyad, days in rows.groupby("dyad")["date"]:
        before = spans["last"][str(dyad)]
        last = days.max()
        if last > before:
            earliest = days[days > before].min().date()
            end = before.date()
            first = first_day_after(end, earliest)
            start = "" if first == end + ONE_DAY else first.isoformat()
            extensions.append(Extension(str(dyad), f"{before:%Y-%m-%d}", f"{last:%Y-%m-%d}", start))
    return tuple(extensions)


def _added_events(rows: pd.DataFrame) -> tuple[AddedEvent, ...]:
    """Return the records of added rows, in the order of their lines."""
    return tuple(
        AddedEvent(
            line=int(str(line)),
            date=f"{row['date']:%Y-%m-%d}",
            n=int(row["n"]),
            **{
                name: str(row[name])
                for name in ("event_id", "dyad", "source", "target", "cameo", "summary")
            },
        )
        for line, row in rows.sort_index().iterrows()
    )


def _with_references(rows: pd.DataFrame, raw: RawTable) -> pd.DataFrame:
    """Return added rows, each of which has a reference: its own, else its place in the file."""
    unit = "row" if raw.name == "rows" else "line"
    places = [f"{raw.name}, {unit} {line}" for line in rows.index]
    place = pd.Series(places, index=rows.index, dtype="str")
    return rows.assign(reference=rows["reference"].where(rows["reference"] != "", place))
