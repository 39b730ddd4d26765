"""Rows put into Parquet files, named by their content, in the folders of an archive."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.archive.catalogue import REJECTED, ROWS, Segment
from forecast.feeds.reading import FileRun
from forecast.files import digest, write_bytes
from forecast.typing import Index

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 400_000
"""Rows that are held before they are written."""
ROW_GROUP = 20_000
"""Rows that a reader takes at once; they are sorted by pair, so that one of few dyads skips most of them."""
NAME_LENGTH = 20


def row_columns() -> "pa.Schema":
    """Return the columns of rows between two states; docs/schema/archive.md says what they hold."""
    import pyarrow as pa

    return pa.schema(
        {
            "file": pa.int32(), "line": pa.int64(), "id": pa.string(), "date": pa.date32(), "known": pa.date32(),
            "source": pa.string(), "target": pa.string(), "pair": pa.string(), "cameo": pa.string(),
            "goldstein": pa.float64(), "quad": pa.int8(), "source_quad": pa.int8(), "n": pa.int64(),
            "mentions": pa.int64(), "source_organs": pa.uint8(), "target_organs": pa.uint8(), "actor": pa.string(),
            "summary": pa.string(), "reference": pa.string(),
        }
    )  # fmt: skip


def rejected_columns() -> "pa.Schema":
    """Return the columns of rejected rows."""
    import pyarrow as pa

    return pa.schema({"file": pa.int32(), "line": pa.int64(), "reason": pa.string(), "row": pa.string()})


class SegmentWriter:
    """Rows of several files on their way into segments.

    Parameters
    ----------
    folder : pathlib.Path
        Of the archive.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.segments: list[Segment] = []
        self.held = 0
        self._waiting: dict[str, list[pa.Table]] = {}

    def add(self, dataset: str, files: Index, kept: "pa.Table", month: str) -> None:
        """Add rows of files, whose numbers are given, as they were judged; without a month, by that of their dates."""
        import pyarrow.compute as pc

        if not kept.num_rows:
            return
        rows = _as_rows(kept, files)
        months = [month] if month else pc.unique(pc.strftime(rows["date"], "%Y-%m")).to_pylist()
        for one in months:
            part = rows if month else rows.filter(pc.equal(pc.strftime(rows["date"], "%Y-%m"), one))
            self._hold(f"{ROWS}/dataset={dataset}/month={one}", part)
        if self.held >= MOST_ROWS:
            self.write()

    def reject(self, dataset: str, file: int, run: FileRun) -> None:
        """Add the rejected rows of a file."""
        import pyarrow as pa

        if run.rejected:
            lines, reasons, texts = zip(*run.rejected, strict=True)
            columns: dict[str, Any] = {"file": [file] * len(lines), "line": lines, "reason": reasons, "row": texts}
            self._hold(f"{REJECTED}/dataset={dataset}", pa.table(columns, rejected_columns()))

    def write(self) -> None:
        """Write what is held."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        for place, tables in sorted(self._waiting.items()):
            keys = ("pair", "date", "file", "line") if place.startswith(ROWS) else ("file", "line")
            rows = pa.concat_tables(tables).sort_by([(key, "ascending") for key in keys])
            buffer = io.BytesIO()
            pq.write_table(rows, buffer, compression="zstd", row_group_size=ROW_GROUP)
            content = buffer.getvalue()
            sha256 = digest(content)
            path = f"{place}/{sha256[:NAME_LENGTH]}.parquet"
            write_bytes(self.folder / path, content)
            self.segments.append(Segment(path, len(content), sha256, rows.num_rows))
        self._waiting, self.held = {}, 0

    def _hold(self, place: str, rows: "pa.Table") -> None:
        self._waiting.setdefault(place, []).append(rows)
        self.held += rows.num_rows


def _as_rows(kept: "pa.Table", files: Index) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc

    source, target = kept["source_state"], kept["target_state"]
    first = pc.min_element_wise(source, target)
    second = pc.max_element_wise(source, target)
    number = pc.fill_null(_as_number(kept["mentions"]), 0)
    renamed: dict[str, Any] = {
        "file": pa.array(files, pa.int32()),
        "source": source,
        "target": target,
        "pair": pc.binary_join_element_wise(first, second, "-"),
        "goldstein": kept["value"],
        "source_quad": kept["given_quad"],
        "mentions": number,
    }
    schema = row_columns()
    return pa.table({name: renamed[name] if name in renamed else kept[name] for name in schema.names}).cast(schema)


def _as_number(texts: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Return whole numbers; a text that is none is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pc.match_substring_regex(texts, r"^\d{1,18}$")
    return pc.if_else(whole, texts, pa.scalar(None, texts.type)).cast(pa.int64())
