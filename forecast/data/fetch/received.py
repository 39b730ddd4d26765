"""Checks of received files: sizes, digests, and whether an archive is whole and the right one."""

import re
from datetime import datetime
from pathlib import Path

from forecast.base.digests import file_digest
from forecast.base.errors import DataError, FetchError
from forecast.data.feeds.lines import find_files, read_chunks
from forecast.data.fetch.manifest import ExpectedFile

PAGE = (b"<!doctype html", b"<html", b"<?xml", b"<head")
"""How a page begins, which a server may send in place of a file."""
ZIP = b"PK"
"""How an archive begins."""


def received_file(path: Path, file: ExpectedFile, when: datetime, **origin: str) -> ExpectedFile:
    """Return a received file with its digests, and which of them the source states too."""
    # An archive is looked through as before it is read and, without a checksum that agrees, to its
    # end.
    size = path.stat().st_size
    sha256 = file_digest(path)
    # Checksums of publishers are compared, nothing rests on them being hard to forge.
    md5 = file_digest(path, "md5")
    agreements = {"size": file.size == size, "md5": file.md5 == md5}
    compared = [name for name, agrees in agreements.items() if agrees]
    if is_page(path):
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


def is_page(path: Path) -> bool:
    """Return whether a server sent a page in place of a file."""
    with path.open("rb") as stream:
        return stream.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGE)


def _require_archive(path: Path, file: ExpectedFile, *, whole: bool) -> None:
    """Reject an archive that is damaged or holds another file; `whole` reads it to its end."""
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
