"""Idempotent, atomic import of feed files into an archive."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from forecast.base.arguments import checked
from forecast.base.errors import DataError
from forecast.base.escaping import printable
from forecast.base.file_faults import fence
from forecast.base.progress import Progress, ahead, silent
from forecast.base.wording import Card, Displayed, count
from forecast.data.archive.catalogue import Catalogue, Counts, Entry, Key
from forecast.data.archive.segments import SegmentWriter, opened_for_import, write_batch
from forecast.data.events.days import Days, as_spans, each_day
from forecast.data.feeds.detect import Detected, detect_file, find_feed, read_name, unknown_file
from forecast.data.feeds.feed import Feed, FeedSettings, Named
from forecast.data.feeds.lines import (
    CHUNK,
    MANIFEST,
    FeedFile,
    file_digest,
    find_files,
    is_ignored,
    read_chunks,
)
from forecast.data.feeds.rules import EVENT_COLUMNS, ORGAN_COLUMNS, Rules
from forecast.data.feeds.sorting import FileRun, RowBatch, RowSorter
from forecast.data.fetch.manifest import read_manifest

EVERYTHING = FeedSettings(sectors="all", one_a_day=False)
"""All rows between two states: what is counted of them is chosen when they are read."""
# Files of a batch; a run that is killed loses no more than one batch
MAX_BATCH_FILES = 200
DAY = timedelta(days=1)
MONTH = timedelta(days=31)
"""No month is longer."""
STEP = "importing files"


BUSY = 0.25
"""Fraction of a release's busiest day: a day with at least as many rows belongs to the release, not
to old reports."""
STRAY = 0.05
"""Fraction of a longer file's busiest day: days with fewer rows at its ends are strays."""
BEFORE = timedelta(days=10)
"""Longest time from the first day of a release to the day in its name."""
AFTER = DAY
"""Largest distance of the days of a release before and after the day in its name."""


class ImportedFile(NamedTuple):
    """Outcome of the import of one file."""

    name: str  # The dataset is '' for a file of no feed
    dataset: str
    # `imported`; `known`, if it is in the archive already; `skipped`, if it is of no feed but lies
    # in a folder or archive that was named; or `failed`.
    became: str
    # Its rows, those between two states, those rejected, and those that are not between two states
    rows: int = 0
    between: int = 0
    rejected: int = 0
    filtered: int = 0
    reason: str = ""  # Why it was skipped or failed, or under which name it is known
    finding: str = ""  # In words, if its rows are not of the days in its name


