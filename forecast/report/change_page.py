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
from forecast.report.tests_page import label
from forecast.report.vintage import vintage
from forecast.report.waterfall_figure import Waterfall
from forecast.report.words import STAMP
from forecast.wording import chance, count, day, join, number

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
        "stamp": "" if all(fit.gate.passed for fit in fits) else STAMP,
        "reasons": reasons,
        "label": label(change.dyad),
        "days": [day(one) for one in change.days],
        "sentences": sentences(change),
        "question": question(change),
        "vintage": vintage(fits[1].panel, " and ".join(map(day, change.days))),
        "figures": {"fall": figure},
        "numbers": {"fall": 1},
        "steps": steps_table(change),
        "notes": [(step.name, step.note) for step in change.steps if step.note],
        "events": None if events is None else events_table(events, LARGEST),
        "of_question": events is not None and events.posed is not None,
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
    name, asked = change.outcome, change.asked
    was, now = (chance(numbers[name].value) for numbers in (change.before, change.now))
    days = [day(one) for one in change.days]
    level = (
        f"The level of relations, an estimate, was {number(change.before[LEVEL].value, 0)} of 100 and is "
        f"{number(change.now[LEVEL].value, 0)}"
    )
    if isinstance(asked, str):
        first, last = f"The chance of a yes was {was} as of {days[0]} and is {now} as of {days[1]}.", f"{level}."
    else:
        months, points = count(asked.horizon, "month"), count(asked.smallest_improvement, "point")
        first = (
            f"The chance that the cooperative share of the {months} ahead is at least {points} higher than in as many "
            f"months before was {was} as of {days[0]} and is {now} as of {days[1]}."
        )
        before, after = (number(one.share, 1) for one in asked.baselines)
        last = f"{level}; the baseline was {before} % and is {after} %."
    parts = [f"{step.name} {say.added(name, step.added)}" for step in change.steps]
    return [first, f"The change is {say.added(name, change.total)} points of probability: {join(parts)}.", last]


def question(change: Change) -> str:
    """Return what is asked at each step, in a sentence or two."""
    asked = change.asked
    if isinstance(asked, str):
        return (
            f"Asked: {asked} The passing of time alone does not move the probability of a question with a fixed window."
        )
    first, second = (number(one.share, 1) for one in asked.baselines)
    points = count(asked.smallest_improvement, "point")
    return (
        f"Up to “{BASELINE}” every step asks the same: whether the share is {points} above {first} %, the baseline of "
        f"the earlier day. The last step puts that of the later day, {second} %, in its place: it moves the question "
        "and tells nothing of the relation."
    )


def change_figure(change: Change) -> Illustration:
    """Draw how the chance went from what it was to what it is."""
    name, asked = change.outcome, change.asked
    words = "a yes" if isinstance(asked, str) else f"a higher share in {count(asked.horizon, 'month')}"
    fall = Waterfall(
        (f"as of {day(change.days[0])}", say.scaled(name, change.before[name])[0]),
        [(step.name, say.scaled(name, step.added[name])[0]) for step in change.steps],
        (f"as of {day(change.days[1])}", say.scaled(name, change.now[name])[0]),
        f"chance of {words}, %",
    )
    caption = (
        f"One thing is changed after the other. “{TIME.capitalize()}”: the earlier fit, asked from the later day "
        "on, with nothing known of the months between."
    )
    return waterfall_figure.illustrate(fall, caption)


def steps_table(change: Change) -> dict[str, Any]:
    """Return the parts as a table."""
    own = LEVEL, change.outcome
    columns = [
        *say.heads([("part", False)], change.now),
        *((f"± {say.ADDED[name].partition(',')[0]}", True) for name in own),
    ]
    rows = []
    for name, added in [*((step.name, step.added) for step in change.steps), ("all together", change.total)]:
        errors = [number(say.scaled(one, added[one])[1], 1) for one in own]
        rows.append([name, *say.added_cells(added), *errors])
    return say.grid(columns, rows)
