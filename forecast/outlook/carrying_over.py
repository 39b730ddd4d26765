"""Earlier fit, updated with what became known since: with new events, then with late ones.

Its forecasts tell what the news did from what another model does (`comparison`).
"""

from dataclasses import dataclass

import xarray as xr

from forecast.base.dates import Clock
from forecast.base.digests import digest
from forecast.base.errors import DataError, NotUpdatable
from forecast.base.progress import Progress, silent
from forecast.data.panel import panel_kind, recounted
from forecast.data.panel.record import last_known
from forecast.model import Fit, update

EVENTS = "new events"
"""Part of a change: what was recorded since."""
REVISED = "late or revised data"
"""Part of a change: what became known since about the months before."""


@dataclass(frozen=True)
class CarriedOver:
    """An earlier fit with what became known since, the same for all its dyads."""

    # Part, the fit with it and all before (None if it brings nothing new), and how that came about
    fits: tuple[tuple[str, Fit | None, str], ...]
    reason: str = ""  # Why there are none


def carry_over(
    old: Fit, new: Fit, *, seed: int = 1, refit: bool = False, progress: Progress | None = None
) -> CarriedOver:
    """Update the earlier fit with new events and then with late ones.

    Return nothing, and why, if that is not valid.
    """
    report = progress or silent
    fits: list[tuple[str, Fit | None, str]] = []
    refitted_before = old.provenance.get("refitted")
    last_panel = None
    try:
        for name, panel in ((EVENTS, _with_news(old.panel, new.panel)), (REVISED, new.panel)):
            report(f"updating the earlier fit: {name}", 0, 0)
            if last_panel is not None and not panel_kind(panel).news(last_panel, panel).any():
                fits.append((name, None, ""))
                continue
            if last_panel is None and _sampled_from(new, old, panel):
                fit = new
            else:
                fit = update(old, panel, refit=refit, seed=seed)
            last_panel = panel
            refitted = fit.provenance.get("refitted")
            note = ""
            if refitted and refitted != refitted_before:
                note = f"Fitted again: {refitted['reason']}."
            fits.append((name, fit, note))
    except (NotUpdatable, DataError) as error:
        return CarriedOver((), str(error))
    return CarriedOver(tuple(fits))


def _sampled_from(new: Fit, old: Fit, panel: xr.Dataset) -> bool:
    """Return whether the later fit is the earlier model, sampled again on its day.

    That is so where an update did not hold. Then it is what fitting again would give.
    """
    refitted = new.provenance.get("refitted")
    if refitted is None or refitted["from"] != last_known(old.panel).isoformat() or new.updates:
        return False
    same_model = new.spec.to_dict() == old.spec.to_dict() and new.dyads == old.dyads
    return same_model and not bool(panel_kind(panel).news(panel, new.panel).any())


def _with_news(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return the later panel with the earlier one's counts of the months that this knew whole."""
    kind = panel_kind(new)
    shapes = [[panel.sizes[dim] for dim in kind.dims if dim != "time"] for panel in (old, new)]
    if shapes[0] != shapes[1]:
        return new  # other dyads, datasets or classes: no update either
    clock = Clock.of(old)
    months_known = len(clock.times) - (last_known(old) < clock.last_day())

    def joined(name: str) -> xr.DataArray:
        """Return the values of the later panel, and before those of the earlier one."""
        values = new[name].transpose(*kind.dims)
        joined_values = values.to_numpy().copy()
        earlier = old[name].transpose(*kind.dims).to_numpy()
        joined_values[:, :months_known] = earlier[:, :months_known]
        return values.copy(data=joined_values)

    # Sums of scores are those of the events that are counted.
    changed = {
        name: joined(name) for name in (kind.values, "goldstein") if name in old and name in new
    }
    edition = digest(changed[kind.values].to_numpy().tobytes())
    in_order = {name: values.transpose(*new[name].dims) for name, values in changed.items()}
    return recounted(new.assign(in_order).assign_attrs(digest=edition))
