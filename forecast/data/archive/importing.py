"""Idempotent, atomic import of feed files into an archive."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from forecast.base.arguments import checked
from forecast.base.errors import DataError
from forecast.base.escaping import printable
from forecast.base.file_faults import fence
from forecast.base.progress import Progress, ahead, silent
from forecast.data.archive.catalogue import Catalogue, Entry, Key
from forecast.data.archive.file_import import FileImport
from forecast.data.archive.import_outcome import ImportedFile, ImportSummary
from forecast.data.archive.segments import SegmentWriter, opened_for_import, write_batch
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
from forecast.data.feeds.sorting import RowBatch, RowSorter
from forecast.data.fetch.manifest import read_manifest

EVERYTHING = FeedSettings(sectors="all", one_a_day=False)
"""All rows between two states: what is counted of them is chosen when they are read."""
# Files of a batch; a run that is killed loses no more than one batch
MAX_BATCH_FILES = 200
STEP = "importing files"


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
    """An import going on: rows not yet sorted, the batch at hand, and what became of each file."""

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
        self.waiting: dict[Key, FileImport] = {}
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
        """Return when files of a folder were first published by its manifest, by SHA-256."""
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

        A file that was imported already is taken again only if its rows were damaged, or if its
        name or its day of publication says more than before; both are merged then.
        """
        if key in self.waiting:
            self._settle()
        named = read_name(detected.feed, file)
        names = {named: file.name}
        if earlier := self.known.get(key):
            published = min(filter(None, (published, earlier.published)), default=None)
            names = _names_of(detected.feed, earlier)
            is_new = named.says and not any(map(named.means, names))
            if key not in self.damaged and not is_new and published == earlier.published:
                as_name = "" if earlier.name == file.name else f"as {earlier.name}"
                self.done.append(
                    ImportedFile(
                        file.name, earlier.dataset, "known", *earlier.counts, reason=as_name
                    )
                )
                return
            names = {
                before: name for before, name in names.items() if before.says or not named.says
            }
            if is_new:
                names[named] = file.name
        self._read(
            FileImport(
                self.next_file,
                file,
                detected.feed,
                detected.layout,
                key[0],
                named,
                names=names,
                published=published,
                key=key,
                index=len(self.done),
            )
        )

    def _read(self, reading: FileImport) -> None:
        """Read a file of a feed into the batch; its rows are sorted when there are enough."""
        file = reading.file
        feed = reading.feed
        if feed.name not in self.unsorted:
            self.unsorted[feed.name] = RowBatch(
                RowSorter(Rules(feed, EVERYTHING, kept=(*EVENT_COLUMNS, *ORGAN_COLUMNS)))
            )
        rows = self.unsorted[feed.name]
        self.months[reading.number] = reading.month
        self.next_file += 1
        chunks = read_chunks(file, feed.encoding)
        for chunk in ahead(chunks) if file.size > CHUNK else chunks:
            rows.add(reading, chunk)
            if rows.full:
                self._sort(feed.name)
        self.waiting[reading.key] = reading
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


def _names_of(feed: Feed, entry: Entry) -> dict[Named, str]:
    """Return what the names of an imported file say, each with its name in messages."""
    return {feed.named(said): entry.name for said in (entry.said, *entry.also)}
