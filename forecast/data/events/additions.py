"""Records of added events, and of how far they extend the coverage of dyads.

A panel keeps those that it counts as JSON in an attribute.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

ATTRIBUTE = "additions"
"""Attribute of a panel that says, as JSON, which added events are counted in it; absent where none
are."""


@dataclass(frozen=True)
class AddedEvent:
    """One event that was added."""

    line: int  # Of its file; of rows that came from no file the number of the row, from 1
    event_id: str  # In the table
    date: str  # Its day, ISO
    dyad: str  # As in the table
    source: str
    target: str
    cameo: str
    n: int  # How many it stands for
    summary: str


@dataclass(frozen=True)
class Extension:
    """The coverage of a dyad, extended."""

    dyad: str  # Code
    before: str  # Last day of coverage without the added events, ISO
    to: str  # Last day of coverage with them, ISO
    # First day of what is covered, ISO, where days before it are missing; else the day after
    # `before`
    start: str = ""
    # Whether somebody stated that each of its days is complete (`--covered-to`)
    stated: bool = False
    # Rows of the dataset itself on these days: they count only because somebody stated this
    own_rows: int = 0

    @property
    def after(self) -> date:
        """The day after the coverage without it."""
        return date.fromisoformat(self.before) + timedelta(days=1)

    @property
    def first(self) -> date:
        """The first day that it covers."""
        return date.fromisoformat(self.start) if self.start else self.after

    @property
    def last(self) -> date:
        """The last day that it covers."""
        return date.fromisoformat(self.to)

    @property
    def account(self) -> dict[str, Any]:
        """Its days for the provenance, without what goes without saying."""
        span: dict[str, Any] = {"before": self.before, "to": self.to}
        if self.start:
            span["start"] = self.start
        if self.stated:
            span["stated"] = True
        if self.own_rows:
            span["own_rows"] = self.own_rows
        return span


@dataclass(frozen=True)
class Addition:
    """Events that one file added to a dataset."""

    file: str  # Its name; `rows` for rows that came from no file
    sha256: str  # Of its content
    dataset: str  # To which it was added
    rows: int  # Rows of the file
    repeated: int  # Those of them that were there already
    rejected: int  # Those that could not be used
    events: tuple[AddedEvent, ...]  # Those that were added
    # By how much coverage is extended; dyads whose coverage stays are left out
    extensions: tuple[Extension, ...]

    @property
    def account(self) -> dict[str, Any]:
        """Entry in the provenance: the file, its digest, its rows, and which lines are counted."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "dataset": self.dataset,
            "rows": self.rows,
            "repeated": self.repeated,
            "rejected": self.rejected,
            "lines": [event.line for event in self.events],
            "coverage": {extension.dyad: extension.account for extension in self.extensions},
        }


def extended_ends(additions: Iterable[Addition]) -> dict[tuple[str, str], pd.Timestamp]:
    """Return to which day the additions extend coverage, by dataset and dyad."""
    ends: dict[tuple[str, str], pd.Timestamp] = {}
    for addition in additions:
        for extension in addition.extensions:
            key = (addition.dataset, extension.dyad)
            day = pd.Timestamp(extension.to)
            ends[key] = max(day, ends.get(key, day))
    return ends


def counted_additions(
    additions: Iterable[Addition], event_ids: Iterable[str], dyads: Collection[str], until: str
) -> str:
    """Return as JSON what of some additions is counted in a panel; an empty text if nothing is."""
    counted = set(event_ids)
    kept = []
    for addition in additions:
        events = tuple(event for event in addition.events if event.event_id in counted)
        extensions = tuple(
            extension
            for extension in addition.extensions
            if extension.dyad in dyads and extension.before < until
        )
        if events or extensions:
            kept.append(asdict(replace(addition, events=events, extensions=extensions)))
    return json.dumps(kept, ensure_ascii=False) if kept else ""


def additions_of(panel_attributes: Mapping[Any, Any]) -> tuple[Addition, ...]:
    """Read which added events are counted in a panel from its attributes."""
    from pydantic import TypeAdapter

    stored = panel_attributes.get(ATTRIBUTE)
    return TypeAdapter(tuple[Addition, ...]).validate_json(str(stored)) if stored else ()


def last_covered(additions: Iterable[Addition], dyads: Collection[str]) -> date | None:
    """Return the last day to which additions extend the coverage of any of some dyads.

    None if of none.
    """
    days = [
        date.fromisoformat(extension.to)
        for addition in additions
        for extension in addition.extensions
        if extension.dyad in dyads
    ]
    return max(days, default=None)
