"""The page of what has changed between two days."""

from typing import TYPE_CHECKING, Any

from forecast.outlook import plain
from forecast.outlook.attribution import Attribution
from forecast.outlook.change import BASELINE, TIME, Change, Step
from forecast.outlook.look import LEVEL
from forecast.report import moved_words as say
from forecast.report import waterfall_figure
from forecast.report.moved_page import events_table
from forecast.report.style import Illustration
from forecast.report.waterfall_figure import Waterfall
from forecast.wording import chance, count, day, join, number, signed

if TYPE_CHECKING:
    from forecast.model import Fit

SCHEMA = 1
LARGEST = 12
"""Events that are listed."""


def render_change(fits: "tuple[Fit, Fit]", change: Change, events: Attribution | None = None) -> str:
    """Render the page of a change.

    Parameters
    ----------
    fits : tuple of Fit
        The earlier and the later one.
    change : Change
        Of `forecast.outlook.split_change`.
    events : Attribution, optional
        What the events since then did.

    Returns
    -------
    str
        HTML that loads nothing.

    Examples
    --------
    >>> from forecast.report import render_change
    >>> render_change((old, new), split_change(old, new, "USA-CHN")).startswith("<!DOCTYPE html>")  # doctest: +SKIP
    True
    """
    return change_page(fits, change, events, change_figure(change))


def change_page(
    fits: "tuple[Fit, Fit]",
    change: Change,
    events: Attribution | None,
    figure: Illustration,
    files: tuple[str, ...] = (),
) -> str:
    """Combine text, table and figure; `files` are the names of the other files of the folder."""
    from forecast.report.rendering import render

    reasons = tuple(reason for fit in fits for reason in fit.gate.reasons if not fit.gate.passed)
    content = {
        "stamp": "" if all(fit.gate.passed for fit in fits) else "NOT CONVERGED",
        "reasons": reasons,
        "label": say.label_of(change.dyad),
        "days": [day(one) for one in change.days],
        "sentences": sentences(change),
        "question": question(change),
        "figures": {"fall": figure},
        "numbers": {"fall": 1},
        "steps": steps_table(change),
        "notes": [(step.name, step.note) for step in change.steps if step.note],
        "events": None if events is None else events_table(events, LARGEST),
        "files": list(files),
    }
    return render("change.html.j2", content)


def change_json(change: Change, events: Attribution | None = None) -> dict[str, Any]:
    """Return a change as plain values (docs/schema/moved-json.md)."""
    from forecast.report.moved_page import moved_json

    body = {
        "schema": SCHEMA,
        "sentences": sentences(change),
        "question": question(change),
        "total": plain(change.total),
    }
    whole: dict[str, Any] = body | plain(change) | {"moved": None if events is None else moved_json(events)}
    return whole


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
    """Return the change in three sentences: by how much, which parts, and what became of the level."""
    months, points = count(change.horizon, "month"), count(change.smallest_improvement, "point")
    first = (
        f"The chance that the cooperative share of the {months} ahead is at least {points} higher than in as many "
        f"months before was {chance(change.before['up'].value)} as of {day(change.days[0])} and is "
        f"{chance(change.now['up'].value)} as of {day(change.days[1])}."
    )
    parts = [f"{step.name} {signed(say.scaled('up', step.added['up'])[0], 1)}" for step in change.steps]
    whole = signed(say.scaled("up", change.total["up"])[0], 1)
    second = f"The change is {whole} points of probability: {join(parts)}."
    third = (
        f"The level of relations, an estimate, was {number(change.before[LEVEL].value, 0)} of 100 and is "
        f"{number(change.now[LEVEL].value, 0)}; the baseline was {number(change.baselines[0].share, 1)} % and is "
        f"{number(change.baselines[1].share, 1)} %."
    )
    return [first, second, third]


def question(change: Change) -> str:
    """Return what is asked at each step, in a sentence."""
    first, second = (number(one.share, 1) for one in change.baselines)
    points = count(change.smallest_improvement, "point")
    return (
        f"Up to “{BASELINE}” every step asks the same: whether the share is {points} above {first} %, the baseline of "
        f"the earlier day. The last step puts that of the later day, {second} %, in its place: it moves the question "
        "and tells nothing of the relation."
    )


def change_figure(change: Change) -> Illustration:
    """Draw how the chance went from what it was to what it is."""
    fall = Waterfall(
        (f"as of {day(change.days[0])}", say.scaled("up", change.before["up"])[0]),
        [(step.name, say.scaled("up", step.added["up"])[0]) for step in change.steps],
        (f"as of {day(change.days[1])}", say.scaled("up", change.now["up"])[0]),
        f"chance of a higher share in {count(change.horizon, 'month')}, %",
    )
    caption = (
        f"One thing is changed after the other. “{TIME.capitalize()}”: the earlier fit, asked from the later day "
        "on, with nothing known of the months between."
    )
    return waterfall_figure.illustrate(fall, caption)


def steps_table(change: Change) -> dict[str, Any]:
    """Return the parts as a table."""
    columns = [*say.heads([("part", False)]), ("± level", True), ("± higher", True)]
    rows = []
    for step in change.steps:
        errors = [number(say.scaled(name, step.added[name])[1], 1) for name in (LEVEL, "up")]
        rows.append([step.name, *say.added_cells(step.added), *errors])
    errors = [number(say.scaled(name, change.total[name])[1], 1) for name in (LEVEL, "up")]
    rows.append(["all together", *say.added_cells(change.total), *errors])
    return say.grid(columns, rows)
