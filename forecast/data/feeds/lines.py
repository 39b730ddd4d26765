"""Streaming of plain and zipped files as chunks of numbered lines in bounded memory.

Archives are read as streams and never unpacked, so that their member names cannot lead outside.
Limits apply to the archive's directory, its stated and unpacked sizes, the number of lines per
byte, and the length of a line.
"""

import csv
import hashlib
import struct
import zipfile
from codecs import BOM_UTF8
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BufferedReader
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from forecast.base.errors import DataError
from forecast.base.escaping import printable
from forecast.base.file_faults import fence
from forecast.base.reading import open_ordinary
from forecast.base.typing import Index
from forecast.base.wording import join
from forecast.data.feeds.feed import Encoding, FeedLayout

CHUNK = 32_000_000
"""Bytes read at a time."""
# Bytes; the longest lines of real feeds have some thousands
MAX_FEED_LINE = 1_000_000
# Bytes of a file, or of all that an archive holds
MAX_FEED_FILE = 100_000_000_000
# Files of one archive; those of feeds have at most some hundred
MAX_ZIP_MEMBERS = 10_000
# Bytes of the directory of an archive: it is read at once, and what it says of the number of its
# entries may be wrong. An entry takes 46 bytes and its name.
MAX_ZIP_DIRECTORY = 300 * MAX_ZIP_MEMBERS
# Bytes that a byte of an archive may unpack to: ten times what files of feeds do (4 to 10)
MAX_COMPRESSION_RATIO = 100
FREELY_COMPRESSED = 10_000_000
"""Bytes that any archive may unpack to."""
LEAST_OF_A_LINE = 25
"""Bytes of a line on average: a tenth of what files of feeds have (250 to 600)."""
LEAST_ON_THE_DISK = 4
"""Bytes that a line takes on the disk on average: a ninth of what zipped files of feeds have (35 to
150)."""
FREE_LINES = 100_000
"""Lines that any file may have."""
SNIFFED = 200_000
"""Bytes from which the form of a file is recognised."""
MANIFEST = "fetch.json"
"""In a folder of fetched files, what was expected and what came; no file of a feed."""
END_OF_ARCHIVE = b"PK\5\6"
SHORTEST_END = 22
"""Bytes of the record at the end of a zip archive, without its comment."""
# Bytes of the record at the end of a zip archive, with the longest comment
MAX_ZIP_END = SHORTEST_END + 2**16 - 1
HEADER = 30
"""Bytes of the fixed part of what stands before a member of a zip archive."""


BLOCK = 2**20
"""Bytes that are split at once, or one line if it is longer: what fits the processor's cache is
quick."""


@dataclass(frozen=True)
class FeedFile:
    """A file with lines: a path, or a member of a zip archive."""

    path: Path
    member: str | None = None  # Its name in the archive
    # What the archive's directory says of it. It is read once for all members: there may be
    # thousands.
    entry: zipfile.ZipInfo | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Name in messages: as text, even if the system's name is not valid text."""
        return printable(f"{self.path.name}/{self.member}" if self.member else self.path.name)

    @property
    def own_name(self) -> str:
        """Its own name, which may hold its date."""
        return printable(PurePosixPath(self.member).name) if self.member else self.outer_name

    @property
    def outer_name(self) -> str:
        """Name of the file or archive on the disk."""
        return printable(self.path.name)

    @property
    def size(self) -> int:
        """Bytes, as a path or its archive says."""
        return self.stored if self.entry is None else self.entry.file_size

    @property
    def stored(self) -> int:
        """Bytes that it takes on the disk."""
        with fence(self.name):
            return self.path.stat().st_size if self.entry is None else self.entry.compress_size

    def head(self) -> list[str]:
        """Return its first lines."""
        with fence(self.name), _opened(self) as file:
            start = file.read(SNIFFED).removeprefix(BOM_UTF8)
        lines = [_decode(line, "latin-1")[0] for line in start.split(b"\n")]
        return lines[:-1] if len(start) == SNIFFED and len(lines) > 1 else lines


