"""Expected files and what became of them, kept in `fetch.json` across runs."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from forecast.display import Card, Displayed, join_some
from forecast.errors import DataError
from forecast.feeds.lines import MANIFEST
from forecast.files import read_bytes, write_json
from forecast.forms import faults
from forecast.wording import count


@dataclass(frozen=True)
class Slot:
    """A file that is expected."""

    name: str  # What the manifest knows it by; of one feed no two are the same
    file: str  # Its name in the folder
    path: str  # Where it is, after the address of the server
    first: date  # The days that it is about
    last: date
    due: datetime | None = None  # From when it can be expected, in UTC; None for a file that a list names
    size: int | None = None  # Bytes, where the source says so
    md5: str = ""  # Where the source says so, else ''
    # Whether size and checksum are those of what is sent; else they are compared, and a difference is noted.
    sure: bool = True
    listed: bool | None = None  # Whether a list of the source names it; None if no list was read
    published: str = ""  # The day since when it could be had, where the source says so, else ''
    closed: str = ""  # Why it is not for everybody, else ''


@dataclass(frozen=True)
class Hole:
    """A stretch without files."""

    first: str  # The first and last slot, or day
    last: str
    slots: int  # How many files were expected, or days for sources whose files have no fixed slots


def stretches(expected: Iterable[tuple[str, bool]]) -> list[Hole]:
    """Return the holes in names that are in order of time, each with whether it is missing."""
    holes: list[Hole] = []
    going_on = False
    for name, missing in expected:
        if missing and going_on:
            holes[-1] = Hole(holes[-1].first, name, holes[-1].slots + 1)
        elif missing:
            holes.append(Hole(name, name, 1))
        going_on = missing
    return holes


SCHEMA = 1
LARGEST = 1_000_000_000
"""Bytes of a manifest that are read: GDELT 2.0 in both streams from its beginning has some 400 million."""
State = Literal["received", "absent", "failed", "waiting"]
STATES: tuple[State, ...] = ("received", "absent", "failed", "waiting")


class Entry(BaseModel):
    """A file that was expected, and what became of it (docs/schema/fetch-json.md).

    Attributes
    ----------
    slot, file : str
    first, last : str
        Days that it is about.
    state : {"received", "absent", "failed", "waiting"}
    reason : str
        Why it was not received.
    url : str
    listed : bool or None
        Whether a list of the source names it; None if no list was read.
    published : str
        The day since when it could be had, where the source says so.
    edition : str
        Of Dataverse, the version of the dataset in which it was found.
    size : int or None
        Bytes; of a file that was not received as the source says.
    md5, sha256 : str
    compared : tuple of str
        What agrees with what the source says.
    came_from : str
        Scheme and host that sent it; '' for a file that was in the folder already.
    modified : str
        When it was last modified, as the server says.
    at : str
        When it was received, UTC.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    slot: str
    file: str
    first: str
    last: str
    state: State
    reason: str = ""
    url: str = ""
    listed: bool | None = None
    published: str = ""
    edition: str = ""
    size: int | None = None
    md5: str = ""
    sha256: str = ""
    compared: tuple[str, ...] = ()
    came_from: str = ""
    modified: str = ""
    at: str = ""

    @classmethod
    def of(cls, slot: Slot, url: str, edition: str, state: State, reason: str = "") -> "Entry":
        """Make the entry of a slot."""
        return cls(
            slot=slot.name,
            file=slot.file,
            first=f"{slot.first}",
            last=f"{slot.last}",
            state=state,
            reason=reason,
            url=url,
            listed=slot.listed,
            published=slot.published,
            edition=edition,
            size=slot.size,
            md5=slot.md5,
        )


class _Stored(BaseModel):
    """What is read of a manifest."""

    model_config = ConfigDict(extra="ignore")

    schema_: int
    feed: str
    of: dict[str, str]
    slots: list[Entry]


