"""Lines split into fields, sorted by how many they have; what fits no layout is broken."""

import csv
from typing import TYPE_CHECKING, NamedTuple

from forecast.feeds.feed import Layout
from forecast.wording import join

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATOR = "\x1f"
"""Stands between the fields of a line that had quotation marks."""


class Split(NamedTuple):
    """Lines by layout, as tables of `line` and `fields`; and why others have none, by line."""

    whole: "list[tuple[Layout, pa.Table]]"
    broken: dict[int, str]


def split_lines(texts: list[str], numbers: list[int], layouts: tuple[Layout, ...]) -> Split:
    """Split lines at the delimiter of the layouts, which is the same for all of them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    delimiter, widths = layouts[0].delimiter, [len(layout.columns) for layout in layouts]
    if layouts[0].quoted:
        texts, delimiter = [SEPARATOR.join(_unquoted(line, delimiter)) for line in texts], SEPARATOR
    fields = pc.split_pattern(pa.array(texts, pa.large_string()), delimiter)
    lengths = pc.list_value_length(fields).to_numpy(zero_copy_only=False)
    places, broken = np.array(numbers, dtype=np.int64), dict[int, str]()
    table = pa.table({"line": places, "fields": fields})
    whole = []
    for width, layout in zip(widths, layouts, strict=True):
        if (lengths == width).any():
            whole.append((layout, table.filter(pa.array(lengths == width))))
    expected = join([str(width) for width in widths], "or")
    for place in np.flatnonzero(~np.isin(lengths, widths)):
        cells = texts[place].split(delimiter)
        width = max(widths)
        if len(cells) > width and not any(cells[width:]):
            texts[place] = delimiter.join(cells[:width])  # tabs at the end of a line
            whole.append((layouts[widths.index(width)], _single(pa, numbers[place], cells[:width])))
        else:
            broken[numbers[place]] = f"{len(cells)} fields where {expected} are expected"
    return Split(whole, broken)


def _single(pa, line: int, cells: list[str]) -> "pa.Table":  # type: ignore[no-untyped-def]
    return pa.table({"line": [line], "fields": pa.array([cells], pa.large_list(pa.large_string()))})


def _unquoted(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return [line]
