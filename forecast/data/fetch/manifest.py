"""Settings of a fetch, and its expected files with their states, kept in `fetch.json`."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.filesize import decimal

from forecast.base.described import described
from forecast.base.errors import DataError
from forecast.base.files import write_json
from forecast.base.forms import faults, named_values
from forecast.base.reading import is_empty, read_bytes
from forecast.base.wording import Card, Displayed, count, join_some
from forecast.data.feeds.feed import Settings
from forecast.data.feeds.lines import MANIFEST

SCHEMA = 1
# Bytes of a manifest that are read: GDELT 2.0 in both streams from its beginning has some 400
# million
MAX_MANIFEST = 1_000_000_000
LEFT = "not tried"
"""The reason of a file that a run has left to the next one."""
GIGABYTE = 1_000_000_000
"""Bytes."""


@dataclass(frozen=True)
class Gap:
    """A stretch without files."""

    first: str  # The first and last slot, or day
    last: str
    slots: int  # How many files were expected, or days for sources whose files have no fixed slots


State = Literal["received", "absent", "failed", "waiting"]
STATES: tuple[State, ...] = get_args(State)


class ExpectedFile(BaseModel):
    """A file that is expected, and what became of it (docs/schema/fetch-json.md)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    slot: str  # Stamp in its name (GDELT), or id of the file (Dataverse)
    file: str  # Its name in the folder
    first: date  # Days that it covers, by its name
    last: date
    state: State = "waiting"  # `received`, `absent`, `failed`, `waiting`
    reason: str = ""  # Why it was not received
    url: str = ""  # Address requested
    listed: bool | None = None  # A list of the source names it; null if none was read
    # Day of publication by Dataverse (`publicationDate`, else `creationDate`), else empty; dates
    # files in an archive
    published: str = ""
    edition: str = ""  # Version of the dataset
    size: int | None = None  # Bytes; of a missing file the source's, or null
    md5: str = ""  # Of the received file; `md5` else the source's
    sha256: str = ""
    compared: tuple[str, ...] = ()  # What agrees with the source: `size`, `md5`; may be empty
    came_from: str = ""  # Scheme and host that sent it; empty if already in the folder
    modified: str = ""  # Last modified, by the server
    at: str = ""  # UTC time of arrival
    # From when it can be expected, UTC; None if it is listed
    due: datetime | None = Field(default=None, exclude=True)
    # Whether size and checksum are those of what is sent; else they are compared, and a difference
    # is noted.
    sure: bool = Field(default=True, exclude=True)
    closed: str = Field(default="", exclude=True)  # Why it is not for everybody
    # What the names of files in the archive begin with; empty if the source does not say.
    member: str = Field(default="", exclude=True)

    def but(self, **changes: Any) -> Self:
        """Return it with other values of some fields."""
        return self.model_copy(update=changes)


class _Stored(BaseModel):
    """Contents of a manifest file."""

    model_config = ConfigDict(extra="ignore")

    schema_: int = Field(alias="schema")
    feed: str
    of: dict[str, str]
    slots: list[ExpectedFile]


@dataclass(repr=False)
class Manifest(Displayed):
    """Expected files and their states."""

    folder: Path
    feed: str
    of: dict[str, str]  # What of the feed: `version` of GDELT, `doi` of a dataset
    request: dict[str, Any]  # What was asked for last: days, server, stream or edition, dyads
    # By slot, also of earlier requests
    entries: dict[str, ExpectedFile] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # The slots of this request, in order of time
    # Stretches of this request for which the source has no file
    gaps: list[Gap] = field(default_factory=list)
    # The lists that were read: address, lines, lines that could not be read, SHA-256.
    lists: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # What else should be known

    @property
    def path(self) -> Path:
        """Path of the manifest file."""
        return self.folder / MANIFEST

    @property
    def counts(self) -> dict[str, int]:
        """Number of files of this request by state."""
        states = Counter(self.entries[slot].state for slot in self.asked)
        return {"expected": len(self.asked), **{state: states[state] for state in STATES}}

    @property
    def size(self) -> int:
        """Bytes of the files of this request that were received."""
        return sum(entry.size or 0 for entry in self.of_state("received"))

    @property
    def to_fetch(self) -> list[ExpectedFile]:
        """The files of this request that can be fetched and have not been tried."""
        return [entry for entry in self.of_state("waiting") if entry.reason == LEFT]

    @property
    def complete(self) -> bool:
        """Return whether no file of this request failed or was left out.

        Gaps of the source do not count.
        """
        return not self.of_state("failed") and not self.to_fetch

    def of_state(self, *states: State) -> list[ExpectedFile]:
        """Return the files of this request in some states."""
        return [self.entries[slot] for slot in self.asked if self.entries[slot].state in states]

    def record(self, entry: ExpectedFile) -> None:
        """Put an entry in the place of the former one, with nothing but what is kept."""
        self.entries[entry.slot] = entry.but(due=None, sure=True, closed="", member="")

    @property
    def sentence(self) -> str:
        """States of the files in words."""
        counts = self.counts
        words = [f"{count(counts['expected'], 'file')} expected: {counts['received']:,} received"]
        reading = {
            "absent": "absent at the source",
            "failed": "failed",
            "waiting": "not there yet or not tried",
        }
        words += [f"{counts[state]:,} {text}" for state, text in reading.items() if counts[state]]
        return ", ".join(words) + f"; {decimal(self.size)}."

    def summary(self) -> dict[str, Any]:
        """Return the outcome of this request, without its single files, for JSON."""
        return {
            "schema": SCHEMA,
            "feed": self.feed,
            "of": self.of,
            "request": self.request,
            "counts": self.counts,
            "bytes": self.size,
            "gaps": [vars(gap) for gap in self.gaps],
            "notes": self.notes,
            "lists": self.lists,
        }

    def write(self) -> None:
        """Write it to its folder."""
        in_time = sorted(
            self.entries.values(), key=lambda entry: (entry.first, entry.last, entry.slot)
        )
        slots = [entry.model_dump(mode="json") for entry in in_time]
        write_json(self.path, self.summary() | {"slots": slots}, by_record=True, durable=True)

    def _card(self) -> Card:
        facts = [("files", self.sentence), ("folder", str(self.folder))]
        if self.gaps:
            facts.append(
                (
                    "gaps",
                    f"{count(len(self.gaps), 'stretch')}: {join_some(gap_words(self.gaps), 3)}",
                )
            )
        failed = self.of_state("failed")
        if failed:
            facts.append(
                ("failed", join_some([f"{entry.file} ({entry.reason})" for entry in failed], 3))
            )
        facts += [("note", note) for note in self.notes]
        return Card(
            f"Fetch of {self.feed}, {self.request['from']} to {self.request['to']}", tuple(facts)
        )


