"""GDELT: which files there should be from one day to another, and what its lists say of them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from forecast.fetch.manifest import Slot

SERVER = "https://data.gdeltproject.org"
STREAMS = ("english", "translation", "both")
BEGIN = date(1979, 1, 1)
MONTHLY, DAILY = date(2006, 1, 1), date(2013, 4, 1)
"""First days of the monthly and the daily files of 1.0; before there are yearly ones."""
SECOND = datetime(2015, 2, 18, 23, tzinfo=UTC)
"""The first file of 2.0."""
QUARTER = timedelta(minutes=15)
POSTED = timedelta(hours=36)
"""After the beginning of a day its file of 1.0 is there: it is posted in the morning of the next day, US Eastern."""
PATIENCE = timedelta(hours=1)
"""After the time in its name a file of 2.0 is there."""
MD5SUMS, FILESIZES = "events/md5sums", "events/filesizes"
MASTERS = {"english": "gdeltv2/masterfilelist.txt", "translation": "gdeltv2/masterfilelist-translation.txt"}
_MD5 = re.compile(r"[0-9a-fA-F]{32}")


@dataclass
class Listed:
    """What lists say of the files that are looked for."""

    sizes: dict[str, int]  # By the name of the file
    md5s: dict[str, str]
    names: set[str]  # Those that are named at all
    lines: int = 0  # Lines read, and those among them that are not as they should be
    unreadable: int = 0


def expected(version: int, stream: str, first: date, last: date) -> list[Slot]:
    """Return the files there should be from one day to another, in order of time."""
    return list(_of_the_first(first, last) if version == 1 else _of_the_second(stream, first, last))


def _of_the_first(first: date, last: date) -> Iterator[Slot]:
    begin = max(first, BEGIN)
    while begin <= last:
        if begin < MONTHLY:
            name, file, end = f"{begin:%Y}", f"{begin:%Y}.zip", date(begin.year, 12, 31)
            begin = date(begin.year, 1, 1)
        elif begin < DAILY:
            name, file = f"{begin:%Y%m}", f"{begin:%Y%m}.zip"
            begin = begin.replace(day=1)
            end = (begin + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        else:
            name, file, end = f"{begin:%Y%m%d}", f"{begin:%Y%m%d}.export.CSV.zip", begin
        due = datetime.combine(end, time(), UTC) + POSTED
        yield Slot(name, file, f"events/{file}", begin, end, due)
        begin = end + timedelta(days=1)


def _of_the_second(stream: str, first: date, last: date) -> Iterator[Slot]:
    infixes = {"english": [""], "translation": [".translation"], "both": ["", ".translation"]}[stream]
    moment = max(datetime.combine(first, time(), UTC), SECOND)
    while moment.date() <= last:
        for infix in infixes:
            name = f"{moment:%Y%m%d%H%M%S}{infix}"
            file = f"{name}.export.CSV.zip"
            yield Slot(name, file, f"gdeltv2/{file}", moment.date(), moment.date(), moment + PATIENCE)
        moment += QUARTER


def lists_of(version: int, stream: str) -> list[str]:
    """Return where the lists are that name the files, after the address of the server."""
    if version == 1:
        return [MD5SUMS, FILESIZES]
    return [MASTERS[one] for one in (("english", "translation") if stream == "both" else (stream,))]


def read_lists(lists: Iterable[tuple[str, Iterable[bytes]]], wanted: set[str]) -> Listed:
    """Read lists line by line; only what they say of wanted files is kept.

    Lines are ``md5  file`` of `MD5SUMS`, ``bytes file`` of `FILESIZES`, ``bytes md5 address`` of the lists of 2.0.
    """
    found = Listed({}, {}, set())
    for place, lines in lists:
        for line in lines:
            found.lines += 1
            parts = line.decode("utf-8", "replace").split()
            if place == MD5SUMS:
                parts = ["0", *parts]
            elif place == FILESIZES:
                parts = [*parts[:1], "0" * 32, *parts[1:]]
            if len(parts) != 3 or not re.fullmatch(r"[0-9]{1,15}", parts[0]) or not _MD5.fullmatch(parts[1]):
                found.unreadable += bool(line.strip())
                continue
            name = parts[2].rpartition("/")[2]
            if name in wanted:
                found.names.add(name)
                if place != MD5SUMS:
                    found.sizes[name] = int(parts[0])
                if place != FILESIZES:
                    found.md5s[name] = parts[1].lower()
    return found


def with_lists(slots: list[Slot], listed: Listed) -> list[Slot]:
    """Return slots with what lists say of them."""
    return [
        replace(
            slot,
            size=listed.sizes.get(slot.file),
            md5=listed.md5s.get(slot.file, ""),
            listed=slot.file in listed.names,
        )
        for slot in slots
    ]
