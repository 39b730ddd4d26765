"""From files, zipped or not, to chunks of lines: in bounded memory, with the number of each line.

Archives are read as streams and never unpacked, so that no name in one can lead anywhere. What could take for ever
is bounded: sizes that an archive states, how much it is said to be compressed, the length of a line.
"""

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

import numpy as np

from forecast.errors import DataError
from forecast.files import open_ordinary
from forecast.typing import Index

CHUNK = 32_000_000
"""Bytes read at a time."""
LONGEST_LINE = 1_000_000
"""Bytes; the longest lines of real feeds have some thousands."""
LARGEST_FILE = 100_000_000_000
"""Bytes of a file, or of all that an archive holds."""
MOST_MEMBERS = 10_000
MOST_COMPRESSED = 200
"""Bytes that a byte of an archive may stand for; feeds have 4 to 10."""
FREELY_COMPRESSED = 10_000_000
"""Bytes below which a member may be compressed as much as it likes."""
SNIFFED = 200_000
MOST_ASCII = 127
MANIFEST = "fetch.json"
"""In a folder of fetched files, what was expected and what came; no file of a feed."""
HEADER = 30
"""Bytes of the fixed part of what stands before a member of a zip archive."""

Encoding = Literal["utf-8", "latin-1"]


@dataclass(frozen=True)
class FeedFile:
    """A file with lines: a path, or a member of a zip archive.

    Attributes
    ----------
    path : pathlib.Path
    member : str or None
        Its name in the archive.
    entry : zipfile.ZipInfo or None
        What the archive's directory says of it. It is read once for all members: there may be thousands.
    """

    path: Path
    member: str | None = None
    entry: zipfile.ZipInfo | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.path.name}/{self.member}" if self.member else self.path.name

    @property
    def own_name(self) -> str:
        """Its own name, which may hold its date."""
        return PurePosixPath(self.member).name if self.member else self.path.name

    @property
    def size(self) -> int:
        """Bytes, as a path or its archive says."""
        return self.path.stat().st_size if self.entry is None else self.entry.file_size

    def head(self) -> list[str]:
        """Return its first lines."""
        with _opened(self) as file:
            start = _read(self, file, SNIFFED)
        lines = [_decode(line, "latin-1")[0] for line in start.split(b"\n")]
        return lines[:-1] if len(start) == SNIFFED and len(lines) > 1 else lines


@dataclass(frozen=True)
class Chunk:
    """Some lines of a file, and what could not be read as lines at all.

    Attributes
    ----------
    text : bytes
        The lines that are not blank, each with a line feed after it and no carriage return before that.
    ends : numpy.ndarray
        Where in the text each of them ends.
    numbers : numpy.ndarray
        Their numbers, from 1.
    too_long : list of int
        Numbers of the lines that are longer than any line may be.
    """

    text: bytes
    ends: Index
    numbers: Index
    too_long: list[int]

    def lines(self, places: Index) -> list[bytes]:
        """Return the lines at some places."""
        starts = np.where(places > 0, self.ends[places - 1] + 1, 0)
        return [self.text[start:end] for start, end in zip(starts, self.ends[places], strict=True)]

    def only(self, places: Index) -> "Chunk":
        """Return the chunk of the lines at some places."""
        return _chunk(b"".join(line + b"\n" for line in self.lines(places)), self.numbers[places], [])

    def without_first(self) -> "Chunk":
        """Return the chunk without its first line."""
        return _chunk(self.text[self.ends[0] + 1 :], self.numbers[1:], self.too_long)

    def as_utf8(self, fallback: Encoding) -> "tuple[Chunk, int]":
        """Return the lines as UTF-8, and how many were not: read as Latin-1, or with marks for what is lost."""
        if _is_utf8(self.text):
            return self, 0
        foreign = np.flatnonzero(np.frombuffer(self.text, np.uint8) > MOST_ASCII)
        places = np.unique(np.searchsorted(self.ends, foreign))
        parts, done, strange = [], 0, 0
        for end, line in zip(self.ends[places], self.lines(places), strict=True):
            text, odd = _decode(line, fallback)
            if odd:
                parts += [self.text[done : end - len(line)], text.encode()]
                done, strange = end, strange + 1
        return _chunk(b"".join([*parts, self.text[done:]]), self.numbers, self.too_long), strange


def _chunk(text: bytes, numbers: Index, too_long: list[int]) -> Chunk:
    return Chunk(text, _ends(text), numbers, too_long)


def _ends(text: bytes) -> Index:
    return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))


def _is_utf8(text: bytes) -> bool:
    """Whether text is UTF-8, without making a text of it."""
    import pyarrow as pa

    buffers = [None, pa.py_buffer(np.array([0, len(text)], dtype=np.int64)), pa.py_buffer(text)]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def find_files(paths: "list[Path]") -> list[FeedFile]:
    """Return the files of paths, in the order of their names: of a folder, all in it; of an archive, its members.

    Raises
    ------
    DataError
        If a path is not there, a folder or archive holds no file, or an archive is not safe to read.
    """
    files: list[FeedFile] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.is_file() and not is_beside(one.name))
            if not inside:
                raise DataError(f"{path} is a folder without files. Name a folder with the files of a feed.")
            files += [file for one in inside for file in _members(one)]
        else:
            files += _members(path)
    return files


