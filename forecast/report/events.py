"""Event lists for readers: last year's events, added events, and labelled ones.

Labelled are those in the pendulum figure.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from forecast.base.dates import DAYS_A_YEAR, add_months
from forecast.base.escaping import web_host
from forecast.base.wording import count, day, join
from forecast.data.events import read_dyads
from forecast.data.events.additions import Addition, additions_of
from forecast.data.events.codebook import VISIT, read_scale, scale_names
from forecast.data.events.table import Recorded, event_counts
from forecast.data.events.tables import is_unchecked
from forecast.plots.style import year_of
from forecast.report.table import Table

if TYPE_CHECKING:
    import xarray as xr

RECENT_MONTHS = 12
"""Months whose events a report lists."""
UNCHECKED_NOTE = (
    "“unchecked”: coded from general knowledge and not looked up. "
    "What follows says where to look; it is no citation."
)
ROWS_SHOWN = 200
"""Rows of a table; the rest are in forecast.json and rejects.csv."""
# Events named along the level: more texts would not fit below the figure
MAX_EVENTS_NAMED = 9
_APART_YEARS = 3
"""Years between two of them, so that their marks do not overlap."""
_PAUSE_YEARS = 10
"""Years without a visit after which one is an event to name."""
_USUAL_MONTHS = 120
"""Ten years: the usual number of events of a month is their mean."""
_LEAST = 0.375
"""Added to counts before their square roots are taken, whose variance is then nearly constant
(Anscombe 1948)."""
_HEADS = (
    r"(?:President|Premier|Prime Minister|Chairman Mao|General Secretary|Emperor|King|Queen|Shah|"
    r"Supreme Leader|Paramount Leader)\b"
)
"""Actors that are heads of state or government, at the beginning of their name."""
RULE = (
    f"At most {MAX_EVENTS_NAMED} events, at least {_APART_YEARS} years apart. "
    "First come those of the day from which the record is compared, and visits by a head of state "
    "or government after "
    f"{_PAUSE_YEARS} years without one; then the most extreme event, by its Goldstein score, of "
    "each of the months with the most events compared with the ten years before."
)
"""How the events that are named along the level are chosen, for readers."""


def cited(text: str) -> str:
    """Return a reference; only a complete web address becomes a link."""
    host = web_host(text).removeprefix("www.")
    return (
        Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(text, host) if host else text
    )


def unchecked_note(references: Iterable[str]) -> str:
    """Explain the mark of events that were not looked up, if there is one among those listed.

    Else an empty text.
    """
    return UNCHECKED_NOTE if any(map(is_unchecked, references)) else ""


def recent_events(events: pd.DataFrame, scale: str, until: date) -> pd.DataFrame:
    """Return the events of the last twelve months as a reader sees them, the latest first.

    A two-sided one once.
    """
    since = pd.Timestamp(add_months(until, -RECENT_MONTHS))
    here = events[(events["date"] > since) & (events["date"] <= pd.Timestamp(until))].iloc[::-1]
    if here.empty:
        return pd.DataFrame()
    order, here = read_scale(scale), here[event_counts(here) > 0]
    classes = here["cameo"].map(order.class_of)
    return pd.DataFrame(
        {
            "date": here["date"].dt.date,
            "who": list(map(who, here["dyad"], here["source"], here["target"])),
            "what": here["summary"],
            "kind": [order.classes[index] for index in classes],
            "side": np.where(classes >= order.zero_cut, "cooperative", "hostile"),
            "source": here["reference"],
        }
    )


def who(dyad: str, source: str, target: str) -> str:
    """Name who acts on whom."""
    return f"{state_name(dyad, source)} to {state_name(dyad, target)}"


def state_name(dyad: str, state: str) -> str:
    """Return the display name of a state: its half of the dyad's name, else its code."""
    if dyad not in read_dyads().index:
        return state
    row = read_dyads().loc[dyad]
    halves = str(row["name"]).partition(" (")[0].replace("United States", "US").split(" - ")
    return dict(zip((row["first"], row["second"]), halves, strict=True)).get(state, state)


