"""Observed shares of a panel's dyad by period and year, and its events by class."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.typing import Bool, Dyad, Float, Index
from forecast.data.panel.kinds import Panel, panel_kind
from forecast.data.panel.record import observed_periods

if TYPE_CHECKING:
    import xarray as xr

# events of a year, or of the window of a month's share; with fewer it is thin, and drawn pale: one
# event moves the share by 20 points or more
MIN_EVENTS_NOT_THIN = 5


def observed_shares(panel: "xr.Dataset", dyad: str, dataset: int | None = None) -> "xr.Dataset":
    """Return a dyad's observed cooperative `share` (time), 0 to 100, and number of `events`.

    They are those of one dataset, given by its position, or of all datasets together. Periods
    without events are left out: of an index, all.
    """
    import xarray as xr

    if not panel_kind(panel).coded:
        return xr.Dataset(
            {"share": ("time", np.empty(0)), "events": ("time", np.empty(0, dtype=int))}
        )
    some = panel["counts"] if dataset is None else panel["counts"].isel(dataset=[dataset])
    counts = some.sel(dyad=dyad).sum(["dataset", "direction"])
    events = counts.sum("class")
    cooperative = counts.isel({"class": slice(int(panel.attrs["zero_cut"]), None)}).sum("class")
    share = (100 * cooperative / events.where(events > 0)).assign_attrs(units="percent")
    return xr.Dataset({"share": share, "events": events}).isel(time=(events > 0).to_numpy())


@checked
def observed_years(panel: Panel, dyad: Dyad) -> pd.DataFrame:
    """Return a dyad's observed cooperative share by calendar year, and whether the year is thin.

    Parameters
    ----------
    panel : xarray.Dataset
        Of events or counts.
    dyad : str
        Which dyad.

    Returns
    -------
    pandas.DataFrame
        Index `year`, of all with a covered period; columns `events` (all datasets together),
        `share` (0 to 100; NaN without an event) and `thin` (fewer than five events). Of an index it
        is empty.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.data.panel import observed_years
    >>> years = observed_years(build_panel(read_chronology(dyads=["EGY-ISR"])), "EGY-ISR")
    >>> bool(years.loc[1963, "thin"]), bool(years.loc[1979, "thin"])
    (True, False)
    """
    if not panel_kind(panel).coded:
        columns = {"events": "int64", "share": "float64", "thin": "bool"}
        return pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in columns.items()}
        ).rename_axis("year")
    counts = (
        panel["counts"]
        .sel(dyad=dyad)
        .sum(["dataset", "direction"])
        .transpose("time", "class")
        .to_numpy()
    )
    year = panel["time"].dt.year.to_numpy()
    cooperative = counts[:, int(panel.attrs["zero_cut"]) :].sum(axis=1)
    periods = pd.DataFrame({"year": year, "events": counts.sum(axis=1), "cooperative": cooperative})
    years = periods[observed_periods(panel, dyad)].groupby("year").sum()
    events = years["events"]
    share = 100 * years["cooperative"] / events.where(events > 0)
    return pd.DataFrame({"events": events, "share": share, "thin": events < MIN_EVENTS_NOT_THIN})


def by_class(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> tuple[Index, Bool]:
    """Return a dyad's events by class in a dataset, (time, class), and its coverage, (time,)."""
    dyad_panel = panel.sel(dyad=dyad).isel(dataset=dataset)
    counts = (
        dyad_panel["counts"].sum("direction").transpose("time", "class").to_numpy().astype(np.int64)
    )
    return counts, dyad_panel["covered"].to_numpy()


def goldstein_sums(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> Float | None:
    """Return the sums of the Goldstein scores of a dyad's events, (time, class).

    None if the panel holds none.
    """
    if "goldstein" not in panel:
        return None
    sums = panel["goldstein"].sel(dyad=dyad).isel(dataset=dataset).sum("direction")
    return np.asarray(sums.transpose("time", "class").to_numpy())
