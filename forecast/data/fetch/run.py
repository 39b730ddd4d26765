"""Run of a fetch: expected, present and missing files, downloads, and outcomes."""

import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rich.filesize import decimal

from forecast.base.arguments import checked
from forecast.base.dates import Day, read_day
from forecast.base.durable import make_folders
from forecast.base.errors import AbsentError, FetchError, OutputError, SpecError, StoppedError
from forecast.base.file_faults import writing
from forecast.base.files import check_writable
from forecast.base.limits import require
from forecast.base.locks import lock_folder
from forecast.base.progress import Progress, side_by_side, silent
from forecast.base.unfinished import partial_folder
from forecast.base.wording import join
from forecast.data.feeds.lines import MANIFEST
from forecast.data.fetch import dataverse, gdelt
from forecast.data.fetch.dataverse import DOIS, DatasetVersion, Dataverse, require_doi
from forecast.data.fetch.gdelt import STREAMS, Gdelt
from forecast.data.fetch.manifest import (
    LEFT,
    ExpectedFile,
    FetchSettings,
    Manifest,
    State,
    read_manifest,
)

if TYPE_CHECKING:
    from forecast.data.fetch.client import Client

FEEDS = ("gdelt", "icews", "polecat")
SAVED_EVERY = 2.0
"""Seconds; a killed run loses no file, and of the manifest no more than this."""
# Largest manifest, held in memory: about 1 GB. GDELT 2.0 has 70,080 files per year in both
# streams.
MAX_FETCHED_FILES = 250_000
AT_A_TIME = 400
"""Files that are handed to the threads together."""
Origin = Dataverse | Gdelt
OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