@dataclass(frozen=True)
class Chunk:
    """Some lines of a file as UTF-8; blank ones are left out."""

    text: bytes  # Each line with a line feed after it, and no carriage return before that
    ends: Index  # Where in the text each line ends
    numbers: Index  # Of the lines, from 1
    too_long: list[int]  # Numbers of the lines that are longer than any line may be
    # How many of the lines were not UTF-8: read as Latin-1, or with marks for what is lost
    mended: int

    def line(self, index: int) -> str:
        """Return the line at a place."""
        return self.text[self.ends[index - 1] + 1 if index else 0 : self.ends[index]].decode()

    def numbered(self, number: int) -> str:
        """Return the line of a number; '' if it is not here."""
        index = int(np.searchsorted(self.numbers, number))
        return self.line(index) if number in self.numbers[index : index + 1] else ""

    def without_first(self) -> "Chunk":
        """Return the chunk without its first line."""
        start = self.ends[0] + 1
        return replace(
            self, text=self.text[start:], ends=self.ends[1:] - start, numbers=self.numbers[1:]
        )


def find_files(paths: "list[Path]") -> list[FeedFile]:
    """Return the files of paths: of a folder all in it by name, of a zip archive its members."""
    return [file for path in paths for file_path in paths_in(path) for file in _members(file_path)]


def paths_in(path: Path) -> list[Path]:
    """Return a file, or the files of a folder in the order of their names."""
    with fence(printable(str(path))):
        if not path.is_dir():
            path.lstat()
            return [path]
        inside = sorted(
            child for child in path.iterdir() if child.is_file() and not is_ignored(child.name)
        )
    if not inside:
        raise DataError(
            f"{printable(str(path))} is a folder without files. Name a folder with the files of a "
            "feed."
        )
    return inside


def read_chunks(file: FeedFile, fallback: Encoding = "utf-8") -> Generator[Chunk]:
    """Yield the lines of a file in chunks; lines that are not UTF-8 are read as `fallback`."""
    number = 0
    size = 0
    rest = b""
    cut = False  # whether the rest continues a line that was too long to be kept
    with fence(file.name), _opened(file) as stream:
        block = stream.read(CHUNK).removeprefix(BOM_UTF8)
        while block:
            size = size + len(block)
            lines = block.count(b"\n")
            end = block.rfind(b"\n") + 1
            _require_few(file, number + lines, size)
            if end:
                yield _chunk(rest + block[:end], number, fallback, cut=cut)
                number = number + lines
                rest = block[end:]
                cut = False
            else:
                rest += block
            if len(rest) > MAX_FEED_LINE:
                rest = b""
                cut = True
            block = stream.read(CHUNK)
        if rest or cut:
            yield _chunk(rest + b"\n", number, fallback, cut=cut)


def _chunk(text: bytes, before: int, fallback: Encoding, *, cut: bool) -> Chunk:
    """Return whole lines, after so many others of their file, as a chunk.

    With `cut` the first line is the end of one that was too long.
    """
    letters = np.frombuffer(text, np.uint8)
    ends = _ends(text)
    lengths = np.diff(ends, prepend=-1) - 1
    too_long = lengths > MAX_FEED_LINE
    too_long[0] |= cut
    has_return = (lengths > 0) & (letters[ends - 1] == ord("\r"))
    is_blank = lengths == has_return  # nothing, or a carriage return alone
    left_out = too_long | is_blank
    if left_out.any() or has_return.any():
        kept = np.repeat(~left_out, lengths + 1)
        kept[ends[has_return] - 1] = False
        text = letters[kept].tobytes()
        ends = _ends(text)
    numbers = before + 1 + np.arange(len(left_out))
    mended = 0
    try:
        _ = text.isascii() or text.decode()
    except UnicodeDecodeError:
        decoded = [_decode(line, fallback) for line in text.split(b"\n")[:-1]]
        text = "".join(f"{line}\n" for line, _ in decoded).encode()
        ends = _ends(text)
        mended = sum(is_mended for _, is_mended in decoded)
    return Chunk(text, ends, numbers[~left_out], numbers[too_long].tolist(), mended)


def _ends(text: bytes) -> Index:
    return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))


