"""One file on its way: begun, broken off, gone on with, checked, and put in its place only then."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.fetch.checking import PAGE, check_file
from forecast.fetch.problems import FetchError, PassingError
from forecast.fetch.slots import Slot
from forecast.unfinished import Unfinished

if TYPE_CHECKING:
    import httpx

    from forecast.fetch.client import Client

PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class Received:
    """A file that has come, whole and checked."""

    size: int
    md5: str
    sha256: str
    compared: tuple[str, ...]  # What of it agrees with what the source says: "size", "md5"
    came_from: str  # Scheme and host that sent it in the end; '' for a file that was there
    modified: str  # When it was last modified, as the server says
    at: str  # When it had come, UTC


def fetch_file(client: "Client", address: str, slot: Slot, folder: Path) -> Received:
    """Fetch a file into a folder, or take the one that is there.

    A beginning that an earlier attempt or run has left is gone on with, if the server still has the same file.
    """
    target = folder / slot.file
    if target.exists():
        return _taken(target, slot)
    part = Unfinished(target)
    return client.patiently(lambda: _attempt(client, address, slot, part))


def fetch_list(client: "Client", address: str, target: Path) -> str:
    """Fetch a list, which is not checked, into a file; return its SHA-256."""
    part = Unfinished(target)
    most = client.settings.largest_list

    def once() -> str:
        _receive(client, address, part, None, most, trusted=False)
        with part.path.open("rb") as stream:
            if stream.read(200).lstrip().lower().startswith(PAGE):
                part.discard()
                raise FetchError(f"{address}: a page for browsers came instead of the list")
        return part.digests("sha256")[0]

    sha256 = client.patiently(once)
    part.finish()
    return sha256


def _taken(target: Path, slot: Slot) -> Received:
    """Take a file that is there already, which no manifest knows."""
    try:
        md5, sha256, compared = check_file(target, slot)
    except FetchError as error:
        raise FetchError(f"a file of this name is there already, and {error}. Move it away.") from error
    changed = datetime.fromtimestamp(target.stat().st_mtime, UTC)
    return Received(target.stat().st_size, md5, sha256, compared, "", "", _stamp(changed))


def _attempt(client: "Client", address: str, slot: Slot, part: Unfinished) -> Received:
    most = client.settings.largest_file
    size = slot.size if slot.sure else None
    if (size or 0) > most:
        raise FetchError(f"the list says that it has {size:,} bytes, more than the {most:,} that are fetched")
    resumed, came_from, modified = _receive(client, address, part, size, most, trusted=bool(slot.md5 and slot.sure))
    try:
        md5, sha256, compared = check_file(part.path, slot)
    except FetchError as error:
        part.discard()
        if resumed:  # perhaps of two files, the old one and a new one
            raise PassingError(str(error), 0.0) from error
        raise
    whole = part.size
    part.finish()
    return Received(whole, md5, sha256, compared, came_from, modified, _stamp(datetime.now(UTC)))


def _receive(
    client: "Client", address: str, part: Unfinished, size: int | None, most: int, *, trusted: bool
) -> tuple[bool, str, str]:
    """Receive the missing part of a file; return whether it was resumed, the server and the time of modification."""
    if part.size and (size is None or part.size < size) and (part.mark or trusted):
        headers = {"Range": f"bytes={part.size}-"} | ({"If-Range": part.mark} if part.mark else {})
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
            part.start(_mark(response))
        _require_reasonable(response, part.size, size, most)
        _append(client, response, part, most)
        if size is not None and part.size < size:
            raise PassingError(f"{part.size:,} bytes came of {size:,}")
        came_from = f"{response.url.scheme}://{response.url.netloc.decode('ascii', 'replace')}"
        return goes_on, came_from, response.headers.get("Last-Modified", "")[:100]


def _append(client: "Client", response: "httpx.Response", part: Unfinished, most: int) -> None:
    there = part.size
    with part.appending() as stream:
        for piece in client.pieces(response):
            there += len(piece)
            if there > most:
                stream.close()
                part.discard()
                raise FetchError(f"it has more than the {most:,} bytes that are fetched")
            stream.write(piece)


def _continues(response: "httpx.Response", part: Unfinished) -> bool:
    """Whether a part is the one that was asked for, of the file that was begun."""
    stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    changed = part.mark and _mark(response) not in (part.mark, "")
    if stated is None or int(stated[1]) != part.size or changed:
        raise PassingError("the server sent another part than it was asked for", 0.0)
    return True


def _mark(response: "httpx.Response") -> str:
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


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
