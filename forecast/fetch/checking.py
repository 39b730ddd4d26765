"""Whether what came is what was asked for: size, checksum, no page of a browser, an archive that is whole and safe."""

from pathlib import Path

from forecast.errors import DataError
from forecast.feeds.lines import FeedFile, find_files, read_chunks
from forecast.fetch.problems import FetchError
from forecast.fetch.slots import Slot
from forecast.unfinished import digests

PAGE = (b"<!doctype html", b"<html", b"<?xml", b"<head")
ZIP = b"PK"


def check_file(path: Path, slot: Slot) -> tuple[str, str, tuple[str, ...]]:
    """Return md5 and SHA-256 of a file, and what of it was compared with what the source says.

    An archive is looked through as it will be before it is read, and without a checksum that agrees, to its end.
    """
    size = path.stat().st_size
    md5, sha256 = digests(path, "md5", "sha256")
    compared = [name for name, fine in (("size", slot.size == size), ("md5", slot.md5 == md5)) if fine]
    require_no_page(path)
    if slot.sure and slot.size is not None and slot.size != size:
        raise FetchError(f"it has {size:,} bytes, and the list says {slot.size:,}")
    if slot.sure and slot.md5 and slot.md5 != md5:
        raise FetchError(f"its md5 is {md5}, and the list says {slot.md5}")
    _require_archive(path, slot, whole="md5" not in compared)
    return md5, sha256, tuple(compared)


def require_no_page(path: Path) -> None:
    """Raise FetchError for a page that a server sent in place of a file."""
    with path.open("rb") as stream:
        start = stream.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(PAGE):
        raise FetchError("a page for browsers came instead of the file")


def _require_archive(path: Path, slot: Slot, *, whole: bool) -> None:
    with path.open("rb") as stream:
        zipped = stream.read(2) == ZIP
    if slot.file.lower().endswith(".zip") and not zipped:
        raise FetchError("it is no zip archive")
    if not zipped:
        return
    try:
        members = find_files([path])
        if [member.member for member in members] == [None]:
            raise FetchError("it is no whole zip archive")
        for member in members if whole else []:
            _read_through(member)
    except DataError as error:
        raise FetchError(str(error).replace(str(path), slot.file).replace(path.name, slot.file)) from error


def _read_through(member: FeedFile) -> None:
    """Read a member to its end, where its checksum stands."""
    for _ in read_chunks(member):
        pass
