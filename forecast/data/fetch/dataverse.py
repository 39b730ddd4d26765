"""Dataverse: versions of a dataset, files of a version, and selection of files by date.

Files are identified by their ids, because labels repeat within a dataset. The dates of a file come
from its name.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from forecast.base.errors import FetchError, SpecError
from forecast.data.events.days import as_spans, each_day
from forecast.data.fetch.manifest import ExpectedFile, Gap, Manifest

if TYPE_CHECKING:
    from forecast.data.fetch.client import Client

SERVER = "https://dataverse.harvard.edu"
DOIS = {"icews": "doi:10.7910/DVN/28075", "polecat": "doi:10.7910/DVN/AJGVIT"}
TABLES = (".tab", ".txt", ".tsv", ".csv", ".zip")
"""Endings of files with events; others are documents."""
REACH = timedelta(days=10)
"""A release that is named after a day can hold events of so many days before."""
# Characters of a name that a server gives to a file
MAX_FILE_LABEL = 150


@dataclass(frozen=True)
class DatasetVersion:
    """A published version of a dataset."""

    number: str  # Such as `37.0`
    released: str  # The day on which it was published, '' if the server does not say


def require_doi(text: str) -> str:
    """Return a DOI as Dataverse writes it."""
    match = re.fullmatch(
        r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/[A-Za-z0-9./_-]{1,100})", text.strip()
    )
    if match is None:
        raise SpecError(f"doi: got {text!r:.100}; expected a DOI such as doi:10.7910/DVN/28075")
    return f"doi:{match[1]}"


def days_of(name: str) -> tuple[date, date] | None:
    """Return the first and last day of which a file can hold events by its name.

    None if the name does not say.
    """
    numbers = re.findall(r"[0-9]+", name)
    years = [int(number) for number in numbers if re.fullmatch(r"(?:19|20)\d{2}", number)]
    if years:
        return date(years[0], 1, 1), date(years[0], 12, 31)
    days = [day for number in numbers if len(number) in (8, 14) and (day := _day(number[:8]))]
    if days:
        return min(days) - REACH, max(days) + timedelta(days=1)
    months = [day for number in numbers if len(number) == 6 and (day := _day(f"{number}01"))]
    if months:
        return min(months), (max(months) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return None


@dataclass
class Dataverse:
    """A dataset of Dataverse.

    Names of its files follow no rule, so that gaps are looked for by day and not by file.
    """

    server: str
    doi: str
    wanted: str | None  # The edition that was requested, or a day
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

    def editions(self, client: "Client") -> list[DatasetVersion]:
        """Return the published versions of the dataset, the newest first."""
        editions = []
        for version in self._listed(client, "", "&excludeFiles=true"):
            number = version.get("versionNumber")
            minor = version.get("versionMinorNumber")
            if isinstance(number, int) and isinstance(minor, int):
                editions.append(
                    DatasetVersion(f"{number}.{minor}", _day_of(version.get("releaseTime")))
                )
        if not editions:
            raise FetchError(f"{self.doi} has no published version at {self.server}")
        return sorted(
            editions,
            key=lambda edition: [int(part) for part in edition.number.split(".")],
            reverse=True,
        )

    def _chosen(self, editions: list[DatasetVersion]) -> DatasetVersion:
        """Return the edition that is wanted, by default the newest.

        It is wanted by its number, such as ``36`` or ``36.0``, or by a day: the last one up to it.
        """
        if self.wanted is None:
            return editions[0]
        wanted = self.wanted.strip()
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", wanted):
            suitable = [edition for edition in editions if "" < edition.released <= wanted]
        else:
            suitable = [
                edition
                for edition in editions
                if wanted in (edition.number, edition.number.partition(".")[0])
            ]
        if not suitable:
            newest = ", ".join(
                f"{available.number} of {available.released or 'an unknown day'}"
                for available in editions[:5]
            )
            raise SpecError(
                f"edition: there is no {self.wanted!r:.40}; the newest are {newest}. "
                "--list-editions has all."
            )
        return suitable[0]

    def expect(self, client: "Client", first: date, last: date) -> list[ExpectedFile]:
        """Return the files of the edition that can hold events of the days."""
        self.span = first, last
        chosen = self._chosen(self.editions(client))
        self.edition = chosen.number
        self.released = chosen.released
        entries = [
            entry
            for entry in self._listed(client, f"/{chosen.number}/files")
            if _label(entry).lower().endswith(TABLES)
        ]
        names = Counter(_plain(_label(entry)).casefold() for entry in entries)
        files = []
        for entry in entries:
            label = _label(entry)
            if (days := days_of(label)) is None:
                self.undated.append(label[:MAX_FILE_LABEL])
            elif days[0] <= last and first <= days[1]:
                name = _plain(label)
                files.append(self._expected(entry, days, name, twice=names[name.casefold()] > 1))
        self.undated.sort()
        return sorted(files, key=lambda file: (file.first, file.last, file.file))

    def _expected(
        self, entry: dict[str, Any], days: tuple[date, date], name: str, *, twice: bool
    ) -> ExpectedFile:
        """Return what is expected of a file; its name has its id if others have the same."""
        data = entry["dataFile"]
        number = data.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise FetchError(
                f"{self.server}: {self.doi} has a file without an id ({_label(entry)!r:.100})"
            )
        converted = data.get("tabularData") is True or bool(data.get("originalFileFormat"))
        original = converted and self.originals
        size = data.get("originalFileSize" if original else "filesize")
        checksum = data.get("checksum") if isinstance(data.get("checksum"), dict) else {}
        md5 = checksum.get("value") if checksum.get("type") == "MD5" else data.get("md5")
        return ExpectedFile(
            slot=str(number),
            file=with_id(name, str(number)) if twice else name,
            url=f"{self.server}/api/access/datafile/{number}"
            + ("?format=original" if original else ""),
            edition=self.edition,
            first=days[0],
            last=days[1],
            size=size if isinstance(size, int) and size >= 0 else None,
            md5=md5.lower()
            if isinstance(md5, str) and re.fullmatch(r"[0-9a-fA-F]{32}", md5)
            else "",
            sure=not converted,
            listed=True,
            published=_day_of(data.get("publicationDate")) or _day_of(data.get("creationDate")),
            closed="the file is restricted: ask its publisher"
            if entry.get("restricted") is True
            else "",
        )

    def look_up(
        self, client: "Client", files: list[ExpectedFile], scratch: Path, manifest: Manifest
    ) -> list[ExpectedFile]:
        """Return the files; one whose name a file of another edition has gets its id in it."""
        if self.undated:
            shown = ", ".join(self.undated[:3])
            manifest.notes.append(
                f"not fetched, as their names say no day: {len(self.undated)} files ({shown})"
            )
        owners = {entry.file.casefold(): slot for slot, entry in manifest.entries.items()}
        return [
            file
            if owners.get(file.file.casefold(), file.slot) == file.slot
            else file.but(file=with_id(file.file, file.slot))
            for file in files
        ]

    def gaps(self, manifest: Manifest, files: list[ExpectedFile]) -> list[Gap]:
        """Return the stretches of days of which no file can hold events."""
        first, last = self.span
        published = {
            day
            for file in files
            if manifest.entries[file.slot].state != "absent"
            for day in each_day(max(file.first, first), min(file.last, last))
        }
        missing = as_spans(day for day in each_day(first, last) if day not in published)
        return [Gap(f"{begin}", f"{end}", (end - begin).days + 1) for begin, end in missing]

    def _listed(self, client: "Client", path: str, more: str = "") -> list[dict[str, Any]]:
        """Return a list of Dataverse about the versions of the dataset."""
        where = f"{self.server}/api/datasets/:persistentId/versions{path}"
        try:
            answer = json.loads(
                client.answer(f"{where}?persistentId={quote(self.doi, safe=':/.')}{more}")
            )
            entries = answer["data"] if answer["status"] == "OK" else None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FetchError(f"{where}: this is no answer of a Dataverse") from error
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise FetchError(f"{where}: this is no list of a Dataverse")
        return entries


def with_id(file: str, number: str) -> str:
    """Return the name of a file with its id before the endings; dates keep their place in it."""
    stem, dot, ending = file.rpartition(".")
    if ending == "zip" and "." in stem:
        stem, _, inner = stem.rpartition(".")
        ending = f"{inner}.{ending}"
    return f"{stem}.id{number}{dot}{ending}"


def _label(entry: dict[str, Any]) -> str:
    data = entry.get("dataFile")
    label = entry.get("label") or (data.get("filename") if isinstance(data, dict) else None)
    return label if isinstance(label, str) and isinstance(data, dict) else ""


def _plain(label: str) -> str:
    """Return a label as the name of a file that leads nowhere and is seen."""
    plain = re.sub(r"[^A-Za-z0-9._() +-]", "_", label).lstrip(". ")
    return (
        plain
        if len(plain) <= MAX_FILE_LABEL
        else plain[: MAX_FILE_LABEL // 2] + plain[-MAX_FILE_LABEL // 2 :]
    )


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _day_of(value: Any) -> str:
    """Return the day of a moment such as 2023-04-14T13:34:24Z, '' if it is none."""
    match = re.match(r"\d{4}-\d{2}-\d{2}", value) if isinstance(value, str) else None
    return match[0] if match and _day(match[0].replace("-", "")) else ""
