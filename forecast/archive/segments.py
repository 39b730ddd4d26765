"""Segments of an archive: Parquet files named by their content, and those with the imported files of each batch."""

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.archive.catalogue import (
    FILES,
    REJECTED,
    ROWS,
    SCHEMA,
    Batch,
    Catalogue,
    Entry,
    Segment,
    add_batch,
    add_pending,
)
from forecast.feeds.reading import FileRun
from forecast.files import digest, read_bytes, write_bytes
from forecast.typing import Index

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 400_000
"""Rows that are held before they are written."""
ROW_GROUP = 20_000
"""Rows that a reader takes at once; they are sorted by pair, so that one of few dyads skips most of them."""
NAME_LENGTH = 20
LARGEST = 1_000_000_000
"""Bytes of a segment of imported files."""
BATCH = b"forecast.batch"
"""Key of the metadata of such a segment: JSON with all of its batch but the files."""


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


def file_columns() -> "pa.Schema":
    """Return the columns of imported files, in the order of the catalogue."""
    import pyarrow as pa

    types = {"file": pa.int32(), "part": pa.float64(), "year": pa.int32(), "mended": pa.int64()}
    return pa.schema({name: types.get(name, pa.string()) for name in Entry.__dataclass_fields__})


class SegmentWriter:
    """Write the rows of several files into segments of an archive."""

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
        """Write the rows that are held."""
        import pyarrow as pa

        contents = {}
        for place, tables in sorted(self._waiting.items()):
            keys = ("pair", "date", "file", "line") if place.startswith(ROWS) else ("file", "line")
            rows = pa.concat_tables(tables).sort_by([(key, "ascending") for key in keys])
            segment, content = _segment(place, rows)
            contents[segment] = content
        _write(self.folder, contents)
        self.segments += contents
        self._waiting, self.held = {}, 0

    def _hold(self, place: str, rows: "pa.Table") -> None:
        self._waiting.setdefault(place, []).append(rows)
        self.held += rows.num_rows


def write_batch(catalogue: Catalogue, files: Sequence[Entry], segments: Sequence[Segment], next_file: int) -> Catalogue:
    """Write the segment that names the files of a batch, and commit the batch; return the catalogue with it.

    The catalogue can be rebuilt from these segments (`forecast events repair`).
    """
    import pyarrow as pa

    number = catalogue.batches[-1].number + 1 if catalogue.batches else 1
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    told = {"schema": SCHEMA, "number": number, "at": at, "next_file": next_file}
    metadata = {BATCH: json.dumps(told | {"segments": [segment._asdict() for segment in segments]})}
    table = pa.Table.from_pylist([entry.row() for entry in files], file_columns().with_metadata(metadata))
    own, content = _segment(FILES, table)
    _write(catalogue.folder, {own: content})
    return add_batch(catalogue, Batch(number, at, next_file, tuple(files), (*segments, own)))


def read_batch(folder: Path, path: str) -> Batch | None:
    """Read the batch that a segment of imported files names; None if the file is no such segment, or damaged."""
    import pyarrow.parquet as pq

    try:
        content = read_bytes(folder / path, LARGEST)
        sha256 = digest(content)
        if Path(path).stem != sha256[:NAME_LENGTH]:
            return None
        table = pq.read_table(io.BytesIO(content))
        told = json.loads(table.schema.metadata[BATCH])
        if told["schema"] != SCHEMA:
            return None
        files = tuple(Entry.of(row) for row in table.to_pylist())
        segments = tuple(Segment(**one) for one in told["segments"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    own = Segment(path, len(content), sha256, table.num_rows)
    return Batch(told["number"], told["at"], told["next_file"], files, (*segments, own))


def _segment(place: str, rows: "pa.Table") -> tuple[Segment, bytes]:
    """Return a segment and its content."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd", row_group_size=ROW_GROUP)
    content = buffer.getvalue()
    sha256 = digest(content)
    return Segment(f"{place}/{sha256[:NAME_LENGTH]}.parquet", len(content), sha256, rows.num_rows), content


def _write(folder: Path, contents: Mapping[Segment, bytes]) -> None:
    """Write segments, after the catalogue has noted that they are pending."""
    if contents:
        add_pending(folder, [segment.path for segment in contents])
    for segment, content in contents.items():
        write_bytes(folder / segment.path, content, durable=True)


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
