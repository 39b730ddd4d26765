"""Resumable, verified downloads: a file is moved into place when it is complete."""

import errno
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx

from forecast.base.digests import file_digest
from forecast.base.durable import sync_file, sync_folder
from forecast.base.errors import FetchError, PassingError
from forecast.base.files import write_text
from forecast.base.reading import NO_LINK, OPENING, require_ordinary
from forecast.data.fetch.client import Client
from forecast.data.fetch.manifest import ExpectedFile
from forecast.data.fetch.received import is_page, received_file

ENDING = ".unfinished"
"""Of the name of a file that has not come whole."""
TAG = ".mark"
"""Of the name of the file that has the ETag of an unfinished one."""
# Characters of an ETag; servers give some forty
MAX_TAG = 1_000
PAGES = ("text/html", "application/xhtml+xml")
"""Types of content that are pages."""


def fetch_file(client: Client, file: ExpectedFile, folder: Path) -> ExpectedFile:
    """Fetch a file into a folder, continuing an unfinished one; or take the one that is there."""
    target = folder / file.file
    part = Unfinished(target)
    if target.exists():
        part.discard()
        try:  # to take what no manifest knows
            return received_file(target, file, datetime.fromtimestamp(target.stat().st_mtime, UTC))
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
        if is_page(part.path):
            part.discard()
            raise FetchError(f"{address}: a page for browsers came instead of the list")
        return file_digest(part.path)

    sha256 = client.with_retries(once)
    part.finish()
    return sha256


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


def _attempt(client: Client, file: ExpectedFile, part: Unfinished) -> ExpectedFile:
    """Try once to receive a file, check it and put it in its place."""
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
        received = received_file(
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
    """Receive the missing part of a file, of at most `most` bytes.

    Return whether it was resumed, the server and the time of modification. A file without an ETag
    is resumed only if it is `trusted`: a checksum will show whether both parts are of one file.
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
    """Append what a server sends to an unfinished file, `most` bytes in all."""
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
