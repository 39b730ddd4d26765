"""Rate-limited HTTP client with retries and restricted redirects.

Also resumable, verified downloads.

Certificates are always verified. Only http and https are allowed, and redirects never lead from
https to http. Redirects to another host require https, because Dataverse stores its files on other
servers. A downloaded file is moved into place when it is complete.
"""

import errno
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from threading import Event, Lock
from typing import Self
from urllib.parse import urlsplit

import httpx
import tenacity

from forecast.base.digests import file_digest
from forecast.base.durable import sync_file, sync_folder
from forecast.base.errors import (
    AbsentError,
    DataError,
    FetchError,
    PassingError,
    StoppedError,
)
from forecast.base.escaping import printable
from forecast.base.files import write_text
from forecast.base.reading import NO_LINK, OPENING, require_ordinary
from forecast.data.feeds.lines import find_files, read_chunks
from forecast.data.fetch.addresses import _next, _where
from forecast.data.fetch.manifest import ExpectedFile, FetchSettings

# Bytes of an answer that is held in memory
MAX_ANSWER = 100_000_000
CONNECTING = 15.0
"""Seconds to reach a server."""
ABSENT = (404, 410)
"""Answers of HTTP: there is no such file."""
BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Answers of HTTP after which a later attempt may succeed."""
CERTIFICATE = (
    "its certificate is not valid for it. Nothing is fetched from a server that cannot prove who "
    "it is. Give another "
    "address of the same files with --server (`forecast help fetching`)"
)
ENDING = ".unfinished"
"""Of the name of a file that has not come whole."""
TAG = ".mark"
"""Of the name of the file that has the ETag of an unfinished one."""
# Characters of an ETag; servers give some forty
MAX_TAG = 1_000
PAGE = (b"<!doctype html", b"<html", b"<?xml", b"<head")
"""How a page begins, which a server may send in place of a file."""
ZIP = b"PK"
"""How an archive begins."""
PAGES = ("text/html", "application/xhtml+xml")
"""Types of content that are pages."""


class Client:
    """One way to all servers of a fetch, for all of its threads."""

    def __init__(self, settings: FetchSettings) -> None:
        self.settings = settings
        self._stop = Event()
        self._pace = _Pace(settings, self._stop)
        self._open: set[httpx.Response] = set()
        limits = httpx.Limits(max_connections=settings.parallel + 1)
        timeout = httpx.Timeout(settings.stall, connect=min(CONNECTING, settings.stall))
        headers = {
            "User-Agent": f"pendulum-forecast/{version('pendulum-forecast')}",
            # sizes and checksums are those of the bytes as they are sent
            "Accept-Encoding": "identity",
        }
        self._http = httpx.Client(
            headers=headers, timeout=timeout, limits=limits, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def abort(self) -> None:
        """End everything that is under way, in whatever thread, and let nothing begin."""
        self._stop.set()
        for response in tuple(self._open):
            with suppress(OSError, KeyError, AttributeError):
                response.extensions["network_stream"].get_extra_info("socket").shutdown(
                    socket.SHUT_RDWR
                )

    def with_retries[Result](self, work: Callable[[], Result]) -> Result:
        """Do something, and retry if the error may be over after a while."""
        settings = self.settings
        growing = tenacity.wait_exponential_jitter(
            multiplier=settings.first_wait, jitter=settings.first_wait, max=settings.longest_wait
        )

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            stated_wait = error.wait if isinstance(error, PassingError) else None
            return growing(state) if stated_wait is None else stated_wait

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(settings.attempts),
            wait=wait,
            retry=tenacity.retry_if_exception_type(PassingError),
            sleep=tenacity.sleep_using_event(self._stop),
            reraise=True,
        )
        return retrying(work)

    def answer(self, address: str) -> bytes:
        """Return a whole answer, trying again if need be."""

        def once() -> bytes:
            with self.asked(address) as response:
                content = bytearray()
                for piece in self.pieces(response):
                    content += piece
                    if len(content) > MAX_ANSWER:
                        raise FetchError(
                            f"{_where(address)} answers with more than {MAX_ANSWER:,} bytes"
                        )
                return bytes(content)

        return self.with_retries(once)

    @contextmanager
    def asked(
        self, address: str, headers: dict[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """Ask once, and follow redirects.

        What is yielded has an answer of 200 or 206, and is to be read.
        """
        with self._understood(address):
            for _ in range(self.settings.redirects + 1):
                self._pace.keep(urlsplit(address).netloc)
                with self._http.stream("GET", address, headers=headers) as response:
                    if response.is_redirect:
                        address = _next(address, response.headers.get("Location", ""))
                        continue
                    self._require_good(response)
                    self._open.add(response)
                    try:
                        yield response
                    finally:
                        self._open.discard(response)
                    return
            raise FetchError(f"{_where(address)}: more than {self.settings.redirects} redirects")

    def pieces(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield what a server sends, as long as it sends fast enough."""
        since = time.monotonic()
        came = 0
        for piece in response.iter_raw():
            if self._stop.is_set():
                raise StoppedError("stopped")
            yield piece
            came += len(piece)
            if (gone := time.monotonic() - since) > self.settings.stall:
                if came < gone * self.settings.slowest:
                    raise PassingError(f"stalled: {came:,} bytes in {gone:.0f} s")
                since = time.monotonic()
                came = 0

    def _require_good(self, response: httpx.Response) -> None:
        status = response.status_code
        url = response.url
        where = _where(str(url))
        if status in ABSENT:
            raise AbsentError(f"HTTP {status}: not there")
        if status in BUSY:
            wait = _asked_to_wait(response.headers.get("Retry-After", ""))
            if wait is not None and wait > self.settings.longest_wait:
                raise FetchError(
                    f"HTTP {status}: {where} asks to come back in {wait:,.0f} s; do so"
                )
            if wait is not None:
                self._pace.hold(url.netloc.decode("ascii", "replace"), wait)
            raise PassingError(f"HTTP {status} from {where}", wait)
        if status == 416:  # the part that was asked for does not exist: it has changed
            raise PassingError("HTTP 416: the file has changed", 0.0)
        if status in (401, 403):
            raise FetchError(
                f"HTTP {status}: {where} does not give it to everybody; look at its terms in a "
                "browser"
            )
        if status not in (200, 206):
            raise FetchError(f"HTTP {status} from {where}")

    @contextmanager
    def _understood(self, address: str) -> Iterator[None]:
        """Turn the errors of the library into ours."""
        try:
            yield
        except httpx.TimeoutException as error:
            raise PassingError(
                f"{_where(address)}: nothing came for {self.settings.stall:g} s"
            ) from error
        except httpx.TransportError as error:
            if self._stop.is_set():
                raise StoppedError("stopped") from error
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise FetchError(f"{_where(address)}: {CERTIFICATE}") from error
            reason = printable(str(error))[:200] or type(error).__name__
            raise PassingError(f"{_where(address)}: the connection broke ({reason})") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            raise FetchError(f"{_where(address)}: {printable(str(error))[:200]}") from error