@dataclass(repr=False)
class Manifest(Displayed):
    """What was expected, and what became of it.

    Attributes
    ----------
    folder : pathlib.Path
    feed : str
    of : dict of str
        What of the feed: `version` of GDELT, `doi` of a dataset.
    request : dict
        What was asked for last: days, server, stream or edition, dyads.
    entries : dict of Entry
        By slot, also of earlier requests.
    asked : list of str
        The slots of this request, in order of time.
    holes : list of Hole
        Stretches of this request for which the source has no file.
    lists : list of dict
        The lists that were read: address, lines, lines that could not be read, SHA-256.
    notes : list of str
        What else should be known.
    """

    folder: Path
    feed: str
    of: dict[str, str]
    request: dict[str, Any]
    entries: dict[str, Entry] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    lists: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self.folder / MANIFEST

    @property
    def counts(self) -> dict[str, int]:
        """How many files of this request there are, and in which state."""
        states = Counter(self.entries[slot].state for slot in self.asked)
        return {"expected": len(self.asked), **{state: states[state] for state in STATES}}

    @property
    def size(self) -> int:
        """Bytes of the files of this request that were received."""
        return sum(entry.size or 0 for entry in self.of_state("received"))

    @property
    def to_fetch(self) -> list[Entry]:
        """The files of this request that can be fetched and have not been tried."""
        return [entry for entry in self.of_state("waiting") if entry.reason == LEFT]

    @property
    def complete(self) -> bool:
        """Whether nothing of this request has failed or was left out; holes of the source do not count."""
        return not self.of_state("failed") and not self.to_fetch

    def of_state(self, *states: State) -> list[Entry]:
        """Return the files of this request in some states."""
        return [self.entries[slot] for slot in self.asked if self.entries[slot].state in states]

    def record(self, entry: Entry) -> None:
        """Put an entry in the place of the former one."""
        self.entries[entry.slot] = entry

    @property
    def sentence(self) -> str:
        """What became of the files, in words."""
        counts = self.counts
        words = [f"{count(counts['expected'], 'file')} expected: {counts['received']:,} received"]
        reading = {"absent": "absent at the source", "failed": "failed", "waiting": "not there yet or not tried"}
        words += [f"{counts[state]:,} {text}" for state, text in reading.items() if counts[state]]
        return ", ".join(words) + f"; {in_bytes(self.size)}."

    def summary(self) -> dict[str, Any]:
        """Return what this request came to, without its single files, for JSON."""
        return {
            "schema": SCHEMA,
            "feed": self.feed,
            "of": self.of,
            "request": self.request,
            "counts": self.counts,
            "bytes": self.size,
            "holes": [vars(hole) for hole in self.holes],
            "notes": self.notes,
            "lists": self.lists,
        }

    def write(self) -> None:
        """Write it to its folder.

        Raises
        ------
        OutputError
            If that cannot be done.
        """
        slots = [entry.model_dump(mode="json") for entry in sorted(self.entries.values(), key=_in_time)]
        write_json(self.path, self.summary() | {"slots": slots}, by_record=True)

    def _card(self) -> Card:
        facts = [("files", self.sentence), ("folder", str(self.folder))]
        if self.holes:
            facts.append(("holes", f"{count(len(self.holes), 'stretch')}: {join_some(hole_words(self.holes), 3)}"))
        failed = self.of_state("failed")
        if failed:
            facts.append(("failed", join_some([f"{entry.file} ({entry.reason})" for entry in failed], 3)))
        facts += [("note", note) for note in self.notes]
        return Card(f"Fetch of {self.feed}, {self.request['from']} to {self.request['to']}", tuple(facts))


LEFT = "not tried"
"""The reason of a file that a run has left to the next one."""


def read_manifest(folder: Path) -> tuple[str, dict[str, str], dict[str, Entry]] | None:
    """Return the feed, what of it, and the entries of the manifest in a folder; None without one.

    Raises
    ------
    DataError
        If there is one that cannot be read.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    mend = "Move it away: the files are then checked again and those that are fine are not fetched again."
    try:
        content = json.loads(read_bytes(path, LARGEST))
        stored = _Stored.model_validate(content | {"schema_": content["schema"]})
    except ValidationError as error:
        raise DataError(f"{path} is no manifest of a fetch: {faults(error)}. {mend}") from error
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise DataError(f"{path} is no manifest of a fetch: {reason}. {mend}") from error
    if stored.schema_ != SCHEMA:
        raise DataError(f"{path} has schema {stored.schema_}; this version reads {SCHEMA}. {mend}")
    return stored.feed, stored.of, {entry.slot: entry for entry in stored.slots}


def hole_words(holes: Iterable[Hole]) -> list[str]:
    """Return holes in words."""
    return [hole.first if hole.slots == 1 else f"{hole.first} to {hole.last} ({hole.slots:,})" for hole in holes]


def in_bytes(size: float) -> str:
    """Return a number of bytes as a reader sees it."""
    for unit, worth in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= worth:
            return f"{size / worth:,.1f} {unit}"
    return f"{size:,.0f} bytes"


def _in_time(entry: Entry) -> tuple[str, str, str]:
    return entry.first, entry.last, entry.slot
