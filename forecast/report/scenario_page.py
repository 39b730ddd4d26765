"""Page and JSON of scenarios: the outlook given the assumptions, with the unconditional outlook."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from forecast.base import wording
from forecast.base.arguments import checked
from forecast.base.wording import DASH, chance, count, day, join, number, period, signed
from forecast.data.panel.notes import notes_of_panel
from forecast.data.panel.record import last_known
from forecast.model import Fit
from forecast.model.gate import Gate
from forecast.outlook import Estimate, NotDefined, Probability, main_horizon, plain
from forecast.outlook.conditioning import Assumed
from forecast.outlook.pendulum import HorizonOutlook
from forecast.outlook.scenarios import Scenario, Scenarios
from forecast.outlook.windows import WindowOutlook, printed_changes
from forecast.plots import plot_scenarios
from forecast.plots.outcomes import WITHOUT, chances_of_higher
from forecast.report import words
from forecast.report.folder import SCENARIO, Files, Page, callable_by_name, publish, worded
from forecast.report.illustration import Illustration, plotted, stamped
from forecast.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


FOLLOWED = "What followed"
SCENARIOS_IN_TITLE = 3
"""Scenarios that a title names; the others are counted."""
WORDS_OF_A_NAME = 4
"""Words of a scenario's name in a title."""


def scenario_page(fit: "Fit", found: Scenarios, gate: "Gate") -> Page:
    """Combine text, tables and figure."""
    content = {
        "helpers": callable_by_name(
            assumed_table, finding, largest_error, question_sentences, title, windows
        ),
        "found": found,
        "fit": fit,
        "tables": tables_of(found),
    }
    files: Files = {"scenario.json": scenario_json(fit, found, gate)}
    figures, notes = _figures(gate, found), notes_of_panel(fit.panel, [found.dyad])
    return Page("scenario.html.j2", content, figures, gate.passed, gate.reasons, files, notes)


def finding(found: Scenarios) -> str:
    """Return the published chance of a higher share of the main window, and how each scenario changes the model's.

    Of an index, and where no chance is defined, the median of the level.
    """
    until = _until(found, found.unconditional.improvement[main_horizon(found.horizons)])
    named = join(
        f"{effect} given “{scenario.name}”"
        for effect, scenario in zip(_effects(found), found.scenarios, strict=True)
    )
    if _has_chances(found):
        stated = _stated(found)
        return f"{found.label}, {until}: the chance of a higher share is {stated}; the model’s changes by {named}"
    return f"{found.label}, {until}: the median of the level is {_stated(found)}, {named}"


def title(found: Scenarios) -> str:
    """Return the finding in few words: of many scenarios the first ones, with short names."""
    outlook = found.unconditional.improvement[main_horizon(found.horizons)]
    until = period(outlook.until, weekly=found.weekly)
    effects = [
        f"{effect} given “{words.first_words(scenario.name, WORDS_OF_A_NAME)}”"
        for effect, scenario in zip(_effects(found), found.scenarios, strict=True)
    ]
    named = wording.join_some(effects, SCENARIOS_IN_TITLE)
    kind = "chance of more" if _has_chances(found) else "level"
    return f"{found.label} to {until}: {kind} {_stated(found)}; {named}"


def _has_chances(found: Scenarios) -> bool:
    """Return whether the chance of a higher share of the main window is defined in every prospect."""
    months = main_horizon(found.horizons)
    chances = [_at(prospect, "recorded", months, "up") for prospect in found.prospects]
    return all(isinstance(one, Probability) for one in chances)


def _stated(found: Scenarios) -> str:
    """Return the published chance of a higher share of the main window, or the median of its level."""
    months = main_horizon(found.horizons)
    if _has_chances(found):
        return _printed_published(found, months)
    return _value(_at(found.prospects[0], "improvement", months, "level"))


def _effects(found: Scenarios) -> list[str]:
    """Return by scenario by how much it moves the model's chance, or the level that it leads to."""
    months = main_horizon(found.horizons)
    if not _has_chances(found):
        return [_value(_at(one, "improvement", months, "level")) for one in found.prospects[1:]]
    without, *given = (_at(one, "recorded", months, "up").value for one in found.prospects)
    return [f"{signed(100 * (value - without), 0)} points" for value in given]


def published_window(found: Scenarios, months: int) -> WindowOutlook | NotDefined:
    """Return the published window without a scenario, that of the report of the same day."""
    pool = found.published
    source = found.unconditional.recorded if isinstance(pool, NotDefined) else pool
    return source if isinstance(source, NotDefined) else source[months]


