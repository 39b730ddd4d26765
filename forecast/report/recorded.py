"""What will be recorded, arranged for page and terminal: sentences, cells of a table, rules."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.outlook import (
    Assessment,
    Baseline,
    KindOutlook,
    NotDefined,
    Probability,
    ThresholdOutlook,
    WindowOutlook,
    main_horizon,
    printed_changes,
    quoted,
)
from forecast.outlook.volume import MEMORY_MONTHS
from forecast.report import words
from forecast.wording import DASH, chance, count, number, percent

CHANGES = {"down": "Lower", "same": "About the same", "up": "Higher"}
"""How the share may change, from worse to better, as a bar and a table have it."""


def arrange(result: Assessment) -> dict[str, Any] | None:
    """Arrange what will be recorded for the page; None if nothing is counted, as of an index."""
    if isinstance(result.recorded, NotDefined):
        return None
    windows = list(result.recorded.values())
    asked = list(result.threshold.values()) if isinstance(result.threshold, Mapping) else []
    questions: list[WindowOutlook | ThresholdOutlook] = [*asked, *windows]
    main, quote = result.recorded[main_horizon(result.horizons)], quoted(result)
    return {
        "sentences": [] if main is quote else [main.sentence],
        "columns": [(count(one.months, "month"), words.period(result, one.until)) for one in windows],
        "rows": _rows(windows, [one for one in asked if not one.rolling]),
        "kinds": kind_rows(result),
        "numbers": numbers_of_kinds(result),
        "rules": [(_title(result, one), one.rule) for one in questions],
        "note": " ".join([*_averaged(result.record_weight), _note(windows)]),
    }


def cells(window: WindowOutlook) -> dict[str, str]:
    """Format what is said of a window for a table, by name; a dash where something is not defined."""
    percents, before = printed_changes(window), window.baseline
    found = {name: chance(percents[name] / 100) if percents else DASH for name in CHANGES}
    found |= {"before": DASH, "counts": ""}
    if isinstance(before, Baseline):
        found["counts"] = f"{before.cooperative:,} of {before.happenings:,}"
        found["before"] = number(before.share, 0)
    return found | {"share": words.or_dash(window.share), "happenings": words.interval(window.happenings)}


def kind_rows(result: Assessment) -> list[tuple[str, list[list[str]]]]:
    """Return how likely at least one happening of each kind is, and how often that was so; none if not defined.

    Each row has the name of the kind and, by horizon, the two lines of a cell.
    """
    if isinstance(result.of_a_kind, NotDefined):
        return []
    return [(kind, [_kind_cell(one) for one in row.values()]) for kind, row in result.of_a_kind.items()]


def numbers_of_kinds(result: Assessment) -> list[tuple[str, str]]:
    """Return sentence and rule of each number of happenings of a kind that was asked for."""
    if isinstance(result.at_least, NotDefined):
        return []
    return [(one.sentence, one.rule) for one in result.at_least]


def _kind_cell(outlook: KindOutlook) -> list[str]:
    rate = outlook.base_rate
    return [chance(outlook.chance.value), "" if isinstance(rate, NotDefined) else f"{chance(rate)} before"]


def _rows(windows: Sequence[WindowOutlook], asked: Sequence[ThresholdOutlook]) -> list[tuple[str, list[list[str]]]]:
    """Return labels and cells of one or two lines, with the row of the share that is asked for."""
    found = [cells(window) for window in windows]
    rows = [(label, [[one[name]] for one in found]) for name, label in CHANGES.items()]
    if asked:
        chances = [DASH if isinstance(one.chance, NotDefined) else chance(one.chance.value) for one in asked]
        rows.append((f"At least {asked[0].threshold:g} %", [[text] for text in chances]))
    rows.append(("Share before, %", [[one["before"], one["counts"]] for one in found]))
    rows += [(label, [one[name].split(" ", 1) for one in found]) for name, label in _THEN.items()]
    return rows


_THEN = {"share": "Share then, %", "happenings": "Recorded then"}


def _title(result: Assessment, question: WindowOutlook | ThresholdOutlook) -> str:
    until = words.period(result, question.until)
    if isinstance(question, WindowOutlook):
        return f"{count(question.months, 'month')} to {until}: higher or lower"
    when = f"A {words.unit(result)} up to" if question.rolling else f"{count(question.months, 'month')} to"
    return f"{when} {until}: at least {question.threshold:g} %"


def _averaged(weight: float) -> list[str]:
    """Describe over what is averaged, if over anything."""
    if not weight:
        return []
    return [
        f"{percent(weight)} of the futures follow no pendulum but the record: its share of the last 1, 2, 5 or 10 "
        "years, or of all years, goes on with as much variation as there has been."
    ]


def _note(windows: Sequence[WindowOutlook]) -> str:
    errors = [one.mcse for window in windows for one in (window.up, window.down) if isinstance(one, Probability)]
    error = f" Their Monte Carlo standard error is at most {number(100 * max(errors), 1)} points." if errors else ""
    void = chance(max(window.void.value for window in windows))
    return (
        "“Then”: median and 90 % equal-tailed interval. The number is simulated with a level of recording that drifts "
        f"on as in the last {MEMORY_MONTHS // 12} years. The largest chance that a window is void is {void}; the "
        f"others are given that it is not.{error}"
    )
