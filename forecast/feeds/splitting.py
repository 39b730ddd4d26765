"""Lines split into fields, sorted by how many they have; what fits no layout is broken."""

import csv
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.feeds.feed import Layout
from forecast.feeds.lines import Chunk
from forecast.typing import Index
from forecast.wording import join

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

SEPARATOR = "\x1f"
"""Stands between the fields of a line that had quotation marks."""
BLOCK = 2**20
"""Bytes that are split at once, or one line if it is longer: what fits the processor's cache is quick."""

Columns = Callable[[Layout], Sequence[str]]
"""Which columns of a layout are needed."""


class Part(NamedTuple):
    """Lines of a layout, and what all of them have in common, which need not be asked of each."""

    layout: Layout
    lines: "pa.Table"  # `line`, and the columns needed as text
    padded: bool  # Whether a text may have blanks at an end
    digits: frozenset[str]  # Columns of which every text is digits and nothing else


class Split(NamedTuple):
    """Lines by layout; and why others have none, by line."""

    whole: list[Part]
    broken: dict[int, str]


def split_lines(chunk: Chunk, layouts: tuple[Layout, ...], columns: Columns) -> Split:
    """Split lines, which are UTF-8, at the delimiter of the layouts, which is the same for all of them.

    Most lines of a file look like its first one, and are split all at once; the others one by one.
    """
    if not len(chunk.numbers):
        return Split([], {})
    # What splits them at once takes a carriage return for an end of a line, and a mark of UTF-8 for no text.
    if layouts[0].quoted or b"\r" in chunk.text or chunk.text.startswith(BOM_UTF8):
        return _split_each(chunk, layouts, columns)
    width = chunk.lines(np.array([0]))[0].count(layouts[0].delimiter.encode()) + 1
    layout = next((one for one in layouts if len(one.columns) == width), layouts[-1])
    table, others = _split_alike(chunk, layout, columns)
    rest = _split_each(chunk.only(others), layouts, columns) if len(others) else Split([], {})
    alike = [_part(layout, table)] if len(table) else []
    return Split([*alike, *rest.whole], rest.broken)


def _split_alike(chunk: Chunk, layout: Layout, columns: Columns) -> "tuple[pa.Table, Index]":
    """Return the lines of a layout as a table, and the places of all other lines."""
    import pyarrow as pa
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


def _part(layout: Layout, lines: "pa.Table") -> Part:
    """Return lines with what they have in common."""
    padded, digits = False, set()
    for name in lines.column_names:
        if name != "line":
            contents = [_content(texts) for texts in lines[name].chunks]
            padded = padded or any(_is_padded(*content) for content in contents)
            if all(_is_digits(*content) for content in contents):
                digits.add(name)
    return Part(layout, lines, padded, frozenset(digits))


def _content(texts: "pa.StringArray") -> "tuple[bytes, NDArray[np.int32]]":
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


def _split_each(chunk: Chunk, layouts: tuple[Layout, ...], columns: Columns) -> Split:
    """Split lines of any width."""
    import pyarrow as pa
    import pyarrow.compute as pc

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
    return Split(whole, {int(numbers[at]): f"{lengths[at]} fields where {expected} are expected" for at in odd})


def _without_empty_end(line: str, delimiter: str, width: int) -> str:
    """Return a line without delimiters at its end beyond the last column."""
    beyond = line.count(delimiter) + 1 - width
    return line[:-beyond] if beyond > 0 and line.endswith(delimiter * beyond) else line


def _unquoted(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return [line]
