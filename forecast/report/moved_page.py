"""The page of what the events of the last months did."""

from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.model.updating.weights import PARETO_K_LIMIT
from forecast.outlook import NotDefined, plain
from forecast.outlook.attribution import VISITS, Attribution, Part
from forecast.outlook.look import LEVEL, Numbers
from forecast.report import moved_words as say
from forecast.report import waterfall_figure
from forecast.report.recent import state_name, unchecked_note
from forecast.report.style import Illustration
from forecast.report.tests_page import label
from forecast.report.waterfall_figure import Waterfall
from forecast.report.words import STAMP
from forecast.wording import count, day, fitted_together, join, month, number, signed

if TYPE_CHECKING:
    from forecast.model import Fit

SCHEMA = 1
LARGEST = 12
"""Events that are not folded."""
WEEKS_SHOWN = 3
"""Up to so many months the figure has weeks."""


def render_moved(fit: "Fit", found: Attribution) -> str:
    """Render the page of what events did.

    Parameters
    ----------
    fit : Fit
        They were attributed in.
    found : Attribution
        Of `forecast.outlook.attribute`.

    Returns
    -------
    str
        HTML that loads nothing.

    Examples
    --------
    >>> from forecast.report import render_moved
    >>> render_moved(fit, attribute(fit, "USA-CHN", table)).startswith("<!DOCTYPE html>")  # doctest: +SKIP
    True
    """
    return moved_page(fit, found, moved_figure(found))


def moved_page(fit: "Fit", found: Attribution, figure: Illustration, files: tuple[str, ...] = ()) -> str:
    """Combine text, tables and figure; `files` are the names of the other files of the folder."""
    from forecast.report.rendering import render

    gate = fit.gate
    content = {
        "stamp": "" if gate.passed else STAMP,
        "reasons": tuple(gate.reasons),
        "label": label(found.dyad),
        "months": _months(found),
        "finding": finding(found),
        "question": question(found),
        "figures": {"fall": figure},
        "numbers": {"fall": 1},
        "by_month": months_table(found),
        "by_week": _parts("week from", [(day(date.fromisoformat(one.name)), one) for one in found.by_week], found),
        "by_kind": _parts("kind", [(one.name, one) for one in found.by_kind], found),
        "visits": visits_sentence(found),
        "each_visit": _events(found, [place for place, code in enumerate(found.events["cameo"]) if code in VISITS]),
        "together": fitted_together(found.dyad, fit.dyads),
        "largest": events_table(found, LARGEST),
        "all": _events(found, list(range(len(found.events)))),
        "references": _references(found),
        "note": unchecked_note(found.events["reference"]),
        "rest": rest_sentence(found),
        "weights": weights_sentence(found),
        "files": list(files),
    }
    return render("moved.html.j2", content)


def moved_json(found: Attribution) -> dict[str, Any]:
    """Return what events did as plain values (docs/schema/moved-json.md)."""
    columns = ["date", "known_at", "source", "target", "cameo", "class", "counted", "summary", "reference", "dataset"]
    events = [
        {**plain(row), "added": plain(part.added), "alone": plain(alone)}
        for row, part, alone in zip(found.events[columns].to_dict("records"), found.in_order, found.alone, strict=True)
    ]
    names = (
        "dyad", "first", "last", "horizon", "baseline", "smallest_improvement", "now", "before", "total", "rest",
        "pareto_k", "by_month", "by_week", "by_kind", "visits",
    )  # fmt: skip
    body = {"schema": SCHEMA, "finding": finding(found), "question": question(found)}
    return body | {name: plain(getattr(found, name)) for name in names} | {"events": events}


def moved_rows(found: Attribution) -> "list[dict[str, Any]]":
    """Return a row an event, for a table."""
    rows = []
    for place, row in enumerate(found.events.to_dict("records")):
        part, alone = found.in_order[place], found.alone[place]
        own = {"event": place + 1, "date": row["date"].date().isoformat()}
        own |= {name: row[name] for name in ("source", "target", "cameo", "class")} | {"happenings": row["counted"]}
        for name in part.added:
            own |= {f"{name}_added": part.added[name].value, f"{name}_error": part.added[name].mcse}
            own[f"{name}_alone"] = alone.added[name].value if name in alone.added else None
        rows.append(own | {"how": alone.how, "pareto_k": alone.pareto_k, "summary": row["summary"]})
    return rows


def finding(found: Attribution) -> str:
    """Return what all events together did, in a sentence."""
    number_of = int(found.events["counted"].sum())
    moved = [f"the level of {label(found.dyad)} relations from {_from_to(LEVEL, found)} of 100"]
    if "up" in found.now:
        moved.append(f"the chance of a higher share in {count(found.horizon, 'month')} from {_from_to('up', found)}")
    return f"The {count(number_of, 'happening')} {_months(found)} moved {' and '.join(moved)}."


def question(found: Attribution) -> str:
    """Return what is asked, in a sentence."""
    points = count(found.smallest_improvement, "point")
    baseline = found.baseline
    if isinstance(baseline, NotDefined) or baseline.share is None:
        reason = baseline.reason if isinstance(baseline, NotDefined) else "it has fewer than three happenings"
        return f"No chances are given: there is no baseline to compare with ({reason})."
    months, before = count(found.horizon, "month"), f"{day(baseline.first)} to {day(baseline.last)}"
    return (
        f"Higher, lower: the cooperative share of the {months} after {day(found.last)} is at least {points} above, or "
        f"below, {number(baseline.share, 1)} %, that of {before} as it was recorded. This baseline stays, whatever is "
        "left out."
    )


