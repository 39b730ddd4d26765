"""Serve made-up files of feeds as their publishers do, to try a fetch without the network.

Run from anywhere: ``python scripts/feed_server.py --from 2010-01 --to 2013-06``, and fetch from the
address that it prints (docs/fetching.md):

    forecast events fetch gdelt --server http://localhost:8420 --from 2010-01 --to 2013-06 --out
    gdelt

There is GDELT 1.0 with its two lists, GDELT 2.0 of the last two days with its master list, and
ICEWS and POLECAT as datasets of a Dataverse with two versions each. Rows are true to the schema and
mean nothing: a level of the relations between the US and China that wanders, with events around it,
and rows that have to be filtered or rejected. GDELT has no files of some days (``--gap``), as the
real one has none from 14 June to 1 July 2025. The same seed makes the same files.
"""

import argparse
import hashlib
import io
import json
import re
import sys
import zipfile
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forecast.base.dates import parse_date  # noqa: E402
from forecast.data.fetch import dataverse, gdelt  # noqa: E402
from tests.feeds.made import ICEWS_HEADER, POLECAT_HEADER, gdelt_row, icews_row, polecat_row  # noqa: E402

COOPERATIVE = ("036", "040", "042", "051", "057", "061")
HOSTILE = ("111", "112", "120", "130", "163", "172", "190")
NAMES = {"USA": "United States", "CHN": "China"}
Versions = dict[str, list[dict[str, Any]]]
A_DAY = 6.0
"""Events per day, on average."""


class World:
    """What happens between the US and China, day by day; days can be asked for in any order.

    Parameters
    ----------
    first, last : datetime.date
    seed : int
    """

    def __init__(self, first: date, last: date, seed: int) -> None:
        self.first, self.last, self.seed = first, last, seed
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        steps = np.random.default_rng([seed, 0]).normal(0, 0.25, months)
        self._level = [0.2]
        for step in steps:
            self._level.append(0.2 + 0.95 * (self._level[-1] - 0.2) + step)

    def events(self, day: date) -> list[tuple[str, str, str]]:
        """Return who did what to whom on a day: source, target, code."""
        random = np.random.default_rng([self.seed, day.toordinal()])
        level = self._level[(day.year - self.first.year) * 12 + day.month - self.first.month]
        rows = []
        for _ in range(random.poisson(A_DAY)):
            codes = COOPERATIVE if random.random() < 1 / (1 + np.exp(-level)) else HOSTILE
            source, target = ("USA", "CHN") if random.random() < 0.5 else ("CHN", "USA")
            rows.append((source, target, str(codes[random.integers(len(codes))])))
        return rows

    def days(self, first: date, last: date) -> list[date]:
        """Return the days of a span that are in the world."""
        begin, end = max(first, self.first), min(last, self.last)
        return [begin + timedelta(days=step) for step in range((end - begin).days + 1)]


def gdelt_files(world: World, gap: tuple[date, date]) -> dict[str, bytes]:
    """Return files and lists of GDELT by their addresses, without those of a span of days."""
    files = {}
    for version, first in ((1, world.first), (2, world.last - timedelta(days=1))):
        feed = gdelt.Gdelt(gdelt.SERVER, version, "both", lists=True)
        for slot in feed.expect(None, first, world.last):
            if gap[0] <= slot.first and slot.last <= gap[1]:
                continue
            rows = _gdelt_rows(world, version, slot.slot, world.days(slot.first, slot.last))
            files[slot.url.removeprefix(f"{gdelt.SERVER}/")] = zipped(
                slot.file.removesuffix(".zip"), rows
            )
    return files | gdelt_lists(files)