class _Pace:
    """Rate limit of requests to a host, over all threads."""

    def __init__(self, settings: FetchSettings, stop: Event) -> None:
        self._gap = 1 / settings.per_second
        self._stop = stop
        self._next: dict[str, float] = {}
        self._lock = Lock()

    def keep(self, host: str) -> None:
        """Wait for the turn of a request."""
        with self._lock:
            turn = max(time.monotonic(), self._next.get(host, 0.0))
            self._next[host] = turn + self._gap
        if self._stop.wait(max(turn - time.monotonic(), 0.0)) or self._stop.is_set():
            raise StoppedError("stopped")

    def hold(self, host: str, seconds: float) -> None:
        """Suspend requests to a host for a while."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + seconds)


def _asked_to_wait(text: str) -> float | None:
    """Return the seconds of a Retry-After, which is a number or a date."""
    if text.strip().isdecimal():
        return float(text.strip()[:10])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


class Unfinished:
    """A file that is not whole yet."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}{ENDING}")
        self._tag = self.path.with_name(self.path.name + TAG)

    @property
    def size(self) -> int:
        """Bytes that are there; 0 if it has not been started."""
        try:
            return self.path.lstat().st_size
        except FileNotFoundError:
            return 0

    @property
    def tag(self) -> str:
        """ETag of the partial file, as given to `start`; '' if unknown."""
        try:
            return self._tag.read_text("utf-8")[:MAX_TAG]
        except (OSError, ValueError):
            return ""

    def start(self, tag: str = "") -> None:
        """Start at the first byte, with the ETag of what it is taken from."""
        self.discard()
        if tag:
            write_text(self._tag, tag[:MAX_TAG])

    def finish(self) -> None:
        """Put it in its place: from now on it is whole."""
        if os.path.lexists(self.target):
            raise FileExistsError(
                errno.EEXIST, "a file of this name is there already", str(self.target)
            )
        sync_file(self.path)  # what the manifest calls received is on the disk
        self.path.rename(self.target)
        sync_folder(self.target.parent)
        self.discard()

    def discard(self) -> None:
        """Remove it."""
        for path in (self.path, self._tag):
            path.unlink(missing_ok=True)


