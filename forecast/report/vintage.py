"""What the data of a page are as of: what was known by a day, or what data that were compiled later date to it.

An archive of a feed says when each event became known. A chronology does not: its events count as known on their
dates, though somebody wrote them down years later and knew what came of them. A page says which of the two it rests on.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from forecast.events.dyads import compiled_in
from forecast.panel.record import last_known, vintaged
from forecast.wording import day

if TYPE_CHECKING:
    import xarray as xr

INDEX = "The index counts up to {until} as it was read, later revisions included."


def vintage(panel: "xr.Dataset", until: str = "") -> str:
    """Describe the data of a panel, up to its own day if no other is named."""
    until = until or day(last_known(panel))
    if "dataset" not in panel.coords:
        return INDEX.format(until=until)
    return vintage_of(map(str, panel["dataset"].to_numpy()), vintaged(panel), until)


def vintage_of(datasets: Iterable[str], known: Collection[str], until: str) -> str:
    """Describe datasets, of which those in `known` say when each event became known."""
    return " ".join(_sentence(name, until, vintaged=name in known) for name in datasets)


def _sentence(dataset: str, until: str, *, vintaged: bool) -> str:
    if vintaged:
        return f"Of the {dataset} data only what was known by {until} counts."
    year = compiled_in(dataset)
    compiled = f", compiled in {year}," if year else ""
    return f"Events up to {until} count as the {dataset} data{compiled} date them, whenever each became known."