@checked
def fetch_feed(
    feed: str,
    out: str | Path,
    start: Day,
    end: Day,
    *,
    version: int | None = None,
    stream: str | None = None,
    doi: str | None = None,
    edition: str | None = None,
    server: str | None = None,
    lists: bool = True,
    dry_run: bool = False,
    settings: FetchSettings | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Fetch the files of a feed from one day to another into a folder.

    Which files there should be is computed. One that the source's list does not name, or that is
    not there, is absent and a gap of the source, not a day without events; one that is named and
    does not come has failed. What came is compared with size and checksum where the source states
    them, and every archive is looked through, before it counts as received. All of it is in the
    manifest, ``fetch.json``. The same call again fetches what is missing.

    Parameters
    ----------
    feed : {"gdelt", "icews", "polecat"}
    out : str or pathlib.Path
        The folder, made if need be.
    start, end : str or datetime.date
        First and last day, such as ``"2018-06-01"``; of a month its first and last.
    version : {1, 2}, optional
        Of GDELT: 1 has a file per day (month to March 2013, year to 2005), 2 one per quarter of an
        hour; default 1.
    stream : {"english", "translation", "both"}, optional
        Of GDELT 2: news in English, which is the default, in other languages, or both.
    doi : str, optional
        Of the dataset at Dataverse; that of ICEWS or POLECAT by default.
    edition : str, optional
        Version of the dataset, such as ``"36.0"``, or a day: the version of that day; the newest by
        default.
    server : str, optional
        Another address of the same files, such as a mirror; http or https.
    lists : bool
        Whether the lists of GDELT are read. Without them the server is asked for each file, and
        nothing is compared.
    dry_run : bool
        Whether to find out only what would be fetched; nothing is written.
    settings : FetchSettings, optional
        How.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Manifest
        Every expected file with its state; `complete` is True if none failed or waits.

    Raises
    ------
    SpecError
        If there is no such feed, version or edition, or a day or address makes no sense.
    FetchError
        If the source cannot be asked what there is.
    DataError
        If the manifest in the folder cannot be read.
    OutputError
        If the folder cannot be written, or the disk is full.
    ForecastError
        If the packages for it are not installed.

    Examples
    --------
    >>> from forecast import fetch_feed
    >>> fetch_feed("gdelt", "gdelt", "2018-06-01", "2018-06-30")  # doctest: +SKIP
    Fetch of gdelt, 2018-06-01 to 2018-06-30
      files   30 files expected: 30 received; 190.3 MB.
      folder  gdelt
    """
    settings = settings or FetchSettings()
    tell = progress or silent
    first = read_day(start, "start", first=True)
    last = read_day(end, "end")
    if first > last:
        raise SpecError(f"start: {first} comes after the end, {last}; choose an earlier day")
    options = {"version": version, "stream": stream, "doi": doi, "edition": edition}
    origin = _origin(feed, server, settings, options, lists=lists)
    folder = Path(out)
    from forecast.data.fetch.client import Client

    with Client(settings) as client, _prepared(folder, dry_run=dry_run) as scratch:
        tell("listing remote files", 0, 0)
        files = origin.expect(client, first, last)
        manifest = _manifest(folder, feed, origin, {"from": f"{first}", "to": f"{last}"})
        manifest.asked = [file.slot for file in files]
        many = len(manifest.entries.keys() | set(manifest.asked))
        if many > MAX_FETCHED_FILES:
            raise SpecError(
                f"start: {folder} would have {many:,} files, more than {MAX_FETCHED_FILES:,}. "
                "Fetch fewer days into it, and others into another folder."
            )
        run = _FetchRun(client, origin, manifest, tell)
        run.sort(files, scratch)
        if not dry_run:
            run.fetch()
            manifest.write()
    return manifest


@checked
def list_editions(
    feed: str,
    *,
    doi: str | None = None,
    server: str | None = None,
    settings: FetchSettings | None = None,
) -> list[DatasetVersion]:
    """Return the published versions of the dataset of a feed at Dataverse, the newest first."""
    settings = settings or FetchSettings()
    origin = _origin(feed, server, settings, {"doi": doi}, lists=True)
    if not isinstance(origin, Dataverse):
        raise SpecError(f"feed: {feed} has no editions; icews and polecat have")
    from forecast.data.fetch.client import Client

    with Client(settings) as client:
        return origin.editions(client)


@dataclass
class _FetchRun:
    """A fetch going on."""

    client: "Client"
    origin: Origin
    manifest: Manifest
    tell: Progress
    saved: float = 0.0
    wanted: list[ExpectedFile] = field(default_factory=list)  # To be fetched
    files: list[ExpectedFile] = field(default_factory=list)

    def sort(self, files: list[ExpectedFile], scratch: Path) -> None:
        """Put every file into its state before anything is fetched; note those to be `wanted`."""
        now = datetime.now(UTC)
        missing = []
        for file in files:
            if self._is_there(file):
                continue
            if file.due is not None and file.due > now:
                self._record(
                    file, "waiting", f"not to be expected before {file.due:%Y-%m-%d %H:%M} UTC"
                )
            else:
                missing.append(file)
        for file in self.origin.look_up(self.client, missing, scratch, self.manifest):
            if file.listed is False:
                self._record(file, "absent", "the list does not name it")
            elif file.closed:
                self._record(file, "failed", file.closed)
            else:
                self._record(file, "waiting", LEFT)
                self.wanted.append(file)
        self.files = files
        self.manifest.gaps = self.origin.gaps(self.manifest, files)
        self._note_stale([file for file in files if file.due is None or file.due <= now])

    def fetch(self) -> None:
        """Fetch what is wanted, and keep the manifest up to date."""
        self._require_room()
        failed_in_a_row = 0
        try:
            with closing(self._outcomes()) as outcomes:
                for done, (file, outcome) in enumerate(outcomes, 1):
                    self._note(file, outcome)
                    self.tell("fetching files", done, len(self.wanted))
                    failed = isinstance(outcome, FetchError) and not isinstance(
                        outcome, AbsentError
                    )
                    failed_in_a_row = failed_in_a_row + 1 if failed else 0
                    if failed_in_a_row >= self.client.settings.give_up_after:
                        self.manifest.notes.append(
                            f"stopped after {failed_in_a_row} files in a row that failed, the last "
                            f"because: {outcome}. The same command continues."
                        )
                        return
        finally:
            self.manifest.gaps = self.origin.gaps(self.manifest, self.files)
            self.manifest.write()
        absent = [
            file for file in self.wanted if self.manifest.entries[file.slot].state == "absent"
        ]
        if absent and len(absent) == len(self.wanted) and not self.manifest.counts["received"]:
            for file in absent:
                self._record(
                    file,
                    "failed",
                    "not there, and neither is any other file: check the address of the server",
                )

    def _outcomes(self) -> Generator[tuple[ExpectedFile, ExpectedFile | FetchError]]:
        """Fetch the files that are wanted, and yield each as it is done; closed, it stops all."""
        for some in batched(self.wanted, AT_A_TIME, strict=False):
            working = side_by_side(
                self._fetch_file, some, self.client.settings.parallel, self.client.abort
            )
            with closing(working) as outcomes:
                yield from outcomes

    def _fetch_file(
        self, file: ExpectedFile, stop: Event
    ) -> tuple[ExpectedFile, ExpectedFile | FetchError]:
        """Fetch a file; what went wrong with it is returned."""
        from forecast.data.fetch.download import fetch_file

        try:
            return file, fetch_file(self.client, file, self.manifest.folder)
        except FetchError as error:
            return file, error

    def _note(self, file: ExpectedFile, outcome: ExpectedFile | FetchError) -> None:
        if isinstance(outcome, AbsentError):
            self._record(
                file, "absent", f"{'named by the list, yet ' if file.listed else ''}{outcome}"
            )
        elif isinstance(outcome, StoppedError):
            pass  # as if it had not been tried
        elif isinstance(outcome, FetchError):
            self._record(file, "failed", str(outcome))
        else:
            self.manifest.record(outcome)
        if time.monotonic() - self.saved > SAVED_EVERY:
            before = time.monotonic()
            self.manifest.write()
            # A long manifest takes its time: not more than a tenth of that of the fetch.
            self.saved = time.monotonic() + 9 * (time.monotonic() - before)

    def _note_stale(self, due: list[ExpectedFile]) -> None:
        """Note that the lists name none of the newest files: they may have ended, not the feed."""
        named = (self.manifest.entries[file.slot].listed is not False for file in reversed(due))
        unlisted = next((position for position, is_named in enumerate(named) if is_named), len(due))
        if unlisted > 1:
            self.manifest.notes.append(
                f"the lists name none of the last {unlisted:,} files: if you think that they are "
                "there, try --no-list"
            )

    def _is_there(self, file: ExpectedFile) -> bool:
        """Return whether a file was received and still exists."""
        entry = self.manifest.entries.get(file.slot)
        if entry is None or entry.state != "received":
            return False
        try:
            return (self.manifest.folder / entry.file).stat().st_size == entry.size
        except OSError:
            return False

    def _record(self, file: ExpectedFile, state: State, reason: str) -> None:
        self.manifest.record(file.but(state=state, reason=reason))

    def _require_room(self) -> None:
        """Raise OutputError if the disk has too little room for the files whose size is known."""
        size = sum(file.size or 0 for file in self.wanted)
        free = shutil.disk_usage(self.manifest.folder).free
        if size > free:
            raise OutputError(
                f"{self.manifest.folder}: {decimal(size)} are to be fetched, and the disk has "
                f"{decimal(free)} free. "
                "Choose another folder or fewer days."
            )


def _origin(
    feed: str, server: str | None, settings: FetchSettings, options: dict[str, Any], *, lists: bool
) -> Origin:
    """Return where the files come from; options of another feed are rejected."""
    name = feed.strip().lower()
    if name not in FEEDS:
        where = (
            " Files of Phoenix are got by hand (`forecast help phoenix`)."
            if name == "phoenix"
            else ""
        )
        raise SpecError(f"feed: got {feed!r:.60}; expected {join(FEEDS, 'or')}.{where}")
    for option, value in options.items():
        if value is not None and option not in (
            ("version", "stream") if name == "gdelt" else ("doi", "edition")
        ):
            raise SpecError(f"{option}: {name} has none; leave it out")
    require("httpx", "fetch")
    require("tenacity", "fetch")
    from forecast.data.fetch.addresses import require_server

    if name != "gdelt":
        doi = require_doi(options["doi"]) if options["doi"] else DOIS[name]
        return Dataverse(
            require_server(server or dataverse.SERVER),
            doi,
            options.get("edition"),
            settings.originals,
        )
    version = options.get("version")
    stream = options.get("stream")
    if version not in (None, 1, 2):
        raise SpecError(f"version: got {version}; expected 1 or 2")
    if stream not in (None, *STREAMS) or (stream and version != 2):
        raise SpecError(f"stream: got {stream!r:.40}; expected {join(STREAMS, 'or')}, of version 2")
    return Gdelt(require_server(server or gdelt.SERVER), version or 1, stream or "english", lists)


def _manifest(folder: Path, feed: str, origin: Origin, request: dict[str, object]) -> Manifest:
    """Return the manifest of a request, with what is known of earlier ones."""
    name = feed.strip().lower()
    request = {**request, "server": origin.server, **origin.request}
    manifest = Manifest(folder, name, origin.of, request)
    if origin.server.startswith("http:") and urlsplit(origin.server).hostname not in OWN_MACHINE:
        manifest.notes.append(
            f"{origin.server} is not encrypted: who sits in between can change files and checksums"
        )
    earlier = read_manifest(folder)
    if earlier is None:
        return manifest
    if earlier[:2] != (name, origin.of):
        earlier_fetch = " ".join([earlier[0], *earlier[1].values()])
        raise SpecError(
            f"out: {folder} has files of {earlier_fetch}, as its {MANIFEST} says. Choose another "
            "folder."
        )
    manifest.entries = earlier[2]
    return manifest


@contextmanager
def _prepared(folder: Path, *, dry_run: bool) -> Iterator[Path]:
    """Make the folder, keep other fetches out of it, and yield a temporary folder for lists."""
    if dry_run:
        with partial_folder(Path(tempfile.gettempdir()) / "fetch") as scratch:
            yield scratch
        return
    check_writable(folder)
    is_new = not folder.exists()
    with writing(folder):
        make_folders(folder)
        release = lock_folder(folder)
        if release is None:
            raise OutputError(
                f"{folder}: another fetch is at work in it, or its disk has no locks. Wait for it, "
                "or choose another folder, on another disk."
            )
        try:
            with partial_folder(folder / "lists") as scratch:
                yield scratch
        finally:
            release()
            if is_new:
                with suppress(OSError):  # what is in it stays
                    folder.rmdir()