def _checked(path: Path, file: ExpectedFile, when: datetime, **origin: str) -> ExpectedFile:
    """Return a received file with its digests, and which of them the source states too."""
    # An archive is looked through as before it is read and, without a checksum that agrees, to its
    # end.
    size = path.stat().st_size
    sha256 = file_digest(path)
    # Checksums of publishers are compared, nothing rests on them being hard to forge.
    md5 = file_digest(path, "md5")
    compared = [
        name for name, fine in (("size", file.size == size), ("md5", file.md5 == md5)) if fine
    ]
    if _is_page(path):
        raise FetchError("a page for browsers came instead of the file")
    if file.sure and file.size is not None and file.size != size:
        raise FetchError(f"it has {size:,} bytes, and the list says {file.size:,}")
    if file.sure and file.md5 and file.md5 != md5:
        raise FetchError(f"its md5 is {md5}, and the list says {file.md5}")
    _require_archive(path, file, whole="md5" not in compared)
    return file.but(
        state="received",
        reason="",
        size=size,
        md5=md5,
        sha256=sha256,
        compared=tuple(compared),
        at=when.isoformat(timespec="seconds"),
        **origin,
    )


def _is_page(path: Path) -> bool:
    """Return whether a server sent a page in place of a file."""
    with path.open("rb") as stream:
        return stream.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGE)


def _require_archive(path: Path, file: ExpectedFile, *, whole: bool) -> None:
    name = file.file
    with path.open("rb") as stream:
        zipped = stream.read(2) == ZIP
    if name.lower().endswith(".zip") and not zipped:
        raise FetchError("it is no zip archive")
    if not zipped:
        return
    try:
        members = find_files([path])
        if [member.member for member in members] == [None]:
            raise FetchError("it is no whole zip archive")
        for member in members:
            if not re.match(rf"{re.escape(file.member)}(?!\d)", member.own_name, re.IGNORECASE):
                raise FetchError(
                    f"it holds {member.own_name!r:.100}, which is another file than {file.member}"
                )
        for member in members if whole else []:
            for _ in read_chunks(member):  # to its end, where its checksum stands
                pass
    except DataError as error:
        raise FetchError(str(error).replace(str(path), name).replace(path.name, name)) from error


def fetch_file(client: Client, file: ExpectedFile, folder: Path) -> ExpectedFile:
    """Fetch a file into a folder, or take the one that is there.

    A beginning of the same file, if there is one, is continued.
    """
    target = folder / file.file
    part = Unfinished(target)
    if target.exists():
        part.discard()
        try:  # to take what no manifest knows
            return _checked(target, file, datetime.fromtimestamp(target.stat().st_mtime, UTC))
        except FetchError as error:
            raise FetchError(
                f"a file of this name is there already, and {error}. Move it away."
            ) from error
    return client.with_retries(lambda: _attempt(client, file, part))


