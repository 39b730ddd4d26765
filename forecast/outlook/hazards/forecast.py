"""Forecast of events from the record of a pair, without a fit.

It is a probability for any set, number and window.

The answer rests on what was known on a day. Days after coverage has ended are unobserved, not
empty: events that are known of them count, and the hazard goes on over the rest. A window that
began before is counted up to coverage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import Day, optional_day
from forecast.base.errors import QuestionError
from forecast.base.typing import Dyad
from forecast.data.events.even_coverage import read_coverage
from forecast.data.events.sets import EventSet
from forecast.data.events.table import EventTable, as_of
from forecast.data.panel.record import coverage_end
from forecast.outlook.hazards.asked import AskedEvents
from forecast.outlook.hazards.case import PairCase, clip_probability
from forecast.outlook.hazards.coefficients import Coefficients, read_coefficients
from forecast.outlook.hazards.curve import MAX_DAYS_AHEAD
from forecast.outlook.hazards.memories import (
    Covariates,
    EventDays,
    PairRecord,
    day_number,
)
from forecast.outlook.hazards.results import EventForecast, Expected
from forecast.outlook.hazards.skill import set_skill
from forecast.outlook.hazards.wars import WarLengths, in_war, war_now


@checked
def forecast_events(
    table: EventTable,
    dyad: Dyad,
    asked: AskedEvents,
    *,
    as_of_day: Day | None = None,
    expect: Sequence[Expected] = (),
    dataset: str | None = None,
    coefficients: Coefficients | None = None,
) -> EventForecast:
    """Forecast whether events of a set occur in a window of days.

    Parameters
    ----------
    table : EventTable
        Events of the pair, at least.
    dyad : str
        Its code, such as ``USA-IRN``.
    asked : AskedEvents
        Set, window, and number or quiet days.
    as_of_day : str or datetime.date, optional
        Day whose knowledge counts; by default the last day of coverage.
    expect : sequence of Expected
        Events of the set that you expect, each with its chance.
    dataset : str, optional
        By default the first dataset of the table.
    coefficients : Coefficients, optional
        By default those of the package.

    Returns
    -------
    EventForecast
        Probabilities from 0 to 1, with a 90% interval, and the expected number of events.

    Raises
    ------
    QuestionError
        If the window is over, ends before it begins, or is too long; the message says what to
        change.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import AskedEvents, find_set, forecast_events, read_chronology
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> asked = AskedEvents(find_set("strike"), date(2024, 6, 30))
    >>> found = forecast_events(table, "USA-IRN", asked, as_of_day=date(2024, 3, 31))
    >>> 0 < found.low < found.chance < found.high < 1
    True
    """
    as_of_day = optional_day(as_of_day, "as_of_day")
    dataset = dataset or table.datasets[0]
    end = coverage_end(table, dyad, dataset)
    known_day = as_of_day or end
    rows = as_of(table, known_day).events
    rows = rows[(rows["dyad"] == dyad) & (rows["dataset"] == dataset)]
    covered = min(end, known_day)
    asked = replace(asked, first=asked.first or known_day + timedelta(days=1))
    _require_window(asked, known_day, covered)
    pair = PairRecord.of(dyad, coverage_start(dyad, rows), rows)
    rows_of_set = asked.wanted.counted(rows, by=asked.by, actor=asked.actor)
    stored = coefficients or read_coefficients()
    fit, honest = stored.latest_fit(known_day)
    case = PairCase(
        pair=pair,
        of_set=EventDays.of(rows_of_set),
        rows=rows_of_set,
        asked=asked,
        stored=stored,
        fit=fit,
        known_day=known_day,
        covered=covered,
        expect=tuple(expect),
    )
    return case.forecast(str(dataset), honest=honest)


@dataclass(frozen=True)
class SetOutlook:
    """Chances of a set in several windows from one day."""

    set: str
    chances: tuple[float, ...]  # Of at least one event, by window
    expected: tuple[float, ...]  # Number of events, by window
    note: str  # What a reader has to know of the set's scores; empty if it did well


def set_outlooks(
    rows: pd.DataFrame,
    dyad: str,
    known: date,
    covered: date,
    days: Sequence[int],
    sets: Sequence[EventSet],
) -> list[SetOutlook]:
    """Compute the chances of sets of events in windows that begin on the day after a day.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of the event table of the pair and one dataset, known by the day.
    dyad : str
    known, covered : datetime.date
        Day of the forecast, and the last day that is observed.
    days : sequence of int
        Lengths of the windows.
    sets : sequence of EventSet

    Returns
    -------
    list of SetOutlook
    """
    stored = read_coefficients()
    pair = PairRecord.of(dyad, coverage_start(dyad, rows), rows)
    fit, _ = stored.latest_fit(known)
    now = day_number(covered) + 1
    skipped = (known - covered).days
    war = war_now(pair.context["violence"], now)
    lengths = WarLengths(*map(float, stored.wars[fit]))
    outlooks = []
    for event_set in sets:
        overall = float(stored.overall[fit, stored.set_index(event_set.name)])
        covariates = Covariates.of(pair, pair.of_set(event_set), np.array([now]), overall)
        curve = stored.curve(covariates, event_set.name, fit)
        curve = in_war(curve, event_set.name, covariates.of_set, war, now, lengths)
        skill = set_skill(event_set.name)
        windows = [(skipped, skipped + length) for length in days]
        outlooks.append(
            SetOutlook(
                event_set.name,
                tuple(clip_probability(float(curve.at_least(1, *window))) for window in windows),
                tuple(float(curve.expected(*window)) for window in windows),
                "" if skill is None else skill.warning,
            )
        )
    return outlooks


def coverage_start(dyad: str, rows: pd.DataFrame) -> date:
    """Return the first covered day of a pair, or of its first event."""
    covered = read_coverage()
    of_pair = covered[(covered["dyad"] == dyad) & covered["dataset"].isin(set(rows["dataset"]))]
    if len(of_pair):
        first = of_pair["start"].min()
    elif len(rows):
        first = rows["date"].min()
    else:
        return date(1970, 1, 1)
    return date(first.year, first.month, first.day)


def _require_window(asked: AskedEvents, known_day: date, covered: date) -> None:
    """Reject a window about which nothing can be said."""
    first = asked.first
    last = asked.last
    quiet = asked.quiet
    assert first is not None
    if last <= known_day:
        raise QuestionError(
            f"until: the window ends on {last}, and the data are known to {known_day}; "
            "ask for a later day, or as of an earlier one (--as-of)"
        )
    if last < first:
        raise QuestionError(
            f"until: the window ends on {last}, before it begins on {first}; swap them"
        )
    if (last - covered).days > MAX_DAYS_AHEAD:
        raise QuestionError(
            f"until: {last} is more than {MAX_DAYS_AHEAD // 366} years after {covered}, "
            "the last day of coverage; ask for an earlier day"
        )
    if quiet is not None and not 1 <= quiet <= (last - first).days + 1:
        raise QuestionError(
            f"quiet: {quiet} days do not fit into a window of {(last - first).days + 1}; expected "
            "1 to its length"
        )
