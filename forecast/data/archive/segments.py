"""Archive segments: Parquet files named by content, from which the catalogue can be rebuilt.

What a killed import has left is adopted if it is whole, and removed otherwise.
"""

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.base.arguments import checked
from forecast.base.digests import digest
from forecast.base.durable import make_folders, sync_folder
from forecast.base.errors import DataError, OutputError
from forecast.base.file_faults import writing
from forecast.base.files import check_writable, write_bytes
from forecast.base.locks import locked
from forecast.base.reading import read_bytes
from forecast.base.unfinished import clear_leftovers
from forecast.base.wording import Card, Displayed, count, join_some
from forecast.data.archive import catalogue as stored
from forecast.data.archive.catalogue import (
    CATALOGUE,
    FILES,
    PARTS,
    ROWS,
    Batch,
    Catalogue,
    Entry,
    Segment,
    add_batch,
)
from forecast.data.feeds.sorting import FileRun

# Rows that are held before they are written
MAX_ROWS_OF_A_SEGMENT = 400_000
ROW_GROUP = 20_000
"""Rows that a reader takes at once; they are sorted by pair, so that one of few dyads skips most of
them."""
NAME_LENGTH = 20
"""Digits of the checksum in the name of a segment: 80 bits, no two alike."""
# Bytes of a segment of imported files
MAX_SEGMENT = 1_000_000_000
BATCH = b"forecast.batch"
"""Key of the metadata of such a segment: JSON with all of its batch but the files."""


ROW_COLUMNS = pa.schema(
    {
        "file": pa.int32(),
        "line": pa.int64(),
        "id": pa.string(),
        "date": pa.date32(),
        "known": pa.date32(),
        "source": pa.string(),
        "target": pa.string(),
        "pair": pa.string(),
        "cameo": pa.string(),
        "goldstein": pa.float64(),
        "quad": pa.int8(),
        "source_quad": pa.int8(),
        "n": pa.int64(),
        "mentions": pa.int64(),
        "source_organs": pa.uint8(),
        "target_organs": pa.uint8(),
        "actor": pa.string(),
        "summary": pa.string(),
        "reference": pa.string(),
    }
)
"""Columns of rows between two states; docs/schema/archive.md says what they hold."""
REJECTED_COLUMNS = pa.schema(
    {"file": pa.int32(), "line": pa.int64(), "reason": pa.string(), "row": pa.string()}
)
FILE_COLUMNS = pa.schema({"entry": pa.string()})
"""Columns of imported files: each as JSON, as in the catalogue."""


ASIDE = "set-aside"
"""Folder of an archive for files that a repair could not recognise."""