def fetch_list(client: Client, address: str, target: Path) -> str:
    """Fetch a list, which is not checked, into a file; return its SHA-256."""
    part = Unfinished(target)
    most = client.settings.largest_list

    def once() -> str:
        _receive(client, address, part, None, most, trusted=False)
        if _is_page(part.path):
            part.discard()
            raise FetchError(f"{address}: a page for browsers came instead of the list")
        return file_digest(part.path)

    sha256 = client.with_retries(once)
    part.finish()
    return sha256


def _attempt(client: Client, file: ExpectedFile, part: Unfinished) -> ExpectedFile:
    most = client.settings.largest_file
    size = file.size if file.sure else None
    if (size or 0) > most:
        raise FetchError(
            f"the list says that it has {size:,} bytes, more than the {most:,} that are fetched"
        )
    resumed, came_from, modified = _receive(
        client, file.url, part, size, most, trusted=bool(file.md5 and file.sure)
    )
    try:
        received = _checked(
            part.path, file, datetime.now(UTC), came_from=came_from, modified=modified
        )
    except FetchError as error:
        part.discard()
        if resumed:  # perhaps of two files, the old one and a new one
            raise PassingError(str(error), 0.0) from error
        raise
    part.finish()
    return received


def _receive(
    client: Client, address: str, part: Unfinished, size: int | None, most: int, *, trusted: bool
) -> tuple[bool, str, str]:
    """Receive the missing part of a file.

    Return whether it was resumed, the server and the time of modification.
    """
    headers: dict[str, str] = {}
    if part.size and (size is None or part.size < size) and (part.tag or trusted):
        headers = {"Range": f"bytes={part.size}-"} | ({"If-Range": part.tag} if part.tag else {})
    else:
        part.discard()
    with client.asked(address, headers) as response:
        resumed = response.status_code == 206
        stated = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip()
        )
        changed = part.tag and _tag(response) not in (part.tag, "")
        if resumed and (stated is None or int(stated[1]) != part.size or changed):
            part.discard()
            raise PassingError("the server sent another part than it was asked for", 0.0)
        if not resumed:
            part.start(_tag(response))
        _require_reasonable(response, part.size, size, most)
        _append(client, response, part, most)
        if size is not None and part.size < size:
            raise PassingError(f"{part.size:,} bytes came of {size:,}")
        came_from = f"{response.url.scheme}://{response.url.netloc.decode('ascii', 'replace')}"
        return resumed, came_from, response.headers.get("Last-Modified", "")[:100]


def _append(client: Client, response: httpx.Response, part: Unfinished, most: int) -> None:
    size = part.size
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | OPENING | NO_LINK
    with os.fdopen(os.open(part.path, flags, 0o666), "ab") as stream:
        require_ordinary(stream.fileno())
        for piece in client.pieces(response):
            size += len(piece)
            if size > most:
                stream.close()
                part.discard()
                raise FetchError(f"it has more than the {most:,} bytes that are fetched")
            stream.write(piece)


def _tag(response: httpx.Response) -> str:
    """Return by what a file is known to be the same: its strong tag, or when it was modified."""
    tag: str = response.headers.get("ETag", "")
    modified: str = response.headers.get("Last-Modified", "")
    return tag if tag and not tag.startswith("W/") else modified


def _require_reasonable(
    response: httpx.Response, received: int, size: int | None, most: int
) -> None:
    """Raise FetchError if the headers say already that this is not the file."""
    if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in PAGES:
        raise FetchError("a page for browsers came instead of the file")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchError("it came in another encoding than it was asked for in")
    with suppress(ValueError):
        stated = int(response.headers.get("Content-Length", "")) + received
        if stated > most:
            raise FetchError(f"it has {stated:,} bytes, more than the {most:,} that are fetched")
        if size is not None and stated != size:
            raise FetchError(f"the server sends {stated:,} bytes, and the list says {size:,}")
