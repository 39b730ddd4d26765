"""Figure of the underlying level of a dyad, and of its simulations."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from forecast.base import wording
from forecast.base.arguments import checked
from forecast.base.errors import SpecError
from forecast.base.typing import Dyad, Float
from forecast.data.panel.shares import observed_shares
from forecast.outlook import Assessment, EquilibriumBand, NotDefined, main_dataset
from forecast.outlook.draws import FitLike, dyad_draws, quantiles_over_draws
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVENTS_OF_DOTS = (
    3,
    30,
)  # Dots grow with their events between these two; beyond them they hide others
# Lengths of dashes and gaps, in line widths
DASHES_OF_50 = (4, 2)
DASHES_OF_90 = (1, 1.5)


@checked
def plot_level(
    data: "FitLike | xr.Dataset",
    *,
    dyad: Dyad | None = None,
    ahead: "Assessment | None" = None,
    since: date | None = None,
    ci_prob: float | Sequence[float] = (0.5, 0.9),
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the underlying level of a dyad, and what an outlook simulates of it.

    Parameters
    ----------
    data : Fit or xarray.Dataset
        A fit, whose observed shares are drawn as dots, larger with more events; or
        `forecast.outlook.level_record`.
    dyad : str, optional
        Which dyad of the fit; not needed if there is only one.
    ahead : Assessment, optional
        The dyad's outlook: simulations, what would be observed of a period in them, and the
        equilibrium band.
    since : datetime.date, optional
        Where the level begins; by default with the panel.
    ci_prob : float or sequence of float
        Probabilities of the intervals; of an outlook, and of a `level_record`, 0.5 and 0.9 are
        stored.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the median, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from forecast import plots
    >>> time = np.arange("2020-01", "2021-01", dtype="datetime64[M]").astype("datetime64[ns]")
    >>> share = np.linspace(20, 60, 5)[:, None] + np.arange(12)
    >>> places = {"quantile": [0.05, 0.25, 0.5, 0.75, 0.95], "time": time}
    >>> record = xr.Dataset({"share": (("quantile", "time"), share)}, places)
    >>> plots.plot_level(record, ci_prob=0.9).lines[0].get_ydata()[:3].tolist()
    [40.0, 41.0, 42.0]
    >>> plots.plot_level(fit, ahead=forecast.assess(fit, "USA-CHN"))  # doctest: +SKIP
    """
    if isinstance(data, xr.Dataset):
        level, seen = _stored_level(data, since, ci_prob), None
    else:
        dyad = style.only_dyad(data.panel, dyad)
        level = _fitted_level(data, dyad, since, ci_prob)
        seen = observed_shares(data.panel, dyad, main_dataset(data.panel, dyad))
    first, now = float(level.years[0]), float(level.years[-1])
    look = style.merged({"color": style.LEVEL, "label": "level"}, kwargs)
    on = style.axes(ax, figsize, 4.0)
    style.share_axis(on)
    style.time_axis(on, first, now)
    style.bands(on, level.years, level.quantiles, look)
    if ahead is not None:
        _draw_ahead(on, ahead, (first, now), ci_prob, look)
    if seen is not None:
        years = style.years_of(seen["time"].to_numpy(), weekly=level.weekly)
        areas = 2 * np.clip(seen["events"].to_numpy(), *EVENTS_OF_DOTS)
        style.observed_dots(on, years, seen["share"].to_numpy(), areas, first, label="observed")
    if ahead is not None and not isinstance(ahead.fan.observed, NotDefined):
        _draw_would_be_observed(on, now + ahead.fan.months / 12, ahead.fan.observed)
    return style.finished(on, ax)


class _Level(NamedTuple):
    """Quantiles of an underlying level by period, in percent."""

    years: Float  # Of the periods, with decimals
    quantiles: Float  # (quantile, period)
    weekly: bool


