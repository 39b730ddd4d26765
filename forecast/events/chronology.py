"""The embedded chronology: hand-coded events, one plain CSV a dyad."""

from collections.abc import Sequence
from pathlib import Path

from forecast.arguments import DYADS, PATH, checked
from forecast.errors import DataError
from forecast.events.dyads import dyad_code, find_dyad, in_order
from forecast.events.mapping import TableMapping
from forecast.events.raw import load_raw
from forecast.events.table import EventTable, combine
from forecast.events.tables import conform
from forecast.resources import data_folder

DATASET = "chronology"

# Only the empty cell is missing here: 'NA' could be somebody's summary.
_FIELDS = ("date", "source", "target", "actor", "cameo", "summary", "reference")
MAPPING = TableMapping(dataset=DATASET, columns={field: field for field in _FIELDS}, missing=("",))


@checked(folder=PATH, dyads=DYADS)
def read_chronology(folder: str | Path | None = None, dyads: Sequence[str] | None = None) -> EventTable:
    """Read the hand-coded chronology.

    An event of the chronology is taken to be known on its day. The `reference` of a row that was not looked up
    (`verified` other than ``yes``) begins with ``unchecked:``; it says where to look, and is no citation.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        A folder of files ``AAA-BBB.csv`` in the form of the embedded ones (docs/events.md), or one such file; the
        embedded ones without it.
    dyads : sequence of str, optional
        Which dyads to read; all by default.

    Returns
    -------
    EventTable

    Raises
    ------
    UnknownDyadError
        If a dyad has no file.
    DataError
        If there is no file, or one has no usable row.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> table = read_chronology(dyads=["CHN-USA"])
    >>> table.dyads, table.events["cameo"].iloc[0]
    (['USA-CHN'], '173')
    """
    paths = chronology_files(folder, dyads)
    return combine([_read_dyad(dyad, path) for dyad, path in paths.items()])


def _read_dyad(dyad: str, path: Path) -> EventTable:
    raw = load_raw(path, MAPPING)
    unchecked = raw.rows["verified"].str.strip() != "yes" if "verified" in raw.rows else None
    return conform(raw, MAPPING, only_dyad=dyad, unchecked=unchecked)


def chronology_files(folder: str | Path | None = None, dyads: Sequence[str] | None = None) -> dict[str, Path]:
    """Return the files of a chronology by dyad: those asked for, else all in the order of `dyads.csv`."""
    folder = Path(folder) if folder else data_folder() / "chronology"
    # A file is read itself: on its disk another may be called the same but for its case.
    paths = {path.stem: path for path in folder.glob("*.csv")} if not folder.is_file() else _one_file(folder)
    if not paths:
        raise DataError(f"{folder} holds no chronology: it needs files such as USA-CHN.csv.")
    order = in_order(paths)
    chosen = order if dyads is None else [find_dyad(dyad, order) for dyad in dyads]
    return {dyad: paths[dyad] for dyad in chosen}


def _one_file(path: Path) -> dict[str, Path]:
    states = path.stem.upper().split("-")
    if path.suffix != ".csv" or [len(state) for state in states] != [3, 3]:
        raise DataError(
            f"{path} is not named like a chronology file (USA-CHN.csv). Rename it, or describe it with a mapping."
        )
    return {dyad_code(*states): path}
