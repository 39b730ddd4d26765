"""Streaming of plain and zipped files as chunks of numbered lines in bounded memory.

Archives are read as streams and never unpacked, so that their member names cannot lead outside. Limits apply to the
archive's directory, its stated and unpacked sizes, the number of lines per byte, and the length of a line.
"""

import csv
import hashlib
import struct
import zipfile
from codecs import BOM_UTF8
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.errors import DataError
from forecast.escaping import printable
from forecast.feeds.feed import Encoding, Layout
from forecast.files import fence, open_ordinary
from forecast.typing import Index
from forecast.wording import join

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 32_000_000
"""Bytes read at a time."""
LONGEST_LINE = 1_000_000
"""Bytes; the longest lines of real feeds have some thousands."""
LARGEST_FILE = 100_000_000_000
"""Bytes of a file, or of all that an archive holds."""
MOST_MEMBERS = 10_000
LARGEST_DIRECTORY = 300 * MOST_MEMBERS
"""Bytes of the directory of an archive: it is read at once, and what it says of the number of its entries may be wrong.

An entry takes 46 bytes and its name.
"""
MOST_COMPRESSED = 100
"""Bytes that a byte of an archive may unpack to: ten times what files of feeds do (4 to 10)."""
FREELY_COMPRESSED = 10_000_000
"""Bytes that any archive may unpack to."""
LEAST_OF_A_LINE = 25
"""Bytes of a line on average: a tenth of what files of feeds have (250 to 600)."""
LEAST_ON_THE_DISK = 4
"""Bytes that a line takes on the disk on average: a ninth of what zipped files of feeds have (35 to 150)."""
FREE_LINES = 100_000
"""Lines that any file may have."""
SNIFFED = 200_000
MOST_ASCII = 127
MANIFEST = "fetch.json"
"""In a folder of fetched files, what was expected and what came; no file of a feed."""
HEADER = 30
"""Bytes of the fixed part of what stands before a member of a zip archive."""


@dataclass(frozen=True)
class FeedFile:
    """A file with lines: a path, or a member of a zip archive."""

    path: Path
    member: str | None = None  # Its name in the archive
    # What the archive's directory says of it. It is read once for all members: there may be thousands.
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
    """Some lines of a file, and what could not be read as lines at all."""

    text: bytes  # The lines that are not blank, each with a line feed after it and no carriage return before that
    ends: Index  # Where in the text each of them ends
    numbers: Index  # Their numbers, from 1
    too_long: list[int]  # Numbers of the lines that are longer than any line may be

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
    """Return whether bytes are valid UTF-8, without decoding them to a string."""
    buffers = [None, pa.py_buffer(np.array([0, len(text)], dtype=np.int64)), pa.py_buffer(text)]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def find_files(paths: "list[Path]") -> list[FeedFile]:
    """Return the files of paths, in the order of their names: of a folder, all in it; of an archive, its members."""
    return [file for path in paths for one in paths_in(path) for file in _members(one)]


def paths_in(path: Path) -> list[Path]:
    """Return a file, or the files of a folder in the order of their names."""
    with fence(printable(str(path))):
        if not path.is_dir():
            path.lstat()
            return [path]
        inside = sorted(one for one in path.iterdir() if one.is_file() and not is_ignored(one.name))
    if not inside:
        raise DataError(f"{printable(str(path))} is a folder without files. Name a folder with the files of a feed.")
    return inside


def read_chunks(file: FeedFile) -> Iterator[Chunk]:
    """Yield the lines of a file in chunks."""
    before, rest, skipping, lines, size = 0, b"", False, 0, 0
    with fence(file.name), _opened(file) as stream:
        block = stream.read(CHUNK).removeprefix(BOM_UTF8)
        while block:
            lines, size = lines + block.count(b"\n"), size + len(block)
            _require_few(file, lines, size)
            end = block.rfind(b"\n") + 1
            if end:
                chunk, number = _as_lines(rest + block[:end], before, skipping)
                before, rest, skipping = before + number, block[end:], False
                yield chunk
            else:
                rest += block
            if len(rest) > LONGEST_LINE:
                rest, skipping = b"", True
            block = stream.read(CHUNK)
    if rest or skipping:
        yield _as_lines(rest + b"\n", before, skipping)[0]


