"""GDELT: expected files between two days, and sizes and checksums from its file lists."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.dates import month_end
from forecast.data.fetch.manifest import ExpectedFile, Gap, Manifest

if TYPE_CHECKING:
    from forecast.data.fetch.client import Client

SERVER = "https://data.gdeltproject.org"
STREAMS = ("english", "translation", "both")
BEGIN = date(1979, 1, 1)
MONTHLY = date(2006, 1, 1)
DAILY = date(2013, 4, 1)
"""First days of the monthly and the daily files of 1.0; before there are yearly ones."""
SECOND = datetime(2015, 2, 18, 23, tzinfo=UTC)
"""The first file of 2.0."""
QUARTER = timedelta(minutes=15)
POSTED = timedelta(hours=36)
"""After the beginning of a day its file of 1.0 is there: it is posted in the morning of the next
day, US Eastern."""
PATIENCE = timedelta(hours=1)
"""After the time in its name a file of 2.0 is there."""
MD5SUMS = "events/md5sums"
FILESIZES = "events/filesizes"
MASTERS = {
    "english": "gdeltv2/masterfilelist.txt",
    "translation": "gdeltv2/masterfilelist-translation.txt",
}
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
# Bytes of a line of a list; what is longer is read as several lines
MAX_LIST_LINE = 4_000


def _of_the_first(server: str, first: date, last: date) -> Iterator[ExpectedFile]:
    begin = max(first, BEGIN)
    while begin <= last:
        if begin < MONTHLY:
            begin, end = date(begin.year, 1, 1), date(begin.year, 12, 31)
            name = f"{begin:%Y}"
            file = f"{begin:%Y}.zip"
        elif begin < DAILY:
            begin, end = begin.replace(day=1), month_end(begin)
            name = f"{begin:%Y%m}"
            file = f"{begin:%Y%m}.zip"
        else:
            name = f"{begin:%Y%m%d}"
            file = f"{begin:%Y%m%d}.export.CSV.zip"
            end = begin
        due = datetime.combine(end, time(), UTC) + POSTED
        yield ExpectedFile(
            slot=name,
            file=file,
            url=f"{server}/events/{file}",
            first=begin,
            last=end,
            due=due,
            member=name,
        )
        begin = end + timedelta(days=1)


def _of_the_second(server: str, stream: str, first: date, last: date) -> Iterator[ExpectedFile]:
    infixes = {"english": [""], "translation": [".translation"], "both": ["", ".translation"]}[
        stream
    ]
    moment = max(datetime.combine(first, time(), UTC), SECOND)
    while (day := moment.date()) <= last:
        for infix in infixes:
            name = f"{moment:%Y%m%d%H%M%S}{infix}"
            file = f"{name}.export.CSV.zip"
            due = moment + PATIENCE
            yield ExpectedFile(
                slot=name,
                file=file,
                url=f"{server}/gdeltv2/{file}",
                first=day,
                last=day,
                due=due,
                member=name,
            )
        moment += QUARTER


def _read_list(
    list_name: str, lines: Iterable[bytes], facts_by_file: dict[str, dict[str, Any]]
) -> tuple[int, int]:
    """Read size and md5 of the files that are wanted from the lines of a list.

    Return how many lines it has, and how many of them cannot be read.
    """
    # Lines are `md5  file` of MD5SUMS, `bytes file` of FILESIZES, `bytes md5 address` of the lists
    # of 2.0.
    number = 0
    unreadable = 0
    for line in lines:
        number += 1
        parts = line.decode("utf-8", "replace").split()
        if list_name == MD5SUMS:
            parts = ["0", *parts]
        elif list_name == FILESIZES:
            parts = [*parts[:1], "0" * 32, *parts[1:]]
        if (
            len(parts) != 3
            or not re.fullmatch(r"[0-9]{1,15}", parts[0])
            or not _MD5.fullmatch(parts[1])
        ):
            unreadable += bool(line.strip())
        elif (facts := facts_by_file.get(parts[2].rpartition("/")[2])) is not None:
            facts["listed"] = True
            if list_name != MD5SUMS:
                facts["size"] = int(parts[0])
            if list_name != FILESIZES:
                facts["md5"] = parts[1].lower()
    return number, unreadable


@dataclass
class Gdelt:
    """GDELT: the names of its files follow from the days."""

    server: str
    version: int
    stream: str  # Of 2.0
    # Whether the lists are read. If not, the server is asked for every file, and nothing is
    # compared
    lists: bool

    @property
    def of(self) -> dict[str, str]:
        """The version: its files can be mixed in no folder with those of the other."""
        return {"version": str(self.version)}

    @property
    def request(self) -> dict[str, Any]:
        """The stream, and whether lists were read."""
        return {"stream": self.stream if self.version == 2 else "", "lists": self.lists}

    def expect(self, client: "Client", first: date, last: date) -> list[ExpectedFile]:
        """Return the files there should be, in order of time."""
        if self.version == 1:
            return list(_of_the_first(self.server, first, last))
        return list(_of_the_second(self.server, self.stream, first, last))

    def look_up(
        self, client: "Client", files: list[ExpectedFile], scratch: Path, manifest: Manifest
    ) -> list[ExpectedFile]:
        """Return files with what the lists of the server say of them."""
        from forecast.data.fetch.download import fetch_list

        if not self.lists or not files:
            return files
        facts: dict[str, dict[str, Any]] = {file.file: {"listed": False} for file in files}
        streams = ("english", "translation") if self.stream == "both" else (self.stream,)
        places = (
            [MD5SUMS, FILESIZES] if self.version == 1 else [MASTERS[stream] for stream in streams]
        )
        for number, list_name in enumerate(places):
            address = f"{self.server}/{list_name}"
            path = scratch / f"list {number}"
            sha256 = fetch_list(client, address, path)
            with path.open("rb") as stream:
                lines, unreadable = _read_list(
                    list_name, iter(partial(stream.readline, MAX_LIST_LINE), b""), facts
                )
            manifest.lists.append(
                {"url": address, "lines": lines, "unreadable": unreadable, "sha256": sha256}
            )
        return [file.but(**facts[file.file]) for file in files]

    def gaps(self, manifest: Manifest, files: list[ExpectedFile]) -> list[Gap]:
        """Return the stretches of files that are absent, those of each stream by themselves."""
        gaps = []
        streams = sorted(files, key=lambda file: file.slot.partition(".")[2])
        for _, of_stream in groupby(streams, lambda file: file.slot.partition(".")[2]):
            for absent, group in groupby(
                of_stream, lambda file: manifest.entries[file.slot].state == "absent"
            ):
                slots = [file.slot for file in group]
                gaps += [Gap(slots[0], slots[-1], len(slots))] if absent else []
        return gaps