def _stored_level(
    record: xr.Dataset, since: date | None, ci_prob: float | Sequence[float]
) -> _Level:
    """Return the level of a `level_record`, with intervals that it holds."""
    if not {"share", "quantile", "time"} <= record.variables.keys():
        raise SpecError(
            "data: this Dataset holds no quantiles of a level; expected level_record(fit, dyad)"
        )
    times = record["time"].to_numpy().astype("datetime64[D]")
    recent = _periods_since(times, since)
    shares = record["share"].to_numpy()[:, recent]
    places = style.stored_places(record["quantile"].to_numpy().tolist(), ci_prob)
    return _level_of(times, recent, shares[places])


def _fitted_level(
    fit: FitLike, dyad: str, since: date | None, ci_prob: float | Sequence[float]
) -> _Level:
    """Return the level of a dyad, computed from the draws of a fit."""
    draws = dyad_draws(fit, dyad)
    times = draws.clock.times.astype("datetime64[D]")
    recent = _periods_since(times, since)
    levels = style.quantile_levels(ci_prob)
    return _level_of(times, recent, quantiles_over_draws(draws.share[..., recent], levels))


def _level_of(times: "np.ndarray[Any, Any]", recent: slice, quantiles: Float) -> _Level:
    """Return quantiles of recent periods with their years; periods a week apart are weeks."""
    weekly = len(times) > 1 and bool(times[1] - times[0] == np.timedelta64(7, "D"))
    return _Level(style.years_of(times[recent], weekly=weekly), quantiles, weekly)


def _periods_since(times: "np.ndarray[Any, Any]", since: date | None) -> slice:
    """Return the periods from a day on."""
    begin = 0 if since is None else int(np.searchsorted(times, np.datetime64(since)))
    if begin == len(times):
        raise SpecError(
            f"since: got {since}; expected a day up to {times[-1]}, when the last period begins"
        )
    return slice(begin, None)


def _draw_ahead(
    on: "Axes",
    result: Assessment,
    shown: tuple[float, float],
    ci_prob: float | Sequence[float],
    look: dict[str, Any],
) -> None:
    """Draw the simulations of an outlook after its past, the years that are shown.

    The band of its equilibrium is drawn too.
    """
    first, now = shown
    ahead = now + np.asarray(result.fan.months) / 12
    style.time_axis(on, first, float(ahead[-1]))
    on.axvspan(now, on.get_xlim()[1], color=style.SHADE, linewidth=0, zorder=0)
    on.axvline(now, color=style.MUTED, linewidth=0.8)
    until = wording.period(result.origin, weekly=result.weekly)
    for text, side, across in ((f"to {until}", "right", -4), ("simulations", "left", 4)):
        style.note(on, text, (now, 100), (across, 4), ha=side, va="bottom", fontsize=style.font(1))
    places = style.stored_places(result.fan.quantiles, ci_prob)
    style.bands(on, ahead, result.fan.share[places], look | {"label": None})
    if not isinstance(result.band, NotDefined):
        era_start = style.year_of(result.frameworks.eras[-1].start)
        _draw_equilibrium(on, result.band, (max(era_start, first), float(ahead[-1])))


def _draw_equilibrium(on: "Axes", band: EquilibriumBand, years: tuple[float, float]) -> None:
    """Draw the equilibrium band between two years."""
    edges = band.low.median, band.high.median
    on.fill_between(
        years, *edges, color=style.EQUILIBRIUM, alpha=0.12, linewidth=0, label="equilibrium band"
    )
    for edge in edges:
        on.plot(years, [edge, edge], color=style.EQUILIBRIUM, linewidth=0.9)


def _draw_would_be_observed(on: "Axes", years: Float, quantiles: Float) -> None:
    """Draw 50% and 90% of the shares that would be observed in a single period."""
    line: Any = {"linewidth": 1.1, "clip_on": False, "color": style.OBSERVED}
    q05, q25, _, q75, q95 = quantiles
    on.plot(years, q05, **line, dashes=DASHES_OF_90)
    on.plot(years, q25, **line, dashes=DASHES_OF_50, label="would be observed")
    on.plot(years, q75, **line, dashes=DASHES_OF_50)
    on.plot(years, q95, **line, dashes=DASHES_OF_90)