class SegmentWriter:
    """Write the rows of several files into segments of an archive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.segments: list[Segment] = []
        self.held = 0
        self._waiting: dict[str, list[pa.Table]] = {}

    def add(self, dataset: str, kept: pa.Table, months: Mapping[int, str]) -> None:
        """Add the kept rows of files by the month of their file; if that is '', of their dates."""
        rows = _as_rows(kept)
        named = pa.array(months.values()).take(
            pc.index_in(rows["file"], pa.array(months.keys(), pa.int32()))
        )
        month = pc.if_else(pc.equal(named, ""), pc.strftime(rows["date"], "%Y-%m"), named)
        for month_start in pc.unique(month).to_pylist():
            self._hold(
                f"{ROWS}/dataset={dataset}/month={month_start}",
                rows.filter(pc.equal(month, month_start)),
            )
        if self.held >= MAX_ROWS_OF_A_SEGMENT:
            self.write()

    def reject(self, dataset: str, file: int, run: FileRun) -> None:
        """Add the rejected rows of a file."""
        if run.rejected:
            lines, reasons, texts = zip(*run.rejected, strict=True)
            columns: dict[str, Any] = {
                "file": [file] * len(lines),
                "line": lines,
                "reason": reasons,
                "row": texts,
            }
            self._hold(f"{stored.REJECTED}/dataset={dataset}", pa.table(columns, REJECTED_COLUMNS))

    def write(self) -> None:
        """Write the rows that are held."""
        contents = {}
        for folder, tables in sorted(self._waiting.items()):
            keys = (
                ("pair", "date", "file", "line", "id")
                if folder.startswith(ROWS)
                else ("file", "line")
            )
            rows = pa.concat_tables(tables).sort_by([(key, "ascending") for key in keys])
            segment, content = _segment(folder, rows)
            contents[segment] = content
        _write(self.folder, contents)
        self.segments += contents
        self._waiting = {}
        self.held = 0

    def _hold(self, folder: str, rows: pa.Table) -> None:
        self._waiting.setdefault(folder, []).append(rows)
        self.held += rows.num_rows


def write_batch(
    catalogue: Catalogue, files: Sequence[Entry], segments: Sequence[Segment], next_file: int
) -> Catalogue:
    """Write the segment that names the files of a batch, and commit the batch.

    The catalogue can be rebuilt from it.
    """
    number = catalogue.batches[-1].number + 1 if catalogue.batches else 1
    written_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    stated = {"schema": stored.SCHEMA, "number": number, "at": written_at, "next_file": next_file}
    metadata = {
        BATCH: json.dumps(stated | {"segments": [segment._asdict() for segment in segments]})
    }
    entries = [entry.model_dump_json() for entry in files]
    table = pa.table({"entry": entries}, FILE_COLUMNS.with_metadata(metadata))
    file_segment, content = _segment(FILES, table)
    _write(catalogue.folder, {file_segment: content})
    return add_batch(
        catalogue, Batch(number, written_at, next_file, tuple(files), (*segments, file_segment))
    )


def read_batch(folder: Path, path: str) -> Batch | None:
    """Read the batch that a segment of imported files names.

    None if the file is no such segment, or damaged.
    """
    try:
        content = read_bytes(folder / path, MAX_SEGMENT)
        sha256 = digest(content)
        if Path(path).stem != sha256[:NAME_LENGTH]:
            return None
        table = pq.read_table(io.BytesIO(content))
        stated = json.loads(table.schema.metadata[BATCH])
        if stated["schema"] != stored.SCHEMA:
            return None
        files = tuple(map(Entry.model_validate_json, table["entry"].to_pylist()))
        segments = tuple(Segment(**fields) for fields in stated["segments"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    file_segment = Segment(path, len(content), sha256, table.num_rows)
    return Batch(
        stated["number"], stated["at"], stated["next_file"], files, (*segments, file_segment)
    )


def _segment(folder: str, rows: pa.Table) -> tuple[Segment, bytes]:
    """Return a segment and its content."""
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd", row_group_size=ROW_GROUP)
    content = buffer.getvalue()
    sha256 = digest(content)
    return Segment(
        f"{folder}/{sha256[:NAME_LENGTH]}.parquet", len(content), sha256, rows.num_rows
    ), content


def _write(folder: Path, contents: Mapping[Segment, bytes]) -> None:
    """Write segments, after the catalogue has noted that they are pending."""
    if contents:
        stored.add_pending(folder, [segment.path for segment in contents])
    for segment, content in contents.items():
        write_bytes(folder / segment.path, content, durable=True)


def _as_rows(kept: pa.Table) -> pa.Table:
    source = kept["source_state"]
    target = kept["target_state"]
    pair = pc.binary_join_element_wise(
        pc.min_element_wise(source, target), pc.max_element_wise(source, target), "-"
    )
    mentions = kept["mentions"]
    whole = pc.match_substring_regex(mentions, r"^\d{1,18}$")
    renamed: dict[str, Any] = {
        "file": kept["file"],
        "source": source,
        "target": target,
        "pair": pair,
        "goldstein": kept["value"],
        "source_quad": kept["given_quad"],
        "mentions": pc.fill_null(
            pc.if_else(whole, mentions, pa.scalar(None, mentions.type)).cast(pa.int64()), 0
        ),
    }
    names = ROW_COLUMNS.names
    return pa.table(
        {name: renamed[name] if name in renamed else kept[name] for name in names}
    ).cast(ROW_COLUMNS)


@contextmanager
def opened_for_import(folder: Path, before: Catalogue | None = None) -> Iterator[Catalogue]:
    """Keep other imports out of an archive, create it if need be, and read its catalogue."""
    with _alone(folder):
        if not os.path.lexists(folder / CATALOGUE):
            _require_fresh(folder)
            stored.create(folder)
        yield _without_pending(_unchanged(folder, before) or stored.read_catalogue(folder))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    check_writable(folder)
    with ExitStack() as stack:
        with writing(folder):
            make_folders(folder)
            stack.enter_context(locked(folder, required=True))
        yield


def _require_fresh(folder: Path) -> None:
    stored.segments_on_disk(folder)  # no part is a link
    if stored.holds_segments(folder):
        stored.load(folder)  # says that the catalogue is missing
    others = [
        path.name
        for path in folder.iterdir()
        if path.name not in PARTS and not path.name.startswith(".")
    ]
    if others:
        raise OutputError(
            f"{folder} is no archive, and holds something else ({min(others)!r:.60}). Choose "
            "another folder."
        )


def _unchanged(folder: Path, before: Catalogue | None) -> Catalogue | None:
    """Return the catalogue of this run with what is pending now; None if another run changed it."""
    if before is None:
        return None
    with stored.transaction(folder) as database:
        (number,) = database.execute("SELECT max(number) FROM batch").fetchone()
        pending = frozenset(path for (path,) in database.execute("SELECT path FROM pending"))
    same = number == (before.batches[-1].number if before.batches else None)
    return replace(before, pending=pending) if same else None


def _without_pending(catalogue: Catalogue) -> Catalogue:
    """Adopt the batches that a killed import had written to their end; remove what else it left."""
    if not catalogue.pending:
        return catalogue
    noted = {path for path in catalogue.pending if stored.SEGMENT.fullmatch(path)}
    catalogue = _adopt(catalogue, catalogue.pending)
    stored.segments_on_disk(catalogue.folder)  # no part is a link
    for noted_folder in {(catalogue.folder / path).parent for path in noted}:
        clear_leftovers(noted_folder)
    for path in noted - catalogue.paths:
        if not (catalogue.folder / path).is_dir():
            (catalogue.folder / path).unlink(missing_ok=True)
    with stored.transaction(catalogue.folder) as database:
        database.execute("DELETE FROM pending")
    return replace(catalogue, pending=frozenset())


def _adopt(catalogue: Catalogue, paths: Iterable[str]) -> Catalogue:
    """Commit the batches that segments of imported files name, unless their numbers are taken."""
    batches = [read_batch(catalogue.folder, path) for path in paths if path.startswith(f"{FILES}/")]
    for batch in sorted(filter(None, batches), key=lambda batch: (batch.number, batch.at)):
        numbers = {entry.file for present in catalogue.batches for entry in present.files}
        free = batch.number not in {present.number for present in catalogue.batches}
        if free and numbers.isdisjoint(entry.file for entry in batch.files):
            catalogue = add_batch(catalogue, batch)
    return catalogue


@dataclass(frozen=True, repr=False)
class Repaired(Displayed):
    """The result of a repair."""

    archive: Path
    adopted: tuple[str, ...]  # Names of the files that the catalogue names again
    set_aside: tuple[str, ...]  # Paths, in the folder `set-aside`, of what could not be recognised
    # Names of the files to import again, because segments with their rows are missing or damaged.
    damaged: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The result in words."""
        if not (self.adopted or self.set_aside or self.damaged):
            return "There was nothing to repair."
        words = [f"The catalogue names {count(len(self.adopted), 'file')} again."]
        if self.set_aside:
            words.append(
                f"Not recognised, and moved to {self.archive / ASIDE}: {join_some(self.set_aside)}."
            )
        if self.damaged:
            words.append(
                f"Import again, because their rows are lost or damaged: {join_some(self.damaged)}."
            )
        return " ".join(words)

    def summary(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {"schema": 1} | vars(self) | {"archive": str(self.archive)}

    def _card(self) -> Card:
        return Card(f"Repair of {self.archive}", (("files", self.sentence),))


@checked
def repair_archive(archive: str | Path) -> Repaired:
    """Make the catalogue of an archive name its segments again, and remove nothing.

    The segments say which files were imported in which batch. Whatever they do not name is moved
    into the folder ``set-aside`` of the archive, as is a catalogue that cannot be read.

    Parameters
    ----------
    archive : str or pathlib.Path
        Folder of the archive.

    Returns
    -------
    Repaired
        What was rebuilt, set aside and lost.

    Raises
    ------
    DataError
        If the folder is no archive, or a part of it is a link.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> from forecast import repair_archive
    >>> repair_archive("archive").sentence  # doctest: +SKIP
    'The catalogue names 167 files again.'
    """
    folder = Path(archive)
    if not folder.is_dir() or not (
        os.path.lexists(folder / CATALOGUE) or stored.holds_segments(folder)
    ):
        raise DataError(
            f"{folder} is no archive: it has neither {CATALOGUE} nor segments. Check the path."
        )
    with _alone(folder):
        on_disk = stored.segments_on_disk(folder)
        aside = list[str]()
        try:
            catalogue = stored.load(folder)
        except stored.NewerError:
            raise
        except DataError:
            aside += _set_aside(folder, [f"{CATALOGUE}{ending}" for ending in ("-wal", "-shm", "")])
            stored.create(folder)
            catalogue = stored.load(folder)
        listed = set(catalogue.entries)
        catalogue = _without_pending(_adopt(catalogue, on_disk - catalogue.paths))
        aside += _set_aside(folder, stored.unknown_segments(catalogue, on_disk))
        adopted = sorted(
            entry.name for key, entry in catalogue.entries.items() if key not in listed
        )
        damaged = {
            entry.name
            for batch in catalogue.batches
            if any(map(catalogue.fault, batch.segments))
            for entry in catalogue.current(batch)
        }
    return Repaired(folder, tuple(adopted), tuple(aside), tuple(sorted(damaged)))


def _set_aside(folder: Path, paths: Iterable[str]) -> list[str]:
    """Move files of an archive into its folder for what is not recognised, under free names."""
    moved = []
    for path in paths:
        if not os.path.lexists(folder / path):
            continue
        target = folder / ASIDE / path
        for above in [*reversed(target.relative_to(folder).parents)][1:]:
            if (folder / above).is_symlink() or (folder / above).is_junction():
                raise DataError(
                    f"{folder / above} is a link. Put a folder in its place, and repeat the repair."
                )
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            number = 1
            while os.path.lexists(target):
                number += 1
                target = folder / ASIDE / f"{path}.{number}"
            (folder / path).rename(target)
            sync_folder(target.parent)
        moved.append(target.relative_to(folder / ASIDE).as_posix())
    return moved
