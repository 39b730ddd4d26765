"""Figures of what was observed: shares in rolling windows, and events per month."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.base.arguments import checked
from forecast.base.dates import Clock
from forecast.base.errors import DataError
from forecast.base.typing import Dyad, Float
from forecast.data.panel import validate_panel
from forecast.data.panel.shares import MIN_EVENTS_NOT_THIN
from forecast.outlook import NotDefined
from forecast.outlook.recorded import DatasetRecord, main_record
from forecast.outlook.windows import observed_windows
from forecast.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALE = 0.35  # Opacity of shares that rest on few events
DAYS_PER_YEAR = 365.25
# From where `style.years_of` puts a period, in its middle, to its end
DAYS_TO_END_OF_WEEK = 3.5
DAYS_TO_END_OF_MONTH = 15.0
DAYS_OF_WEEKLY_BAR = 7
DAYS_OF_MONTHLY_BAR = 28  # the shortest month, so that no two bars overlap


@checked
def plot_observed_share(
    data: "xr.Dataset",
    *,
    dyad: Dyad | None = None,
    months: int = 12,
    ci_prob: float | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the observed share of cooperative events in rolling windows.

    Parameters
    ----------
    data : xarray.Dataset
        A panel of events or counts.
    dyad : str, optional
        Which dyad; not needed if there is only one.
    months : int
        Length of a window, drawn where it ends; windows with fewer than three events or a gap are
        left out, and the line is pale where a window has fewer than five.
    ci_prob : float, optional
        Probability of the interval of the share given the events of its window (Jeffreys); none by
        default.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the line, for `matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import build_panel, plots, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="1990-01")
    >>> plots.plot_observed_share(panel, ci_prob=0.9, color="black").get_ylabel()
    'cooperative, %'
    """
    validate_panel(data)
    dyad = style.only_dyad(data, dyad)
    record = _record_of(data, dyad)
    clock = Clock.of(data)
    events, share = observed_windows(record, clock.periods(months))
    if np.isnan(share).all():
        raise DataError(
            f"months: {dyad} has no covered window of {clock.span(months)} with three events; try "
            "fewer"
        )
    ends = window_ends(clock.times, weekly=clock.weekly)
    on = style.axes(ax, figsize, 3.5)
    look = style.merged({"color": style.LEVEL, "linewidth": 1.5, "label": "observed"}, kwargs)
    style.share_axis(on)
    first_share = np.isfinite(share).argmax()
    style.time_axis(on, float(ends[first_share]), float(ends[-1]))
    if ci_prob is not None:
        edges = style.share_interval(share * events / 100, events, ci_prob)
        on.fill_between(ends, *edges, color=look["color"], alpha=0.2, linewidth=0)
    draw_shares(on, ends, share, events, look)
    on.set_ylabel("cooperative, %")
    return style.finished(on, ax)


def draw_shares(
    on: "Axes", ends: Float, share: Float, events: "NDArray[Any]", look: dict[str, Any]
) -> None:
    """Draw observed shares as a line, pale where a share rests on few events."""
    thin = np.isfinite(share) & (events < MIN_EVENTS_NOT_THIN)
    if thin.any():
        # with the next point on either side, so that the line does not break
        linked = thin.copy()
        linked[1:] |= thin[:-1]
        linked[:-1] |= thin[1:]
        pale = look | {"alpha": PALE, "label": f"fewer than {MIN_EVENTS_NOT_THIN} events"}
        on.plot(ends, np.where(linked, share, np.nan), **pale)
    on.plot(ends, np.where(thin, np.nan, share), **look)


def window_ends(times: "np.ndarray[Any, Any]", *, weekly: bool) -> Float:
    """Return the ends of periods that begin at `times` as years with decimals.

    A window counts where it ends.
    """
    days = DAYS_TO_END_OF_WEEK if weekly else DAYS_TO_END_OF_MONTH
    return style.years_of(times, weekly=weekly) + days / DAYS_PER_YEAR


@checked
def plot_coverage(
    data: "xr.Dataset",
    *,
    dyad: Dyad | None = None,
    ax: "Axes | None" = None,
    figsize: tuple[float, float] | None = None,
    **kwargs: Any,
) -> "Axes":
    """Plot the events of each month, with the days that are not covered shaded.

    Parameters
    ----------
    data : xarray.Dataset
        A panel of events or counts.
    dyad : str, optional
        Which dyad of the panel, in its main dataset; not needed if there is only one.
    ax, figsize : optional
        Matplotlib axes to draw on; or width and height of a new figure, inches.
    **kwargs
        Options of the bars, for `matplotlib.axes.Axes.bar`.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from forecast import build_panel, plots, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2020-01", end="2020-12")
    >>> [round(bar.get_height()) for bar in plots.plot_coverage(panel).patches][:3]
    [..., ..., ...]
    """
    from matplotlib.ticker import MaxNLocator

    validate_panel(data)
    record = _record_of(data, style.only_dyad(data, dyad))
    starts = record.clock.times.tolist()
    events = record.total.tolist()
    on = style.axes(ax, figsize, 2.2)
    for period in np.flatnonzero(~record.covered):
        begin = starts[period]
        end = record.clock.end_of(begin) + timedelta(days=1)
        on.axvspan(begin, end, color=style.WORSE, alpha=0.25, linewidth=0)  # type: ignore[arg-type]
    weekly = len(starts) > 1 and (starts[1] - starts[0]).days == 7
    width = DAYS_OF_WEEKLY_BAR if weekly else DAYS_OF_MONTHLY_BAR
    look: dict[str, Any] = {"width": width, "align": "edge", "color": style.LEVEL}
    on.bar(starts, events, **style.merged(look, kwargs))
    on.set_ylim(0, max([*events, 1]) * 1.05)
    on.set_ylabel("events")
    on.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    on.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return style.finished(on, ax)


def _record_of(panel: xr.Dataset, dyad: str) -> DatasetRecord:
    """Return the record of a dyad's main dataset."""
    record = main_record(panel, dyad)
    if isinstance(record, NotDefined):
        raise DataError(f"data: {record.reason}; expected a panel of events or counts")
    return record
