"""The panel of a later day: built as the earlier one, and checked for what an update cannot do."""

from datetime import date

import numpy as np
import xarray as xr

from forecast.base.dates import Day
from forecast.base.errors import DataError, SpecError
from forecast.base.wording import count
from forecast.data.drivers import has_drivers
from forecast.data.events.additions import additions_of
from forecast.data.events.codebook import read_scale
from forecast.data.events.table import EventTable, as_day
from forecast.data.panel import build_panel, panel_kind, validate_panel
from forecast.data.panel.kinds import coordinate_names
from forecast.data.panel.record import last_known

# Attributes that must be the same in both panels
SETTINGS = ("frequency", "scale", "unit", "zero_cut")
# Coordinates to which a later panel may add, each with its name in messages.
PARTS = {
    "dyad": "dyad",
    "dataset": "dataset",
    "direction": "direction",
    "class_name": "class",
    "era": "era",
}
# What to do where a later panel cannot be counted as the first was
BY_HAND = (
    "Build the later panel with the settings of the first (eras=, coverage=) and give it in place "
    "of the events"
)


def later_panel(
    panel: xr.Dataset, news: EventTable | xr.Dataset, as_of: Day | None = None
) -> xr.Dataset:
    """Return the panel of a later day, built as the earlier one was."""
    if not isinstance(news, xr.Dataset):
        if as_of is not None:
            _reject_past(panel, as_day(as_of, "as_of").date())
        news = _count_news(panel, news, as_of)
    elif as_of is not None:
        raise SpecError("as_of: a panel has its own day; leave it out, or give a table of events")
    else:
        validate_panel(news)
    _reject_past(panel, last_known(news))
    return news


def _reject_past(panel: xr.Dataset, day: date) -> None:
    last = last_known(panel)
    if day < last:
        raise SpecError(
            f"as_of: {day} is before {last}, up to which the fit knows the events, and it cannot "
            "forget them. Choose a later day, or fit the earlier panel again"
        )


def _count_news(panel: xr.Dataset, table: EventTable, as_of: Day | None) -> xr.Dataset:
    """Count a table of events as those of the panel were counted."""
    if not isinstance(table, EventTable):
        raise DataError(
            f"new events: got {type(table).__name__}; expected a table of events or a later panel"
        )
    given = {addition.file for addition in table.additions}
    for addition in additions_of(panel.attrs):
        if addition.file not in given:
            raise DataError(
                f"new events: the fit was made with {count(len(addition.events), 'event')} of "
                f"{addition.file} added to {addition.dataset}, which are not given now. Add that "
                "file again, as it is or corrected, with what is new (add_events; --add)"
            )
    try:
        read_scale(str(panel.attrs.get("scale")))
    except SpecError as error:
        raise DataError(f"new events: the fit was not made from coded events. {BY_HAND}") from error
    later = build_panel(
        table,
        dyads=panel["dyad"].to_numpy().tolist(),
        start=str(panel["time"].to_numpy()[0])[:10],
        as_of=as_of,
        frequency=panel.attrs["frequency"],
        scale=panel.attrs["scale"],
        unit=panel.attrs["unit"],
        directed=panel.sizes["direction"] > 1,
    )
    _reject_part(panel, later)
    return later


def _reject_part(panel: xr.Dataset, later: xr.Dataset) -> None:
    """Reject a table of the new events alone, and one that is counted by another coverage."""
    for dyad in panel["dyad"].to_numpy():
        first, again = (_first_period_with_events(each, dyad) for each in (panel, later))
        if again > first:
            start = str(later["time"].to_numpy()[again])[:10]
            raise DataError(
                f"new events: of {dyad} there is nothing before {start}, and the fit knows earlier "
                "events. Give all events up to the new day, not the new ones alone"
            )
    periods = min(panel.sizes["time"], later.sizes["time"])
    same = [name for name in panel["dataset"].to_numpy() if name in later["dataset"].to_numpy()]
    before, now = (
        each["covered"].sel(dataset=same).isel(time=slice(periods)).to_numpy()
        for each in (panel, later)
    )
    if (before & ~now).any():
        raise DataError(
            f"new events: periods that the fit's panel covers are not covered now. {BY_HAND}"
        )


def _first_period_with_events(panel: xr.Dataset, dyad: str) -> int:
    has_events = panel["counts"].sel(dyad=dyad).any(("dataset", "direction", "class"))
    return int(has_events.to_numpy().argmax())


def unforeseen(panel: xr.Dataset, later: xr.Dataset) -> str:
    """Describe what of a later panel the fit knows nothing of, so that it has to be sampled again.

    Empty if there is nothing. A later panel that does not continue the fit's is rejected.
    """
    _reject_other_settings(panel, later)
    periods = panel.sizes["time"]
    for part, word in PARTS.items():
        names_before, names_now = (coordinate_names(each, part) for each in (panel, later))
        gone = [name for name in names_before if name not in names_now]
        added = [name for name in names_now if name not in names_before]
        if gone:
            raise DataError(
                f"new events: the fit has the {word} {gone[0]!r}, which is missing here. {BY_HAND}"
            )
        if added:
            return f"there is a new {word}, {added[0]}"
        if names_before != names_now:
            raise DataError(
                f"new events: the {word}s are in another order than in the fit's panel. {BY_HAND}"
            )
    eras_before, eras_now = (each["era_index"].to_numpy()[:, :periods] for each in (panel, later))
    if not np.array_equal(eras_before, eras_now):
        return "an era begins at another time than in the fit's panel"
    if has_drivers(panel):
        return "the fit has drivers, whose push an update does not carry on"
    return ""


def _reject_other_settings(panel: xr.Dataset, later: xr.Dataset) -> None:
    """Reject a later panel of another kind, with other settings or other periods."""
    kinds = [panel_kind(each).name for each in (panel, later)]
    if kinds[0] != kinds[1]:
        raise DataError(
            f"new events: panels of the kinds {kinds[0]} and {kinds[1]} do not continue each other"
        )
    for name in SETTINGS:
        now, then = later.attrs.get(name), panel.attrs.get(name)
        if now != then:
            raise DataError(
                f"new events: {name} is {now!r}, in the fit's panel {then!r}. {BY_HAND}"
            )
    if has_drivers(panel) and not has_drivers(later):
        raise DataError(
            f"new events: the fit has drivers, and the later panel has none. {BY_HAND}, drivers "
            "added to it"
        )
    times = panel["time"].to_numpy()
    if not np.array_equal(times, later["time"].to_numpy()[: len(times)]):
        first, last = (str(times[end])[:10] for end in (0, -1))
        raise DataError(
            f"new events: the later panel does not have all periods of the fit's, from {first} to "
            f"{last}. {BY_HAND}"
        )
