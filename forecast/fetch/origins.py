"""Where files come from: what a request expects of GDELT or of a dataset of Dataverse, and where its lists are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from forecast.fetch import dataverse, gdelt
from forecast.fetch.manifest import Hole, Slot, stretches

if TYPE_CHECKING:
    from forecast.fetch.client import Client
    from forecast.fetch.manifest import Manifest

LONGEST_LINE = 4_000
"""Bytes of a line of a list; what is longer is read as several lines."""


class Origin(Protocol):
    """Where the files of a request come from."""

    server: str
    edition: str  # Of the dataset, '' for sources without editions

    @property
    def of(self) -> dict[str, str]:
        """What of the feed: files of one folder have it in common."""

    @property
    def request(self) -> dict[str, Any]:
        """What else of it was asked for."""

    def expect(self, client: "Client", first: date, last: date) -> list[Slot]:
        """Return the files that are expected, in order of time."""

    def look_up(self, client: "Client", slots: list[Slot], scratch: Path, manifest: "Manifest") -> list[Slot]:
        """Return slots with what the lists of the source say of them."""

    def holes(self, manifest: "Manifest", slots: list[Slot]) -> list[Hole]:
        """Return the stretches for which the source has no files."""


@dataclass
class Gdelt:
    """GDELT: the names of its files follow from the days."""

    server: str
    version: int
    stream: str  # Of 2.0
    lists: bool  # Whether the lists are read. If not, the server is asked for every file, and nothing is compared
    edition: str = ""

    @property
    def of(self) -> dict[str, str]:
        """The version: its files can be mixed in no folder with those of the other."""
        return {"version": str(self.version)}

    @property
    def request(self) -> dict[str, Any]:
        """The stream, and whether lists were read."""
        return {"stream": self.stream if self.version == 2 else "", "lists": self.lists}

    def expect(self, client: "Client", first: date, last: date) -> list[Slot]:
        """Return the files that there should be."""
        return gdelt.expected(self.version, self.stream, first, last)

    def look_up(self, client: "Client", slots: list[Slot], scratch: Path, manifest: "Manifest") -> list[Slot]:
        """Read the lists of the server, each from a file, line by line."""
        from forecast.fetch.transfer import fetch_list

        if not self.lists or not slots:
            return slots
        wanted, found = {slot.file for slot in slots}, gdelt.Listed({}, {}, set())
        for number, place in enumerate(gdelt.lists_of(self.version, self.stream)):
            address, file = f"{self.server}/{place}", scratch / f"list {number}"
            sha256 = fetch_list(client, address, file)
            with _lines(file) as lines:
                one = gdelt.read_lists([(place, lines)], wanted)
            manifest.lists.append({"url": address, "lines": one.lines, "unreadable": one.unreadable, "sha256": sha256})
            found.sizes |= one.sizes
            found.md5s |= one.md5s
            found.names |= one.names
        return gdelt.with_lists(slots, found)

    def holes(self, manifest: "Manifest", slots: list[Slot]) -> list[Hole]:
        """Return the stretches of files that are absent, those of each stream by themselves."""
        streams = sorted({slot.name.partition(".")[2] for slot in slots})
        return [
            hole
            for stream in streams
            for hole in stretches(
                (slot.name, manifest.entries[slot.name].state == "absent")
                for slot in slots
                if slot.name.partition(".")[2] == stream
            )
        ]


@dataclass
class Dataverse:
    """A dataset of Dataverse: its files have the names they have, so that days are expected, not files."""

    server: str
    doi: str
    wanted: str | None  # The edition that was asked for, or a day
    originals: bool
    edition: str = ""  # The edition that was chosen, and its day
    released: str = ""
    undated: list[str] = field(default_factory=list)  # Tables whose name says no day
    span: tuple[date, date] = (date.min, date.min)

    @property
    def of(self) -> dict[str, str]:
        """The dataset."""
        return {"doi": self.doi}

    @property
    def request(self) -> dict[str, Any]:
        """The edition, and the day on which it was published."""
        return {"edition": self.edition, "released": self.released}

    def expect(self, client: "Client", first: date, last: date) -> list[Slot]:
        """Return the files of the edition that can hold events of the days."""
        self.span = first, last
        chosen = dataverse.choose_edition(dataverse.list_editions(client.answer, self.server, self.doi), self.wanted)
        self.edition, self.released = chosen.number, chosen.released
        files = dataverse.list_files(
            client.answer, self.server, self.doi, chosen.number, first, last, originals=self.originals
        )
        self.undated = files.undated
        return files.slots

    def look_up(self, client: "Client", slots: list[Slot], scratch: Path, manifest: "Manifest") -> list[Slot]:
        """Return slots as they are, under names that no other file of the folder has."""
        if self.undated:
            shown = ", ".join(self.undated[:3])
            manifest.notes.append(f"not fetched, as their names say no day: {len(self.undated)} files ({shown})")
        owners = {entry.file.casefold(): slot for slot, entry in manifest.entries.items()}
        return [_own_name(slot, owners) for slot in slots]

    def holes(self, manifest: "Manifest", slots: list[Slot]) -> list[Hole]:
        """Return the stretches of days of which no file can hold events."""
        there = [slot for slot in slots if manifest.entries[slot.name].state != "absent"]
        return stretches(dataverse.uncovered(there, *self.span))


def _own_name(slot: Slot, owners: dict[str, str]) -> Slot:
    """Return a slot with its id in the name if another edition's file has that name."""
    if owners.get(slot.file.casefold(), slot.name) == slot.name:
        return slot
    return replace(slot, file=dataverse.with_id(slot.file, slot.name))


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[bytes]]:
    with path.open("rb") as stream:
        yield iter(lambda: stream.readline(LONGEST_LINE), b"")
