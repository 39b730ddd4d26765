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
from forecast.outlook.comparison import Change, Step
from forecast.outlook.contributions import Attribution, Part
from forecast.outlook.snapshot import (
    FROM_BENCHMARKS,
    FROM_MODEL,
    LEVEL,
    MODEL_ALONE,
    Numbers,
    as_shown,
    difference,
    printed_chance,
)
from forecast.plots import plot_attribution
from forecast.plots.outcomes import WEEKS_SHOWN, Waterfall
from forecast.report.events import who
from forecast.report.folder import CHANGE, EXPLAIN
from forecast.report.illustration import Illustration, illustrate, plotted
from forecast.report.publishing import Files, Page, publish
from forecast.report.rendering import callable_by_name, phrases
from forecast.report.table import Table

ADDED = {
    LEVEL: "level, points",
    "up": "higher, points of probability",
    "down": "lower, points of probability",
    "yes": "yes, points of probability",
    "ahead": "of it ahead, points",
    FROM_MODEL: "of it the model, points",
    FROM_BENCHMARKS: "of it the benchmarks, points",
    MODEL_ALONE: "the model alone, points",
}
"""Heads of columns of what was added, for the numbers that tables have."""
PUBLISHED = ("up", "yes", FROM_MODEL, FROM_BENCHMARKS)
"""Numbers in the table of the parts of a change; the level and the model alone have a folded
one."""
WORDS = {"", "month", "week from", "kind", "day", "what", "part", "how"}
"""Heads of columns that hold words."""
SCHEMA = 1
# Events that are not folded
MAX_EVENTS_UNFOLDED = 12


def _added(name: str, numbers: Numbers) -> str:
    """Format what was added to a number, with a sign."""
    return signed(as_shown(name, numbers[name])[0], 1) if name in numbers else DASH


type _Contributed = tuple[Sequence[str], Numbers, Sequence[str]]
"""Cells, what was added, and cells after it."""


def _contributions(
    before: Sequence[str],
    rows: Sequence[_Contributed],
    numbers: Iterable[str],
    after: Sequence[str] = (),
) -> Table:
    """Arrange what was added to some numbers, with the heads of the cells before and after."""
    names = [name for name in ADDED if name in numbers]
    heads = [*before, *(ADDED[name] for name in names), *after]
    cells = [
        [*before_added, *(_added(name, added) for name in names), *right]
        for before_added, added, right in rows
    ]
    return Table.of(heads, cells, [index for index, head in enumerate(heads) if head in WORDS])


def sentence(name: str, explained: Attribution | Change, **facts: Any) -> str:
    """Return a sentence of `explain_words.j2`."""
    given = {
        "helpers": callable_by_name(span),
        "printed_chance": printed_chance,
        "found": explained,
    }
    return phrases("explain_words.j2", given | facts)(name)


def _draw_waterfall(explained: Attribution | Change) -> Illustration:
    """Draw how a number came from what it was to what it is, part by part, in percent or points."""
    fall = Waterfall.of(explained)
    height = 0.3 * (len(fall.parts) + 2) + 0.6
    return illustrate(
        plotted(lambda on: plot_attribution(explained, ax=on), heights=(height, height)),
        alt=sentence("waterfall_alt", explained, fall=fall),
        caption=sentence("waterfall_caption", explained, weeks=WEEKS_SHOWN),
    )


def explain_page(fit: "Fit", explained: Attribution) -> Page:
    """Combine text, tables and figure, with the files of the page."""
    figure, notes = _draw_waterfall(explained), notes_of_panel(fit.panel, [explained.dyad])
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
        "found": explained,
        "fit": fit,
        "posed": explained.posed,
    }
    body = explanation_json(explained) | {"as_of": last_known(fit.panel)}
    files: Files = {
        "explain.json": body | notes.facts,
        "explain.csv": pd.DataFrame(_event_rows(explained)),
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


def explanation_json(explained: Attribution) -> dict[str, Any]:
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
            explained.events[columns].to_dict("records"),
            explained.sequential,
            explained.leave_one_out,
            strict=True,
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
        name: sentence(name, explained)
        for name in ("measure", "finding", "level_sentence", "question")
    }
    return body | {name: plain(getattr(explained, name)) for name in names} | {"events": events}