def gdelt_lists(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the lists of some files of GDELT, with sizes and checksums."""
    sums = {
        address: hashlib.md5(content, usedforsecurity=False).hexdigest()
        for address, content in files.items()
    }
    lists = {gdelt.MD5SUMS: "", gdelt.FILESIZES: "", **dict.fromkeys(gdelt.MASTERS.values(), "")}
    for address, content in files.items():
        name = address.rpartition("/")[2]
        if address.startswith("events/"):
            lists[gdelt.MD5SUMS] += f"{sums[address]}  {name}\n"
            lists[gdelt.FILESIZES] += f"{len(content)} {name}\n"
        else:
            master = gdelt.MASTERS["translation" if ".translation." in name else "english"]
            lists[master] += (
                f"{len(content)} {sums[address]} http://data.gdeltproject.org/{address}\n"
            )
    return {address: text.encode() for address, text in lists.items()}


def _gdelt_rows(world: World, version: int, name: str, days: list[date]) -> list[str]:
    rows = []
    for day in days:
        width = 61 if version == 2 else 58 if day >= gdelt.DAILY else 57
        events = world.events(day)
        if version == 2:  # each in one quarter hour of the day
            quarter = int(name[8:10]) * 4 + int(name[10:12]) // 15
            events = events[quarter::96] if "translation" not in name else []
        events = [*events, ("USA", "", "010"), ("RUS", "UKR", "190"), ("USA", "CHN", "---")]
        for number, (source, target, code) in enumerate(events):
            event = f"{day.toordinal()}{number:03}"
            rows.append(
                gdelt_row(
                    event, f"{day:%Y%m%d}", source, target, code, width=width, types=("GOV", "GOV")
                )
            )
    return rows


def dataverse_files(world: World, feed: str) -> Versions:
    """Return the files of two versions of a dataset.

    Entries as Dataverse has them, with their content.
    """
    versions = {}
    for number in (1, 2):
        entries = []
        for year in range(world.first.year, world.last.year + 1):
            days = world.days(date(year, 1, 1), date(year, 12, 31))
            stamp = f"{world.last + timedelta(days=30 * number):%Y%m%d}000000"
            if feed == "icews":
                name, rows = (
                    f"events.{year}.{stamp}.tab.zip",
                    [ICEWS_HEADER, *_icews_rows(world, days)],
                )
            else:
                name, rows = (
                    f"ngecEvents.DV.{year}.txt.zip",
                    [POLECAT_HEADER, *_polecat_rows(world, days)],
                )
            content = zipped(name.removesuffix(".zip"), rows)
            entries.append(dataverse_entry(number * 10_000 + year, name, content))
        versions[f"{number}.0"] = entries
    return versions


def dataverse_entry(number: int, label: str, content: bytes, **data: Any) -> dict[str, Any]:
    """Return the entry of a file in a list of Dataverse, with its content."""
    entry = {
        "id": number,
        "filename": label,
        "filesize": len(content),
        "contentType": "application/zip",
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "publicationDate": "2026-01-31",
    }
    return {
        "label": label,
        "restricted": False,
        "version": 1,
        "dataFile": entry | data,
        "content": content,
    }


def _icews_rows(world: World, days: list[date]) -> list[str]:
    return [
        icews_row(day.toordinal() * 100 + number, f"{day}", NAMES[source], NAMES[target], code)
        for day in days
        for number, (source, target, code) in enumerate(world.events(day))
    ]


def _polecat_rows(world: World, days: list[date]) -> list[str]:
    rows = []
    for day in days:
        for number, (source, target, code) in enumerate(world.events(day)):
            kind = "ACCUSE" if code in HOSTILE else "CONSULT"
            rows.append(
                polecat_row(f"{day.toordinal()}-{number}", f"{day}", source, target, kind, "None")
            )
    return rows


def zipped(name: str, rows: list[str]) -> bytes:
    """Return an archive with one file of rows, the same for the same rows."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
        archive.writestr(info, "".join(f"{row}\n" for row in rows), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class FeedServer(ThreadingHTTPServer):
    """A server of files by their places, and of datasets by their DOIs.

    Parameters
    ----------
    port : int
        0 for any that is free.
    files : dict of bytes
    datasets : dict
        By DOI, entries by version.
    handler : type, optional
        What answers.
    """

    daemon_threads = True

    def __init__(
        self, port: int, files: dict[str, bytes], datasets: dict[str, Versions], handler: Any = None
    ) -> None:
        super().__init__(("127.0.0.1", port), handler or Handler)
        self.files, self.datasets = files, datasets

    @property
    def address(self) -> str:
        """Where it is to be asked."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that have gone."""

    def content(self, target: str) -> bytes | None:
        """Return what is at a place, None if nothing is."""
        parts = urlsplit(target)
        address, doi = parts.path.lstrip("/"), parse_qs(parts.query).get("persistentId", [""])[0]
        if address in self.files:
            return self.files[address]
        if match := re.fullmatch(r"api/access/datafile/(\d+)", address):
            return self._file(int(match[1]))
        versions = self.datasets.get(doi)
        if versions is None:
            return None
        if address == "api/datasets/:persistentId/versions":
            return _ok([_version(number) for number in versions])
        match = re.fullmatch(r"api/datasets/:persistentId/versions/([0-9.]+)/files", address)
        if match and match[1] in versions:
            return _ok(
                [{k: v for k, v in entry.items() if k != "content"} for entry in versions[match[1]]]
            )
        return None

    def _file(self, number: int) -> bytes | None:
        entries = [
            entry
            for dataset in self.datasets.values()
            for version in dataset.values()
            for entry in version
        ]
        return next(
            (entry["content"] for entry in entries if entry["dataFile"]["id"] == number), None
        )


class Handler(BaseHTTPRequestHandler):
    """Answers as servers of files do: with a tag, and with a part if that is asked for."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    server: FeedServer

    def do_GET(self) -> None:
        """Answer."""
        content = self.server.content(self.path)
        if content is None:
            self.send(404, b"not here")
        else:
            self.send_file(content)

    def send_file(self, content: bytes, **headers: str) -> None:
        """Send a file, or the part of it that is asked for."""
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range", tag) == tag
        start = int(part[1]) if part and same else 0
        if start:
            headers = {
                "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}",
                **headers,
            }
        self.send(206 if start else 200, content[start:], **{"ETag": tag, **headers})

    def send(self, status: int, content: bytes, **headers: str) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def _ok(data: Any) -> bytes:
    return json.dumps({"status": "OK", "data": data}).encode()


def _version(number: str) -> dict[str, Any]:
    major, minor = map(int, number.split("."))
    released = f"{2024 + major}-01-31T12:00:00Z"
    return {
        "versionNumber": major,
        "versionMinorNumber": minor,
        "versionState": "RELEASED",
        "releaseTime": released,
    }


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--from", dest="first", default="2010-01", help="first month, YYYY-MM")
    parser.add_argument("--to", dest="last", default="2013-06", help="last month or day")
    parser.add_argument(
        "--gap", default="2013-05-03:2013-05-20", help="days without files of GDELT, FIRST:LAST"
    )
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begin, _, end = given.gap.partition(":")
    gap = parse_date(begin, "--gap"), parse_date(end, "--gap")
    world = World(
        parse_date(given.first, "--from").replace(day=1), parse_date(given.last, "--to"), given.seed
    )
    datasets = {dataverse.DOIS[feed]: dataverse_files(world, feed) for feed in dataverse.DOIS}
    with FeedServer(given.port, gdelt_files(world, gap), datasets) as server:
        print(
            f"Serving {len(server.files):,} files at http://localhost:{server.server_port}",
            flush=True,
        )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")


if __name__ == "__main__":
    main()
