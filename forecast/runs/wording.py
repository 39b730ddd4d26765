"""Sentences on the data and the fit of a report that a reader has to know."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.dates import Clock, months_between
from forecast.base.wording import day, month, sentences
from forecast.data.events import describe_additions
from forecast.data.events.additions import additions_of
from forecast.data.panel.record import last_known, observed_periods, partly_known
from forecast.data.records import Records

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model import Fit


TEMPLATE = Path(__file__).with_name("sentences.j2")


def words_of(name: str, **values: Any) -> tuple[str, ...]:
    """Return the sentences of a macro of sentences.j2."""
    return tuple(sentences(TEMPLATE, name, **values))


def describe_added(records: Records, fit: "Fit") -> tuple[str, ...]:
    """Describe the events added to the data, and how many of them are in a fit."""
    if records.events is None:
        return ()
    added = sum(len(addition.events) for addition in records.events.additions)
    counted = sum(len(addition.events) for addition in additions_of(fit.panel.attrs))
    sentences = describe_additions(records.events)
    if added == counted:
        return (*sentences,)
    as_of = last_known(fit.panel)
    return (*sentences, *words_of("added", given=added, counted=counted, day=as_of))


def describe_end(panel: "xr.Dataset", dyad: str, as_of: date) -> tuple[str, ...]:
    """Describe a record that ends long before a day, or whose last month is incomplete."""
    import numpy as np

    last = (
        panel["time"]
        .to_numpy()[np.flatnonzero(observed_periods(panel, dyad))[-1]]
        .astype("datetime64[D]")
        .item()
    )
    clock = Clock.of(panel)
    known_to = partly_known(panel, dyad)
    return words_of(
        "end",
        dyad=dyad,
        last=month(last),
        day=as_of,
        behind=months_between(last, as_of),
        known=known_to and day(known_to),
        unit=clock.unit,
        ahead=day(clock.last_day() + timedelta(days=1)),
    )


def describe_update(fit: "Fit") -> tuple[str, ...]:
    """Describe how a saved fit came to its new day."""
    sizes = fit.posterior.sizes
    return words_of(
        "update",
        last=fit.updates[-1] if fit.updates else None,
        draws=sizes["chain"] * sizes["draw"],
        day=last_known(fit.panel),
        reason=fit.provenance.get("refitted", {}).get("reason"),
    )