def read_chunks(file: FeedFile) -> Iterator[Chunk]:
    """Yield the lines of a file in chunks.

    Raises
    ------
    DataError
        If it cannot be read, or an archive is damaged.
    """
    before, rest, skipping = 0, b"", False
    with _opened(file) as stream:
        while block := _read(file, stream, CHUNK):
            end = block.rfind(b"\n") + 1
            if end:
                chunk, number = _as_lines(rest + block[:end], before, skipping)
                before, rest, skipping = before + number, block[end:], False
                yield chunk
            else:
                rest += block
            if len(rest) > LONGEST_LINE:
                rest, skipping = b"", True
    if rest or skipping:
        yield _as_lines(rest + b"\n", before, skipping)[0]


def _as_lines(text: bytes, before: int, skipping: bool) -> tuple[Chunk, int]:
    """Return whole lines as a chunk, and how many there are; `skipping` says that the first is the end of one."""
    letters, ends = np.frombuffer(text, np.uint8), _ends(text)
    lengths = np.diff(ends, prepend=-1) - 1
    long = lengths > LONGEST_LINE
    long[0] |= skipping
    returns = (lengths > 0) & (letters[ends - 1] == ord("\r"))
    out = long | (lengths == returns)
    numbers = before + 1 + np.arange(len(ends))
    if not (out.any() or returns.any()):
        return Chunk(text, ends, numbers, []), len(ends)
    kept = np.repeat(~out, lengths + 1)
    kept[ends[returns] - 1] = False
    return _chunk(letters[kept].tobytes(), numbers[~out], numbers[long].tolist()), len(ends)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file or archive.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    with _ordinary(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _decode(line: bytes, fallback: Encoding) -> tuple[str, bool]:
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.decode(fallback, "replace"), True


def is_beside(name: str) -> bool:
    """Whether a file of a folder is none of a feed: hidden, or the manifest."""
    return name.startswith(".") or name == MANIFEST


def _members(path: Path) -> list[FeedFile]:
    """Return a file by itself, or the members of an archive after looking at what it says of them."""
    with _ordinary(path) as file:
        if file.read(2) == b"\x1f\x8b":
            raise DataError(f"{path} is compressed with gzip. Unpack it, or keep the feed's own zip file.")
        file.seek(0)
        if not zipfile.is_zipfile(file) or file.seek(0) or file.read(2) != b"PK":
            return [FeedFile(path)]
        try:
            with zipfile.ZipFile(file) as archive:
                infos = [info for info in archive.infolist() if not info.is_dir()]
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise DataError(f"{path} is no whole zip archive ({error!s:.200}). Fetch it again.") from error
    _require_safe(path, infos)
    return [FeedFile(path, info.filename, info) for info in sorted(infos, key=lambda info: info.filename)]


def _require_safe(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    """Raise DataError for an archive that no feed would publish."""
    fault = ""
    names = [info.filename for info in infos]
    if not infos:
        fault = "holds no file"
    elif len(infos) > MOST_MEMBERS:
        fault = f"holds {len(infos):,} files, more than {MOST_MEMBERS:,}"
    elif len(set(names)) < len(names):
        fault = "holds two files of one name"
    elif sum(info.file_size for info in infos) > LARGEST_FILE:
        fault = f"holds more than {LARGEST_FILE:,} bytes"
    for info in infos:
        place = PurePosixPath(info.filename.replace("\\", "/"))
        if not place.parts or place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
            fault = f"holds a file that leads out of it ({info.filename!r:.100})"
        elif info.flag_bits & 1:
            fault = f"holds an encrypted file ({info.filename!r:.100})"
        elif info.file_size > max(FREELY_COMPRESSED, MOST_COMPRESSED * info.compress_size):
            fault = f"holds a file that unpacks to {info.file_size:,} bytes from {info.compress_size:,}"
    if fault:
        raise DataError(f"{path} {fault}; it is not read. Fetch it again from its publisher.")


def _ordinary(path: Path) -> BufferedReader:
    try:
        return open_ordinary(path, LARGEST_FILE)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}. Check the path.") from error


@contextmanager
def _opened(file: FeedFile) -> Iterator[BinaryIO]:
    """Open a file, or a member of an archive, for its bytes."""
    with _ordinary(file.path) as outer:
        if file.entry is None:
            yield outer
            return
        try:
            inner = _member(outer, file.entry)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
            raise _damaged(file, error) from error
        with inner:
            yield inner  # type: ignore[misc]


def _member(archive: BinaryIO, entry: zipfile.ZipInfo) -> zipfile.ZipExtFile:
    """Open a member of an archive where its directory says it is, without reading the directory again.

    The content follows a header of its own: 30 bytes, a name and a field, whose lengths are in the last four of them.
    """
    archive.seek(entry.header_offset)
    header = archive.read(HEADER)
    if len(header) < HEADER or not header.startswith(b"PK\3\4"):
        raise zipfile.BadZipFile("its header is missing")
    archive.seek(sum(struct.unpack("<HH", header[-4:])), 1)
    return zipfile.ZipExtFile(archive, "r", entry)


def _read(file: FeedFile, stream: BinaryIO, most: int) -> bytes:
    try:
        return stream.read(most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise _damaged(file, error) from error


def _damaged(file: FeedFile, error: Exception) -> DataError:
    return DataError(f"{file.name} is damaged ({error!s:.200}). Fetch it again.")