def _require_few(file: FeedFile, lines: int, size: int) -> None:
    """Raise DataError if so many bytes of a file have more lines than those of any feed."""
    most = max(FREE_LINES, min(size // LEAST_OF_A_LINE, file.stored // LEAST_ON_THE_DISK))
    if lines > most:
        raise DataError(
            f"{file.name} has {lines:,} lines in {size:,} bytes ({file.stored:,} on the disk); a feed has {most:,} at "
            f"most, because a line takes {LEAST_OF_A_LINE} bytes and more, {LEAST_ON_THE_DISK} when compressed. It is "
            "not read. Fetch it again from its publisher, or take out by hand what is not of the feed."
        )


def read_utf8(file: FeedFile, fallback: Encoding) -> Generator[tuple[Chunk, int]]:
    """Yield the lines of a file in chunks as UTF-8, and how many of each were not."""
    with fence(file.name):
        for chunk in read_chunks(file):
            yield chunk.as_utf8(fallback)


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
    """Return the SHA-256 of a file or archive."""
    with fence(printable(str(path))), open_ordinary(path, LARGEST_FILE) as file:
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
    """An archive for `zipfile`, which reads the whole directory whatever it says of the number of its entries."""

    def __init__(self, file: BufferedReader, name: str) -> None:
        self.name, self._file = name, file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Read as much as the directory of as many files as are allowed takes."""
        if size > LARGEST_DIRECTORY:
            raise _unsafe(self.name, f"has a directory of {size:,} bytes, more than that of {MOST_MEMBERS:,} files")
        return self._file.read(size)


def _members(path: Path) -> list[FeedFile]:
    """Return a file by itself, or the members of an archive after looking at what it says of them."""
    name = printable(str(path))
    with fence(name), open_ordinary(path, LARGEST_FILE) as file:
        start = file.read(2)
        if start == b"\x1f\x8b":
            raise DataError(f"{name} is compressed with gzip. Unpack it, or keep the feed's own zip file.")
        bounded = _Bounded(file, name)
        if start != b"PK" or not zipfile.is_zipfile(bounded):
            return [FeedFile(path)]
        with zipfile.ZipFile(bounded) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
        if fault := _fault(infos, path.stat().st_size):
            raise _unsafe(name, fault)
    return [FeedFile(path, info.filename, info) for info in sorted(infos, key=lambda info: info.filename)]


def _unsafe(name: str, fault: str) -> DataError:
    return DataError(
        f"{name} {fault}; it is not read. Fetch it again from its publisher, or unpack it by hand and name the folder."
    )


def _fault(infos: list[zipfile.ZipInfo], size: int) -> str:
    """Return why an archive of so many bytes is none that a feed would publish, '' if nothing speaks against it."""
    names, unpacked = [info.filename for info in infos], sum(info.file_size for info in infos)
    if not infos:
        return "holds no file"
    if len(infos) > MOST_MEMBERS:
        return f"holds {len(infos):,} files, more than {MOST_MEMBERS:,}"
    if len(set(names)) < len(names):
        return "holds two files of one name"
    if unpacked > LARGEST_FILE:
        return f"holds more than {LARGEST_FILE:,} bytes"
    places = sorted((info.header_offset, info.header_offset + HEADER + info.compress_size) for info in infos)
    if places[0][0] < 0 or any(end > start for (_, end), (start, _) in pairwise([*places, (size, size)])):
        return "says that files in it lie in the same place or beyond its end"
    if unpacked > max(FREELY_COMPRESSED, MOST_COMPRESSED * size):
        return f"unpacks to {unpacked:,} bytes from {size:,}, more than {MOST_COMPRESSED} times its size"
    return next(filter(None, map(_fault_of_member, infos)), "")


def _fault_of_member(info: zipfile.ZipInfo) -> str:
    place, name = PurePosixPath(info.filename.replace("\\", "/")), f"({info.filename!r:.100})"
    if not place.parts or place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
        return f"holds a file that leads out of it {name}"
    if info.flag_bits & 1:
        return f"holds an encrypted file {name}"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"holds a file that is not compressed as zip files usually are {name}"
    if info.file_size > max(FREELY_COMPRESSED, MOST_COMPRESSED * info.compress_size):
        return f"holds a file {name} that unpacks to {info.file_size:,} bytes from {info.compress_size:,}"
    return ""


@contextmanager
def _opened(file: FeedFile) -> Iterator[BinaryIO]:
    """Open a file, or a member of an archive where its directory says it is, without reading the directory again."""
    with open_ordinary(file.path, LARGEST_FILE) as outer:
        if file.entry is None:
            yield outer
            return
        # The content follows a header: 30 bytes, a name and a field, whose lengths are in the last four of them.
        outer.seek(file.entry.header_offset)
        header = outer.read(HEADER)
        if len(header) < HEADER or not header.startswith(b"PK\3\4"):
            raise zipfile.BadZipFile("its header is missing")
        outer.seek(sum(struct.unpack("<HH", header[-4:])), 1)
        with zipfile.ZipExtFile(outer, "r", file.entry) as inner:
            yield inner  # type: ignore[misc]


SEPARATOR = "\x1f"
"""Stands between the fields of a line that had quotation marks."""
BLOCK = 2**20
"""Bytes that are split at once, or one line if it is longer: what fits the processor's cache is quick."""

Columns = Callable[[Layout], Sequence[str]]
"""Required columns of a layout."""


class Part(NamedTuple):
    """Lines of a layout, and what all of them have in common, which need not be asked of each."""

    layout: Layout
    lines: pa.Table  # `line`, and the columns needed as text
    padded: bool  # Whether a text may have blanks at an end
    digits: frozenset[str]  # Columns of which every text is digits and nothing else


def split_lines(chunk: Chunk, layouts: tuple[Layout, ...], columns: Columns) -> tuple[list[Part], dict[int, str]]:
    """Split lines at the delimiter of the layouts; return those of each layout, and why others have none, by line.

    Most lines of a file look like its first one, and are split all at once; the others one by one.
    """
    if not len(chunk.numbers):
        return [], {}
    # What splits them at once takes a carriage return for an end of a line, and a mark of UTF-8 for no text.
    if layouts[0].quoted or b"\r" in chunk.text or chunk.text.startswith(BOM_UTF8):
        return _split_each(chunk, layouts, columns)
    width = chunk.lines(np.array([0]))[0].count(layouts[0].delimiter.encode()) + 1
    layout = next((one for one in layouts if len(one.columns) == width), layouts[-1])
    table, others = _split_alike(chunk, layout, columns)
    rest, broken = _split_each(chunk.only(others), layouts, columns) if len(others) else ([], {})
    return [*([_part(layout, table)] if len(table) else []), *rest], broken


def _split_alike(chunk: Chunk, layout: Layout, columns: Columns) -> tuple[pa.Table, Index]:
    """Return the lines of a layout as a table, and the places of all other lines."""
    from pyarrow import csv as arrow

    others: list[int] = []

    def leave(row: arrow.InvalidRow) -> str:
        others.append(row.number - 1)
        return "skip"

    needed = list(columns(layout))
    longest = int(np.diff(chunk.ends, prepend=-1).max())
    table = arrow.read_csv(
        pa.BufferReader(chunk.text),
        arrow.ReadOptions(column_names=list(layout.columns), block_size=max(BLOCK, longest), use_threads=False),
        arrow.ParseOptions(
            delimiter=layout.delimiter, quote_char=False, escape_char=False, invalid_row_handler=leave
        ),
        arrow.ConvertOptions(
            column_types=dict.fromkeys(needed, pa.string()), include_columns=needed, strings_can_be_null=False,
            check_utf8=False,
        ),
    )  # fmt: skip
    odd = np.array(others, dtype=np.int64)
    return table.append_column("line", pa.array(np.delete(chunk.numbers, odd))), odd


def _part(layout: Layout, lines: pa.Table) -> Part:
    """Return lines with what they have in common."""
    padded, digits = False, set()
    for name in lines.column_names:
        if name != "line":
            contents = [_content(texts) for texts in lines[name].chunks]
            padded = padded or any(_is_padded(*content) for content in contents)
            if all(_is_digits(*content) for content in contents):
                digits.add(name)
    return Part(layout, lines, padded, frozenset(digits))


def _content(texts: pa.StringArray) -> "tuple[bytes, NDArray[np.int32]]":
    """Return the bytes of texts one after the other, and where in them the first begins and each ends."""
    _, offsets, letters = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    first, last = int(bounds[0]), int(bounds[-1])
    content: bytes = letters[first:last].to_pybytes() if last > first else b""
    return content, bounds - first


def _is_padded(content: bytes, bounds: "NDArray[np.int32]") -> bool:
    if b" " not in content:
        return False
    filled = bounds[1:] > bounds[:-1]
    found = np.frombuffer(content, np.uint8)
    edges = found[bounds[:-1][filled]], found[bounds[1:][filled] - 1]
    return any(bool((edge == ord(" ")).any()) for edge in edges)


def _is_digits(content: bytes, bounds: "NDArray[np.int32]") -> bool:
    return content.isdigit() and bool((bounds[1:] > bounds[:-1]).all())


def _split_each(chunk: Chunk, layouts: tuple[Layout, ...], columns: Columns) -> tuple[list[Part], dict[int, str]]:
    """Split lines of any width."""
    numbers, texts = chunk.numbers, chunk.text.decode().split("\n")[:-1]
    delimiter, widths = layouts[0].delimiter, [len(layout.columns) for layout in layouts]
    if layouts[0].quoted:
        texts, delimiter = [SEPARATOR.join(_unquoted(line, delimiter)) for line in texts], SEPARATOR
    texts = [_without_empty_end(line, delimiter, max(widths)) for line in texts]
    fields = pc.split_pattern(pa.array(texts, pa.string()), delimiter)
    lengths = pc.list_value_length(fields).to_numpy(zero_copy_only=False)
    whole = []
    for width, layout in zip(widths, layouts, strict=True):
        own = lengths == width
        if own.any():
            cells = fields.filter(pa.array(own))
            needed = {name: pc.list_element(cells, layout.columns.index(name)) for name in columns(layout)}
            whole.append(_part(layout, pa.table(needed | {"line": pa.array(numbers[own])})))
    expected = join([str(width) for width in widths], "or")
    odd = np.flatnonzero(~np.isin(lengths, widths))
    return whole, {int(numbers[at]): f"{lengths[at]} fields where {expected} are expected" for at in odd}


def _without_empty_end(line: str, delimiter: str, width: int) -> str:
    """Return a line without delimiters at its end beyond the last column."""
    beyond = line.count(delimiter) + 1 - width
    return line[:-beyond] if beyond > 0 and line.endswith(delimiter * beyond) else line


def _unquoted(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter)) if '"' in line else line.split(delimiter)
    except (csv.Error, StopIteration):
        return [line]
