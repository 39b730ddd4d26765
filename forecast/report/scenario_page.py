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
from forecast.outlook.assumptions import Assumed
from forecast.outlook.pendulum import HorizonOutlook
from forecast.outlook.scenarios import Scenario, Scenarios
from forecast.outlook.windows import WindowOutlook, printed_changes
from forecast.plots import plot_scenarios
from forecast.plots.outcomes import WITHOUT, chances_of_higher
from forecast.report import words
from forecast.report.folder import SCENARIO
from forecast.report.illustration import Illustration, plotted, stamped
from forecast.report.publishing import Files, Page, publish
from forecast.report.rendering import callable_by_name, worded
from forecast.report.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


FOLLOWED = "What followed"
SCENARIOS_IN_TITLE = 3
"""Scenarios that a title names; the others are counted."""
WORDS_OF_A_NAME = 4
"""Words of a scenario's name in a title."""


def scenario_page(fit: "Fit", scenarios: Scenarios, gate: "Gate") -> Page:
    """Combine text, tables and figure."""
    content = {
        "helpers": callable_by_name(
            assumed_table, finding, largest_error, question_sentences, title, windows
        ),
        "found": scenarios,
        "fit": fit,
        "tables": tables_of(scenarios),
    }
    files: Files = {"scenario.json": scenario_json(fit, scenarios, gate)}
    figures, notes = _figures(gate, scenarios), notes_of_panel(fit.panel, [scenarios.dyad])
    return Page("scenario.html.j2", content, figures, gate.passed, gate.reasons, files, notes)


def finding(scenarios: Scenarios) -> str:
    """Return the published chance of a higher share, and how each scenario changes it.

    The chance is that of the main window; scenarios change the model's.

    Of an index, and where no chance is defined, the median of the level.
    """
    until = _until(scenarios, scenarios.unconditional.improvement[main_horizon(scenarios.horizons)])
    named = join(
        f"{effect} given “{scenario.name}”"
        for effect, scenario in zip(_effects(scenarios), scenarios.scenarios, strict=True)
    )
    if _has_chances(scenarios):
        stated = _stated(scenarios)
        return (
            f"{scenarios.label}, {until}: the chance of a higher share is {stated}; the model’s "
            f"changes by {named}"
        )
    return f"{scenarios.label}, {until}: the median of the level is {_stated(scenarios)}, {named}"


def title(scenarios: Scenarios) -> str:
    """Return the finding in few words: of many scenarios the first ones, with short names."""
    outlook = scenarios.unconditional.improvement[main_horizon(scenarios.horizons)]
    until = period(outlook.until, weekly=scenarios.weekly)
    effects = [
        f"{effect} with “{words.first_words(scenario.name, WORDS_OF_A_NAME)}”"
        for effect, scenario in zip(_effects(scenarios), scenarios.scenarios, strict=True)
    ]
    named = wording.join_some(effects, SCENARIOS_IN_TITLE)
    kind = "chance of more" if _has_chances(scenarios) else "level"
    return f"{scenarios.label} to {until}: {kind} {_stated(scenarios)}; {named}"


def _has_chances(scenarios: Scenarios) -> bool:
    """Return whether the chance of a higher share is defined in every prospect.

    The chance is that of the main window.
    """
    months = main_horizon(scenarios.horizons)
    chances = [_at(prospect, "recorded", months, "up") for prospect in scenarios.prospects]
    return all(isinstance(value, Probability) for value in chances)


def _stated(scenarios: Scenarios) -> str:
    """Return the published chance of a higher share, or the median level.

    Both are those of the main window.
    """
    months = main_horizon(scenarios.horizons)
    if _has_chances(scenarios):
        return _printed_published(scenarios, months)
    return _value(_at(scenarios.prospects[0], "improvement", months, "level"))


def _effects(scenarios: Scenarios) -> list[str]:
    """Return by scenario by how much it moves the model's chance, or the level that it leads to."""
    months = main_horizon(scenarios.horizons)
    if not _has_chances(scenarios):
        return [
            _value(_at(prospect, "improvement", months, "level"))
            for prospect in scenarios.prospects[1:]
        ]
    without, *given = (
        _at(prospect, "recorded", months, "up").value for prospect in scenarios.prospects
    )
    return [f"{signed(100 * (value - without), 0)} points" for value in given]


