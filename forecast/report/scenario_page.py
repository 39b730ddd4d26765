"""Page and JSON of scenarios: the outlook given the assumptions, beside the unconditional outlook."""

from collections.abc import Callable
from typing import Any

from forecast.outlook import Estimate, NotDefined, Probability, main_horizon, plain
from forecast.outlook.conditioning import Assumed
from forecast.outlook.query import Prospect
from forecast.outlook.scenarios import Scenario, Scenarios
from forecast.report import fan_figure, words
from forecast.report.provenance import GateLike, ReportedFit, settings, vintage
from forecast.report.rendering import Page
from forecast.report.style import Illustration, stamped
from forecast.wording import DASH, chance, count, day, number, period

WITHOUT = "Without"
FOLLOWED = "What followed"


def scenario_page(fit: ReportedFit, found: Scenarios, gate: GateLike) -> Page:
    """Combine text, tables and figure."""
    content = {
        "label": found.label,
        "assumed_stamp": found.stamp,
        "origin": period(found.origin, weekly=found.weekly),
        "vintage": vintage(fit.panel),
        "scenarios": [_about(found, one) for one in found.scenarios],
        "recorded": _recorded(found),
        "level": _level(found),
        "kinds": _kinds(found),
        "asked": _asked(found),
        "questions": _questions(found),
        "question_rules": [f"{one.id}: {one.sentence}" for one in found.unconditional.questions],
        "rules": _rules(found),
        "error": _largest_error(found),
        "futures": f"{found.futures:,}",
        "followed": bool(found.followed),
        "settings": settings(fit.spec, fit.panel["dyad"].to_numpy().tolist()),
    }
    return Page("scenario.html.j2", content, {"scenarios": _figure(gate, found)}, gate.passed, gate.reasons)


def scenario_json(fit: ReportedFit, found: Scenarios, gate: GateLike) -> dict[str, Any]:
    """Return the content of scenario.json, by the schema of docs/schema/scenario-json.md."""
    body = {
        "schema": found.schema,
        "stamp": found.stamp,
        "converged": bool(gate.passed),
        "reasons": list(gate.reasons),
        "dyad": found.dyad,
        "label": found.label,
        "origin": found.origin,
        "horizons": found.horizons,
        "smallest_improvement": found.smallest_improvement,
        "simulation": {"seed": found.seed, "draws": found.draws, "futures": found.futures},
        "data_digest": str(fit.panel.attrs.get("digest", "")),
        "unconditional": found.unconditional,
        "scenarios": [_scenario_json(one) for one in found.scenarios],
        "followed": list(found.followed.values()),
    }
    stated: dict[str, Any] = plain(body)
    return stated


def question_sentences(found: Scenarios, one: Scenario) -> list[str]:
    """Return what a scenario changes of the questions that were asked, a sentence each."""
    pairs = zip(one.prospect.questions, found.unconditional.questions, strict=True)
    return [
        f"The chance that “{then.id}” is answered yes is {_value(then.chance)}, and without it {_value(now.chance)}."
        for then, now in pairs
    ]


def _scenario_json(one: Scenario) -> dict[str, Any]:
    rows = [{name: value for name, value in plain(row).items() if name != "place"} for row in one.rows]
    return {
        "name": one.name,
        "assumed": rows,
        "usable": not one.fault,
        "plausibility": one.plausibility,
        "method": one.method,
        "pareto_k": one.pareto_k,
        "effective": one.effective,
        "warnings": one.warnings,
        "sentence": one.sentence,
        "conditional": one.prospect,
    }


def _figure(gate: GateLike, found: Scenarios) -> Illustration:
    drawn = fan_figure.illustrate_scenarios(found)
    faulty = any(one.fault for one in found.scenarios)
    if not gate.passed:
        return stamped(drawn, words.STAMP)
    return stamped(drawn, "PARTLY UNUSABLE") if faulty else drawn


def _about(found: Scenarios, one: Scenario) -> dict[str, Any]:
    how = {
        "none": "Nothing is assumed: these are the numbers of the outlook.",
        "weights": "The outlook's own futures are weighed",
        "filter": "Particles are followed, and picked in the months that something is assumed of",
    }[one.method]
    if one.method != "none":
        tail = "" if one.pareto_k == float("-inf") else f", Pareto k {number(one.pareto_k, 2)}"
        unit = "futures" if one.method == "weights" else "draws"
        how = f"{how}; they are worth {one.effective:,.0f} {unit} of equal weight{tail}."
    return {
        "name": one.name, "sentence": " ".join([one.sentence, *question_sentences(found, one)]),
        "warnings": one.warnings, "how": how,
        "plausibility": chance(one.plausibility.value, 1 if one.plausibility.value < 0.1 else 0),
        "rows": {"columns": [("day", False), ("what", False), ("how many", True)], "rows": list(map(_row, one.rows))},
    }  # fmt: skip


def _row(row: Assumed) -> list[str]:
    when = day(row.date) if row.until is None else f"{day(row.date)} to {day(row.until)}"
    what = row.kind or f"code {row.code}"
    part = "" if row.part is None else f", {number(100 * row.part, 1)} % of its class"
    summary = f": {row.summary}" if row.summary else ""
    least = f"at least {row.n}" if row.n else "none"
    return [when, f"{row.source} → {row.target}, {what}{part}{summary}", least]


def _prospects(found: Scenarios) -> list[Prospect]:
    """Return the outlook without a scenario, and that of each."""
    return [found.unconditional, *(one.prospect for one in found.scenarios)]


type _Cell = Callable[[Prospect], str]


