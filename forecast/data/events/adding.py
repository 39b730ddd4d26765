"""Events added to a dataset.

They are read from a small CSV or from rows, checked, and merged into its table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Frame
from forecast.base.wording import count, join
from forecast.data.events.additions import AddedEvent, Addition, Extension
from forecast.data.events.codebook import as_frame, code_of_kind, read_codes, read_scale
from forecast.data.events.coverage import (
    MAX_GAP_DAYS,
    ONE_DAY,
    CoverageStatement,
    announced,
    coverage_gaps,
    first_day_after,
    gap_warnings,
    parse_statements,
)
from forecast.data.events.dyads import find_dyad
from forecast.data.events.even_coverage import even_spans
from forecast.data.events.mapping import (
    CODED,
    PrescribedForm,
    RawTable,
    TableMapping,
    load_raw,
    raw_frame,
)
from forecast.data.events.table import EventTable, SourceFile, sort_events
from forecast.data.events.tables import in_types, typed_rows

CHRONOLOGY = "chronology"
# Every added row is kept in the fit and shown on the page; a larger table is a source of its own
MAX_ADDED_ROWS = 10_000
_FIELDS = ("date", "known_at", "source", "target", "n", "actor", "summary", "reference")
_CODES = ("code", "cameo", "kind")
_IGNORED = ("precision", "verified", "compiled")
"""Columns of the chronology's own files that say nothing here, and the day on which an editor wrote
a row."""
_REQUIRED = ("date", "source", "target")
SCALE = "commitment"
"""Events of one class of this scale, sides and (nearly) day are taken to resemble each other."""


# Items of a list in a sentence; the rest is counted
MAX_ITEMS_LISTED = 5
_REPEATS = "is there already"
_KEY = ["date", "source", "target", "cameo"]


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
    raw = _load(rows)
    if raw.name in {
        file.name for file in table.files
    }:  # a name and a line mean one thing in all that is said of it
        raise DataError(
            f"{raw.name}: a file of this name was read already. Rename it, or add it only once."
        )
    read, unread = _read_rows(raw, chosen)
    of_dataset = table.events["dataset"] == chosen
    later = announced(table) & of_dataset
    spans = even_spans(table.events[of_dataset], None, table.additions, table.covered).droplevel(
        "dataset"
    )
    reasons = _reasons_against(read, table.events[of_dataset & ~later], spans)
    fresh = read.drop(index=list(reasons))
    every = unread | reasons
    repeats = [line for line, reason in every.items() if reason.startswith(_REPEATS)]
    if fresh.empty and not repeats:
        raise raw.nothing_usable(every)
    usable = read.loc[read.index.isin([*fresh.index, *repeats])]
    addition = Addition(
        file=raw.name,
        sha256=raw.sha256,
        dataset=chosen,
        rows=len(raw.rows) + len(raw.broken),
        repeated=len(repeats),
        rejected=len(every) - len(repeats),
        events=_added_events(fresh),
        extensions=_extensions(usable, spans),
    )
    places = [
        f"{raw.name}, {'line' if raw.name != 'rows' else 'row'} {line}" for line in fresh.index
    ]
    has_reference = fresh["reference"] != ""
    fresh = fresh.assign(
        reference=fresh["reference"].where(
            has_reference, pd.Series(places, index=fresh.index, dtype="str")
        )
    )
    confirmed = later & pd.MultiIndex.from_frame(table.events[_KEY]).isin(
        pd.MultiIndex.from_frame(fresh[_KEY])
    )
    merged = replace(
        table,
        events=sort_events(pd.concat([table.events[~confirmed], fresh], ignore_index=True)),
        rejects=pd.concat([table.rejects, raw.rejects(every)], ignore_index=True),
        files=(*table.files, SourceFile(raw.name, raw.sha256, addition.rows, len(every))),
        additions=(*table.additions, addition),
    )
    return state_coverage(merged, statements)


def state_coverage(table: EventTable, statements: Sequence[CoverageStatement]) -> EventTable:
    """Extend coverage of the dataset that was added to last to the days stated as complete."""
    dataset = table.additions[-1].dataset
    for statement in sorted(statements, key=lambda stated: stated.last):
        table = replace(table, additions=_with_statement(table, dataset, statement))
    return table


def _with_statement(
    table: EventTable, dataset: str, statement: CoverageStatement
) -> tuple[Addition, ...]:
    """Return the additions of a table, one of which extends coverage as stated."""
    events = table.events[table.events["dataset"] == dataset]
    ends = even_spans(events, None, table.additions, table.covered).droplevel("dataset")["last"]
    dyad = find_dyad(statement.dyad, list(map(str, ends.index)))
    additions = list(table.additions)
    index = _place_of(table.additions, dataset, dyad)
    extensions_of_dyad = [
        extension for extension in additions[index].extensions if extension.dyad == dyad
    ]
    # The extension by the last row gives way to the statement; others stay beside it.
    latest = (
        extensions_of_dyad[-1] if extensions_of_dyad and not extensions_of_dyad[-1].stated else None
    )
    replaced = latest if latest and statement.last >= latest.first else None
    before = ends[dyad].date() if latest is None else date.fromisoformat(latest.before)
    if statement.last < before:
        raise SpecError(
            f"covered-to: {statement.last} is before {before}, up to which the record of {dyad} is "
            "complete without "
            "the added events; give that day or a later one"
        )
    first = _first_stated_day(
        table.additions, dataset, dyad, statement, before, extended=bool(extensions_of_dyad)
    )
    if first > statement.last:
        raise SpecError(
            f"covered-to: {statement.last} lies in a gap of the record of {dyad}. Say from which "
            "day on it is "
            f"complete, such as {dyad}:{before + ONE_DAY}:{statement.last}"
        )
    start = "" if first == before + ONE_DAY else first.isoformat()
    stated = Extension(dyad, before.isoformat(), statement.last.isoformat(), start, stated=True)
    kept = [extension for extension in additions[index].extensions if extension is not replaced]
    if statement.last > before or first <= before:
        kept.append(stated)
    extensions = tuple(sorted(kept, key=lambda extension: (extension.dyad, extension.to)))
    additions[index] = replace(additions[index], extensions=extensions)
    return tuple(additions)


def _place_of(additions: Sequence[Addition], dataset: str, dyad: str) -> int:
    """Return the place of the addition whose coverage of a dyad a statement extends.

    The last one that extends it, else the last with events of the dyad, else the last of all.
    """
    of_dataset = [index for index, addition in enumerate(additions) if addition.dataset == dataset]
    extending = [
        index
        for index in of_dataset
        if any(addition.dyad == dyad for addition in additions[index].extensions)
    ]
    having = [
        index
        for index in of_dataset
        if any(addition.dyad == dyad for addition in additions[index].events)
    ]
    return (extending or having or of_dataset)[-1]


def _first_stated_day(
    additions: Sequence[Addition],
    dataset: str,
    dyad: str,
    statement: CoverageStatement,
    before: date,
    *,
    extended: bool,
) -> date:
    """Return from which day on a statement covers.

    As it says, or from the day after the last gap.
    """
    if statement.first is not None:
        return first_day_after(before, statement.first)
    extensions = [
        extension
        for each in additions
        if each.dataset == dataset
        for extension in each.extensions
        if extension.dyad == dyad
    ]
    if extended:
        gaps = [last for _, last in coverage_gaps(additions).get((dataset, dyad), [])]
        return max(gaps) + ONE_DAY if gaps else min(extension.after for extension in extensions)
    if (statement.last - before).days > MAX_GAP_DAYS:
        raise SpecError(
            f"covered-to: no event of {dyad} was added after {before}, up to which its record is "
            "complete. If it is "
            f"complete from there on, say so: {dyad}:{before + ONE_DAY}:{statement.last}"
        )
    return before + ONE_DAY


def describe_additions(table: EventTable) -> tuple[str, ...]:
    """Describe what was added to a table, what was not and why, and what that says of coverage."""
    sentences: list[str] = []
    for addition in table.additions:
        rejects = table.rejects[table.rejects["file"] == addition.file]
        left_out = [
            f"line {line}: {reason}"
            for line, reason in zip(rejects["line"], rejects["reason"], strict=True)
        ]
        words = (
            f"{addition.file}: {len(addition.events)} of {count(addition.rows, 'row')} added to "
            f"{addition.dataset}"
        )
        sentences.append(_listed(f"{words}; not added", left_out) if left_out else f"{words}.")
        if alike := _resembling(table, addition):
            opening = f"{addition.file}: counted, but make sure that they are not there already"
            sentences.append(_listed(opening, alike))
        sentences += [
            f"{addition.file}: by adding it you say that the record of {extension.dyad} is complete"
            f"{f' from {extension.start}' if extension.start else ''} up to {extension.to}; "
            f"it was known to be up to {extension.before}."
            for extension in addition.extensions
        ]
    return (*sentences, *gap_warnings(table.additions))


def rejected_rows(table: EventTable) -> tuple[str, ...]:
    """Return file, line and reason of each added row that could not be used.

    Rows that are there already are none.
    """
    added = {addition.file for addition in table.additions}
    rejects = table.rejects[table.rejects["file"].isin(added)]
    rejects = rejects[~rejects["reason"].str.startswith(_REPEATS)]
    return tuple(
        f"{file}, line {line}: {reason}"
        for file, line, reason in zip(
            rejects["file"], rejects["line"], rejects["reason"], strict=True
        )
    )


def _listed(opening: str, items: list[str]) -> str:
    """List the first of some items after an opening."""
    more = f"; and {len(items) - MAX_ITEMS_LISTED} more" if len(items) > MAX_ITEMS_LISTED else ""
    return f"{opening}: {'; '.join(items[:MAX_ITEMS_LISTED])}{more}."


def _dataset_of(table: EventTable, wanted: str | None) -> str:
    present = sorted(map(str, table.events["dataset"].unique()))
    chosen = wanted or (present[0] if len(present) == 1 else CHRONOLOGY)
    if chosen not in present:
        raise SpecError(
            f"dataset: {chosen!r} is not in the table; choose one of {join(present, 'or')}"
        )
    return chosen


def _load(rows: str | Path | Frame | Sequence[Mapping[str, Any]]) -> RawTable:
    """Read the rows as text, and make sure that their columns are known."""
    if isinstance(rows, str | Path):
        raw = load_raw(rows, PrescribedForm(dataset="added", columns=dict(CODED)))
    else:
        raw = raw_frame(
            pd.DataFrame(list(rows)) if isinstance(rows, Sequence) else as_frame(rows), "rows"
        )
    names = [str(name) for name in raw.rows.columns]
    columns = [*_FIELDS, *_CODES, *_IGNORED]
    expected = (
        f"Its first line names the columns, separated by commas: {join(_REQUIRED)}, code or kind, "
        "summary"
    )
    for name in names:
        if name not in columns:
            raise DataError(
                f"{raw.name}: there is no column {name!r:.60} of added events. {expected}."
            )
    lacking = [name for name in _REQUIRED if name not in names]
    if lacking or not set(_CODES) & set(names):
        raise DataError(
            f"{raw.name}: the column {lacking[0] if lacking else 'code'!r} is missing. {expected}."
        )
    if len(raw.rows) > MAX_ADDED_ROWS:
        raise DataError(
            f"{raw.name}: {len(raw.rows):,} rows; at most {MAX_ADDED_ROWS:,} can be added. "
            "Describe the table by a mapping and read it as a source of its own "
            "(`forecast help events`)."
        )
    return raw


def _read_rows(raw: RawTable, dataset: str) -> tuple[pd.DataFrame, dict[int, str]]:
    """Return the rows that can be read, by line, as the event table has them.

    And why others cannot, by line.
    """
    text = {name: raw.rows[name].str.strip() for name in raw.rows.columns}
    empty = pd.Series("", index=raw.rows.index, dtype=object)
    given = [text.get(name, empty) for name in _CODES]
    codes = dict[int, str]()
    reasons = dict[int, str]()
    for line, *words in zip(raw.rows.index, *given, strict=True):
        try:
            codes[line] = code_of_row(*words)
        except DataError as error:
            reasons[line] = str(error)
    fields = {name: text[name] for name in _FIELDS if name in text}
    fields |= {side: text[side].str.upper() for side in ("source", "target")}
    rows = pd.DataFrame(
        fields | {"cameo": pd.Series(codes, dtype=object)}, index=raw.rows.index
    ).loc[list(codes)]
    reasons |= raw.faults
    if rows.empty:
        raise raw.nothing_usable(reasons)
    mapping = TableMapping(
        dataset=dataset,
        columns={name: name for name in rows.columns},
        missing=("",),
        known_at_empty="date",
    )
    events, wrong = typed_rows(replace(raw, rows=rows, broken={}), mapping)
    return in_types(events.drop(index=list(wrong))), reasons | wrong


def code_of_row(code: str, cameo: str, kind: str) -> str:
    """Return the code of a row that a person has written.

    `code` and `cameo` are two names of one column.
    """
    # A spreadsheet takes '042' for 42 and '010' for 10, another code: two digits are never read as
    # a code.
    words = [word for word in (code, cameo, kind) if word]
    if len(words) != 1:
        raise DataError(f"{'no' if not words else 'more than one'} code or kind; give one of them")
    if kind:
        return code_of_kind(kind)
    codes = read_codes().index
    if len(words[0]) > 2 and words[0] in codes:
        return words[0]
    meant = [each for each in (f"0{words[0]}", f"{words[0]}0") if len(each) > 2 and each in codes]
    hint = f"; {join(meant, 'or')} is meant? A spreadsheet drops leading zeros" if meant else ""
    raise DataError(
        f"code {words[0]!r:.20}: not a code of three or four digits of the codebook{hint}"
    )


def _reasons_against(
    rows: pd.DataFrame, events: pd.DataFrame, spans: pd.DataFrame
) -> dict[int, str]:
    """Return, by line, why rows cannot be added: outside coverage (`spans`), or there already."""
    earlier = events[events["dyad"].isin(rows["dyad"])].drop_duplicates(_KEY)
    summaries = earlier.set_index(_KEY)["summary"].to_dict()
    firsts: dict[tuple[Any, ...], int] = {}
    reasons = {}
    for line, row in rows.iterrows():
        key = tuple(row[_KEY])
        dyad = row["dyad"]
        day = row["date"]
        if dyad not in spans.index:
            reason = f"there is no record of {dyad} to add to; there are {join(spans.index)}"
        elif day < (start := spans.loc[dyad, "start"]):
            reason = f"date {day:%Y-%m-%d}: before the record of {dyad} begins, {start:%Y-%m-%d}"
        elif key in summaries:
            what = " ".join(str(summaries[key]).split())
            reason = (
                f"{_REPEATS}, the same day, sides and code: {what or 'without a summary'!s:.120}"
            )
        else:
            first = firsts.setdefault(
                (*key, " ".join(row["summary"].casefold().split())), int(str(line))
            )
            reason = f"{_REPEATS}, in line {first}" if first != line else ""
        if reason:
            reasons[int(str(line))] = reason
    return reasons


def _extensions(rows: pd.DataFrame, spans: pd.DataFrame) -> tuple[Extension, ...]:
    """Return how far added rows extend the coverage of each dyad, unless a long gap precedes."""
    extended = []
    for dyad, days in rows.groupby("dyad")["date"]:
        before = spans["last"][str(dyad)]
        last = days.max()
        if last > before:
            earliest = days[days > before].min().date()
            end = before.date()
            first = first_day_after(end, earliest)
            start = "" if first == end + ONE_DAY else first.isoformat()
            extended.append(Extension(str(dyad), f"{before:%Y-%m-%d}", f"{last:%Y-%m-%d}", start))
    return tuple(extended)


def _added_events(rows: pd.DataFrame) -> tuple[AddedEvent, ...]:
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


def _resembling(table: EventTable, addition: Addition) -> list[str]:
    """Name the added events that another of the record is like.

    Sides and class are the same, and they are a day apart at most.
    """
    day = pd.Timedelta(days=1)
    lines = {event.event_id: event.line for event in addition.events}
    events = table.events[table.events["dataset"] == addition.dataset]
    days = events.loc[events["event_id"].isin(list(lines)), "date"]
    near = events[events["date"].between(days.min() - day, days.max() + day)]
    near = near.assign(of=near["cameo"].map(read_scale(SCALE).class_of))
    new = near[near["event_id"].isin(list(lines))]
    pairs = new.merge(near, on=["source", "target", "of"], suffixes=("", "_there"))
    like = (pairs["event_id"] != pairs["event_id_there"]) & (
        (pairs["date"] - pairs["date_there"]).abs() <= day
    )
    resembling = pairs[like].drop_duplicates("event_id")
    columns = (
        resembling[name] for name in ("event_id", "date_there", "cameo_there", "summary_there")
    )
    found_like = sorted(
        (lines[event], f"{when:%Y-%m-%d}, {code}, {what}")
        for event, when, code, what in zip(*columns, strict=True)
    )
    return [f"line {line} is like {words:.140}" for line, words in found_like]