def _printed_published(found: Scenarios, months: int) -> str:
    """Return the published chance of a higher share in percent, as the report of that day prints it."""
    window = published_window(found, months)
    if isinstance(window, NotDefined):
        return words.or_dash(window)
    percents = printed_changes(window)
    return chance(percents["up"] / 100) if percents else _value(window.up)


def scenario_json(fit: "Fit", found: Scenarios, gate: "Gate") -> dict[str, Any]:
    """Return the content of scenario.json, by the schema of docs/schema/scenario-json.md."""
    body: dict[str, Any] = plain(found)
    del body["weekly"]
    for one in body["scenarios"]:
        one["usable"] = not one.pop("fault")
        for row in one["assumed"]:
            del row["place"]
    body["followed"] = list(body["followed"].values())
    about = {
        "schema": found.schema,
        "converged": bool(gate.passed),
        "reasons": list(gate.reasons),
        "as_of": plain(last_known(fit.panel)),
    }
    data = {"data_digest": str(fit.panel.attrs.get("digest", ""))} | notes_of_panel(
        fit.panel, [found.dyad]
    ).facts
    return about | data | body


def question_sentences(found: Scenarios, one: Scenario) -> list[str]:
    """Return what a scenario changes of the questions that were asked, a sentence each."""
    pairs = zip(one.conditional.questions, found.unconditional.questions, strict=True)
    return [
        f"The model alone gives “{then.id}” a chance of {_value(then.chance)}, and of {_value(now.chance)} without it."
        for then, now in pairs
    ]


