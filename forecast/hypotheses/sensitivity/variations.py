"""Other ways of reading one record: codings, eras, and records with something left out, one change at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.clock import Clock
from forecast.model.break_fits import Places, with_breaks
from forecast.panel import panel_kind, recounted

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

SCALES = ("commitment", "goldstein")
OTHER = {"unit": {"happening": "row", "row": "happening"}, "frequency": {"month": "week", "week": "month"}}
WORDS = {
    "row": "joint acts counted by rows, once a side",
    "happening": "joint acts counted once",
    "week": "by weeks",
    "month": "by months",
}
SHIFT_MONTHS = 12


@dataclass(frozen=True)
class Variation:
    """A record read in another way."""

    change: str  # What is other, in words
    panel: xr.Dataset = field(repr=False)  # Of the one dyad
    note: str = ""  # More of it


def variations(candidates: "Candidates") -> Iterator[Variation]:
    """Read the record of candidates in every other way that it allows.

    Recounted: the other scale, unit and frequency, which need single events. Left out: one class, one dataset. Eras:
    none, and each a year earlier or later; eras that are not there keep their place in the model and never begin, so
    that models need not be compiled again.
    """
    yield from _counted_anew(candidates)
    panel = candidates.panel
    if panel_kind(panel).coded:
        yield from _left_out(panel)
    yield from _other_eras(panel)


def _counted_anew(candidates: "Candidates") -> Iterator[Variation]:
    from forecast.panel import build_panel

    if candidates.events is None:
        return
    attributes, events = candidates.panel.attrs, candidates.events
    changes: list[tuple[str, dict[str, Any]]] = [
        (f"scale {scale}", {"scale": scale}) for scale in SCALES if scale != attributes["scale"]
    ]
    for option, others in OTHER.items():
        other = others[attributes[option]]
        changes.append((WORDS[other], {option: other}))
    for words, change in changes:
        yield Variation(words, build_panel(events, dyads=[candidates.dyad], **{**candidates.panel_options, **change}))


def _left_out(panel: xr.Dataset) -> Iterator[Variation]:
    datasets = panel["dataset"].to_numpy()
    if len(datasets) > 1:
        for place, name in enumerate(datasets):
            others = panel.isel(dataset=np.arange(len(datasets)) != place)
            yield Variation(f"without the dataset {name}", recounted(others))
    for place, name in enumerate(panel["class_name"].to_numpy()):
        number = int(panel["counts"].isel({"class": place}).sum())
        if 0 < number < int(panel["counts"].sum()):
            kept = panel["counts"].where(panel["class"] != place, 0)
            less = recounted(panel.assign(counts=kept.transpose(*panel["counts"].dims).astype(panel["counts"].dtype)))
            yield Variation(f"without the class “{name}”", less, f"{number} of {int(panel['counts'].sum())} left out")


def _other_eras(panel: xr.Dataset) -> Iterator[Variation]:
    firsts = tuple(int(place) + 1 for place in np.flatnonzero(np.diff(panel["era_index"].to_numpy()[0])))
    if not firsts:
        return
    eras, shift = panel.sizes["era"], Clock.of(panel).periods(SHIFT_MONTHS)
    yield Variation("one era", with_breaks(panel, (), eras=eras))
    for words, way in (("eras a year earlier", -shift), ("eras a year later", shift)):
        yield Variation(words, with_breaks(panel, _shifted(firsts, way, panel.sizes["time"]), eras=eras))


def _shifted(firsts: Places, by: int, periods: int) -> Places:
    """Move first periods, but not out of the record."""
    return tuple(sorted({first + by for first in firsts if 0 < first + by < periods}))
