"""The data of a run: where they come from, the panel made of them, and a digest that any change of them changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from forecast.dates import month_end, refuse_future
from forecast.files import digest
from forecast.record import last_even_day
from forecast.resources import data_folder

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events import EventTable

Frequency = Literal["month", "week"]
Kind = Literal["chronology", "events", "counts", "index"]
TABLES = ("eras.csv", "coverage.csv", "codebook/cameo.csv", "codebook/classes.csv", "codebook/scales.csv")
"""Of `data/`, the tables that decide how events are counted."""


class Source(BaseModel):
    """Where the data come from.

    Attributes
    ----------
    kind : {"chronology", "events", "counts", "index"}
        The embedded chronology or a folder like it; or a table of events, of counts or of an index.
    path, mapping : str, optional
        The folder or table, and the file that says where the table's fields stand.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Kind = "chronology"
    path: str | None = None
    mapping: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind != "chronology" and not (self.path and self.mapping):
            raise ValueError(f"{self.kind} need a path and a mapping; give both")
        if self.kind == "chronology" and self.mapping:
            raise ValueError("a chronology needs no mapping; leave it out, or name another kind")
        return self


@dataclass(frozen=True)
class Data:
    """The data of a run.

    Attributes
    ----------
    dyad : str
        Its code as the data have it.
    as_of : datetime.date
        Nothing known later is in the panel.
    panel : xarray.Dataset
        Of the dyad alone.
    table : EventTable or None
        The events; none of counts and indices.
    digest : str
        SHA-256 of all that the panel holds.
    files : dict
        SHA-256 of each file that was read, by name.
    """

    dyad: str
    as_of: date
    panel: "xr.Dataset"
    table: "EventTable | None"
    digest: str
    files: dict[str, str]

    @property
    def deep(self) -> bool:
        """Whether they tell at least two classes of cooperation, without which nothing is said of depth."""
        return "counts" in self.panel and self.panel.sizes["class"] - int(self.panel.attrs["zero_cut"]) > 1

    @property
    def offers(self) -> Literal["panel", "classes", "events", "dyads"]:
        """The most that a test can ask of these data (`forecast.hypotheses.registry.OFFERS`)."""
        if self.table is None:
            return "classes" if self.deep else "panel"
        return "dyads" if len(self.table.dyads) > 1 else "events"


def gather(
    source: Source,
    dyad: str,
    *,
    as_of: date | None = None,
    frequency: Frequency = "month",
    scale: str = "commitment",
    unit: Literal["happening", "row"] = "happening",
    others: bool = True,
) -> Data:
    """Read the data and count them into the panel of a dyad.

    Parameters
    ----------
    source : Source
    dyad : str
        In either order and any case.
    as_of : datetime.date, optional
        By default the last day to which the record is even; of counts and an index the end of their last period.
    frequency, scale, unit
        As for `build_panel`; of counts the table says them, of an index only the frequency counts.
    others : bool
        Whether the chronology's other dyads are read as well.

    Raises
    ------
    UnknownDyadError, DataError, MappingError, SpecError
        If the dyad, the file or the day makes no sense.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.hypotheses.source import Source, gather
    >>> data = gather(Source(), "chn-usa", as_of=date(2023, 10, 31))
    >>> data.dyad, data.panel.sizes["time"], sorted(data.files)[0]
    ('USA-CHN', 889, 'CHN-IND.csv')
    """
    if as_of is not None:
        refuse_future(as_of, "as-of")
    if source.kind == "counts":
        return _counts(source, dyad, as_of)
    if source.kind == "index":
        return _index(source, dyad, as_of, frequency)
    from forecast.panel import build_panel

    table, code = _events(source, dyad, others)
    day = as_of or last_even_day(table, code)
    panel = build_panel(table, dyads=[code], as_of=day, frequency=frequency, scale=scale, unit=unit)
    files = {file.name: file.sha256 for file in table.files} | _files(source, TABLES)
    return Data(code, day, panel, table, panel_digest(panel), files)


def _events(source: Source, dyad: str, others: bool) -> "tuple[EventTable, str]":
    from forecast.events import find_dyad, read_chronology, read_table
    from forecast.events.chronology import chronology_files

    if source.path and source.mapping:
        table = read_table(source.path, source.mapping)
        return table, find_dyad(dyad, table.dyads)
    code = find_dyad(dyad, chronology_files(source.path))
    return read_chronology(source.path, dyads=None if others else [code]), code


def _counts(source: Source, dyad: str, as_of: date | None) -> Data:
    from forecast.events import find_dyad, read_counts
    from forecast.panel import build_counts_panel

    table = read_counts(str(source.path), str(source.mapping))
    code = find_dyad(dyad, table.counts["dyad"].unique())
    day = as_of or table.counts.loc[table.counts["dyad"] == code, "known_at"].max().date()
    panel = build_counts_panel(table, dyads=[code], as_of=day)
    return Data(code, day, panel, None, panel_digest(panel), _files(source, ["eras.csv"]))


def _index(source: Source, dyad: str, as_of: date | None, frequency: Frequency) -> Data:
    from forecast.events import find_dyad, read_index
    from forecast.panel import build_index_panel

    table = read_index(str(source.path), str(source.mapping)).dropna(subset="value")
    code = find_dyad(dyad, table["dyad"].unique())
    day = as_of or month_end(table.loc[table["dyad"] == code, "time"].max().date())
    panel = build_index_panel(table, dyads=[code], as_of=day, frequency=frequency)
    return Data(code, day, panel, None, panel_digest(panel), _files(source, ["eras.csv"]))


def panel_digest(panel: "xr.Dataset") -> str:
    """Return the SHA-256 of all that a panel holds, the same on every machine and version.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.hypotheses.source import panel_digest
    >>> from forecast.panel import build_panel
    >>> panel = build_panel(read_chronology(), dyads=["USA-CHN"], as_of="2023-10")
    >>> panel_digest(panel) == panel_digest(panel.copy(deep=True))
    True
    """
    parts = [f"{name}={panel.attrs[name]}".encode() for name in sorted(panel.attrs)]
    for name in sorted(str(name) for name in panel.variables):
        values = panel[name].to_numpy()
        parts.append(f"{name} {panel[name].dims} {values.shape}".encode())
        parts.append(_bytes(values))
    return digest(b"\0".join(parts))


def _bytes(values: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    if values.dtype.kind in "OUT":
        return "\0".join(map(str, values.ravel())).encode()
    if values.dtype.kind == "M":
        values = values.astype("datetime64[s]").astype(np.int64)
    return values.astype("<f8" if values.dtype.kind == "f" else "<i8").tobytes()


def _files(source: Source, tables: Sequence[str]) -> dict[str, str]:
    """Digest the files beside the events: tables of `data/`, and what the user has named."""
    folder = data_folder()
    named = [Path(path) for path in (source.path, source.mapping) if path and Path(path).is_file()]
    paths = {f"data/{name}": folder / name for name in tables} | {path.name: path for path in named}
    return {name: digest(path.read_bytes()) for name, path in paths.items()}
