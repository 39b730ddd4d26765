"""Resumable, verified download of one file, which is moved into place when complete."""

import errno
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError
from forecast.feeds.lines import find_files, read_chunks
from forecast.fetch.manifest import ExpectedFile, FetchError, PassingError
from forecast.files import NO_LINK, OPENING, file_digest, require_ordinary, write_text

if TYPE_CHECKING:
    import httpx

    from forecast.fetch.client import Client

ENDING = ".unfinished"
TAG = ".mark"
LONGEST_TAG = 1_000


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
            return self._tag.read_text("utf-8")[:LONGEST_TAG]
        except (OSError, ValueError):
            return ""

    def start(self, tag: str = "") -> None:
        """Start at the first byte, with the ETag of what it is taken from."""
        self.discard()
        if tag:
            write_text(self._tag, tag[:LONGEST_TAG])

    def finish(self) -> None:
        """Put it in its place: from now on it is whole."""
        if os.path.lexists(self.target):
            raise FileExistsError(errno.EEXIST, "a file of this name is there already", str(self.target))
        self.path.rename(self.target)
        self.discard()

    def discard(self) -> None:
        """Remove it."""
        for path in (self.path, self._tag):
            path.unlink(missing_ok=True)


PAGE = (b"<!doctype html", b"<html", b"<?xml", b"<head")
ZIP = b"PK"


def _checked(path: Path, file: ExpectedFile, when: datetime, **origin: str) -> ExpectedFile:
    """Return a file as received, with its digests and what of it was compared with what the source says.

    An archive is looked through as it will be before it is read, and without a checksum that agrees, to its end.
    """
    size, sha256 = path.stat().st_size, file_digest(path)
    # Checksums of publishers are compared, nothing rests on them being hard to forge.
    md5 = file_digest(path, "md5")
    compared = [name for name, fine in (("size", file.size == size), ("md5", file.md5 == md5)) if fine]
    if _is_page(path):
        raise FetchError("a page for browsers came instead of the file")
    if file.sure and file.size is not None and file.size != size:
        raise FetchError(f"it has {size:,} bytes, and the list says {file.size:,}")
    if file.sure and file.md5 and file.md5 != md5:
        raise FetchError(f"its md5 is {md5}, and the list says {file.md5}")
    _require_archive(path, file.file, whole="md5" not in compared)
    return file.but(
        state="received", reason="", size=size, md5=md5, sha256=sha256, compared=tuple(compared),
        at=when.isoformat(timespec="seconds"), **origin,
    )  # fmt: skip


def _is_page(path: Path) -> bool:
    """Return whether a server sent a page in place of a file."""
    with path.open("rb") as stream:
        return stream.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGE)


def _require_archive(path: Path, name: str, *, whole: bool) -> None:
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
        for member in members if whole else []:
            for _ in read_chunks(member):  # to its end, where its checksum stands
                pass
    except DataError as error:
        raise FetchError(str(error).replace(str(path), name).replace(path.name, name)) from error


PAGES = ("text/html", "application/xhtml+xml")


def fetch_file(client: "Client", file: ExpectedFile, folder: Path) -> ExpectedFile:
    """Fetch a file into a folder, or take the one that is there.

    A beginning that an earlier attempt or run has left is gone on with, if the server still has the same file.
    """
    target = folder / file.file
    if target.exists():
        return _taken(target, file)
    part = Unfinished(target)
    return client.with_retries(lambda: _attempt(client, file, part))


def fetch_list(client: "Client", address: str, target: Path) -> str:
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


def _taken(target: Path, file: ExpectedFile) -> ExpectedFile:
    """Take a file that is there already, which no manifest knows."""
    try:
        return _checked(target, file, datetime.fromtimestamp(target.stat().st_mtime, UTC))
    except FetchError as error:
        raise FetchError(f"a file of this name is there already, and {error}. Move it away.") from error


def _attempt(client: "Client", file: ExpectedFile, part: Unfinished) -> ExpectedFile:
    most = client.settings.largest_file
    size = file.size if file.sure else None
    if (size or 0) > most:
        raise FetchError(f"the list says that it has {size:,} bytes, more than the {most:,} that are fetched")
    resumed, came_from, modified = _receive(client, file.url, part, size, most, trusted=bool(file.md5 and file.sure))
    try:
        received = _checked(part.path, file, datetime.now(UTC), came_from=came_from, modified=modified)
    except FetchError as error:
        part.discard()
        if resumed:  # perhaps of two files, the old one and a new one
            raise PassingError(str(error), 0.0) from error
        raise
    part.finish()
    return received


def _receive(
    client: "Client", address: str, part: Unfinished, size: int | None, most: int, *, trusted: bool
) -> tuple[bool, str, str]:
    """Receive the missing part of a file; return whether it was resumed, the server and the time of modification."""
    if part.size and (size is None or part.size < size) and (part.tag or trusted):
        headers = {"Range": f"bytes={part.size}-"} | ({"If-Range": part.tag} if part.tag else {})
    else:
        part.discard()
        headers = {}
    with client.asked(address, headers) as response:
        try:
            goes_on = response.status_code == 206 and _continues(response, part)
        except FetchError:
            part.discard()
            raise
        if not goes_on:
            part.start(_tag(response))
        _require_reasonable(response, part.size, size, most)
        _append(client, response, part, most)
        if size is not None and part.size < size:
            raise PassingError(f"{part.size:,} bytes came of {size:,}")
        came_from = f"{response.url.scheme}://{response.url.netloc.decode('ascii', 'replace')}"
        return goes_on, came_from, response.headers.get("Last-Modified", "")[:100]


def _append(client: "Client", response: "httpx.Response", part: Unfinished, most: int) -> None:
    there, flags = part.size, os.O_WRONLY | os.O_CREAT | os.O_APPEND | OPENING | NO_LINK
    with os.fdopen(os.open(part.path, flags, 0o666), "ab") as stream:
        require_ordinary(stream.fileno())
        for piece in client.pieces(response):
            there += len(piece)
            if there > most:
                stream.close()
                part.discard()
                raise FetchError(f"it has more than the {most:,} bytes that are fetched")
            stream.write(piece)


def _continues(response: "httpx.Response", part: Unfinished) -> bool:
    """Return whether a part is the requested one, of the same version of the file."""
    stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    changed = part.tag and _tag(response) not in (part.tag, "")
    if stated is None or int(stated[1]) != part.size or changed:
        raise PassingError("the server sent another part than it was asked for", 0.0)
    return True


def _tag(response: "httpx.Response") -> str:
    """Return by what a file is known to be the same: its strong tag, or when it was modified."""
    tag: str = response.headers.get("ETag", "")
    modified: str = response.headers.get("Last-Modified", "")
    return tag if tag and not tag.startswith("W/") else modified


def _require_reasonable(response: "httpx.Response", there: int, size: int | None, most: int) -> None:
    """Raise FetchError if the headers say already that this is not the file."""
    if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in PAGES:
        raise FetchError("a page for browsers came instead of the file")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchError("it came in another encoding than it was asked for in")
    with suppress(ValueError):
        stated = int(response.headers.get("Content-Length", "")) + there
        if stated > most:
            raise FetchError(f"it has {stated:,} bytes, more than the {most:,} that are fetched")
        if size is not None and stated != size:
            raise FetchError(f"the server sends {stated:,} bytes, and the list says {size:,}")
