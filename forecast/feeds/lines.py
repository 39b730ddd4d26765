"""From files, zipped or not, to chunks of lines: in bounded memory, with the number of each line.

Archives are read as streams and never unpacked, so that no name in one can lead anywhere. What could take for ever
is bounded: sizes that an archive states, how much it is said to be compressed, the length of a line.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from forecast.errors import DataError
from forecast.files import open_ordinary

CHUNK = 16_000_000
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

Encoding = Literal["utf-8", "latin-1"]


@dataclass(frozen=True)
class FeedFile:
    """A file with lines: a path, or a member of a zip archive."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.path.name}/{self.member}" if self.member else self.path.name

    @property
    def own_name(self) -> str:
        """Its own name, which may hold its date."""
        return PurePosixPath(self.member).name if self.member else self.path.name

    def head(self) -> list[str]:
        """Return its first lines."""
        with _opened(self) as file:
            start = _read(self, file, SNIFFED)
        lines = decode_lines(start.split(b"\n"), "latin-1")[0]
        return lines[:-1] if len(start) == SNIFFED and len(lines) > 1 else lines


@dataclass(frozen=True)
class Chunk:
    """Some lines of a file, without their ends, and what could not be read as lines at all.

    Attributes
    ----------
    lines : list of bytes
        Those that are not blank.
    numbers : list of int
        Their numbers, from 1.
    too_long : list of int
        Numbers of the lines that are longer than any line may be.
    """

    lines: list[bytes]
    numbers: list[int]
    too_long: list[int]


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
            inside = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
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
    number, rest, skipping = 0, b"", False
    with _opened(file) as stream:
        while True:
            block = _read(file, stream, CHUNK)
            pieces = (rest + block).split(b"\n")
            rest = pieces.pop() if block else b""
            chunk = Chunk([], [], [])
            for piece in pieces:
                number += 1
                if skipping or len(piece) > LONGEST_LINE:
                    chunk.too_long.append(number)
                    skipping = False
                elif piece := piece.removesuffix(b"\r"):
                    chunk.lines.append(piece)
                    chunk.numbers.append(number)
            if len(rest) > LONGEST_LINE:
                rest, skipping = b"", True
            yield chunk
            if not block:
                return


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file or archive.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    with _ordinary(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def decode_lines(lines: list[bytes], fallback: Encoding) -> tuple[list[str], int]:
    """Return lines as text, and how many of them are not UTF-8: read as Latin-1, or with marks for what is lost."""
    try:
        return b"\n".join(lines).decode("utf-8").split("\n") if lines else [], 0
    except UnicodeDecodeError:
        texts = [_decode(line, fallback) for line in lines]
        return [text for text, _ in texts], sum(strange for _, strange in texts)


def _decode(line: bytes, fallback: Encoding) -> tuple[str, bool]:
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.decode(fallback, "replace"), True


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
    return [FeedFile(path, info.filename) for info in sorted(infos, key=lambda info: info.filename)]


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
        if file.member is None:
            yield outer
            return
        try:
            archive = zipfile.ZipFile(outer)
            inner = archive.open(file.member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, ValueError, OSError) as error:
            raise _damaged(file, error) from error
        with archive:
            yield inner  # type: ignore[misc]


def _read(file: FeedFile, stream: BinaryIO, most: int) -> bytes:
    import zlib

    try:
        return stream.read(most)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise _damaged(file, error) from error


def _damaged(file: FeedFile, error: Exception) -> DataError:
    return DataError(f"{file.name} is damaged ({error!s:.200}). Fetch it again.")