def _figures(gate: "Gate", found: Scenarios) -> dict[str, Illustration]:
    """Draw the fan of the level, and the model's chances of a higher share, with and without what is assumed."""
    names = WITHOUT, *(one.name for one in found.scenarios)
    prospects = [*zip(names, found.prospects, map(chances_of_higher, found.prospects), strict=True)]
    rows = -(-len(found.scenarios) // 3)
    parts: tuple[tuple[Literal["level", "chances"], tuple[float, float]], ...] = (
        ("level", (3.6 + 0.2 * rows, 3.2 + 0.2 * len(names))),
        ("chances", (2.4 + 0.2 * rows, 2.4 + 0.2 * len(names))),
    )
    made = {}
    for part, height in parts:
        draw = plotted(partial(_draw, found, part), heights=height, legend=(3, 1))
        drawn = worded(
            "figures.j2", f"scenarios_{part}", draw, {"found": found, "prospects": prospects}
        )
        if not gate.passed:
            drawn = stamped(drawn, words.STAMP)
        elif any(one.fault for one in found.scenarios):
            drawn = stamped(drawn, "PARTLY UNUSABLE")
        made[f"scenarios-{part}"] = drawn
    return made


def _draw(found: Scenarios, part: Literal["level", "chances"], on: "Axes") -> "Axes":
    return plot_scenarios(found, part=part, ax=on)


def assumed_table(one: Scenario) -> Table:
    """Arrange what a scenario assumes."""
    return Table.of(["day", "what", "how many"], map(_row, one.assumed), (0, 1))


def _row(row: Assumed) -> list[str]:
    when = day(row.date) if row.until is None else f"{day(row.date)} to {day(row.until)}"
    what = row.of_class or row.kind or f"code {row.code}"
    part = "" if row.part is None else f", {number(100 * row.part, 1)}% of its class"
    summary = f": {row.summary}" if row.summary else ""
    least = f"at least {row.n}" if row.n else "none"
    return [when, f"{row.source} → {row.target}, {what}{part}{summary}", least]


def _at(node: Any, *path: str | int) -> Any:
    """Follow names and keys into a prospect; stop at what is not defined."""
    for step in path:
        if isinstance(node, NotDefined):
            return node
        node = node[step] if isinstance(node, dict | tuple) else getattr(node, str(step))  # type: ignore[index]
    return node


type _Row = tuple[str, Sequence[str | int], str]
"""Name of a row, the way to its value in a prospect, and what followed."""


def _table(found: Scenarios, rows: Sequence[_Row]) -> Table | None:
    """Arrange rows with a column for each prospect, and for what followed; None without rows."""
    shown = [
        [name, *(_value(_at(own, *path)) for own in found.prospects)] for name, path, _ in rows
    ]
    heads = ["Without", *(one.name for one in found.scenarios)]
    if any(after for *_, after in rows):
        heads.append(FOLLOWED)
        shown = [[*row, after or DASH] for row, (*_, after) in zip(shown, rows, strict=True)]
    return Table.of(["", *heads], shown) if rows else None


def _value(value: Probability | Estimate | NotDefined) -> str:
    return chance(value.value) if isinstance(value, Probability) else words.or_dash(value)


def windows(found: Scenarios) -> list[WindowOutlook]:
    """Return what will be recorded without a scenario, by horizon; nothing of an index."""
    return words.listed(found.unconditional.recorded)


def tables_of(found: Scenarios) -> dict[str, Table | None]:
    """Arrange the tables of the page by name; None of what has no rows."""
    own = found.unconditional
    recorded = {"up": "Higher", "down": "Lower", "share": "Share, %", "events": "Recorded"}
    level = {
        "improvement": "Higher",
        "structural": "of it structural",
        "deterioration": "Lower",
        "level": "Share",
    }
    rows: dict[str, list[_Row]] = {
        "recorded": _window_rows(found, recorded),
        "asked": _asked_rows(found),
        "questions": _question_rows(found),
        "level": [
            (f"{title}, {_until(found, outlook)}", ("improvement", outlook.months, name), "")
            for outlook in own.improvement.values()
            for name, title in level.items()
        ],
    }
    return {name: _table(found, one) for name, one in rows.items()}


def chances(found: Scenarios) -> Table | None:
    """Arrange the chances of a higher share and of the questions that were asked."""
    return _table(found, [*_window_rows(found, {"up": "Higher"}), *_question_rows(found)])


def _window_rows(found: Scenarios, names: Mapping[str, str]) -> list[_Row]:
    """Return rows of what will be recorded, by horizon."""
    return [
        (
            f"{title}, {_until(found, window)}",
            ("recorded", window.months, name),
            _after(found, window.months, name),
        )
        for window in windows(found)
        for name, title in names.items()
    ]


def _until(found: Scenarios, outlook: WindowOutlook | HorizonOutlook) -> str:
    return f"{count(outlook.months, 'month')} to {period(outlook.until, weekly=found.weekly)}"


def _after(found: Scenarios, months: int, name: str) -> str:
    """Return what followed, for a row of a window."""
    if months not in found.followed:
        return ""
    after = found.followed[months]
    if name == "share":
        return number(after.share, 0)
    if name == "events":
        return f"{after.events:,}"
    return "void" if after.outcome == "void" else "yes" if after.outcome == name else "no"


def _asked_rows(found: Scenarios) -> list[_Row]:
    """Return rows of the share that was asked for."""
    rows: list[_Row] = []
    for one in words.listed(found.unconditional.threshold):
        when = f"in some {'week' if found.weekly else 'month'} up to" if one.rolling else "by"
        title = f"At least {one.threshold:g}%, {when} {period(one.until, weekly=found.weekly)}"
        rows.append((title, ("threshold", one.months, "chance"), ""))
    return rows


def _question_rows(found: Scenarios) -> list[_Row]:
    """Return rows of the questions that were asked on an earlier day."""
    rows: list[_Row] = []
    for place, one in enumerate(found.unconditional.questions):
        rows.append((one.id, ("questions", place, "chance"), ""))
        if any(own.questions[place].void.value > 0 for own in found.prospects):
            rows.append((f"{one.id}: void", ("questions", place, "void"), ""))
    return rows


def largest_error(found: Scenarios) -> str:
    """Return the largest Monte Carlo standard error of the chances of recorded shares, points."""
    return words.largest_error(
        _at(own, "recorded", window.months, name)
        for own in found.prospects
        for window in windows(found)
        for name in ("up", "down")
    )


@checked
def write_scenarios(
    fit: "Fit", found: "Scenarios", out: str | Path, gate: "Gate | None" = None
) -> Path:
    """Write scenarios: page and ``scenario.json``.

    Parameters
    ----------
    fit : Fit
    found : Scenarios
        Of `forecast.scenario`.
    out : str or pathlib.Path
        Folder; files of earlier scenarios in it are replaced.
    gate : Gate, optional
        The result of the convergence checks; the fit's own without it.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Raises
    ------
    OutputError
        If the folder cannot be written.

    Examples
    --------
    >>> from forecast.report.scenario_page import write_scenarios
    >>> write_scenarios(fit, forecast.scenario(fit, "USA-CHN", "whatif.csv"), "scenario")  # doctest: +SKIP
    """
    return publish(out, SCENARIO, lambda: scenario_page(fit, found, gate or fit.gate))