def published_window(scenarios: Scenarios, months: int) -> WindowOutlook | NotDefined:
    """Return the published window without a scenario, that of the report of the same day."""
    pool = scenarios.published
    source = scenarios.unconditional.recorded if isinstance(pool, NotDefined) else pool
    return source if isinstance(source, NotDefined) else source[months]


def _printed_published(scenarios: Scenarios, months: int) -> str:
    """Return the published chance of a higher share in percent, as that day's report prints it."""
    window = published_window(scenarios, months)
    if isinstance(window, NotDefined):
        return words.or_dash(window)
    percents = printed_changes(window)
    return chance(percents["up"] / 100) if percents else _value(window.up)


def scenario_json(fit: "Fit", scenarios: Scenarios, gate: "Gate") -> dict[str, Any]:
    """Return the content of scenario.json, by the schema of docs/schema/scenario-json.md."""
    body: dict[str, Any] = plain(scenarios)
    del body["weekly"]
    for scenario in body["scenarios"]:
        scenario["usable"] = not scenario.pop("fault")
        for row in scenario["assumed"]:
            del row["origin"]
    body["followed"] = list(body["followed"].values())
    about = {
        "schema": scenarios.schema,
        "converged": bool(gate.passed),
        "reasons": list(gate.reasons),
        "as_of": plain(last_known(fit.panel)),
    }
    data = {"data_digest": str(fit.panel.attrs.get("digest", ""))} | notes_of_panel(
        fit.panel, [scenarios.dyad]
    ).facts
    return about | data | body


def question_sentences(scenarios: Scenarios, scenario: Scenario) -> list[str]:
    """Return what a scenario changes of the questions that were asked, a sentence each."""
    pairs = zip(scenario.conditional.questions, scenarios.unconditional.questions, strict=True)
    return [
        f"The model alone gives “{then.id}” a chance of {_value(then.chance)}, and of "
        f"{_value(now.chance)} without it."
        for then, now in pairs
    ]


