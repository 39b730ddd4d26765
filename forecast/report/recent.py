"""The events of the last year as rows for readers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from forecast.dates import add_months
from forecast.escaping import web_host
from forecast.events import read_dyads
from forecast.events.codebook import read_scale
from forecast.events.references import is_unchecked
from forecast.panel import happenings

MONTHS = 12
UNCHECKED_NOTE = (
    "“unchecked”: coded from general knowledge and not looked up. What follows says where to look; it is no citation."
)


@dataclass(frozen=True)
class RecentEvent:
    """One event as a reader sees it."""

    day: date
    who: str
    what: str
    kind: str
    cooperative: bool
    reference: "Reference"


@dataclass(frozen=True)
class Reference:
    """The source of an event: the words to show, and a web address if there is one."""

    words: str
    link: str


def reference(text: str) -> Reference:
    """Parse a reference; only a complete web address becomes a link."""
    host = web_host(text)
    return Reference(host.removeprefix("www."), text) if host else Reference(text, "")


def unchecked_note(references: Iterable[str]) -> str:
    """Explain the mark of events that were not looked up, if there is one among those listed; else an empty text."""
    return UNCHECKED_NOTE if any(map(is_unchecked, references)) else ""


def recent_events(events: pd.DataFrame, scale: str, until: date) -> list[RecentEvent]:
    """Return the events of the last twelve months, the latest first; a joint act has one row."""
    since = pd.Timestamp(add_months(until, -MONTHS))
    here = events[(events["date"] > since) & (events["date"] <= pd.Timestamp(until))]
    if here.empty:
        return []
    order = read_scale(scale)
    here = here[happenings(here) > 0]
    classes = here["cameo"].map(order.class_of)
    coded = zip(here.to_dict("records"), classes, strict=True)
    rows = [
        RecentEvent(
            day=row["date"].date(),
            who=f"{state_name(row['dyad'], row['source'])} to {state_name(row['dyad'], row['target'])}",
            what=row["summary"],
            kind=order.classes[place],
            cooperative=place >= order.zero_cut,
            reference=reference(row["reference"]),
        )
        for row, place in coded
    ]
    return rows[::-1]


def state_name(dyad: str, state: str) -> str:
    """Return what a reader calls a state: its half of the dyad's name, else its code."""
    if dyad not in read_dyads().index:
        return state
    known = read_dyads().loc[dyad]
    halves = str(known["name"]).partition(" (")[0].replace("United States", "US").split(" - ")
    return dict(zip((known["first"], known["second"]), halves, strict=True)).get(state, state)
