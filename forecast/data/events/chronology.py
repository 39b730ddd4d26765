"""The embedded chronology: one CSV file per dyad, its editions and its files."""

import functools
from collections.abc import Sequence
from pathlib import Path

from forecast.base.arguments import checked
from forecast.base.errors import DataError
from forecast.base.resources import data_folder
from forecast.base.typing import Dyad
from forecast.data.events.codebook import read_small_csv
from forecast.data.events.dyads import dyad_code, find_dyad, in_order
from forecast.data.events.mapping import PrescribedForm, load_raw
from forecast.data.events.table import EventTable, combine
from forecast.data.events.tables import conform

COLUMNS = (
    "date",
    "precision",
    "source",
    "target",
    "actor",
    "cameo",
    "summary",
    "reference",
    "verified",
    "known_at",
)
"""Columns of the files of the chronology; all but `precision` and `verified` are fields of
events."""
MAPPING = PrescribedForm(
    dataset="chronology",
    columns={name: name for name in COLUMNS if name not in ("precision", "verified")},
    missing=("",),  # only the empty cell: 'NA' could be somebody's summary
    known_at_empty="date",
)


@checked
def read_chronology(
    folder: str | Path | None = None, dyads: Sequence[Dyad] | None = None
) -> EventTable:
    """Read the hand-coded chronology.

    An event of the chronology is taken to be known on its day, a secret one from its `known_at`.
    The `reference` of a row that was not looked up (`verified` other than ``yes``) begins with
    ``unchecked:``; it says where to look, and is no citation.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        A folder of files ``AAA-BBB.csv`` in the form of the embedded ones (docs/events.md), or one
        such file; the embedded ones without it.
    dyads : sequence of str, optional
        Which dyads to read; all by default.

    Returns
    -------
    EventTable
        One row per event and direction, sorted by date; dates are days, `goldstein` -10 to 10.

    Raises
    ------
    UnknownDyadError
        If a dyad has no file.
    DataError
        If there is no file, or one has no usable row.

    Examples
    --------
    >>> from forecast.data.events import read_chronology
    >>> table = read_chronology(dyads=["CHN-USA"])
    >>> table.dyads, table.events["cameo"].iloc[0]
    (['USA-CHN'], '173')
    """
    files = chronology_files(folder, dyads)
    return combine([_read_dyad(dyad, path) for dyad, path in files.items()])


def _read_dyad(dyad: str, path: Path) -> EventTable:
    raw = load_raw(path, MAPPING)
    mapping = MAPPING
    if "known_at" not in raw.rows:  # a file of one's own need not have the column
        columns = {name: column for name, column in MAPPING.columns.items() if name != "known_at"}
        mapping = MAPPING.model_copy(update={"columns": columns})
    unchecked = raw.rows["verified"].str.strip() != "yes" if "verified" in raw.rows else None
    known_good = raw.sha256 in edition_digests()
    return conform(raw, mapping, only_dyad=dyad, unchecked=unchecked, known_good=known_good)


@functools.cache
def edition_digests() -> frozenset[str]:
    """Return the SHA-256 of each file of each edition, whose rows were checked when it was made."""
    table = read_small_csv(data_folder() / "editions.csv", ("file", "sha256"))
    return frozenset(table["sha256"])


def chronology_files(
    folder: str | Path | None = None, dyads: Sequence[str] | None = None
) -> dict[str, Path]:
    """Return the files of a chronology by dyad: of some dyads, or of all as in `dyads.csv`."""
    folder = Path(folder) if folder else data_folder() / "chronology"
    paths = {path.stem: path for path in folder.glob("*.csv")}
    # A file is read itself: on its disk another may have the same name but for its case.
    if folder.is_file():
        states = folder.stem.upper().split("-")
        if folder.suffix != ".csv" or [len(state) for state in states] != [3, 3]:
            raise DataError(
                f"{folder} is not named like a chronology file (USA-CHN.csv). Rename it, or "
                "describe it with a mapping."
            )
        paths = {dyad_code(*states): folder}
    if not paths:
        raise DataError(f"{folder} holds no chronology: it needs files such as USA-CHN.csv.")
    order = in_order(paths)
    chosen = order if dyads is None else [find_dyad(dyad, order) for dyad in dyads]
    return {dyad: paths[dyad] for dyad in chosen}
