"""Pages of contributions: of recent events, and to the change between two days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.wording import DASH, day, interval, join, month, number, signed
from forecast.data.events.codebook import VISITS
from forecast.data.panel.notes import notes_of_panel
from forecast.data.panel.record import last_known
from forecast.model import Fit
from forecast.model.particles import PARETO_K_LIMIT
from forecast.outlook import plain
from forecast.outlook.attribution import Attribution, Part
from forecast.outlook.comparison import (
    ALONE,
    FROM_BENCHMARKS,
    FROM_MODEL,
    LEVEL,
    Change,
    Numbers,
    Step,
    as_shown,
    difference,
    printed_chance,
)
from forecast.plots import plot_attribution
from forecast.plots.outcomes import WEEKS_SHOWN, Waterfall
from forecast.report.events import who
from forecast.report.folder import CHANGE, EXPLAIN, Files, Page, callable_by_name, phrases, publish
from forecast.report.illustration import Illustration, illustrate, plotted
from forecast.report.table import Table

ADDED = {
    LEVEL: "level, points",
    "up": "higher, %",
    "down": "lower, %",
    "yes": "yes, %",
    "ahead": "of it ahead, %",
    FROM_MODEL: "of it the model, %",
    FROM_BENCHMARKS: "of it the benchmarks, %",
    ALONE: "the model alone, %",
}
"""Heads of columns of what was added, for the numbers that tables have."""
PUBLISHED = ("up", "yes", FROM_MODEL, FROM_BENCHMARKS)
"""Numbers in the table of the parts of a change; the level and the model alone have a folded
one."""
WORDS = {"", "month", "week from", "kind", "day", "what", "part", "how"}
"""Heads of columns that hold words."""


def _added(name: str, numbers: Numbers) -> str:
    """Format what was added to a number, with a sign."""
    return signed(as_shown(name, numbers[name])[0], 1) if name in numbers else DASH


type _Row = tuple[Sequence[str], Numbers, Sequence[str]]
"""Cells, what was added, and cells after it."""


def _contributions(
    before: Sequence[str], rows: Sequence[_Row], numbers: Iterable[str], after: Sequence[str] = ()
) -> Table:
    """Arrange what was added to some numbers, with the heads of the cells before and after."""
    names = [name for name in ADDED if name in numbers]
    heads = [*before, *(ADDED[name] for name in names), *after]
    cells = [
        [*left, *(_added(name, added) for name in names), *right] for left, added, right in rows
    ]
    return Table.of(heads, cells, [place for place, head in enumerate(heads) if head in WORDS])


def sentence(name: str, found: Attribution | Change, **facts: Any) -> str:
    """Return a sentence of `explain_words.j2`."""
    given = {"helpers": callable_by_name(span), "printed_chance": printed_chance, "found": found}
    return phrases("explain_words.j2", given | facts)(name)


def _draw_waterfall(found: Attribution | Change) -> Illustration:
    """Draw how a number came from what it was to what it is, part by part, in percent or points."""
    fall = Waterfall.of(found)
    height = 0.3 * (len(fall.parts) + 2) + 0.6
    return illustrate(
        plotted(lambda on: plot_attribution(found, ax=on), heights=(height, height)),
        alt=sentence("waterfall_alt", found, fall=fall),
        caption=sentence("waterfall_caption", found, weeks=WEEKS_SHOWN),
    )


SCHEMA = 1
LARGEST = 12
"""Events that are not folded."""


def explain_page(fit: "Fit", found: Attribution) -> Page:
    """Combine text, tables and figure, with the files of the page."""
    figure, notes = _draw_waterfall(found), notes_of_panel(fit.panel, [found.dyad])
    content = {
        "helpers": callable_by_name(
            course_table,
            events_table,
            model_names,
            months_table,
            parts_table,
            published_table,
            sentence,
            span,
            sums_table,
            visits_table,
            weights_sentence,
        ),
        "found": found,
        "fit": fit,
        "posed": found.posed,
    }
    body = explanation_json(found) | {"as_of": last_known(fit.panel)}
    files: Files = {
        "explain.json": body | notes.facts,
        "explain.csv": pd.DataFrame(_event_rows(found)),
        "explain.svg": figure.wide,
    }
    return Page(
        "explain.html.j2",
        content,
        {"fall": figure},
        fit.gate.passed,
        fit.gate.reasons,
        files,
        notes,
    )


def explanation_json(found: Attribution) -> dict[str, Any]:
    """Return contributions of events as plain values (docs/schema/explain-json.md)."""
    columns = [
        "date",
        "known_at",
        "source",
        "target",
        "cameo",
        "class",
        "side",
        "counted",
        "summary",
        "reference",
        "dataset",
    ]
    events = [
        {**plain(row), "added": plain(part.added), "alone": plain(alone)}
        for row, part, alone in zip(
            found.events[columns].to_dict("records"), found.in_order, found.alone, strict=True
        )
    ]
    names = (
        "dyad",
        "first",
        "last",
        "horizon",
        "baseline",
        "smallest_improvement",
        "level",
        "now",
        "before",
        "total",
        "rest",
        "pareto_k",
        "by_month",
        "by_side",
        "by_week",
        "by_kind",
        "sides_by_month",
        "visits",
        "posed",
        "published",
        "answer",
    )
    body: dict[str, Any] = {"schema": SCHEMA}
    body |= {
        name: sentence(name, found) for name in ("measure", "finding", "level_sentence", "question")
    }
    return body | {name: plain(getattr(found, name)) for name in names} | {"events": events}


def _event_rows(found: Attribution) -> list[dict[str, Any]]:
    """Return a row for each event, for a table."""
    rows = []
    for place, row in enumerate(found.events.to_dict("records")):
        part, alone = found.in_order[place], found.alone[place]
        own = {"event": place + 1, "date": row["date"].date().isoformat()}
        own |= {name: row[name] for name in ("source", "target", "cameo", "class")} | {
            "events": row["counted"]
        }
        for name in part.added:
            own |= {f"{name}_added": part.added[name].value, f"{name}_error": part.added[name].mcse}
            own[f"{name}_alone"] = alone.added[name].value if name in alone.added else None
        rows.append(own | {"how": alone.how, "pareto_k": alone.pareto_k, "summary": row["summary"]})
    return rows


def weights_sentence(found: Attribution) -> str:
    """Return the accuracy of the computation, in a sentence."""
    totals = [found.total, {} if found.published is None else found.published.total]
    error = max(as_shown(name, one)[1] for total in totals for name, one in total.items())
    return sentence("weights", found, limit=PARETO_K_LIMIT, error=error)


def _followed(found: Attribution) -> str:
    """Name the number by which events are ordered: the level, or the chance of a question."""
    return LEVEL if found.posed is None else found.outcome


def span(found: Attribution) -> str:
    """Return the first and the last day whose events are explained."""
    return f"from {day(found.first)} to {day(found.last)}"


def months_table(
    found: Attribution, names: Sequence[str] = (LEVEL,), *, sides: bool = False
) -> Table:
    """Return a table of what the months, and in them the sides if wanted, added, with the Monte Carlo error."""
    rows: list[_Row] = []
    own = [name for name in names if name in found.now]
    groups = [
        (month(date.fromisoformat(one.name)), one, found.sides_by_month[one.name])
        for one in found.by_month
    ]
    whole = Part("all together", sum(part.events for part in found.in_order), found.total)
    for name, part, by_side in [*groups, (whole.name, whole, found.by_side)]:
        shown = [(name, part), *((f"of it {side.name}", side) for side in by_side if sides)]
        for words, one in shown:
            errors = [number(as_shown(name, one.added[name])[1], 1) for name in own]
            rows.append(((words, f"{one.events}"), one.added, errors))
    return _contributions(
        ["month", "events"], rows, own, [f"± {ADDED[name].partition(',')[0]}" for name in own]
    )


def published_table(found: Attribution) -> Table | None:
    """Return a table of what the months added to the published chance of a higher share, and through whom."""
    if found.published is None:
        return None
    own = ("up", FROM_MODEL, FROM_BENCHMARKS)
    events, total = sum(part.events for part in found.in_order), found.published.total
    groups = [
        (month(date.fromisoformat(one.name)), one.events, one.added)
        for one in found.published.by_month
    ]
    rows = [
        ((name, f"{size}"), added, (number(as_shown("up", added["up"])[1], 1),))
        for name, size, added in [*groups, ("all together", events, total)]
    ]
    return _contributions(["month", "events"], rows, own, ["± higher"])


def course_table(found: Attribution) -> Table:
    """Return a table of the level and its change by month, with 90% intervals."""
    course = found.level
    rows = [(month(date.fromisoformat(one.name)), one.level, one.change) for one in course.months]
    if course.start is not None:
        rows = [("before", course.start, None), *rows, ("all together", course.now, course.change)]
    heads = "month", "level at its end", "change, points"
    return Table.of(
        heads,
        [
            (
                name,
                interval(level.mean, level.low, level.high),
                DASH
                if change is None
                else f"{signed(change.mean, 1)} [{signed(change.low, 0)}, {signed(change.high, 0)}]",
            )
            for name, level, change in rows
        ],
    )


def largest_events(found: Attribution, most: int) -> str:
    """Describe the events that contributed most to the level, or to the chance of a question: a line each."""
    name = _followed(found)
    what = (
        "the level, in points"
        if name == LEVEL
        else "the chance of the model alone, in percentage points"
    )
    lines = [f"Largest contributions to {what}, from {day(found.first)} on:"]
    for place in _by_size(found)[:most]:
        row, added = found.events.iloc[place], _added(name, found.in_order[place].added)
        lines.append(
            f"  {added}  {row['date'].date()}  {row['source']} to {row['target']}: {row['summary']}"
        )
    return "\n".join(lines)


def _by_size(found: Attribution) -> list[int]:
    """Return the places of the events, those first that added or took most."""
    name = _followed(found)
    sizes = [-abs(part.added[name].value) for part in found.in_order]
    return sorted(range(len(sizes)), key=lambda place: (sizes[place], place))


def parts_table(what: str, parts: Sequence[Part], found: Attribution) -> Table:
    """Return a table of what weeks, by their first day, or kinds added to the level."""
    names = [
        day(date.fromisoformat(one.name)) if what == "week from" else one.name for one in parts
    ]
    rows = [
        ((name, f"{part.events}"), part.added, ()) for name, part in zip(names, parts, strict=True)
    ]
    return _contributions(
        [what, "events"], [*rows, (("all together", ""), found.total, ())], (LEVEL,)
    )


def events_table(
    found: Attribution, places: Iterable[int] | None = None, names: Iterable[str] = (LEVEL,)
) -> Table:
    """Return a table of events, by default of those that contributed most to the level, or the chance of a question."""
    own, rows = [name for name in ADDED if name in names and name in found.now], []
    for place in _by_size(found)[:LARGEST] if places is None else places:
        row, alone = found.events.iloc[place], found.alone[place]
        what = f"{who(found.dyad, row['source'], row['target'])}: {row['summary']}"
        after = [
            *(_added(name, alone.added) for name in own),
            "" if alone.how == "weights" else alone.how,
        ]
        rows.append(
            ((day(row["date"].date()), what, row["class"]), found.in_order[place].added, after)
        )
    heads = [f"alone: {'level' if name == LEVEL else ADDED[name]}" for name in own]
    return _contributions(["day", "what", "kind"], rows, own, [*heads, ""])


def visits_table(found: Attribution) -> Table:
    """Return a table of the visits among the events."""
    return events_table(found, np.flatnonzero(found.events["cameo"].isin(VISITS)))


def sums_table(found: Attribution, names: Iterable[str] = (LEVEL,)) -> Table:
    """Return a table of what events left out one by one, and together, would take."""
    alone, visits = difference(found.total, found.rest), found.visits
    rows: list[_Row] = [
        (("all together",), found.total, ("",)),
        (("each left out alone, added up",), alone, ("",)),
        (("only together",), found.rest, ("",)),
    ]
    if visits is not None:
        rows.append((("all visits left out together",), visits.added, (visits.how,)))
    return _contributions([""], rows, [name for name in names if name in found.now], ["how"])


def model_names(found: Attribution) -> list[str]:
    """Return the names of the chances of the model alone, which are not published."""
    return [name for name in ADDED if name in found.now and name != LEVEL]


def change_page(fits: "tuple[Fit, Fit]", change: Change, events: Attribution | None) -> Page:
    """Combine text, table and figure, with the files of the page."""
    figure, notes = _draw_waterfall(change), notes_of_panel(fits[1].panel, [change.dyad])
    reasons = tuple(reason for fit in fits for reason in fit.gate.reasons if not fit.gate.passed)
    content = {
        "helpers": callable_by_name(alone_table, events_table, sentence, sentences, steps_table),
        "change": change,
        "events": events,
        "panel": fits[1].panel,
    }
    converged = all(fit.gate.passed for fit in fits)
    files: Files = {
        "change.json": change_json(change, events) | notes.facts,
        "change.csv": pd.DataFrame(change_rows(change)),
        "change.svg": figure.wide,
    }
    return Page("change.html.j2", content, {"fall": figure}, converged, reasons, files, notes)


def change_json(change: Change, events: Attribution | None = None) -> dict[str, Any]:
    """Return a change as plain values (docs/schema/explain-json.md)."""
    said = {"sentences": sentences(change), "question": sentence("change_question", change)}
    body: dict[str, Any] = {"schema": SCHEMA, **said, "total": plain(change.total), **plain(change)}
    return body | {"explain": None if events is None else explanation_json(events)}


def change_rows(change: Change) -> list[dict[str, Any]]:
    """Return a row a part, for a table."""
    rows = []
    for step in (Step("before", {}, change.before), *change.steps):
        row: dict[str, Any] = {"part": step.name}
        for name in change.now:
            one = step.added.get(name)
            row |= {f"{name}_added": one and one.value, f"{name}_error": one and one.mcse}
            row[f"{name}_after"] = step.after[name].value
        rows.append(row | {"note": step.note})
    return rows


def sentences(change: Change) -> list[str]:
    """Return the change in sentences: by how much, which parts, who in the pool, and what became of the level."""
    parts = [f"{step.name} {_added(change.outcome, step.added)}" for step in change.steps]
    middle = f"The change is {_added(change.outcome, change.total)} points of probability: {join(parts)}."
    pool = [sentence("change_pool", change)] if FROM_MODEL in change.now else []
    return [sentence("change_first", change), middle, *pool, sentence("change_last", change)]


def steps_table(change: Change, names: Sequence[str] = PUBLISHED) -> Table:
    """Return the parts of the change of some numbers as a table, with Monte Carlo errors of the whole numbers."""
    own = [name for name in ADDED if name in names and name in change.now]
    stated = [name for name in own if name not in (FROM_MODEL, FROM_BENCHMARKS)]
    parts = [(step.name, step.added) for step in change.steps]
    rows = [
        ((name,), added, [number(as_shown(one, added[one])[1], 1) for one in stated])
        for name, added in [*parts, ("all together", change.total)]
    ]
    return _contributions(
        ["part"], rows, own, [f"± {ADDED[name].partition(',')[0]}" for name in stated]
    )


def alone_table(change: Change) -> Table:
    """Return the parts of the change of the level and of the chance of the model alone."""
    return steps_table(change, (LEVEL, ALONE))


@checked
def write_explanation(fit: "Fit", found: "Attribution", out: str | Path) -> Path:
    """Write the contributions of recent events: page, ``explain.json``, a table of the events and the figure."""
    return publish(out, EXPLAIN, lambda: explain_page(fit, found))


@checked
def write_change(
    fits: "tuple[Fit, Fit]",
    change: "Change",
    out: str | Path,
    *,
    events: "Attribution | None" = None,
    links: Mapping[str, str] | None = None,
) -> Path:
    """Write the change between two days: page, ``change.json``, a table of the parts and the figure."""
    return publish(out, CHANGE, lambda: change_page(fits, change, events), links=links)