def visits_sentence(found: Attribution) -> str:
    """Return what the visits did together, in a sentence; empty without a visit."""
    visits = found.visits
    if visits is None:
        return ""
    if not visits.added:
        return "What the visits did together needs a new fit (--refit)."
    changes = [f"the level would be {_missing(LEVEL, visits.added)}"]
    if "up" in visits.added:
        changes.append(f"the chance of a higher share {_missing('up', visits.added)}")
        changes.append(f"that of a lower one {_missing('down', visits.added)}")
    return f"Had no visit been recorded and all else been the same, {join(changes)}."


def weights_sentence(found: Attribution) -> str:
    """Return how far the computation can be trusted, in a sentence."""
    k = found.pareto_k
    trusted = "" if k is None else f" Pareto k was at most {k:.2f} (limit 0.70)."
    if k is not None and k > PARETO_K_LIMIT:
        trusted += " So the division of some months among their events is rough; what the months added is not."
    errors = [scaled[1] for scaled in (say.scaled(name, one) for name, one in found.total.items())]
    lost = sum(not one.added for one in found.alone)
    missing = f" Alone, {count(lost, 'event')} would need a new fit." if lost else ""
    error = number(max(errors), 1)
    return f"Draws of the fit were weighed.{trusted} Monte Carlo error of the sums: at most {error}.{missing}"


def rest_sentence(found: Attribution) -> str:
    """Return how far the contributions alone are from the whole, in a sentence."""
    whole, rest = found.total[LEVEL].value, found.rest[LEVEL].value
    return (
        f"Each left out alone, the events add {signed(whole - rest, 1)} points to the level; the rest, "
        f"{signed(rest, 1)}, they did only together."
    )


def moved_figure(found: Attribution) -> Illustration:
    """Draw how the chance of a higher share, or the level, went from before the first event to now."""
    name = "up" if "up" in found.now else LEVEL
    short = len(found.by_month) <= WEEKS_SHOWN
    parts = found.by_week if short else found.by_month
    named = [
        (day(date.fromisoformat(one.name)) if short else month(date.fromisoformat(one.name), short=True), one)
        for one in parts
    ]
    steps = [(words, say.scaled(name, one.added[name])[0]) for words, one in named]
    unit = "level of 100" if name == LEVEL else f"chance of a higher share in {count(found.horizon, 'month')}, %"
    fall = Waterfall(
        ("without them", say.scaled(name, found.before[name])[0]),
        steps,
        ("now", say.scaled(name, found.now[name])[0]),
        unit,
    )
    return waterfall_figure.illustrate(
        fall,
        f"What {'weeks' if short else 'months'} added, in the order of the record: from what would be said had "
        "nothing been recorded in them to what is said now.",
    )


def _missing(name: str, added: Numbers) -> str:
    """Return by how much a number would be other without what was added, in words."""
    value = say.scaled(name, added[name])[0]
    unit = "points" if name == LEVEL else "percentage points"
    return f"{number(abs(value), 1)} {unit} {'lower' if value > 0 else 'higher'}"


def _from_to(name: str, found: Attribution) -> str:
    return f"{say.said(name, found.before)} to {say.said(name, found.now)}"


def _months(found: Attribution) -> str:
    return f"from {day(found.first)} to {day(found.last)}"


def months_table(found: Attribution) -> dict[str, Any]:
    """Return a table of what the months added."""
    return _parts("month", [(month(date.fromisoformat(one.name)), one) for one in found.by_month], found)


def event_lines(found: Attribution, most: int) -> list[str]:
    """Return a line for each of the events that moved the level most."""
    lines = []
    for place in _by_size(found)[:most]:
        row, part = found.events.iloc[place], found.in_order[place]
        when = row["date"].date().isoformat()
        lines.append(f"{say.added(LEVEL, part.added)}  {when}  {row['source']} to {row['target']}: {row['summary']}")
    return lines


def events_table(found: Attribution, most: int) -> dict[str, Any]:
    """Return a table of the events that moved the level most."""
    return _events(found, _by_size(found)[:most])


def _by_size(found: Attribution) -> list[int]:
    """Return the places of the events, those first that added most to the level or took most from it."""
    sizes = [-abs(part.added[LEVEL].value) for part in found.in_order]
    return sorted(range(len(sizes)), key=lambda place: (sizes[place], place))


def _parts(what: str, parts: list[tuple[str, Part]], found: Attribution) -> dict[str, Any]:
    columns = say.heads([(what, False), ("happenings", True)], found.now)
    return say.grid(columns, say.part_rows(parts, found.total))


def _events(found: Attribution, places: list[int]) -> dict[str, Any]:
    columns = [
        *say.heads([("day", False), ("what", False), ("kind", False)], found.now),
        ("alone: level", True),
        ("", False),
    ]
    rows = []
    for place in places:
        row, part, alone = found.events.iloc[place], found.in_order[place], found.alone[place]
        who = f"{state_name(found.dyad, row['source'])} to {state_name(found.dyad, row['target'])}"
        rows.append(
            [
                day(row["date"].date()), f"{who}: {row['summary']}", row["class"], *say.added_cells(part.added),
                say.added(LEVEL, alone.added), say.how_words(alone),
            ]
        )  # fmt: skip
    return say.grid(columns, rows)


def _references(found: Attribution) -> list[tuple[str, str]]:
    return [(day(row["date"].date()), row["reference"]) for row in found.events.to_dict("records") if row["reference"]]