def _require_few(file: FeedFile, lines: int, size: int) -> None:
    """Raise DataError if so many bytes of a file have more lines than those of any feed."""
    most = max(FREE_LINES, min(size // LEAST_OF_A_LINE, file.stored // LEAST_ON_THE_DISK))
    if lines > most:
        raise DataError(
            f"{file.name} has {lines:,} lines in {size:,} bytes ({file.stored:,} on the disk); a "
            f"feed has {most:,} at most, because a line takes {LEAST_OF_A_LINE} bytes and more, "
            f"{LEAST_ON_THE_DISK} when compressed. It is not read. Fetch it again from its "
            "publisher, or take out by hand what is not of the feed."
        )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file or archive."""
    with fence(printable(str(path))), open_ordinary(path, MAX_FEED_FILE) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _decode(line: bytes, fallback: Encoding) -> tuple[str, bool]:
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.decode(fallback, "replace"), True


def is_ignored(name: str) -> bool:
    """Return whether a file in a folder is not a feed file: hidden, or the manifest."""
    return name.startswith(".") or name == MANIFEST


class _Bounded:
    """A zip archive whose directory is rejected if it is too large.

    `zipfile` reads the whole directory, whatever the archive says of the number of its entries.
    """

    def __init__(self, file: BufferedReader, name: str) -> None:
        self.name = name
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """Read as much as the directory of as many files as are allowed takes."""
        if size > MAX_ZIP_DIRECTORY:
            raise _unsafe(
                self.name,
                f"has a directory of {size:,} bytes, more than that of {MAX_ZIP_MEMBERS:,} files",
            )
        return self._file.read(size)


def _members(path: Path) -> list[FeedFile]:
    """Return a file by itself, or the members of a zip archive that is safe to read."""
    name = printable(str(path))
    with fence(name), open_ordinary(path, MAX_FEED_FILE) as file:
        start = file.read(2)
        if start == b"\x1f\x8b":
            raise DataError(
                f"{name} is compressed with gzip. Unpack it, or keep the feed's own zip file."
            )
        bounded = _Bounded(file, name)
        if start != b"PK" or not zipfile.is_zipfile(bounded):
            return [FeedFile(path)]
        with zipfile.ZipFile(bounded) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
        size = path.stat().st_size
        behind = _bytes_behind(file, size)
    fault = f"has {behind:,} bytes behind the end of its archive" if behind else _fault(infos, size)
    if fault:
        raise _unsafe(name, fault)
    return [
        FeedFile(path, info.filename, info)
        for info in sorted(infos, key=lambda info: info.filename)
    ]


def _bytes_behind(file: BufferedReader, size: int) -> int:
    """Return how many bytes follow the end of a zip archive of so many bytes.

    The comment that its end states is counted with the end.
    """
    start = max(size - MAX_ZIP_END, 0)
    file.seek(start)
    tail = file.read(MAX_ZIP_END)
    offset = tail.rfind(END_OF_ARCHIVE)
    comment = int.from_bytes(tail[offset + SHORTEST_END - 2 : offset + SHORTEST_END], "little")
    return max(size - (start + offset + SHORTEST_END + comment), 0)


def _unsafe(name: str, fault: str) -> DataError:
    return DataError(
        f"{name} {fault}; it is not read. Fetch it again from its publisher, or unpack it by hand "
        "and name the folder."
    )


def _fault(infos: list[zipfile.ZipInfo], size: int) -> str:
    """Describe why no feed would publish an archive of so many bytes; '' if one may."""
    names = [info.filename for info in infos]
    unpacked = sum(info.file_size for info in infos)
    if not infos:
        return "holds no file"
    if len(infos) > MAX_ZIP_MEMBERS:
        return f"holds {len(infos):,} files, more than {MAX_ZIP_MEMBERS:,}"
    if len(set(names)) < len(names):
        return "holds two files of one name"
    if unpacked > MAX_FEED_FILE:
        return f"holds more than {MAX_FEED_FILE:,} bytes"
    places = sorted(
        (info.header_offset, info.header_offset + HEADER + info.compress_size) for info in infos
    )
    if places[0][0] < 0 or any(
        end > start for (_, end), (start, _) in pairwise([*places, (size, size)])
    ):
        return "says that files in it lie in the same place or beyond its end"
    if unpacked > max(FREELY_COMPRESSED, MAX_COMPRESSION_RATIO * size):
        return (
            f"unpacks to {unpacked:,} bytes from {size:,}, "
            f"more than {MAX_COMPRESSION_RATIO} times its size"
        )
    return next(filter(None, map(_fault_of_member, infos)), "")


def _fault_of_member(info: zipfile.ZipInfo) -> str:
    member = PurePosixPath(info.filename.replace("\\", "/"))
    name = f"({info.filename!r:.100})"
    if not member.parts or member.is_absolute() or ".." in member.parts or ":" in member.parts[0]:
        return f"holds a file that leads out of it {name}"
    if info.flag_bits & 1:
        return f"holds an encrypted file {name}"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"holds a file that is not compressed as zip files usually are {name}"
    if info.file_size > max(FREELY_COMPRESSED, MAX_COMPRESSION_RATIO * info.compress_size):
        return (
            f"holds a file {name} that unpacks to {info.file_size:,} bytes from "
            f"{info.compress_size:,}"
        )
    return ""


@contextmanager
def _opened(file: FeedFile) -> Iterator[BinaryIO]:
    """Open a file, or a member of an archive where its directory said that it is."""
    with open_ordinary(file.path, MAX_FEED_FILE) as outer:
        if file.entry is None:
            yield outer
            return
        # The content follows a header: 30 bytes, a name and a field, whose lengths are in the last
        # four of them.
        outer.seek(file.entry.header_offset)
        header = outer.read(HEADER)
        if len(header) < HEADER or not header.startswith(b"PK\3\4"):
            raise zipfile.BadZipFile("its header is missing")
        outer.seek(sum(struct.unpack("<HH", header[-4:])), 1)
        with zipfile.ZipExtFile(outer, "r", file.entry) as inner:
            yield inner  # type: ignore[misc]


def split_lines(
    chunk: Chunk, layout: FeedLayout, columns: Sequence[str]
) -> tuple[pa.Table, dict[int, str]]:
    """Return `line` and some columns of lines as text, and by line why others have none."""
    # Most lines of a file have as many fields as its first one, and are split all at once; the
    # others one by one.
    tables, places = _split_alike(chunk, layout, columns)
    rows: list[dict[str, Any]] = []
    broken = {}
    for index in places:
        number = int(chunk.numbers[index])
        fields = _fields(chunk.line(index), layout)
        if len(fields) in layout.widths:
            rows.append({"line": number} | dict(zip(layout.columns, fields, strict=False)))
        else:
            expected = join(list(map(str, layout.widths)), "or")
            broken[number] = f"{len(fields)} fields where {expected} are expected"
    schema = pa.schema({"line": pa.int64(), **dict.fromkeys(columns, pa.string())})
    return pa.concat_tables([*tables, pa.Table.from_pylist(rows, schema)]), broken


def _split_alike(
    chunk: Chunk, layout: FeedLayout, columns: Sequence[str]
) -> tuple[list[pa.Table], Sequence[int]]:
    """Return the lines with as many fields as the first as a table, and the places of others."""
    from pyarrow import csv as arrow

    number = len(chunk.numbers)
    # What splits them at once takes a carriage return for an end of a line, and a mark of UTF-8 for
    # no text.
    if not number or layout.quoted or b"\r" in chunk.text or chunk.text.startswith(BOM_UTF8):
        return [], range(number)
    others: list[int] = []

    def leave(row: arrow.InvalidRow) -> str:
        others.append(row.number - 1)
        return "skip"

    width = chunk.line(0).count(layout.delimiter) + 1
    names = layout.columns[: width if width in layout.widths else layout.widths[-1]]
    longest = int(np.diff(chunk.ends, prepend=-1).max())
    table = arrow.read_csv(
        pa.BufferReader(chunk.text),
        arrow.ReadOptions(
            column_names=list(names), block_size=max(BLOCK, longest), use_threads=False
        ),
        arrow.ParseOptions(
            delimiter=layout.delimiter,
            quote_char=False,
            escape_char=False,
            invalid_row_handler=leave,
        ),
        arrow.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=list(columns),
            strings_can_be_null=False,
            check_utf8=False,
            include_missing_columns=True,
        ),
    )
    return [table.add_column(0, "line", pa.array(np.delete(chunk.numbers, others)))], others


def _fields(line: str, layout: FeedLayout) -> list[str]:
    """Return the fields of a line, without empty ones beyond the last column."""
    fields = line.split(layout.delimiter)
    width = len(layout.columns)
    if layout.quoted and '"' in line:
        try:
            fields = next(csv.reader([line], delimiter=layout.delimiter))
        except csv.Error:
            fields = [line]
    return fields if any(fields[width:]) else fields[:width]