def _figures(gate: "Gate", scenarios: Scenarios) -> dict[str, Illustration]:
    """Draw the level's fan and the chances of a higher share, with and without assumptions."""
    names = WITHOUT, *(scenario.name for scenario in scenarios.scenarios)
    prospects = [
        *zip(names, scenarios.prospects, map(chances_of_higher, scenarios.prospects), strict=True)
    ]
    rows = -(-len(scenarios.scenarios) // 3)
    parts: tuple[tuple[Literal["level", "chances"], tuple[float, float]], ...] = (
        ("level", (3.6 + 0.2 * rows, 3.2 + 0.2 * len(names))),
        ("chances", (2.4 + 0.2 * rows, 2.4 + 0.2 * len(names))),
    )
    figures = {}
    for part, height in parts:
        draw = plotted(partial(_draw, scenarios, part), heights=height, legend=(3, 1))
        drawn = worded(
            "figures.j2", f"scenarios_{part}", draw, {"found": scenarios, "prospects": prospects}
        )
        if not gate.passed:
            drawn = stamped(drawn, words.STAMP)
        elif any(scenario.fault for scenario in scenarios.scenarios):
            drawn = stamped(drawn, "PARTLY UNUSABLE")
        figures[f"scenarios-{part}"] = drawn
    return figures


def _draw(scenarios: Scenarios, part: Literal["level", "chances"], on: "Axes") -> "Axes":
    return plot_scenarios(scenarios, part=part, ax=on)


def assumed_table(scenario: Scenario) -> Table:
    """Arrange what a scenario assumes."""
    return Table.of(["day", "what", "how many"], map(_row, scenario.assumed), (0, 1))


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
        if isinstance(node, dict | tuple):
            entries: Any = node
            node = entries[step]
        else:
            node = getattr(node, str(step))
    return node


type _RowOfProspects = tuple[str, Sequence[str | int], str]
"""Name of a row, the way to its value in a prospect, and what followed."""


def _table(scenarios: Scenarios, rows: Sequence[_RowOfProspects]) -> Table | None:
    """Arrange rows with a column for each prospect, and for what followed; None without rows."""
    shown = [
        [name, *(_value(_at(prospect, *path)) for prospect in scenarios.prospects)]
        for name, path, _ in rows
    ]
    heads = ["Without", *(scenario.name for scenario in scenarios.scenarios)]
    if any(after for *_, after in rows):
        heads.append(FOLLOWED)
        shown = [[*row, after or DASH] for row, (*_, after) in zip(shown, rows, strict=True)]
    return Table.of(["", *heads], shown) if rows else None


def _value(value: Probability | Estimate | NotDefined) -> str:
    return chance(value.value) if isinstance(value, Probability) else words.or_dash(value)


def windows(scenarios: Scenarios) -> list[WindowOutlook]:
    """Return what will be recorded without a scenario, by horizon; nothing of an index."""
    return words.listed(scenarios.unconditional.recorded)


def tables_of(scenarios: Scenarios) -> dict[str, Table | None]:
    """Arrange the tables of the page by name; None of what has no rows."""
    without = scenarios.unconditional
    recorded = {"up": "Higher", "down": "Lower", "share": "Share, %", "events": "Recorded"}
    level = {
        "improvement": "Higher",
        "structural": "of it structural",
        "deterioration": "Lower",
        "level": "Share",
    }
    rows: dict[str, list[_RowOfProspects]] = {
        "recorded": _window_rows(scenarios, recorded),
        "asked": _asked_rows(scenarios),
        "questions": _question_rows(scenarios),
        "level": [
            (f"{title}, {_until(scenarios, outlook)}", ("improvement", outlook.months, name), "")
            for outlook in without.improvement.values()
            for name, title in level.items()
        ],
    }
    return {name: _table(scenarios, rows_of_table) for name, rows_of_table in rows.items()}


def chances(scenarios: Scenarios) -> Table | None:
    """Arrange the chances of a higher share and of the questions that were asked."""
    return _table(
        scenarios, [*_window_rows(scenarios, {"up": "Higher"}), *_question_rows(scenarios)]
    )


def _window_rows(scenarios: Scenarios, names: Mapping[str, str]) -> list[_RowOfProspects]:
    """Return rows of what will be recorded, by horizon."""
    return [
        (
            f"{title}, {_until(scenarios, window)}",
            ("recorded", window.months, name),
            _after(scenarios, window.months, name),
        )
        for window in windows(scenarios)
        for name, title in names.items()
    ]


def _until(scenarios: Scenarios, outlook: WindowOutlook | HorizonOutlook) -> str:
    return f"{count(outlook.months, 'month')} to {period(outlook.until, weekly=scenarios.weekly)}"


def _after(scenarios: Scenarios, months: int, name: str) -> str:
    """Return what followed, for a row of a window."""
    if months not in scenarios.followed:
        return ""
    after = scenarios.followed[months]
    if name == "share":
        return number(after.share, 0)
    if name == "events":
        return f"{after.events:,}"
    return "void" if after.outcome == "void" else "yes" if after.outcome == name else "no"


def _asked_rows(scenarios: Scenarios) -> list[_RowOfProspects]:
    """Return rows of the share that was asked for."""
    rows: list[_RowOfProspects] = []
    for threshold in words.listed(scenarios.unconditional.threshold):
        when = (
            f"in some {'week' if scenarios.weekly else 'month'} up to"
            if threshold.rolling
            else "by"
        )
        title = (
            f"At least {threshold.threshold:g}%, {when} "
            f"{period(threshold.until, weekly=scenarios.weekly)}"
        )
        rows.append((title, ("threshold", threshold.months, "chance"), ""))
    return rows


def _question_rows(scenarios: Scenarios) -> list[_RowOfProspects]:
    """Return rows of the questions that were asked on an earlier day."""
    rows: list[_RowOfProspects] = []
    for index, question in enumerate(scenarios.unconditional.questions):
        rows.append((question.id, ("questions", index, "chance"), ""))
        if any(prospect.questions[index].void.value > 0 for prospect in scenarios.prospects):
            rows.append((f"{question.id}: void", ("questions", index, "void"), ""))
    return rows


def largest_error(scenarios: Scenarios) -> str:
    """Return the largest Monte Carlo standard error of the chances of recorded shares, points."""
    return words.largest_error(
        _at(prospect, "recorded", window.months, name)
        for prospect in scenarios.prospects
        for window in windows(scenarios)
        for name in ("up", "down")
    )


@checked
def write_scenarios(
    fit: "Fit", scenarios: "Scenarios", out: str | Path, gate: "Gate | None" = None
) -> Path:
    """Write scenarios: page and ``scenario.json``.

    Parameters
    ----------
    fit : Fit
    scenarios : Scenarios
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
    >>> scenarios = forecast.scenario(fit, "USA-CHN", "whatif.csv")  # doctest: +SKIP
    >>> write_scenarios(fit, scenarios, "scenario")  # doctest: +SKIP
    """
    return publish(out, SCENARIO, lambda: scenario_page(fit, scenarios, gate or fit.gate))