def _event_rows(explained: Attribution) -> list[dict[str, Any]]:
    """Return a row for each event, for a table."""
    rows = []
    for index, row in enumerate(explained.events.to_dict("records")):
        part, alone = explained.sequential[index], explained.leave_one_out[index]
        cells = {"event": index + 1, "date": row["date"].date().isoformat()}
        cells |= {name: row[name] for name in ("source", "target", "cameo", "class")} | {
            "events": row["counted"]
        }
        for name in part.added:
            cells |= {
                f"{name}_added": part.added[name].value,
                f"{name}_error": part.added[name].mcse,
            }
            cells[f"{name}_alone"] = alone.added[name].value if name in alone.added else None
        rows.append(
            cells | {"how": alone.how, "pareto_k": alone.pareto_k, "summary": row["summary"]}
        )
    return rows


def weights_sentence(explained: Attribution) -> str:
    """Return the accuracy of the computation, in a sentence."""
    totals = [explained.total, {} if explained.published is None else explained.published.total]
    error = max(
        as_shown(name, contribution)[1] for total in totals for name, contribution in total.items()
    )
    return sentence("weights", explained, limit=PARETO_K_LIMIT, error=error)


def _followed(explained: Attribution) -> str:
    """Name the number by which events are ordered: the level, or the chance of a question."""
    return LEVEL if explained.posed is None else explained.outcome


def span(explained: Attribution) -> str:
    """Return the first and the last day whose events are explained."""
    return f"from {day(explained.first)} to {day(explained.last)}"


def months_table(
    explained: Attribution, names: Sequence[str] = (LEVEL,), *, sides: bool = False
) -> Table:
    """Return a table of what the months added, with the Monte Carlo error.

    The sides in them are shown if wanted.
    """
    rows: list[_Contributed] = []
    shown_names = [name for name in names if name in explained.now]
    groups = [
        (month(date.fromisoformat(part.name)), part, explained.sides_by_month[part.name])
        for part in explained.by_month
    ]
    whole = Part("all together", sum(part.events for part in explained.sequential), explained.total)
    for name, part, by_side in [*groups, (whole.name, whole, explained.by_side)]:
        shown = [(name, part), *((f"of it {side.name}", side) for side in by_side if sides)]
        for words, group in shown:
            errors = [number(as_shown(name, group.added[name])[1], 1) for name in shown_names]
            rows.append(((words, f"{group.events}"), group.added, errors))
    return _contributions(
        ["month", "events"],
        rows,
        shown_names,
        [f"± {ADDED[name].partition(',')[0]}" for name in shown_names],
    )


def published_table(explained: Attribution) -> Table | None:
    """Return what months added to the published chance of a higher share, and through whom."""
    if explained.published is None:
        return None
    names = ("up", FROM_MODEL, FROM_BENCHMARKS)
    events, total = sum(part.events for part in explained.sequential), explained.published.total
    groups = [
        (month(date.fromisoformat(part.name)), part.events, part.added)
        for part in explained.published.by_month
    ]
    rows = [
        ((name, f"{size}"), added, (number(as_shown("up", added["up"])[1], 1),))
        for name, size, added in [*groups, ("all together", events, total)]
    ]
    return _contributions(["month", "events"], rows, names, ["± higher"])


def course_table(explained: Attribution) -> Table:
    """Return a table of the level and its change by month, with 90% intervals."""
    course = explained.level
    rows = [(month(date.fromisoformat(row.name)), row.level, row.change) for row in course.months]
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
                else f"{signed(change.mean, 1)} "
                f"[{signed(change.low, 0)}, {signed(change.high, 0)}]",
            )
            for name, level, change in rows
        ],
    )


def largest_events(explained: Attribution, most: int) -> str:
    """Describe the events that moved the level, or a question's chance, most, a line each."""
    name = _followed(explained)
    what = (
        "the level, in points"
        if name == LEVEL
        else "the chance of the model alone, in percentage points"
    )
    lines = [f"Largest contributions to {what}, from {day(explained.first)} on:"]
    for index in _by_size(explained)[:most]:
        row, added = explained.events.iloc[index], _added(name, explained.sequential[index].added)
        lines.append(
            f"  {added}  {row['date'].date()}  {row['source']} to {row['target']}: {row['summary']}"
        )
    return "\n".join(lines)


def _by_size(explained: Attribution) -> list[int]:
    """Return the places of the events, those first that added or took most."""
    name = _followed(explained)
    sizes = [-abs(part.added[name].value) for part in explained.sequential]
    return sorted(range(len(sizes)), key=lambda index: (sizes[index], index))


def parts_table(what: str, parts: Sequence[Part], explained: Attribution) -> Table:
    """Return a table of what weeks, by their first day, or kinds added to the level."""
    names = [
        day(date.fromisoformat(part.name)) if what == "week from" else part.name for part in parts
    ]
    rows = [
        ((name, f"{part.events}"), part.added, ()) for name, part in zip(names, parts, strict=True)
    ]
    return _contributions(
        [what, "events"], [*rows, (("all together", ""), explained.total, ())], (LEVEL,)
    )


