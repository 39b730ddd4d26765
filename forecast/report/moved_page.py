"""The page of what the events of the last months did."""

from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.dates import months_between
from forecast.model.updating.weights import PARETO_K_LIMIT
from forecast.outlook import NotDefined, plain
from forecast.outlook.attribution import VISITS, Attribution, Part
from forecast.outlook.look import LEVEL, Numbers
from forecast.report import moved_words as say
from forecast.report import waterfall_figure
from forecast.report.recent import state_name, unchecked_note
from forecast.report.style import Illustration
from forecast.report.tests_page import label
from forecast.report.vintage import vintage
from forecast.report.waterfall_figure import Waterfall
from forecast.report.words import STAMP
from forecast.wording import count, day, fitted_together, join, month, number, signed

if TYPE_CHECKING:
    from forecast.model import Fit

SCHEMA = 1
AHEAD = "ahead"
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
        "vintage": vintage(fit.panel),
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
        "posed": found.posed,
        "window": window_sentences(found),
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
        "pareto_k", "by_month", "by_week", "by_kind", "visits", "posed",
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
    if found.outcome != LEVEL:
        moved.append(f"{_chance_in_words(found)} from {_from_to(found.outcome, found)}")
    return f"The {count(number_of, 'happening')} {_months(found)} moved {' and '.join(moved)}."


def question(found: Attribution) -> str:
    """Return what is asked, in a sentence."""
    if found.posed is not None:
        return f"Asked on {day(found.posed.asked)}: {found.posed.sentence}"
    baseline = found.baseline
    assert baseline is not None and found.horizon is not None and found.smallest_improvement is not None
    points = count(found.smallest_improvement, "point")
    if isinstance(baseline, NotDefined) or baseline.share is None:
        reason = baseline.reason if isinstance(baseline, NotDefined) else "it has fewer than three happenings"
        return f"No chances are given: there is no baseline to compare with ({reason})."
    months, before = count(found.horizon, "month"), f"{day(baseline.first)} to {day(baseline.last)}"
    return (
        f"Higher, lower: the cooperative share of the {months} after {day(found.last)} is at least {points} above, or "
        f"below, {number(baseline.share, 1)} %, that of {before} as it was recorded. This baseline stays, whatever is "
        "left out."
    )


def window_sentences(found: Attribution) -> str:
    """Return what of a question is left out with an event, in sentences; empty without a question."""
    posed = found.posed
    if posed is None:
        return ""
    parts = [
        "What was fixed when the question was asked, such as a baseline, stays whatever is left out: what events "
        "before did to it is not in these numbers."
    ]
    if AHEAD in found.now:
        whole = months_between(posed.first, posed.last) + 1
        parts.append(
            f"Of the {count(whole, 'month')} of its window, {day(posed.first)} to {day(posed.last)}, the record holds "
            f"{posed.recorded}. An event in these tells twice: it counts in the window, and it moves what is said of "
            "the months ahead. Left out, it is out of both. The column “of it ahead” is what it adds with the window’s "
            "record as it is; the rest of “yes” it adds as a part of that record."
        )
    elif posed.kind != "level":
        parts.append(f"No month of its window, {day(posed.first)} to {day(posed.last)}, is recorded yet.")
    if posed.kind == "count":
        parts.append(
            "The kinds of the happenings ahead follow the mix of the last ten years. An event that is left out is out "
            "of that mix, too, so that events of one side but of different kinds add different amounts."
        )
    return " ".join(parts)


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
    if "yes" in visits.added:
        changes.append(f"the chance of a yes {_missing('yes', visits.added)}")
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
    name = _followed(found)
    whole, rest = (say.scaled(name, numbers[name])[0] for numbers in (found.total, found.rest))
    added = "points to the level" if name == LEVEL else "percentage points to the chance of a yes"
    return (
        f"Each left out alone, the events add {signed(whole - rest, 1)} {added}; the rest, {signed(rest, 1)}, they did "
        "only together."
    )


def moved_figure(found: Attribution) -> Illustration:
    """Draw how the chance that is followed, or the level, went from before the first event to now."""
    name = found.outcome
    short = len(found.by_month) <= WEEKS_SHOWN
    parts = found.by_week if short else found.by_month
    named = [
        (day(date.fromisoformat(one.name)) if short else month(date.fromisoformat(one.name), short=True), one)
        for one in parts
    ]
    steps = [(words, say.scaled(name, one.added[name])[0]) for words, one in named]
    unit = "level of 100" if name == LEVEL else f"{_chance_in_words(found).removeprefix('the ')}, %"
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


def _chance_in_words(found: Attribution) -> str:
    """Name the chance that is followed."""
    if found.horizon is None:
        return "the chance of a yes"
    return f"the chance of a higher share in {count(found.horizon, 'month')}"


def _followed(found: Attribution) -> str:
    """Name the number by which events are ordered: the level, or the chance of a question."""
    return LEVEL if found.posed is None else found.outcome


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


def what_moved(found: Attribution) -> str:
    """Name what events are ordered by, with its unit."""
    return "the level most, in points" if _followed(found) == LEVEL else "the chance most, in percentage points"


def event_lines(found: Attribution, most: int) -> list[str]:
    """Return a line for each of the events that moved the level, or the chance of a question, most."""
    lines = []
    for place in _by_size(found)[:most]:
        row, part = found.events.iloc[place], found.in_order[place]
        when = row["date"].date().isoformat()
        lines.append(
            f"{say.added(_followed(found), part.added)}  {when}  {row['source']} to {row['target']}: {row['summary']}"
        )
    return lines


def events_table(found: Attribution, most: int) -> dict[str, Any]:
    """Return a table of the events that moved the level, or the chance of a question, most."""
    return _events(found, _by_size(found)[:most])


def _by_size(found: Attribution) -> list[int]:
    """Return the places of the events, those first that added or took most."""
    name = _followed(found)
    sizes = [-abs(part.added[name].value) for part in found.in_order]
    return sorted(range(len(sizes)), key=lambda place: (sizes[place], place))


def _parts(what: str, parts: list[tuple[str, Part]], found: Attribution) -> dict[str, Any]:
    columns = say.heads([(what, False), ("happenings", True)], found.now)
    return say.grid(columns, say.part_rows(parts, found.total))


def _events(found: Attribution, places: list[int]) -> dict[str, Any]:
    name = _followed(found)
    columns = [
        *say.heads([("day", False), ("what", False), ("kind", False)], found.now),
        (f"alone: {'level' if name == LEVEL else say.ADDED[name]}", True),
        ("", False),
    ]
    rows = []
    for place in places:
        row, part, alone = found.events.iloc[place], found.in_order[place], found.alone[place]
        who = f"{state_name(found.dyad, row['source'])} to {state_name(found.dyad, row['target'])}"
        rows.append(
            [
                day(row["date"].date()), f"{who}: {row['summary']}", row["class"], *say.added_cells(part.added),
                say.added(name, alone.added), say.how_words(alone),
            ]
        )  # fmt: skip
    return say.grid(columns, rows)


def _references(found: Attribution) -> list[tuple[str, str]]:
    return [(day(row["date"].date()), row["reference"]) for row in found.events.to_dict("records") if row["reference"]]