def read_manifest(folder: Path) -> tuple[str, dict[str, str], dict[str, ExpectedFile]] | None:
    """Return the feed, what of it, and the entries of the manifest in a folder.

    None without one, or an emptied one.
    """
    path = folder / MANIFEST
    # Without one, the files are checked again, and those that are whole count as received.
    if is_empty(path):
        return None
    mend = (
        "Move it away: the files are then checked again and those that are fine are not fetched "
        "again."
    )
    try:
        stored = _Stored.model_validate(json.loads(read_bytes(path, MAX_MANIFEST)))
    except ValidationError as error:
        raise DataError(f"{path} is no manifest of a fetch: {faults(error)}. {mend}") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise DataError(f"{path} is no manifest of a fetch: {reason}. {mend}") from error
    if stored.schema_ != SCHEMA:
        raise DataError(f"{path} has schema {stored.schema_}; this version reads {SCHEMA}. {mend}")
    return stored.feed, stored.of, {entry.slot: entry for entry in stored.slots}


def gap_words(gaps: Iterable[Gap]) -> list[str]:
    """Return gaps in words."""
    return [
        gap.first if gap.slots == 1 else f"{gap.first} to {gap.last} ({gap.slots:,})"
        for gap in gaps
    ]


@described("FetchSettings, such as FetchSettings(parallel=2)")
class FetchSettings(Settings):
    """Settings of a fetch.

    Attributes
    ----------
    parallel : int
        How many files at once, 1 to 8.
    per_second : float
        How many requests per second a server gets at most.
    attempts : int
        How often a file is tried before it has failed.
    first_wait, longest_wait : float
        Seconds before the second attempt, doubled with each and varied at random; and at most, also
        where the server says how long to wait.
    stall : float
        Seconds without a byte, or with fewer than `slowest` a second, after which an attempt ends.
    slowest : float
        Bytes per second.
    redirects : int
        How many redirects are followed for a file.
    largest_file, largest_list : int
        Bytes of a file and of a list of files; what is larger is not fetched.
    give_up_after : int
        After so many files in a row that have failed, the run ends.
    originals : bool
        Whether of a table that Dataverse has converted the file that was published is fetched, as
        it was.

    Examples
    --------
    >>> from forecast.data.fetch import FetchSettings
    >>> FetchSettings(parallel=2).attempts
    5
    """

    wrong: ClassVar[str] = "fetch setting {}. See `forecast help fetching` for every setting."

    parallel: int = Field(default=4, ge=1, le=8)
    per_second: float = Field(default=8.0, gt=0, le=1_000)
    attempts: int = Field(default=5, ge=1, le=20)
    first_wait: float = Field(default=1.0, ge=0, le=600)
    longest_wait: float = Field(default=120.0, ge=0, le=3_600)
    stall: float = Field(default=30.0, gt=0, le=3_600)
    slowest: float = Field(default=100.0, ge=0)
    redirects: int = Field(default=5, ge=0, le=20)
    largest_file: int = Field(default=20 * GIGABYTE, ge=1)
    largest_list: int = Field(default=2 * GIGABYTE, ge=1)
    give_up_after: int = Field(default=10, ge=1)
    originals: bool = True


def parse_settings(texts: list[str]) -> FetchSettings:
    """Read settings from texts such as ``parallel=2``."""
    given: dict[str, Any] = named_values(texts, "fetch setting", "parallel=2")
    return FetchSettings(**given)
