"""Data of a page, collected once, so that text and figures agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.errors import SpecError
from forecast.base.wording import month
from forecast.data.events import EventTable, read_dyads
from forecast.data.events.addition_notes import rejected_rows
from forecast.data.events.codebook import scale_names
from forecast.data.events.table import Recorded
from forecast.data.panel import build_panel, panel_kind
from forecast.data.panel.notes import DataNotes, notes_of_panel
from forecast.data.panel.record import observed_periods
from forecast.outlook import Assessment, Brief, NotDefined, level_record, main_dataset
from forecast.outlook.hazards.forecast import SetOutlook
from forecast.outlook.scenarios import RealisedWindow, followed_windows
from forecast.report.events import notable_events, recent_events
from forecast.report.first_screen import Answers, Earlier, answers_of, prices_of
from forecast.report.provenance import facts
from forecast.report.sets import outlooks_of_sets
from forecast.report.skill.dyad import DyadSkill, find_skill

if TYPE_CHECKING:
    from forecast.model import Fit
    from forecast.model.gate import Gate


@dataclass(frozen=True)
class Material:
    """Contents of a report."""

    fit: "Fit"  # As given; `result` is the assessment of the report's dyad
    result: Assessment
    others: tuple[Brief, ...]  # What is said of the other dyads of the fit
    gate: "Gate"
    events: Recorded | None  # As given
    as_of: date  # The day whose knowledge counts
    record: xr.Dataset  # The dyad's level from its first covered period on
    coverage_end: str  # The end of coverage, if it is before the present period
    kind: str  # What the panel was made of
    # The dyad's events known by the day, of several datasets those of the main one; empty without
    # events.
    events_by_then: pd.DataFrame
    named: pd.DataFrame  # Those to be named along the pendulum
    # What was recorded in windows that are over by now, by horizon
    followed: Mapping[int, RealisedWindow]
    recent: pd.DataFrame  # Those of the last twelve months, as readers see them
    learned: pd.DataFrame  # Prior and posterior of the dyad
    skill: DyadSkill | NotDefined  # What a backtest says of such forecasts
    notes: DataNotes  # What a reader has to know of how the datasets record the dyad
    facts: Mapping[str, Any]  # Provenance of the data, the fit and the simulation
    sets: list[SetOutlook] | NotDefined  # What will be recorded of each set of events
    earlier: tuple[Earlier, ...] = ()  # What earlier reports said of the window of the title
    answers: Answers | None = (
        None  # What a reader asks first; none where the title is about something else
    )


def gather(
    fit: "Fit",
    result: Assessment,
    events: Recorded | None,
    others: Sequence[Assessment | Brief],
    gate: "Gate | None",
    skill: DyadSkill | NotDefined | None = None,
    earlier: Sequence[Earlier] = (),
    ledger: Path | None = None,
) -> Material:
    """Gather what a report is made of.

    The other assessments must be of other dyads at the same moment.
    """
    for other in others:
        if other.origin != result.origin or other.dyad == result.dyad:
            raise SpecError(
                f"others: {other.dyad} as of {other.origin} cannot be compared with {result.dyad} "
                "as of "
                f"{result.origin}. Give assessments of other dyads of the same fit."
            )
    panel, seen = fit.panel, np.flatnonzero(observed_periods(fit.panel, result.dyad))
    day = as_of_day(panel, result)
    first, last = (int(seen[0]), int(seen[-1])) if seen.size else (0, panel.sizes["time"] - 1)
    record = level_record(fit, result.dyad).isel(time=slice(first, None))
    kind, over = panel_kind(panel), last < panel.sizes["time"] - 1
    names = ["date", "known_at", "source", "target", "cameo", "actor", "summary", "reference"]
    by_then, dates = pd.DataFrame(columns=names), read_dyads()["reference_date"]
    if isinstance(events, EventTable):
        table = events.events
        by_then = table[(table["dyad"] == result.dyad) & (table["known_at"] <= pd.Timestamp(day))]
    if panel.sizes.get("dataset", 1) > 1 and "dataset" in by_then:
        main = str(panel["dataset"].to_numpy()[main_dataset(panel, result.dyad)])
        by_then = by_then[by_then["dataset"] == main]
    skill_of_dyad, notes = (
        skill or find_skill(fit, result, events),
        notes_of_panel(panel, [result.dyad]),
    )
    provenance = facts(fit, result, events)
    return Material(
        fit=fit,
        result=result,
        others=tuple(other.brief for other in others),
        gate=gate or fit.gate,
        events=events,
        as_of=day,
        record=record,
        coverage_end=month(pd.Timestamp(panel["time"].to_numpy()[last])) if over else "",
        kind="counts"
        if kind.coded and panel.attrs.get("scale") not in scale_names()
        else kind.name,
        events_by_then=by_then,
        followed=_followed(panel, result, events),
        recent=recent_events(by_then, str(panel.attrs.get("scale", "")), day),
        named=notable_events(
            by_then, record, dates[result.dyad].date() if result.dyad in dates.index else None
        ),
        skill=skill_of_dyad,
        facts=provenance,
        notes=notes,
        earlier=tuple(earlier),
        answers=answers_of(
            result,
            skill_of_dyad,
            notes,
            provenance,
            as_of=day,
            events=by_then,
            earlier=earlier,
            prices=prices_of(ledger, result.dyad, day),
            rejected=rejected_rows(events) if isinstance(events, EventTable) else (),
        ),
        sets=outlooks_of_sets(panel, result.dyad, events, by_then, day),
        learned=fit.prior_posterior(result.dyad),
    )


def as_of_day(panel: xr.Dataset, result: Assessment) -> date:
    """Return the day whose knowledge a panel has; without one, the end of its last period."""
    stated = str(panel.attrs.get("as_of") or "")
    return date.fromisoformat(stated) if stated else result.origin


def _followed(
    panel: xr.Dataset, result: Assessment, events: Recorded | None
) -> dict[int, RealisedWindow]:
    """Return what was recorded after a forecast date that is past, in windows that are over."""
    if (
        isinstance(result.recorded, NotDefined)
        or not isinstance(events, EventTable)
        or result.weekly
    ):
        return {}
    first = min(window.until for window in result.recorded.values())
    dataset = next(iter(result.recorded.values())).dataset
    later = events.events[
        (events.events["dyad"] == result.dyad) & (events.events["dataset"] == dataset)
    ]
    if later.empty or later["date"].max() < pd.Timestamp(first):
        return {}
    since = build_panel(
        events, dyads=[result.dyad], directed=bool(panel.attrs.get("directed", False))
    )
    return followed_windows(since, result.dyad, result.recorded, result.smallest_improvement)