def _table(found: Scenarios, rows: list[tuple[str, _Cell, str]]) -> dict[str, Any]:
    """Arrange rows of a name, what it is of a prospect, and what followed; the columns are the prospects."""
    prospects = _prospects(found)
    names = [WITHOUT, *(one.name for one in found.scenarios)]
    columns = [("", False), *((name, True) for name in names)]
    shown = [[name, *(cell(own) for own in prospects)] for name, cell, _ in rows]
    if any(after for *_, after in rows):
        columns.append((FOLLOWED, True))
        shown = [[*row, after or DASH] for row, (*_, after) in zip(shown, rows, strict=True)]
    return {"columns": columns, "rows": shown}


def _value(value: Probability | Estimate | NotDefined) -> str:
    if isinstance(value, NotDefined):
        return DASH
    return chance(value.value) if isinstance(value, Probability) else words.interval(value)


def _recorded(found: Scenarios) -> dict[str, Any] | None:
    if isinstance(found.unconditional.recorded, NotDefined):
        return None
    rows: list[tuple[str, _Cell, str]] = []
    names = {"up": "Higher", "down": "Lower", "share": "Share, %", "happenings": "Recorded"}
    for months, window in found.unconditional.recorded.items():
        when = f"{count(months, 'month')} to {period(window.until, weekly=found.weekly)}"
        for name, title in names.items():
            rows.append((f"{title}, {when}", _of_window(months, name), _after(found, months, name)))
    return _table(found, rows)


def _of_window(months: int, name: str) -> _Cell:
    def cell(own: Prospect) -> str:
        return DASH if isinstance(own.recorded, NotDefined) else _value(getattr(own.recorded[months], name))

    return cell


def _after(found: Scenarios, months: int, name: str) -> str:
    """Return what followed, for a row of a window."""
    if months not in found.followed:
        return ""
    after = found.followed[months]
    if name == "share":
        return DASH if after.share is None else number(after.share, 0)
    if name == "happenings":
        return f"{after.happenings:,}"
    return "void" if after.outcome == "void" else "yes" if after.outcome == name else "no"


def _level(found: Scenarios) -> dict[str, Any]:
    names = {"improvement": "Better", "structural": "of it structural", "deterioration": "Worse", "level": "Share"}
    rows: list[tuple[str, _Cell, str]] = []
    for months, outlook in found.unconditional.improvement.items():
        when = f"{count(months, 'month')} to {period(outlook.until, weekly=found.weekly)}"
        for name, title in names.items():
            rows.append((f"{title}, {when}", _of_level(months, name), ""))
    return _table(found, rows)


def _of_level(months: int, name: str) -> _Cell:
    return lambda own: _value(getattr(own.improvement[months], name))


def _kinds(found: Scenarios) -> dict[str, Any] | None:
    if isinstance(found.unconditional.of_a_kind, NotDefined):
        return None
    months = main_horizon(found.horizons)
    rows = [(kind.capitalize(), _of_kind(kind, months), "") for kind in found.unconditional.of_a_kind]
    return {"months": count(months, "month"), **_table(found, rows)}


def _of_kind(kind: str, months: int) -> _Cell:
    def cell(own: Prospect) -> str:
        return DASH if isinstance(own.of_a_kind, NotDefined) else _value(own.of_a_kind[kind][months].chance)

    return cell


def _asked(found: Scenarios) -> dict[str, Any] | None:
    """Arrange the share and the numbers of a kind that were asked for; None if nothing was."""
    rows: list[tuple[str, _Cell, str]] = []
    asked = found.unconditional.threshold
    if asked is not None and not isinstance(asked, NotDefined):
        for months, one in asked.items():
            when = f"in some {'week' if found.weekly else 'month'} up to" if one.rolling else "by"
            title = f"At least {one.threshold:g} %, {when} {period(one.until, weekly=found.weekly)}"
            rows.append((title, _of_threshold(months), ""))
    if not isinstance(found.unconditional.at_least, NotDefined):
        for place, kind in enumerate(found.unconditional.at_least):
            title = f"At least {kind.at_least} of {kind.kind}, {count(kind.months, 'month')}"
            rows.append((title, _of_number(place), ""))
    return _table(found, rows) if rows else None


def _questions(found: Scenarios) -> dict[str, Any] | None:
    """Arrange the questions that were asked on an earlier day; None if there is none."""
    rows: list[tuple[str, _Cell, str]] = []
    for place, one in enumerate(found.unconditional.questions):
        rows.append((one.id, _of_question(place, "chance"), ""))
        if any(own.questions[place].void.value > 0 for own in _prospects(found)):
            rows.append((f"{one.id}: void", _of_question(place, "void"), ""))
    return _table(found, rows) if rows else None


def _of_question(place: int, name: str) -> _Cell:
    return lambda own: _value(getattr(own.questions[place], name))


def _of_threshold(months: int) -> _Cell:
    def cell(own: Prospect) -> str:
        asked = own.threshold
        return DASH if asked is None or isinstance(asked, NotDefined) else _value(asked[months].chance)

    return cell


def _of_number(place: int) -> _Cell:
    return lambda own: DASH if isinstance(own.at_least, NotDefined) else _value(own.at_least[place].chance)


def _rules(found: Scenarios) -> list[str]:
    if isinstance(found.unconditional.recorded, NotDefined):
        return []
    return [window.rule for window in found.unconditional.recorded.values()]


def _largest_error(found: Scenarios) -> str:
    """Return the largest Monte Carlo standard error of the chances of recorded shares, points."""
    windows = [
        w for own in _prospects(found) if not isinstance(own.recorded, NotDefined) for w in own.recorded.values()
    ]
    errors = [one.mcse for w in windows for one in (w.up, w.down) if isinstance(one, Probability)]
    return number(100 * max(errors), 1) if errors else ""
