"""The panel of a fit at a later day, and how the two differ."""

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast.drivers.panel import has_drivers
from forecast.errors import DataError, SpecError
from forecast.events.added import additions_of
from forecast.events.codebook import read_scale
from forecast.events.table import EventTable, as_day
from forecast.panel import build_panel, panel_kind, validate_panel
from forecast.panel.record import last_known
from forecast.wording import count

if TYPE_CHECKING:
    from forecast.events.table import Day

# What has to be the same in both panels; what may grow, each with its name in messages.
SETTINGS = ("frequency", "scale", "unit", "zero_cut")
PARTS = {"dyad": "dyad", "dataset": "dataset", "direction": "direction", "class_name": "class", "era": "era"}
BY_HAND = "Build the later panel with the settings of the first (eras=, coverage=) and give it in place of the events"


def later_panel(panel: xr.Dataset, news: EventTable | xr.Dataset, as_of: "Day | None" = None) -> xr.Dataset:
    """Return the panel of a later day, built as the earlier one was."""
    if isinstance(news, xr.Dataset):
        if as_of is not None:
            raise SpecError("as_of: a panel has its own day; leave it out, or give a table of events")
        validate_panel(news)
        later = news
    else:
        _reject_past(panel, None if as_of is None else as_day(as_of, "as_of").date())
        later = _counted(panel, news, as_of)
    _reject_past(panel, last_known(later))
    return later


def _reject_past(panel: xr.Dataset, day: date | None) -> None:
    known = last_known(panel)
    if day is not None and day < known:
        raise SpecError(
            f"as_of: {day} is before {known}, up to which the fit knows the events, and it cannot forget them. "
            "Choose a later day, or fit the earlier panel again"
        )


def _counted(panel: xr.Dataset, table: EventTable, as_of: "Day | None") -> xr.Dataset:
    """Count a table of events as those of the panel were counted."""
    if not isinstance(table, EventTable):
        raise DataError(f"new events: got {type(table).__name__}; expected a table of events or a later panel")
    _require_additions(panel, table)
    try:
        read_scale(str(panel.attrs.get("scale")))
    except SpecError as error:
        raise DataError(f"new events: the fit was not made from coded events. {BY_HAND}") from error
    later = build_panel(
        table, dyads=panel["dyad"].to_numpy().tolist(), start=str(panel["time"].to_numpy()[0])[:10], as_of=as_of,
        frequency=panel.attrs["frequency"], scale=panel.attrs["scale"], unit=panel.attrs["unit"],
        directed=panel.sizes["direction"] > 1,
    )  # fmt: skip
    _reject_part(panel, later)
    return later


def _require_additions(panel: xr.Dataset, table: EventTable) -> None:
    """Reject a table without the events that were added to the one of the earlier panel: they would be forgotten."""
    given = {one.file for one in table.additions}
    for one in additions_of(panel.attrs):
        if one.file not in given:
            raise DataError(
                f"new events: the fit was made with {count(len(one.events), 'event')} of {one.file} added to "
                f"{one.dataset}, which are not given now. Add that file again, as it is or corrected, beside what is "
                "new (add_events; --add)"
            )


def _reject_part(panel: xr.Dataset, later: xr.Dataset) -> None:
    """Reject a table of the new events alone, and one that is counted by another coverage."""
    periods = min(panel.sizes["time"], later.sizes["time"])
    for dyad in panel["dyad"].to_numpy():
        first, again = (
            one["counts"].sel(dyad=dyad).any(("dataset", "direction", "class")).to_numpy().argmax()
            for one in (panel, later)
        )
        if again > first:
            start = str(later["time"].to_numpy()[again])[:10]
            raise DataError(
                f"new events: of {dyad} there is nothing before {start}, and the fit knows earlier events. Give all "
                "events up to the new day, not the new ones alone"
            )
    same = [name for name in panel["dataset"].to_numpy() if name in later["dataset"].to_numpy()]
    before, now = (one["covered"].sel(dataset=same).isel(time=slice(periods)).to_numpy() for one in (panel, later))
    if (before & ~now).any():
        raise DataError(f"new events: periods that were covered in the fit's panel are not any more. {BY_HAND}")


def unforeseen(panel: xr.Dataset, later: xr.Dataset) -> str:
    """Describe what a later panel has that a fit to the earlier one has no parameter for; empty if nothing."""
    kinds = [panel_kind(one).name for one in (panel, later)]
    if kinds[0] != kinds[1]:
        raise DataError(f"new events: panels of the kinds {kinds[0]} and {kinds[1]} do not continue each other")
    for name in SETTINGS:
        now, then = later.attrs.get(name), panel.attrs.get(name)
        if now != then:
            raise DataError(f"new events: {name} is {now!r}, in the fit's panel {then!r}. {BY_HAND}")
    if has_drivers(panel) and not has_drivers(later):
        raise DataError(
            f"new events: the fit has drivers, and the later panel has none. {BY_HAND}, drivers added to it"
        )
    periods = panel.sizes["time"]
    if not np.array_equal(panel["time"].to_numpy(), later["time"].to_numpy()[:periods]):
        first, last = (str(panel["time"].to_numpy()[place])[:10] for place in (0, -1))
        raise DataError(
            f"new events: the later panel does not have all periods of the fit's, from {first} to {last}. {BY_HAND}"
        )
    for part, word in PARTS.items():
        before, now = ([str(x) for x in one[part].to_numpy()] if part in one.coords else [] for one in (panel, later))
        gone, added = ([x for x in some if x not in others] for some, others in ((before, now), (now, before)))
        if gone:
            raise DataError(f"new events: the fit has the {word} {gone[0]!r}, which is missing here. {BY_HAND}")
        if added:
            return f"there is a new {word}, {added[0]}"
        if before != now:
            raise DataError(f"new events: the {word}s are in another order than in the fit's panel. {BY_HAND}")
    if not np.array_equal(panel["era_index"].to_numpy(), later["era_index"].to_numpy()[:, :periods]):
        return "an era begins at another time than in the fit's panel"
    return "the fit has drivers, whose push an update does not carry on" if has_drivers(panel) else ""