@dataclass(frozen=True, repr=False)
class ImportSummary(Displayed):
    """Outcome of an import."""

    archive: Path
    files: tuple[ImportedFile, ...]

    def of(self, became: str) -> list[ImportedFile]:
        """Return the files of which something became, such as ``failed``."""
        return [file for file in self.files if file.became == became]

    @property
    def findings(self) -> list[str]:
        """Contradictions between the names of files and their rows."""
        return [file.finding for file in self.files if file.finding]

    @property
    def sentence(self) -> str:
        """Summary of the import in words."""
        new = self.of("imported")
        rows = sum(file.rows for file in new)
        between = sum(file.between for file in new)
        words = [
            f"{count(len(new), 'file')} imported: {rows:,} rows, {between:,} of them between two "
            "states"
        ]
        for became, more in (
            ("known", "in the archive already"),
            ("skipped", "of no feed"),
            ("failed", "not read"),
        ):
            if files := self.of(became):
                words.append(f"{count(len(files), 'file')} {more}")
        if self.findings:
            words.append(f"{count(len(self.findings), 'file')} of other days than the name says")
        return "; ".join(words) + "."

    def summary(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        return {
            "schema": 1,
            "archive": str(self.archive),
            "files": [file._asdict() for file in self.files],
        }

    def _card(self) -> Card:
        return Card(f"Import into {self.archive}", (("files", self.sentence),))


@checked
def import_files(
    paths: "str | Path | Sequence[str | Path]",
    archive: str | Path,
    *,
    feed: str | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import files of machine-coded feeds into an archive, which is made if need be.

    All rows between two states are stored, of any actor: what is counted of them is chosen when
    they are read. A file that was imported before, under whatever name, is left out. Batches of
    files are put in place one after the other, each at once: a killed run loses no more than the
    last, and the same command continues. Other runs may import into the same archive at the same
    time. A file that cannot be read stops no other.

    Parameters
    ----------
    paths : str, pathlib.Path or sequence of them
        Files, zip archives, or folders of such, with all folders in them.
    archive : str or pathlib.Path
        Folder of the archive.
    feed : str, optional
        Name of the feed; by default it is found from the content of each file.
    progress : callable, optional
        Called with (step in words, done, total) for files.

    Returns
    -------
    ImportSummary
        What became of each file: rows kept, rejected and filtered.

    Raises
    ------
    SpecError
        If there is no such feed.
    DataError
        If the catalogue of the archive is missing, damaged or older than its segments, or a part of
        the archive is a link; the message names the remedy, and nothing is changed. Also if no path
        is named.
    OutputError
        If the archive cannot be written.

    Examples
    --------
    >>> from forecast import import_files
    >>> import_files("icews/", "archive").sentence  # doctest: +SKIP
    '167 files imported: 325,691 rows, 137,202 of them between two states.'
    """
    named = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not named:
        raise DataError("paths: no file is named; name at least one")
    folder = Path(archive)
    tell = progress or silent
    waiting = [(path, file) for path in named for file in _each_file(path)]
    run = _ImportRun(folder, find_feed(feed) if feed else None)
    done = 0
    while done < len(waiting):
        with opened_for_import(folder, run.catalogue) as catalogue:
            run.start(catalogue)
            while done < len(waiting) and not run.full:
                tell(STEP, done, len(waiting))
                run.take(*waiting[done])
                done += 1
            run.finish()
    tell(STEP, done, len(waiting))
    return ImportSummary(folder, tuple(run.done))


def _each_file(path: Path) -> list[Path]:
    """Return a file, or all files of a folder and of those in it; what is hidden is left out."""
    if not path.is_dir():
        return [path]
    inside = [file.relative_to(path) for file in path.rglob("*") if file.is_file()]
    return [path / file for file in sorted(inside) if not any(map(is_ignored, file.parts))] or [
        path
    ]


class _ImportRun:
    """An import going on.

    It holds for each feed the rows not yet sorted, the batch at hand, and what became of each file.
    """

    def __init__(self, folder: Path, wanted: Feed | None) -> None:
        self.folder = folder
        self.wanted = wanted
        self.done: list[ImportedFile] = []
        self.unsorted: dict[str, RowBatch] = {}
        self.published: dict[Path, dict[str, date]] = {}
        self.catalogue: Catalogue | None = None

    def start(self, catalogue: Catalogue) -> None:
        """Begin a batch: files that are put into the catalogue together."""
        self.catalogue = catalogue
        self.next_file = catalogue.next_file
        self.damaged = catalogue.damaged()
        self.known = dict(catalogue.entries)
        self.writer = SegmentWriter(self.folder)
        self.entries: list[Entry] = []
        self.waiting: dict[Key, _FileImport] = {}
        self.months: dict[int, str] = {}

    @property
    def full(self) -> bool:
        """Return whether the batch must be put in place before more files are taken."""
        return (
            bool(self.writer.segments) or len(self.entries) + len(self.waiting) >= MAX_BATCH_FILES
        )

    def finish(self) -> None:
        """Put the batch into the catalogue."""
        self._settle()
        if self.entries and self.catalogue is not None:
            self.writer.write()
            self.catalogue = write_batch(
                self.catalogue, self.entries, self.writer.segments, self.next_file
            )

    def take(self, named: Path, path: Path) -> None:
        """Take a file, or the members of an archive, into the batch."""
        try:
            files = find_files([path])
            sha256 = file_digest(path)
        except DataError as error:
            self._failed(printable(path.name), error)
            return
        published = self._published(path.parent).get(sha256)
        for file in files:
            try:
                detected = detect_file(file)
                if detected is None or (self.wanted and detected.feed is not self.wanted):
                    alone = named == path and file.member is None
                    reason = str(unknown_file(file, self.wanted))
                    self.done.append(
                        ImportedFile(file.name, "", "failed" if alone else "skipped", reason=reason)
                    )
                else:
                    self._take_detected(file, detected, (sha256, file.member or ""), published)
            except DataError as error:
                self._failed(file.name, error)

    def _failed(self, name: str, reason: object) -> None:
        self.done.append(ImportedFile(name, "", "failed", reason=str(reason)))

    def _published(self, folder: Path) -> dict[str, date]:
        """Return the first days on which files of a folder were published, by SHA-256.

        Only where its manifest says so.
        """
        if folder not in self.published:
            days: dict[str, date] = {}
            try:
                manifest = read_manifest(folder)
                for fetched in manifest[2].values() if manifest else ():
                    if fetched.sha256 and fetched.published:
                        day = date.fromisoformat(fetched.published)
                        days[fetched.sha256] = min(day, days.get(fetched.sha256, day))
            except (DataError, ValueError) as error:  # it stops none of its files
                self._failed(
                    MANIFEST,
                    f"{error} Its files are taken without the days on which they were published.",
                )
                days = {}
            self.published[folder] = days
        return self.published[folder]

    def _take_detected(
        self, file: FeedFile, detected: Detected, key: Key, published: date | None
    ) -> None:
        """Take a file of a feed.

        If it was imported already, what is known of it besides its content is merged.
        """
        if key in self.waiting:
            self._settle()
        feed = detected.feed
        earlier = self.known.get(key)
        named = read_name(feed, file)
        names = {named: file.name}
        if earlier:
            published = min(filter(None, (published, earlier.published)), default=None)
            before = {feed.named(said): earlier.name for said in (earlier.said, *earlier.also)}
            is_new = named.says and not any(map(named.means, before))
            informative = {
                earlier_name: name
                for earlier_name, name in before.items()
                if earlier_name.says or not named.says
            }
            names = informative | ({named: file.name} if is_new else {})
            if key not in self.damaged and not is_new and published == earlier.published:
                as_name = "" if earlier.name == file.name else f"as {earlier.name}"
                self.done.append(
                    ImportedFile(
                        file.name, earlier.dataset, "known", *earlier.counts, reason=as_name
                    )
                )
                return
        if feed.name not in self.unsorted:
            self.unsorted[feed.name] = RowBatch(
                RowSorter(Rules(feed, EVERYTHING, kept=(*EVENT_COLUMNS, *ORGAN_COLUMNS)))
            )
        rows = self.unsorted[feed.name]
        reading = _FileImport(
            self.next_file,
            file,
            feed,
            detected.layout,
            key[0],
            named,
            names=names,
            published=published,
            key=key,
            index=len(self.done),
        )
        self.months[self.next_file] = reading.month
        self.next_file += 1
        chunks = read_chunks(file, feed.encoding)
        for chunk in ahead(chunks) if file.size > CHUNK else chunks:
            rows.add(reading, chunk)
            if rows.full:
                self._sort(feed.name)
        self.waiting[key] = reading
        self.done.append(ImportedFile(file.name, feed.name, "imported"))
        if rows.full:
            self._settle()

    def _sort(self, dataset: str) -> None:
        """Sort what was read of a feed, and put its rows on their way into segments."""
        for kept in self.unsorted[dataset].sort():
            self.writer.add(dataset, kept, self.months)

    def _settle(self) -> None:
        """Sort all that was read, and put its files into the batch."""
        for dataset in self.unsorted:
            self._sort(dataset)
        for reading in list(self.waiting.values()):
            del self.waiting[reading.key]
            try:
                with fence(reading.file.name):
                    entry = reading.entry()
            except DataError as error:
                reading.failed = reading.failed or str(error)
            if reading.failed:
                self.done[reading.index] = ImportedFile(
                    reading.file.name, "", "failed", reason=reading.failed
                )
                continue
            self.writer.reject(reading.feed.name, reading.number, reading)
            self.entries.append(entry)
            self.known[entry.key] = entry
            self.damaged.discard(entry.key)
            self.done[reading.index] = self.done[reading.index]._replace(
                **entry.counts._asdict(), finding=reading.finding
            )


@dataclass(kw_only=True)
class _FileImport(FileRun):
    """A file that is being imported.

    It has its rows by month, and what names and manifests say of it.
    """

    # What its name and earlier ones of the same content say, with the names in messages
    names: dict[Named, str]
    published: date | None
    key: Key
    index: int  # Among the results
    known: date | None = None  # First day on which any of its rows was known
    # By month, what became of how many rows
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def tally(self, became: str, day: date | None, known_at: date | None, number: int) -> None:
        """Count lines of a day, known on a day: kept, rejected, or filtered for a reason."""
        super().tally(became, day, known_at, number)
        if became != "rejected" and known_at is not None:
            self.known = min(known_at, self.known or known_at)
        self.counts.setdefault("" if day is None else f"{day:%Y-%m}", Counter())[became] += number

    @property
    def month(self) -> str:
        """The month that its name says all its rows are of, '' if it does not."""
        days = self.named.days
        return f"{days[0]:%Y-%m}" if days and days[1] - days[0] < MONTH else ""

    def _order(self, named: Named) -> tuple[int, float, date, str]:
        """Return by what names are put in order.

        The first is the one in whose days the most rows are.
        """
        first, last = named.days or (date.max, date.min)
        inside = sum(number for day, number in self.days.items() if first <= day <= last)
        return -inside, -named.part, self._released(named) or date.max, named.name

    def _released(self, named: Named) -> date | None:
        """Return from when rows could be known by a name, where they do not say so themselves."""
        if (
            named.year is not None
        ):  # the day of an edition: that of its stamp, else the day after its last event
            last = self._last_of(named.year)
            return named.stamped or (last and last + DAY)
        return named.day + DAY if self.feed.newest_first and named.day else None

    def _last_of(self, year: int | None) -> date | None:
        return max((day for day in self.days if day.year == year), default=None)

    def entry(self) -> Entry:
        """Return its catalogue entry."""
        said, *others = sorted(self.names, key=self._order)
        covers = days_of(said, self.days)
        if others:  # another name adds days where rows are, and takes none away
            more = (
                day
                for named in others
                for span in days_of(named, self.days)
                for day in each_day(*span)
            )
            covers = as_spans(
                {*(day for span in covers for day in each_day(*span)), *self.days.keys() & {*more}}
            )
        first = min((day for day in self.days if day.year == said.year), default=None)
        last = self._last_of(said.year)
        # The earliest release: what was known by one name stays known, whatever another one says.
        known_at = self.published or min(
            filter(None, map(self._released, self.names)), default=None
        )
        released, issued = (known_at, None) if said.year is None else (None, known_at)
        if (
            said.year is None and not self.feed.newest_first
        ):  # rows say themselves from when they were known
            released = None
        return Entry(
            file=self.number,
            dataset=self.feed.name,
            name=self.names[said],
            sha256=self.key[0],
            member=self.key[1],
            said=said.name,
            series=said.series,
            covers=tuple(covers),
            part=said.part,
            edition=said.edition,
            year=said.year,
            first=first,
            last=last,
            released=released,
            issued=issued,
            known=self.known,
            mended=self.mended,
            filtered_by=dict(self.filtered),
            months=self._months(f"{covers[0][0]:%Y-%m}" if covers else "undated"),
            published=self.published,
            also=tuple(sorted(named.name for named in others)),
        )

    def _months(self, undated: str) -> dict[str, Counts]:
        """Account for the rows by month; rows without a day count in a month that is given."""
        broken = len(self.rejected) - sum(numbers["rejected"] for numbers in self.counts.values())
        nowhere = self.counts.pop("", Counter()) + Counter(rejected=broken)
        if nowhere.total():
            self.counts.setdefault(undated, Counter()).update(nowhere)
        return {
            month: Counts(
                numbers.total(),
                numbers["kept"],
                numbers["rejected"],
                numbers.total() - numbers["kept"] - numbers["rejected"],
            )
            for month, numbers in sorted(self.counts.items())
        }


def days_of(named: Named, rows: Mapping[date, int]) -> list[Days]:
    """Return the days of a file, as spans in order of time, given its rows by day."""
    named_day = named.day
    chosen = set(each_day(*named.days)) if named.days and named.whole else set[date]()
    if named_day is not None:
        near = {
            day: number
            for day, number in rows.items()
            if named_day - BEFORE <= day <= named_day + AFTER
        }
        chosen |= {day for day, number in near.items() if number >= BUSY * max(near.values())}
    elif not chosen:
        inside = {
            day: n
            for day, n in rows.items()
            if named.days is None or named.days[0] <= day <= named.days[1]
        }
        busy = [day for day, number in inside.items() if number >= STRAY * max(inside.values())]
        chosen = set(each_day(min(busy), max(busy))) if busy else chosen
    return as_spans(chosen)