def arrange(panel_attributes: Mapping[Any, Any], events: Recorded | None) -> dict[str, Any] | None:
    """Arrange what was added for the page, with at most `ROWS_SHOWN` rows of a kind.

    None if nothing was.
    """
    files = additions_of(panel_attributes)
    if not files:
        return None
    scale = str(panel_attributes.get("scale", ""))
    rows = [
        row
        for addition in files
        for row in _added_rows(addition, scale if scale in scale_names() else "commitment")
    ]
    left_out: list[tuple[str, str]] = []
    if events is not None:
        rejects = events.rejects[
            events.rejects["file"].isin({addition.file for addition in files})
        ].head(ROWS_SHOWN)
        left_out = [
            (f"{row['file']}, line {row['line']}", row["reason"])
            for row in rejects.to_dict("records")
        ]
    names = join(addition.file for addition in files)
    datasets = join(sorted({addition.dataset for addition in files}))
    heads = (
        "File added",
        "Rows",
        "Counted here",
        "There already",
        "Rejected",
        "SHA-256, first digits",
    )
    return {
        "summary": f"{count(len(rows), 'event')} added to the {datasets} from {names}",
        "coverage": [_coverage(addition) for addition in files if addition.extensions],
        "rows": Table.of(("File, line", "Day", "Who", "What", "Kind"), rows[:ROWS_SHOWN], range(5)),
        "left_out": Table.of(("File, line", "Why"), left_out, (0, 1)),
        "files": Table.of(
            heads,
            [
                (
                    addition.file,
                    f"{addition.rows:,}",
                    str(len(addition.events)),
                    str(addition.repeated),
                    str(addition.rejected),
                    addition.sha256[:12],
                )
                for addition in files
            ],
            (0, 5),
        ),
    }


def _added_rows(addition: Addition, scale: str) -> list[tuple[str, ...]]:
    order = read_scale(scale)
    return [
        (
            f"{addition.file}, line {event.line}",
            day(date.fromisoformat(event.date)),
            who(event.dyad, event.source, event.target),
            event.summary,
            order.classes[order.class_of[event.cameo]],
        )
        for event in addition.events
    ]


def _coverage(addition: Addition) -> str:
    spans = (
        f"{extension.dyad} {f'from {day(extension.first)} ' if extension.start else ''}to "
        f"{day(extension.last)} "
        "(before: "
        f"{day(date.fromisoformat(extension.before))}{', as stated' if extension.stated else ''})"
        for extension in addition.extensions
    )
    return f"With {addition.file} the record is taken to be complete: {join(spans)}."


def notable_events(
    events: pd.DataFrame, record: "xr.Dataset", reference: date | None = None
) -> pd.DataFrame:
    """Choose events to name along a dyad's level."""
    if events.empty:
        return events.assign(year=[], place=[])
    times = record["time"].to_numpy().astype("datetime64[D]")
    days = events["date"].to_numpy().astype("datetime64[D]")
    months = events["date"].dt.to_period("M")
    rows = events.assign(
        year=[year_of(day.date()) for day in events["date"]],
        place=np.searchsorted(times, days, side="right") - 1,
        first=_visits_after_pause(events).astype(int)
        + 2 * (events["date"] == pd.Timestamp(reference or date.max)),
        size=events["goldstein"].abs(),
        busy=months.map(_busy_months(months)),
    )
    rows = rows[rows["place"] >= 0]
    extreme = rows.groupby(months[rows.index])["size"].transform("max") == rows["size"]
    ranked = rows[(rows["first"] > 0) | (extreme & (rows["busy"] > 0))].sort_values(
        ["first", "busy", "date", "event_id"], ascending=[False, False, True, True]
    )
    chosen: list[int] = []
    years = ranked["year"].to_numpy()
    for index, year in enumerate(years):
        if len(chosen) < MAX_EVENTS_NAMED and (abs(year - years[chosen]) >= _APART_YEARS).all():
            chosen.append(index)
    return ranked.iloc[chosen].sort_values("date")


def _busy_months(months: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return by month how far its events are above those of the ten years before.

    Numbers of events are on a square-root scale.
    """
    whole = pd.period_range(months.min(), months.max(), freq="M")
    counts = months.value_counts().reindex(whole, fill_value=0)
    usual = counts.rolling(_USUAL_MONTHS, min_periods=12).mean().shift(1).fillna(counts.mean())
    above: pd.Series[Any] = np.sqrt(counts + _LEAST) - np.sqrt(usual + _LEAST)
    return above


def _visits_after_pause(events: pd.DataFrame) -> "pd.Series[bool]":
    """Return which visits of leaders are the first, or come after ten years without one.

    The row is that of the visitor; events are in time order, as in their table.
    """
    visits = events["actor"].astype(str).str.match(_HEADS) & (events["cameo"] == VISIT)
    pause = events["date"][visits].diff()
    first = pause.isna() | (pause >= pd.Timedelta(days=round(DAYS_A_YEAR * _PAUSE_YEARS)))
    return first.reindex(events.index, fill_value=False)
