"""Data of a run of tests: the panel of one dyad, and a digest of the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from forecast.arguments import DATE, DYAD, DYADS, FLAG, FREQUENCY, SOURCE, TEXT, UNIT, checked
from forecast.files import digest
from forecast.panel import describe_panel, panel_kind
from forecast.sources.records import Counting, Frequency, Unit, wanted_together
from forecast.sources.source import Source, open_source
from forecast.wording import Card, Displayed, join_some

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events import EventTable


@dataclass(frozen=True, repr=False)
class Data(Displayed):
    """The data of a run."""

    dyad: str  # Its code as the data have it
    as_of: date  # Nothing known later is in the panel
    panel: "xr.Dataset"  # Of the dyad alone
    table: "EventTable | None"  # The events; none of counts and indices
    digest: str  # SHA-256 of all that the panel holds
    files: dict[str, str]  # SHA-256 of each file that was read, by name
    hierarchy: tuple[str, ...]  # The dyads that are fitted together where a claim is about several, this one among them

    def _card(self) -> Card:
        facts = describe_panel(self.panel).facts
        return Card(f"Data of {self.dyad} as of {self.as_of}", (*facts, ("files", join_some(list(self.files)))))

    @property
    def deep(self) -> bool:
        """Return whether the panel has at least two classes of cooperation, without which depth cannot be estimated."""
        return panel_kind(self.panel).cooperative_classes(self.panel) > 1

    @property
    def offers(self) -> Literal["panel", "classes", "events", "dyads"]:
        """The most that a test can ask of these data (`forecast.hypotheses.registry.OFFERS`)."""
        if self.table is None:
            return "classes" if self.deep else "panel"
        return "dyads" if len(self.hierarchy) > 1 else "events"


@checked(source=SOURCE, dyad=DYAD, as_of=DATE, frequency=FREQUENCY, scale=TEXT, unit=UNIT, others=FLAG, hierarchy=DYADS)
def gather(
    source: Source,
    dyad: str,
    *,
    as_of: date | None = None,
    frequency: Frequency = "month",
    scale: str = "commitment",
    unit: Unit = "happening",
    others: bool = True,
    hierarchy: Sequence[str] | None = None,
) -> Data:
    """Read the data and count them into the panel of a dyad.

    Parameters
    ----------
    source : Source
    dyad : str
        In either order and any case.
    as_of : datetime.date, optional
        By default the coverage end of the dyad: of counts and an index the end of their last period. Of an archive it
        is then the latest editions that are read (`Source.latest`).
    frequency, scale, unit
        As for `build_panel`; of counts the table says them, of an index only the frequency counts.
    others : bool
        Whether the chronology's other dyads are read as well.
    hierarchy : sequence of str, optional
        The dyads that claims about several dyads fit together with this one; by default those of
        `forecast.events.hierarchy`.

    Raises
    ------
    UnknownDyadError, DataError, MappingError, SpecError
        If the dyad, the file or the day makes no sense.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.sources import Source, gather
    >>> data = gather(Source(), "chn-usa", as_of=date(2023, 10, 31))
    >>> data.dyad, data.panel.sizes["time"], sorted(data.files)[0]
    ('USA-CHN', 889, 'CHN-IND.csv')
    """
    only, together = None if others else dyad, wanted_together([dyad], hierarchy)
    records = open_source(source, only, as_of, together)
    code = records.find(dyad)
    day = as_of or records.last_day(code)
    if as_of is None and source.latest != source:  # read once more as it can be read again on that day
        records = open_source(source.latest, only, day, together)
    panel = records.panel([code], day, Counting(frequency, scale, unit))
    fitted = records.hierarchy(code, day, hierarchy) if others and records.events else [code]
    files = records.digests_of(fitted)
    return Data(code, day, panel, records.events, panel_digest(panel), files, tuple(fitted))


def panel_digest(panel: "xr.Dataset") -> str:
    """Return the SHA-256 of all that a panel holds, the same on every machine and version."""
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