def events_table(
    explained: Attribution, places: Iterable[int] | None = None, names: Iterable[str] = (LEVEL,)
) -> Table:
    """Return a table of events, by default those that moved the level or the chance most."""
    shown, rows = [name for name in ADDED if name in names and name in explained.now], []
    for index in _by_size(explained)[:MAX_EVENTS_UNFOLDED] if places is None else places:
        row, alone = explained.events.iloc[index], explained.leave_one_out[index]
        what = f"{who(explained.dyad, row['source'], row['target'])}: {row['summary']}"
        after = [
            *(_added(name, alone.added) for name in shown),
            "" if alone.how == "weights" else alone.how,
        ]
        rows.append(
            (
                (day(row["date"].date()), what, row["class"]),
                explained.sequential[index].added,
                after,
            )
        )
    heads = [f"alone: {'level' if name == LEVEL else ADDED[name]}" for name in shown]
    return _contributions(["day", "what", "kind"], rows, shown, [*heads, ""])


def visits_table(explained: Attribution) -> Table:
    """Return a table of the visits among the events."""
    return events_table(explained, np.flatnonzero(explained.events["cameo"].isin(VISITS)))


def sums_table(explained: Attribution, names: Iterable[str] = (LEVEL,)) -> Table:
    """Return a table of what events left out one by one, and together, would take."""
    alone, visits = difference(explained.total, explained.rest), explained.visits
    rows: list[_Contributed] = [
        (("all together",), explained.total, ("",)),
        (("each left out alone, added up",), alone, ("",)),
        (("only together",), explained.rest, ("",)),
    ]
    if visits is not None:
        rows.append((("all visits left out together",), visits.added, (visits.how,)))
    return _contributions([""], rows, [name for name in names if name in explained.now], ["how"])


def model_names(explained: Attribution) -> list[str]:
    """Return the names of the chances of the model alone, which are not published."""
    return [name for name in ADDED if name in explained.now and name != LEVEL]


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
            contribution = step.added.get(name)
            row |= {
                f"{name}_added": contribution and contribution.value,
                f"{name}_error": contribution and contribution.mcse,
            }
            row[f"{name}_after"] = step.after[name].value
        rows.append(row | {"note": step.note})
    return rows


def sentences(change: Change) -> list[str]:
    """Describe how much a number changed, by which parts, who in the pool, and the level."""
    parts = [f"{step.name} {_added(change.outcome, step.added)}" for step in change.steps]
    middle = (
        f"The change is {_added(change.outcome, change.total)} points of probability: "
        f"{join(parts)}."
    )
    pool = [sentence("change_pool", change)] if FROM_MODEL in change.now else []
    return [sentence("change_first", change), middle, *pool, sentence("change_last", change)]


def steps_table(change: Change, names: Sequence[str] = PUBLISHED) -> Table:
    """Return the parts of the change of some numbers as a table.

    The whole numbers have their Monte Carlo errors.
    """
    shown = [name for name in ADDED if name in names and name in change.now]
    stated = [name for name in shown if name not in (FROM_MODEL, FROM_BENCHMARKS)]
    parts = [(step.name, step.added) for step in change.steps]
    rows = [
        (
            (name,),
            added,
            [number(as_shown(stated_name, added[stated_name])[1], 1) for stated_name in stated],
        )
        for name, added in [*parts, ("all together", change.total)]
    ]
    return _contributions(
        ["part"], rows, shown, [f"± {ADDED[name].partition(',')[0]}" for name in stated]
    )


def alone_table(change: Change) -> Table:
    """Return the parts of the change of the level and of the chance of the model alone."""
    return steps_table(change, (LEVEL, MODEL_ALONE))


@checked
def write_explanation(fit: "Fit", explained: "Attribution", out: str | Path) -> Path:
    """Write the contributions of recent events.

    There is a page, ``explain.json``, a table of the events and the figure.
    """
    return publish(out, EXPLAIN, lambda: explain_page(fit, explained))


@checked
def write_change(
    fits: "tuple[Fit, Fit]",
    change: "Change",
    out: str | Path,
    *,
    events: "Attribution | None" = None,
    links: Mapping[str, str] | None = None,
) -> Path:
    """Write the change between two days.

    There is a page, ``change.json``, a table of the parts and the figure.
    """
    return publish(out, CHANGE, lambda: change_page(fits, change, events), links=links)
